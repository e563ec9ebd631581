//! Callbacks one after the other: one that is completed from inside another on the same thread is put off until that one
//! has returned, so that callbacks that feed each other use no stack.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::first_panic::FirstPanic;
use crate::sync::thread_local;

type Deed = Box<dyn FnOnce()>;

/// What is put off while a callback runs on this thread.
#[derive(Default)]
struct Running {
    deferred: VecDeque<Deed>,
    panics: FirstPanic,
}

thread_local! {
    /// `None` while no callback runs.
    static RUNNING: RefCell<Option<Running>> = const { RefCell::new(None) };
}

/// Runs `deed`, and all that it puts off; or puts it off, if a callback runs on this thread.
pub(crate) fn run_or_defer(deed: impl FnOnce() + 'static) {
    let nested = RUNNING.try_with(|running| match &mut *running.borrow_mut() {
        Some(_) => true,
        none => {
            *none = Some(Running::default());
            false
        }
    });
    match nested {
        // The thread is ending and has no place to put anything off.
        Err(_) => return deed(),
        Ok(true) => {
            return RUNNING.with(|running| {
                running.borrow_mut().as_mut().expect("nested").deferred.push_back(Box::new(deed));
            });
        }
        Ok(false) => {}
    }
    run_noting_panic(deed);
    while run_deferred() {}
    if let Some(running) = RUNNING.with(RefCell::take) {
        running.panics.go_on();
    }
}

/// Runs the oldest of the callbacks that were put off on this thread; `false` if there is none.
///
/// A thread that is about to park inside a callback calls this too, for it may wait for one of them.
pub(crate) fn run_deferred() -> bool {
    let deed = RUNNING
        .try_with(|running| running.borrow_mut().as_mut()?.deferred.pop_front())
        .ok()
        .flatten();
    let ran = deed.is_some();
    if let Some(deed) = deed {
        run_noting_panic(deed);
    }
    ran
}

/// Keeps the first panic until the outermost callback has returned.
fn run_noting_panic(deed: impl FnOnce()) {
    if let Err(panic) = catch_unwind(AssertUnwindSafe(deed)) {
        RUNNING.with(|running| {
            running.borrow_mut().as_mut().expect("a callback runs").panics.note(panic);
        });
    }
}
