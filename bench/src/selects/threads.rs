//! Selects that block a thread, while other threads are at the other ends.

use std::ops::Range;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use crossbeam_channel as crossbeam;
use crossfire::select::{Multiplex, Mux, Select};

use super::{CAPACITY, OURS, chans, four};
use crate::arrival::Arrival;
use crate::contender::Contender;

/// Puts a number into a channel.
type Put = Box<dyn FnMut(u64) + Send>;

/// How the numbers come.
type Scenario = fn(u64, [Put; 4], &mut dyn FnMut() -> u64) -> Duration;

/// Each is put when the select waits.
pub fn waiting_gets() -> Vec<Contender> {
    gets_in(|turns, mut puts, take| {
        let arrival = Arc::new(Arrival::default());
        let told = arrival.clone();
        let start = Instant::now();
        let other = thread::spawn(move || {
            for n in 0..turns {
                puts[n as usize % 4](n);
                told.wait_blocking();
            }
        });
        for n in 0..turns {
            assert_eq!(take(), n);
            arrival.tell();
        }
        other.join().unwrap();
        start.elapsed()
    })
}

/// Four threads put.
pub fn gets() -> Vec<Contender> {
    gets_in(|turns, puts, take| {
        let start = Instant::now();
        let shares = shares(turns);
        // They are given back, so that no channel is closed while others still send.
        let others = puts.into_iter().zip(shares).map(|(mut put, share)| {
            thread::spawn(move || {
                share.for_each(&mut put);
                put
            })
        });
        let others = others.collect::<Vec<_>>();
        let sum = (0..turns).map(|_| take()).sum::<u64>();
        let puts = others.into_iter().map(|other| other.join().unwrap()).collect::<Vec<_>>();
        let time = start.elapsed();
        drop(puts);
        assert_eq!(sum, turns * (turns - 1) / 2, "the messages do not add up");
        time
    })
}

fn shares(turns: u64) -> impl Iterator<Item = Range<u64>> {
    (0..4).map(move |index| turns * index / 4..turns * (index + 1) / 4)
}

fn gets_in(scenario: Scenario) -> Vec<Contender> {
    let ours = move |turns| {
        let [a, b, c, d] = chans();
        let puts = [&a, &b, &c, &d].map(|chan| {
            let chan = chan.clone();
            Box::new(move |n| chan.put_blocking(n).unwrap()) as Put
        });
        scenario(turns, puts, &mut || {
            let got = aiochan::select_blocking! {
                v = a.get() => v, v = b.get() => v, v = c.get() => v, v = d.get() => v,
            };
            got.unwrap()
        })
    };
    let crossbeams = move |turns| {
        let (txs, [a, b, c, d]) = four(|| crossbeam::bounded(CAPACITY));
        let puts = txs.map(|tx| Box::new(move |n| tx.send(n).unwrap()) as Put);
        scenario(turns, puts, &mut || {
            let got = crossbeam::select! {
                recv(a) -> v => v, recv(b) -> v => v, recv(c) -> v => v, recv(d) -> v => v,
            };
            got.unwrap()
        })
    };
    let flumes = move |turns| {
        let (txs, rxs) = four(|| flume::bounded(CAPACITY));
        let puts = txs.map(|tx| Box::new(move |n| tx.send(n).unwrap()) as Put);
        scenario(turns, puts, &mut || {
            let select = rxs.iter().fold(flume::Selector::new(), |s, rx| s.recv(rx, |v| v));
            select.wait().unwrap()
        })
    };
    // Over each of its kinds of channel, made once.
    macro_rules! crossfire_select {
        ($flavour:ident) => {
            move |turns| {
                let (txs, rxs) = four(|| crossfire::$flavour::bounded_blocking(CAPACITY));
                let puts = txs.map(|tx| Box::new(move |n| tx.send(n).unwrap()) as Put);
                let mut select = Select::new();
                rxs.iter().for_each(|rx| select.add(rx));
                scenario(turns, puts, &mut || {
                    let selected = select.select().unwrap();
                    let rx = rxs.iter().find(|rx| selected.is_from(*rx)).unwrap();
                    rx.read_select(selected).unwrap()
                })
            }
        };
    }
    let multiplex = move |turns| {
        type Flavour = crossfire::spsc::Array<u64>;
        let mut channels = Multiplex::<Flavour>::new();
        let puts = [(); 4].map(|()| {
            let tx: crossfire::Tx<Mux<Flavour>> = channels.bounded_tx(CAPACITY);
            Box::new(move |n| tx.send(n).unwrap()) as Put
        });
        scenario(turns, puts, &mut || channels.recv().unwrap())
    };
    vec![
        Contender::new(OURS, ours),
        Contender::new("crossbeam select!", crossbeams),
        Contender::new("flume Selector", flumes),
        Contender::new("crossfire Select over mpmc", crossfire_select!(mpmc)),
        Contender::new("crossfire Select over mpsc", crossfire_select!(mpsc)),
        Contender::new("crossfire Select over spsc", crossfire_select!(spsc)),
        Contender::new("crossfire Multiplex over spsc", multiplex),
    ]
}

