//! What is measured: producers and consumers over one channel, and single-threaded hot paths.

use std::fmt;
use std::hint::black_box;
use std::sync::LazyLock;
use std::thread;
use std::time::Instant;

use tokio::runtime::{Builder, Runtime};

use crate::peers::Peer;

/// One row of the table.
#[derive(Clone, Copy)]
pub struct Cell {
    pub kind: Kind,
    pub capacity: Option<usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Tasks on tokio's multi-threaded runtime with two workers: producers, consumers.
    MultiThread(usize, usize),
    /// Tasks on tokio's single-threaded runtime.
    CurrentThread(usize, usize),
    /// Threads.
    Threads(usize, usize),
    /// `try_send` and `try_recv` in turn.
    Try,
    /// An awaited send and an awaited receive in turn, both ready.
    Ready,
    /// Making and dropping a channel.
    Create,
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            Kind::MultiThread(p, c) => write!(f, "multi_thread(2) {p}/{c}")?,
            Kind::CurrentThread(p, c) => write!(f, "current_thread {p}/{c}")?,
            Kind::Threads(p, c) => write!(f, "threads {p}/{c}")?,
            Kind::Try => write!(f, "try pair")?,
            Kind::Ready => write!(f, "ready put+get")?,
            Kind::Create => write!(f, "create and drop")?,
        }
        match self.capacity {
            Some(capacity) => write!(f, ", capacity {capacity}"),
            None => write!(f, ", unbounded"),
        }
    }
}

pub fn all() -> Vec<Cell> {
    let mut cells = Vec::new();
    for kind in [Kind::MultiThread, Kind::CurrentThread, Kind::Threads] {
        for (producers, consumers) in [(1, 1), (4, 1), (1, 4), (4, 4)] {
            for capacity in [Some(0), Some(1), Some(64), Some(1024), None] {
                cells.push(Cell { kind: kind(producers, consumers), capacity });
            }
        }
    }
    for kind in [Kind::Try, Kind::Ready] {
        cells.push(Cell { kind, capacity: Some(64) });
    }
    for capacity in [Some(0), Some(64), None] {
        cells.push(Cell { kind: Kind::Create, capacity });
    }
    cells
}

static MULTI: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).build().unwrap());

/// Runs a cell with `messages` messages and checks that all of them arrived.
pub fn run<P: Peer>(cell: Cell, messages: u64) -> Option<f64> {
    let (tx, rx) = P::make(cell.capacity)?;
    let needs_async =
        matches!(cell.kind, Kind::MultiThread(..) | Kind::CurrentThread(..) | Kind::Ready);
    if P::ASYNC != needs_async && cell.kind != Kind::Try && cell.kind != Kind::Create {
        let has_both = matches!(P::NAME, "aiochan" | "kanal");
        if !has_both {
            return None;
        }
    }
    let start = Instant::now();
    match cell.kind {
        Kind::MultiThread(producers, consumers) => {
            MULTI.block_on(tasks::<P>(tx, rx, producers, consumers, messages));
        }
        Kind::CurrentThread(producers, consumers) => {
            let runtime = Builder::new_current_thread().build().unwrap();
            runtime.block_on(tasks::<P>(tx, rx, producers, consumers, messages));
        }
        Kind::Threads(producers, consumers) => {
            threads::<P>(tx, rx, producers, consumers, messages);
        }
        Kind::Try => {
            for n in 0..messages {
                assert!(P::try_send(&tx, n));
                assert_eq!(P::try_recv(&rx), Some(n));
            }
        }
        Kind::Ready => {
            let runtime = Builder::new_current_thread().build().unwrap();
            runtime.block_on(tokio::task::unconstrained(async {
                for n in 0..messages {
                    P::send(&tx, n).await;
                    assert_eq!(P::recv(&rx).await, Some(n));
                }
            }));
        }
        Kind::Create => {
            for _ in 0..messages {
                black_box(P::make(cell.capacity));
            }
        }
    }
    Some(start.elapsed().as_secs_f64() * 1e9 / messages as f64)
}

/// How many of `messages` the one with this index sends.
fn share(messages: u64, index: usize, of: usize) -> std::ops::Range<u64> {
    let bound = |index: usize| messages * index as u64 / of as u64;
    bound(index)..bound(index + 1)
}

fn check(messages: u64, results: impl Iterator<Item = (u64, u64)>) {
    let (count, sum) = results.fold((0, 0), |(count, sum), (c, s)| (count + c, sum + s));
    assert_eq!((count, sum), (messages, messages * (messages - 1) / 2), "messages were lost");
}

async fn tasks<P: Peer>(tx: P::Tx, rx: P::Rx, producers: usize, consumers: usize, messages: u64) {
    let receiving: Vec<_> = (0..consumers)
        .map(|_| {
            let rx = rx.clone();
            tokio::spawn(async move {
                let (mut count, mut sum) = (0, 0);
                while let Some(value) = P::recv(&rx).await {
                    count += 1;
                    sum += value;
                }
                (count, sum)
            })
        })
        .collect();
    drop(rx);
    for index in 0..producers {
        let tx = tx.clone();
        tokio::spawn(async move {
            for n in share(messages, index, producers) {
                P::send(&tx, n).await;
            }
        });
    }
    drop(tx);
    let mut results = Vec::new();
    for task in receiving {
        results.push(task.await.unwrap());
    }
    check(messages, results.into_iter());
}

fn threads<P: Peer>(tx: P::Tx, rx: P::Rx, producers: usize, consumers: usize, messages: u64) {
    let receiving: Vec<_> = (0..consumers)
        .map(|_| {
            let rx = rx.clone();
            thread::spawn(move || {
                let (mut count, mut sum) = (0, 0);
                while let Some(value) = P::recv_blocking(&rx) {
                    count += 1;
                    sum += value;
                }
                (count, sum)
            })
        })
        .collect();
    drop(rx);
    for index in 0..producers {
        let tx = tx.clone();
        thread::spawn(move || {
            for n in share(messages, index, producers) {
                P::send_blocking(&tx, n);
            }
        });
    }
    drop(tx);
    check(messages, receiving.into_iter().map(|thread| thread.join().unwrap()));
}
