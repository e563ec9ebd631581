//! What goes through the channels.

use std::sync::{Arc, Mutex};

use crate::model::{Id, Seen};

/// A value that tells when it is dropped, unless somebody has it.
#[derive(Clone, Debug)]
pub(super) struct Value(Id, Option<Arc<Mutex<Seen>>>);

impl Value {
    pub(super) fn new(id: Id, seen: &Arc<Mutex<Seen>>) -> Self {
        Self(id, Some(seen.clone()))
    }

    pub(super) fn id(&self) -> Id {
        self.0
    }

    /// It is with somebody.
    pub(super) fn into_id(mut self) -> Id {
        self.1 = None;
        self.0
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        if let Some(seen) = &self.1 {
            seen.lock().expect("no test has failed").dropped.push(self.0);
        }
    }
}
