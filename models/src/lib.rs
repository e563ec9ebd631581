//! What the models have in common. They are in `tests/models`, one file for each kind of encounter.
//!
//! A model runs a few operations of two or three threads on the channel's own code, in every order in which their
//! accesses to shared memory can interleave, up to so many preemptions, and asserts after each what must be true
//! of all. `cargo xtask models` runs them all.
#![cfg(aiochan_loom)]

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize as Count;
use std::task::{Context, Poll, Wake, Waker};

use loom::model::Builder;
use loom::sync::atomic::{AtomicUsize, Ordering};

/// Explores a model of two threads, interrupted twice: most faults of such protocols show then.
pub fn explore(model: impl Fn() + Send + Sync + 'static) {
    explore_up_to(2, model);
}

/// Explores a model of more threads, which have so many more ways to interleave, interrupted once.
pub fn explore_crowd(model: impl Fn() + Send + Sync + 'static) {
    explore_up_to(1, model);
}

/// Explores `model` with so many interruptions of a thread where it would not wait, unless `LOOM_MAX_PREEMPTIONS`
/// says otherwise, and tells how many interleavings there were.
fn explore_up_to(preemptions: usize, model: impl Fn() + Send + Sync + 'static) {
    let mut builder = Builder::new();
    builder.preemption_bound = builder.preemption_bound.or(Some(preemptions));
    builder.max_branches = 20_000;
    let explored = Arc::new(Count::new(0));
    let count = explored.clone();
    builder.check(move || {
        count.fetch_add(1, Ordering::Relaxed);
        // A fair select takes its order from here; a model must repeat itself.
        fastrand::seed(1);
        model();
    });
    let test = std::thread::current();
    let name = test.name().unwrap_or("a model");
    println!("{name}: {} interleavings", explored.load(Ordering::Relaxed));
}

/// A waker that counts.
#[derive(Default)]
pub struct Alarm(AtomicUsize);

impl Alarm {
    /// One that has not been woken.
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    /// How often it has been woken.
    pub fn rings(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Polls once, to wake `alarm`.
pub fn poll<F: Future>(future: Pin<&mut F>, alarm: &Arc<Alarm>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(&Waker::from(alarm.clone())))
}
