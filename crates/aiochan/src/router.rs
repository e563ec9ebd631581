//! The worker of a `Pub`: it finds each value's topic and puts it there. A topic is a channel that is
//! duplicated.

use std::collections::HashMap;
use std::future::{Future, poll_fn};
use std::hash::Hash;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::adapt::Budget;
use crate::buffer::Buf;
use crate::chan::Chan;
use crate::control::{Control, Event, Orders};
use crate::error::TryPutError;
use crate::fan::{self, Tap, fan_out};
use crate::feed::Feed;
use crate::output::{Output, unwound};
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

impl<T, K> Order<T, K> {
    /// This came after the end.
    pub(crate) fn refuse(self, reason: &Option<Reason>) {
        if let Self::Sub(_, output) = self {
            output.end(reason.clone());
        }
    }
}

pub(crate) struct Router<T, K, F, B> {
    /// For the reason of its end.
    source: Feed<T>,
    inp: Budget<Items<T>>,
    topic_fn: F,
    buffer_of: B,
    topics: HashMap<K, Topic<T, K>>,
    /// The put of the latest value, while its topic has no room.
    put: Option<Pin<Box<dyn Future<Output = ()> + Send>>>,
    abandoned: bool,
    closing: bool,
}

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

/// Says when the last one who holds it goes.
struct Lease<T, K> {
    /// In a lock that is never contended, since a `K` need not be `Sync`.
    topic: Mutex<Option<K>>,
    router: Feed<Order<T, K>>,
}

impl<T, K> Drop for Lease<T, K> {
    fn drop(&mut self) {
        let topic = self.topic.get_mut().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(topic) = topic {
            let _ = self.router.try_put(Order::Idle(topic));
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
            put: None,
            abandoned: false,
            closing: false,
        }
    }

    pub(crate) async fn run(mut self, orders: Orders<Order<T, K>>) {
        let reason = match unwound(self.work(&orders)).await {
            Err(reason) => Some(reason),
            Ok(()) if self.closing => None,
            Ok(()) => self.source.chan().close_reason(),
        };
        let Self { inp, topics, mut put, .. } = self;
        drop(inp);
        // A value that waits takes its place before its topic is closed, and is then delivered like what
        // is inside.
        let waits = poll_fn(|cx| match &mut put {
            Some(put) => Poll::Ready(put.as_mut().poll(cx).is_pending()),
            None => Poll::Ready(false),
        });
        if !waits.await {
            put = None;
        }
        orders.end(reason.clone()).for_each(|late| late.refuse(&reason));
        for topic in topics.into_values() {
            topic.feed.chan().close_as(reason.clone());
        }
        if let Some(put) = put {
            put.await;
        }
    }

    async fn work(&mut self, orders: &Orders<Order<T, K>>) {
        while !(self.closing || self.abandoned && self.topics.is_empty()) {
            match orders.or(|cx| self.poll(cx)).await {
                Event::Order(order) => self.obey(order, orders),
                Event::Work(Some(value)) => {
                    let topic = (self.topic_fn)(&value);
                    // An order that was given before the value was put comes before it.
                    while let Some(order) = orders.now() {
                        self.obey(order, orders);
                    }
                    self.route(&topic, value);
                }
                Event::Work(None) => return,
            }
        }
    }

    /// The next value, once the one before is in its topic.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        if let Some(put) = &mut self.put {
            ready!(put.as_mut().poll(cx));
            self.put = None;
        }
        Pin::new(&mut self.inp).poll_next(cx)
    }

    fn obey(&mut self, order: Order<T, K>, orders: &Orders<Order<T, K>>) {
        match order {
            Order::Sub(topic, output) => self.sub(topic, output, orders),
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
                for (_, topic) in self.topics.drain() {
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

    fn sub(&mut self, name: K, output: Output<T>, orders: &Orders<Order<T, K>>) {
        let new = || Topic::new((self.buffer_of)());
        let topic = self.topics.entry(name.clone()).or_insert_with(new);
        let lease = topic.lease.upgrade().unwrap_or_else(|| {
            Arc::new(Lease { topic: Mutex::new(Some(name)), router: orders.feed() })
        });
        let lasting = Arc::downgrade(&lease);
        let tap = fan::Order::Tap(vec![Tap { output, _lease: Some(lease) }]);
        if let Err(tap) = topic.dup.start(tap) {
            // A `Clone` has panicked there, and nobody is left.
            *topic = new();
            let _ = topic.dup.start(tap);
        }
        topic.lease = lasting;
    }

    fn route(&mut self, topic: &K, value: T) {
        let Some(topic) = self.topics.get(topic) else { return };
        if let Err(TryPutError::Full(value)) = topic.feed.try_put(value) {
            let feed = topic.feed.clone();
            self.put = Some(Box::pin(async move {
                let _ = feed.put(value).await;
            }));
        }
    }
}
