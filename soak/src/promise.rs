//! A promise that many put into: the first value is kept, everybody gets a copy of it, and all others are evicted.
//!
//! A copy is another `Arc` of the same value, so that the ledger sees one value, which ends with the channel.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aiochan::{Chan, GetTimeoutError, Outcome, PutError, Select, TryGetError, nop};
use fastrand::Rng;
use futures_util::StreamExt;

use crate::calls::Calls;
use crate::ledger::{self, Fate, Value};
use crate::round::Figures;
use crate::tasks::hurried;
use crate::{watch, world};

/// What all share.
pub(crate) struct Promise {
    chan: Chan<Arc<Value>>,
    /// The number that everybody gets.
    kept: OnceLock<u32>,
    accepted: AtomicU64,
    copies: AtomicU64,
    /// How many were told that there is nothing.
    disappointed: AtomicU64,
    operations: AtomicU64,
    calls: Arc<Calls>,
}

impl Promise {
    pub(crate) fn new() -> Arc<Self> {
        let promise = Arc::new(Self {
            chan: Chan::promise(),
            kept: OnceLock::new(),
            accepted: AtomicU64::new(0),
            copies: AtomicU64::new(0),
            disappointed: AtomicU64::new(0),
            operations: AtomicU64::new(0),
            calls: Arc::default(),
        });
        watch::show(&promise, |promise| format!("a promise: {:?}", promise.chan));
        promise
    }

    pub(crate) fn close(&self) {
        self.chan.close();
    }

    pub(crate) fn assert_nobody_waits_in_vain(&self) {
        world::assert_nobody_waits_in_vain(&self.chan);
    }

    fn acts(&self) {
        self.operations.fetch_add(1, Ordering::Relaxed);
    }

    fn put(&self, result: Result<(), PutError<Arc<Value>>>) {
        match result {
            Ok(()) => {
                self.accepted.fetch_add(1, Ordering::SeqCst);
            }
            Err(error) => back(error.0),
        }
    }

    fn got(&self, copy: Option<Arc<Value>>) {
        let Some(copy) = copy else {
            self.disappointed.fetch_add(1, Ordering::SeqCst);
            return;
        };
        self.copies.fetch_add(1, Ordering::SeqCst);
        let (number, kept) = (copy.number(), *self.kept.get_or_init(|| copy.number()));
        if number != kept {
            ledger::fault(&format!("a promise gave out {number} and {kept}"));
        }
    }

    fn selected(&self, outcome: Outcome<Arc<Value>>) {
        match outcome {
            Outcome::Got(copy) => self.got(copy),
            Outcome::Put(result) => self.put(result),
        }
    }

    /// To be called when it is closed and all have ended: every value but one was evicted, or came back.
    pub(crate) fn settle(self: Arc<Self>) -> Figures {
        let Some(this) = Arc::into_inner(self) else {
            ledger::fault("somebody still waits for a promise that is closed")
        };
        this.calls.assert_complete(0);
        let stats = this.chan.stats();
        let accepted = this.accepted.into_inner();
        let kept = accepted.min(1);
        if stats.parked_gets + stats.parked_puts > 0
            || stats.len as u64 != kept
            || stats.delivered() != this.copies.into_inner()
            || stats.evicted != accepted - kept
            || stats.evicted != ledger::count(Fate::Evicted)
        {
            ledger::fault(&format!("{accepted} puts into a promise came to {stats:?}"));
        }
        let disappointed = this.disappointed.into_inner();
        if kept > 0 && disappointed > 0 {
            ledger::fault(&format!("{disappointed} gets were told that a kept promise is not"));
        }
        if ledger::count(Fate::Under) != kept {
            ledger::fault("a promise has not kept one value");
        }
        ledger::dropping(Fate::Discarded, || drop(this.chan));
        if ledger::count(Fate::Discarded) != kept {
            ledger::fault("what a promise kept was not dropped with it");
        }
        Figures { operations: this.operations.into_inner(), values: ledger::made() }
    }
}

