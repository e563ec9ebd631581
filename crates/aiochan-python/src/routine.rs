//! `Routine`: a coroutine of ours, which does nothing before it is awaited.

use std::sync::{Mutex, MutexGuard, TryLockError};

use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;

use crate::op::{Op, Outcome, Work};
use crate::send::Await;

/// To asyncio it is a coroutine: it can be awaited once, or made a task.
#[pyclass(frozen, weakref, module = "aiochan._aiochan")]
pub(crate) struct Routine(Mutex<State>);

enum State {
    New(Option<Work>),
    Begun(Op),
}

impl Routine {
    pub(crate) fn new(work: Work) -> Self {
        Self(Mutex::new(State::New(Some(work))))
    }

    /// Held while it is polled, which nobody may do twice at a time.
    fn state(&self) -> PyResult<MutexGuard<'_, State>> {
        match self.0.try_lock() {
            Ok(state) => Ok(state),
            Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => {
                Err(PyRuntimeError::new_err("this coroutine is being awaited already"))
            }
        }
    }

    pub(crate) fn step(&self, py: Python<'_>) -> Result<Py<PyAny>, Outcome> {
        let mut state = self.state().map_err(Err)?;
        if let State::New(work) = &mut *state
            && let Some(work) = work.take()
        {
            *state = State::Begun(Op::start(py, work, None));
        }
        match &*state {
            State::Begun(op) => op.step(py),
            State::New(_) => unreachable!("it has begun"),
        }
    }
}

impl Await for Routine {
    fn step(&self, py: Python<'_>) -> Result<Py<PyAny>, Outcome> {
        Self::step(self, py)
    }
}

#[pymethods]
impl Routine {
    fn __await__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> Outcome {
        match self.step(py) {
            Ok(bell) => Ok(bell),
            Err(Ok(value)) => Err(PyStopIteration::new_err((value,))),
            Err(Err(error)) => Err(error),
        }
    }

    fn send(&self, py: Python<'_>, _value: Py<PyAny>) -> Outcome {
        self.__next__(py)
    }

    #[pyo3(signature = (kind, value=None, traceback=None))]
    fn throw(
        &self,
        py: Python<'_>,
        kind: Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Py<PyAny>>,
    ) -> Outcome {
        self.close(py)?;
        Op::raise_thrown(kind, value, traceback)
    }

    fn close(&self, py: Python<'_>) -> PyResult<()> {
        match &mut *self.state()? {
            State::New(work) => drop(work.take()),
            State::Begun(op) => op.abandon(py),
        }
        Ok(())
    }
}
