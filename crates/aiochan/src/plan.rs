//! `Plan`: what a crew has in hand, and what one of its threads should do next. No other code runs here.

use std::collections::VecDeque;
use std::time::Duration;

use futures_core::Stream;

use crate::hands::{Hands, Numbered};
use crate::intake::{Intake, Pace};
use crate::jobs::Yield;
use crate::results::Results;
use crate::state::Reason;

/// What became of an item; an error stops the pipe.
pub(crate) type Outcome<U> = Result<Yield<U>, Reason>;

/// The state that a crew's threads share.
pub(crate) struct Plan<S: Stream, U> {
    /// The input, unless somebody reads it, or it has ended, or is not to be read on.
    intake: Option<Intake<S>>,
    /// How the input has ended, if it has.
    ended: Option<End>,
    /// Items that were read and nobody has begun with, with their numbers.
    pub(crate) queue: Numbered<S::Item>,
    pub(crate) results: Results<Outcome<U>>,
    /// How many items have been taken from the input and not been accepted by the output.
    inside: usize,
    pace: Pace,
    /// Whether there may be something in hands that no thread has begun with, or that none reports soon.
    lent: bool,
    /// The last read found less than it was to, and no call has begun since.
    dry: bool,
    delivering: bool,
    /// How often threads have reported since all that was ready was delivered.
    reports: usize,
    /// The input is not to be read on.
    pub(crate) halted: bool,
    /// The threads are to leave.
    pub(crate) over: bool,
    pub(crate) idle: usize,
    /// How many of the idle threads have been woken and do not know it yet.
    pub(crate) woken: usize,
    watch: Watch,
}

/// What the thread that watches does.
#[derive(Clone, Copy, PartialEq)]
enum Watch {
    /// There is none yet.
    Absent,
    /// It rests: nothing is held.
    Rests,
    /// It gives the others time to deliver.
    Waits,
    /// They have delivered since.
    Served,
}

/// How an input has ended.
pub(crate) enum End {
    Input,
    Panicked(Reason),
}

/// What a thread has taken on.
pub(crate) enum Step<S: Stream, U> {
    Read {
        intake: Intake<S>,
        limit: usize,
        wait: bool,
    },
    /// Calls with what is in the thread's hand.
    Call,
    Deliver(Delivery<U>),
    End(End),
}

/// Results whose turn it is.
pub(crate) struct Delivery<U> {
    pub(crate) values: VecDeque<U>,
    /// Of how many items.
    pub(crate) items: usize,
    /// The failure that comes after them.
    pub(crate) failure: Option<Reason>,
}

impl<S: Stream, U> Plan<S, U> {
    pub(crate) fn new(input: S, pace: Pace, ordered: bool) -> Self {
        Self {
            intake: Some(Intake::new(input)),
            ended: None,
            queue: VecDeque::new(),
            results: Results::new(ordered),
            inside: 0,
            pace,
            lent: false,
            dry: false,
            delivering: false,
            reports: 0,
            halted: false,
            over: false,
            idle: 0,
            woken: 0,
            watch: Watch::Absent,
        }
    }

    /// Whether there is enough to deliver, or nothing else to do: each delivery may wake the consumer.
    fn is_due(&self) -> bool {
        self.results.is_ready() && (self.reports >= self.pace.hold() || self.queue.is_empty())
    }

    fn must_deliver(&self) -> bool {
        !self.delivering && self.is_due()
    }

    /// Whether there is more to deliver than who delivers gets rid of.
    pub(crate) fn is_behind(&self) -> bool {
        self.delivering && self.is_due()
    }

    fn must_end(&self) -> bool {
        self.ended.is_some() && self.inside == 0
    }

    fn must_read(&self) -> bool {
        self.inside < self.pace.room()
            && self.intake.is_some()
            && (!self.dry || self.queue.is_empty())
            && self.pace.read(self.queue.len()).is_some()
    }

    /// What the thread takes on, if there is anything: what is most urgent. The output comes first, so that
    /// no result waits much longer than it must.
    pub(crate) fn take_on(
        &mut self,
        hands: &Hands<S::Item, Outcome<U>>,
        thread: usize,
    ) -> Option<Step<S, U>> {
        if self.queue.is_empty() && self.lent {
            // The thread whose hand it is may be in a call that takes long.
            let item = hands.take_from_any(|number, result| self.results.set(number, result));
            self.lent = item.is_some();
            self.queue.extend(item);
        }
        if self.must_deliver() {
            self.delivering = true;
            return Some(Step::Deliver(self.next_delivery()));
        }
        if self.must_end() {
            return self.ended.take().map(Step::End);
        }
        if self.must_read() {
            let limit = self.pace.read(self.queue.len())?.min(self.pace.room() - self.inside);
            let intake = self.intake.take()?;
            return Some(Step::Read { intake, limit, wait: self.queue.is_empty() });
        }
        // While others have nothing to do no thread takes what they could.
        let run = if self.idle > 0 { 1 } else { self.pace.run() };
        let run = run.min(self.queue.len());
        hands.lock(thread).items.extend(self.queue.drain(..run));
        self.lent |= run > 1;
        self.dry = false;
        (run > 0).then_some(Step::Call)
    }

