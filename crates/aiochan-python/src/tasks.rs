//! The tasks of stages: queued on the thread that made them ready, and run there before the call that did
//! so returns to Python.
//!
//! So a value passes any number of stages without a turn of the event loop. A task that belongs to a loop is
//! only queued on that loop's thread; one that belongs to none runs on whichever thread wakes it. While
//! a loop is stopped, a thread that blocks on a channel stands in for it (`Home::stand_in`).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::mem::ManuallyDrop;
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
    if names::running_loop(py)?.is_none() {
        starting(home, f);
        settle(py);
        return Ok(());
    }
    let before = COUNT.get();
    starting(home, f);
    if COUNT.get() > before {
        let new = READY.with_borrow_mut(|ready| ready.split_off(before));
        COUNT.set(before);
        put_off(py, new);
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
    run_for_a_slice(py);
    if COUNT.get() > 0 {
        let rest = READY.with_borrow_mut(|ready| std::mem::take(&mut **ready));
        COUNT.set(0);
        put_off(py, rest);
    }
}

fn run_for_a_slice(_attached: Python<'_>) {
    holding_off(|| {
        let begin = Instant::now();
        while let Some((task, home)) = READY.with_borrow_mut(|ready| ready.pop_front()) {
            COUNT.set(COUNT.get() - 1);
            starting(home, || task.run());
            if begin.elapsed() > SLICE {
                return;
            }
        }
    });
}

/// Lets others have their turn before these tasks: their event loop, or that of this thread, or other threads.
fn put_off(py: Python<'_>, tasks: Queue) {
    let mut homeless = Queue::new();
    for (task, home) in tasks {
        match home {
            Some(home) => home.put_off(py, task),
            None => homeless.push_back((task, None)),
        }
    }
    if homeless.is_empty() {
        return;
    }
    let go_on = GoOn(Mutex::new(homeless));
    let soon = names::running_loop(py).and_then(|running| match running.is_none() {
        // Dropped, it goes on elsewhere.
        true => Ok(()),
        false => running.call_method1("call_soon", (Bound::new(py, go_on)?,)).map(drop),
    });
    if let Err(error) = soon {
        error.write_unraisable(py, None);
    }
}

/// Goes on with tasks in a thread of their own, until there is nothing to do.
fn go_on_elsewhere(tasks: Queue) {
    std::thread::spawn(move || {
        for (task, home) in tasks {
            push(task, home);
        }
        // Without an interpreter there is nothing to go on with.
        while COUNT.get() > 0 && Python::try_attach(run_for_a_slice).is_some() {
            std::thread::yield_now();
        }
    });
}

/// What the loop of this thread calls to go on with tasks that belong to no loop.
#[pyclass(frozen)]
struct GoOn(Mutex<Queue>);

impl GoOn {
    fn take(&self) -> Queue {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[pymethods]
impl GoOn {
    fn __call__(&self, py: Python<'_>) {
        for (task, home) in self.take() {
            push(task, home);
        }
        settle(py);
    }
}

impl Drop for GoOn {
    fn drop(&mut self) {
        let left = self.take();
        if !left.is_empty() {
            // The loop has been closed, or there is none.
            go_on_elsewhere(left);
        }
    }
}
