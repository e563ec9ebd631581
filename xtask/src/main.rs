//! `cargo xtask test [--strict]`: everything that must hold before a change lands, in one command.
//! `cargo xtask paths [--record]`: how many instructions the hottest paths take.
//! `cargo xtask models [--preemptions N]`: the loom models, as deep as asked.
//! `cargo xtask soak [--minutes N] [--seed S] ..`: random topologies under fire.
//! `cargo xtask fuzz [--minutes N]`: sequences of operations against the plain model.
//! `cargo xtask sanitizers`: the address sanitizer, and valgrind's memcheck.
//! `cargo xtask miri`: the channel's own code under Miri.
//! `cargo xtask mutants [NAME]`: whether the checks find faults that are put in on purpose.

mod models;
mod mutants;
mod nightly;
mod patches;
mod paths;
mod python;

use std::process::{Command, ExitCode};
use std::time::Instant;
use std::{env, io};

const USAGE: &str = "usage: cargo xtask test [--strict]
       cargo xtask paths [--record]
       cargo xtask models [--preemptions N]
       cargo xtask soak [--minutes N] [--seed S] [--rounds N] [--deterministic]
       cargo xtask fuzz [--minutes N]
       cargo xtask sanitizers
       cargo xtask miri
       cargo xtask mutants [NAME]";

/// One check: what it is called, and the cargo command that makes it.
struct Check {
    name: &'static str,
    args: &'static [&'static str],
    env: &'static [(&'static str, &'static str)],
    /// A cargo subcommand that a minimal toolchain may lack; without it the check is skipped.
    needs: Option<&'static str>,
}

impl Check {
    fn make(&self) -> Outcome {
        match self.needs {
            Some(needs) if !succeeds(cargo().args([needs, "--version"])) => {
                skipped(&format!("this toolchain has no `cargo {needs}`"))
            }
            _ => outcome(cargo().args(self.args).envs(self.env.iter().copied())),
        }
    }
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
        ["test"] => test(false),
        ["test", "--strict"] => test(true),
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
        ["miri"] => nightly::miri().into(),
        ["mutants"] => mutants::run(None),
        ["mutants", name] => mutants::run(Some(name)),
        ["models"] => models::explore(None).into(),
        ["models", "--preemptions", n] => match n.parse::<usize>() {
            Ok(_) => models::explore(Some(n)).into(),
            Err(_) => refuse("--preemptions is a whole number"),
        },
        _ => refuse(USAGE),
    }
}

fn refuse(why: &str) -> ExitCode {
    eprintln!("{why}");
    ExitCode::from(2)
}

fn soak(args: &[String]) -> ExitCode {
    let mut command = cargo();
    command.args(["run", "--quiet", "--release", "--package", "aiochan-soak", "--"]).args(args);
    // What it says is passed on: 1 for a broken promise, 2 for options that are wrong.
    let code = command.status().ok().and_then(|status| status.code());
    code.and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}

/// Makes every check. If it is `strict`, one that cannot be made here counts as one that failed.
fn test(strict: bool) -> ExitCode {
    let start = Instant::now();
    let mut outcomes = Vec::new();
    let timed = |name, check: &dyn Fn() -> Outcome| {
        eprintln!("== {name}");
        let start = Instant::now();
        let outcome = check();
        eprintln!("-- {name}: {} s", start.elapsed().as_secs());
        (name, outcome)
    };
    for check in CHECKS {
        outcomes.push(timed(check.name, &|| check.make()));
    }
    type Other = (&'static str, fn() -> Outcome);
    let others: [Other; 8] = [
        ("models of all interleavings", models::check),
        ("a minute of fuzzing", || nightly::fuzz(60)),
        ("address sanitizer", nightly::address_sanitizer),
        ("memcheck", nightly::memcheck),
        ("instructions of the hottest paths", paths::check),
        ("faults on purpose can still be put in", patches::still_apply),
        ("the Python package", python::check),
        ("its types, to pyright", python::check_with_pyright),
    ];
    for (name, check) in others {
        outcomes.push(timed(name, &check));
    }
    let those = |how| outcomes.iter().filter(move |(_, outcome)| *outcome == how);
    let [passed, failed, skipped] =
        [Outcome::Passed, Outcome::Failed, Outcome::Skipped].map(|how| those(how).count());
    println!("checks: {passed} passed, {failed} failed, {skipped} skipped");
    for (what, how) in [("failed", Outcome::Failed), ("skipped", Outcome::Skipped)] {
        those(how).for_each(|(name, _)| println!("{what}: {name}"));
    }
    eprintln!("in {} s", start.elapsed().as_secs());
    if failed == 0 && !(strict && skipped > 0) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn cargo() -> Command {
    Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
}

fn succeeds(command: &mut Command) -> bool {
    command.status().is_ok_and(|status| status.success())
}

/// Builds the one program that this command of cargo is about; where it is.
fn executable(build: &mut Command) -> io::Result<String> {
    let output = build.args(["--message-format", "short"]).output()?;
    let text = String::from_utf8_lossy(&output.stderr);
    let path = text.rsplit_once('(').and_then(|(_, rest)| Some(rest.split_once(')')?.0.to_owned()));
    path.filter(|_| output.status.success()).ok_or_else(|| io::Error::other(text.into_owned()))
}

fn skipped(why: &str) -> Outcome {
    eprintln!("skipped: {why}");
    Outcome::Skipped
}

fn outcome(command: &mut Command) -> Outcome {
    if succeeds(command) {
        return Outcome::Passed;
    }
    eprintln!("FAILED: {command:?}");
    Outcome::Failed
}
