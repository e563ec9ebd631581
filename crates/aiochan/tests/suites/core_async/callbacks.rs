//! core.async's tests (Rich Hickey and contributors, EPL-1.0) of puts and takes with callbacks.

use std::thread::{self, ThreadId};

use aiochan::{AddError, Chan, MAX_PENDING, PutError, TooManyPending, TryGetError};

use crate::driver::assert_idle;
use crate::task::panics;

cases! {
    alone: [
        a_puts_callback_waits_for_the_get,
        a_gets_callback_waits_for_the_put,
        a_gets_callback_runs_where_it_is_completed,
        a_puts_callback_runs_where_it_is_completed,
        a_queued_put_goes_on_when_there_is_room,
        so_many_puts_may_be_queued,
        so_many_gets_may_be_queued,
        closing_answers_callbacks,
        a_puts_callback_that_panics,
        a_gets_callback_that_panics,
    ]
}

/// Not before a get takes the value (`test-<!!-and-put!`).
fn a_puts_callback_waits_for_the_get() {
    let (c, called) = (Chan::new(), Chan::unbounded());
    let out = called.clone();
    c.put_with("value", move |result| out.try_put(result).unwrap()).unwrap();
    assert_eq!(called.try_get(), Err(TryGetError::Empty));
    assert_eq!(c.get_blocking(), Some("value"));
    assert_eq!(called.try_get(), Ok(Ok(())));
}

/// Not before a put brings one (`test->!!-and-take!`).
fn a_gets_callback_waits_for_the_put() {
    let (c, called) = (Chan::new(), Chan::unbounded());
    let out = called.clone();
    c.get_with(move |value| out.try_put(value).unwrap()).unwrap();
    assert_eq!(called.try_get(), Err(TryGetError::Empty));
    c.put_blocking("value").unwrap();
    assert_eq!(called.try_get(), Ok(Some("value")));
}

/// Does something on another thread, and says on which.
fn elsewhere(f: impl FnOnce() + Send) -> ThreadId {
    thread::scope(|scope| {
        let thread = scope.spawn(f);
        let id = thread.thread().id();
        thread.join().unwrap();
        id
    })
}

/// On the thread of the put that it waited for; or at once, where it was asked for. There is no pool to run it on
/// (`take!-on-caller?`).
fn a_gets_callback_runs_where_it_is_completed() {
    let (c, ran) = (Chan::new(), Chan::unbounded());
    let get = || {
        let out = ran.clone();
        c.get_with(move |_| out.try_put(thread::current().id()).unwrap()).unwrap();
    };
    get();
    let putter = elsewhere(|| c.put_blocking("value").unwrap());
    assert_eq!(ran.try_get(), Ok(putter));
    c.add(["value"]).unwrap();
    get();
    assert_eq!(ran.try_get(), Ok(thread::current().id()));
}

/// As with a get's (`put!-on-caller?`).
fn a_puts_callback_runs_where_it_is_completed() {
    let (c, ran) = (Chan::new(), Chan::unbounded());
    let put = || {
        let out = ran.clone();
        c.put_with("value", move |_| out.try_put(thread::current().id()).unwrap()).unwrap();
    };
    c.get_with(drop).unwrap();
    put();
    assert_eq!(ran.try_get(), Ok(thread::current().id()));
    put();
    let getter = elsewhere(|| assert!(c.get_blocking().is_some()));
    assert_eq!(ran.try_get(), Ok(getter));
}

/// And its callback is called then (`puts-fulfill-when-buffer-available`).
fn a_queued_put_goes_on_when_there_is_room() {
    let (c, called) = (Chan::fixed(1), Chan::unbounded());
    c.put_blocking("full").unwrap();
    let out = called.clone();
    c.put_with("queued", move |result| out.try_put(result).unwrap()).unwrap();
    assert_eq!(called.try_get(), Err(TryGetError::Empty));
    assert_eq!(c.get_blocking(), Some("full"));
    assert_eq!(called.try_get(), Ok(Ok(())));
    assert_eq!(c.get_blocking(), Some("queued"));
}

/// 1024, then it is refused, and the value comes back; the channel goes on, and has room again after a get
/// (`limit-async-take!-put!`).
fn so_many_puts_may_be_queued() {
    assert_eq!(MAX_PENDING, 1024);
    let c = Chan::new();
    (0..1024).for_each(|n| c.put_with(n, drop).unwrap());
    assert_eq!(c.put_with(77, |_| unreachable!()), Err(TooManyPending(77)));
    assert_eq!(c.add([77]).map(drop), Err(AddError::TooManyPending(vec![77])));
    assert_eq!(c.get_blocking(), Some(0));
    c.put_with(1024, drop).unwrap();
    assert_eq!(c.put_with(77, |_| unreachable!()), Err(TooManyPending(77)));
    (1..1025).for_each(|n| assert_eq!(c.try_get(), Ok(n)));
    assert_idle(&c);
}

/// As with puts (`limit-async-take!-put!`).
fn so_many_gets_may_be_queued() {
    let (c, got) = (Chan::new(), Chan::unbounded());
    let get = || {
        let out = got.clone();
        c.get_with(move |value| out.try_put(value).unwrap())
    };
    (0..1024).for_each(|_| get().unwrap());
    assert_eq!(get(), Err(TooManyPending(())));
    c.put_blocking(42).unwrap();
    assert_eq!(got.try_get(), Ok(Some(42)));
    get().unwrap();
    assert_eq!(get(), Err(TooManyPending(())));
    c.close();
    assert_eq!(got.len(), 1024);
    assert_idle(&c);
}

/// A get's with `None`, a late put's with its value; one that waits already stays for a get (what `close!`, `put!` and
/// `take!` say of themselves).
fn closing_answers_callbacks() {
    let (c, called) = (Chan::new(), Chan::unbounded());
    let out = called.clone();
    c.get_with(move |value| out.try_put(value).unwrap()).unwrap();
    c.close();
    assert_eq!(called.try_get(), Ok(None::<u32>));

    let (c, called) = (Chan::new(), Chan::unbounded());
    let put = |value| {
        let out = called.clone();
        c.put_with(value, move |result| out.try_put((value, result)).unwrap()).unwrap();
    };
    put(1);
    c.close();
    put(2);
    assert_eq!(called.try_get(), Ok((2, Err(PutError(2)))));
    assert_eq!((c.get_blocking(), c.get_blocking()), (Some(1), None));
    assert_eq!(called.try_get(), Ok((1, Ok(()))));
}

/// The panic goes on in the get that took the value, whose value is in the channel again
/// (`exception-in-put-callback` of `exceptions_test.clj`).
fn a_puts_callback_that_panics() {
    let c = Chan::new();
    c.put_with("value", |_| panic!("as expected")).unwrap();
    assert_eq!(panics(|| c.get_blocking()), "as expected");
    assert_eq!(c.try_get(), Ok("value"));
    assert_idle(&c);
}

/// The panic goes on in the put; the value has been given (`exception-in-take-callback` of `exceptions_test.clj`).
fn a_gets_callback_that_panics() {
    let c = Chan::new();
    c.get_with(|_| panic!("as expected")).unwrap();
    assert_eq!(panics(|| c.put_blocking("value")), "as expected");
    assert_eq!(c.try_get(), Err(TryGetError::Empty));
    assert_idle(&c);
}
