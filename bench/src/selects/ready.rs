//! Selects that never wait, in one task, or thread, that also puts or gets.

use std::time::{Duration, Instant};

use crossbeam_channel as crossbeam;
use crossfire::select::Select;

use super::{CAPACITY, NOT_CANCEL_SAFE, OURS, chans, four, four_of};
use crate::contender::Contender;
use crate::halves::{TaskRx, TaskTx};
use crate::pairs::{self, Make, Visit};
use crate::runtimes::in_one_task;

/// Times what comes after the channels are made.
fn timed(run: impl FnOnce()) -> Duration {
    let start = Instant::now();
    run();
    start.elapsed()
}

/// The contenders that use `tokio::select!`.
struct InTokios {
    found: Vec<Contender>,
    row: Row,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Row {
    Gets,
    Puts,
    Both,
}

fn in_tokios(row: Row) -> Vec<Contender> {
    let mut visit = InTokios { found: Vec::new(), row };
    pairs::tasks::<u64>(&mut visit);
    visit.found
}

impl Visit for InTokios {
    fn tasks<S: TaskTx, R: TaskRx>(&mut self, kind: &'static str, make: Make<S, R>) {
        // tokio's own puts are by `reserve`.
        let apart = kind == "tokio" && self.row != Row::Gets;
        if [OURS, NOT_CANCEL_SAFE].contains(&kind) || apart || make(Some(CAPACITY)).is_none() {
            return;
        }
        let run = match self.row {
            Row::Gets => gets_of::<S, R>,
            Row::Puts => puts_of::<S, R>,
            Row::Both => both_of::<S, R>,
        };
        let kind = format!("{kind} in tokio::select!");
        self.found.push(Contender::new(kind, move |turns| run(make, turns)));
    }
}

/// One of four channels has a value.
pub fn gets() -> Vec<Contender> {
    let ours = |turns| {
        let [a, b, c, d] = chans();
        timed(|| {
            in_one_task(async {
                for n in 0..turns {
                    [&a, &b, &c, &d][n as usize % 4].try_put(n).unwrap();
                    let got = aiochan::select! {
                        v = a.get() => v, v = b.get() => v, v = c.get() => v, v = d.get() => v,
                    };
                    assert_eq!(got, Some(n));
                }
            });
        })
    };
    let crossbeams = |turns| {
        let (txs, [a, b, c, d]) = four(|| crossbeam::bounded(CAPACITY));
        timed(|| {
            for n in 0..turns {
                txs[n as usize % 4].try_send(n).unwrap();
                let got = crossbeam::select! {
                    recv(a) -> v => v, recv(b) -> v => v, recv(c) -> v => v, recv(d) -> v => v,
                };
                assert_eq!(got, Ok(n));
            }
        })
    };
    let flumes = |turns| {
        let (txs, rxs) = four(|| flume::bounded(CAPACITY));
        timed(|| {
            for n in 0..turns {
                txs[n as usize % 4].try_send(n).unwrap();
                let select = rxs.iter().fold(flume::Selector::new(), |s, rx| s.recv(rx, |v| v));
                assert_eq!(select.wait(), Ok(n));
            }
        })
    };
    let crossfires = |turns| {
        let (txs, rxs) = four(|| crossfire::mpmc::bounded_blocking(CAPACITY));
        let mut select = Select::new();
        rxs.iter().for_each(|rx| select.add(rx));
        timed(|| {
            for n in 0..turns {
                txs[n as usize % 4].try_send(n).unwrap();
                let selected = select.select().unwrap();
                let rx = rxs.iter().find(|rx| selected.is_from(*rx)).unwrap();
                assert_eq!(rx.read_select(selected), Ok(n));
            }
        })
    };
    let mut contenders = vec![
        Contender::new(OURS, ours),
        Contender::new("crossbeam select!", crossbeams),
        Contender::new("flume Selector", flumes),
        Contender::new("crossfire Select", crossfires),
    ];
    contenders.extend(in_tokios(Row::Gets));
    contenders
}

fn gets_of<S: TaskTx, R: TaskRx>(make: Make<S, R>, turns: u64) -> Duration {
    let (mut txs, [mut a, mut b, mut c, mut d]) = four_of(make);
    timed(|| {
        in_one_task(async {
            for n in 0..turns {
                assert!(txs[n as usize % 4].try_give(n));
                let got = tokio::select! {
                    v = a.take() => v, v = b.take() => v, v = c.take() => v, v = d.take() => v,
                };
                assert_eq!(got, Some(n));
            }
        });
    })
}

/// All of four channels have room; what is put is taken out again.
pub fn puts() -> Vec<Contender> {
    let ours = |turns| {
        let [a, b, c, d] = chans();
        timed(|| {
            in_one_task(async {
                for n in 0..turns {
                    let to = aiochan::select! {
                        r = a.put(n) => (r, &a), r = b.put(n) => (r, &b),
                        r = c.put(n) => (r, &c), r = d.put(n) => (r, &d),
                    };
                    to.0.unwrap();
                    assert_eq!(to.1.try_get(), Ok(n));
                }
            });
        })
    };
    let tokios = |turns| {
        let (txs, mut rxs) = four(|| tokio::sync::mpsc::channel(CAPACITY));
        timed(|| {
            in_one_task(async {
                for n in 0..turns {
                    let (permit, to) = tokio::select! {
                        p = txs[0].reserve() => (p, 0), p = txs[1].reserve() => (p, 1),
                        p = txs[2].reserve() => (p, 2), p = txs[3].reserve() => (p, 3),
                    };
                    permit.unwrap().send(n);
                    assert_eq!(rxs[to].try_recv(), Ok(n));
                }
            });
        })
    };
    let crossbeams = |turns| {
        let ([a, b, c, d], rxs) = four(|| crossbeam::bounded(CAPACITY));
        timed(|| {
            for n in 0..turns {
                let (sent, to) = crossbeam::select! {
                    send(a, n) -> r => (r, 0), send(b, n) -> r => (r, 1),
                    send(c, n) -> r => (r, 2), send(d, n) -> r => (r, 3),
                };
                sent.unwrap();
                assert_eq!(rxs[to].try_recv(), Ok(n));
            }
        })
    };
    let flumes = |turns| {
        let (txs, rxs) = four(|| flume::bounded(CAPACITY));
        timed(|| {
            for n in 0..turns {
                let select = txs.iter().zip(0..).fold(flume::Selector::new(), |s, (tx, to)| {
                    s.send(tx, n, move |r| r.map(|()| to))
                });
                let to: usize = select.wait().unwrap();
                assert_eq!(rxs[to].try_recv(), Ok(n));
            }
        })
    };
    let mut contenders = vec![
        Contender::new(OURS, ours),
        Contender::new("tokio reserve", tokios),
        Contender::new("crossbeam select!", crossbeams),
        Contender::new("flume Selector", flumes),
    ];
    contenders.extend(in_tokios(Row::Puts));
    contenders
}

fn puts_of<S: TaskTx, R: TaskRx>(make: Make<S, R>, turns: u64) -> Duration {
    let ([mut a, mut b, mut c, mut d], mut rxs) = four_of(make);
    timed(|| {
        in_one_task(async {
            for n in 0..turns {
                let (sent, to) = tokio::select! {
                    r = a.give(n) => (r, 0), r = b.give(n) => (r, 1),
                    r = c.give(n) => (r, 2), r = d.give(n) => (r, 3),
                };
                assert!(sent);
                assert_eq!(rxs[to].try_take(), Some(n));
            }
        });
    })
}

/// Two gets from empty channels, and two puts of which one has room.
pub fn both() -> Vec<Contender> {
    let ours = |turns| {
        let [a, b, c, d] = chans();
        while c.try_put(0).is_ok() {}
        timed(|| {
            in_one_task(async {
                for n in 0..turns {
                    aiochan::select! {
                        _ = a.get() => unreachable!(), _ = b.get() => unreachable!(),
                        _ = c.put(n) => unreachable!(), r = d.put(n) => r.unwrap(),
                    };
                    assert_eq!(d.try_get(), Ok(n));
                }
            });
        })
    };
    let tokios = |turns| {
        let (txs, [mut a, mut b, _c, mut d]) = four(|| tokio::sync::mpsc::channel(CAPACITY));
        while txs[2].try_send(0).is_ok() {}
        timed(|| {
            in_one_task(async {
                for n in 0..turns {
                    tokio::select! {
                        _ = a.recv() => unreachable!(), _ = b.recv() => unreachable!(),
                        _ = txs[2].reserve() => unreachable!(),
                        p = txs[3].reserve() => p.unwrap().send(n),
                    };
                    assert_eq!(d.try_recv(), Ok(n));
                }
            });
        })
    };
    let crossbeams = |turns| {
        let ([_a, _b, c, d], [a, b, _c, out]) = four(|| crossbeam::bounded(CAPACITY));
        while c.try_send(0).is_ok() {}
        timed(|| {
            for n in 0..turns {
                crossbeam::select! {
                    recv(a) -> _ => unreachable!(), recv(b) -> _ => unreachable!(),
                    send(c, n) -> _ => unreachable!(), send(d, n) -> r => r.unwrap(),
                };
                assert_eq!(out.try_recv(), Ok(n));
            }
        })
    };
    let flumes = |turns| {
        let ([_a, _b, c, d], [a, b, _c, out]) = four(|| flume::bounded(CAPACITY));
        while c.try_send(0).is_ok() {}
        timed(|| {
            for n in 0..turns {
                flume::Selector::new()
                    .recv(&a, |_| unreachable!())
                    .recv(&b, |_| unreachable!())
                    .send(&c, n, |_| unreachable!())
                    .send(&d, n, |r| r.unwrap())
                    .wait();
                assert_eq!(out.try_recv(), Ok(n));
            }
        })
    };
    let mut contenders = vec![
        Contender::new(OURS, ours),
        Contender::new("tokio reserve", tokios),
        Contender::new("crossbeam select!", crossbeams),
        Contender::new("flume Selector", flumes),
    ];
    contenders.extend(in_tokios(Row::Both));
    contenders
}

fn both_of<S: TaskTx, R: TaskRx>(make: Make<S, R>, turns: u64) -> Duration {
    let ([_a, _b, mut c, mut d], [mut a, mut b, _c, mut out]) = four_of(make);
    while c.try_give(0) {}
    timed(|| {
        in_one_task(async {
            for n in 0..turns {
                tokio::select! {
                    _ = a.take() => unreachable!(), _ = b.take() => unreachable!(),
                    _ = c.give(n) => unreachable!(), sent = d.give(n) => assert!(sent),
                };
                assert_eq!(out.try_take(), Some(n));
            }
        });
    })
}
