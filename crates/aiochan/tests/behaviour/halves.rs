//! Sender and receiver, and the ways to go through a channel: streams, sinks and iterators.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::thread;

use aiochan::{Chan, PutError, Sender, TryGetError, TryPutError};
use futures_util::{Sink, SinkExt, Stream, StreamExt};

use crate::driver::{Blocking, Driver, assert_idle};
use crate::task::{Task, Wakes, block_on, panics, parked, ready};

corpus! {
    all: [
        the_last_sender_closes_and_the_rest_is_delivered,
        the_last_receiver_refuses_puts_and_answers_those_that_wait,
    ]
    alone: [
        clones_count,
        channels_do_not_count,
        halves_of_two_splits_count_together,
        the_last_receiver_may_go_on_another_thread,
        a_stream_yields_everything_and_ends,
        a_channels_stream_holds_it_open_and_has_its_own_place,
        a_stream_dropped_while_it_waits_leaves_no_trace,
        a_stream_dropped_after_it_was_handed_a_value_gives_it_back,
        a_receiver_dropped_after_its_stream_was_handed_a_value_leaves_it,
        a_sink_sends_in_order_and_waits_for_room,
        a_sink_that_is_not_flushed_holds_one_item,
        a_dropped_sink_withdraws_its_item,
        a_sink_on_a_closed_channel_gives_the_item_back,
        an_item_that_waits_when_the_channel_closes_is_delivered,
        an_item_that_waits_when_the_receivers_go_comes_back,
        closing_a_sink_flushes,
        a_sink_refuses_an_item_too_many,
        iterators_end_with_the_channel,
    ]
}

/// Rule 4.
fn the_last_sender_closes_and_the_rest_is_delivered<D: Driver>() {
    let (tx, rx) = Chan::fixed(2).split();
    let c = tx.chan().clone();
    tx.try_put(0).unwrap();
    let later = D::put(&c, 1);
    let waiting = D::put(&c, 2);
    drop(tx);
    assert!(rx.is_closed());
    for n in 0..3 {
        assert_eq!(D::get(&c).finish(), Some(n));
    }
    assert_eq!((later.finish(), waiting.finish()), (Ok(()), Ok(())));
    assert_eq!((D::get(&c).finish(), rx.try_get()), (None, Err(TryGetError::Closed)));
    // Gets that wait are answered by it as well.
    let (tx, rx) = Chan::<u32>::new().split();
    let get = D::get(rx.chan());
    drop(tx);
    assert_eq!(get.finish(), None);
}

/// Rule 1 and 6: nobody would take the values, so they come back.
fn the_last_receiver_refuses_puts_and_answers_those_that_wait<D: Driver>() {
    for c in [Chan::fixed(1), Chan::with_buffer(crate::custom::Fifo::new(1))] {
        let (tx, rx) = c.split();
        let c = tx.chan().clone();
        tx.try_put(0).unwrap();
        let waiting = [D::put(&c, 1), D::put(&c, 2)];
        drop(rx);
        assert!(tx.is_closed());
        assert_eq!(waiting.map(|put| put.finish()), [Err(PutError(1)), Err(PutError(2))]);
        assert_eq!(tx.try_put(3), Err(TryPutError::Closed(3)));
        assert_eq!(D::put(&c, 4).finish(), Err(PutError(4)));
        // What was inside is still there for a channel's handle.
        assert_eq!((D::get(&c).finish(), D::get(&c).finish()), (Some(0), None));
    }
}

fn clones_count() {
    let (tx, rx) = Chan::fixed(1).split();
    let (tx2, rx2) = (tx.clone(), rx.clone());
    drop(tx);
    drop(rx);
    tx2.try_put(1).unwrap();
    assert_eq!(rx2.try_get(), Ok(1));
    let tx3 = tx2.clone();
    drop(tx2);
    assert!(!tx3.is_closed());
    drop(rx2);
    assert!(tx3.is_closed());
    assert_eq!(tx3.try_put(2), Err(TryPutError::Closed(2)));
}

/// A handle of the channel keeps working, and keeps nothing open.
fn channels_do_not_count() {
    let c = Chan::fixed(1);
    let (tx, rx) = c.clone().split();
    let inner = tx.chan().clone();
    assert_eq!(inner, c);
    c.try_put(1).unwrap();
    drop(tx);
    assert!(c.is_closed() && rx.stats() == c.stats());
    assert_eq!(inner.try_get(), Ok(1));

    let c = Chan::fixed(1);
    let (tx, rx) = c.clone().split();
    drop(rx);
    assert_eq!(c.try_put(1), Err(TryPutError::Closed(1)));
    assert!(!tx.close());
}

fn halves_of_two_splits_count_together() {
    let c = Chan::<u32>::new();
    let (tx, rx) = c.clone().split();
    let (tx2, rx2) = c.clone().split();
    drop((tx, rx));
    assert!(!c.is_closed());
    drop(rx2);
    assert!(c.is_closed());
    drop(tx2);
}

