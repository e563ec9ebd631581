//! `Chan`: the channel as Python sees it; the base of `aiochan.Chan`.

use std::future::{Future, poll_fn};
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::task::Poll;

use aiochan::{Reason, TryGetError, TryPutError};
use futures_util::Stream;
use pyo3::exceptions::{
    PyAssertionError, PyRuntimeError, PyStopAsyncIteration, PyTimeoutError, PyTypeError,
};
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple, PyType};

use crate::block::{self, Deadline};
use crate::buffer::{self, Fate, Items, Kind, count, is_inside};
use crate::callback::Callback;
use crate::home::Home;
use crate::link::{Link, Source};
use crate::names;
use crate::op::{Dress, Op, Work};
use crate::routine::Routine;
use crate::tasks::{settle, settle_dropped};
use crate::value::{Raised, Value, undisturbed};

pub(crate) type Channel = aiochan::Chan<Value>;

#[pyclass(frozen, subclass, weakref, module = "aiochan._aiochan")]
pub(crate) struct Chan {
    link: Arc<Link>,
    kind: Kind,
    /// Where it was made, or was said to belong.
    home: Option<Arc<Home>>,
    /// How many were made before.
    number: u64,
}

static MADE: AtomicU64 = AtomicU64::new(0);

/// Which operations would wait.
enum Side {
    Put,
    Get,
}

impl Chan {
    /// Where a worker that this channel's values go to should run.
    pub(crate) fn home_of_worker(&self, py: Python<'_>) -> PyResult<Option<Arc<Home>>> {
        Ok(Home::here(py)?.or_else(|| self.home.clone().filter(|home| home.is_open(py))))
    }

    /// Runs an operation. What a buffer written in Python raises is raised here.
    #[inline]
    pub(crate) fn act<R>(&self, f: impl FnOnce() -> R) -> PyResult<R> {
        if !self.kind.is_custom() {
            return Ok(f());
        }
        if is_inside() {
            return Err(PyRuntimeError::new_err("a buffer's methods must not use channels"));
        }
        caught(f)
    }

    #[inline]
    pub(crate) fn chan(&self) -> &Channel {
        self.link.touch();
        &self.link.chan
    }

    /// The channel as stages see it.
    pub(crate) fn link(&self) -> &Arc<Link> {
        &self.link
    }

    fn check_room(&self, py: Python<'_>, side: Side) -> PyResult<()> {
        let limit = names::max_op_queue_size(py)?;
        let stats = self.chan().stats();
        let (waiting, puts) = match side {
            Side::Put => (stats.parked_puts, "puts"),
            Side::Get => (stats.parked_gets, "gets"),
        };
        if waiting < limit {
            return Ok(());
        }
        Err(PyAssertionError::new_err(format!(
            "no more than {limit} {puts} may wait on one channel (aiochan.channel.MAX_OP_QUEUE_SIZE); await \
             them, or give the channel a buffer"
        )))
    }

    /// Why it was closed.
    pub(crate) fn cause(&self, py: Python<'_>) -> Option<PyErr> {
        if let Some(error) = self.link.raised() {
            return Some(error.clone_ref(py));
        }
        self.chan().close_reason().map(|reason| error_of(py, &reason))
    }

    fn callback(&self, py: Python<'_>, callback: Py<PyAny>) -> PyResult<Callback> {
        Ok(Callback { function: callback, home: self.home_of_worker(py)? })
    }
}

/// The result of `f`, or the exception with which it unwound.
pub(crate) fn caught<R>(f: impl FnOnce() -> R) -> PyResult<R> {
    catch_unwind(AssertUnwindSafe(f)).map_err(|panic| match panic.downcast::<Reason>() {
        Ok(reason) => Python::attach(|py| error_of(py, &reason)),
        Err(panic) => std::panic::resume_unwind(panic),
    })
}

pub(crate) fn error_of(py: Python<'_>, reason: &Reason) -> PyErr {
    match reason.downcast_ref::<Raised>() {
        Some(Raised(error)) => error.clone_ref(py),
        None => PyRuntimeError::new_err(reason.to_string()),
    }
}

