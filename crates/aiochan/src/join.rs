//! Waiting for a channel's end: until it is closed, or until it is exhausted as well.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::first_panic::FirstPanic;
use crate::shared::Shared;
use crate::state::Until;
use crate::waiter::{Phase, Waiter, Wake};

pin_project! {
    /// The future of [`Chan::join`](crate::Chan::join) and [`Chan::closed`](crate::Chan::closed).
    #[must_use = "a join does nothing until it is awaited"]
    pub struct Join<'a, T> {
        shared: &'a Shared<T>,
        until: Until,
        #[pin]
        waiter: Waiter<()>,
    }

    impl<T> PinnedDrop for Join<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            if this.waiter.phase() == Phase::Waiting {
                let until = this.until;
                let waker = this.shared.act(|state, _| state.joins(until).remove(&this.waiter));
                let mut panics = FirstPanic::default();
                panics.catch(|| drop(waker));
                panics.go_on();
            }
        }
    }
}

impl<'a, T> Join<'a, T> {
    pub(crate) fn new(shared: &'a Shared<T>, until: Until) -> Self {
        Self { shared, until, waiter: Waiter::new(None) }
    }
}

impl<T> Future for Join<'_, T> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let (waiter, until) = (this.waiter.as_ref(), *this.until);
        let waker = cx.waker().clone();
        let (done, old) = this.shared.act(|state, fx| match waiter.phase() {
            Phase::Waiting => (false, state.joins(until).set_waker(&waiter, waker)),
            Phase::Idle if !state.has_reached(until, fx) => {
                state.joins(until).push(waiter, Wake::Task(waker));
                (false, Wake::Nobody)
            }
            _ => (true, Wake::Task(waker)),
        });
        drop(old);
        if done { Poll::Ready(()) } else { Poll::Pending }
    }
}
