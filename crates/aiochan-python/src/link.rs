//! `Link`: a channel between stages, which may turn out not to be needed.
//!
//! The stage that is to fill a channel starts when something touches the channel, at the latest in the event
//! loop's next turn. If by then another stage reads it and nobody else has it any more, as in
//! `c.map(f).filter(g)`, the two become one flow, and no value ever passes through the channel. That is so
//! only for a channel without a buffer that has exactly one reader and was never touched.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};
use std::task::Poll;

use aiochan::Flow;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use pyo3::intern;
use pyo3::prelude::*;

use crate::buffer::Items;
use crate::chan::Channel;
use crate::home::Home;
use crate::tasks::{self, settle};
use crate::value::{Value, raise};

/// What passes through stages.
pub(crate) type Values = Flow<BoxStream<'static, Value>>;

/// From so many stages on they do not become one, since that takes stack.
const DEEP: usize = 64;

pub(crate) struct Link {
    pub(crate) chan: Channel,
    stage: Mutex<Option<Stage>>,
    has_stage: AtomicBool,
    /// Whether its Python object has gone.
    is_orphan: AtomicBool,
    /// Whether it is needed as a channel, since something was done with it, or it has a buffer.
    is_needed: AtomicBool,
    /// How many stages are to read it.
    readers: AtomicUsize,
    /// How many stages may become one with the one that fills it.
    depth: AtomicUsize,
    /// If the channel was made of an iterator.
    source: Option<Arc<Source>>,
    /// The loops of the stages around it, for whoever blocks on it.
    homes: Mutex<Vec<Weak<Home>>>,
}

/// What is to fill a channel.
struct Stage {
    input: Arc<Link>,
    flow: Box<dyn FnOnce(Values) -> Values + Send>,
    home: Option<Arc<Home>>,
    close: bool,
}

/// An iterator, and what it has raised.
pub(crate) struct Source {
    items: Mutex<Option<Items>>,
    pub(crate) raised: Arc<OnceLock<PyErr>>,
}

impl Source {
    pub(crate) fn new(items: Items) -> Arc<Self> {
        Arc::new(Self { raised: items.raised.clone(), items: Mutex::new(Some(items)) })
    }

    fn items(&self) -> MutexGuard<'_, Option<Items>> {
        self.items.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The iterator of a channel, unless a stage has taken it for itself.
struct Shared(Arc<Source>);

impl Iterator for Shared {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        // It is Python's code, and so runs outside of the lock. The channel lets one at a time do this.
        let mut items = self.0.items().take()?;
        let next = items.next();
        *self.0.items() = Some(items);
        next
    }
}

impl Link {
    /// One `with_buffer` is always needed.
    pub(crate) fn new(chan: Channel, with_buffer: bool) -> Arc<Self> {
        Self::with(chan, None, with_buffer)
    }

    pub(crate) fn of_source(source: Arc<Source>) -> Arc<Self> {
        Self::with(Channel::from_iter(Shared(source.clone())), Some(source), false)
    }

    fn with(chan: Channel, source: Option<Arc<Source>>, needed: bool) -> Arc<Self> {
        Arc::new(Self {
            chan,
            stage: Mutex::default(),
            has_stage: AtomicBool::new(false),
            is_orphan: AtomicBool::new(false),
            is_needed: AtomicBool::new(needed),
            readers: AtomicUsize::new(0),
            depth: AtomicUsize::new(0),
            source,
            homes: Mutex::default(),
        })
    }

