//! Time as channels: `timeout`, `after`, `tick_tock`.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::Poll;
use std::time::{Duration, Instant};

use crate::chan::Chan;
use crate::feed::Feed;
use crate::output::{Origins, Output, start_worker};
use crate::timer::{Timer, now};

/// A channel that closes itself after `duration`, counted from now.
///
/// Until then it is a channel like others, without a buffer. Its timer ends when it is closed earlier, or
/// when nobody is left who could get from it. A duration beyond what the clock can count never ends.
///
/// It is for several operations that share a time: for a single `select!` its own `timeout` arm is
/// simpler.
///
/// Inside a tokio runtime, with the feature `tokio`, it follows that runtime's clock, which tests can pause, and
/// which counts in whole milliseconds: what is between two is rounded up. Inside of
/// [`with_executor`](crate::with_executor) it follows the system's.
///
/// # Panics
/// Inside a tokio runtime, with the feature `tokio`, if that has no timers.
///
/// # Examples
/// ```
/// use aiochan::{Chan, select, timeout};
/// use std::time::Duration;
///
/// # aiochan::run(async {
/// let (words, time_is_up) = (Chan::fixed(2), timeout(Duration::from_millis(20)));
/// words.add(["one", "two"]).unwrap(); // and then nothing more
///
/// let mut heard = Vec::new();
/// while let Some(word) = select! {
///     biased;
///     word = words.get() => word,
///     _ = time_is_up.get() => None,
/// } {
///     heard.push(word);
/// }
/// assert_eq!(heard, ["one", "two"]);
/// # });
/// ```
#[doc(alias = "sleep")]
pub fn timeout(duration: Duration) -> Chan<()> {
    let timer = Timer::after(duration);
    Chan::new().fed_by(move |feed| async move {
        in_time(timer, &feed).await;
    })
}

/// A channel that gives out one value after `duration`, the time then, and is closed.
///
/// The value is kept until somebody gets it. The timer ends when the channel is closed earlier, or when
/// nobody is left who could get from it. A duration beyond what the clock can count never ends. It follows the
/// same clock as [`timeout`].
///
/// # Panics
/// Inside a tokio runtime, with the feature `tokio`, if that has no timers.
///
/// # Examples
/// ```
/// use std::time::{Duration, Instant};
///
/// let start = Instant::now();
/// let soon = aiochan::after(Duration::from_millis(5));
/// assert!(soon.get_blocking().unwrap() >= start + Duration::from_millis(5));
/// assert_eq!(soon.get_blocking(), None);
/// ```
#[doc(alias = "sleep")]
pub fn after(duration: Duration) -> Chan<Instant> {
    let timer = Timer::after(duration);
    Chan::fixed(1).fed_by(move |feed| async move {
        if in_time(timer, &feed).await {
            // Fails if it was closed meanwhile: then nobody wants it.
            let _ = feed.put(now()).await;
        }
    })
}

/// A channel that gives out a tick every `period`: its number, counted from 1, and the time then. The
/// first comes one period from now.
///
/// Tick `n` is due `n` periods from now, so lateness does not add up. The channel keeps the latest tick
/// only: whoever reads too slowly misses some, and sees that by their numbers. So it is with ticks for
/// which the machine was too busy, or asleep: they are counted, not made up for.
///
/// It ticks until it is closed, or nobody is left who could get from it. A tick beyond what the clock can
/// count never comes. It follows the same clock as [`timeout`]. On tokio's, a period below a millisecond
/// therefore misses ticks, and counts them.
///
/// It does what it is told: a period of a few microseconds or less keeps a processor busy.
///
/// # Panics
/// If `period` is zero. Inside a tokio runtime, with the feature `tokio`, if that has no timers.
///
/// # Examples
/// ```
/// use std::time::{Duration, Instant};
///
/// let start = Instant::now();
/// let ticks = aiochan::tick_tock(Duration::from_millis(5));
/// for _ in 0..3 {
///     let (n, time) = ticks.get_blocking().unwrap();
///     assert!(time >= start + n as u32 * Duration::from_millis(5));
/// }
/// ticks.close();
/// ```
#[doc(alias("interval", "tick"))]
pub fn tick_tock(period: Duration) -> Chan<(u64, Instant)> {
    ticks(now().checked_add(period), period)
}

/// [`tick_tock`] with the first tick at `start`, and the others each a period later.
///
/// A `start` in the past counts the ticks since then: the first that comes is the latest that was due, at
/// once, with its number. `start` is a time of the clock that is followed: inside a tokio runtime, with the
/// feature `tokio`, `tokio::time::Instant::now().into_std()` reads it.
///
/// # Panics
/// As [`tick_tock`].
///
/// # Examples
/// ```
/// use std::time::{Duration, Instant};
///
/// let hour = Duration::from_secs(3600);
/// let ticks = aiochan::tick_tock_at(Instant::now(), hour);
/// assert_eq!(ticks.get_blocking().unwrap().0, 1); // at once; the next in an hour
/// ```
pub fn tick_tock_at(start: Instant, period: Duration) -> Chan<(u64, Instant)> {
    ticks(Some(start), period)
}

/// Ticks from `due` on; `None` is never.
fn ticks(mut due: Option<Instant>, period: Duration) -> Chan<(u64, Instant)> {
    assert!(
        !period.is_zero(),
        "a clock that ticks every 0 s would never rest; give a longer period"
    );
    let mut timer = Timer::at(due);
    Chan::sliding(1).fed_by(move |feed| async move {
        let mut n = 0_u64;
        while in_time(timer, &feed).await
            && let Some(moment) = due
        {
            let now = now();
            let late = now.saturating_duration_since(moment).as_nanos();
            // Those that were due meanwhile have passed as well.
            n = n.saturating_add(whole(1 + late / period.as_nanos()));
            if feed.put((n, now)).await.is_err() {
                break;
            }
            let since_due = Duration::from_nanos(whole(late % period.as_nanos()));
            due = now.checked_sub(since_due).and_then(|due| due.checked_add(period));
            timer = Timer::at(due);
        }
    })
}

/// Nanoseconds, or a number of ticks: 64 bits are enough for centuries.
fn whole(n: u128) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

impl<T: Send + 'static> Chan<T> {
    /// The channel, with a task that puts into it until it ends, which closes it.
    fn fed_by<W>(self, work: impl FnOnce(Feed<T>) -> W + Send + 'static) -> Self
    where
        W: Future<Output = ()> + Send,
    {
        start_worker(Output::new(&self, false), Origins::default(), work);
        self
    }
}

/// Waits for `timer`; `false` if the channel is closed first.
async fn in_time<T>(mut timer: Timer, feed: &Feed<T>) -> bool {
    let mut closed = pin!(feed.chan().closed());
    poll_fn(|cx| match closed.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(false),
        Poll::Pending => Pin::new(&mut timer).poll(cx).map(|()| true),
    })
    .await
}
