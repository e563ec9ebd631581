//! `Pipe`: what `async_pipe` and `parallel_pipe` have in common, and how they are set.

use std::error::Error;

use futures_core::Stream;

use crate::flow::Flow;
use crate::halves::Sender;
use crate::jobs::{Fallible, Flat, Plain, ThreadJob};
use crate::output::Origins;
use crate::policy::Policy;
use crate::state::Reason;

/// A function of a flow's values, several at once: futures, from [`Flow::async_pipe`] and
/// [`Flow::async_pipe_unordered`], or calls on threads, from [`Flow::parallel_pipe`] and
/// [`Flow::parallel_pipe_unordered`].
///
/// It does nothing until it is ended in a channel, from which more operators can follow: `.chan().map(..)`. One
/// of futures can also become a flow, which can be collected: [`flow`](Self::flow). At most `n` futures exist, or
/// calls run, at once, and at most `n` + [`ahead`](Self::ahead) values have been taken from the input whose
/// results the output has not accepted; then the pipe waits for the output.
///
/// **Futures** are polled by one task, which goes on also while the output has no room. When they need
/// much time for themselves, not for waiting, they run as tasks of their own, so on several threads, if
/// the runtime has them.
///
/// **Calls** run on `n` threads of the pipe's own, which end with it. A thread takes a value when it is
/// free, and its result goes on at once. While calls take microseconds only, it takes a run of values, up
/// to 32, for some 20 microseconds, and the results of up to eight runs go on together, sooner if there is
/// nothing else to do. Threads that have nothing else to do take from the runs of others, and pass on their
/// results. So a call may wait for that of another value, if it is within [`ahead`](Self::ahead), or until
/// the consumer has got the results before it: as long as fewer than `n` calls wait, everything goes on.
/// Should all threads be in calls that take long, results that are ready wait for a millisecond or two: then
/// one more thread, which there is once calls have been fast, passes them on.
/// The threads put the results into the output themselves, one of them at a time, and one that waits there
/// does no other work: give the output a buffer unless its consumer is always waiting.
///
/// # Failures
/// When a function or future panics, or when it returns an error and the pipe is
/// [`fallible`](Self::fallible), that is a failure. By default the pipe stops: the results of the values
/// before it are still put, if the pipe is ordered; the output is closed with the cause as its
/// [`close_reason`](crate::Chan::close_reason), [`Panicked`](crate::Panicked) or the error; the other
/// futures are dropped, no call begins with a later value, and no more values are taken.
/// [`skip_failures`](Self::skip_failures) and [`dead_letters`](Self::dead_letters) go on instead.
///
/// # Leaving
/// When the output is closed, or nobody is left who could get from it, futures are dropped with their
/// values, calls end with the one they are in, and no more values are taken. A result whose put was waiting when
/// the output was closed is still there to be got; whoever put it waits until it has been, or nobody is left who
/// could.
#[must_use = "a pipe does nothing until it is ended in a channel"]
pub struct Pipe<S: Stream, K> {
    pub(crate) input: S,
    pub(crate) origins: Origins,
    pub(crate) keep_open: bool,
    pub(crate) kind: K,
    pub(crate) n: usize,
    pub(crate) ahead: Option<usize>,
    pub(crate) ordered: bool,
    pub(crate) policy: Policy<S::Item>,
}

/// A pipe of futures.
pub struct Futures<J>(pub(crate) J);

/// A pipe of calls on threads.
pub struct Threads<J>(pub(crate) J);

impl<S: Stream, K> Pipe<S, K> {
    pub(crate) fn new(flow: Flow<S>, n: usize, kind: K) -> Self {
        let Flow { stream: input, origins, keep_open } = flow;
        Self {
            input,
            origins,
            keep_open,
            kind,
            n,
            ahead: None,
            ordered: true,
            policy: Policy::Stop,
        }
    }

    pub(crate) fn unordered(self) -> Self {
        Self { ordered: false, ..self }
    }

    fn with_kind<L>(self, change: impl FnOnce(K) -> L) -> Pipe<S, L> {
        let Self { input, origins, keep_open, kind, n, ahead, ordered, policy } = self;
        Pipe { input, origins, keep_open, kind: change(kind), n, ahead, ordered, policy }
    }

