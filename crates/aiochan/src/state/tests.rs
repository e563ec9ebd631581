//! The state machine against a plain model, after every step of random sequences.
//!
//! The model says what the contract says, with queues of numbers and no cleverness: a list of what was
//! given back, in the order it had left; a buffer; parked operations, oldest first; and which selects
//! are committed.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::ptr::NonNull;
use std::task::Waker;

use proptest::prelude::*;

use super::{Side, State, Step};
use crate::buffer::{Buf, Buffer, WhenFull};
use crate::effects::Effects;
use crate::flag::Flag;
use crate::lock::Sketch;
use crate::waiter::{Phase, Waiter, Wake};

/// What is done to the channel; an index picks one of the parked operations, or of the selects.
#[derive(Clone, Debug)]
enum Action {
    TryPut,
    TryGet,
    /// Parks if it has to wait; with a select's number, as an arm of it.
    Put(Option<usize>),
    Get(Option<usize>),
    /// Takes the result of an operation that has one, or withdraws it if it waits.
    End(prop::sample::Index),
    /// Drops an operation: a get that has a value gives it back.
    Drop(prop::sample::Index),
    /// Another channel commits a select.
    Commit(usize),
    Close,
    Refuse,
}

#[derive(Clone, Copy, Debug)]
struct Kind {
    limit: usize,
    when_full: WhenFull,
    custom: bool,
}

const SELECTS: usize = 3;

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Waits,
    Done,
    Closed,
}

/// A parked operation as the model sees it.
struct Parked {
    waiter: Pin<Box<Waiter<u32>>>,
    puts: Option<u32>,
    select: Option<usize>,
    fate: Fate,
    /// A get's value, and its place in the order of leaving.
    got: Option<(u64, u32)>,
}

struct Model {
    kind: Kind,
    returned: BTreeMap<u64, u32>,
    buffer: VecDeque<u32>,
    /// All that are not ended, oldest first.
    ops: Vec<Parked>,
    committed: [bool; SELECTS],
    closed: bool,
    left: u64,
    /// Where each value is at last.
    delivered: Vec<u32>,
    came_back: Vec<u32>,
    evicted: Vec<u32>,
}

impl Model {
    /// The first live parked operation of a side that `me` may meet.
    fn first(&self, puts: bool, me: Option<usize>) -> Option<usize> {
        self.ops.iter().position(|op| {
            op.puts.is_some() == puts
                && op.fate == Fate::Waits
                && op.select.is_none_or(|select| !self.committed[select] && Some(select) != me)
        })
    }

    fn complete(&mut self, at: usize) {
        self.ops[at].fate = Fate::Done;
        if let Some(select) = self.ops[at].select {
            self.committed[select] = true;
        }
    }

    fn commit(&mut self, me: Option<usize>) {
        if let Some(me) = me {
            self.committed[me] = true;
        }
    }

    fn leave(&mut self) -> u64 {
        self.left += 1;
        self.left
    }

    fn has_room(&self) -> bool {
        // A user's buffer does not know what was given back.
        let returned = if self.kind.custom { 0 } else { self.returned.len() };
        self.buffer.len() + returned < self.kind.limit
    }

    fn put(&mut self, value: u32, me: Option<usize>) -> Step {
        if me.is_some_and(|me| self.committed[me]) && (self.closed || self.put_could(me)) {
            return Step::Lost;
        }
        if self.closed {
            self.commit(me);
            return Step::Closed;
        }
        if let Some(get) = self.first(false, me) {
            self.commit(me);
            self.complete(get);
            self.ops[get].got = Some((self.leave(), value));
            return Step::Done;
        }
        if self.has_room() {
            self.buffer.push_back(value);
        } else {
            match self.kind.when_full {
                WhenFull::Wait => return Step::Wait,
                WhenFull::DropNew => self.evicted.push(value),
                WhenFull::DropOld => {
                    while !self.has_room() {
                        let returned = self.returned.pop_first().map(|(_, value)| value);
                        self.evicted.extend(returned.or_else(|| self.buffer.pop_front()));
                    }
                    self.buffer.push_back(value);
                }
            }
        }
        self.commit(me);
        Step::Done
    }

