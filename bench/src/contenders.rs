//! Who takes part.

use crate::cells::{Cell, Size};
use crate::message::{Large, Message};
use crate::peers::*;
use crate::work::{self, Done, Stamp};

/// Runs a cell with so many messages.
pub type Run = fn(Cell, u64, Stamp) -> Option<Done>;

/// All that may take part in this cell, by name; ours comes first. Some have kinds of channels of which one
/// fits.
pub fn of(cell: Cell) -> Vec<(&'static str, Run)> {
    match cell {
        Cell::Traffic { size: Size::Large, .. } => of_size::<Large>(),
        Cell::Traffic { size: Size::Boxed, .. } => of_size::<Box<u64>>(),
        _ => of_size::<u64>(),
    }
}

fn of_size<T: Message>() -> Vec<(&'static str, Run)> {
    macro_rules! all {
        ($($peer:ident)*) => {
            vec![$((<$peer as Peer<T>>::NAME, work::run::<$peer, T> as Run)),*]
        };
    }
    all! {
        Aiochan Kanal Crossfire CrossfireBlocking Crossbeam Flume Loole Fibre FibreBlocking FibreRendezvous
        FibreRendezvousBlocking FibreUnbounded FibreUnboundedBlocking AsyncChannel Tokio TokioUnbounded Thingbuf ThingbufBlocking Postage Futures Std StdUnbounded
    }
}
