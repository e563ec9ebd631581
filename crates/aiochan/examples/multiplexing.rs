//! Multiplexing, or fan-in: several channels into one.
//!
//! What to learn from it: whoever has something to say is heard first, instead of everybody in turn. A
//! `flow()` is a lazy chain of operators; ended by `into_chan` it is one task that pours into a channel
//! which is there already. `keep_open` leaves that open for the others, whoever ends first.
//!
//! After Rob Pike's "Go Concurrency Patterns".

use std::time::Duration;

use aiochan::{Chan, tick_tock};

/// Somebody who says something from time to time.
fn boring(name: &'static str, pause: Duration) -> Chan<(&'static str, u64)> {
    tick_tock(pause).map(move |(n, _time)| (name, n)).chan()
}

fn fan_in<T: Send + 'static>(inputs: impl IntoIterator<Item = Chan<T>>) -> Chan<T> {
    let all = Chan::new();
    for input in inputs {
        input.flow().keep_open().into_chan(&all);
    }
    all
}

fn main() {
    let quick = boring("Joe", Duration::from_millis(2));
    let slow = boring("Ann", Duration::from_millis(5));
    let both = fan_in([quick, slow]);

    let (mut joe, mut ann) = (0, 0);
    while joe == 0 || ann == 0 || joe + ann < 10 {
        let (name, n) = both.get_blocking().unwrap();
        println!("{name} says {n}");
        *(if name == "Joe" { &mut joe } else { &mut ann }) += 1;
    }
    println!("You are both boring, I am leaving."); // and with `both` all tasks end
}
