//! `Dup` and `Pub`: one input for many outputs.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::chan::Chan;
use crate::home::Home;
use crate::link::Link;
use crate::report::report;
use crate::tasks::{self, settle, settle_dropped};
use crate::value::{Value, raise};

#[pyclass(frozen, subclass, weakref, module = "aiochan._aiochan")]
pub(crate) struct Dup {
    inp: Py<Chan>,
    /// It is there until this is dropped.
    dup: Option<aiochan::Dup<Value>>,
}

impl Dup {
    fn dup(&self) -> &aiochan::Dup<Value> {
        self.dup.as_ref().expect("it is there until this is dropped")
    }
}

impl Drop for Dup {
    fn drop(&mut self) {
        drop(self.dup.take());
        settle_dropped();
    }
}

#[pymethods]
impl Dup {
    #[new]
    fn new(inp: Bound<'_, Chan>) -> Self {
        let dup = Some(inp.get().chan().dup());
        Self { inp: inp.unbind(), dup }
    }

    /// The input.
    #[getter]
    fn inp(&self, py: Python<'_>) -> Py<Chan> {
        self.inp.clone_ref(py)
    }

    fn tap(&self, out: &Bound<'_, Chan>, close: bool) -> PyResult<()> {
        let py = out.py();
        let home = home_between(&self.inp, out)?;
        let out = out.get().chan();
        tasks::starting_soon(py, home, || {
            if close { self.dup().tap_into(out) } else { self.dup().tap_keep_open(out) }
        })
    }

    fn untap(&self, out: &Bound<'_, Chan>) {
        self.dup().untap(out.get().chan());
        settle(out.py());
    }

    fn untap_all(&self, py: Python<'_>) {
        self.dup().untap_all();
        settle(py);
    }

    fn close(&self, py: Python<'_>) {
        self.dup().close();
        settle(py);
    }
}

/// Where what `inp` gives to `out` should run, if it does not run yet.
fn home_between(inp: &Py<Chan>, out: &Bound<'_, Chan>) -> PyResult<Option<Arc<Home>>> {
    let home = inp.get().home_of_worker(out.py())?;
    if let Some(home) = &home {
        Link::join(home, [&**inp.get().link()], [&**out.get().link()]);
    }
    Ok(home)
}

/// Topics are numbered as they are subscribed to, so that the router never calls Python for a comparison.
#[pyclass(frozen, subclass, weakref, module = "aiochan._aiochan")]
pub(crate) struct Pub {
    inp: Py<Chan>,
    numbers: Py<PyDict>,
    /// It is there until this is dropped.
    publisher: Option<aiochan::Pub<Value, usize>>,
}

/// The number of all topics that nobody has subscribed to.
const NONE: usize = usize::MAX;

impl Pub {
    fn publisher(&self) -> &aiochan::Pub<Value, usize> {
        self.publisher.as_ref().expect("it is there until this is dropped")
    }
}

impl Drop for Pub {
    fn drop(&mut self) {
        drop(self.publisher.take());
        settle_dropped();
    }
}

#[pymethods]
impl Pub {
    #[new]
    fn new(py: Python<'_>, inp: Bound<'_, Chan>, topic_fn: Py<PyAny>) -> PyResult<Self> {
        let numbers = PyDict::new(py).unbind();
        let home = inp.get().home_of_worker(py)?;
        let known = numbers.clone_ref(py);
        let topic = move |value: &Value| {
            Python::attach(|py| match number_of(py, &topic_fn, &known, value) {
                Ok(number) => number,
                Err(error) => {
                    report(
                        py,
                        home.as_ref(),
                        "the topic function of a Pub raised; it is closed",
                        &error,
                    );
                    raise(error)
                }
            })
        };
        let publisher = Some(inp.get().chan().publish(topic));
        Ok(Self { inp: inp.unbind(), numbers, publisher })
    }

    fn sub(&self, topic: Bound<'_, PyAny>, out: &Bound<'_, Chan>, close: bool) -> PyResult<()> {
        let py = topic.py();
        let numbers = self.numbers.bind(py);
        let next = numbers.len();
        let number = numbers.call_method1("setdefault", (topic, next))?.extract()?;
        let home = home_between(&self.inp, out)?;
        let out = out.get().chan();
        tasks::starting_soon(py, home, || {
            if close {
                self.publisher().sub_into(number, out);
            } else {
                self.publisher().sub_keep_open(number, out);
            }
        })
    }

    fn unsub(&self, topic: Bound<'_, PyAny>, out: &Bound<'_, Chan>) -> PyResult<()> {
        let py = topic.py();
        if let Some(number) = self.numbers.bind(py).get_item(topic)? {
            self.publisher().unsub(&number.extract()?, out.get().chan());
        }
        settle(py);
        Ok(())
    }

    /// None is all topics.
    fn unsub_all(&self, py: Python<'_>, topic: Option<Bound<'_, PyAny>>) -> PyResult<()> {
        match topic {
            None => self.publisher().unsub_all(None),
            Some(topic) => {
                if let Some(number) = self.numbers.bind(py).get_item(topic)? {
                    self.publisher().unsub_all(Some(&number.extract()?));
                }
            }
        }
        settle(py);
        Ok(())
    }

    fn close(&self, py: Python<'_>) {
        self.publisher().close();
        settle(py);
    }
}

fn number_of(
    py: Python<'_>,
    topic_fn: &Py<PyAny>,
    numbers: &Py<PyDict>,
    value: &Value,
) -> PyResult<usize> {
    let topic = topic_fn.bind(py).call1((&value.0,))?;
    match numbers.bind(py).get_item(topic)? {
        Some(number) => number.extract(),
        None => Ok(NONE),
    }
}
