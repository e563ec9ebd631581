//! Who takes part in a cell.

use crate::cells::Cell;
use crate::contender::Contender;
use crate::{dup, hand_over, hot, pipelines, selects, traffic};

pub fn of(cell: Cell) -> Vec<Contender> {
    match cell {
        Cell::Traffic(traffic) => {
            let mut contenders = traffic::contenders(traffic);
            hand_over::add(traffic, &mut contenders);
            contenders
        }
        Cell::Hot { path, capacity } => hot::contenders(path, capacity),
        Cell::Select(select) => selects::contenders(select),
        Cell::Dup(workers) => dup::contenders(workers),
        Cell::Pipeline(pipeline) => pipelines::contenders(pipeline),
    }
}
