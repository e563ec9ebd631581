//! `sha256sum` for whole trees, on all cores, in path order.
//!
//! What to learn from it: a pipeline of threads with back-pressure. A walker puts each file into
//! `files`, for whichever hasher is free, and at the same time a receiver for its digest into
//! `order`. The printer takes these receivers one after the other, so lines come out in path order,
//! whatever order the hashing ends in. Both channels are bounded, so memory is too. Halves close by
//! dropping, so a stage that ends, or panics, ends the stages behind it. Ctrl-C is one more channel,
//! which the printer selects over.

use std::fs::{self, File};
use std::io::{self, BufWriter, ErrorKind, IsTerminal, Read, Write};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::{self, ExitCode};
use std::thread;

use aiochan::{Chan, Receiver, Sender, Stats, TryGetError, select_blocking};
use clap::Parser;
use indicatif::{ProgressBar, ProgressStyle};
use sha2::{Digest, Sha256};
use walkdir::WalkDir;

/// Print the SHA-256 of every regular file below the paths, as `sha256sum` does.
#[derive(Parser)]
struct Options {
    /// Files and directories.
    #[arg(required = true)]
    paths: Vec<PathBuf>,
    /// How many files to hash at once.
    #[arg(long, default_value_t = thread::available_parallelism().unwrap_or(NonZeroUsize::MIN))]
    jobs: NonZeroUsize,
}

/// A file to be hashed, and where its digest goes.
type Job = (PathBuf, Sender<io::Result<String>>);

/// What the printer has to print next.
enum Entry {
    File(PathBuf, Receiver<io::Result<String>>),
    Unreadable(PathBuf, String),
}

const CANCELLED: u8 = 130;

