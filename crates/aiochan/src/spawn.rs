//! Running futures: `go`, `run`, `run_in_thread`, `nop`, and the small executor that they fall back on.
//!
//! The executor is a channel of tasks that are ready to run and a few threads that take them from it.

use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};
use std::thread::{self, JoinHandle};

use crate::block::{block_on, in_task};
use crate::chan::Chan;
use crate::executor::{Executor, Runnable, entered, with_executor};
use crate::panics::{Caught, calm, discard};

/// Spawns a task, which runs by itself from now on.
///
/// Called inside [`with_executor`](crate::with_executor) it runs there; inside a tokio runtime, with the feature `tokio`, on that; anywhere else on a built-in
/// executor, whose threads are started at the first use and are as many as the machine has processors,
/// at least two. A task that blocks its thread holds up others: for blocking work there are
/// [`run_in_thread`] and [`Flow::parallel_pipe`](crate::Flow::parallel_pipe).
///
/// Await the handle for the result. A panic in the task goes on in whoever awaits the handle.
/// Dropping the handle leaves the task running. A panic that comes when there is nobody to await it any
/// more, like that of a `Drop` in a task that is cancelled, ends there.
///
/// The task belongs to its runtime, and is dropped when that is shut down. So does the worker of a flow, a
/// [`Dup`](crate::Dup) and so on: to the runtime in which it is started.
///
/// # Panics
/// If no thread can be started at all.
///
/// # Examples
/// ```
/// let c = aiochan::Chan::new();
/// let out = c.clone();
/// let task = aiochan::go(async move {
///     out.put("hello").await.unwrap();
///     42
/// });
/// assert_eq!(c.get_blocking(), Some("hello"));
/// assert_eq!(aiochan::run(task), 42);
/// ```
#[doc(alias = "spawn")]
pub fn go<F>(future: F) -> Task<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    if let Some(executor) = entered() {
        return Task::new(future, move |runnable| executor.schedule(Runnable(runnable)));
    }
    #[cfg(feature = "tokio")]
    if let Ok(tokio) = tokio::runtime::Handle::try_current() {
        return Task(Kind::Tokio(tokio.spawn(future)));
    }
    let ready = ready_tasks();
    // It is unbounded and never closed.
    Task::new(future, move |runnable| drop(ready.try_put(runnable)))
}

/// Runs a future to its end on this thread, which blocks. Not for async code: it would block the
/// executor.
///
/// Inside a tokio runtime it may never return, and so may the other verbs that block, and iterating over a
/// channel: what is waited for may need the thread, and what is spawned here is woken only when the task
/// that blocks lets go. There use `tokio::task::block_in_place` or `spawn_blocking` around it. A runtime of one
/// thread stands still meanwhile, its clock too, so only `spawn_blocking` helps there.
///
/// # Panics
/// If it has to wait inside a task of the built-in executor: await it there instead.
///
/// # Examples
/// ```
/// let c = aiochan::Chan::fixed(1);
/// let got = aiochan::run(async {
///     c.put(1).await.unwrap();
///     c.get().await
/// });
/// assert_eq!(got, Some(1));
/// ```
#[doc(alias = "block_on")]
pub fn run<F: Future>(future: F) -> F::Output {
    block_on(pin!(future))
}

/// Runs a future to its end on a thread of its own. Join the handle for the result, or the panic.
///
/// It is inside of what surrounds the call: the executor of [`with_executor`](crate::with_executor), and a tokio
/// runtime of several threads, with the feature `tokio`. When that is shut down its tasks and its clock are gone,
/// for this thread too. A runtime of a single thread is not entered: it could wait for nothing while that thread
/// joins the handle. Tasks and time are the built-in executor's then, and what needs tokio panics.
///
/// # Panics
/// If the thread cannot be started.
///
/// # Examples
/// ```
/// let c = aiochan::Chan::new();
/// let out = c.clone();
/// let thread = aiochan::run_in_thread(async move { out.put(1).await });
/// assert_eq!(c.get_blocking(), Some(1));
/// assert_eq!(thread.join().unwrap(), Ok(()));
/// ```
pub fn run_in_thread<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    Surroundings::here().that_go_on().thread("aiochan-run", || run(future))
}