    fn put_could(&self, me: Option<usize>) -> bool {
        self.first(false, me).is_some() || self.has_room() || self.kind.when_full != WhenFull::Wait
    }

    fn get(&mut self, me: Option<usize>) -> (Step, Option<(u64, u32)>) {
        let inside = !self.returned.is_empty() || !self.buffer.is_empty();
        let put = self.first(true, me);
        if !inside && put.is_none() && !self.closed {
            return (Step::Wait, None);
        }
        if me.is_some_and(|me| self.committed[me]) {
            return (Step::Lost, None);
        }
        if !inside && put.is_none() {
            self.commit(me);
            return (Step::Closed, None);
        }
        self.commit(me);
        let value = if inside {
            let value = match self.returned.pop_first() {
                Some((_, value)) => value,
                None => self.buffer.pop_front().unwrap(),
            };
            while self.has_room()
                && let Some(put) = self.first(true, None)
            {
                self.complete(put);
                self.buffer.extend(self.ops[put].puts);
            }
            value
        } else {
            let put = put.unwrap();
            self.complete(put);
            self.ops[put].puts.unwrap()
        };
        (Step::Done, Some((self.leave(), value)))
    }

    fn give_back(&mut self, (order, value): (u64, u32)) {
        if let Some(get) = self.first(false, None) {
            self.leave();
            self.complete(get);
            self.ops[get].got = Some((order, value));
        } else {
            self.returned.insert(order, value);
        }
    }

    fn close(&mut self) {
        if !std::mem::replace(&mut self.closed, true) {
            while let Some(get) = self.first(false, None) {
                self.complete(get);
                self.ops[get].fate = Fate::Closed;
            }
        }
    }

    fn refuse(&mut self) {
        self.close();
        while let Some(put) = self.first(true, None) {
            self.complete(put);
            self.ops[put].fate = Fate::Closed;
        }
    }
}

/// A user's buffer that does what a fixed one does.
struct Fifo(VecDeque<u32>, usize);

impl Buffer<u32> for Fifo {
    fn can_add(&self) -> bool {
        self.0.len() < self.1
    }
    fn add(&mut self, value: u32) -> Option<u32> {
        self.0.push_back(value);
        None
    }
    fn can_take(&self) -> bool {
        !self.0.is_empty()
    }
    fn take(&mut self) -> u32 {
        self.0.pop_front().unwrap()
    }
    fn len(&self) -> usize {
        self.0.len()
    }
}

struct Pair {
    state: State<u32>,
    flags: [Pin<Box<Flag>>; SELECTS],
    model: Model,
    next: u32,
}

impl Pair {
    fn new(kind: Kind) -> Self {
        let buf = match kind {
            Kind { custom: true, limit, .. } => Buf::custom(Fifo(VecDeque::new(), limit)),
            Kind { limit, when_full: WhenFull::Wait, .. } => Buf::fixed(limit),
            Kind { limit, when_full: WhenFull::DropNew, .. } => Buf::dropping(limit),
            Kind { limit, when_full: WhenFull::DropOld, .. } => Buf::sliding(limit),
        };
        Self {
            state: State::new(buf),
            flags: [(); SELECTS].map(|()| Box::pin(Flag::new())),
            model: Model {
                kind,
                returned: BTreeMap::new(),
                buffer: VecDeque::new(),
                ops: Vec::new(),
                committed: [false; SELECTS],
                closed: false,
                left: 0,
                delivered: Vec::new(),
                came_back: Vec::new(),
                evicted: Vec::new(),
            },
            next: 0,
        }
    }

    fn run<R>(&mut self, f: impl FnOnce(&mut State<u32>, &mut Effects<u32>) -> R) -> R {
        let mut fx = Effects::new();
        let result = f(&mut self.state, &mut fx);
        fx.run();
        result
    }

