//! Stream adapters that a flow needs and `futures-util` lacks.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;
use pin_project_lite::pin_project;

/// After so many items in a row the executor has its turn.
const BUDGET: u32 = 128;

pin_project! {
    /// A stream that yields to the executor from time to time, however many items it has.
    ///
    /// Without it `filter` on an endless source could keep its thread for ever within one poll.
    pub(crate) struct Budget<S> {
        #[pin]
        stream: S,
        left: u32,
    }
}

impl<S> Budget<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self { stream, left: BUDGET }
    }
}

impl<S: Stream> Stream for Budget<S> {
    type Item = S::Item;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let this = self.project();
        if *this.left == 0 {
            *this.left = BUDGET;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let next = this.stream.poll_next(cx);
        match next {
            Poll::Ready(_) => *this.left -= 1,
            Poll::Pending => *this.left = BUDGET,
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
        #[pin]
        pub(crate) stream: S,
        pub(crate) gathered: Option<G>,
        pub(crate) add: F,
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
