//! What is measured: each cell has a name, by which it is chosen, found again and shown.

use std::fmt;

/// One row of the tables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Producers and consumers over one channel.
    Traffic {
        place: Place,
        producers: usize,
        consumers: usize,
        capacity: Option<usize>,
        size: Size,
    },
    /// Single-threaded hot paths.
    Hot { path: Path, capacity: Option<usize> },
}

/// Where the producers and consumers are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// Tasks on tokio's multi-threaded runtime, with two workers.
    MultiThread,
    /// Tasks on tokio's single-threaded runtime.
    CurrentThread,
    /// Tasks on smol's global executor, which has one thread.
    Smol,
    Threads,
    /// From threads to tasks on tokio's two workers.
    ThreadToTask,
    TaskToThread,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Size {
    U64,
    /// 256 bytes.
    Large,
    Boxed,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Path {
    /// `try_send` and `try_recv` in turn.
    Try,
    /// An awaited send and an awaited receive in turn, both ready.
    Ready,
    /// There and back between two tasks on one thread.
    PingPong,
    /// Making and dropping both halves.
    Create,
}

pub const PLACES: [Place; 6] = [
    Place::MultiThread,
    Place::CurrentThread,
    Place::Smol,
    Place::Threads,
    Place::ThreadToTask,
    Place::TaskToThread,
];
const CAPACITIES: [Option<usize>; 5] = [Some(0), Some(1), Some(64), Some(1024), None];

pub fn all() -> Vec<Cell> {
    let mut cells = Vec::new();
    for place in PLACES {
        for (producers, consumers) in [(1, 1), (4, 1), (1, 4), (4, 4)] {
            let traffic =
                |capacity, size| Cell::Traffic { place, producers, consumers, capacity, size };
            cells.extend(CAPACITIES.map(|capacity| traffic(capacity, Size::U64)));
            cells.extend([Size::Large, Size::Boxed].map(|size| traffic(Some(64), size)));
        }
    }
    for (path, capacities) in [
        (Path::Try, &CAPACITIES[2..3]),
        (Path::Ready, &CAPACITIES[2..3]),
        (Path::PingPong, &CAPACITIES[..2]),
        (Path::Create, &[Some(0), Some(64), None]),
    ] {
        cells.extend(capacities.iter().map(|capacity| Cell::Hot { path, capacity: *capacity }));
    }
    cells
}

impl Cell {
    /// The heading under which it stands.
    pub fn group(&self) -> &'static str {
        match self {
            Self::Traffic { place, .. } => place.name(),
            Self::Hot { .. } => "hot paths, one thread",
        }
    }

    /// Whether it is one of the few of a quick run.
    pub fn is_quick(&self) -> bool {
        match self {
            Self::Traffic { producers, consumers, capacity, size, .. } => {
                *size == Size::U64
                    && matches!((producers, consumers), (1, 1) | (4, 4))
                    && matches!(capacity, Some(0 | 64))
            }
            Self::Hot { .. } => true,
        }
    }

    /// Whether the time that a message takes is shown too.
    pub fn has_latency(&self) -> bool {
        matches!(
            self,
            Self::Traffic {
                producers: 1,
                consumers: 1,
                capacity: Some(0 | 1 | 64),
                size: Size::U64,
                ..
            } | Self::Traffic {
                producers: 4,
                consumers: 4,
                capacity: Some(64),
                size: Size::U64,
                ..
            }
        )
    }
}

impl Place {
    pub fn name(self) -> &'static str {
        match self {
            Self::MultiThread => "tokio multi_thread(2)",
            Self::CurrentThread => "tokio current_thread",
            Self::Smol => "smol",
            Self::Threads => "threads",
            Self::ThreadToTask => "thread to task",
            Self::TaskToThread => "task to thread",
        }
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let capacity = match self {
            Self::Traffic { place, producers, consumers, capacity, .. } => {
                write!(f, "{} {producers}/{consumers}", place.name())?;
                capacity
            }
            Self::Hot { path, capacity } => {
                f.write_str(match path {
                    Path::Try => "try pair",
                    Path::Ready => "ready put and get",
                    Path::PingPong => "ping-pong",
                    Path::Create => "create and drop",
                })?;
                capacity
            }
        };
        match capacity {
            Some(capacity) => write!(f, ", capacity {capacity}")?,
            None => write!(f, ", unbounded")?,
        }
        f.write_str(match self {
            Self::Traffic { size: Size::Large, .. } => ", 256 bytes",
            Self::Traffic { size: Size::Boxed, .. } => ", boxed",
            _ => "",
        })
    }
}
