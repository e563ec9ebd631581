//! Time: the channels that it feeds, and the `timeout` arm of a select. Each case says which rule of the
//! contract it guards (see `behaviour.rs`). What is exact is tested on tokio's paused clock, where time
//! passes only when everything waits for it; on real time only what must hold on a slow machine too.

#[allow(dead_code)]
#[path = "behaviour/watch.rs"]
mod watch;

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use aiochan::{Chan, GetTimeoutError, after, run, select, tick_tock, tick_tock_at, timeout};
use watch::in_own_process;

const MS: Duration = Duration::from_millis(1);
const HOUR: Duration = Duration::from_secs(3600);

/// 4, close: a timeout closes by itself; it is a channel before.
#[test]
fn a_timeout_is_a_channel_that_closes_itself() {
    let start = Instant::now();
    let c = timeout(20 * MS);
    assert_eq!(c.capacity(), Some(0));
    c.join_blocking();
    assert!(start.elapsed() >= 20 * MS);
    assert!(c.is_closed() && c.close_reason().is_none());

    let c = timeout(HOUR);
    let _ = c.add([()]);
    assert_eq!(c.get_blocking(), Some(()));
    assert!(c.close(), "it was still open");
}

/// 6, no hang: a hundred thousand timeouts that are due together all close.
#[test]
fn many_timeouts_all_close() {
    let all: Vec<_> = (0..100_000).map(|_| timeout(20 * MS)).collect();
    all.iter().for_each(Chan::join_blocking);
}

/// 7, bounded: making and dropping pending timeouts costs no more the more there are. The limit is thirty
/// times what it takes; were the cost of each one to grow with their number, it would not do.
#[test]
fn many_pending_timeouts_are_made_and_dropped_quickly() {
    let start = Instant::now();
    let all: Vec<_> = (0..100_000).map(|_| timeout(HOUR)).collect();
    drop(all);
    timeout(MS).join_blocking(); // behind all the others, on the same executor and clock
    assert!(start.elapsed() < Duration::from_secs(30), "it took {:?}", start.elapsed());
}

/// 8, bad input.
#[test]
#[should_panic(expected = "give a longer period")]
fn ticks_without_a_period_are_refused() {
    tick_tock(Duration::ZERO);
}

/// 3, order, on the built-in executor's clock: numbers from 1 on, no tick before its time.
#[test]
fn ticks_are_numbered_and_never_early() {
    let start = Instant::now();
    let ticks = tick_tock(2 * MS);
    let mut last = 0;
    while last < 5 {
        let (n, time) = ticks.get_blocking().unwrap();
        assert!(n > last, "{n} after {last}");
        assert!(time >= start + n as u32 * 2 * MS);
        last = n;
    }
}

/// 6, no hang: ticks that are due faster than they can be given out are counted, and starve nobody.
#[test]
fn ticks_faster_than_the_machine() {
    let ticks: Vec<_> = (0..8).map(|_| tick_tock(Duration::from_nanos(1))).collect();
    for ticks in &ticks {
        let (first, start) = ticks.get_blocking().unwrap();
        timeout(5 * MS).join_blocking();
        let (_, _) = ticks.get_blocking().unwrap(); // was kept since before
        let (last, end) = ticks.get_blocking().unwrap();
        assert_eq!(u128::from(last - first), (end - start).as_nanos());
    }
}

/// A start in the past: ticks that were missed are counted.
#[test]
fn ticks_since_a_time_that_is_past() {
    let Some(start) = Instant::now().checked_sub(5 * MS) else { return };
    let ticks = tick_tock_at(start, HOUR);
    assert_eq!(ticks.get_blocking().unwrap().0, 1);
    let ticks = tick_tock_at(start, MS);
    assert!(ticks.get_blocking().unwrap().0 >= 6);
}

/// Times that no clock can count never come, and are no error.
#[test]
fn never() {
    let channels = (timeout(Duration::MAX), after(Duration::MAX), tick_tock(Duration::MAX));
    timeout(5 * MS).join_blocking();
    assert!(!channels.0.is_closed() && !channels.1.is_closed() && !channels.2.is_closed());
    assert!(channels.1.is_empty() && channels.2.is_empty());

    // The first tick can be counted, the second cannot.
    let ticks = tick_tock_at(Instant::now(), Duration::MAX);
    assert_eq!(ticks.get_blocking().unwrap().0, 1);
    assert!(!ticks.is_closed());
}

