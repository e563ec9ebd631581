//! Polling by hand: futures on the thread of the case, with wakers that count, or do mischief.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use crate::watch::wait_until;

/// A future that has been polled at least once, and then only when it was woken.
pub(crate) struct Task<'a, R> {
    future: Option<Pin<Box<dyn Future<Output = R> + 'a>>>,
    wakes: Arc<Wakes>,
    /// How many wakes had come before the latest poll.
    seen: usize,
    result: Option<R>,
}

impl<'a, R> Task<'a, R> {
    /// Polls `future` once.
    pub(crate) fn start(future: impl Future<Output = R> + 'a) -> Self {
        let future: Pin<Box<dyn Future<Output = R> + 'a>> = Box::pin(future);
        let mut task = Self { future: Some(future), wakes: Wakes::new(), seen: 0, result: None };
        task.poll();
        task
    }

    fn poll(&mut self) {
        self.seen = self.wakes.count();
        let Some(future) = &mut self.future else { return };
        if let Poll::Ready(result) = poll_with(future.as_mut(), &self.wakes.waker()) {
            self.result = Some(result);
            self.future = None;
        }
    }

    /// Whether it has completed; polls it if it was woken.
    pub(crate) fn is_done(&mut self) -> bool {
        if self.result.is_none() && self.is_woken() {
            self.poll();
        }
        self.result.is_some()
    }

    /// Whether it was done when it was polled last.
    pub(crate) fn is_over(&self) -> bool {
        self.future.is_none()
    }

    /// Whether it has been woken since it was polled last.
    pub(crate) fn is_woken(&self) -> bool {
        self.wakes.count() > self.seen
    }

    /// The result. The future must have been woken, or be about to be by another thread.
    #[track_caller]
    pub(crate) fn finish(mut self) -> R {
        wait_until("the operation is woken and completes", || self.is_done());
        self.result.take().expect("it is done")
    }
}

/// A waker that counts.
pub(crate) struct Wakes(AtomicUsize);

impl Wakes {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicUsize::new(0)))
    }

    pub(crate) fn waker(self: &Arc<Self>) -> Waker {
        Waker::from(self.clone())
    }

    pub(crate) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// A waker that calls `f`.
pub(crate) fn waker(f: impl Fn() + Send + Sync + 'static) -> Waker {
    struct Calls<F>(F);
    impl<F: Fn() + Send + Sync + 'static> Wake for Calls<F> {
        fn wake(self: Arc<Self>) {
            (self.0)();
        }
    }
    Waker::from(Arc::new(Calls(f)))
}

/// A waker that panics.
pub(crate) fn evil_waker() -> Waker {
    waker(|| panic!("an evil waker"))
}

pub(crate) fn poll_with<F: Future + ?Sized>(future: Pin<&mut F>, waker: &Waker) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(waker))
}

/// Polls `future` once with `waker` and expects it to wait.
#[track_caller]
pub(crate) fn parked<'a, F: Future + 'a>(future: F, waker: &Waker) -> Pin<Box<F>> {
    let mut future = Box::pin(future);
    assert!(poll_with(future.as_mut(), waker).is_pending(), "it was to wait");
    future
}

/// Polls a future that is ready.
#[track_caller]
pub(crate) fn ready<F: Future + ?Sized>(future: Pin<&mut F>) -> F::Output {
    match poll_with(future, Waker::noop()) {
        Poll::Ready(result) => result,
        Poll::Pending => panic!("it was to be ready"),
    }
}

/// Runs a future to its end on this thread.
pub(crate) fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = std::pin::pin!(future);
    let thread = thread::current();
    let waker = waker(move || thread.unpark());
    loop {
        match poll_with(future.as_mut(), &waker) {
            Poll::Ready(result) => return result,
            Poll::Pending => thread::park(),
        }
    }
}

/// Runs `f`, which is to panic, and says with what message.
#[track_caller]
pub(crate) fn panics<R>(f: impl FnOnce() -> R) -> String {
    match catch_unwind(AssertUnwindSafe(f)) {
        Ok(_) => panic!("it was to panic"),
        Err(panic) => message(panic.as_ref()),
    }
}

fn message(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}
