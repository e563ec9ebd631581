//! Executors of one's own that panic or drop their tasks, and what `run` and `run_in_thread` do with panics.

use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};

use aiochan::{Chan, Executor, Runnable, from_range, go, run, run_in_thread, with_executor};

use crate::assert_idle;
use crate::support::{drain, reason, the_executor_is_well};
use crate::task::panics;

/// Runs tasks when it is told to, as long as it is well.
struct ByHand(Mutex<Option<Chan<Runnable>>>);

impl ByHand {
    fn new() -> (Arc<Self>, Arc<dyn Executor>, Chan<Runnable>) {
        let tasks = Chan::unbounded();
        let this = Arc::new(Self(Mutex::new(Some(tasks.clone()))));
        (this.clone(), this, tasks)
    }

    fn break_down(&self) {
        *self.0.lock().unwrap() = None;
    }
}

impl Executor for ByHand {
    fn schedule(&self, task: Runnable) {
        let tasks = self.0.lock().unwrap().clone();
        tasks.expect("the executor has broken down").try_put(task).unwrap();
    }
}

/// Rules 5 and 6: the call that starts the task panics, and the output does not wait for it.
#[test]
fn an_executor_that_panics_as_a_worker_starts() {
    let (by_hand, executor, _) = ByHand::new();
    by_hand.break_down();
    let (source, out) = (Chan::fixed(1), Chan::new());
    source.try_put(1).unwrap();
    let message = panics(|| with_executor(&executor, || source.map(|n| n).into_chan(&out)));
    assert_eq!(message, "the executor has broken down");
    assert!(drain(&out).is_empty() && reason(&out).contains("dropped by a panic"));
    assert_eq!(source.try_get(), Ok(1));
    // What is started elsewhere is none of its business.
    the_executor_is_well();
}

/// Rules 1, 5 and 6: whoever wakes the worker gets the panic; the value that it was woken for stays.
#[test]
fn an_executor_that_panics_as_a_worker_is_woken() {
    let (by_hand, executor, tasks) = ByHand::new();
    let source = Chan::new();
    let out = with_executor(&executor, || source.map(|n: u32| n).chan());
    tasks.try_get().unwrap().run();
    assert_eq!(source.stats().parked_gets, 1);
    by_hand.break_down();
    assert_eq!(panics(|| source.try_put(1)), "the executor has broken down");
    assert!(drain(&out).is_empty() && reason(&out).contains("dropped by a panic"));
    assert_eq!(source.try_get(), Ok(1));
    assert_idle(&source);
}

/// Rule 6: a task that its executor drops is over, and says so.
#[test]
fn an_executor_that_drops_its_tasks() {
    let (_, executor, tasks) = ByHand::new();
    let (source, out) = (Chan::fixed(1), Chan::new());
    source.try_put(1).unwrap();
    let task = with_executor(&executor, || {
        source.map(|n| n).into_chan(&out);
        go(async {})
    });
    drop((tasks.try_get(), tasks.try_get()));
    assert!(drain(&out).is_empty() && reason(&out).contains("runtime has been shut down"));
    assert_eq!(source.try_get(), Ok(1));
    assert!(task.is_finished());
    // With what words is `executors::the_handle_of_a_task_that_was_dropped`.
    panics(|| run(task));
}

/// What `Task` documents: "when its runtime was shut down before the task had ended".
#[test]
fn the_handle_of_a_task_that_was_dropped() {
    let (_, executor, tasks) = ByHand::new();
    let task = with_executor(&executor, || go(async {}));
    drop(tasks.try_get());
    let message = panics(|| run(task));
    assert!(message.contains("shut down before the task had ended"), "{message}");
}

/// Rule 5: the function that was run inside has panicked, and the thread is outside again.
#[test]
fn a_panic_leaves_the_executor() {
    let (_, executor, tasks) = ByHand::new();
    assert_eq!(panics(|| with_executor(&executor, || panic!("inside"))), "inside");
    assert_eq!(from_range(0..3).map(|n| n).chan().iter().sum::<u32>(), 3);
    assert!(tasks.is_empty());
}

/// Rule 5: the panic reaches who runs the future, or joins its thread.
#[test]
fn a_future_that_panics_where_it_is_run() {
    assert_eq!(panics(|| run(async { panic!("in run") })), "in run");
    let thread = run_in_thread(async { panic!("in its thread") });
    assert_eq!(panics(|| resume_unwind(thread.join().unwrap_err())), "in its thread");
}
