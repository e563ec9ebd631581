//! crossbeam-channel's tests that are the same for each kind of channel (The Crossbeam Project Developers, MIT
//! or Apache-2.0), rewritten from what they check.

use std::cell::Cell;
use std::iter;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use aiochan::{
    GetTimeoutError, PutError, PutTimeoutError, Receiver, TryGetError, TryPutError, select_blocking,
};

use super::{Capacity, HOUR, SHORT, TINY, Tally, assert_fair, gets_wait, halves, offer};

/// How many threads of a kind there are.
pub(crate) const THREADS: usize = 4;

/// A try fails while there is nothing, takes what is there, and says when there will be nothing.
pub(crate) fn try_get(capacity: Capacity) {
    let (tx, rx) = halves(capacity);
    assert_eq!(rx.try_get(), Err(TryGetError::Empty));
    let put = offer(tx, 7);
    assert_eq!(rx.try_get(), Ok(7));
    assert_eq!(put.join().unwrap(), Ok(()));
    assert_eq!(rx.try_get(), Err(TryGetError::Closed));
}

/// A get that waits is answered by the next put, and at last by the end.
pub(crate) fn get(capacity: Capacity) {
    let (tx, rx) = halves(capacity);
    let gets = thread::spawn(move || [(); 4].map(|()| rx.get_blocking()));
    for n in [7, 8, 9] {
        gets_wait(tx.chan(), 1);
        assert_eq!(tx.put_blocking(n), Ok(()));
    }
    drop(tx);
    assert_eq!(gets.join().unwrap(), [Some(7), Some(8), Some(9), None]);
}

/// A get waits as long as it was told and no longer, and is answered in between.
pub(crate) fn get_timeout(capacity: Capacity) {
    let (tx, rx) = halves(capacity);
    assert_eq!(rx.get_timeout(SHORT), Err(GetTimeoutError::Timeout));
    let gets = thread::spawn(move || [(); 2].map(|()| rx.get_timeout(HOUR)));
    gets_wait(tx.chan(), 1);
    assert_eq!(tx.put_blocking(7), Ok(()));
    gets_wait(tx.chan(), 1);
    drop(tx);
    assert_eq!(gets.join().unwrap(), [Ok(7), Err(GetTimeoutError::Closed)]);
}

/// Without a receiver every form of put fails at once, and gives the value back.
pub(crate) fn put_after_disconnect(capacity: Capacity) {
    let (tx, rx) = halves(capacity);
    (1..4).for_each(|n| tx.put_blocking(n).unwrap());
    drop(rx);
    assert_eq!(tx.put_blocking(4), Err(PutError(4)));
    assert_eq!(tx.try_put(5), Err(TryPutError::Closed(5)));
    assert_eq!(tx.put_timeout(6, HOUR), Err(PutTimeoutError::Closed(6)));
    assert!(tx.chan().is_empty());
}

/// Without a sender what is inside is still delivered, and then there is the end.
pub(crate) fn get_after_disconnect(capacity: Capacity) {
    let (tx, rx) = halves(capacity);
    (1..4).for_each(|n| tx.put_blocking(n).unwrap());
    drop(tx);
    assert_eq!([(); 4].map(|()| rx.get_blocking()), [Some(1), Some(2), Some(3), None]);
    assert_eq!(rx.try_get(), Err(TryGetError::Closed));
    assert_eq!(rx.get_timeout(HOUR), Err(GetTimeoutError::Closed));
}

/// The last sender answers all gets that wait, not just one.
pub(crate) fn disconnect_wakes_receiver(capacity: Capacity) {
    let (tx, rx) = halves::<()>(capacity);
    let gets = [(); 3].map(|()| {
        let rx = rx.clone();
        thread::spawn(move || rx.get_blocking())
    });
    gets_wait(tx.chan(), 3);
    drop(tx);
    assert_eq!(gets.map(|get| get.join().unwrap()), [None; 3]);
}

/// One putter and one getter: everything comes, in order, and then the end.
pub(crate) fn spsc(capacity: Capacity) {
    const COUNT: usize = 20_000;
    let (tx, rx) = halves(capacity);
    let gets = thread::spawn(move || {
        (0..COUNT).for_each(|n| assert_eq!(rx.get_blocking(), Some(n)));
        assert_eq!(rx.get_blocking(), None);
    });
    (0..COUNT).for_each(|n| tx.put_blocking(n).unwrap());
    drop(tx);
    gets.join().unwrap();
}

/// Many of each: every value comes once for each time it was put.
pub(crate) fn mpmc(capacity: Capacity) {
    const COUNT: usize = 4_000;
    let (tx, rx) = halves(capacity);
    let seen: Vec<_> = (0..COUNT).map(|_| AtomicUsize::new(0)).collect();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..COUNT {
                    let n: usize = rx.get_blocking().unwrap();
                    seen[n].fetch_add(1, Ordering::SeqCst);
                }
            });
            scope.spawn(|| (0..COUNT).for_each(|n| tx.put_blocking(n).unwrap()));
        }
    });
    assert_eq!(rx.try_get(), Err(TryGetError::Empty));
    assert!(seen.iter().all(|seen| seen.load(Ordering::SeqCst) == THREADS));
}

/// A channel for one value only, whoever of the two comes first.
pub(crate) fn stress_oneshot(capacity: Capacity) {
    for n in 0..1_000 {
        let (tx, rx) = halves(capacity);
        let get = thread::spawn(move || rx.get_blocking());
        tx.put_blocking(n).unwrap();
        assert_eq!(get.join().unwrap(), Some(n));
    }
}

