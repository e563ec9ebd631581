//! The one place that names what threads share: std's atomics, cells and counts, or those of loom with
//! `--cfg aiochan_loom`, so that models explore the channel's own code.
//!
//! The channel itself takes these from here (layers 0 to 4). Flows, tasks and time are made of what is public, and
//! take std's.

#[cfg(aiochan_loom)]
mod model;

#[cfg(not(aiochan_loom))]
mod imp {
    pub(crate) use std::cell::{Cell, UnsafeCell};
    pub(crate) use std::hint::spin_loop;
    pub(crate) use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, Ordering, fence};
    pub(crate) use std::sync::{Arc, Weak};
    pub(crate) use std::thread::{Thread, current, park, park_timeout, yield_now};
    pub(crate) use std::thread_local;
}

#[cfg(aiochan_loom)]
mod imp {
    pub(crate) use super::model::{
        Arc, AtomicU32, Cell, Thread, UnsafeCell, Weak, current, park, park_timeout, thread_local,
    };
    pub(crate) use loom::hint::spin_loop;
    pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU8, Ordering, fence};
    pub(crate) use loom::thread::yield_now;
}

pub(crate) use imp::*;