/// Lets other tasks of the executor run, then goes on.
///
/// # Examples
/// ```
/// # aiochan::run(async {
/// aiochan::nop().await;
/// # });
/// ```
#[doc(alias = "yield_now")]
pub async fn nop() {
    let mut yielded = false;
    poll_fn(|cx| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// The handle of a task, from [`go`]: a future of the task's result.
#[derive(Debug)]
pub struct Task<T>(Kind<T>);

#[derive(Debug)]
enum Kind<T> {
    #[cfg(feature = "tokio")]
    Tokio(tokio::task::JoinHandle<T>),
    /// It is there until it is dropped.
    Own(Option<async_task::FallibleTask<Ended<T>>>),
}

impl<T: Send + 'static> Task<T> {
    fn new(
        future: impl Future<Output = T> + Send + 'static,
        schedule: impl Fn(async_task::Runnable) + Send + Sync + 'static,
    ) -> Self {
        let caught = Caught::new(future);
        let ended = async { Ended(Some(caught.await)) };
        let (runnable, task) = async_task::spawn(ended, schedule);
        runnable.schedule();
        Self(Kind::Own(Some(task.fallible())))
    }
}

// User code must not panic where `async-task` runs it, for that aborts the process: hence this, `Caught` and
// `calm`.

/// How a task has ended. If nobody wants to know, that is dropped in peace.
struct Ended<T>(Option<thread::Result<T>>);

impl<T> Drop for Ended<T> {
    fn drop(&mut self) {
        if let Some(result) = self.0.take() {
            discard(result);
        }
    }
}

impl<T> Task<T> {
    /// Whether the task has ended.
    ///
    /// # Examples
    /// ```
    /// let gate = aiochan::Chan::new();
    /// let other_side = gate.clone();
    /// let task = aiochan::go(async move { other_side.get().await });
    /// assert!(!task.is_finished());
    /// gate.put_blocking(1).unwrap();
    /// assert_eq!(aiochan::run(task), Some(1));
    /// ```
    pub fn is_finished(&self) -> bool {
        match &self.0 {
            #[cfg(feature = "tokio")]
            Kind::Tokio(task) => task.is_finished(),
            Kind::Own(task) => task.as_ref().is_none_or(async_task::FallibleTask::is_finished),
        }
    }

    /// Cancels the task: if it has not ended its future is dropped, when it is not being polled.
    ///
    /// # Examples
    /// ```
    /// let (tx, rx) = aiochan::Chan::<u32>::new().split();
    /// let task = aiochan::go(async move {
    ///     std::future::pending::<()>().await;
    ///     drop(tx);
    /// });
    /// task.cancel();
    /// assert_eq!(rx.get_blocking(), None); // `tx` is dropped with the task
    /// ```
    pub fn cancel(mut self) {
        match &mut self.0 {
            #[cfg(feature = "tokio")]
            Kind::Tokio(task) => task.abort(),
            Kind::Own(task) => drop(task.take()),
        }
    }
}

impl<T> Future for Task<T> {
    type Output = T;

    /// # Panics
    /// With the task's own panic, or when its runtime was shut down, or its [`Runnable`] dropped, before the task
    /// had ended.
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<T> {
        self.poll_end(cx)
            .map(|end| end.expect("the runtime was shut down before the task had ended"))
    }
}

impl<T> Task<T> {
    /// As `poll`; `None` if the runtime was shut down before the task had ended.
    pub(crate) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<Option<T>> {
        match &mut self.0 {
            #[cfg(feature = "tokio")]
            Kind::Tokio(task) => Pin::new(task).poll(cx).map(|result| match result {
                Ok(output) => Some(output),
                Err(error) => error.try_into_panic().map_or(None, |panic| resume_unwind(panic)),
            }),
            Kind::Own(task) => {
                let task = task.as_mut().expect("it is not dropped");
                let ended = if task.is_finished() {
                    ready!(Pin::new(task).poll(cx))
                } else {
                    ready!(Pin::new(task).poll(&mut Context::from_waker(&calm(cx.waker()))))
                };
                match ended.and_then(|mut ended| ended.0.take()) {
                    Some(Ok(output)) => Poll::Ready(Some(output)),
                    Some(Err(panic)) => resume_unwind(panic),
                    None => Poll::Ready(None),
                }
            }
        }
    }
}

impl<T> Drop for Kind<T> {
    fn drop(&mut self) {
        match self {
            #[cfg(feature = "tokio")]
            Self::Tokio(_) => {}
            Self::Own(task) => {
                if let Some(task) = task.take() {
                    task.detach();
                }
            }
        }
    }
}

/// The channel of tasks that are ready to run.
fn ready_tasks() -> &'static Chan<async_task::Runnable> {
    static READY: OnceLock<Chan<async_task::Runnable>> = OnceLock::new();
    READY.get_or_init(|| {
        let ready: Chan<async_task::Runnable> = Chan::unbounded();
        let wanted = own_threads();
        let started = (0..wanted).map_while(|n| {
            let ready = ready.clone();
            thread::Builder::new()
                .name(format!("aiochan-{n}"))
                .spawn(move || {
                    for task in &ready {
                        in_task(|| _ = task.run());
                    }
                })
                .map_err(|error| assert!(n > 0, "cannot start a thread to run tasks on: {error}"))
                .ok()
        });
        assert!(started.count() > 0);
        ready
    })
}

