//! `Chan<T>`, the handle: one cheap clonable way to put, get, close and look.

mod blocking;

use std::error::Error;
use std::fmt;
use std::hash::{Hash, Hasher};

use crate::buffer::{BoxIter, Buf, Buffer, Source, Special, Store};
use crate::builder::{Builder, MAX_PENDING};
use crate::error::{TryGetError, TryPutError};
use crate::join::Join;
use crate::op::{Get, Put};
use crate::shared::{Handles, Shared};
use crate::state::{Reason, Side, Until};
use crate::stats::{ChanState, Stats};
use crate::sync::{Arc, Ordering};

/// A channel of values of type `T`, for any number of tasks, threads and callbacks at once.
///
/// A `Chan` is a handle: clones are the same channel, and compare equal. It is closed explicitly,
/// by [`close`](Self::close); for closing by dropping, [`split`](Self::split) it. A handle that is
/// dropped closes nothing, but when the last one goes so does the channel, with what is inside.
///
/// Bare verbs are async and run on any executor; `try_` never waits, `_blocking` and `_timeout` park
/// the thread, `_with` takes a callback. All of them may be used on one channel at the same time.
///
/// ```
/// use aiochan::Chan;
///
/// let c = Chan::fixed(2);
/// let producer = c.clone();
/// std::thread::spawn(move || {
///     for n in 0..5 {
///         producer.put_blocking(n).unwrap();
///     }
///     producer.close();
/// });
/// assert_eq!(c.iter().sum::<i32>(), 10);
/// ```
pub struct Chan<T> {
    pub(crate) shared: Arc<Shared<T>>,
    /// Whether it counts among the handles: those inside of halves do not.
    pub(crate) counted: bool,
}

impl<T> Chan<T> {
    /// A channel without a buffer: each put waits for its get, each get for its put. One that nobody puts into is
    /// a get that is never ready.
    #[doc(alias = "never")]
    pub fn new() -> Self {
        Self::fixed(0)
    }

    /// A channel for at most `capacity` values inside; puts wait while it is full. 0 is the same as
    /// [`new`](Self::new).
    pub fn fixed(capacity: usize) -> Self {
        Self::of(Buf::fixed(capacity))
    }

    /// A channel for at most `capacity` values that drops new ones while it is full: the producer
    /// never waits and the oldest values stay.
    ///
    /// # Panics
    /// If `capacity` is 0.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::Chan::dropping(1);
    /// c.try_put("first").unwrap();
    /// c.try_put("dropped").unwrap();
    /// assert_eq!(c.try_get(), Ok("first"));
    /// ```
    pub fn dropping(capacity: usize) -> Self {
        Self::of(Buf::dropping(capacity))
    }

    /// A channel for at most `capacity` values that drops the oldest to take in a new one: the
    /// producer never waits and the latest values stay.
    ///
    /// # Panics
    /// If `capacity` is 0.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::Chan::sliding(1);
    /// c.try_put("old").unwrap();
    /// c.try_put("new").unwrap();
    /// assert_eq!(c.try_get(), Ok("new"));
    /// ```
    pub fn sliding(capacity: usize) -> Self {
        Self::of(Buf::sliding(capacity))
    }

    /// A channel for any number of values: puts never wait.
    pub fn unbounded() -> Self {
        Self::of(Buf::unbounded())
    }

    /// A channel for one value, which every get receives a clone of, now and later, also after
    /// closing. Further puts succeed and are dropped.
    ///
    /// `T: Sync`, since clones are made outside the lock, on several threads at once. A loop that
    /// gets until `None` never ends here.
    ///
    /// # Examples
    /// ```
    /// let ready = aiochan::Chan::promise();
    /// ready.put_blocking("config".to_string()).unwrap();
    /// assert_eq!(ready.get_blocking().as_deref(), Some("config"));
    /// assert_eq!(ready.get_blocking().as_deref(), Some("config"));
    /// ```
    pub fn promise() -> Self
    where
        T: Clone + Send + Sync + 'static,
    {
        Self::of(Buf::promise())
    }

