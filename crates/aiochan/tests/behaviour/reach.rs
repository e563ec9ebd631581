//! What is out of everybody's reach is dropped: values inside that no receiver and no handle can get.

use std::sync::Arc;

use aiochan::{Buf, Chan, select};

use crate::task::{Task, parked};

corpus! {
    alone: [
        the_last_receiver_drops_what_is_inside,
        two_receivers_may_go_at_once,
        a_handle_keeps_what_is_inside_until_it_goes,
        a_handle_and_the_last_receiver_may_go_at_once,
        another_receiver_keeps_what_is_inside,
        an_accepted_request_whose_server_has_gone_is_not_waited_for,
        what_a_stream_was_handed_goes_too,
        whoever_is_answered_by_closing_sees_it_closed,
        a_callback_that_waits_keeps_who_feeds_it,
        a_callback_is_told_when_nobody_feeds_it,
        a_callback_that_waits_outlasts_a_split,
        a_promise_counts_what_it_delivers,
        a_select_may_put_what_has_no_variable,
    ]
}

fn bufs<T: 'static>() -> [Buf<T>; 4] {
    [Buf::fixed(2), Buf::sliding(2), Buf::dropping(2), Buf::unbounded()]
}

fn the_last_receiver_drops_what_is_inside() {
    for buf in bufs() {
        let value = Arc::new(());
        let (tx, rx) = Chan::builder().buffer(buf).build().split();
        tx.try_put(value.clone()).unwrap();
        let other = rx.clone();
        drop(rx);
        assert_eq!(Arc::strong_count(&value), 2);
        drop(other);
        assert_eq!((Arc::strong_count(&value), tx.chan().len()), (1, 0));
        assert!(Task::start(tx.chan().join()).is_done());
    }
}

fn two_receivers_may_go_at_once() {
    for _ in 0..200 {
        let value = Arc::new(());
        let (tx, rx) = Chan::fixed(1).split();
        tx.try_put(value.clone()).unwrap();
        let threads = [rx.clone(), rx].map(|rx| std::thread::spawn(move || drop(rx)));
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(Arc::strong_count(&value), 1);
    }
}

/// Rule 1: a handle can still get.
fn a_handle_keeps_what_is_inside_until_it_goes() {
    let value = Arc::new(());
    let c = Chan::fixed(2);
    let (tx, rx) = c.clone().split();
    tx.put_blocking(value.clone()).unwrap();
    tx.put_blocking(value.clone()).unwrap();
    drop(rx);
    assert!(c.try_get().is_ok());
    let last = tx.chan().clone();
    drop(c);
    assert_eq!(Arc::strong_count(&value), 2);
    drop(last);
    assert_eq!(Arc::strong_count(&value), 1);
}

fn a_handle_and_the_last_receiver_may_go_at_once() {
    for _ in 0..500 {
        let value = Arc::new(());
        let c = Chan::fixed(1);
        let (tx, rx) = c.clone().split();
        tx.try_put(value.clone()).unwrap();
        let threads = [std::thread::spawn(move || drop(rx)), std::thread::spawn(move || drop(c))];
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        assert_eq!(Arc::strong_count(&value), 1);
    }
}

/// Rule 1: one that was made after the last one had gone.
fn another_receiver_keeps_what_is_inside() {
    let c = Chan::fixed(1);
    c.try_put(1).unwrap();
    let (tx, rx) = c.clone().split();
    drop(rx);
    let (_tx, rx) = c.split();
    assert_eq!((tx.try_put(2).is_err(), rx.try_get()), (true, Ok(1)));
}

/// Rule 6: the request is gone, and with it the sender that its client waits for.
fn an_accepted_request_whose_server_has_gone_is_not_waited_for() {
    let (requests, server) = Chan::fixed(1).split();
    let (reply, answer) = Chan::<u32>::fixed(1).split();
    requests.put_blocking(reply).unwrap();
    drop(server);
    assert_eq!(answer.get_blocking(), None);
}

