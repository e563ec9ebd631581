//! A channel's figures at one moment.

use std::fmt;

/// What side of a channel waits for the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChanState {
    /// Puts wait: whoever gets is slower.
    PendingPuts,
    /// Gets wait: whoever puts is slower.
    PendingGets,
    /// Nobody waits.
    Fluent,
}

impl fmt::Display for ChanState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::PendingPuts => "PENDING_PUTS",
            Self::PendingGets => "PENDING_GETS",
            Self::Fluent => "FLUENT",
        })
    }
}

/// A channel's figures, from [`Chan::stats`](crate::Chan::stats).
///
/// The arms of a select count as parked until it is decided, and as delivered only when they win.
/// Counters are totals since the channel was made;
/// `parked_puts`, `parked_gets` and `len` are of the moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Stats {
    /// Which side waits now.
    pub state: ChanState,
    /// Values delivered from the buffer.
    pub buffered: u64,
    /// Values delivered to a get that was waiting: how often gets had to wait.
    pub queued: u64,
    /// Values delivered straight from a put that was waiting.
    pub immediate: u64,
    /// Values that a buffer's policy dropped.
    pub evicted: u64,
    /// Puts that had to wait and then went through.
    pub put_waits: u64,
    /// Puts that wait now.
    pub parked_puts: usize,
    /// Gets that wait now.
    pub parked_gets: usize,
    /// Values inside now, not counting those of waiting puts.
    pub len: usize,
}

impl Stats {
    /// All values delivered.
    pub fn delivered(&self) -> u64 {
        self.buffered + self.queued + self.immediate
    }

    /// Gets that had to wait and then received a value.
    pub fn get_waits(&self) -> u64 {
        self.queued
    }
}
