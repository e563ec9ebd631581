//! Operators: each is a flow of the crate, whose functions are Python's.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use aiochan::{Feed, Flow, Merge};
use futures_util::Stream;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyList};

use crate::buffer::count;
use crate::chan::{Chan, Channel};
use crate::home::Home;
use crate::link::{Link, Values};
use crate::report::report;
use crate::tasks::{self, settle};
use crate::value::{Value, raise};

/// A function of the user's in a stage.
struct Function {
    function: Py<PyAny>,
    home: Option<Arc<Home>>,
}

impl Function {
    /// Ends the stage with an exception, and reports it.
    fn fail(&self, py: Python<'_>, error: PyErr) -> ! {
        report(
            py,
            self.home.as_ref(),
            "a function of a stage raised; its output is closed",
            &error,
        );
        raise(error)
    }

    fn call(&self, py: Python<'_>, value: &Value) -> Py<PyAny> {
        self.function.call1(py, (&value.0,)).unwrap_or_else(|error| self.fail(py, error))
    }

    fn call2(&self, py: Python<'_>, accumulator: &Value, value: &Value) -> Py<PyAny> {
        let result = self.function.call1(py, (&accumulator.0, &value.0));
        result.unwrap_or_else(|error| self.fail(py, error))
    }

    fn value(&self, py: Python<'_>, result: Py<PyAny>) -> Value {
        if result.is_none(py) {
            self.fail(
                py,
                PyTypeError::new_err("a function of a stage returned None, which is no value"),
            );
        }
        Value(result)
    }

    fn is_true(&self, value: &Value) -> bool {
        Python::attach(|py| {
            let result = self.call(py, value);
            result.is_truthy(py).unwrap_or_else(|error| self.fail(py, error))
        })
    }

    fn map(&self, value: Value) -> Value {
        Python::attach(|py| self.value(py, self.call(py, &value)))
    }

    fn fold(&self, accumulator: Value, value: Value) -> Value {
        Python::attach(|py| self.value(py, self.call2(py, &accumulator, &value)))
    }

    fn flat_map(self: &Arc<Self>, value: Value) -> Elements {
        Python::attach(|py| {
            let result = self.call(py, &value);
            let iterator = result.bind(py).try_iter();
            let iterator = iterator.unwrap_or_else(|error| self.fail(py, error)).unbind();
            Elements { function: self.clone(), iterator }
        })
    }
}

/// The elements of a function's result.
struct Elements {
    function: Arc<Function>,
    iterator: Py<PyIterator>,
}

impl Iterator for Elements {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        Python::attach(|py| {
            let element = self.iterator.bind(py).clone().next()?;
            let element = element.unwrap_or_else(|error| self.function.fail(py, error));
            Some(self.function.value(py, element.unbind()))
        })
    }
}

/// Two objects are equal as Python says.
struct Key(Value, Arc<Function>);

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        Python::attach(|py| {
            let equal = self.0.0.bind(py).eq(&other.0.0);
            equal.unwrap_or_else(|error| self.1.fail(py, error))
        })
    }
}

/// Has a worker put what `flow` makes of `inp` into `out`.
fn start<S>(
    inp: &Bound<'_, Chan>,
    out: &Bound<'_, Chan>,
    close: bool,
    flow: impl FnOnce(Values) -> Flow<S> + Send + 'static,
) -> PyResult<()>
where
    S: Stream<Item = Value> + Send + 'static,
{
    let (py, home) = (inp.py(), inp.get().home_of_worker(inp.py())?);
    let input = inp.get().link().clone();
    out.get().link().fill(py, input, |values| flow(values).boxed(), home, close)
}