    /// An arm of a committed select that would wait may also be told that it has lost.
    fn may_be_lost(&self, step: Step, expected: Step, select: Option<usize>) -> Step {
        let committed = select.is_some_and(|select| self.model.committed[select]);
        match (step, expected) {
            (Step::Lost, Step::Wait) if committed => Step::Lost,
            _ => expected,
        }
    }

    /// The short ways of a put that is not an arm, every second time.
    fn put_plainly(&mut self, slot: &mut Option<u32>, select: Option<usize>) -> Option<Step> {
        if select.is_some() || (*slot)?.is_multiple_of(2) {
            return None;
        }
        if self.state.can_put_plainly() {
            let sketch = self.state.put_plainly(slot.take()?);
            assert_eq!(sketch, self.state.sketch());
        } else {
            let get = self.state.claim_get_plainly()?;
            drop(self.state.hand_plainly(get, slot.take()?));
        }
        Some(Step::Done)
    }

    /// The short ways of a get that is not an arm, every second time.
    fn get_plainly(&mut self, out: &mut Option<u32>, select: Option<usize>) -> Option<Step> {
        if select.is_some() || self.model.left.is_multiple_of(2) {
            return None;
        }
        if let Some(sketch) = self.state.can_get_plainly() {
            *out = Some(self.state.get_plainly());
            assert_eq!(sketch, self.state.sketch());
        } else {
            let (value, receipt, _) = self.state.meet_put_plainly()?;
            assert_eq!(receipt.order(), self.model.left + 1);
            *out = Some(value);
        }
        Some(Step::Done)
    }

    fn put(&mut self, select: Option<usize>, park: bool) {
        let value = self.next;
        self.next += 1;
        let mut slot = Some(value);
        let flag = select.map(|select| NonNull::from(self.flags[select].as_ref().get_ref()));
        let waits = self.state.waits_plainly(Side::Put);
        let step = match self.put_plainly(&mut slot, select) {
            Some(step) => step,
            None => {
                let mut fx = Effects::new();
                let me = select.map(|select| self.flags[select].as_ref().get_ref());
                let step = self.state.put(&mut slot, me, &mut fx);
                fx.run();
                step
            }
        };
        assert!(step == Step::Wait || step == Step::Lost || !waits, "it waits plainly");
        let expected = self.model.put(value, select);
        assert_eq!(step, self.may_be_lost(step, expected, select), "put {value}");
        match step {
            Step::Done => {}
            Step::Wait if park => {
                let waiter = Box::pin(Waiter::new(slot));
                let wake = flag.map_or_else(|| Wake::Task(Waker::noop().clone()), Wake::Select);
                self.state.park(Side::Put, waiter.as_ref(), wake);
                let fate = Fate::Waits;
                self.model.ops.push(Parked { waiter, puts: Some(value), select, fate, got: None });
            }
            _ => {
                assert_eq!(slot, Some(value), "a put that had no effect keeps its value");
                self.model.came_back.push(value);
            }
        }
    }

    fn get(&mut self, select: Option<usize>, park: bool) {
        let mut out = None;
        let flag = select.map(|select| NonNull::from(self.flags[select].as_ref().get_ref()));
        let waits = self.state.waits_plainly(Side::Get);
        let step = match self.get_plainly(&mut out, select) {
            Some(step) => step,
            None => {
                let mut fx = Effects::new();
                let me = select.map(|select| self.flags[select].as_ref().get_ref());
                let step = self.state.get(&mut out, me, &mut fx);
                fx.run();
                step
            }
        };
        assert!(step == Step::Wait || step == Step::Lost || !waits, "it waits plainly");
        let (expected, value) = self.model.get(select);
        let expected = self.may_be_lost(step, expected, select);
        assert_eq!((step, out), (expected, value.map(|(_, value)| value)), "get");
        self.model.delivered.extend(out);
        if step == Step::Wait && park {
            let waiter = Box::pin(Waiter::new(None));
            let wake = flag.map_or_else(|| Wake::Task(Waker::noop().clone()), Wake::Select);
            self.state.park(Side::Get, waiter.as_ref(), wake);
            let fate = Fate::Waits;
            self.model.ops.push(Parked { waiter, puts: None, select, fate, got: None });
        }
    }

