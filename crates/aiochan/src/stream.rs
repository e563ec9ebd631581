//! Values one after the other: as a `Stream`, and as a blocking iterator.

use std::fmt;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_core::Stream;

use crate::buffer::BoxIter;
use crate::chan::Chan;
use crate::op::{drop_get, poll_get};
use crate::panics::{Apart, caught, discard};
use crate::state::State;
use crate::sync::Arc;
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
    gets: Gets<T>,
    source: Source<T>,
}

/// Where a stream has its values from.
enum Source<T> {
    /// The channel, and that is its own source.
    Chan,
    /// The iterator that the channel was made from, in turns with everybody else who gets from it.
    Shared,
    /// That iterator, since nobody else is left who could get from it. It is in a mutex, which nobody locks, only
    /// so that a stream may be shared between threads.
    Own(Mutex<Apart<BoxIter<T>>>),
}

impl<T> Items<T> {
    fn new(chan: Chan<T>) -> Self {
        let source = if chan.shared.look(State::is_source) { Source::Shared } else { Source::Chan };
        Self { gets: Gets::new(chan), source }
    }

    /// Ends its wait, if it waits, and gives back what it was handed.
    pub(crate) fn leave(&mut self) {
        self.gets.leave();
    }

    /// The next item of the iterator, where that is this stream's own or can be. When it ends or panics it is
    /// dropped, and the channel counts as drained.
    #[inline]
    fn pull(&mut self) -> Option<T> {
        if let Source::Shared = self.source {
            let shared = &mut self.gets.chan.shared;
            // It costs less to look than to try. What a wait of its own was answered with comes first.
            if Arc::strong_count(shared) > 1
                || self.gets.waiter.as_ref().is_some_and(|waiter| !waiter.is_clear())
            {
                return None;
            }
            self.source = Source::Own(Mutex::new(Apart::new(Arc::get_mut(shared)?.take_source()?)));
        }
        let Source::Own(iter) = &mut self.source else { return None };
        let iter = iter.get_mut().unwrap_or_else(PoisonError::into_inner);
        match caught(|| iter.next()) {
            Ok(None) => {
                self.source = Source::Chan;
                None
            }
            Ok(item) => item,
            Err(panic) => {
                discard(std::mem::replace(&mut self.source, Source::Chan));
                resume_unwind(panic);
            }
        }
    }
}

impl<T> Stream for Items<T> {
    type Item = T;

    #[inline]
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match self.pull() {
            None => self.gets.poll_next(cx),
            item => Poll::Ready(item),
        }
    }
}

impl<T> fmt::Debug for Items<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Items").field(&self.gets.chan).finish()
    }
}

/// Gets one after the other, of which at most one waits.
pub(crate) struct Gets<T> {
    chan: Chan<T>,
    /// Made when there is something to wait for, and used again.
    waiter: Option<Pin<Box<Waiter<T>>>>,
}

impl<T> Gets<T> {
    pub(crate) fn new(chan: Chan<T>) -> Self {
        Self { chan, waiter: None }
    }

    pub(crate) fn chan(&self) -> &Chan<T> {
        &self.chan
    }

    pub(crate) fn poll_next(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let Self { chan, waiter } = self;
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

    /// Ends its wait, if it waits, and gives back what it was handed.
    pub(crate) fn leave(&mut self) {
        if let Some(waiter) = self.waiter.take() {
            drop_get(&self.chan.shared, &waiter);
        }
    }
}

impl<T> Drop for Gets<T> {
    fn drop(&mut self) {
        self.leave();
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
