//! A get and a put as the arms of a select.

use std::pin::{Pin, pin};
use std::thread;

use super::{Get, Put, take_got, take_put, withdraw_get, withdraw_put};
use crate::error::PutError;
use crate::panics::{caught, first_panic};
use crate::race::{Arm, End, Entry};
use crate::start::{Parking, Start, start_get, start_put};
use crate::waiter::{Phase, Waiter};

impl<T: Send> Arm for Get<'_, T> {
    fn start(self: Pin<&Self>, start: Start<'_>) -> Parking {
        let this = self.project_ref();
        start_get(this.shared, this.waiter, start)
    }

    fn withdraw(self: Pin<&Self>) {
        let this = self.project_ref();
        withdraw_get(this.shared, &this.waiter);
        note_end(&this.waiter);
    }
}

impl<T: Send> Arm for Put<'_, T> {
    fn start(self: Pin<&Self>, start: Start<'_>) -> Parking {
        let this = self.project_ref();
        start_put(this.shared, this.waiter, start)
    }

    fn withdraw(self: Pin<&Self>) {
        let this = self.project_ref();
        withdraw_put(this.shared, &this.waiter);
        note_end(&this.waiter);
    }
}

impl<T: Send> Get<'_, T> {
    /// This operation as the arm of a select.
    #[doc(hidden)]
    pub fn __entry(self: Pin<&mut Self>) -> Entry<'_> {
        // It may have been polled before.
        withdraw_get(self.shared, &self.waiter);
        Entry::new(self)
    }

    /// Ends a select over this arm.
    #[doc(hidden)]
    pub fn __end(self: Pin<&mut Self>) -> End<Option<T>, ()> {
        let this = self.project();
        withdraw_get(this.shared, &this.waiter);
        match this.waiter.phase() {
            Phase::Idle => End { won: None, back: None },
            _ => End { won: Some(take_got(this.shared, &this.waiter)), back: None },
        }
    }
}

impl<T: Send> Put<'_, T> {
    /// This operation as the arm of a select.
    #[doc(hidden)]
    pub fn __entry(self: Pin<&mut Self>) -> Entry<'_> {
        // It may have been polled before.
        withdraw_put(self.shared, &self.waiter);
        Entry::new(self)
    }

    /// Puts if that can be done at once. A panic of whoever it meets, of the buffer, or of what that evicts comes beside
    /// what it came to.
    pub(crate) fn try_caught(self) -> (Result<(), T>, thread::Result<()>) {
        let mut put = pin!(self);
        let met = caught(|| put.as_ref().start(Start::Try)).map(|_| ());
        match caught(|| put.as_mut().__end()) {
            Ok(End { won: Some(result), .. }) => (result.map_err(|PutError(value)| value), met),
            Ok(End { back, .. }) => (back.map_or(Ok(()), Err), met),
            Err(evicted) => (Ok(()), first_panic(met, Err(evicted))),
        }
    }

    /// Ends a select over this arm.
    #[doc(hidden)]
    pub fn __end(self: Pin<&mut Self>) -> End<Result<(), PutError<T>>, T> {
        let this = self.project();
        withdraw_put(this.shared, &this.waiter);
        match this.waiter.phase() {
            Phase::Idle => End { won: None, back: this.waiter.take() },
            _ => End { won: Some(take_put(&this.waiter)), back: None },
        }
    }
}

/// Where an arm that is in no queue any more stands. A dead one is as new again.
fn note_end<T>(waiter: &Waiter<T>) {
    waiter.set_phase(waiter.phase());
}
