//! `cargo xtask test`: everything that must hold before a change lands, in one command.
//! `cargo xtask paths [--record]`: how many instructions the hottest paths take.
//! `cargo xtask models [--preemptions N]`: the loom models, as deep as asked.
//! `cargo xtask soak [--minutes N] [--seed S] ..`: random topologies under fire.
//! `cargo xtask fuzz [--minutes N]`: sequences of operations against the plain model.
//! `cargo xtask sanitizers`: the address sanitizer, and valgrind's memcheck.

mod nightly;
mod paths;
mod python;

use std::env;
use std::process::{Command, ExitCode};
use std::time::Instant;

const USAGE: &str = "usage: cargo xtask test
       cargo xtask paths [--record]
       cargo xtask models [--preemptions N]
       cargo xtask soak [--minutes N] [--seed S] [--rounds N] [--deterministic]
       cargo xtask fuzz [--minutes N]
       cargo xtask sanitizers";

/// One check: what it is called, and the cargo command that makes it.
struct Check {
    name: &'static str,
    args: &'static [&'static str],
    env: &'static [(&'static str, &'static str)],
    /// A cargo subcommand that a minimal toolchain may lack; without it the check is skipped.
    needs: Option<&'static str>,
}

/// How a check went.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Passed,
    Failed,
    Skipped,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        if outcome == Outcome::Failed { Self::FAILURE } else { Self::SUCCESS }
    }
}

const CHECKS: &[Check] = &[
    Check { name: "formatting", args: &["fmt", "--all", "--check"], env: &[], needs: Some("fmt") },
    Check {
        name: "clippy",
        args: &[
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--quiet",
            "--",
            "-D",
            "warnings",
        ],
        env: &[],
        needs: Some("clippy"),
    },
    Check {
        name: "clippy without features",
        args: &["clippy", "-p", "aiochan", "--lib", "--quiet", "--", "-D", "warnings"],
        env: &[],
        needs: Some("clippy"),
    },
    Check {
        name: "unit, property and behaviour tests, and the example against sha256sum",
        args: &[
            "test",
            "--workspace",
            "--exclude",
            "aiochan-python",
            "--all-targets",
            "--all-features",
        ],
        env: &[],
        needs: None,
    },
    Check { name: "models of all interleavings", args: MODELS, env: MODELS_ENV, needs: None },
    Check { name: "a minute under fire", args: FIRE, env: &[], needs: None },
    Check { name: "the same, repeatable", args: REPEATABLE, env: &[], needs: None },
    Check {
        name: "documentation tests",
        args: &["test", "--workspace", "--exclude", "aiochan-python", "--doc", "--all-features"],
        env: &[],
        needs: None,
    },
    Check {
        name: "documentation",
        args: &["doc", "--workspace", "--no-deps", "--all-features", "--quiet"],
        env: &[("RUSTDOCFLAGS", "-D warnings")],
        needs: None,
    },
];

/// One after the other: together they take as long, and a model is to find its memory where it was.
const MODELS: &[&str] = &[
    "test",
    "--package",
    "aiochan-models",
    "--profile",
    "models",
    "--target-dir",
    "target/models",
    "--quiet",
    "--",
    "--test-threads=1",
];
const MODELS_ENV: &[(&str, &str)] = &[("RUSTFLAGS", "--cfg aiochan_loom")];

const FIRE: &[&str] =
    &["run", "--quiet", "--release", "--package", "aiochan-soak", "--", "--minutes=1", "--seed=1"];
const REPEATABLE: &[&str] = &[
    "run",
    "--quiet",
    "--release",
    "--package",
    "aiochan-soak",
    "--",
    "--deterministic",
    "--minutes=0.2",
    "--seed=1",
];

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    // Paths are those of the workspace, wherever one stands.
    if let Err(error) = env::set_current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/..")) {
        return refuse(&format!("the workspace cannot be found: {error}"));
    }
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["test"] => test(),
        ["paths"] => paths::check().into(),
        ["paths", "--record"] => paths::record(),
        ["soak", ..] => soak(&args[1..]),
        ["fuzz"] => nightly::fuzz(60).into(),
        ["fuzz", "--minutes", n] => match n.parse::<u64>() {
            Ok(minutes @ 1..=10_000) => nightly::fuzz(60 * minutes).into(),
            _ => refuse("--minutes of fuzz is a whole number from 1 to 10000"),
        },
        ["sanitizers"] => {
            let [address, memory] = [nightly::address_sanitizer(), nightly::memcheck()];
            if address == Outcome::Failed { address.into() } else { memory.into() }
        }
        ["models"] => models(None),
        ["models", "--preemptions", n] => match n.parse::<usize>() {
            Ok(_) => models(Some(n)),
            Err(_) => refuse("--preemptions is a whole number"),
        },
        _ => refuse(USAGE),
    }
}

fn refuse(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(2)
}

/// Explores the models, each with so many interruptions instead of its own number.
fn models(preemptions: Option<&str>) -> ExitCode {
    let mut command = cargo();
    command.args(MODELS).arg("--nocapture").envs(MODELS_ENV.iter().copied());
    command.envs(preemptions.map(|n| ("LOOM_MAX_PREEMPTIONS", n)));
    if succeeds(&mut command) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn soak(args: &[String]) -> ExitCode {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "aiochan-soak", "--"]).args(args);
    // What it says is passed on: 1 for a broken promise, 2 for options that are wrong.
    let code = command.status().ok().and_then(|status| status.code());
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

fn test() -> ExitCode {
    let start = Instant::now();
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for check in CHECKS {
        eprintln!("== {}", check.name);
        if let Some(needs) = check.needs
            && !succeeds(cargo().args([needs, "--version"]))
        {
            eprintln!("skipped: this toolchain has no `cargo {needs}`");
            skipped += 1;
        } else if succeeds(cargo().args(check.args).envs(check.env.iter().copied())) {
            passed += 1;
        } else {
            eprintln!("FAILED: cargo {}", check.args.join(" "));
            failed += 1;
        }
    }
    type Other = (&'static str, fn() -> Outcome);
    let others: [Other; 4] = [
        ("a minute of fuzzing", || nightly::fuzz(60)),
        ("address sanitizer", nightly::address_sanitizer),
        ("memcheck", nightly::memcheck),
        ("instructions of the hottest paths", paths::check),
    ];
    for (name, check) in others {
        eprintln!("== {name}");
        match check() {
            Outcome::Passed => passed += 1,
            Outcome::Failed => failed += 1,
            Outcome::Skipped => skipped += 1,
        }
    }
    eprintln!("== the Python package");
    if python::check() {
        passed += 1;
    } else {
        eprintln!("FAILED: the Python package");
        failed += 1;
    }
    println!("checks: {passed} passed, {failed} failed, {skipped} skipped");
    eprintln!("in {} s", start.elapsed().as_secs());
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn succeeds(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}
