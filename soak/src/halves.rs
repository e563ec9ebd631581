//! A channel whose halves are cloned, used and dropped by tasks and threads until the last ones go.

use std::time::Duration;

use aiochan::{Receiver, Sender, nop};
use fastrand::Rng;
use futures_util::{SinkExt, StreamExt};

use crate::ledger::{self, Fate, Value};
use crate::planned;

/// Sends some values, then leaves.
pub(crate) async fn send(mut sender: Sender<Value>, mut rng: Rng, numbers: std::ops::Range<u32>) {
    for number in numbers {
        let value = ledger::make(number);
        let refused = match rng.u8(..4) {
            0 => sender.try_put(value).err().map(aiochan::TryPutError::into_inner),
            1 => sender.send(value).await.err().map(|error| error.0),
            _ => sender.put(value).await.err().map(|error| error.0),
        };
        if let Some(value) = refused {
            value.back();
            if sender.is_closed() {
                break;
            }
        }
        if rng.u8(..8) == 0 {
            nop().await;
        }
    }
    leave(sender);
}

/// Receives some values, then leaves; the last to leave discards what is inside.
pub(crate) async fn receive(mut receiver: Receiver<Value>, mut rng: Rng, count: u32) {
    for _ in 0..count {
        let value = match rng.u8(..4) {
            0 => receiver.try_get().ok(),
            1 => match receiver.chan().try_lease() {
                Ok(lease) if rng.bool() => Some(lease.take()),
                Ok(lease) => {
                    leave(lease);
                    None
                }
                Err(_) => None,
            },
            2 => receiver.next().await,
            _ => receiver.get().await,
        };
        match value {
            Some(value) => value.got(),
            None if receiver.is_closed() => break,
            None => nop().await,
        }
    }
    leave(receiver);
}

/// As [`receive`], in a thread that loses patience.
pub(crate) fn receive_blocking(receiver: Receiver<Value>, mut rng: Rng, count: u32) {
    for _ in 0..count {
        match receiver.get_timeout(Duration::from_micros(rng.u64(..100))) {
            Ok(value) => value.got(),
            Err(aiochan::GetTimeoutError::Closed) => break,
            Err(aiochan::GetTimeoutError::Timeout) => {}
        }
    }
    leave(receiver);
}

/// Drops a handle, and perhaps with it what nobody else can reach.
fn leave<H>(handle: H) {
    planned::caught(|| ledger::dropping(Fate::Discarded, || drop(handle)));
}
