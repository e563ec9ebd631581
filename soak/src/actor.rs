//! An actor: who puts values into channels, gets them, or passes them on, one random operation after the other.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use aiochan::{Chan, Outcome, PutError, Selected, Unselected};
use fastrand::Rng;

use crate::clock;
use crate::ledger::{self, Fate, Value};
use crate::planned;
use crate::world::World;

/// What every kind of actor has.
pub(crate) struct Actor {
    pub(crate) world: Arc<World>,
    pub(crate) rng: Rng,
    pub(crate) role: Role,
    numbers: Range<u32>,
    operations: u64,
    deliveries: u64,
}

/// What an actor is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Puts so many values into a channel.
    Produce(usize, u32),
    /// Gets values from a channel until it is closed.
    Consume(usize),
    /// Gets values from one channel and puts them into another.
    Relay(usize, usize),
}

/// Longer than any round takes.
pub(crate) const FOR_EVER: Duration = Duration::from_secs(3600);

/// What came of a get.
pub(crate) enum Got {
    /// Perhaps something, which has been dealt with.
    Some,
    Value(Value),
    Closed,
}

impl Actor {
    pub(crate) fn new(world: &Arc<World>, rng: &mut Rng, role: Role) -> Self {
        let numbers = match role {
            Role::Produce(_, count) => ledger::reserve(count),
            _ => 0..0,
        };
        let world = world.clone();
        Self { world, rng: rng.fork(), role, numbers, operations: 0, deliveries: 0 }
    }

    pub(crate) fn chan(&self, at: usize) -> Chan<Value> {
        self.world.chans[at].clone()
    }

    /// One that may be the same.
    pub(crate) fn any_chan(&mut self) -> Chan<Value> {
        let at = self.rng.usize(..self.world.chans.len());
        self.chan(at)
    }

    /// A new value, if it has some left to make.
    pub(crate) fn make(&mut self) -> Option<Value> {
        self.numbers.next().map(ledger::make)
    }

    /// A few new values behind this one.
    pub(crate) fn few<C: FromIterator<Value>>(&mut self, first: Value) -> C {
        let more = self.rng.usize(..6);
        std::iter::once(first).chain(self.numbers.by_ref().take(more).map(ledger::make)).collect()
    }

    /// How long it is to wait where it does not wait for ever.
    pub(crate) fn patience(&mut self) -> Duration {
        match (self.world.is_patient, self.world.is_real) {
            (true, _) => FOR_EVER,
            (false, true) => Duration::from_micros(self.rng.u64(..50)),
            (false, false) => clock::patience(&mut self.rng),
        }
    }

    /// Counts an operation.
    pub(crate) fn acts(&mut self) {
        self.operations += 1;
    }

    /// Takes a value that was got, to keep or to pass on.
    pub(crate) fn got(&mut self, value: Value) -> Got {
        self.deliveries += 1;
        Got::Value(value)
    }

    /// Takes a value that was got on the way.
    pub(crate) fn keep(&mut self, value: Value) {
        self.deliveries += 1;
        value.got();
    }

    pub(crate) fn keep_all(&mut self, values: impl IntoIterator<Item = Value>) {
        values.into_iter().for_each(|value| self.keep(value));
    }

    pub(crate) fn got_or_closed(&mut self, value: Option<Option<Value>>) -> Got {
        match value {
            Some(Some(value)) => self.got(value),
            Some(None) => Got::Closed,
            None => Got::Some,
        }
    }

    /// Deals with what a dynamic select came to.
    pub(crate) fn selected(&mut self, selected: Selected<Value>) {
        match selected.outcome {
            Outcome::Got(value) => self.keep_all(value),
            Outcome::Put(result) => put(result),
        }
        selected.unsent.into_iter().for_each(|(_, value)| value.back());
    }

    /// The same, for one that may have run out of time, or into a panic.
    pub(crate) fn selected_in_time(
        &mut self,
        result: Option<Result<Selected<Value>, Unselected<Value>>>,
    ) {
        match result {
            Some(Ok(selected)) => self.selected(selected),
            Some(Err(Unselected(unsent))) => {
                unsent.into_iter().for_each(|(_, value)| value.back());
            }
            None => {}
        }
    }

    /// Puts with a callback, which may panic.
    pub(crate) fn put_with(&mut self, c: &Chan<Value>, value: Value) {
        let panics = self.rng.u8(..8) == 0;
        planned::caught(|| {
            let refused = self.world.calls.put_with(c, value, move |result| {
                put(result);
                if panics {
                    planned::panic();
                }
            });
            refused.into_iter().for_each(Value::back);
        });
    }

    /// Gets with a callback, which may panic.
    pub(crate) fn get_with(&mut self, c: &Chan<Value>) {
        let panics = self.rng.u8(..8) == 0;
        let world = self.world.clone();
        planned::caught(|| {
            self.world.calls.get_with(c, move |value| {
                if let Some(value) = value {
                    world.deliveries.fetch_add(1, Ordering::Relaxed);
                    value.got();
                }
                if panics {
                    planned::panic();
                }
            });
        });
    }

    pub(crate) fn add(&mut self, c: &Chan<Value>, first: Value) {
        let values: Vec<Value> = self.few(first);
        planned::caught(|| {
            if let Err(error) = c.add(values) {
                error.into_inner().into_iter().for_each(Value::back);
            }
        });
    }

    pub(crate) fn try_put(&mut self, c: &Chan<Value>, value: Value) {
        let result = planned::caught(|| c.try_put(value));
        if let Some(Err(error)) = result {
            error.into_inner().back();
        }
    }

    pub(crate) fn try_get(&mut self, c: &Chan<Value>) -> Got {
        match planned::caught(|| c.try_get()) {
            Some(Ok(value)) => self.got(value),
            Some(Err(error)) if error.is_closed() => Got::Closed,
            _ => Got::Some,
        }
    }

    /// Gets a value on loan, and takes it or not.
    pub(crate) fn try_lease(&mut self, c: &Chan<Value>) {
        let takes = self.rng.bool();
        planned::caught(|| match c.try_lease() {
            Ok(lease) if takes => self.keep(lease.take()),
            lease => ledger::dropping(Fate::Lost, || drop(lease)),
        });
    }
}

impl Drop for Actor {
    fn drop(&mut self) {
        self.world.operations.fetch_add(self.operations, Ordering::Relaxed);
        self.world.deliveries.fetch_add(self.deliveries, Ordering::SeqCst);
    }
}

/// Deals with what a put came to.
pub(crate) fn put(result: Result<(), PutError<Value>>) {
    if let Err(error) = result {
        error.0.back();
    }
}