/// Rule 6.
fn the_last_receiver_may_go_on_another_thread() {
    let (tx, rx) = Chan::new().split();
    let put = Blocking::put(tx.chan(), 1);
    thread::spawn(move || drop(rx)).join().unwrap();
    assert_eq!(put.finish(), Err(PutError(1)));
}

/// Rule 3 and 4.
fn a_stream_yields_everything_and_ends() {
    let (tx, mut rx) = Chan::fixed(2).split();
    tx.try_put(0).unwrap();
    let waiting = Blocking::put(tx.chan(), 1);
    let more = Blocking::put(tx.chan(), 2);
    drop(tx);
    assert_eq!(block_on(rx.by_ref().collect::<Vec<_>>()), [0, 1, 2]);
    assert_eq!((waiting.finish(), more.finish()), (Ok(()), Ok(())));
    // It keeps saying so.
    assert_eq!((block_on(rx.next()), block_on(rx.next())), (None, None));
}

fn a_channels_stream_holds_it_open_and_has_its_own_place() {
    let c = Chan::new();
    let (mut first, mut second) = (c.stream(), c.stream());
    let (one, two) = (Task::start(first.next()), Task::start(second.next()));
    assert_eq!(c.stats().parked_gets, 2);
    c.add([1, 2]).unwrap();
    assert_eq!((one.finish(), two.finish()), (Some(1), Some(2)));
    let feed = c.feed();
    drop(c);
    assert_eq!(feed.try_put(3), Err(TryPutError::Full(3)));
    feed.chan().close();
    assert_eq!((block_on(first.next()), block_on(second.next())), (None, None));
}

/// Polls a stream that has to wait, and leaves it waiting.
fn wait_for_next<S: Stream + Unpin>(stream: &mut S) {
    let mut cx = Context::from_waker(Waker::noop());
    assert!(Pin::new(stream).poll_next(&mut cx).is_pending());
}

/// Rule 2.
fn a_stream_dropped_while_it_waits_leaves_no_trace() {
    let c = Chan::new();
    let mut stream = c.stream();
    assert_eq!(c.stats().parked_gets, 0);
    wait_for_next(&mut stream);
    assert_eq!(c.stats().parked_gets, 1);
    drop(stream);
    assert_idle(&c);
    assert_eq!(c.try_put(1), Err(TryPutError::Full(1)));
}

/// Rule 1: to the next that waits, or to the front.
fn a_stream_dropped_after_it_was_handed_a_value_gives_it_back() {
    let c = Chan::fixed(1);
    let mut stream = c.stream();
    wait_for_next(&mut stream);
    c.add([1, 2]).unwrap();
    assert_eq!(c.len(), 1);
    drop(stream);
    assert_eq!((c.try_get(), c.try_get()), (Ok(1), Ok(2)));

    let (mut gone, mut next) = (c.stream(), c.stream());
    wait_for_next(&mut gone);
    let next = Task::start(next.next());
    c.try_put(3).unwrap();
    drop(gone);
    assert_eq!(next.finish(), Some(3));
}

/// Rule 1: the receiver refuses, but does not lose.
fn a_receiver_dropped_after_its_stream_was_handed_a_value_leaves_it() {
    let c = Chan::new();
    let (tx, mut rx) = c.clone().split();
    wait_for_next(&mut rx);
    tx.try_put(1).unwrap();
    drop(rx);
    assert!(tx.is_closed());
    assert_eq!((c.try_get(), c.try_get()), (Ok(1), Err(TryGetError::Closed)));
}

/// Rule 3 and 7: back-pressure as of a put.
fn a_sink_sends_in_order_and_waits_for_room() {
    let (mut tx, rx) = Chan::fixed(1).split();
    block_on(tx.send(0)).unwrap();
    let mut send = Task::start(tx.send(1));
    assert!(!send.is_done());
    assert_eq!((rx.stats().len, rx.stats().parked_puts), (1, 1));
    assert_eq!(rx.try_get(), Ok(0));
    assert_eq!(send.finish(), Ok(()));
    let mut all = Task::start(async {
        tx.send_all(&mut futures_util::stream::iter((2..6).map(Ok))).await.unwrap();
        drop(tx);
    });
    let mut got = Vec::new();
    while let Ok(value) = rx.try_get() {
        got.push(value);
        all.is_done();
    }
    all.finish();
    got.extend(&rx);
    assert_eq!(got, [1, 2, 3, 4, 5]);
}

