//! One round on one thread, with a scheduler that draws lots: the same seed repeats everything, to the letter.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use fastrand::Rng;

use crate::actor::{Actor, Role};
use crate::ledger::{self, Fate};
use crate::round::{Figures, cast, end};
use crate::world::World;
use crate::{callbacks, planned, scheduler, tasks};

/// Runs a round. A broken promise ends the process.
pub fn run(seed: u64) -> Figures {
    ledger::open(seed);
    // A fair select draws from here.
    fastrand::seed(seed);
    let mut rng = Rng::with_seed(seed);
    let world = Arc::new(World::new(&mut rng, false));
    let (producers, others) = cast(&world, &mut rng);
    producers.into_iter().chain(others).for_each(|actor| start(actor, &mut rng));
    let closes = rng.u8(..3) == 0;
    loop {
        scheduler::run(&mut rng, |rng| {
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
    scheduler::run(&mut rng, |_| ());
    let left = scheduler::left();
    if left > 0 {
        ledger::fault(&format!("{left} tasks sleep though all channels are closed"));
    }
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
