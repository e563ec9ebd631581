//! What a pipe does with each value: functions and futures, and how they fail.

use std::error::Error;
use std::future::Future;

use futures_util::FutureExt;
use futures_util::future::Map;

use crate::policy::failure;
use crate::state::Reason;

/// What makes a future of a value.
pub trait AsyncJob<T>: Send + 'static {
    /// What its futures result in, unless they fail.
    type Output: Send + 'static;
    /// Its futures.
    type Future: Future<Output = Result<Self::Output, Reason>> + Send + 'static;

    /// The future of `item`.
    fn future(&mut self, item: T) -> Self::Future;
}

/// What makes results of a value, on several threads at once.
pub trait ThreadJob<T>: Send + Sync + 'static {
    /// One result.
    type Output: Send + 'static;
    /// The results of one value.
    type Outputs: IntoIterator<Item = Self::Output> + Send + 'static;

    /// The results of `item`.
    fn run(&self, item: T) -> Result<Self::Outputs, Reason>;
}

/// A function that only fails by panicking.
pub struct Plain<F>(pub(crate) F);

/// A function that fails with an `Err`.
pub struct Fallible<F>(pub(crate) F);

/// A job whose results are sequences of results.
pub struct Flat<J>(pub(crate) J);

impl<T, R, Fut, F> AsyncJob<T> for Plain<F>
where
    F: FnMut(T) -> Fut + Send + 'static,
    Fut: Future<Output = R> + Send + 'static,
    R: Send + 'static,
{
    type Output = R;
    type Future = Map<Fut, fn(R) -> Result<R, Reason>>;

    fn future(&mut self, item: T) -> Self::Future {
        (self.0)(item).map(Ok)
    }
}

impl<T, R, E, Fut, F> AsyncJob<T> for Fallible<F>
where
    F: FnMut(T) -> Fut + Send + 'static,
    Fut: Future<Output = Result<R, E>> + Send + 'static,
    R: Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>> + 'static,
{
    type Output = R;
    type Future = Map<Fut, fn(Result<R, E>) -> Result<R, Reason>>;

    fn future(&mut self, item: T) -> Self::Future {
        (self.0)(item).map(|result| result.map_err(failure))
    }
}

impl<T, R, F> ThreadJob<T> for Plain<F>
where
    F: Fn(T) -> R + Send + Sync + 'static,
    R: Send + 'static,
{
    type Output = R;
    type Outputs = Option<R>;

    fn run(&self, item: T) -> Result<Option<R>, Reason> {
        Ok(Some((self.0)(item)))
    }
}

impl<T, R, E, F> ThreadJob<T> for Fallible<F>
where
    F: Fn(T) -> Result<R, E> + Send + Sync + 'static,
    R: Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    type Output = R;
    type Outputs = Option<R>;

    fn run(&self, item: T) -> Result<Option<R>, Reason> {
        (self.0)(item).map(Some).map_err(failure)
    }
}

impl<T, R, J> ThreadJob<T> for Flat<J>
where
    J: ThreadJob<T>,
    J::Output: IntoIterator<Item = R>,
    R: Send + 'static,
{
    type Output = R;
    type Outputs = Vec<R>;

    fn run(&self, item: T) -> Result<Vec<R>, Reason> {
        Ok(self.0.run(item)?.into_iter().flatten().collect())
    }
}
