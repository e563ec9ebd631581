//! Threads that block: parking meets unparking, and the end of patience.

use std::time::Duration;

use aiochan::{Chan, GetTimeoutError, PutTimeoutError, select_blocking};
use aiochan_models::explore;
use loom::thread;

/// So short that it is over at the first look at the clock, after the operation has been parked.
const AT_ONCE: Duration = Duration::from_nanos(1);

/// It does not come before a model ends.
const LATER: Duration = Duration::from_secs(1 << 20);

/// No wake is missed between looking and parking for a time.
#[test]
fn timed_park_against_unpark() {
    for capacity in [0, 1] {
        explore(move || {
            let c = Chan::fixed(capacity);
            let putter = thread::spawn({
                let c = c.clone();
                move || (1..=2).for_each(|value| c.put_timeout(value, LATER).unwrap())
            });
            assert_eq!((c.get_timeout(LATER), c.get_timeout(LATER)), (Ok(1), Ok(2)));
            putter.join().unwrap();
        });
    }
}

/// No wake is missed between looking and parking.
#[test]
fn park_against_unpark() {
    for capacity in [0, 1] {
        explore(move || {
            let c = Chan::fixed(capacity);
            let putter = thread::spawn({
                let c = c.clone();
                move || (1..=2).for_each(|value| c.put_blocking(value).unwrap())
            });
            assert_eq!((c.get_blocking(), c.get_blocking()), (Some(1), Some(2)));
            putter.join().unwrap();
        });
    }
}

/// The value is got in time, or is there for the next.
#[test]
fn get_timeout_against_put() {
    for capacity in [0, 1] {
        explore(move || {
            let c = Chan::fixed(capacity);
            let putter = thread::spawn({
                let c = c.clone();
                move || c.put_blocking(7).unwrap()
            });
            let got = match c.get_timeout(AT_ONCE) {
                Ok(value) => value,
                Err(GetTimeoutError::Timeout) => c.get_blocking().unwrap(),
                Err(GetTimeoutError::Closed) => panic!("nobody closes it"),
            };
            assert_eq!(got, 7);
            putter.join().unwrap();
        });
    }
}

/// The value is put in time, or back.
#[test]
fn put_timeout_against_get() {
    explore(|| {
        let c = Chan::new();
        let getter = thread::spawn({
            let c = c.clone();
            move || c.get_blocking().unwrap()
        });
        match c.put_timeout(7, AT_ONCE) {
            Ok(()) => {}
            Err(PutTimeoutError::Timeout(value)) => c.put_blocking(value + 1).unwrap(),
            Err(PutTimeoutError::Closed(_)) => panic!("nobody closes it"),
        }
        assert!(matches!(getter.join().unwrap(), 7 | 8));
        assert_eq!(c.stats().delivered(), 1);
    });
}

/// A select whose time is over has an arm committed, or has had no effect.
#[test]
fn select_timeout_against_put() {
    explore(|| {
        let (c, d) = (Chan::new(), Chan::<u32>::new());
        let putter = thread::spawn({
            let c = c.clone();
            move || c.put_blocking(7).unwrap()
        });
        let got = select_blocking! {
            v = d.get() => v,
            v = c.get() => v,
            timeout(AT_ONCE) => None,
        };
        assert_eq!(got.or_else(|| c.get_blocking()), Some(7));
        putter.join().unwrap();
        assert_eq!((c.stats().delivered(), d.stats().parked_gets), (1, 0));
    });
}

/// A thread that blocks inside a callback is not deaf to its own wake.
#[test]
fn block_inside_a_callback() {
    explore(|| {
        let (c, d) = (Chan::new(), Chan::new());
        let inner = d.clone();
        c.get_with(move |got: Option<u32>| {
            assert_eq!((got, inner.get_blocking()), (Some(1), Some(2)));
        })
        .unwrap();
        let putter = thread::spawn(move || d.put_blocking(2).unwrap());
        c.put_blocking(1).unwrap();
        putter.join().unwrap();
    });
}
