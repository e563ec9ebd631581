//! The worker of a `Dup`: it gives each value to every out before it reads the next one.

use std::any::Any;
use std::collections::BTreeMap;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;

use crate::adapt::Budget;
use crate::chan::Chan;
use crate::control::{Control, Event, Orders};
use crate::error::TryPutError;
use crate::feed::Feed;
use crate::output::{Output, unwound};
use crate::spawn::go;
use crate::state::Reason;
use crate::stream::Items;

/// What the handles can ask for.
pub(crate) enum Order<T> {
    Tap(Vec<Tap<T>>),
    Untap(Feed<T>),
    UntapAll,
    Close,
    /// All handles have gone.
    Abandoned,
}

/// An out, as it is handed in.
pub(crate) struct Tap<T> {
    pub(crate) output: Output<T>,
    /// Something to hold on to for as long as the out gets values.
    pub(crate) _lease: Option<Arc<dyn Any + Send + Sync>>,
}

/// Gives `inp` a worker, which starts with the first tap.
pub(crate) fn fan_out<T: Clone + Send + 'static>(inp: Chan<T>) -> Control<Order<T>> {
    Control::new(|| Order::Abandoned, |orders| drop(go(Fan::new(inp).run(orders))))
}

/// Adds outs. If the worker has ended they learn it at once.
pub(crate) fn tap<T: Send + 'static>(control: &Control<Order<T>>, taps: Vec<Tap<T>>) {
    if let Err(late) = control.start(Order::Tap(taps)) {
        late.refuse(&control.reason());
    }
}

impl<T> Order<T> {
    /// This came after the end.
    fn refuse(self, reason: &Option<Reason>) {
        if let Self::Tap(taps) = self {
            taps.iter().for_each(|tap| tap.output.end(reason.clone()));
        }
    }
}

struct Fan<T> {
    /// For the reason of its end.
    source: Feed<T>,
    inp: Budget<Items<T>>,
    /// By number, in the order they were added.
    outs: BTreeMap<u64, Out<T>>,
    added: u64,
    /// How many outs have not taken the latest value yet.
    waiting: usize,
    /// The puts that wait, and one that watches each out.
    tasks: FuturesUnordered<Abortable<Pin<Box<dyn Future<Output = News> + Send>>>>,
    abandoned: bool,
    closing: bool,
}

struct Out<T> {
    tap: Tap<T>,
    watch: AbortHandle,
    /// The latest value, while it waits to be taken.
    put: Option<AbortHandle>,
}

/// What has become of an out, by its number.
enum News {
    Took(u64),
    Closed(u64),
}

