//! `Sender` and `Receiver`: the two directions of a channel as types, which close by dropping.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_core::Stream;
use futures_sink::Sink;

use crate::chan::Chan;
use crate::error::{GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError};
use crate::first_panic::FirstPanic;
use crate::op::{Get, Put, drop_put, poll_put};
use crate::shared::Handles;
use crate::stats::Stats;
use crate::stream::{Gets, Iter};
use crate::sync::{Arc, Ordering, fence};
use crate::waiter::Waiter;

impl<T> Chan<T> {
    /// Splits the handle into a sending and a receiving half, which can be cloned.
    ///
    /// When the last `Sender` is dropped the channel is closed. When the last `Receiver` is dropped
    /// it is closed too, waiting puts get their values back, and what is inside is dropped, since
    /// nobody can get it any more. `Chan` handles that were cloned keep working and do not count as
    /// halves; but as they can get, what is inside stays until they have gone as well.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = aiochan::Chan::fixed(8).split();
    /// let tx2 = tx.clone();
    /// std::thread::spawn(move || tx.put_blocking(1));
    /// std::thread::spawn(move || tx2.put_blocking(2));
    /// assert_eq!(rx.into_iter().sum::<i32>(), 3); // ends: both senders have gone
    /// ```
    pub fn split(mut self) -> (Sender<T>, Receiver<T>) {
        // A callback that waits is counted, too.
        let is_alone = Arc::strong_count(&self.shared) == 1 && {
            // Nobody else counts now; what those who did have counted is seen from here on.
            fence(Ordering::Acquire);
            self.shared.handles().have_one_chan()
        };
        if is_alone {
            self.shared.handles().set_halves();
            self.counted = false;
        } else {
            // The receiver before the handle goes: what is inside is never out of reach in between.
            Handles::add(&self.shared.handles().senders);
            Handles::add(&self.shared.handles().receivers);
            self.uncount();
        }
        let sender = Sender { chan: self.uncounted(), sending: None };
        (sender, Receiver { gets: Gets::new(self) })
    }
}

/// The sending half of a channel, from [`Chan::split`]; the last one dropped closes it.
pub struct Sender<T> {
    chan: Chan<T>,
    /// An item that was accepted by the [`Sink`] and is not put yet.
    sending: Option<Pin<Box<Waiter<T>>>>,
}

/// The receiving half of a channel, from [`Chan::split`]; the last one dropped refuses further puts.
///
/// It is a [`Stream`] of the values, and a blocking [`Iterator`] can be had from it. As a stream it
/// keeps its place in the queue between polls: see [`Chan::stream`] before mixing `next` under a
/// timeout with [`get`](Self::get) on one receiver.
///
/// What takes channels ([`merge`](crate::merge), [`zip_chans`](crate::zip_chans),
/// [`combine_latest`](crate::combine_latest), [`Chan::dup`], [`Chan::publish`]) is given
/// [`rx.chan()`](Self::chan); see there for how long to keep the receiver.
pub struct Receiver<T> {
    gets: Gets<T>,
}

impl<T> Sender<T> {
    fn new(chan: Chan<T>) -> Self {
        Handles::add(&chan.shared.handles().senders);
        Self { chan, sending: None }
    }