/// Asked and answered over two channels, one side by tries and the other by waiting.
pub(crate) fn stress_iter(capacity: Capacity) {
    const COUNT: usize = 1_000;
    let (ask, asked) = halves(capacity);
    let (answer, answers) = halves(capacity);
    let client = thread::spawn(move || {
        let mut got = 0;
        while got < COUNT {
            got += iter::from_fn(|| answers.try_get().ok()).sum::<usize>();
            if capacity == Some(0) {
                // Not waiting: the other side may wait for its answer to be taken.
                let _ = ask.try_put(());
            } else {
                ask.put_blocking(()).unwrap();
            }
            thread::yield_now();
        }
    });
    for () in asked.iter() {
        if answer.put_blocking(1).is_err() {
            break;
        }
    }
    client.join().unwrap();
}

/// Operations that give up and try again, on both sides: nothing is lost, doubled or out of order.
pub(crate) fn stress_timeout_two_threads(capacity: Capacity) {
    const COUNT: usize = 300;
    let (tx, rx) = halves(capacity);
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..COUNT {
                while let Err(error) = tx.put_timeout(n, TINY) {
                    assert_eq!(error, PutTimeoutError::Timeout(n));
                }
            }
        });
        scope.spawn(|| {
            for n in 0..COUNT {
                let next = iter::repeat_with(|| rx.get_timeout(TINY))
                    .find(|got| *got != Err(GetTimeoutError::Timeout));
                assert_eq!(next, Some(Ok(n)));
            }
        });
    });
    assert_eq!(rx.try_get(), Err(TryGetError::Empty));
}

/// Every value is dropped once: those that were got, and those left inside when both halves have gone.
pub(crate) fn drops(capacity: Capacity) {
    for run in 0..20 {
        let through = 17 * run;
        let left = capacity.map_or(9 * run, |capacity| capacity.min(9 * run));
        let tally = Tally::of(through + left);
        let (tx, rx) = halves(capacity);
        thread::scope(|scope| {
            scope.spawn(|| (0..through).for_each(|_| drop(rx.get_blocking().unwrap())));
            scope.spawn(|| (0..through).for_each(|n| tx.put_blocking(tally.value(n)).unwrap()));
        });
        (through..through + left).for_each(|n| tx.try_put(tally.value(n)).unwrap());
        assert_eq!(tally.drops(), [vec![1; through], vec![0; left]].concat());
        if run % 2 == 0 {
            drop((tx, rx));
        } else {
            drop((rx, tx));
        }
        tally.assert_each_once();
    }
}

/// Values without a size are counted as others are, inside or waiting, and dropped once each.
pub(crate) fn zero_sized(capacity: Capacity) {
    thread_local!(static DROPS: Cell<usize> = const { Cell::new(0) });
    struct Nothing;
    impl Drop for Nothing {
        fn drop(&mut self) {
            DROPS.set(DROPS.get() + 1);
        }
    }
    let (tx, rx) = halves(capacity);
    tx.chan().add([(); 5].map(|()| Nothing)).unwrap();
    assert_eq!(rx.chan().len() + rx.stats().parked_puts, 5);
    drop(rx.try_get().unwrap());
    assert_eq!(DROPS.get(), 1);
    assert_eq!(rx.chan().len() + rx.stats().parked_puts, 4);
    drop((tx, rx));
    assert_eq!(DROPS.get(), 5);
}

/// Who has just put finds something, whatever others put and get at that moment.
pub(crate) fn linearizable(capacity: Capacity) {
    const COUNT: usize = 10_000;
    let (tx, rx) = halves(capacity);
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                for _ in 0..COUNT {
                    tx.put_blocking(0).unwrap();
                    assert_eq!(rx.try_get(), Ok(0));
                }
            });
        }
    });
}

/// Of two arms that are ready neither starves.
pub(crate) fn fairness(capacity: Capacity) {
    let (one, two) = (full(capacity), full(capacity));
    let mut hits = [0; 2];
    for _ in 0..FILL {
        select_blocking! {
            _ = one.get() => hits[0] += 1,
            _ = two.get() => hits[1] += 1,
        }
    }
    assert_fair(&hits);
}

/// Of several arms on one channel none starves, and each takes one value only.
pub(crate) fn fairness_duplicates(capacity: Capacity) {
    let rx = full(capacity);
    let mut hits = [0; 5];
    for _ in 0..FILL {
        select_blocking! {
            _ = rx.get() => hits[0] += 1,
            _ = rx.get() => hits[1] += 1,
            _ = rx.get() => hits[2] += 1,
            _ = rx.get() => hits[3] += 1,
            _ = rx.get() => hits[4] += 1,
        }
    }
    assert_fair(&hits);
    assert_eq!(rx.try_get(), Err(TryGetError::Closed));
}

/// How many values the channels of the fair have.
pub(crate) const FILL: usize = 3_000;

fn full(capacity: Capacity) -> Receiver<()> {
    let (tx, rx) = halves(capacity);
    (0..FILL).for_each(|_| tx.try_put(()).unwrap());
    rx
}

/// What a channel's message may be: the next channel.
pub(crate) struct Link(pub(crate) Receiver<Self>);

/// Channels go through channels, each of which ends when its one message has been put.
pub(crate) fn channel_through_channel(capacity: Capacity) {
    const COUNT: usize = 500;
    let (mut tx, mut rx) = halves(capacity);
    let puts = thread::spawn(move || {
        for _ in 0..COUNT {
            let (next, link) = halves(capacity);
            tx.put_blocking(Link(link)).unwrap();
            tx = next;
        }
    });
    let mut links = 0;
    while let Some(Link(next)) = rx.get_blocking() {
        rx = next;
        links += 1;
    }
    assert_eq!(links, COUNT);
    puts.join().unwrap();
}
