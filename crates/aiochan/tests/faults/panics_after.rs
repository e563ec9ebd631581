//! Panics that come after an operation has taken effect, or as it ends: what has been done stays done, and what is
//! still to be done is done.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use aiochan::{Buffer, Chan, PutError, Select, TryGetError, select};
use futures_util::{Sink, Stream, StreamExt};

use crate::task::{evil_waker, panics, parked, poll_with, ready};
use crate::{Evil, assert_idle, dropped, in_own_process};

fn noop() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// A waker whose last `Drop` panics.
struct EvilWaker;

impl Wake for EvilWaker {
    fn wake(self: Arc<Self>) {}
}

impl Drop for EvilWaker {
    fn drop(&mut self) {
        panic!("a waker's drop");
    }
}

/// Rules 1 and 5: the put has put, so it is over when it is polled again, and parks nothing.
#[test]
fn a_put_that_panicked_as_it_woke_has_put() {
    let c = Chan::new();
    let mut put = Box::pin(c.put(1));
    let mut get = parked(c.get(), &evil_waker());
    assert_eq!(panics(|| poll_with(put.as_mut(), Waker::noop())), "an evil waker");
    assert_eq!(ready(get.as_mut()), Some(1));
    assert_eq!(ready(put.as_mut()), Ok(()));
    assert_eq!(c.try_get(), Err(TryGetError::Empty));
}

/// Rule 1: a buffer that panics when it is asked has not had the value, which is with the put.
#[test]
fn a_put_whose_buffer_panicked_has_its_value() {
    struct Evil;
    impl Buffer<u32> for Evil {
        fn can_add(&self) -> bool {
            panic!("a buffer")
        }
        fn add(&mut self, _: u32) -> Option<u32> {
            unreachable!("there is no room")
        }
        fn can_take(&self) -> bool {
            false
        }
        fn take(&mut self) -> u32 {
            unreachable!("there is nothing")
        }
        fn len(&self) -> usize {
            0
        }
    }
    let c = Chan::with_buffer(Evil);
    let mut put = Box::pin(c.put(1));
    assert_eq!(panics(|| poll_with(put.as_mut(), Waker::noop())), "a buffer");
    assert_eq!(ready(put.as_mut()), Err(PutError(1)));
}

/// A sink goes on as well; it is always polled again.
#[test]
fn a_sink_goes_on_after_a_panic_of_whom_it_woke() {
    let (mut tx, rx) = Chan::new().split();
    Pin::new(&mut tx).start_send(1).unwrap();
    let mut get = parked(rx.get(), &evil_waker());
    assert_eq!(panics(|| Pin::new(&mut tx).poll_flush(&mut noop())), "an evil waker");
    assert_eq!(ready(get.as_mut()), Some(1));
    assert_eq!(Pin::new(&mut tx).poll_flush(&mut noop()), Poll::Ready(Ok(())));
    assert_eq!(rx.try_get(), Err(TryGetError::Empty));
    Pin::new(&mut tx).start_send(2).unwrap();
    assert!(Pin::new(&mut tx).poll_flush(&mut noop()).is_pending());
    assert_eq!(rx.try_get(), Ok(2));
}

/// Rule 6: the last receiver has gone, whatever became of what its stream gave back.
#[test]
fn the_last_receiver_whose_drop_panics_has_gone() {
    let (tx, mut rx) = Chan::new().split();
    assert!(Pin::new(&mut rx).poll_next(&mut noop()).is_pending());
    tx.try_put(1).unwrap();
    rx.chan().get_with(|_| panic!("a callback")).unwrap();
    assert_eq!(panics(|| drop(rx)), "a callback");
    assert!(tx.is_closed());
    assert_eq!(tx.put_blocking(2), Err(PutError(2)));
}

/// Rule 6: and so has the last sender.
#[test]
fn the_last_sender_whose_drop_panics_has_gone() {
    let (mut tx, rx) = Chan::new().split();
    Pin::new(&mut tx).start_send(1).unwrap();
    let waker = Waker::from(Arc::new(EvilWaker));
    assert!(Pin::new(&mut tx).poll_flush(&mut Context::from_waker(&waker)).is_pending());
    drop(waker);
    assert_eq!(panics(|| drop(tx)), "a waker's drop");
    assert_eq!(rx.get_blocking(), None);
}

/// Rule 5: the first panic goes on; a second one, whatever it is, does nothing.
#[test]
fn of_two_panics_the_second_is_forgotten() {
    /// Panics as it is dropped, by which it would abort the process.
    struct Payload;
    impl Drop for Payload {
        fn drop(&mut self) {
            panic!("a payload's drop");
        }
    }
    let c = Chan::<u32>::new();
    for _ in 0..2 {
        c.get_with(|_| panic_any(Payload)).unwrap();
    }
    let mut last = parked(c.get(), Waker::noop());
    let first = catch_unwind(AssertUnwindSafe(|| c.close())).unwrap_err();
    assert!(first.is::<Payload>());
    std::mem::forget(first);
    assert_eq!(ready(last.as_mut()), None);
}

