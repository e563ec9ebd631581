//! A spin lock of one byte, for critical sections of a few dozen instructions.
//!
//! Nothing that can wait, wake or run user code happens inside one: see `state.rs`. A waiting thread
//! pauses for a doubling while and then yields its time slice; it never sleeps, since it may be an
//! executor's thread with other tasks to run.
#![allow(unsafe_code)]

use std::cell::UnsafeCell;
use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use crate::sync::{AtomicBool, Ordering, spin_loop, yield_now};

static GIVE_WAY: OnceLock<fn()> = OnceLock::new();

/// Sets what a thread does, again and again, while it waits for a channel that another thread is using for
/// long; without it, it yields its time slice. `false` if it was set before.
///
/// This is for programs with a lock around everything, like an interpreter's: a [`Buffer`](crate::Buffer) that
/// needs that lock could never finish while a thread that has it waits for the channel. `give_way` lets go of it
/// for a moment. It must not use channels.
///
/// # Examples
/// ```
/// assert!(aiochan::set_give_way(std::thread::yield_now));
/// ```
pub fn set_give_way(give_way: fn()) -> bool {
    GIVE_WAY.set(give_way).is_ok()
}

/// A value that one thread at a time can touch.
pub(crate) struct Lock<S> {
    taken: AtomicBool,
    /// May only be accessed by the thread that set `taken`.
    value: UnsafeCell<S>,
}

// SAFETY: the lock gives out access to `S` on one thread at a time, so it moves between threads
// but is never shared by two.
unsafe impl<S: Send> Sync for Lock<S> {}

/// Access to the value of a [`Lock`]; dropping it, also in a panic, unlocks.
pub(crate) struct Guard<'a, S>(&'a Lock<S>);

impl<S> Lock<S> {
    pub(crate) fn new(value: S) -> Self {
        Self { taken: AtomicBool::new(false), value: UnsafeCell::new(value) }
    }

    #[inline]
    pub(crate) fn lock(&self) -> Guard<'_, S> {
        if self.taken.swap(true, Ordering::Acquire) {
            self.lock_contended();
        }
        Guard(self)
    }

    /// Access without locking, which an exclusive borrow makes needless.
    pub(crate) fn get_mut(&mut self) -> &mut S {
        self.value.get_mut()
    }

    #[cold]
    fn lock_contended(&self) {
        let mut backoff = Backoff::new();
        loop {
            // Looking before swapping keeps the cache line shared while another thread holds it.
            while self.taken.load(Ordering::Relaxed) {
                backoff.wait();
            }
            if !self.taken.swap(true, Ordering::Acquire) {
                return;
            }
        }
    }
}

impl<S> Deref for Guard<'_, S> {
    type Target = S;
    #[inline]
    fn deref(&self) -> &S {
        // SAFETY: this guard's thread holds the lock, so nobody else has access.
        unsafe { &*self.0.value.get() }
    }
}

impl<S> DerefMut for Guard<'_, S> {
    #[inline]
    fn deref_mut(&mut self) -> &mut S {
        // SAFETY: as in `deref`, and `&mut self` makes it the only borrow.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<S> Drop for Guard<'_, S> {
    #[inline]
    fn drop(&mut self) {
        self.0.taken.store(false, Ordering::Release);
    }
}

/// Doubling pauses, then yields.
pub(crate) struct Backoff {
    pauses: u32,
}

impl Backoff {
    const FIRST: u32 = 32;
    const LAST: u32 = 256;

    pub(crate) fn new() -> Self {
        Self { pauses: Self::FIRST }
    }

    pub(crate) fn wait(&mut self) {
        if self.pauses > Self::LAST {
            return GIVE_WAY.get().map_or_else(yield_now, |give_way| give_way());
        }
        for _ in 0..self.pauses {
            spin_loop();
        }
        self.pauses *= 2;
    }
}
