//! Selects over four channels, and one source for four readers, beside peers that have such things.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use futures::future::join_all;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{broadcast, mpsc};

use crate::pipelines::{Contender, Row};

/// Of each channel.
const CAPACITY: usize = 64;

pub fn rows() -> Vec<Row> {
    let mut rows = vec![ready_gets(), ready_puts(), both(), waiting_gets()];
    rows.extend([false, true].map(to_four));
    rows
}

fn contender(name: &'static str, run: impl Fn(u64) + 'static) -> Contender {
    Contender { name, run: Box::new(run) }
}

fn aiochans() -> [aiochan::Chan<u64>; 4] {
    std::array::from_fn(|_| aiochan::Chan::fixed(CAPACITY))
}

fn tokios() -> (Vec<mpsc::Sender<u64>>, [mpsc::Receiver<u64>; 4]) {
    let mut txs = Vec::new();
    let rxs = std::array::from_fn(|_| {
        let (tx, rx) = mpsc::channel(CAPACITY);
        txs.push(tx);
        rx
    });
    (txs, rxs)
}

/// Without tokio's own turns, which have nothing to do with the select.
fn on_one_thread(future: impl Future<Output = ()>) {
    let runtime = Builder::new_current_thread().build().unwrap();
    runtime.block_on(tokio::task::unconstrained(future));
}

/// One of four channels has a value.
fn ready_gets() -> Row {
    let ours = |turns| {
        let [a, b, c, d] = aiochans();
        on_one_thread(async {
            for n in 0..turns {
                [&a, &b, &c, &d][n as usize % 4].try_put(n).unwrap();
                let got = aiochan::select! {
                    v = a.get() => v, v = b.get() => v, v = c.get() => v, v = d.get() => v,
                };
                assert_eq!(got, Some(n));
            }
        });
    };
    let tokios = |turns| {
        let (txs, [mut a, mut b, mut c, mut d]) = tokios();
        on_one_thread(async {
            for n in 0..turns {
                txs[n as usize % 4].try_send(n).unwrap();
                let got = tokio::select! {
                    v = a.recv() => v, v = b.recv() => v, v = c.recv() => v, v = d.recv() => v,
                };
                assert_eq!(got, Some(n));
            }
        });
    };
    let crossbeams = |turns| {
        let pairs: [_; 4] = std::array::from_fn(|_| crossbeam_channel::bounded(CAPACITY));
        let [(_, a), (_, b), (_, c), (_, d)] = &pairs;
        for n in 0..turns {
            pairs[n as usize % 4].0.try_send(n).unwrap();
            let got = crossbeam_channel::select! {
                recv(a) -> v => v, recv(b) -> v => v, recv(c) -> v => v, recv(d) -> v => v,
            };
            assert_eq!(got, Ok(n));
        }
    };
    let flumes = |turns| {
        let pairs: [_; 4] = std::array::from_fn(|_| flume::bounded(CAPACITY));
        for n in 0..turns {
            pairs[n as usize % 4].0.try_send(n).unwrap();
            let select = pairs.iter().fold(flume::Selector::new(), |s, (_, rx)| s.recv(rx, |v| v));
            assert_eq!(select.wait(), Ok(n));
        }
    };
    Row {
        name: "select over 4 gets, one ready".into(),
        contenders: vec![
            contender("aiochan", ours),
            contender("tokio::select!", tokios),
            contender("crossbeam", crossbeams),
            contender("flume", flumes),
        ],
    }
}

