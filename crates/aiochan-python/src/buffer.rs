//! Buffers from Python: what `Chan(buffer, buffer_size)` means, buffers written in Python, and iterators.

use std::cell::Cell;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aiochan::{Buf, Buffer};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::intern;
use pyo3::prelude::*;
use pyo3::types::{PyInt, PyIterator, PyString};

use crate::home::Home;
use crate::report::report;
use crate::tasks;
use crate::value::{Value, raise, undisturbed};

/// How a channel keeps its values, as told by the arguments of its constructor.
pub(crate) enum Kind {
    Rendezvous,
    Fixed(usize),
    Dropping(usize),
    Sliding(usize),
    Promise,
    Custom(Py<PyAny>, Rejected),
    Source(Py<PyIterator>),
}

impl Kind {
    pub(crate) fn parse(
        buffer: Option<&Bound<'_, PyAny>>,
        size: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let Some(buffer) = buffer else { return Ok(Self::Rendezvous) };
        if let Ok(source) = buffer.cast::<Source>() {
            return Ok(Self::Source(source.get().0.clone_ref(buffer.py())));
        }
        if buffer.is_instance_of::<PyInt>() {
            return match count(buffer, "buffer")? {
                0 => Ok(Self::Rendezvous),
                size => Ok(Self::Fixed(size)),
            };
        }
        if let Ok(code) = buffer.cast::<PyString>() {
            let code = code.to_str()?;
            let needs = || {
                let missing = || {
                    PyValueError::new_err(format!(
                        "buffer={code:?} needs a buffer_size of at least 1"
                    ))
                };
                match count(size.ok_or_else(missing)?, "buffer_size")? {
                    0 => Err(missing()),
                    size => Ok(size),
                }
            };
            return match code {
                "f" => Ok(Self::Fixed(needs()?)),
                "d" => Ok(Self::Dropping(needs()?)),
                "s" => Ok(Self::Sliding(needs()?)),
                "p" => Ok(Self::Promise),
                _ => Err(PyValueError::new_err(format!(
                    "buffer={code:?} is not known; use 'f', 'd', 's' or 'p', an int, or a buffer object"
                ))),
            };
        }
        for name in ["add", "take", "can_add", "can_take"] {
            if !buffer.hasattr(name)? {
                return Err(PyTypeError::new_err(format!(
                    "buffer must be None, an int, one of 'f', 'd', 's', 'p', or an object with add, take, \
                     can_add and can_take; {} has no {name}",
                    buffer.get_type().name()?
                )));
            }
        }
        Ok(Self::Custom(buffer.clone().unbind(), Rejected::default()))
    }

    pub(crate) fn is_custom(&self) -> bool {
        matches!(self, Self::Custom(..))
    }

    pub(crate) fn buf(&self, py: Python<'_>) -> Buf<Value> {
        match self {
            Self::Rendezvous | Self::Source(_) => Buf::rendezvous(),
            Self::Fixed(size) => Buf::fixed(*size),
            Self::Dropping(size) => Buf::dropping(*size),
            Self::Sliding(size) => Buf::sliding(*size),
            Self::Promise => Buf::promise(),
            Self::Custom(object, rejected) => Buf::custom(Custom {
                object: object.clone_ref(py),
                inside: 0,
                rejected: rejected.clone(),
            }),
        }
    }

    /// To be asked for before a value is put that may have to wait.
    pub(crate) fn fate_of(&self, value: &Value) -> Fate {
        match self {
            Self::Custom(_, rejected) => Fate(Some((rejected.clone(), value.0.as_ptr().addr()))),
            _ => Fate(None),
        }
    }
}

/// The value that a buffer written in Python has raised about. There is one at most, for the channel is closed
/// by that and the buffer not asked again.
type Rejected = Arc<Mutex<Option<Value>>>;

/// Whether a value that had to wait was really taken in, when its put has been told so.
pub(crate) struct Fate(Option<(Rejected, usize)>);

