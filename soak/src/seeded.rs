//! One round on one thread, with a scheduler that draws lots: the same seed repeats everything, to the letter.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Wake, Waker};

use fastrand::Rng;

use crate::actor::{Actor, Role};
use crate::ledger::{self, Fate};
use crate::round::{Figures, cast, end};
use crate::world::World;
use crate::{callbacks, planned, tasks};

/// Runs a round. A broken promise ends the process.
pub fn run(seed: u64) -> Figures {
    ledger::open(seed);
    // A fair select draws from here.
    fastrand::seed(seed);
    let mut rng = Rng::with_seed(seed);
    let world = Arc::new(World::new(&mut rng, false));
    let (producers, others) = cast(&world, &mut rng);
    let mut tasks = Tasks::default();
    for actor in producers.into_iter().chain(others) {
        tasks.start(actor, &mut rng);
    }
    let closes = rng.u8(..3) == 0;
    loop {
        tasks.run(&mut rng, |rng| {
            world.assert_nobody_waits_in_vain();
            if closes && rng.u16(..2000) == 0 {
                let at = rng.usize(..world.chans.len());
                planned::caught(|| world.chans[at].close());
            }
        });
        // What was given back to a channel that is closed; with that a put that waited there may go on.
        world.drain_closed();
        if !tasks.any_is_awake() {
            break;
        }
    }
    // Nobody can go on, so all that could be got has been got.
    let under = ledger::count(Fate::Under);
    if under > 0 {
        ledger::fault(&format!("nobody is awake, but {under} values are on their way"));
    }
    end(&world);
    tasks.run(&mut rng, |_| ());
    if !tasks.0.is_empty() {
        ledger::fault(&format!("{} tasks sleep though all channels are closed", tasks.0.len()));
    }
    world.assert_settled();
    Figures { operations: world.operations.load(Ordering::Relaxed), values: ledger::made() }
}

/// Tasks that have not ended.
#[derive(Default)]
struct Tasks(Vec<Task>);

struct Task {
    future: Pin<Box<dyn Future<Output = ()>>>,
    alarm: Arc<Alarm>,
}

struct Alarm(AtomicBool);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Tasks {
    fn start(&mut self, actor: Actor, rng: &mut Rng) {
        let stays = matches!(actor.role, Role::Consume(_));
        let future: Pin<Box<dyn Future<Output = ()>>> = match rng.u8(..6) {
            0 if !stays => return callbacks::act(actor),
            1 if !stays => Box::pin(tasks::act_for_a_while(actor)),
            _ => Box::pin(tasks::act(actor)),
        };
        self.0.push(Task { future, alarm: Arc::new(Alarm(AtomicBool::new(true))) });
    }

    fn any_is_awake(&self) -> bool {
        self.0.iter().any(|task| task.alarm.0.load(Ordering::Relaxed))
    }

    /// Polls tasks that are awake until there are none, with something to do after each.
    fn run(&mut self, rng: &mut Rng, mut after_each: impl FnMut(&mut Rng)) {
        let mut awake = Vec::new();
        loop {
            awake.clear();
            let is_awake = |at: &usize| self.0[*at].alarm.0.load(Ordering::Relaxed);
            awake.extend((0..self.0.len()).filter(is_awake));
            let Some(&at) = rng.choice(&awake) else { return };
            let task = &mut self.0[at];
            task.alarm.0.store(false, Ordering::Relaxed);
            let waker = Waker::from(task.alarm.clone());
            if task.future.as_mut().poll(&mut Context::from_waker(&waker)).is_ready() {
                drop(self.0.swap_remove(at));
            }
            after_each(rng);
        }
    }
}
