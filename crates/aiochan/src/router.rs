//! The worker of a `Pub`: it finds each value's topic and puts it there. A topic is a channel that is
//! duplicated.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::hash::Hash;
use std::mem;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::thread;

use futures_core::Stream;

use crate::adapt::Budget;
use crate::buffer::Buf;
use crate::chan::Chan;
use crate::control::{self, Control, Orders, Queue, Worker, exhausted};
use crate::error::{Panicked, TryPutError};
use crate::fan::{self, Tap, fan_out};
use crate::feed::Feed;
use crate::output::{Output, dropped, unwound};
use crate::panics::{Caught, along, caught, cause, discard};
use crate::state::Reason;
use crate::stream::Items;

/// What the handles can ask for.
pub(crate) enum Order<T, K> {
    Sub(K, Output<T>),
    Unsub(K, Feed<T>),
    /// Of a topic, or of all.
    UnsubAll(Option<K>),
    Close,
    /// All handles have gone.
    Abandoned,
    /// The last subscriber of a topic has left, if nobody has subscribed since.
    Idle(K),
}

impl<T, K> control::Order for Order<T, K> {
    const FAREWELL: Self = Self::Abandoned;

    fn refuse(self, reason: Option<Reason>) {
        if let Self::Sub(_, output) = self {
            output.end(reason);
        }
    }

    /// Those of a subscriber that is closed, and those before all are unsubscribed.
    fn prune(orders: &mut Vec<Self>) -> Vec<Self> {
        let all = orders.iter().rposition(|order| matches!(order, Self::UnsubAll(None)));
        let mut place = 0..;
        let is_pointless = |order: &mut Self| {
            let before = place.next() < all;
            match order {
                Self::Sub(_, output) => before || output.feed().chan().is_closed(),
                Self::Unsub(_, out) => before || out.chan().is_closed(),
                Self::UnsubAll(_) => before,
                Self::Close | Self::Abandoned | Self::Idle(_) => false,
            }
        };
        let pointless: Vec<_> = orders.extract_if(.., is_pointless).collect();
        for order in &pointless {
            if let Self::Sub(_, output) = order {
                output.release();
            }
        }
        pointless
    }
}

pub(crate) struct Router<T, K, F, B> {
    /// For the reason of its end.
    source: Feed<T>,
    inp: Budget<Items<T>>,
    topic_fn: F,
    buffer_of: B,
    topics: HashMap<K, Topic<T, K>>,
    /// What was read last, and its topic, until it is given.
    value: Option<(T, K)>,
    /// Its put, while its topic has no room.
    put: Option<Waits<thread::Result<()>>>,
    exhausted: Waits<()>,
    abandoned: bool,
    closing: bool,
}

type Waits<R> = Pin<Box<dyn Future<Output = R> + Send>>;

/// A topic. It is closed when it goes, and its subscribers are told.
struct Topic<T, K> {
    feed: Feed<T>,
    dup: Control<fan::Order<T>>,
    /// What all its subscribers hold.
    lease: Weak<Lease<T, K>>,
}

impl<T: Clone + Send + 'static, K> Topic<T, K> {
    fn new(buffer: Buf<T>) -> Self {
        let chan = Chan::builder().buffer(buffer).build();
        Self { feed: chan.feed(), dup: fan_out(chan), lease: Weak::new() }
    }
}

impl<T, K> Topic<T, K> {
    fn close(&self, reason: Option<Reason>) {
        self.feed.chan().close_as(reason);
    }
}

impl<T, K> Drop for Topic<T, K> {
    fn drop(&mut self) {
        self.close(Some(Arc::from(Box::from(dropped()))));
    }
}

/// Says when the last one who holds it goes.
struct Lease<T, K> {
    /// In a lock that is never contended, since a `K` need not be `Sync`.
    topic: Mutex<Option<K>>,
    router: Arc<Queue<Order<T, K>>>,
}

impl<T, K> Drop for Lease<T, K> {
    fn drop(&mut self) {
        let topic = self.topic.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(topic) = topic {
            let _ = self.router.give(Order::Idle(topic));
        }
    }
}

