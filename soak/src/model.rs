//! The plain model: what channels do, in the plainest words, one thing at a time.
//!
//! It has no threads, no wakers and no locks, only lists. `sequence` compares the real channels with it.

use std::collections::VecDeque;

/// A value is its number here.
pub(crate) type Id = u32;

/// What a buffer does when it is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WhenFull {
    Wait,
    DropNew,
    DropOld,
}

/// Where a channel keeps its values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Store {
    Queue,
    /// A buffer of the user's own, which knows nothing of values that were given back.
    Custom,
    /// The first value for ever; everybody gets a copy.
    Promise,
    /// An iterator, which makes a value when it is asked for one. The channel is closed from the beginning.
    Iterator,
}

/// What a channel is made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Kind {
    pub(crate) limit: usize,
    pub(crate) when_full: WhenFull,
    pub(crate) store: Store,
    pub(crate) max_pending: usize,
}

/// What came of an operation, or of the arm of a select.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Got(Option<Id>),
    Put(Result<(), Id>),
}

/// What somebody is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Told {
    Waits,
    One(Outcome),
    /// The arm of a select that took effect, and the values of those that did not.
    Selected(usize, Outcome, Vec<Id>),
    /// `get_many`: nothing if the channel is closed and drained.
    GotMany(Vec<Id>),
    /// `put_many`: what is left, and whether that is because the channel is closed.
    PutMany(Vec<Id>, bool),
    /// `join`, `closed`.
    Ended,
}

/// What can be seen after a step, besides what the step itself returns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Seen {
    /// What callbacks were told, in the order in which they were called.
    pub(crate) called: Vec<(usize, Outcome)>,
    /// The values that were dropped, sorted.
    pub(crate) dropped: Vec<Id>,
}

/// A channel's figures.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Figures {
    pub(crate) len: usize,
    pub(crate) parked_puts: usize,
    pub(crate) parked_gets: usize,
    pub(crate) delivered: u64,
    pub(crate) evicted: u64,
    pub(crate) is_closed: bool,
}

/// A value that was got, with its place in the order in which values left.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Left(pub(crate) Id, u64);

struct Chan {
    kind: Kind,
    returned: Vec<Left>,
    inside: VecDeque<Id>,
    /// What its iterator will make.
    to_come: VecDeque<Id>,
    /// Whether somebody has asked the iterator in vain.
    has_ended: bool,
    /// Parked arms: the operation, and which of its arms.
    puts: VecDeque<(usize, usize)>,
    gets: VecDeque<(usize, usize)>,
    closed: bool,
    /// How many have left, given back or not.
    left: u64,
    delivered: u64,
    evicted: u64,
}

/// What sort of operation it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Sort {
    Plain,
    Select,
    Callback,
    /// `add`: like a callback that nobody hears of.
    Added,
    GetMany(usize),
    PutMany(VecDeque<Id>),
    /// Waits for a channel to be closed.
    Closed,
    /// As well as drained.
    Join,
}

struct Op {
    sort: Sort,
    arms: Vec<Arm>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Waits,
    Decided,
    Over,
}

struct Arm {
    chan: usize,
    /// What it is to put; it gets if there is nothing.
    value: Option<Id>,
    /// Once it has taken effect.
    outcome: Option<(Outcome, u64)>,
    /// Whether what it got is a copy that it makes itself, when it goes on.
    copies: bool,
}

impl Arm {
    fn new(chan: usize, value: Option<Id>) -> Self {
        Self { chan, value, outcome: None, copies: false }
    }

    fn is_put_to(&self, chan: usize) -> bool {
        self.chan == chan && self.value.is_some()
    }
}

enum Step {
    Done(Outcome, u64),
    Wait,
}

/// Everything.
#[derive(Default)]
pub(crate) struct Model {
    chans: Vec<Chan>,
    ops: Vec<Op>,
    pub(crate) seen: Seen,
}

impl Model {
    /// A channel, with what its iterator is to make if it is over one.
    pub(crate) fn add_chan(&mut self, kind: Kind, to_come: impl IntoIterator<Item = Id>) {
        self.chans.push(Chan {
            kind,
            returned: Vec::new(),
            inside: VecDeque::new(),
            to_come: to_come.into_iter().collect(),
            has_ended: false,
            puts: VecDeque::new(),
            gets: VecDeque::new(),
            closed: kind.store == Store::Iterator,
            left: 0,
            delivered: 0,
            evicted: 0,
        });
    }

