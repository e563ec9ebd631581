//! Search 3.0: several services at once, each on several replicas, all within one time.
//!
//! What to learn from it: slow answers are avoided by asking more than one, and by not waiting for the
//! rest. No locks, no conditions, no callbacks. Whoever answers too late puts into a channel that nobody
//! can get from any more, and ends then. Nobody is told to stop before: a replica that never answers keeps
//! its task, and a program that runs for long would keep the tasks' handles, to cancel them.
//!
//! After Rob Pike's "Go Concurrency Patterns".

use std::time::Duration;

use aiochan::{Chan, after, go, select, timeout};

const FAST: Duration = Duration::from_millis(1);
const SLOW: Duration = Duration::from_secs(10);
const DOWN: Duration = Duration::MAX;

/// A server, with the time that it takes today.
type Replica = (&'static str, Duration);

async fn search((server, time): Replica, query: &str) -> String {
    after(time).get().await; // hard at work
    format!("{query} from {server}")
}

/// Asks all replicas; the answer of the first.
async fn first(replicas: &'static [Replica], query: &'static str) -> Option<String> {
    let answers = Chan::new();
    for replica in replicas {
        let feed = answers.feed();
        go(async move { feed.put(search(*replica, query).await).await });
    }
    answers.get().await
}

/// Asks all services; the answers that come in time.
async fn google(query: &'static str, limit: Duration) -> Vec<String> {
    const SERVICES: [&[Replica]; 4] = [
        &[("web 1", SLOW), ("web 2", FAST)],
        &[("image 1", FAST), ("image 2", DOWN)],
        &[("video 1", SLOW), ("video 2", DOWN), ("video 3", FAST)],
        &[("maps 1", SLOW), ("maps 2", DOWN)],
    ];
    let answers = Chan::new();
    for service in SERVICES {
        let feed = answers.feed();
        go(async move {
            if let Some(answer) = first(service, query).await {
                let _ = feed.put(answer).await; // fails when it is too late
            }
        });
    }
    let too_late = timeout(limit);
    let mut results = Vec::new();
    while results.len() < SERVICES.len()
        && let Some(answer) = select! {
            answer = answers.get() => answer,
            _ = too_late.get() => None,
        }
    {
        results.push(answer);
    }
    results.sort();
    results
}

fn main() {
    let results = aiochan::run(google("gophers", Duration::from_secs(1)));
    for result in &results {
        println!("{result}");
    }
    println!("{} of 4 services in time", results.len());
}
