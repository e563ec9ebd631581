//! Producers send numbers to consumers, which count and add up what they receive.

use std::ops::Range;
use std::thread;
use std::time::Instant;

use futures::future::BoxFuture;

use crate::cells::{Place, Size, Traffic, Workers};
use crate::contender::Contender;
use crate::halves::{Rx, TaskRx, TaskTx, ThreadRx, ThreadTx, Tx};
use crate::message::{Large, Message};
use crate::pairs::{self, Make, Visit};
use crate::runtimes;

/// What a party has received.
#[derive(Default)]
pub struct Tally {
    pub count: u64,
    pub sum: u64,
    /// How long each message took, if that is measured.
    pub took: Vec<u64>,
}

/// A producer or a consumer, not yet started.
pub enum Party {
    Task(BoxFuture<'static, Tally>),
    Thread(Box<dyn FnOnce() -> Tally + Send>),
}

/// The contenders found so far.
struct Found {
    traffic: Traffic,
    contenders: Vec<Contender>,
}

pub fn contenders(traffic: Traffic) -> Vec<Contender> {
    let mut found = Found { traffic, contenders: Vec::new() };
    match traffic.size {
        Size::U64 => visit::<u64>(traffic.place, &mut found),
        Size::Large => visit::<Large>(traffic.place, &mut found),
        Size::Boxed => visit::<Box<u64>>(traffic.place, &mut found),
    }
    found.contenders
}

pub fn visit<T: Message>(place: Place, visit: &mut impl Visit) {
    match place {
        Place::Tokio(_) | Place::Smol => pairs::tasks::<T>(visit),
        Place::Threads => pairs::threads::<T>(visit),
        Place::ThreadToTask => pairs::thread_to_task::<T>(visit),
        Place::TaskToThread => pairs::task_to_thread::<T>(visit),
    }
}

impl Visit for Found {
    fn tasks<S: TaskTx, R: TaskRx>(&mut self, kind: &'static str, make: Make<S, R>) {
        self.add(kind, make, send, receive);
    }

    fn threads<S: ThreadTx, R: ThreadRx>(&mut self, kind: &'static str, make: Make<S, R>) {
        self.add(kind, make, send_blocking, receive_blocking);
    }

    fn thread_to_task<S: ThreadTx, R: TaskRx>(&mut self, kind: &'static str, make: Make<S, R>) {
        self.add(kind, make, send_blocking, receive);
    }

    fn task_to_thread<S: TaskTx, R: ThreadRx>(&mut self, kind: &'static str, make: Make<S, R>) {
        self.add(kind, make, send, receive_blocking);
    }
}

impl Found {
    fn add<S: Tx, R: Rx>(
        &mut self,
        kind: &'static str,
        make: Make<S, R>,
        send: fn(S, Range<u64>) -> Party,
        receive: fn(R) -> Party,
    ) {
        let traffic = self.traffic;
        if halves(traffic, make).is_none() {
            return;
        }
        self.contenders.push(Contender::new(kind, move |messages| {
            let (senders, receivers) = halves(traffic, make).unwrap();
            let mut parties = receivers.into_iter().map(receive).collect::<Vec<_>>();
            let shares = shares(messages, traffic.producers);
            parties.extend(senders.into_iter().zip(shares).map(|(tx, share)| send(tx, share)));
            let start = Instant::now();
            let tallies = play(traffic.place, parties);
            let time = start.elapsed();
            check(&tallies, messages);
            time
        }));
    }
}

/// As many halves as there are producers and consumers, if the channel can have so many.
pub fn halves<S: Tx, R: Rx>(traffic: Traffic, make: Make<S, R>) -> Option<(Vec<S>, Vec<R>)> {
    let (tx, rx) = make(traffic.capacity)?;
    let senders = (1..traffic.producers).map(|_| tx.another()).collect::<Option<Vec<_>>>()?;
    let receivers = (1..traffic.consumers).map(|_| rx.another()).collect::<Option<Vec<_>>>()?;
    Some((senders.into_iter().chain([tx]).collect(), receivers.into_iter().chain([rx]).collect()))
}

/// What each of the producers sends.
pub fn shares(messages: u64, producers: usize) -> impl Iterator<Item = Range<u64>> {
    let bound = move |index| messages * index / producers as u64;
    (0..producers as u64).map(move |index| bound(index)..bound(index + 1))
}

pub fn check(tallies: &[Tally], messages: u64) {
    let count = tallies.iter().map(|tally| tally.count).sum::<u64>();
    let sum = tallies.iter().map(|tally| tally.sum).sum::<u64>();
    let right = messages * (messages - 1) / 2;
    assert!(count == messages, "{count} messages arrived of {messages}");
    assert!(sum == right, "the messages add up to {sum} instead of {right}");
}

/// Starts all and waits for them.
pub fn play(place: Place, parties: Vec<Party>) -> Vec<Tally> {
    let (mut threads, mut tasks) = (Vec::new(), Vec::new());
    for party in parties {
        match party {
            Party::Thread(party) => threads.push(thread::spawn(party)),
            Party::Task(party) => tasks.push(party),
        }
    }
    let mut tallies = match place {
        Place::Threads => Vec::new(),
        Place::Smol => runtimes::all_on_smol(tasks),
        Place::Tokio(workers) => runtimes::all_on_tokio(workers, tasks),
        Place::ThreadToTask | Place::TaskToThread => runtimes::all_on_tokio(Workers::Two, tasks),
    };
    tallies.extend(threads.into_iter().map(|thread| thread.join().unwrap()));
    tallies
}

fn send<S: TaskTx>(mut tx: S, numbers: Range<u64>) -> Party {
    Party::Task(Box::pin(async move {
        for number in numbers {
            assert!(tx.give(number).await, "it is closed");
        }
        Tally::default()
    }))
}

fn send_blocking<S: ThreadTx>(mut tx: S, numbers: Range<u64>) -> Party {
    Party::Thread(Box::new(move || {
        for number in numbers {
            assert!(tx.give_blocking(number), "it is closed");
        }
        Tally::default()
    }))
}

fn receive<R: TaskRx>(mut rx: R) -> Party {
    Party::Task(Box::pin(async move {
        let mut tally = Tally::default();
        while let Some(number) = rx.take().await {
            tally.count += 1;
            tally.sum += number;
        }
        tally
    }))
}

fn receive_blocking<R: ThreadRx>(mut rx: R) -> Party {
    Party::Thread(Box::new(move || {
        let mut tally = Tally::default();
        while let Some(number) = rx.take_blocking() {
            tally.count += 1;
            tally.sum += number;
        }
        tally
    }))
}
