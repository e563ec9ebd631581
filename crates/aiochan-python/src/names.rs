//! Python objects that are needed often, looked up once.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyString, PyType};
use pyo3::{Bound, intern};

pub(crate) fn set_result(py: Python<'_>) -> &Bound<'_, PyString> {
    intern!(py, "set_result")
}

pub(crate) fn call_soon_threadsafe(py: Python<'_>) -> &Bound<'_, PyString> {
    intern!(py, "call_soon_threadsafe")
}

/// The event loop that runs on this thread, or None.
pub(crate) fn running_loop(py: Python<'_>) -> PyResult<Bound<'_, PyAny>> {
    static FUNCTION: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let function = FUNCTION.import(py, "asyncio", "_get_running_loop")?;
    function.call0()
}

/// An asyncio future for the task that runs now to wait for.
pub(crate) fn bell(event_loop: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let bell = event_loop.call_method0(intern!(event_loop.py(), "create_future"))?;
    // So a future tells the task that it is meant.
    bell.setattr(intern!(event_loop.py(), "_asyncio_future_blocking"), true)?;
    Ok(bell.unbind())
}

pub(crate) fn cancelled_error(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    TYPE.import(py, "asyncio", "CancelledError")
}

pub(crate) fn invalid_state_error(py: Python<'_>) -> PyResult<&Bound<'_, PyType>> {
    static TYPE: PyOnceLock<Py<PyType>> = PyOnceLock::new();
    TYPE.import(py, "asyncio", "InvalidStateError")
}

/// `aiochan.channel.MAX_OP_QUEUE_SIZE`, which may be changed at any time.
pub(crate) fn max_op_queue_size(py: Python<'_>) -> PyResult<usize> {
    static MODULE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    let module = MODULE.get_or_try_init(py, || {
        py.import("aiochan.channel").map(|module| module.into_any().unbind())
    })?;
    module.bind(py).getattr(intern!(py, "MAX_OP_QUEUE_SIZE"))?.extract()
}