    /// Says that a stage on `home` works between these channels.
    pub(crate) fn join<'a>(
        home: &Arc<Home>,
        inputs: impl IntoIterator<Item = &'a Self>,
        outputs: impl IntoIterator<Item = &'a Self>,
    ) {
        let mut homes = vec![Arc::downgrade(home)];
        for input in inputs {
            homes.extend(input.homes().iter().cloned());
            input.meet(&homes[..1]);
        }
        for output in outputs {
            output.meet(&homes);
        }
    }

    fn meet(&self, homes: &[Weak<Home>]) {
        let mut known = self.homes();
        known.retain(|home| home.strong_count() > 0);
        for home in homes {
            if !known.iter().any(|other| other.ptr_eq(home)) {
                known.push(home.clone());
            }
        }
    }

    /// Does the work of those loops around it that do not run. Whether there was any.
    pub(crate) fn stand_in(&self, py: Python<'_>, in_vain: bool) -> bool {
        let homes: Vec<_> = self.homes().iter().filter_map(Weak::upgrade).collect();
        homes.iter().filter(|home| home.stand_in(py, in_vain)).count() > 0
    }

    /// Nothing but looking and writing down happens under this lock.
    fn homes(&self) -> MutexGuard<'_, Vec<Weak<Home>>> {
        self.homes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the iterator that it was made of has raised.
    pub(crate) fn raised(&self) -> Option<&PyErr> {
        self.source.as_ref()?.raised.get()
    }

    /// Has `flow` of the values of `input` fill the channel.
    pub(crate) fn fill(
        self: &Arc<Self>,
        py: Python<'_>,
        input: Arc<Self>,
        flow: impl FnOnce(Values) -> Values + Send + 'static,
        home: Option<Arc<Home>>,
        close: bool,
    ) -> PyResult<()> {
        if self.stage().is_some() {
            // Two stages fill it.
            self.touch();
        }
        input.is_read();
        if let Some(home) = &home {
            Self::join(home, [&*input], [&**self]);
        }
        let depth = input.depth.load(Ordering::Relaxed) + 1;
        let here = home.clone().filter(|home| depth < DEEP && home.is_here(py));
        let stage = Stage { input, flow: Box::new(flow), home, close };
        let Some(here) = here else {
            self.is_needed.store(true, Ordering::Relaxed);
            self.start(stage);
            settle(py);
            return Ok(());
        };
        self.depth.store(depth, Ordering::Relaxed);
        *self.stage() = Some(stage);
        self.has_stage.store(true, Ordering::Release);
        let start = Bound::new(py, Start(self.clone()))?;
        here.event_loop(py).call_method1(intern!(py, "call_soon"), (start,)).map(drop)
    }

    /// To be called before anything is done with the channel.
    #[inline]
    pub(crate) fn touch(self: &Arc<Self>) {
        self.is_needed.store(true, Ordering::Relaxed);
        if self.has_stage.load(Ordering::Relaxed)
            && let Some(stage) = self.take_stage()
        {
            self.start(stage);
        }
    }

    /// To be called for each stage that will [`open`](Self::open) it.
    pub(crate) fn is_read(&self) {
        self.readers.fetch_add(1, Ordering::Relaxed);
    }

    /// Whether a stage that reads it can do without it.
    fn is_superfluous(&self) -> bool {
        self.is_orphan.load(Ordering::Acquire)
            && !self.is_needed.load(Ordering::Relaxed)
            && self.readers.load(Ordering::Relaxed) == 1
    }

    /// To be called when the Python object goes.
    pub(crate) fn abandon(&self) {
        self.is_orphan.store(true, Ordering::Release);
    }

    fn start(self: &Arc<Self>, stage: Stage) {
        let Stage { input, flow, home, close } = stage;
        let flow = flow(input.open());
        let flow = if close { flow } else { flow.keep_open() };
        tasks::starting(home, || flow.into_chan(&self.chan));
    }

    /// The values, for one stage.
    pub(crate) fn open(self: &Arc<Self>) -> Values {
        if self.is_superfluous() {
            match self.take_stage() {
                Some(Stage { input, flow, close: true, .. }) => return flow(input.open()),
                Some(stage) => self.start(stage),
                None => {}
            }
            if let Some(source) = &self.source
                && let Some(items) = source.items().take()
            {
                return checked(Flow::new(stream::iter(items)).boxed(), source.clone());
            }
        }
        self.touch();
        let values = self.chan.flow().boxed();
        match &self.source {
            None => values,
            Some(source) => checked(values, source.clone()),
        }
    }

    fn take_stage(&self) -> Option<Stage> {
        let stage = self.stage().take();
        self.has_stage.store(false, Ordering::Release);
        stage
    }

    /// Nothing but moving the stage in and out happens under this lock.
    fn stage(&self) -> MutexGuard<'_, Option<Stage>> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The values of an iterator; if it has raised, that is raised at their end.
fn checked(values: Values, source: Arc<Source>) -> Values {
    let end = stream::poll_fn(move |_| {
        if let Some(error) = source.raised.get() {
            raise(Python::attach(|py| error.clone_ref(py)));
        }
        Poll::Ready(None)
    });
    Flow::new(values.chain(end)).boxed()
}

/// What the event loop calls to start a stage at last.
#[pyclass(frozen)]
struct Start(Arc<Link>);

#[pymethods]
impl Start {
    fn __call__(&self, py: Python<'_>) {
        // If only another stage can need it, that one will say so.
        if !self.0.is_orphan.load(Ordering::Acquire) {
            self.0.touch();
            settle(py);
        }
    }
}
