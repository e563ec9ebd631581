//! crossbeam-channel's tests of its unbounded channel (The Crossbeam Project Developers, MIT or Apache-2.0),
//! rewritten from what they check.

use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use aiochan::{
    GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError, select_blocking,
};

use super::{SHORT, Tally, fill, halves};

suite! {
    own: [
        gh_971,
        smoke,
        capacity,
        len_empty_full,
        try_put,
        put,
        put_timeout,
        len,
        get_in_put,
    ]
    common(None): [
        try_get,
        get,
        get_timeout,
        put_after_disconnect,
        get_after_disconnect,
        disconnect_wakes_receiver,
        spsc,
        mpmc,
        stress_oneshot,
        stress_iter,
        stress_timeout_two_threads,
        drops,
        zero_sized,
        linearizable,
        fairness,
        fairness_duplicates,
        channel_through_channel,
    ]
}

const COUNT: usize = 1_000;

/// The last receiver goes while the very first values come: each is refused or dropped, and that once.
fn gh_971() {
    for _ in 0..1_000 {
        let tally = Tally::of(2);
        let (tx, rx) = halves(None);
        let start = Barrier::new(3);
        thread::scope(|scope| {
            for n in 0..2 {
                let (tx, start, value) = (tx.clone(), &start, tally.value(n));
                scope.spawn(move || {
                    start.wait();
                    drop(tx.put_blocking(value));
                });
            }
            start.wait();
            drop(rx);
        });
        // A sender is left, so nothing waited for the channel's own end.
        tally.assert_each_once();
        assert!(tx.put_blocking(tally.value(0)).is_err());
    }
}

/// What was put is there for each kind of get, and then nothing.
fn smoke() {
    let (tx, rx) = halves(None);
    tx.try_put(7).unwrap();
    assert_eq!(rx.try_get(), Ok(7));
    tx.put_blocking(8).unwrap();
    assert_eq!(rx.get_blocking(), Some(8));
    assert_eq!(rx.try_get(), Err(TryGetError::Empty));
    assert_eq!(rx.get_timeout(SHORT), Err(GetTimeoutError::Timeout));
}

/// There is no limit, says each half.
fn capacity() {
    let (tx, rx) = halves::<()>(None);
    assert_eq!((tx.chan().capacity(), rx.chan().capacity()), (None, None));
}

/// It may be empty, and is never full.
fn len_empty_full() {
    let (tx, rx) = halves(None);
    let both = || (fill(tx.chan()), fill(rx.chan()));
    assert_eq!(both(), ((0, true, false), (0, true, false)));
    tx.put_blocking(()).unwrap();
    assert_eq!(both(), ((1, false, false), (1, false, false)));
    rx.get_blocking().unwrap();
    assert_eq!(both(), ((0, true, false), (0, true, false)));
}

/// A try always succeeds, as long as there is a receiver.
fn try_put() {
    let (tx, rx) = halves(None);
    (0..COUNT).for_each(|n| assert_eq!(tx.try_put(n), Ok(())));
    drop(rx);
    assert_eq!(tx.try_put(777), Err(TryPutError::Closed(777)));
}

/// A put never waits, and fails only without a receiver.
fn put() {
    let (tx, rx) = halves(None);
    (0..COUNT).for_each(|n| assert_eq!(tx.put_blocking(n), Ok(())));
    assert_eq!(rx.stats().put_waits, 0);
    drop(rx);
    assert_eq!(tx.put_blocking(777), Err(PutError(777)));
}

/// No time is too short for a put, also none at all.
fn put_timeout() {
    let (tx, rx) = halves(None);
    for n in 0..COUNT {
        assert_eq!(tx.put_timeout(n, Duration::from_millis(n as u64)), Ok(()));
    }
    drop(rx);
    assert_eq!(tx.put_timeout(777, Duration::ZERO), Err(PutTimeoutError::Closed(777)));
}

/// It counts what is inside.
fn len() {
    let (tx, rx) = halves(None);
    for n in 0..50 {
        assert_eq!(tx.chan().len(), n);
        tx.put_blocking(n).unwrap();
    }
    for n in 0..50 {
        assert_eq!(rx.chan().len(), 50 - n);
        assert_eq!(rx.get_blocking(), Some(n));
    }
    assert_eq!((tx.chan().len(), rx.chan().len()), (0, 0));
}

/// What an arm puts may be got from its own channel.
fn get_in_put() {
    let (tx, rx) = halves(None);
    tx.put_blocking(1).unwrap();
    select_blocking! {
        result = tx.put(rx.get_blocking().unwrap() + 1) => result.unwrap(),
    }
    assert_eq!((rx.try_get(), rx.try_get()), (Ok(2), Err(TryGetError::Empty)));
}
