//! Crates with different types for bounded and unbounded channels, or for tasks and threads: tokio, thingbuf,
//! postage, futures, std.

use futures::channel::mpsc as futures_mpsc;
use futures::{SinkExt, StreamExt};
use postage::{sink::Sink, stream::Stream};
use std::sync::mpsc as std_mpsc;
use tokio::sync::mpsc as tokio_mpsc;

use crate::halves::*;
use crate::message::Message;

senders! { many [tokio_mpsc::Sender<T>] {
    now(tx, value) tx.try_send(value).is_ok();
    task(tx, value) tx.send(value).await.is_ok();
    thread(tx, value) tx.blocking_send(value).is_ok();
} }

senders! { many [tokio_mpsc::UnboundedSender<T>] {
    now(tx, value) tx.send(value).is_ok();
    task(tx, value) tx.send(value).is_ok();
    thread(tx, value) tx.send(value).is_ok();
} }

receivers! { one [tokio_mpsc::Receiver<T>, tokio_mpsc::UnboundedReceiver<T>] {
    now(rx) rx.try_recv().ok();
    task(rx) rx.recv().await;
    thread(rx) rx.blocking_recv();
} }

// Its natural calls for large messages, which fill a slot and read it where it is; `send` and `recv` are the
// same with a move.
senders! { many [thingbuf::mpsc::Sender<T>] {
    now(tx, value) tx.try_send_ref().is_ok_and(|mut slot| { *slot = value; true });
    task(tx, value) tx.send_ref().await.is_ok_and(|mut slot| { *slot = value; true });
} }

senders! { many [thingbuf::mpsc::blocking::Sender<T>] {
    now(tx, value) tx.try_send_ref().is_ok_and(|mut slot| { *slot = value; true });
    thread(tx, value) tx.send_ref().is_ok_and(|mut slot| { *slot = value; true });
} }

macro_rules! slots {
    ($half:ty, $trait:ident $($take:tt)*) => {
        impl<T: Message> Rx for $half {
            fn another(&self) -> Option<Self> {
                None
            }
            fn try_take(&mut self) -> Option<u64> {
                Some(number_in(&*self.try_recv_ref().ok()?))
            }
        }
        impl<T: Message> $trait for $half {
            $($take)*
        }
    };
}

slots! { thingbuf::mpsc::Receiver<T>, TaskRx
    async fn take(&mut self) -> Option<u64> {
        Some(number_in(&*self.recv_ref().await?))
    }
}

slots! { thingbuf::mpsc::blocking::Receiver<T>, ThreadRx
    fn take_blocking(&mut self) -> Option<u64> {
        Some(number_in(&*self.recv_ref()?))
    }
}

senders! { many [postage::mpsc::Sender<T>, postage::dispatch::Sender<T>] {
    now(tx, value) tx.try_send(value).is_ok();
    task(tx, value) tx.send(value).await.is_ok();
    thread(tx, value) tx.blocking_send(value).is_ok();
} }

receivers! { one [postage::mpsc::Receiver<T>] {
    now(rx) rx.try_recv().ok();
    task(rx) rx.recv().await;
    thread(rx) rx.blocking_recv();
} }

receivers! { many [postage::dispatch::Receiver<T>] {
    now(rx) rx.try_recv().ok();
    task(rx) rx.recv().await;
    thread(rx) rx.blocking_recv();
} }

// Without the flush of `SinkExt::send`, which waits until the receiver has taken all there is.
senders! { many [futures_mpsc::Sender<T>] {
    now(tx, value) tx.try_send(value).is_ok();
    task(tx, value) SinkExt::feed(tx, value).await.is_ok();
} }

senders! { many [futures_mpsc::UnboundedSender<T>] {
    now(tx, value) tx.unbounded_send(value).is_ok();
    task(tx, value) tx.unbounded_send(value).is_ok();
    thread(tx, value) tx.unbounded_send(value).is_ok();
} }

receivers! { one [futures_mpsc::Receiver<T>, futures_mpsc::UnboundedReceiver<T>] {
    now(rx) rx.try_recv().ok();
    task(rx) StreamExt::next(rx).await;
} }

senders! { many [std_mpsc::SyncSender<T>] {
    now(tx, value) tx.try_send(value).is_ok();
    thread(tx, value) tx.send(value).is_ok();
} }

senders! { many [std_mpsc::Sender<T>] {
    now(tx, value) tx.send(value).is_ok();
    task(tx, value) tx.send(value).is_ok();
    thread(tx, value) tx.send(value).is_ok();
} }

receivers! { one [std_mpsc::Receiver<T>] {
    now(rx) rx.try_recv().ok();
    thread(rx) rx.recv().ok();
} }
