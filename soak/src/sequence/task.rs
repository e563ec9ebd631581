//! An operation that may wait, and whether it has been woken.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use crate::model::Told;

pub(super) struct Task {
    future: Pin<Box<dyn Future<Output = Told>>>,
    alarm: Arc<Alarm>,
    /// The channel of the stream that it is. It can be polled again when it is ready, for the next value.
    pub(super) stream_of: Option<usize>,
}

#[derive(Default)]
struct Alarm(AtomicBool);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        assert!(!self.0.swap(true, Ordering::Relaxed), "it was woken twice");
    }
}

impl Task {
    pub(super) fn new(future: impl Future<Output = Told> + 'static) -> Self {
        Self { future: Box::pin(future), alarm: Arc::default(), stream_of: None }
    }

    pub(super) fn poll(&mut self) -> Told {
        self.alarm.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(self.alarm.clone());
        match self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(told) => told,
            Poll::Pending => Told::Waits,
        }
    }

    pub(super) fn is_woken(&self) -> bool {
        self.alarm.0.load(Ordering::Relaxed)
    }
}
