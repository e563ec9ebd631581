//! The channel's state machine: put, get, close, give back, as plain functions on `&mut State`.
//!
//! It never locks a channel, wakes, waits, or runs user code (but a custom buffer's methods, which
//! are documented to run under the lock). What is to be woken or dropped leaves through
//! [`Effects`]. What stays true between any two calls:
//!
//! - A live get is parked only while there is nothing to get, a live put only while there is no
//!   room; so live parked gets and live parked puts never meet, but for the arms of one select.
//! - Values leave in the order they came: first those given back, then the buffer's, then those of
//!   parked puts, in the order of parking.
//! - At most `limit` values are inside, given-back ones included; only giving back may exceed it,
//!   and no parked put is taken in before there is room again.

use std::collections::VecDeque;
use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;

use crate::buffer::{Buf, Special, Store, WhenFull};
use crate::effects::{Dropped, Effects};
use crate::flag::{self, Flag};
use crate::queue::{Claim, Queue};
use crate::ring::Ring;
use crate::waiter::{How, Receipt, Waiter, Wake};

mod ends;
mod plain;
mod special;

pub(crate) use ends::Until;
use plain::Plain;
pub(crate) use plain::sketch;
pub(crate) use special::Turn;

/// Why a channel was closed: see [`Chan::close_reason`](crate::Chan::close_reason).
pub type Reason = Arc<dyn Error + Send + Sync>;

/// The two sides of a channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Put,
    Get,
}

/// An idle channel takes as little memory as it can: what is not needed by most is in [`Rare`].
pub(crate) struct State<T> {
    /// Parked gets, oldest first.
    gets: Queue<T>,
    /// Parked puts, oldest first.
    puts: Queue<T>,
    ring: Ring<T>,
    /// How many values may be inside, if the channel is not a special one.
    limit: usize,
    /// How many values have left otherwise than from the ring: handed to parked gets, taken from parked puts,
    /// or from elsewhere. Wrapping, for those that were evicted from the ring have not left in this sense.
    other: u64,
    /// Values taken from parked puts.
    immediate: u64,
    /// Values of parked puts that were taken into the buffer.
    refilled: u64,
    rare: Option<Box<Rare<T>>>,
    /// How many callbacks and `add`s are parked. Puts and gets never wait at the same time, so these are all
    /// of one side.
    queued: u32,
    when_full: WhenFull,
    closed: bool,
    plain: Plain,
    /// How the latest value left; not kept up to date where nobody asks.
    last: How,
}

/// What most channels never need.
struct Rare<T> {
    /// What the values are in instead of the ring.
    special: Option<Special<T>>,
    /// Values whose getter went away, oldest first, with their place in the order of leaving.
    returned: VecDeque<(u64, T)>,
    /// How many were ever given back: they do not count as delivered, but keep their places.
    given_back: u64,
    /// How many values from inside were delivered, beyond those that have left the ring. Wrapping, for of
    /// these some were evicted or given back.
    beside: u64,
    evicted: u64,
    /// Those who wait for the channel to be exhausted.
    joins: Queue<()>,
    /// Those who wait for it to be closed.
    watchers: Queue<()>,
    reason: Option<Reason>,
}

impl<T> Rare<T> {
    #[inline]
    fn of(rare: &mut Option<Box<Self>>) -> &mut Self {
        rare.get_or_insert_with(Self::new)
    }

    #[cold]
    fn of_special(special: Special<T>) -> Box<Self> {
        let mut rare = Self::new();
        rare.special = Some(special);
        rare
    }

    #[cold]
    fn new() -> Box<Self> {
        Box::new(Self {
            special: None,
            returned: VecDeque::new(),
            given_back: 0,
            beside: 0,
            evicted: 0,
            joins: Queue::new(),
            watchers: Queue::new(),
            reason: None,
        })
    }
}

/// What came of an attempt. Nothing has changed unless it is `Done` or `Turn`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// It took effect. What a put leaves in its slot was evicted.
    Done,
    /// It would have to wait.
    Wait,
    /// The channel is closed; for a get, and drained.
    Closed,
    /// A get may take its value by calling [`State::turn`].
    Turn,
    /// Another arm of the same select was committed before.
    Lost,
}

