//! The one place that names threads and atomics: std's, or loom's under `--cfg loom`.

#[cfg(not(loom))]
mod imp {
    pub(crate) use std::hint::spin_loop;
    pub(crate) use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering, fence};
    pub(crate) use std::thread::yield_now;
}

#[cfg(loom)]
mod imp {
    pub(crate) use loom::sync::atomic::{AtomicU32, AtomicUsize, Ordering, fence};
    pub(crate) use loom::thread::yield_now;
    /// A model explores interleavings, so waiting must let another thread run.
    pub(crate) use loom::thread::yield_now as spin_loop;
}

pub(crate) use imp::*;
