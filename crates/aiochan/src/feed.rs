//! `Feed`: a way into a channel that does not count as a handle, for workers that put.

use std::fmt;

use crate::chan::Chan;
use crate::error::{PutError, TryPutError};
use crate::op::Put;
use crate::sync::Arc;

impl<T> Chan<T> {
    /// A way to put into the channel that does not keep it in reach: for a worker that is to end when
    /// everybody who could get has gone.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::Chan::new();
    /// let feed = c.feed();
    /// let worker = std::thread::spawn(move || {
    ///     let mut n = 0;
    ///     while feed.put_blocking(n).is_ok() {
    ///         n += 1;
    ///     }
    /// });
    /// assert_eq!((c.get_blocking(), c.get_blocking()), (Some(0), Some(1)));
    /// drop(c);
    /// worker.join().unwrap(); // nobody can get any more
    /// ```
    pub fn feed(&self) -> Feed<T> {
        Feed(self.uncounted())
    }
}

/// A way into a channel, from [`Chan::feed`].
///
/// When the last [`Chan`] and the last [`Receiver`](crate::Receiver) have gone, nobody can get any more:
/// the channel is closed, waiting puts get their values back, and what is inside is dropped. Feeds and
/// [`Sender`](crate::Sender)s do not count; a [`get_with`](Chan::get_with) that waits does. Unlike that of the last `Sender`, dropping a
/// feed closes nothing.
pub struct Feed<T>(Chan<T>);

impl<T> Feed<T> {
    /// As [`Chan::put`].
    ///
    /// # Errors
    /// [`PutError`] with the value if the channel is closed, or nobody can get any more.
    ///
    /// # Cancel safety
    /// As [`Chan::put`].
    #[inline]
    pub fn put(&self, value: T) -> Put<'_, T> {
        self.0.put(value)
    }

    /// As [`Chan::try_put`].
    ///
    /// # Errors
    /// [`TryPutError::Full`] or [`TryPutError::Closed`], with the value.
    #[inline]
    pub fn try_put(&self, value: T) -> Result<(), TryPutError<T>> {
        self.0.try_put(value)
    }

    /// As [`Chan::put_blocking`].
    ///
    /// # Errors
    /// [`PutError`] with the value if the channel is closed, or nobody can get any more.
    #[inline]
    pub fn put_blocking(&self, value: T) -> Result<(), PutError<T>> {
        self.0.put_blocking(value)
    }

    /// The whole channel: for what the feed has no name for. This handle does not count, a clone of it
    /// would.
    pub fn chan(&self) -> &Chan<T> {
        &self.0
    }

    /// What tells the channel from all others, for as long as it is there.
    pub(crate) fn id(&self) -> usize {
        Arc::as_ptr(&self.0.shared).addr()
    }
}

impl<T> Clone for Feed<T> {
    fn clone(&self) -> Self {
        self.0.feed()
    }
}

impl<T> fmt::Debug for Feed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Feed").field(&self.0).finish()
    }
}
