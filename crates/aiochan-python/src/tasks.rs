//! The tasks of stages: queued on the thread that made them ready, and run there before the call that did
//! so returns to Python.
//!
//! So a value passes any number of stages without a turn of the event loop. A task that belongs to a loop is
//! only ever queued on that loop's thread; one that belongs to none runs on whichever thread wakes it.

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::mem::ManuallyDrop;
use std::ptr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aiochan::{Executor, Runnable, with_executor};
use pyo3::prelude::*;

use crate::home::Home;
use crate::names;
use crate::value::undisturbed;

/// For so long tasks may run before the event loop has its turn.
const SLICE: Duration = Duration::from_millis(1);

/// Tasks, each with the loop that it belongs to, if to one.
type Queue = VecDeque<(Runnable, Option<Arc<Home>>)>;

thread_local! {
    /// What is in it when the thread ends stays: the interpreter may have gone before.
    static READY: RefCell<ManuallyDrop<Queue>> =
        const { RefCell::new(ManuallyDrop::new(VecDeque::new())) };
    /// How many are in it, to look at without touching it.
    static COUNT: Cell<usize> = const { Cell::new(0) };
    /// Whether they are being run further up the stack.
    static RUNNING: Cell<bool> = const { Cell::new(false) };
    /// The loop that is going to go on with them.
    static IS_COMING: Cell<*const ()> = const { Cell::new(ptr::null()) };
}

/// Runs `f`; stages that it starts belong to `home`.
pub(crate) fn starting<R>(home: Option<Arc<Home>>, f: impl FnOnce() -> R) -> R {
    static ANYWHERE: LazyLock<Arc<dyn Executor>> = LazyLock::new(|| Arc::new(Anywhere));
    match home {
        Some(home) => with_executor(&(home as Arc<dyn Executor>), f),
        None => with_executor(&ANYWHERE, f),
    }
}

/// The executor of tasks that belong to no loop.
struct Anywhere;

impl Executor for Anywhere {
    fn schedule(&self, task: Runnable) {
        push(task, None);
    }
}

pub(crate) fn push(task: Runnable, home: Option<Arc<Home>>) {
    READY.with_borrow_mut(|ready| ready.push_back((task, home)));
    COUNT.set(COUNT.get() + 1);
}

/// Runs what has become ready on this thread. To be called at the end of whatever may have woken a task.
#[inline]
pub(crate) fn settle(py: Python<'_>) {
    if COUNT.get() > 0 && !RUNNING.get() {
        run_ready(py);
    }
}

/// As `starting`, but what starts does so in the loop's next turn, so that a few lines of the user's may come
/// before it.
pub(crate) fn starting_soon(
    py: Python<'_>,
    home: Option<Arc<Home>>,
    f: impl FnOnce(),
) -> PyResult<()> {
    let running = names::running_loop(py)?;
    if running.is_none() {
        starting(home, f);
        settle(py);
        return Ok(());
    }
    let before = COUNT.get();
    starting(home, f);
    if COUNT.get() > before {
        let new = READY.with_borrow_mut(|ready| ready.split_off(before));
        COUNT.set(before);
        running.call_method1("call_soon", (Bound::new(py, GoOn(Mutex::new(new)))?,))?;
    }
    Ok(())
}

/// Runs `f`; what becomes ready meanwhile waits.
pub(crate) fn holding_off<R>(f: impl FnOnce() -> R) -> R {
    struct Back(bool);
    impl Drop for Back {
        fn drop(&mut self) {
            RUNNING.set(self.0);
        }
    }
    let _back = Back(RUNNING.replace(true));
    f()
}

/// As `settle`, when an object has been dropped.
pub(crate) fn settle_dropped() {
    if COUNT.get() > 0 && !RUNNING.get() {
        undisturbed(run_ready);
    }
}

/// As `settle`, for a thread that is about to block, perhaps inside of a task that the others wait for.
pub(crate) fn settle_before_blocking(py: Python<'_>) {
    if COUNT.get() > 0 {
        run_ready(py);
    }
}

#[cold]
fn run_ready(py: Python<'_>) {
    holding_off(|| run_for_a_slice(py));
}

fn run_for_a_slice(py: Python<'_>) {
    // The rest of the last slice has its turn soon anyway.
    let slice = if IS_COMING.get().is_null() { SLICE } else { SLICE / 20 };
    let begin = Instant::now();
    while let Some((task, home)) = READY.with_borrow_mut(|ready| ready.pop_front()) {
        COUNT.set(COUNT.get() - 1);
        starting(home, || task.run());
        if COUNT.get() > 0 && begin.elapsed() > slice {
            return go_on_later(py);
        }
    }
}

/// Lets others have their turn: the event loop of this thread, or the other threads.
fn go_on_later(py: Python<'_>) {
    let soon = names::running_loop(py).and_then(|running| {
        if running.is_none() {
            return Ok(false);
        }
        let this = running.as_ptr().cast::<()>().cast_const();
        if IS_COMING.get() != this {
            let nothing_new = Bound::new(py, GoOn(Mutex::default()))?;
            running.call_method1("call_soon", (nothing_new,))?;
            IS_COMING.set(this);
        }
        Ok(true)
    });
    if soon.is_ok_and(|soon| soon) {
        return;
    }
    let rest = READY.with_borrow_mut(|ready| std::mem::take(&mut **ready));
    COUNT.set(0);
    std::thread::spawn(move || {
        for (task, home) in rest {
            push(task, home);
        }
        // Without an interpreter there is nothing to go on with.
        while COUNT.get() > 0 && Python::try_attach(settle).is_some() {
            std::thread::yield_now();
        }
    });
}

/// What the loop calls to go on with the tasks, and with some new ones.
#[pyclass(frozen)]
struct GoOn(Mutex<Queue>);

#[pymethods]
impl GoOn {
    fn __call__(&self, py: Python<'_>) {
        IS_COMING.set(ptr::null());
        let new = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        for (task, home) in new {
            push(task, home);
        }
        settle(py);
    }
}
