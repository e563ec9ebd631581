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

use std::any::Any;
use std::collections::VecDeque;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use crate::buffer::{BoxIter, Buf, Buffer, Copies, Source, Store, WhenFull};
use crate::effects::{Dropped, Effects};
use crate::flag::{self, Flag};
use crate::queue::{Claim, Queue};
use crate::waiter::{How, Phase, Receipt};

/// Why a channel was closed: see [`Chan::close_reason`](crate::Chan::close_reason).
pub type Reason = Arc<dyn Error + Send + Sync>;

/// What somebody waits for who waits for a channel's end.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    Closed,
    /// Closed, with nothing left to get.
    Exhausted,
}

pub(crate) struct State<T> {
    /// Parked gets, oldest first.
    pub(crate) gets: Queue<T>,
    /// Parked puts, oldest first.
    pub(crate) puts: Queue<T>,
    store: Store<T>,
    closed: bool,
    /// Values taken from inside: the buffer, or those given back.
    buffered: u64,
    /// Values handed to parked gets.
    handed: u64,
    /// Values taken from parked puts.
    immediate: u64,
    /// Values of parked puts that were taken into the buffer.
    refilled: u64,
    /// How the latest value left.
    last: How,
    rare: Option<Box<Rare<T>>>,
}

/// What most channels never need.
struct Rare<T> {
    /// Values whose getter went away, oldest first, with their place in the order of leaving.
    returned: VecDeque<(u64, T)>,
    /// How many were ever given back: they do not count as delivered, but keep their places.
    given_back: u64,
    evicted: u64,
    /// Those who wait for the channel to be exhausted.
    joins: Queue<()>,
    /// Those who wait for it to be closed.
    watchers: Queue<()>,
    reason: Option<Reason>,
}

