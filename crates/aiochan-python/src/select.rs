//! `select`: at most one of several operations.

use aiochan::{Outcome, Select, Selected, TryGetError, TryPutError};
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyTuple};

use crate::callback::Callback;
use crate::chan::{Chan, no_none, truth};
use crate::home::Home;
use crate::op::{Op, Work};
use crate::tasks::{self, settle};
use crate::value::Value;

struct Arm {
    chan: Py<Chan>,
    /// The value of a put.
    put: Option<Value>,
}

/// What came of an attempt at an arm.
enum Try {
    Waits,
    Ended(Op),
}

#[pyfunction]
#[pyo3(signature = (*chan_ops, priority=false, default=None, cb=None, r#loop=None))]
pub(crate) fn select(
    py: Python<'_>,
    chan_ops: &Bound<'_, PyTuple>,
    priority: bool,
    default: Option<Py<PyAny>>,
    cb: Option<Py<PyAny>>,
    r#loop: Option<&Bound<'_, PyAny>>,
) -> PyResult<Option<Py<Op>>> {
    let mut arms = chan_ops.iter().map(|op| arm(&op)).collect::<PyResult<Vec<_>>>()?;
    let home = match r#loop {
        Some(event_loop) if event_loop.hasattr("call_soon")? => Some(Home::of(event_loop)),
        _ => match (Home::here(py)?, arms.first()) {
            (None, Some(first)) => first.chan.get().home_of_worker(py)?,
            (here, _) => here,
        },
    };
    let callback = cb.map(|function| Callback { function, home: home.clone() });
    let mut order: Vec<_> = (0..arms.len()).collect();
    if !priority {
        fastrand::shuffle(&mut order);
    }
    for index in order {
        if let Try::Ended(op) = attempt(py, &mut arms[index])? {
            let op = Py::new(py, op)?;
            settle(py);
            return finish(py, op, callback);
        }
    }
    if let Some(default) = default {
        let op = Py::new(py, Op::ended(pair(py, default, None)?))?;
        return finish(py, op, callback);
    }
    if arms.is_empty() {
        return Err(PyValueError::new_err(
            "select without operations would wait for ever; give it at least one, or a default",
        ));
    }
    let chans: Vec<_> = arms.iter().map(|arm| arm.chan.clone_ref(py)).collect();
    let fate = |arm: &Arm| arm.put.as_ref().map(|value| arm.chan.get().fate_of(value));
    let mut fates: Vec<_> = arms.iter().map(fate).collect();
    let work = wait(arms, priority);
    let work: Work = Box::pin(async move {
        let Selected { index, outcome, .. } = work.await;
        Python::attach(|py| {
            let value = match outcome {
                Outcome::Got(value) => value.map_or_else(|| py.None(), |value| value.0),
                Outcome::Put(put) => {
                    let fate = fates[index].take().expect("a put has one");
                    truth(py, fate.confirms(put.is_ok()))
                }
            };
            pair(py, value, Some(chans[index].clone_ref(py)))
        })
    });
    match callback {
        None => Ok(Some(Py::new(py, Op::start(py, work, home))?)),
        Some(callback) => {
            let home = callback.home.clone();
            tasks::starting(home, || {
                aiochan::go(async move {
                    let outcome = work.await;
                    Python::attach(|py| call(py, callback, outcome));
                })
            });
            settle(py);
            Ok(None)
        }
    }
}

async fn wait(arms: Vec<Arm>, priority: bool) -> Selected<Value> {
    let (chans, puts): (Vec<_>, Vec<_>) =
        arms.into_iter().map(|arm| (arm.chan.get().chan().clone(), arm.put)).unzip();
    let select = chans.iter().zip(puts).fold(Select::new(), |select, (chan, put)| match put {
        None => select.get(chan),
        Some(value) => select.put(chan, value),
    });
    select.priority(priority).await
}

fn finish(py: Python<'_>, op: Py<Op>, callback: Option<Callback>) -> PyResult<Option<Py<Op>>> {
    let Some(callback) = callback else { return Ok(Some(op)) };
    call(py, callback, op.get().outcome(py));
    settle(py);
    Ok(None)
}

fn call(py: Python<'_>, callback: Callback, outcome: PyResult<Py<PyAny>>) {
    let arguments = outcome.and_then(|pair| Ok(pair.into_bound(py).cast_into::<PyTuple>()?));
    match arguments {
        Ok(arguments) => callback.call_with(py, arguments),
        Err(error) => error.write_unraisable(py, None),
    }
}

fn arm(op: &Bound<'_, PyAny>) -> PyResult<Arm> {
    if let Ok(chan) = op.cast::<Chan>() {
        return Ok(Arm { chan: chan.clone().unbind(), put: None });
    }
    let parts: Vec<Bound<'_, PyAny>> = match (op.cast::<PyTuple>(), op.cast::<PyList>()) {
        (Ok(tuple), _) => tuple.iter().collect(),
        (_, Ok(list)) => list.iter().collect(),
        _ => Vec::new(),
    };
    if let [chan, value] = &parts[..]
        && let Ok(chan) = chan.cast::<Chan>()
    {
        no_none(value)?;
        return Ok(Arm { chan: chan.clone().unbind(), put: Some(Value(value.clone().unbind())) });
    }
    Err(PyTypeError::new_err(format!(
        "an operation of a select is a channel, to get from it, or a pair (channel, value), to put; not {}",
        op.repr()?
    )))
}

/// Does what an arm says if it can be done at once.
fn attempt(py: Python<'_>, arm: &mut Arm) -> PyResult<Try> {
    let this = arm.chan.get();
    let chan = arm.chan.clone_ref(py);
    let Some(value) = arm.put.take() else {
        return match this.act(|| this.chan().try_lease())? {
            Ok(lease) => Ok(Try::Ended(Op::leased(
                lease,
                Some(Box::new(move |py, value| pair(py, value, Some(chan)))),
            ))),
            Err(TryGetError::Closed) => Ok(Try::Ended(Op::ended(pair(py, py.None(), Some(chan))?))),
            Err(TryGetError::Empty) => Ok(Try::Waits),
        };
    };
    let accepted = match this.act(|| this.chan().try_put(value))? {
        Ok(()) => true,
        Err(TryPutError::Closed(_)) => false,
        Err(TryPutError::Full(value)) => {
            arm.put = Some(value);
            return Ok(Try::Waits);
        }
    };
    Ok(Try::Ended(Op::ended(pair(py, truth(py, accepted), Some(chan))?)))
}

fn pair(py: Python<'_>, value: Py<PyAny>, chan: Option<Py<Chan>>) -> PyResult<Py<PyAny>> {
    Ok((value, chan).into_pyobject(py)?.into_any().unbind())
}
