//! A spin lock of one word, for critical sections of a few dozen instructions.
//!
//! Nothing that can wait, wake or run user code happens inside one: see `state.rs`. A waiting thread
//! pauses for a doubling while and then yields its time slice; it never sleeps, since it may be an
//! executor's thread with other tasks to run.
#![allow(unsafe_code)]

use std::ops::{Deref, DerefMut};
use std::sync::OnceLock;

use crate::sync::{AtomicU32, Ordering, UnsafeCell, fence, spin_loop, yield_now};

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

/// A value that one thread at a time can touch, and that can say a little of itself without being locked.
pub(crate) struct Lock<S, B = ()> {
    /// [`TAKEN`], and what the value's [`Sketch`] was when it was last unlocked.
    word: AtomicU32,
    /// What is not locked, in the room that the word's alignment leaves.
    pub(crate) beside: B,
    /// May only be accessed by the thread that set `TAKEN`.
    value: UnsafeCell<S>,
}

const TAKEN: u32 = 1;

/// A value that can say in a few bits what others may know of it who do not lock it.
pub(crate) trait Sketch {
    /// The lowest bit is not free.
    fn sketch(&self) -> u32;
}

// SAFETY: the lock gives out access to `S` on one thread at a time, so it moves between threads
// but is never shared by two.
unsafe impl<S: Send, B: Sync> Sync for Lock<S, B> {}

/// Access to the value of a [`Lock`]; dropping it, also in a panic, unlocks.
pub(crate) struct Guard<'a, S: Sketch, B>(&'a Lock<S, B>);

/// Access to the value of a [`Lock`] by who knows what its sketch will be; dropping it unlocks.
pub(crate) struct Leaving<'a, S: Sketch, B>(&'a Lock<S, B>, u32);

impl<S: Sketch, B> Lock<S, B> {
    pub(crate) fn new(value: S, beside: B) -> Self {
        Self { word: AtomicU32::new(value.sketch()), beside, value: UnsafeCell::new(value) }
    }

    #[inline]
    pub(crate) fn lock(&self) -> Guard<'_, S, B> {
        if self.word.fetch_or(TAKEN, Ordering::Acquire) & TAKEN != 0 {
            self.lock_contended();
        }
        Guard(self)
    }

    /// Locks unless the value is locked, or its sketch shows one of these bits.
    #[inline]
    pub(crate) fn try_lock(&self, unless: u32) -> Option<Guard<'_, S, B>> {
        // Looking first leaves the cache line shared while there is nothing to do.
        let is_free = self.word.load(Ordering::Relaxed) & (TAKEN | unless) == 0
            && self.word.fetch_or(TAKEN, Ordering::Acquire) & TAKEN == 0;
        is_free.then(|| Guard(self))
    }

    /// Locks unless the sketch shows one of these bits, or has shown it when the value was last unlocked.
    #[inline]
    pub(crate) fn lock_unless(&self, shown: u32) -> Option<Guard<'_, S, B>> {
        (self.word.load(Ordering::Relaxed) & shown == 0).then(|| self.lock())
    }

    /// Access without locking, which an exclusive borrow makes needless.
    pub(crate) fn get_mut(&mut self) -> &mut S {
        self.value.get_mut()
    }

    /// Whether the sketch has all of these bits, as it was when the value was last unlocked, or as the thread
    /// left it that is still at it.
    ///
    /// The fence orders this load after the thread's earlier operations on other values: of two threads that
    /// each change one and then look at the other, one sees the other's change.
    #[inline]
    pub(crate) fn shows(&self, bits: u32) -> bool {
        self.word.load(Ordering::Acquire) & bits == bits && {
            fence(Ordering::SeqCst);
            self.word.load(Ordering::Acquire) & bits == bits
        }
    }

    /// As [`shows`](Self::shows), but other operations of the thread may count as later than this load.
    #[inline]
    pub(crate) fn seems_to_show(&self, bits: u32) -> bool {
        self.word.load(Ordering::Acquire) & bits == bits
    }

    #[cold]
    #[inline(never)]
    fn lock_contended(&self) {
        let mut backoff = Backoff::new();
        loop {
            // Looking before setting keeps the cache line shared while another thread holds it.
            while self.word.load(Ordering::Relaxed) & TAKEN != 0 {
                backoff.wait();
            }
            if self.word.fetch_or(TAKEN, Ordering::Acquire) & TAKEN == 0 {
                return;
            }
        }
    }
}

impl<'a, S: Sketch, B> Guard<'a, S, B> {
    /// Unlocks, where the sketch is known.
    #[inline]
    pub(crate) fn unlock(self, sketch: u32) {
        debug_assert_eq!(sketch, self.sketch());
        self.0.word.store(sketch, Ordering::Release);
        std::mem::forget(self);
    }

    /// Lets it be unlocked at the end of the scope, where the sketch of then is known.
    ///
    /// So a large value that is moved out is moved once, to where it is returned: behind the unlocking the
    /// compiler would copy it again.
    #[inline]
    pub(crate) fn unlock_after(self, sketch: u32) -> Leaving<'a, S, B> {
        let leaving = Leaving(self.0, sketch);
        std::mem::forget(self);
        leaving
    }

    /// Takes the sketch back, before what is going to be done is seen elsewhere.
    pub(crate) fn hide(&self) {
        self.0.word.store(TAKEN, Ordering::Release);
    }
}

impl<S: Sketch, B> Deref for Guard<'_, S, B> {
    type Target = S;
    #[inline]
    fn deref(&self) -> &S {
        // SAFETY: this guard's thread holds the lock, so nobody else has access.
        unsafe { &*self.0.value.get() }
    }
}

impl<S: Sketch, B> DerefMut for Guard<'_, S, B> {
    #[inline]
    fn deref_mut(&mut self) -> &mut S {
        // SAFETY: as in `deref`, and `&mut self` makes it the only borrow.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<S: Sketch, B> Drop for Guard<'_, S, B> {
    #[inline]
    fn drop(&mut self) {
        let sketch = self.sketch();
        self.0.word.store(sketch, Ordering::Release);
    }
}

impl<S: Sketch, B> Leaving<'_, S, B> {
    #[inline]
    pub(crate) fn get_mut(&mut self) -> &mut S {
        // SAFETY: this thread holds the lock, so nobody else has access, and `&mut self` makes it the only borrow.
        unsafe { &mut *self.0.value.get() }
    }
}

impl<S: Sketch, B> Drop for Leaving<'_, S, B> {
    #[inline]
    fn drop(&mut self) {
        let Self(lock, sketch) = *self;
        debug_assert_eq!(sketch, self.get_mut().sketch());
        lock.word.store(sketch, Ordering::Release);
    }
}

/// Doubling pauses, then yields.
pub(crate) struct Backoff {
    pauses: u32,
}

impl Backoff {
    const FIRST: u32 = 64;
    const LAST: u32 = 512;

    pub(crate) fn new() -> Self {
        // In a model the others run while a thread yields, and not while it pauses.
        Self { pauses: if cfg!(aiochan_loom) { Self::LAST + 1 } else { Self::FIRST } }
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