pub(crate) fn no_none(value: &Bound<'_, PyAny>) -> PyResult<()> {
    if value.is_none() {
        return Err(PyTypeError::new_err(
            "None cannot be put into a channel: it is what a get returns when the channel is closed",
        ));
    }
    Ok(())
}

/// A put that has taken effect at once, or was refused.
fn answered(py: Python<'_>, accepted: bool) -> PyResult<Py<Op>> {
    Py::new(py, Op::ended(truth(py, accepted)))
}

pub(crate) fn truth(py: Python<'_>, answer: bool) -> Py<PyAny> {
    answer.into_pyobject(py).expect("it cannot fail").to_owned().into_any().unbind()
}

#[pymethods]
impl Chan {
    #[new]
    #[pyo3(signature = (buffer=None, buffer_size=None, *, r#loop=None, name=None))]
    fn new(
        py: Python<'_>,
        buffer: Option<&Bound<'_, PyAny>>,
        buffer_size: Option<&Bound<'_, PyAny>>,
        r#loop: Option<&Bound<'_, PyAny>>,
        name: Option<&Bound<'_, PyAny>>,
    ) -> PyResult<Self> {
        let kind = Kind::parse(buffer, buffer_size)?;
        let home = match r#loop {
            None => Home::here(py)?,
            Some(text) if text.eq("no_loop").unwrap_or(false) => None,
            Some(event_loop) if event_loop.hasattr("call_soon_threadsafe")? => {
                Some(Home::of(event_loop))
            }
            Some(other) => {
                return Err(PyTypeError::new_err(format!(
                    "loop must be an event loop, \"no_loop\" or None, not {}",
                    other.get_type().name()?
                )));
            }
        };
        let link = match &kind {
            Kind::Source(iterator) => {
                let (iterator, home) = (iterator.clone_ref(py), home.clone());
                Link::of_source(Source::new(Items { iterator, raised: Arc::default(), home }))
            }
            kind => {
                let builder = Channel::builder().max_pending(usize::MAX).buffer(kind.buf(py));
                let chan = match name {
                    Some(name) => builder.name(name.str()?.to_str()?).build(),
                    None => builder.build(),
                };
                Link::new(chan, !matches!(kind, Kind::Rendezvous))
            }
        };
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        Ok(Self { link, kind, home, number })
    }

    /// The event loop that it was made on, or was said to belong to.
    #[getter]
    fn r#loop(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        self.home.as_ref().map(|home| home.event_loop(py).clone().unbind())
    }

    #[getter]
    fn name(&self) -> String {
        self.link.chan.name().map_or_else(|| format!("_unk_{}", self.number), str::to_owned)
    }

    /// None, a pair of code and size, or the buffer object.
    #[getter]
    fn _buffer(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        let pair = |code: &str, size: Option<usize>| {
            Ok((code, size).into_pyobject(py)?.into_any().unbind())
        };
        match &self.kind {
            Kind::Rendezvous => Ok(py.None()),
            Kind::Fixed(size) => pair("f", Some(*size)),
            Kind::Dropping(size) => pair("d", Some(*size)),
            Kind::Sliding(size) => pair("s", Some(*size)),
            Kind::Promise => pair("p", None),
            Kind::Source(_) => pair("i", None),
            Kind::Custom(object, _) => Ok(object.clone_ref(py)),
        }
    }

    fn put(&self, py: Python<'_>, val: Bound<'_, PyAny>) -> PyResult<Py<Op>> {
        no_none(&val)?;
        match self.act(|| self.chan().try_put(Value(val.unbind())))? {
            Ok(()) => {
                settle(py);
                answered(py, true)
            }
            Err(TryPutError::Closed(_)) => answered(py, false),
            Err(TryPutError::Full(value)) => {
                self.check_room(py, Side::Put)?;
                let chan = self.chan().clone();
                let fate = self.kind.fate_of(&value);
                let work: Work = Box::pin(async move {
                    let accepted = fate.confirms(chan.put(value).await.is_ok());
                    Python::attach(|py| Ok(truth(py, accepted)))
                });
                Py::new(py, self.act(|| Op::start_put(py, work, self.home.clone()))?)
            }
        }
    }

    fn get(&self, py: Python<'_>) -> PyResult<Py<Op>> {
        self.get_dressed(py, None)
    }

    #[pyo3(signature = (val, cb=None, *, immediate_only=true))]
    fn put_nowait(
        &self,
        py: Python<'_>,
        val: Bound<'_, PyAny>,
        cb: Option<Bound<'_, PyAny>>,
        immediate_only: bool,
    ) -> PyResult<Option<bool>> {
        no_none(&val)?;
        let callback = optional_callback(cb, immediate_only)?;
        let callback = callback.map(|callback| self.callback(py, callback)).transpose()?;
        let answer = match self.act(|| self.chan().try_put(Value(val.unbind())))? {
            Ok(()) => Some(true),
            Err(TryPutError::Closed(_)) => Some(false),
            Err(TryPutError::Full(_)) if immediate_only => None,
            Err(TryPutError::Full(value)) => {
                self.check_room(py, Side::Put)?;
                let fate = self.kind.fate_of(&value);
                let done = move |accepted: bool| {
                    let accepted = fate.confirms(accepted);
                    if let Some(callback) = callback {
                        undisturbed(|py| callback.call(py, truth(py, accepted)));
                    }
                };
                let queued =
                    self.act(|| self.chan().put_with(value, move |put| done(put.is_ok())))?;
                settle(py);
                return queued.map(|()| None).map_err(|_| too_many());
            }
        };
        if let (Some(answer), Some(callback)) = (answer, callback) {
            callback.call(py, truth(py, answer));
        }
        settle(py);
        Ok(answer)
    }

    #[pyo3(signature = (cb=None, *, immediate_only=true))]
    fn get_nowait(
        &self,
        py: Python<'_>,
        cb: Option<Bound<'_, PyAny>>,
        immediate_only: bool,
    ) -> PyResult<Option<Py<PyAny>>> {
        let callback = optional_callback(cb, immediate_only)?;
        let callback = callback.map(|callback| self.callback(py, callback)).transpose()?;
        let value = match self.act(|| self.chan().try_get())? {
            Ok(value) => Some(value.0),
            Err(TryGetError::Closed) => None,
            Err(TryGetError::Empty) if immediate_only => None,
            Err(TryGetError::Empty) => {
                self.check_room(py, Side::Get)?;
                let done = move |value: Option<Value>| {
                    if let Some(callback) = callback {
                        Python::attach(|py| {
                            callback.call(py, value.map_or_else(|| py.None(), |v| v.0))
                        });
                    }
                };
                let queued = self.act(|| self.chan().get_with(done))?;
                settle(py);
                return queued.map(|()| None).map_err(|_| too_many());
            }
        };
        if let Some(callback) = callback {
            callback
                .call(py, value.as_ref().map_or_else(|| py.None(), |value| value.clone_ref(py)));
        }
        settle(py);
        Ok(value)
    }

    #[pyo3(signature = (*vals))]
    fn add<'py>(slf: Bound<'py, Self>, vals: &Bound<'py, PyTuple>) -> PyResult<Bound<'py, Self>> {
        let py = slf.py();
        let this = slf.get();
        vals.iter().try_for_each(|val| no_none(&val))?;
        for val in vals {
            match this.act(|| this.chan().try_put(Value(val.unbind())))? {
                Ok(()) | Err(TryPutError::Closed(_)) => {}
                Err(TryPutError::Full(value)) => {
                    this.check_room(py, Side::Put)?;
                    this.act(|| this.chan().put_with(value, |_| ()))?.map_err(|_| too_many())?;
                }
            }
            settle(py);
        }
        Ok(slf)
    }

    fn close(slf: Bound<'_, Self>) -> PyResult<Bound<'_, Self>> {
        slf.get().act(|| slf.get().chan().close())?;
        settle(slf.py());
        Ok(slf)
    }

    #[getter]
    fn closed(&self) -> bool {
        self.chan().is_closed()
    }

    /// Closes with a cause. False if it was closed before.
    fn _fail(&self, py: Python<'_>, exc: &Bound<'_, PyAny>) -> PyResult<bool> {
        let error = PyErr::from_value(exc.clone());
        let closed = self.act(|| self.chan().close_as(Some(Arc::new(Raised(error)))))?;
        settle(py);
        Ok(closed)
    }

    fn exception(&self, py: Python<'_>) -> Option<PyErr> {
        self.cause(py)
    }

    fn join(&self, py: Python<'_>) -> PyResult<Py<Op>> {
        let chan = self.chan().clone();
        let work: Work = Box::pin(async move {
            chan.join().await;
            Python::attach(|py| Ok(truth(py, true)))
        });
        Py::new(py, Op::start(py, work, self.home.clone()))
    }

    /// The figures of the moment.
    fn _stats(&self) -> (String, u64, u64, u64, usize, usize, usize, u64) {
        let stats = self.chan().stats();
        (
            stats.state.to_string(),
            stats.buffered,
            stats.queued,
            stats.immediate,
            stats.parked_puts,
            stats.parked_gets,
            stats.len,
            stats.evicted,
        )
    }

    #[pyo3(signature = (val, timeout=None))]
    fn put_blocking(
        &self,
        py: Python<'_>,
        val: Bound<'_, PyAny>,
        timeout: Option<f64>,
    ) -> PyResult<bool> {
        no_none(&val)?;
        let deadline = Deadline::after(timeout)?;
        block::check(py)?;
        let chan = self.chan().clone();
        let value = Value(val.unbind());
        let fate = self.kind.fate_of(&value);
        let put = async move { fate.confirms(chan.put(value).await.is_ok()) };
        match self.act(|| block::on(py, &self.link, put, deadline))?? {
            Some(accepted) => Ok(accepted),
            None => Err(PyTimeoutError::new_err("nobody took the value in time; it was withdrawn")),
        }
    }

    #[pyo3(signature = (timeout=None))]
    fn get_blocking(&self, py: Python<'_>, timeout: Option<f64>) -> PyResult<Option<Py<PyAny>>> {
        let deadline = Deadline::after(timeout)?;
        block::check(py)?;
        let chan = self.chan().clone();
        let get = async move { chan.get().await };
        match self.act(|| block::on(py, &self.link, get, deadline))?? {
            Some(value) => Ok(value.map(|value| value.0)),
            None => Err(PyTimeoutError::new_err("no value came in time")),
        }
    }

    fn __iter__(slf: Bound<'_, Self>) -> BlockingIterator {
        BlockingIterator(slf.unbind())
    }

    fn __aiter__(slf: Bound<'_, Self>) -> ChanIterator {
        ChanIterator(slf.unbind())
    }

    /// As `get`, but it also ends, with None, when `out` is closed.
    fn _get_unless_closed(&self, py: Python<'_>, out: &Bound<'_, Chan>) -> PyResult<Py<Op>> {
        let out = out.get().chan();
        if out.is_closed() {
            return Py::new(py, Op::ended(py.None()));
        }
        match self.act(|| self.chan().try_lease())? {
            Ok(lease) => {
                let op = Py::new(py, Op::leased(lease, None));
                settle(py);
                op
            }
            Err(TryGetError::Closed) => Py::new(py, Op::ended(py.None())),
            Err(TryGetError::Empty) => {
                let (chan, out) = (self.chan().clone(), out.clone());
                let work: Work = Box::pin(async move {
                    let (mut get, mut closed) = (pin!(chan.get()), pin!(out.closed()));
                    let value = poll_fn(|cx| match get.as_mut().poll(cx) {
                        Poll::Pending => closed.as_mut().poll(cx).map(|()| None),
                        ready => ready,
                    });
                    let value = value.await;
                    Python::attach(|py| Ok(value.map_or_else(|| py.None(), |value| value.0)))
                });
                Py::new(py, Op::start(py, work, self.home.clone()))
            }
        }
    }

    /// A list of the values, at most `n`, until it is closed.
    #[pyo3(signature = (n=None))]
    fn collect(&self, n: Option<&Bound<'_, PyAny>>) -> PyResult<Routine> {
        let most = n.map(|n| count(n, "n")).transpose()?.unwrap_or(usize::MAX);
        let link = self.link.clone();
        link.is_read();
        let work: Work = Box::pin(async move {
            // Here the channel's own object may have gone already: see `Link`.
            let mut stream = link.open().take(most).boxed();
            let mut values = Vec::new();
            // A stage that fails ends the values, whether a channel lies in between or not.
            while let Ok(Some(value)) =
                poll_fn(|cx| match caught(|| Pin::new(&mut stream).poll_next(cx)) {
                    Ok(next) => next.map(Ok),
                    Err(error) => Poll::Ready(Err(error)),
                })
                .await
            {
                values.push(value.0);
            }
            Python::attach(|py| Ok(PyList::new(py, values)?.into_any().unbind()))
        });
        Ok(Routine::new(work))
    }
}