/// All of four channels have room; who has taken the value gives it back.
fn ready_puts() -> Row {
    let ours = |turns| {
        let [a, b, c, d] = aiochans();
        on_one_thread(async {
            for n in 0..turns {
                let to = aiochan::select! {
                    r = a.put(n) => (r, &a), r = b.put(n) => (r, &b),
                    r = c.put(n) => (r, &c), r = d.put(n) => (r, &d),
                };
                to.0.unwrap();
                assert_eq!(to.1.try_get(), Ok(n));
            }
        });
    };
    let tokios = |turns| {
        let (txs, mut rxs) = tokios();
        on_one_thread(async {
            for n in 0..turns {
                let (permit, to) = tokio::select! {
                    p = txs[0].reserve() => (p, 0), p = txs[1].reserve() => (p, 1),
                    p = txs[2].reserve() => (p, 2), p = txs[3].reserve() => (p, 3),
                };
                permit.unwrap().send(n);
                assert_eq!(rxs[to].try_recv(), Ok(n));
            }
        });
    };
    let crossbeams = |turns| {
        let pairs: [_; 4] = std::array::from_fn(|_| crossbeam_channel::bounded(CAPACITY));
        let [(a, _), (b, _), (c, _), (d, _)] = &pairs;
        for n in 0..turns {
            let (sent, to) = crossbeam_channel::select! {
                send(a, n) -> r => (r, 0), send(b, n) -> r => (r, 1),
                send(c, n) -> r => (r, 2), send(d, n) -> r => (r, 3),
            };
            sent.unwrap();
            assert_eq!(pairs[to].1.try_recv(), Ok(n));
        }
    };
    Row {
        name: "select over 4 puts, all ready".into(),
        contenders: vec![
            contender("aiochan", ours),
            contender("tokio::select!", tokios),
            contender("crossbeam", crossbeams),
        ],
    }
}

/// Two gets from empty channels, and two puts of which one has room.
fn both() -> Row {
    let ours = |turns| {
        let [a, b, c, d] = aiochans();
        (0..CAPACITY as u64).for_each(|n| c.try_put(n).unwrap());
        on_one_thread(async {
            for n in 0..turns {
                aiochan::select! {
                    _ = a.get() => unreachable!(), _ = b.get() => unreachable!(),
                    _ = c.put(n) => unreachable!(), r = d.put(n) => r.unwrap(),
                };
                assert_eq!(d.try_get(), Ok(n));
            }
        });
    };
    let tokios = |turns| {
        let (txs, [mut a, mut b, _c, mut d]) = tokios();
        (0..CAPACITY as u64).for_each(|n| txs[2].try_send(n).unwrap());
        on_one_thread(async {
            for n in 0..turns {
                tokio::select! {
                    _ = a.recv() => unreachable!(), _ = b.recv() => unreachable!(),
                    _ = txs[2].reserve() => unreachable!(), p = txs[3].reserve() => p.unwrap().send(n),
                };
                assert_eq!(d.try_recv(), Ok(n));
            }
        });
    };
    let crossbeams = |turns| {
        let pairs: [_; 4] = std::array::from_fn(|_| crossbeam_channel::bounded(CAPACITY));
        let [(_, a), (_, b), (c, _), (d, _)] = &pairs;
        (0..CAPACITY as u64).for_each(|n| c.try_send(n).unwrap());
        for n in 0..turns {
            crossbeam_channel::select! {
                recv(a) -> _ => unreachable!(), recv(b) -> _ => unreachable!(),
                send(c, n) -> _ => unreachable!(), send(d, n) -> r => r.unwrap(),
            };
            assert_eq!(pairs[3].1.try_recv(), Ok(n));
        }
    };
    Row {
        name: "select over 2 gets and 2 puts, one put ready".into(),
        contenders: vec![
            contender("aiochan", ours),
            contender("tokio::select!", tokios),
            contender("crossbeam", crossbeams),
        ],
    }
}

/// Each value comes when the select waits already, from another task of the same thread.
fn waiting_gets() -> Row {
    let ours = |turns| {
        let [a, b, c, d] = aiochans();
        let outs = [a.clone(), b.clone(), c.clone(), d.clone()];
        on_one_thread(async {
            let put = async {
                for n in 0..turns {
                    outs[n as usize % 4].put(n).await.unwrap();
                    tokio::task::yield_now().await;
                }
            };
            let get = async {
                for n in 0..turns {
                    let got = aiochan::select! {
                        v = a.get() => v, v = b.get() => v, v = c.get() => v, v = d.get() => v,
                    };
                    assert_eq!(got, Some(n));
                }
            };
            futures::join!(get, put);
        });
    };
    let tokios = |turns| {
        let (txs, [mut a, mut b, mut c, mut d]) = tokios();
        on_one_thread(async {
            let put = async {
                for n in 0..turns {
                    txs[n as usize % 4].send(n).await.unwrap();
                    tokio::task::yield_now().await;
                }
            };
            let get = async {
                for n in 0..turns {
                    let got = tokio::select! {
                        v = a.recv() => v, v = b.recv() => v, v = c.recv() => v, v = d.recv() => v,
                    };
                    assert_eq!(got, Some(n));
                }
            };
            futures::join!(get, put);
        });
    };
    Row {
        name: "select over 4 gets, waiting".into(),
        contenders: vec![contender("aiochan", ours), contender("tokio::select!", tokios)],
    }
}