    pub(crate) fn figures(&self, at: usize) -> Figures {
        let c = &self.chans[at];
        let live = |parked: &VecDeque<(usize, usize)>| {
            parked.iter().filter(|(op, _)| self.ops[*op].state == State::Waits).count()
        };
        Figures {
            len: c.inside.len() + c.returned.len(),
            parked_puts: live(&c.puts),
            parked_gets: live(&c.gets),
            delivered: c.delivered,
            evicted: c.evicted,
            is_closed: c.closed,
        }
    }

    /// How many operations there were.
    pub(crate) fn ops(&self) -> usize {
        self.ops.len()
    }

    /// Whether the task of that operation must have been woken.
    pub(crate) fn is_decided(&self, op: usize) -> bool {
        self.ops[op].state == State::Decided
    }

    // --- what users do ---

    /// Begins an operation, and polls it once.
    pub(crate) fn begin(&mut self, sort: Sort, arms: Vec<(usize, Option<Id>)>) -> Told {
        let op = self.push(sort, arms);
        match self.ops[op].sort.clone() {
            Sort::GetMany(max) => {
                let at = self.ops[op].arms[0].chan;
                let values = self.get_ready(at, max);
                if !values.is_empty() {
                    self.ops[op].state = State::Over;
                    return Told::GotMany(values);
                }
                self.start(op);
                self.poll(op)
            }
            Sort::PutMany(values) => self.put_many(op, values),
            Sort::Closed | Sort::Join => {
                if !self.may_end(op) {
                    self.ops[op].state = State::Waits;
                }
                self.poll(op)
            }
            _ => {
                self.start(op);
                self.poll(op)
            }
        }
    }

    fn push(&mut self, sort: Sort, arms: Vec<(usize, Option<Id>)>) -> usize {
        let arms = arms.into_iter().map(|(chan, value)| Arm::new(chan, value)).collect();
        self.ops.push(Op { sort, arms, state: State::Decided });
        self.ops.len() - 1
    }

    /// A select that takes what is ready now, or nothing, with its values back.
    pub(crate) fn select_now(&mut self, arms: Vec<(usize, Option<Id>)>) -> Result<Told, Vec<Id>> {
        let values = arms.iter().filter_map(|(_, value)| *value).collect();
        let op = self.push(Sort::Select, arms);
        if self.attempt_all(op) {
            Ok(self.poll(op))
        } else {
            self.ops[op].state = State::Over;
            Err(values)
        }
    }

    /// As a callback; `false` if it was refused, in which case the value is back.
    pub(crate) fn begin_callback(&mut self, at: usize, value: Option<Id>) -> bool {
        let op = self.push(Sort::Callback, vec![(at, value)]);
        match self.attempt(op, 0) {
            Step::Done(outcome, _) => {
                self.ops[op].state = State::Over;
                self.seen.called.push((op, outcome));
                true
            }
            Step::Wait => self.queue(op, at, value.is_some()),
        }
    }

    /// As many as can be added; how many are left, from the first that could not.
    pub(crate) fn add(&mut self, at: usize, values: Vec<Id>) -> Vec<Id> {
        for (done, value) in values.iter().enumerate() {
            let op = self.push(Sort::Added, vec![(at, Some(*value))]);
            let is_added = match self.attempt(op, 0) {
                Step::Done(Outcome::Put(result), _) => {
                    self.ops[op].state = State::Over;
                    result.is_ok()
                }
                _ => self.queue(op, at, true),
            };
            if !is_added {
                return values[done..].to_vec();
            }
        }
        Vec::new()
    }

    pub(crate) fn try_put(&mut self, at: usize, value: Id) -> Option<Result<(), Id>> {
        match self.put(at, value, None) {
            Step::Done(Outcome::Put(result), _) => Some(result),
            _ => None,
        }
    }

    pub(crate) fn try_get(&mut self, at: usize) -> Option<Option<Left>> {
        match self.get(at, None) {
            Step::Done(Outcome::Got(value), order) => Some(value.map(|value| Left(value, order))),
            _ => None,
        }
    }

