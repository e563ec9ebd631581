//! What an operation on a channel's state leaves to be done once the channel is unlocked: wakes,
//! drops, and the panic of a user's buffer. All of it runs user code.

use std::any::Any;
use std::task::Waker;

use crate::buffer::Special;
use crate::first_panic::FirstPanic;
use crate::ring::Ring;

/// Deeds for after unlocking.
#[must_use = "somebody waits to be woken"]
pub(crate) struct Effects<T> {
    /// The usual case: one operation completes one other.
    wake: Option<Waker>,
    more: Option<Box<More<T>>>,
}

struct More<T> {
    wakes: Vec<Waker>,
    drops: Vec<Dropped<T>>,
    panics: FirstPanic,
}

/// What is dropped outside the lock, since its `Drop` may be anything.
pub(crate) enum Dropped<T> {
    Value(#[allow(dead_code, reason = "held to be dropped")] T),
    Values(#[allow(dead_code, reason = "held to be dropped")] Ring<T>),
    Special(#[allow(dead_code, reason = "held to be dropped")] Special<T>),
}

impl<T> Effects<T> {
    #[inline]
    pub(crate) fn new() -> Self {
        Self { wake: None, more: None }
    }

    #[inline]
    pub(crate) fn wake(&mut self, waker: Option<Waker>) {
        if let Some(waker) = waker {
            if self.wake.is_none() {
                self.wake = Some(waker);
            } else {
                self.more().wakes.push(waker);
            }
        }
    }

    pub(crate) fn drop_later(&mut self, dropped: Dropped<T>) {
        self.more().drops.push(dropped);
    }

    /// Lets a panic that was caught under the lock go on after everything else is done.
    pub(crate) fn panic_later(&mut self, panic: Box<dyn Any + Send>) {
        self.more().panics.note(panic);
    }

    #[inline]
    pub(crate) fn is_nothing(&self) -> bool {
        self.wake.is_none() && self.more.is_none()
    }

    /// Does it all. When something panics the rest is still done, then the first panic goes on.
    #[inline]
    pub(crate) fn run(self) {
        if !self.is_nothing() {
            self.run_any();
        }
    }

    #[inline(never)]
    fn run_any(self) {
        run_user_code(|| self.run_each());
    }

    fn run_each(self) {
        match self {
            Self { wake: Some(waker), more: None } => waker.wake(),
            Self { wake, more: Some(more) } => run_all(wake, *more),
            Self { wake: None, more: None } => {}
        }
    }

    #[cold]
    fn more(&mut self) -> &mut More<T> {
        self.more.get_or_insert_with(|| {
            Box::new(More { wakes: Vec::new(), drops: Vec::new(), panics: FirstPanic::default() })
        })
    }
}

/// Wakes, after unlocking.
#[inline]
pub(crate) fn wake(waker: Option<Waker>) {
    if let Some(waker) = waker {
        run_user_code(|| waker.wake());
    }
}

/// Runs user code. In a `Drop` during a panic a second panic would abort the process, and the first one has
/// somebody to act on it.
#[inline]
fn run_user_code(f: impl FnOnce()) {
    if std::thread::panicking() {
        FirstPanic::default().catch(f);
    } else {
        f();
    }
}

#[cold]
fn run_all<T>(wake: Option<Waker>, more: More<T>) {
    let More { wakes, drops, mut panics } = more;
    for waker in wake.into_iter().chain(wakes) {
        panics.catch(|| waker.wake());
    }
    for dropped in drops {
        panics.catch(|| drop(dropped));
    }
    panics.go_on();
}
