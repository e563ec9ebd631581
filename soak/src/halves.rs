//! A channel whose halves are cloned, used and dropped by tasks and threads until the last ones go.

use std::future::Future;
use std::ops::Range;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use aiochan::{Chan, Receiver, Sender, nop};
use fastrand::Rng;
use futures_util::{SinkExt, StreamExt};

use crate::actor::FOR_EVER;
use crate::ledger::{self, Fate, Value};
use crate::tasks::{hurried, hurried_or_not};
use crate::world;
use crate::{planned, round, watch};

/// What is kept of a round with halves.
pub(crate) struct Halves {
    /// A handle that is kept tells in the end what became of the values, and nothing may be dropped before; without
    /// one nothing may be evicted, and the last receiver discards what is inside.
    handle: Option<Arc<Chan<Value>>>,
    evicts: bool,
    common: Arc<Common>,
}

/// What all holders share.
#[derive(Default)]
struct Common {
    operations: AtomicU64,
    /// How many have not begun to leave.
    senders: AtomicU64,
    receivers: AtomicU64,
}

/// Who has halves.
pub(crate) enum Holder {
    Sends(Sender<Value>, Side, Range<u32>),
    Receives(Receiver<Value>, Side, u32),
    /// Has the first ones, and does nothing but leave.
    Leaves(Sender<Value>, Receiver<Value>, Side),
}

/// What each has who holds a half.
pub(crate) struct Side {
    rng: Rng,
    /// Whether somebody could get what is inside when all receivers have gone.
    is_kept: bool,
    common: Arc<Common>,
}

impl Halves {
    pub(crate) fn new(rng: &mut Rng) -> (Self, Vec<Holder>) {
        let (handle, evicts) = match rng.bool().then(|| world::chan(rng)) {
            Some((chan, evicts)) => (Some(Arc::new(chan)), evicts),
            None => (None, false),
        };
        if let Some(handle) = &handle {
            watch::show(handle, |handle| format!("in halves: {handle:?}"));
        }
        let chan = handle.as_deref().cloned().unwrap_or_else(|| Chan::fixed(rng.usize(..9)));
        let is_kept = handle.is_some();
        let (sender, receiver) = chan.split();
        let common = Arc::new(Common::default());
        let side = |rng: &mut Rng| Side { rng: rng.fork(), is_kept, common: common.clone() };
        let mut holders = Vec::new();
        for _ in 0..rng.usize(1..5) {
            let numbers = ledger::reserve(rng.u32(1..1000));
            holders.push(Holder::Sends(sender.clone(), side(rng), numbers));
        }
        for _ in 0..rng.usize(1..5) {
            let count = rng.u32(1..2000);
            holders.push(Holder::Receives(receiver.clone(), side(rng), count));
        }
        holders.push(Holder::Leaves(sender, receiver, side(rng)));
        for holder in &holders {
            if !matches!(holder, Holder::Receives(..)) {
                common.senders.fetch_add(1, Ordering::SeqCst);
            }
            if !matches!(holder, Holder::Sends(..)) {
                common.receivers.fetch_add(1, Ordering::SeqCst);
            }
        }
        (Self { handle, evicts, common }, holders)
    }

    /// Nobody waits for what is there, as far as it can be seen.
    pub(crate) fn assert_nobody_waits_in_vain(&self) {
        self.handle.iter().for_each(|handle| world::assert_nobody_waits_in_vain(handle));
    }

    /// To be called when all have left: every value has come to an end, and every figure is right.
    pub(crate) fn settle(self) -> round::Figures {
        let mut evicted = 0;
        if let Some(handle) = self.handle {
            let stats = handle.stats();
            evicted = stats.evicted;
            let inside = stats.len as u64;
            if stats.parked_gets + stats.parked_puts > 0
                || stats.delivered() != ledger::count(Fate::Got)
                || inside != ledger::count(Fate::Under)
            {
                ledger::fault(&format!("the figures are not what was seen: {stats:?}"));
            }
            ledger::dropping(Fate::Discarded, || drop(handle));
            if ledger::count(Fate::Discarded) != inside {
                ledger::fault("what was inside was not dropped with the channel");
            }
        }
        let seen = ledger::count(Fate::Evicted);
        if evicted != seen || evicted > 0 && !self.evicts {
            ledger::fault(&format!("{seen} values were dropped, {evicted} counted as evicted"));
        }
        let under = ledger::count(Fate::Under);
        if under > 0 {
            ledger::fault(&format!("{under} values are lost"));
        }
        round::Figures {
            operations: self.common.operations.load(Ordering::Relaxed),
            values: ledger::made(),
        }
    }
}

impl Holder {
    /// Does what it is there for, in a task.
    pub(crate) fn act(self) -> Pin<Box<dyn Future<Output = ()> + Send>> {
        match self {
            Self::Sends(sender, side, numbers) => Box::pin(send(sender, side, numbers)),
            Self::Receives(receiver, side, count) => Box::pin(receive(receiver, side, count)),
            Self::Leaves(sender, receiver, side) => Box::pin(leave(sender, receiver, side)),
        }
    }
}

impl Side {
    fn acts(&self) {
        self.common.operations.fetch_add(1, Ordering::Relaxed);
    }

