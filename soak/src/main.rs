//! `cargo xtask soak --minutes N --seed S`: rounds after rounds, until the time is over or a promise is broken.

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use aiochan_soak::round::Figures;
use aiochan_soak::{ledger, round, seeded, watch};
use clap::Parser;

/// Random channels, random operations, random faults: every value is accounted for.
#[derive(Parser)]
struct Options {
    /// How long.
    #[arg(long, default_value_t = 1.0)]
    minutes: f64,
    /// The seed of the first round; the next rounds have the next seeds. By default chance.
    #[arg(long)]
    seed: Option<u64>,
    /// So many rounds, however long they take.
    #[arg(long)]
    rounds: Option<u64>,
    /// On one thread, with a scheduler that repeats itself for the same seed.
    #[arg(long)]
    deterministic: bool,
}

/// No round takes nearly as long, unless somebody is not woken.
const FOR_EVER: Duration = Duration::from_secs(120);

fn main() -> ExitCode {
    let options = Options::parse();
    let first = options.seed.unwrap_or_else(|| fastrand::u64(..1 << 32));
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            eprintln!("soak: no runtime could be made: {error}");
            return ExitCode::from(2);
        }
    };
    // Those that are planned come without a message.
    panic::set_hook(Box::new(|info| ledger::fault(&info.to_string())));
    let limit = match Duration::try_from_secs_f64(options.minutes * 60.0) {
        Ok(limit) if !limit.is_zero() && options.rounds != Some(0) => limit,
        _ => {
            eprintln!("soak: for how long? give --minutes or --rounds more than 0");
            return ExitCode::from(2);
        }
    };
    let start = Instant::now();
    let rounds = Arc::new(AtomicU64::new(0));
    watch(rounds.clone());
    let mut sum = Figures::default();
    let goes_on = |done: u64| match options.rounds {
        Some(rounds) => done < rounds,
        None => start.elapsed() < limit,
    };
    while goes_on(rounds.load(Ordering::Relaxed)) {
        let seed = first.wrapping_add(rounds.load(Ordering::Relaxed));
        let round = || match options.deterministic {
            true => seeded::run(seed),
            false => round::run(seed, &runtime),
        };
        let Ok(figures) = panic::catch_unwind(AssertUnwindSafe(round)) else {
            ledger::fault("a planned panic came to where nobody expects one")
        };
        sum.operations += figures.operations;
        sum.values += figures.values;
        rounds.fetch_add(1, Ordering::Relaxed);
    }
    println!(
        "seeds {first} and on: {} rounds, {} operations, {} values, each accounted for, in {:.0} s",
        rounds.load(Ordering::Relaxed),
        sum.operations,
        sum.values,
        start.elapsed().as_secs_f64(),
    );
    ExitCode::SUCCESS
}

/// Ends the process when a round does not end.
fn watch(rounds: Arc<AtomicU64>) {
    thread::spawn(move || {
        loop {
            let before = rounds.load(Ordering::Relaxed);
            thread::sleep(FOR_EVER);
            if rounds.load(Ordering::Relaxed) == before {
                let states = watch::states();
                ledger::fault(&format!(
                    "it does not end: somebody was not woken, or a value is lost; {states}"
                ));
            }
        }
    });
}