    /// A channel with a [`Buffer`] of your own.
    pub fn with_buffer(buffer: impl Buffer<T> + 'static) -> Self {
        Self::of(Buf::custom(buffer))
    }

    /// A channel that gives out the items of `iter`, which may be endless, and then `None`. It is
    /// closed from the start, so puts fail, [`close`](Self::close) has nothing to do, and
    /// [`join`](Self::join) waits until the iterator has ended.
    ///
    /// The iterator is advanced only when an item is asked for, on the thread that asks, one get at
    /// a time and outside any lock. If it panics the panic goes on in that get, and the iterator
    /// counts as ended. Gets that wait have their turns one after the other; one that is neither polled
    /// nor dropped when its turn has come, like that of a stream that nobody reads any more, holds up all others.
    ///
    /// A [`stream`](Self::stream) or [`flow`](Self::flow) of it (not a `Receiver`) that nobody else can
    /// get beside, since all other handles have gone, advances it without any locking.
    ///
    /// # Examples
    /// ```
    /// let odd = aiochan::Chan::from_iter((1..).step_by(2));
    /// assert_eq!([odd.get_blocking(), odd.get_blocking()], [Some(1), Some(3)]);
    /// ```
    #[allow(clippy::should_implement_trait, reason = "the name is the reference's; it is lazy")]
    pub fn from_iter<I>(iter: I) -> Self
    where
        I: IntoIterator<Item = T>,
        I::IntoIter: Send + 'static,
    {
        let iter: BoxIter<T> = Box::new(iter.into_iter());
        Self::of(Buf(Store::Special(Special::Source(Source::Here(iter)))))
    }

