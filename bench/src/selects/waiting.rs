//! Selects over four gets that wait until another task puts, which then waits until the value has arrived.

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures::future::BoxFuture;

use super::{CAPACITY, NOT_CANCEL_SAFE, OURS, chans, four_of};
use crate::arrival::Arrival;
use crate::cells::Workers;
use crate::contender::Contender;
use crate::halves::{TaskRx, TaskTx};
use crate::pairs::{self, Make, Visit};
use crate::runtimes;

struct InTokios {
    workers: Workers,
    found: Vec<Contender>,
}

pub fn gets(workers: Workers) -> Vec<Contender> {
    let found = vec![Contender::new(OURS, move |turns| ours(workers, turns))];
    let mut visit = InTokios { workers, found };
    pairs::tasks::<u64>(&mut visit);
    visit.found
}

impl Visit for InTokios {
    fn tasks<S: TaskTx, R: TaskRx>(&mut self, kind: &'static str, make: Make<S, R>) {
        if [OURS, NOT_CANCEL_SAFE].contains(&kind) || make(Some(CAPACITY)).is_none() {
            return;
        }
        let workers = self.workers;
        let kind = format!("{kind} in tokio::select!");
        self.found.push(Contender::new(kind, move |turns| theirs(workers, make, turns)));
    }
}

fn ours(workers: Workers, turns: u64) -> Duration {
    let outs = chans();
    let [a, b, c, d] = outs.clone();
    let arrival = Arc::new(Arrival::default());
    let told = arrival.clone();
    let put = async move {
        for n in 0..turns {
            outs[n as usize % 4].put(n).await.unwrap();
            told.wait().await;
        }
    };
    let get = async move {
        for n in 0..turns {
            let got = aiochan::select! {
                v = a.get() => v, v = b.get() => v, v = c.get() => v, v = d.get() => v,
            };
            assert_eq!(got, Some(n));
            arrival.tell();
        }
    };
    play(workers, [Box::pin(put), Box::pin(get)])
}

fn theirs<S: TaskTx, R: TaskRx>(workers: Workers, make: Make<S, R>, turns: u64) -> Duration {
    let (mut txs, [mut a, mut b, mut c, mut d]) = four_of(make);
    let arrival = Arc::new(Arrival::default());
    let told = arrival.clone();
    let put = async move {
        for n in 0..turns {
            assert!(txs[n as usize % 4].give(n).await);
            told.wait().await;
        }
    };
    let get = async move {
        for n in 0..turns {
            let got = tokio::select! {
                v = a.take() => v, v = b.take() => v, v = c.take() => v, v = d.take() => v,
            };
            assert_eq!(got, Some(n));
            arrival.tell();
        }
    };
    play(workers, [Box::pin(put), Box::pin(get)])
}

fn play(workers: Workers, tasks: [BoxFuture<'static, ()>; 2]) -> Duration {
    let start = Instant::now();
    runtimes::all_on_tokio(workers, tasks.into());
    start.elapsed()
}
