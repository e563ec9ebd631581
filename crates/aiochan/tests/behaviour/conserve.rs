//! Conservation under any sequence of operations: puts, gets and selects that are begun, polled and
//! dropped at random, on channels with random buffers that are closed at random.

use std::sync::{Arc, Mutex};

use aiochan::{Chan, Outcome, Select};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};

use crate::custom::Fifo;
use crate::driver::assert_idle;
use crate::task::Task;

corpus! {
    alone: [
        no_sequence_of_operations_loses_a_value,
    ]
}

/// Which of the two channels, and whether to put.
type Arm = (usize, bool);

#[derive(Clone, Debug)]
enum Step {
    /// Begins an operation: plain with one arm, a select with more.
    Begin(Vec<Arm>),
    /// The same, if it can complete at once.
    Try(Arm),
    /// Polls one of the operations that were begun, if it was woken.
    Poll(prop::sample::Index),
    Drop(prop::sample::Index),
    Close(usize),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// In a channel, or with an operation.
    Under,
    /// With a getter.
    Got,
    /// With its putter again.
    Back,
    /// Dropped by none of these.
    Dropped,
}

struct Value(usize, Fates);

type Fates = Arc<Mutex<Vec<Fate>>>;

impl Value {
    fn comes_to(self, fate: Fate) {
        let was = std::mem::replace(&mut self.1.lock().unwrap()[self.0], fate);
        assert_eq!(was, Fate::Under, "value {} again", self.0);
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        let fate = &mut self.1.lock().unwrap()[self.0];
        if *fate == Fate::Under {
            *fate = Fate::Dropped;
        }
    }
}

#[derive(Default)]
struct World {
    fates: Fates,
    /// With the values of their put arms.
    ops: Vec<(Task<'static, ()>, Vec<usize>)>,
    /// The values of operations that were dropped: they may have gone with them.
    excused: Vec<usize>,
}

impl World {
    fn value(&self) -> Value {
        let mut fates = self.fates.lock().unwrap();
        fates.push(Fate::Under);
        Value(fates.len() - 1, self.fates.clone())
    }

    fn begin(&mut self, chans: &[Chan<Value>; 2], arms: Vec<Arm>) {
        let values: Vec<_> = arms.iter().map(|(_, puts)| puts.then(|| self.value())).collect();
        let ids = values.iter().flatten().map(|value| value.0).collect();
        let arms: Vec<_> = arms
            .into_iter()
            .zip(values)
            .map(|((at, _), value)| (chans[at].clone(), value))
            .collect();
        let task = Task::start(async move {
            match <[_; 1]>::try_from(arms) {
                Ok([(chan, None)]) => got(chan.get().await),
                Ok([(chan, Some(value))]) => {
                    if let Err(error) = chan.put(value).await {
                        error.0.comes_to(Fate::Back);
                    }
                }
                Err(arms) => select(arms).await,
            }
        });
        self.ops.push((task, ids));
        self.sweep();
    }

    fn step(&mut self, chans: &[Chan<Value>; 2], step: Step) {
        match step {
            Step::Begin(arms) => self.begin(chans, arms),
            Step::Try((at, true)) => {
                if let Err(error) = chans[at].try_put(self.value()) {
                    error.into_inner().comes_to(Fate::Back);
                }
            }
            Step::Try((at, false)) => got(chans[at].try_get().ok()),
            Step::Poll(index) => {
                if !self.ops.is_empty() {
                    let at = index.index(self.ops.len());
                    self.ops[at].0.is_done();
                    self.sweep();
                }
            }
            Step::Drop(index) => {
                if !self.ops.is_empty() {
                    let (task, ids) = self.ops.swap_remove(index.index(self.ops.len()));
                    drop(task);
                    self.excused.extend(ids);
                }
            }
            Step::Close(at) => {
                chans[at].close();
            }
        }
    }