/// Four threads get.
pub fn puts() -> Vec<Contender> {
    let ours = |turns| {
        let [a, b, c, d] = chans();
        let gets = [&a, &b, &c, &d].map(|chan| {
            let chan = chan.clone();
            move || chan.get_blocking()
        });
        let put_all = || {
            for n in 0..turns {
                let put = aiochan::select_blocking! {
                    r = a.put(n) => r, r = b.put(n) => r, r = c.put(n) => r, r = d.put(n) => r,
                };
                put.unwrap();
            }
            for chan in [&a, &b, &c, &d] {
                chan.close();
            }
        };
        with_consumers(turns, gets, put_all)
    };
    let crossbeams = |turns| {
        let (txs, rxs) = four(|| crossbeam::bounded(CAPACITY));
        let gets = rxs.map(|rx| move || rx.recv().ok());
        let put_all = || {
            let [a, b, c, d] = txs;
            for n in 0..turns {
                let sent = crossbeam::select! {
                    send(a, n) -> r => r, send(b, n) -> r => r,
                    send(c, n) -> r => r, send(d, n) -> r => r,
                };
                sent.unwrap();
            }
        };
        with_consumers(turns, gets, put_all)
    };
    let flumes = |turns| {
        let (txs, rxs) = four(|| flume::bounded(CAPACITY));
        let gets = rxs.map(|rx| move || rx.recv().ok());
        let put_all = || {
            let txs = txs;
            for n in 0..turns {
                let select = flume::Selector::new();
                let select = txs.iter().fold(select, |s, tx| s.send(tx, n, |r| r));
                select.wait().unwrap();
            }
        };
        with_consumers(turns, gets, put_all)
    };
    vec![
        Contender::new(OURS, ours),
        Contender::new("crossbeam select!", crossbeams),
        Contender::new("flume Selector", flumes),
    ]
}

/// Each consumer gets until its channel is closed, which `put_all` does at its end.
fn with_consumers<G: FnMut() -> Option<u64> + Send + 'static>(
    turns: u64,
    gets: [G; 4],
    put_all: impl FnOnce(),
) -> Duration {
    let start = Instant::now();
    let others = gets.map(|mut get| {
        thread::spawn(move || {
            let (mut count, mut sum) = (0, 0);
            while let Some(n) = get() {
                count += 1;
                sum += n;
            }
            (count, sum)
        })
    });
    put_all();
    let tallies = others.map(|other| other.join().unwrap());
    let time = start.elapsed();
    let (count, sum) = tallies.iter().fold((0, 0), |(n, m), (count, sum)| (n + count, m + sum));
    assert!(count == turns, "{count} messages arrived of {turns}");
    assert!(sum == turns * (turns - 1) / 2, "the messages do not add up");
    time
}