fn what_a_stream_was_handed_goes_too() {
    use futures_util::StreamExt;
    let value = Arc::new(());
    let (tx, mut rx) = Chan::fixed(1).split();
    drop(parked(rx.next(), std::task::Waker::noop()));
    tx.try_put(value.clone()).unwrap();
    drop(rx);
    assert_eq!(Arc::strong_count(&value), 1);
}

/// Rule 4: `None` and "not closed" would send a loop round again.
fn whoever_is_answered_by_closing_sees_it_closed() {
    for _ in 0..2000 {
        let c = Chan::<u32>::new();
        let own = c.clone();
        let getter = std::thread::spawn(move || {
            assert_eq!(own.get_blocking(), None);
            (own.is_closed(), own.try_get())
        });
        c.close();
        assert_eq!(getter.join().unwrap(), (true, Err(aiochan::TryGetError::Closed)));
    }
}

fn a_promise_counts_what_it_delivers() {
    let c = Chan::promise();
    let waiting = Task::start(c.get());
    c.try_put(1).unwrap();
    assert_eq!((waiting.finish(), c.try_get()), (Some(1), Ok(1)));
    assert_eq!(c.stats().delivered(), 2);
}

/// What looks like a variable and is none.
fn a_select_may_put_what_has_no_variable() {
    const LIMIT: u32 = 7;
    let (options, numbers, other) = (Chan::fixed(1), Chan::fixed(1), Chan::<()>::new());
    select! {
        result = options.put(None::<u32>) => result.unwrap(),
        _ = other.get() => unreachable!(),
        default => unreachable!(),
    }
    assert_eq!(options.try_get(), Ok(None));
    select! {
        result = options.put(None) => result.unwrap(),
        _ = other.get() => unreachable!(),
        default => unreachable!(),
    }
    select! {
        result = numbers.put({ LIMIT }) => result.unwrap(),
        default => unreachable!(),
    }
    assert_eq!((options.try_get(), numbers.try_get()), (Ok(None), Ok(7)));
}

/// Rule 6: who waits with a callback is somebody who gets, until it has got.
fn a_callback_that_waits_keeps_who_feeds_it() {
    let c = Chan::new();
    let feed = c.feed();
    let (got, seen) = (Chan::unbounded(), Chan::unbounded());
    for to in [&got, &seen] {
        let to = to.clone();
        c.get_with(move |value| to.try_put(value).unwrap()).unwrap();
    }
    let closed = feed.clone();
    let mut closed = Task::start(async move { closed.chan().closed().await });
    drop(c);
    assert_eq!(feed.try_put(1), Ok(()));
    assert!(!closed.is_done());
    assert_eq!(feed.try_put(2), Ok(()));
    assert_eq!((got.try_get(), seen.try_get()), (Ok(Some(1)), Ok(Some(2))));
    assert!(closed.is_done(), "nobody can get any more");
    assert_eq!(feed.put_blocking(3).map_err(|error| error.0), Err(3));
}

/// Rule 6: and when nobody is left who could put, it is told.
fn a_callback_is_told_when_nobody_feeds_it() {
    let c = Chan::<u32>::new();
    let feed = c.feed();
    let got = Chan::unbounded();
    let to = got.clone();
    c.get_with(move |value| to.try_put(value).unwrap()).unwrap();
    drop(c);
    assert!(got.is_empty());
    drop(feed);
    assert_eq!(got.try_get(), Ok(None));
}

/// Rule 6: it is counted however the other handles go, and once: afterwards the last receiver drops what is inside.
fn a_callback_that_waits_outlasts_a_split() {
    let c = Chan::fixed(1);
    let got = Chan::unbounded();
    let to = got.clone();
    c.get_with(move |value| to.try_put(value.is_some()).unwrap()).unwrap();
    let (tx, rx) = c.split();
    let value = Arc::new(());
    assert_eq!(tx.try_put(value.clone()), Ok(()));
    assert_eq!((got.try_get(), Arc::strong_count(&value)), (Ok(true), 1));
    assert_eq!(tx.try_put(value.clone()), Ok(()));
    drop(rx);
    assert!(tx.is_closed());
    assert_eq!(Arc::strong_count(&value), 1);
}
