//! Where stages end: the output channel of a worker, and the rule that it always learns how the worker
//! ended.

use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::thread;

use futures_core::Stream;

use crate::chan::Chan;
use crate::error::{Panicked, TryPutError};
use crate::feed::Feed;
use crate::panics::{Caught, caught, cause, discard};
use crate::spawn::go;
use crate::state::Reason;

/// Gives a stage its ways to end in a channel. The stage has a method `start(self, Output<T>)` and a
/// field `keep_open`.
macro_rules! endings {
    ($item:ty) => {
        /// Starts one worker that puts the results into a new channel without a buffer, and returns
        /// that channel.
        ///
        /// # Cancel safety
        /// As [`into_chan`](Self::into_chan).
        ///
        /// # Examples
        /// ```
        /// let squares = aiochan::from_range(1..4).map(|n| n * n).chan();
        /// assert_eq!(squares.iter().collect::<Vec<_>>(), [1, 4, 9]);
        /// ```
        #[must_use = "a channel that nobody holds ends its worker; for side effects use `for_each`"]
        pub fn chan(self) -> $crate::Chan<$item> {
            self.chan_with(0)
        }

        /// Starts one worker that puts the results into a new channel with a buffer: a number for a
        /// fixed one, or a [`Buf`](crate::Buf).
        ///
        /// # Cancel safety
        /// As [`into_chan`](Self::into_chan).
        ///
        /// # Examples
        /// ```
        /// let latest = aiochan::from_range(1..4).map(|n| n * n).chan_with(aiochan::Buf::sliding(1));
        /// aiochan::run(latest.closed());
        /// assert_eq!(latest.get_blocking(), Some(9));
        /// ```
        #[must_use = "a channel that nobody holds ends its worker; for side effects use `for_each`"]
        pub fn chan_with(self, buffer: impl Into<$crate::Buf<$item>>) -> $crate::Chan<$item> {
            let out = $crate::Chan::builder().buffer(buffer).build();
            self.into_chan(&out);
            out
        }

        /// Starts one worker that puts the results into `out` and closes it at the end, unless it is to
        /// be [kept open](Self::keep_open).
        ///
        /// The worker ends when the input does, when something in it panics, which closes `out` with
        /// the reason in any case, or when `out` is closed or nobody is left who could get from it.
        ///
        /// # Cancel safety
        /// When `out` is closed or left, what the worker has taken from its input is not given back. A value that
        /// waits to be put into an `out` that is closed is still for those who drain it; the rest is dropped with
        /// the worker: that value if nobody can get it, and what the stage holds besides.
        ///
        /// # Examples
        /// ```
        /// let out = aiochan::Chan::fixed(8);
        /// aiochan::from_range(1..4).map(|n| n * n).into_chan(&out);
        /// assert_eq!(out.iter().collect::<Vec<_>>(), [1, 4, 9]);
        /// ```
        pub fn into_chan(self, out: &$crate::Chan<$item>) {
            let keep_open = self.keep_open;
            self.start($crate::output::Output::new(out, keep_open));
        }

        /// Leaves the output open when the input ends, for others that put into it as well. An input
        /// that was closed with a reason, or a failure here, still closes it, with that reason.
        ///
        /// # Examples
        /// ```
        /// let out = aiochan::Chan::new();
        /// aiochan::from_range(1..3).map(|n| n * n).keep_open().into_chan(&out);
        /// assert_eq!((out.get_blocking(), out.get_blocking()), (Some(1), Some(4)));
        /// assert!(!out.is_closed());
        /// ```
        pub fn keep_open(mut self) -> Self {
            self.keep_open = true;
            self
        }
    };
}
pub(crate) use endings;

/// A worker's output.
pub(crate) struct Output<T> {
    feed: Feed<T>,
    keep_open: bool,
    /// Whether it has been told how the worker ended.
    told: AtomicBool,
}

impl<T> Output<T> {
    pub(crate) fn new(out: &Chan<T>, keep_open: bool) -> Self {
        Self { feed: out.feed(), keep_open, told: AtomicBool::new(false) }
    }

    pub(crate) fn feed(&self) -> &Feed<T> {
        &self.feed
    }

    /// The input has ended, for a reason if it has one.
    pub(crate) fn end(&self, reason: Option<Reason>) {
        self.told.store(true, Ordering::Relaxed);
        if reason.is_some() || !self.keep_open {
            // A panic of whoever waits there is not the worker's, which may have others to tell.
            discard(caught(|| self.feed.chan().close_as(reason)));
        }
    }

    /// The worker has nothing to do with it any more, and leaves it as it is.
    pub(crate) fn release(&self) {
        self.told.store(true, Ordering::Relaxed);
    }