type Reader = Pin<Box<dyn Future<Output = u64> + Send>>;

/// Every value for each of four readers.
fn to_four(several: bool) -> Row {
    let runtime = Arc::new(
        match several {
            true => Builder::new_multi_thread().worker_threads(2).build(),
            false => Builder::new_current_thread().build(),
        }
        .unwrap(),
    );
    let ours = |runtime: &Runtime, items: u64| {
        let _inside = runtime.enter();
        let source = aiochan::Chan::fixed(CAPACITY);
        let dup = source.dup();
        let readers = (0..4).map(|_| {
            let tap = dup.tap_with(CAPACITY);
            Box::pin(async move {
                let mut sum = 0;
                while let Some(n) = tap.get().await {
                    sum += n;
                }
                sum
            }) as Reader
        });
        let readers = readers.collect();
        drop(dup);
        let write = async move {
            for n in 0..items {
                source.put(n).await.unwrap();
            }
            source.close();
        };
        read_all(runtime, write, readers, items);
    };
    // It never waits: who is behind by more than its capacity loses values. So all must fit.
    let tokios = |runtime: &Runtime, items: u64| {
        let (tx, _) = broadcast::channel(items as usize);
        let readers = (0..4).map(|_| {
            let mut rx = tx.subscribe();
            Box::pin(async move {
                let mut sum = 0;
                while let Ok(n) = rx.recv().await {
                    sum += n;
                }
                sum
            }) as Reader
        });
        let readers = readers.collect();
        let write = async move {
            for n in 0..items {
                tx.send(n).unwrap();
            }
        };
        read_all(runtime, write, readers, items);
    };
    let broadcasts = |runtime: &Runtime, items: u64| {
        let (tx, rx) = async_broadcast::broadcast(CAPACITY);
        let readers = (0..4).map(|_| {
            let mut rx = rx.clone();
            Box::pin(async move {
                let mut sum = 0;
                while let Ok(n) = rx.recv().await {
                    sum += n;
                }
                sum
            }) as Reader
        });
        let readers = readers.collect();
        drop(rx);
        let write = async move {
            for n in 0..items {
                tx.broadcast_direct(n).await.unwrap();
            }
        };
        read_all(runtime, write, readers, items);
    };
    let postages = |runtime: &Runtime, items: u64| {
        let (mut tx, rx) = postage::broadcast::channel(CAPACITY);
        let readers = (0..4).map(|_| {
            let mut rx = rx.clone();
            Box::pin(async move {
                let mut sum = 0;
                while let Some(n) = postage::stream::Stream::recv(&mut rx).await {
                    sum += n;
                }
                sum
            }) as Reader
        });
        let readers = readers.collect();
        drop(rx);
        let write = async move {
            for n in 0..items {
                postage::sink::Sink::send(&mut tx, n).await.unwrap();
            }
        };
        read_all(runtime, write, readers, items);
    };
    let on = |name, run: fn(&Runtime, u64)| {
        let runtime = runtime.clone();
        contender(name, move |items| run(&runtime, items))
    };
    let workers = if several { "multi_thread(2)" } else { "current_thread" };
    Row {
        name: format!("one source for 4 readers, {workers}"),
        contenders: vec![
            on("Dup", ours),
            on("tokio::broadcast", tokios),
            on("async-broadcast", broadcasts),
            on("postage", postages),
        ],
    }
}

fn read_all(
    runtime: &Runtime,
    write: impl Future<Output = ()> + Send + 'static,
    readers: Vec<Reader>,
    items: u64,
) {
    runtime.block_on(async {
        let readers: Vec<_> = readers.into_iter().map(tokio::spawn).collect();
        tokio::spawn(write);
        for sum in join_all(readers).await {
            assert_eq!(sum.unwrap(), items * (items - 1) / 2);
        }
    });
}