    /// Ends one of the parked operations; a get's value is taken, or given back.
    fn end(&mut self, at: usize, keep: bool) {
        let op = self.model.ops.remove(at);
        let waiter = &op.waiter;
        let withdrawn = self.run(|state, fx| match op.puts {
            None => state.withdraw(Side::Get, waiter, fx).is_some(),
            Some(_) => state.withdraw(Side::Put, waiter, fx).is_some(),
        });
        if op.fate == Fate::Waits {
            // Dead arms may have been taken out by somebody who passed them.
            let dead = op.select.is_some_and(|select| self.model.committed[select]);
            assert!(withdrawn || dead);
            self.model.came_back.extend(op.waiter.take());
            return;
        }
        assert!(!withdrawn);
        match (op.puts, op.fate) {
            (Some(value), Fate::Closed) => {
                assert_eq!(op.waiter.take(), Some(value));
                self.model.came_back.push(value);
            }
            (Some(_), _) => assert_eq!(op.waiter.take(), None),
            (None, _) => {
                let value = op.waiter.take();
                assert_eq!(value, op.got.map(|(_, value)| value));
                match (value, op.got) {
                    (Some(value), _) if keep => self.model.delivered.push(value),
                    (Some(value), Some(got)) => {
                        let receipt = op.waiter.receipt();
                        assert_eq!(receipt.order(), got.0);
                        self.run(|state, fx| state.give_back(receipt, value, fx));
                        self.model.give_back(got);
                    }
                    _ => {}
                }
            }
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::TryPut => self.put(None, false),
            Action::TryGet => self.get(None, false),
            Action::Put(select) => self.put(select, true),
            Action::Get(select) => self.get(select, true),
            Action::End(_) | Action::Drop(_) if self.model.ops.is_empty() => {}
            Action::End(index) => self.end(index.index(self.model.ops.len()), true),
            Action::Drop(index) => self.end(index.index(self.model.ops.len()), false),
            Action::Commit(select) => {
                self.flags[select].commit();
                self.model.committed[select] = true;
            }
            Action::Close => {
                let closed = self.run(|state, fx| state.close(None, fx));
                assert_eq!(closed, !self.model.closed);
                self.model.close();
            }
            Action::Refuse => {
                self.run(State::refuse);
                self.model.refuse();
            }
        }
        self.check();
    }

    /// What is so between any two actions.
    fn check(&mut self) {
        let model = &self.model;
        for op in &model.ops {
            let dead = op.select.is_some_and(|select| model.committed[select]);
            match (op.fate, op.waiter.phase()) {
                (Fate::Waits, Phase::Waiting)
                | (Fate::Done, Phase::Done)
                | (Fate::Closed, Phase::Closed) => {}
                (Fate::Waits, Phase::Idle) if dead => {}
                (fate, phase) => panic!("{fate:?} in the model, {phase:?} in the channel"),
            }
        }
        let live = |puts: bool| {
            let waits = |op: &&Parked| {
                op.puts.is_some() == puts
                    && op.fate == Fate::Waits
                    && !op.select.is_some_and(|select| model.committed[select])
            };
            model.ops.iter().filter(waits).count()
        };
        let (puts, gets) = (live(true), live(false));
        let inside = model.buffer.len() + model.returned.len();
        assert_eq!((self.state.puts.live(), self.state.gets.live()), (puts, gets));
        assert!(gets == 0 || inside == 0, "a get waits for what is there");
        assert!(puts == 0 || !model.has_room(), "a put waits although there is room");
        let exhausted = model.closed && inside == 0 && puts == 0;
        let counts = self.state.counts();
        assert_eq!(counts.evicted, model.evicted.len() as u64);
        let handed = model.ops.iter().filter(|op| op.got.is_some()).count();
        assert_eq!(
            counts.buffered + counts.queued + counts.immediate,
            (model.delivered.len() + handed) as u64,
            "delivered, or handed over and not dropped"
        );
        let mut fx = Effects::new();
        assert_eq!(self.state.len(&mut fx), inside);
        assert_eq!(self.state.is_exhausted(&mut fx), exhausted);
        fx.run();
    }

