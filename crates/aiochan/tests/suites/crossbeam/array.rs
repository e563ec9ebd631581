//! crossbeam-channel's tests of its bounded channel (The Crossbeam Project Developers, MIT or Apache-2.0),
//! rewritten from what they check.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;

use aiochan::{
    Chan, GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError, select_blocking,
};

use crate::watch::in_own_process;

use super::common::{FILL, THREADS};
use super::{HOUR, SHORT, fill, gets_wait, halves, puts_wait};

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
        get_in_put,
        panic_on_drop,
        zero_sender_revival,
    ]
    common(Some(1)): [
        disconnect_wakes_receiver,
        stress_oneshot,
        stress_iter,
        channel_through_channel,
    ]
    common(Some(2)): [stress_timeout_two_threads]
    common(Some(3)): [spsc, mpmc, zero_sized]
    common(Some(THREADS)): [linearizable]
    common(Some(50)): [drops]
    common(Some(100)): [try_get, get, get_timeout, put_after_disconnect, get_after_disconnect]
    common(Some(FILL)): [fairness, fairness_duplicates]
}

/// What was put is there for each kind of get, and then nothing.
fn smoke() {
    let (tx, rx) = halves(Some(1));
    tx.put_blocking(7).unwrap();
    assert_eq!(rx.try_get(), Ok(7));
    tx.put_blocking(8).unwrap();
    assert_eq!(rx.get_blocking(), Some(8));
    assert_eq!(rx.try_get(), Err(TryGetError::Empty));
    assert_eq!(rx.get_timeout(SHORT), Err(GetTimeoutError::Timeout));
}

/// Both halves say what was asked for.
fn capacity() {
    for n in 1..10 {
        let (tx, rx) = halves::<()>(Some(n));
        assert_eq!((tx.chan().capacity(), rx.chan().capacity()), (Some(n), Some(n)));
    }
}

/// Both halves see what is inside, and whether there is room.
fn len_empty_full() {
    let (tx, rx) = halves(Some(2));
    let both = || (fill(tx.chan()), fill(rx.chan()));
    let same = |fill| (fill, fill);
    assert_eq!(both(), same((0, true, false)));
    tx.put_blocking(()).unwrap();
    assert_eq!(both(), same((1, false, false)));
    tx.put_blocking(()).unwrap();
    assert_eq!(both(), same((2, false, true)));
    rx.get_blocking().unwrap();
    assert_eq!(both(), same((1, false, false)));
}

/// A try succeeds while there is room, and when a get waits.
fn try_put() {
    let (tx, rx) = halves(Some(1));
    assert_eq!(tx.try_put(1), Ok(()));
    assert_eq!(tx.try_put(2), Err(TryPutError::Full(2)));
    assert_eq!((rx.try_get(), rx.try_get()), (Ok(1), Err(TryGetError::Empty)));
    let get = thread::spawn(move || rx.get_blocking());
    gets_wait(tx.chan(), 1);
    assert_eq!(tx.try_put(3), Ok(()));
    assert_eq!(get.join().unwrap(), Some(3));
    assert_eq!(tx.try_put(4), Err(TryPutError::Closed(4)));
}

/// A put waits only while there is no room; what nobody gets stays inside.
fn put() {
    let (tx, rx) = halves(Some(1));
    let puts = thread::spawn(move || [7, 8, 9, 10].map(|n| tx.put_blocking(n)));
    for n in [7, 8, 9] {
        puts_wait(rx.chan(), 1);
        assert_eq!(rx.get_blocking(), Some(n));
    }
    assert_eq!(puts.join().unwrap(), [Ok(()); 4]);
    assert_eq!(rx.chan().len(), 1);
}

/// A put that gives up has not put; without a receiver it does not wait.
fn put_timeout() {
    let (tx, rx) = halves(Some(2));
    assert_eq!([1, 2].map(|n| tx.put_timeout(n, HOUR)), [Ok(()); 2]);
    assert_eq!(tx.put_timeout(3, SHORT), Err(PutTimeoutError::Timeout(3)));
    assert_eq!(rx.get_blocking(), Some(1));
    assert_eq!(tx.put_timeout(4, HOUR), Ok(()));
    assert_eq!([(); 2].map(|()| rx.get_blocking()), [Some(2), Some(4)]);
    drop(rx);
    assert_eq!(tx.put_blocking(5), Err(PutError(5)));
    assert_eq!(tx.put_timeout(6, HOUR), Err(PutTimeoutError::Closed(6)));
}

