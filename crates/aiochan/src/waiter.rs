//! One parked operation: where it stands, whom to wake, and the slot its value is handed over in.
//!
//! A waiter lives inside its operation's future, on a blocked thread's stack or in a callback's
//! allocation, so that parking allocates nothing. Who may touch its body follows from its phase:
//! while it is [`Phase::Waiting`] it is linked into a queue and belongs to whoever holds that
//! channel's lock; in every other phase it belongs to the operation. The store that ends `Waiting`
//! is the last thing another thread does to a waiter, since the operation may free it at once.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::marker::PhantomPinned;
use std::ptr::NonNull;
use std::task::Waker;

use crate::flag::Flag;
use crate::sync::{AtomicU8, Ordering};

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
    fn from_u8(phase: u8) -> Self {
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
    /// The arm of a select, which must be committed first. The flag outlives the waiter's stay in
    /// the queue.
    Select(NonNull<Flag>),
}

/// How a value left the channel, and its place in the order of all that did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) order: u64,
    pub(crate) how: How,
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
    phase: AtomicU8,
    body: UnsafeCell<Body<T>>,
    _pinned: PhantomPinned,
}

/// What the module comment says who may touch.
pub(crate) struct Body<T> {
    pub(crate) prev: Option<NonNull<Waiter<T>>>,
    pub(crate) next: Option<NonNull<Waiter<T>>>,
    pub(crate) wake: Wake,
    /// A callback or an `add`: counted against `max_pending`.
    pub(crate) queued: bool,
    value: Option<T>,
    /// Where the value in a get's slot came from.
    receipt: Receipt,
}

// SAFETY: the phases hand the body from one thread to another, with Release and Acquire; it is
// never touched by two at once. Wakers are Send, and flags are Sync.
unsafe impl<T: Send> Send for Waiter<T> {}
// SAFETY: as above; a shared reference gives access to the body by the rules of the phases only.
unsafe impl<T: Send> Sync for Waiter<T> {}

impl<T> Waiter<T> {
    /// A waiter for a get, or, with a value, for a put.
    pub(crate) fn new(value: Option<T>) -> Self {
        Self {
            phase: AtomicU8::new(Phase::Idle as u8),
            body: UnsafeCell::new(Body {
                prev: None,
                next: None,
                wake: Wake::Nobody,
                queued: false,
                value,
                receipt: Receipt { order: 0, how: How::Buffered },
            }),
            _pinned: PhantomPinned,
        }
    }

    #[inline]
    pub(crate) fn phase(&self) -> Phase {
        Phase::from_u8(self.phase.load(Ordering::Acquire))
    }

    /// Ends or begins a stay in a queue; called under the channel's lock, or by the operation of a
    /// waiter that is in none.
    #[inline]
    pub(crate) fn set_phase(&self, phase: Phase) {
        self.phase.store(phase as u8, Ordering::Release);
    }

    /// The body of a waiter in a queue.
    ///
    /// # Safety
    /// The caller holds the lock of the channel in whose queue this waiter is, or is about to be,
    /// and keeps no other reference to the body.
    #[allow(clippy::mut_from_ref, reason = "an UnsafeCell's contents, under the lock")]
    #[inline]
    pub(crate) unsafe fn body(&self) -> &mut Body<T> {
        // SAFETY: by the caller's promise nobody else touches the body now.
        unsafe { &mut *self.body.get() }
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

    /// Where the value in the slot came from, for giving it back.
    pub(crate) fn receipt(&self) -> Receipt {
        debug_assert_ne!(self.phase(), Phase::Waiting);
        // SAFETY: as in `with_slot`.
        unsafe { (*self.body.get()).receipt }
    }

    /// Keeps a value that the get took by itself.
    pub(crate) fn keep(&self, value: T, receipt: Receipt) {
        debug_assert_ne!(self.phase(), Phase::Waiting);
        // SAFETY: as in `with_slot`.
        let body = unsafe { &mut *self.body.get() };
        body.value = Some(value);
        body.receipt = receipt;
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
    waker: Option<Waker>,
}

impl<T> Claimed<T> {
    /// # Safety
    /// `waiter` was just unlinked under its channel's lock, which is held until it is answered.
    pub(crate) unsafe fn new(waiter: NonNull<Waiter<T>>, waker: Option<Waker>) -> Self {
        Self { waiter, waker }
    }

    /// Takes a parked put's value and tells the put that it is done.
    #[inline]
    pub(crate) fn take(self) -> (T, Option<Waker>) {
        // SAFETY: by the promise of `new` the waiter is alive, and ours until its phase is set.
        let value = unsafe { self.waiter.as_ref().body() }.value.take();
        let waker = self.answer(Phase::Done);
        (value.expect("a parked put holds its value"), waker)
    }

    /// Hands a value to a parked get.
    #[inline]
    pub(crate) fn hand(self, value: T, receipt: Receipt) -> Option<Waker> {
        // SAFETY: as in `take`.
        let body = unsafe { self.waiter.as_ref().body() };
        body.value = Some(value);
        body.receipt = receipt;
        self.answer(Phase::Done)
    }

    /// Ends the wait; the waker is to be woken after unlocking.
    #[inline]
    pub(crate) fn answer(self, phase: Phase) -> Option<Waker> {
        // SAFETY: as in `take`; this store is the last touch.
        unsafe { self.waiter.as_ref() }.set_phase(phase);
        self.waker
    }
}
