//! The ways of driving one put or one get. Each starts an operation, so that it is either done or
//! parked, and finishes it later.

use std::cell::Cell;
use std::collections::VecDeque;
use std::future::Future;
use std::panic::resume_unwind;
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use aiochan::{Chan, GetTimeoutError, Outcome, PutError, PutTimeoutError};
use futures_util::StreamExt;

use crate::task::Task;
use crate::watch::wait_until;

/// A way of driving operations. Where the operation has to wait it is parked when these return.
pub(crate) trait Driver {
    fn put<T: Send + 'static>(chan: &Chan<T>, value: T) -> Op<Result<(), PutError<T>>>;
    fn get<T: Send + 'static>(chan: &Chan<T>) -> Op<Option<T>>;
}

/// A driver whose operations, dropped half-way, are withdrawn.
pub(crate) trait Droppable: Driver {}

/// Longer than any case.
pub(crate) const HOUR: Duration = Duration::from_secs(3600);

/// An operation that has been started.
pub(crate) enum Op<R> {
    Task(Task<'static, R>),
    Thread(JoinHandle<R>),
    Callback(Arc<Mutex<Option<R>>>),
}

impl<R: Send + 'static> Op<R> {
    pub(crate) fn task(future: impl Future<Output = R> + 'static) -> Self {
        Self::Task(Task::start(future))
    }

    /// Runs `f` on a thread until it is finished, or as many more operations as `arms` are parked
    /// as `parked` counts.
    pub(crate) fn thread(
        arms: usize,
        parked: impl Fn() -> usize,
        f: impl FnOnce() -> R + Send + 'static,
    ) -> Self {
        let expected = parked() + arms;
        let thread = thread::spawn(f);
        wait_until("the thread is parked or through", || {
            thread.is_finished() || parked() >= expected
        });
        Self::Thread(thread)
    }

    /// The result. The operation must have been answered.
    #[track_caller]
    pub(crate) fn finish(self) -> R {
        match self {
            Self::Task(task) => task.finish(),
            Self::Thread(thread) => {
                wait_until("the blocked thread goes on", || thread.is_finished());
                thread.join().unwrap_or_else(|panic| resume_unwind(panic))
            }
            Self::Callback(result) => {
                let take = || result.lock().unwrap().take();
                let mut taken = None;
                wait_until("the callback is called", || {
                    taken = take();
                    taken.is_some()
                });
                taken.expect("it was called")
            }
        }
    }
}

/// How many puts and gets are parked in `chan`.
pub(crate) fn parked<T>(chan: &Chan<T>) -> usize {
    let stats = chan.stats();
    stats.parked_puts + stats.parked_gets
}

/// `chan` has nobody waiting and nothing inside.
#[track_caller]
pub(crate) fn assert_idle<T>(chan: &Chan<T>) {
    let stats = chan.stats();
    assert_eq!((stats.parked_puts, stats.parked_gets, stats.len), (0, 0, 0));
}

fn on_thread<T: Send + 'static, R: Send + 'static>(
    chan: &Chan<T>,
    f: impl FnOnce(&Chan<T>) -> R + Send + 'static,
) -> Op<R> {
    let own = chan.clone();
    Op::thread(1, || parked(chan), move || f(&own))
}

fn once<R>(result: &Mutex<Option<R>>, value: R) {
    assert!(result.lock().unwrap().replace(value).is_none(), "a callback was called twice");
}

pub(crate) struct Await;

impl Driver for Await {
    fn put<T: Send + 'static>(chan: &Chan<T>, value: T) -> Op<Result<(), PutError<T>>> {
        let chan = chan.clone();
        Op::task(async move { chan.put(value).await })
    }

    fn get<T: Send + 'static>(chan: &Chan<T>) -> Op<Option<T>> {
        let chan = chan.clone();
        Op::task(async move { chan.get().await })
    }
}

pub(crate) struct Blocking;

impl Driver for Blocking {
    fn put<T: Send + 'static>(chan: &Chan<T>, value: T) -> Op<Result<(), PutError<T>>> {
        on_thread(chan, |chan| chan.put_blocking(value))
    }

    fn get<T: Send + 'static>(chan: &Chan<T>) -> Op<Option<T>> {
        on_thread(chan, Chan::get_blocking)
    }
}

pub(crate) struct Timeout;

impl Driver for Timeout {
    fn put<T: Send + 'static>(chan: &Chan<T>, value: T) -> Op<Result<(), PutError<T>>> {
        on_thread(chan, |chan| match chan.put_timeout(value, HOUR) {
            Ok(()) => Ok(()),
            Err(PutTimeoutError::Closed(value)) => Err(PutError(value)),
            Err(PutTimeoutError::Timeout(_)) => panic!("an hour has gone by"),
        })
    }

    fn get<T: Send + 'static>(chan: &Chan<T>) -> Op<Option<T>> {
        on_thread(chan, |chan| match chan.get_timeout(HOUR) {
            Ok(value) => Some(value),
            Err(GetTimeoutError::Closed) => None,
            Err(GetTimeoutError::Timeout) => panic!("an hour has gone by"),
        })
    }
}

pub(crate) struct Callback;

