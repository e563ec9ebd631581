//! A generator: a function that returns a channel, and a task that feeds it.
//!
//! What to learn from it: processes share nothing and meet at channels. Without a buffer a put waits for
//! its get, so the two go in step. The task holds a `Feed`, which does not count among the handles: when
//! the last `Chan` has gone, its put fails and it ends. Nothing needs cleaning up.
//!
//! After Rob Pike's "Go Concurrency Patterns".

use aiochan::{Chan, go};

/// Somebody who talks as long as somebody listens.
fn boring(name: &'static str) -> Chan<String> {
    let words = Chan::new();
    let feed = words.feed();
    go(async move {
        for n in 1.. {
            if feed.put(format!("{name} says {n}")).await.is_err() {
                break; // nobody listens any more
            }
        }
    });
    words
}

fn main() {
    let (joe, ann) = (boring("Joe"), boring("Ann"));
    aiochan::run(async {
        for _ in 0..3 {
            println!("{}", joe.get().await.unwrap());
            println!("{}", ann.get().await.unwrap());
        }
    });
    println!("You are both boring, I am leaving.");
}