impl Fate {
    pub(crate) fn confirms(self, accepted: bool) -> bool {
        let Some((rejected, address)) = self.0 else { return accepted };
        let mut rejected = rejected.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |value: &mut Value| accepted && value.0.as_ptr().addr() == address;
        // One put is told for one value.
        let value = rejected.take_if(is_it);
        drop(rejected);
        accepted && value.is_none()
    }
}

/// A number of things, as an argument.
pub(crate) fn count(number: &Bound<'_, PyAny>, name: &str) -> PyResult<usize> {
    if !number.is_instance_of::<PyInt>() {
        return Err(PyTypeError::new_err(format!(
            "{name} must be an int, not {}",
            number.get_type().name()?
        )));
    }
    number.extract().map_err(|_| {
        PyValueError::new_err(format!(
            "{name} must be at least 0 and not absurdly large, not {number}"
        ))
    })
}

thread_local! {
    static INSIDE: Cell<bool> = const { Cell::new(false) };
}

/// Whether a method of a buffer runs on this thread, and so its channel is locked.
pub(crate) fn is_inside() -> bool {
    INSIDE.get()
}

/// Runs a method of a buffer.
fn inside<R>(method: impl FnOnce(Python<'_>) -> PyResult<R>) -> R {
    INSIDE.set(true);
    let result = tasks::holding_off(|| undisturbed(method));
    INSIDE.set(false);
    result.unwrap_or_else(|error| raise(error))
}

/// A buffer written in Python.
struct Custom {
    object: Py<PyAny>,
    /// How many values were added and not taken: what it does with them is not known.
    inside: usize,
    rejected: Rejected,
}

impl Custom {
    fn ask(&self, what: &str) -> bool {
        inside(|py| self.object.bind(py).getattr(what)?.is_truthy())
    }
}

impl Buffer<Value> for Custom {
    fn can_add(&self) -> bool {
        self.ask("can_add")
    }

    fn add(&mut self, value: Value) -> Option<Value> {
        inside(|py| {
            let added = self.object.call_method1(py, intern!(py, "add"), (&value.0,));
            added.map(drop).inspect_err(|_| {
                let mut rejected = self.rejected.lock().unwrap_or_else(PoisonError::into_inner);
                *rejected = Some(value);
            })
        });
        self.inside += 1;
        None
    }

    fn can_take(&self) -> bool {
        self.ask("can_take")
    }

    fn take(&mut self) -> Value {
        self.inside = self.inside.saturating_sub(1);
        inside(|py| {
            let value = self.object.call_method0(py, intern!(py, "take"))?;
            if value.is_none(py) {
                return Err(PyTypeError::new_err(
                    "a buffer's take returned None, which is no value",
                ));
            }
            Ok(Value(value))
        })
    }

    fn len(&self) -> usize {
        self.inside
    }
}

/// An iterator on its way into `Chan(buffer=...)`.
#[pyclass(frozen, module = "aiochan._aiochan")]
pub(crate) struct Source(Py<PyIterator>);

#[pymethods]
impl Source {
    #[new]
    pub(crate) fn new(iterable: &Bound<'_, PyAny>) -> PyResult<Self> {
        Ok(Self(iterable.try_iter()?.unbind()))
    }
}

/// A Python iterator, which ends when it raises, and says so.
pub(crate) struct Items {
    pub(crate) iterator: Py<PyIterator>,
    pub(crate) raised: Arc<OnceLock<PyErr>>,
    pub(crate) home: Option<Arc<Home>>,
}

impl Iterator for Items {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        Python::attach(|py| {
            let error = match self.iterator.bind(py).clone().next()? {
                Ok(item) if !item.is_none() => return Some(Value(item.unbind())),
                Ok(_) => {
                    PyTypeError::new_err("None is no value for a channel; an iterator had one")
                }
                Err(error) => error,
            };
            report(py, self.home.as_ref(), "the iterator of a channel raised", &error);
            let _ = self.raised.set(error);
            None
        })
    }
}