impl Drop for Chan {
    fn drop(&mut self) {
        static NONE: LazyLock<Arc<Link>> = LazyLock::new(|| Link::new(Channel::new(), true));
        self.link.abandon();
        // Whom this wakes is run here, as nobody else may look.
        drop(mem::replace(&mut self.link, NONE.clone()));
        settle_dropped();
    }
}

impl Chan {
    pub(crate) fn fate_of(&self, value: &Value) -> Fate {
        self.kind.fate_of(value)
    }

    pub(crate) fn get_dressed(&self, py: Python<'_>, dress: Option<Dress>) -> PyResult<Py<Op>> {
        match self.act(|| self.chan().try_lease())? {
            Ok(lease) => {
                let op = Py::new(py, Op::leased(lease, dress));
                settle(py);
                op
            }
            Err(TryGetError::Closed) if dress.is_none() => Py::new(py, Op::ended(py.None())),
            Err(_) => {
                self.check_room(py, Side::Get)?;
                let chan = self.chan().clone();
                let work: Work = Box::pin(async move {
                    let value = chan.get().await;
                    Python::attach(|py| {
                        let value = value.map_or_else(|| py.None(), |value| value.0);
                        match dress {
                            None => Ok(value),
                            Some(dress) => dress(py, value),
                        }
                    })
                });
                Py::new(py, self.act(|| Op::start(py, work, self.home.clone()))?)
            }
        }
    }
}

