//! Every channel under one face, with its own defaults and its own natural calls.

use std::future::Future;

use futures::{SinkExt, StreamExt};
use postage::{sink::Sink as _, stream::Stream as _};

use crate::message::Message;

/// A channel crate, or one of its kinds of channel. What it cannot do it says, and is left out there.
pub trait Peer<T: Message>: 'static {
    const NAME: &'static str;
    /// Whether tasks, and whether threads, can send and receive.
    const ASYNC: bool = false;
    const BLOCKING: bool = false;
    /// Whether there are attempts that never wait.
    const TRIES: bool = false;
    type Tx: Clone + Send + 'static;
    type Rx: Send + 'static;

    /// A channel of that capacity; `None` is unbounded. Nothing if there is no such channel.
    fn make(capacity: Option<usize>) -> Option<(Self::Tx, Self::Rx)>;
    /// One more receiver. Nothing if there can be only one.
    fn another(rx: &Self::Rx) -> Option<Self::Rx>;

    fn send(_tx: &mut Self::Tx, _value: T) -> impl Future<Output = bool> + Send {
        async { unreachable!() }
    }
    fn recv(_rx: &mut Self::Rx) -> impl Future<Output = Option<T>> + Send {
        async { unreachable!() }
    }
    fn send_blocking(_tx: &mut Self::Tx, _value: T) -> bool {
        unreachable!()
    }
    fn recv_blocking(_rx: &mut Self::Rx) -> Option<T> {
        unreachable!()
    }
    fn try_send(_tx: &mut Self::Tx, _value: T) -> bool {
        unreachable!()
    }
    fn try_recv(_rx: &mut Self::Rx) -> Option<T> {
        unreachable!()
    }
}

macro_rules! peer {
    (
        $peer:ident $name:literal $tx:ty, $rx:ty;
        make($capacity:ident) $make:expr;
        another($more:pat) $another:expr;
        $(async send($at:ident, $av:ident) $asend:expr; recv($ar:ident) $arecv:expr;)?
        $(blocking send($bt:ident, $bv:ident) $bsend:expr; recv($br:ident) $brecv:expr;)?
        $(try send($tt:ident, $tv:ident) $tsend:expr; recv($tr:ident) $trecv:expr;)?
    ) => {
        pub struct $peer;
        impl<T: Message> Peer<T> for $peer {
            const NAME: &'static str = $name;
            type Tx = $tx;
            type Rx = $rx;
            fn make($capacity: Option<usize>) -> Option<(Self::Tx, Self::Rx)> {
                $make
            }
            fn another($more: &Self::Rx) -> Option<Self::Rx> {
                $another
            }
            $(
                const ASYNC: bool = true;
                async fn send($at: &mut Self::Tx, $av: T) -> bool {
                    $asend
                }
                async fn recv($ar: &mut Self::Rx) -> Option<T> {
                    $arecv
                }
            )?
            $(
                const BLOCKING: bool = true;
                fn send_blocking($bt: &mut Self::Tx, $bv: T) -> bool {
                    $bsend
                }
                fn recv_blocking($br: &mut Self::Rx) -> Option<T> {
                    $brecv
                }
            )?
            $(
                const TRIES: bool = true;
                fn try_send($tt: &mut Self::Tx, $tv: T) -> bool {
                    $tsend
                }
                fn try_recv($tr: &mut Self::Rx) -> Option<T> {
                    $trecv
                }
            )?
        }
    };
}

/// For channels that hold at least one value and have no unbounded form.
fn at_least_one<C>(capacity: Option<usize>, make: impl FnOnce(usize) -> C) -> Option<C> {
    capacity.filter(|capacity| *capacity > 0).map(make)
}

/// For channels that hold at least one value.
fn not_rendezvous<C>(
    capacity: Option<usize>,
    bounded: impl FnOnce(usize) -> C,
    unbounded: impl FnOnce() -> C,
) -> Option<C> {
    match capacity {
        None => Some(unbounded()),
        Some(0) => None,
        Some(capacity) => Some(bounded(capacity)),
    }
}

peer! { Aiochan "aiochan" aiochan::Sender<T>, aiochan::Receiver<T>;
    make(capacity) Some(capacity.map_or_else(aiochan::Chan::unbounded, aiochan::Chan::fixed).split());
    another(rx) Some(rx.clone());
    async send(tx, value) tx.put(value).await.is_ok(); recv(rx) rx.get().await;
    blocking send(tx, value) tx.put_blocking(value).is_ok(); recv(rx) rx.get_blocking();
    try send(tx, value) tx.try_put(value).is_ok(); recv(rx) rx.try_get().ok();
}

