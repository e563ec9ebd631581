//! What a contender does in a cell: the same for all of them.

use std::hint::black_box;
use std::sync::LazyLock;
use std::thread;
use std::time::Instant;

use futures::future::{BoxFuture, join_all};
use tokio::runtime::{Builder, Runtime};

use crate::cells::{Cell, Path, Place};
use crate::message::Message;
use crate::peers::Peer;

static MULTI: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).build().unwrap());
static CURRENT: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().build().unwrap());
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// What messages carry.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Stamp {
    /// Their numbers, to be added up.
    Number,
    /// When they are sent, in nanoseconds.
    Time,
}

/// What came of a run.
pub struct Done {
    /// Nanoseconds per message.
    pub time: f64,
    /// How long each message took, in nanoseconds, if they carried the time.
    pub took: Vec<u64>,
}

/// What a consumer has received.
#[derive(Default)]
struct Tally {
    count: u64,
    sum: u64,
    took: Vec<u64>,
}

impl Stamp {
    fn on<T: Message>(self, number: u64) -> T {
        T::of(match self {
            Self::Number => number,
            Self::Time => START.elapsed().as_nanos() as u64,
        })
    }

    fn tally<T: Message>(self, tally: &mut Tally, message: &T) {
        tally.count += 1;
        match self {
            Self::Number => tally.sum += message.number(),
            Self::Time => tally.took.push(START.elapsed().as_nanos() as u64 - message.number()),
        }
    }
}

/// Runs a cell with so many messages, and checks that all of them arrived. Nothing if the peer has no such
/// channel.
pub fn run<P: Peer<T>, T: Message>(cell: Cell, messages: u64, stamp: Stamp) -> Option<Done> {
    LazyLock::force(&START);
    match cell {
        Cell::Hot { path, capacity } => hot::<P, T>(path, capacity, messages)
            .map(|time| Done { time: time / messages as f64, took: Vec::new() }),
        Cell::Traffic { place, producers, consumers, capacity, .. } => {
            if !takes_part::<P, T>(place) {
                return None;
            }
            let (tx, rx) = P::make(capacity)?;
            let more = (1..consumers).map(|_| P::another(&rx)).collect::<Option<Vec<_>>>()?;
            let receivers = more.into_iter().chain([rx]).collect();
            let senders = (1..producers).map(|_| tx.clone()).collect::<Vec<_>>();
            let senders = senders.into_iter().chain([tx]).collect();
            let start = Instant::now();
            let tallies = traffic::<P, T>(place, senders, receivers, messages, stamp);
            let time = start.elapsed().as_nanos() as f64 / messages as f64;
            Some(Done { time, took: check(tallies, messages, stamp) })
        }
    }
}

fn takes_part<P: Peer<T>, T: Message>(place: Place) -> bool {
    match place {
        Place::MultiThread | Place::CurrentThread | Place::Smol => P::ASYNC,
        Place::Threads => P::BLOCKING,
        Place::ThreadToTask | Place::TaskToThread => P::ASYNC && P::BLOCKING,
    }
}

fn check(tallies: Vec<Tally>, messages: u64, stamp: Stamp) -> Vec<u64> {
    let mut all = Tally::default();
    for tally in tallies {
        all.count += tally.count;
        all.sum += tally.sum;
        all.took.extend(tally.took);
    }
    assert_eq!(all.count, messages, "messages were lost");
    if stamp == Stamp::Number {
        assert_eq!(all.sum, messages * (messages - 1) / 2, "messages were mixed up");
    }
    all.took
}

fn traffic<P: Peer<T>, T: Message>(
    place: Place,
    senders: Vec<P::Tx>,
    receivers: Vec<P::Rx>,
    messages: u64,
    stamp: Stamp,
) -> Vec<Tally> {
    let shares = shares(messages, senders.len() as u64);
    let mut threads = Vec::new();
    let mut tasks: Vec<BoxFuture<'static, Tally>> = Vec::new();
    for rx in receivers {
        match place {
            Place::Threads | Place::TaskToThread => {
                threads.push(thread::spawn(move || receive_blocking::<P, T>(rx, stamp)));
            }
            _ => tasks.push(Box::pin(receive::<P, T>(rx, stamp))),
        }
    }
    for (tx, numbers) in senders.into_iter().zip(shares) {
        match place {
            Place::Threads | Place::ThreadToTask => {
                threads.push(thread::spawn(move || send_blocking::<P, T>(tx, numbers, stamp)));
            }
            _ => tasks.push(Box::pin(send::<P, T>(tx, numbers, stamp))),
        }
    }
    let mut tallies = drive(place, tasks);
    tallies.extend(threads.into_iter().map(|thread| thread.join().unwrap()));
    tallies
}