fn too_many() -> PyErr {
    PyAssertionError::new_err("too many operations wait on this channel")
}

fn optional_callback(
    callback: Option<Bound<'_, PyAny>>,
    immediate_only: bool,
) -> PyResult<Option<Py<PyAny>>> {
    if callback.is_some() && immediate_only {
        return Err(PyAssertionError::new_err("cb needs immediate_only=False"));
    }
    Ok(callback.map(Bound::unbind))
}

/// Iterates with `async for`.
#[pyclass(frozen, module = "aiochan._aiochan")]
pub(crate) struct ChanIterator(Py<Chan>);

#[pymethods]
impl ChanIterator {
    #[new]
    fn new(chan: Py<Chan>) -> Self {
        Self(chan)
    }

    fn __aiter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __anext__(&self, py: Python<'_>) -> PyResult<Py<Op>> {
        self.0.get().get_dressed(
            py,
            Some(Box::new(|py, value: Py<PyAny>| {
                if value.is_none(py) { Err(PyStopAsyncIteration::new_err(())) } else { Ok(value) }
            })),
        )
    }
}

/// Iterates on a thread.
#[pyclass(frozen, module = "aiochan._aiochan")]
struct BlockingIterator(Py<Chan>);

#[pymethods]
impl BlockingIterator {
    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Option<Py<PyAny>>> {
        self.0.get().get_blocking(py, None)
    }
}

/// A closed channel of class `cls` over an iterator.
#[pyfunction]
pub(crate) fn from_iter<'py>(
    cls: &Bound<'py, PyType>,
    it: &Bound<'py, PyAny>,
    r#loop: Option<Bound<'py, PyAny>>,
) -> PyResult<Bound<'py, PyAny>> {
    let options = PyDict::new(cls.py());
    options.set_item("loop", r#loop)?;
    cls.call((buffer::Source::new(it)?,), Some(&options))
}
