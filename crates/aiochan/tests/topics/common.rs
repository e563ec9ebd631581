//! What the cases have in common.

use aiochan::{Chan, Feed, Panicked};

use crate::watch::wait_until;

/// Waits until a put of the worker waits in `c`.
#[track_caller]
pub(crate) fn wait_for_put<T>(c: &Chan<T>) {
    wait_until("a put waits", || c.stats().parked_puts == 1);
}

/// Waits until a worker that reads from `c` has done with the values before and waits for the next.
#[track_caller]
pub(crate) fn wait_for_get<T>(c: &Chan<T>) {
    wait_until("a get waits", || c.stats().parked_gets == 1);
}

/// Waits until nobody is left who could get from `c`, so no worker either.
#[track_caller]
pub(crate) fn wait_for_nobody<T>(c: Feed<T>) {
    wait_until("the worker has ended", || c.chan().is_closed());
}

/// The rest of `c`, which is to be closed.
pub(crate) fn rest<T>(c: &Chan<T>) -> Vec<T> {
    c.iter().collect()
}

/// The text of `c`'s close reason.
pub(crate) fn reason<T>(c: &Chan<T>) -> Option<String> {
    c.close_reason().map(|reason| reason.to_string())
}

/// What the panic said with which `c` was closed.
#[track_caller]
pub(crate) fn panicked<T>(c: &Chan<T>) -> String {
    let reason = c.close_reason().expect("it was closed with a reason");
    reason.downcast_ref::<Panicked>().expect("the reason is a panic").message().to_string()
}

/// Runs a case, and all that it starts, on this thread.
pub(crate) fn on_one_thread<F: Future>(case: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(case)
}

/// Lets everything else on this thread run until it waits, unless it never does.
pub(crate) async fn others_run() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}
