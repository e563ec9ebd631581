//! `Crew`: the threads of `parallel_pipe`, which take turns at reading, calling and delivering.
//!
//! There is no dispatcher, so that no item has to be handed from thread to thread. Whenever a thread has
//! done something it reports, and chooses what to do next. All code that is not ours runs in between,
//! outside of the lock, and its panics are caught there.
//!
//! Somebody always watches the output: an idle thread waits for one that reads, delivers or calls, and the
//! first two race what they wait for with the closing of the output.
//!
//! No thread can know that the next call will take long. So when calls are fast, and results are held to be
//! delivered together, one more thread watches: it delivers what nobody else has been free to for a while.

use std::convert::identity;
use std::future::{Future, poll_fn};
use std::mem;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::thread;
use std::time::{Duration, Instant};

use futures_core::Stream;

use crate::chan::Chan;
use crate::error::PutError;
use crate::hands::Hands;
use crate::intake::{Intake, Pace};
use crate::jobs::{ThreadJob, Yield};
use crate::output::{Origins, Output};
use crate::panics;
use crate::plan::{Delivery, End, Outcome, Plan, Step};
use crate::policy::{Policy, Verdict};
use crate::spawn::{Surroundings, run};
use crate::state::Reason;

/// After so long without a delivery, what is held is delivered.
const PATIENCE: Duration = Duration::from_millis(1);

/// What a crew is to do.
pub(crate) struct Duty<T, J: ThreadJob<T>> {
    pub(crate) job: J,
    pub(crate) policy: Policy<T>,
    pub(crate) ordered: bool,
    pub(crate) origins: Origins,
    pub(crate) out: Output<J::Output>,
}

struct Crew<S: Stream, J: ThreadJob<S::Item>> {
    duty: Duty<S::Item, J>,
    plan: Mutex<Plan<S, J::Output>>,
    hands: Hands<S::Item, Outcome<J::Output>>,
    /// For idle threads.
    work: Condvar,
    /// For the one that watches: there is something held, or all is over.
    held: Condvar,
    /// Closed when the input is not to be read on, for the thread that waits for it.
    halt: Chan<()>,
    /// Only items with numbers below are to be begun with.
    limit: AtomicU64,
}

/// Starts `n` threads, or as many as there can be.
///
/// # Panics
/// If no thread can be started.
pub(crate) fn start<S, J>(n: usize, input: S, pace: Pace, duty: Duty<S::Item, J>)
where
    S: Stream + Send + 'static,
    S::Item: Send,
    J: ThreadJob<S::Item>,
{
    let crew = Arc::new(Crew {
        plan: Mutex::new(Plan::new(input, pace, duty.ordered)),
        duty,
        hands: Hands::new(n),
        work: Condvar::new(),
        held: Condvar::new(),
        halt: Chan::new(),
        limit: AtomicU64::new(u64::MAX),
    });
    let here = Surroundings::here();
    for me in 0..n {
        let thread = thread::Builder::new().name(format!("aiochan-pipe-{me}"));
        let (member, here) = (crew.clone(), here.clone());
        match thread.spawn(move || here.enter(|| member.work(me))) {
            Ok(_) => {}
            Err(_) if me > 0 => return,
            Err(error) => {
                let message = format!("cannot start a thread for parallel_pipe: {error}");
                crew.duty.out.fail(Arc::new(error));
                panic!("{message}");
            }
        }
    }
}

