//! One round with threads, a runtime and callbacks all at once.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

use aiochan::Chan;
use fastrand::Rng;
use tokio::runtime::Runtime;

use crate::actor::{Actor, Role};
use crate::ledger::{self, Fate};
use crate::world::{self, World};
use crate::{blocking, callbacks, halves, planned, tasks};

/// What a round took.
#[derive(Clone, Copy, Debug, Default)]
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
    while ledger::count(Fate::Under) > 0 {
        world.drain_closed();
        thread::yield_now();
    }
    end(&world);
    others.into_iter().flatten().for_each(|running| running.wait(runtime));
    world.assert_settled();
    Figures {
        operations: world.operations.load(Ordering::Relaxed),
        values: ledger::count(Fate::Got) + ledger::count(Fate::Back),
    }
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
            Self::Own(task) => {
                aiochan::run(task);
                Ok(())
            }
        };
        result.unwrap_or_else(|what| ledger::fault(what));
    }
}

fn run_halves(rng: &mut Rng, runtime: &Runtime) -> Figures {
    // A handle that is kept tells in the end what was evicted; without one nothing may be, and the last receiver
    // discards what is inside.
    let handle = rng.bool().then(|| world::chan(rng));
    let chan = handle.clone().unwrap_or_else(|| Chan::fixed(rng.usize(..9)));
    let (sender, receiver) = chan.split();
    let mut running = Vec::new();
    let mut operations = 0;
    for _ in 0..rng.usize(1..5) {
        let (sender, rng, count) = (sender.clone(), rng.fork(), rng.u32(1..1000));
        operations += u64::from(count);
        let sends = halves::send(sender, rng, ledger::reserve(count));
        running.push(Running::Task(runtime.spawn(sends)));
    }
    for _ in 0..rng.usize(1..5) {
        let (receiver, own, count) = (receiver.clone(), rng.fork(), rng.u32(1..2000));
        running.push(match rng.u8(..3) {
            0 => Running::Thread(thread::spawn(move || {
                halves::receive_blocking(receiver, own, count);
            })),
            1 => Running::Own(aiochan::go(halves::receive(receiver, own, count))),
            _ => Running::Task(runtime.spawn(halves::receive(receiver, own, count))),
        });
    }
    ledger::dropping(Fate::Discarded, || drop((sender, receiver)));
    running.into_iter().for_each(|running| running.wait(runtime));
    let told = handle.as_ref().map_or(0, |handle| handle.stats().evicted);
    ledger::dropping(Fate::Discarded, || drop(handle));
    let seen = ledger::count(Fate::Evicted);
    if told != seen {
        ledger::fault(&format!("{seen} values were dropped, {told} counted as evicted"));
    }
    let under = ledger::count(Fate::Under);
    if under > 0 {
        ledger::fault(&format!("{under} values are lost"));
    }
    Figures { operations, values: ledger::count(Fate::Got) + ledger::count(Fate::Back) }
}
