//! Orders to a worker that starts when it is first needed: the side of the handles that give them, and
//! the worker's.

use std::future::{pending, poll_fn};
use std::mem;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::{thread, vec};

use crate::feed::Feed;
use crate::output::dropped;
use crate::spawn::nop;
use crate::state::Reason;

/// What handles can ask of a worker.
pub(crate) trait Order: Sized {
    /// All handles have gone.
    const FAREWELL: Self;

    /// This came after the end.
    fn refuse(self, reason: Option<Reason>);

    /// Takes out of the `orders` that wait those that have become pointless. This runs under a lock: no
    /// user code, so the keys of topics are not compared, nor anything dropped.
    fn prune(orders: &mut Vec<Self>) -> Vec<Self>;
}

/// A worker that obeys orders, and besides passes values on.
pub(crate) trait Worker {
    type Order: Order;

    fn is_done(&self) -> bool;

    fn obey(&mut self, order: Self::Order, orders: &Orders<Self::Order>);

    /// Reads a value, once it can be passed on; `false` if there will be none. The worker keeps it itself:
    /// a panic in `obey` is not to drop it.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<bool>;

    /// Passes the value on.
    fn give(&mut self);
}

/// So many orders may wait before pointless ones are looked for.
const CROWD: usize = 1024;
/// After so many orders the executor has its turn.
const SLICE: usize = 64;

/// The handles' side.
pub(crate) struct Control<C: Order>(Arc<Handles<C>>);

struct Handles<C: Order> {
    queue: Arc<Queue<C>>,
    /// What starts the worker, until it is started.
    start: Mutex<Option<Box<dyn FnOnce() + Send>>>,
}

impl<C: Order> Control<C> {
    /// `start` is to start the worker.
    pub(crate) fn new(start: impl FnOnce(Orders<C>) + Send + 'static) -> Self
    where
        C: Send + 'static,
    {
        let queue = Arc::new(Queue::new());
        let orders = Orders { queue: queue.clone(), batch: Vec::new().into_iter() };
        let start: Box<dyn FnOnce() + Send> = Box::new(move || start(orders));
        Self(Arc::new(Handles { queue, start: Mutex::new(Some(start)) }))
    }

    /// Gives an order, and starts the worker if it is not yet. It is refused if the worker has ended.
    pub(crate) fn start(&self, order: C) {
        let result = self.0.queue.give(order);
        let start = self.0.start().take();
        if let Some(start) = start {
            start();
        }
        if let Err(late) = result {
            late.refuse(self.0.queue.lock().ended.clone().flatten());
        }
    }

    /// Gives an order to a worker that there is already, and has not ended.
    pub(crate) fn order(&self, order: C) {
        if self.0.start().is_none() {
            let _ = self.0.queue.give(order);
        }
    }

    /// Gives the last order. A worker that has not been started never will be.
    pub(crate) fn stop(&self, order: C) {
        let start = self.0.start().take();
        if start.is_some() {
            self.0.queue.end(None);
        } else {
            let _ = self.0.queue.give(order);
        }
    }

    /// Whether the worker has ended.
    pub(crate) fn has_ended(&self) -> bool {
        self.0.queue.lock().ended.is_some()
    }
}

impl<C: Order> Handles<C> {
    /// Nothing but taking it out happens under this lock.
    fn start(&self) -> MutexGuard<'_, Option<Box<dyn FnOnce() + Send>>> {
        self.start.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Order> Clone for Control<C> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<C: Order> Drop for Handles<C> {
    fn drop(&mut self) {
        let _ = self.queue.give(C::FAREWELL);
    }
}

/// The orders that wait.
///
/// It cannot refuse one. But of what a program has dropped meanwhile nothing stays, and whoever gives orders
/// faster than they can be obeyed lets others have the processor.
pub(crate) struct Queue<C> {
    /// Whether there are any: what a worker looks at before each value.
    any: AtomicBool,
    waiting: Mutex<Waiting<C>>,
}

struct Waiting<C> {
    orders: Vec<C>,
    /// So many are to be pruned.
    crowd: usize,
    worker: Option<Waker>,
    /// The worker has ended, with a reason if it has one.
    ended: Option<Option<Reason>>,
}

impl<C: Order> Queue<C> {
    fn new() -> Self {
        let waiting = Waiting { orders: Vec::new(), crowd: CROWD, worker: None, ended: None };
        Self { any: AtomicBool::new(false), waiting: Mutex::new(waiting) }
    }

