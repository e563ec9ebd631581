//! One round with threads, a runtime and callbacks all at once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, JoinHandle};

use aiochan::Chan;
use fastrand::Rng;
use tokio::runtime::Runtime;

use crate::actor::{Actor, Role};
use crate::halves::Side;
use crate::ledger::{self, Fate};
use crate::world::{self, World};
use crate::{blocking, callbacks, halves, planned, tasks};

/// What a round took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Puts, gets and selects.
    pub operations: u64,
    /// How many values there were.
    pub values: u64,
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
    let mut rng = Rng::with_seed(seed);
    if rng.u8(..4) == 0 { run_halves(&mut rng, runtime) } else { run_mesh(&mut rng, runtime) }
}

fn run_mesh(rng: &mut Rng, runtime: &Runtime) -> Figures {
    let world = Arc::new(World::new(rng, true));
    let (producers, others) = cast(&world, rng);
    let is_stormy = rng.u8(..3) == 0;
    let others: Vec<_> = others.into_iter().map(|actor| start(actor, rng, runtime)).collect();
    let producers: Vec<_> = producers.into_iter().map(|actor| start(actor, rng, runtime)).collect();
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
    // A handle that is kept tells in the end what became of the values, and nothing may be dropped before; without
    // one nothing may be evicted, and the last receiver discards what is inside.
    let handle = rng.bool().then(|| world::chan(rng));
    let chan = handle.clone().unwrap_or_else(|| Chan::fixed(rng.usize(..9)));
    let leaving = if handle.is_some() { Fate::Lost } else { Fate::Discarded };
    let (sender, receiver) = chan.split();
    let operations = Arc::new(AtomicU64::new(0));
    let mut running = Vec::new();
    for _ in 0..rng.usize(1..5) {
        let side = Side { rng: rng.fork(), leaving, operations: operations.clone() };
        let numbers = ledger::reserve(rng.u32(1..1000));
        let sends = halves::send(sender.clone(), side, numbers);
        running.push(Running::Task(runtime.spawn(sends)));
    }
    for _ in 0..rng.usize(1..5) {
        let side = Side { rng: rng.fork(), leaving, operations: operations.clone() };
        let (receiver, count) = (receiver.clone(), rng.u32(1..2000));
        running.push(match rng.u8(..3) {
            0 => Running::Thread(thread::spawn(move || {
                halves::receive_blocking(receiver, side, count);
            })),
            1 => Running::Own(aiochan::go(halves::receive(receiver, side, count))),
            _ => Running::Task(runtime.spawn(halves::receive(receiver, side, count))),
        });
    }
    ledger::dropping(leaving, || drop((sender, receiver)));
    running.into_iter().for_each(|running| running.wait(runtime));
    let mut evicted = 0;
    if let Some(handle) = handle {
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
    if evicted != seen {
        ledger::fault(&format!("{seen} values were dropped, {evicted} counted as evicted"));
    }
    let under = ledger::count(Fate::Under);
    if under > 0 {
        ledger::fault(&format!("{under} values are lost"));
    }
    Figures { operations: operations.load(Ordering::Relaxed), values: ledger::made() }
}
