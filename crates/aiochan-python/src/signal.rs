//! `Signal`: what wakes those who wait for an operation.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Wake;

use pyo3::prelude::*;

use crate::home::{Home, Job};
use crate::value::undisturbed;

/// The waker of an operation's future.
#[derive(Default)]
pub(crate) struct Signal {
    woken: AtomicBool,
    listeners: Mutex<Vec<Listener>>,
}

/// What is to be done on a loop when the operation can go on.
struct Listener {
    home: Arc<Home>,
    job: Job,
}

impl Signal {
    /// Has a job done when the operation is woken. `false` if it has been since it was polled.
    pub(crate) fn listen(&self, home: &Arc<Home>, job: impl FnOnce() -> Job) -> bool {
        let mut listeners = self.listeners();
        if self.is_woken() {
            return false;
        }
        listeners.push(Listener { home: home.clone(), job: job() });
        true
    }

    pub(crate) fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }

    /// To be called before the operation is polled.
    pub(crate) fn reset(&self) {
        self.woken.store(false, Ordering::Release);
    }

    /// Takes away the callbacks that `is_it` says yes to, and counts them.
    pub(crate) fn forget(&self, is_it: impl Fn(&Py<PyAny>) -> bool) -> usize {
        let all = std::mem::take(&mut *self.listeners());
        let (gone, kept): (Vec<_>, Vec<_>) = all.into_iter().partition(
            |listener| matches!(&listener.job, Job::Call(call) if is_it(&call.callback)),
        );
        let forgotten = gone.len();
        drop(gone);
        self.listeners().extend(kept);
        if self.is_woken() {
            // It was while they were away.
            self.fire();
        }
        forgotten
    }

    pub(crate) fn fire(&self) {
        let mut listeners = self.listeners();
        self.woken.store(true, Ordering::Release);
        let fired = std::mem::take(&mut *listeners);
        drop(listeners);
        if !fired.is_empty() {
            undisturbed(|py| {
                for Listener { home, job } in fired {
                    home.post(py, job);
                }
            });
        }
    }

    /// Nothing but taking listeners in and out happens under this lock.
    fn listeners(&self) -> MutexGuard<'_, Vec<Listener>> {
        self.listeners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.fire();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.fire();
    }
}