    /// No user code runs under this lock.
    fn lock(&self) -> MutexGuard<'_, Waiting<C>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an order, which comes back if the worker has ended.
    pub(crate) fn give(&self, order: C) -> Result<(), C> {
        let mut waiting = self.lock();
        if waiting.ended.is_some() {
            return Err(order);
        }
        waiting.orders.push(order);
        self.any.store(true, Ordering::Release);
        let mut pointless = Vec::new();
        if waiting.orders.len() >= waiting.crowd {
            pointless = C::prune(&mut waiting.orders);
            waiting.crowd = CROWD.max(2 * waiting.orders.len());
        }
        let too_fast = waiting.orders.len() > CROWD;
        let worker = waiting.worker.take();
        drop(waiting);
        drop(pointless);
        if let Some(worker) = worker {
            worker.wake();
        }
        if too_fast {
            thread::yield_now();
        }
        Ok(())
    }

    fn take(&self) -> Vec<C> {
        if !self.any.load(Ordering::Acquire) {
            return Vec::new();
        }
        let mut waiting = self.lock();
        self.any.store(false, Ordering::Relaxed);
        waiting.crowd = CROWD;
        mem::take(&mut waiting.orders)
    }

    fn poll(&self, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let mut waiting = self.lock();
        if !waiting.orders.is_empty() {
            drop(waiting);
            return Poll::Ready(());
        }
        let old = waiting.worker.replace(waker);
        drop(waiting);
        drop(old);
        Poll::Pending
    }

    /// Waits for what `work` comes to; `None` if there are orders.
    async fn or<R>(&self, mut work: impl FnMut(&mut Context<'_>) -> Poll<R>) -> Option<R> {
        let mut waits = false;
        poll_fn(|cx| {
            if mem::replace(&mut waits, true) {
                return match self.poll(cx) {
                    Poll::Ready(()) => Poll::Ready(None),
                    Poll::Pending => work(cx).map(Some),
                };
            }
            // There were no orders a moment ago. Should there be more already, they come after the executor
            // has had its turn.
            let result = work(cx).map(Some);
            if result.is_pending() && self.poll(cx).is_ready() {
                cx.waker().wake_by_ref();
            }
            result
        })
        .await
    }

    fn end(&self, reason: Option<Reason>) {
        let mut waiting = self.lock();
        if waiting.ended.is_none() {
            waiting.ended = Some(reason.clone());
        }
        let (late, worker) = (mem::take(&mut waiting.orders), waiting.worker.take());
        drop(waiting);
        drop(worker);
        late.into_iter().for_each(|order| order.refuse(reason.clone()));
    }
}

/// The worker's side. When it goes, orders are refused.
pub(crate) struct Orders<C: Order> {
    queue: Arc<Queue<C>>,
    /// Those that are to be obeyed before the next value.
    batch: vec::IntoIter<C>,
}

impl<C: Order> Orders<C> {
    /// A way to give orders that is no handle.
    pub(crate) fn queue(&self) -> &Arc<Queue<C>> {
        &self.queue
    }

    /// Has `worker` do what there is to do, until it is done or there is nothing to read any more.
    ///
    /// An order that was given before a value was put is obeyed before the value is passed on. However many
    /// orders there are, values have their turn, and so has the executor.
    pub(crate) async fn serve(&mut self, worker: &mut impl Worker<Order = C>) {
        self.obey(worker).await;
        while !worker.is_done() {
            let read = self.queue.or(|cx| worker.poll_read(cx)).await;
            self.obey(worker).await;
            match read {
                Some(true) => worker.give(),
                Some(false) => return,
                None => {}
            }
        }
    }

    /// Has the orders obeyed that are there now.
    async fn obey(&mut self, worker: &mut impl Worker<Order = C>) {
        self.batch = self.queue.take().into_iter();
        while let Some(order) = self.batch.next() {
            worker.obey(order, self);
            if self.batch.len() % SLICE == SLICE - 1 {
                nop().await;
            }
        }
    }

    /// No more orders: those that came too late are refused.
    pub(crate) fn end(&mut self, reason: &Option<Reason>) {
        self.queue.end(reason.clone());
        mem::take(&mut self.batch).for_each(|late| late.refuse(reason.clone()));
    }
}

impl<C: Order> Drop for Orders<C> {
    fn drop(&mut self) {
        self.end(&Some(Arc::from(Box::from(dropped()))));
    }
}

/// Waits until `source` is closed and nothing is left in it: there is nothing to read, though nobody has the
/// time to look. A promise never gets there.
pub(crate) async fn exhausted<T>(source: Feed<T>) {
    source.chan().join().await;
    if !source.chan().is_empty() {
        pending().await
    }
}
