//! What is told of a round that does not end: the state of its channels, so that one sees who waits.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::ledger::{self, Fate};

type View = Box<dyn Fn() -> Option<String> + Send>;

static VIEWS: Mutex<Vec<View>> = Mutex::new(Vec::new());

/// A channel whose lock somebody keeps gives no answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// Begins a round, of which nothing is known.
pub(crate) fn clear() {
    VIEWS.lock().unwrap_or_else(PoisonError::into_inner).clear();
}

/// Has `view` tell of `what`, for as long as that is there; it is not kept.
pub(crate) fn show<W: Send + Sync + 'static>(
    what: &Arc<W>,
    view: impl Fn(&W) -> String + Send + 'static,
) {
    let what = Arc::downgrade(what);
    let view = Box::new(move || what.upgrade().map(|what| view(&what)));
    VIEWS.lock().unwrap_or_else(PoisonError::into_inner).push(view);
}

/// The state of each channel of the round, a line for each. (Halves without a handle cannot be looked at.)
pub fn states() -> String {
    let (tells, told) = mpsc::channel();
    thread::spawn(move || {
        for view in &*VIEWS.lock().unwrap_or_else(PoisonError::into_inner) {
            if let Some(state) = view() {
                let _ = tells.send(state);
            }
        }
    });
    let mut lines = format!("{} values are under way", ledger::count(Fate::Under));
    loop {
        match told.recv_timeout(PATIENCE) {
            Ok(state) => lines += &format!("\n  {state}"),
            Err(RecvTimeoutError::Timeout) => return lines + "\n  the next gives no answer",
            Err(RecvTimeoutError::Disconnected) => return lines,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_there_until_it_is_dropped() {
        let chan = Arc::new(aiochan::Chan::<u32>::fixed(3));
        show(&chan, |chan| format!("{chan:?}"));
        assert!(states().contains("capacity: Some(3), closed: false"));
        drop(chan);
        assert!(!states().contains("capacity"));
    }
}
