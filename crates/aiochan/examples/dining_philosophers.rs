//! The dining philosophers: each needs both forks beside the plate, and all of them get to eat.
//!
//! What to learn from it: a channel with one value in it is a lock that is handed over, first come, first
//! served: to take the fork is to get it, to lay it down is to put it back. Everybody takes the fork with
//! the lower number first, so there is no circle of philosophers each of whom waits for the next.

use aiochan::{Chan, go, run};

const NAMES: [&str; 5] = ["Aristotle", "Kant", "Spinoza", "Marx", "Russell"];
const MEALS: usize = 100;

struct Fork;

async fn dine(name: &str, one: Chan<Fork>, other: Chan<Fork>) {
    for _ in 0..MEALS {
        let forks = (one.get().await.unwrap(), other.get().await.unwrap());
        // Eating... There is room for a fork where it was taken from.
        one.put(forks.0).await.unwrap();
        other.put(forks.1).await.unwrap();
    }
    println!("{name} has eaten {MEALS} times");
}

fn main() {
    let forks: Vec<Chan<Fork>> = NAMES.iter().map(|_| Chan::fixed(1)).collect();
    for fork in &forks {
        fork.add([Fork]).unwrap();
    }
    let philosophers: Vec<_> = (0..NAMES.len())
        .map(|seat| {
            let next = (seat + 1) % NAMES.len();
            let (first, then) = (seat.min(next), seat.max(next));
            go(dine(NAMES[seat], forks[first].clone(), forks[then].clone()))
        })
        .collect();

    for philosopher in philosophers {
        run(philosopher);
    }
    assert!(forks.iter().all(|fork| fork.len() == 1), "every fork is on the table");
}
