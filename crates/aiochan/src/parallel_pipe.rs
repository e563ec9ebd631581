//! `parallel_pipe`: a plain function of each value, on several threads.

use futures_core::Stream;

use crate::crew::{self, Duty};
use crate::flow::Flow;
use crate::intake::Pace;
use crate::jobs::{Plain, ThreadJob};
use crate::output::{Output, endings};
use crate::pipe::{Pipe, Threads};

/// More than systems have; a mistake, as `usize::MAX` for no limit is.
const MOST_THREADS: usize = 1 << 16;

impl<S: Stream> Flow<S> {
    /// `f` of each value, in the order of the values; `f` is a plain function, which may compute or
    /// block, and is called on `n` threads of the pipe's own.
    ///
    /// It ends in a channel: see [`Pipe`]. For futures there is [`async_pipe`](Self::async_pipe).
    ///
    /// # Panics
    /// If `n` is 0 or greater than 65,536. When the pipe is ended: if no thread can be started; with some it
    /// goes on.
    ///
    /// # Examples
    /// ```
    /// let lengths = aiochan::from_iter(["one", "three", "five"]).parallel_pipe(2, str::len).chan();
    /// assert_eq!(lengths.iter().collect::<Vec<_>>(), [3, 5, 4]);
    /// ```
    pub fn parallel_pipe<R, F>(self, n: usize, f: F) -> Pipe<S, Threads<Plain<F>>>
    where
        F: Fn(S::Item) -> R,
    {
        assert!(n > 0, "a pipe without threads would never go on; give parallel_pipe at least 1");
        assert!(
            n <= MOST_THREADS,
            "{n} threads are too many; give parallel_pipe {MOST_THREADS} at most"
        );
        Pipe::new(self, n, Threads(Plain(f)))
    }

    /// As [`parallel_pipe`](Self::parallel_pipe), with the results in the order in which they are ready.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_range(0..4).parallel_pipe_unordered(2, |n| n * n).chan();
    /// assert_eq!(c.iter().sum::<i32>(), 14);
    /// ```
    pub fn parallel_pipe_unordered<R, F>(self, n: usize, f: F) -> Pipe<S, Threads<Plain<F>>>
    where
        F: Fn(S::Item) -> R,
    {
        self.parallel_pipe(n, f).unordered()
    }
}

impl<S, J> Pipe<S, Threads<J>>
where
    S: Stream + Send + 'static,
    S::Item: Send,
    J: ThreadJob<S::Item>,
{
    endings!(J::Output);

    fn start(self, out: Output<J::Output>) {
        let Self { input, origins, kind: Threads(job), n, ahead, ordered, policy, .. } = self;
        let duty = Duty { job, policy, ordered, origins, out };
        crew::start(n, input, Pace::new(n, ahead), duty);
    }
}
