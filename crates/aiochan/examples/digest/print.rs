//! The printer: who brings the digests into the order of the paths.

use std::io::{self, BufWriter, IsTerminal, Write};

use aiochan::{Chan, Receiver, select_blocking};
use indicatif::ProgressBar;

use crate::Line;
use crate::names::{escape, line};
use crate::report::tell;

#[derive(Default)]
pub(crate) struct Printed {
    lines: u64,
    pub(crate) failures: u64,
    /// How often a digest was not there yet.
    pub(crate) digest_waits: u64,
}

/// Prints a line for each file, in order, until there are no more or Ctrl-C is pressed.
pub(crate) fn print(
    order: &Receiver<Line>,
    stop: &Chan<()>,
    bar: &ProgressBar,
) -> io::Result<Printed> {
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
