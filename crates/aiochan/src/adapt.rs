//! Stream adapters that a flow needs and `futures-util` lacks.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use futures_core::Stream;
use futures_util::StreamExt;
use futures_util::stream::Fuse;
use pin_project_lite::pin_project;

/// After so much time without a pause the executor has its turn.
const SLICE: Duration = Duration::from_micros(100);
/// The clock is read once in at most so many items: if they are quick, and then all at once slow, so many come
/// before that is seen.
const MAX_STRIDE: u32 = 32;

pin_project! {
    /// A stream that yields to the executor from time to time, however many items it has.
    ///
    /// Without it `filter` on an endless source could keep its thread for ever within one poll.
    pub(crate) struct Budget<S> {
        #[pin]
        stream: S,
        stride: u32,
        // How many items may come before the clock is read again.
        left: u32,
        // When the clock was read first since the last pause.
        since: Option<Instant>,
    }
}

impl<S> Budget<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, stride: 1, left: 1, since: None }
    }

    /// The stream inside.
    pub(crate) fn stream_mut(&mut self) -> &mut S {
        &mut self.stream
    }
}

impl<S: Stream> Stream for Budget<S> {
    type Item = S::Item;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        if *this.left == 0 {
            let now = Instant::now();
            let spent = now - *this.since.get_or_insert(now);
            if spent > SLICE {
                (*this.stride, *this.left, *this.since) = (1, 1, None);
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
            *this.stride = (*this.stride * 2).min(MAX_STRIDE);
            *this.left = *this.stride;
        }
        let next = this.stream.poll_next(cx);
        match next {
            Poll::Ready(_) => *this.left -= 1,
            Poll::Pending => *this.since = None,
        }
        next
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}

pin_project! {
    /// A stream that gathers items into something. What `add` returns is given out on the way,
    /// and the rest at the end.
    pub(crate) struct Gather<S, G, F> {
        // What is given out at the end is not the end yet: the stream is asked again.
        #[pin]
        stream: Fuse<S>,
        gathered: Option<G>,
        add: F,
    }
}

impl<S, G, F> Gather<S, G, F>
where
    S: Stream,
    F: FnMut(&mut Option<G>, S::Item) -> Option<G>,
{
    pub(crate) fn new(stream: S, gathered: Option<G>, add: F) -> Self {
        Self { stream: stream.fuse(), gathered, add }
    }
}

impl<S, G, F> Stream for Gather<S, G, F>
where
    S: Stream,
    F: FnMut(&mut Option<G>, S::Item) -> Option<G>,
{
    type Item = G;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<G>> {
        let mut this = self.project();
        loop {
            match ready!(this.stream.as_mut().poll_next(cx)) {
                Some(item) => {
                    if let Some(full) = (this.add)(this.gathered, item) {
                        return Poll::Ready(Some(full));
                    }
                }
                None => return Poll::Ready(this.gathered.take()),
            }
        }
    }
}

pin_project! {
    /// A stream that tells whether it has ended.
    pub(crate) struct Watched<S> {
        #[pin]
        stream: S,
        ended: Arc<AtomicBool>,
    }
}

impl<S> Watched<S> {
    /// `ended` is set when `stream` ends.
    pub(crate) fn new(stream: S, ended: Arc<AtomicBool>) -> Self {
        Self { stream, ended }
    }
}

impl<S: Stream> Stream for Watched<S> {
    type Item = S::Item;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        let next = this.stream.poll_next(cx);
        if let Poll::Ready(None) = next {
            this.ended.store(true, Ordering::Release);
        }
        next
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.stream.size_hint()
    }
}