/// The figures of [`State::counts`].
pub(crate) struct Counts {
    pub(crate) buffered: u64,
    pub(crate) queued: u64,
    pub(crate) immediate: u64,
    pub(crate) evicted: u64,
    pub(crate) refilled: u64,
}

impl<T> State<T> {
    #[inline(always)]
    pub(crate) fn new(Buf(store): Buf<T>) -> Self {
        let (limit, when_full, special) = match store {
            Store::Queue { limit, when_full } => (limit, when_full, None),
            Store::Special(special) => (0, WhenFull::Wait, Some(special)),
        };
        let closed = matches!(special, Some(Special::Source(_)));
        let plain = if special.is_none() { Plain::Open } else { Plain::No };
        // Nothing borrows what is made here, so that the compiler makes it in its place.
        Self {
            gets: Queue::new(),
            puts: Queue::new(),
            ring: Ring::new(),
            limit,
            other: 0,
            immediate: 0,
            refilled: 0,
            rare: special.map(Rare::of_special),
            queued: 0,
            when_full,
            closed,
            plain,
            last: How::Buffered,
        }
    }

    /// Puts the value in `slot`. On `Done` the slot is empty or holds what was evicted instead; on
    /// everything else it still holds the value.
    #[inline]
    pub(crate) fn put(
        &mut self,
        slot: &mut Option<T>,
        me: Option<&Flag>,
        fx: &mut Effects<T>,
    ) -> Step {
        if me.is_none()
            && self.can_put_plainly()
            && let Some(value) = slot.take()
        {
            self.put_plainly(value);
            return Step::Done;
        }
        self.put_any(slot, me, fx)
    }

    #[inline(never)]
    pub(crate) fn put_any(
        &mut self,
        slot: &mut Option<T>,
        me: Option<&Flag>,
        fx: &mut Effects<T>,
    ) -> Step {
        debug_assert!(slot.is_some());
        if self.closed {
            return if flag::commit(me) { Step::Closed } else { Step::Lost };
        }
        if self.special().is_some() {
            return self.put_special(slot, me, fx);
        }
        if !self.gets.is_empty() {
            match self.claim(Side::Get, me) {
                Claim::Found(get) => {
                    let receipt = self.note(How::Handed);
                    fx.wake(get.hand(slot.take().expect("a put has a value"), receipt));
                    return Step::Done;
                }
                Claim::Lost => return Step::Lost,
                Claim::Nobody => {}
            }
        }
        if self.ring.len() + self.returned() < self.limit {
            if !flag::commit(me) {
                return Step::Lost;
            }
            self.ring.push(slot.take().expect("a put has a value"));
            return Step::Done;
        }
        match self.when_full {
            WhenFull::Wait => return Step::Wait,
            _ if !flag::commit(me) => return Step::Lost,
            WhenFull::DropNew => {}
            WhenFull::DropOld => {
                let new = slot.take().expect("a put has a value");
                let mut are_several = false;
                // What was given back may have left it over its limit.
                while self.ring.len() + self.returned() >= self.limit {
                    let oldest = self.pop_returned();
                    let rare = Rare::of(&mut self.rare);
                    if let Some(more) = slot.take() {
                        fx.drop_later(Dropped::Value(more));
                        rare.evicted += 1;
                        are_several = true;
                    }
                    *slot = oldest.or_else(|| {
                        rare.beside = rare.beside.wrapping_sub(1);
                        self.other = self.other.wrapping_sub(1);
                        self.ring.pop()
                    });
                }
                self.ring.push(new);
                // They are dropped together, for each may panic.
                if are_several && let Some(last) = slot.take() {
                    fx.drop_later(Dropped::Value(last));
                }
            }
        }
        self.rare().evicted += 1;
        Step::Done
    }

