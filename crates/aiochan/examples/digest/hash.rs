//! The hashers: who reads the files.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use aiochan::Receiver;
use indicatif::ProgressBar;
use sha2::{Digest, Sha256};

use crate::Job;

pub(crate) type Hash = sha2::digest::Output<Sha256>;

/// Hashes files until there are no more, and gives back the channel for its figures.
pub(crate) fn hash(files: Receiver<Job>, bar: &ProgressBar) -> Receiver<Job> {
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
