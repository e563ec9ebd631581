//! `Lease`: a value that goes back into its channel unless it is taken.

use std::fmt;
use std::ops::Deref;

use crate::chan::Chan;
use crate::error::TryGetError;
use crate::shared::Shared;
use crate::sync::Arc;
use crate::waiter::Receipt;

impl<T> Chan<T> {
    /// Gets a value that goes back unless [`Lease::take`] is called: to the get that waits longest, or to the
    /// front. Until then it counts as delivered. The copy that a promise gives out is just dropped.
    ///
    /// # Errors
    /// As [`try_get`](Self::try_get).
    ///
    /// # Examples
    /// ```
    /// let jobs = aiochan::Chan::from_iter(["compile", "test"]);
    /// let job = jobs.try_lease().unwrap();
    /// assert_eq!(*job, "compile");
    /// drop(job); // something went wrong
    /// assert_eq!(jobs.try_lease().unwrap().take(), "compile");
    /// assert_eq!(jobs.try_get(), Ok("test"));
    /// ```
    pub fn try_lease(&self) -> Result<Lease<T>, TryGetError> {
        let (value, receipt) = self.shared.try_get_noting()?;
        Ok(Lease { shared: self.shared.clone(), receipt, value: Some(value) })
    }
}

/// A value that goes back into its channel unless it is taken, from [`Chan::try_lease`].
#[must_use = "a lease that is dropped gives its value back"]
pub struct Lease<T> {
    shared: Arc<Shared<T>>,
    /// `None` for a promise's copy.
    receipt: Option<Receipt>,
    /// It is there until it is taken.
    value: Option<T>,
}

impl<T> Lease<T> {
    /// The value, for good.
    pub fn take(mut self) -> T {
        self.value.take().expect("it has not been taken")
    }
}

impl<T> Deref for Lease<T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.value.as_ref().expect("it has not been taken")
    }
}

impl<T> Drop for Lease<T> {
    fn drop(&mut self) {
        if let (Some(value), Some(receipt)) = (self.value.take(), self.receipt) {
            self.shared.give_back(receipt, value);
        }
    }
}

impl<T> fmt::Debug for Lease<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").finish_non_exhaustive()
    }
}
