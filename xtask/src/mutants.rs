//! Whether the checks can fail: each fault on purpose is put into a copy of the library, and the checks have to find
//! it.

use std::env::consts::EXE_EXTENSION;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::patches::{self, Patch};
use crate::{Outcome, cargo, executable, models};

/// What looks for faults, in the order of the table.
pub(crate) const CHECKS: [&str; 4] = ["models", "sequences", "deterministic", "threads"];

/// What each of them is run with.
const ARGUMENTS: [&[&str]; CHECKS.len()] = [
    models::ARGUMENTS,
    &[],
    &["--deterministic", "--rounds=1000", "--seed=1"],
    // A fault that needs two threads at one moment may take a while to show.
    &["--rounds=3000", "--seed=1"],
];

/// Several times what each of them takes, in seconds. With some faults they never end, which is found by that.
const LIMITS: [u64; CHECKS.len()] = [200, 60, 60, 60];

/// What is copied, to be broken.
const SOURCES: [&str; 7] =
    ["Cargo.toml", "Cargo.lock", "crates", "fuzz/regressions", "models", "soak", "xtask"];
const ROOT: &str = "target/mutants";

/// Puts in one fault after the other, or only that of the patch with this name, and prints which check has found
/// which.
pub(crate) fn run(only: Option<&str>) -> ExitCode {
    if !patches::there_is_git() {
        eprintln!("there is no git, which puts the faults in");
        return ExitCode::FAILURE;
    }
    let patches = patches::all().map(|mut patches| {
        patches.retain(|patch| only.is_none_or(|name| name == patch.name));
        patches
    });
    match patches.and_then(|patches| run_all(&patches)) {
        Ok(outcome) => outcome.into(),
        Err(error) => {
            eprintln!("FAILED: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run_all(patches: &[Patch]) -> io::Result<Outcome> {
    if patches.is_empty() {
        return Err(io::Error::other("there is no such patch"));
    }
    fs::create_dir_all(ROOT)?;
    let place = Place { root: fs::canonicalize(ROOT)? };
    eprintln!("== no fault");
    // A check that always fails would find everything.
    let found = place.found(None)?;
    if let Some(check) = CHECKS.iter().zip(found).find_map(|(check, found)| found.then_some(check))
    {
        return Err(io::Error::other(format!("{check} finds a fault where none was put in")));
    }
    let (mut outcome, mut table) = (Outcome::Passed, Vec::new());
    for patch in patches {
        eprintln!("== {}", patch.fault);
        let found = match place.found(Some(patch)) {
            Ok(found) => found,
            Err(error) => {
                eprintln!("FAILED: {}: {error}", patch.name);
                outcome = Outcome::Failed;
                continue;
            }
        };
        for (check, found) in CHECKS.into_iter().zip(found) {
            match (patch.found_by.iter().any(|name| name == check), found) {
                (true, false) => {
                    eprintln!("FAILED: {} is not found by {check}", patch.name);
                    outcome = Outcome::Failed;
                }
                (false, true) => eprintln!("{check} finds it too, which its patch does not say"),
                _ => {}
            }
        }
        let is_found =
            |name: &str| CHECKS.iter().zip(found).any(|(check, it)| it && *check == name);
        table.push(patch.row(is_found));
    }
    println!("| fault | {} |\n|---|{}", CHECKS.join(" | "), "---|".repeat(CHECKS.len()));
    table.iter().for_each(|row| println!("{row}"));
    Ok(outcome)
}

/// Where the copy is, and what is built of it.
struct Place {
    root: PathBuf,
}

impl Place {
    /// Which of the checks fail with this fault.
    fn found(&self, patch: Option<&Patch>) -> io::Result<[bool; CHECKS.len()]> {
        let sources = self.root.join("sources");
        if sources.exists() {
            fs::remove_dir_all(&sources)?;
        }
        fs::create_dir(&sources)?;
        SOURCES.iter().try_for_each(|source| copy(Path::new(source), &sources.join(source)))?;
        if !patch.is_none_or(|patch| patch.apply(&sources)) {
            return Err(io::Error::other("the patch does not apply"));
        }
        let mut models = models::build(&self.root.join("models"));
        models.current_dir(&sources).arg("--no-run");
        let models = PathBuf::from(executable(&mut models)?);
        let sequences = PathBuf::from(executable(&mut self.build())?);
        // A package's programs are built with its tests.
        let soak = self.root.join("build/release/aiochan-soak").with_extension(EXE_EXTENSION);
        let mut found = [false; CHECKS.len()];
        for (n, program) in [&models, &sequences, &soak, &soak].into_iter().enumerate() {
            let name = patch.map_or("none", |patch| &patch.name);
            let log = File::create(self.root.join(format!("{name}-{}.log", CHECKS[n])))?;
            let mut check = Command::new(program);
            check.args(ARGUMENTS[n]).env_remove("SEQUENCES").env_remove("KEPT");
            check.stdout(log.try_clone()?).stderr(log);
            models::obey_themselves(&mut check);
            let start = Instant::now();
            let passes = passes(&mut check, Duration::from_secs(LIMITS[n]))?;
            found[n] = passes != Some(true);
            let what = match passes {
                Some(true) => "-",
                Some(false) => "found",
                None => "found, for it does not end,",
            };
            eprintln!("{what:5} by {}, {:.1} s", CHECKS[n], start.elapsed().as_secs_f64());
        }
        if let Some(patch) = patch
            && sources.join("fuzz/regressions").join(&patch.name).exists()
            && !has_its_sequence(&sequences, &patch.name)?
        {
            return Err(io::Error::other("the sequence that is kept for it finds it no more"));
        }
        Ok(found)
    }

    /// Optimized as where it counts, but for what takes the linker long.
    fn build(&self) -> Command {
        let mut build = cargo();
        build
            .current_dir(self.root.join("sources"))
            .args(["test", "--release", "--no-run", "--package", "aiochan-soak"])
            .args(["--test", "sequences"])
            .arg("--target-dir")
            .arg(self.root.join("build"))
            .env("CARGO_PROFILE_RELEASE_LTO", "off")
            .env("CARGO_PROFILE_RELEASE_CODEGEN_UNITS", "16");
        build
    }
}

/// Whether the sequence that is kept for a fault finds it by itself.
fn has_its_sequence(sequences: &Path, name: &str) -> io::Result<bool> {
    let mut kept = Command::new(sequences);
    kept.args(["what_was_found_once_is_not_found_again", "--exact"]).env("KEPT", name);
    kept.stdout(Stdio::null()).stderr(Stdio::null());
    Ok(passes(&mut kept, Duration::from_secs(LIMITS[1]))? != Some(true))
}

/// Whether a check ends well; `None` if it does not end in time.
fn passes(check: &mut Command, limit: Duration) -> io::Result<Option<bool>> {
    let mut child = check.spawn()?;
    let end = Instant::now() + limit;
    while Instant::now() < end {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.success()));
        }
        thread::sleep(Duration::from_millis(50));
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

fn copy(from: &Path, to: &Path) -> io::Result<()> {
    if !from.is_dir() {
        return fs::copy(from, to).map(drop);
    }
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        copy(&entry.path(), &to.join(entry.file_name()))?;
    }
    Ok(())
}