    /// Gets the next value into `out`, which is empty.
    #[inline]
    pub(crate) fn get(
        &mut self,
        out: &mut Option<T>,
        me: Option<&Flag>,
        fx: &mut Effects<T>,
    ) -> Step {
        if me.is_none() && self.can_get_plainly().is_some() {
            *out = Some(self.get_plainly());
            self.last = How::Buffered;
            return Step::Done;
        }
        self.get_any(out, me, fx)
    }

    #[inline(never)]
    pub(crate) fn get_any(
        &mut self,
        out: &mut Option<T>,
        me: Option<&Flag>,
        fx: &mut Effects<T>,
    ) -> Step {
        if self.returned() > 0 {
            if !flag::commit(me) {
                return Step::Lost;
            }
            *out = self.pop_returned();
            self.note(How::Buffered);
            return self.got_buffered(fx);
        }
        if self.special().is_some() {
            return self.get_special(out, me, fx);
        }
        if !self.ring.is_empty() {
            if !flag::commit(me) {
                return Step::Lost;
            }
            *out = self.ring.pop();
            self.last = How::Buffered;
            return self.got_buffered(fx);
        }
        self.get_from_parked(out, me, fx)
    }

    /// A value came from inside: there may be room now, or nothing left.
    fn got_buffered(&mut self, fx: &mut Effects<T>) -> Step {
        if !self.puts.is_empty() {
            self.refill(fx);
        }
        if self.closed {
            self.settle(fx);
        }
        Step::Done
    }

    fn get_from_parked(
        &mut self,
        out: &mut Option<T>,
        me: Option<&Flag>,
        fx: &mut Effects<T>,
    ) -> Step {
        if !self.puts.is_empty() {
            match self.claim(Side::Put, me) {
                Claim::Found(put) => {
                    let (value, waker) = put.take();
                    *out = Some(value);
                    fx.wake(waker);
                    self.note(How::Immediate);
                    if self.closed {
                        self.settle(fx);
                    }
                    return Step::Done;
                }
                Claim::Lost => return Step::Lost,
                Claim::Nobody => {}
            }
        }
        if !self.closed {
            return Step::Wait;
        }
        // The last of the parked puts may have turned out to be dead.
        self.settle(fx);
        if flag::commit(me) { Step::Closed } else { Step::Lost }
    }

    /// Counts a value that leaves otherwise than from the ring.
    #[inline]
    fn note(&mut self, how: How) -> Receipt {
        self.other = self.other.wrapping_add(1);
        self.recount(how, 1);
        self.last = how;
        self.receipt()
    }

    /// Counts values by the way in which they left.
    #[inline]
    fn recount(&mut self, how: How, more: i64) {
        match how {
            How::Buffered => {
                let rare = self.rare();
                rare.beside = rare.beside.wrapping_add_signed(more);
            }
            How::Immediate => self.immediate = self.immediate.wrapping_add_signed(more),
            // All others.
            How::Handed => {}
        }
    }

    /// The receipt of the value that left last.
    #[inline]
    pub(crate) fn receipt(&self) -> Receipt {
        Receipt::new(self.ring.left().wrapping_add(self.other), self.last)
    }

    /// Takes parked puts in while there is room.
    fn refill(&mut self, fx: &mut Effects<T>) {
        while self.has_room(fx) {
            let Claim::Found(put) = self.claim(Side::Put, None) else { break };
            let (value, waker) = put.take();
            fx.wake(waker);
            self.refilled += 1;
            match self.special() {
                None => self.ring.push(value),
                Some(_) => self.add_custom(value, fx),
            }
        }
    }

    fn has_room(&mut self, fx: &mut Effects<T>) -> bool {
        match self.special() {
            None => self.ring.len() + self.returned() < self.limit,
            Some(_) => self.special_has_room(fx),
        }
    }

    /// How many values were given back and not taken yet.
    #[inline]
    fn returned(&self) -> usize {
        self.rare.as_ref().map_or(0, |rare| rare.returned.len())
    }

    fn pop_returned(&mut self) -> Option<T> {
        let (_, value) = self.rare.as_mut()?.returned.pop_front()?;
        self.assess();
        Some(value)
    }

    #[inline]
    fn special(&self) -> Option<&Special<T>> {
        self.rare.as_ref()?.special.as_ref()
    }

