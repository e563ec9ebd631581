//! The channels of a round, and what must be true of them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aiochan::{Chan, Select};
use fastrand::Rng;
use futures_util::FutureExt;

use crate::calls::Calls;
use crate::fifo::Fifo;
use crate::items::{self, Items};
use crate::ledger::{self, Fate, Value};
use crate::{planned, watch};

/// Who waits for the end of a channel.
pub(crate) type Watcher = Pin<Box<dyn Future<Output = ()> + Send>>;

/// What the actors of a round share.
#[derive(Debug)]
pub(crate) struct World {
    /// From sources to sinks: who passes values on, passes them to a later channel.
    pub(crate) chans: Vec<Chan<Value>>,
    /// Which of them are over iterators.
    items: Vec<(usize, Items)>,
    /// Which of them may evict values.
    evicting: Vec<usize>,
    pub(crate) calls: Arc<Calls>,
    /// Whether time passes by itself, and threads run at the same time.
    pub(crate) is_real: bool,
    /// Whether no timeout comes: none makes up for a wake that was missed.
    pub(crate) is_patient: bool,
    pub(crate) operations: AtomicU64,
    /// How often a value was got.
    pub(crate) deliveries: AtomicU64,
}

impl World {
    /// Between one channel and six, with buffers as chance has it.
    pub(crate) fn new(rng: &mut Rng, is_real: bool) -> Arc<Self> {
        let (mut items, mut evicting) = (Vec::new(), Vec::new());
        let chans = (0..rng.usize(1..=6)).map(|at| {
            if rng.u8(..8) == 0 {
                let (chan, made) = items::chan(rng);
                items.push((at, made));
                return chan;
            }
            let (chan, evicts) = chan(rng);
            evicting.extend(evicts.then_some(at));
            chan
        });
        let world = Arc::new(Self {
            chans: chans.collect(),
            items,
            evicting,
            calls: Arc::default(),
            is_real,
            is_patient: rng.bool(),
            operations: AtomicU64::new(0),
            deliveries: AtomicU64::new(0),
        });
        for at in 0..world.chans.len() {
            watch::show(&world, move |world| world.state(at));
        }
        world
    }

    /// What is seen of one channel.
    fn state(&self, at: usize) -> String {
        let state = format!("{at}: {:?}", self.chans[at]);
        let items = self.items.iter().find(|(other, _)| *other == at);
        items.map_or(state.clone(), |(_, items)| format!("{state} over {items:?}"))
    }

    /// Some who wait for the ends of channels, and have to be told.
    pub(crate) fn watchers(self: &Arc<Self>, rng: &mut Rng) -> Vec<Watcher> {
        let mut watchers: Vec<Watcher> = Vec::new();
        for at in 0..self.chans.len() {
            let wait_for = |join: bool| {
                let world = self.clone();
                async move {
                    let c = &world.chans[at];
                    if join {
                        c.join().await
                    } else {
                        c.closed().await
                    }
                    if !c.is_closed() {
                        ledger::fault(&format!("its end was told, but it is open: {c:?}"));
                    }
                }
            };
            for join in [true, false] {
                if rng.bool() {
                    watchers.push(Box::pin(wait_for(join)));
                }
            }
        }
        watchers
    }

    /// Gets what is left in channels that are closed: whoever was to get it may have given it back. What an iterator
    /// has not made yet is left to others.
    pub(crate) fn drain_closed(&self) {
        for c in self.chans.iter().filter(|c| c.is_closed()) {
            while has_values(c) {
                match planned::caught(|| c.try_get()) {
                    Some(Ok(value)) => {
                        self.deliveries.fetch_add(1, Ordering::Relaxed);
                        value.got();
                    }
                    Some(Err(_)) => break,
                    // It let in a put whose callback panicked, and left the value there.
                    None => {}
                }
            }
        }
    }