    /// Polls an operation that waits or was woken.
    pub(crate) fn poll(&mut self, op: usize) -> Told {
        if self.ops[op].state != State::Decided {
            return Told::Waits;
        }
        self.ops[op].state = State::Over;
        if self.waits_for_an_end(op) {
            return Told::Ended;
        }
        let arms = &self.ops[op].arms;
        let won = arms.iter().position(|arm| arm.outcome.is_some()).expect("one has won");
        if arms[won].copies {
            self.chans[arms[won].chan].delivered += 1;
        }
        let outcome = arms[won].outcome.clone().expect("it has won").0;
        match self.ops[op].sort.clone() {
            Sort::Select => {
                let lost = arms.iter().filter(|arm| arm.outcome.is_none());
                Told::Selected(won, outcome, lost.filter_map(|arm| arm.value).collect())
            }
            Sort::GetMany(max) => {
                let at = arms[0].chan;
                let Outcome::Got(first) = outcome else { unreachable!() };
                let mut values: Vec<_> = first.into_iter().collect();
                if !values.is_empty() && !self.chans[at].makes_values() {
                    values.extend(self.get_ready(at, max - 1));
                }
                Told::GotMany(values)
            }
            Sort::PutMany(values) => self.put_many(op, values),
            _ => Told::One(outcome),
        }
    }

    /// Drops an operation that waits, or was woken and not polled since.
    pub(crate) fn drop_op(&mut self, op: usize) {
        let was = std::mem::replace(&mut self.ops[op].state, State::Over);
        if let Sort::PutMany(values) = self.ops[op].sort.clone() {
            self.seen.dropped.extend(values);
        }
        for arm in 0..self.ops[op].arms.len() {
            let Arm { chan, value, outcome, copies } = &self.ops[op].arms[arm];
            match outcome.clone() {
                _ if was == State::Over || *copies => {}
                None => self.seen.dropped.extend(*value),
                Some((Outcome::Put(Err(value)), _)) => self.seen.dropped.push(value),
                Some((Outcome::Got(Some(value)), order)) => {
                    self.give_back(*chan, Left(value, order));
                }
                Some(_) => {}
            }
        }
    }

    /// To the get that waits longest, or to the front, behind those that left before it.
    pub(crate) fn give_back(&mut self, at: usize, value: Left) {
        if self.is_promise(at) {
            // It was a copy.
            return self.seen.dropped.push(value.0);
        }
        self.chans[at].delivered -= 1;
        if let Some((op, arm)) = self.claim(at, false, None) {
            self.chans[at].left += 1;
            self.chans[at].delivered += 1;
            self.decide(op, arm, Outcome::Got(Some(value.0)), value.1);
        } else {
            let returned = &mut self.chans[at].returned;
            returned.push(value);
            returned.sort_by_key(|value| value.1);
        }
    }

    pub(crate) fn close(&mut self, at: usize) {
        if !std::mem::replace(&mut self.chans[at].closed, true) {
            while let Some((op, arm)) = self.claim(at, false, None) {
                self.decide(op, arm, Outcome::Got(None), 0);
            }
        }
    }

    pub(crate) fn is_promise(&self, at: usize) -> bool {
        self.chans[at].kind.store == Store::Promise
    }

    /// Drops all channels.
    pub(crate) fn discard(&mut self) {
        self.chans.iter_mut().for_each(|c| self.seen.dropped.extend(c.inside.drain(..)));
    }

    /// Whether it is a `join` or `closed`.
    pub(crate) fn waits_for_an_end(&self, op: usize) -> bool {
        matches!(self.ops[op].sort, Sort::Closed | Sort::Join)
    }

    /// Whether what a `join` or `closed` waits for has come.
    pub(crate) fn may_end(&self, op: usize) -> bool {
        let c = &self.chans[self.ops[op].arms[0].chan];
        let waits = |(op, _): &(usize, usize)| self.ops[*op].state == State::Waits;
        c.closed
            && (self.ops[op].sort == Sort::Closed || c.is_drained() && !c.puts.iter().any(waits))
    }

