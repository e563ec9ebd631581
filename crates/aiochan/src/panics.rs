//! Panics of user code, caught so that they neither abort the process nor take anybody along: those of a
//! call or a future, and those of what is dropped afterwards, which would be a second panic.

use std::any::Any;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker, ready};
use std::{mem, thread};

use pin_project_lite::pin_project;

use crate::error::Panicked;
use crate::state::Reason;

/// What `f` returns, or its panic.
pub(crate) fn caught<R>(f: impl FnOnce() -> R) -> thread::Result<R> {
    catch_unwind(AssertUnwindSafe(f))
}

/// Drops `value`. Should that panic, nobody is there whom it would concern.
pub(crate) fn discard<T>(value: T) {
    if let Err(panic) = caught(|| drop(value)) {
        // It may be anything, a value whose `Drop` panics too.
        mem::forget(panic);
    }
}

/// Wakes `waker`, and panics neither then nor when it is dropped: for those who have others to wake.
pub(crate) fn calm(waker: &Waker) -> Waker {
    Waker::from(Arc::new(Calm(Some(waker.clone()))))
}

/// It is there until it is dropped.
struct Calm(Option<Waker>);

impl Wake for Calm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        discard(caught(|| self.0.as_ref().map(Waker::wake_by_ref)));
    }
}

impl Drop for Calm {
    fn drop(&mut self) {
        discard(self.0.take());
    }
}

/// The reason that a panic is.
pub(crate) fn cause(panic: Box<dyn Any + Send>) -> Reason {
    if let Some(reason) = panic.downcast_ref::<Reason>() {
        return reason.clone();
    }
    let reason = Arc::new(Panicked::new(&*panic));
    discard(panic);
    reason
}

/// `value` with `f` of it. If that panics `value` is dropped first, and the panic goes on.
pub(crate) fn along<T, R>(mut value: T, f: impl FnOnce(&mut T) -> R) -> (T, R) {
    match caught(|| f(&mut value)) {
        Ok(result) => (value, result),
        Err(panic) => {
            discard(value);
            resume_unwind(panic);
        }
    }
}

/// `f` of `value`, which is dropped then, also by a panic; or the first panic of both.
pub(crate) fn last_use<T, R>(mut value: T, f: impl FnOnce(&mut T) -> R) -> thread::Result<R> {
    let result = caught(|| f(&mut value));
    first_panic(result, caught(|| drop(value)))
}

/// What something came to whose remains have been dropped since.
pub(crate) fn first_panic<R>(
    result: thread::Result<R>,
    dropped: thread::Result<()>,
) -> thread::Result<R> {
    match (result, dropped) {
        (Ok(output), Err(panic)) => {
            discard(output);
            Err(panic)
        }
        (result, Ok(())) => result,
        (Err(first), Err(second)) => {
            mem::forget(second);
            Err(first)
        }
    }
}

/// The items of `iter`. If it panics those that there are are dropped first, and the panic goes on.
pub(crate) fn list<T>(mut iter: impl Iterator<Item = T>) -> Vec<T> {
    let mut list = Vec::new();
    let listed = caught(|| list.extend(iter.by_ref()));
    // It may have others inside.
    let dropped = caught(|| drop(iter));
    if let Err(panic) = first_panic(listed, dropped) {
        list.into_iter().for_each(discard);
        resume_unwind(panic);
    }
    list
}

/// `value`, `n` times.
pub(crate) fn copies<T: Clone>(value: T, n: usize) -> Vec<T> {
    let others = n.saturating_sub(1);
    let (value, mut copies) = along(value, |value| list((0..others).map(|_| value.clone())));
    if n > 0 {
        copies.push(value);
    }
    copies
}

/// A value that may be dropped next to others, or by a panic: should its `Drop` panic then, that goes on
/// only if no other panic is under way, for two would abort the process.
pub(crate) struct Apart<T>(Option<T>);

impl<T> Apart<T> {
    #[inline]
    pub(crate) fn new(value: T) -> Self {
        Self(Some(value))
    }

    #[inline]
    pub(crate) fn into_inner(mut self) -> T {
        let value = self.0.take().expect(WHOLE);
        // Nothing is left in it, and asking takes longer.
        mem::forget(self);
        value
    }
}

const WHOLE: &str = "it is there until it is dropped";

impl<T> Deref for Apart<T> {
    type Target = T;

    #[inline]
    fn deref(&self) -> &T {
        self.0.as_ref().expect(WHOLE)
    }
}

impl<T> DerefMut for Apart<T> {
    #[inline]
    fn deref_mut(&mut self) -> &mut T {
        self.0.as_mut().expect(WHOLE)
    }
}

impl<T> Drop for Apart<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(value) = self.0.take_if(|_| thread::panicking()) {
            discard(value);
        }
    }
}

pin_project! {
    /// A future whose panics are its output: those of its polls and, once it is done, of its `Drop`. Those
    /// of dropping it before are nobody's.
    pub(crate) struct Caught<F> {
        #[pin]
        future: Option<F>,
    }

    impl<F> PinnedDrop for Caught<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut future = this.project().future;
            if future.is_some() && let Err(panic) = caught(|| future.set(None)) {
                mem::forget(panic);
            }
        }
    }
}

impl<F> Caught<F> {
    pub(crate) fn new(future: F) -> Self {
        Self { future: Some(future) }
    }
}

impl<F: Future> Future for Caught<F> {
    type Output = thread::Result<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut future = self.project().future;
        let polled = caught(|| {
            future.as_mut().as_pin_mut().expect("it was polled after it had completed").poll(cx)
        });
        let result = match polled {
            Ok(poll) => Ok(ready!(poll)),
            Err(panic) => Err(panic),
        };
        Poll::Ready(first_panic(result, caught(|| future.set(None))))
    }
}