    /// As [`Chan::put`].
    ///
    /// # Errors
    /// [`PutError`] with the value if the channel is closed, or no receiver is left.
    ///
    /// # Cancel safety
    /// As [`Chan::put`].
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = aiochan::Chan::fixed(1).split();
    /// assert_eq!(aiochan::run(tx.put(1)), Ok(()));
    /// drop(rx);
    /// assert_eq!(aiochan::run(tx.put(2)), Err(aiochan::PutError(2)));
    /// ```
    #[doc(alias = "send")]
    #[inline]
    pub fn put(&self, value: T) -> Put<'_, T> {
        self.chan.put(value)
    }

    /// As [`Chan::try_put`].
    ///
    /// # Errors
    /// [`TryPutError::Full`] or [`TryPutError::Closed`], with the value.
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Chan, TryPutError};
    ///
    /// let (tx, _rx) = Chan::fixed(1).split();
    /// assert_eq!(tx.try_put(1), Ok(()));
    /// assert_eq!(tx.try_put(2), Err(TryPutError::Full(2)));
    /// ```
    #[doc(alias = "try_send")]
    #[inline]
    pub fn try_put(&self, value: T) -> Result<(), TryPutError<T>> {
        self.chan.try_put(value)
    }

    /// As [`Chan::put_blocking`].
    ///
    /// # Errors
    /// [`PutError`] with the value if the channel is closed, or no receiver is left.
    ///
    /// # Panics
    /// As [`Chan::put_blocking`].
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = aiochan::Chan::new().split();
    /// let thread = std::thread::spawn(move || tx.put_blocking(1));
    /// assert_eq!(rx.get_blocking(), Some(1));
    /// assert_eq!(thread.join().unwrap(), Ok(()));
    /// ```
    #[doc(alias = "send")]
    #[inline]
    pub fn put_blocking(&self, value: T) -> Result<(), PutError<T>> {
        self.chan.put_blocking(value)
    }

    /// As [`Chan::put_timeout`].
    ///
    /// # Errors
    /// [`PutTimeoutError::Timeout`] or [`PutTimeoutError::Closed`], with the value.
    pub fn put_timeout(&self, value: T, timeout: Duration) -> Result<(), PutTimeoutError<T>> {
        self.chan.put_timeout(value, timeout)
    }

    /// As [`Chan::close`]: closes for all senders.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = aiochan::Chan::fixed(1).split();
    /// let other = tx.clone();
    /// assert!(tx.close());
    /// assert_eq!(other.put_blocking(1), Err(aiochan::PutError(1)));
    /// assert_eq!(rx.get_blocking(), None);
    /// ```
    pub fn close(&self) -> bool {
        self.chan.close()
    }

    /// As [`Chan::is_closed`].
    pub fn is_closed(&self) -> bool {
        self.chan.is_closed()
    }

    /// As [`Chan::stats`].
    pub fn stats(&self) -> Stats {
        self.chan.stats()
    }

    /// The whole channel: for what the half has no name for. The handle does not count as a half.
    pub fn chan(&self) -> &Chan<T> {
        &self.chan
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), PutError<T>>> {
        let Some(waiter) = &self.sending else { return Poll::Ready(Ok(())) };
        let result = poll_put(&self.chan.shared, waiter.as_ref(), cx);
        if result.is_ready() {
            self.sending = None;
        }
        result
    }
}

impl<T> Receiver<T> {
    fn new(chan: Chan<T>) -> Self {
        Handles::add(&chan.shared.handles().receivers);
        Self { gets: Gets::new(chan) }
    }

