//! Several values at a time: the same order, and nothing lost when it is cut short.

use std::collections::VecDeque;
use std::task::Waker;

use aiochan::{Chan, Closed, TryGetError};

use crate::basics::keeping;
use crate::driver::{Await, Blocking, Driver, assert_idle};
use crate::task::{Task, evil_waker, panics, parked, poll_with, ready};

corpus! {
    all: [
        put_many_stands_in_line,
        get_many_stands_in_line,
        put_many_serves_parked_gets,
        get_many_lets_parked_puts_through,
    ]
    alone: [
        put_many_cut_short_leaves_the_rest,
        put_many_closed_in_the_middle_leaves_the_rest,
        put_many_that_was_parked_when_the_channel_closed_goes_through,
        put_many_without_receivers_leaves_everything,
        put_many_evicts_as_puts_do,
        get_many_takes_what_is_there,
        get_many_cut_short_loses_nothing,
        get_many_of_a_promise_gets_one,
        get_many_that_waited_for_a_promise_gets_one,
        get_many_of_a_source_gets_one,
        get_many_that_waited_for_a_source_gets_one,
        get_many_of_zero_is_refused,
        get_many_keeps_what_it_got_when_a_waker_panics,
        put_many_keeps_what_it_did_not_put_when_a_waker_panics,
        halves_have_them_too,
    ]
}

/// Rule 3, with others in between.
fn put_many_stands_in_line<D: Driver>() {
    for (name, c) in keeping() {
        let before = D::put(&c, 0);
        let mut values = VecDeque::from([1, 2, 3, 4]);
        let mut many = Task::start(c.put_many(&mut values));
        for n in 0..5 {
            let get = D::get(&c);
            many.is_done();
            assert_eq!(get.finish(), Some(n), "{name}");
        }
        assert_eq!((before.finish(), many.finish()), (Ok(()), Ok(())), "{name}");
        assert!(values.is_empty());
        assert_idle(&c);
    }
}

/// Rule 3.
fn get_many_stands_in_line<D: Driver>() {
    let c = Chan::fixed(8);
    let before = D::get(&c);
    let mut out = vec![7];
    let many = Task::start(c.get_many(&mut out, 3));
    let after = D::get(&c);
    let mut values = VecDeque::from([0, 1, 2, 3]);
    Task::start(c.put_many(&mut values)).finish().unwrap();
    assert_eq!((before.finish(), after.finish()), (Some(0), Some(2)));
    assert_eq!(many.finish(), 2);
    assert_eq!(out, [7, 1, 3]);
    assert_idle(&c);
}

/// Rule 3 and 6: each in its turn, and all woken.
fn put_many_serves_parked_gets<D: Driver>() {
    for (name, c) in keeping() {
        let gets: Vec<_> = (0..4).map(|_| D::get(&c)).collect();
        let mut values = (0..4).collect();
        assert_eq!(c.put_many_blocking(&mut values), Ok(()), "{name}");
        for (n, get) in gets.into_iter().enumerate() {
            assert_eq!(get.finish(), Some(n), "{name}");
        }
    }
}

/// Rule 3 and 6.
fn get_many_lets_parked_puts_through<D: Driver>() {
    for c in [Chan::new(), Chan::fixed(2)] {
        let puts: Vec<_> = (0..5).map(|n| D::put(&c, n)).collect();
        let mut out = Vec::new();
        assert_eq!(c.get_many_blocking(&mut out, 4), 4);
        assert_eq!(c.get_many_blocking(&mut out, 4), 1);
        assert_eq!(out, [0, 1, 2, 3, 4]);
        assert!(puts.into_iter().all(|put| put.finish() == Ok(())));
        assert_idle(&c);
    }
}

