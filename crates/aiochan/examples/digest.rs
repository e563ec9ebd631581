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

use std::borrow::Cow;
use std::cmp::Ordering;
use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::thread;
use std::time::Duration;

use aiochan::{Chan, Receiver, Sender, select_blocking};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};
use walkdir::{DirEntry, WalkDir};

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

type Hash = sha2::digest::Output<Sha256>;
/// A file to hash, and where its digest goes.
type Job = (PathBuf, Sender<io::Result<Hash>>);
/// A line to print, and where its digest comes from.
type Line = (PathBuf, Receiver<io::Result<Hash>>);

const INTERRUPTED: u8 = 130;
/// How long the printer has to end its line after Ctrl-C.
const GRACE: Duration = Duration::from_millis(200);

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

/// A channel that nothing is put into. A get from it is ready when Ctrl-C has closed it.
fn closed_by_ctrl_c() -> Chan<()> {
    let stop = Chan::new();
    let stopping = stop.clone();
    let handler = move || {
        if stopping.close() {
            // The printer stops at the end of its line, and with it the program. If it is still here
            // then, it is stuck in a full pipe, whose reader may never read on.
            thread::sleep(GRACE);
        }
        process::exit(INTERRUPTED.into());
    };
    ctrlc::set_handler(handler).expect("no handler is set yet");
    stop
}

/// Puts every regular file into both channels, in path order, until nobody gets them any more.
fn walk(paths: &[PathBuf], files: &Sender<Job>, order: &Sender<Line>) {
    let mut dir = PathBuf::new();
    for entry in paths.iter().flat_map(|path| WalkDir::new(path).sort_by_file_name()) {
        let (path, hashable) = match entry {
            Ok(entry) => {
                let hashable = is_hashable(&entry);
                (entry.into_path(), hashable)
            }
            // Without a path it is about the directory that was met last.
            Err(error) => {
                let path = error.path().unwrap_or(&dir).to_path_buf();
                (path, Err(error.into_io_error().expect("no loops where links are not followed")))
            }
        };
        let (reply, digest) = Chan::fixed(1).split();
        let put = match hashable {
            // First the line: if there are no hashers any more, it will say that its reply is gone.
            Ok(true) => {
                order.put_blocking((path.clone(), digest)).is_ok()
                    && files.put_blocking((path, reply)).is_ok()
            }
            Ok(false) => {
                dir = path;
                true
            }
            Err(error) => {
                reply.put_blocking(Err(error)).is_ok() && order.put_blocking((path, digest)).is_ok()
            }
        };
        if !put {
            return;
        }
    }
}

/// What is met in a directory may be anything. What the user has named is a file or a directory, or
/// links to one.
fn is_hashable(entry: &DirEntry) -> io::Result<bool> {
    if entry.depth() > 0 {
        return Ok(entry.file_type().is_file());
    }
    let named = fs::metadata(entry.path())?;
    if named.is_file() || named.is_dir() {
        Ok(named.is_file())
    } else {
        Err(io::Error::other("not a regular file or a directory"))
    }
}

/// Hashes files until there are no more, and gives back the channel for its figures.
fn hash(files: Receiver<Job>, bar: &ProgressBar) -> Receiver<Job> {
    let mut chunk = vec![0; 64 * 1024];
    for (path, reply) in &files {
        // This never waits, so the printer may wait for us. If it has gone nobody wants to know.
        let _ = reply.put_blocking(digest(&path, &mut chunk, bar));
    }
    files
}

