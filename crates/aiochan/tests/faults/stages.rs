//! Panics inside stages: the functions and comparisons that `stages.rs` does not reach, inputs, consumers,
//! dead letters, time.

use std::future::ready;
use std::hash::Hash;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use aiochan::{Chan, after, combine_latest, from_range, merge, run, tick_tock, timeout, zip_chans};
use futures_util::StreamExt;

use crate::panicked;
use crate::support::{drain, everywhere, next};
use crate::task::{panics, poll_with};

/// Whatever of it is used panics, if it is a bad one.
#[derive(Debug)]
struct Touchy {
    n: u32,
    bad: &'static str,
}

impl Touchy {
    fn use_it(&self, how: &str) {
        assert!(self.bad != how, "{how} has failed");
    }
}

impl Clone for Touchy {
    fn clone(&self) -> Self {
        self.use_it("clone");
        Self { ..*self }
    }
}

impl PartialEq for Touchy {
    fn eq(&self, other: &Self) -> bool {
        self.use_it("eq");
        self.n == other.n
    }
}

impl Eq for Touchy {}

impl Hash for Touchy {
    fn hash<H: std::hash::Hasher>(&self, hasher: &mut H) {
        self.n.hash(hasher);
    }
}

fn touchy(bad: &'static str) -> impl Fn(u32) -> Touchy + Clone + Send + 'static {
    move |n| Touchy { n, bad }
}

/// Rule 6: the output ends with the cause, and the input is not read on.
#[test]
fn comparisons_and_clones_in_operators() {
    everywhere(|| {
        let source = from_range(0..);
        let eq = touchy("eq");
        let keys = source.group_by(move |n| eq(*n)).map(|(key, _)| key.n).chan();
        assert_eq!(panicked(&keys), "eq has failed");
        assert_eq!(next(&source), 2);
        assert_eq!(panicked(&source.map(touchy("eq")).distinct().chan()), "eq has failed");
        assert_eq!(panicked(&source.map(touchy("clone")).distinct().chan()), "clone has failed");
        let clone = touchy("clone");
        assert_eq!(panicked(&source.map(clone.clone()).scan(|_, n| n).chan()), "clone has failed");
        let scan = source.scan_from(touchy("")(0), move |_, n| clone(n)).chan();
        assert_eq!(panicked(&scan), "clone has failed");
        assert_eq!(next(&source), 8);
    });
}

/// Rule 8: it is cloned at the call already.
#[test]
fn what_a_scan_begins_with_cannot_be_cloned() {
    let c = from_range(0..);
    assert_eq!(panics(|| c.scan_from(touchy("clone")(0), |so_far, _| so_far)), "clone has failed");
    assert_eq!(c.try_get(), Ok(0));
}

/// Rule 6: the functions of `reduce` and `scan` themselves.
#[test]
fn functions_that_gather() {
    everywhere(|| {
        let f = |a: u32, b: u32| (assert!(b < 3, "no {b}"), a + b).1;
        let source = from_range(0..);
        assert_eq!(panicked(&source.reduce(f).chan()), "no 3");
        assert_eq!(next(&source), 4);
        let sums = from_range(0..).scan(f).chan();
        assert_eq!((drain(&sums), panicked(&sums).as_str()), (vec![0, 1, 3], "no 3"));
    });
}

/// Rule 5: without a worker the panic is the caller's, and nothing more is taken.
#[test]
fn a_flow_that_is_polled_by_hand() {
    let c = from_range(0..);
    let mut flow = Box::pin(c.map(|n| (assert!(n != 1, "no one"), n).1));
    assert_eq!(run(flow.next()), Some(0));
    assert_eq!(panics(|| run(flow.next())), "no one");
    drop(flow);
    assert_eq!(panics(|| run(c.map(|n| assert!(n != 2, "no two")).collect())), "no two");
    assert_eq!(panics(|| run(c.flow().for_each(|n| assert!(n != 4, "no four")))), "no four");
    assert_eq!(c.try_get(), Ok(5));
}

/// An input that panics at its second item.
fn bad_input() -> Chan<u32> {
    Chan::from_iter((0..3).inspect(|n| assert!(*n != 1, "a bad input")))
}

/// Rule 6: whoever reads from it ends, with the cause.
#[test]
fn an_input_that_panics() {
    everywhere(|| {
        let good = || from_range(10..12);
        let distributed = Chan::fixed(1);
        bad_input().distribute([&distributed]);
        let topics = bad_input().publish(|_| ());
        let [tapped, other_tap] = bad_input().dup().taps();
        drop(other_tap);
        let outs = [
            merge([bad_input(), good()]).chan(),
            zip_chans([bad_input(), good()]).map(|_| 0).chan(),
            combine_latest([good(), bad_input()]).map(|_| 0).chan(),
            bad_input().async_pipe(2, ready).chan(),
            bad_input().async_pipe_unordered(2, ready).chan(),
            bad_input().parallel_pipe(2, |n| n).chan(),
            bad_input().parallel_pipe_unordered(2, |n| n).chan(),
            bad_input().async_apply(pass).chan(),
            distributed,
            topics.sub(()),
            tapped,
        ];
        for out in &outs {
            assert_eq!(panicked(out), "a bad input");
        }
    });
    let thread = bad_input().to_queue(|_| Ok::<_, ()>(())).join();
    assert!(thread.is_err_and(|panic| *panic.downcast::<&str>().unwrap() == "a bad input"));
}

async fn pass(inp: Chan<u32>, out: aiochan::Feed<u32>) {
    while let Some(n) = inp.get().await
        && out.put(n).await.is_ok()
    {}
}

/// Is ready at once; the `Drop` of the second panics.
struct Ready(u32);

impl Future for Ready {
    type Output = u32;

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<u32> {
        Poll::Ready(self.0)
    }
}

impl Drop for Ready {
    fn drop(&mut self) {
        assert!(self.0 != 1, "a future's drop");
    }
}

/// Rule 6: a future that is done with is a failure if its `Drop` panics, at its first poll or later.
#[test]
fn a_future_whose_drop_panics_when_it_is_ready() {
    everywhere(|| {
        let stopped = from_range(0..3).async_pipe(2, Ready).chan();
        assert_eq!((drain(&stopped), panicked(&stopped).as_str()), (vec![0], "a future's drop"));
        assert_eq!(drain(&from_range(0..3).async_pipe(2, Ready).skip_failures().chan()), [0, 2]);
        let later = |n| {
            let ready = Ready(n);
            async move {
                aiochan::nop().await;
                ready.await
            }
        };
        let c = from_range(0..3).async_pipe_unordered(2, later).skip_failures().chan();
        let mut got = drain(&c);
        got.sort();
        assert_eq!(got, [0, 2]);
    });
}

/// Rule 6: futures that compute run as tasks of their own; their panics are failures all the same.
#[test]
fn a_future_that_panics_in_a_task_of_its_own() {
    let f = |n: u32| async move {
        let start = Instant::now();
        while start.elapsed() < Duration::from_micros(200) {}
        assert!(!n.is_multiple_of(3), "no {n}");
        n
    };
    everywhere(|| {
        let c = from_range(1..20).async_pipe(3, f).skip_failures().chan();
        assert!(drain(&c).into_iter().eq((1..20).filter(|n| n % 3 != 0)));
        let c = from_range(1..20).async_pipe(3, f).chan();
        assert_eq!((drain(&c), panicked(&c).as_str()), (vec![1, 2], "no 3"));
    });
}

/// Rule 6: whoever gets a letter panics over it, which is a failure that was not dealt with.
#[test]
fn a_reader_of_dead_letters_that_panics() {
    for threads in [false, true] {
        let (letters, failed) = Chan::unbounded().split();
        failed.chan().get_with(|_| panic!("an evil reader")).unwrap();
        let source = from_range(0..3);
        let c = match threads {
            false => source
                .async_pipe(1, async |n| assert!(n != 1, "no one"))
                .dead_letters(letters)
                .chan(),
            true => {
                source.parallel_pipe(1, |n| assert!(n != 1, "no one")).dead_letters(letters).chan()
            }
        };
        assert_eq!((drain(&c), panicked(&c).as_str()), (vec![()], "an evil reader"));
        assert!(drain(failed.chan()).is_empty());
    }
}

/// Rule 6: topics are compared by the worker.
#[test]
fn topics_that_cannot_be_compared() {
    let (source, topic) = (Chan::fixed(1), touchy("eq"));
    let topics = source.publish(move |n| topic(*n));
    let out = topics.sub(touchy("")(1));
    source.try_put(1).unwrap();
    assert_eq!(panicked(&out), "eq has failed");
}

/// A clock whose consumer panics.
fn awaited_evilly<T: Send + 'static>(
    clock: impl Fn() -> Chan<T>,
    message: &'static str,
) -> Chan<T> {
    loop {
        let c = clock();
        // Again if it had struck before anybody could wait for it.
        let call = || c.get_with(move |_| panic!("{message}"));
        if catch_unwind(AssertUnwindSafe(call)).is_ok() {
            return c;
        }
    }
}