fn main() -> ExitCode {
    let options = Options::parse();
    let bar = ProgressBar::new_spinner();
    bar.set_style(ProgressStyle::with_template("{spinner} {msg}{bytes} {bytes_per_sec}").unwrap());

    // `order` holds more than `files`: when hashing is slow it is `files` that fills up, so the
    // figures at the end tell hashing from printing.
    let window = 8 * options.jobs.get();
    let (jobs_in, jobs_out) = Chan::builder().name("files").buffer(window).build().split();
    let (order_in, order_out) = Chan::builder().name("order").buffer(4 * window).build().split();

    let stop = Chan::new();
    let stopping = stop.clone();
    // The second Ctrl-C does not wait for the printer, which may be stuck in a full pipe.
    let handler = move || {
        if !stopping.close() {
            process::exit(CANCELLED.into())
        }
    };
    ctrlc::set_handler(handler).expect("no handler is set yet");

    for _ in 0..options.jobs.get() {
        let (jobs, bar) = (jobs_out.clone(), bar.clone());
        thread::spawn(move || {
            let mut chunk = vec![0; 64 * 1024];
            jobs.into_iter().for_each(|job| hash(job, &mut chunk, &bar));
        });
    }
    let files = jobs_out.chan().clone();
    drop(jobs_out);
    thread::spawn(move || walk(&options.paths, &order_in, &jobs_in));

    let result = print(&order_out, &stop, &bar);
    bar.finish_and_clear();
    if !matches!(result, Ok(Printed::Stopped)) {
        report(&files, order_out.chan());
    }
    match result {
        Ok(Printed::All) => ExitCode::SUCCESS,
        Ok(Printed::Some) => ExitCode::FAILURE,
        Ok(Printed::Stopped) => ExitCode::from(CANCELLED),
        // Whoever reads has seen enough.
        Err(error) if error.kind() == ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("digest: standard output: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Puts every regular file into both channels, in path order, until nobody gets them any more.
fn walk(paths: &[PathBuf], order: &Sender<Entry>, jobs: &Sender<Job>) {
    for entry in paths.iter().flat_map(|path| WalkDir::new(path).sort_by_file_name()) {
        let put = match entry {
            Ok(entry) if entry.file_type().is_dir() => continue,
            Ok(entry) if is_regular(&entry) => {
                let path = entry.into_path();
                let (reply, digest) = Chan::fixed(1).split();
                order.put_blocking(Entry::File(path.clone(), digest)).is_ok()
                    && jobs.put_blocking((path, reply)).is_ok()
            }
            Ok(entry) if entry.depth() > 0 => continue,
            Ok(entry) => {
                let reason = "not a regular file or a directory".to_string();
                order.put_blocking(Entry::Unreadable(entry.into_path(), reason)).is_ok()
            }
            Err(error) => {
                let path = error.path().unwrap_or(Path::new("?")).to_path_buf();
                let reason =
                    error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
                order.put_blocking(Entry::Unreadable(path, reason)).is_ok()
            }
        };
        if !put {
            return;
        }
    }
}

/// Links are followed where they were named by the user, not where they were found.
fn is_regular(entry: &walkdir::DirEntry) -> bool {
    entry.file_type().is_file()
        || entry.depth() == 0 && fs::metadata(entry.path()).is_ok_and(|target| target.is_file())
}

fn hash((path, reply): Job, chunk: &mut [u8], bar: &ProgressBar) {
    // If the printer has gone nobody wants to know.
    let _ = reply.put_blocking(digest_of(&path, chunk, bar));
}

fn digest_of(path: &Path, chunk: &mut [u8], bar: &ProgressBar) -> io::Result<String> {
    let mut file = File::open(path)?;
    let mut sha = Sha256::new();
    loop {
        match file.read(chunk) {
            Ok(0) => return Ok(format!("{:x}", sha.finalize())),
            Ok(read) => {
                sha.update(&chunk[..read]);
                bar.inc(read as u64);
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

enum Printed {
    All,
    /// Some files could not be read.
    Some,
    Stopped,
}

/// Prints a line for each entry, in order.
fn print(order: &Receiver<Entry>, stop: &Chan<()>, bar: &ProgressBar) -> io::Result<Printed> {
    let shares_terminal = !bar.is_hidden() && io::stdout().is_terminal();
    let mut out = BufWriter::new(io::stdout());
    let mut printed = Printed::All;
    let mut lines = 0_u64;
    loop {
        let (path, digest) = match next(order, stop, &mut out)? {
            Next::Got(Entry::File(path, digest)) => match next(&digest, stop, &mut out)? {
                Next::Got(digest) => (path, digest.map_err(|error| error.to_string())),
                Next::End => (path, Err("the thread that hashed it has failed".to_string())),
                Next::Stopped => {
                    printed = Printed::Stopped;
                    break;
                }
            },
            Next::Got(Entry::Unreadable(path, reason)) => (path, Err(reason)),
            Next::End => break,
            Next::Stopped => {
                printed = Printed::Stopped;
                break;
            }
        };
        match digest {
            // One write for a line, so that no line is torn.
            Ok(digest) if shares_terminal => {
                bar.suspend(|| out.write_all(&line(&digest, &path)).and_then(|()| out.flush()))?;
            }
            Ok(digest) => out.write_all(&line(&digest, &path))?,
            Err(reason) => {
                bar.suspend(|| eprintln!("digest: {}: {reason}", path.display()));
                printed = Printed::Some;
            }
        }
        lines += 1;
        if !bar.is_hidden() {
            bar.set_message(format!("{lines} files, "));
        }
    }
    out.flush()?;
    Ok(printed)
}

enum Next<T> {
    Got(T),
    End,
    Stopped,
}

/// The next value, unless Ctrl-C comes first. What is printed is flushed before waiting.
fn next<T: Send>(
    values: &Receiver<T>,
    stop: &Chan<()>,
    out: &mut impl Write,
) -> io::Result<Next<T>> {
    if stop.is_closed() {
        return Ok(Next::Stopped);
    }
    match values.try_get() {
        Ok(value) => return Ok(Next::Got(value)),
        Err(TryGetError::Closed) => return Ok(Next::End),
        Err(TryGetError::Empty) => out.flush()?,
    }
    Ok(select_blocking! {
        biased;
        _ = stop.get() => Next::Stopped,
        value = values.get() => value.map_or(Next::End, Next::Got),
    })
}

/// A line as `sha256sum` prints it: names with a backslash or a line break are escaped, and the line
/// then begins with a backslash.
fn line(digest: &str, path: &Path) -> Vec<u8> {
    let name = path.as_os_str().as_encoded_bytes();
    let mut line = Vec::with_capacity(digest.len() + name.len() + 4);
    if name.iter().any(|byte| b"\\\n\r".contains(byte)) {
        line.push(b'\\');
    }
    line.extend_from_slice(digest.as_bytes());
    line.extend_from_slice(b"  ");
    for byte in name {
        match byte {
            b'\\' => line.extend_from_slice(b"\\\\"),
            b'\n' => line.extend_from_slice(b"\\n"),
            b'\r' => line.extend_from_slice(b"\\r"),
            byte => line.push(*byte),
        }
    }
    line.push(b'\n');
    line
}

/// The channels' figures, and the stage that the others waited for.
fn report<A, B>(files: &Chan<A>, order: &Chan<B>) {
    let (f, o) = (files.stats(), order.stats());
    eprintln!(
        "{:<8} {:>10} {:>12} {:>12}  blocked",
        "channel", "delivered", "parked puts", "parked gets"
    );
    for (name, stats) in [(files.name(), &f), (order.name(), &o)] {
        eprintln!(
            "{:<8} {:>10} {:>12} {:>12}  {}",
            name.unwrap_or_default(),
            stats.delivered(),
            stats.put_waits,
            stats.get_waits(),
            blocked_side(stats),
        );
    }
    let stages = [("walk", f.get_waits()), ("hash", f.put_waits), ("print", o.put_waits)];
    let slowest = stages.iter().max_by_key(|(_, waits)| waits).filter(|(_, waits)| *waits > 0);
    eprintln!("bottleneck: {}", slowest.map_or("none", |(stage, _)| stage));
}

fn blocked_side(stats: &Stats) -> &'static str {
    match stats.put_waits.cmp(&stats.get_waits()) {
        std::cmp::Ordering::Greater => "puts",
        std::cmp::Ordering::Less => "gets",
        std::cmp::Ordering::Equal => "-",
    }
}