impl<T: Clone + Send + 'static> Fan<T> {
    fn new(inp: Chan<T>) -> Self {
        Self {
            source: inp.feed(),
            inp: Budget::new(inp.stream()),
            outs: BTreeMap::new(),
            added: 0,
            waiting: 0,
            tasks: FuturesUnordered::new(),
            abandoned: false,
            closing: false,
        }
    }

    async fn run(mut self, orders: Orders<Order<T>>) {
        let reason = match unwound(self.work(&orders)).await {
            Err(reason) => Some(reason),
            Ok(()) if self.closing => None,
            Ok(()) => self.source.chan().close_reason(),
        };
        let Self { inp, outs, mut tasks, .. } = self;
        drop(inp);
        // What is still to be put is parked before the outs are closed.
        poll_fn(|cx| {
            while let Poll::Ready(Some(_)) = tasks.poll_next_unpin(cx) {}
            Poll::Ready(())
        })
        .await;
        orders.end(reason.clone()).for_each(|late| late.refuse(&reason));
        for out in outs.into_values() {
            out.watch.abort();
            out.tap.output.end(reason.clone());
        }
        // It stays there for those who drain them.
        while tasks.next().await.is_some() {}
    }

    async fn work(&mut self, orders: &Orders<Order<T>>) {
        while !(self.closing || self.is_out_of_use()) {
            match orders.or(|cx| self.poll(cx)).await {
                Event::Order(order) => self.obey(order),
                Event::Work(Some(value)) => {
                    // An order that was given before the value was put comes before it.
                    while let Some(order) = orders.now() {
                        self.obey(order);
                    }
                    self.give(value);
                }
                Event::Work(None) => return,
            }
        }
    }

    /// Nobody is to get a value, and nobody is left who could say otherwise.
    fn is_out_of_use(&self) -> bool {
        self.abandoned && self.outs.is_empty()
    }

    /// The next value, once all outs have taken the one before; `None` when there will be none, or none is
    /// of use.
    fn poll(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        while let Poll::Ready(Some(news)) = self.tasks.poll_next_unpin(cx) {
            match news {
                Ok(News::Took(id)) => {
                    // The put of an out that has gone since does not count any more.
                    if let Some(out) = self.outs.get_mut(&id) {
                        out.put = None;
                        self.waiting -= 1;
                    }
                }
                Ok(News::Closed(id)) => drop(self.remove(id)),
                Err(_aborted) => {}
            }
        }
        match self.waiting {
            _ if self.is_out_of_use() => Poll::Ready(None),
            0 => Pin::new(&mut self.inp).poll_next(cx),
            _ => Poll::Pending,
        }
    }

    fn obey(&mut self, order: Order<T>) {
        match order {
            Order::Tap(taps) => taps.into_iter().for_each(|tap| self.add(tap)),
            Order::Untap(out) => {
                let is_it = |(id, other): (&u64, &Out<T>)| {
                    (other.tap.output.feed().chan() == out.chan()).then_some(*id)
                };
                if let Some(id) = self.outs.iter().find_map(is_it) {
                    self.untap(id);
                }
            }
            Order::UntapAll => {
                while let Some((&id, _)) = self.outs.first_key_value() {
                    self.untap(id);
                }
            }
            Order::Close => self.closing = true,
            Order::Abandoned => self.abandoned = true,
        }
    }

    fn add(&mut self, tap: Tap<T>) {
        let feed = tap.output.feed().clone();
        let same = |out: &&mut Out<T>| out.tap.output.feed().chan() == feed.chan();
        if let Some(out) = self.outs.values_mut().find(same) {
            out.tap.output.release();
            out.tap = tap;
            return;
        }
        let id = self.added;
        self.added += 1;
        let watch = self.start(async move {
            feed.chan().closed().await;
            News::Closed(id)
        });
        self.outs.insert(id, Out { tap, watch, put: None });
    }

    /// Takes an out off, which stops no put that waits: the channel may have been closed, and is drained.
    fn remove(&mut self, id: u64) -> Option<Out<T>> {
        let out = self.outs.remove(&id)?;
        out.watch.abort();
        out.tap.output.release();
        if out.put.is_some() {
            self.waiting -= 1;
        }
        Some(out)
    }

    fn untap(&mut self, id: u64) {
        if let Some(put) = self.remove(id).and_then(|out| out.put) {
            put.abort();
        }
    }

    /// Gives every out the value. Those that have no room are waited for, all at the same time.
    fn give(&mut self, value: T) {
        let (mut value, last) = (Some(value), self.outs.len().saturating_sub(1));
        let mut full = Vec::new();
        for (n, (id, out)) in self.outs.iter().enumerate() {
            let copy = if n == last { value.take() } else { value.clone() };
            let Some(copy) = copy else { break };
            match out.tap.output.feed().try_put(copy) {
                Err(TryPutError::Full(copy)) => full.push((*id, copy)),
                // That of a closed one is noticed by the one that watches it.
                Ok(()) | Err(TryPutError::Closed(_)) => {}
            }
        }
        for (id, copy) in full {
            let Some(out) = self.outs.get(&id) else { continue };
            let feed = out.tap.output.feed().clone();
            let put = self.start(async move {
                let _ = feed.put(copy).await;
                News::Took(id)
            });
            self.waiting += 1;
            self.outs.entry(id).and_modify(|out| out.put = Some(put));
        }
    }

    fn start(&self, task: impl Future<Output = News> + Send + 'static) -> AbortHandle {
        let (handle, registration) = AbortHandle::new_pair();
        self.tasks.push(Abortable::new(Box::pin(task), registration));
        handle
    }
}
