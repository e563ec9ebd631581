//! What needs a nightly toolchain: fuzzing, the address sanitizer, and Miri. Without one they are skipped, and say so.

use std::process::{Command, Stdio};

use crate::{Outcome, outcome, skipped, succeeds};

const TARGET: &str = "x86_64-unknown-linux-gnu";

/// What cargo-fuzz would compile with.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Zsanitizer=address";

/// Fuzzes sequences of operations for so many seconds.
pub(crate) fn fuzz(seconds: u64) -> Outcome {
    if let Err(why) = nightly().and_then(|()| has("c++")) {
        return skipped(&why);
    }
    // What is found goes beside the rest of what is built; `cargo fuzz` would do the same in `fuzz`.
    let corpus = "target/fuzz/corpus";
    if std::fs::create_dir_all(corpus).is_err() {
        eprintln!("FAILED: {corpus} cannot be made");
        return Outcome::Failed;
    }
    let mut fuzz = toolchain();
    fuzz.args(["run", "--quiet", "--release", "--manifest-path", "fuzz/Cargo.toml"])
        .args(["--target-dir", "target/fuzz", "--target", TARGET, "--"])
        .args([corpus, "fuzz/regressions"])
        .args([format!("-max_total_time={seconds}"), "-max_len=400".into()])
        .args(["-artifact_prefix=target/fuzz/", "-print_final_stats=1", "-verbosity=0"])
        .env("RUSTFLAGS", COVERAGE);
    outcome(&mut fuzz)
}

/// The tests that run under the address sanitizer: all but those that start programs of their own, which would find no
/// nightly toolchain's, and those of documents.
const SANITIZED: [&str; 12] = [
    "apply",
    "async_pipe",
    "behaviour",
    "bridge",
    "faults",
    "merging",
    "parallel_pipe",
    "spawn",
    "stages",
    "suites",
    "time",
    "topics",
];

/// It limits the address space, of which the sanitizer takes terabytes.
const LIMITS_MEMORY: &str = "a_parallel_pipe_with_few_threads";

/// Runs the state machine's and the public tests under the address sanitizer, which also looks for leaks.
pub(crate) fn address_sanitizer() -> Outcome {
    if let Err(why) = nightly() {
        return skipped(&why);
    }
    let mut test = toolchain();
    test.args(["test", "--quiet", "--no-fail-fast", "--package", "aiochan"])
        .args(["--all-features", "--lib"])
        .args(SANITIZED.iter().flat_map(|name| ["--test", name]))
        .args(["--target-dir", "target/sanitizer", "--target", TARGET])
        .args(["--", "--skip", LIMITS_MEMORY])
        .env("RUSTFLAGS", "-Zsanitizer=address")
        .env("LSAN_OPTIONS", "suppressions=../../xtask/leaks.txt:print_suppressions=0");
    outcome(&mut test)
}

/// Runs the sequences against the plain model under valgrind's memcheck.
pub(crate) fn memcheck() -> Outcome {
    if let Err(why) = set_up_here().and_then(|()| has("valgrind")) {
        return skipped(&why);
    }
    let mut test = crate::cargo();
    test.args(["test", "--quiet", "--release", "--package", "aiochan-soak", "--test", "sequences"])
        .args(["--target-dir", "target/memcheck"])
        .env("SEQUENCES", "400")
        .env(
            "CARGO_TARGET_X86_64_UNKNOWN_LINUX_GNU_RUNNER",
            "valgrind --quiet --error-exitcode=1 --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite",
        );
    outcome(&mut test)
}

/// Runs the state machine's tests under Miri, and the behaviours, but for those that start programs or go on for long.
pub(crate) fn miri() -> Outcome {
    let there_is_miri = || {
        let mut miri = toolchain();
        miri.args(["miri", "--version"]).stdout(Stdio::null()).stderr(Stdio::null());
        if succeeds(&mut miri) { Ok(()) } else { Err("the nightly toolchain has no miri".into()) }
    };
    if let Err(why) = nightly().and_then(|()| there_is_miri()) {
        return skipped(&why);
    }
    let mut test = toolchain();
    test.args(["miri", "test", "--package", "aiochan", "--lib", "--test", "behaviour"])
        .args(["--target-dir", "target/miri", "--", "--skip", "alone::", "--skip", "stress"])
        // The tests look at the clock.
        .env("MIRIFLAGS", "-Zmiri-disable-isolation");
    outcome(&mut test)
}

/// cargo of the nightly toolchain.
fn toolchain() -> Command {
    let mut cargo = Command::new("rustup");
    cargo.args(["run", "nightly", "cargo"]);
    // Those of the toolchain that runs this would be taken instead.
    for variable in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN", "CARGO_ENCODED_RUSTFLAGS"] {
        cargo.env_remove(variable);
    }
    cargo
}

fn set_up_here() -> Result<(), String> {
    if cfg!(all(target_os = "linux", target_arch = "x86_64", target_env = "gnu")) {
        Ok(())
    } else {
        Err("it is set up for Linux on x86_64 only".into())
    }
}

fn nightly() -> Result<(), String> {
    set_up_here()?;
    if succeeds(toolchain().arg("--version").stdout(Stdio::null()).stderr(Stdio::null())) {
        Ok(())
    } else {
        Err("there is no nightly toolchain".into())
    }
}

fn has(program: &str) -> Result<(), String> {
    if succeeds(Command::new(program).arg("--version").stdout(Stdio::null())) {
        Ok(())
    } else {
        Err(format!("there is no {program}"))
    }
}