/// Rules 5 and 6: whoever panics over a tick ends that clock, and no other.
#[test]
fn consumers_of_time_that_panic() {
    const MS: Duration = Duration::from_millis(1);
    let ticks = awaited_evilly(|| tick_tock(MS), "an evil tick");
    let once = awaited_evilly(|| after(MS), "an evil moment");
    let end = awaited_evilly(|| timeout(MS), "an evil end");
    run(ticks.closed());
    run(once.closed());
    assert_eq!(
        (panicked(&ticks), panicked(&once)),
        ("an evil tick".into(), "an evil moment".into())
    );
    run(end.closed());
    assert!(end.close_reason().is_none());
    crate::support::the_executor_is_well();
    timeout(MS).join_blocking();
}

/// Rule 1: a put whose consumer panics has been made, wherever it comes from: the stage's value is not lost
/// to others.
#[test]
fn a_consumer_of_a_stage_that_panics() {
    let source = Chan::fixed(2);
    source.add([1, 2]).unwrap();
    let out = Chan::new();
    out.get_with(|_| panic!("an evil consumer")).unwrap();
    source.map(|n| n).into_chan(&out);
    assert_eq!(panicked(&out), "an evil consumer");
    assert_eq!(source.try_get(), Ok(2));

    let mut put = Box::pin(source.put(3));
    assert!(poll_with(put.as_mut(), Waker::noop()).is_ready());
}
