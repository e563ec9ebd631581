//! core.async's tests (Rich Hickey and contributors, EPL-1.0) of puts and gets that wait, of closing, and of promises.

use aiochan::{Chan, PutError, TryGetError, TryPutError, go, run};

use crate::common::Worker;
use crate::driver::{Driver, Op, assert_idle};
use crate::task::panics;

cases! {
    alone: [
        offering_and_polling_never_wait,
        a_task_that_panics_leaves_nobody_waiting,
    ]
    drivers: [
        a_waiting_get_is_given_the_value,
        a_put_into_a_full_buffer_waits,
        one_value_is_for_one_of_two_gets,
        a_promise_answers_every_get,
        a_promise_that_is_closed_empty_answers_with_nothing,
        closing_delivers_what_was_accepted,
    ]
    workers: [
        what_waits_goes_on_in_order,
    ]
}

/// The get first, then the put (`basic-channel-test`).
fn a_waiting_get_is_given_the_value<D: Driver>() {
    for c in [Chan::new(), Chan::fixed(1)] {
        let get = D::get(&c);
        assert_eq!(c.stats().parked_gets, 1);
        D::put(&c, 42).finish().unwrap();
        assert_eq!(get.finish(), Some(42));
    }
}

/// Until there is room (`writes-block-on-full-buffer`).
fn a_put_into_a_full_buffer_waits<D: Driver>() {
    let c = Chan::fixed(1);
    D::put(&c, 42).finish().unwrap();
    let put = D::put(&c, 43);
    assert_eq!(c.stats().parked_puts, 1);
    assert_eq!(D::get(&c).finish(), Some(42));
    assert_eq!(put.finish(), Ok(()));
}

/// The other waits on; here it is the one that came later (`unfulfilled-readers-block`).
fn one_value_is_for_one_of_two_gets<D: Driver>() {
    let c = Chan::fixed(1);
    let (first, second) = (D::get(&c), D::get(&c));
    D::put(&c, 42).finish().unwrap();
    assert_eq!(first.finish(), Some(42));
    assert_eq!(c.stats().parked_gets, 1);
    c.close();
    assert_eq!(second.finish(), None);
}

/// What cannot be done at once is not done at all (`offer-poll`).
fn offering_and_polling_never_wait() {
    let c = Chan::fixed(2);
    assert_eq!((c.try_put(1), c.try_put(2)), (Ok(()), Ok(())));
    assert_eq!(c.try_put(3), Err(TryPutError::Full(3)));
    assert_eq!(c.get_blocking(), Some(1));
    assert_eq!((c.try_get(), c.try_get()), (Ok(2), Err(TryGetError::Empty)));
    let c = Chan::new();
    assert_eq!(c.try_put(1), Err(TryPutError::Full(1)));
    assert_eq!(c.try_get(), Err(TryGetError::Empty));
    assert_idle(&c);
}

/// Those that wait and those that come later, also after closing; later puts go through and are dropped
/// (`test-promise-chan`).
fn a_promise_answers_every_get<D: Driver>() {
    let c = Chan::promise();
    let early = [D::get(&c), D::get(&c)];
    D::put(&c, "value").finish().unwrap();
    assert_eq!(early.map(Op::finish), [Some("value"); 2]);
    D::put(&c, "lost").finish().unwrap();
    let late = [(); 3].map(|()| D::get(&c).finish());
    assert_eq!(late, [Some("value"); 3]);
    c.close();
    assert_eq!([(); 2].map(|()| D::get(&c).finish()), [Some("value"); 2]);
}

/// Those that wait and those that come later (`test-promise-chan`).
fn a_promise_that_is_closed_empty_answers_with_nothing<D: Driver>() {
    let c = Chan::<u32>::promise();
    let early = [D::get(&c), D::get(&c)];
    c.close();
    assert_eq!(early.map(Op::finish), [None; 2]);
    assert_eq!([(); 2].map(|()| D::get(&c).finish()), [None; 2]);
}

/// What is inside and what waits already comes before the end; no more is accepted; closing again is nothing (what
/// `close!` says of itself).
fn closing_delivers_what_was_accepted<D: Driver>() {
    let c = Chan::fixed(1);
    D::put(&c, 1).finish().unwrap();
    let put = D::put(&c, 2);
    assert!(c.close());
    assert!(!c.close());
    assert_eq!(D::put(&c, 3).finish(), Err(PutError(3)));
    let got = [(); 4].map(|()| D::get(&c).finish());
    assert_eq!(got, [Some(1), Some(2), None, None]);
    assert_eq!(put.finish(), Ok(()));
}

/// A worker whose puts had to wait goes on after each of them as if they had not, and then gets its own last value
/// (`enqueued-chan-ops` of `ioc_macros_test.clj`).
fn what_waits_goes_on_in_order<W: Worker>() {
    let (c, over) = (Chan::fixed(1), Chan::new());
    let values = ["foo", "bar", "baz", "boz"];
    let (own, results) = (c.clone(), over.clone());
    let worker = W::start(async move {
        for value in values {
            W::put(&own, value).await.unwrap();
        }
        W::put(&results, 42).await.unwrap();
        W::get(&own).await
    });
    assert_eq!([(); 3].map(|()| c.get_blocking().unwrap()), values[..3]);
    assert_eq!(over.get_blocking(), Some(42));
    assert_eq!(worker.join(), Some("boz"));
    assert_idle(&c);
}

/// Its channel is closed, here because its half of that goes; and who awaits the task has the panic
/// (`close-on-exception-tests`, `exceptions_test.clj`).
fn a_task_that_panics_leaves_nobody_waiting() {
    let (out, results) = Chan::<u32>::new().split();
    let task = go(async move {
        let _out = out;
        panic!("as expected");
    });
    assert_eq!(results.get_blocking(), None);
    assert_eq!(panics(|| run(task)), "as expected");
}
