//! The deterministic soak repeats itself: a seed that showed a fault shows it again.

use aiochan_soak::{ledger, seeded};

#[test]
fn a_seed_repeats_everything() {
    for seed in 0..30 {
        let run = || (seeded::run(seed), ledger::digest());
        assert_eq!(run(), run(), "the rounds of seed {seed}");
    }
}
