//! crossbeam-channel's test of threads that end (The Crossbeam Project Developers, MIT or Apache-2.0), rewritten from
//! what it checks: a thread may use channels when its own thread-locals have gone.

use std::cell::RefCell;
use std::sync::mpsc;
use std::thread;

use aiochan::{Chan, GetTimeoutError, Select, select_blocking};

use super::SHORT;

suite! {
    own: [use_while_exiting]
}

/// Runs its function as its thread ends.
struct AtEnd(Box<dyn FnMut()>);

impl Drop for AtEnd {
    fn drop(&mut self) {
        (self.0)();
    }
}

thread_local! {
    static AT_END: RefCell<Option<AtEnd>> = const { RefCell::new(None) };
}

/// Everything that blocks, and callbacks inside of callbacks; whatever goes first, what the channels keep for the thread
/// or what uses them.
fn use_while_exiting() {
    for uses_before in [true, false] {
        let (done, is_done) = mpsc::channel();
        let thread = thread::spawn(move || {
            if uses_before {
                use_all();
            }
            AT_END.set(Some(AtEnd(Box::new(move || {
                use_all();
                done.send(()).unwrap();
            }))));
            if !uses_before {
                use_all();
            }
        });
        thread.join().unwrap();
        // A panic there would have aborted the process.
        assert_eq!(is_done.try_recv(), Ok(()));
    }
}

fn use_all() {
    let never = Chan::<u32>::new();
    assert_eq!(never.get_timeout(SHORT), Err(GetTimeoutError::Timeout));
    assert!(Select::new().get(&never).put(&never, 1).blocking_timeout(SHORT).is_err());
    let timed_out = select_blocking! {
        _ = never.get() => false,
        timeout(SHORT) => true,
    };
    assert!(timed_out);

    let c = Chan::new();
    let other = c.clone();
    let putter = thread::spawn(move || other.put_blocking(1).unwrap());
    assert_eq!(c.get_blocking(), Some(1));
    putter.join().unwrap();

    let (outer, inner, got) = (Chan::new(), Chan::new(), Chan::fixed(2));
    let out = got.clone();
    inner.get_with(move |value: Option<u32>| out.try_put(value).unwrap()).unwrap();
    let out = got.clone();
    outer
        .get_with(move |value: Option<u32>| {
            inner.try_put(2).unwrap();
            out.try_put(value).unwrap();
        })
        .unwrap();
    outer.try_put(1).unwrap();
    let mut both = [got.try_get().unwrap(), got.try_get().unwrap()];
    both.sort_unstable();
    assert_eq!(both, [Some(1), Some(2)]);
}