/// What each of the producers sends.
fn shares(messages: u64, producers: u64) -> impl Iterator<Item = std::ops::Range<u64>> {
    let bound = move |index| messages * index / producers;
    (0..producers).map(move |index| bound(index)..bound(index + 1))
}

async fn receive<P: Peer<T>, T: Message>(mut rx: P::Rx, stamp: Stamp) -> Tally {
    let mut tally = Tally::default();
    while let Some(message) = P::recv(&mut rx).await {
        stamp.tally(&mut tally, &message);
    }
    tally
}

async fn send<P: Peer<T>, T: Message>(
    mut tx: P::Tx,
    numbers: std::ops::Range<u64>,
    stamp: Stamp,
) -> Tally {
    for number in numbers {
        assert!(P::send(&mut tx, stamp.on(number)).await, "it is closed");
    }
    Tally::default()
}

fn receive_blocking<P: Peer<T>, T: Message>(mut rx: P::Rx, stamp: Stamp) -> Tally {
    let mut tally = Tally::default();
    while let Some(message) = P::recv_blocking(&mut rx) {
        stamp.tally(&mut tally, &message);
    }
    tally
}

fn send_blocking<P: Peer<T>, T: Message>(
    mut tx: P::Tx,
    numbers: std::ops::Range<u64>,
    stamp: Stamp,
) -> Tally {
    for number in numbers {
        assert!(P::send_blocking(&mut tx, stamp.on(number)), "it is closed");
    }
    Tally::default()
}

/// Runs the tasks at once, to their ends.
fn drive(place: Place, tasks: Vec<BoxFuture<'static, Tally>>) -> Vec<Tally> {
    let on_tokio = async |tasks: Vec<BoxFuture<'static, Tally>>| {
        let tasks = tasks.into_iter().map(tokio::spawn).collect::<Vec<_>>();
        join_all(tasks).await.into_iter().map(Result::unwrap).collect()
    };
    match place {
        Place::Threads => Vec::new(),
        Place::CurrentThread => CURRENT.block_on(on_tokio(tasks)),
        Place::Smol => smol::block_on(join_all(tasks.into_iter().map(smol::spawn))),
        _ => MULTI.block_on(on_tokio(tasks)),
    }
}

/// Nanoseconds for so many turns.
fn hot<P: Peer<T>, T: Message>(path: Path, capacity: Option<usize>, turns: u64) -> Option<f64> {
    let may = match path {
        Path::Try => P::TRIES,
        Path::Ready | Path::PingPong => P::ASYNC,
        Path::Create => true,
    };
    if !may {
        return None;
    }
    let (mut tx, mut rx) = P::make(capacity)?;
    let start = Instant::now();
    match path {
        Path::Try => {
            for n in 0..turns {
                assert!(P::try_send(&mut tx, T::of(n)));
                assert_eq!(P::try_recv(&mut rx).unwrap().number(), n);
            }
        }
        // Without tokio's own turns, which have nothing to do with the channel.
        Path::Ready => CURRENT.block_on(tokio::task::unconstrained(async {
            for n in 0..turns {
                assert!(P::send(&mut tx, T::of(n)).await);
                assert_eq!(P::recv(&mut rx).await.unwrap().number(), n);
            }
        })),
        Path::PingPong => {
            let (mut back, mut home) = P::make(capacity)?;
            CURRENT.block_on(async {
                let echo = tokio::spawn(async move {
                    while let Some(message) = P::recv(&mut rx).await {
                        assert!(P::send(&mut back, message).await);
                    }
                });
                let serve = tokio::spawn(async move {
                    for n in 0..turns {
                        assert!(P::send(&mut tx, T::of(n)).await);
                        assert_eq!(P::recv(&mut home).await.unwrap().number(), n);
                    }
                });
                serve.await.unwrap();
                echo.await.unwrap();
            });
        }
        Path::Create => {
            for _ in 0..turns {
                black_box(P::make(capacity));
            }
        }
    }
    Some(start.elapsed().as_nanos() as f64)
}