/// Starts a worker that puts a flow's values into `out`.
fn end<S>(flow: Flow<S>, out: &Bound<'_, Chan>, close: bool)
where
    S: Stream<Item = Value> + Send + 'static,
{
    let flow = if close { flow } else { flow.keep_open() };
    flow.into_chan(out.get().chan());
}

fn function(inp: &Bound<'_, Chan>, function: Py<PyAny>) -> PyResult<Arc<Function>> {
    let home = inp.get().home_of_worker(inp.py())?;
    Ok(Arc::new(Function { function, home }))
}

#[pyfunction]
pub(crate) fn map(
    inp: &Bound<'_, Chan>,
    out: &Bound<'_, Chan>,
    close: bool,
    f: Py<PyAny>,
    flatten: bool,
) -> PyResult<()> {
    let f = function(inp, f)?;
    if flatten {
        start(inp, out, close, |flow| flow.flat_map(move |value| f.flat_map(value)))
    } else {
        start(inp, out, close, |flow| flow.map(move |value| f.map(value)))
    }
}

#[pyfunction]
pub(crate) fn filter(
    inp: &Bound<'_, Chan>,
    out: &Bound<'_, Chan>,
    close: bool,
    p: Py<PyAny>,
) -> PyResult<()> {
    let p = function(inp, p)?;
    start(inp, out, close, |flow| flow.filter(move |value| p.is_true(value)))
}

#[pyfunction]
pub(crate) fn take(
    inp: &Bound<'_, Chan>,
    out: &Bound<'_, Chan>,
    close: bool,
    n: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let n = count(n, "n")?;
    start(inp, out, close, move |flow| flow.take(n))
}

#[pyfunction]
pub(crate) fn drop(
    inp: &Bound<'_, Chan>,
    out: &Bound<'_, Chan>,
    close: bool,
    n: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let n = count(n, "n")?;
    start(inp, out, close, move |flow| flow.drop(n))
}

#[pyfunction]
pub(crate) fn take_while(
    inp: &Bound<'_, Chan>,
    out: &Bound<'_, Chan>,
    close: bool,
    p: Py<PyAny>,
) -> PyResult<()> {
    let p = function(inp, p)?;
    start(inp, out, close, |flow| flow.take_while(move |value| p.is_true(value)))
}

#[pyfunction]
pub(crate) fn drop_while(
    inp: &Bound<'_, Chan>,
    out: &Bound<'_, Chan>,
    close: bool,
    p: Py<PyAny>,
) -> PyResult<()> {
    let p = function(inp, p)?;
    start(inp, out, close, |flow| flow.drop_while(move |value| p.is_true(value)))
}

#[pyfunction]
pub(crate) fn group(
    inp: &Bound<'_, Chan>,
    out: &Bound<'_, Chan>,
    close: bool,
    n: &Bound<'_, PyAny>,
) -> PyResult<()> {
    let n = match count(n, "n")? {
        0 => return Err(PyValueError::new_err("group(n) needs n of at least 1")),
        n => n,
    };
    start(inp, out, close, move |flow| flow.group(n).map(list))
}

#[pyfunction]
pub(crate) fn group_by(
    inp: &Bound<'_, Chan>,
    out: &Bound<'_, Chan>,
    close: bool,
    f: Py<PyAny>,
) -> PyResult<()> {
    let f = function(inp, f)?;
    start(inp, out, close, |flow| {
        let keyed = flow
            .group_by(move |value| Key(Python::attach(|py| Value(f.call(py, value))), f.clone()));
        keyed.map(|(Key(key, f), group)| {
            Python::attach(|py| {
                let pair = (key.0, list(group).0).into_pyobject(py);
                Value(pair.unwrap_or_else(|error| f.fail(py, error)).into_any().unbind())
            })
        })
    })
}

#[pyfunction]
pub(crate) fn distinct(inp: &Bound<'_, Chan>, out: &Bound<'_, Chan>, close: bool) -> PyResult<()> {
    let f = function(inp, inp.py().None())?;
    let mut last: Option<Key> = None;
    start(inp, out, close, |flow| {
        flow.filter(move |value| {
            let this = Some(Key(value.clone(), f.clone()));
            let new = this != last;
            if new {
                last = this;
            }
            new
        })
    })
}

#[pyfunction]
pub(crate) fn reduce(
    inp: &Bound<'_, Chan>,
    out: &Bound<'_, Chan>,
    close: bool,
    f: Py<PyAny>,
    init: Option<Py<PyAny>>,
) -> PyResult<()> {
    let f = function(inp, f)?;
    let fold = move |accumulator, value| f.fold(accumulator, value);
    match init {
        None => start(inp, out, close, |flow| flow.reduce(fold)),
        Some(init) => start(inp, out, close, |flow| flow.reduce_from(Value(init), fold)),
    }
}

#[pyfunction]
pub(crate) fn scan(
    inp: &Bound<'_, Chan>,
    out: &Bound<'_, Chan>,
    close: bool,
    f: Py<PyAny>,
    init: Option<Py<PyAny>>,
) -> PyResult<()> {
    let f = function(inp, f)?;
    let fold = move |accumulator, value| f.fold(accumulator, value);
    match init {
        None => start(inp, out, close, |flow| flow.scan(fold)),
        Some(init) => start(inp, out, close, |flow| flow.scan_from(Value(init), fold)),
    }
}

#[pyfunction]
pub(crate) fn pipe(inp: &Bound<'_, Chan>, out: &Bound<'_, Chan>, close: bool) -> PyResult<()> {
    start(inp, out, close, |flow| flow)
}

/// The inputs of a stage, and where it is to run.
fn inputs(
    py: Python<'_>,
    inputs: &[Bound<'_, Chan>],
    out: &Bound<'_, Chan>,
    name: &str,
) -> PyResult<(Vec<Channel>, Option<Arc<Home>>)> {
    if inputs.is_empty() {
        return Err(PyValueError::new_err(format!("{name} needs at least one input")));
    }
    let home = out.get().home_of_worker(py)?;
    if let Some(home) = &home {
        let links = inputs.iter().map(|inp| &**inp.get().link());
        Link::join(home, links, [&**out.get().link()]);
    }
    Ok((inputs.iter().map(|inp| inp.get().chan().clone()).collect(), home))
}

#[pyfunction]
pub(crate) fn merge(
    py: Python<'_>,
    inputs: Vec<Bound<'_, Chan>>,
    out: &Bound<'_, Chan>,
    close: bool,
) -> PyResult<()> {
    let (inputs, home) = self::inputs(py, &inputs, out, "merge")?;
    let feed = out.get().chan().feed();
    tasks::starting(home, || aiochan::go(pass_on(aiochan::merge(inputs), feed, close)));
    settle(py);
    Ok(())
}

/// Puts values into `out` until either ends. That `out` is closed is noticed when a value comes, which then
/// goes back: the original accepts one more put, and its tests ask for that.
async fn pass_on(values: Flow<Merge<Value>>, out: Feed<Value>, close: bool) {
    let mut values = pin!(values);
    loop {
        let next = poll_fn(|cx| match out.chan().is_closed() {
            true => Poll::Ready(None),
            false => values.as_mut().poll_next(cx),
        });
        match next.await {
            None => break,
            Some(value) => {
                if out.put(value).await.is_err() {
                    return;
                }
            }
        }
    }
    let reason = values.close_reason();
    if close || reason.is_some() {
        out.chan().close_as(reason);
    }
}

#[pyfunction]
pub(crate) fn zip_chans(
    py: Python<'_>,
    inputs: Vec<Bound<'_, Chan>>,
    out: &Bound<'_, Chan>,
    close: bool,
) -> PyResult<()> {
    let (inputs, home) = self::inputs(py, &inputs, out, "zip_chans")?;
    tasks::starting(home, || end(aiochan::zip_chans(inputs).map(options), out, close));
    settle(py);
    Ok(())
}

#[pyfunction]
pub(crate) fn combine_latest(
    py: Python<'_>,
    inputs: Vec<Bound<'_, Chan>>,
    out: &Bound<'_, Chan>,
    close: bool,
) -> PyResult<()> {
    let (inputs, home) = self::inputs(py, &inputs, out, "combine_latest")?;
    tasks::starting(home, || end(aiochan::combine_latest(inputs).map(options), out, close));
    settle(py);
    Ok(())
}

#[pyfunction]
pub(crate) fn distribute(
    inp: &Bound<'_, Chan>,
    outs: Vec<Bound<'_, Chan>>,
    close: bool,
) -> PyResult<()> {
    let py = inp.py();
    if outs.is_empty() {
        return Err(PyValueError::new_err("distribute needs at least one output"));
    }
    let home = inp.get().home_of_worker(py)?;
    if let Some(home) = &home {
        let links = outs.iter().map(|out| &**out.get().link());
        Link::join(home, [&**inp.get().link()], links);
    }
    let outs: Vec<_> = outs.iter().map(|out| out.get().chan().clone()).collect();
    inp.get().link().touch();
    let flow = inp.get().link().open();
    let flow = if close { flow } else { flow.keep_open() };
    tasks::starting(home, || flow.distribute(outs));
    settle(py);
    Ok(())
}

fn list(values: Vec<Value>) -> Value {
    Python::attach(|py| {
        let list = PyList::new(py, values.into_iter().map(|value| value.0));
        Value(list.unwrap_or_else(|error| raise(error)).into_any().unbind())
    })
}

fn options(values: Vec<Option<Value>>) -> Value {
    Python::attach(|py| {
        let list = PyList::new(py, values.into_iter().map(|value| value.map(|value| value.0)));
        Value(list.unwrap_or_else(|error| raise(error)).into_any().unbind())
    })
}