/// Rule 1: what was not put is in the caller's hands, in order.
fn put_many_cut_short_leaves_the_rest() {
    let c = Chan::fixed(2);
    let mut values = (0..5).collect();
    drop(parked(c.put_many(&mut values), Waker::noop()));
    assert_eq!(values, [2, 3, 4]);
    assert_eq!((c.len(), c.stats().parked_puts), (2, 0));
    let many = parked(c.put_many(&mut values), Waker::noop());
    assert_eq!(c.try_get(), Ok(0));
    // 2 has been let in, though the future does not know yet.
    drop(many);
    assert_eq!(values, [3, 4]);
    assert_eq!((c.try_get(), c.try_get(), c.try_get()), (Ok(1), Ok(2), Err(TryGetError::Empty)));
    drop(c.put_many(&mut values));
    assert_eq!(values, [3, 4]);
}

/// Rule 1 and 4: refused while it waits, for which the receivers must go.
fn put_many_closed_in_the_middle_leaves_the_rest() {
    let (tx, rx) = Chan::fixed(2).split();
    let mut values = (0..5).collect();
    let many = Task::start(tx.put_many(&mut values));
    drop(rx);
    assert_eq!(many.finish(), Err(Closed));
    assert_eq!(values, [2, 3, 4]);
    let c = Chan::fixed(2);
    c.close();
    let mut values = VecDeque::from([0, 1]);
    assert_eq!(c.put_many_blocking(&mut values), Err(Closed));
    assert_eq!(values, [0, 1]);
    assert_eq!(c.put_many_blocking(&mut VecDeque::new()), Ok(()));
}

/// Rule 4: the value that was parked is delivered; those behind it are refused.
fn put_many_that_was_parked_when_the_channel_closed_goes_through() {
    let c = Chan::fixed(1);
    let mut values = (0..4).collect();
    let many = Task::start(c.put_many(&mut values));
    c.close();
    assert_eq!(c.iter().collect::<Vec<_>>(), [0, 1]);
    assert_eq!(many.finish(), Err(Closed));
    assert_eq!(values, [2, 3]);
}

/// Rule 1.
fn put_many_without_receivers_leaves_everything() {
    let (tx, rx) = Chan::unbounded().split();
    drop(rx);
    let mut values = VecDeque::from(["a", "b"]);
    assert_eq!(Task::start(tx.put_many(&mut values)).finish(), Err(Closed));
    assert_eq!(values, ["a", "b"]);
}

/// Rule 1: by the same policies.
fn put_many_evicts_as_puts_do() {
    for (c, kept, evicted) in [
        (Chan::dropping(2), [0, 1], 3),
        (Chan::sliding(2), [3, 4], 3),
        (Chan::promise(), [0, 0], 4),
    ] {
        let mut values = (0..5).collect();
        assert_eq!(c.put_many_blocking(&mut values), Ok(()));
        assert_eq!((c.try_get(), c.try_get()), (Ok(kept[0]), Ok(kept[1])));
        assert_eq!(c.stats().evicted, evicted);
    }
}

/// Rule 3 and 4: at least one, at most `max`; 0 is the end.
fn get_many_takes_what_is_there() {
    let c = Chan::fixed(8);
    let mut out = Vec::new();
    c.add([0, 1, 2]).unwrap();
    assert_eq!(c.get_many_blocking(&mut out, 2), 2);
    assert_eq!(c.get_many_blocking(&mut out, 2), 1);
    let many = Task::start(c.get_many(&mut out, 2));
    assert_eq!(c.stats().parked_gets, 1);
    c.add([3, 4, 5]).unwrap();
    assert_eq!(many.finish(), 2);
    c.close();
    assert_eq!(c.get_many_blocking(&mut out, usize::MAX), 1);
    assert_eq!(c.get_many_blocking(&mut out, 1), 0);
    assert_eq!(out, [0, 1, 2, 3, 4, 5]);
}

/// Rule 1.
fn get_many_cut_short_loses_nothing() {
    let c = Chan::fixed(2);
    let mut out = Vec::new();
    let many = parked(c.get_many(&mut out, 8), Waker::noop());
    c.add([0, 1]).unwrap();
    drop(many);
    assert_eq!((out.len(), c.len()), (0, 2));
    assert_eq!((c.try_get(), c.try_get()), (Ok(0), Ok(1)));
}

