//! Bridges between channels and blocking code: queues of other kinds, and iterators that block.

use std::panic::resume_unwind;
use std::thread::JoinHandle;

use crate::buffer::Buf;
use crate::chan::Chan;
use crate::output::Output;
use crate::panics::{caught, cause, last_use};
use crate::spawn::Surroundings;

impl<T: Send + 'static> Chan<T> {
    /// Passes the values on to `send`, one after the other, on a thread of its own: into a queue of
    /// another kind, which may block as long as it likes.
    ///
    /// The thread waits for values as long as the channel is open. It ends when that is closed and drained,
    /// or at the first error, which its handle returns: those of the queues of `std` and of crossbeam give
    /// the value back. The values after it stay in the channel. That a queue is gone shows only when there
    /// is a value for it. A panic in `send` ends the thread and comes out of its handle.
    ///
    /// # Panics
    /// If the thread cannot be started.
    ///
    /// # Examples
    /// ```
    /// use std::sync::mpsc;
    ///
    /// let (queue, other_side) = mpsc::sync_channel(1);
    /// let thread = aiochan::from_range(0..5).to_queue(move |n| queue.send(n));
    /// assert_eq!(other_side.recv(), Ok(0));
    /// assert_eq!(other_side.recv(), Ok(1));
    ///
    /// drop(other_side);
    /// assert!(thread.join().unwrap().is_err());
    /// ```
    pub fn to_queue<E: Send + 'static>(
        &self,
        send: impl FnMut(T) -> Result<(), E> + Send + 'static,
    ) -> JoinHandle<Result<(), E>> {
        let values = self.clone();
        Surroundings::here().thread("aiochan-to-queue", move || {
            last_use(send, |send| values.iter().try_for_each(send))
                .unwrap_or_else(|panic| resume_unwind(panic))
        })
    }
}

/// A channel of the items of a blocking iterator, which runs on a thread of its own: the receiving end of
/// another queue, the lines of a file. For iterators that do not block there is
/// [`from_iter`](crate::from_iter), which needs no thread.
///
/// `buffer` is how far it may be ahead of whoever gets: a number, or a [`Buf`]. The channel is closed when
/// the iterator ends, with [`Panicked`](crate::Panicked) when it panics.
///
/// When the channel is closed, or nobody is left who could get from it, no more items are asked for. An
/// item that the iterator is just producing then is dropped, and only after it does the thread end: an
/// iterator that blocks for ever keeps its thread.
///
/// # Panics
/// If the thread cannot be started.
///
/// # Examples
/// ```
/// use std::io::{BufRead, Cursor};
///
/// let file = Cursor::new("one\ntwo\n");
/// let lines = aiochan::from_blocking_iter(file.lines().map_while(Result::ok), 16);
/// # aiochan::run(async {
/// assert_eq!(lines.get().await.as_deref(), Some("one"));
/// assert_eq!(lines.get().await.as_deref(), Some("two"));
/// assert_eq!(lines.get().await, None);
/// # });
/// ```
pub fn from_blocking_iter<I>(iter: I, buffer: impl Into<Buf<I::Item>>) -> Chan<I::Item>
where
    I: IntoIterator + Send + 'static,
    I::Item: Send + 'static,
{
    let c = Chan::builder().buffer(buffer).build();
    let out = Output::new(&c, false);
    Surroundings::here().thread("aiochan-from-iter", move || {
        let pour = |iter: &mut I::IntoIter| {
            while !out.feed().chan().is_closed()
                && let Some(item) = iter.next()
                && out.feed().put_blocking(item).is_ok()
            {}
        };
        match caught(|| iter.into_iter()).and_then(|iter| last_use(iter, pour)) {
            Ok(()) => out.end(None),
            Err(panic) => out.fail(cause(panic)),
        }
    });
    c
}
