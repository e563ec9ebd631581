//! `Value`: a Python object on its way through channels.

use std::error::Error;
use std::fmt;
use std::panic::resume_unwind;
use std::sync::Arc;

use aiochan::Reason;
use pyo3::prelude::*;

/// A Python object. It can be cloned on any thread, which the interpreter's lock makes slower than a move.
pub(crate) struct Value(pub(crate) Py<PyAny>);

impl Clone for Value {
    fn clone(&self) -> Self {
        Python::attach(|py| Self(self.0.clone_ref(py)))
    }
}

/// An exception as the reason why a channel was closed.
#[derive(Debug)]
pub(crate) struct Raised(pub(crate) PyErr);

impl fmt::Display for Raised {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Error for Raised {}

/// Ends a stage with an exception, from inside of a function that cannot return one.
pub(crate) fn raise(error: PyErr) -> ! {
    let reason: Reason = Arc::new(Raised(error));
    resume_unwind(Box::new(reason))
}

/// Runs `f`, which may be called while an object is being dropped because of an exception: that one is put
/// away meanwhile, as Python code must not run beside it.
pub(crate) fn undisturbed<R>(f: impl FnOnce(Python<'_>) -> R) -> R {
    Python::attach(|py| {
        let pending = PyErr::take(py);
        let result = f(py);
        if let Some(pending) = pending {
            pending.restore(py);
        }
        result
    })
}
