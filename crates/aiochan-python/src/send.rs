//! The `am_send` slot of what can be awaited, which PyO3 has no name for: it gives a coroutine its result
//! without making a `StopIteration`, which costs more than the whole operation. And the shortest `am_await`.
#![allow(unsafe_code)]

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use pyo3::PyClass;
use pyo3::exceptions::PySystemError;
use pyo3::ffi;
use pyo3::prelude::*;
use pyo3::pyclass::boolean_struct::True;
use pyo3::type_object::PyTypeInfo;

use crate::op::Outcome;

/// `Py_TPFLAGS_HAVE_AM_SEND` of CPython's object.h.
const HAVE_AM_SEND: std::ffi::c_ulong = 1 << 21;

/// Something that can be awaited.
pub(crate) trait Await: PyTypeInfo + PyClass<Frozen = True> + Sync {
    /// What to wait for, or what came of it.
    fn step(&self, py: Python<'_>) -> Result<Py<PyAny>, Outcome>;
}

/// Adds the slot to a type. To be called once, before it has an instance.
pub(crate) fn install<A: Await>(py: Python<'_>) {
    let class = A::type_object_raw(py);
    // SAFETY: the type is a heap type of ours that has an `__await__`, so it has this table; nobody else uses
    // the type yet, and the interpreter is told that it has changed.
    unsafe {
        (*(*class).tp_as_async).am_await = Some(ffi::PyObject_SelfIter);
        (*(*class).tp_as_async).am_send = Some(send::<A>);
        (*class).tp_flags |= HAVE_AM_SEND;
        ffi::PyType_Modified(class);
    }
}

/// What a coroutine that awaits one calls.
unsafe extern "C" fn send<A: Await>(
    op: *mut ffi::PyObject,
    _value: *mut ffi::PyObject,
    result: *mut *mut ffi::PyObject,
) -> ffi::PySendResult {
    // SAFETY: the interpreter calls this attached, with an instance of the type that the slot is in, which
    // lives during the call.
    let (py, op) = unsafe {
        let py = Python::assume_attached();
        (py, Bound::from_borrowed_ptr(py, op).cast_into_unchecked::<A>())
    };
    let step = catch_unwind(AssertUnwindSafe(|| op.get().step(py)));
    let (value, how) = match step {
        Ok(Ok(bell)) => (bell.into_ptr(), ffi::PySendResult::PYGEN_NEXT),
        Ok(Err(Ok(value))) => (value.into_ptr(), ffi::PySendResult::PYGEN_RETURN),
        Ok(Err(Err(error))) => {
            error.restore(py);
            (ptr::null_mut(), ffi::PySendResult::PYGEN_ERROR)
        }
        Err(_) => {
            PySystemError::new_err("an operation of a channel panicked").restore(py);
            (ptr::null_mut(), ffi::PySendResult::PYGEN_ERROR)
        }
    };
    // SAFETY: `result` is where the interpreter wants the value, whose reference is passed on.
    unsafe { *result = value };
    how
}