    /// Nobody closes it: it is closed when all halves of one kind have gone.
    fn finds_it_closed(&self) {
        let [senders, receivers] = [&self.common.senders, &self.common.receivers]
            .map(|count| count.load(Ordering::SeqCst));
        if senders > 0 && receivers > 0 {
            ledger::fault(&format!("it is closed, but {senders} send and {receivers} receive"));
        }
    }

    /// With the sender may go an item that was not sent yet, if it has one.
    fn leave_sending(&self, sender: Sender<Value>, is_sending: bool) {
        self.common.senders.fetch_sub(1, Ordering::SeqCst);
        let withdrawn =
            planned::caught(|| ledger::counting(Fate::Withdrawn, || drop(sender))).unwrap_or(0);
        if withdrawn > u64::from(is_sending) {
            ledger::fault(&format!("{withdrawn} values went with a sender"));
        }
    }

    /// The last receiver discards what nobody can get any more.
    fn leave_receiving(&self, receiver: Receiver<Value>) {
        self.common.receivers.fetch_sub(1, Ordering::SeqCst);
        let discarded = planned::caught(|| ledger::counting(Fate::Discarded, || drop(receiver)));
        let left = self.common.receivers.load(Ordering::SeqCst);
        if discarded != Some(0) && (self.is_kept || left > 0) {
            ledger::fault(&format!("values are discarded that {left} receivers could have"));
        }
    }
}

/// Sends some values, then leaves.
async fn send(mut sender: Sender<Value>, mut side: Side, numbers: Range<u32>) {
    // Whether a value may be on its way that was sent by a future that is gone.
    let mut is_sending = false;
    for number in numbers {
        side.acts();
        let value = ledger::make(number);
        let polls = side.rng.u8(..8);
        let refused = match side.rng.u8(..5) {
            0 => sender.try_put(value).err().map(aiochan::TryPutError::into_inner),
            1 if !is_sending => {
                let sent = hurried_or_not(polls, Fate::Withdrawn, sender.send(value)).await;
                is_sending = sent.is_none();
                sent.and_then(Result::err).map(|error| error.0)
            }
            2 => {
                let put = hurried(polls, Fate::Withdrawn, sender.put(value)).await;
                put.and_then(Result::err).map(|error| error.0)
            }
            _ => sender.put(value).await.err().map(|error| error.0),
        };
        if let Some(value) = refused {
            value.back();
            if sender.is_closed() {
                side.finds_it_closed();
                break;
            }
        }
        match side.rng.u8(..16) {
            0 | 1 => nop().await,
            2 if is_sending => {
                is_sending = false;
                if let Err(error) = sender.flush().await {
                    error.0.back();
                }
            }
            3 if !is_sending => move_on(&mut sender),
            _ => {}
        }
    }
    side.leave_sending(sender, is_sending);
}

/// Receives some values, then leaves; the last to leave discards what is inside.
async fn receive(mut receiver: Receiver<Value>, mut side: Side, count: u32) {
    for _ in 0..count {
        side.acts();
        let polls = side.rng.u8(..8);
        let value = match side.rng.u8(..5) {
            0 => receiver.try_get().ok(),
            1 => match receiver.chan().try_lease() {
                Ok(lease) if side.rng.bool() => Some(lease.take()),
                Ok(lease) => {
                    ledger::dropping(Fate::Lost, || drop(lease));
                    None
                }
                Err(_) => None,
            },
            2 => {
                let next = hurried_or_not(polls, Fate::Lost, receiver.next()).await;
                if next.is_none() {
                    // It waits still, and must not be handed what another get of this task is to have.
                    move_on(&mut receiver);
                }
                next.flatten()
            }
            3 => hurried_or_not(polls, Fate::Lost, receiver.get()).await.flatten(),
            _ => receiver.get().await,
        };
        match value {
            Some(value) => value.got(),
            None if receiver.is_closed() => {
                side.finds_it_closed();
                break;
            }
            None => nop().await,
        }
        if side.rng.u8(..16) == 0 {
            move_on(&mut receiver);
        }
    }
    side.leave_receiving(receiver);
}

/// Drops a half when it has been cloned: nothing is out of reach.
fn move_on<H: Clone>(half: &mut H) {
    let other = half.clone();
    ledger::dropping(Fate::Lost, || *half = other);
}

/// Leaves after a while.
async fn leave(sender: Sender<Value>, receiver: Receiver<Value>, mut side: Side) {
    for _ in 0..side.rng.u8(..20) {
        nop().await;
    }
    side.leave_sending(sender, false);
    nop().await;
    side.leave_receiving(receiver);
}

/// As [`receive`], in a thread that loses patience.
pub(crate) fn receive_blocking(receiver: Receiver<Value>, mut side: Side, count: u32) {
    let is_patient = side.rng.bool();
    for _ in 0..count {
        side.acts();
        let patience = match is_patient {
            true => FOR_EVER,
            false => Duration::from_micros(side.rng.u64(..100)),
        };
        match receiver.get_timeout(patience) {
            Ok(value) => value.got(),
            Err(aiochan::GetTimeoutError::Closed) => {
                side.finds_it_closed();
                break;
            }
            Err(aiochan::GetTimeoutError::Timeout) => {}
        }
    }
    side.leave_receiving(receiver);
}