/// Rule 5: nor does it end the callbacks of its thread.
#[test]
fn a_second_panic_that_uses_a_channel_does_not_end_callbacks() {
    struct Payload(Chan<u32>);
    impl Drop for Payload {
        fn drop(&mut self) {
            let _ = self.0.try_put(1);
        }
    }
    let (outer, inner, used) = (Chan::<u32>::new(), Chan::<u32>::new(), Chan::new());
    used.get_with(|_| ()).unwrap();
    for _ in 0..2 {
        let payload = Payload(used.clone());
        inner.get_with(move |_| panic_any(payload)).unwrap();
    }
    outer.get_with(move |_| assert!(inner.close())).unwrap();
    let first = catch_unwind(AssertUnwindSafe(|| outer.try_put(1))).unwrap_err();
    assert!(first.is::<Payload>());
    drop(first);

    let called = Arc::new(AtomicU32::new(0));
    let calls = called.clone();
    outer
        .get_with(move |_| {
            calls.fetch_add(1, Ordering::Relaxed);
        })
        .unwrap();
    outer.try_put(2).unwrap();
    assert_eq!(called.load(Ordering::Relaxed), 1);
}

/// Rule 2: what is there when a callback asks is its own, though it is called later and the last handle goes before.
#[test]
fn a_callback_that_is_put_off_gets_what_was_there() {
    for c in [Chan::promise(), Chan::from_iter([7])] {
        let (outer, got) = (Chan::<()>::new(), Chan::fixed(1));
        let _ = c.try_put(7);
        let out = got.clone();
        outer
            .get_with(move |_| {
                c.get_with(move |value| out.try_put(value).unwrap()).unwrap();
                drop(c);
            })
            .unwrap();
        outer.try_put(()).unwrap();
        assert_eq!(got.try_get(), Ok(Some(7)));
    }
}

/// Rule 5: two panics as a put is withdrawn, of its waker and of a join's, are not two at once.
#[test]
fn a_withdrawn_waker_and_a_join_may_both_panic() {
    let c = Chan::new();
    let waker = Waker::from(Arc::new(EvilWaker));
    let put = parked(c.put(1), &waker);
    drop(waker);
    c.close();
    let mut join = parked(c.join(), &evil_waker());
    assert_eq!(panics(|| drop(put)), "an evil waker");
    ready(join.as_mut());
}

/// The same where the value panics as well, for it is dropped as the first panic goes on.
#[test]
fn so_may_the_value() {
    in_own_process("panics_after::so_may_the_value", || {
        let c = Chan::new();
        let put = parked(c.put(Evil(0)), Waker::noop());
        c.close();
        let mut join = parked(c.join(), &evil_waker());
        assert_eq!(panics(|| drop(put)), "an evil waker");
        ready(join.as_mut());
        assert_eq!(dropped(), [0]);

        // What a sink has accepted: that waits, and that has not been polled.
        for waits in [true, false] {
            let (mut tx, rx) = Chan::new().split();
            assert!(Pin::new(&mut tx).start_send(Evil(0)).is_ok());
            assert!(!waits || Pin::new(&mut tx).poll_flush(&mut noop()).is_pending());
            let (mut told, first) = if waits {
                rx.close();
                (parked(rx.chan().join(), &evil_waker()), "an evil waker")
            } else {
                (parked(rx.chan().closed(), &evil_waker()), "an evil drop")
            };
            assert_eq!(panics(|| drop(tx)), first);
            ready(told.as_mut());
            assert_eq!(dropped(), [0]);
        }
    });
}

/// Rule 5: a waker that panics as it is dropped with an operation that a panic drops is not a second one.
#[test]
fn a_waker_may_panic_as_a_panic_drops_its_operation() {
    /// Polls once, and goes in a panic.
    fn goes<F: Future>(future: F) {
        let message = panics(|| {
            let waker = Waker::from(Arc::new(EvilWaker));
            let _parked = parked(future, &waker);
            drop(waker);
            panic!("the task");
        });
        assert_eq!(message, "the task");
    }
    in_own_process("panics_after::a_waker_may_panic_as_a_panic_drops_its_operation", || {
        let c = Chan::new();
        goes(c.get());
        goes(c.put(1));
        goes(c.join());
        goes(c.closed());
        goes(Select::new().get(&c).put(&Chan::new(), 1).into_future());
        goes(async {
            select! { got = c.get() => got }
        });
        goes(c.get_many(&mut Vec::new(), 2));
        goes(c.put_many(&mut VecDeque::from([1, 2])));
        goes(async { c.stream().next().await });
        assert_idle(&c);
    });
}

/// Rule 5: two values that one put evicts, since one had been given back.
#[test]
fn two_evicted_values_that_panic() {
    in_own_process("panics_after::two_evicted_values_that_panic", || {
        let c = Chan::sliding(1);
        assert!(c.try_put(Some(Evil(0))).is_ok());
        let lease = c.try_lease().unwrap();
        assert!(c.try_put(Some(Evil(1))).is_ok());
        drop(lease);
        assert_eq!(panics(|| c.try_put(None)), "an evil drop");
        assert_eq!(dropped(), [0, 1]);
        assert_eq!((c.try_get(), c.stats().evicted), (Ok(None), 2));
    });
}

/// Rule 1: what `put_many` has not put stays with its owner, though a join that this ends panics.
#[test]
fn a_put_many_that_panics_as_it_is_dropped_gives_back_its_values() {
    let (c, mut values) = (Chan::new(), VecDeque::from([1, 2]));
    let mut put_many = Box::pin(c.put_many(&mut values));
    assert!(poll_with(put_many.as_mut(), Waker::noop()).is_pending());
    c.close();
    let mut join = parked(c.join(), &evil_waker());
    assert_eq!(panics(|| drop(put_many)), "an evil waker");
    ready(join.as_mut());
    assert_eq!(values, [1, 2]);

    let c = Chan::new();
    let waker = Waker::from(Arc::new(EvilWaker));
    let put_many = parked(c.put_many(&mut values), &waker);
    drop(waker);
    assert_eq!(panics(|| drop(put_many)), "a waker's drop");
    assert_eq!(values, [1, 2]);
}
