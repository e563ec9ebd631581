//! Orders to a worker that starts when it is first needed: the side of the handles that give them, and
//! the worker's.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use crate::chan::Chan;
use crate::error::TryPutError;
use crate::feed::Feed;
use crate::state::Reason;

/// The handles' side.
pub(crate) struct Control<C>(Arc<Handles<C>>);

struct Handles<C> {
    orders: Feed<C>,
    /// What starts the worker, until it is started.
    start: Mutex<Option<Box<dyn FnOnce() + Send>>>,
    farewell: fn() -> C,
}

impl<C: Send + 'static> Control<C> {
    /// `start` is to start the worker. `farewell` makes the order that says that all handles have gone.
    pub(crate) fn new(farewell: fn() -> C, start: impl FnOnce(Orders<C>) + Send + 'static) -> Self {
        let orders = Chan::unbounded();
        let feed = orders.feed();
        let start: Box<dyn FnOnce() + Send> = Box::new(move || start(Orders(orders)));
        Self(Arc::new(Handles { orders: feed, start: Mutex::new(Some(start)), farewell }))
    }

    /// Gives an order, and starts the worker if it is not yet. The order comes back if the worker has ended.
    pub(crate) fn start(&self, order: C) -> Result<(), C> {
        let result = self.0.orders.try_put(order).map_err(TryPutError::into_inner);
        let start = self.0.start().take();
        if let Some(start) = start {
            start();
        }
        result
    }

    /// Gives an order to a worker that there is already, and has not ended.
    pub(crate) fn order(&self, order: C) {
        if self.0.start().is_none() {
            let _ = self.0.orders.try_put(order);
        }
    }

    /// Gives the last order. A worker that has not been started never will be.
    pub(crate) fn stop(&self, order: C) {
        let start = self.0.start().take();
        drop(start);
        let _ = self.0.orders.try_put(order);
    }

    /// Why the worker has ended.
    pub(crate) fn reason(&self) -> Option<Reason> {
        self.0.orders.chan().close_reason()
    }
}

impl<C> Handles<C> {
    /// Nothing but taking it out happens under this lock.
    fn start(&self) -> MutexGuard<'_, Option<Box<dyn FnOnce() + Send>>> {
        self.start.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C> Clone for Control<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C> Drop for Handles<C> {
    fn drop(&mut self) {
        let _ = self.orders.try_put((self.farewell)());
    }
}

/// The worker's side. When it goes, orders come back to those who give them.
pub(crate) struct Orders<C>(Chan<C>);

/// What a worker finds to do.
pub(crate) enum Event<C, R> {
    Order(C),
    Work(R),
}

impl<C> Orders<C> {
    /// An order that is there.
    pub(crate) fn now(&self) -> Option<C> {
        self.0.try_get().ok()
    }

    /// Waits for an order, or for what `work` comes to. An order that is there comes first.
    pub(crate) async fn or<R>(
        &self,
        mut work: impl FnMut(&mut Context<'_>) -> Poll<R>,
    ) -> Event<C, R> {
        if let Some(order) = self.now() {
            return Event::Order(order);
        }
        // It is not polled, and so takes no lock, while there is work.
        let mut order = pin!(self.0.get());
        let mut waits = false;
        poll_fn(|cx| {
            if !waits && let Poll::Ready(result) = work(cx) {
                return Poll::Ready(Event::Work(result));
            }
            if let Poll::Ready(order) = order.as_mut().poll(cx) {
                let order = order.expect("only `end` closes the channel of orders");
                return Poll::Ready(Event::Order(order));
            }
            if waits {
                return work(cx).map(Event::Work);
            }
            waits = true;
            Poll::Pending
        })
        .await
    }

    /// A way to give orders that is no handle.
    pub(crate) fn feed(&self) -> Feed<C> {
        self.0.feed()
    }

    /// No more orders: those that came too late.
    pub(crate) fn end(self, reason: Option<Reason>) -> impl Iterator<Item = C> {
        self.0.close_as(reason);
        std::iter::from_fn(move || self.now())
    }
}
