//! Wakers that panic as they are cloned or dropped: the operation is as it was, or over, and the channel
//! goes on.

use std::collections::VecDeque;
use std::mem::forget;
use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{RawWakerVTable, Wake, Waker};
use std::time::Duration;

use aiochan::{Chan, Select, TryGetError, timeout};
use futures_util::StreamExt;

use crate::assert_idle;
use crate::task::{panics, parked, poll_with, ready, waker};

/// A waker that cannot be cloned.
fn unique() -> Waker {
    const TABLE: RawWakerVTable =
        RawWakerVTable::new(|_| panic!("a waker's clone"), |_| (), |_| (), |_| ());
    // SAFETY: it has no data, so nothing can be wrong with that, on any thread.
    unsafe { Waker::new(ptr::null(), &TABLE) }
}

/// Polls once with a waker that cannot be cloned.
#[track_caller]
fn poll_uncloned<F: Future>(future: F) -> std::pin::Pin<Box<F>> {
    let mut future = Box::pin(future);
    let message = panics(|| poll_with(future.as_mut(), &unique()));
    assert_eq!(message, "a waker's clone");
    future
}

/// Rules 1 and 5: a get that could not be parked is not; polled again, it is.
#[test]
fn a_get_whose_waker_cannot_be_cloned() {
    for c in [Chan::new(), Chan::fixed(1), Chan::promise()] {
        let mut get = poll_uncloned(c.get());
        assert_idle(&c);
        assert!(poll_with(get.as_mut(), Waker::noop()).is_pending());
        // Nor is one that is parked already lost.
        assert_eq!(panics(|| poll_with(get.as_mut(), &unique())), "a waker's clone");
        c.try_put(1).unwrap();
        assert_eq!(ready(get.as_mut()), Some(1));
    }
}

/// Rules 1 and 5: its value stays with a put.
#[test]
fn a_put_whose_waker_cannot_be_cloned() {
    let c = Chan::new();
    let mut put = poll_uncloned(c.put(1));
    assert_idle(&c);
    assert!(poll_with(put.as_mut(), Waker::noop()).is_pending());
    assert_eq!(panics(|| poll_with(put.as_mut(), &unique())), "a waker's clone");
    assert_eq!((c.try_get(), ready(put.as_mut())), (Ok(1), Ok(())));

    let mut values = VecDeque::from([1, 2]);
    drop(poll_uncloned(c.put_many(&mut values)));
    assert_eq!(values, [1, 2]);
    assert_idle(&c);
    let mut put_many = parked(c.put_many(&mut values), Waker::noop());
    assert_eq!(panics(|| poll_with(put_many.as_mut(), &unique())), "a waker's clone");
    drop(put_many);
    assert_eq!(values, [1, 2]);
    assert_idle(&c);
}

/// Rules 2 and 5: no arm is left behind.
#[test]
fn a_select_whose_waker_cannot_be_cloned() {
    let (a, b) = (Chan::new(), Chan::new());
    let select = poll_uncloned(Select::new().get(&a).put(&b, 2).into_future());
    [&a, &b].into_iter().for_each(assert_idle);
    a.try_put(1).unwrap_err();
    assert_eq!(b.try_get(), Err(TryGetError::Empty));
    drop(select);

    let mut select = parked(Select::new().get(&a).put(&b, 2).into_future(), Waker::noop());
    assert_eq!(panics(|| poll_with(select.as_mut(), &unique())), "a waker's clone");
    drop(select);
    [&a, &b].into_iter().for_each(assert_idle);
}

/// Rule 5, of all else that waits.
#[test]
fn whoever_waits_for_the_end_with_a_waker_that_cannot_be_cloned() {
    let c = Chan::<u32>::new();
    let (mut join, mut closed) = (poll_uncloned(c.join()), poll_uncloned(c.closed()));
    let mut stream = c.stream();
    drop(poll_uncloned(stream.next()));
    c.close();
    ready(join.as_mut());
    ready(closed.as_mut());
    assert_eq!(ready(Box::pin(stream.next()).as_mut()), None);
}

/// Its `Drop` panics; its wake does not.
struct EvilWaker;

impl Wake for EvilWaker {
    fn wake(self: Arc<Self>) {
        forget(self);
    }
}

impl Drop for EvilWaker {
    fn drop(&mut self) {
        panic!("a waker's drop");
    }
}

/// A future that waits, and has the only waker.
#[track_caller]
fn parked_evilly<'a, F: Future + 'a>(future: F) -> std::pin::Pin<Box<F>> {
    let waker = Waker::from(Arc::new(EvilWaker));
    parked(future, &waker)
}

/// Rules 1 and 5: the panic is the caller's; the operation waits on, with the new waker.
#[test]
fn a_replaced_waker_whose_drop_panics() {
    let c = Chan::new();
    let mut get = parked_evilly(c.get());
    let message = panics(|| poll_with(get.as_mut(), Waker::noop()));
    assert_eq!(message, "a waker's drop");
    assert_eq!(c.stats().parked_gets, 1);
    c.try_put(1).unwrap();
    assert_eq!(ready(get.as_mut()), Some(1));
}

/// Rules 1, 2 and 5: the operation is withdrawn all the same.
#[test]
fn a_withdrawn_waker_whose_drop_panics() {
    let (c, other) = (Chan::new(), Chan::new());
    let drops: [Box<dyn FnOnce()>; 6] = [
        Box::new(|| drop(parked_evilly(c.get()))),
        Box::new(|| drop(parked_evilly(c.put(1)))),
        Box::new(|| drop(parked_evilly(c.join()))),
        Box::new(|| drop(parked_evilly(c.closed()))),
        Box::new(|| drop(parked_evilly(Select::new().get(&other).put(&c, 1).into_future()))),
        Box::new(|| drop(parked_evilly(Box::pin(async { c.stream().next().await })))),
    ];
    for drop in drops {
        assert_eq!(panics(drop), "a waker's drop");
        assert_idle(&c);
        assert_idle(&other);
    }
    c.close();
}

/// Rule 5: so it is where a worker puts what it was told to: its own business goes on, and so do other clocks.
#[test]
fn a_timeout_closes_whatever_its_waiters_wakers_do() {
    let woken = Arc::new(AtomicBool::new(false));
    let told = woken.clone();
    let evil = waker(move || {
        told.store(true, Ordering::Relaxed);
        panic!("an evil waker");
    });
    // Again if it is over before anybody could wait for it.
    let (c, mut closed) = loop {
        let c = timeout(Duration::from_millis(1));
        let own = c.clone();
        let mut closed = Box::pin(async move { own.closed().await });
        if poll_with(closed.as_mut(), &evil).is_pending() {
            break (c, closed);
        }
    };
    crate::watch::wait_until("it is woken", || woken.load(Ordering::Relaxed));
    ready(closed.as_mut());
    assert!(c.is_closed() && c.close_reason().is_none());
    assert_eq!(timeout(Duration::from_millis(1)).get_blocking(), None);
}
