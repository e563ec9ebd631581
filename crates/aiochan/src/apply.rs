//! `async_apply`: a stage that is an async function of its input and its output.

use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::panic::resume_unwind;
use std::pin::pin;
use std::task::Poll;

use crate::chan::Chan;
use crate::feed::Feed;
use crate::output::{Origins, Output, endings, start_worker};
use crate::panics::Caught;

impl<T: Send + 'static> Chan<T> {
    /// A stage written by hand: `f` is given this channel and a [`Feed`] of the output, and gets and puts
    /// what and when it likes. Of what the operators can do this is the general case.
    ///
    /// It is lazy: nothing runs until it is ended in a channel, by [`chan`](Apply::chan) and so on. The
    /// output is closed when `f` returns; with the reason of the input's close if that has one, and with
    /// [`Panicked`](crate::Panicked) when `f` panics. To close it with a reason of its own, `f` calls
    /// `out.chan().close_with(reason)`, as the last thing it does.
    ///
    /// # Cancel safety
    /// When the output is closed, or nobody is left who could get from it, puts fail, and `f` may draw its
    /// conclusions. A put that waits when it is closed is still for those who drain it, and fails only when
    /// nobody is left who could. As soon as `f` waits for anything but that it is dropped where it waits, and
    /// with it the values that it has taken and not put on. What it was about to get stays in the input.
    ///
    /// # Examples
    /// ```
    /// // Values in pairs, the odd one out is left out.
    /// let pairs = aiochan::from_range(1..6).async_apply(|inp, out| async move {
    ///     while let (Some(a), Some(b)) = (inp.get().await, inp.get().await) {
    ///         if out.put((a, b)).await.is_err() {
    ///             break; // nobody wants any more
    ///         }
    ///     }
    /// });
    /// assert_eq!(pairs.chan().iter().collect::<Vec<_>>(), [(1, 2), (3, 4)]);
    /// ```
    pub fn async_apply<R, F, W>(&self, f: F) -> Apply<T, R, F>
    where
        R: Send + 'static,
        F: FnOnce(Chan<T>, Feed<R>) -> W + Send + 'static,
        W: Future<Output = ()> + Send,
    {
        Apply { input: self.clone(), f, keep_open: false, results: PhantomData }
    }
}

/// A lazy stage that is an async function, from [`Chan::async_apply`].
#[must_use = "a stage does nothing until it is ended in a channel"]
pub struct Apply<T, R, F> {
    input: Chan<T>,
    f: F,
    keep_open: bool,
    results: PhantomData<fn() -> R>,
}

impl<T, R, F, W> Apply<T, R, F>
where
    T: Send + 'static,
    R: Send + 'static,
    F: FnOnce(Chan<T>, Feed<R>) -> W + Send + 'static,
    W: Future<Output = ()> + Send,
{
    endings!(R);

    fn start(self, out: Output<R>) {
        let Self { input, f, .. } = self;
        start_worker(out, Origins::of(&input), |out| while_wanted(out, move |out| f(input, out)));
    }
}

/// Runs `f` to its end, or until `out` is closed and no put waits in it any more.
async fn while_wanted<R, W>(out: Feed<R>, f: impl FnOnce(Feed<R>) -> W)
where
    W: Future<Output = ()>,
{
    if out.chan().is_closed() {
        return;
    }
    let mut closed = pin!(out.chan().closed());
    let mut drained = pin!(out.chan().join());
    let mut work = pin!(Caught::new(f(out.clone())));
    let ended = poll_fn(|cx| {
        if let Poll::Ready(ended) = work.as_mut().poll(cx) {
            return Poll::Ready(ended);
        }
        if !out.chan().is_closed() && closed.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        // If it waits to put and nobody can get any more, it learns now that this has failed. A put of its
        // own that is taken wakes it; if those of others are left, the last of them does.
        match work.as_mut().poll(cx) {
            Poll::Pending if out.chan().stats().parked_puts == 0 => Poll::Ready(Ok(())),
            Poll::Pending => drained.as_mut().poll(cx).map(Ok),
            ended => ended,
        }
    });
    if let Err(panic) = ended.await {
        resume_unwind(panic);
    }
}