    /// As [`Chan::get`].
    ///
    /// # Cancel safety
    /// As [`Chan::get`]: nothing is lost.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = aiochan::Chan::fixed(1).split();
    /// tx.put_blocking(1).unwrap();
    /// drop(tx);
    /// assert_eq!(aiochan::run(rx.get()), Some(1));
    /// assert_eq!(aiochan::run(rx.get()), None);
    /// ```
    #[doc(alias = "recv")]
    #[inline]
    pub fn get(&self) -> Get<'_, T> {
        self.chan().get()
    }

    /// As [`Chan::try_get`].
    ///
    /// # Errors
    /// [`TryGetError::Empty`], or [`TryGetError::Closed`] when there will be none.
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Chan, TryGetError};
    ///
    /// let (tx, rx) = Chan::<u8>::new().split();
    /// assert_eq!(rx.try_get(), Err(TryGetError::Empty));
    /// drop(tx);
    /// assert_eq!(rx.try_get(), Err(TryGetError::Closed));
    /// ```
    #[doc(alias = "try_recv")]
    #[inline]
    pub fn try_get(&self) -> Result<T, TryGetError> {
        self.chan().try_get()
    }

    /// As [`Chan::get_blocking`].
    ///
    /// # Panics
    /// As [`Chan::get_blocking`].
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = aiochan::Chan::new().split();
    /// std::thread::spawn(move || tx.put_blocking(1));
    /// assert_eq!(rx.get_blocking(), Some(1));
    /// ```
    #[doc(alias = "recv")]
    #[inline]
    pub fn get_blocking(&self) -> Option<T> {
        self.chan().get_blocking()
    }

    /// As [`Chan::get_timeout`].
    ///
    /// # Errors
    /// [`GetTimeoutError::Timeout`] or [`GetTimeoutError::Closed`].
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetTimeoutError> {
        self.chan().get_timeout(timeout)
    }

    /// A blocking iterator, which ends when the channel is closed and drained.
    ///
    /// # Panics
    /// As [`Chan::get_blocking`], in its `next`.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = aiochan::Chan::fixed(2).split();
    /// tx.put_blocking(1).unwrap();
    /// tx.put_blocking(2).unwrap();
    /// drop(tx);
    /// assert_eq!(rx.iter().sum::<i32>(), 3);
    /// ```
    pub fn iter(&self) -> Iter<'_, T> {
        self.chan().iter()
    }

    /// As [`Chan::close`]: for all halves.
    pub fn close(&self) -> bool {
        self.chan().close()
    }

    /// As [`Chan::is_closed`].
    pub fn is_closed(&self) -> bool {
        self.chan().is_closed()
    }

    /// As [`Chan::stats`].
    pub fn stats(&self) -> Stats {
        self.chan().stats()
    }

    /// The whole channel: for what the half has no name for. The handle does not count as a half.
    ///
    /// So what is started on it ([`Chan::dup`], [`Chan::publish`], [`merge`](crate::merge) and so on) does not
    /// keep the channel open: when the last receiver is dropped it ends, though it reads still. Keep the
    /// receiver, or give it away first, with [`flow`](Self::flow).
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = aiochan::Chan::fixed(4).split();
    /// let [a, b] = rx.flow().chan().dup().taps();
    /// tx.put_blocking(1).unwrap();
    /// assert_eq!((a.get_blocking(), b.get_blocking()), (Some(1), Some(1)));
    /// ```
    pub fn chan(&self) -> &Chan<T> {
        self.gets.chan()
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        Self::new(self.chan.uncounted())
    }
}

impl<T> Clone for Receiver<T> {
    fn clone(&self) -> Self {
        Self::new(self.chan().uncounted())
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let shared = &self.chan.shared;
        let mut panics = FirstPanic::default();
        if let Some(waiter) = &self.sending {
            panics.catch(|| drop_put(shared, waiter));
        }
        // Where nobody else is left to be told, the channel's own end does the rest.
        if Arc::strong_count(shared) > 1
            && shared.handles().senders.fetch_sub(1, Ordering::AcqRel) == 1
        {
            panics.catch(|| shared.close(None));
        }
        panics.go_on();
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        // What the stream was handed goes back before the others are told.
        let mut panics = FirstPanic::default();
        panics.catch(|| self.gets.leave());
        let shared = &self.chan().shared;
        if Arc::strong_count(shared) > 1
            && shared.handles().receivers.fetch_sub(1, Ordering::AcqRel) == 1
        {
            panics.catch(|| shared.refuse());
        }
        panics.go_on();
    }
}

impl<T> Stream for Receiver<T> {
    type Item = T;

    /// # Cancel safety
    /// As [`Chan::stream`].
    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.gets.poll_next(cx)
    }
}

impl<T> Sink<T> for Sender<T> {
    type Error = PutError<T>;

    fn poll_ready(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), PutError<T>>> {
        self.poll_send(cx)
    }

    /// # Panics
    /// If `poll_ready` has not said that it is ready.
    fn start_send(mut self: Pin<&mut Self>, item: T) -> Result<(), PutError<T>> {
        assert!(self.sending.is_none(), "start_send was called without a ready poll_ready");
        match self.try_put(item) {
            Ok(()) => Ok(()),
            Err(TryPutError::Closed(item)) => Err(PutError(item)),
            Err(TryPutError::Full(item)) => {
                self.sending = Some(Box::pin(Waiter::new(Some(item))));
                Ok(())
            }
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), PutError<T>>> {
        self.poll_send(cx)
    }

    /// Flushes. The channel is closed when the last sender is dropped, or by [`Sender::close`].
    fn poll_close(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), PutError<T>>> {
        self.poll_send(cx)
    }
}

impl<T> fmt::Debug for Sender<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Sender").field(&self.chan).finish()
    }
}

impl<T> fmt::Debug for Receiver<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Receiver").field(self.chan()).finish()
    }
}
