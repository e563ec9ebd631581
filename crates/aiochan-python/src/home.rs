//! `Home`: an event loop, and how to have something done on it from anywhere.
//!
//! On the loop's own thread, while it runs, things are done at once. From elsewhere they wait in an inbox,
//! and one `call_soon_threadsafe` empties it, however many there are.

use std::cell::RefCell;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use aiochan::{Executor, Runnable};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::names;
use crate::report::report;
use crate::tasks;
use crate::turns::Slice;
use crate::value::undisturbed;

pub(crate) struct Home {
    me: Weak<Self>,
    event_loop: Py<PyAny>,
    inbox: Mutex<Vec<Job>>,
    /// Whether the loop has been told to look into the inbox.
    called: AtomicBool,
    /// Whether another thread stood in for the loop when it was last looked at.
    is_left: AtomicBool,
    slice: Mutex<Slice>,
}

/// What is to be done on an event loop.
pub(crate) enum Job {
    /// Let go on who waits for this asyncio future.
    Resolve(Py<PyAny>),
    /// Call a function soon.
    Call(Call),
    /// Run a task of ours.
    Run(Runnable),
}

pub(crate) struct Call {
    pub(crate) callback: Py<PyAny>,
    pub(crate) argument: Py<PyAny>,
    pub(crate) context: Option<Py<PyAny>>,
}

thread_local! {
    /// The home that this thread needed last, nearly always the one that it needs next.
    static LAST: RefCell<Option<Arc<Home>>> = const { RefCell::new(None) };
}

impl Home {
    pub(crate) fn of(event_loop: &Bound<'_, PyAny>) -> Arc<Self> {
        let last = LAST.with_borrow(|last| {
            last.as_ref().filter(|home| home.event_loop.is(event_loop)).map(Arc::clone)
        });
        last.unwrap_or_else(|| {
            let home = Arc::new_cyclic(|me| Self {
                me: me.clone(),
                event_loop: event_loop.clone().unbind(),
                inbox: Mutex::default(),
                called: AtomicBool::new(false),
                is_left: AtomicBool::new(false),
                slice: Mutex::default(),
            });
            let before = LAST.replace(Some(home.clone()));
            drop(before);
            home
        })
    }

    /// The home of the event loop that runs on this thread.
    pub(crate) fn here(py: Python<'_>) -> PyResult<Option<Arc<Self>>> {
        let running = names::running_loop(py)?;
        Ok((!running.is_none()).then(|| Self::of(&running)))
    }

    pub(crate) fn event_loop<'py>(&self, py: Python<'py>) -> &Bound<'py, PyAny> {
        self.event_loop.bind(py)
    }

    pub(crate) fn is_open(&self, py: Python<'_>) -> bool {
        let closed = self.event_loop(py).call_method0("is_closed");
        closed.is_ok_and(|closed| !closed.is_truthy().unwrap_or(false))
    }

    pub(crate) fn is_running(&self, py: Python<'_>) -> bool {
        let running = self.event_loop(py).call_method0("is_running");
        running.is_ok_and(|running| running.is_truthy().unwrap_or(false))
    }

    pub(crate) fn is_here(&self, py: Python<'_>) -> bool {
        names::running_loop(py).is_ok_and(|running| running.is(&self.event_loop))
    }

    /// Has something done on this loop: at once if this is its thread.
    pub(crate) fn post(self: &Arc<Self>, py: Python<'_>, job: Job) {
        if self.is_here(py) {
            return self.handle(py, job);
        }
        self.leave(py, job);
    }

    /// Has a task go on in the loop's next turn.
    pub(crate) fn put_off(self: &Arc<Self>, py: Python<'_>, task: Runnable) {
        self.leave(py, Job::Run(task));
    }

    /// Leaves something to be done, and calls the loop.
    fn leave(self: &Arc<Self>, py: Python<'_>, job: Job) {
        self.inbox().push(job);
        if !self.called.swap(true, Ordering::AcqRel) {
            let empty = Bound::new(py, Emptying(self.clone()));
            let called = empty.and_then(|empty| {
                self.event_loop(py).call_method1(names::call_soon_threadsafe(py), (empty,))
            });
            if let Err(error) = called {
                self.called.store(false, Ordering::Release);
                if self.is_open(py) {
                    // Ctrl-C, perhaps. The next call takes these jobs along.
                    return report(py, None, "an event loop could not be called", &error);
                }
                self.forget();
            }
        }
    }

    /// Nobody waits there any more.
    fn forget(&self) {
        let lost = std::mem::take(&mut *self.inbox());
        drop(lost);
    }

    fn empty(self: &Arc<Self>, py: Python<'_>) {
        self.called.store(false, Ordering::Release);
        let jobs = std::mem::take(&mut *self.inbox());
        for job in jobs {
            self.handle(py, job);
        }
        tasks::settle(py);
    }

    /// If the loop does not run, takes its tasks over for this thread, which has waited for them in vain for a
    /// while or not. Whether there were any.
    pub(crate) fn stand_in(self: &Arc<Self>, py: Python<'_>, in_vain: bool) -> bool {
        if !in_vain && !self.is_left.load(Ordering::Relaxed) {
            return false;
        }
        let is_left = !self.is_running(py);
        self.is_left.store(is_left, Ordering::Relaxed);
        if !is_left {
            return false;
        }
        let mut inbox = self.inbox();
        let all = std::mem::take(&mut *inbox);
        let (tasks, rest): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|job| matches!(job, Job::Run(_)));
        *inbox = rest;
        drop(inbox);
        let any = !tasks.is_empty();
        for task in tasks {
            self.handle(py, task);
        }
        any
    }

    fn handle(self: &Arc<Self>, py: Python<'_>, job: Job) {
        match job {
            Job::Resolve(future) => {
                // Cancelled meanwhile, it refuses, and nobody waits for it.
                let _ = future.call_method1(py, names::set_result(py), (py.None(),));
            }
            Job::Call(call) => {
                if let Err(error) = self.call_soon(py, call) {
                    error.write_unraisable(py, None);
                }
            }
            Job::Run(task) => tasks::push(task, Some(self.clone())),
        }
    }

    fn call_soon(&self, py: Python<'_>, call: Call) -> PyResult<()> {
        let options = PyDict::new(py);
        if let Some(context) = call.context {
            options.set_item("context", context)?;
        }
        let call_soon = self.event_loop(py).getattr("call_soon")?;
        call_soon.call((call.callback, call.argument), Some(&options)).map(drop)
    }

    pub(crate) fn slice(&self) -> MutexGuard<'_, Slice> {
        self.slice.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Nothing but taking jobs in and out happens under this lock.
    fn inbox(&self) -> MutexGuard<'_, Vec<Job>> {
        self.inbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What the loop calls to empty the inbox.
#[pyclass(frozen)]
struct Emptying(Arc<Home>);

#[pymethods]
impl Emptying {
    fn __call__(&self, py: Python<'_>) {
        self.0.empty(py);
    }
}

impl Drop for Emptying {
    fn drop(&mut self) {
        if self.0.called.load(Ordering::Acquire) {
            undisturbed(|py| {
                if !self.0.is_open(py) {
                    // It was closed with this uncalled.
                    self.0.forget();
                }
            });
        }
    }
}

impl Executor for Home {
    fn schedule(&self, task: Runnable) {
        // Whoever can wake a task of this home holds it.
        if let Some(home) = self.me.upgrade() {
            undisturbed(|py| home.post(py, Job::Run(task)));
        }
    }
}