fn own_threads() -> usize {
    thread::available_parallelism().map_or(2, |n| n.get().max(2))
}

/// How many threads run the tasks that are spawned here.
pub(crate) fn workers() -> usize {
    if entered().is_some() {
        return 1;
    }
    #[cfg(feature = "tokio")]
    if let Ok(tokio) = tokio::runtime::Handle::try_current() {
        return tokio.metrics().num_workers();
    }
    own_threads()
}

/// What a thread must be inside of to run what belongs here: an executor, a tokio runtime, or nothing.
#[derive(Clone)]
pub(crate) struct Surroundings {
    executor: Option<Arc<dyn Executor>>,
    #[cfg(feature = "tokio")]
    tokio: Option<tokio::runtime::Handle>,
}

impl Surroundings {
    /// Those of the caller.
    pub(crate) fn here() -> Self {
        Self {
            executor: entered(),
            #[cfg(feature = "tokio")]
            tokio: tokio::runtime::Handle::try_current().ok(),
        }
    }

    /// Without those that stand still while the caller blocks.
    fn that_go_on(self) -> Self {
        #[cfg(feature = "tokio")]
        {
            use tokio::runtime::{Handle, RuntimeFlavor};
            let goes_on = |tokio: &Handle| tokio.runtime_flavor() != RuntimeFlavor::CurrentThread;
            Self { tokio: self.tokio.filter(goes_on), ..self }
        }
        #[cfg(not(feature = "tokio"))]
        self
    }

    /// Runs `f` inside of them, on a thread of its own.
    pub(crate) fn thread<R: Send + 'static>(
        self,
        name: &str,
        f: impl FnOnce() -> R + Send + 'static,
    ) -> JoinHandle<R> {
        let thread = thread::Builder::new().name(name.to_owned());
        thread.spawn(move || self.enter(f)).expect("failed to spawn thread")
    }

    pub(crate) fn enter<R>(&self, f: impl FnOnce() -> R) -> R {
        #[cfg(feature = "tokio")]
        let _inside = self.tokio.as_ref().map(tokio::runtime::Handle::enter);
        match &self.executor {
            Some(executor) => with_executor(executor, f),
            None => f(),
        }
    }
}
