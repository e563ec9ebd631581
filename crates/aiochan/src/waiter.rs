//! One parked operation: where it stands, whom to wake, and the slot its value is handed over in.
//!
//! A waiter lives inside its operation's future, on a blocked thread's stack or in a callback's
//! allocation, so that parking allocates nothing. Who may touch its body follows from its phase:
//! while it is [`Phase::Waiting`] it is linked into a queue and belongs to whoever holds that
//! channel's lock; in every other phase it belongs to the operation. The store that ends `Waiting`
//! is the last thing another thread does to a waiter, since the operation may free it at once.
//!
//! As long as a waiter has not been parked, nobody else has seen it. So its phase is a plain number then, which the
//! compiler can follow: of an operation that completes at once it leaves little.
#![allow(unsafe_code)]

use std::marker::PhantomPinned;
use std::mem::MaybeUninit;
use std::ptr::NonNull;
use std::task::Waker;

use crate::flag::Flag;
use crate::sync::{AtomicU8, Cell, Ordering, UnsafeCell};

/// Where an operation stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Phase {
    /// Not parked: not begun, withdrawn, or dead because another arm of its select won.
    Idle,
    /// Parked in its channel's queue.
    Waiting,
    /// Committed: a get's value is in the slot, a put's value has been taken from it.
    Done,
    /// Answered by a closed channel; a put's value is in the slot.
    Closed,
    /// A get that has been given its turn to take a value by itself: a promise's, or an iterator's.
    Turn,
    /// Its result has been taken.
    Spent,
}

impl Phase {
    #[inline]
    fn from_byte(phase: u8) -> Self {
        match phase {
            0 => Self::Idle,
            1 => Self::Waiting,
            2 => Self::Done,
            3 => Self::Closed,
            4 => Self::Turn,
            _ => Self::Spent,
        }
    }
}

/// Whom to wake when a parked operation is answered.
pub(crate) enum Wake {
    Nobody,
    Task(Waker),
    /// A callback or an `add`, counted against `max_pending`.
    Queued(Waker),
    /// The arm of a select, which must be committed first. The flag outlives the waiter's stay in
    /// the queue.
    Select(NonNull<Flag>),
}

impl Wake {
    #[inline]
    pub(crate) fn is_queued(&self) -> bool {
        matches!(self, Self::Queued(_))
    }

    #[inline]
    pub(crate) fn into_waker(self) -> Option<Waker> {
        match self {
            Self::Task(waker) | Self::Queued(waker) => Some(waker),
            Self::Nobody | Self::Select(_) => None,
        }
    }
}

/// How a value left the channel, and its place in the order of all that did.
///
/// One word, so that making a waiter is a few plain stores: with two fields of different sizes the
/// compiler builds them elsewhere and copies them, which stalls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Receipt(u64);

impl Receipt {
    #[inline]
    pub(crate) fn new(order: u64, how: How) -> Self {
        Self(order << 2 | how as u64)
    }

    pub(crate) fn order(self) -> u64 {
        self.0 >> 2
    }

    pub(crate) fn how(self) -> How {
        match self.0 & 3 {
            0 => How::Buffered,
            1 => How::Handed,
            _ => How::Immediate,
        }
    }
}

/// How a value left the channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// From inside.
    Buffered,
    /// To a parked get.
    Handed,
    /// From a parked put.
    Immediate,
}

/// A place to park one operation of `T`.
pub(crate) struct Waiter<T> {
    /// The operation's own; `None` since it was parked.
    phase: Cell<Option<Phase>>,
    /// A [`Phase`], since it was parked.
    answer: AtomicU8,
    body: UnsafeCell<Body<T>>,
    _pinned: PhantomPinned,
}

/// What the module comment says who may touch.
struct Body<T> {
    value: Option<T>,
    /// Written when the waiter is parked, and read out when it is taken out of its queue. Not written
    /// before: most operations never park.
    links: MaybeUninit<Links<T>>,
    /// Where the value in a get's slot came from: written with it.
    receipt: MaybeUninit<Receipt>,
}