impl Driver for Callback {
    fn put<T: Send + 'static>(chan: &Chan<T>, value: T) -> Op<Result<(), PutError<T>>> {
        let result = Arc::new(Mutex::new(None));
        let out = result.clone();
        chan.put_with(value, move |put| once(&out, put)).expect("few callbacks are queued");
        Op::Callback(result)
    }

    fn get<T: Send + 'static>(chan: &Chan<T>) -> Op<Option<T>> {
        let result = Arc::new(Mutex::new(None));
        let out = result.clone();
        chan.get_with(move |got| once(&out, got)).expect("few callbacks are queued");
        Op::Callback(result)
    }
}

/// Gets by a stream of their own; puts as [`Await`].
pub(crate) struct Stream;

impl Driver for Stream {
    fn put<T: Send + 'static>(chan: &Chan<T>, value: T) -> Op<Result<(), PutError<T>>> {
        Await::put(chan, value)
    }

    fn get<T: Send + 'static>(chan: &Chan<T>) -> Op<Option<T>> {
        let mut stream = chan.stream();
        Op::task(async move { stream.next().await })
    }
}

/// Several at a time, of which there is one.
pub(crate) struct Many;

impl Driver for Many {
    fn put<T: Send + 'static>(chan: &Chan<T>, value: T) -> Op<Result<(), PutError<T>>> {
        let chan = chan.clone();
        Op::task(async move {
            let mut values = VecDeque::from([value]);
            let result = chan.put_many(&mut values).await;
            result.map_err(|_| PutError(values.pop_front().expect("it was not put")))
        })
    }

    fn get<T: Send + 'static>(chan: &Chan<T>) -> Op<Option<T>> {
        let chan = chan.clone();
        Op::task(async move {
            let mut out = Vec::new();
            assert_eq!(chan.get_many(&mut out, 1).await, out.len());
            out.pop()
        })
    }
}

/// The arm of a `select!` whose other arm never is ready.
pub(crate) struct Select;

impl Driver for Select {
    fn put<T: Send + 'static>(chan: &Chan<T>, value: T) -> Op<Result<(), PutError<T>>> {
        let chan = chan.clone();
        Op::task(async move {
            let never = Chan::<()>::new();
            aiochan::select! {
                _ = never.get() => unreachable!(),
                result = chan.put(value) => result,
            }
        })
    }

    fn get<T: Send + 'static>(chan: &Chan<T>) -> Op<Option<T>> {
        let chan = chan.clone();
        Op::task(async move {
            let never = Chan::<()>::new();
            aiochan::select! {
                value = chan.get() => value,
                _ = never.put(()) => unreachable!(),
            }
        })
    }
}

/// As [`Select`], with the list of arms made at run time.
pub(crate) struct DynamicSelect;

impl Driver for DynamicSelect {
    fn put<T: Send + 'static>(chan: &Chan<T>, value: T) -> Op<Result<(), PutError<T>>> {
        let chan = chan.clone();
        Op::task(async move {
            let never = Chan::new();
            match aiochan::Select::new().put(&chan, value).get(&never).await.outcome {
                Outcome::Put(result) => result,
                Outcome::Got(_) => unreachable!(),
            }
        })
    }

    fn get<T: Send + 'static>(chan: &Chan<T>) -> Op<Option<T>> {
        let chan = chan.clone();
        Op::task(async move {
            let never = Chan::new();
            match aiochan::Select::new().get(&never).get(&chan).await.outcome {
                Outcome::Got(value) => value,
                Outcome::Put(_) => unreachable!(),
            }
        })
    }
}

/// As [`Select`], on a thread that blocks.
pub(crate) struct SelectBlocking;

impl Driver for SelectBlocking {
    fn put<T: Send + 'static>(chan: &Chan<T>, value: T) -> Op<Result<(), PutError<T>>> {
        on_thread(chan, |chan| {
            let never = Chan::<()>::new();
            aiochan::select_blocking! {
                result = chan.put(value) => result,
                _ = never.get() => unreachable!(),
            }
        })
    }

    fn get<T: Send + 'static>(chan: &Chan<T>) -> Op<Option<T>> {
        on_thread(chan, |chan| {
            let never = Chan::<()>::new();
            aiochan::select_blocking! {
                _ = never.get() => unreachable!(),
                value = chan.get() => value,
            }
        })
    }
}

impl Droppable for Await {}
impl Droppable for Stream {}
impl Droppable for Many {}
impl Droppable for Select {}
impl Droppable for DynamicSelect {}

/// Each operation by another driver than the one before.
pub(crate) struct Mixed;

thread_local! {
    static TURN: Cell<usize> = const { Cell::new(0) };
}

/// Calls one driver after the other.
macro_rules! in_turn {
    ($call:ident($($arg:ident),*)) => {{
        let turn = TURN.get();
        // Not a divisor of what cases count in, so that each driver comes to every role.
        TURN.set((turn + 1) % 7);
        match turn {
            0 => Await::$call($($arg),*),
            1 => Blocking::$call($($arg),*),
            2 => Select::$call($($arg),*),
            3 => Callback::$call($($arg),*),
            4 => Stream::$call($($arg),*),
            5 => SelectBlocking::$call($($arg),*),
            _ => Many::$call($($arg),*),
        }
    }};
}

impl Driver for Mixed {
    fn put<T: Send + 'static>(chan: &Chan<T>, value: T) -> Op<Result<(), PutError<T>>> {
        in_turn!(put(chan, value))
    }

    fn get<T: Send + 'static>(chan: &Chan<T>) -> Op<Option<T>> {
        in_turn!(get(chan))
    }
}
