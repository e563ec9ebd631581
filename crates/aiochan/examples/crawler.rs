//! A bounded crawler: how much is below a directory, looking into a few directories at once.
//!
//! What to learn from it: one `select!` over a put *and* a get. As long as there are directories to look
//! into, the crawler offers the next one to whichever worker is free, or takes in what one of them has
//! found, whatever is possible first. Nobody waits for each other in a circle, though all of them both put
//! and get and nothing has a buffer. It knows when it is done: nothing is left to do, and no one at work.
//! Were a worker to panic, `found` would be closed, and nobody would wait for what never comes.
//!
//! Usage: `crawler [DIRECTORY]`

use std::fs;
use std::path::{Path, PathBuf};

use aiochan::{Chan, select_blocking};

const WORKERS: usize = 4;

/// What is in a directory. What cannot be read counts as empty; links are not followed.
#[derive(Default)]
struct Listing {
    dirs: Vec<PathBuf>,
    files: u64,
    bytes: u64,
}

fn list(dir: &Path) -> Listing {
    let mut listing = Listing::default();
    for entry in fs::read_dir(dir).into_iter().flatten().flatten() {
        match entry.file_type() {
            Ok(kind) if kind.is_dir() => listing.dirs.push(entry.path()),
            Ok(kind) if kind.is_file() => {
                listing.files += 1;
                listing.bytes += entry.metadata().map_or(0, |metadata| metadata.len());
            }
            _ => {}
        }
    }
    listing
}

fn main() {
    let root = std::env::args_os().nth(1).unwrap_or_else(|| ".".into());
    let to_do = Chan::<PathBuf>::new();
    let found = to_do.parallel_pipe_unordered(WORKERS, |dir| list(&dir)).chan();

    let (mut open, mut at_work) = (vec![PathBuf::from(root)], 0);
    let (mut dirs, mut files, mut bytes) = (0_u64, 0, 0);
    while !open.is_empty() || at_work > 0 {
        let listing = match open.pop() {
            Some(dir) => select_blocking! {
                put = to_do.put(dir) => { put.unwrap(); at_work += 1; continue }
                listing = found.get() => { open.push(dir); listing } // the put has lost: `dir` is back
            },
            None => found.get_blocking(),
        };
        let Listing { dirs: more, files: here, bytes: size } = listing.expect("no worker panics");
        at_work -= 1;
        dirs += 1;
        (files, bytes) = (files + here, bytes + size);
        open.extend(more);
    }
    to_do.close(); // the workers go home
    println!("{dirs} directories, {files} files, {bytes} bytes");
}
