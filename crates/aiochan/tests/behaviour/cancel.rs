//! Dropping operations that are parked: they are withdrawn, and nobody notices.

use std::sync::Arc;

use aiochan::{Chan, TryGetError};
use futures_util::StreamExt;

use crate::basics::keeping;
use crate::driver::{Droppable, assert_idle};
use crate::task::{Task, Wakes, parked, poll_with, ready};

corpus! {
    droppable: [
        a_parked_put_is_withdrawn,
        a_parked_get_is_removed,
        the_others_keep_their_places,
        a_put_dropped_after_its_value_was_taken_changes_nothing,
        a_put_dropped_after_it_was_let_in_changes_nothing,
        a_completed_operation_can_be_dropped,
    ]
    alone: [
        five_thousand_of_ten_can_go,
        a_parked_operation_wakes_the_task_that_polled_it_last,
        a_parked_select_wakes_the_task_that_polled_it_last,
    ]
}

/// Rule 1: the value goes with the put, once.
fn a_parked_put_is_withdrawn<D: Droppable>() {
    for c in [Chan::new(), Chan::fixed(1)] {
        let value = Arc::new(1);
        while c.try_put(Arc::new(0)).is_ok() {}
        let inside = c.len();
        let put = D::put(&c, value.clone());
        assert_eq!((c.stats().parked_puts, Arc::strong_count(&value)), (1, 2));
        drop(put);
        assert_eq!((c.stats().parked_puts, Arc::strong_count(&value)), (0, 1));
        assert_eq!(c.len(), inside);
        while c.try_get().is_ok() {}
        assert_eq!((c.stats().put_waits, c.stats().evicted), (0, 0));
        assert_idle(&c);
    }
}

/// Rule 1: a value that comes later goes to somebody who is still there.
fn a_parked_get_is_removed<D: Droppable>() {
    for (name, c) in keeping() {
        let gone = D::get(&c);
        let next = D::get(&c);
        drop(gone);
        assert_eq!(c.stats().parked_gets, 1, "{name}");
        c.try_put(1).unwrap();
        assert_eq!(next.finish(), Some(1), "{name}");
        assert_eq!(c.stats().queued, 1, "{name}");
        assert_idle(&c);
    }
}

/// Rule 3: dropping in the middle leaves the order of the rest, for gets and for puts.
fn the_others_keep_their_places<D: Droppable>() {
    let c = Chan::new();
    let mut gets: Vec<_> = (0..7).map(|_| Some(D::get(&c))).collect();
    for n in [3, 0, 6] {
        gets[n] = None;
    }
    assert_eq!(c.stats().parked_gets, 4);
    (0..4).for_each(|n| c.try_put(n).unwrap());
    let got: Vec<_> = gets.into_iter().flatten().map(|get| get.finish()).collect();
    assert_eq!(got, [Some(0), Some(1), Some(2), Some(3)]);

    let mut puts: Vec<_> = (0..7).map(|n| Some(D::put(&c, n))).collect();
    for n in [0, 6, 3] {
        puts[n] = None;
    }
    assert_eq!([0; 4].map(|_| c.try_get()), [Ok(1), Ok(2), Ok(4), Ok(5)]);
    assert!(puts.into_iter().flatten().all(|put| put.finish() == Ok(())));
    assert_idle(&c);
}

/// Rule 1: a commit stands.
fn a_put_dropped_after_its_value_was_taken_changes_nothing<D: Droppable>() {
    let c = Chan::new();
    let put = D::put(&c, 1);
    assert_eq!(c.try_get(), Ok(1));
    drop(put);
    assert_eq!(c.try_get(), Err(TryGetError::Empty));
    assert_eq!(c.stats().immediate, 1);
}

/// Rule 1: a parked put's value that was taken into the buffer stays there.
fn a_put_dropped_after_it_was_let_in_changes_nothing<D: Droppable>() {
    let c = Chan::fixed(1);
    c.try_put(0).unwrap();
    let put = D::put(&c, 1);
    assert_eq!(c.try_get(), Ok(0));
    drop(put);
    assert_eq!((c.try_get(), c.try_get()), (Ok(1), Err(TryGetError::Empty)));
}