impl<T> Rare<T> {
    fn of(rare: &mut Option<Box<Self>>) -> &mut Self {
        rare.get_or_insert_with(|| {
            Box::new(Self {
                returned: VecDeque::new(),
                given_back: 0,
                evicted: 0,
                joins: Queue::new(),
                watchers: Queue::new(),
                reason: None,
            })
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

/// How a get takes a value by itself, outside the lock.
pub(crate) enum Turn<T> {
    Copy(Copies<T>),
    /// Advance it once, then [`State::end_turn`].
    Pull(BoxIter<T>),
    Ended,
}

/// The figures of [`State::counts`].
pub(crate) struct Counts {
    pub(crate) buffered: u64,
    pub(crate) queued: u64,
    pub(crate) immediate: u64,
    pub(crate) evicted: u64,
    pub(crate) refilled: u64,
}

const BUFFER_PANICKED: &str = "a method of the channel's buffer panicked";

impl<T> State<T> {
    pub(crate) fn new(buf: Buf<T>) -> Self {
        let closed = matches!(buf.0, Store::Source(_));
        Self {
            gets: Queue::new(),
            puts: Queue::new(),
            store: buf.0,
            closed,
            buffered: 0,
            handed: 0,
            immediate: 0,
            refilled: 0,
            last: How::Buffered,
            rare: None,
        }
    }

    /// Puts the value in `slot`. On `Done` the slot is empty or holds what was evicted instead; on
    /// everything else it still holds the value.
    ///
    /// The plain case comes first and is inlined: an open channel with room where nobody waits.
    #[inline]
    pub(crate) fn put(
        &mut self,
        slot: &mut Option<T>,
        me: Option<&Flag>,
        fx: &mut Effects<T>,
    ) -> Step {
        if let Store::Ring(ring) = &mut self.store
            && me.is_none()
            && !self.closed
            && self.rare.is_none()
            && self.gets.is_empty()
            && ring.values.len() < ring.limit
            && let Some(value) = slot.take()
        {
            ring.values.push_back(value);
            return Step::Done;
        }
        self.put_any(slot, me, fx)
    }

    #[inline(never)]
    fn put_any(&mut self, slot: &mut Option<T>, me: Option<&Flag>, fx: &mut Effects<T>) -> Step {
        debug_assert!(slot.is_some());
        if self.closed {
            return if flag::commit(me) { Step::Closed } else { Step::Lost };
        }
        let Store::Ring(ring) = &mut self.store else { return self.put_special(slot, me, fx) };
        if !self.gets.is_empty() {
            match self.gets.claim(me) {
                Claim::Found(get) => {
                    let receipt = self.note(How::Handed);
                    fx.wake(get.hand(slot.take().expect("a put has a value"), receipt));
                    return Step::Done;
                }
                Claim::Lost => return Step::Lost,
                Claim::Nobody => {}
            }
        }
        let returned = self.rare.as_ref().map_or(0, |rare| rare.returned.len());
        if ring.values.len() + returned < ring.limit {
            if !flag::commit(me) {
                return Step::Lost;
            }
            ring.values.push_back(slot.take().expect("a put has a value"));
            return Step::Done;
        }
        match ring.when_full {
            WhenFull::Wait => return Step::Wait,
            _ if !flag::commit(me) => return Step::Lost,
            WhenFull::DropNew => {}
            WhenFull::DropOld => {
                let new = slot.take().expect("a put has a value");
                // What was given back may have left it over its limit.
                while ring.values.len() + self.rare.as_ref().map_or(0, |rare| rare.returned.len())
                    >= ring.limit
                {
                    let rare = Rare::of(&mut self.rare);
                    let oldest = rare.returned.pop_front().map(|(_, value)| value);
                    if let Some(more) = slot.take() {
                        fx.drop_later(Dropped::Value(more));
                        rare.evicted += 1;
                    }
                    *slot = oldest.or_else(|| ring.values.pop_front());
                }
                ring.values.push_back(new);
            }
        }
        self.rare().evicted += 1;
        Step::Done
    }

    /// Gets the next value into `out`, which is empty.
    ///
    /// The plain case comes first and is inlined: an open channel with values where nobody waits.
    #[inline]
    pub(crate) fn get(
        &mut self,
        out: &mut Option<T>,
        me: Option<&Flag>,
        fx: &mut Effects<T>,
    ) -> Step {
        if let Store::Ring(ring) = &mut self.store
            && me.is_none()
            && !self.closed
            && self.rare.is_none()
            && self.puts.is_empty()
            && let Some(value) = ring.values.pop_front()
        {
            *out = Some(value);
            self.buffered += 1;
            self.last = How::Buffered;
            return Step::Done;
        }
        self.get_any(out, me, fx)
    }

    #[inline(never)]
    fn get_any(&mut self, out: &mut Option<T>, me: Option<&Flag>, fx: &mut Effects<T>) -> Step {
        if self.returned() > 0 {
            if !flag::commit(me) {
                return Step::Lost;
            }
            *out = self.rare().returned.pop_front().map(|(_, value)| value);
            return self.got_buffered(fx);
        }
        let Store::Ring(ring) = &mut self.store else { return self.get_special(out, me, fx) };
        if !ring.values.is_empty() {
            if !flag::commit(me) {
                return Step::Lost;
            }
            *out = ring.values.pop_front();
            return self.got_buffered(fx);
        }
        self.get_from_parked(out, me, fx)
    }

    /// A value came from inside: there may be room now, or nothing left.
    fn got_buffered(&mut self, fx: &mut Effects<T>) -> Step {
        self.note(How::Buffered);
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
            match self.puts.claim(me) {
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

    /// Counts a value that leaves.
    fn note(&mut self, how: How) -> Receipt {
        *self.count(how) += 1;
        self.last = how;
        self.receipt()
    }

    fn count(&mut self, how: How) -> &mut u64 {
        match how {
            How::Buffered => &mut self.buffered,
            How::Handed => &mut self.handed,
            How::Immediate => &mut self.immediate,
        }
    }

    /// The receipt of the value that left last.
    pub(crate) fn receipt(&self) -> Receipt {
        let given_back = self.rare.as_ref().map_or(0, |rare| rare.given_back);
        Receipt::new(self.buffered + self.handed + self.immediate + given_back, self.last)
    }

    /// Takes parked puts in while there is room.
    fn refill(&mut self, fx: &mut Effects<T>) {
        while self.has_room(fx) {
            let Claim::Found(put) = self.puts.claim(None) else { break };
            let (value, waker) = put.take();
            fx.wake(waker);
            self.refilled += 1;
            match &mut self.store {
                Store::Ring(ring) => ring.values.push_back(value),
                _ => {
                    self.add_custom(value, fx);
                }
            }
        }
    }

    fn has_room(&mut self, fx: &mut Effects<T>) -> bool {
        match &self.store {
            Store::Ring(ring) => ring.values.len() + self.returned() < ring.limit,
            Store::Promise { .. } | Store::Source(_) => false,
            Store::Custom(_) => self.with_custom(fx, |buffer| buffer.can_add()) == Some(true),
        }
    }

    /// How many values were given back and not taken yet.
    #[inline]
    fn returned(&self) -> usize {
        self.rare.as_ref().map_or(0, |rare| rare.returned.len())
    }

    // --- promises, iterators, users' buffers ---

    #[cold]
    fn put_special(
        &mut self,
        slot: &mut Option<T>,
        me: Option<&Flag>,
        fx: &mut Effects<T>,
    ) -> Step {
        match &mut self.store {
            Store::Promise { value, copies } => {
                if !flag::commit(me) {
                    return Step::Lost;
                }
                if value.is_some() {
                    self.rare().evicted += 1;
                } else {
                    *value = slot.take().map(*copies);
                    while let Claim::Found(get) = self.gets.claim(None) {
                        fx.wake(get.answer(Phase::Turn));
                    }
                }
                Step::Done
            }
            Store::Custom(_) => {
                match self.with_custom(fx, |buffer| buffer.can_add()) {
                    None => return Step::Closed,
                    // A buffer without any room is a rendezvous.
                    Some(false) => {
                        return match self.gets.claim(me) {
                            Claim::Found(get) => {
                                let receipt = self.note(How::Handed);
                                fx.wake(get.hand(slot.take().expect("a put has a value"), receipt));
                                Step::Done
                            }
                            Claim::Lost => Step::Lost,
                            Claim::Nobody => Step::Wait,
                        };
                    }
                    Some(true) if !flag::commit(me) => return Step::Lost,
                    Some(true) => {}
                }
                self.add_custom(slot.take().expect("a put has a value"), fx);
                Step::Done
            }
            Store::Ring(_) | Store::Source(_) => {
                unreachable!("a source is closed; a ring is usual")
            }
        }
    }

    #[cold]
    fn get_special(&mut self, out: &mut Option<T>, me: Option<&Flag>, fx: &mut Effects<T>) -> Step {
        match &mut self.store {
            Store::Promise { value: Some(_), .. } => {
                if flag::commit(me) {
                    Step::Turn
                } else {
                    Step::Lost
                }
            }
            Store::Source(source) => match source {
                Source::Reserved(_) => Step::Wait,
                _ if !flag::commit(me) => Step::Lost,
                Source::Ended => Step::Closed,
                Source::Here(_) => {
                    let Source::Here(iter) = std::mem::replace(source, Source::Ended) else {
                        unreachable!()
                    };
                    *source = Source::Reserved(Some(iter));
                    Step::Turn
                }
            },
            Store::Custom(_) => match self.with_custom(fx, |buffer| buffer.can_take()) {
                Some(true) if !flag::commit(me) => Step::Lost,
                Some(true) => match self.with_custom(fx, |buffer| buffer.take()) {
                    Some(value) => {
                        *out = Some(value);
                        self.got_buffered(fx)
                    }
                    None => Step::Closed,
                },
                _ => self.get_from_parked(out, me, fx),
            },
            Store::Promise { value: None, .. } | Store::Ring(_) => {
                self.get_from_parked(out, me, fx)
            }
        }
    }

    /// Adds to a user's buffer, then hands out what it has ready for parked gets.
    fn add_custom(&mut self, value: T, fx: &mut Effects<T>) {
        match self.with_custom(fx, |buffer| buffer.add(value)) {
            Some(Some(evicted)) => {
                fx.drop_later(Dropped::Value(evicted));
                self.rare().evicted += 1;
            }
            Some(None) => {}
            None => return,
        }
        while self.gets.any_live() && self.with_custom(fx, |buffer| buffer.can_take()) == Some(true)
        {
            let Some(value) = self.with_custom(fx, |buffer| buffer.take()) else { return };
            let order = self.receipt().order() + 1;
            self.hand_or_keep(order, value, fx);
        }
    }

    /// Runs a method of the user's buffer. If it panics the channel is closed without the buffer,
    /// and the answer is `None`.
    fn with_custom<R>(
        &mut self,
        fx: &mut Effects<T>,
        f: impl FnOnce(&mut dyn Buffer<T>) -> R,
    ) -> Option<R> {
        let Store::Custom(buffer) = &mut self.store else { return None };
        match catch_unwind(AssertUnwindSafe(|| f(buffer.as_mut()))) {
            Ok(result) => Some(result),
            Err(panic) => {
                self.lose_buffer(panic, fx);
                None
            }
        }
    }

    #[cold]
    fn lose_buffer(&mut self, panic: Box<dyn Any + Send>, fx: &mut Effects<T>) {
        let Buf(rendezvous) = Buf::rendezvous();
        let reason = panic.downcast_ref::<Reason>().cloned();
        let reason = reason
            .unwrap_or_else(|| Arc::from(Box::<dyn Error + Send + Sync>::from(BUFFER_PANICKED)));
        fx.panic_later(panic);
        if let Store::Custom(buffer) = std::mem::replace(&mut self.store, rendezvous) {
            fx.drop_later(Dropped::Store(Store::Custom(buffer)));
        }
        if !self.close(Some(reason), fx) {
            self.settle(fx);
        }
    }

    /// What a get takes in its turn.
    pub(crate) fn turn(&mut self) -> Turn<T> {
        match &mut self.store {
            Store::Promise { value: Some(copies), .. } => {
                let copies = copies.clone();
                self.note(How::Buffered);
                Turn::Copy(copies)
            }
            Store::Source(Source::Reserved(iter)) => iter.take().map_or(Turn::Ended, Turn::Pull),
            _ => Turn::Ended,
        }
    }

    /// Brings the iterator back, or says that it has ended.
    pub(crate) fn end_turn(&mut self, iter: Option<BoxIter<T>>, fx: &mut Effects<T>) {
        if iter.is_some() {
            self.note(How::Buffered);
        }
        self.store = Store::Source(iter.map_or(Source::Ended, Source::Here));
        self.pass_turn(fx);
    }

    /// Gives up a turn that was not used.
    pub(crate) fn skip_turn(&mut self, fx: &mut Effects<T>) {
        if let Store::Source(Source::Reserved(iter)) = &mut self.store
            && let Some(iter) = iter.take()
        {
            self.store = Store::Source(Source::Here(iter));
            self.pass_turn(fx);
        }
    }

    /// Lets the get that waits longest for an iterator go on; answers all when it has ended.
    fn pass_turn(&mut self, fx: &mut Effects<T>) {
        let Store::Source(source) = &mut self.store else { return };
        match std::mem::replace(source, Source::Ended) {
            Source::Here(iter) => match self.gets.claim(None) {
                Claim::Found(get) => {
                    *source = Source::Reserved(Some(iter));
                    fx.wake(get.answer(Phase::Turn));
                }
                _ => *source = Source::Here(iter),
            },
            _ => {
                self.answer_gets(fx);
                self.settle(fx);
            }
        }
    }

    // --- giving back, withdrawing, closing ---

    /// Takes back a value whose getter went away: for the get that waits longest, or to the front,
    /// behind those that left before it.
    #[cold]
    pub(crate) fn give_back(&mut self, receipt: Receipt, value: T, fx: &mut Effects<T>) {
        *self.count(receipt.how()) -= 1;
        // From a parked put it has come inside after all, and that put did wait.
        self.refilled += u64::from(receipt.how() == How::Immediate);
        self.rare().given_back += 1;
        self.hand_or_keep(receipt.order(), value, fx);
    }

    fn hand_or_keep(&mut self, order: u64, value: T, fx: &mut Effects<T>) {
        if let Claim::Found(get) = self.gets.claim(None) {
            self.note(How::Handed);
            fx.wake(get.hand(value, Receipt::new(order, How::Handed)));
        } else {
            let returned = &mut self.rare().returned;
            let at = returned.partition_point(|(other, _)| *other < order);
            returned.insert(at, (order, value));
        }
    }

    /// To be called when a put was withdrawn: a closed channel may be exhausted now.
    pub(crate) fn put_withdrawn(&mut self, fx: &mut Effects<T>) {
        if self.closed {
            self.settle(fx);
        }
    }

    /// Refuses puts from now on; parked gets are answered, parked puts and values inside stay.
    /// `false` if it was closed before.
    pub(crate) fn close(&mut self, reason: Option<Reason>, fx: &mut Effects<T>) -> bool {
        if self.closed {
            return false;
        }
        self.closed = true;
        if reason.is_some() {
            self.rare().reason = reason;
        }
        self.answer_gets(fx);
        self.answer_all(Until::Closed, fx);
        self.settle(fx);
        true
    }

    /// Closes because nobody will get any more: parked puts get their values back.
    pub(crate) fn refuse(&mut self, fx: &mut Effects<T>) {
        self.close(None, fx);
        while let Claim::Found(put) = self.puts.claim(None) {
            fx.wake(put.answer(Phase::Closed));
        }
        self.settle(fx);
    }

    /// Drops everything inside, for nobody can get it any more.
    pub(crate) fn discard(&mut self, fx: &mut Effects<T>) {
        if self.returned() == 0
            && let Store::Ring(ring) = &self.store
            && ring.values.is_empty()
        {
            return;
        }
        let returned = self.rare.as_mut().map(|rare| std::mem::take(&mut rare.returned));
        for (_, value) in returned.into_iter().flatten() {
            fx.drop_later(Dropped::Value(value));
        }
        let Buf(rendezvous) = Buf::rendezvous();
        fx.drop_later(Dropped::Store(std::mem::replace(&mut self.store, rendezvous)));
        self.settle(fx);
    }

    /// Answers every parked operation, for the last handle has gone.
    pub(crate) fn abandon(&mut self, fx: &mut Effects<T>) {
        if !(self.gets.is_empty() && self.puts.is_empty()) {
            self.refuse(fx);
            self.answer_gets(fx);
        }
    }

    fn answer_gets(&mut self, fx: &mut Effects<T>) {
        while let Claim::Found(get) = self.gets.claim(None) {
            fx.wake(get.answer(Phase::Closed));
        }
    }

    /// Completes the `join`s of a channel that is closed and exhausted.
    fn settle(&mut self, fx: &mut Effects<T>) {
        if self.rare.as_ref().is_none_or(|rare| rare.joins.is_empty()) || !self.is_exhausted(fx) {
            return;
        }
        self.answer_all(Until::Exhausted, fx);
    }

    fn answer_all(&mut self, until: Until, fx: &mut Effects<T>) {
        if self.rare.is_some() {
            while let Claim::Found(join) = self.joins(until).claim(None) {
                fx.wake(join.answer(Phase::Done));
            }
        }
    }

    // --- what there is ---

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Closed, with nothing inside and no parked puts. A promise's value is not used up by gets, so
    /// it does not count.
    pub(crate) fn is_exhausted(&mut self, fx: &mut Effects<T>) -> bool {
        if !self.closed || self.returned() > 0 || self.puts.any_live() {
            return false;
        }
        match &self.store {
            Store::Source(source) => matches!(source, Source::Ended),
            Store::Promise { .. } => true,
            _ => self.len(fx) == 0,
        }
    }

    pub(crate) fn len(&mut self, fx: &mut Effects<T>) -> usize {
        let inside = match &self.store {
            Store::Ring(ring) => ring.values.len(),
            Store::Promise { value, .. } => usize::from(value.is_some()),
            Store::Source(_) => 0,
            Store::Custom(_) => self.with_custom(fx, |buffer| buffer.len()).unwrap_or(0),
        };
        inside + self.returned()
    }

    pub(crate) fn capacity(&mut self, fx: &mut Effects<T>) -> Option<usize> {
        match &self.store {
            Store::Ring(ring) => (ring.limit != usize::MAX).then_some(ring.limit),
            Store::Promise { .. } => Some(1),
            Store::Source(_) => Some(0),
            Store::Custom(_) => self.with_custom(fx, |buffer| buffer.capacity()).unwrap_or(Some(0)),
        }
    }

    /// Whether gets take their values by themselves, so that there are always more.
    pub(crate) fn gives_turns(&self) -> bool {
        matches!(self.store, Store::Promise { .. } | Store::Source(_))
    }

    pub(crate) fn reason(&self) -> Option<Reason> {
        self.rare.as_ref()?.reason.clone()
    }

    pub(crate) fn has_reached(&mut self, until: Until, fx: &mut Effects<T>) -> bool {
        match until {
            Until::Closed => self.closed,
            Until::Exhausted => self.is_exhausted(fx),
        }
    }

    /// Those who wait for the channel's end.
    pub(crate) fn joins(&mut self, until: Until) -> &mut Queue<()> {
        match until {
            Until::Closed => &mut self.rare().watchers,
            Until::Exhausted => &mut self.rare().joins,
        }
    }

    pub(crate) fn counts(&self) -> Counts {
        Counts {
            buffered: self.buffered,
            queued: self.handed,
            immediate: self.immediate,
            evicted: self.rare.as_ref().map_or(0, |rare| rare.evicted),
            refilled: self.refilled,
        }
    }

    /// Whether a put would certainly wait, as seen now.
    #[inline]
    pub(crate) fn put_waits_now(&self) -> bool {
        match &self.store {
            Store::Ring(ring) => {
                !self.closed
                    && ring.when_full == WhenFull::Wait
                    && ring.values.len() >= ring.limit
                    && self.gets.is_empty()
            }
            _ => false,
        }
    }

    /// Whether a get would certainly wait, as seen now.
    #[inline]
    pub(crate) fn get_waits_now(&self) -> bool {
        match &self.store {
            Store::Ring(ring) => {
                ring.values.is_empty()
                    && !self.closed
                    && self.puts.is_empty()
                    && self.returned() == 0
            }
            _ => false,
        }
    }

    fn rare(&mut self) -> &mut Rare<T> {
        Rare::of(&mut self.rare)
    }
}

#[cfg(test)]
mod tests;
