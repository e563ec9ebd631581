//! The walker: who finds the files.

use std::fs;
use std::io;
use std::path::PathBuf;

use aiochan::{Chan, Sender};
use walkdir::{DirEntry, WalkDir};

use crate::{Job, Line};

/// Puts every regular file into both channels, in path order, until nobody gets them any more.
pub(crate) fn walk(paths: &[PathBuf], files: &Sender<Job>, order: &Sender<Line>) {
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