    /// Every value is in exactly one place.
    fn account(&mut self) {
        while !self.model.ops.is_empty() {
            self.end(0, true);
        }
        self.run(|state, fx| state.close(None, fx));
        self.model.close();
        while !self.model.buffer.is_empty() || !self.model.returned.is_empty() {
            self.get(None, false);
        }
        let Model { delivered, came_back, evicted, .. } = &self.model;
        let mut all = [&delivered[..], &came_back[..], &evicted[..]].concat();
        all.sort_unstable();
        assert_eq!(all, (0..self.next).collect::<Vec<_>>());
    }
}

impl Drop for Pair {
    /// A failing case leaves operations parked, which must not be dropped so.
    fn drop(&mut self) {
        for op in &self.model.ops {
            let side = if op.puts.is_some() { Side::Put } else { Side::Get };
            self.state.queue(side).remove(&op.waiter);
        }
    }
}

fn action() -> impl Strategy<Value = Action> {
    let select = || prop::option::weighted(0.4, 0..SELECTS);
    prop_oneof![
        3 => Just(Action::TryPut),
        3 => Just(Action::TryGet),
        6 => select().prop_map(Action::Put),
        6 => select().prop_map(Action::Get),
        4 => any::<prop::sample::Index>().prop_map(Action::End),
        4 => any::<prop::sample::Index>().prop_map(Action::Drop),
        1 => (0..SELECTS).prop_map(Action::Commit),
        1 => prop::bool::weighted(0.3)
            .prop_map(|refuse| if refuse { Action::Refuse } else { Action::Close }),
    ]
}

fn kind() -> impl Strategy<Value = Kind> {
    let wait = |custom| move |limit| Kind { limit, when_full: WhenFull::Wait, custom };
    let drop = |when_full| move |limit| Kind { limit, when_full, custom: false };
    prop_oneof![
        3 => (0..4_usize).prop_map(wait(false)),
        1 => Just(usize::MAX).prop_map(wait(false)),
        1 => (0..3_usize).prop_map(wait(true)),
        1 => (1..3_usize).prop_map(drop(WhenFull::DropNew)),
        1 => (1..3_usize).prop_map(drop(WhenFull::DropOld)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(2000) })]

    #[test]
    fn the_state_does_what_the_model_says(
        kind in kind(),
        actions in prop::collection::vec(action(), 1..60),
    ) {
        let mut pair = Pair::new(kind);
        for action in actions {
            pair.act(action);
        }
        pair.account();
    }
}

/// What random sequences seldom come to: two values back, a buffer that is not full by itself, and a
/// put that waits because of both.
#[test]
fn a_parked_put_is_not_taken_in_while_given_back_values_take_the_room() {
    let mut pair = Pair::new(Kind { limit: 2, when_full: WhenFull::Wait, custom: false });
    pair.act(Action::Get(None));
    pair.act(Action::Get(None));
    (0..3).for_each(|_| pair.act(Action::TryPut));
    pair.end(0, false);
    pair.end(0, false);
    pair.act(Action::Put(None));
    assert_eq!(
        (pair.model.returned.len(), pair.model.buffer.len(), pair.model.ops.len()),
        (2, 1, 1)
    );
    (0..4).for_each(|_| pair.act(Action::TryGet));
    assert_eq!(pair.model.delivered, [0, 1, 2, 3]);
    pair.account();
}