/// What is documented of promises.
fn get_many_of_a_promise_gets_one() {
    let c = Chan::promise();
    c.try_put(5).unwrap();
    let mut out = Vec::new();
    assert_eq!((c.get_many_blocking(&mut out, 8), c.get_many_blocking(&mut out, 8)), (1, 1));
    assert_eq!(out, [5, 5]);
}

/// The same, whether it had to wait or not.
fn get_many_that_waited_for_a_promise_gets_one() {
    let c = Chan::promise();
    let mut out = Vec::new();
    let many = Task::start(c.get_many(&mut out, 8));
    c.try_put(5).unwrap();
    assert_eq!(many.finish(), 1);
    assert_eq!(out, [5]);
}

/// Rule 6: an endless source does not run away.
fn get_many_of_a_source_gets_one() {
    let c = Chan::from_iter(0..);
    let mut out = Vec::new();
    assert_eq!((c.get_many_blocking(&mut out, 8), c.get_many_blocking(&mut out, 8)), (1, 1));
    assert_eq!(out, [0, 1]);
}

/// The same, whether it had to wait or not.
fn get_many_that_waited_for_a_source_gets_one() {
    let (go, wait) = std::sync::mpsc::channel();
    let (entered, inside) = std::sync::mpsc::channel();
    let c = Chan::from_iter((0..).inspect(move |n| {
        if *n == 0 {
            entered.send(()).unwrap();
            wait.recv().unwrap();
        }
    }));
    let own = c.clone();
    let first = std::thread::spawn(move || own.get_blocking());
    inside.recv().unwrap();
    let mut out = Vec::new();
    let many = Task::start(c.get_many(&mut out, 8));
    go.send(()).unwrap();
    assert_eq!((first.join().unwrap(), many.finish()), (Some(0), 1));
    assert_eq!(out, [1]);
}

/// Rule 8: 0 would say that the channel is closed.
fn get_many_of_zero_is_refused() {
    let c = Chan::<u32>::new();
    assert!(panics(|| c.get_many_blocking(&mut Vec::new(), 0)).contains("1 or more"));
}

/// Rule 1 and 5: every putter is woken, and the values are in `out`.
fn get_many_keeps_what_it_got_when_a_waker_panics() {
    let c = Chan::new();
    let mut evil = parked(c.put(0), &evil_waker());
    let others = [Await::put(&c, 1), Blocking::put(&c, 2)];
    let mut out = Vec::new();
    assert_eq!(panics(|| c.get_many_blocking(&mut out, 8)), "an evil waker");
    assert_eq!(out, [0, 1, 2]);
    assert_eq!(ready(evil.as_mut()), Ok(()));
    assert_eq!(others.map(|put| put.finish()), [Ok(()), Ok(())]);
    assert_idle(&c);
}

/// Rule 1 and 5: what was put is put, and the rest is in the caller's hands.
fn put_many_keeps_what_it_did_not_put_when_a_waker_panics() {
    let c = Chan::fixed(1);
    let mut evil = parked(c.get(), &evil_waker());
    let other = Await::get(&c);
    let mut values = (0..5).collect();
    let message = panics(|| poll_with(Box::pin(c.put_many(&mut values)).as_mut(), Waker::noop()));
    assert_eq!(message, "an evil waker");
    assert_eq!((ready(evil.as_mut()), other.finish()), (Some(0), Some(1)));
    assert_eq!(values, [3, 4]);
    assert_eq!((c.try_get(), c.try_get()), (Ok(2), Err(TryGetError::Empty)));
}

fn halves_have_them_too() {
    let (tx, rx) = Chan::fixed(4).split();
    let mut values = (0..3).collect();
    assert_eq!(Task::start(tx.put_many(&mut values)).finish(), Ok(()));
    let mut out = Vec::new();
    assert_eq!(Task::start(rx.get_many(&mut out, 8)).finish(), 3);
    assert_eq!(out, [0, 1, 2]);
}
