//! The worker of a `Dup`: it gives each value to every out before it reads the next one.

use std::any::Any;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::future::{Future, poll_fn};
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::thread;

use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::future::{AbortHandle, Abortable};
use futures_util::stream::FuturesUnordered;

use crate::adapt::Budget;
use crate::chan::Chan;
use crate::control::{self, Control, Orders, Worker, exhausted};
use crate::error::TryPutError;
use crate::feed::Feed;
use crate::output::{Output, unwound};
use crate::panics::{Caught, caught, cause, copies, discard};
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
    Control::new(|orders| drop(go(Fan::new(inp).run(orders))))
}

impl<T> control::Order for Order<T> {
    const FAREWELL: Self = Self::Abandoned;

    fn refuse(self, reason: Option<Reason>) {
        if let Self::Tap(taps) = self {
            taps.iter().for_each(|tap| tap.output.end(reason.clone()));
        }
    }

    /// Those of an out that is closed, and those of an out that is untapped later.
    fn prune(orders: &mut Vec<Self>) -> Vec<Self> {
        let (mut kept, mut pointless) = (Vec::new(), Vec::new());
        let mut untapped = HashSet::new();
        let mut none_before = false;
        for mut order in mem::take(orders).into_iter().rev() {
            let counts = |out: &Feed<T>, untapped: &HashSet<usize>| {
                !none_before && !out.chan().is_closed() && !untapped.contains(&out.id())
            };
            let keep = match &mut order {
                Self::Tap(taps) => {
                    let count = |tap: &mut Tap<T>| counts(tap.output.feed(), &untapped);
                    let gone: Vec<_> = taps.extract_if(.., |tap| !count(tap)).collect();
                    gone.iter().for_each(|tap| tap.output.release());
                    pointless.push(Self::Tap(gone));
                    !taps.is_empty()
                }
                Self::Untap(out) => counts(out, &untapped) && untapped.insert(out.id()),
                Self::UntapAll => !mem::replace(&mut none_before, true),
                Self::Close | Self::Abandoned => true,
            };
            if keep { kept.push(order) } else { pointless.push(order) }
        }
        kept.reverse();
        *orders = kept;
        pointless
    }
}

struct Fan<T> {
    /// For the reason of its end.
    source: Feed<T>,
    inp: Budget<Items<T>>,
    /// What was read last, until it is given.
    value: Option<T>,
    /// By number, in the order they were added.
    outs: BTreeMap<u64, Out<T>>,
    /// The numbers, by the channel's id.
    numbers: HashMap<usize, u64>,
    added: u64,
    /// How many outs have not taken the latest value yet.
    waiting: usize,
    /// The puts that wait, one that watches each out, and one that watches the input.
    tasks: FuturesUnordered<Abortable<Pin<Box<dyn Future<Output = News> + Send>>>>,
    exhausted: bool,
    abandoned: bool,
    closing: bool,
}

struct Out<T> {
    tap: Tap<T>,
    watch: AbortHandle,
    /// The latest value, while it waits to be taken.
    put: Option<AbortHandle>,
}

/// What has become of an out, by its number, or of the input.
enum News {
    Took(u64, thread::Result<()>),
    Closed(u64),
    Exhausted,
}

impl<T: Clone + Send + 'static> Fan<T> {
    fn new(inp: Chan<T>) -> Self {
        Self {
            source: inp.feed(),
            inp: Budget::new(inp.stream()),
            value: None,
            outs: BTreeMap::new(),
            numbers: HashMap::new(),
            added: 0,
            waiting: 0,
            tasks: FuturesUnordered::new(),
            exhausted: false,
            abandoned: false,
            closing: false,
        }
    }

    async fn run(mut self, mut orders: Orders<Order<T>>) {
        let source = self.source.clone();
        let watch = self.start(async move {
            exhausted(source).await;
            News::Exhausted
        });
        let reason = match unwound(orders.serve(&mut self)).await {
            Err(reason) => Some(reason),
            Ok(()) => self.source.chan().close_reason(),
        };
        watch.abort();
        let Self { mut inp, value, outs, mut tasks, .. } = self;
        discard(caught(|| inp.stream_mut().leave()));
        // What is still to be put is parked before the outs are closed.
        poll_fn(|cx| {
            while let Poll::Ready(Some(news)) = tasks.poll_next_unpin(cx) {
                discard(news);
            }
            Poll::Ready(())
        })
        .await;
        orders.end(&reason);
        for out in outs.into_values() {
            out.watch.abort();
            out.tap.output.end(reason.clone());
        }
        discard((value, inp));
        // It stays there for those who drain them.
        while let Some(news) = tasks.next().await {
            discard(news);
        }
    }

    /// Nobody is to get a value, and nobody is left who could say otherwise.
    fn is_out_of_use(&self) -> bool {
        self.abandoned && self.outs.is_empty()
    }

    fn add(&mut self, tap: Tap<T>) {
        let feed = tap.output.feed().clone();
        let known = self.numbers.get(&feed.id()).and_then(|id| self.outs.get_mut(id));
        if let Some(out) = known {
            out.tap.output.release();
            out.tap = tap;
            return;
        }
        let id = self.added;
        self.added += 1;
        self.numbers.insert(feed.id(), id);
        let watch = self.start(async move {
            feed.chan().closed().await;
            News::Closed(id)
        });
        self.outs.insert(id, Out { tap, watch, put: None });
    }

    /// Takes an out off, which stops no put that waits: the channel may have been closed, and is drained.
    fn remove(&mut self, id: u64) -> Option<Out<T>> {
        let out = self.outs.remove(&id)?;
        self.numbers.remove(&out.tap.output.feed().id());
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

    /// Takes an out off whose consumer, or value, has panicked. That is nobody else's concern.
    fn fail(&mut self, id: u64, panic: Box<dyn Any + Send>) {
        if let Some(out) = self.remove(id) {
            out.tap.output.fail(cause(panic));
        }
    }

    fn start(&self, task: impl Future<Output = News> + Send + 'static) -> AbortHandle {
        let (handle, registration) = AbortHandle::new_pair();
        self.tasks.push(Abortable::new(Box::pin(task), registration));
        handle
    }
}

