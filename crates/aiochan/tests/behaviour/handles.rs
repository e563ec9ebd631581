//! Handles and construction: what a channel says of itself, and what it refuses to be.

use std::cell::Cell;
use std::collections::HashSet;
use std::rc::Rc;

use aiochan::{Buf, Chan, MAX_PENDING};

use crate::task::{Task, panics};

corpus! {
    alone: [
        empty_dropping_and_sliding_buffers_are_refused,
        clones_are_the_same_channel,
        a_builder_sets_name_buffer_and_limit,
        debug_needs_nothing_of_the_values,
        channels_and_operations_move_between_threads,
        values_need_not_be_send_to_be_awaited,
        an_operation_that_is_not_polled_does_nothing,
        a_completed_operation_says_so_when_polled_again,
    ]
}

/// Rule 8: a clear error at the call, which says what to use instead.
fn empty_dropping_and_sliding_buffers_are_refused() {
    for message in [
        panics(|| Chan::<u32>::dropping(0)),
        panics(|| Buf::<u32>::dropping(0)),
        panics(|| Chan::<u32>::sliding(0)),
        panics(|| Buf::<u32>::sliding(0)),
    ] {
        assert!(message.contains("capacity 0"), "{message}");
        assert!(message.contains("(1)") && message.contains("fixed(0)"), "{message}");
    }
}

/// A handle that is dropped closes nothing while there is another.
fn clones_are_the_same_channel() {
    let c = Chan::fixed(1);
    let d = c.clone();
    assert_eq!(c, d);
    assert_ne!(c, Chan::fixed(1));
    assert_eq!(HashSet::from([c.clone(), d.clone()]).len(), 1);
    c.try_put(1).unwrap();
    drop(c);
    assert!(!d.is_closed());
    assert_eq!(d.try_get(), Ok(1));
}

fn a_builder_sets_name_buffer_and_limit() {
    let c: Chan<u32> = Chan::builder().name("parsed").buffer(2).max_pending(1).build();
    assert_eq!((c.name(), c.capacity(), c.is_empty()), (Some("parsed"), Some(2), true));
    assert_eq!(c.clone().name(), Some("parsed"));
    let c: Chan<u32> = Chan::builder().buffer(Buf::sliding(3)).build();
    assert_eq!((c.name(), c.capacity()), (None, Some(3)));
    assert_eq!(Chan::<u32>::default().capacity(), Some(0));
    assert_eq!(MAX_PENDING, 1024);
}

/// Rule 5: printing a channel or an error never prints, or asks anything of, a value.
fn debug_needs_nothing_of_the_values() {
    struct Opaque;
    let c = Chan::builder().name("opaque").buffer(1).build();
    c.try_put(Opaque).unwrap();
    let full = c.try_put(Opaque).unwrap_err();
    assert!(format!("{c:?}").contains("opaque"));
    assert_eq!((format!("{full:?}"), format!("{full}")), ("Full(..)".into(), full.to_string()));
    let (tx, rx) = c.split();
    assert!(format!("{tx:?} {rx:?}").contains("Sender"));
}

/// The types promise what the design says of `T: Send`; a value need not be `Sync`.
fn channels_and_operations_move_between_threads() {
    fn moves<T: Send>(_: &T) {}
    fn shared<T: Send + Sync>(_: &T) {}
    let c: Chan<Cell<u32>> = Chan::fixed(1);
    shared(&c);
    moves(&c.get());
    moves(&c.put(Cell::new(1)));
    moves(&c.join());
    moves(&c.stream());
    let (tx, rx) = c.split();
    shared(&tx);
    shared(&rx);
}

/// Awaiting on one thread asks nothing of the values at all.
fn values_need_not_be_send_to_be_awaited() {
    let c = Chan::new();
    let get = Task::start(c.get());
    let value = Rc::new(5);
    assert_eq!(Task::start(c.put(value.clone())).finish(), Ok(()));
    assert_eq!(get.finish(), Some(value));
}

/// Rule 1: an operation takes effect when it is polled, not when it is made.
fn an_operation_that_is_not_polled_does_nothing() {
    let c = Chan::fixed(1);
    drop(c.put(1));
    assert_eq!(c.len(), 0);
    c.try_put(2).unwrap();
    drop(c.get());
    drop(c.join());
    assert_eq!(c.len(), 1);
}

/// Rule 8: polling an operation after its end is a mistake, and says so.
fn a_completed_operation_says_so_when_polled_again() {
    let c = Chan::fixed(1);
    let mut put = Box::pin(c.put(1));
    assert_eq!(crate::task::ready(put.as_mut()), Ok(()));
    assert!(panics(|| crate::task::ready(put.as_mut())).contains("completed"));
    let mut get = Box::pin(c.get());
    assert_eq!(crate::task::ready(get.as_mut()), Some(1));
    assert!(panics(|| crate::task::ready(get.as_mut())).contains("completed"));
    assert_eq!(c.len(), 0);
}
