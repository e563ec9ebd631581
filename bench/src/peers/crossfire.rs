//! crossfire, whose types say how many there are of a half, whether it is for tasks, and what is inside.

use crossfire::{
    AsyncRx, AsyncTx, MAsyncRx, MAsyncTx, MRx, MTx, Rx as ThreadOneRx, Tx as ThreadOneTx,
};
use crossfire::{mpmc, mpsc, spsc};

use crate::halves::*;
use crate::message::Message;

senders! { many [MAsyncTx<mpmc::Array<T>>, MAsyncTx<mpsc::Array<T>>] {
    now(tx, value) tx.try_send(value).is_ok();
    task(tx, value) tx.send(value).await.is_ok();
} }

senders! { one [AsyncTx<spsc::Array<T>>] {
    now(tx, value) tx.try_send(value).is_ok();
    task(tx, value) tx.send(value).await.is_ok();
} }

senders! { many [MTx<mpmc::Array<T>>, MTx<mpsc::Array<T>>] {
    now(tx, value) tx.try_send(value).is_ok();
    thread(tx, value) tx.send(value).is_ok();
} }

senders! { one [ThreadOneTx<spsc::Array<T>>] {
    now(tx, value) tx.try_send(value).is_ok();
    thread(tx, value) tx.send(value).is_ok();
} }

senders! { many [MTx<mpmc::List<T>>, MTx<mpsc::List<T>>] {
    now(tx, value) tx.try_send(value).is_ok();
    task(tx, value) tx.send(value).is_ok();
    thread(tx, value) tx.send(value).is_ok();
} }

senders! { one [ThreadOneTx<spsc::List<T>>] {
    now(tx, value) tx.try_send(value).is_ok();
    task(tx, value) tx.send(value).is_ok();
    thread(tx, value) tx.send(value).is_ok();
} }

receivers! { many [MAsyncRx<mpmc::Array<T>>, MAsyncRx<mpmc::List<T>>] {
    now(rx) rx.try_recv().ok();
    task(rx) rx.recv().await.ok();
} }

// `spsc::List` is the same type as `mpsc::List`.
receivers! { one [AsyncRx<mpsc::Array<T>>, AsyncRx<spsc::Array<T>>, AsyncRx<mpsc::List<T>>] {
    now(rx) rx.try_recv().ok();
    task(rx) rx.recv().await.ok();
} }

receivers! { many [MRx<mpmc::Array<T>>, MRx<mpmc::List<T>>] {
    now(rx) rx.try_recv().ok();
    thread(rx) rx.recv().ok();
} }

receivers! { one [
    ThreadOneRx<mpsc::Array<T>>, ThreadOneRx<spsc::Array<T>>, ThreadOneRx<mpsc::List<T>>
] {
    now(rx) rx.try_recv().ok();
    thread(rx) rx.recv().ok();
} }
