//! What a pipe does with each value: functions and futures, and how they fail.

use std::error::Error;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::panics::{discard, list};
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

    /// The results of `item`.
    fn run(&self, item: T) -> Result<Yield<Self::Output>, Reason>;
}

/// The results of one value.
pub enum Yield<R> {
    /// One.
    One(R),
    /// Any number.
    Many(Vec<R>),
}

/// A function that only fails by panicking.
pub struct Plain<F>(pub(crate) F);

/// A function of futures, or a job on threads, that fails with an `Err`.
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
    type Future = Infallible<Fut>;

    fn future(&mut self, item: T) -> Self::Future {
        Infallible { future: (self.0)(item) }
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
    type Future = Failing<Fut>;

    fn future(&mut self, item: T) -> Self::Future {
        Failing { future: (self.0)(item) }
    }
}

impl<T, R, F> ThreadJob<T> for Plain<F>
where
    F: Fn(T) -> R + Send + Sync + 'static,
    R: Send + 'static,
{
    type Output = R;

    fn run(&self, item: T) -> Result<Yield<R>, Reason> {
        Ok(Yield::One((self.0)(item)))
    }
}

impl<T, R, E, J> ThreadJob<T> for Fallible<J>
where
    J: ThreadJob<T, Output = Result<R, E>>,
    R: Send + 'static,
    E: Into<Box<dyn Error + Send + Sync>>,
{
    type Output = R;

    fn run(&self, item: T) -> Result<Yield<R>, Reason> {
        match self.0.run(item)? {
            Yield::One(result) => result.map(Yield::One).map_err(failure),
            Yield::Many(results) => all(results).map(Yield::Many).map_err(failure),
        }
    }
}

impl<T, R, J> ThreadJob<T> for Flat<J>
where
    J: ThreadJob<T>,
    J::Output: IntoIterator<Item = R>,
    R: Send + 'static,
{
    type Output = R;

    fn run(&self, item: T) -> Result<Yield<R>, Reason> {
        Ok(Yield::Many(match self.0.run(item)? {
            Yield::One(items) => list(items.into_iter()),
            Yield::Many(results) => list(results.into_iter().flatten()),
        }))
    }
}

/// What is in `results`, or the first error among them; then the others are dropped, each by itself.
fn all<R, E>(mut results: Vec<Result<R, E>>) -> Result<Vec<R>, E> {
    let Some(failed) = results.iter().position(Result::is_err) else {
        return Ok(results.into_iter().flatten().collect());
    };
    let failed = results.swap_remove(failed);
    results.into_iter().for_each(discard);
    failed.map(|_| unreachable!("it is an error"))
}

pin_project! {
    /// A future whose output is no failure.
    //
    // `futures-util` would call a pointer for this, which takes longer than all the rest.
    pub struct Infallible<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for Infallible<F> {
    type Output = Result<F::Output, Reason>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(cx).map(Ok)
    }
}

pin_project! {
    /// A future whose error is a failure.
    pub struct Failing<F> {
        #[pin]
        future: F,
    }
}

impl<R, E, F> Future for Failing<F>
where
    E: Into<Box<dyn Error + Send + Sync>>,
    F: Future<Output = Result<R, E>>,
{
    type Output = Result<R, Reason>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        self.project().future.poll(cx).map_err(failure)
    }
}
