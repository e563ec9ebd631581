//! Blocking a thread on an operation, without the interpreter's lock, and with Ctrl-C.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyRuntimeError, PyValueError};
use pyo3::prelude::*;

use crate::link::Link;
use crate::names;
use crate::tasks::settle_before_blocking;

/// So often the main thread looks for signals, and any for a loop that has stopped.
const ROUND: Duration = Duration::from_millis(50);

/// Until when to block.
#[derive(Clone, Copy)]
pub(crate) struct Deadline(Option<Instant>);

impl Deadline {
    /// So many seconds from now; `None` is never.
    pub(crate) fn after(timeout: Option<f64>) -> PyResult<Self> {
        let Some(seconds) = timeout else { return Ok(Self(None)) };
        if seconds.is_nan() {
            return Err(PyValueError::new_err(
                "timeout must be a number of seconds or None, not nan",
            ));
        }
        // What is too long for a clock is for ever.
        let duration = Duration::try_from_secs_f64(seconds.max(0.0)).ok();
        Ok(Self(duration.and_then(|duration| Instant::now().checked_add(duration))))
    }
}

/// Refuses to block a thread whose event loop runs.
pub(crate) fn check(py: Python<'_>) -> PyResult<()> {
    if names::running_loop(py)?.is_none() {
        return Ok(());
    }
    Err(PyRuntimeError::new_err(
        "this would block the event loop of this thread; await put or get, or use `async for`",
    ))
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// The output of `future`, an operation on `link`, or `None` when it is too late.
pub(crate) fn on<F: Future + Send>(
    py: Python<'_>,
    link: &Link,
    future: F,
    Deadline(deadline): Deadline,
) -> PyResult<Option<F::Output>> {
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    let mut in_vain = false;
    loop {
        let poll = future.as_mut().poll(&mut Context::from_waker(&waker));
        settle_before_blocking(py);
        if let Poll::Ready(output) = poll {
            return Ok(Some(output));
        }
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        if left.is_some_and(|left| left.is_zero()) {
            return Ok(None);
        }
        if link.stand_in(py, in_vain) {
            py.detach(thread::yield_now);
        } else {
            let round = left.map_or(ROUND, |left| left.min(ROUND));
            let begin = Instant::now();
            py.detach(|| thread::park_timeout(round));
            in_vain = begin.elapsed() >= ROUND;
        }
        py.check_signals()?;
    }
}