// One channel has two pairs of types, which cost nothing to turn into each other.
peer! { Kanal "kanal" kanal::AsyncSender<T>, kanal::AsyncReceiver<T>;
    make(capacity) Some(capacity.map_or_else(kanal::unbounded_async, kanal::bounded_async));
    another(rx) Some(rx.clone());
    async send(tx, value) tx.send(value).await.is_ok(); recv(rx) rx.recv().await.ok();
    blocking send(tx, value) tx.as_sync().send(value).is_ok(); recv(rx) rx.as_sync().recv().ok();
    try send(tx, value) tx.try_send(value).unwrap_or(false); recv(rx) rx.try_recv().ok().flatten();
}

// crossfire's types say whether a side is async and what is inside. It has no rendezvous.
peer! { Crossfire "crossfire" crossfire::MAsyncTx<crossfire::mpmc::Array<T>>, crossfire::MAsyncRx<crossfire::mpmc::Array<T>>;
    make(capacity) at_least_one(capacity, crossfire::mpmc::bounded_async);
    another(rx) Some(rx.clone());
    async send(tx, value) tx.send(value).await.is_ok(); recv(rx) rx.recv().await.ok();
    try send(tx, value) tx.try_send(value).is_ok(); recv(rx) rx.try_recv().ok();
}

peer! { CrossfireBlocking "crossfire" crossfire::MTx<crossfire::mpmc::Array<T>>, crossfire::MRx<crossfire::mpmc::Array<T>>;
    make(capacity) at_least_one(capacity, crossfire::mpmc::bounded_blocking);
    another(rx) Some(rx.clone());
    blocking send(tx, value) tx.send(value).is_ok(); recv(rx) rx.recv().ok();
}

peer! { Crossbeam "crossbeam" crossbeam_channel::Sender<T>, crossbeam_channel::Receiver<T>;
    make(capacity) Some(capacity.map_or_else(crossbeam_channel::unbounded, crossbeam_channel::bounded));
    another(rx) Some(rx.clone());
    blocking send(tx, value) tx.send(value).is_ok(); recv(rx) rx.recv().ok();
    try send(tx, value) tx.try_send(value).is_ok(); recv(rx) rx.try_recv().ok();
}

peer! { Flume "flume" flume::Sender<T>, flume::Receiver<T>;
    make(capacity) Some(capacity.map_or_else(flume::unbounded, flume::bounded));
    another(rx) Some(rx.clone());
    async send(tx, value) tx.send_async(value).await.is_ok(); recv(rx) rx.recv_async().await.ok();
    blocking send(tx, value) tx.send(value).is_ok(); recv(rx) rx.recv().ok();
    try send(tx, value) tx.try_send(value).is_ok(); recv(rx) rx.try_recv().ok();
}

peer! { Loole "loole" loole::Sender<T>, loole::Receiver<T>;
    make(capacity) Some(capacity.map_or_else(loole::unbounded, loole::bounded));
    another(rx) Some(rx.clone());
    async send(tx, value) tx.send_async(value).await.is_ok(); recv(rx) rx.recv_async().await.ok();
    blocking send(tx, value) tx.send(value).is_ok(); recv(rx) rx.recv().ok();
    try send(tx, value) tx.try_send(value).is_ok(); recv(rx) rx.try_recv().ok();
}

peer! { Fibre "fibre" fibre::mpmc::AsyncSender<T>, fibre::mpmc::AsyncReceiver<T>;
    make(capacity) at_least_one(capacity, fibre::mpmc::bounded_async);
    another(rx) Some(rx.clone());
    async send(tx, value) tx.send(value).await.is_ok(); recv(rx) rx.recv().await.ok();
    try send(tx, value) tx.try_send(value).is_ok(); recv(rx) rx.try_recv().ok();
}

peer! { FibreBlocking "fibre" fibre::mpmc::Sender<T>, fibre::mpmc::Receiver<T>;
    make(capacity) at_least_one(capacity, fibre::mpmc::bounded);
    another(rx) Some(rx.clone());
    blocking send(tx, value) tx.send(value).is_ok(); recv(rx) rx.recv().ok();
}

peer! { FibreRendezvous "fibre" fibre::mpmc::RendezvousAsyncSender<T>, fibre::mpmc::RendezvousAsyncReceiver<T>;
    make(capacity) (capacity == Some(0)).then(fibre::mpmc::rendezvous::rendezvous_async);
    another(rx) Some(rx.clone());
    async send(tx, value) tx.send(value).await.is_ok(); recv(rx) rx.recv().await.ok();
}

peer! { FibreRendezvousBlocking "fibre" fibre::mpmc::RendezvousSyncSender<T>, fibre::mpmc::RendezvousSyncReceiver<T>;
    make(capacity) (capacity == Some(0)).then(fibre::mpmc::rendezvous::rendezvous);
    another(rx) Some(rx.clone());
    blocking send(tx, value) tx.send(value).is_ok(); recv(rx) rx.recv().ok();
}