    /// The worker cannot go on.
    pub(crate) fn fail(&self, reason: Reason) {
        self.end(Some(reason));
    }
}

impl<T> Drop for Output<T> {
    fn drop(&mut self) {
        if !*self.told.get_mut() {
            discard(caught(|| self.feed.chan().close_with(dropped())));
        }
    }
}

/// The reason of a worker that could not take its leave.
pub(crate) fn dropped() -> &'static str {
    if thread::panicking() {
        "the worker was dropped by a panic"
    } else {
        "the worker was dropped: its runtime has been shut down"
    }
}

/// Where the reasons for the end of an input are found, the nearest first.
#[derive(Default)]
pub(crate) struct Origins(Vec<Origin>);

struct Origin {
    reason: Box<dyn Fn() -> Option<Reason> + Send + Sync>,
    /// Whether it is that of a stage which runs within whoever asks, not of the source.
    within: bool,
}

impl Origins {
    pub(crate) fn of<T: Send + 'static>(chan: &Chan<T>) -> Self {
        if chan.is_closed() && chan.close_reason().is_none() {
            // Nor will there ever be one. The flow may be the only one who has the channel, and take advantage.
            return Self::default();
        }
        let chan = chan.feed();
        Self(vec![Origin { reason: Box::new(move || chan.chan().close_reason()), within: false }])
    }

    /// A stage that tells there why it has failed.
    pub(crate) fn of_failure(failure: Arc<OnceLock<Reason>>) -> Self {
        Self(vec![Origin { reason: Box::new(move || failure.get().cloned()), within: true }])
    }

    pub(crate) fn append(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// The same, but nothing is known before `ended` is set.
    pub(crate) fn after(self, ended: &Arc<AtomicBool>) -> Self {
        let after = |Origin { reason, within }| {
            let ended = ended.clone();
            let reason = move || ended.load(Ordering::Acquire).then(&reason).flatten();
            Origin { reason: Box::new(reason), within }
        };
        Self(self.0.into_iter().map(after).collect())
    }

    /// The first reason that there is.
    pub(crate) fn reason(&self) -> Option<Reason> {
        self.0.iter().find_map(|origin| (origin.reason)())
    }

    /// Goes on with the panic that a stage within has failed with, if one has.
    pub(crate) fn resume_panic(&self) {
        let failure = self.0.iter().filter(|origin| origin.within).find_map(|at| (at.reason)());
        if let Some(panicked) =
            failure.as_ref().and_then(|reason| reason.downcast_ref::<Panicked>())
        {
            resume_unwind(Box::new(panicked.message().to_owned()));
        }
    }
}

/// Starts a worker that puts into `out`, which is told how it ends.
pub(crate) fn start_worker<T, W>(
    out: Output<T>,
    origins: Origins,
    work: impl FnOnce(Feed<T>) -> W + Send + 'static,
) where
    T: Send + 'static,
    W: Future<Output = ()> + Send,
{
    go(async move {
        match unwound(async { work(out.feed().clone()).await }).await {
            Ok(()) => out.end(origins.reason()),
            Err(reason) => out.fail(reason),
        }
    });
}

/// The output of `future`, or the reason that its panic is.
pub(crate) async fn unwound<F: Future>(future: F) -> Result<F::Output, Reason> {
    Caught::new(future).await.map_err(cause)
}

/// Puts the items of `stream` into `out` until either ends. When `out` ends while an item waits to be put
/// that item is dropped; no other is taken from the stream then.
pub(crate) async fn pour<S: Stream>(stream: S, out: Feed<S::Item>) {
    let mut stream = pin!(Some(stream));
    let poured = match stream.as_mut().as_pin_mut() {
        Some(stream) => Caught::new(pour_from(stream, out)).await,
        None => Ok(()),
    };
    // It is not dropped by a panic of its own: its `Drop` may panic as well.
    let dropped = caught(|| stream.set(None));
    if let Err(panic) = poured.and(dropped) {
        resume_unwind(panic);
    }
}

async fn pour_from<S: Stream>(mut stream: Pin<&mut S>, out: Feed<S::Item>) {
    let mut closed = pin!(out.chan().closed());
    if out.chan().is_closed() {
        return;
    }
    loop {
        let next = poll_fn(|cx| match stream.as_mut().poll_next(cx) {
            Poll::Pending => closed.as_mut().poll(cx).map(|()| None),
            ready => ready,
        });
        let Some(item) = next.await else { return };
        let put = match out.try_put(item) {
            Err(TryPutError::Full(item)) => out.put(item).await.is_ok(),
            result => result.is_ok(),
        };
        if !put {
            return;
        }
    }
}
