//! Exceptions that nobody can be given: to the event loop's exception handler.

use std::sync::Arc;

use pyo3::exceptions::PyKeyboardInterrupt;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::home::Home;

/// Reports an exception, on the loop if there is one.
pub(crate) fn report(py: Python<'_>, home: Option<&Arc<Home>>, message: &str, error: &PyErr) {
    report_with(py, home, message, error, PyDict::new(py));
}

fn report_with(
    py: Python<'_>,
    home: Option<&Arc<Home>>,
    message: &str,
    error: &PyErr,
    context: Bound<'_, PyDict>,
) {
    if error.is_instance_of::<PyKeyboardInterrupt>(py) {
        // It is for the main thread, wherever it was raised.
        let _ = py.import("_thread").and_then(|thread| thread.call_method0("interrupt_main"));
    }
    let Some(home) = home else { return error.clone_ref(py).write_unraisable(py, None) };
    let tell = || {
        context.set_item("message", message)?;
        context.set_item("exception", error.value(py))?;
        let handler = home.event_loop(py).getattr("call_exception_handler")?;
        if home.is_here(py) {
            handler.call1((context,)).map(drop)
        } else {
            home.event_loop(py).call_method1("call_soon_threadsafe", (handler, context)).map(drop)
        }
    };
    if tell().is_err() {
        // The loop has been closed.
        error.clone_ref(py).write_unraisable(py, None);
    }
}

/// Reports an exception to a loop's handler, or, without one, as one that cannot be raised.
#[pyfunction]
#[pyo3(name = "report", signature = (event_loop, message, exc, **context))]
pub(crate) fn report_to(
    py: Python<'_>,
    event_loop: Option<&Bound<'_, PyAny>>,
    message: &str,
    exc: &Bound<'_, PyAny>,
    context: Option<Bound<'_, PyDict>>,
) {
    let home = event_loop.map(Home::of);
    let context = context.unwrap_or_else(|| PyDict::new(py));
    report_with(py, home.as_ref(), message, &PyErr::from_value(exc.clone()), context);
}
