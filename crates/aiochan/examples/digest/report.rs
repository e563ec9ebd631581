//! What is told besides the digests: errors, and where it took its time.

use std::cmp::Ordering;
use std::io::{self, Write};

use aiochan::Chan;

use crate::{Job, Line};

/// What the channels say about the stages: slow is who lets the stages before wait to put, and those
/// behind wait to get.
pub(crate) fn report(files: &Chan<Job>, order: &Chan<Line>, digest_waits: u64) {
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

/// Writes to stderr, which may be gone: then there is nobody to tell.
pub(crate) fn tell(line: &str) {
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}