impl<T, K, F, B> Router<T, K, F, B>
where
    T: Clone + Send + 'static,
    K: Hash + Eq + Clone + Send + 'static,
    F: FnMut(&T) -> K + Send + 'static,
    B: Fn() -> Buf<T> + Send + 'static,
{
    pub(crate) fn new(inp: Chan<T>, topic_fn: F, buffer_of: B) -> Self {
        Self {
            source: inp.feed(),
            inp: Budget::new(inp.stream()),
            topic_fn,
            buffer_of,
            topics: HashMap::new(),
            value: None,
            put: None,
            exhausted: Box::pin(exhausted(inp.feed())),
            abandoned: false,
            closing: false,
        }
    }

    pub(crate) async fn run(mut self, mut orders: Orders<Order<T, K>>) {
        let reason = match unwound(orders.serve(&mut self)).await {
            Err(reason) => Some(reason),
            Ok(()) => self.source.chan().close_reason(),
        };
        discard(caught(|| self.inp.stream_mut().leave()));
        // A value that waits takes its place before its topic is closed, and is then delivered like what
        // is inside.
        let mut put = self.put.take();
        let waits = poll_fn(|cx| match &mut put {
            Some(put) => Poll::Ready(put.as_mut().poll(cx).is_pending()),
            None => Poll::Ready(false),
        });
        let waits = waits.await;
        orders.end(&reason);
        self.topics.values().for_each(|topic| topic.close(reason.clone()));
        let Self { inp, topic_fn, buffer_of, topics, value, .. } = self;
        discard((value, inp));
        discard((topics, topic_fn, buffer_of));
        if let Some(put) = put
            && waits
        {
            discard(put.await);
        }
    }

    fn sub(&mut self, name: K, output: Output<T>, router: &Arc<Queue<Order<T, K>>>) {
        let Self { topics, buffer_of, .. } = self;
        let new = || Topic::new(buffer_of());
        let topic = caught(|| {
            let topic = topics.entry(name.clone()).or_insert_with(new);
            // A `Clone` has panicked there, and nobody is left.
            if topic.dup.has_ended() {
                *topic = new();
            }
            topic
        });
        let topic = match topic {
            Ok(topic) => topic,
            Err(panic) => {
                output.fail(Arc::new(Panicked::new(&*panic)));
                resume_unwind(panic);
            }
        };
        let lease = topic.lease.upgrade().unwrap_or_else(|| {
            Arc::new(Lease { topic: Mutex::new(Some(name)), router: router.clone() })
        });
        topic.lease = Arc::downgrade(&lease);
        topic.dup.start(fan::Order::Tap(vec![Tap { output, _lease: Some(lease) }]));
    }
}

impl<T, K, F, B> Worker for Router<T, K, F, B>
where
    T: Clone + Send + 'static,
    K: Hash + Eq + Clone + Send + 'static,
    F: FnMut(&T) -> K + Send + 'static,
    B: Fn() -> Buf<T> + Send + 'static,
{
    type Order = Order<T, K>;

    fn is_done(&self) -> bool {
        self.closing || self.abandoned && self.topics.is_empty()
    }

    fn obey(&mut self, order: Order<T, K>, orders: &Orders<Order<T, K>>) {
        match order {
            Order::Sub(topic, output) => self.sub(topic, output, orders.queue()),
            Order::Unsub(topic, out) => {
                if let Some(topic) = self.topics.get(&topic) {
                    topic.dup.order(fan::Order::Untap(out));
                }
            }
            Order::UnsubAll(Some(topic)) => {
                if let Some(topic) = self.topics.remove(&topic) {
                    topic.dup.order(fan::Order::UntapAll);
                }
            }
            Order::UnsubAll(None) => {
                for (_, topic) in mem::take(&mut self.topics) {
                    topic.dup.order(fan::Order::UntapAll);
                }
            }
            Order::Close => self.closing = true,
            Order::Abandoned => self.abandoned = true,
            Order::Idle(topic) => {
                if self.topics.get(&topic).is_some_and(|topic| topic.lease.strong_count() == 0) {
                    self.topics.remove(&topic);
                }
            }
        }
    }

    /// The next value, once the one before is in its topic.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        if let Some(put) = &mut self.put {
            if put.as_mut().poll(cx).is_pending() {
                // The other topics learn it at once: what waits is as good as put.
                return self.exhausted.as_mut().poll(cx).map(|()| false);
            }
            self.put = None;
        }
        let value = ready!(Pin::new(&mut self.inp).poll_next(cx));
        self.value = value.map(|value| along(value, |value| (self.topic_fn)(value)));
        Poll::Ready(self.value.is_some())
    }

    fn give(&mut self) {
        let Some((value, topic)) = self.value.take() else { return };
        let (value, topic) = along(value, |_| self.topics.get(&topic));
        let Some(topic) = topic else { return };
        match caught(|| topic.feed.try_put(value)) {
            Err(panic) => topic.close(Some(cause(panic))),
            Ok(Err(TryPutError::Full(value))) => {
                let feed = topic.feed.clone();
                self.put = Some(Box::pin(Caught::new(async move {
                    let _ = feed.put(value).await;
                })));
            }
            Ok(_) => {}
        }
    }
}
