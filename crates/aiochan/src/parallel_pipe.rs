//! `parallel_pipe`: a plain function of each value, on several threads.
//!
//! The threads take turns at the input: one takes values from it while the others work on theirs. Whoever
//! has the result that is next puts it, and what is ready after it.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::{Duration, Instant};

use futures_core::Stream;

use crate::chan::Chan;
use crate::error::{Panicked, PutError};
use crate::flow::Flow;
use crate::jobs::{Plain, ThreadJob};
use crate::output::{Origins, Output, endings};
use crate::pipe::{Pipe, Threads};
use crate::policy::{Policy, Verdict};
use crate::results::Results;
use crate::spawn::{Surroundings, run};
use crate::state::Reason;

/// How long a thread is to be busy with what it takes at a time, so that taking turns costs little.
const SHIFT: Duration = Duration::from_micros(20);
/// How many values a thread takes at a time, at most.
const MAX_STRIDE: usize = 32;

impl<S: Stream> Flow<S> {
    /// `f` of each value, in the order of the values; `f` is a plain function, which may compute or
    /// block, and is called on `n` threads of the pipe's own.
    ///
    /// It ends in a channel: see [`Pipe`]. For futures there is [`async_pipe`](Self::async_pipe).
    ///
    /// # Panics
    /// If `n` is 0. When the pipe is ended: if no thread can be started; with some it goes on.
    ///
    /// # Examples
    /// ```
    /// let lengths = aiochan::from_iter(["one", "three", "five"]).parallel_pipe(2, str::len).chan();
    /// assert_eq!(lengths.iter().collect::<Vec<_>>(), [3, 5, 4]);
    /// ```
    pub fn parallel_pipe<R, F>(self, n: usize, f: F) -> Pipe<S, Threads<Plain<F>>>
    where
        F: Fn(S::Item) -> R,
    {
        assert!(n > 0, "a pipe without threads would never go on; give parallel_pipe at least 1");
        Pipe::new(self, n, Threads(Plain(f)))
    }

    /// As [`parallel_pipe`](Self::parallel_pipe), with the results in the order in which they are ready.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_range(0..4).parallel_pipe_unordered(2, |n| n * n).chan();
    /// assert_eq!(c.iter().sum::<i32>(), 14);
    /// ```
    pub fn parallel_pipe_unordered<R, F>(self, n: usize, f: F) -> Pipe<S, Threads<Plain<F>>>
    where
        F: Fn(S::Item) -> R,
    {
        self.parallel_pipe(n, f).unordered()
    }
}

impl<S, J> Pipe<S, Threads<J>>
where
    S: Stream + Send + 'static,
    S::Item: Send,
    J: ThreadJob<S::Item>,
{
    endings!(J::Output);

    fn start(self, out: Output<J::Output>) {
        let Self { input, origins, kind: Threads(job), n, ahead, ordered, policy, .. } = self;
        let crew = Arc::new(Crew {
            input: Mutex::new(Some(Box::pin(input))),
            desk: Mutex::new(Desk {
                results: Results::new(ordered),
                taken: 0,
                intake: true,
                flushing: false,
                stopped: false,
            }),
            room_made: Condvar::new(),
            stop: Chan::new(),
            at_work: AtomicUsize::new(n),
            n,
            ahead,
            job,
            policy,
            out,
            origins,
        });
        let surroundings = Surroundings::here();
        for number in 0..n {
            let (member, surroundings) = (crew.clone(), surroundings.clone());
            let thread = thread::Builder::new()
                .name(format!("aiochan-pipe-{number}"))
                .spawn(move || surroundings.enter(|| member.work()));
            if let Err(error) = thread {
                assert!(number > 0, "cannot start a thread for parallel_pipe: {error}");
                (number..n).for_each(|_| crew.leave());
                break;
            }
        }
    }
}

