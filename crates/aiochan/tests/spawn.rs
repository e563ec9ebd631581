//! Tasks of the built-in executor against what user code may do in them. Each case says which rule of the
//! contract it guards (see `behaviour.rs`).

#[allow(dead_code)]
#[path = "behaviour/watch.rs"]
mod watch;

#[path = "support/mod.rs"]
mod support;

use std::future::{Future, pending, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use aiochan::{
    Chan, Executor, Runnable, Task, from_range, go, nop, run, run_in_thread, select_blocking,
    timeout, with_executor,
};
use support::the_executor_is_well;
use watch::{in_own_process, wait_until, watched};

/// Its `Drop` panics, once it has said so.
struct Bomb(Arc<AtomicBool>);

impl Bomb {
    fn new() -> (Self, impl Fn() -> bool) {
        let dropped = Arc::new(AtomicBool::new(false));
        (Self(dropped.clone()), move || dropped.load(Ordering::SeqCst))
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
        panic!("it cannot be dropped");
    }
}

/// What the panic of `f` says.
#[track_caller]
fn panics<R>(f: impl FnOnce() -> R) -> String {
    let panic = catch_unwind(AssertUnwindSafe(f)).err().expect("it was to panic");
    let text = panic.downcast_ref::<&str>().map(|text| text.to_string());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default()
}

/// 5, user code may panic: a future that is dropped because its task is cancelled, before and after its
/// first poll.
#[test]
fn a_cancelled_future_that_cannot_be_dropped() {
    in_own_process("a_cancelled_future_that_cannot_be_dropped", || {
        for waits in [true, false] {
            let (bomb, dropped) = Bomb::new();
            let started = Chan::fixed(1);
            let task = go({
                let started = started.clone();
                async move {
                    let _bomb = bomb;
                    started.put(()).await.unwrap();
                    pending::<()>().await;
                }
            });
            if waits {
                started.get_blocking().unwrap();
            }
            task.cancel();
            wait_until("it is dropped", dropped);
        }
        the_executor_is_well();
    });
}

/// 5: the result of a task whose handle is gone, before and after the task's end.
#[test]
fn a_result_that_cannot_be_dropped() {
    in_own_process("a_result_that_cannot_be_dropped", || {
        let (bomb, dropped) = Bomb::new();
        drop(go(async move {
            nop().await;
            bomb
        }));
        wait_until("it is dropped", dropped);
        let (bomb, dropped) = Bomb::new();
        let task = go(async move { bomb });
        wait_until("it has ended", || task.is_finished());
        drop(task);
        wait_until("it is dropped", dropped);
        the_executor_is_well();
    });
}

/// 5: a panic that panics.
#[test]
fn a_panic_that_cannot_be_dropped() {
    in_own_process("a_panic_that_cannot_be_dropped", || {
        let (bomb, dropped) = Bomb::new();
        drop(go(async move {
            nop().await;
            panic_any(bomb);
        }));
        wait_until("it is dropped", dropped);
        the_executor_is_well();
    });
}

/// 5: who awaits a task.
#[test]
fn a_waker_that_panics() {
    struct Evil(AtomicBool);
    impl Wake for Evil {
        fn wake(self: Arc<Self>) {
            self.0.store(true, Ordering::SeqCst);
            panic!("an evil waker");
        }
    }

    in_own_process("a_waker_that_panics", || {
        let (gate, evil) = (Chan::new(), Arc::new(Evil(AtomicBool::new(false))));
        let other_side = gate.clone();
        let mut task: Task<Option<u32>> = go(async move { other_side.get().await });
        let waker = Waker::from(evil.clone());
        let polled = Pin::new(&mut task).poll(&mut Context::from_waker(&waker));
        assert!(polled.is_pending());
        gate.put_blocking(1).unwrap();
        wait_until("it is woken", || evil.0.load(Ordering::SeqCst));
        assert_eq!(run(task), Some(1));
        the_executor_is_well();
    });
}

/// 5: the error reaches whoever awaits the task, also when it comes at the very end.
#[test]
fn a_panic_goes_on_in_who_awaits_the_task() {
    assert_eq!(panics(|| run(go(async { panic!("in the task") }))), "in the task");
    let (bomb, _) = Bomb::new();
    let task = go(poll_fn(move |_| {
        let _ = &bomb;
        Poll::Ready(())
    }));
    assert_eq!(panics(|| run(task)), "it cannot be dropped");
}

/// 6, no hang: what would block a thread of the executor for ever says so.
#[test]
fn blocking_inside_a_task_is_refused() {
    let c: Chan<u32> = Chan::new();
    let blocking: [fn(&Chan<u32>); 6] = [
        |c| _ = c.get_blocking(),
        |c| _ = c.put_blocking(1),
        |c| _ = c.iter().next(),
        |c| c.join_blocking(),
        |c| {
            select_blocking! { _ = c.get() => {} }
        },
        |_| run(go(pending())),
    ];
    for block in blocking {
        let c = c.clone();
        let message = panics(|| run(go(async move { block(&c) })));
        assert!(message.contains("await it instead"), "{message}");
    }
    assert_eq!((c.stats().parked_gets, c.stats().parked_puts), (0, 0));
    the_executor_is_well();
}

/// What need not wait is none of its business, nor are other threads.
#[test]
fn blocking_verbs_that_need_not_block() {
    let task = go(async {
        let c = Chan::fixed(1);
        c.put_blocking(1).unwrap();
        let sum: u32 = from_range(0..4).iter().sum();
        c.get_blocking().unwrap() + sum + run(async { 1 })
    });
    assert_eq!(run(task), 8);
    let (c, out) = (Chan::new(), Chan::new());
    let values = c.clone();
    let thread = run(go(async move { values.to_queue(move |n| out.put_blocking(n)) }));
    c.close();
    assert_eq!(thread.join().unwrap(), Ok::<(), aiochan::PutError<u32>>(()));
}

/// Hands over its tasks.
struct Queue(Chan<Runnable>);

impl Executor for Queue {
    fn schedule(&self, task: Runnable) {
        drop(self.0.try_put(task));
    }
}

fn queue() -> (Arc<dyn Executor>, Chan<Runnable>) {
    let tasks = Chan::unbounded();
    (Arc::new(Queue(tasks.clone())), tasks)
}

/// 5: a task that panics does not disturb who runs it. 6: one that is never run says so.
#[test]
fn tasks_of_an_executor_of_ones_own() {
    let (executor, tasks) = queue();
    let task = with_executor(&executor, || go(async { panic!("in the task") }));
    tasks.try_get().unwrap().run();
    assert_eq!(panics(|| run(task)), "in the task");

    let task = with_executor(&executor, || go(pending::<()>()));
    drop(tasks.try_get());
    assert_eq!(panics(|| run(task)), "the runtime was shut down before the task had ended");
}

/// 5: where little is left of a thread, tasks and stages can be started still.
#[test]
fn starting_as_a_thread_ends() {
    struct Late;
    static STARTED: AtomicBool = AtomicBool::new(false);

    impl Drop for Late {
        fn drop(&mut self) {
            let starts: [fn(); 4] = [
                || drop(go(async {})),
                || drop(Chan::<u8>::new().dup().tap()),
                || drop(Chan::<u8>::new().map(|n| n).chan()),
                || with_executor(&queue().0, || ()),
            ];
            let all = starts.map(|start| catch_unwind(start).is_ok());
            STARTED.store(all == [true; 4], Ordering::SeqCst);
        }
    }

    thread_local!(static LATE: Late = const { Late });
    let first_of_all = || LATE.with(|_| run(go(async {})));
    thread::spawn(first_of_all).join().unwrap();
    assert!(STARTED.load(Ordering::SeqCst));
}

/// 6, no hang: a thread of its own needs nothing of a runtime whose only thread waits for it.
#[test]
fn a_thread_beside_a_runtime_of_one_thread() {
    watched("a_thread_beside_a_runtime_of_one_thread", || {
        let tokio = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let name = tokio.block_on(async {
            let thread = run_in_thread(async {
                timeout(Duration::from_millis(1)).get().await;
                go(async {}).await;
                thread::current().name().map(str::to_owned)
            });
            thread.join().unwrap()
        });
        assert_eq!(name.as_deref(), Some("aiochan-run"));
    });
}
