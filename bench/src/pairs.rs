//! Which channels there are for which two sides; ours comes first in each list.

use crate::halves::{TaskRx, TaskTx, ThreadRx, ThreadTx};
use crate::message::Message;

/// Makes a channel of that capacity, of which `None` is unbounded. Nothing if there is no such channel.
pub type Make<S, R> = fn(Option<usize>) -> Option<(S, R)>;

/// Goes through a list. The kind of a channel begins with the name of its crate.
pub trait Visit {
    fn tasks<S: TaskTx, R: TaskRx>(&mut self, _kind: &'static str, _make: Make<S, R>) {}
    fn threads<S: ThreadTx, R: ThreadRx>(&mut self, _kind: &'static str, _make: Make<S, R>) {}
    fn thread_to_task<S: ThreadTx, R: TaskRx>(&mut self, _kind: &'static str, _make: Make<S, R>) {}
    fn task_to_thread<S: TaskTx, R: ThreadRx>(&mut self, _kind: &'static str, _make: Make<S, R>) {}
}

fn bounded<C>(capacity: Option<usize>, make: impl FnOnce(usize) -> C) -> Option<C> {
    capacity.filter(|capacity| *capacity > 0).map(make)
}

fn rendezvous<C>(capacity: Option<usize>, make: impl FnOnce() -> C) -> Option<C> {
    (capacity == Some(0)).then(make)
}

fn unbounded<C>(capacity: Option<usize>, make: impl FnOnce() -> C) -> Option<C> {
    capacity.is_none().then(make)
}

fn any<C>(
    capacity: Option<usize>,
    bounded: impl FnOnce(usize) -> C,
    unbounded: impl FnOnce() -> C,
) -> Option<C> {
    Some(capacity.map_or_else(unbounded, bounded))
}

fn not_rendezvous<C>(
    capacity: Option<usize>,
    make: impl FnOnce(usize) -> C,
    make_unbounded: impl FnOnce() -> C,
) -> Option<C> {
    if capacity.is_none() { Some(make_unbounded()) } else { bounded(capacity, make) }
}

fn ours<T: Message>(capacity: Option<usize>) -> Option<(aiochan::Sender<T>, aiochan::Receiver<T>)> {
    any(capacity, aiochan::Chan::fixed, aiochan::Chan::unbounded).map(aiochan::Chan::split)
}

/// The sender of a pair is turned for use by the other side.
macro_rules! turned {
    ($make:expr, $turn:ident) => {{
        let (tx, rx) = $make;
        (tx.$turn(), rx)
    }};
}

pub fn tasks<T: Message>(visit: &mut impl Visit) {
    visit.tasks("aiochan", ours::<T>);
    visit.tasks("kanal", |n| any(n, kanal::bounded_async::<T>, kanal::unbounded_async));
    visit.tasks("crossfire::mpmc", |n| bounded(n, crossfire::mpmc::bounded_async::<T>));
    visit.tasks("crossfire::mpmc", |n| unbounded(n, crossfire::mpmc::unbounded_async::<T>));
    visit.tasks("crossfire::mpsc", |n| bounded(n, crossfire::mpsc::bounded_async::<T>));
    visit.tasks("crossfire::mpsc", |n| unbounded(n, crossfire::mpsc::unbounded_async::<T>));
    visit.tasks("crossfire::spsc", |n| bounded(n, crossfire::spsc::bounded_async::<T>));
    visit.tasks("crossfire::spsc", |n| unbounded(n, crossfire::spsc::unbounded_async::<T>));
    visit.tasks("flume", |n| any(n, flume::bounded::<T>, flume::unbounded));
    visit.tasks("loole", |n| any(n, loole::bounded::<T>, loole::unbounded));
    visit.tasks("fibre::mpmc", |n| bounded(n, fibre::mpmc::bounded_async::<T>));
    visit.tasks("fibre::mpmc", |n| unbounded(n, fibre::mpmc::unbounded_async::<T>));
    visit.tasks("fibre::mpmc", |n| rendezvous(n, fibre::mpmc::rendezvous::rendezvous_async::<T>));
    visit.tasks("fibre::mpmc_exp", |n| bounded(n, fibre::mpmc_exp::bounded_async::<T>));
    visit.tasks("fibre::mpsc", |n| bounded(n, fibre::mpsc::bounded_async::<T>));
    visit.tasks("fibre::mpsc", |n| unbounded(n, fibre::mpsc::unbounded_async::<T>));
    visit.tasks("fibre::mpsc", |n| rendezvous(n, fibre::mpsc::rendezvous::rendezvous_async::<T>));
    visit.tasks("fibre::spsc", |n| bounded(n, fibre::spsc::bounded_async::<T>));
    visit.tasks("fibre::spsc", |n| rendezvous(n, fibre::spsc::rendezvous::rendezvous_async::<T>));
    visit.tasks("async-channel", |n| {
        not_rendezvous(n, async_channel::bounded::<T>, async_channel::unbounded)
    });
    visit.tasks("tokio", |n| bounded(n, tokio::sync::mpsc::channel::<T>));
    visit.tasks("tokio", |n| unbounded(n, tokio::sync::mpsc::unbounded_channel::<T>));
    visit.tasks("thingbuf", |n| bounded(n, thingbuf::mpsc::channel::<T>));
    visit.tasks("postage::mpsc", |n| bounded(n, postage::mpsc::channel::<T>));
    visit.tasks("postage::dispatch", |n| bounded(n, postage::dispatch::channel::<T>));
    visit.tasks("futures", |n| bounded(n, futures::channel::mpsc::channel::<T>));
    visit.tasks("futures", |n| unbounded(n, futures::channel::mpsc::unbounded::<T>));
}

pub fn threads<T: Message>(visit: &mut impl Visit) {
    visit.threads("aiochan", ours::<T>);
    visit.threads("kanal", |n| any(n, kanal::bounded::<T>, kanal::unbounded));
    visit.threads("crossfire::mpmc", |n| bounded(n, crossfire::mpmc::bounded_blocking::<T>));
    visit.threads("crossfire::mpmc", |n| unbounded(n, crossfire::mpmc::unbounded_blocking::<T>));
    visit.threads("crossfire::mpsc", |n| bounded(n, crossfire::mpsc::bounded_blocking::<T>));
    visit.threads("crossfire::mpsc", |n| unbounded(n, crossfire::mpsc::unbounded_blocking::<T>));
    visit.threads("crossfire::spsc", |n| bounded(n, crossfire::spsc::bounded_blocking::<T>));
    visit.threads("crossfire::spsc", |n| unbounded(n, crossfire::spsc::unbounded_blocking::<T>));
    visit.threads("crossbeam", |n| {
        any(n, crossbeam_channel::bounded::<T>, crossbeam_channel::unbounded)
    });
    visit.threads("flume", |n| any(n, flume::bounded::<T>, flume::unbounded));
    visit.threads("loole", |n| any(n, loole::bounded::<T>, loole::unbounded));
    visit.threads("fibre::mpmc", |n| bounded(n, fibre::mpmc::bounded::<T>));
    visit.threads("fibre::mpmc", |n| unbounded(n, fibre::mpmc::unbounded::<T>));
    visit.threads("fibre::mpmc", |n| rendezvous(n, fibre::mpmc::rendezvous::rendezvous::<T>));
    visit.threads("fibre::mpmc_exp", |n| bounded(n, fibre::mpmc_exp::bounded::<T>));
    visit.threads("fibre::mpsc", |n| bounded(n, fibre::mpsc::bounded::<T>));
    visit.threads("fibre::mpsc", |n| unbounded(n, fibre::mpsc::unbounded::<T>));
    visit.threads("fibre::mpsc", |n| rendezvous(n, fibre::mpsc::rendezvous::rendezvous::<T>));
    visit.threads("fibre::spsc", |n| bounded(n, fibre::spsc::bounded_sync::<T>));
    visit.threads("fibre::spsc", |n| rendezvous(n, fibre::spsc::rendezvous::rendezvous::<T>));
    visit.threads("async-channel", |n| {
        not_rendezvous(n, async_channel::bounded::<T>, async_channel::unbounded)
    });
    visit.threads("tokio", |n| bounded(n, tokio::sync::mpsc::channel::<T>));
    visit.threads("tokio", |n| unbounded(n, tokio::sync::mpsc::unbounded_channel::<T>));
    visit.threads("thingbuf", |n| bounded(n, thingbuf::mpsc::blocking::channel::<T>));
    visit.threads("postage::mpsc", |n| bounded(n, postage::mpsc::channel::<T>));
    visit.threads("postage::dispatch", |n| bounded(n, postage::dispatch::channel::<T>));
    visit.threads("std", |n| n.map(std::sync::mpsc::sync_channel::<T>));
    visit.threads("std", |n| unbounded(n, std::sync::mpsc::channel::<T>));
}

pub fn thread_to_task<T: Message>(visit: &mut impl Visit) {
    visit.thread_to_task("aiochan", ours::<T>);
    visit.thread_to_task("kanal", |n| {
        Some(turned!(any(n, kanal::bounded_async::<T>, kanal::unbounded_async)?, to_sync))
    });
    visit.thread_to_task("crossfire::mpmc", |n| {
        bounded(n, crossfire::mpmc::bounded_blocking_async::<T>)
    });
    visit
        .thread_to_task("crossfire::mpmc", |n| unbounded(n, crossfire::mpmc::unbounded_async::<T>));
    visit.thread_to_task("crossfire::mpsc", |n| {
        bounded(n, crossfire::mpsc::bounded_blocking_async::<T>)
    });
    visit
        .thread_to_task("crossfire::mpsc", |n| unbounded(n, crossfire::mpsc::unbounded_async::<T>));
    visit.thread_to_task("crossfire::spsc", |n| {
        bounded(n, crossfire::spsc::bounded_blocking_async::<T>)
    });
    visit
        .thread_to_task("crossfire::spsc", |n| unbounded(n, crossfire::spsc::unbounded_async::<T>));
    visit.thread_to_task("flume", |n| any(n, flume::bounded::<T>, flume::unbounded));
    visit.thread_to_task("loole", |n| any(n, loole::bounded::<T>, loole::unbounded));
    visit.thread_to_task("fibre::mpmc", |n| {
        bounded(n, |n| turned!(fibre::mpmc::bounded_async::<T>(n), to_sync))
    });
    visit.thread_to_task("fibre::mpmc", |n| {
        unbounded(n, || turned!(fibre::mpmc::unbounded_async::<T>(), to_sync))
    });
    visit.thread_to_task("fibre::mpmc", |n| {
        rendezvous(n, || turned!(fibre::mpmc::rendezvous::rendezvous_async::<T>(), to_sync))
    });
    visit.thread_to_task("fibre::mpmc_exp", |n| {
        bounded(n, |n| turned!(fibre::mpmc_exp::bounded_async::<T>(n), to_sync))
    });
    visit.thread_to_task("fibre::mpsc", |n| {
        bounded(n, |n| turned!(fibre::mpsc::bounded_async::<T>(n), to_sync))
    });
    visit.thread_to_task("fibre::mpsc", |n| {
        unbounded(n, || turned!(fibre::mpsc::unbounded_async::<T>(), to_sync))
    });
    visit.thread_to_task("fibre::mpsc", |n| {
        rendezvous(n, || turned!(fibre::mpsc::rendezvous::rendezvous_async::<T>(), to_sync))
    });
    visit.thread_to_task("fibre::spsc", |n| {
        bounded(n, |n| turned!(fibre::spsc::bounded_async::<T>(n), to_sync))
    });
    visit.thread_to_task("fibre::spsc", |n| {
        rendezvous(n, || turned!(fibre::spsc::rendezvous::rendezvous_async::<T>(), to_sync))
    });
    visit.thread_to_task("async-channel", |n| {
        not_rendezvous(n, async_channel::bounded::<T>, async_channel::unbounded)
    });
    visit.thread_to_task("tokio", |n| bounded(n, tokio::sync::mpsc::channel::<T>));
    visit.thread_to_task("tokio", |n| unbounded(n, tokio::sync::mpsc::unbounded_channel::<T>));
    visit.thread_to_task("postage::mpsc", |n| bounded(n, postage::mpsc::channel::<T>));
    visit.thread_to_task("postage::dispatch", |n| bounded(n, postage::dispatch::channel::<T>));
    // From a thread only into an unbounded one: that send never waits.
    visit.thread_to_task("futures", |n| unbounded(n, futures::channel::mpsc::unbounded::<T>));
}

pub fn task_to_thread<T: Message>(visit: &mut impl Visit) {
    visit.task_to_thread("aiochan", ours::<T>);
    visit.task_to_thread("kanal", |n| {
        Some(turned!(any(n, kanal::bounded::<T>, kanal::unbounded)?, to_async))
    });
    visit.task_to_thread("crossfire::mpmc", |n| {
        bounded(n, crossfire::mpmc::bounded_async_blocking::<T>)
    });
    visit.task_to_thread("crossfire::mpmc", |n| {
        unbounded(n, crossfire::mpmc::unbounded_blocking::<T>)
    });
    visit.task_to_thread("crossfire::mpsc", |n| {
        bounded(n, crossfire::mpsc::bounded_async_blocking::<T>)
    });
    visit.task_to_thread("crossfire::mpsc", |n| {
        unbounded(n, crossfire::mpsc::unbounded_blocking::<T>)
    });
    visit.task_to_thread("crossfire::spsc", |n| {
        bounded(n, crossfire::spsc::bounded_async_blocking::<T>)
    });
    visit.task_to_thread("crossfire::spsc", |n| {
        unbounded(n, crossfire::spsc::unbounded_blocking::<T>)
    });
    visit.task_to_thread("flume", |n| any(n, flume::bounded::<T>, flume::unbounded));
    visit.task_to_thread("loole", |n| any(n, loole::bounded::<T>, loole::unbounded));
    visit.task_to_thread("fibre::mpmc", |n| {
        bounded(n, |n| turned!(fibre::mpmc::bounded::<T>(n), to_async))
    });
    visit.task_to_thread("fibre::mpmc", |n| {
        unbounded(n, || turned!(fibre::mpmc::unbounded::<T>(), to_async))
    });
    visit.task_to_thread("fibre::mpmc", |n| {
        rendezvous(n, || turned!(fibre::mpmc::rendezvous::rendezvous::<T>(), to_async))
    });
    visit.task_to_thread("fibre::mpmc_exp", |n| {
        bounded(n, |n| turned!(fibre::mpmc_exp::bounded::<T>(n), to_async))
    });
    visit.task_to_thread("fibre::mpsc", |n| {
        bounded(n, |n| turned!(fibre::mpsc::bounded::<T>(n), to_async))
    });
    visit.task_to_thread("fibre::mpsc", |n| {
        unbounded(n, || turned!(fibre::mpsc::unbounded::<T>(), to_async))
    });
    visit.task_to_thread("fibre::mpsc", |n| {
        rendezvous(n, || turned!(fibre::mpsc::rendezvous::rendezvous::<T>(), to_async))
    });
    visit.task_to_thread("fibre::spsc", |n| {
        bounded(n, |n| turned!(fibre::spsc::bounded_sync::<T>(n), to_async))
    });
    visit.task_to_thread("fibre::spsc", |n| {
        rendezvous(n, || turned!(fibre::spsc::rendezvous::rendezvous::<T>(), to_async))
    });
    visit.task_to_thread("async-channel", |n| {
        not_rendezvous(n, async_channel::bounded::<T>, async_channel::unbounded)
    });
    visit.task_to_thread("tokio", |n| bounded(n, tokio::sync::mpsc::channel::<T>));
    visit.task_to_thread("tokio", |n| unbounded(n, tokio::sync::mpsc::unbounded_channel::<T>));
    visit.task_to_thread("postage::mpsc", |n| bounded(n, postage::mpsc::channel::<T>));
    visit.task_to_thread("postage::dispatch", |n| bounded(n, postage::dispatch::channel::<T>));
    // From a task only into unbounded ones: that send never waits.
    visit.task_to_thread("crossbeam", |n| unbounded(n, crossbeam_channel::unbounded::<T>));
    visit.task_to_thread("std", |n| unbounded(n, std::sync::mpsc::channel::<T>));
}
