//! Configuration that can be reloaded while everything runs.
//!
//! What to learn from it: two buffers. A `promise` holds one value, which everybody gets a clone of, early
//! or late: workers wait there for the first configuration. `sliding(1)` holds the latest value only:
//! whoever is too busy to look at each new configuration finds the newest, and never holds up who writes.

use aiochan::{Chan, go, run, select};

#[derive(Clone)]
struct Config {
    version: u32,
}

/// Works until there will be no more configurations; the versions that it has worked with.
async fn worker(first: Chan<Config>, updates: Chan<Config>, jobs: Chan<&str>) -> Vec<u32> {
    let mut config = first.get().await.unwrap();
    let mut versions = vec![config.version];
    loop {
        select! {
            biased; // a new configuration goes before the next job
            update = updates.get() => match update {
                Some(update) => {
                    config = update;
                    versions.push(config.version);
                }
                None => return versions,
            },
            job = jobs.get() => println!("{} with version {}", job.unwrap(), config.version),
        }
    }
}

fn main() {
    let (first, jobs) = (Chan::promise(), Chan::new());
    let (for_early, for_late) = (Chan::sliding(1), Chan::sliding(1));
    let (early, late) = run(async {
        let early = go(worker(first.clone(), for_early.clone(), jobs.clone()));
        first.put(Config { version: 1 }).await.unwrap(); // it has waited for that
        jobs.put("a job").await.unwrap();

        for version in 2..=4 {
            for updates in [&for_early, &for_late] {
                updates.put(Config { version }).await.unwrap(); // never waits
            }
        }
        let late = go(worker(first.clone(), for_late.clone(), jobs.clone()));
        for_early.close(); // what is inside is still read
        for_late.close();
        (early.await, late.await)
    });
    assert_eq!(late, [1, 4]); // it has never heard of 2 and 3
    assert!(early.is_sorted()); // it may have been quick enough to
    println!("both at version {} and {}", early.last().unwrap(), late.last().unwrap());
}
