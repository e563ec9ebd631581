//! A scheduler on one thread that draws lots for whose turn it is.

use std::cell::RefCell;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};
use std::thread;

use fastrand::Rng;

use crate::clock::Clock;
use crate::ledger;

thread_local! {
    /// The tasks that have not ended, but for those that are being polled. A fault ends the process in the middle; what
    /// they hold is not to be dropped by that.
    static TASKS: RefCell<ManuallyDrop<Vec<Task>>> =
        const { RefCell::new(ManuallyDrop::new(Vec::new())) };
}

struct Task {
    future: Pin<Box<dyn Future<Output = ()>>>,
    alarm: Arc<Alarm>,
}

struct Alarm(AtomicBool);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Task {
    fn is_awake(&self) -> bool {
        self.alarm.0.load(Ordering::Relaxed)
    }
}

/// Begins a task, which is awake.
pub(crate) fn start(future: impl Future<Output = ()> + 'static) {
    let task = Task { future: Box::pin(future), alarm: Arc::new(Alarm(AtomicBool::new(true))) };
    TASKS.with_borrow_mut(|tasks| tasks.push(task));
}

/// How many tasks have not ended.
pub(crate) fn left() -> usize {
    TASKS.with_borrow(|tasks| tasks.len())
}

pub(crate) fn any_is_awake() -> bool {
    TASKS.with_borrow(|tasks| tasks.iter().any(Task::is_awake))
}

/// Polls tasks that are awake, with something to do after each, until there are none even when all timeouts that come are over.
pub(crate) fn run(rng: &mut Rng, clock: &Clock, mut after_each: impl FnMut(&mut Rng)) {
    while any_is_awake() {
        while poll_one(rng) {
            after_each(rng);
            if rng.u8(..32) == 0 {
                clock.tick();
            }
        }
        clock.skip();
    }
}

/// Lets another task go on in the middle of one, as threads do; it has nothing to do with what that one is doing.
pub(crate) fn meanwhile(rng: &mut Rng) {
    // What is dropped in a panic could not be told from what the other task drops.
    if !thread::panicking() {
        ledger::afresh(|| poll_one(rng));
    }
}

/// `false` if nobody is awake.
fn poll_one(rng: &mut Rng) -> bool {
    let Some(mut task) = TASKS.with_borrow_mut(|tasks| draw(tasks, rng)) else { return false };
    task.alarm.0.store(false, Ordering::Relaxed);
    let waker = Waker::from(task.alarm.clone());
    if task.future.as_mut().poll(&mut Context::from_waker(&waker)).is_pending() {
        TASKS.with_borrow_mut(|tasks| tasks.push(task));
    }
    true
}

fn draw(tasks: &mut Vec<Task>, rng: &mut Rng) -> Option<Task> {
    let awake = tasks.iter().filter(|task| task.is_awake()).count();
    let lot = (awake > 0).then(|| rng.usize(..awake))?;
    let at = (0..tasks.len()).filter(|at| tasks[*at].is_awake()).nth(lot)?;
    Some(tasks.swap_remove(at))
}