/// What the threads of a pipe share.
struct Crew<S: Stream, J: ThreadJob<S::Item>> {
    /// Dropped when no more values are to be taken. Whoever holds the lock is the one who takes; it is
    /// locked before the desk.
    input: Mutex<Option<Pin<Box<S>>>>,
    desk: Mutex<Desk<Run<S::Item, J::Output>>>,
    /// There is room at the desk again, or no more use for it.
    room_made: Condvar,
    /// Closed when no more values are to be taken, for who waits for one.
    stop: Chan<()>,
    /// How many threads have not left.
    at_work: AtomicUsize,
    n: usize,
    ahead: Option<usize>,
    job: J,
    policy: Policy<S::Item>,
    out: Output<J::Output>,
    origins: Origins,
}

/// Where results wait for their turn. No user code runs while it is locked.
struct Desk<R> {
    results: Results<R>,
    /// How many values have been taken and not done with.
    taken: usize,
    /// Whether more are to be taken.
    intake: bool,
    /// Whether somebody is putting results.
    flushing: bool,
    /// Whether the output has ended.
    stopped: bool,
}

/// What came of the values that a thread took at a time.
struct Run<T, U> {
    values: usize,
    outcomes: Vec<Outcome<T, U>>,
}

/// Some results, or a failure.
type Outcome<T, U> = Result<VecDeque<U>, Failure<T>>;
/// A cause, with a copy of the value that failed, if the policy needs one.
type Failure<T> = (Option<T>, Reason);

