//! Where the futures of an `async_pipe` run: in its own task, or when they compute, in tasks of their
//! own.

use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use crate::spawn::{Task, go, workers};

pin_project! {
    /// A future that runs here, or as a task of its own.
    #[project = Place]
    pub(crate) enum Run<F>
    where
        F: Future,
    {
        Here {
            #[pin]
            future: F,
        },
        Task {
            task: CancelOnDrop<F::Output>,
        },
    }
}

/// What a [`Run`] panics with when its task was dropped together with its runtime. That is no failure of the
/// future, and none of those to come could run either.
pub(crate) struct Cancelled;

impl<F: Future> Future for Run<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        match self.project() {
            Place::Here { future } => future.poll(cx),
            Place::Task { task } => {
                let end = ready!(task.0.as_mut().expect("it is not dropped").poll_end(cx));
                Poll::Ready(end.unwrap_or_else(|| resume_unwind(Box::new(Cancelled))))
            }
        }
    }
}

/// A task that does not outlive its handle.
pub(crate) struct CancelOnDrop<T>(Option<Task<T>>);

impl<T> Drop for CancelOnDrop<T> {
    fn drop(&mut self) {
        if let Some(task) = self.0.take() {
            task.cancel();
        }
    }
}

/// From this much time a future's polls are heavy: a multiple of what a task of its own costs.
const HEAVY: Duration = Duration::from_micros(10);
/// So many futures in a row below a quarter of [`HEAVY`] are light again.
const LIGHT_AGAIN: u32 = 32;

/// Whether futures keep the task that polls them so busy that they had better be tasks of their own.
///
/// A future that only waits is cheapest where it is; one that computes would hold up the others while
/// workers of the runtime are idle.
pub(crate) struct Load {
    /// Whether there is more than one worker.
    several: bool,
    /// How often futures have been polled here.
    shift: u32,
    /// How many light futures must yet end for the next ones to be polled here; 0 if they are.
    heavy: Arc<AtomicU32>,
}

impl Load {
    pub(crate) fn new() -> Self {
        Self { several: workers() > 1, shift: 0, heavy: Arc::default() }
    }

    fn is_heavy(&self) -> bool {
        self.several && self.heavy.load(Ordering::Relaxed) > 0
    }

    /// To be called before futures are polled here. Reading the clock is dear: one time in four will
    /// do.
    pub(crate) fn begin(&mut self) -> Option<Instant> {
        self.shift = self.shift.wrapping_add(1);
        (self.several && self.shift % 4 == 1).then(Instant::now)
    }

    /// To be called after as many `polls`.
    pub(crate) fn end(&self, begin: Option<Instant>, polls: u32) {
        if let Some(begin) = begin
            && polls > 0
            && begin.elapsed() > HEAVY * polls
        {
            self.heavy.store(LIGHT_AGAIN, Ordering::Relaxed);
        }
    }

    /// Where a future is to run.
    pub(crate) fn place<F>(&self, future: F) -> Run<F>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        if !self.is_heavy() {
            return Run::Here { future };
        }
        let heavy = self.heavy.clone();
        let task = go(async move {
            let mut future = pin!(future);
            let mut spent = Duration::ZERO;
            let output = poll_fn(|cx| {
                let start = Instant::now();
                let poll = future.as_mut().poll(cx);
                spent += start.elapsed();
                poll
            });
            let output = output.await;
            let _ = heavy.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| match spent {
                spent if spent < HEAVY / 4 => left.checked_sub(1),
                _ => Some(LIGHT_AGAIN),
            });
            output
        });
        Run::Task { task: CancelOnDrop(Some(task)) }
    }
}