/// A waiter's place in its queue.
pub(crate) struct Links<T> {
    pub(crate) prev: NonNull<Waiter<T>>,
    pub(crate) next: NonNull<Waiter<T>>,
    pub(crate) wake: Wake,
}

// SAFETY: the phases hand the body from one thread to another, with Release and Acquire; it is
// never touched by two at once. Wakers are Send, and flags are Sync.
unsafe impl<T: Send> Send for Waiter<T> {}
// SAFETY: as above; a shared reference gives access to the body by the rules of the phases only. The plain phase is
// the operation's alone, and goes from thread to thread with it: an executor, or the channel's lock for a callback's,
// sees to the order.
unsafe impl<T: Send> Sync for Waiter<T> {}

impl<T> Waiter<T> {
    /// A waiter for a get, or, with a value, for a put.
    pub(crate) fn new(value: Option<T>) -> Self {
        Self {
            phase: Cell::new(Some(Phase::Idle)),
            answer: AtomicU8::new(Phase::Idle as u8),
            body: UnsafeCell::new(Body {
                value,
                links: MaybeUninit::uninit(),
                receipt: MaybeUninit::uninit(),
            }),
            _pinned: PhantomPinned,
        }
    }

    /// Where the operation stands; asked by itself.
    #[inline]
    pub(crate) fn phase(&self) -> Phase {
        match self.phase.get() {
            Some(phase) => phase,
            None => Phase::from_byte(self.answer.load(Ordering::Acquire)),
        }
    }

    /// Whether the operation has not begun, or has been withdrawn.
    #[inline]
    pub(crate) fn is_new(&self) -> bool {
        self.phase.get() == Some(Phase::Idle)
    }

    /// Whether nothing is left to be undone: it has not begun, was withdrawn, or its result was taken.
    #[inline]
    pub(crate) fn is_clear(&self) -> bool {
        matches!(self.phase.get(), Some(Phase::Idle | Phase::Spent))
    }

    /// Whether its result has been taken, and nothing can be left in it.
    #[inline]
    pub(crate) fn is_spent(&self) -> bool {
        self.phase.get() == Some(Phase::Spent)
    }

    /// Notes where the operation stands; called by itself, while it is in no queue.
    #[inline]
    pub(crate) fn set_phase(&self, phase: Phase) {
        self.phase.set(Some(phase));
    }

    /// Begins a stay in a queue; called by the operation, under the channel's lock.
    #[inline]
    pub(crate) fn wait(&self) {
        self.phase.set(None);
        self.answer.store(Phase::Waiting as u8, Ordering::Release);
    }

    /// Ends a stay in a queue. The waiter may be gone as soon as it can be seen, so no reference to the whole of it is
    /// held then.
    ///
    /// # Safety
    /// The waiter was parked, and has been taken out of its queue under the channel's lock, which is still held.
    #[inline]
    pub(crate) unsafe fn answer(waiter: NonNull<Self>, phase: Phase) {
        // SAFETY: by the caller's promise it is alive until this store.
        let answer = unsafe { &(*waiter.as_ptr()).answer };
        answer.store(phase as u8, Ordering::Release);
    }

    /// The place in its queue of a parked waiter.
    ///
    /// # Safety
    /// The waiter is parked. The caller holds the lock of the channel in whose queue it is, and keeps
    /// no other reference to the links.
    #[allow(clippy::mut_from_ref, reason = "an UnsafeCell's contents, under the lock")]
    #[inline]
    pub(crate) unsafe fn links(&self) -> &mut Links<T> {
        // SAFETY: by the caller's promise nobody else touches the body now, and the links were
        // written when the waiter was parked.
        unsafe { (*self.body.get()).links.assume_init_mut() }
    }

    /// Sets the place in the queue of a waiter that is about to be parked.
    ///
    /// # Safety
    /// The waiter is in no queue, its operation lends it, and the caller holds the lock of the channel
    /// in whose queue it is going to be.
    #[inline]
    pub(crate) unsafe fn set_links(&self, links: Links<T>) {
        // SAFETY: by the caller's promise the body is the caller's now.
        unsafe { (*self.body.get()).links.write(links) };
    }