    /// The same, and nobody is about to make it known: a select whose arm is there still takes it out when it goes on.
    pub(crate) fn must_end(&self, op: usize) -> bool {
        let at = self.ops[op].arms[0].chan;
        let is_there = |other: &Op| {
            other.state == State::Decided && other.arms.iter().any(|arm| arm.is_put_to(at))
        };
        self.may_end(op) && (self.ops[op].sort == Sort::Closed || !self.ops.iter().any(is_there))
    }

    /// It has been told.
    pub(crate) fn ends(&mut self, op: usize) {
        self.ops[op].state = State::Decided;
    }

    // --- what that comes to ---

    /// Tries each arm in its turn, and parks all if none takes effect.
    fn start(&mut self, op: usize) {
        if !self.attempt_all(op) {
            self.ops[op].state = State::Waits;
            (0..self.ops[op].arms.len()).for_each(|arm| self.park(op, arm));
        }
    }

    fn attempt_all(&mut self, op: usize) -> bool {
        (0..self.ops[op].arms.len()).any(|arm| match self.attempt(op, arm) {
            Step::Done(outcome, order) => {
                self.ops[op].arms[arm].outcome = Some((outcome, order));
                true
            }
            Step::Wait => false,
        })
    }

    fn attempt(&mut self, op: usize, arm: usize) -> Step {
        let Arm { chan, value, .. } = self.ops[op].arms[arm];
        match value {
            Some(value) => self.put(chan, value, Some(op)),
            None => self.get(chan, Some(op)),
        }
    }

    fn park(&mut self, op: usize, arm: usize) {
        let Arm { chan, value, .. } = self.ops[op].arms[arm];
        let c = &mut self.chans[chan];
        if value.is_some() { &mut c.puts } else { &mut c.gets }.push_back((op, arm));
    }

    /// Parks a callback or an `add`, unless as many are parked as may be.
    fn queue(&mut self, op: usize, at: usize, puts: bool) -> bool {
        let c = &self.chans[at];
        let parked = if puts { &c.puts } else { &c.gets };
        let is_queued = |(op, _): &&(usize, usize)| {
            let op = &self.ops[*op];
            op.state == State::Waits && matches!(op.sort, Sort::Callback | Sort::Added)
        };
        if parked.iter().filter(is_queued).count() >= c.kind.max_pending {
            self.ops[op].state = State::Over;
            return false;
        }
        self.ops[op].state = State::Waits;
        self.park(op, 0);
        true
    }

    fn put(&mut self, at: usize, value: Id, me: Option<usize>) -> Step {
        let done = Step::Done(Outcome::Put(Ok(())), 0);
        if self.chans[at].closed {
            return Step::Done(Outcome::Put(Err(value)), 0);
        }
        if self.is_promise(at) {
            self.keep(at, value);
            return done;
        }
        if let Some((op, arm)) = self.claim(at, false, me) {
            let order = self.leaves(at);
            self.decide(op, arm, Outcome::Got(Some(value)), order);
            return done;
        }
        let c = &mut self.chans[at];
        if c.has_room() {
            c.inside.push_back(value);
            return done;
        }
        match c.kind.when_full {
            WhenFull::Wait => return Step::Wait,
            WhenFull::DropNew => {
                c.evicted += 1;
                self.seen.dropped.push(value);
            }
            WhenFull::DropOld => {
                while !c.has_room() {
                    c.evicted += 1;
                    let oldest = if c.returned.is_empty() {
                        c.inside.pop_front().expect("it is full")
                    } else {
                        c.returned.remove(0).0
                    };
                    self.seen.dropped.push(oldest);
                }
                c.inside.push_back(value);
            }
        }
        done
    }

    /// Keeps a promise, once; all that wait for it make their copies when they go on.
    fn keep(&mut self, at: usize, value: Id) {
        let c = &mut self.chans[at];
        if !c.inside.is_empty() {
            c.evicted += 1;
            return self.seen.dropped.push(value);
        }
        c.inside.push_back(value);
        while let Some((op, arm)) = self.claim(at, false, None) {
            self.ops[op].arms[arm].copies = true;
            self.decide(op, arm, Outcome::Got(Some(value)), 0);
            if self.ops[op].state == State::Over {
                self.chans[at].delivered += 1;
            }
        }
    }

