//! Crates with one kind of channel for everything: ours, kanal, flume, loole, async-channel, crossbeam.

use crate::halves::*;
use crate::message::Message;

senders! { many [aiochan::Sender<T>] {
    now(tx, value) tx.try_put(value).is_ok();
    task(tx, value) tx.put(value).await.is_ok();
    thread(tx, value) tx.put_blocking(value).is_ok();
} }

receivers! { many [aiochan::Receiver<T>] {
    now(rx) rx.try_get().ok();
    task(rx) rx.get().await;
    thread(rx) rx.get_blocking();
} }

// Its halves are of two types, for tasks and for threads, which turn into each other.
senders! { many [kanal::AsyncSender<T>] {
    now(tx, value) tx.try_send(value).unwrap_or(false);
    task(tx, value) tx.send(value).await.is_ok();
} }

senders! { many [kanal::Sender<T>] {
    now(tx, value) tx.try_send(value).unwrap_or(false);
    thread(tx, value) tx.send(value).is_ok();
} }

receivers! { many [kanal::AsyncReceiver<T>] {
    now(rx) rx.try_recv().ok().flatten();
    task(rx) rx.recv().await.ok();
} }

receivers! { many [kanal::Receiver<T>] {
    now(rx) rx.try_recv().ok().flatten();
    thread(rx) rx.recv().ok();
} }

senders! { many [flume::Sender<T>, loole::Sender<T>] {
    now(tx, value) tx.try_send(value).is_ok();
    task(tx, value) tx.send_async(value).await.is_ok();
    thread(tx, value) tx.send(value).is_ok();
} }

receivers! { many [flume::Receiver<T>, loole::Receiver<T>] {
    now(rx) rx.try_recv().ok();
    task(rx) rx.recv_async().await.ok();
    thread(rx) rx.recv().ok();
} }

senders! { many [async_channel::Sender<T>] {
    now(tx, value) tx.try_send(value).is_ok();
    task(tx, value) tx.send(value).await.is_ok();
    thread(tx, value) tx.send_blocking(value).is_ok();
} }

receivers! { many [async_channel::Receiver<T>] {
    now(rx) rx.try_recv().ok();
    task(rx) rx.recv().await.ok();
    thread(rx) rx.recv_blocking().ok();
} }

// Into an unbounded channel a task may send as well, since that never blocks; see `pairs`.
senders! { many [crossbeam_channel::Sender<T>] {
    now(tx, value) tx.try_send(value).is_ok();
    task(tx, value) tx.send(value).is_ok();
    thread(tx, value) tx.send(value).is_ok();
} }

receivers! { many [crossbeam_channel::Receiver<T>] {
    now(rx) rx.try_recv().ok();
    thread(rx) rx.recv().ok();
} }