/// It counts exactly, round after round, and is never above the capacity while others put and get.
fn len() {
    const CAPACITY: usize = 100;
    const COUNT: usize = 3_000;
    let (tx, rx) = halves(Some(CAPACITY));
    for _ in 0..10 {
        for n in 0..50 {
            tx.put_blocking(n).unwrap();
            assert_eq!(tx.chan().len(), n + 1);
        }
        for n in 0..50 {
            assert_eq!(rx.get_blocking(), Some(n));
            assert_eq!(rx.chan().len(), 49 - n);
        }
    }
    (0..CAPACITY).for_each(|n| tx.put_blocking(n).unwrap());
    assert_eq!(rx.chan().len(), CAPACITY);
    (0..CAPACITY).for_each(|n| assert_eq!(rx.get_blocking(), Some(n)));
    assert_eq!(tx.chan().len(), 0);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..COUNT {
                assert_eq!(rx.get_blocking(), Some(n));
                assert!(rx.chan().len() <= CAPACITY);
            }
        });
        scope.spawn(|| {
            for n in 0..COUNT {
                tx.put_blocking(n).unwrap();
                assert!(tx.chan().len() <= CAPACITY);
            }
        });
    });
    assert_eq!((tx.chan().len(), rx.chan().len()), (0, 0));
}

/// The last receiver refuses the put that waits for room.
fn disconnect_wakes_sender() {
    let (tx, rx) = halves(Some(1));
    let puts = thread::spawn(move || [1, 2].map(|n| tx.put_blocking(n)));
    puts_wait(rx.chan(), 1);
    drop(rx);
    assert_eq!(puts.join().unwrap(), [Ok(()), Err(PutError(2))]);
}

/// What an arm puts may be got from its own channel, which makes the room for it.
fn get_in_put() {
    let (tx, rx) = halves(Some(1));
    tx.put_blocking(1).unwrap();
    select_blocking! {
        result = tx.put(rx.get_blocking().unwrap() + 1) => result.unwrap(),
        default => panic!("there is room"),
    }
    assert_eq!(rx.try_get(), Ok(2));
}

/// Of several values inside that panic as they are dropped each is dropped once, and the first panic goes on:
/// also where the channel itself ends. In a process of its own, since a second panic might abort.
fn panic_on_drop() {
    struct Evil(usize, Arc<Mutex<Vec<usize>>>);
    impl Drop for Evil {
        fn drop(&mut self) {
            self.1.lock().unwrap().push(self.0);
            std::panic::panic_any(self.0);
        }
    }
    in_own_process("crossbeam::array::cases::panic_on_drop", || {
        for sender_first in [false, true] {
            let dropped = Arc::new(Mutex::new(Vec::new()));
            let (tx, rx) = halves(Some(2));
            (0..2).for_each(|n| tx.try_put(Evil(n, dropped.clone())).unwrap());
            let panic = catch_unwind(AssertUnwindSafe(|| {
                if sender_first {
                    drop(tx);
                    drop(rx);
                } else {
                    drop(rx);
                    assert!(tx.is_closed());
                }
            }));
            assert_eq!(panic.unwrap_err().downcast_ref(), Some(&0_usize));
            assert_eq!(*dropped.lock().unwrap(), [0, 1]);
        }
    });
}

/// There: a receiver can make a sender anew, and the channel is open again. Here closed is closed.
fn zero_sender_revival() {
    let c = Chan::fixed(1);
    let (tx, rx) = c.clone().split();
    tx.put_blocking(1).unwrap();
    drop(tx);
    assert_eq!((rx.get_blocking(), rx.get_blocking()), (Some(1), None));
    let (tx, _rx) = c.split();
    assert_eq!(tx.try_put(1), Err(TryPutError::Closed(1)));
}
