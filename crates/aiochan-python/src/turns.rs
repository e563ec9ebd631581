//! When the event loop must have its turn, although a task never has to wait.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pyo3::prelude::*;

use crate::home::Home;

/// So long a task may go on, if its operations are always complete at once.
pub(crate) const SLICE: Duration = Duration::from_millis(1);
/// The clock is read once in so many operations.
const STRIDE: u32 = 64;

thread_local! {
    static COUNT: Cell<u32> = const { Cell::new(0) };
}

/// The event loop, if the operation that is awaited now is to let it go first.
#[inline]
pub(crate) fn due(py: Python<'_>) -> PyResult<Option<Arc<Home>>> {
    let count = COUNT.get() + 1;
    COUNT.set(count % STRIDE);
    if count < STRIDE { Ok(None) } else { late(py) }
}

/// A loop counts by a clock of its own: what ran on this thread before it began takes nothing away from it.
#[cold]
fn late(py: Python<'_>) -> PyResult<Option<Arc<Home>>> {
    let home = Home::here(py)?;
    Ok(home.filter(|home| home.slice().is_over()))
}

/// Since when operations have been complete at once on an event loop.
#[derive(Default)]
pub(crate) struct Slice(Option<Instant>);

impl Slice {
    /// Whether it has lasted too long. The next one begins then.
    fn is_over(&mut self) -> bool {
        let now = Instant::now();
        let is_over = self.0.is_some_and(|begin| now - begin > SLICE);
        if is_over || self.0.is_none() {
            self.0 = Some(now);
        }
        is_over
    }
}
