//! `sha256sum` for whole trees, on all cores, in path order.
//!
//! What to learn from it: a pipeline of threads with back-pressure, which ends well.
//!
//! ```text
//!          files              digests, a channel for each file
//! walk ──┬──────► hash, N times ──────┐
//!        │           order            │
//!        └────────────────────────────┴──► print
//! ```
//!
//! The walker puts each file into `files`, for whichever hasher is free, and where its digest will
//! come from into `order`. The printer takes these one after the other, so lines come in path order,
//! whatever order the hashing ends in. All channels are bounded, so memory is too. Halves close by
//! dropping, so a stage that ends, or panics, ends the others. Ctrl-C is one more channel, which the
//! printer selects over.

mod hash;
mod names;
mod print;
mod report;
mod stop;
mod walk;

use std::io::{self, ErrorKind};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;

use aiochan::{Chan, Receiver, Sender};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};

use crate::hash::{Hash, hash};
use crate::print::print;
use crate::report::{report, tell};
use crate::stop::{INTERRUPTED, closed_by_ctrl_c};
use crate::walk::walk;

/// Print the SHA-256 of every regular file below the paths, as `sha256sum` does.
#[derive(Parser)]
struct Options {
    /// Files and directories.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// How many files to hash at once.
    #[arg(long, default_value_t = cores(), value_parser = clap::value_parser!(u8).range(1..))]
    jobs: u8,
}

fn cores() -> u8 {
    thread::available_parallelism().map_or(1, |cores| cores.get().try_into().unwrap_or(u8::MAX))
}

/// A file to hash, and where its digest goes.
type Job = (PathBuf, Sender<io::Result<Hash>>);
/// A line to print, and where its digest comes from.
type Line = (PathBuf, Receiver<io::Result<Hash>>);

fn main() -> ExitCode {
    let options = Options::parse();
    let stop = closed_by_ctrl_c();
    // A bar is hidden if stderr is not a terminal.
    let bar = ProgressBar::new_spinner().with_message("0").with_style(
        ProgressStyle::with_template("{spinner} {msg} files, {bytes}, {bytes_per_sec}").unwrap(),
    );

    let next_files = 8 * usize::from(options.jobs);
    let (files_in, files_out) = Chan::builder().name("files").buffer(next_files).build().split();
    // So far the hashers may run ahead while a large file keeps the printer waiting. It is more than
    // `files` holds, so when hashing is slow it is `files` that fills up.
    let (order_in, order_out) = Chan::builder().name("order").buffer(4096).build().split();

    let walker = thread::spawn(move || walk(&options.paths, &files_in, &order_in));
    let start_hasher = |_| {
        let (files, bar) = (files_out.clone(), bar.clone());
        thread::spawn(move || hash(files, &bar))
    };
    let hashers: Vec<_> = (0..options.jobs).map(start_hasher).collect();
    drop(files_out); // From here on only hashers can get files; without them, puts fail.

    let printed = print(&order_out, &stop, &bar);
    bar.finish_and_clear();
    let printed = match printed {
        _ if stop.is_closed() => return ExitCode::from(INTERRUPTED),
        Ok(printed) => printed,
        // Whoever reads has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => return ExitCode::SUCCESS,
        Err(error) => {
            tell(&format!("digest: standard output: {error}"));
            return ExitCode::FAILURE;
        }
    };

    // All lines are printed, so these threads have ended, or are about to.
    let walked = walker.join().is_ok();
    if let Some(files) = hashers.into_iter().filter_map(|hasher| hasher.join().ok()).next_back() {
        report(files.chan(), order_out.chan(), printed.digest_waits);
    }
    if walked && printed.failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
