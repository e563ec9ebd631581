//! What channels and waiting operations take, in bytes; each kind in a process of its own.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Waker};

use futures::{SinkExt, StreamExt};
use postage::{sink::Sink, stream::Stream};

use crate::allocator::{self, grows};
use crate::child;
use crate::halves::{Rx, Tx};
use crate::results::Footprint;

/// Of how many waiting operations one is measured.
const MANY: usize = 256;

pub fn measure() -> Vec<Footprint> {
    let of = |index: usize| {
        let arguments = ["memory".to_string(), index.to_string()];
        child::process(&arguments).unwrap_or_else(|failure| Footprint {
            kind: KINDS[index].0.into(),
            failure: Some(failure.why),
            ..Footprint::default()
        })
    };
    (0..KINDS.len()).map(of).collect()
}

pub fn run(index: usize) {
    allocator::start_counting();
    let (kind, footprint) = KINDS[index];
    // What a crate sets up once is not a channel's.
    footprint();
    let footprint = Footprint { kind: kind.into(), ..footprint() };
    println!("{}", serde_json::to_string(&footprint).unwrap());
}

/// A channel of a kind: how it is made, and its own calls.
macro_rules! kind {
    ($name:literal, [$($make:expr),*]; $one:expr, |$tx:ident| $send:expr, |$rx:ident| $recv:expr) => {
        ($name, || Footprint {
            idle: [$(idle(|| $make)),*],
            futures: {
                let (mut tx, mut rx) = $one;
                let put = { let $tx = &mut tx; size_of_val(&$send) };
                let get = { let $rx = &mut rx; size_of_val(&$recv) };
                Some([put, get])
            },
            waiting_put: {
                let (tx, _rx) = $one;
                let mut halves = several(tx, Tx::another);
                halves.iter_mut().for_each(|tx| while tx.try_give(0) {});
                waiting(halves.iter_mut().map(|$tx| Box::pin($send)).collect())
            },
            waiting_get: {
                let (_tx, rx) = $one;
                let mut halves = several(rx, Rx::another);
                waiting(halves.iter_mut().map(|$rx| Box::pin($recv)).collect())
            },
            ..Footprint::default()
        })
    };
    ($name:literal, [$($make:expr),*]) => {
        ($name, || Footprint { idle: [$(idle(|| $make)),*], ..Footprint::default() })
    };
}

/// What there is not.
const NONE: Option<()> = None;

trait Made {
    fn is_there(&self) -> bool;
}

impl<S, R> Made for (S, R) {
    fn is_there(&self) -> bool {
        true
    }
}

impl Made for Option<()> {
    fn is_there(&self) -> bool {
        false
    }
}

fn idle<C: Made>(make: impl FnOnce() -> C) -> Option<usize> {
    let (bytes, made) = grows(make);
    made.is_there().then_some(bytes)
}

/// As many as may be, up to `MANY`.
fn several<H>(half: H, another: fn(&H) -> Option<H>) -> Vec<H> {
    let mut halves = vec![half];
    while let Some(more) = another(&halves[0]).filter(|_| halves.len() < MANY) {
        halves.push(more);
    }
    halves
}

/// What the first of them takes while it waits, and one of all.
fn waiting<F: Future>(mut futures: Vec<Pin<Box<F>>>) -> [Option<f64>; 2] {
    let mut cx = Context::from_waker(Waker::noop());
    let mut poll = |future: &mut Pin<Box<F>>| {
        assert!(future.as_mut().poll(&mut cx).is_pending(), "it is ready")
    };
    let (first, ()) = grows(|| poll(&mut futures[0]));
    let (others, ()) = grows(|| futures[1..].iter_mut().for_each(poll));
    let all = (first + others) as f64 / MANY as f64;
    [Some(first as f64), (futures.len() == MANY).then_some(all)]
}

fn ours(chan: aiochan::Chan<u64>) -> (aiochan::Sender<u64>, aiochan::Receiver<u64>) {
    chan.split()
}