    fn get(&mut self, at: usize, me: Option<usize>) -> Step {
        let c = &mut self.chans[at];
        let value = if !c.returned.is_empty() {
            Some(c.returned.remove(0).0)
        } else if c.kind.store == Store::Promise {
            c.inside.front().copied()
        } else {
            c.inside.pop_front().or_else(|| c.to_come.pop_front())
        };
        if let Some(value) = value {
            let order = self.leaves(at);
            while self.chans[at].has_room()
                && let Some((op, arm)) = self.claim(at, true, me)
            {
                let value = self.ops[op].arms[arm].value.expect("it is a put");
                self.chans[at].inside.push_back(value);
                self.decide(op, arm, Outcome::Put(Ok(())), 0);
            }
            return Step::Done(Outcome::Got(Some(value)), order);
        }
        if let Some((op, arm)) = self.claim(at, true, me) {
            let value = self.ops[op].arms[arm].value.expect("it is a put");
            let order = self.leaves(at);
            self.decide(op, arm, Outcome::Put(Ok(())), 0);
            return Step::Done(Outcome::Got(Some(value)), order);
        }
        let c = &mut self.chans[at];
        c.has_ended = c.closed;
        if c.closed { Step::Done(Outcome::Got(None), 0) } else { Step::Wait }
    }

    fn leaves(&mut self, at: usize) -> u64 {
        let c = &mut self.chans[at];
        c.left += 1;
        c.delivered += 1;
        c.left
    }

    /// Takes out the arm that has been parked longest and still waits, but none of mine.
    fn claim(&mut self, at: usize, puts: bool, me: Option<usize>) -> Option<(usize, usize)> {
        let c = &mut self.chans[at];
        let parked = if puts { &mut c.puts } else { &mut c.gets };
        parked.retain(|(op, _)| self.ops[*op].state == State::Waits);
        let oldest = parked.iter().position(|(op, _)| Some(*op) != me)?;
        parked.remove(oldest)
    }

    fn decide(&mut self, op: usize, arm: usize, outcome: Outcome, order: u64) {
        let it = &mut self.ops[op];
        it.state = State::Decided;
        match it.sort {
            Sort::Callback => {
                it.state = State::Over;
                self.seen.called.push((op, outcome));
            }
            Sort::Added => it.state = State::Over,
            _ => it.arms[arm].outcome = Some((outcome, order)),
        }
    }

    /// What is there already; of copies and items one is made, behind what was given back.
    fn get_ready(&mut self, at: usize, max: usize) -> Vec<Id> {
        let mut values = Vec::new();
        let mut goes_on = true;
        while goes_on && values.len() < max {
            goes_on = !self.chans[at].makes_values() || !self.chans[at].returned.is_empty();
            match self.get(at, None) {
                Step::Done(Outcome::Got(Some(value)), _) => values.push(value),
                _ => break,
            }
        }
        values
    }

    fn put_many(&mut self, op: usize, mut values: VecDeque<Id>) -> Told {
        let at = self.ops[op].arms[0].chan;
        while let Some(value) = values.pop_front() {
            match self.put(at, value, None) {
                Step::Done(Outcome::Put(Ok(())), _) => {}
                Step::Done(..) => {
                    values.push_front(value);
                    self.ops[op].state = State::Over;
                    return Told::PutMany(values.into(), true);
                }
                Step::Wait => {
                    self.ops[op].arms[0] = Arm::new(at, Some(value));
                    self.ops[op].sort = Sort::PutMany(values);
                    self.ops[op].state = State::Waits;
                    self.park(op, 0);
                    return Told::Waits;
                }
            }
        }
        self.ops[op].state = State::Over;
        Told::PutMany(Vec::new(), false)
    }
}

impl Chan {
    /// Whether a get makes what it gets, unless something was given back.
    fn makes_values(&self) -> bool {
        matches!(self.kind.store, Store::Promise | Store::Iterator)
    }

    /// What a promise keeps does not count, and that an iterator has ended is not known before somebody asks it.
    fn is_drained(&self) -> bool {
        self.returned.is_empty()
            && match self.kind.store {
                Store::Promise => true,
                Store::Iterator => self.has_ended,
                Store::Queue | Store::Custom => self.inside.is_empty(),
            }
    }

    fn has_room(&self) -> bool {
        let returned = if self.kind.store == Store::Custom { 0 } else { self.returned.len() };
        self.inside.len() + returned < self.kind.limit
    }
}
