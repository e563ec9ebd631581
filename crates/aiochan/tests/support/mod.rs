//! What the tests of flows and pipes share.
#![allow(dead_code, reason = "each test file uses some of it")]

use std::sync::{Arc, Barrier};
use std::thread::available_parallelism;
use std::time::{Duration, Instant};

use aiochan::{Chan, GetTimeoutError, Receiver, Sender, go, run};

/// Nothing here takes nearly so long unless it hangs.
const FOR_EVER: Duration = Duration::from_secs(20);

/// Something to be captured by what must be dropped, and a watch on it.
pub(crate) fn guard() -> (Sender<()>, Watch) {
    let (guard, gone) = Chan::new().split();
    (guard, Watch(gone))
}

/// Tells when all clones of its guard have been dropped.
pub(crate) struct Watch(Receiver<()>);

impl Watch {
    #[track_caller]
    pub(crate) fn wait_until_gone(&self) {
        let end = self.0.get_timeout(FOR_EVER);
        assert_eq!(end, Err(GetTimeoutError::Closed), "the guard is still alive");
    }
}

/// All values of a channel, which must end.
#[track_caller]
pub(crate) fn drain<T>(c: &Chan<T>) -> Vec<T> {
    let mut values = Vec::new();
    loop {
        match c.get_timeout(FOR_EVER) {
            Ok(value) => values.push(value),
            Err(GetTimeoutError::Closed) => return values,
            Err(GetTimeoutError::Timeout) => panic!("it hangs after {} values", values.len()),
        }
    }
}

/// The next value of a channel, which must come.
#[track_caller]
pub(crate) fn next<T>(c: &Chan<T>) -> T {
    c.get_timeout(FOR_EVER).expect("a value comes")
}

/// Why the channel was closed.
#[track_caller]
pub(crate) fn reason<T>(c: &Chan<T>) -> String {
    c.close_reason().expect("it was closed with a reason").to_string()
}

/// Runs a case inside each runtime: the built-in executor, tokio with one thread and with several. The
/// case blocks a thread that is not needed by the runtime.
pub(crate) fn everywhere(case: impl Fn() + Sync) {
    case();
    #[cfg(feature = "tokio")]
    {
        let several = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let inside = several.enter();
        case();
        drop(inside);
        let one = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let (done, end) = Chan::<()>::new().split();
        std::thread::scope(|scope| {
            let handle = one.handle().clone();
            let case = &case;
            scope.spawn(move || {
                let _inside = handle.enter();
                let _done = done;
                case();
            });
            one.block_on(async { end.get().await });
        });
    }
}

/// Waits for what another thread is about to do.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut holds: impl FnMut() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < FOR_EVER, "it does not happen that {what}");
        std::thread::yield_now();
    }
}

/// All threads of the built-in executor are there, and free.
pub(crate) fn the_executor_is_well() {
    let threads = available_parallelism().map_or(2, |n| n.get().max(2));
    let all_there = Arc::new(Barrier::new(threads));
    let tasks: Vec<_> = (0..threads)
        .map(|_| {
            let all_there = all_there.clone();
            go(async move { all_there.wait().is_leader() })
        })
        .collect();
    assert_eq!(tasks.into_iter().map(run).filter(|leader| *leader).count(), 1);
}
