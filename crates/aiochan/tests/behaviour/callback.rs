//! Callbacks: called exactly once, outside any lock, and with no stack used up by feeding each other.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use aiochan::{Chan, PutError};

use crate::driver::{Await, Blocking, Driver, Op, assert_idle};
use crate::task::panics;
use crate::watch::in_own_process;

corpus! {
    all: [
        a_callback_may_be_answered_by_any_driver,
    ]
    alone: [
        a_hundred_thousand_gets_from_inside_each_other,
        a_hundred_thousand_puts_from_inside_each_other,
        two_channels_that_feed_each_other_use_no_stack,
        a_callback_is_called_before_its_call_returns_if_it_can_be,
        a_callback_inside_a_callback_runs_after_it,
        a_callback_may_block_for_one_that_was_put_off,
        the_last_handle_answers_what_is_queued,
        the_last_handle_may_go_inside_a_callback,
        the_last_handle_may_go_as_its_thread_ends,
        added_values_go_with_the_last_handle,
        a_callbacks_captures_are_dropped_once_it_was_called,
        a_panic_reaches_the_call_that_completed_it,
        a_panic_in_a_nested_callback_stops_no_other,
        a_callback_that_panics_at_once_panics_its_own_call,
    ]
}

/// Notes what it is called with.
struct Log<T>(Arc<Mutex<Vec<T>>>);

impl<T> Log<T> {
    fn new() -> Self {
        Self(Arc::default())
    }
    fn note(&self) -> impl Fn(T) + Send + 'static
    where
        T: Send + 'static,
    {
        let log = self.0.clone();
        move |entry| log.lock().unwrap().push(entry)
    }
    fn take(&self) -> Vec<T> {
        std::mem::take(&mut self.0.lock().unwrap())
    }
}

/// Runs `f` on a thread with a small stack: 100,000 frames of any kind do not fit.
fn on_small_stack(f: impl FnOnce() + Send + 'static) {
    thread::Builder::new().stack_size(256 * 1024).spawn(f).unwrap().join().unwrap();
}

const DEEP: usize = 100_000;

/// Rule 3: callbacks stand in line with everybody else.
fn a_callback_may_be_answered_by_any_driver<D: Driver>() {
    let c = Chan::new();
    let log = Log::new();
    for _ in 0..3 {
        c.get_with(log.note()).unwrap();
    }
    for n in 0..3 {
        assert_eq!(D::put(&c, n).finish(), Ok(()));
    }
    assert_eq!(log.take(), [Some(0), Some(1), Some(2)]);
    let done = Log::new();
    for n in 3..6 {
        c.put_with(n, done.note()).unwrap();
    }
    for n in 3..6 {
        assert_eq!(D::get(&c).finish(), Some(n));
    }
    assert_eq!(done.take(), [Ok(()); 3]);
    assert_idle(&c);
}

fn get_all(c: &Chan<usize>, got: &Arc<AtomicUsize>) {
    let (own, count) = (c.clone(), got.clone());
    c.get_with(move |value| {
        if let Some(value) = value {
            assert_eq!(count.fetch_add(1, Ordering::SeqCst), value);
            get_all(&own, &count);
        }
    })
    .unwrap();
}

/// Rule 5: user code may re-enter the channel, however deep.
fn a_hundred_thousand_gets_from_inside_each_other() {
    on_small_stack(|| {
        let got = Arc::new(AtomicUsize::new(0));
        // All there: each get completes at once.
        let c = Chan::unbounded();
        c.add(0..DEEP).unwrap();
        get_all(&c, &got);
        assert_eq!(got.swap(0, Ordering::SeqCst), DEEP);
        // One after the other: each get is completed by a put.
        for n in 0..DEEP {
            c.try_put(n).unwrap();
        }
        assert_eq!(got.load(Ordering::SeqCst), DEEP);
        c.close();
        assert_idle(&c);
    });
}

fn put_all(c: &Chan<usize>, n: usize) {
    let own = c.clone();
    c.put_with(n, move |result| {
        if result.is_ok() && n + 1 < DEEP {
            put_all(&own, n + 1);
        }
    })
    .unwrap();
}

/// Rule 5.
fn a_hundred_thousand_puts_from_inside_each_other() {
    on_small_stack(|| {
        let c = Chan::unbounded();
        put_all(&c, 0);
        assert_eq!(c.len(), DEEP);
        let c = Chan::new();
        put_all(&c, 0);
        let got = Arc::new(AtomicUsize::new(0));
        get_all(&c, &got);
        assert_eq!(got.load(Ordering::SeqCst), DEEP);
        c.close();
    });
}

