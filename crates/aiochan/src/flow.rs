//! `Flow`: a chain of operators on the values of a channel or stream, lazy and fused into one.

use std::future::ready;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::{StreamExt, stream};
use pin_project_lite::pin_project;

use crate::adapt::{Budget, Gather, Watched};
use crate::chan::Chan;
use crate::halves::Receiver;
use crate::output::{Origins, Output, endings, pour, start_worker};
use crate::panics::along;
use crate::state::Reason;

/// For so many values a group has room from the start.
const ROOM: usize = 64;

pin_project! {
    /// A lazy chain of operators on the values of a channel, or of any [`Stream`].
    ///
    /// It costs no channel and no task: it is a `Stream` itself, and does nothing until it is polled. It
    /// begins with an operator on a [`Chan`] ([`Chan::map`] and so on), or with [`Flow::new`]. Ended in a
    /// channel, by [`chan`](Self::chan), [`chan_with`](Self::chan_with) or [`into_chan`](Self::into_chan), it
    /// is one task.
    ///
    /// A value is taken from the source only when one is asked for. When the source was closed with a
    /// reason, the channel that the flow ends in is closed with the same one. When a function in it panics,
    /// that channel is closed with [`Panicked`](crate::Panicked) and the source is not read on; polled by
    /// hand, the panic goes on in the caller. (A flow from a [`Pipe`](crate::Pipe) ends when a future panics:
    /// polled by hand, [`close_reason`](Self::close_reason) tells why.) On a source that always has values it
    /// yields to the executor from time to time.
    ///
    /// Its operators take plain functions. Those of `StreamExt` with the same names (`filter`, `filter_map`,
    /// `take_while`, `for_each`) take functions that return futures; on a flow the name alone is the flow's own,
    /// and theirs is written `StreamExt::filter(flow, f)`.
    ///
    /// # Panics
    /// When it is polled by hand, with the panic of a function in it.
    ///
    /// # Cancel safety
    /// A flow that is dropped drops what it has taken from its source and not given out. Most operators give
    /// out what they take, and hold nothing in between; but [`group`](Self::group), [`group_by`](Self::group_by)
    /// and the reductions drop what they have gathered, and [`flat_map`](Self::flat_map) the items that are left
    /// of a value. So it is when the channel that it ends in is closed or left: see [`into_chan`](Self::into_chan).
    ///
    /// Polled by hand, it keeps its place among the gets of its source, as [`Chan::stream`] does, also when the
    /// future of a single `next()` is dropped: the value that comes then is the flow's, and nobody else gets it
    /// before the flow is dropped.
    ///
    /// # Examples
    /// ```
    /// let numbers = aiochan::from_range(1..);
    /// let squares = numbers.filter(|n| n % 2 == 1).map(|n| n * n).take(3).chan();
    /// assert_eq!(squares.iter().collect::<Vec<u64>>(), [1, 9, 25]);
    /// ```
    #[must_use = "a flow does nothing until it is ended in a channel or polled"]
    pub struct Flow<S> {
        #[pin]
        pub(crate) stream: S,
        pub(crate) origins: Origins,
        pub(crate) keep_open: bool,
    }
}

impl<T: Send + 'static> Chan<T> {
    /// The values of this channel as a [`Flow`], to which operators can be applied. What it takes is
    /// gone for other getters.
    ///
    /// # Cancel safety
    /// As [`Flow`].
    ///
    /// # Examples
    /// ```
    /// let mut seen = Vec::new();
    /// aiochan::run(aiochan::from_range(0..3).flow().for_each(|n| seen.push(n)));
    /// assert_eq!(seen, [0, 1, 2]);
    /// ```
    pub fn flow(&self) -> Flow<impl Stream<Item = T> + use<T>> {
        Flow { origins: Origins::of(self), ..Flow::new(self.stream()) }
    }
}

impl<T: Send + 'static> Receiver<T> {
    /// The values of this channel as a [`Flow`], to which operators can be applied. The receiver is its own,
    /// and dropped with it.
    ///
    /// # Cancel safety
    /// As [`Flow`].
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = aiochan::Chan::fixed(2).split();
    /// let doubled = rx.flow().map(|n| n * 2).chan();
    /// tx.put_blocking(4).unwrap();
    /// assert_eq!(doubled.get_blocking(), Some(8));
    /// drop(tx);
    /// assert_eq!(doubled.get_blocking(), None);
    /// ```
    pub fn flow(self) -> Flow<impl Stream<Item = T>> {
        Flow { origins: Origins::of(self.chan()), ..Flow::new(self) }
    }
}