    /// Whether there is something to do for one more thread, which has to be woken.
    pub(crate) fn calls_for_help(&mut self) -> bool {
        (self.must_deliver() || self.must_read() || !self.queue.is_empty()) && self.wakes()
    }

    /// Whether there is an idle thread, which has to be woken.
    pub(crate) fn wakes(&mut self) -> bool {
        let wakes = self.idle > self.woken;
        self.woken += usize::from(wakes);
        wakes
    }

    /// Whether somebody is to watch from now on: as long as each thread takes single items nothing is held.
    pub(crate) fn needs_watch(&mut self) -> bool {
        let needs = self.watch == Watch::Absent && self.pace.run() > 1;
        if needs {
            self.watch = Watch::Rests;
        }
        needs
    }

    /// Whether there is something for the thread that watches, which has to be woken.
    pub(crate) fn calls_for_watch(&mut self) -> bool {
        let calls = self.watch == Watch::Rests && self.holds();
        if calls {
            self.watch = Watch::Waits;
        }
        calls
    }

    /// Whether results may have to wait for who is in a call.
    fn holds(&self) -> bool {
        !self.delivering && (self.lent || self.results.is_ready())
    }

    /// Whether the thread that watches is to rest, until it is woken; else for a while only.
    pub(crate) fn rests(&mut self) -> bool {
        let rests = !self.holds();
        self.watch = if rests { Watch::Rests } else { Watch::Waits };
        rests
    }

    /// After that while: what there is to deliver, if nobody has delivered anything. And all that is in hands
    /// goes back, so that each thread reports after the call that it is in.
    pub(crate) fn overdue(&mut self, hands: &Hands<S::Item, Outcome<U>>) -> Option<Delivery<U>> {
        if self.over || !self.holds() {
            return None;
        }
        self.recall(hands);
        (self.watch == Watch::Waits && self.results.is_ready()).then(|| {
            self.delivering = true;
            self.next_delivery()
        })
    }

    /// Takes back all that is in hands: it comes before what no thread has taken yet.
    pub(crate) fn recall(&mut self, hands: &Hands<S::Item, Outcome<U>>) {
        let mut items = hands.take_all(|number, result| self.results.set(number, result));
        items.append(&mut self.queue);
        self.queue = items;
        self.lent = false;
    }

    fn next_delivery(&mut self) -> Delivery<U> {
        // What is delivered together makes room together, so it should be a part of what there may be.
        let most = self.pace.run() * self.pace.hold();
        let mut delivery =
            Delivery { values: VecDeque::with_capacity(most), items: 0, failure: None };
        while delivery.items < most
            && delivery.failure.is_none()
            && let Some(result) = self.results.pop()
        {
            delivery.items += 1;
            match result {
                Ok(Yield::One(value)) => delivery.values.push_back(value),
                Ok(Yield::Many(values)) => delivery.values.extend(values),
                Err(reason) => delivery.failure = Some(reason),
            }
        }
        if !self.results.is_ready() {
            self.reports = 0;
        }
        if self.watch == Watch::Waits {
            self.watch = Watch::Served;
        }
        delivery
    }

    /// A thread has made so many calls in that time. What is in its hand goes back to all.
    pub(crate) fn called(
        &mut self,
        hands: &Hands<S::Item, Outcome<U>>,
        thread: usize,
        calls: usize,
        took: Duration,
    ) {
        self.pace.learn(calls, took);
        self.reports += 1;
        let mut hand = hands.lock(thread);
        for item in hand.items.drain(..).rev() {
            self.queue.push_front(item);
        }
        for (number, result) in hand.results.drain(..) {
            self.results.set(number, result);
        }
    }

    pub(crate) fn delivered(&mut self, items: usize) {
        self.delivering = false;
        self.inside -= items;
    }

    /// Adds what has been read.
    pub(crate) fn add(&mut self, intake: Option<Intake<S>>, items: Vec<S::Item>, end: Option<End>) {
        self.dry = true;
        self.inside += items.len();
        self.queue.extend(items.into_iter().map(|item| (self.results.reserve(), item)));
        (self.intake, self.ended) = (intake, end);
    }

    /// Reads no more. The input comes back, to be dropped.
    pub(crate) fn halt(&mut self) -> Option<Intake<S>> {
        self.halted = true;
        self.intake.take()
    }
}
