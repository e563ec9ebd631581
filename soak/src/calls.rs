//! Whether every callback is called that was not refused.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aiochan::{Chan, PutError};

use crate::ledger;

/// What has become of callbacks.
#[derive(Debug, Default)]
pub(crate) struct Calls {
    expected: AtomicU64,
    called: AtomicU64,
    refused: AtomicU64,
    /// How many were dropped without a call.
    uncalled: AtomicU64,
}

/// A callback that has not been called.
struct Expected(Option<Arc<Calls>>);

impl Calls {
    /// Puts with a callback; the value, if too many wait already.
    pub(crate) fn put_with<T: Send + 'static>(
        self: &Arc<Self>,
        c: &Chan<T>,
        value: T,
        f: impl FnOnce(Result<(), PutError<T>>) + Send + 'static,
    ) -> Option<T> {
        let refused = c.put_with(value, self.expect(f)).err()?;
        self.refused.fetch_add(1, Ordering::SeqCst);
        Some(refused.into_inner())
    }

    /// Gets with a callback, unless too many wait already.
    pub(crate) fn get_with<T: Send + 'static>(
        self: &Arc<Self>,
        c: &Chan<T>,
        f: impl FnOnce(Option<T>) + Send + 'static,
    ) {
        if c.get_with(self.expect(f)).is_err() {
            self.refused.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn expect<A, F: FnOnce(A)>(self: &Arc<Self>, f: F) -> impl FnOnce(A) + use<A, F> {
        self.expected.fetch_add(1, Ordering::SeqCst);
        let expected = Expected(Some(self.clone()));
        move |with| {
            expected.called();
            f(with);
        }
    }

    /// To be called when none is left that waits. An iterator that panics may do so in the turn of a callback, which is
    /// not called then.
    pub(crate) fn assert_complete(&self, panicking_iterators: u64) {
        let [expected, called, refused, uncalled] =
            [&self.expected, &self.called, &self.refused, &self.uncalled]
                .map(|count| count.load(Ordering::SeqCst));
        if called + uncalled != expected
            || !(refused..=refused + panicking_iterators).contains(&uncalled)
        {
            ledger::fault(&format!(
                "of {expected} callbacks {called} were called, {refused} refused, {uncalled} dropped"
            ));
        }
    }
}

impl Expected {
    fn called(mut self) {
        self.0.take().iter().for_each(|calls| {
            calls.called.fetch_add(1, Ordering::SeqCst);
        });
    }
}

impl Drop for Expected {
    fn drop(&mut self) {
        if let Some(calls) = &self.0 {
            calls.uncalled.fetch_add(1, Ordering::SeqCst);
        }
    }
}
