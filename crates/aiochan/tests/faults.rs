//! Faults in user code, and of the machine, where no other file has them: what wakers, values, functions and
//! iterators do when they are cloned and dropped, executors that panic, threads that cannot be started,
//! sizes beyond all memory. For the rules see `behaviour.rs`.
//!
//! What would abort the process if it went wrong runs in a process of its own.
#![allow(missing_docs, reason = "these are tests")]

#[path = "support/mod.rs"]
mod support;
#[allow(dead_code)]
#[path = "behaviour/task.rs"]
mod task;
#[allow(dead_code)]
#[path = "behaviour/watch.rs"]
mod watch;

#[path = "faults/drops.rs"]
mod drops;
#[path = "faults/drops_at_once.rs"]
mod drops_at_once;
#[path = "faults/executors.rs"]
mod executors;
#[path = "faults/panics_after.rs"]
mod panics_after;
#[path = "faults/sizes.rs"]
mod sizes;
#[path = "faults/stages.rs"]
mod stages;
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
#[path = "faults/threads.rs"]
mod threads;
#[path = "faults/turns.rs"]
mod turns;
#[path = "faults/wakers.rs"]
mod wakers;

use std::env;
use std::mem::{self, forget};
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

use aiochan::{Chan, GetTimeoutError, Panicked};

/// Nothing here takes nearly so long unless it hangs.
const FOR_EVER: Duration = Duration::from_secs(20);

/// A value whose `Drop` panics, and so does that of its clones.
#[derive(Clone, Debug, PartialEq)]
struct Evil(u32);

/// The numbers of those that were dropped, of all tests of the process.
static DROPPED: Mutex<Vec<u32>> = Mutex::new(Vec::new());

impl Drop for Evil {
    fn drop(&mut self) {
        DROPPED.lock().unwrap().push(self.0);
        panic!("an evil drop");
    }
}

/// Which [`Evil`]s have been dropped since this was asked last, sorted; for a process of one's own.
fn dropped() -> Vec<u32> {
    let mut dropped = mem::take(&mut *DROPPED.lock().unwrap());
    dropped.sort_unstable();
    dropped
}

/// What the panic said with which `c` was closed; what was put before is left in peace.
#[track_caller]
fn panicked<T>(c: &Chan<T>) -> String {
    loop {
        match c.get_timeout(FOR_EVER) {
            Ok(value) => forget(value),
            Err(GetTimeoutError::Closed) => break,
            Err(GetTimeoutError::Timeout) => panic!("it hangs"),
        }
    }
    let reason = c.close_reason().expect("it was closed with a reason");
    reason.downcast_ref::<Panicked>().expect("the reason is a panic").message().to_string()
}

#[track_caller]
fn assert_idle<T>(c: &Chan<T>) {
    let stats = c.stats();
    assert_eq!((stats.parked_puts, stats.parked_gets, stats.queued, stats.len), (0, 0, 0, 0));
}

/// Runs a test in a process of its own, with one thread, started by a shell that first does `setup`. It must
/// end well.
#[track_caller]
fn in_own_process_after(setup: &str, test: &'static str, case: impl FnOnce()) {
    const INSIDE: &str = "AIOCHAN_FAULTS_INSIDE";
    if env::var_os(INSIDE).is_some() {
        return case();
    }
    let this = env::current_exe().unwrap();
    let mut process = match setup {
        "" => Command::new(this),
        setup => {
            let mut shell = Command::new("sh");
            shell.arg("-c").arg(format!("{setup}; exec \"$0\" \"$@\"")).arg(this);
            shell
        }
    };
    process.args([test, "--exact", "--include-ignored", "--nocapture", "--test-threads=1"]);
    process.env(INSIDE, "1").env("RUST_BACKTRACE", "0");
    // Watched from here: there may be no thread for that inside.
    let mut output = None;
    watch::watched(test, || output = process.output().ok());
    let output = output.expect("it can be started");
    let (out, err) = (&output.stdout, String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {err}", output.status);
    assert!(String::from_utf8_lossy(out).contains("1 passed"), "there is no test {test}");
}

/// Runs a test in a process of its own.
#[track_caller]
fn in_own_process(test: &'static str, case: impl FnOnce()) {
    in_own_process_after("", test, case);
}
