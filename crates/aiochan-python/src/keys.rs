//! The topics of a `Pub`: each has a key while somebody subscribes to it, so that the router never calls Python
//! for a comparison.

use std::hash::{Hash, Hasher};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex, MutexGuard, PoisonError, Weak};

use pyo3::prelude::*;
use pyo3::types::PyDict;

/// Stands for a topic. It is an identity only; the router holds it as long as the topic has subscribers.
#[derive(Clone)]
pub(crate) struct Key(Arc<()>);

impl Key {
    /// That of all topics that nobody has subscribed to.
    pub(crate) fn of_none() -> Self {
        static NONE: LazyLock<Key> = LazyLock::new(|| Key(Arc::default()));
        NONE.clone()
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0)
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        Arc::as_ptr(&self.0).hash(state);
    }
}

/// With so few entries nothing is cleared away.
const FEW: usize = 64;

/// From topics to their keys. What has lost its subscribers is cleared away before it is half of all there is.
pub(crate) struct Topics {
    entries: Py<PyDict>,
    clear_at: AtomicUsize,
}

/// The key of a topic, if that has one.
#[pyclass(frozen)]
#[derive(Default)]
struct Entry(Mutex<Weak<()>>);

impl Entry {
    fn key(&self) -> Option<Key> {
        self.lock().upgrade().map(Key)
    }

    fn key_or_new(&self) -> Key {
        let mut weak = self.lock();
        let key = weak.upgrade().unwrap_or_default();
        *weak = Arc::downgrade(&key);
        Key(key)
    }

    /// Nothing else happens under this lock.
    fn lock(&self) -> MutexGuard<'_, Weak<()>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Topics {
    pub(crate) fn new(py: Python<'_>) -> Self {
        Self { entries: PyDict::new(py).unbind(), clear_at: AtomicUsize::new(FEW) }
    }

    /// The key of a topic, if it has subscribers.
    pub(crate) fn key(&self, topic: &Bound<'_, PyAny>) -> PyResult<Option<Key>> {
        let Some(entry) = self.entries.bind(topic.py()).get_item(topic)? else { return Ok(None) };
        Ok(entry.cast::<Entry>()?.get().key())
    }

    /// The key of a topic that somebody is about to subscribe to. Not to be called by two threads at once.
    pub(crate) fn key_for_subscriber(&self, topic: Bound<'_, PyAny>) -> PyResult<Key> {
        let py = topic.py();
        let entries = self.entries.bind(py);
        if entries.len() >= self.clear_at.load(Ordering::Relaxed) {
            for (topic, entry) in entries.copy()? {
                if entry.cast::<Entry>()?.get().key().is_none() {
                    entries.del_item(topic)?;
                }
            }
            self.clear_at.store(FEW.max(2 * entries.len()), Ordering::Relaxed);
        }
        let new = Bound::new(py, Entry::default())?;
        let entry = entries.call_method1("setdefault", (topic, new))?;
        Ok(entry.cast::<Entry>()?.get().key_or_new())
    }
}