impl<S, J> Crew<S, J>
where
    S: Stream + Send + 'static,
    S::Item: Send,
    J: ThreadJob<S::Item>,
{
    /// What each of the threads does.
    fn work(self: &Arc<Self>, me: usize) {
        let steps = || {
            while let Some(step) = self.next(me) {
                match step {
                    Step::Read { intake, limit, wait } => self.read(intake, limit, wait),
                    Step::Call => self.call(me),
                    Step::Deliver(delivery) => self.deliver(delivery),
                    Step::End(End::Input) => self.end(self.duty.origins.reason()),
                    Step::End(End::Panicked(reason)) => self.end(Some(reason)),
                }
            }
        };
        // Steps catch what may panic; this is for the rest, so that nobody waits for a thread that has gone.
        if let Err(panic) = caught(steps) {
            self.end(Some(panic));
        }
    }

    /// Nothing panics under this lock.
    fn plan(&self) -> MutexGuard<'_, Plan<S, J::Output>> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes on the next step, waiting until there is one, and wakes one more thread if there are more.
    /// `None` at the end.
    fn next(&self, me: usize) -> Option<Step<S, J::Output>> {
        let mut plan = self.plan();
        while !plan.over {
            if let Some(step) = plan.take_on(&self.hands, me) {
                let (help, watch) = (plan.calls_for_help(), plan.calls_for_watch());
                drop(plan);
                if help {
                    self.work.notify_one();
                }
                if watch {
                    self.held.notify_one();
                }
                return Some(step);
            }
            plan.idle += 1;
            plan = self.work.wait(plan).unwrap_or_else(PoisonError::into_inner);
            plan.idle -= 1;
            plan.woken = plan.woken.saturating_sub(1);
        }
        None
    }

    /// What one more thread does while calls are fast.
    fn watch(&self) {
        let mut plan = self.plan();
        while !plan.over {
            if plan.rests() {
                plan = self.held.wait(plan).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            let waited = self.held.wait_timeout(plan, PATIENCE);
            (plan, _) = waited.unwrap_or_else(PoisonError::into_inner);
            if let Some(delivery) = plan.overdue(&self.hands) {
                drop(plan);
                self.deliver(delivery);
                plan = self.plan();
                // There may be room to read, or this was the end.
                if plan.wakes() {
                    self.work.notify_one();
                }
            }
        }
    }

    fn start_watch(self: &Arc<Self>) {
        let (watcher, here) = (self.clone(), Surroundings::here());
        let thread = thread::Builder::new().name("aiochan-pipe-watch".into());
        // Without it results may wait longer.
        let _ = thread.spawn(move || here.enter(|| watcher.watch()));
    }

    fn read(&self, mut intake: Intake<S>, limit: usize, wait: bool) {
        // When the input always has items and none has a result, nobody else would look.
        if self.duty.out.feed().chan().is_closed() {
            discard([intake]);
            return self.end(None);
        }
        let mut items = Vec::with_capacity(limit);
        let read = caught(|| {
            if !wait {
                return Some(intake.read_ready(&mut items, limit));
            }
            let mut halted = pin!(self.halt.closed());
            self.unless_closed(poll_fn(|cx| match intake.poll_read(cx, &mut items, limit) {
                Poll::Pending => halted.as_mut().poll(cx).map(|()| true),
                read => read,
            }))
        });
        let (intake, end) = match read {
            Ok(Some(true)) => (Some(intake), None),
            Ok(Some(false)) => {
                let dropped = caught(|| drop(intake));
                (None, Some(dropped.map_or_else(End::Panicked, |()| End::Input)))
            }
            Err(panic) => {
                discard([intake]);
                (None, Some(End::Panicked(panic)))
            }
            Ok(None) => {
                discard([intake]);
                discard(items);
                return self.end(None);
            }
        };
        let mut plan = self.plan();
        if plan.halted {
            drop(plan);
            discard(intake);
            discard(items);
        } else {
            plan.add(intake, items, end);
        }
    }

    /// Calls the function with what is in the thread's hand.
    fn call(self: &Arc<Self>, me: usize) {
        let start = Instant::now();
        let (mut calls, mut done) = (0, None);
        while let Some((number, item)) = self.hands.next(me, done.take()) {
            if number >= self.limit.load(Ordering::Relaxed) {
                discard([item]);
                continue;
            }
            let result = caught(|| self.attempt(item)).and_then(identity);
            let failed = result.is_err();
            calls += 1;
            done = Some((number, result));
            if failed {
                self.stop_after(number);
            }
            if Pace::is_over(start) {
                // These results should not wait for another call.
                break;
            }
        }
        let took = start.elapsed();
        self.hands.lock(me).results.extend(done);
        let mut plan = self.plan();
        if plan.over {
            drop(plan);
            let results = mem::take(&mut self.hands.lock(me).results);
            return discard_results(results.into_iter().map(|(_, result)| result));
        }
        plan.called(&self.hands, me, calls, took);
        let (behind, watch) = (plan.is_behind(), plan.needs_watch());
        drop(plan);
        if watch {
            self.start_watch();
        }
        if behind {
            // The consumer may be waiting for this very processor.
            thread::yield_now();
        }
    }

    /// Begins with no item after this one, and in the unordered form with none at all.
    fn stop_after(&self, number: u64) {
        let limit = if self.duty.ordered { number + 1 } else { 0 };
        self.limit.fetch_min(limit, Ordering::Relaxed);
        let intake = self.plan().halt();
        self.halt.close();
        discard(intake);
    }

    /// Calls the function, and does about a failure what the policy says; an error stops the pipe.
    fn attempt(&self, item: S::Item) -> Outcome<J::Output> {
        let Duty { job, policy, .. } = &self.duty;
        let (item, copy) = policy.copy(item);
        let reason = match caught(|| job.run(item)).and_then(identity) {
            Ok(results) => return Ok(results),
            Err(reason) => reason,
        };
        match policy.decide(copy, reason) {
            Verdict::Stop(reason) => return Err(reason),
            Verdict::Skip => {}
            Verdict::Send(letters, letter) => {
                if let Some(Err(PutError((_, reason)))) = self.unless_closed(letters.put(letter)) {
                    return Err(reason);
                }
            }
        }
        Ok(Yield::Many(Vec::new()))
    }

    fn deliver(&self, delivery: Delivery<J::Output>) {
        let Delivery { mut values, items, failure } = delivery;
        let put = caught(|| {
            let out = self.duty.out.feed().chan();
            let (mut put, mut closed) = (pin!(out.put_many(&mut values)), pin!(out.closed()));
            let mut open = true;
            run(poll_fn(|cx| {
                let put = put.as_mut().poll(cx).map(|put| put.is_ok());
                if put.is_pending() && open && closed.as_mut().poll(cx).is_ready() {
                    open = false;
                    // What waits in the output is still there to be got, and that is all.
                    self.end(None);
                }
                put
            }))
        });
        discard(values);
        match (put, failure) {
            (Ok(true), None) => self.plan().delivered(items),
            (Ok(true), failure) => self.end(failure),
            (Ok(false), _) => self.end(None),
            (Err(panic), _) => self.end(Some(panic)),
        }
    }

    /// Ends everything: the output is closed, and threads leave as soon as they have nothing in hand.
    fn end(&self, reason: Option<Reason>) {
        self.limit.store(0, Ordering::Relaxed);
        let mut plan = self.plan();
        plan.over = true;
        plan.recall(&self.hands);
        let (intake, queue) = (plan.halt(), mem::take(&mut plan.queue));
        let results = plan.results.take();
        drop(plan);
        self.work.notify_all();
        self.held.notify_all();
        self.halt.close();
        // A waker that panics has nothing to do with this thread.
        let _ = caught(|| self.duty.out.end(reason));
        discard(intake);
        discard(queue);
        discard_results(results);
    }

    /// Blocks on `future`, until the output is closed: `None`.
    fn unless_closed<F: Future>(&self, future: F) -> Option<F::Output> {
        let mut future = pin!(future);
        let mut closed = pin!(self.duty.out.feed().chan().closed());
        run(poll_fn(|cx| match future.as_mut().poll(cx) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => closed.as_mut().poll(cx).map(|()| None),
        }))
    }
}

/// The result of `f`, or its panic.
fn caught<R>(f: impl FnOnce() -> R) -> Result<R, Reason> {
    panics::caught(f).map_err(panics::cause)
}

/// Drops values that nobody needs, each by itself: when two of one collection panicked, that would abort
/// the process. The panics are reported by the hook, and there is nobody else left to tell.
fn discard(values: impl IntoIterator) {
    values.into_iter().for_each(panics::discard);
}

fn discard_results<U>(results: impl Iterator<Item = Outcome<U>>) {
    for result in results {
        match result {
            Ok(Yield::Many(values)) => discard(values),
            other => discard([other]),
        }
    }
}
