//! Where values stay between a put and a get: the public choice of buffers, and a user's own.

use std::sync::Arc;

/// A buffer of one's own, for [`Chan::with_buffer`](crate::Chan::with_buffer).
///
/// The channel calls these methods **while it is locked**: they must be quick, and must not touch
/// any channel, wait, or run code that might. It asks before it acts: `add` follows only a `true`
/// from `can_add`, `take` only a `true` from `can_take`. A method that panics ends the channel: the
/// buffer is taken out and dropped, the channel closed, and the panic goes on in whoever called. If that is `can_add`,
/// the value of a [`Put`](crate::Put) is still with it, to be had by polling again; that of a call goes with the panic.
///
/// ```
/// use aiochan::{Buffer, Chan};
///
/// /// Hands out the largest value first.
/// struct Largest(std::collections::BinaryHeap<u32>);
///
/// impl Buffer<u32> for Largest {
///     fn can_add(&self) -> bool { self.0.len() < 8 }
///     fn add(&mut self, value: u32) -> Option<u32> { self.0.push(value); None }
///     fn can_take(&self) -> bool { !self.0.is_empty() }
///     fn take(&mut self) -> u32 { self.0.pop().expect("can_take") }
///     fn len(&self) -> usize { self.0.len() }
/// }
///
/// let c = Chan::with_buffer(Largest(Default::default()));
/// c.add([3, 9, 4]).unwrap();
/// assert_eq!(c.get_blocking(), Some(9));
/// ```
pub trait Buffer<T>: Send {
    /// Whether a value can be added now. When not, puts wait.
    fn can_add(&self) -> bool;
    /// Adds a value. A buffer that makes room by evicting, or that will not keep the value, returns
    /// what it does not keep; it is dropped outside the lock and counted as evicted. Should this panic,
    /// the value that was being added is dropped with the lock held: its `Drop` must not use a channel
    /// then.
    fn add(&mut self, value: T) -> Option<T>;
    /// Whether a value can be taken now. When not, gets wait.
    fn can_take(&self) -> bool;
    /// Takes the next value.
    fn take(&mut self) -> T;
    /// How many values are in the buffer.
    fn len(&self) -> usize;
    /// Whether the buffer holds nothing.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// How many values fit, if there is a limit.
    fn capacity(&self) -> Option<usize> {
        None
    }
}

/// A choice of buffer for a new channel.
///
/// A number is a [`fixed`](Buf::fixed) buffer of that size, so `builder().buffer(64)` is enough.
///
/// ```
/// use aiochan::{Buf, Chan};
///
/// let latest: Chan<u32> = Chan::builder().name("price").buffer(Buf::sliding(1)).build();
/// latest.try_put(1).unwrap();
/// latest.try_put(2).unwrap();
/// assert_eq!(latest.try_get(), Ok(2));
/// ```
pub struct Buf<T>(pub(crate) Store<T>);

/// What a channel keeps its values in.
pub(crate) enum Store<T> {
    /// A queue: rendezvous (a limit of 0), fixed, dropping, sliding, unbounded.
    Queue {
        limit: usize,
        when_full: WhenFull,
    },
    Special(Special<T>),
}

/// What is not a queue of its values.
pub(crate) enum Special<T> {
    /// One value for every getter, cloned outside the lock.
    Promise { value: Option<Copies<T>>, copies: fn(T) -> Copies<T> },
    /// An iterator, advanced outside the lock by one getter at a time.
    Source(Source<T>),
    /// A user's own.
    Custom(Box<dyn Buffer<T>>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenFull {
    Wait,
    DropNew,
    DropOld,
}

/// Makes clones of a promise's value.
pub(crate) type Copies<T> = Arc<dyn Fn() -> T + Send + Sync>;

pub(crate) type BoxIter<T> = Box<dyn Iterator<Item = T> + Send>;

/// An iterator, and whether it is here.
pub(crate) enum Source<T> {
    Here(BoxIter<T>),
    /// A getter has it, or has been given its turn to fetch it.
    Reserved(Option<BoxIter<T>>),
    Ended,
}

impl<T> Buf<T> {
    /// No buffer: a put completes when a get takes its value.
    pub fn rendezvous() -> Self {
        Self::fixed(0)
    }

    /// At most `capacity` values; puts wait while it is full. 0 is a rendezvous.
    ///
    /// Memory is taken as values come in, not for `capacity` at once.
    pub fn fixed(capacity: usize) -> Self {
        Self::queue(capacity, WhenFull::Wait)
    }

    /// At most `capacity` values; while it is full, new values are dropped. Puts never wait.
    ///
    /// # Panics
    /// If `capacity` is 0.
    pub fn dropping(capacity: usize) -> Self {
        assert!(
            capacity > 0,
            "a dropping buffer of capacity 0 would drop every value; \
             use dropping(1) or more, or fixed(0) for a rendezvous"
        );
        Self::queue(capacity, WhenFull::DropNew)
    }

    /// At most `capacity` values; while it is full, each new value drops the oldest. Puts never
    /// wait.
    ///
    /// # Panics
    /// If `capacity` is 0.
    pub fn sliding(capacity: usize) -> Self {
        assert!(
            capacity > 0,
            "a sliding buffer of capacity 0 would drop every value; \
             use sliding(1) for the latest value, or fixed(0) for a rendezvous"
        );
        Self::queue(capacity, WhenFull::DropOld)
    }

    /// Any number of values; puts never wait, and memory is the only limit.
    pub fn unbounded() -> Self {
        Self::fixed(usize::MAX)
    }

    /// One value, which every get receives a clone of, also after closing. Later puts succeed and
    /// are dropped.
    ///
    /// `T: Sync` because clones are made outside the lock, on several threads at once.
    pub fn promise() -> Self
    where
        T: Clone + Send + Sync + 'static,
    {
        Self(Store::Special(Special::Promise {
            value: None,
            copies: |value| Arc::new(move || value.clone()),
        }))
    }

    /// A buffer of one's own.
    pub fn custom(buffer: impl Buffer<T> + 'static) -> Self {
        Self(Store::Special(Special::Custom(Box::new(buffer))))
    }

    fn queue(limit: usize, when_full: WhenFull) -> Self {
        Self(Store::Queue { limit, when_full })
    }
}

impl<T> From<usize> for Buf<T> {
    fn from(capacity: usize) -> Self {
        Self::fixed(capacity)
    }
}
