//! The blocking driver: runs an operation's future on the calling thread, which parks while the
//! operation does.

use std::cell::Cell;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::time::Instant;

use crate::deferred::run_deferred;
use crate::sync::{self, AtomicBool, Ordering, Thread, thread_local};

/// How often a thread yields its time slice before it parks. A wake through the operating system
/// costs microseconds, an answer that is on its way comes sooner.
const YIELDS: u32 = 128;

/// Wakes a thread.
struct Parker {
    thread: Thread,
    woken: AtomicBool,
}

impl Wake for Parker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.woken.swap(true, Ordering::Release) {
            self.thread.unpark();
        }
    }
}

thread_local! {
    /// This thread's parker. It is taken out while in use, so that a blocking call inside a waker or
    /// a callback of another gets one of its own, and neither takes the other's wake.
    static PARKER: Cell<Option<Arc<Parker>>> = const { Cell::new(None) };
}

thread_local! {
    /// Whether this thread is running a task of the built-in executor.
    static IN_TASK: Cell<bool> = const { Cell::new(false) };
}

/// Runs a task, which is not to block.
pub(crate) fn in_task(run: impl FnOnce()) {
    IN_TASK.with(|in_task| in_task.set(true));
    run();
    IN_TASK.with(|in_task| in_task.set(false));
}

/// Runs `future` to its end.
pub(crate) fn block_on<F: Future>(future: Pin<&mut F>) -> F::Output {
    block_on_until(future, None).expect("there is no deadline")
}

/// Runs `future` to its end, or until `deadline`: `None`.
pub(crate) fn block_on_until<F: Future>(
    mut future: Pin<&mut F>,
    deadline: Option<Instant>,
) -> Option<F::Output> {
    let parker = PARKER.try_with(Cell::take).ok().flatten().unwrap_or_else(|| {
        Arc::new(Parker { thread: sync::current(), woken: AtomicBool::new(false) })
    });
    let waker = Waker::from(parker.clone());
    let mut cx = Context::from_waker(&waker);
    let result = loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut cx) {
            break Some(output);
        }
        if !parker.wait(deadline) {
            break None;
        }
    };
    // At the thread's end there is no place to keep it.
    let _ = PARKER.try_with(|cell| cell.set(Some(parker)));
    result
}

impl Parker {
    /// Waits for a wake; `false` if the deadline came first.
    fn wait(&self, deadline: Option<Instant>) -> bool {
        let mut yields = 0;
        // A wake that has been seen makes room for the next.
        while !self.woken.swap(false, Ordering::Acquire) {
            if run_deferred() {
                continue;
            }
            if deadline.is_none() && IN_TASK.with(Cell::get) && !std::thread::panicking() {
                panic!("a task would block the executor here; inside a task await it instead");
            }
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            match left {
                Some(left) if left.is_zero() => return false,
                _ if yields < YIELDS && !cfg!(aiochan_loom) => {
                    yields += 1;
                    sync::yield_now();
                }
                Some(left) => sync::park_timeout(left),
                None => sync::park(),
            }
        }
        true
    }
}
