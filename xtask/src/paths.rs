//! How many instructions the hottest paths take, against figures on record: a cheap guard of their speed that
//! no noise disturbs.
//!
//! A path is run under single-stepping, which needs no tool and no counters of the processor. What is counted
//! is the difference between two runs of different lengths, so all that happens once falls out.

use std::fmt::Write as _;
use std::process::{Command, ExitCode};
use std::{fs, io};

use crate::{Outcome, cargo, executable};

const FIGURES: &str = "crates/aiochan/benches/paths.txt";
/// A path may take so much more than on record, in percent.
const MARGIN: u64 = 10;

const PATHS: [&str; 5] = [
    "try_put and try_get",
    "put and get, ready",
    "put meets a waiting get",
    "get meets a waiting put",
    "create and drop",
];

/// Whether no path takes many more instructions than on record.
pub(crate) fn check() -> Outcome {
    let record = match fs::read_to_string(FIGURES) {
        Ok(record) => record,
        Err(error) => {
            eprintln!("FAILED: {FIGURES}: {error}");
            return Outcome::Failed;
        }
    };
    let mut lines = record.lines();
    let (recorded, here) = (lines.next().unwrap_or_default(), compiler());
    if recorded != here {
        eprintln!(
            "skipped: the figures are of {recorded}, this is {here}; `cargo xtask paths --record` renews them"
        );
        return Outcome::Skipped;
    }
    let counts = match count_all() {
        Ok(counts) => counts,
        Err(error) => {
            eprintln!("skipped: instructions cannot be counted here: {error}");
            return Outcome::Skipped;
        }
    };
    let mut outcome = Outcome::Passed;
    for (path, count) in PATHS.iter().zip(counts) {
        let before =
            lines.clone().find_map(|line| line.strip_suffix(path)?.trim().parse::<u64>().ok());
        let Some(before) = before else {
            eprintln!("FAILED: {FIGURES} has no figure for {path}");
            outcome = Outcome::Failed;
            continue;
        };
        eprintln!("{count:5} {path} (on record {before})");
        if count * 100 > before * (100 + MARGIN) {
            eprintln!("FAILED: {path} takes over {MARGIN} % more instructions than on record");
            outcome = Outcome::Failed;
        }
    }
    outcome
}

/// Puts today's counts on record.
pub(crate) fn record() -> ExitCode {
    match count_all() {
        Ok(counts) => {
            let mut record = compiler() + "\n";
            for (path, count) in PATHS.iter().zip(counts) {
                let _ = writeln!(record, "{count:5} {path}");
            }
            print!("{record}");
            if let Err(error) = fs::write(FIGURES, record) {
                eprintln!("{FIGURES}: {error}");
                return ExitCode::FAILURE;
            }
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("instructions cannot be counted here: {error}");
            ExitCode::FAILURE
        }
    }
}

fn compiler() -> String {
    let version = Command::new("rustc").arg("--version").output();
    version
        .map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned())
        .unwrap_or_default()
}

fn count_all() -> io::Result<Vec<u64>> {
    let program = build()?;
    PATHS
        .iter()
        .map(|path| {
            let (few, many) = (50, 250);
            let more = steps::count(&program, path, many)? - steps::count(&program, path, few)?;
            Ok((more + (many - few) / 2) / (many - few))
        })
        .collect()
}

/// Builds the program with the paths; where it is.
fn build() -> io::Result<String> {
    executable(cargo().args(["bench", "-p", "aiochan", "--bench", "paths", "--no-run"]))
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
mod steps {
    use std::io::{self, BufRead, BufReader, Write};
    use std::process::{Command, Stdio};

    use nix::sys::ptrace;
    use nix::sys::signal::Signal;
    use nix::sys::wait::{WaitStatus, waitpid};
    use nix::unistd::Pid;

    /// How many instructions a run of so many rounds takes, from when it was ready on.
    pub(super) fn count(program: &str, path: &str, rounds: u64) -> io::Result<u64> {
        let mut child = Command::new(program)
            .args([path, &rounds.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (mut stdin, stdout) = (child.stdin.take(), child.stdout.take());
        if let Some(stdout) = stdout {
            BufReader::new(stdout).read_line(&mut String::new())?;
        }
        let pid = Pid::from_raw(child.id() as i32);
        let counted = ptrace::attach(pid).map_err(io::Error::from).and_then(|()| {
            waitpid(pid, None)?;
            if let Some(stdin) = &mut stdin {
                stdin.write_all(b"\n")?;
            }
            to_its_end(pid)
        });
        if counted.is_err() {
            // It may be waiting for its line.
            let _ = child.kill();
            let _ = child.wait();
        }
        counted
    }

    fn to_its_end(pid: Pid) -> io::Result<u64> {
        let (mut steps, mut signal) = (0, None);
        loop {
            ptrace::step(pid, signal)?;
            steps += 1;
            signal = match waitpid(pid, None)? {
                WaitStatus::Exited(_, 0) => return Ok(steps),
                WaitStatus::Stopped(_, Signal::SIGTRAP | Signal::SIGSTOP) => None,
                WaitStatus::Stopped(_, signal) => Some(signal),
                ended => return Err(io::Error::other(format!("the program ended with {ended:?}"))),
            };
        }
    }
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
mod steps {
    use std::io;

    pub(super) fn count(_program: &str, _path: &str, _rounds: u64) -> io::Result<u64> {
        Err(io::Error::other("it is not Linux on x86-64"))
    }
}