    /// How many values beyond `n` may have been taken from the input whose results the output has not
    /// accepted. In an ordered pipe this is how far others may run ahead of a slow one.
    ///
    /// By default it is `n`; while calls on threads take microseconds only, 1024. With few, threads take
    /// shorter runs.
    ///
    /// # Examples
    /// ```
    /// let source = aiochan::from_range(0..);
    /// let c = source.async_pipe(1, async |n| n).ahead(0).chan();
    /// assert_eq!((c.get_blocking(), c.get_blocking()), (Some(0), Some(1)));
    /// c.close();
    /// assert!(source.get_blocking() <= Some(3)); // one value was taken and not got
    /// ```
    pub fn ahead(self, ahead: usize) -> Self {
        Self { ahead: Some(ahead), ..self }
    }

    /// Goes on without the values that fail.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_iter(["1", "two", "3"])
    ///     .async_pipe(2, async |s: &str| s.parse::<u8>())
    ///     .fallible()
    ///     .skip_failures()
    ///     .chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [1, 3]);
    /// ```
    pub fn skip_failures(self) -> Self {
        Self { policy: Policy::Skip, ..self }
    }

    /// Sends a copy of each value that fails, with the cause, to `letters`, and goes on. The pipe, or the
    /// thread that made the call, waits until it is accepted; if that channel is closed the pipe stops. At
    /// its end it drops `letters`; if calls run on threads, when the last of these ends.
    ///
    /// # Examples
    /// ```
    /// let (letters, failed) = aiochan::Chan::unbounded().split();
    /// let c = aiochan::from_iter(["1", "two", "3"])
    ///     .async_pipe(2, async |s: &str| s.parse::<u8>())
    ///     .fallible()
    ///     .dead_letters(letters)
    ///     .chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [1, 3]);
    /// assert_eq!(failed.iter().map(|(s, _cause)| s).collect::<Vec<_>>(), ["two"]);
    /// ```
    pub fn dead_letters(self, letters: Sender<(S::Item, Reason)>) -> Self
    where
        S::Item: Clone,
    {
        Self { policy: Policy::DeadLetters { letters, copy: S::Item::clone }, ..self }
    }
}

impl<S: Stream, F> Pipe<S, Futures<Plain<F>>> {
    /// Takes the results apart: an `Ok` is a result, an `Err` is a failure, as a panic is. The error may be of any
    /// type that is an [`Error`], `Send`, `Sync` and `'static`, a text, or a box of such an error.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_iter(["1", "two", "3"])
    ///     .async_pipe(2, async |s: &str| s.parse::<u8>())
    ///     .fallible()
    ///     .chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [1]);
    /// assert!(c.close_reason().unwrap().is::<std::num::ParseIntError>());
    /// ```
    pub fn fallible<R, E, Fut>(self) -> Pipe<S, Futures<Fallible<F>>>
    where
        F: FnMut(S::Item) -> Fut,
        Fut: Future<Output = Result<R, E>>,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.with_kind(|Futures(Plain(f))| Futures(Fallible(f)))
    }
}

impl<S: Stream, J> Pipe<S, Threads<J>> {
    /// Takes the results apart: an `Ok` is a result, an `Err` is a failure, as a panic is. After
    /// [`flat`](Self::flat), an `Err` among the items of a result is a failure of the whole. The error may be of
    /// any type that is an [`Error`], `Send`, `Sync` and `'static`, a text, or a box of such an error.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_iter(["1", "two", "3"])
    ///     .parallel_pipe(2, str::parse::<u8>)
    ///     .fallible()
    ///     .chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [1]);
    /// assert!(c.close_reason().unwrap().is::<std::num::ParseIntError>());
    /// ```
    pub fn fallible<R, E>(self) -> Pipe<S, Threads<Fallible<J>>>
    where
        J: ThreadJob<S::Item, Output = Result<R, E>>,
        E: Into<Box<dyn Error + Send + Sync>>,
    {
        self.with_kind(|Threads(job)| Threads(Fallible(job)))
    }

    /// Puts the items of each result, one after the other. They are collected on the thread that made
    /// the result, so there must be an end to them.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_iter(["a b", "", "c"]).parallel_pipe(2, str::split_whitespace).flat();
    /// assert_eq!(c.chan().iter().collect::<Vec<_>>(), ["a", "b", "c"]);
    /// ```
    pub fn flat(self) -> Pipe<S, Threads<Flat<J>>> {
        self.with_kind(|Threads(job)| Threads(Flat(job)))
    }
}
