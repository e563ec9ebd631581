//! Threads that cannot be started. Where none can be, each is to have a stack that fits into no address
//! space; where some can, the address space is limited to a few such stacks. (The number of processes cannot
//! be limited for root.)

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use aiochan::{
    Chan, Executor, GetTimeoutError, Runnable, from_blocking_iter, from_range, go, run,
    run_in_thread, select_blocking, tick_tock, timeout, with_executor,
};

use crate::support::{drain, reason};
use crate::task::panics;
use crate::{in_own_process_after, panicked};

const NO_THREADS: &str = "export RUST_MIN_STACK=140737488355328";
const FEW_THREADS: &str = "ulimit -v 3500000; export RUST_MIN_STACK=1073741824";
const MS: Duration = Duration::from_millis(1);

/// What `f` panics with says that a thread could not be started.
#[track_caller]
fn refused<R>(f: impl FnOnce() -> R) {
    let message = panics(f);
    assert!(
        message.contains("cannot start a thread") || message.contains("failed to spawn thread"),
        "{message}"
    );
}

/// The channel was closed, with the reason that there must be.
#[track_caller]
fn ended<T: Debug + PartialEq>(c: &Chan<T>) {
    assert_eq!(drain(c), []);
    reason(c);
}

/// Rules 6 and 8: `parallel_pipe` refuses, tells its output, and leaves the input.
#[test]
fn a_parallel_pipe_without_threads() {
    in_own_process_after(NO_THREADS, "threads::a_parallel_pipe_without_threads", || {
        for ordered in [true, false] {
            let (source, out) = (Chan::fixed(1), Chan::new());
            source.try_put(1).unwrap();
            refused(|| match ordered {
                true => source.parallel_pipe(2, |n| n).into_chan(&out),
                false => source.parallel_pipe_unordered(2, |n| n).into_chan(&out),
            });
            ended(&out);
            assert!(out.close_reason().unwrap().is::<std::io::Error>());
            assert_eq!(source.try_get(), Ok(1));
        }
    });
}

/// Rule 6: with some of the threads it goes on.
#[test]
fn a_parallel_pipe_with_few_threads() {
    in_own_process_after(FEW_THREADS, "threads::a_parallel_pipe_with_few_threads", || {
        let c = from_range(0..1000).parallel_pipe(64, |n| n).chan();
        assert!(drain(&c).into_iter().eq(0..1000));
        assert!(c.close_reason().is_none());
    });
}

/// Rules 1 and 8: the call panics, and nothing is taken from the channel.
#[test]
fn bridges_without_threads() {
    in_own_process_after(NO_THREADS, "threads::bridges_without_threads", || {
        let c = from_range(0..3);
        refused(|| c.to_queue(|_| Ok::<(), ()>(())));
        assert_eq!(c.try_get(), Ok(0));
        refused(|| from_blocking_iter(0..3, 1));
        refused(|| run_in_thread(async {}));
    });
}

/// Rules 6 and 8: the built-in executor refuses each time anew, and every worker's output is told.
#[test]
fn an_executor_without_threads() {
    in_own_process_after(NO_THREADS, "threads::an_executor_without_threads", || {
        refused(|| go(async {}));
        refused(|| go(async {}));
        let outs: [Chan<u32>; 5] = [(); 5].map(|()| Chan::new());
        let source = from_range(0..);
        refused(|| source.map(|n| n).into_chan(&outs[0]));
        refused(|| source.async_pipe(2, async |n| n).into_chan(&outs[1]));
        refused(|| source.async_pipe_unordered(2, async |n| n).into_chan(&Chan::new()));
        refused(|| source.async_apply(|_, _| async {}).into_chan(&outs[2]));
        refused(|| source.distribute([&outs[3], &outs[4]]));
        outs.iter().for_each(ended);
        for _ in 0..2 {
            refused(|| source.map(|n| n).chan());
            refused(|| timeout(MS));
            refused(|| tick_tock(MS));
        }
        for _ in 0..2 {
            let (tapped, subscribed) = (Chan::new(), Chan::new());
            refused(|| source.dup().tap_into(&tapped));
            refused(|| source.publish(|n| *n).sub_into(1, &subscribed));
            [tapped, subscribed].iter().for_each(ended);
        }
        assert_eq!(source.try_get(), Ok(0));
        // What runs on the threads that there are works.
        assert_eq!(run(source.take(2).collect()), [1, 2]);
        let never = Chan::<u32>::new();
        assert_eq!(never.get_timeout(MS), Err(GetTimeoutError::Timeout));
        let timed_out = select_blocking! {
            _ = never.get() => false,
            timeout(MS) => true,
        };
        assert!(timed_out);
    });
}

/// Tasks to be run by hand.
struct Tasks(Chan<Runnable>);

impl Executor for Tasks {
    fn schedule(&self, task: Runnable) {
        self.0.try_put(task).unwrap();
    }
}

/// Rule 6: without the thread that all timers share a clock ends with a cause.
#[test]
fn clocks_without_threads() {
    in_own_process_after(NO_THREADS, "threads::clocks_without_threads", || {
        let tasks = Chan::unbounded();
        let executor: Arc<dyn Executor> = Arc::new(Tasks(tasks.clone()));
        let (end, ticks) = with_executor(&executor, || (timeout(MS), tick_tock(MS)));
        while let Ok(task) = tasks.try_get() {
            task.run();
        }
        panicked(&end);
        panicked(&ticks);
        assert_eq!(panics(|| run(async_timeout())), "timer has gone away");
    });
}

/// A select that waits for time to pass.
async fn async_timeout() -> bool {
    let never = Chan::<u32>::new();
    aiochan::select! {
        _ = never.get() => false,
        timeout(MS) => true,
    }
}