    /// Sets a name, a buffer, or `max_pending`.
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Buf, Chan};
    ///
    /// let c: Chan<u64> = Chan::builder().name("parsed").buffer(64).max_pending(4096).build();
    /// assert_eq!((c.name(), c.capacity()), (Some("parsed"), Some(64)));
    /// ```
    pub fn builder() -> Builder<T> {
        Builder::new()
    }

    /// Puts `value`, waiting for room or, without a buffer, for a get.
    ///
    /// Waiting puts are served first in, first out.
    ///
    /// # Errors
    /// [`PutError`](crate::PutError) with the value if the channel is closed before the put is accepted. A put that
    /// was already waiting when the channel was closed is still delivered.
    ///
    /// # Cancel safety
    /// A dropped put that has not been accepted is withdrawn, and its value dropped with it. To have
    /// the value back use [`select!`](crate::select), [`put_timeout`](Self::put_timeout) or
    /// [`put_many`](Self::put_many).
    ///
    /// # Examples
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let c = aiochan::Chan::fixed(1);
    /// c.put("hello").await?;
    /// assert_eq!(c.get().await, Some("hello"));
    /// # Ok::<(), aiochan::PutError<&str>>(())
    /// # }).unwrap();
    /// ```
    #[doc(alias = "send")]
    #[inline]
    pub fn put(&self, value: T) -> Put<'_, T> {
        Put::new(&self.shared, value)
    }

    /// Gets the next value, waiting for one. `None`: the channel is closed and drained.
    ///
    /// Waiting gets are served first in, first out.
    ///
    /// # Cancel safety
    /// Nothing is lost. A dropped get that was given a value before it could take it passes it on to
    /// the get that waits longest, or puts it back to the front.
    ///
    /// # Examples
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let c = aiochan::Chan::fixed(1);
    /// c.put(1).await.unwrap();
    /// c.close();
    /// assert_eq!(c.get().await, Some(1));
    /// assert_eq!(c.get().await, None);
    /// # });
    /// ```
    #[doc(alias = "recv")]
    #[inline]
    pub fn get(&self) -> Get<'_, T> {
        Get::new(&self.shared)
    }

    /// Puts `value` if that is possible without waiting.
    ///
    /// # Errors
    /// [`TryPutError::Full`] or [`TryPutError::Closed`], with the value.
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Chan, TryPutError};
    ///
    /// let c = Chan::fixed(1);
    /// assert_eq!(c.try_put(1), Ok(()));
    /// assert_eq!(c.try_put(2), Err(TryPutError::Full(2)));
    /// ```
    #[doc(alias = "try_send")]
    #[inline]
    pub fn try_put(&self, value: T) -> Result<(), TryPutError<T>> {
        self.shared.try_put(value)
    }

    /// Gets a value if one is there.
    ///
    /// # Errors
    /// [`TryGetError::Empty`], or [`TryGetError::Closed`] when there will be none.
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Chan, TryGetError};
    ///
    /// let c = Chan::<u32>::new();
    /// assert_eq!(c.try_get(), Err(TryGetError::Empty));
    /// c.close();
    /// assert_eq!(c.try_get(), Err(TryGetError::Closed));
    /// ```
    #[doc(alias = "try_recv")]
    #[inline]
    pub fn try_get(&self) -> Result<T, TryGetError> {
        self.shared.try_get()
    }

    /// Closes the channel: puts fail from now on, waiting gets are answered with `None`. Values
    /// inside and those of puts that wait already are still delivered. Whether this call closed it;
    /// closing again is harmless.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::Chan::<u32>::new();
    /// assert!(c.close());
    /// assert!(!c.close());
    /// ```
    pub fn close(&self) -> bool {
        self.shared.close(None)
    }

    /// [`close`](Self::close), saying why; [`close_reason`](Self::close_reason) tells. The reason may be
    /// an error, which can be downcast to, or a text.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::Chan::<u32>::new();
    /// c.close_with("the disk is full");
    /// assert_eq!(c.get_blocking(), None);
    /// assert_eq!(c.close_reason().unwrap().to_string(), "the disk is full");
    /// ```
    pub fn close_with(&self, reason: impl Into<Box<dyn Error + Send + Sync>>) -> bool {
        self.shared.close(Some(Reason::from(reason.into())))
    }

    /// [`close`](Self::close), passing on another channel's [`close_reason`](Self::close_reason), if
    /// it has one.
    ///
    /// # Examples
    /// ```
    /// let (lines, words) = (aiochan::Chan::<String>::new(), aiochan::Chan::<String>::new());
    /// lines.close_with("the disk is full");
    /// words.close_as(lines.close_reason());
    /// assert_eq!(words.close_reason().unwrap().to_string(), "the disk is full");
    /// ```
    pub fn close_as(&self, reason: Option<Reason>) -> bool {
        self.shared.close(reason)
    }

    /// Why the channel was closed, if whoever closed it said so.
    pub fn close_reason(&self) -> Option<Reason> {
        self.shared.look(|state| state.reason())
    }

    /// Whether the channel is closed. There may still be values to get.
    pub fn is_closed(&self) -> bool {
        self.shared.look(|state| state.is_closed())
    }

    /// Waits until the channel is closed and exhausted: nothing inside and no waiting puts.
    ///
    /// A promise's value is not used up, so a promise is exhausted once it is closed.
    ///
    /// # Cancel safety
    /// A dropped `join` leaves no trace.
    ///
    /// # Examples
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let c = aiochan::Chan::fixed(1);
    /// c.put("last").await.unwrap();
    /// c.close();
    /// assert_eq!(c.get().await, Some("last"));
    /// c.join().await;
    /// # });
    /// ```
    pub fn join(&self) -> Join<'_, T> {
        Join::new(&self.shared, Until::Exhausted)
    }

    /// Waits until the channel is closed, whatever is still inside. For producers that have nothing to
    /// put at the moment and want to know when nobody wants it any more.
    ///
    /// # Cancel safety
    /// A dropped `closed` leaves no trace.
    ///
    /// # Examples
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let (tx, rx) = aiochan::Chan::<u32>::fixed(1).split();
    /// drop(rx);
    /// tx.chan().closed().await;
    /// # });
    /// ```
    pub fn closed(&self) -> Join<'_, T> {
        Join::new(&self.shared, Until::Closed)
    }

    /// How many values are inside, not counting those of waiting puts.
    pub fn len(&self) -> usize {
        self.shared.act(|state, fx| state.len(fx))
    }

    /// Whether no value is inside.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many values fit inside; `None` if there is no limit.
    pub fn capacity(&self) -> Option<usize> {
        self.shared.act(|state, fx| state.capacity(fx))
    }

    #[inline]
    fn of(buf: Buf<T>) -> Self {
        Self { shared: Arc::new(Shared::new(buf, None)), counted: true }
    }

    /// The name that the builder was given.
    pub fn name(&self) -> Option<&str> {
        self.shared.config.as_ref()?.name.as_deref()
    }

    fn counted(shared: Arc<Shared<T>>) -> Self {
        Handles::add(&shared.handles().chans);
        Self { shared, counted: true }
    }

    /// Makes this a handle that does not count, where a receiving half has been made of it.
    pub(crate) fn uncount(&mut self) {
        if std::mem::take(&mut self.counted) {
            self.shared.handles().chans.fetch_sub(1, Ordering::SeqCst);
        }
    }

    /// A handle for the inside of a half, which does not count.
    pub(crate) fn uncounted(&self) -> Self {
        Self { shared: self.shared.clone(), counted: false }
    }

    pub(crate) fn max_pending(&self) -> usize {
        self.shared.config.as_ref().map_or(MAX_PENDING, |config| config.max_pending)
    }

    /// The channel's figures now: which side waits, and what has been delivered how.
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Chan, ChanState};
    ///
    /// let c = Chan::fixed(1);
    /// c.add([1, 2]).unwrap();
    /// let stats = c.stats();
    /// assert_eq!((stats.state, stats.len, stats.parked_puts), (ChanState::PendingPuts, 1, 1));
    /// ```
    pub fn stats(&self) -> Stats {
        self.shared.act(|state, fx| {
            let counts = state.counts();
            let [parked_puts, parked_gets] =
                [Side::Put, Side::Get].map(|side| state.queue(side).live());
            Stats {
                state: match (parked_puts, parked_gets) {
                    (0, 0) => ChanState::Fluent,
                    (0, _) => ChanState::PendingGets,
                    _ => ChanState::PendingPuts,
                },
                buffered: counts.buffered,
                queued: counts.queued,
                immediate: counts.immediate,
                evicted: counts.evicted,
                put_waits: counts.immediate + counts.refilled,
                parked_puts,
                parked_gets,
                len: state.len(fx),
            }
        })
    }
}

impl<T> Default for Chan<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> Clone for Chan<T> {
    /// Another handle of the same channel.
    fn clone(&self) -> Self {
        Self::counted(self.shared.clone())
    }
}

impl<T> Drop for Chan<T> {
    fn drop(&mut self) {
        // The channel's own end drops what is inside by itself.
        if self.counted
            && Arc::strong_count(&self.shared) > 1
            && self.shared.handles().chans.fetch_sub(1, Ordering::SeqCst) == 1
        {
            self.shared.handles_gone();
        }
    }
}

impl<T> PartialEq for Chan<T> {
    /// Whether both are the same channel.
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.shared, &other.shared)
    }
}

impl<T> Eq for Chan<T> {}

impl<T> Hash for Chan<T> {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        Arc::as_ptr(&self.shared).hash(hasher);
    }
}

impl<T> fmt::Debug for Chan<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stats = self.stats();
        f.debug_struct("Chan")
            .field("name", &self.name())
            .field("len", &stats.len)
            .field("capacity", &self.capacity())
            .field("closed", &self.is_closed())
            .field("parked_puts", &stats.parked_puts)
            .field("parked_gets", &stats.parked_gets)
            .finish()
    }
}
