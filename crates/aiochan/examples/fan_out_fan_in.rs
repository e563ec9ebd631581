//! Fan-out and fan-in: the work of one queue, done by several threads, into one queue of results.
//!
//! What to learn from it: a channel may have any number of getters and putters, so a pool is nothing but a
//! few threads at the same two channels, and back-pressure comes with them. `split` gives halves, which
//! close by dropping: when the last worker has dropped its `Sender`, the results have come to their end.
//! For a function of one item there is `parallel_pipe`, which does this, and keeps the order if need be.

use std::thread;

use aiochan::{Chan, Receiver, Sender};

const WORKERS: usize = 4;

/// How many steps it takes from `n` to 1: halve what is even, else triple it and add one.
fn steps(n: u64) -> u32 {
    let next = |n: &u64| Some(if n.is_multiple_of(2) { n / 2 } else { 3 * n + 1 });
    std::iter::successors(Some(n), next).take_while(|n| *n != 1).count() as u32
}

fn work(jobs: Receiver<u64>, results: Sender<(u32, u64)>) {
    for n in jobs {
        if results.put_blocking((steps(n), n)).is_err() {
            return; // nobody wants results any more
        }
    }
}

fn main() {
    let (new_jobs, jobs) = Chan::fixed(2 * WORKERS).split();
    let (new_results, results) = Chan::fixed(2 * WORKERS).split();

    thread::spawn(move || (1..10_000).try_for_each(|n| new_jobs.put_blocking(n)));
    for _ in 0..WORKERS {
        let (jobs, new_results) = (jobs.clone(), new_results.clone());
        thread::spawn(move || work(jobs, new_results));
    }
    drop((jobs, new_results)); // only the workers have them now

    let (mut count, mut longest) = (0, (0, 0));
    for result in results {
        count += 1;
        longest = longest.max(result);
    }
    println!("of {count} numbers {1} takes longest, {0} steps", longest.0, longest.1);
}
