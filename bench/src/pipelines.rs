//! Whole pipelines against their peers: `cargo run --release -- pipelines [FILTER]`.
//!
//! Contenders do the same work and take turns in one run; results are checked; the median of the rounds
//! counts. Ours is the first in each row, the ratio is to the best of the others.

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use aiochan::{Chan, Flow};
use clap::Args;
use futures::{Stream, StreamExt, stream};
use rayon::prelude::*;
use tokio::runtime::{Builder, Runtime};

use crate::selects;

#[derive(Args)]
pub struct Options {
    /// Only rows whose name contains this.
    #[arg(default_value = "")]
    filter: String,
    /// Rounds, in which the contenders take turns.
    #[arg(long, default_value_t = 9)]
    rounds: usize,
    /// Items of one run.
    #[arg(long, default_value_t = 100_000)]
    items: u64,
}

pub struct Contender {
    pub name: &'static str,
    /// Does the work for that many items and checks the results.
    pub run: Box<dyn Fn(u64)>,
}

pub struct Row {
    pub name: String,
    pub contenders: Vec<Contender>,
}

pub fn main(options: &Options) {
    for Row { name, contenders } in rows() {
        if !name.contains(&options.filter) {
            continue;
        }
        let mut times = vec![Vec::new(); contenders.len()];
        for _ in 0..options.rounds {
            for (contender, times) in contenders.iter().zip(&mut times) {
                let start = Instant::now();
                (contender.run)(options.items);
                times.push(start.elapsed().as_secs_f64() * 1e9 / options.items as f64);
            }
        }
        let medians: Vec<f64> = times.into_iter().map(median).collect();
        print!("{name:<40}");
        for (contender, ns) in contenders.iter().zip(&medians) {
            print!("  {} {ns:7.1}", contender.name);
        }
        let best_peer = medians[1..].iter().copied().fold(f64::INFINITY, f64::min);
        println!("  ratio {:.2}", medians[0] / best_peer);
    }
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn rows() -> Vec<Row> {
    let mut rows = vec![chain(), parallel()];
    for several in [false, true] {
        for ordered in [true, false] {
            rows.extend([0, 1].map(|yields| futures_at_once(several, ordered, yields)));
        }
    }
    rows.extend(selects::rows());
    rows
}

/// map, filter, map as one fused chain, and with a channel after each. The peer is ourselves.
fn chain() -> Row {
    let sum = |results: Chan<u64>, items: u64| {
        let sum: u64 = aiochan::run(results.collect()).into_iter().sum();
        assert_eq!(
            sum,
            (0..items).map(|n| n + 1).filter(|n| n % 2 == 0).map(|n| n * 3).sum::<u64>()
        );
    };
    let fused = move |items| {
        let source = aiochan::from_range(0..items);
        let results = source.map(|n| n + 1).filter(|n| n % 2 == 0).map(|n| n * 3).chan_with(64);
        sum(results, items);
    };
    let channels = move |items| {
        let first = aiochan::from_range(0..items).map(|n| n + 1).chan();
        sum(first.filter(|n| n % 2 == 0).chan().map(|n| n * 3).chan(), items);
    };
    Row {
        name: "map.filter.map, built-in executor".into(),
        contenders: vec![
            Contender { name: "fused, chan_with(64)", run: Box::new(fused) },
            Contender { name: "three chan()", run: Box::new(channels) },
        ],
    }
}

/// `parallel_pipe` on two threads over a microsecond of work per item, and rayon's ordered `collect`.
fn parallel() -> Row {
    let work = Work::of(Duration::from_micros(1));
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let ours = move |items| {
        let results = aiochan::from_range(0..items).parallel_pipe(2, move |n| (n, work.on(n)));
        check(work, items, aiochan::run(results.chan_with(1024).collect()));
    };
    let rayons = move |items| {
        let results: Vec<_> =
            pool.install(|| (0..items).into_par_iter().map(|n| (n, work.on(n))).collect());
        check(work, items, results);
    };
    Row {
        name: "parallel_pipe(2), 1 us of work".into(),
        contenders: vec![
            Contender { name: "chan_with(1024).collect()", run: Box::new(ours) },
            Contender { name: "rayon", run: Box::new(rayons) },
        ],
    }
}

/// Eight futures at once, consumed as a stream by one task.
fn futures_at_once(several: bool, ordered: bool, yields: u32) -> Row {
    let runtime = Arc::new(
        match several {
            true => Builder::new_multi_thread().worker_threads(2).build(),
            false => Builder::new_current_thread().build(),
        }
        .unwrap(),
    );
    let f = move |n: u64| async move {
        for _ in 0..yields {
            tokio::task::yield_now().await;
        }
        n
    };
    let source = |items| stream::iter(0..items);
    let theirs: Box<dyn Fn(u64)> = match ordered {
        true => in_task(&runtime, move |items| source(items).map(f).buffered(8)),
        false => in_task(&runtime, move |items| source(items).map(f).buffer_unordered(8)),
    };
    let ours: Box<dyn Fn(u64)> = match ordered {
        true => in_task(&runtime, move |items| Flow::new(source(items)).async_pipe(8, f).flow()),
        false => in_task(&runtime, move |items| {
            Flow::new(source(items)).async_pipe_unordered(8, f).flow()
        }),
    };
    let (name, peer) = match ordered {
        true => ("async_pipe(8)", "buffered(8)"),
        false => ("async_pipe_unordered(8)", "buffer_unordered(8)"),
    };
    let workers = if several { "multi_thread(2)" } else { "current_thread" };
    Row {
        name: format!("{name}, {yields} yields, {workers}"),
        contenders: vec![
            Contender { name: "aiochan", run: ours },
            Contender { name: peer, run: theirs },
        ],
    }
}

/// Sums up a stream's items in a task of `runtime`.
fn in_task<S>(runtime: &Arc<Runtime>, stream: impl Fn(u64) -> S + 'static) -> Box<dyn Fn(u64)>
where
    S: Stream<Item = u64> + Send + 'static,
{
    let runtime = runtime.clone();
    Box::new(move |items| {
        let stream = stream(items);
        let sum = async { stream.fold(0, async |sum, n| sum + n).await };
        let sum = runtime.block_on(async { tokio::spawn(sum).await.unwrap() });
        assert_eq!(sum, items * (items - 1) / 2);
    })
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
