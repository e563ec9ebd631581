//! What is measured: each cell has a name, by which it is chosen, found again and shown.

use std::fmt;

/// One row of the tables.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Cell {
    /// Producers and consumers over one channel.
    Traffic(Traffic),
    /// Hot paths of one thread.
    Hot {
        path: Path,
        capacity: Option<usize>,
    },
    Select(Select),
    /// One source for four readers.
    Dup(Workers),
    Pipeline(Pipeline),
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Traffic {
    pub place: Place,
    pub producers: usize,
    pub consumers: usize,
    pub capacity: Option<usize>,
    pub size: Size,
}

/// Where the producers and consumers are.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Place {
    Tokio(Workers),
    /// Tasks on smol's global executor, which has one thread.
    Smol,
    Threads,
    /// From threads to tasks on tokio's two workers.
    ThreadToTask,
    TaskToThread,
}

/// The threads of a tokio runtime.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Workers {
    One,
    Two,
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

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Select {
    ReadyGets,
    ReadyPuts,
    Both,
    /// Another task puts.
    WaitingGets(Workers),
    /// Another thread puts, each time that the select waits.
    ThreadsWaitingGets,
    /// Four threads put as fast as they can.
    ThreadsGets,
    /// Four threads get as fast as they can.
    ThreadsPuts,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Pipeline {
    /// Three operators, and a channel after them.
    Chain(Workers),
    /// A microsecond of work per item on two threads.
    Parallel,
    /// Eight futures at once.
    Futures { workers: Workers, ordered: bool, yields: u32 },
}

const PLACES: [Place; 6] = [
    Place::Tokio(Workers::Two),
    Place::Tokio(Workers::One),
    Place::Smol,
    Place::Threads,
    Place::ThreadToTask,
    Place::TaskToThread,
];
const CAPACITIES: [Option<usize>; 5] = [Some(0), Some(1), Some(64), Some(1024), None];
const BOTH: [Workers; 2] = [Workers::One, Workers::Two];

pub fn all() -> Vec<Cell> {
    let mut cells = Vec::new();
    for place in PLACES {
        for (producers, consumers) in [(1, 1), (4, 1), (1, 4), (4, 4)] {
            let traffic = |capacity, size| {
                Cell::Traffic(Traffic { place, producers, consumers, capacity, size })
            };
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
    let selects = [Select::ReadyGets, Select::ReadyPuts, Select::Both];
    cells.extend(selects.map(Cell::Select));
    cells.extend(BOTH.map(|workers| Cell::Select(Select::WaitingGets(workers))));
    let selects = [Select::ThreadsWaitingGets, Select::ThreadsGets, Select::ThreadsPuts];
    cells.extend(selects.map(Cell::Select));
    cells.extend(BOTH.map(Cell::Dup));
    cells.extend(BOTH.map(|workers| Cell::Pipeline(Pipeline::Chain(workers))));
    cells.push(Cell::Pipeline(Pipeline::Parallel));
    for workers in BOTH {
        for ordered in [true, false] {
            cells.extend(
                [0, 1].map(|yields| Cell::Pipeline(Pipeline::Futures { workers, ordered, yields })),
            );
        }
    }
    cells
}

impl Cell {
    /// The heading under which it stands.
    pub fn group(&self) -> &'static str {
        match self {
            Self::Traffic(traffic) => traffic.place.name(),
            Self::Hot { .. } => "hot paths",
            Self::Select(_) => "selects",
            Self::Dup(_) => "one source, four readers",
            Self::Pipeline(_) => "pipelines",
        }
    }

    /// Whether it is one of the few of a quick run.
    pub fn is_quick(&self) -> bool {
        match self {
            Self::Traffic(Traffic { producers, consumers, capacity, size, .. }) => {
                *size == Size::U64
                    && matches!((producers, consumers), (1, 1) | (4, 4))
                    && matches!(capacity, Some(0 | 64))
            }
            Self::Hot { .. } | Self::Select(_) | Self::Dup(_) => true,
            Self::Pipeline(Pipeline::Futures { yields, .. }) => *yields == 1,
            Self::Pipeline(_) => true,
        }
    }
}

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Tokio(Workers::Two) => "tokio multi_thread(2)",
            Self::Tokio(Workers::One) => "tokio current_thread",
            Self::Smol => "smol",
            Self::Threads => "threads",
            Self::ThreadToTask => "thread to task",
            Self::TaskToThread => "task to thread",
        }
    }
}

impl fmt::Display for Workers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One => "current_thread",
            Self::Two => "multi_thread(2)",
        })
    }
}

impl fmt::Display for Cell {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let with_capacity = |f: &mut fmt::Formatter<'_>, capacity: Option<usize>| match capacity {
            Some(capacity) => write!(f, ", capacity {capacity}"),
            None => f.write_str(", unbounded"),
        };
        match self {
            Self::Traffic(Traffic { place, producers, consumers, capacity, size }) => {
                write!(f, "{} {producers}/{consumers}", place.name())?;
                with_capacity(f, *capacity)?;
                f.write_str(match size {
                    Size::U64 => "",
                    Size::Large => ", 256 bytes",
                    Size::Boxed => ", boxed",
                })
            }
            Self::Hot { path, capacity } => {
                f.write_str(match path {
                    Path::Try => "try pair",
                    Path::Ready => "ready put and get",
                    Path::PingPong => "ping-pong",
                    Path::Create => "create and drop",
                })?;
                with_capacity(f, *capacity)
            }
            Self::Select(select) => match select {
                Select::ReadyGets => f.write_str("select over 4 gets, one ready"),
                Select::ReadyPuts => f.write_str("select over 4 puts, all ready"),
                Select::Both => f.write_str("select over 2 gets and 2 puts, one put ready"),
                Select::WaitingGets(workers) => {
                    write!(f, "select over 4 gets, waiting for another task, {workers}")
                }
                Select::ThreadsWaitingGets => f.write_str("select on threads, 4 gets, waiting"),
                Select::ThreadsGets => f.write_str("select on threads, 4 gets, four producers"),
                Select::ThreadsPuts => f.write_str("select on threads, 4 puts, four consumers"),
            },
            Self::Dup(workers) => write!(f, "one source for 4 readers, {workers}"),
            Self::Pipeline(pipeline) => match pipeline {
                Pipeline::Chain(workers) => write!(f, "map.filter.map into a channel, {workers}"),
                Pipeline::Parallel => f.write_str("parallel_pipe(2), 1 us of work"),
                Pipeline::Futures { workers, ordered, yields } => {
                    let unordered = if *ordered { "" } else { "_unordered" };
                    write!(f, "async_pipe{unordered}(8), {yields} yields, {workers}")
                }
            },
        }
    }
}
