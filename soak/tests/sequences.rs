//! Random sequences of operations on the real channels and on the plain model, the same ones at each run.

use aiochan_soak::sequence;
use fastrand::Rng;

/// Rules 1 to 4 and 7, for everything that can be done on one thread.
#[test]
fn channels_do_what_the_plain_model_does() {
    for seed in 0..20_000 {
        let mut rng = Rng::with_seed(seed);
        let bytes: Vec<u8> = (0..rng.usize(4..300)).map(|_| rng.u8(..)).collect();
        if let Err(panic) = std::panic::catch_unwind(|| sequence::run(&bytes)) {
            eprintln!("the sequence with seed {seed}: {bytes:?}");
            std::panic::resume_unwind(panic);
        }
    }
}
