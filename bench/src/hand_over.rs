//! How long one message takes: each producer waits until its last message has arrived before it sends the
//! next, so that no time in a queue is measured.

use std::ops::Range;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Instant;

use crate::arrival::Arrival;
use crate::cells::{Size, Traffic};
use crate::contender::Contender;
use crate::halves::{Rx, TaskRx, TaskTx, ThreadRx, ThreadTx, Tx};
use crate::pairs::{Make, Visit};
use crate::traffic::{self, Party, Tally};

/// Adds hand-overs to the contenders, of one size: the others differ in what is copied, not in how it is handed over.
pub fn add(traffic: Traffic, contenders: &mut [Contender]) {
    if traffic.size == Size::U64 {
        traffic::visit::<u64>(traffic.place, &mut Timed { traffic, contenders });
    }
}

struct Timed<'a> {
    traffic: Traffic,
    contenders: &'a mut [Contender],
}

impl Visit for Timed<'_> {
    fn tasks<S: TaskTx, R: TaskRx>(&mut self, kind: &'static str, make: Make<S, R>) {
        self.add(kind, make, hand, accept);
    }

    fn threads<S: ThreadTx, R: ThreadRx>(&mut self, kind: &'static str, make: Make<S, R>) {
        self.add(kind, make, hand_blocking, accept_blocking);
    }

    fn thread_to_task<S: ThreadTx, R: TaskRx>(&mut self, kind: &'static str, make: Make<S, R>) {
        self.add(kind, make, hand_blocking, accept);
    }

    fn task_to_thread<S: TaskTx, R: ThreadRx>(&mut self, kind: &'static str, make: Make<S, R>) {
        self.add(kind, make, hand, accept_blocking);
    }
}

impl Timed<'_> {
    fn add<S: Tx, R: Rx>(
        &mut self,
        kind: &'static str,
        make: Make<S, R>,
        hand: fn(S, Range<u64>, Arc<[Lane]>) -> Party,
        accept: fn(R, Arc<[Lane]>, Vec<u64>) -> Party,
    ) {
        let traffic = self.traffic;
        let contender = self.contenders.iter_mut().find(|contender| contender.kind == kind);
        let (Some(contender), true) = (contender, traffic::halves(traffic, make).is_some()) else {
            return;
        };
        contender.hand_over = Some(Box::new(move |messages| {
            let (senders, receivers) = traffic::halves(traffic, make).unwrap();
            let lanes = lanes(messages, traffic.producers);
            let accept = |rx| accept(rx, lanes.clone(), room(messages));
            let mut parties = receivers.into_iter().map(accept).collect::<Vec<_>>();
            let shares = traffic::shares(messages, traffic.producers);
            let hand = |(tx, share)| hand(tx, share, lanes.clone());
            parties.extend(senders.into_iter().zip(shares).map(hand));
            let tallies = traffic::play(traffic.place, parties);
            traffic::check(&tallies, messages);
            tallies.into_iter().flat_map(|tally| tally.took).collect()
        }));
    }
}

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

fn now() -> u64 {
    START.elapsed().as_nanos() as u64
}

/// A producer and the one message that it has under way. Apart from the others in memory.
#[repr(align(128))]
struct Lane {
    /// The first number that is not this producer's.
    end: u64,
    sent: AtomicU64,
    arrival: Arrival,
}

fn lanes(messages: u64, producers: usize) -> Arc<[Lane]> {
    LazyLock::force(&START);
    let end = |index: u64| messages * (index + 1) / producers as u64;
    let lane =
        |index| Lane { end: end(index), sent: AtomicU64::new(0), arrival: Arrival::default() };
    (0..producers as u64).map(lane).collect()
}

/// Memory for the times, which is there already when it is needed.
fn room(messages: u64) -> Vec<u64> {
    let mut room = vec![1; messages as usize];
    room.clear();
    room
}

fn of(lanes: &[Lane], number: u64) -> &Lane {
    lanes.iter().find(|lane| number < lane.end).expect("somebody has sent it")
}

/// The lane's own cost is behind the reading of the clock.
fn arrived(lanes: &[Lane], number: u64, tally: &mut Tally) {
    let now = now();
    let lane = of(lanes, number);
    tally.took.push(now - lane.sent.load(Ordering::Acquire));
    tally.count += 1;
    tally.sum += number;
    lane.arrival.tell();
}

fn hand<S: TaskTx>(mut tx: S, numbers: Range<u64>, lanes: Arc<[Lane]>) -> Party {
    Party::Task(Box::pin(async move {
        let lane = of(&lanes, numbers.start);
        for number in numbers {
            lane.sent.store(now(), Ordering::Release);
            assert!(tx.give(number).await, "it is closed");
            lane.arrival.wait().await;
        }
        Tally::default()
    }))
}

fn hand_blocking<S: ThreadTx>(mut tx: S, numbers: Range<u64>, lanes: Arc<[Lane]>) -> Party {
    Party::Thread(Box::new(move || {
        let lane = of(&lanes, numbers.start);
        for number in numbers {
            lane.sent.store(now(), Ordering::Release);
            assert!(tx.give_blocking(number), "it is closed");
            lane.arrival.wait_blocking();
        }
        Tally::default()
    }))
}

fn accept<R: TaskRx>(mut rx: R, lanes: Arc<[Lane]>, took: Vec<u64>) -> Party {
    Party::Task(Box::pin(async move {
        let mut tally = Tally { took, ..Tally::default() };
        while let Some(number) = rx.take().await {
            arrived(&lanes, number, &mut tally);
        }
        tally
    }))
}

fn accept_blocking<R: ThreadRx>(mut rx: R, lanes: Arc<[Lane]>, took: Vec<u64>) -> Party {
    Party::Thread(Box::new(move || {
        let mut tally = Tally { took, ..Tally::default() };
        while let Some(number) = rx.take_blocking() {
            arrived(&lanes, number, &mut tally);
        }
        tally
    }))
}

/// Nanoseconds between two readings of the clock, one after the other: the median.
pub fn clock() -> u64 {
    LazyLock::force(&START);
    let mut gaps = (0..10_000).map(|_| now().abs_diff(now())).collect::<Vec<_>>();
    gaps.sort_unstable();
    gaps[gaps.len() / 2]
}
