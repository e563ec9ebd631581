//! Join: waiting until a channel is closed and exhausted.

use std::thread;

use aiochan::Chan;

use crate::driver::{Driver, Droppable, assert_idle};
use crate::give_back::committed_get;
use crate::task::{Task, Wakes, parked, poll_with};
use crate::watch::wait_until;

corpus! {
    all: [
        a_join_waits_for_closing_and_for_every_value,
        a_blocking_join_waits_as_well,
    ]
    droppable: [
        a_join_waits_for_a_value_that_was_given_back,
        a_join_is_told_when_the_last_parked_put_is_withdrawn,
    ]
    alone: [
        a_join_on_an_exhausted_channel_is_ready,
        every_join_is_told,
        a_promise_is_exhausted_once_it_is_closed,
        a_source_is_exhausted_once_it_has_ended,
        a_dropped_join_leaves_no_trace,
        a_join_wakes_the_task_that_polled_it_last,
    ]
}

/// Rule 4: neither closing nor draining alone is the end.
fn a_join_waits_for_closing_and_for_every_value<D: Driver>() {
    let c = Chan::fixed(1);
    let mut join = Task::start(c.join());
    assert_eq!(D::put(&c, 0).finish(), Ok(()));
    let put = D::put(&c, 1);
    c.close();
    assert!(!join.is_woken());
    assert_eq!(D::get(&c).finish(), Some(0));
    assert!(!join.is_done());
    assert_eq!(D::get(&c).finish(), Some(1));
    assert!(join.is_done());
    assert_eq!(put.finish(), Ok(()));
}

/// The same, on a thread.
fn a_blocking_join_waits_as_well<D: Driver>() {
    let c = Chan::new();
    let put = D::put(&c, 0);
    c.close();
    let own = c.clone();
    let join = thread::spawn(move || own.join_blocking());
    assert!(!join.is_finished());
    assert_eq!(D::get(&c).finish(), Some(0));
    wait_until("the join is over", || join.is_finished());
    assert_eq!(put.finish(), Ok(()));
}

/// Rule 1: a value that comes back is inside.
fn a_join_waits_for_a_value_that_was_given_back<D: Droppable>() {
    let c = Chan::new();
    drop(committed_get::<D, _>(&c, 1));
    c.close();
    let mut join = Task::start(c.join());
    assert!(!join.is_done());
    assert_eq!(D::get(&c).finish(), Some(1));
    assert!(join.is_done());
}

/// Rule 1 and 6: the end may come by giving up.
fn a_join_is_told_when_the_last_parked_put_is_withdrawn<D: Droppable>() {
    let c = Chan::new();
    let (first, last) = (D::put(&c, 1), D::put(&c, 2));
    c.close();
    let mut join = Task::start(c.join());
    drop(last);
    assert!(!join.is_done());
    drop(first);
    assert!(join.is_done());
    assert_idle(&c);
}

fn a_join_on_an_exhausted_channel_is_ready() {
    let c = Chan::<u32>::new();
    c.close();
    assert!(Task::start(c.join()).is_done());
    c.join_blocking();
}

/// Rule 6: not only the first.
fn every_join_is_told() {
    let c = Chan::<u32>::new();
    let mut joins: Vec<_> = (0..3).map(|_| Task::start(c.join())).collect();
    c.close();
    assert!(joins.iter_mut().all(Task::is_done));
}

/// A promise's value is never used up, so nobody waits for that.
fn a_promise_is_exhausted_once_it_is_closed() {
    let c = Chan::promise();
    c.try_put(1).unwrap();
    let mut join = Task::start(c.join());
    assert!(!join.is_done());
    c.close();
    assert!(join.is_done());
}

/// A channel over an iterator is closed from the start, and exhausted when the iterator has ended.
fn a_source_is_exhausted_once_it_has_ended() {
    let c = Chan::from_iter(0..1);
    let mut join = Task::start(c.join());
    assert!(!join.is_done());
    assert_eq!(c.try_get(), Ok(0));
    assert!(!join.is_done());
    assert_eq!(c.get_blocking(), None);
    assert!(join.is_done());
}

/// Rule 2, for joins.
fn a_dropped_join_leaves_no_trace() {
    let c = Chan::<u32>::new();
    let wakes = Wakes::new();
    drop(parked(c.join(), &wakes.waker()));
    let mut join = Task::start(c.join());
    c.close();
    assert_eq!(wakes.count(), 0);
    assert!(join.is_done());
}

/// Rule 6: futures move from task to task.
fn a_join_wakes_the_task_that_polled_it_last() {
    let c = Chan::<u32>::new();
    let (first, second) = (Wakes::new(), Wakes::new());
    let mut join = parked(c.join(), &first.waker());
    assert!(poll_with(join.as_mut(), &second.waker()).is_pending());
    c.close();
    assert_eq!((first.count(), second.count()), (0, 1));
}