/// Rule 7: an item that finds no room is held by the sink, not by the channel; the next has to wait.
fn a_sink_that_is_not_flushed_holds_one_item() {
    let (mut tx, rx) = Chan::fixed(1).split();
    block_on(tx.feed(0)).unwrap();
    block_on(tx.feed(1)).unwrap();
    assert_eq!(rx.stats().len, 1);
    let third = Task::start(tx.feed(2));
    assert_eq!(rx.stats().parked_puts, 1);
    assert_eq!(rx.try_get(), Ok(0));
    assert_eq!(third.finish(), Ok(()));
    assert_eq!(rx.try_get(), Ok(1));
    block_on(tx.flush()).unwrap();
    assert_eq!(rx.try_get(), Ok(2));
}

/// Rule 1: as a dropped put.
fn a_dropped_sink_withdraws_its_item() {
    let c = Chan::new();
    let (mut tx, _rx) = c.clone().split();
    let keeps_open = tx.clone();
    let value = Arc::new(1);
    drop(parked(tx.send(value.clone()), Waker::noop()));
    assert_eq!((c.stats().parked_puts, Arc::strong_count(&value)), (1, 2));
    drop(tx);
    assert_eq!((c.stats().parked_puts, Arc::strong_count(&value)), (0, 1));
    assert!(!keeps_open.is_closed());
    assert_eq!(c.try_get(), Err(TryGetError::Empty));
}

/// Rule 1 and 4.
fn a_sink_on_a_closed_channel_gives_the_item_back() {
    let (mut tx, rx) = Chan::fixed(1).split();
    rx.close();
    assert_eq!(block_on(tx.send(1)), Err(PutError(1)));
    assert_eq!(block_on(tx.feed(2)), Err(PutError(2)));
    assert_eq!(block_on(SinkExt::close(&mut tx)), Ok(()));
}

/// Rule 4: it was parked before.
fn an_item_that_waits_when_the_channel_closes_is_delivered() {
    let (mut tx, rx) = Chan::new().split();
    let send = Task::start(tx.send(1));
    rx.close();
    assert_eq!((rx.try_get(), rx.try_get()), (Ok(1), Err(TryGetError::Closed)));
    assert_eq!(send.finish(), Ok(()));
}

/// Rule 1 and 6.
fn an_item_that_waits_when_the_receivers_go_comes_back() {
    let (mut tx, rx) = Chan::new().split();
    let send = Task::start(tx.send(1));
    drop(rx);
    assert_eq!(send.finish(), Err(PutError(1)));
    assert_eq!(block_on(tx.send(2)), Err(PutError(2)));
}

/// Closing a sink means that everything is out; the channel stays open for other senders.
fn closing_a_sink_flushes() {
    let (mut tx, rx) = Chan::new().split();
    block_on(tx.feed(1)).unwrap();
    let close = Task::start(SinkExt::close(&mut tx));
    assert_eq!((rx.try_get(), rx.is_closed()), (Ok(1), false));
    assert_eq!(close.finish(), Ok(()));
    drop(tx);
    assert!(rx.is_closed());
}

/// Rule 8: an item that there is no place for is a mistake of the caller, not a silent loss.
fn a_sink_refuses_an_item_too_many() {
    fn start(tx: &mut Sender<u32>, item: u32) -> Result<(), PutError<u32>> {
        Pin::new(tx).start_send(item)
    }
    let (mut tx, rx) = Chan::new().split();
    let wakes = Wakes::new();
    start(&mut tx, 1).unwrap();
    assert!(panics(|| start(&mut tx, 2)).contains("poll_ready"));
    let mut flush = parked(tx.flush(), &wakes.waker());
    assert_eq!(rx.try_get(), Ok(1));
    assert_eq!(wakes.count(), 1);
    assert_eq!(ready(flush.as_mut()), Ok(()));
}

/// Rule 4: every form of the blocking iterators.
fn iterators_end_with_the_channel() {
    let filled = || {
        let c = Chan::fixed(3);
        c.add([1, 2, 3]).unwrap();
        c.close();
        c
    };
    let mut got = Vec::new();
    let c = filled();
    for value in &c {
        got.push(value);
    }
    assert_eq!(c.iter().next(), None);
    got.extend(filled().iter());
    got.extend(filled());
    let (_tx, rx) = filled().split();
    got.extend(rx.iter());
    let (_tx, rx) = filled().split();
    got.extend(&rx);
    let (_tx, rx) = filled().split();
    got.extend(rx);
    assert_eq!(got, [1, 2, 3].repeat(6));

    // An iterator that owns a receiver refuses puts once it is gone.
    let (tx, rx) = Chan::fixed(3).split();
    tx.try_put(1).unwrap();
    assert_eq!(rx.into_iter().next(), Some(1));
    assert_eq!(tx.try_put(2), Err(TryPutError::Closed(2)));
    // And it waits.
    let (tx, rx) = Chan::new().split();
    let sum = thread::spawn(move || rx.into_iter().sum::<u32>());
    (1..4).for_each(|n| tx.put_blocking(n).unwrap());
    drop(tx);
    assert_eq!(sum.join().unwrap(), 6);
}
