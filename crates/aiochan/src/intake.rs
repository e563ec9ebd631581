//! `Intake` and `Pace`: a pipe's input, and how many items a thread takes at once: one, unless calls are so
//! fast that handing over items one by one would be what costs.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use futures_core::Stream;

/// No thread takes more items at once.
const MOST: usize = 32;
/// What a thread should do between two looks at what the others do.
const SHORT: Duration = Duration::from_micros(20);
/// Results wait for no more than so many runs of others before they are delivered together.
const HOLD: usize = 8;

/// How many items, beyond those in work, there may be while calls are fast, unless it is set: for so long
/// that the threads go on while the consumer waits for its processor.
const FAST_AHEAD: usize = 1024;

/// The input of a pipe.
pub(crate) struct Intake<S>(Pin<Box<S>>);

impl<S: Stream> Intake<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self(Box::pin(stream))
    }

    /// Reads up to `limit` items, at least one unless the input ends: `false`.
    pub(crate) fn poll_read(
        &mut self,
        cx: &mut Context<'_>,
        items: &mut Vec<S::Item>,
        limit: usize,
    ) -> Poll<bool> {
        while items.len() < limit {
            match self.0.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => items.push(item),
                Poll::Ready(None) => return Poll::Ready(false),
                Poll::Pending if items.is_empty() => return Poll::Pending,
                Poll::Pending => break,
            }
        }
        Poll::Ready(true)
    }

    /// Reads what is there, up to `limit` items; `false` if the input has ended. Nobody is woken when more
    /// comes: whoever has nothing else to do then has to poll.
    pub(crate) fn read_ready(&mut self, items: &mut Vec<S::Item>, limit: usize) -> bool {
        let mut cx = Context::from_waker(Waker::noop());
        !matches!(self.poll_read(&mut cx, items, limit), Poll::Ready(false))
    }
}

/// How many items a thread takes at once, as the calls have been fast lately, and how many there may be.
pub(crate) struct Pace {
    n: usize,
    ahead: Option<usize>,
    run: usize,
}

impl Pace {
    /// For `n` threads.
    pub(crate) fn new(n: usize, ahead: Option<usize>) -> Self {
        Self { n, ahead, run: 1 }
    }

    /// How many items may have been taken from the input and not accepted by the output.
    pub(crate) fn room(&self) -> usize {
        self.n.saturating_add(self.ahead.unwrap_or(if self.run > 1 { FAST_AHEAD } else { self.n }))
    }

    pub(crate) fn run(&self) -> usize {
        self.run
    }

    /// After how many runs what came of them is to be delivered: of single items, after each.
    pub(crate) fn hold(&self) -> usize {
        match self.run {
            1 => 1,
            run => (self.room() / run / 4).clamp(1, HOLD),
        }
    }

    /// How many items to read while so many are left, if it is time to. Single items are read when they
    /// are needed and not before, so that what a thread does not need yet is there for others; several
    /// before the last ones are taken, so that nobody has to wait meanwhile.
    pub(crate) fn read(&self, left: usize) -> Option<usize> {
        match self.run {
            1 => (left == 0).then_some(1),
            run => (left <= run).then_some(2 * run),
        }
    }

    /// Whether a thread that began then should look at what the others do.
    pub(crate) fn is_over(since: Instant) -> bool {
        since.elapsed() > SHORT
    }

    /// A thread took so long for so many items.
    pub(crate) fn learn(&mut self, items: usize, took: Duration) {
        if took > 2 * SHORT {
            self.run = (self.run / 2).max(1);
        } else if items >= self.run && 2 * took < SHORT {
            // Each thread needs some in work, some that wait for it, and some on their way out.
            let room = self.n.saturating_add(self.ahead.unwrap_or(FAST_AHEAD));
            self.run = (self.run * 2).min(room / self.n / 4).clamp(1, MOST);
        }
    }
}
