//! The prime sieve: a chain of filters that grows by one with every prime.
//!
//! What to learn from it: channels are values, so a program can build its own network while it runs. Each
//! filter is one task, which drops the multiples of its prime. When the last channel of the chain goes,
//! the filters end one after the other, back to the numbers.
//!
//! After the sieve in Hoare's "Communicating Sequential Processes" and in the introductions to Go.

use aiochan::{Chan, from_range};

fn main() {
    let mut numbers: Chan<u32> = from_range(2..);
    for _ in 0..25 {
        let prime = numbers.get_blocking().unwrap(); // no smaller prime divides it
        println!("{prime}");
        numbers = numbers.filter(move |n| n % prime != 0).chan();
    }
}
