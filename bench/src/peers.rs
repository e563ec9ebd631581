//! Every channel under one face, with its own defaults.

use std::future::Future;

/// A channel crate. `None` where it has no such channel.
pub trait Peer: 'static {
    const NAME: &'static str;
    type Tx: Clone + Send + 'static;
    type Rx: Clone + Send + 'static;

    /// A channel of the given capacity; `None` is unbounded.
    fn make(capacity: Option<usize>) -> Option<(Self::Tx, Self::Rx)>;
    /// Whether there are async operations.
    const ASYNC: bool = true;
    fn send(tx: &Self::Tx, value: u64) -> impl Future<Output = ()> + Send;
    fn recv(rx: &Self::Rx) -> impl Future<Output = Option<u64>> + Send;
    fn send_blocking(tx: &Self::Tx, value: u64);
    fn recv_blocking(rx: &Self::Rx) -> Option<u64>;
    fn try_send(tx: &Self::Tx, value: u64) -> bool;
    fn try_recv(rx: &Self::Rx) -> Option<u64>;
}

pub struct Aiochan;
impl Peer for Aiochan {
    const NAME: &'static str = "aiochan";
    type Tx = aiochan::Sender<u64>;
    type Rx = aiochan::Receiver<u64>;
    fn make(capacity: Option<usize>) -> Option<(Self::Tx, Self::Rx)> {
        Some(capacity.map_or_else(aiochan::Chan::unbounded, aiochan::Chan::fixed).split())
    }
    async fn send(tx: &Self::Tx, value: u64) {
        tx.put(value).await.unwrap();
    }
    async fn recv(rx: &Self::Rx) -> Option<u64> {
        rx.get().await
    }
    fn send_blocking(tx: &Self::Tx, value: u64) {
        tx.put_blocking(value).unwrap();
    }
    fn recv_blocking(rx: &Self::Rx) -> Option<u64> {
        rx.get_blocking()
    }
    fn try_send(tx: &Self::Tx, value: u64) -> bool {
        tx.try_put(value).is_ok()
    }
    fn try_recv(rx: &Self::Rx) -> Option<u64> {
        rx.try_get().ok()
    }
}

/// kanal has two pairs of types for one channel.
pub struct Kanal;
impl Peer for Kanal {
    const NAME: &'static str = "kanal";
    type Tx = kanal::AsyncSender<u64>;
    type Rx = kanal::AsyncReceiver<u64>;
    fn make(capacity: Option<usize>) -> Option<(Self::Tx, Self::Rx)> {
        Some(capacity.map_or_else(kanal::unbounded_async, kanal::bounded_async))
    }
    async fn send(tx: &Self::Tx, value: u64) {
        tx.send(value).await.unwrap();
    }
    async fn recv(rx: &Self::Rx) -> Option<u64> {
        rx.recv().await.ok()
    }
    fn send_blocking(tx: &Self::Tx, value: u64) {
        tx.as_sync().send(value).unwrap();
    }
    fn recv_blocking(rx: &Self::Rx) -> Option<u64> {
        rx.as_sync().recv().ok()
    }
    fn try_send(tx: &Self::Tx, value: u64) -> bool {
        tx.try_send(value).unwrap()
    }
    fn try_recv(rx: &Self::Rx) -> Option<u64> {
        rx.try_recv().unwrap()
    }
}

pub struct Crossbeam;
impl Peer for Crossbeam {
    const NAME: &'static str = "crossbeam";
    const ASYNC: bool = false;
    type Tx = crossbeam_channel::Sender<u64>;
    type Rx = crossbeam_channel::Receiver<u64>;
    fn make(capacity: Option<usize>) -> Option<(Self::Tx, Self::Rx)> {
        Some(capacity.map_or_else(crossbeam_channel::unbounded, crossbeam_channel::bounded))
    }
    async fn send(_: &Self::Tx, _: u64) {
        unreachable!()
    }
    async fn recv(_: &Self::Rx) -> Option<u64> {
        unreachable!()
    }
    fn send_blocking(tx: &Self::Tx, value: u64) {
        tx.send(value).unwrap();
    }
    fn recv_blocking(rx: &Self::Rx) -> Option<u64> {
        rx.recv().ok()
    }
    fn try_send(tx: &Self::Tx, value: u64) -> bool {
        tx.try_send(value).is_ok()
    }
    fn try_recv(rx: &Self::Rx) -> Option<u64> {
        rx.try_recv().ok()
    }
}

/// crossfire's types say whether a side is async and whether the channel is bounded; this is its
/// async, many-to-many, bounded one. It has no rendezvous.
pub struct Crossfire;
impl Peer for Crossfire {
    const NAME: &'static str = "crossfire";
    type Tx = crossfire::MAsyncTx<crossfire::mpmc::Array<u64>>;
    type Rx = crossfire::MAsyncRx<crossfire::mpmc::Array<u64>>;
    fn make(capacity: Option<usize>) -> Option<(Self::Tx, Self::Rx)> {
        capacity.filter(|capacity| *capacity > 0).map(crossfire::mpmc::bounded_async)
    }
    async fn send(tx: &Self::Tx, value: u64) {
        tx.send(value).await.unwrap();
    }
    async fn recv(rx: &Self::Rx) -> Option<u64> {
        rx.recv().await.ok()
    }
    fn send_blocking(_: &Self::Tx, _: u64) {
        unreachable!()
    }
    fn recv_blocking(_: &Self::Rx) -> Option<u64> {
        unreachable!()
    }
    fn try_send(tx: &Self::Tx, value: u64) -> bool {
        tx.try_send(value).is_ok()
    }
    fn try_recv(rx: &Self::Rx) -> Option<u64> {
        rx.try_recv().ok()
    }
}

/// crossfire's blocking, many-to-many, bounded channel.
pub struct CrossfireBlocking;
impl Peer for CrossfireBlocking {
    const NAME: &'static str = "crossfire";
    const ASYNC: bool = false;
    type Tx = crossfire::MTx<crossfire::mpmc::Array<u64>>;
    type Rx = crossfire::MRx<crossfire::mpmc::Array<u64>>;
    fn make(capacity: Option<usize>) -> Option<(Self::Tx, Self::Rx)> {
        capacity.filter(|capacity| *capacity > 0).map(crossfire::mpmc::bounded_blocking)
    }
    async fn send(_: &Self::Tx, _: u64) {
        unreachable!()
    }
    async fn recv(_: &Self::Rx) -> Option<u64> {
        unreachable!()
    }
    fn send_blocking(tx: &Self::Tx, value: u64) {
        tx.send(value).unwrap();
    }
    fn recv_blocking(rx: &Self::Rx) -> Option<u64> {
        rx.recv().ok()
    }
    fn try_send(tx: &Self::Tx, value: u64) -> bool {
        tx.try_send(value).is_ok()
    }
    fn try_recv(rx: &Self::Rx) -> Option<u64> {
        rx.try_recv().ok()
    }
}