impl<S: Stream> Flow<S> {
    /// A flow of the items of `stream`.
    ///
    /// # Examples
    /// ```
    /// use futures_util::stream;
    ///
    /// let c = aiochan::Flow::new(stream::iter(1..=3)).map(|n| n * 10).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [10, 20, 30]);
    /// ```
    pub fn new(stream: S) -> Flow<impl Stream<Item = S::Item>> {
        Flow { stream: Budget::new(stream), origins: Origins::default(), keep_open: false }
    }

    /// The same flow with the stream that `f` makes of its own: for adapters of other crates, such as
    /// `futures_util`'s. Unlike [`Flow::new`] of what they make of a flow, this keeps the reason that the source
    /// was closed with, and whether the output is to be kept open.
    ///
    /// The reason is passed on when the new stream ends, also if it ends before its source does; in contrast to
    /// [`take`](Self::take) and [`take_while`](Self::take_while).
    ///
    /// # Examples
    /// ```
    /// use futures_util::StreamExt;
    ///
    /// let words = aiochan::Chan::fixed(2);
    /// words.add(["a", "b"]).unwrap();
    /// words.close_with("that was all");
    /// let numbered = words.flow().adapt(|words| words.enumerate()).chan();
    /// assert_eq!(numbered.iter().collect::<Vec<_>>(), [(0, "a"), (1, "b")]);
    /// assert_eq!(numbered.close_reason().unwrap().to_string(), "that was all");
    /// ```
    pub fn adapt<R: Stream>(self, f: impl FnOnce(S) -> R) -> Flow<R> {
        Flow { stream: f(self.stream), origins: self.origins, keep_open: self.keep_open }
    }

    /// As [`adapt`](Self::adapt), for a stream that may end before its source does: then it has nothing to do
    /// with why that is closed, if it is.
    fn cut<R: Stream>(self, f: impl FnOnce(Watched<S>) -> R) -> Flow<R> {
        let ended = Arc::default();
        let origins = self.origins.after(&ended);
        Flow { stream: f(Watched::new(self.stream, ended)), origins, keep_open: self.keep_open }
    }

