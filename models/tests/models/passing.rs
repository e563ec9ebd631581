//! A put meets a get.

use std::collections::VecDeque;
use std::pin::pin;

use aiochan::Chan;
use aiochan_models::{Alarm, explore, explore_crowd, poll};
use loom::future::block_on;
use loom::thread;

/// Both end, and the value has passed.
#[test]
fn put_against_get() {
    for capacity in [0, 1] {
        explore(move || {
            let c = Chan::fixed(capacity);
            let putter = thread::spawn({
                let c = c.clone();
                move || block_on(c.put(7)).unwrap()
            });
            assert_eq!(block_on(c.get()), Some(7));
            putter.join().unwrap();
            assert_eq!((c.len(), c.stats().delivered()), (0, 1));
        });
    }
}

/// What one puts arrives in that order, whether the put or the get parks.
#[test]
fn order_of_one_putter() {
    for capacity in [0, 1] {
        explore(move || {
            let c = Chan::fixed(capacity);
            let putter = thread::spawn({
                let c = c.clone();
                move || {
                    block_on(c.put(1)).unwrap();
                    block_on(c.put(2)).unwrap();
                }
            });
            assert_eq!(block_on(c.get()), Some(1));
            assert_eq!(block_on(c.get()), Some(2));
            putter.join().unwrap();
        });
    }
}

/// Two putters' values both arrive, one after the other.
#[test]
fn two_putters_against_one_getter() {
    explore_crowd(|| {
        let c = Chan::fixed(1);
        let putters = [1, 2].map(|value| {
            let c = c.clone();
            thread::spawn(move || block_on(c.put(value)).unwrap())
        });
        let (first, second) = (block_on(c.get()).unwrap(), block_on(c.get()).unwrap());
        assert_eq!((first + second, first == second), (3, false));
        for putter in putters {
            putter.join().unwrap();
        }
    });
}

/// A value is given to one of two getters, and the other goes on waiting until the next comes.
#[test]
fn one_putter_against_two_getters() {
    explore_crowd(|| {
        let c = Chan::fixed(1);
        let getters = [(); 2].map(|()| {
            let c = c.clone();
            thread::spawn(move || block_on(c.get()).unwrap())
        });
        block_on(c.put(1)).unwrap();
        block_on(c.put(2)).unwrap();
        let [first, second] = getters.map(|getter| getter.join().unwrap());
        assert_eq!((first + second, first == second), (3, false));
    });
}

/// Two parked puts are taken by one getter each, the first first.
#[test]
fn parked_puts_against_two_getters() {
    explore_crowd(|| {
        let c = Chan::new();
        let (mut first, mut second) = (pin!(c.put(1)), pin!(c.put(2)));
        assert!(poll(first.as_mut(), &Alarm::new()).is_pending());
        assert!(poll(second.as_mut(), &Alarm::new()).is_pending());
        let getters = [(); 2].map(|()| {
            let c = c.clone();
            thread::spawn(move || c.try_get().unwrap())
        });
        if poll(second, &Alarm::new()).is_ready() {
            assert!(poll(first, &Alarm::new()).is_ready());
        }
        let [one, other] = getters.map(|getter| getter.join().unwrap());
        assert_eq!((one + other, one == other), (3, false));
    });
}

/// Of two values for one place the policy keeps one, and both are accounted for.
#[test]
fn eviction_against_get() {
    for (c, kept) in [(Chan::sliding as fn(usize) -> Chan<u32>, 2), (Chan::dropping, 1)] {
        explore(move || {
            let c = c(1);
            let putter = thread::spawn({
                let c = c.clone();
                move || {
                    c.try_put(1).unwrap();
                    c.try_put(2).unwrap();
                }
            });
            let got = block_on(c.get());
            putter.join().unwrap();
            match (got, c.try_get().ok(), c.stats().evicted) {
                (Some(1), Some(2), 0) => {}
                (Some(got), None, 1) => assert_eq!(got, kept),
                other => panic!("{other:?}"),
            }
        });
    }
}

/// Several at a time: all arrive in order, however they are cut.
#[test]
fn put_many_against_get_many() {
    explore(|| {
        let c = Chan::fixed(1);
        let putter = thread::spawn({
            let c = c.clone();
            move || {
                let mut values = VecDeque::from([1, 2]);
                block_on(c.put_many(&mut values)).unwrap();
                c.close();
            }
        });
        let mut got = Vec::new();
        while block_on(c.get_many(&mut got, 2)) > 0 {}
        assert_eq!(got, [1, 2]);
        putter.join().unwrap();
    });
}

/// A lease that goes back is found by the getter that waits.
#[test]
fn lease_against_get() {
    explore(|| {
        let c = Chan::fixed(1);
        c.try_put(1).unwrap();
        let getter = thread::spawn({
            let c = c.clone();
            move || block_on(c.get())
        });
        drop(c.try_lease());
        assert_eq!(getter.join().unwrap(), Some(1));
    });
}
