//! Values one after the other: as a `Stream`, and as a blocking iterator.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::chan::Chan;
use crate::op::{drop_get, poll_get};
use crate::waiter::{Phase, Waiter};

impl<T> Chan<T> {
    /// A stream of the channel's values, which ends when it is closed and drained.
    ///
    /// The stream has a handle of its own. Polled when nothing is there, it takes its place among
    /// the waiting gets and keeps it until it is polled again or dropped.
    ///
    /// # Cancel safety
    /// Nothing is lost, but mind what cancels: dropping the future of a single `next()`, as a timeout
    /// around it does, leaves the stream itself waiting. A value that then comes is the stream's: its
    /// next poll yields it, its drop gives it back, and meanwhile nobody else gets it. To wait for
    /// one value for a limited time use [`get`](Self::get) or [`select!`](crate::select).
    ///
    /// # Examples
    /// ```
    /// use futures_util::StreamExt;
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let c = aiochan::Chan::from_iter(1..);
    /// let squares: Vec<u32> = c.stream().map(|n| n * n).take(3).collect().await;
    /// assert_eq!(squares, [1, 4, 9]);
    /// # });
    /// ```
    pub fn stream(&self) -> Items<T> {
        Items::new(self.clone())
    }

    /// A blocking iterator over the channel's values, which ends when it is closed and drained. For
    /// threads that read what async code produces; in async code use [`stream`](Self::stream).
    ///
    /// Nothing is read ahead: what a loop that stops has not asked for stays in the channel, which
    /// stays open.
    ///
    /// # Panics
    /// As [`get_blocking`](Self::get_blocking), in its `next`.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::Chan::fixed(2);
    /// c.add([1, 2]).unwrap();
    /// c.close();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [1, 2]);
    /// ```
    #[doc(alias = "to_iterable")]
    pub fn iter(&self) -> Iter<'_, T> {
        Iter { chan: self }
    }
}

/// A stream of a channel's values, from [`Chan::stream`].
#[must_use = "a stream does nothing until it is polled"]
pub struct Items<T> {
    chan: Chan<T>,
    /// Made when there is something to wait for, and used again.
    waiter: Option<Pin<Box<Waiter<T>>>>,
}

impl<T> Items<T> {
    pub(crate) fn new(chan: Chan<T>) -> Self {
        Self { chan, waiter: None }
    }

    /// The channel.
    pub fn chan(&self) -> &Chan<T> {
        &self.chan
    }
}

impl<T> Stream for Items<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let Self { chan, waiter } = &mut *self;
        if let Some(waiter) = waiter
            && waiter.phase() == Phase::Spent
        {
            waiter.set_phase(Phase::Idle);
        }
        if waiter.as_ref().is_none_or(|waiter| waiter.phase() == Phase::Idle)
            && let Ok(value) = chan.try_get()
        {
            return Poll::Ready(Some(value));
        }
        let waiter = waiter.get_or_insert_with(|| Box::pin(Waiter::new(None)));
        poll_get(&chan.shared, waiter.as_ref(), cx)
    }
}

impl<T> Items<T> {
    /// Ends its wait, if it waits, and gives back what it was handed.
    pub(crate) fn leave(&mut self) {
        if let Some(waiter) = self.waiter.take() {
            drop_get(&self.chan.shared, &waiter);
        }
    }
}

impl<T> Drop for Items<T> {
    fn drop(&mut self) {
        self.leave();
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Items").field(&self.chan).finish()
    }
}

/// A blocking iterator over a channel's values, from [`Chan::iter`].
#[derive(Debug)]
pub struct Iter<'a, T> {
    chan: &'a Chan<T>,
}

/// A blocking iterator that owns its half or handle of the channel.
#[derive(Debug)]
pub struct IntoIter<T, H> {
    /// A [`Chan`] or a [`Receiver`](crate::Receiver).
    handle: H,
    get: fn(&H) -> Option<T>,
}

impl<T> Iterator for Iter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        self.chan.get_blocking()
    }
}

impl<T, H> Iterator for IntoIter<T, H> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        (self.get)(&self.handle)
    }
}

impl<'a, T> IntoIterator for &'a Chan<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for Chan<T> {
    type Item = T;
    type IntoIter = IntoIter<T, Self>;

    fn into_iter(self) -> IntoIter<T, Self> {
        IntoIter { handle: self, get: Self::get_blocking }
    }
}

impl<'a, T> IntoIterator for &'a crate::Receiver<T> {
    type Item = T;
    type IntoIter = Iter<'a, T>;

    fn into_iter(self) -> Iter<'a, T> {
        self.iter()
    }
}

impl<T> IntoIterator for crate::Receiver<T> {
    type Item = T;
    type IntoIter = IntoIter<T, Self>;

    fn into_iter(self) -> IntoIter<T, Self> {
        IntoIter { handle: self, get: Self::get_blocking }
    }
}