    /// `f` of each value. For async functions there is [`async_pipe`](Self::async_pipe).
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_range(1..4).map(|n| n * 2).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [2, 4, 6]);
    /// ```
    pub fn map<R>(self, f: impl FnMut(S::Item) -> R) -> Flow<impl Stream<Item = R>> {
        self.adapt(|stream| stream.map(f))
    }

    /// The values for which `p` holds.
    ///
    /// When `p` panics here, in [`take_while`](Self::take_while) or in [`drop_while`](Self::drop_while), and so
    /// does the `Drop` of the value that it was given a look at, the process is aborted: `p` of
    /// [`filter_map`](Self::filter_map) has the value itself, and can see to that.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_range(0..6).filter(|n| n % 2 == 0).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [0, 2, 4]);
    /// ```
    pub fn filter(self, mut p: impl FnMut(&S::Item) -> bool) -> Flow<impl Stream<Item = S::Item>> {
        self.adapt(|stream| stream.filter(move |value| ready(p(value))))
    }

    /// `f` of each value, where it is `Some`.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::Chan::from_iter(["1", "two", "3"]).filter_map(|s| s.parse().ok()).chan();
    /// assert_eq!(c.iter().collect::<Vec<u8>>(), [1, 3]);
    /// ```
    pub fn filter_map<R>(
        self,
        mut f: impl FnMut(S::Item) -> Option<R>,
    ) -> Flow<impl Stream<Item = R>> {
        self.adapt(|stream| stream.filter_map(move |value| ready(f(value))))
    }

    /// The items of `f` of each value, one after the other: the reference's `map` with `flatten`.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::Chan::from_iter(["a b", "", "c"]).flat_map(str::split_whitespace).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), ["a", "b", "c"]);
    /// ```
    pub fn flat_map<I: IntoIterator>(
        self,
        mut f: impl FnMut(S::Item) -> I,
    ) -> Flow<impl Stream<Item = I::Item>> {
        self.adapt(|stream| Budget::new(stream.flat_map(move |value| stream::iter(f(value)))))
    }

    /// The first `n` values. The one after them stays in the source, which is not closed; why it is closed, if
    /// it is, is passed on only if it ends before. `take(0)` is empty.
    ///
    /// # Examples
    /// ```
    /// let source = aiochan::from_range(0..);
    /// let first = source.take(2).chan();
    /// assert_eq!(first.iter().collect::<Vec<_>>(), [0, 1]);
    /// assert_eq!(source.get_blocking(), Some(2));
    /// ```
    pub fn take(self, n: usize) -> Flow<impl Stream<Item = S::Item>> {
        self.cut(|stream| stream.take(n))
    }

    /// All but the first `n` values.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_range(0..4).drop(2).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [2, 3]);
    /// ```
    #[allow(clippy::should_implement_trait, reason = "the name is the reference's")]
    pub fn drop(self, n: usize) -> Flow<impl Stream<Item = S::Item>> {
        self.adapt(|stream| stream.skip(n))
    }

    /// The values before the first for which `p` does not hold. That one is taken from the source too,
    /// and dropped; none after it is.
    ///
    /// # Examples
    /// ```
    /// let source = aiochan::from_range(1..);
    /// let small = source.take_while(|n| *n < 3).chan();
    /// assert_eq!(small.iter().collect::<Vec<_>>(), [1, 2]);
    /// assert_eq!(source.get_blocking(), Some(4)); // the 3 was needed to know
    /// ```
    pub fn take_while(
        self,
        mut p: impl FnMut(&S::Item) -> bool,
    ) -> Flow<impl Stream<Item = S::Item>> {
        self.cut(|stream| stream.take_while(move |value| ready(p(value))))
    }

    /// The values from the first on for which `p` does not hold.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::Chan::from_iter([1, 5, 2]).drop_while(|n| *n < 3).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [5, 2]);
    /// ```
    pub fn drop_while(
        self,
        mut p: impl FnMut(&S::Item) -> bool,
    ) -> Flow<impl Stream<Item = S::Item>> {
        self.adapt(|stream| stream.skip_while(move |value| ready(p(value))))
    }

    /// Groups of `n` values; the last one may be smaller.
    ///
    /// # Panics
    /// If `n` is 0.
    ///
    /// # Cancel safety
    /// What is gathered is dropped with it.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_range(1..4).group(2).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [vec![1, 2], vec![3]]);
    /// ```
    #[doc(alias = "chunks")]
    pub fn group(self, n: usize) -> Flow<impl Stream<Item = Vec<S::Item>>> {
        assert!(n > 0, "a group of no values; give group at least 1");
        self.adapt(|stream| {
            Gather::new(stream, None, move |gathered: &mut Option<Vec<S::Item>>, value| {
                // A group may be meant to be larger than it ever gets, or than memory.
                let group = gathered.get_or_insert_with(|| Vec::with_capacity(n.min(ROOM)));
                group.push(value);
                if group.len() == n { gathered.take() } else { None }
            })
        })
    }

    /// Groups of consecutive values with the same key, with that key.
    ///
    /// # Cancel safety
    /// What is gathered is dropped with it.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::Chan::from_iter([1, 3, 2]).group_by(|n| n % 2 == 0).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [(false, vec![1, 3]), (true, vec![2])]);
    /// ```
    pub fn group_by<K: PartialEq>(
        self,
        mut key: impl FnMut(&S::Item) -> K,
    ) -> Flow<impl Stream<Item = (K, Vec<S::Item>)>> {
        self.adapt(|stream| {
            Gather::new(stream, None, move |gathered: &mut Option<(K, Vec<S::Item>)>, value| {
                let (value, (key, same)) = along(value, |value| {
                    let key = key(value);
                    let same = gathered.as_ref().is_some_and(|(last, _)| *last == key);
                    (key, same)
                });
                match gathered {
                    Some((_, group)) if same => {
                        group.push(value);
                        None
                    }
                    _ => gathered.replace((key, vec![value])),
                }
            })
        })
    }

    /// The values that differ from the one before them.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::Chan::from_iter([1, 1, 2, 1]).distinct().chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [1, 2, 1]);
    /// ```
    #[doc(alias = "dedup")]
    pub fn distinct(self) -> Flow<impl Stream<Item = S::Item>>
    where
        S::Item: Clone + PartialEq,
    {
        let mut last = None;
        self.filter_map(move |value| {
            let (value, new) = along(value, |value| {
                let new = last.as_ref() != Some(value);
                if new {
                    last = Some(value.clone());
                }
                new
            });
            new.then_some(value)
        })
    }

    /// One value: `f` of the first two, `f` of that and the third, and so on; that of a single value is
    /// the value, of none nothing.
    ///
    /// # Cancel safety
    /// What the values have come to so far is dropped with it.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_range(1..5).reduce(|product, n| product * n).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [24]);
    /// ```
    pub fn reduce(
        self,
        mut f: impl FnMut(S::Item, S::Item) -> S::Item,
    ) -> Flow<impl Stream<Item = S::Item>> {
        self.adapt(|stream| {
            Gather::new(stream, None, move |gathered: &mut Option<_>, value| {
                *gathered = Some(match gathered.take() {
                    Some(so_far) => f(so_far, value),
                    None => value,
                });
                None
            })
        })
    }

    /// One value: as [`reduce`](Self::reduce), beginning with `init`, which is the result when there are
    /// no values.
    ///
    /// # Cancel safety
    /// As [`reduce`](Self::reduce).
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::Chan::from_iter(["a", "bc"]).reduce_from(0, |sum, s| sum + s.len()).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [3]);
    /// ```
    #[doc(alias = "fold")]
    pub fn reduce_from<A>(
        self,
        init: A,
        mut f: impl FnMut(A, S::Item) -> A,
    ) -> Flow<impl Stream<Item = A>> {
        self.adapt(|stream| {
            Gather::new(stream, Some(init), move |gathered: &mut Option<A>, value| {
                *gathered = gathered.take().map(|so_far| f(so_far, value));
                None
            })
        })
    }

    /// As [`reduce`](Self::reduce), with all the results on the way: as many as there are values.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_range(1..4).scan(|sum, n| sum + n).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [1, 3, 6]);
    /// ```
    pub fn scan(
        self,
        mut f: impl FnMut(S::Item, S::Item) -> S::Item,
    ) -> Flow<impl Stream<Item = S::Item>>
    where
        S::Item: Clone,
    {
        let mut so_far: Option<S::Item> = None;
        self.map(move |value| {
            let next = match so_far.take() {
                Some(so_far) => f(so_far, value),
                None => value,
            };
            let (next, copy) = along(next, |next| next.clone());
            so_far = Some(copy);
            next
        })
    }

    /// As [`reduce_from`](Self::reduce_from), with `init` and all the results on the way: one more than
    /// there are values.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_range(1..4).scan_from(10, |sum, n| sum + n).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [10, 11, 13, 16]);
    /// ```
    pub fn scan_from<A: Clone>(
        self,
        init: A,
        mut f: impl FnMut(A, S::Item) -> A,
    ) -> Flow<impl Stream<Item = A>> {
        let (init, copy) = along(init, |init| init.clone());
        self.adapt(|stream| {
            let mut so_far = Some(copy);
            let rest = stream.map(move |value| {
                let next = f(so_far.take().expect("f has not panicked"), value);
                let (next, copy) = along(next, |next| next.clone());
                so_far = Some(copy);
                next
            });
            stream::once(ready(init)).chain(rest)
        })
    }

    /// The same flow in a box, whose type can be named: for a chain that is put together at run time.
    ///
    /// # Examples
    /// ```
    /// let mut flow = aiochan::from_range(0..10).flow().boxed();
    /// for factor in [2, 3] {
    ///     flow = flow.filter(move |n| n % factor == 0).boxed();
    /// }
    /// assert_eq!(flow.chan().iter().collect::<Vec<_>>(), [0, 6]);
    /// ```
    pub fn boxed(self) -> Flow<Pin<Box<dyn Stream<Item = S::Item> + Send>>>
    where
        S: Send + 'static,
    {
        let Self { stream, origins, keep_open } = self;
        Flow { stream: Box::pin(stream), origins, keep_open }
    }

    /// Why the source was closed, if it was and whoever closed it said so; before that, why a pipe in the flow
    /// has failed, if one has. After [`take`](Self::take) or [`take_while`](Self::take_while) it is not known
    /// before they have come to the end of the source.
    ///
    /// # Examples
    /// ```
    /// let source = aiochan::Chan::<u8>::new();
    /// let flow = source.map(|n| n + 1);
    /// assert!(flow.close_reason().is_none());
    /// source.close_with("the disk is full");
    /// assert_eq!(flow.close_reason().unwrap().to_string(), "the disk is full");
    /// ```
    pub fn close_reason(&self) -> Option<Reason> {
        self.origins.reason()
    }
}

impl<S> Flow<S>
where
    S: Stream + Send + 'static,
    S::Item: Send,
{
    endings!(S::Item);

    fn start(self, out: Output<S::Item>) {
        let Self { stream, origins, .. } = self;
        start_worker(out, origins, |out| pour(stream, out));
    }
}

impl<S: Stream> Stream for Flow<S> {
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        self.project().stream.poll_next(cx)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}
