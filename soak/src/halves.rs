//! A channel whose halves are cloned, used and dropped by tasks and threads until the last ones go.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aiochan::{Receiver, Sender, nop};
use fastrand::Rng;
use futures_util::{SinkExt, StreamExt};

use crate::ledger::{self, Fate, Value};
use crate::planned;

/// What each has who holds a half.
pub(crate) struct Side {
    pub(crate) rng: Rng,
    /// What may become of values when the half is dropped.
    pub(crate) leaving: Fate,
    pub(crate) operations: Arc<AtomicU64>,
}

impl Side {
    fn acts(&self) {
        self.operations.fetch_add(1, Ordering::Relaxed);
    }

    fn leave<H>(&self, handle: H) {
        planned::caught(|| ledger::dropping(self.leaving, || drop(handle)));
    }
}

/// Sends some values, then leaves.
pub(crate) async fn send(mut sender: Sender<Value>, mut side: Side, numbers: Range<u32>) {
    for number in numbers {
        side.acts();
        let value = ledger::make(number);
        let refused = match side.rng.u8(..4) {
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
        if side.rng.u8(..8) == 0 {
            nop().await;
        }
    }
    side.leave(sender);
}

/// Receives some values, then leaves; the last to leave discards what is inside.
pub(crate) async fn receive(mut receiver: Receiver<Value>, mut side: Side, count: u32) {
    for _ in 0..count {
        side.acts();
        let value = match side.rng.u8(..4) {
            0 => receiver.try_get().ok(),
            1 => match receiver.chan().try_lease() {
                Ok(lease) if side.rng.bool() => Some(lease.take()),
                Ok(lease) => {
                    ledger::dropping(Fate::Lost, || drop(lease));
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
    side.leave(receiver);
}

/// As [`receive`], in a thread that loses patience.
pub(crate) fn receive_blocking(receiver: Receiver<Value>, mut side: Side, count: u32) {
    for _ in 0..count {
        side.acts();
        match receiver.get_timeout(Duration::from_micros(side.rng.u64(..100))) {
            Ok(value) => value.got(),
            Err(aiochan::GetTimeoutError::Closed) => break,
            Err(aiochan::GetTimeoutError::Timeout) => {}
        }
    }
    side.leave(receiver);
}
