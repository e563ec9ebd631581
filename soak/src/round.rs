//! One round with threads, a runtime and callbacks all at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

use fastrand::Rng;
use tokio::runtime::Runtime;

use crate::actor::{Actor, Role};
use crate::halves::{Halves, Holder};
use crate::ledger::{self, Fate};
use crate::promise::{self, Promise};
use crate::world::World;
use crate::{blocking, callbacks, halves, planned, tasks, watch};

/// What a round took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Puts, gets and selects.
    pub operations: u64,
    /// How many values there were.
    pub values: u64,
}

/// What a round is about.
pub(crate) enum Kind {
    /// Channels of all sorts, and actors that do everything with them.
    Mesh,
    Halves,
    Promise,
}

impl Kind {
    pub(crate) fn draw(rng: &mut Rng) -> Self {
        match rng.u8(..8) {
            0 | 1 => Self::Halves,
            2 => Self::Promise,
            _ => Self::Mesh,
        }
    }
}

/// Somebody to be waited for.
enum Running {
    Thread(JoinHandle<()>),
    Task(tokio::task::JoinHandle<()>),
    Own(aiochan::Task<()>),
}

/// Runs a round, the same channels, actors and operations for the same seed; how they interleave is up to the
/// scheduler. A broken promise ends the process.
pub fn run(seed: u64, runtime: &Runtime) -> Figures {
    ledger::open(seed);
    watch::clear();
    let mut rng = Rng::with_seed(seed);
    match Kind::draw(&mut rng) {
        Kind::Halves => run_halves(&mut rng, runtime),
        Kind::Promise => run_promise(&mut rng, runtime),
        Kind::Mesh => run_mesh(&mut rng, runtime),
    }
}

fn run_mesh(rng: &mut Rng, runtime: &Runtime) -> Figures {
    let world = World::new(rng, true);
    let (producers, others) = cast(&world, rng);
    let is_stormy = rng.u8(..3) == 0;
    let others: Vec<_> = others.into_iter().map(|actor| start(actor, rng, runtime)).collect();
    let producers: Vec<_> = producers.into_iter().map(|actor| start(actor, rng, runtime)).collect();
    let watchers = world.watchers(rng).into_iter().map(|watcher| match rng.bool() {
        true => Running::Task(runtime.spawn(watcher)),
        false => Running::Own(aiochan::go(watcher)),
    });
    let watchers: Vec<_> = watchers.collect();
    if is_stormy {
        let at = rng.usize(..world.chans.len());
        planned::caught(|| world.chans[at].close());
    }
    producers.into_iter().flatten().for_each(|running| running.wait(runtime));
    // The consumers get all there is before anything is closed. If one was not woken this takes for ever, and the
    // watchdog tells.
    while ledger::count(Fate::Under) > 0 || !world.closed_are_over() {
        world.drain_closed();
        thread::yield_now();
    }
    end(&world);
    others.into_iter().flatten().for_each(|running| running.wait(runtime));
    world.drain_closed();
    watchers.into_iter().for_each(|running| running.wait(runtime));
    world.assert_settled();
    Figures { operations: world.operations.load(Ordering::Relaxed), values: ledger::made() }
}

/// Closes what is still open.
pub(crate) fn end(world: &World) {
    for c in &world.chans {
        planned::caught(|| c.close());
    }
}

/// The actors: those who produce, and those who take values away. Every channel has a consumer that stays.
pub(crate) fn cast(world: &Arc<World>, rng: &mut Rng) -> (Vec<Actor>, Vec<Actor>) {
    let last = world.chans.len() - 1;
    let mut others: Vec<_> = (0..=last)
        .chain((0..rng.usize(..4)).map(|_| rng.usize(..=last)).collect::<Vec<_>>())
        .map(Role::Consume)
        .collect();
    for _ in 0..rng.usize(..4) {
        let from = rng.usize(..=last);
        if from < last {
            others.push(Role::Relay(from, rng.usize(from + 1..=last)));
        }
    }
    let producers: Vec<_> =
        (0..rng.usize(1..6)).map(|_| Role::Produce(rng.usize(..=last), rng.u32(1..2000))).collect();
    let mut actors =
        |roles: Vec<Role>| roles.into_iter().map(|role| Actor::new(world, rng, role)).collect();
    (actors(producers), actors(others))
}

/// Sets an actor to work, in a task of one kind or another, in a thread, or as a chain of callbacks.
fn start(actor: Actor, rng: &mut Rng, runtime: &Runtime) -> Option<Running> {
    let stays = matches!(actor.role, Role::Consume(_));
    Some(match rng.u8(..10) {
        0..3 => Running::Task(runtime.spawn(tasks::act(actor))),
        3 => Running::Own(aiochan::go(tasks::act(actor))),
        4 => Running::Thread(thread::spawn(|| aiochan::run(tasks::act(actor)))),
        5 if !stays => Running::Task(runtime.spawn(tasks::act_for_a_while(actor))),
        6 if !stays => {
            callbacks::act(actor);
            return None;
        }
        _ => Running::Thread(thread::spawn(|| blocking::act(actor))),
    })
}

impl Running {
    fn wait(self, runtime: &Runtime) {
        let result = match self {
            Self::Thread(thread) => thread.join().map_err(|_| "a thread has panicked"),
            Self::Task(task) => runtime.block_on(task).map_err(|_| "a task has panicked"),
            Self::Own(task) => catch_unwind(AssertUnwindSafe(|| aiochan::run(task)))
                .map_err(|_| "a task of the built-in executor has panicked"),
        };
        result.unwrap_or_else(|what| ledger::fault(what));
    }
}

fn run_halves(rng: &mut Rng, runtime: &Runtime) -> Figures {
    let (halves, holders) = Halves::new(rng);
    let running: Vec<_> = holders
        .into_iter()
        .map(|holder| match (rng.u8(..3), holder) {
            (0, Holder::Receives(receiver, side, count)) => {
                Running::Thread(thread::spawn(move || {
                    halves::receive_blocking(receiver, side, count);
                }))
            }
            (1, holder) => Running::Own(aiochan::go(holder.act())),
            (_, holder) => Running::Task(runtime.spawn(holder.act())),
        })
        .collect();
    running.into_iter().for_each(|running| running.wait(runtime));
    halves.settle()
}

fn run_promise(rng: &mut Rng, runtime: &Runtime) -> Figures {
    let promise = Promise::new();
    let mut start = |gets: bool| {
        let (promise, own) = (promise.clone(), rng.fork());
        match (rng.u8(..3), gets) {
            (0, true) => {
                Running::Thread(thread::spawn(move || promise::get_blocking(&promise, own)))
            }
            (1, true) => Running::Own(aiochan::go(promise::get(promise, own))),
            (_, true) => Running::Task(runtime.spawn(promise::get(promise, own))),
            (0, false) => {
                Running::Thread(thread::spawn(|| aiochan::run(promise::put(promise, own))))
            }
            (_, false) => Running::Task(runtime.spawn(promise::put(promise, own))),
        }
    };
    let gets: Vec<_> = (0..4).map(|_| start(true)).collect();
    let puts: Vec<_> = (0..3).map(|_| start(false)).collect();
    if rng.u8(..3) > 0 {
        puts.into_iter().for_each(|running| running.wait(runtime));
        promise.close();
    } else {
        promise.close();
        puts.into_iter().for_each(|running| running.wait(runtime));
    }
    gets.into_iter().for_each(|running| running.wait(runtime));
    promise.settle()
}