    fn special_mut(&mut self) -> Option<&mut Special<T>> {
        self.rare.as_mut()?.special.as_mut()
    }

    // --- parking ---

    /// Parks an operation at the end of its queue.
    #[inline]
    pub(crate) fn park(&mut self, side: Side, waiter: Pin<&Waiter<T>>, wake: Wake) {
        self.queued += u32::from(wake.is_queued());
        self.queue(side).push(waiter, wake);
    }

    /// Takes an operation out of its queue if it is parked; what it would have been woken by.
    pub(crate) fn withdraw(
        &mut self,
        side: Side,
        waiter: &Waiter<T>,
        fx: &mut Effects<T>,
    ) -> Option<Wake> {
        let wake = self.queue(side).remove(waiter)?;
        self.queued -= u32::from(wake.is_queued());
        if side == Side::Put && self.closed {
            // It may be exhausted now.
            self.settle(fx);
        }
        Some(wake)
    }

    /// Commits and takes out the operation that waits longest; see [`Queue::claim`].
    #[inline]
    fn claim(&mut self, side: Side, me: Option<&Flag>) -> Claim<T> {
        let claim = self.queue(side).claim(me);
        if let Claim::Found(claimed) = &claim {
            self.queued -= u32::from(claimed.is_queued);
        }
        claim
    }

    /// Those who wait on one side.
    #[inline]
    pub(crate) fn queue(&mut self, side: Side) -> &mut Queue<T> {
        match side {
            Side::Put => &mut self.puts,
            Side::Get => &mut self.gets,
        }
    }

    /// How many callbacks and `add`s wait.
    pub(crate) fn queued(&self) -> usize {
        self.queued as usize
    }

    // --- giving back, closing ---

    /// Takes back a value whose getter went away: for the get that waits longest, or to the front,
    /// behind those that left before it.
    #[cold]
    pub(crate) fn give_back(&mut self, receipt: Receipt, value: T, fx: &mut Effects<T>) {
        self.recount(receipt.how(), -1);
        // From a parked put it has come inside after all, and that put did wait.
        self.refilled += u64::from(receipt.how() == How::Immediate);
        self.rare().given_back += 1;
        self.hand_or_keep(receipt.order(), value, fx);
    }

    fn hand_or_keep(&mut self, order: u64, value: T, fx: &mut Effects<T>) {
        if let Claim::Found(get) = self.claim(Side::Get, None) {
            self.note(How::Handed);
            fx.wake(get.hand(value, Receipt::new(order, How::Handed)));
        } else {
            let returned = &mut self.rare().returned;
            let at = returned.partition_point(|(other, _)| *other < order);
            returned.insert(at, (order, value));
            self.assess();
        }
    }

    // --- what there is ---

    pub(crate) fn len(&mut self, fx: &mut Effects<T>) -> usize {
        let inside = match self.special() {
            None => self.ring.len(),
            Some(_) => self.special_len(fx),
        };
        inside + self.returned()
    }

    pub(crate) fn capacity(&mut self, fx: &mut Effects<T>) -> Option<usize> {
        match self.special() {
            None => (self.limit != usize::MAX).then_some(self.limit),
            Some(_) => self.special_capacity(fx),
        }
    }

    /// Whether gets take their values by themselves, so that there are always more.
    pub(crate) fn gives_turns(&self) -> bool {
        matches!(self.special(), Some(Special::Promise { .. } | Special::Source(_)))
    }

    pub(crate) fn counts(&self) -> Counts {
        let (beside, given_back, evicted) = match &self.rare {
            None => (0, 0, 0),
            Some(rare) => (rare.beside, rare.given_back, rare.evicted),
        };
        Counts {
            buffered: self.ring.left().wrapping_add(beside),
            queued: self.other.wrapping_sub(self.immediate + given_back).wrapping_sub(beside),
            immediate: self.immediate,
            evicted,
            refilled: self.refilled,
        }
    }

    fn rare(&mut self) -> &mut Rare<T> {
        Rare::of(&mut self.rare)
    }
}

#[cfg(test)]
mod tests;
