//! `parallel_pipe` and `parallel_pipe_unordered`. Each case says in a comment which of their rules it
//! guards, and runs on both forms where it makes sense.

mod support;

#[path = "parallel_pipe/ends.rs"]
mod ends;
#[path = "parallel_pipe/failures.rs"]
mod failures;
#[path = "parallel_pipe/flow.rs"]
mod flow;
#[path = "parallel_pipe/letters.rs"]
mod letters;

use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use aiochan::Flow;
use futures_util::Stream;

/// Nothing here takes nearly so long unless it hangs.
const FOR_EVER: Duration = Duration::from_secs(20);

/// The ordered form, and the other.
const FORMS: [bool; 2] = [true, false];

/// The pipe in one of its two forms.
macro_rules! pipe {
    ($c:expr, $ordered:expr, $n:expr, $f:expr) => {{
        let flow = $c.flow();
        let f = $crate::function_of(&flow, $f);
        match $ordered {
            true => flow.parallel_pipe($n, f),
            false => flow.parallel_pipe_unordered($n, f),
        }
    }};
}
use pipe;

/// Tells the compiler what a closure is for.
fn function_of<S: Stream, R, F: Fn(S::Item) -> R>(_flow: &Flow<S>, f: F) -> F {
    f
}

fn sorted<T: Ord>(mut values: Vec<T>) -> Vec<T> {
    values.sort();
    values
}

/// A gate that threads wait at until it is opened.
#[derive(Clone, Default)]
struct Gate(Arc<(Mutex<bool>, Condvar)>);

impl Gate {
    fn open(&self) {
        *self.0.0.lock().unwrap() = true;
        self.0.1.notify_all();
    }

    fn pass(&self) {
        let open = self.0.0.lock().unwrap();
        let (open, _) = self.0.1.wait_timeout_while(open, FOR_EVER, |open| !*open).unwrap();
        assert!(*open, "the gate was not opened");
    }
}
