//! What loom lacks of what the channel uses, made of what loom has.
#![allow(unsafe_code)]

use std::ops::Deref;
use std::time::Duration;

use loom::sync::atomic::{AtomicUsize, Ordering, fence};
use loom::sync::{Condvar, Mutex};

/// A word whose stores keep their place.
///
/// loom lets a plain store count as older than a read-modify-write that came before it and read an older value, which
/// no machine does; a lock that is freed by a store would seem to stay taken. A swap takes the place that it must.
pub(crate) struct AtomicU32(loom::sync::atomic::AtomicU32);

impl AtomicU32 {
    pub(crate) fn new(word: u32) -> Self {
        Self(loom::sync::atomic::AtomicU32::new(word))
    }

    pub(crate) fn load(&self, order: Ordering) -> u32 {
        self.0.load(order)
    }

    pub(crate) fn store(&self, word: u32, order: Ordering) {
        self.0.swap(word, order);
    }

    pub(crate) fn fetch_or(&self, bits: u32, order: Ordering) -> u32 {
        self.0.fetch_or(bits, order)
    }

    pub(crate) fn fetch_add(&self, more: u32, order: Ordering) -> u32 {
        self.0.fetch_add(more, order)
    }

    pub(crate) fn fetch_sub(&self, less: u32, order: Ordering) -> u32 {
        self.0.fetch_sub(less, order)
    }
}

/// A cell that tells loom of each access, as a write: two that nothing orders fail the model.
///
/// Unlike loom's own it gives out a pointer like std's, and sees the moment at which that is done only. Every
/// critical section begins with one.
pub(crate) struct UnsafeCell<T> {
    accesses: loom::cell::UnsafeCell<()>,
    value: std::cell::UnsafeCell<T>,
}

impl<T> UnsafeCell<T> {
    pub(crate) fn new(value: T) -> Self {
        let accesses = loom::cell::UnsafeCell::new(());
        Self { accesses, value: std::cell::UnsafeCell::new(value) }
    }

    pub(crate) fn get(&self) -> *mut T {
        self.accesses.with_mut(|_| ());
        self.value.get()
    }

    pub(crate) fn get_mut(&mut self) -> &mut T {
        self.accesses.with_mut(|_| ());
        self.value.get_mut()
    }
}

/// As std's, and tells loom of each access.
pub(crate) struct Cell<T> {
    accesses: loom::cell::UnsafeCell<()>,
    value: std::cell::Cell<T>,
}

impl<T: Copy> Cell<T> {
    pub(crate) fn new(value: T) -> Self {
        Self { accesses: loom::cell::UnsafeCell::new(()), value: std::cell::Cell::new(value) }
    }

    pub(crate) fn get(&self) -> T {
        self.accesses.with(|_| ());
        self.value.get()
    }

    pub(crate) fn set(&self, value: T) {
        self.accesses.with_mut(|_| ());
        self.value.set(value);
    }
}

/// An `Arc` whose count is loom's, and which unlike loom's own has [`Weak`] references.
pub(crate) struct Arc<T>(std::sync::Arc<Counted<T>>);

/// The other half of [`Arc`].
pub(crate) struct Weak<T>(std::sync::Arc<Counted<T>>);

struct Counted<T> {
    strong: AtomicUsize,
    /// Emptied by the last [`Arc`].
    value: std::cell::UnsafeCell<Option<T>>,
}

// SAFETY: as std's: the value is shared while it is counted, and the last to count it drops it.
unsafe impl<T: Send + Sync> Send for Counted<T> {}
// SAFETY: as above.
unsafe impl<T: Send + Sync> Sync for Counted<T> {}

impl<T> Arc<T> {
    pub(crate) fn new(value: T) -> Self {
        let value = std::cell::UnsafeCell::new(Some(value));
        Self(std::sync::Arc::new(Counted { strong: AtomicUsize::new(1), value }))
    }

    pub(crate) fn strong_count(this: &Self) -> usize {
        this.0.strong.load(Ordering::Relaxed)
    }

    pub(crate) fn get_mut(this: &mut Self) -> Option<&mut T> {
        if this.0.strong.load(Ordering::Acquire) != 1 {
            return None;
        }
        std::sync::Arc::get_mut(&mut this.0)?.value.get_mut().as_mut()
    }

    pub(crate) fn downgrade(this: &Self) -> Weak<T> {
        Weak(this.0.clone())
    }

    pub(crate) fn as_ptr(this: &Self) -> *const T {
        std::sync::Arc::as_ptr(&this.0).cast()
    }

    pub(crate) fn ptr_eq(this: &Self, other: &Self) -> bool {
        std::sync::Arc::ptr_eq(&this.0, &other.0)
    }
}

impl<T> Clone for Arc<T> {
    fn clone(&self) -> Self {
        self.0.strong.fetch_add(1, Ordering::Relaxed);
        Self(self.0.clone())
    }
}

impl<T> Deref for Arc<T> {
    type Target = T;

    fn deref(&self) -> &T {
        // SAFETY: this reference is counted, so the value is there and is not written to.
        unsafe { &*self.0.value.get() }.as_ref().expect("it is counted")
    }
}

impl<T> Drop for Arc<T> {
    fn drop(&mut self) {
        if self.0.strong.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            // SAFETY: nobody counts it any more, and a `Weak` cannot make the count rise from zero.
            drop(unsafe { &mut *self.0.value.get() }.take());
        }
    }
}

impl<T> Weak<T> {
    pub(crate) fn upgrade(&self) -> Option<Arc<T>> {
        let more = |count| (count > 0).then(|| count + 1);
        let strong = &self.0.strong;
        strong.fetch_update(Ordering::Acquire, Ordering::Relaxed, more).ok()?;
        Some(Arc(self.0.clone()))
    }
}

/// A thread that can be unparked at any time. loom's own takes that amiss while its thread waits for something else,
/// as when the wake comes that an operation has not waited for.
#[derive(Clone)]
pub(crate) struct Thread(std::sync::Arc<(Mutex<bool>, Condvar)>);

loom::thread_local! {
    static CURRENT: Thread = Thread(std::sync::Arc::new((Mutex::new(false), Condvar::new())));
}

pub(crate) fn current() -> Thread {
    CURRENT.with(Thread::clone)
}

impl Thread {
    pub(crate) fn unpark(&self) {
        let (unparked, changed) = &*self.0;
        *unparked.lock().expect("nothing panics there") = true;
        changed.notify_one();
    }
}

pub(crate) fn park() {
    let (unparked, changed) = &*current().0;
    let mut unparked = unparked.lock().expect("nothing panics there");
    while !std::mem::take(&mut *unparked) {
        unparked = changed.wait(unparked).expect("nothing panics there");
    }
}

/// Time passes while other threads run, but never so much that who waits for very long has waited in vain.
pub(crate) fn park_timeout(limit: Duration) {
    const VERY_LONG: Duration = Duration::from_secs(3600);
    if limit > VERY_LONG { park() } else { loom::thread::yield_now() }
}

/// As std's, whose initial values are `const`.
macro_rules! local {
    ($($(#[$attr:meta])* static $name:ident: $t:ty = const { $init:expr };)+) => {
        loom::thread_local! { $($(#[$attr])* static $name: $t = $init;)+ }
    };
}
pub(crate) use local as thread_local;
