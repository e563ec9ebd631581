//! Callbacks of `put_nowait`, `get_nowait` and `select`: functions, coroutine functions and futures.

use std::sync::Arc;

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::PyTuple;

use crate::home::{Call, Home, Job};
use crate::report::report;

pub(crate) struct Callback {
    pub(crate) function: Py<PyAny>,
    pub(crate) home: Option<Arc<Home>>,
}

impl Callback {
    /// Calls it with a value: now on its own loop's thread, else soon over there.
    pub(crate) fn call(self, py: Python<'_>, value: Py<PyAny>) {
        match PyTuple::new(py, [value]) {
            Ok(arguments) => self.call_with(py, arguments),
            Err(error) => error.write_unraisable(py, None),
        }
    }

    pub(crate) fn call_with(self, py: Python<'_>, arguments: Bound<'_, PyTuple>) {
        if let Some(home) = &self.home
            && !home.is_here(py)
            && Home::is_running(home, py)
        {
            let home = home.clone();
            let there = There { callback: self, arguments: arguments.unbind() };
            return match Py::new(py, there) {
                Ok(there) => home.post(
                    py,
                    Job::Call(Call {
                        callback: there.into_any(),
                        argument: py.None(),
                        context: None,
                    }),
                ),
                Err(error) => error.write_unraisable(py, None),
            };
        }
        if let Err(error) = self.now(py, &arguments) {
            report(py, self.home.as_ref(), "a callback of a channel raised", &error);
        }
    }

    fn now(&self, py: Python<'_>, arguments: &Bound<'_, PyTuple>) -> PyResult<()> {
        let function = self.function.bind(py);
        if is_future(function)? {
            return function.call_method1("set_result", arguments).map(drop);
        }
        let result = function.call1(arguments)?;
        if !is_coroutine(&result)? {
            return Ok(());
        }
        match &self.home {
            Some(home) => home.event_loop(py).call_method1("create_task", (result,)).map(drop),
            None => Err(PyRuntimeError::new_err("a coroutine as a callback needs an event loop")),
        }
    }
}

fn is_future(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    static FUNCTION: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    FUNCTION.import(object.py(), "asyncio", "isfuture")?.call1((object,))?.extract()
}

fn is_coroutine(object: &Bound<'_, PyAny>) -> PyResult<bool> {
    static FUNCTION: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
    FUNCTION.import(object.py(), "asyncio", "iscoroutine")?.call1((object,))?.extract()
}

/// A callback with its arguments, for another loop.
#[pyclass(frozen)]
struct There {
    callback: Callback,
    arguments: Py<PyTuple>,
}

#[pymethods]
impl There {
    fn __call__(&self, py: Python<'_>, _nothing: Py<PyAny>) {
        if let Err(error) = self.callback.now(py, self.arguments.bind(py)) {
            report(py, self.callback.home.as_ref(), "a callback of a channel raised", &error);
        }
    }
}