    /// Forgets the operations that are known to be over.
    fn sweep(&mut self) {
        self.ops.retain(|(task, _)| !task.is_over());
    }
}

fn got(value: Option<Value>) {
    if let Some(value) = value {
        value.comes_to(Fate::Got);
    }
}

async fn select(arms: Vec<(Chan<Value>, Option<Value>)>) {
    let (chans, values): (Vec<_>, Vec<_>) = arms.into_iter().unzip();
    let arms = chans.iter().zip(values);
    let select = arms.fold(Select::new(), |select, (chan, value)| match value {
        None => select.get(chan),
        Some(value) => select.put(chan, value),
    });
    let selected = select.await;
    match selected.outcome {
        Outcome::Got(value) => got(value),
        Outcome::Put(Ok(())) => {}
        Outcome::Put(Err(error)) => error.0.comes_to(Fate::Back),
    }
    selected.unsent.into_iter().for_each(|(_, value)| value.comes_to(Fate::Back));
}

/// What is so between any two steps: nobody waits for what is there.
fn assert_nobody_waits_in_vain(chans: &[Chan<Value>; 2]) {
    for c in chans {
        let stats = c.stats();
        assert!(stats.parked_gets == 0 || stats.len == 0, "{c:?}");
        let is_full = c.capacity().is_some_and(|capacity| stats.len >= capacity);
        assert!(stats.parked_puts == 0 || is_full, "{c:?}");
        assert!(stats.parked_gets == 0 || !c.is_closed(), "{c:?}");
    }
}

fn run(kinds: [usize; 2], steps: Vec<Step>) {
    let chans = kinds.map(|kind| match kind {
        0..3 => Chan::fixed(kind),
        3 => Chan::with_buffer(Fifo::new(2)),
        4 => Chan::unbounded(),
        5 => Chan::sliding(1),
        _ => Chan::dropping(2),
    });
    let mut world = World::default();
    let mut joins = chans.each_ref().map(|chan| Task::start(chan.join()));
    for step in steps {
        world.step(&chans, step);
        assert_nobody_waits_in_vain(&chans);
    }
    // Everything that is there is got, until there is nothing; then nobody waits any more.
    for chan in &chans {
        chan.close();
        chan.iter().for_each(|value| got(Some(value)));
    }
    world.ops.iter_mut().for_each(|(task, _)| assert!(task.is_done(), "one was not woken"));
    joins.iter_mut().for_each(|join| assert!(join.is_done(), "a join was not told"));
    chans.iter().for_each(assert_idle);
    let fates = world.fates.lock().unwrap().clone();
    assert!(!fates.contains(&Fate::Under));
    let lost = fates.iter().enumerate().filter(|(_, fate)| **fate == Fate::Dropped);
    let lost = lost.filter(|(id, _)| !world.excused.contains(id)).count();
    let evicted: u64 = chans.iter().map(|chan| chan.stats().evicted).sum();
    assert!(lost as u64 <= evicted, "{lost} lost, {evicted} evicted: {fates:?}");
    let delivered: u64 = chans.iter().map(|chan| chan.stats().delivered()).sum();
    assert_eq!(fates.iter().filter(|fate| **fate == Fate::Got).count() as u64, delivered);
}

/// Rule 1, 2 and 6.
fn no_sequence_of_operations_loses_a_value() {
    let arm = || (0..2usize, any::<bool>());
    let step = prop_oneof![
        4 => vec(arm(), 1).prop_map(Step::Begin),
        3 => vec(arm(), 2..4).prop_map(Step::Begin),
        2 => arm().prop_map(Step::Try),
        2 => any::<prop::sample::Index>().prop_map(Step::Poll),
        3 => any::<prop::sample::Index>().prop_map(Step::Drop),
        1 => (0..2usize).prop_map(Step::Close),
    ];
    let world = ([0..7usize, 0..7usize], vec(step, 1..40));
    let config = Config { failure_persistence: None, ..Config::default() };
    let result = TestRunner::new(config).run(&world, |(kinds, steps)| {
        run(kinds, steps);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
}
