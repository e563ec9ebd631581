//! Several things that may panic, of which all are to be done.

use std::any::Any;
use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

type Panic = Box<dyn Any + Send>;

/// The first of several panics, to go on when all is done. What the others carry is forgotten: it may be anything, a
/// value whose `Drop` panics too, or takes locks that are held.
#[derive(Default)]
#[must_use = "the panic is to go on"]
pub(crate) struct FirstPanic(Option<Panic>);

impl FirstPanic {
    pub(crate) fn note(&mut self, panic: Panic) {
        match self.0 {
            None => self.0 = Some(panic),
            Some(_) => mem::forget(panic),
        }
    }

    /// Runs `f`; `None` if it panics.
    pub(crate) fn catch<R>(&mut self, f: impl FnOnce() -> R) -> Option<R> {
        match catch_unwind(AssertUnwindSafe(f)) {
            Ok(result) => Some(result),
            Err(panic) => {
                self.note(panic);
                None
            }
        }
    }

    /// Not if another panic is under way, for in a `Drop` two would abort the process.
    pub(crate) fn go_on(mut self) {
        if let Some(panic) = self.0.take_if(|_| !thread::panicking()) {
            resume_unwind(panic);
        }
    }
}

impl Drop for FirstPanic {
    /// It does not go on, since something else is more important.
    fn drop(&mut self) {
        if let Some(panic) = self.0.take()
            && let Err(another) = catch_unwind(AssertUnwindSafe(|| drop(panic)))
        {
            mem::forget(another);
        }
    }
}
