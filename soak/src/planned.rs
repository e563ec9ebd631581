//! Panics that are part of the plan.

use std::any::Any;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use futures_util::FutureExt;

/// The payload of a panic that is meant to happen.
struct Planned;

/// Panics, without a word to the user.
pub(crate) fn panic() -> ! {
    resume_unwind(Box::new(Planned))
}

/// Runs `f`; `None` if a planned panic ended it.
pub(crate) fn caught<R>(f: impl FnOnce() -> R) -> Option<R> {
    only_planned(catch_unwind(AssertUnwindSafe(f)))
}

/// Awaits `future`; `None` if a planned panic ended it. One that comes as it is dropped, for what it gives back may be
/// for a callback, changes nothing of that.
pub(crate) async fn awaited<F: Future>(future: F) -> Option<F::Output> {
    let mut future = Box::pin(AssertUnwindSafe(future).catch_unwind());
    let result = future.as_mut().await;
    caught(|| drop(future));
    only_planned(result)
}

fn only_planned<R>(result: Result<R, Box<dyn Any + Send>>) -> Option<R> {
    match result {
        Ok(result) => Some(result),
        Err(payload) if payload.is::<Planned>() => None,
        Err(payload) => resume_unwind(payload),
    }
}