/// Rule 5: a ring of callbacks over two channels.
fn two_channels_that_feed_each_other_use_no_stack() {
    fn pass(from: &Chan<usize>, to: &Chan<usize>) {
        let (from_again, to_again) = (from.clone(), to.clone());
        from.get_with(move |value| {
            let Some(value) = value else { return };
            pass(&from_again, &to_again);
            if value < DEEP {
                to_again.put_with(value + 1, |_| ()).unwrap();
            } else {
                from_again.close();
                to_again.close();
            }
        })
        .unwrap();
    }
    on_small_stack(|| {
        let (a, b) = (Chan::new(), Chan::new());
        pass(&a, &b);
        pass(&b, &a);
        a.try_put(0).unwrap();
        assert!(a.is_closed() && b.is_closed());
        assert_eq!(a.stats().delivered() + b.stats().delivered(), DEEP as u64 + 1);
    });
}

fn a_callback_is_called_before_its_call_returns_if_it_can_be() {
    let c = Chan::fixed(1);
    let log = Log::new();
    let done = Log::new();
    c.put_with(1, done.note()).unwrap();
    assert_eq!(done.take(), [Ok(())]);
    c.get_with(log.note()).unwrap();
    assert_eq!(log.take(), [Some(1)]);
    c.close();
    c.put_with(2, done.note()).unwrap();
    assert_eq!(done.take(), [Err(PutError(2))]);
    c.get_with(log.note()).unwrap();
    assert_eq!(log.take(), [None]);
}

/// What is documented of nesting: put off until the outer one has returned, in order.
fn a_callback_inside_a_callback_runs_after_it() {
    let c = Chan::fixed(4);
    let log = Log::new();
    let (own, outer, inner, last) = (c.clone(), log.note(), log.note(), log.note());
    c.put_with(1, move |_| {
        own.get_with(move |value| inner(format!("got {value:?}"))).unwrap();
        own.put_with(2, move |_| last("put".into())).unwrap();
        outer("outer is over".into());
    })
    .unwrap();
    assert_eq!(log.take(), ["outer is over", "got Some(1)", "put"]);
    assert_eq!(c.len(), 1);
}

/// Rule 6: a thread that blocks inside a callback runs what it had put off, or it might wait for it.
fn a_callback_may_block_for_one_that_was_put_off() {
    let (c, answers) = (Chan::fixed(1), Chan::new());
    let log = Log::new();
    let (own, note) = (c.clone(), log.note());
    c.put_with(1, move |_| {
        let out = answers.clone();
        own.get_with(move |value| out.put_with(value, |_| ()).unwrap()).unwrap();
        note(answers.get_blocking());
    })
    .unwrap();
    assert_eq!(log.take(), [Some(Some(1))]);
}

/// Rule 1: called once, also by the end of the channel: `None` for a get, the value for a put.
fn the_last_handle_answers_what_is_queued() {
    let c = Chan::<u32>::new();
    let log = Log::new();
    (0..3).for_each(|_| c.get_with(log.note()).unwrap());
    let other = c.clone();
    drop(c);
    assert_eq!(log.take(), []);
    drop(other);
    assert_eq!(log.take(), [None; 3]);

    let c = Chan::fixed(1);
    let done = Log::new();
    (0..3).for_each(|n| c.put_with(n, done.note()).unwrap());
    assert_eq!(done.take(), [Ok(())]);
    drop(c);
    assert_eq!(done.take(), [Err(PutError(1)), Err(PutError(2))]);
}

/// Rule 1 and 5: a callback may hold what keeps its own channel alive until it is called.
fn the_last_handle_may_go_inside_a_callback() {
    let c = Chan::fixed(1);
    let log = Log::new();
    c.put_with(0, |_| ()).unwrap();
    let (own, note) = (Mutex::new(Some(c.clone())), log.note());
    c.put_with(1, move |result| {
        note("a put is let in");
        assert_eq!(result, Ok(()));
        drop(own.lock().unwrap().take());
    })
    .unwrap();
    c.put_with(2, {
        let note = log.note();
        move |result| {
            assert_eq!(result, Err(PutError(2)));
            note("the other is refused");
        }
    })
    .unwrap();
    let weak = thread::spawn(move || {
        assert_eq!(c.try_get(), Ok(0));
        drop(c);
    });
    weak.join().unwrap();
    assert_eq!(log.take(), ["a put is let in", "the other is refused"]);
}

