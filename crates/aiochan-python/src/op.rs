//! `Op`: an operation as Python sees it: something to await, and a future to asyncio.
//!
//! An operation that is complete at once never touches the event loop. One that has to wait makes an asyncio
//! future when it is awaited, which is only a bell: the value stays with the operation until the task that
//! awaits it goes on, so that a task that is cancelled in between leaves the value to the next.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use aiochan::Lease;
use pyo3::exceptions::{PyRuntimeError, PyStopIteration};
use pyo3::prelude::*;

use crate::chan::caught;
use crate::home::{Call, Home, Job};
use crate::names;
use crate::send::Await;
use crate::signal::Signal;
use crate::tasks::{self, settle, settle_dropped};
use crate::turns;
use crate::value::Value;

/// What an operation comes to.
pub(crate) type Outcome = PyResult<Py<PyAny>>;
/// An operation under way.
pub(crate) type Work = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// Makes what Python sees of a value that was got.
pub(crate) type Dress = Box<dyn FnOnce(Python<'_>, Py<PyAny>) -> Outcome + Send>;

#[pyclass(frozen, weakref, freelist = 256, module = "aiochan._aiochan")]
pub(crate) struct Op {
    state: Mutex<State>,
}

enum State {
    Waiting(Waiting),
    /// Somebody polls it further up the stack, or on another thread.
    Polled {
        signal: Arc<Signal>,
        give_up: bool,
    },
    /// A value that was there, and has not been taken yet.
    Leased(Lease<Value>, Option<Dress>),
    Done(Py<PyAny>),
    Failed(PyErr),
    /// With the message, if there was one.
    Cancelled(Option<Py<PyAny>>),
}

struct Waiting {
    work: Work,
    signal: Arc<Signal>,
    /// Whether it is a put: its effect cannot be undone, and it goes on when nobody has its `Op` and nobody
    /// has awaited it.
    is_put: bool,
    is_awaited: bool,
    /// Where it was begun.
    home: Option<Arc<Home>>,
}

impl State {
    /// Whether it should be polled.
    fn is_woken(&self) -> bool {
        matches!(self, Self::Waiting(waiting) if waiting.signal.is_woken())
    }
}

/// Where an operation is.
enum Progress {
    Waits(Arc<Signal>),
    Ended(Outcome),
}

impl Op {
    fn with(state: State) -> Self {
        Self { state: Mutex::new(state) }
    }

    /// An operation that is complete.
    pub(crate) fn ended(value: Py<PyAny>) -> Self {
        Self::with(State::Done(value))
    }

    /// A get that is complete.
    pub(crate) fn leased(value: Lease<Value>, dress: Option<Dress>) -> Self {
        Self::with(State::Leased(value, dress))
    }

    /// Begins with an operation.
    pub(crate) fn start(py: Python<'_>, work: Work, home: Option<Arc<Home>>) -> Self {
        Self::begin(py, work, home, false)
    }

    /// Begins with a put, which takes effect also if nobody keeps the `Op`.
    pub(crate) fn start_put(py: Python<'_>, work: Work, home: Option<Arc<Home>>) -> Self {
        Self::begin(py, work, home, true)
    }

    fn begin(py: Python<'_>, work: Work, home: Option<Arc<Home>>, is_put: bool) -> Self {
        let signal = Arc::<Signal>::default();
        let waiting = Waiting { work, signal, is_put, is_awaited: false, home };
        let op = Self::with(State::Waiting(waiting));
        // It takes effect, or its place in the queue, now.
        op.poll(py);
        op
    }

    /// Nothing but moving the state in and out happens under this lock.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Polls the operation if it waits.
    fn poll(&self, py: Python<'_>) {
        let mut state = self.state();
        let State::Waiting(waiting) = &*state else { return };
        let signal = waiting.signal.clone();
        let polled = State::Polled { signal, give_up: false };
        let State::Waiting(mut waiting) = mem::replace(&mut *state, polled) else {
            unreachable!("it was looked at under this lock");
        };
        drop(state);
        waiting.signal.reset();
        let waker = Waker::from(waiting.signal.clone());
        let poll = caught(|| waiting.work.as_mut().poll(&mut Context::from_waker(&waker)));
        let next = match poll {
            Ok(Poll::Pending) => State::Waiting(waiting),
            Ok(Poll::Ready(Ok(value))) => State::Done(value),
            Ok(Poll::Ready(Err(error))) | Err(error) => State::Failed(error),
        };
        let before = mem::replace(&mut *self.state(), next);
        if matches!(before, State::Polled { give_up: true, .. }) {
            self.give_up(py, None);
        }
        settle(py);
    }

    /// Polls the operation as long as it has been woken: what it waits for often happens in the stages that run
    /// after each poll, and needs no turn of the event loop then. The loop has its turn in time all the same.
    fn poll_while_woken(&self, py: Python<'_>) {
        let mut begin = None;
        while self.state().is_woken() {
            self.poll(py);
            if begin.get_or_insert_with(Instant::now).elapsed() > turns::SLICE {
                return;
            }
        }
    }

    /// Goes on as far as possible, and takes the value.
    fn advance(&self, py: Python<'_>) -> Progress {
        let mut state = self.state();
        if state.is_woken() {
            drop(state);
            self.poll_while_woken(py);
            state = self.state();
        }
        match &*state {
            State::Leased(lease, None) => {
                let again = State::Done(lease.0.clone_ref(py));
                let State::Leased(lease, _) = mem::replace(&mut *state, again) else {
                    unreachable!("it was looked at under this lock");
                };
                // It may be the last to know the channel, whose callbacks may ask this operation.
                drop(state);
                Progress::Ended(Ok(lease.take().0))
            }
            State::Leased(_, Some(_)) => {
                let State::Leased(lease, Some(dress)) =
                    mem::replace(&mut *state, State::Cancelled(None))
                else {
                    unreachable!("it was looked at under this lock");
                };
                drop(state);
                let outcome = dress(py, lease.take().0);
                let again = match &outcome {
                    Ok(value) => State::Done(value.clone_ref(py)),
                    Err(error) => State::Failed(error.clone_ref(py)),
                };
                *self.state() = again;
                Progress::Ended(outcome)
            }
            State::Waiting(Waiting { signal, .. }) | State::Polled { signal, .. } => {
                Progress::Waits(signal.clone())
            }
            State::Done(value) => Progress::Ended(Ok(value.clone_ref(py))),
            State::Failed(error) => Progress::Ended(Err(error.clone_ref(py))),
            State::Cancelled(message) => Progress::Ended(Err(cancelled(py, message))),
        }
    }

    /// What a task that awaits this has to wait for, or what it gets.
    pub(crate) fn step(&self, py: Python<'_>) -> Result<Py<PyAny>, Outcome> {
        if let Some(home) = turns::due(py).map_err(Err)? {
            return rung(home.event_loop(py)).map_err(Err);
        }
        let signal = match self.advance(py) {
            Progress::Ended(outcome) => return Err(outcome),
            Progress::Waits(signal) => signal,
        };
        let home = Home::here(py).map_err(Err)?;
        let home = home.ok_or_else(|| Err(PyRuntimeError::new_err(NO_LOOP)))?;
        let bell = names::bell(home.event_loop(py)).map_err(Err)?;
        if let State::Waiting(waiting) = &mut *self.state() {
            waiting.is_awaited = true;
        }
        if signal.listen(&home, || Job::Resolve(bell.clone_ref(py))) {
            return Ok(bell);
        }
        // It has woken itself, so that the loop has its turn.
        rung(home.event_loop(py)).map_err(Err)
    }

    /// What the operation came to; an exception if it is not over.
    pub(crate) fn outcome(&self, py: Python<'_>) -> Outcome {
        match self.advance(py) {
            Progress::Ended(outcome) => outcome,
            Progress::Waits(_) => Err(invalid_state(py, "Result is not set.")),
        }
    }

    /// Gives the operation up. `false` if it is over.
    fn give_up(&self, py: Python<'_>, message: Option<Py<PyAny>>) -> bool {
        if matches!(&*self.state(), State::Waiting(put) if put.is_put && put.signal.is_woken()) {
            // It has taken effect, and `result` says so.
            self.poll(py);
            return false;
        }
        let mut state = self.state();
        let signal = match &mut *state {
            State::Waiting(waiting) => waiting.signal.clone(),
            State::Leased(..) => Arc::default(),
            State::Polled { give_up, .. } => {
                // Whoever polls it sees to it, unless it ends right then.
                *give_up = true;
                return true;
            }
            State::Done(_) | State::Failed(_) | State::Cancelled(_) => return false,
        };
        let gone = mem::replace(&mut *state, State::Cancelled(message));
        drop(state);
        // Withdraws it, or gives its value back.
        drop(gone);
        signal.fire();
        true
    }

    /// The loop that runs here, or else that where it was begun.
    fn home(&self, py: Python<'_>) -> PyResult<Arc<Home>> {
        let begun = match &*self.state() {
            State::Waiting(waiting) => waiting.home.clone(),
            _ => None,
        };
        let home = Home::here(py)?.or(begun);
        home.ok_or_else(|| PyRuntimeError::new_err("no event loop runs on this thread"))
    }

    fn cancelled_error(&self, py: Python<'_>) -> PyErr {
        match &*self.state() {
            State::Cancelled(message) => cancelled(py, message),
            _ => cancelled(py, &None),
        }
    }

    /// Gives the operation up, because who awaited it has gone.
    pub(crate) fn abandon(&self, py: Python<'_>) {
        self.give_up(py, None);
        settle(py);
    }

    /// What `throw` raises, given its arguments.
    pub(crate) fn raise_thrown(
        kind: Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        _traceback: Option<Py<PyAny>>,
    ) -> Outcome {
        let error = match value {
            Some(value) => value,
            None if kind.is_callable() => kind.call0()?,
            None => kind,
        };
        Err(PyErr::from_value(error))
    }

    /// Whether the operation is over, or has been decided and only its value has to be taken.
    fn is_over(&self) -> bool {
        match &*self.state() {
            State::Waiting(waiting) => waiting.signal.is_woken(),
            State::Polled { .. } => false,
            _ => true,
        }
    }
}

impl Await for Op {
    fn step(&self, py: Python<'_>) -> Result<Py<PyAny>, Outcome> {
        Self::step(self, py)
    }
}

impl Drop for Op {
    fn drop(&mut self) {
        let state = mem::replace(
            self.state.get_mut().unwrap_or_else(PoisonError::into_inner),
            State::Cancelled(None),
        );
        match state {
            State::Waiting(Waiting { work, is_put: true, is_awaited: false, .. }) => {
                // Somebody has to hold it until it has taken effect.
                tasks::starting(None, || drop(aiochan::go(work)));
            }
            // What it gives back or withdraws may let others go on.
            other => drop(other),
        }
        settle_dropped();
    }
}

/// What lets the loop have its turn, and then the task go on.
fn rung(event_loop: &Bound<'_, PyAny>) -> PyResult<Py<PyAny>> {
    let py = event_loop.py();
    let bell = names::bell(event_loop)?;
    bell.call_method1(py, names::set_result(py), (py.None(),))?;
    Ok(bell)
}

const NO_LOOP: &str = "an operation that has to wait was awaited without an event loop";

fn cancelled(py: Python<'_>, message: &Option<Py<PyAny>>) -> PyErr {
    match (names::cancelled_error(py), message) {
        (Ok(error), None) => PyErr::from_type(error.clone(), ()),
        (Ok(error), Some(message)) => PyErr::from_type(error.clone(), (message.clone_ref(py),)),

        (Err(error), _) => error,
    }
}

fn invalid_state(py: Python<'_>, text: &'static str) -> PyErr {
    match names::invalid_state_error(py) {
        Ok(error) => PyErr::from_type(error.clone(), text),
        Err(error) => error,
    }
}

#[pymethods]
impl Op {
    fn __await__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __iter__(slf: Bound<'_, Self>) -> Bound<'_, Self> {
        slf
    }

    fn __next__(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        match self.step(py) {
            Ok(bell) => Ok(bell),
            Err(Ok(value)) => Err(PyStopIteration::new_err((value,))),
            Err(Err(error)) => Err(error),
        }
    }

    fn send(&self, py: Python<'_>, _value: Py<PyAny>) -> PyResult<Py<PyAny>> {
        self.__next__(py)
    }

    #[pyo3(signature = (kind, value=None, traceback=None))]
    fn throw(
        &self,
        py: Python<'_>,
        kind: Bound<'_, PyAny>,
        value: Option<Bound<'_, PyAny>>,
        traceback: Option<Py<PyAny>>,
    ) -> PyResult<Py<PyAny>> {
        self.abandon(py);
        Self::raise_thrown(kind, value, traceback)
    }

    /// Whether the operation is over.
    fn done(&self) -> bool {
        self.is_over()
    }

    fn cancelled(&self) -> bool {
        matches!(&*self.state(), State::Cancelled(_))
    }

    /// Gives the operation up: a put is withdrawn, what a get was given goes to the next.
    #[pyo3(signature = (msg=None))]
    fn cancel(&self, py: Python<'_>, msg: Option<Py<PyAny>>) -> bool {
        let given_up = self.give_up(py, msg);
        settle(py);
        given_up
    }

    /// What the operation came to.
    fn result(&self, py: Python<'_>) -> Outcome {
        self.outcome(py)
    }

    fn exception(&self, py: Python<'_>) -> PyResult<Option<PyErr>> {
        if !self.is_over() {
            return Err(invalid_state(py, "Exception is not set."));
        }
        self.poll(py);
        if matches!(&*self.state(), State::Cancelled(_)) {
            return Err(self.cancelled_error(py));
        }
        let failed = match &*self.state() {
            State::Failed(error) => Some(error.clone_ref(py)),
            _ => None,
        };
        Ok(failed)
    }

    #[pyo3(signature = (callback, *, context=None))]
    fn add_done_callback(
        slf: &Bound<'_, Self>,
        callback: Py<PyAny>,
        context: Option<Py<PyAny>>,
    ) -> PyResult<()> {
        let py = slf.py();
        let home = slf.get().home(py)?;
        let context = match context {
            Some(context) => Some(context),
            None => Some(py.import("contextvars")?.call_method0("copy_context")?.unbind()),
        };
        let call = || {
            let (callback, context) =
                (callback.clone_ref(py), context.as_ref().map(|c| c.clone_ref(py)));
            Job::Call(Call { callback, argument: slf.clone().into_any().unbind(), context })
        };
        let this = slf.get();
        let signal = match &*this.state() {
            State::Waiting(Waiting { signal, .. }) | State::Polled { signal, .. } => {
                Some(signal.clone())
            }
            _ => None,
        };
        if !signal.is_some_and(|signal| signal.listen(&home, call)) {
            home.post(py, call());
        }
        Ok(())
    }

    fn remove_done_callback(&self, callback: Bound<'_, PyAny>) -> usize {
        let signal = match &*self.state() {
            State::Waiting(Waiting { signal, .. }) | State::Polled { signal, .. } => signal.clone(),
            _ => return 0,
        };
        signal.forget(|other| other.bind(callback.py()).eq(&callback).unwrap_or(false))
    }

    fn get_loop(&self, py: Python<'_>) -> PyResult<Py<PyAny>> {
        Ok(self.home(py)?.event_loop(py).clone().unbind())
    }

    /// What `asyncio.gather` raises for this.
    fn _make_cancelled_error(&self, py: Python<'_>) -> PyErr {
        self.cancelled_error(py)
    }

    #[getter]
    fn _cancel_message(&self, py: Python<'_>) -> Option<Py<PyAny>> {
        match &*self.state() {
            State::Cancelled(message) => message.as_ref().map(|message| message.clone_ref(py)),
            _ => None,
        }
    }

    /// That it is here makes asyncio take this for a future of the loop that runs. Where none runs it is None,
    /// for then asyncio had better take it for something to await, on whichever loop that will be.
    #[getter]
    fn _asyncio_future_blocking(&self, py: Python<'_>) -> PyResult<Option<bool>> {
        Ok((!names::running_loop(py)?.is_none()).then_some(false))
    }

    #[setter(_asyncio_future_blocking)]
    fn set_asyncio_future_blocking(&self, _value: bool) {}

    fn __repr__(&self) -> &'static str {
        match &*self.state() {
            State::Waiting(waiting) if !waiting.signal.is_woken() => "<Op waiting>",
            State::Polled { .. } => "<Op waiting>",
            State::Failed(_) => "<Op failed>",
            State::Cancelled(_) => "<Op cancelled>",
            _ => "<Op done>",
        }
    }
}
