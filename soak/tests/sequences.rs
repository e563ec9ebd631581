//! Sequences of operations on the real channels and on the plain model: those that were kept, and random ones, the
//! same at each run.

use std::fs;
use std::panic::{catch_unwind, resume_unwind};

use aiochan_soak::sequence;
use fastrand::Rng;

/// Rules 1 to 4 and 7, for everything that can be done on one thread. `SEQUENCES` says how many.
#[test]
fn channels_do_what_the_plain_model_does() {
    let count = std::env::var("SEQUENCES").ok().and_then(|count| count.parse().ok());
    for seed in 0..count.unwrap_or(10_000) {
        let mut rng = Rng::with_seed(seed);
        let bytes: Vec<u8> = (0..rng.usize(4..300)).map(|_| rng.u8(..)).collect();
        run(&format!("seed {seed}"), &bytes);
    }
}

/// What showed a fault once, be it one that was made on purpose. `KEPT` names the only one to be run.
#[test]
fn what_was_found_once_is_not_found_again() {
    let kept = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/regressions");
    let (only, mut count) = (std::env::var_os("KEPT"), 0);
    for entry in fs::read_dir(kept).expect("there is a folder of them") {
        let path = entry.expect("it can be read").path();
        if only.as_deref().is_some_and(|only| path.file_name() != Some(only)) {
            continue;
        }
        run(&path.display().to_string(), &fs::read(&path).expect("it can be read"));
        count += 1;
    }
    assert!(count > 0, "nothing is in {kept}");
}

fn run(name: &str, bytes: &[u8]) {
    if let Err(panic) = catch_unwind(|| sequence::run(bytes)) {
        eprintln!("the sequence of {name}: {bytes:?}");
        resume_unwind(panic);
    }
}