    /// A get from each channel from which something may come.
    pub(crate) fn select_gets(&self) -> Option<Select<'_, Value>> {
        let gets = self.chans.iter().filter(|c| !is_over(c));
        gets.fold(None, |select, c| Some(select.unwrap_or_else(Select::new).get(c)))
    }

    /// Whether there is nothing more to come from those that are closed, which iterators' are from the beginning.
    pub(crate) fn closed_are_over(&self) -> bool {
        self.chans.iter().all(|c| !c.is_closed() || is_over(c))
    }

    /// Nobody waits for what is there, and no item was made for nobody.
    pub(crate) fn assert_nobody_waits_in_vain(&self) {
        self.chans.iter().for_each(assert_nobody_waits_in_vain);
        self.items.iter().for_each(|(at, items)| items.assert_asked_for(&self.chans[*at]));
    }

    /// To be called when all actors have ended: everything is over, and every figure is right.
    pub(crate) fn assert_settled(&self) {
        self.drain_closed();
        let under = ledger::count(Fate::Under);
        if under > 0 {
            ledger::fault(&format!("{under} values are lost"));
        }
        for c in &self.chans {
            if c.join().now_or_never().is_none() || c.closed().now_or_never().is_none() {
                ledger::fault(&format!("nobody is told that it has ended: {c:?}"));
            }
            let stats = c.stats();
            if stats.parked_gets + stats.parked_puts + stats.len > 0 {
                ledger::fault(&format!("something is left over: {c:?}, {stats:?}"));
            }
        }
        for (at, items) in &self.items {
            items.assert_ended();
            items.assert_asked_for(&self.chans[*at]);
        }
        let panicking = self.items.iter().filter(|(_, items)| items.ends_in_a_panic);
        self.calls.assert_complete(panicking.count() as u64);
        for (at, c) in self.chans.iter().enumerate() {
            if !self.evicting.contains(&at) && c.stats().evicted > 0 {
                ledger::fault(&format!("it never evicts: {c:?}, {:?}", c.stats()));
            }
        }
        let figure = |of: fn(&aiochan::Stats) -> u64| -> u64 {
            self.chans.iter().map(|c| of(&c.stats())).sum()
        };
        let (told, seen) = (figure(|stats| stats.evicted), ledger::count(Fate::Evicted));
        if told != seen {
            ledger::fault(&format!("{seen} values were dropped, {told} counted as evicted"));
        }
        let (told, seen) =
            (figure(aiochan::Stats::delivered), self.deliveries.load(Ordering::SeqCst));
        if told != seen {
            ledger::fault(&format!("{seen} values were got, {told} counted as delivered"));
        }
    }
}

/// Nobody waits for what is there. (That puts and gets do not wait for each other the figures cannot tell, for they may
/// be the arms of one select.)
pub(crate) fn assert_nobody_waits_in_vain<T>(c: &Chan<T>) {
    let stats = c.stats();
    let has_room = stats.len < c.capacity().unwrap_or(usize::MAX);
    // While an iterator is out, gets wait for their turns.
    let nothing_comes = c.is_closed() && (has_values(c) || is_over(c));
    let gets = stats.parked_gets > 0 && (stats.len > 0 || nothing_comes);
    let puts = stats.parked_puts > 0 && has_room;
    if gets || puts {
        ledger::fault(&format!("somebody waits in vain: {c:?}, {stats:?}"));
    }
}

/// Whether the channel is closed, and nothing comes from it any more.
fn is_over<T>(c: &Chan<T>) -> bool {
    c.is_closed() && c.join().now_or_never().is_some()
}

fn has_values<T>(c: &Chan<T>) -> bool {
    let stats = c.stats();
    stats.len + stats.parked_puts > 0
}

/// With a buffer as chance has it, and whether that may evict values.
pub(crate) fn chan(rng: &mut Rng) -> (Chan<Value>, bool) {
    let kind = rng.u8(..10);
    let chan = match kind {
        0..3 => Chan::new(),
        3 => Chan::fixed(1),
        4 => Chan::fixed(rng.usize(2..5)),
        5 => Chan::fixed(64),
        6 => Chan::unbounded(),
        7 => Chan::sliding(rng.usize(1..4)),
        8 => Chan::dropping(rng.usize(1..4)),
        _ => Chan::with_buffer(Fifo::new(rng.usize(1..4))),
    };
    (chan, matches!(kind, 7 | 8))
}