impl<S, J> Crew<S, J>
where
    S: Stream,
    J: ThreadJob<S::Item>,
{
    /// What each thread does.
    fn work(&self) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| self.take_and_run())) {
            // The input's, or that of a result's drop.
            self.fail(Arc::new(Panicked::new(&*panic)));
        }
        self.leave();
    }

    /// The last one tells the output that the input has ended.
    fn leave(&self) {
        if self.at_work.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.out.end(self.origins.reason());
        }
    }

    fn take_and_run(&self) {
        let mut stride = 1;
        while let Some((number, values)) = self.take(stride) {
            let (begin, many) = (Instant::now(), values.len());
            let run = self.run_all(values);
            // So many that they last a shift.
            let each = (begin.elapsed() / many as u32).max(Duration::from_nanos(1));
            stride = (SHIFT.div_duration_f32(each) as usize).clamp(1, MAX_STRIDE);
            if !self.deliver(number, run) {
                return;
            }
        }
    }

    fn run_all(&self, values: Vec<S::Item>) -> Run<S::Item, J::Output> {
        let mut run = Run { values: values.len(), outcomes: Vec::with_capacity(1) };
        for value in values {
            match self.run_one(value) {
                Ok(outputs) => match run.outcomes.last_mut() {
                    Some(Ok(others)) => others.extend(outputs),
                    _ => run.outcomes.push(Ok(outputs.into_iter().collect())),
                },
                Err(failure) => run.outcomes.push(Err(failure)),
            }
        }
        run
    }

    fn run_one(&self, value: S::Item) -> Result<J::Outputs, Failure<S::Item>> {
        let mut copy = None;
        let result = catch_unwind(AssertUnwindSafe(|| {
            copy = self.policy.copy(&value);
            self.job.run(value)
        }));
        match result {
            Ok(Ok(outputs)) => Ok(outputs),
            Ok(Err(reason)) => Err((copy, reason)),
            Err(panic) => Err((copy, Arc::new(Panicked::new(&*panic)))),
        }
    }

    /// Takes up to `stride` values for a run, and its number: one when it comes, and those that are ready
    /// then. `None` if there will be no more.
    fn take(&self, stride: usize) -> Option<(u64, Vec<S::Item>)> {
        let room = match self.ahead {
            Some(ahead) => self.n.saturating_add(ahead),
            None => self.n.saturating_mul(2 * stride),
        };
        let mut input = lock(&self.input);
        let mut desk = lock(&self.desk);
        while desk.taken >= room && desk.intake {
            desk = self.room_made.wait(desk).unwrap_or_else(PoisonError::into_inner);
        }
        // Nobody else takes while the input is locked, so there will be at least as much room.
        let many = if desk.intake { stride.min(room - desk.taken) } else { 0 };
        drop(desk);
        let mut values = Vec::with_capacity(many);
        if let Some(stream) = &mut *input
            && many > 0
        {
            self.take_from(stream.as_mut(), many, &mut values);
        }
        if values.is_empty() {
            *input = None;
            return None;
        }
        let mut desk = lock(&self.desk);
        desk.taken += values.len();
        Some((desk.results.reserve(), values))
    }

    fn take_from(&self, mut stream: Pin<&mut S>, many: usize, values: &mut Vec<S::Item>) {
        let mut stop = pin!(self.stop.closed());
        let mut left = pin!(self.out.feed().chan().closed());
        values.extend(run(poll_fn(|cx| match stream.as_mut().poll_next(cx) {
            Poll::Ready(next) => Poll::Ready(next),
            Poll::Pending => match (stop.as_mut().poll(cx), left.as_mut().poll(cx)) {
                (Poll::Pending, Poll::Pending) => Poll::Pending,
                _ => Poll::Ready(None),
            },
        })));
        // Whoever takes next will wait, if there is something to wait for.
        let mut cx = Context::from_waker(Waker::noop());
        while !values.is_empty() && values.len() < many {
            match stream.as_mut().poll_next(&mut cx) {
                Poll::Ready(Some(value)) => values.push(value),
                _ => return,
            }
        }
    }

    /// Leaves a run at the desk, and puts what is ready unless somebody else does. `false` if there is
    /// nobody to take it.
    fn deliver(&self, number: u64, run: Run<S::Item, J::Output>) -> bool {
        if self.policy.is_stop() && run.outcomes.iter().any(Result::is_err) {
            self.end_intake();
        }
        let mut desk = lock(&self.desk);
        if desk.stopped {
            return false;
        }
        desk.results.set(number, run);
        if desk.flushing {
            return true;
        }
        desk.flushing = true;
        while let Some(run) = desk.results.pop() {
            drop(desk);
            if !run.outcomes.into_iter().all(|outcome| self.put(outcome)) {
                self.stop();
                return false;
            }
            desk = lock(&self.desk);
            desk.taken -= run.values;
            self.room_made.notify_all();
        }
        desk.flushing = false;
        true
    }

    /// Puts results, or deals with a failure. `false` if the output has ended.
    fn put(&self, outcome: Outcome<S::Item, J::Output>) -> bool {
        match outcome {
            Ok(mut outputs) => self.out.feed().chan().put_many_blocking(&mut outputs).is_ok(),
            Err((copy, reason)) => match self.settle(copy, reason) {
                Ok(()) => true,
                Err(reason) => {
                    self.out.fail(reason);
                    false
                }
            },
        }
    }

    /// Does with a failure what the policy says; an error stops the pipe.
    fn settle(&self, copy: Option<S::Item>, reason: Reason) -> Result<(), Reason> {
        let (letters, letter) = match self.policy.decide(copy, reason) {
            Verdict::Skip => return Ok(()),
            Verdict::Stop(reason) => return Err(reason),
            Verdict::Send(letters, letter) => (letters, letter),
        };
        let reason = letter.1.clone();
        let mut put = pin!(letters.put(letter));
        let mut left = pin!(self.out.feed().chan().closed());
        run(poll_fn(|cx| match put.as_mut().poll(cx) {
            Poll::Ready(put) => Poll::Ready(put.map_err(|PutError((_, reason))| reason)),
            Poll::Pending => left.as_mut().poll(cx).map(|()| Err(reason.clone())),
        }))
    }

    /// The pipe cannot go on.
    fn fail(&self, reason: Reason) {
        self.out.fail(reason);
        self.stop();
    }

    /// The output has ended: nobody is to do anything any more.
    fn stop(&self) {
        self.end_intake();
        let mut desk = lock(&self.desk);
        desk.stopped = true;
        let results = desk.results.take();
        drop(desk);
        drop(results);
    }

    /// No more values are to be taken.
    fn end_intake(&self) {
        lock(&self.desk).intake = false;
        self.room_made.notify_all();
        self.stop.close();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic of user code while it is locked leaves it as good as before: no step of ours is half-way
    // then.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