impl<T: Clone + Send + 'static> Worker for Fan<T> {
    type Order = Order<T>;

    fn is_done(&self) -> bool {
        self.closing || self.is_out_of_use()
    }

    fn obey(&mut self, order: Order<T>, _: &Orders<Order<T>>) {
        match order {
            Order::Tap(taps) => taps.into_iter().for_each(|tap| self.add(tap)),
            Order::Untap(out) => {
                if let Some(&id) = self.numbers.get(&out.id()) {
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

    /// The next value, once all outs have taken the one before; none when there will be none, or none is of
    /// use.
    fn poll_read(&mut self, cx: &mut Context<'_>) -> Poll<bool> {
        while let Poll::Ready(Some(news)) = self.tasks.poll_next_unpin(cx) {
            match news {
                Ok(News::Took(id, result)) => {
                    // The put of an out that has gone since does not count any more.
                    if let Some(out) = self.outs.get_mut(&id) {
                        out.put = None;
                        self.waiting -= 1;
                    }
                    if let Err(panic) = result {
                        self.fail(id, panic);
                    }
                }
                Ok(News::Closed(id)) => drop(self.remove(id)),
                Ok(News::Exhausted) => self.exhausted = true,
                Err(_aborted) => {}
            }
        }
        match self.waiting {
            _ if self.is_out_of_use() => Poll::Ready(false),
            0 => {
                self.value = ready!(Pin::new(&mut self.inp).poll_next(cx));
                Poll::Ready(self.value.is_some())
            }
            // The others learn it at once: what waits is as good as put.
            _ if self.exhausted => Poll::Ready(false),
            _ => Poll::Pending,
        }
    }

    /// Gives every out the value. Those that have no room are waited for, all at the same time.
    fn give(&mut self) {
        let Some(value) = self.value.take() else { return };
        let (mut full, mut failed) = (Vec::new(), Vec::new());
        for (copy, (id, out)) in copies(value, self.outs.len()).into_iter().zip(&self.outs) {
            match caught(|| match out.tap.output.feed().try_put(copy) {
                Err(TryPutError::Full(copy)) => Some(copy),
                // That of a closed one is noticed by the one that watches it.
                Ok(()) | Err(TryPutError::Closed(_)) => None,
            }) {
                Ok(Some(copy)) => full.push((*id, out.tap.output.feed().clone(), copy)),
                Ok(None) => {}
                Err(panic) => failed.push((*id, panic)),
            }
        }
        for (id, feed, copy) in full {
            let put = Caught::new(async move {
                let _ = feed.put(copy).await;
            });
            let put = self.start(async move { News::Took(id, put.await) });
            self.waiting += 1;
            self.outs.entry(id).and_modify(|out| out.put = Some(put));
        }
        for (id, panic) in failed {
            self.fail(id, panic);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Order as _;

    /// What is pointless goes, what counts stays, in order.
    #[test]
    fn pruning() {
        let chans: Vec<Chan<u32>> = (0..4).map(|_| Chan::new()).collect();
        let tap = |ids: &[usize]| {
            let tap = |id: &usize| Tap { output: Output::new(&chans[*id], false), _lease: None };
            Order::Tap(ids.iter().map(tap).collect())
        };
        let untap = |id: usize| Order::Untap(chans[id].feed());
        let mut orders = vec![
            tap(&[0]),
            untap(1),
            Order::UntapAll,
            untap(2),
            tap(&[0, 1, 2, 3]),
            untap(1),
            untap(1),
            tap(&[1]),
            untap(3),
            Order::Abandoned,
        ];
        chans[3].close();
        drop(Order::prune(&mut orders));
        let shown = orders.iter().map(|order| match order {
            Order::Tap(taps) => {
                let place =
                    |tap: &Tap<u32>| chans.iter().position(|c| c == tap.output.feed().chan());
                format!("tap {:?}", taps.iter().filter_map(place).collect::<Vec<_>>())
            }
            Order::Untap(out) => format!("untap {:?}", chans.iter().position(|c| c == out.chan())),
            Order::UntapAll => "all".to_string(),
            Order::Close | Order::Abandoned => "end".to_string(),
        });
        let kept = ["all", "untap Some(2)", "tap [0, 2]", "untap Some(1)", "tap [1]", "end"];
        assert_eq!(shown.collect::<Vec<_>>(), kept);
        orders.iter().for_each(|order| {
            if let Order::Tap(taps) = order {
                taps.iter().for_each(|tap| tap.output.release());
            }
        });
        assert!(!chans[..3].iter().any(Chan::is_closed));
    }
}
