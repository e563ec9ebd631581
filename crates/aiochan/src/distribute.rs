//! `distribute`: each value for one of several channels, whichever can take it first.

use std::any::Any;
use std::borrow::Borrow;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::ptr;
use std::task::{Context, Poll};

use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;

use crate::chan::Chan;
use crate::error::PutError;
use crate::feed::Feed;
use crate::flow::Flow;
use crate::output::{Output, unwound};
use crate::panics::{caught, cause, copies, discard};
use crate::select::{Outcome, Select, Selected};
use crate::spawn::go;

impl<S> Flow<S>
where
    S: Stream + Send + 'static,
    S::Item: Clone + Send,
{
    /// Starts one worker that gives each value to one of `outs`, whichever can take it first; chance
    /// decides between several.
    ///
    /// An out that is closed is passed over, and no value is lost in it: what it does not accept goes to
    /// another. A value that waits to be taken waits in all outs at once; for that it is cloned, and of
    /// the clones one is delivered. (Put what is expensive to clone into an [`Arc`](std::sync::Arc).) An out whose consumer
    /// panics over a value has had it, and is closed with the cause; the others go on.
    ///
    /// When the input ends the outs are closed, with its reason if it has one, unless they are to be
    /// [kept open](Self::keep_open). When all outs are closed, or nobody is left who could get from them,
    /// the worker reads no more. A value that it has read by then stays, as that of any put, for those who
    /// drain the outs in which it waits; it is dropped if there is nobody.
    ///
    /// # Panics
    /// If there are no outs.
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Chan, from_range, merge};
    ///
    /// let workers = [Chan::new(), Chan::new()];
    /// from_range(0..10).distribute(&workers);
    /// let done = merge(workers).chan();
    /// assert_eq!(done.iter().sum::<i32>(), 45);
    /// ```
    pub fn distribute<C>(self, outs: impl IntoIterator<Item = C>)
    where
        C: Borrow<Chan<S::Item>>,
    {
        let Self { stream, origins, keep_open } = self;
        let output = |out: C| Output::new(out.borrow(), keep_open);
        let outs: Vec<_> = outs.into_iter().map(output).collect();
        assert!(!outs.is_empty(), "distribute to no channels; give it at least one");
        drop(go(async move {
            let feeds = outs.iter().map(|out| out.feed().clone()).collect();
            let mut stream = pin!(Some(stream));
            let spread = unwound(spread(stream.as_mut(), feeds)).await;
            // It is not dropped by a panic of its own: its `Drop` may panic as well.
            let dropped = caught(|| stream.set(None)).map_err(cause);
            let reason = match spread.and(dropped) {
                Ok(()) => origins.reason(),
                Err(reason) => Some(reason),
            };
            outs.iter().for_each(|out| out.end(reason.clone()));
        }));
    }
}

impl<T: Clone + Send + 'static> Chan<T> {
    /// [`Flow::distribute`] of this channel's values.
    ///
    /// # Examples
    /// ```
    /// use aiochan::Chan;
    ///
    /// let (jobs, [a, b]) = (Chan::new(), [Chan::new(), Chan::new()]);
    /// jobs.distribute([&a, &b]);
    /// jobs.put_blocking("wash up").unwrap();
    /// assert_eq!(b.get_blocking(), Some("wash up")); // `a` is busy
    /// ```
    pub fn distribute<C: Borrow<Chan<T>>>(&self, outs: impl IntoIterator<Item = C>) {
        self.flow().distribute(outs);
    }
}

async fn spread<S: Stream>(mut stream: Pin<&mut Option<S>>, outs: Vec<Feed<S::Item>>)
where
    S::Item: Clone + Send,
{
    let mut open: Vec<_> = outs.iter().collect();
    let mut closings: FuturesUnordered<_> = outs.iter().map(closed).collect();
    // Whether an out is open still.
    let mut look = |open: &mut Vec<&Feed<S::Item>>, cx: &mut Context<'_>| {
        while let Poll::Ready(closed) = closings.poll_next_unpin(cx) {
            let Some(closed) = closed else { return false };
            open.retain(|out| !ptr::eq(*out, closed));
        }
        true
    };
    loop {
        let next = poll_fn(|cx| match stream.as_mut().as_pin_mut() {
            Some(stream) if look(&mut open, cx) => stream.poll_next(cx),
            _ => Poll::Ready(None),
        });
        let Some(value) = next.await else { return };
        let Err(value) = try_each(&open, value) else { continue };
        let mut put = pin!(put_in_one(open.clone(), value));
        poll_fn(|cx| {
            if !look(&mut open, cx) {
                stream.set(None);
            }
            put.as_mut().poll(cx)
        })
        .await;
    }
}

/// Waits until an out is closed.
async fn closed<T>(out: &Feed<T>) -> &Feed<T> {
    out.chan().closed().await;
    out
}

/// Puts the value into an out that can take it at once.
fn try_each<T: Send>(outs: &[&Feed<T>], mut value: T) -> Result<(), T> {
    let first = fastrand::usize(..outs.len().max(1));
    for out in outs[first..].iter().chain(&outs[..first]) {
        let (put, met) = out.put(value).try_caught();
        if let Err(panic) = met {
            fail(out, panic);
        }
        match put {
            Ok(()) => return Ok(()),
            Err(back) => value = back,
        }
    }
    Err(value)
}

/// Closes an out whose consumer or buffer has panicked. That is nobody else's concern.
fn fail<T>(out: &Feed<T>, panic: Box<dyn Any + Send>) {
    let reason = cause(panic);
    discard(caught(|| out.chan().close_as(Some(reason))));
}

/// Puts the value into one of the outs, unless all are closed.
async fn put_in_one<T: Clone + Send>(mut outs: Vec<&Feed<T>>, mut value: T) {
    while !outs.is_empty() {
        let copies = copies(value, outs.len());
        let select = outs
            .iter()
            .zip(copies)
            .fold(Select::new(), |all, (out, copy)| all.put(out.chan(), copy));
        let (Selected { index, outcome, unsent }, met) = select.caught().await;
        unsent.into_iter().for_each(discard);
        if let Err(panic) = met {
            fail(outs[index], panic);
        }
        match outcome {
            Outcome::Put(Err(PutError(back))) => value = back,
            _ => return,
        }
        outs.swap_remove(index);
    }
}
