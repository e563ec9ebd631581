//! crossbeam-channel's tests of its zero-capacity channel (The Crossbeam Project Developers, MIT or
//! Apache-2.0), rewritten from what they check.

use std::thread;

use aiochan::{PutError, PutTimeoutError, TryGetError, TryPutError, select_blocking};

use super::{HOUR, SHORT, Tally, assert_fair, fill, gets_wait, halves, offer, puts_wait};

suite! {
    own: [
        smoke,
        capacity,
        len_empty_full,
        try_put,
        put,
        put_timeout,
        len,
        disconnect_wakes_sender,
        drops_what_waits,
        fairness,
        fairness_duplicates,
        get_in_put,
    ]
    common(Some(0)): [
        try_get,
        get,
        get_timeout,
        disconnect_wakes_receiver,
        spsc,
        mpmc,
        stress_oneshot,
        stress_iter,
        stress_timeout_two_threads,
        drops,
        zero_sized,
        channel_through_channel,
    ]
}

/// Alone, neither side can do anything.
fn smoke() {
    let (tx, rx) = halves(Some(0));
    assert_eq!(tx.try_put(7), Err(TryPutError::Full(7)));
    assert_eq!(rx.try_get(), Err(TryGetError::Empty));
}

/// Both halves say that it is 0.
fn capacity() {
    let (tx, rx) = halves::<()>(Some(0));
    assert_eq!((tx.chan().capacity(), rx.chan().capacity()), (Some(0), Some(0)));
}

/// It is empty and full at once, also while a put waits and after it has been met.
fn len_empty_full() {
    let (tx, rx) = halves(Some(0));
    assert_eq!(fill(rx.chan()), (0, true, true));
    let put = offer(tx.clone(), 0);
    assert_eq!((fill(tx.chan()), fill(rx.chan())), ((0, true, true), (0, true, true)));
    assert_eq!(rx.get_blocking(), Some(0));
    assert_eq!(put.join().unwrap(), Ok(()));
    assert_eq!(fill(tx.chan()), (0, true, true));
}

/// A try succeeds only when a get waits.
fn try_put() {
    let (tx, rx) = halves(Some(0));
    assert_eq!(tx.try_put(7), Err(TryPutError::Full(7)));
    let get = thread::spawn(move || rx.get_blocking());
    gets_wait(tx.chan(), 1);
    assert_eq!(tx.try_put(8), Ok(()));
    assert_eq!(get.join().unwrap(), Some(8));
    assert_eq!(tx.try_put(9), Err(TryPutError::Closed(9)));
}

/// Each put waits for a get of its own.
fn put() {
    let (tx, rx) = halves(Some(0));
    let puts = thread::spawn(move || [7, 8, 9].map(|n| tx.put_blocking(n)));
    for n in [7, 8, 9] {
        puts_wait(rx.chan(), 1);
        assert_eq!(rx.get_blocking(), Some(n));
    }
    assert_eq!(puts.join().unwrap(), [Ok(()); 3]);
}

/// A put waits as long as it was told, and is answered in between; unless it was got, its value comes back.
fn put_timeout() {
    let (tx, rx) = halves(Some(0));
    assert_eq!(tx.put_timeout(7, SHORT), Err(PutTimeoutError::Timeout(7)));
    let puts = thread::spawn(move || [8, 9].map(|n| tx.put_timeout(n, HOUR)));
    puts_wait(rx.chan(), 1);
    assert_eq!(rx.get_blocking(), Some(8));
    puts_wait(rx.chan(), 1);
    drop(rx);
    assert_eq!(puts.join().unwrap(), [Ok(()), Err(PutTimeoutError::Closed(9))]);
}

/// Nothing is ever inside, whatever goes through.
fn len() {
    const COUNT: usize = 2_000;
    let (tx, rx) = halves(Some(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..COUNT {
                assert_eq!((rx.get_blocking(), rx.chan().len()), (Some(n), 0));
            }
        });
        scope.spawn(|| {
            for n in 0..COUNT {
                tx.put_blocking(n).unwrap();
                assert_eq!(tx.chan().len(), 0);
            }
        });
    });
    assert_eq!((tx.chan().len(), rx.stats().delivered()), (0, COUNT as u64));
}

/// The last receiver refuses all puts that wait, with their values.
fn disconnect_wakes_sender() {
    let (tx, rx) = halves(Some(0));
    let puts = [1, 2, 3].map(|n| {
        let tx = tx.clone();
        thread::spawn(move || tx.put_blocking(n))
    });
    puts_wait(rx.chan(), 3);
    drop(rx);
    assert_eq!(puts.map(|put| put.join().unwrap()), [1, 2, 3].map(|n| Err(PutError(n))));
}

/// Values that wait when the last receiver goes are back with their putters, and dropped once each.
fn drops_what_waits() {
    let tally = Tally::of(3);
    let (tx, rx) = halves(Some(0));
    tx.chan().add([0, 1].map(|n| tally.value(n))).unwrap();
    let value = tally.value(2);
    let put = thread::spawn(move || tx.put_blocking(value));
    puts_wait(rx.chan(), 3);
    drop(rx);
    let PutError(value) = put.join().unwrap().unwrap_err();
    assert_eq!(tally.drops(), [1, 1, 0]);
    drop(value);
    tally.assert_each_once();
}

/// Two selects that meet each other starve neither of their channels.
fn fairness() {
    const COUNT: usize = 3_000;
    let (tx1, rx1) = halves(Some(0));
    let (tx2, rx2) = halves(Some(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut hits = [0; 2];
            for _ in 0..COUNT {
                select_blocking! {
                    _ = rx1.get() => hits[0] += 1,
                    _ = rx2.get() => hits[1] += 1,
                }
            }
            assert_fair(&hits);
        });
        let mut hits = [0; 2];
        for _ in 0..COUNT {
            select_blocking! {
                _ = tx1.put(()) => hits[0] += 1,
                _ = tx2.put(()) => hits[1] += 1,
            }
        }
        assert_fair(&hits);
    });
}

/// So do two that have five arms each on one channel, and each pair takes one value.
fn fairness_duplicates() {
    const COUNT: usize = 3_000;
    let (tx, rx) = halves(Some(0));
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut hits = [0; 5];
            for _ in 0..COUNT {
                select_blocking! {
                    _ = rx.get() => hits[0] += 1,
                    _ = rx.get() => hits[1] += 1,
                    _ = rx.get() => hits[2] += 1,
                    _ = rx.get() => hits[3] += 1,
                    _ = rx.get() => hits[4] += 1,
                }
            }
            assert_fair(&hits);
        });
        let mut hits = [0; 5];
        for _ in 0..COUNT {
            select_blocking! {
                _ = tx.put(()) => hits[0] += 1,
                _ = tx.put(()) => hits[1] += 1,
                _ = tx.put(()) => hits[2] += 1,
                _ = tx.put(()) => hits[3] += 1,
                _ = tx.put(()) => hits[4] += 1,
            }
        }
        assert_fair(&hits);
    });
    assert_eq!(rx.stats().delivered(), COUNT as u64);
}

/// What an arm puts may be got from its own channel: nothing is locked, and the arm not there yet.
fn get_in_put() {
    let (tx, rx) = halves(Some(0));
    let first = offer(tx.clone(), 1);
    let second;
    select_blocking! {
        result = tx.put({
            let value = rx.get_blocking().unwrap();
            second = thread::spawn(move || rx.get_blocking());
            value + 1
        }) => result.unwrap(),
    }
    assert_eq!(first.join().unwrap(), Ok(()));
    assert_eq!(second.join().unwrap(), Some(2));
}
