//! What keeps a case that hangs from hanging for ever, and waits for other threads without sleeping.

use std::env;
use std::process::Command;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long a case may take: far longer than any does.
const CASE: Duration = Duration::from_secs(60 * SLOWNESS);

/// How long another thread may take to get to where it is expected.
const STATE: Duration = Duration::from_secs(10 * SLOWNESS);

/// Miri interprets.
const SLOWNESS: u64 = if cfg!(miri) { 100 } else { 1 };

/// Runs a case. If it hangs the process is aborted with the case's name.
pub(crate) fn watched(name: &'static str, case: impl FnOnce()) {
    let (running, over) = channel::<()>();
    thread::spawn(move || {
        if over.recv_timeout(CASE) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{name} has hung");
            std::process::abort();
        }
    });
    case();
    drop(running);
}

/// Runs a case in a process of its own, since what it tries would abort the process if it went wrong.
pub(crate) fn in_own_process(test: &str, case: impl FnOnce()) {
    const INSIDE: &str = "AIOCHAN_BEHAVIOUR_INSIDE";
    if env::var_os(INSIDE).is_some() {
        return case();
    }
    let mut process = Command::new(env::current_exe().unwrap());
    let output = process.args([test, "--exact", "--nocapture"]).env(INSIDE, "1").output().unwrap();
    let (out, err) = (&output.stdout, String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {err}", output.status);
    assert!(String::from_utf8_lossy(out).contains("1 passed"), "there is no test {test}");
}

/// Waits, yielding, for something that another thread is about to do.
#[track_caller]
pub(crate) fn wait_until(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < STATE, "{what}: not so after {STATE:?}");
        thread::yield_now();
    }
}
