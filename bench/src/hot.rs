//! Hot paths of one thread: attempts, operations that never wait, a ping-pong, making a channel.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::cells::{Path, Workers};
use crate::contender::Contender;
use crate::halves::{Rx, TaskRx, TaskTx, ThreadRx, ThreadTx, Tx};
use crate::pairs::{self, Make, Visit};
use crate::runtimes;

struct Found {
    path: Path,
    capacity: Option<usize>,
    contenders: Vec<Contender>,
}

pub fn contenders(path: Path, capacity: Option<usize>) -> Vec<Contender> {
    let mut found = Found { path, capacity, contenders: Vec::new() };
    pairs::tasks::<u64>(&mut found);
    pairs::threads::<u64>(&mut found);
    found.contenders
}

impl Visit for Found {
    fn tasks<S: TaskTx, R: TaskRx>(&mut self, kind: &'static str, make: Make<S, R>) {
        match self.path {
            Path::Try => self.add(kind, make, attempts),
            Path::Ready => self.add(kind, make, ready),
            Path::PingPong => self.add(kind, make, ping_pong),
            Path::Create => self.add(kind, make, create),
        }
    }

    // These are the same for threads.
    fn threads<S: ThreadTx, R: ThreadRx>(&mut self, kind: &'static str, make: Make<S, R>) {
        match self.path {
            Path::Try => self.add(kind, make, attempts),
            Path::Create => self.add(kind, make, create),
            Path::Ready | Path::PingPong => {}
        }
    }
}

impl Found {
    fn add<S: Tx, R: Rx>(
        &mut self,
        kind: &'static str,
        make: Make<S, R>,
        run: fn(Make<S, R>, Option<usize>, u64) -> Duration,
    ) {
        let capacity = self.capacity;
        let there = self.contenders.iter().any(|contender| contender.kind == kind);
        if !there && make(capacity).is_some() {
            let run = move |turns| run(make, capacity, turns);
            self.contenders.push(Contender::new(kind, run));
        }
    }
}

fn attempts<S: Tx, R: Rx>(make: Make<S, R>, capacity: Option<usize>, turns: u64) -> Duration {
    let (mut tx, mut rx) = make(capacity).unwrap();
    let start = Instant::now();
    for n in 0..turns {
        assert!(tx.try_give(n), "it is full");
        assert_eq!(rx.try_take(), Some(n));
    }
    start.elapsed()
}

fn ready<S: TaskTx, R: TaskRx>(make: Make<S, R>, capacity: Option<usize>, turns: u64) -> Duration {
    let (mut tx, mut rx) = make(capacity).unwrap();
    let start = Instant::now();
    runtimes::in_one_task(async {
        for n in 0..turns {
            assert!(tx.give(n).await);
            assert_eq!(rx.take().await, Some(n));
        }
    });
    start.elapsed()
}

fn ping_pong<S: TaskTx, R: TaskRx>(
    make: Make<S, R>,
    capacity: Option<usize>,
    turns: u64,
) -> Duration {
    let (mut there, mut here) = make(capacity).unwrap();
    let (mut back, mut home) = make(capacity).unwrap();
    let start = Instant::now();
    runtimes::all_on_tokio(
        Workers::One,
        vec![
            Box::pin(async move {
                while let Some(n) = here.take().await {
                    assert!(back.give(n).await);
                }
            }),
            Box::pin(async move {
                for n in 0..turns {
                    assert!(there.give(n).await);
                    assert_eq!(home.take().await, Some(n));
                }
            }),
        ],
    );
    start.elapsed()
}

fn create<S: Tx, R: Rx>(make: Make<S, R>, capacity: Option<usize>, turns: u64) -> Duration {
    let start = Instant::now();
    for _ in 0..turns {
        black_box(make(capacity));
    }
    start.elapsed()
}
