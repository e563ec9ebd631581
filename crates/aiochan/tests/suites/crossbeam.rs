//! crossbeam-channel's tests of its channels and selects (The Crossbeam Project Developers, MIT or
//! Apache-2.0), rewritten from what they check.
//!
//! A case keeps its name, with `put` and `get` for what is `send` and `recv` there. Nothing here sleeps: that
//! a thread waits is seen in the channel's figures.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use aiochan::{Chan, ChanState, Outcome, PutError, Receiver, Select, Selected, Sender, Unselected};

use crate::watch::wait_until;

/// Makes each case a test that cannot hang for ever; those of `common` are given the capacity.
macro_rules! suite {
    (
        own: [$($own:ident),* $(,)?]
        $(common($capacity:expr): [$($common:ident),* $(,)?])*
    ) => {
        mod cases {
            #[allow(unused_imports)]
            use super::*;
            $(suite!(@test $own super::$own);)*
            $($(suite!(@test $common || crate::crossbeam::common::$common($capacity));)*)*
        }
    };
    (@test $case:ident $run:expr) => {
        #[test]
        fn $case() {
            let name = concat!(module_path!(), "::", stringify!($case));
            crate::watch::watched(name, $run);
        }
    };
}

#[path = "crossbeam/array.rs"]
mod array;
#[path = "crossbeam/common.rs"]
mod common;
#[path = "crossbeam/linearizable.rs"]
mod linearizable;
#[path = "crossbeam/list.rs"]
mod list;
#[path = "crossbeam/macro_forms.rs"]
mod macro_forms;
#[path = "crossbeam/ready.rs"]
mod ready;
#[path = "crossbeam/select.rs"]
mod select;
#[path = "crossbeam/select_macro.rs"]
mod select_macro;
// There a thread that ends cannot wait for another.
#[cfg(not(windows))]
#[path = "crossbeam/thread_locals.rs"]
mod thread_locals;
#[path = "crossbeam/zero.rs"]
mod zero;

/// As [`Chan::capacity`]: `None` is without a limit.
type Capacity = Option<usize>;

/// Longer than any case: a wait that must not end by its timeout.
const HOUR: Duration = Duration::from_secs(3600);

/// For a timeout that must elapse.
const SHORT: Duration = Duration::from_millis(2);

/// For timeouts that elapse now and then, in the middle of things.
const TINY: Duration = Duration::from_micros(50);

fn halves<T>(capacity: Capacity) -> (Sender<T>, Receiver<T>) {
    capacity.map_or_else(Chan::unbounded, Chan::fixed).split()
}

/// A channel that is never ready: nobody else has it.
fn never<T>() -> Chan<T> {
    Chan::new()
}

/// Waits until exactly `n` puts are parked.
#[track_caller]
fn puts_wait<T>(chan: &Chan<T>, n: usize) {
    wait_until("the puts are parked", || chan.stats().parked_puts == n);
}

/// Waits until exactly `n` gets are parked.
#[track_caller]
fn gets_wait<T>(chan: &Chan<T>, n: usize) {
    wait_until("the gets are parked", || chan.stats().parked_gets == n);
}

/// Nobody waits in `chan`.
#[track_caller]
fn assert_nobody_waits<T>(chan: &Chan<T>) {
    let stats = chan.stats();
    assert_eq!((stats.parked_puts, stats.parked_gets), (0, 0));
}

/// Puts on a thread, which then drops its sender; returns when the value can be got.
fn offer<T: Send + 'static>(tx: Sender<T>, value: T) -> JoinHandle<Result<(), PutError<T>>> {
    let chan = tx.chan().clone();
    let put = thread::spawn(move || tx.put_blocking(value));
    wait_until("the value is offered", || chan.len() + chan.stats().parked_puts == 1);
    put
}

/// How many values are inside, whether none, and whether there is room for none.
fn fill<T>(chan: &Chan<T>) -> (usize, bool, bool) {
    (chan.len(), chan.is_empty(), chan.capacity() == Some(chan.len()))
}

/// Chance gave each at least half of its fair share: with the numbers used here it is off by more than ten
/// times its deviation otherwise.
#[track_caller]
fn assert_fair(hits: &[usize]) {
    let fair = hits.iter().sum::<usize>() / hits.len();
    assert!(hits.iter().all(|&hit| hit >= fair / 2), "{hits:?}");
}

/// A select of one get for each of `chans`.
fn gets<'a, T: Send>(chans: impl IntoIterator<Item = &'a Chan<T>>) -> Select<'a, T> {
    chans.into_iter().fold(Select::new(), Select::get)
}

/// Runs `select` on a thread until it waits in all of `chans`, then `act`; how the select ended.
fn run_while<T: Send>(
    select: Select<'_, T>,
    chans: &[&Chan<T>],
    act: impl FnOnce(),
) -> Result<Selected<T>, Unselected<T>> {
    thread::scope(|scope| {
        let select = scope.spawn(|| select.blocking_timeout(HOUR));
        let waits = |chan: &&Chan<T>| chan.stats().state != ChanState::Fluent;
        wait_until("the select waits", || chans.iter().all(waits));
        act();
        select.join().unwrap()
    })
}

/// Runs selects on threads, each of which gets, and says what, or puts its own number; meanwhile `act`, which
/// puts `others`. What was got is what was put, and nobody got from itself.
fn assert_pairs(
    threads: usize,
    others: &[usize],
    select: impl Fn(usize) -> Option<usize> + Sync,
    act: impl FnOnce(),
) {
    let select = &select;
    let results: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|n| scope.spawn(move || select(n))).collect();
        act();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let mut put = others.to_vec();
    let mut got = Vec::new();
    for (n, result) in results.into_iter().enumerate() {
        assert_ne!(result, Some(n));
        result.map_or_else(|| put.push(n), |value| got.push(value));
    }
    put.sort_unstable();
    got.sort_unstable();
    assert_eq!(put, got);
}

/// How a select ends in which a get arm wins and no put arm loses.
fn got<T>(index: usize, value: impl Into<Option<T>>) -> Selected<T> {
    Selected { index, outcome: Outcome::Got(value.into()), unsent: Vec::new() }
}

/// How a select ends in which a put arm wins.
fn put<T>(index: usize, unsent: impl Into<Vec<(usize, T)>>) -> Selected<T> {
    Selected { index, outcome: Outcome::Put(Ok(())), unsent: unsent.into() }
}

/// How a select ends in which the put arm on a closed channel wins.
fn refused<T>(index: usize, value: T) -> Selected<T> {
    Selected { index, outcome: Outcome::Put(Err(PutError(value))), unsent: Vec::new() }
}

/// Counts how often each of its values is dropped.
struct Tally(Arc<[AtomicUsize]>);

struct Counted {
    number: usize,
    tally: Arc<[AtomicUsize]>,
}

impl Tally {
    fn of(values: usize) -> Self {
        Self((0..values).map(|_| AtomicUsize::new(0)).collect())
    }

    fn value(&self, number: usize) -> Counted {
        Counted { number, tally: self.0.clone() }
    }

    fn drops(&self) -> Vec<usize> {
        self.0.iter().map(|drops| drops.load(Ordering::SeqCst)).collect()
    }

    #[track_caller]
    fn assert_each_once(&self) {
        assert_eq!(self.drops(), vec![1; self.0.len()]);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.tally[self.number].fetch_add(1, Ordering::SeqCst);
    }
}
