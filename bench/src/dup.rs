//! One source for four readers, of which each gets every value.

use std::future::Future;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;
use postage::{sink::Sink, stream::Stream};

use crate::cells::Workers;
use crate::contender::Contender;
use crate::runtimes;

const CAPACITY: usize = 64;
const READERS: usize = 4;

type Reader = BoxFuture<'static, (u64, u64)>;

pub fn contenders(workers: Workers) -> Vec<Contender> {
    let contender = |kind, run: fn(Workers, u64) -> Duration| {
        Contender::new(kind, move |items| run(workers, items))
    };
    vec![
        contender("aiochan", ours),
        contender("tokio::broadcast", tokios),
        contender("async-broadcast", async_broadcasts),
        contender("postage::broadcast", postages),
        contender("fibre::spmc", fibres),
    ]
}

/// Counts and adds up what comes.
macro_rules! reader {
    ($rx:ident, $next:expr) => {
        Box::pin(async move {
            let (mut count, mut sum) = (0_u64, 0_u64);
            while let Some(n) = $next.await {
                count += 1;
                sum += n;
            }
            (count, sum)
        }) as Reader
    };
}

fn ours(workers: Workers, items: u64) -> Duration {
    let _inside = runtimes::tokio(workers).enter();
    let source = aiochan::Chan::fixed(CAPACITY);
    let dup = source.dup();
    let taps = (0..READERS).map(|_| dup.tap_with(CAPACITY)).collect::<Vec<_>>();
    let readers = taps.into_iter().map(|tap| reader!(tap, tap.get())).collect();
    let write = async move {
        for n in 0..items {
            source.put(n).await.unwrap();
        }
        source.close();
    };
    play(workers, write, readers, items)
}

/// It never waits: a reader who is behind by more than its capacity loses values. So the writer waits.
fn tokios(workers: Workers, items: u64) -> Duration {
    let (tx, _) = tokio::sync::broadcast::channel(CAPACITY);
    let rxs = (0..READERS).map(|_| tx.subscribe()).collect::<Vec<_>>();
    let next = async |rx: &mut tokio::sync::broadcast::Receiver<u64>| {
        use tokio::sync::broadcast::error::RecvError;
        match rx.recv().await {
            Ok(n) => Some(n),
            Err(RecvError::Closed) => None,
            Err(RecvError::Lagged(lost)) => panic!("{lost} values are lost"),
        }
    };
    let readers = rxs.into_iter().map(|mut rx| reader!(rx, next(&mut rx))).collect();
    let write = async move {
        for n in 0..items {
            while tx.len() >= CAPACITY {
                tokio::task::yield_now().await;
            }
            tx.send(n).unwrap();
        }
    };
    play(workers, write, readers, items)
}

fn async_broadcasts(workers: Workers, items: u64) -> Duration {
    let (tx, rx) = async_broadcast::broadcast(CAPACITY);
    let rxs = (1..READERS).map(|_| rx.clone()).collect::<Vec<_>>();
    let next = async |rx: &mut async_broadcast::Receiver<u64>| rx.recv_direct().await.ok();
    let rxs = rxs.into_iter().chain([rx]);
    let readers = rxs.map(|mut rx| reader!(rx, next(&mut rx))).collect();
    let write = async move {
        for n in 0..items {
            tx.broadcast_direct(n).await.unwrap();
        }
    };
    play(workers, write, readers, items)
}

fn postages(workers: Workers, items: u64) -> Duration {
    let (mut tx, rx) = postage::broadcast::channel(CAPACITY);
    let rxs = (1..READERS).map(|_| rx.clone()).collect::<Vec<_>>();
    let rxs = rxs.into_iter().chain([rx]);
    let readers = rxs.map(|mut rx| reader!(rx, rx.recv())).collect();
    let write = async move {
        for n in 0..items {
            tx.send(n).await.unwrap();
        }
    };
    play(workers, write, readers, items)
}

fn fibres(workers: Workers, items: u64) -> Duration {
    let (tx, rx) = fibre::spmc::bounded_async(CAPACITY);
    let rxs = (1..READERS).map(|_| rx.clone()).collect::<Vec<_>>();
    let next = async |rx: &mut fibre::spmc::BoundedAsyncReceiver<u64>| rx.recv().await.ok();
    let rxs = rxs.into_iter().chain([rx]);
    let readers = rxs.map(|mut rx| reader!(rx, next(&mut rx))).collect();
    let write = async move {
        for n in 0..items {
            tx.send(n).await.unwrap();
        }
    };
    play(workers, write, readers, items)
}

fn play(
    workers: Workers,
    write: impl Future<Output = ()> + Send + 'static,
    readers: Vec<Reader>,
    items: u64,
) -> Duration {
    let write: Reader = Box::pin(async {
        write.await;
        (0, 0)
    });
    let parties = readers.into_iter().chain([write]).collect();
    let start = Instant::now();
    let read = runtimes::all_on_tokio(workers, parties);
    let time = start.elapsed();
    for read in &read[..READERS] {
        assert_eq!(*read, (items, items * (items - 1) / 2), "a reader has not read everything");
    }
    time
}
