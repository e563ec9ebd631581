//! Pipelines: operators, futures at once and functions on threads.

use std::hint::black_box;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use aiochan::Flow;
use futures::{Stream, StreamExt, stream};
use rayon::prelude::*;

use crate::cells::{Pipeline, Workers};
use crate::contender::Contender;
use crate::runtimes;

/// Of the channel behind the operators.
const CAPACITY: usize = 64;
const AT_ONCE: usize = 8;

pub fn contenders(pipeline: Pipeline) -> Vec<Contender> {
    match pipeline {
        Pipeline::Chain(workers) => chain(workers),
        Pipeline::Parallel => parallel(),
        Pipeline::Futures { workers, ordered, yields } => at_once(workers, ordered, yields),
    }
}

/// map, filter and map in one task, whose results another one reads from a channel.
fn chain(workers: Workers) -> Vec<Contender> {
    let operators = |items| {
        let even = |n: &u64| std::future::ready(n.is_multiple_of(2));
        stream::iter(0..items).map(|n| n + 1).filter(even).map(|n| n * 3)
    };
    let ours = move |items| {
        in_task(workers, items, chain_sum, move || {
            let _inside = runtimes::tokio(workers).enter();
            let source = aiochan::from_range(0..items);
            let flow = source.map(|n| n + 1).filter(|n| n % 2 == 0).map(|n| n * 3);
            flow.chan_with(CAPACITY).stream()
        })
    };
    let futures = move |items| {
        in_task(workers, items, chain_sum, move || {
            let (tx, rx) = futures::channel::mpsc::channel(CAPACITY);
            runtimes::tokio(workers).spawn(operators(items).map(Ok).forward(tx));
            rx
        })
    };
    let tokio = move |items| {
        in_task(workers, items, chain_sum, move || {
            let (tx, mut rx) = tokio::sync::mpsc::channel(CAPACITY);
            runtimes::tokio(workers).spawn(async move {
                let mut results = operators(items);
                while let Some(n) = results.next().await {
                    tx.send(n).await.unwrap();
                }
            });
            stream::poll_fn(move |cx| rx.poll_recv(cx))
        })
    };
    vec![
        Contender::new("aiochan", ours),
        Contender::new("futures::mpsc after a stream", futures),
        Contender::new("tokio::mpsc after a stream", tokio),
    ]
}

fn chain_sum(items: u64) -> (u64, u64) {
    let results = (1..=items).filter(|n| n % 2 == 0);
    results.fold((0, 0), |(count, sum), n| (count + 1, sum + n * 3))
}

/// Eight futures at once, read as a stream by one task.
fn at_once(workers: Workers, ordered: bool, yields: u32) -> Vec<Contender> {
    let f = move |n: u64| async move {
        for _ in 0..yields {
            tokio::task::yield_now().await;
        }
        n
    };
    let source = |items| stream::iter(0..items);
    if ordered {
        let ours = move |items| Flow::new(source(items)).async_pipe(AT_ONCE, f).flow();
        let theirs = move |items| source(items).map(f).buffered(AT_ONCE);
        vec![
            Contender::new("aiochan", move |n| in_task(workers, n, whole_sum, || ours(n))),
            Contender::new("futures buffered", move |n| {
                in_task(workers, n, whole_sum, || theirs(n))
            }),
        ]
    } else {
        let ours = move |items| Flow::new(source(items)).async_pipe_unordered(AT_ONCE, f).flow();
        let theirs = move |items| source(items).map(f).buffer_unordered(AT_ONCE);
        vec![
            Contender::new("aiochan", move |n| in_task(workers, n, whole_sum, || ours(n))),
            Contender::new("futures buffer_unordered", move |n| {
                in_task(workers, n, whole_sum, || theirs(n))
            }),
        ]
    }
}

fn whole_sum(items: u64) -> (u64, u64) {
    (items, items * (items - 1) / 2)
}

/// Counts and adds up a stream's items in a task.
fn in_task<S>(
    workers: Workers,
    items: u64,
    right: fn(u64) -> (u64, u64),
    make: impl FnOnce() -> S,
) -> Duration
where
    S: Stream<Item = u64> + Send + 'static,
{
    let start = Instant::now();
    let stream = make();
    let sum = async { stream.fold((0, 0), async |(count, sum), n| (count + 1, sum + n)).await };
    let sum = runtimes::all_on_tokio(workers, vec![Box::pin(sum)]);
    let time = start.elapsed();
    assert_eq!(sum[0], right(items), "items were lost");
    time
}

/// A microsecond of work per item on two threads, results in order.
fn parallel() -> Vec<Contender> {
    static WORK: LazyLock<Work> = LazyLock::new(|| Work::of(Duration::from_micros(1)));
    let work = *WORK;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let ours = move |items| {
        let start = Instant::now();
        let results = aiochan::from_range(0..items).parallel_pipe(2, move |n| (n, work.on(n)));
        let results = aiochan::run(results.chan_with(1024).collect());
        let time = start.elapsed();
        check(work, items, results);
        time
    };
    let rayons = move |items: u64| {
        let start = Instant::now();
        let results: Vec<_> =
            pool.install(|| (0..items).into_par_iter().map(|n| (n, work.on(n))).collect());
        let time = start.elapsed();
        check(work, items, results);
        time
    };
    vec![Contender::new("aiochan", ours), Contender::new("rayon", rayons)]
}

/// Arithmetic that keeps a processor busy for a while.
#[derive(Clone, Copy)]
struct Work {
    turns: u64,
}

impl Work {
    fn of(duration: Duration) -> Self {
        let turns = 10_000_000;
        let start = Instant::now();
        black_box(Self { turns }.on(black_box(1)));
        let turn = start.elapsed().as_secs_f64() / turns as f64;
        Self { turns: (duration.as_secs_f64() / turn) as u64 }
    }

    fn on(self, n: u64) -> u64 {
        (0..self.turns).fold(n, |x, _| (x ^ x >> 29).wrapping_mul(0xbf58_476d_1ce4_e5b9))
    }
}

/// That each item is there once, in order, and that some of the results are right.
fn check(work: Work, items: u64, results: impl IntoIterator<Item = (u64, u64)>) {
    let (mut count, mut sum) = (0, 0);
    for (n, result) in results {
        assert!(n == count, "the order is wrong");
        if n % 1000 == 0 {
            assert_eq!(result, work.on(n));
        }
        count += 1;
        sum += n;
    }
    assert_eq!((count, sum), (items, items * (items - 1) / 2), "items were lost");
}
