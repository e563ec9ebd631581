//! When the event loop must have its turn, although a task never has to wait.

use std::cell::Cell;
use std::time::{Duration, Instant};

/// So long a task may go on, if its operations are always complete at once.
pub(crate) const SLICE: Duration = Duration::from_millis(1);
/// The clock is read once in so many operations.
const STRIDE: u32 = 64;

thread_local! {
    static COUNT: Cell<u32> = const { Cell::new(0) };
    static LAST: Cell<Option<Instant>> = const { Cell::new(None) };
}

/// Whether the operation that is awaited now is to let the loop go first.
#[inline]
pub(crate) fn is_due() -> bool {
    let count = COUNT.get() + 1;
    COUNT.set(count % STRIDE);
    count == STRIDE && is_late()
}

#[cold]
fn is_late() -> bool {
    let now = Instant::now();
    let Some(last) = LAST.get() else {
        LAST.set(Some(now));
        return false;
    };
    let late = now - last > SLICE;
    if late {
        LAST.set(Some(now));
    }
    late
}
