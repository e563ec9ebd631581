//! Multiplexing, or fan-in: several channels into one.
//!
//! What to learn from it: whoever has something to say is heard first, instead of everybody in turn.
//! `merge` is a flow, as a chain of operators is: lazy, and one task once it is ended by `chan`. That channel
//! is closed when all inputs have ended; and when it is dropped, what only feeds it ends.
//!
//! After Rob Pike's "Go Concurrency Patterns".

use std::time::Duration;

use aiochan::{Chan, merge, tick_tock};

/// Somebody who says something from time to time.
fn boring(name: &'static str, pause: Duration) -> Chan<(&'static str, u64)> {
    tick_tock(pause).map(move |(n, _time)| (name, n)).chan()
}

fn main() {
    let quick = boring("Joe", Duration::from_millis(2));
    let slow = boring("Ann", Duration::from_millis(5));
    let both = merge([quick, slow]).chan();

    let (mut joe, mut ann) = (0, 0);
    while joe == 0 || ann == 0 || joe + ann < 10 {
        let (name, n) = both.get_blocking().unwrap();
        println!("{name} says {n}");
        *(if name == "Joe" { &mut joe } else { &mut ann }) += 1;
    }
    println!("You are both boring, I am leaving."); // and with `both` all tasks end
}
