//! Select with a timeout: for each message, and for the whole conversation.
//!
//! What to learn from it: `select!` waits on several operations, of which exactly one takes effect. Its
//! `timeout` arm counts anew each time; the channel that `timeout(..)` returns closes once, for as many
//! selects as look at it. A closed channel's get is ready, with `None`.
//!
//! After Rob Pike's "Go Concurrency Patterns".

use std::time::Duration;

use aiochan::{Chan, go, select, timeout};

/// Says a few things at once, and then nothing more, though it is still there.
fn speechless_after(words: &'static [&'static str]) -> Chan<&'static str> {
    let talk = Chan::new();
    let feed = talk.feed();
    go(async move {
        for word in words {
            if feed.put(*word).await.is_err() {
                return;
            }
        }
        feed.chan().closed().await; // until nobody listens
    });
    talk
}

/// Listens as long as there is never too long a pause.
async fn patient(talk: Chan<&'static str>) -> usize {
    let mut heard = 0;
    loop {
        select! {
            word = talk.get() => println!("{}", word.unwrap()),
            timeout(Duration::from_millis(300)) => {
                println!("You are too slow.");
                return heard;
            }
        }
        heard += 1;
    }
}

/// Listens for a limited time, however much there is to hear.
async fn busy(talk: Chan<u64>) {
    let time_is_up = timeout(Duration::from_millis(50));
    loop {
        select! {
            biased; // time is looked at first
            _ = time_is_up.get() => return println!("You talk too much."),
            _ = talk.get() => {} // no end of it
        }
    }
}

fn main() {
    aiochan::run(async {
        assert_eq!(patient(speechless_after(&["Hello", "and", "er..."])).await, 3);
        busy(aiochan::from_range(0..)).await;
    });
}