    /// Moves the links of a parked waiter out.
    ///
    /// # Safety
    /// As for [`links`](Self::links); and the waiter counts as taken out of its queue from now on.
    #[inline]
    pub(crate) unsafe fn take_links(&self) -> Links<T> {
        // SAFETY: as in `links`; they are not used again until they are written again.
        unsafe { (*self.body.get()).links.assume_init_read() }
    }

    /// Runs `f` on the slot of a waiter that is in no queue. Only its own operation may call this;
    /// `f` is code of this crate, and does not come back here.
    #[inline]
    pub(crate) fn with_slot<R>(&self, f: impl FnOnce(&mut Option<T>) -> R) -> R {
        debug_assert_ne!(self.phase(), Phase::Waiting);
        // SAFETY: outside of `Waiting` the body belongs to the operation, which calls this from one
        // place at a time since it is itself borrowed mutably (a future) or runs once (a callback).
        f(unsafe { &mut (*self.body.get()).value })
    }

    /// Takes the value out of the slot of a waiter that is in no queue.
    #[inline]
    pub(crate) fn take(&self) -> Option<T> {
        self.with_slot(Option::take)
    }

    /// Where the value came from that is in the slot of a get.
    pub(crate) fn receipt(&self) -> Receipt {
        assert_eq!(
            self.phase(),
            Phase::Done,
            "only a get that has been given a value has a receipt"
        );
        // SAFETY: as in `with_slot`; `hand` and `keep`, which alone give a get a value, write it.
        unsafe { (*self.body.get()).receipt.assume_init() }
    }

    /// Keeps a value that the get took by itself.
    pub(crate) fn keep(&self, value: T, receipt: Receipt) {
        debug_assert_ne!(self.phase(), Phase::Waiting);
        // SAFETY: as in `with_slot`.
        let body = unsafe { &mut *self.body.get() };
        body.value = Some(value);
        body.receipt.write(receipt);
    }
}

impl<T> Drop for Waiter<T> {
    fn drop(&mut self) {
        if self.phase() == Phase::Waiting {
            // A queue would keep a dangling pointer. Every operation withdraws before it drops.
            std::process::abort();
        }
    }
}

/// A parked operation that has been committed and taken out of its queue, to be answered now.
#[must_use = "an operation that is committed but not answered sleeps for ever"]
pub(crate) struct Claimed<T> {
    waiter: NonNull<Waiter<T>>,
    /// Whether it was a callback or an `add`.
    pub(crate) is_queued: bool,
    waker: Option<Waker>,
}

impl<T> Claimed<T> {
    /// # Safety
    /// `waiter` was just unlinked under its channel's lock, which is held until it is answered.
    #[inline]
    pub(crate) unsafe fn new(
        waiter: NonNull<Waiter<T>>,
        is_queued: bool,
        waker: Option<Waker>,
    ) -> Self {
        Self { waiter, is_queued, waker }
    }

    /// Takes a parked put's value and tells the put that it is done.
    #[inline]
    pub(crate) fn take(self) -> (T, Option<Waker>) {
        // SAFETY: by the promise of `new` the waiter is alive, and ours until it is answered.
        let value = unsafe { (*self.waiter.as_ref().body.get()).value.take() };
        let waker = self.answer(Phase::Done);
        (value.expect("a parked put holds its value"), waker)
    }

    /// Hands a value to a parked get.
    #[inline]
    pub(crate) fn hand(self, value: T, receipt: Receipt) -> Option<Waker> {
        // SAFETY: as in `take`.
        let body = unsafe { &mut *self.waiter.as_ref().body.get() };
        body.value = Some(value);
        body.receipt.write(receipt);
        self.answer(Phase::Done)
    }

    /// Ends the wait; the waker is to be woken after unlocking.
    #[inline]
    pub(crate) fn answer(self, phase: Phase) -> Option<Waker> {
        // SAFETY: by the promise of `new`; this store is the last touch.
        unsafe { Waiter::answer(self.waiter, phase) };
        self.waker
    }
}
