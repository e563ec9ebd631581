//! One round on one thread, with a scheduler that draws lots: the same seed repeats everything, to the letter.

use std::sync::atomic::Ordering;

use fastrand::Rng;

use crate::actor::{Actor, Role};
use crate::clock::Clock;
use crate::halves::Halves;
use crate::ledger::{self, Fate};
use crate::promise::{self, Promise};
use crate::round::{Figures, Kind, cast, end};
use crate::world::World;
use crate::{callbacks, planned, scheduler, tasks, watch};

/// Runs a round. A broken promise ends the process.
pub fn run(seed: u64) -> Figures {
    ledger::open(seed);
    watch::clear();
    // A fair select draws from here.
    fastrand::seed(seed);
    let mut rng = Rng::with_seed(seed);
    let clock = Clock::new();
    let _followed = clock.enter();
    match Kind::draw(&mut rng) {
        Kind::Halves => run_halves(&mut rng, &clock),
        Kind::Promise => run_promise(&mut rng, &clock),
        Kind::Mesh => run_mesh(&mut rng, &clock),
    }
}

fn run_mesh(rng: &mut Rng, clock: &Clock) -> Figures {
    let world = World::new(rng, false);
    let (producers, others) = cast(&world, rng);
    producers.into_iter().chain(others).for_each(|actor| start(actor, rng));
    world.watchers(rng).into_iter().for_each(scheduler::start);
    let closes = rng.u8(..3) == 0;
    loop {
        scheduler::run(rng, clock, |rng| {
            world.assert_nobody_waits_in_vain();
            if closes && rng.u16(..2000) == 0 {
                let at = rng.usize(..world.chans.len());
                planned::caught(|| world.chans[at].close());
            }
        });
        // What was given back to a channel that is closed; with that a put that waited there may go on.
        world.drain_closed();
        if !scheduler::any_is_awake() {
            break;
        }
    }
    // Nobody can go on, so all that could be got has been got.
    let under = ledger::count(Fate::Under);
    if under > 0 {
        ledger::fault(&format!("nobody is awake, but {under} values are on their way"));
    }
    if !world.closed_are_over() {
        ledger::fault("nobody is awake, but somebody was to advance an iterator");
    }
    end(&world);
    scheduler::run(rng, clock, |_| ());
    world.drain_closed();
    scheduler::run(rng, clock, |_| ());
    assert_none_is_left();
    world.assert_settled();
    Figures { operations: world.operations.load(Ordering::Relaxed), values: ledger::made() }
}

fn start(actor: Actor, rng: &mut Rng) {
    let stays = matches!(actor.role, Role::Consume(_));
    match rng.u8(..6) {
        0 if !stays => callbacks::act(actor),
        1 if !stays => scheduler::start(tasks::act_for_a_while(actor)),
        _ => scheduler::start(tasks::act(actor)),
    }
}

fn run_halves(rng: &mut Rng, clock: &Clock) -> Figures {
    let (halves, holders) = Halves::new(rng);
    holders.into_iter().for_each(|holder| scheduler::start(holder.act()));
    scheduler::run(rng, clock, |_| halves.assert_nobody_waits_in_vain());
    assert_none_is_left();
    halves.settle()
}

fn run_promise(rng: &mut Rng, clock: &Clock) -> Figures {
    let promise = Promise::new();
    for _ in 0..4 {
        scheduler::start(promise::get(promise.clone(), rng.fork()));
        scheduler::start(promise::put(promise.clone(), rng.fork()));
    }
    // Sometimes before anybody has put.
    let closes = rng.u8(..3) == 0;
    scheduler::run(rng, clock, |rng| {
        promise.assert_nobody_waits_in_vain();
        if closes && rng.u8(..8) == 0 {
            promise.close();
        }
    });
    promise.close();
    scheduler::run(rng, clock, |_| ());
    assert_none_is_left();
    promise.settle()
}

fn assert_none_is_left() {
    let left = scheduler::left();
    if left > 0 {
        ledger::fault(&format!("{left} tasks sleep though all channels are closed"));
    }
}