/// Rule 1 and 6: a handle in a thread-local is dropped when little else of the thread is left.
fn the_last_handle_may_go_as_its_thread_ends() {
    thread_local! {
        static HANDLE: Cell<Option<Chan<u32>>> = const { Cell::new(None) };
    }
    let name = "callback::alone::the_last_handle_may_go_as_its_thread_ends";
    in_own_process(name, || {
        let log = Log::new();
        let note = log.note();
        let thread = thread::spawn(move || {
            let c = Chan::new();
            c.get_with(note).unwrap();
            HANDLE.set(Some(c));
            // The thread has called a callback before, so what the crate keeps for that goes first.
            Chan::fixed(1).put_with(1, drop).unwrap();
        });
        thread.join().unwrap();
        assert_eq!(log.take(), [None]);
    });
}

/// Rule 1: nobody is told, but nothing leaks.
fn added_values_go_with_the_last_handle() {
    let value = Arc::new(());
    let c = Chan::fixed(1);
    c.add([value.clone(), value.clone(), value.clone()]).unwrap();
    assert_eq!((c.len(), c.stats().parked_puts, Arc::strong_count(&value)), (1, 2, 4));
    drop(c);
    assert_eq!(Arc::strong_count(&value), 1);
}

/// Rule 7: nothing is kept that is not needed any more.
fn a_callbacks_captures_are_dropped_once_it_was_called() {
    let c = Chan::new();
    let captured = Arc::new(());
    let own = captured.clone();
    c.get_with(move |_| drop(own)).unwrap();
    let own = captured.clone();
    c.get_with(move |_| assert_eq!(Arc::strong_count(&own), 2)).unwrap();
    assert_eq!(Arc::strong_count(&captured), 3);
    c.try_put(1).unwrap();
    c.try_put(2).unwrap();
    assert_eq!(Arc::strong_count(&captured), 1);
}

/// Rule 5: the error reaches who completed it; the operation and the channel are in order.
fn a_panic_reaches_the_call_that_completed_it() {
    let c = Chan::new();
    c.get_with(|value: Option<u32>| panic!("a callback got {value:?}")).unwrap();
    let next = Await::get(&c);
    assert_eq!(panics(|| c.try_put(1)), "a callback got Some(1)");
    assert_eq!(c.stats().queued, 1);
    c.try_put(2).unwrap();
    assert_eq!(next.finish(), Some(2));

    c.put_with(3, |_| panic!("a callback has put")).unwrap();
    assert_eq!(panics(|| c.try_get()), "a callback has put");
    // The get did not return its value, so that is still there.
    assert_eq!(c.try_get(), Ok(3));
    c.get_with(|_| panic!("a callback of a closed channel")).unwrap();
    let other = Blocking::get(&c);
    assert_eq!(panics(|| c.close()), "a callback of a closed channel");
    assert_eq!(other.finish(), None);
    assert!(c.is_closed());
}

/// Rule 5: those that were put off run all the same; the first panic goes on, from the outermost call.
fn a_panic_in_a_nested_callback_stops_no_other() {
    let c = Chan::fixed(1);
    let log = Log::new();
    let (own, note, last) = (c.clone(), log.note(), log.note());
    let message = panics(|| {
        c.put_with(1, move |_| {
            own.get_with(move |_| panic!("the first")).unwrap();
            own.put_with(2, move |_| note("still called")).unwrap();
            own.get_with(|_| panic!("the second")).unwrap();
            last("the outer one is over");
        })
    });
    assert_eq!(message, "the first");
    assert_eq!(log.take(), ["the outer one is over", "still called"]);
    assert_idle(&c);
    // The thread is as before: a callback runs at once.
    c.put_with(3, log_when_called(&log)).unwrap();
    assert_eq!(log.take(), ["called"]);
}

fn log_when_called<R>(log: &Log<&'static str>) -> impl FnOnce(R) + Send + 'static {
    let note = log.note();
    move |_| note("called")
}

/// Rule 5.
fn a_callback_that_panics_at_once_panics_its_own_call() {
    let c = Chan::fixed(1);
    assert_eq!(panics(|| c.put_with(1, |_| panic!("at once"))), "at once");
    assert_eq!(c.len(), 1);
    assert_eq!(panics(|| c.get_with(|_| panic!("at once"))), "at once");
    assert_idle(&c);
    let get: Op<Option<u32>> = Await::get(&c);
    c.try_put(2).unwrap();
    assert_eq!(get.finish(), Some(2));
}