/// What `after` gives out waits for whoever comes, however late.
#[test]
fn after_keeps_its_value() {
    let c = after(MS);
    c.join_closed();
    assert!(c.try_get().is_ok());
    assert_eq!(c.get_blocking(), None);
}

trait JoinClosed {
    fn join_closed(&self);
}

impl<T> JoinClosed for Chan<T> {
    /// Waits until it is closed, whatever is inside.
    fn join_closed(&self) {
        run(self.closed());
    }
}

/// A `timeout` arm on the built-in executor's clock.
#[test]
fn the_timeout_arm_of_a_select() {
    run(async {
        let c = Chan::<u8>::new();
        let start = Instant::now();
        let timed_out = select! {
            _ = c.get() => false,
            timeout(5 * MS) => true,
        };
        assert!(timed_out && start.elapsed() >= 5 * MS);
        assert_eq!(c.stats().parked_gets, 0);
    });
}

/// 5, user code may panic: what a timer wakes does not stop the clock for others.
#[test]
fn a_waker_that_panics_stops_no_clock() {
    struct Evil(Chan<()>);
    impl Wake for Evil {
        fn wake(self: Arc<Self>) {
            self.0.close();
            panic!("an evil waker");
        }
    }

    in_own_process("a_waker_that_panics_stops_no_clock", || {
        let (before, woken, c) = (timeout(HOUR), Chan::new(), Chan::<u8>::new());
        let waker = Waker::from(Arc::new(Evil(woken.clone())));
        let mut waiting = pin!(async {
            select! { _ = c.get() => (), timeout(5 * MS) => () }
        });
        assert!(waiting.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        woken.join_blocking();

        let (start, later) = (Instant::now(), timeout(50 * MS));
        assert_eq!(later.get_timeout(10_000 * MS), Err(GetTimeoutError::Closed));
        assert!(start.elapsed() >= 50 * MS && later.close_reason().is_none());
        assert!(!before.is_closed());
        run(waiting);
    });
}

/// The example, for its bucket.
#[cfg(feature = "tokio")]
#[allow(dead_code)]
#[path = "../examples/rate_limiter.rs"]
mod rate_limiter;

#[cfg(feature = "tokio")]
mod on_tokios_clock {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use aiochan::{Executor, Runnable, Select, go, nop, with_executor};
    use tokio::time::{Instant as Clock, advance, sleep};

    use super::*;

    /// 7, bounded: after a pause, of any length, the bucket of the example gives out as many permits at once
    /// as it says.
    #[tokio::test(start_paused = true)]
    async fn a_bucket_gives_out_a_burst_and_no_more() {
        let bucket = rate_limiter::bucket();
        sleep(Duration::from_secs(10) + MS).await; // between two ticks
        let mut permits = 0;
        for _ in 0..20 {
            while bucket.try_get().is_ok() {
                permits += 1;
            }
            nop().await;
        }
        assert_eq!(permits, rate_limiter::BURST);
    }

    fn alive() -> usize {
        tokio::runtime::Handle::current().metrics().num_alive_tasks()
    }

    /// Lets the other tasks run, on a clock that stands still, until none of them is left.
    async fn all_have_ended(start: Clock) {
        while alive() > 0 {
            nop().await;
        }
        assert_eq!(Clock::now(), start, "something has waited for time to pass");
    }

    /// Follows tokio's clock, to the millisecond.
    #[tokio::test(start_paused = true)]
    async fn a_timeout_is_exact() {
        let start = Clock::now();
        let c = timeout(250 * MS);
        assert_eq!(c.get().await, None);
        assert_eq!(start.elapsed(), 250 * MS);

        let c = timeout(Duration::ZERO);
        c.closed().await;
        assert_eq!(start.elapsed(), 250 * MS);
    }

    /// As above; the time is counted from the call, not from the first use.
    #[tokio::test(start_paused = true)]
    async fn time_counts_from_the_call() {
        let start = Clock::now();
        let (a, b, c) = (timeout(100 * MS), after(100 * MS), tick_tock(100 * MS));
        advance(60 * MS).await;
        a.closed().await;
        assert_eq!(start.elapsed(), 100 * MS);
        assert_eq!(b.get().await, Some(Clock::now().into_std()));
        assert_eq!(b.get().await, None);
        assert_eq!(c.get().await, Some((1, Clock::now().into_std())));
        assert_eq!(start.elapsed(), 100 * MS);
    }

    /// The ticks are drift-free: tick n comes at n periods, however long the reader takes for each.
    #[tokio::test(start_paused = true)]
    async fn ticks_are_exact() {
        let start = Clock::now();
        let ticks = tick_tock(100 * MS);
        for n in 1..=50 {
            let time = start + n as u32 * 100 * MS;
            assert_eq!(ticks.get().await, Some((n, time.into_std())));
            assert_eq!(Clock::now(), time);
            sleep((n % 10) as u32 * 9 * MS).await;
        }
    }

    /// The same for a first tick that is due at a time.
    #[tokio::test(start_paused = true)]
    async fn the_first_tick_is_at_the_start() {
        let start = Clock::now() + 30 * MS;
        let ticks = tick_tock_at(start.into_std(), 100 * MS);
        for n in 0..5 {
            let time = start + n as u32 * 100 * MS;
            assert_eq!(ticks.get().await, Some((n + 1, time.into_std())));
            assert_eq!(Clock::now(), time);
        }
    }

    /// 7, bounded: unread ticks do not pile up; the latest one is there.
    #[tokio::test(start_paused = true)]
    async fn unread_ticks_slide() {
        let start = Clock::now();
        let ticks = tick_tock(10 * MS);
        sleep(10_005 * MS).await;
        assert_eq!(ticks.len(), 1);
        assert_eq!(ticks.get().await, Some((1000, (start + 10_000 * MS).into_std())));
        assert_eq!(ticks.get().await.unwrap().0, 1001);
        assert_eq!(start.elapsed(), 10_010 * MS);
    }

    /// 7: ticks that were missed since the clock jumped, as it does when a machine has slept, are
    /// counted and not made up for; those after it are on time.
    #[tokio::test(start_paused = true)]
    async fn missed_ticks_are_counted() {
        let start = Clock::now();
        let ticks = tick_tock(10 * MS);
        assert_eq!(ticks.get().await.unwrap().0, 1);
        advance(1_000 * MS + 5 * MS).await; // it is at 1015
        assert_eq!(ticks.get().await, Some((101, Clock::now().into_std())));
        assert_eq!(ticks.get().await, Some((102, (start + 1_020 * MS).into_std())));
    }

    /// 6: when the channel is closed the task ends at once, not when the time is over.
    #[tokio::test(start_paused = true)]
    async fn closing_ends_the_timer() {
        let start = Clock::now();
        let (a, b, c) = (timeout(HOUR), after(HOUR), tick_tock(HOUR));
        nop().await;
        assert_eq!(alive(), 3);
        assert!(a.close() && b.close() && c.close());
        all_have_ended(start).await;
    }

    /// 6: so it is when nobody is left who could get. Senders do not count.
    #[tokio::test(start_paused = true)]
    async fn dropping_ends_the_timer() {
        let start = Clock::now();
        let channels = (timeout(HOUR), after(HOUR), tick_tock(HOUR));
        let (sender, receiver) = timeout(HOUR).split();
        let clone = channels.0.clone();
        drop((channels, receiver));
        while alive() > 1 {
            nop().await;
        }
        assert!(!clone.is_closed());
        drop(clone);
        all_have_ended(start).await;
        assert!(sender.chan().is_closed());
    }

    /// 7: a hundred thousand pending timers go with their channels, without waiting.
    #[tokio::test(start_paused = true)]
    async fn many_pending_timeouts_end_when_dropped() {
        let start = Clock::now();
        let all: Vec<_> = (0..100_000).map(|_| timeout(HOUR)).collect();
        nop().await;
        assert_eq!(alive(), 100_000);
        drop(all);
        all_have_ended(start).await;
    }

    /// 6: many timers that are due one after the other, each at its time.
    #[tokio::test(start_paused = true)]
    async fn many_timeouts_close_each_in_time() {
        let start = Clock::now();
        let all: Vec<_> = (1..=10_000).map(|n| timeout(n * MS)).collect();
        for (n, c) in (1..).zip(&all) {
            c.closed().await;
            assert_eq!(start.elapsed(), n * MS);
        }
    }

    /// Inside of `with_executor` it is the system's clock, for the first tick as for the others.
    #[tokio::test(start_paused = true)]
    async fn an_executor_of_ones_own_has_the_systems_clock() {
        struct Elsewhere(Chan<Runnable>);

        impl Executor for Elsewhere {
            fn schedule(&self, task: Runnable) {
                drop(self.0.try_put(task));
            }
        }

        let tasks = Chan::unbounded();
        let elsewhere: Arc<dyn Executor> = Arc::new(Elsewhere(tasks.clone()));
        std::thread::spawn(move || tasks.into_iter().for_each(Runnable::run));
        advance(HOUR).await;
        let start = Instant::now();
        let ticks = with_executor(&elsewhere, || tick_tock(5 * MS));
        for _ in 0..3 {
            let (n, time) = ticks.get_timeout(10_000 * MS).unwrap();
            assert!(time >= start + n as u32 * 5 * MS && time <= Instant::now());
        }
    }

    /// 6: a runtime that shuts down closes the channels that it fed, and says so.
    #[test]
    fn a_runtime_that_ends_closes_the_channel() {
        let tokio = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let c = {
            let _inside = tokio.enter();
            timeout(HOUR)
        };
        drop(tokio);
        assert_eq!(c.get_blocking(), None);
        assert!(c.close_reason().unwrap().to_string().contains("shut down"));
    }

    /// 8, bad input: a runtime that has no clock is an error of the call, not of a task that nobody sees.
    #[test]
    #[should_panic(expected = "timers are disabled")]
    fn a_runtime_without_timers() {
        let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _inside = tokio.enter();
        tick_tock(HOUR);
    }

    /// 2, at most one: the `timeout` arm of both selects follows the clock, to the millisecond.
    #[tokio::test(start_paused = true)]
    async fn the_timeout_arm_follows_the_clock() {
        let start = Clock::now();
        let (c, d) = (Chan::<u8>::new(), Chan::<u8>::new());
        let timed_out = select! {
            _ = c.get() => false,
            _ = d.put(1) => false,
            timeout(250 * MS) => true,
        };
        assert!(timed_out);
        assert_eq!(start.elapsed(), 250 * MS);

        let unselected = Select::new().get(&c).put(&d, 7).timeout(250 * MS).await.unwrap_err();
        assert_eq!(unselected.0, [(1, 7)]);
        assert_eq!(start.elapsed(), 500 * MS);
        assert_eq!((c.stats().parked_gets, d.stats().parked_puts), (0, 0));
    }

    /// A value that comes a moment before the time is over wins.
    #[tokio::test(start_paused = true)]
    async fn the_timeout_arm_waits_its_time() {
        let c = Chan::new();
        let out = c.clone();
        go(async move {
            sleep(249 * MS).await;
            out.put("in time").await
        });
        let got = select! {
            got = c.get() => got,
            timeout(250 * MS) => None,
        };
        assert_eq!(got, Some("in time"));
    }

    /// A timeout is one channel for any number of selects and getters.
    #[tokio::test(start_paused = true)]
    async fn one_timeout_for_many() {
        static DONE: AtomicUsize = AtomicUsize::new(0);
        let start = Clock::now();
        let stop = timeout(HOUR);
        let all: Vec<_> = (0..100)
            .map(|_| {
                let (stop, work) = (stop.clone(), Chan::<u8>::new());
                go(async move {
                    select! {
                        _ = stop.get() => DONE.fetch_add(1, Ordering::Relaxed),
                        _ = work.get() => 0,
                    }
                })
            })
            .collect();
        for task in all {
            task.await;
        }
        assert_eq!(DONE.load(Ordering::Relaxed), 100);
        assert_eq!(start.elapsed(), HOUR);
    }
}
