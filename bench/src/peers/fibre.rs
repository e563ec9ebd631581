//! fibre, with a family of types for each number of senders and receivers and for each kind of buffer.

use fibre::{mpmc, mpmc_exp, mpsc, spsc};

use crate::halves::*;
use crate::message::Message;

senders! { many [
    mpmc::AsyncSender<T>, mpmc::UnboundedAsyncSender<T>, mpmc::RendezvousAsyncSender<T>,
    mpmc_exp::AsyncSender<T>,
    mpsc::BoundedAsyncSender<T>, mpsc::UnboundedAsyncSender<T>, mpsc::RendezvousAsyncSender<T>
] {
    now(tx, value) tx.try_send(value).is_ok();
    task(tx, value) tx.send(value).await.is_ok();
} }

senders! { one [spsc::BoundedAsyncSender<T>, spsc::RendezvousAsyncSender<T>] {
    now(tx, value) tx.try_send(value).is_ok();
    task(tx, value) tx.send(value).await.is_ok();
} }

senders! { many [
    mpmc::Sender<T>, mpmc::UnboundedSyncSender<T>, mpmc::RendezvousSyncSender<T>,
    mpmc_exp::Sender<T>,
    mpsc::BoundedSyncSender<T>, mpsc::UnboundedSyncSender<T>, mpsc::RendezvousSyncSender<T>
] {
    now(tx, value) tx.try_send(value).is_ok();
    thread(tx, value) tx.send(value).is_ok();
} }

senders! { one [spsc::BoundedSyncSender<T>, spsc::RendezvousSyncSender<T>] {
    now(tx, value) tx.try_send(value).is_ok();
    thread(tx, value) tx.send(value).is_ok();
} }

receivers! { many [
    mpmc::AsyncReceiver<T>, mpmc::UnboundedAsyncReceiver<T>, mpmc::RendezvousAsyncReceiver<T>,
    mpmc_exp::AsyncReceiver<T>
] {
    now(rx) rx.try_recv().ok();
    task(rx) rx.recv().await.ok();
} }

receivers! { one [
    mpsc::BoundedAsyncReceiver<T>, mpsc::UnboundedAsyncReceiver<T>, mpsc::RendezvousAsyncReceiver<T>,
    spsc::BoundedAsyncReceiver<T>, spsc::RendezvousAsyncReceiver<T>
] {
    now(rx) rx.try_recv().ok();
    task(rx) rx.recv().await.ok();
} }

receivers! { many [
    mpmc::Receiver<T>, mpmc::UnboundedSyncReceiver<T>, mpmc::RendezvousSyncReceiver<T>,
    mpmc_exp::Receiver<T>
] {
    now(rx) rx.try_recv().ok();
    thread(rx) rx.recv().ok();
} }

receivers! { one [
    mpsc::BoundedSyncReceiver<T>, mpsc::UnboundedSyncReceiver<T>, mpsc::RendezvousSyncReceiver<T>,
    spsc::BoundedSyncReceiver<T>, spsc::RendezvousSyncReceiver<T>
] {
    now(rx) rx.try_recv().ok();
    thread(rx) rx.recv().ok();
} }