/// Rule 1: dropping what is over, and its result with it, is nobody else's affair.
fn a_completed_operation_can_be_dropped<D: Droppable>() {
    let c = Chan::fixed(2);
    let value = Arc::new(1);
    drop(D::put(&c, value.clone()));
    drop(D::get(&c));
    assert_eq!(Arc::strong_count(&value), 1);
    assert_idle(&c);
}

/// Rule 1 and 3, with many: every second of 10,000 parked gets and puts is dropped.
fn five_thousand_of_ten_can_go() {
    let c = Chan::new();
    let mut gets: Vec<_> = (0..10_000).map(|_| Some(Task::start(c.get()))).collect();
    gets.iter_mut().step_by(2).for_each(|get| *get = None);
    assert_eq!(c.stats().parked_gets, 5_000);
    (0..5_000).for_each(|n| c.try_put(n).unwrap());
    for (n, get) in gets.into_iter().flatten().enumerate() {
        assert_eq!(get.finish(), Some(n));
    }

    let mut puts: Vec<_> = (0..10_000).map(|n| Some(Task::start(c.put(n)))).collect();
    puts.iter_mut().step_by(2).for_each(|put| *put = None);
    for n in (1..10_000).step_by(2) {
        assert_eq!(c.try_get(), Ok(n));
    }
    assert!(puts.into_iter().flatten().all(|put| put.finish() == Ok(())));
    assert_idle(&c);
}

/// Rule 6: an operation may move to another task; only that one is woken.
fn a_parked_operation_wakes_the_task_that_polled_it_last() {
    let c = Chan::new();
    let (first, second) = (Wakes::new(), Wakes::new());
    let counts = || (first.count(), second.count());
    let mut get = parked(c.get(), &first.waker());
    assert!(poll_with(get.as_mut(), &second.waker()).is_pending());
    c.try_put(1).unwrap();
    assert_eq!(counts(), (0, 1));
    assert_eq!(ready(get.as_mut()), Some(1));

    let mut put = parked(c.put(2), &first.waker());
    assert!(poll_with(put.as_mut(), &second.waker()).is_pending());
    assert_eq!(c.try_get(), Ok(2));
    assert_eq!(counts(), (0, 2));
    assert_eq!(ready(put.as_mut()), Ok(()));

    let mut stream = c.stream();
    assert!(poll_with(Box::pin(stream.next()).as_mut(), &first.waker()).is_pending());
    assert!(poll_with(Box::pin(stream.next()).as_mut(), &second.waker()).is_pending());
    c.try_put(3).unwrap();
    assert_eq!(counts(), (0, 3));
    assert_eq!(ready(Box::pin(stream.next()).as_mut()), Some(3));
}

/// Rule 6, for selects of both kinds.
fn a_parked_select_wakes_the_task_that_polled_it_last() {
    let (a, b) = (Chan::<u32>::new(), Chan::<u32>::new());
    let (first, second) = (Wakes::new(), Wakes::new());
    let select = async {
        aiochan::select! {
            value = a.get() => value,
            value = b.get() => value,
        }
    };
    let mut select = parked(select, &first.waker());
    assert!(poll_with(select.as_mut(), &second.waker()).is_pending());
    b.try_put(1).unwrap();
    assert_eq!((first.count(), second.count()), (0, 1));
    assert_eq!(ready(select.as_mut()), Some(1));

    let select = aiochan::Select::new().get(&a).get(&b);
    let mut select = parked(select.into_future(), &first.waker());
    assert!(poll_with(select.as_mut(), &second.waker()).is_pending());
    a.try_put(2).unwrap();
    assert_eq!((first.count(), second.count()), (0, 2));
    assert_eq!(ready(select.as_mut()).index, 0);
    assert_idle(&a);
    assert_idle(&b);
}
