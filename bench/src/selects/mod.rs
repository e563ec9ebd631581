//! Selects over four channels.
//!
//! kanal has none, and in a `tokio::select!` it is no contender: a receive of it that is dropped after it was
//! woken loses its message.

mod ready;
mod threads;
mod waiting;

use crate::cells::Select;
use crate::contender::Contender;
use crate::halves::{TaskRx, TaskTx};
use crate::pairs::Make;

/// Of each channel.
const CAPACITY: usize = 64;
const NOT_CANCEL_SAFE: &str = "kanal";
const OURS: &str = crate::contender::OURS;

pub fn contenders(select: Select) -> Vec<Contender> {
    match select {
        Select::ReadyGets => ready::gets(),
        Select::ReadyPuts => ready::puts(),
        Select::Both => ready::both(),
        Select::WaitingGets(workers) => waiting::gets(workers),
        Select::ThreadsWaitingGets => threads::waiting_gets(),
        Select::ThreadsGets => threads::gets(),
        Select::ThreadsPuts => threads::puts(),
    }
}

/// Four channels of ours.
fn chans() -> [aiochan::Chan<u64>; 4] {
    std::array::from_fn(|_| aiochan::Chan::fixed(CAPACITY))
}

/// Four channels of a peer, by halves.
fn four<S, R>(make: impl Fn() -> (S, R)) -> ([S; 4], [R; 4]) {
    let ((a, e), (b, f), (c, g), (d, h)) = (make(), make(), make(), make());
    ([a, b, c, d], [e, f, g, h])
}

fn four_of<S: TaskTx, R: TaskRx>(make: Make<S, R>) -> ([S; 4], [R; 4]) {
    four(|| make(Some(CAPACITY)).unwrap())
}
