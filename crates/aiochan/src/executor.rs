//! `Executor`: where tasks run when neither tokio nor the built-in executor is to run them.

use std::cell::RefCell;
use std::fmt;
use std::sync::Arc;

/// Something that runs tasks, for [`with_executor`].
pub trait Executor: Send + Sync + 'static {
    /// Takes a task that is ready to go on, and has [`run`](Runnable::run) called on it soon, once, on a thread
    /// that is inside [`with_executor`] if tasks that it starts are to run here too.
    ///
    /// It is called wherever something wakes the task: on any thread, perhaps from inside of a channel's
    /// operation, though never under a lock. So it should only queue the task and see to it that somebody
    /// looks there.
    ///
    /// It should not panic: that cancels the task, and goes on in whoever has woken it. When it cannot take
    /// tasks any more, let it drop them.
    fn schedule(&self, task: Runnable);
}

/// A task that is ready to go on. Dropping it cancels the task.
pub struct Runnable(pub(crate) async_task::Runnable);

impl Runnable {
    /// Polls the task once. It does not panic if the task does: that panic goes on in whoever awaits the task's
    /// handle, or ends there if nobody does.
    pub fn run(self) {
        self.0.run();
    }
}

impl fmt::Debug for Runnable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Runnable").finish_non_exhaustive()
    }
}

thread_local! {
    static ENTERED: RefCell<Option<Arc<dyn Executor>>> = const { RefCell::new(None) };
}

/// Runs `f`; what is spawned meanwhile on this thread, by [`go`](crate::go) or by a flow, a pipe, a
/// [`Dup`](crate::Dup) or a [`Pub`](crate::Pub) that starts its worker, runs on `executor`. In the destructor of a
/// thread-local it may have no effect: then they run where they else would.
///
/// Inside of it time is the system's, also in a tokio runtime: [`timeout`](crate::timeout) and so on follow neither
/// that runtime's clock nor its pauses. A task reads the clock of where it is run, so whoever runs tasks in a tokio
/// runtime enters this around [`Runnable::run`].
///
/// # Examples
/// ```
/// use std::sync::Arc;
///
/// use aiochan::{Chan, Executor, Runnable, from_range, with_executor};
///
/// /// Runs tasks when asked to.
/// struct ByHand(Chan<Runnable>);
///
/// impl Executor for ByHand {
///     fn schedule(&self, task: Runnable) {
///         // Refused by a queue that is closed, the task is dropped: that cancels it.
///         drop(self.0.try_put(task));
///     }
/// }
///
/// let tasks = Chan::unbounded();
/// let by_hand: Arc<dyn Executor> = Arc::new(ByHand(tasks.clone()));
/// let squares = with_executor(&by_hand, || from_range(1..4).map(|n| n * n).chan_with(3));
/// assert!(squares.is_empty());
/// tasks.try_get().unwrap().run();
/// assert_eq!(squares.iter().collect::<Vec<_>>(), [1, 4, 9]);
/// ```
pub fn with_executor<R>(executor: &Arc<dyn Executor>, f: impl FnOnce() -> R) -> R {
    struct Leave(Option<Arc<dyn Executor>>);
    impl Drop for Leave {
        fn drop(&mut self) {
            let _ = ENTERED.try_with(|entered| entered.replace(self.0.take()));
        }
    }
    let before = ENTERED.try_with(|entered| entered.replace(Some(executor.clone())));
    let _leave = Leave(before.ok().flatten());
    f()
}

/// The executor that this thread is inside of; none when the thread is about to end.
pub(crate) fn entered() -> Option<Arc<dyn Executor>> {
    ENTERED.try_with(|entered| entered.borrow().clone()).ok().flatten()
}