peer! { FibreUnbounded "fibre" fibre::mpmc::UnboundedAsyncSender<T>, fibre::mpmc::UnboundedAsyncReceiver<T>;
    make(capacity) capacity.is_none().then(fibre::mpmc::unbounded_async);
    another(rx) Some(rx.clone());
    async send(tx, value) tx.send(value).await.is_ok(); recv(rx) rx.recv().await.ok();
}

peer! { FibreUnboundedBlocking "fibre" fibre::mpmc::UnboundedSyncSender<T>, fibre::mpmc::UnboundedSyncReceiver<T>;
    make(capacity) capacity.is_none().then(fibre::mpmc::unbounded);
    another(rx) Some(rx.clone());
    blocking send(tx, value) tx.send(value).is_ok(); recv(rx) rx.recv().ok();
}

peer! { AsyncChannel "async-channel" async_channel::Sender<T>, async_channel::Receiver<T>;
    make(capacity) not_rendezvous(capacity, async_channel::bounded, async_channel::unbounded);
    another(rx) Some(rx.clone());
    async send(tx, value) tx.send(value).await.is_ok(); recv(rx) rx.recv().await.ok();
    blocking send(tx, value) tx.send_blocking(value).is_ok(); recv(rx) rx.recv_blocking().ok();
    try send(tx, value) tx.try_send(value).is_ok(); recv(rx) rx.try_recv().ok();
}

peer! { Tokio "tokio" tokio::sync::mpsc::Sender<T>, tokio::sync::mpsc::Receiver<T>;
    make(capacity) at_least_one(capacity, tokio::sync::mpsc::channel);
    another(_) None;
    async send(tx, value) tx.send(value).await.is_ok(); recv(rx) rx.recv().await;
    blocking send(tx, value) tx.blocking_send(value).is_ok(); recv(rx) rx.blocking_recv();
    try send(tx, value) tx.try_send(value).is_ok(); recv(rx) rx.try_recv().ok();
}

peer! { TokioUnbounded "tokio" tokio::sync::mpsc::UnboundedSender<T>, tokio::sync::mpsc::UnboundedReceiver<T>;
    make(capacity) capacity.is_none().then(tokio::sync::mpsc::unbounded_channel);
    another(_) None;
    async send(tx, value) tx.send(value).is_ok(); recv(rx) rx.recv().await;
    blocking send(tx, value) tx.send(value).is_ok(); recv(rx) rx.blocking_recv();
}

peer! { Thingbuf "thingbuf" thingbuf::mpsc::Sender<T>, thingbuf::mpsc::Receiver<T>;
    make(capacity) at_least_one(capacity, thingbuf::mpsc::channel);
    another(_) None;
    async send(tx, value) tx.send(value).await.is_ok(); recv(rx) rx.recv().await;
    try send(tx, value) tx.try_send(value).is_ok(); recv(rx) rx.try_recv().ok();
}

peer! { ThingbufBlocking "thingbuf" thingbuf::mpsc::blocking::Sender<T>, thingbuf::mpsc::blocking::Receiver<T>;
    make(capacity) at_least_one(capacity, thingbuf::mpsc::blocking::channel);
    another(_) None;
    blocking send(tx, value) tx.send(value).is_ok(); recv(rx) rx.recv();
}

peer! { Postage "postage" postage::mpsc::Sender<T>, postage::mpsc::Receiver<T>;
    make(capacity) at_least_one(capacity, postage::mpsc::channel);
    another(_) None;
    async send(tx, value) postage::sink::Sink::send(tx, value).await.is_ok(); recv(rx) postage::stream::Stream::recv(rx).await;
    blocking send(tx, value) tx.blocking_send(value).is_ok(); recv(rx) rx.blocking_recv();
}

// Its capacity is that plus one for each sender.
peer! { Futures "futures" futures::channel::mpsc::Sender<T>, futures::channel::mpsc::Receiver<T>;
    make(capacity) at_least_one(capacity, futures::channel::mpsc::channel);
    another(_) None;
    async send(tx, value) SinkExt::send(tx, value).await.is_ok(); recv(rx) rx.next().await;
    try send(tx, value) tx.try_send(value).is_ok(); recv(rx) rx.try_recv().ok();
}

peer! { Std "std" std::sync::mpsc::SyncSender<T>, std::sync::mpsc::Receiver<T>;
    make(capacity) capacity.map(std::sync::mpsc::sync_channel);
    another(_) None;
    blocking send(tx, value) tx.send(value).is_ok(); recv(rx) rx.recv().ok();
    try send(tx, value) tx.try_send(value).is_ok(); recv(rx) rx.try_recv().ok();
}

peer! { StdUnbounded "std" std::sync::mpsc::Sender<T>, std::sync::mpsc::Receiver<T>;
    make(capacity) capacity.is_none().then(std::sync::mpsc::channel);
    another(_) None;
    blocking send(tx, value) tx.send(value).is_ok(); recv(rx) rx.recv().ok();
}