fn digest(path: &Path, chunk: &mut [u8], bar: &ProgressBar) -> io::Result<Hash> {
    let mut file = File::open(path)?;
    let mut sha = Sha256::new();
    loop {
        match file.read(chunk) {
            Ok(0) => return Ok(sha.finalize()),
            Ok(read) => {
                sha.update(&chunk[..read]);
                bar.inc(read as u64);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

#[derive(Default)]
struct Printed {
    lines: u64,
    failures: u64,
    /// How often a digest was not there yet.
    digest_waits: u64,
}

/// Prints a line for each file, in order, until there are no more or Ctrl-C is pressed.
fn print(order: &Receiver<Line>, stop: &Chan<()>, bar: &ProgressBar) -> io::Result<Printed> {
    // A pipe takes 4 KiB whole or not at all, so exiting does not tear a line, even when it is full.
    let mut out = BufWriter::with_capacity(4096, io::stdout());
    let to_terminal = io::stdout().is_terminal();
    let mut printed = Printed::default();
    while let Some((path, reply)) = next(order, stop, &mut out)? {
        let digest = match next(&reply, stop, &mut out)? {
            Some(digest) => digest,
            None if stop.is_closed() => break,
            None => Err(io::Error::other("the thread that was to hash it has panicked")),
        };
        printed.digest_waits += reply.stats().get_waits();
        match digest {
            Ok(digest) => out.write_all(&line(&digest, &path))?,
            Err(error) => {
                printed.failures += 1;
                let name = String::from_utf8_lossy(&escape(&path)).into_owned();
                bar.suspend(|| tell(&format!("digest: {name}: {error}")));
            }
        }
        if to_terminal {
            bar.suspend(|| out.flush())?;
        }
        printed.lines += 1;
        if !bar.is_hidden() {
            bar.set_message(printed.lines.to_string());
        }
    }
    out.flush()?;
    Ok(printed)
}

/// The next value. `None`: there are no more, or Ctrl-C came first.
fn next<T: Send>(
    values: &Receiver<T>,
    stop: &Chan<()>,
    out: &mut impl Write,
) -> io::Result<Option<T>> {
    select_blocking! {
        biased;
        _ = stop.get() => return Ok(None),
        value = values.get() => return Ok(value),
        default => out.flush()?, // While we wait, others can read what is there.
    }
    Ok(select_blocking! {
        biased;
        _ = stop.get() => None,
        value = values.get() => value,
    })
}

/// A line as `sha256sum` prints it: it begins with a backslash if the name is escaped.
fn line(digest: &Hash, path: &Path) -> Vec<u8> {
    let name = escape(path);
    let mark = if *name == *bytes(path) { "" } else { "\\" };
    [format!("{mark}{digest:x}  ").as_bytes(), &name, b"\n"].concat()
}

/// The name without line breaks.
fn escape(path: &Path) -> Vec<u8> {
    let mut name = Vec::new();
    for byte in bytes(path).iter() {
        match byte {
            b'\\' => name.extend(b"\\\\"),
            b'\n' => name.extend(b"\\n"),
            b'\r' => name.extend(b"\\r"),
            byte => name.push(*byte),
        }
    }
    name
}

/// The name as the system has it, where names are bytes.
fn bytes(path: &Path) -> Cow<'_, [u8]> {
    #[cfg(unix)]
    return std::os::unix::ffi::OsStrExt::as_bytes(path.as_os_str()).into();
    #[cfg(not(unix))]
    return path.to_string_lossy().into_owned().into_bytes().into();
}

/// Writes to stderr, which may be gone: then there is nobody to tell.
fn tell(line: &str) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}

/// What the channels say about the stages: slow is who lets the stages before wait to put, and those
/// behind wait to get.
fn report(files: &Chan<Job>, order: &Chan<Line>, digest_waits: u64) {
    let (f, o) = (files.stats(), order.stats());
    tell("channel    delivered   put waits   get waits  blocked");
    let row = |name: &str, delivered: u64, puts: u64, gets: u64| {
        let blocked = match puts.cmp(&gets) {
            Ordering::Greater => "puts",
            Ordering::Less => "gets",
            Ordering::Equal => "-",
        };
        tell(&format!("{name:<8}{delivered:>12}{puts:>12}{gets:>12}  {blocked}"));
    };
    row(files.name().unwrap_or_default(), f.delivered(), f.put_waits, f.get_waits());
    row(order.name().unwrap_or_default(), o.delivered(), o.put_waits, o.get_waits());
    row("digests", o.delivered(), 0, digest_waits);

    let stages = [
        ("walk", f.get_waits().min(o.get_waits())),
        // The printer does not get from `order` while it waits for a digest itself.
        ("print", o.put_waits.saturating_sub(digest_waits)),
        ("hash", f.put_waits.min(digest_waits)),
    ];
    let slowest = stages.iter().filter(|(_, waits)| *waits > 0).max_by_key(|(_, waits)| waits);
    tell(&format!("bottleneck: {}", slowest.map_or("none", |(stage, _)| stage)));
}
