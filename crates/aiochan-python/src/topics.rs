//! `Dup` and `Pub`: one input for many outputs.

use std::sync::Arc;

use pyo3::prelude::*;

use crate::chan::Chan;
use crate::home::Home;
use crate::keys::{Key, Topics};
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

#[pyclass(frozen, subclass, weakref, module = "aiochan._aiochan")]
pub(crate) struct Pub {
    inp: Py<Chan>,
    topics: Arc<Topics>,
    /// It is there until this is dropped.
    publisher: Option<aiochan::Pub<Value, Key>>,
}

impl Pub {
    fn publisher(&self) -> &aiochan::Pub<Value, Key> {
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
        let topics = Arc::new(Topics::new(py));
        let home = inp.get().home_of_worker(py)?;
        let known = topics.clone();
        let key = move |value: &Value| {
            Python::attach(|py| {
                let key = topic_fn.bind(py).call1((&value.0,)).and_then(|topic| known.key(&topic));
                match key {
                    Ok(key) => key.unwrap_or_else(Key::of_none),
                    Err(error) => {
                        report(
                            py,
                            home.as_ref(),
                            "the topic function of a Pub raised; it is closed",
                            &error,
                        );
                        raise(error)
                    }
                }
            })
        };
        let publisher = Some(inp.get().chan().publish(key));
        Ok(Self { inp: inp.unbind(), topics, publisher })
    }

    /// Not to be called by two threads at once.
    fn sub(&self, topic: Bound<'_, PyAny>, out: &Bound<'_, Chan>, close: bool) -> PyResult<()> {
        let py = topic.py();
        let key = self.topics.key_for_subscriber(topic)?;
        let home = home_between(&self.inp, out)?;
        let out = out.get().chan();
        tasks::starting_soon(py, home, || {
            if close {
                self.publisher().sub_into(key, out);
            } else {
                self.publisher().sub_keep_open(key, out);
            }
        })
    }

    fn unsub(&self, topic: Bound<'_, PyAny>, out: &Bound<'_, Chan>) -> PyResult<()> {
        if let Some(key) = self.topics.key(&topic)? {
            self.publisher().unsub(&key, out.get().chan());
        }
        settle(topic.py());
        Ok(())
    }

    /// None is all topics.
    fn unsub_all(&self, py: Python<'_>, topic: Option<Bound<'_, PyAny>>) -> PyResult<()> {
        match topic {
            None => self.publisher().unsub_all(None),
            Some(topic) => {
                if let Some(key) = self.topics.key(&topic)? {
                    self.publisher().unsub_all(Some(&key));
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
