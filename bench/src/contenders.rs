//! Who takes part in a cell.

use crate::cells::Cell;
use crate::contender::Contender;
use crate::{dup, hot, pipelines, selects, traffic};

pub fn of(cell: Cell) -> Vec<Contender> {
    match cell {
        Cell::Traffic(traffic) => traffic::contenders(traffic),
        Cell::Hot { path, capacity } => hot::contenders(path, capacity),
        Cell::Select(select) => selects::contenders(select),
        Cell::Dup(workers) => dup::contenders(workers),
        Cell::Pipeline(pipeline) => pipelines::contenders(pipeline),
    }
}