fn back(value: Arc<Value>) {
    match Arc::into_inner(value) {
        Some(value) => value.back(),
        None => ledger::fault("a value that was refused was copied"),
    }
}

/// Puts some values, each in another way.
pub(crate) async fn put(promise: Arc<Promise>, mut rng: Rng) {
    let c = &promise.chan;
    for number in ledger::reserve(rng.u32(1..100)) {
        // Most of them come late.
        while rng.u8(..4) == 0 {
            nop().await;
        }
        promise.acts();
        let value = Arc::new(ledger::make(number));
        match rng.u8(..6) {
            0 => promise.put(c.try_put(value).map_err(|error| PutError(error.into_inner()))),
            1 => {
                let put = hurried(rng.u8(..2), Fate::Withdrawn, c.put(value)).await;
                put.into_iter().for_each(|result| promise.put(result));
            }
            2 => {
                let own = promise.clone();
                let refused = promise.calls.put_with(c, value, move |result| own.put(result));
                refused.into_iter().for_each(back);
            }
            3 => match c.add([value]) {
                Ok(_) => promise.put(Ok(())),
                Err(error) => error.into_inner().into_iter().for_each(back),
            },
            4 => {
                let selected = Select::new().put(c, value).get(c).await;
                promise.selected(selected.outcome);
                selected.unsent.into_iter().for_each(|(_, value)| back(value));
            }
            _ => promise.put(c.put(value).await),
        }
    }
}

/// Gets some copies, each in another way.
pub(crate) async fn get(promise: Arc<Promise>, mut rng: Rng) {
    let c = &promise.chan;
    for _ in 0..rng.u32(1..300) {
        promise.acts();
        match rng.u8(..9) {
            0 => match c.try_get() {
                Ok(copy) => promise.got(Some(copy)),
                Err(TryGetError::Closed) => promise.got(None),
                Err(TryGetError::Empty) => nop().await,
            },
            1 => {
                let got = hurried(rng.u8(..3), Fate::Lost, c.get()).await;
                got.into_iter().for_each(|copy| promise.got(copy));
            }
            2 => {
                let own = promise.clone();
                promise.calls.get_with(c, move |copy| own.got(copy));
            }
            3 => match c.try_lease() {
                Ok(lease) => {
                    // It counts as delivered, whether it is taken or not.
                    promise.got(Some(lease.clone()));
                    ledger::dropping(Fate::Lost, || drop(lease));
                }
                Err(TryGetError::Closed) => promise.got(None),
                Err(TryGetError::Empty) => {}
            },
            4 => {
                let mut stream = c.stream();
                let next = hurried(rng.u8(..3), Fate::Lost, stream.next()).await;
                next.into_iter().for_each(|copy| promise.got(copy));
                ledger::dropping(Fate::Lost, || drop(stream));
            }
            5 => {
                let mut copies = Vec::new();
                if c.get_many(&mut copies, rng.usize(1..4)).await == 0 {
                    promise.got(None);
                }
                copies.into_iter().for_each(|copy| promise.got(Some(copy)));
            }
            6 => {
                let select = Select::new().get(c).get(c).into_future();
                if let Some(selected) = hurried(rng.u8(..3), Fate::Lost, select).await {
                    promise.selected(selected.outcome);
                }
            }
            7 => nop().await,
            _ => promise.got(c.get().await),
        }
    }
}

/// As [`get`], in a thread.
pub(crate) fn get_blocking(promise: &Promise, mut rng: Rng) {
    for _ in 0..rng.u32(1..300) {
        promise.acts();
        if rng.bool() {
            promise.got(promise.chan.get_blocking());
            continue;
        }
        match promise.chan.get_timeout(Duration::from_micros(rng.u64(..50))) {
            Ok(copy) => promise.got(Some(copy)),
            Err(GetTimeoutError::Closed) => promise.got(None),
            Err(GetTimeoutError::Timeout) => {}
        }
    }
}
