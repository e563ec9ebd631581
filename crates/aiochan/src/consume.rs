//! Consuming a `Flow` in place, without a channel and a task: to the end, or value by value.

use std::future::poll_fn;
use std::pin::pin;

use futures_core::Stream;
use futures_util::StreamExt;

use crate::flow::Flow;
use crate::state::Reason;

impl<S: Stream> Flow<S> {
    /// All values, once the source has ended. For a limited number of them: `take(n).collect()`. It does not
    /// tell whether the source was closed with a reason: [`try_collect`](Self::try_collect) does.
    ///
    /// # Panics
    /// When a function panics, in [`Pipe::flow`](crate::Pipe::flow) when a future does.
    ///
    /// # Cancel safety
    /// Dropping it drops the values that it has taken; [`Chan::get_many`](crate::Chan::get_many) keeps them.
    ///
    /// # Examples
    /// ```
    /// let first = aiochan::from_range(0..).take(3).collect();
    /// assert_eq!(aiochan::run(first), [0, 1, 2]);
    /// ```
    pub async fn collect(self) -> Vec<S::Item> {
        let Self { stream, origins, .. } = self;
        let values = stream.collect().await;
        origins.resume_panic();
        values
    }

    /// As [`collect`](Self::collect), when everything was well.
    ///
    /// # Errors
    /// The [`close_reason`](Self::close_reason), if there is one at the end: that of the source, or the failure
    /// of a pipe, a panic or an error. The values are dropped then; [`try_for_each`](Self::try_for_each) can
    /// keep them.
    ///
    /// # Cancel safety
    /// Dropping it drops the values that it has taken.
    ///
    /// # Examples
    /// ```
    /// let parse = async |s: &str| s.parse::<u8>();
    /// let numbers = aiochan::from_iter(["1", "two"]).async_pipe(2, parse).fallible().flow();
    /// let error = aiochan::run(numbers.try_collect()).unwrap_err();
    /// assert!(error.is::<std::num::ParseIntError>());
    /// ```
    pub async fn try_collect(self) -> Result<Vec<S::Item>, Reason> {
        let Self { stream, origins, .. } = self;
        let values = stream.collect().await;
        origins.reason().map_or(Ok(values), Err)
    }

    /// Calls `f` with each value. It does not tell whether the source was closed with a reason:
    /// [`try_for_each`](Self::try_for_each) does.
    ///
    /// # Panics
    /// When a function panics, in [`Pipe::flow`](crate::Pipe::flow) when a future does.
    ///
    /// # Cancel safety
    /// Dropping it drops what an operator holds between two values, and that has been taken from the source:
    /// the beginning of a [`group`](Self::group), what [`reduce`](Self::reduce) has so far, the futures of
    /// [`Pipe::flow`](crate::Pipe::flow) with their values. Operators that make of each value something or
    /// nothing, as [`map`](Self::map) and [`filter`](Self::filter) do, hold none: with these nothing is lost.
    ///
    /// # Examples
    /// ```
    /// let mut sum = 0;
    /// aiochan::run(aiochan::from_range(1..4).flow().for_each(|n| sum += n));
    /// assert_eq!(sum, 6);
    /// ```
    pub async fn for_each(self, f: impl FnMut(S::Item)) {
        let Self { stream, origins, .. } = self;
        each(stream, f).await;
        origins.resume_panic();
    }

    /// As [`for_each`](Self::for_each), and tells whether everything was well.
    ///
    /// # Errors
    /// The [`close_reason`](Self::close_reason), if there is one at the end: that of the source, or the failure
    /// of a pipe, a panic or an error.
    ///
    /// # Cancel safety
    /// As [`for_each`](Self::for_each).
    ///
    /// # Examples
    /// ```
    /// let source = aiochan::Chan::fixed(2);
    /// source.add([1, 2]).unwrap();
    /// source.close_with("the disk is full");
    /// let mut sum = 0;
    /// let end = aiochan::run(source.flow().try_for_each(|n| sum += n));
    /// assert_eq!((sum, end.unwrap_err().to_string()), (3, "the disk is full".into()));
    /// ```
    pub async fn try_for_each(self, f: impl FnMut(S::Item)) -> Result<(), Reason> {
        let Self { stream, origins, .. } = self;
        each(stream, f).await;
        origins.reason().map_or(Ok(()), Err)
    }
}

async fn each<S: Stream>(stream: S, mut f: impl FnMut(S::Item)) {
    let mut stream = pin!(stream);
    while let Some(value) = poll_fn(|cx| stream.as_mut().poll_next(cx)).await {
        f(value);
    }
}