type Kind = (&'static str, fn() -> Footprint);

#[rustfmt::skip]
const KINDS: [Kind; 21] = [
    kind!("aiochan",
        [ours(aiochan::Chan::fixed(0)), ours(aiochan::Chan::fixed(64)), ours(aiochan::Chan::unbounded())];
        ours(aiochan::Chan::fixed(1)), |tx| tx.put(1), |rx| rx.get()),
    kind!("kanal",
        [kanal::bounded_async::<u64>(0), kanal::bounded_async::<u64>(64), kanal::unbounded_async::<u64>()];
        kanal::bounded_async::<u64>(1), |tx| tx.send(1), |rx| rx.recv()),
    kind!("crossfire::mpmc",
        [NONE, crossfire::mpmc::bounded_async::<u64>(64), crossfire::mpmc::unbounded_async::<u64>()];
        crossfire::mpmc::bounded_async::<u64>(1), |tx| tx.send(1), |rx| rx.recv()),
    kind!("crossfire::mpsc",
        [NONE, crossfire::mpsc::bounded_async::<u64>(64), crossfire::mpsc::unbounded_async::<u64>()];
        crossfire::mpsc::bounded_async::<u64>(1), |tx| tx.send(1), |rx| rx.recv()),
    kind!("crossfire::spsc",
        [NONE, crossfire::spsc::bounded_async::<u64>(64), crossfire::spsc::unbounded_async::<u64>()];
        crossfire::spsc::bounded_async::<u64>(1), |tx| tx.send(1), |rx| rx.recv()),
    kind!("crossbeam",
        [crossbeam_channel::bounded::<u64>(0), crossbeam_channel::bounded::<u64>(64),
         crossbeam_channel::unbounded::<u64>()]),
    kind!("flume",
        [flume::bounded::<u64>(0), flume::bounded::<u64>(64), flume::unbounded::<u64>()];
        flume::bounded::<u64>(1), |tx| tx.send_async(1), |rx| rx.recv_async()),
    kind!("loole",
        [loole::bounded::<u64>(0), loole::bounded::<u64>(64), loole::unbounded::<u64>()];
        loole::bounded::<u64>(1), |tx| tx.send_async(1), |rx| rx.recv_async()),
    kind!("fibre::mpmc",
        [fibre::mpmc::rendezvous::rendezvous_async::<u64>(), fibre::mpmc::bounded_async::<u64>(64),
         fibre::mpmc::unbounded_async::<u64>()];
        fibre::mpmc::bounded_async::<u64>(1), |tx| tx.send(1), |rx| rx.recv()),
    kind!("fibre::mpmc, rendezvous",
        [fibre::mpmc::rendezvous::rendezvous_async::<u64>(), NONE, NONE];
        fibre::mpmc::rendezvous::rendezvous_async::<u64>(), |tx| tx.send(1), |rx| rx.recv()),
    kind!("fibre::mpmc_exp",
        [NONE, fibre::mpmc_exp::bounded_async::<u64>(64), NONE];
        fibre::mpmc_exp::bounded_async::<u64>(1), |tx| tx.send(1), |rx| rx.recv()),
    kind!("fibre::mpsc",
        [fibre::mpsc::rendezvous::rendezvous_async::<u64>(), fibre::mpsc::bounded_async::<u64>(64),
         fibre::mpsc::unbounded_async::<u64>()];
        fibre::mpsc::bounded_async::<u64>(1), |tx| tx.send(1), |rx| rx.recv()),
    kind!("fibre::spsc",
        [fibre::spsc::rendezvous::rendezvous_async::<u64>(), fibre::spsc::bounded_async::<u64>(64), NONE];
        fibre::spsc::bounded_async::<u64>(1), |tx| tx.send(1), |rx| rx.recv()),
    kind!("async-channel",
        [NONE, async_channel::bounded::<u64>(64), async_channel::unbounded::<u64>()];
        async_channel::bounded::<u64>(1), |tx| tx.send(1), |rx| rx.recv()),
    kind!("tokio",
        [NONE, tokio::sync::mpsc::channel::<u64>(64), tokio::sync::mpsc::unbounded_channel::<u64>()];
        tokio::sync::mpsc::channel::<u64>(1), |tx| tx.send(1), |rx| rx.recv()),
    kind!("thingbuf",
        [NONE, thingbuf::mpsc::channel::<u64>(64), NONE];
        thingbuf::mpsc::channel::<u64>(1), |tx| tx.send_ref(), |rx| rx.recv_ref()),
    kind!("postage::mpsc",
        [NONE, postage::mpsc::channel::<u64>(64), NONE];
        postage::mpsc::channel::<u64>(1), |tx| Sink::send(tx, 1), |rx| Stream::recv(rx)),
    kind!("postage::dispatch",
        [NONE, postage::dispatch::channel::<u64>(64), NONE];
        postage::dispatch::channel::<u64>(1), |tx| Sink::send(tx, 1), |rx| Stream::recv(rx)),
    kind!("futures",
        [NONE, futures::channel::mpsc::channel::<u64>(64), futures::channel::mpsc::unbounded::<u64>()];
        futures::channel::mpsc::channel::<u64>(1), |tx| SinkExt::feed(tx, 1), |rx| StreamExt::next(rx)),
    kind!("std",
        [std::sync::mpsc::sync_channel::<u64>(0), std::sync::mpsc::sync_channel::<u64>(64),
         std::sync::mpsc::channel::<u64>()]),
    kind!("async-broadcast", [NONE, async_broadcast::broadcast::<u64>(64), NONE]),
];
