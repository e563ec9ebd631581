//! core.async's tests (Rich Hickey and contributors, EPL-1.0) of its buffers (`buffers_test.clj`), by way of the channels that have them.

use aiochan::{Chan, TryGetError, TryPutError};

cases! {
    alone: [
        a_fixed_buffer,
        a_dropping_buffer_keeps_the_oldest,
        a_sliding_buffer_keeps_the_latest,
        a_promise_keeps_its_first_value,
        which_buffers_make_a_put_wait,
    ]
}

/// Puts 1 and 2 into a channel that has room for two.
#[track_caller]
fn with_two(c: Chan<u32>) -> Chan<u32> {
    assert_eq!(c.len(), 0);
    for n in [1, 2] {
        c.try_put(n).unwrap();
        assert_eq!(c.len(), n as usize);
    }
    c
}

/// `c` has just these values, and no more.
#[track_caller]
fn assert_holds(c: &Chan<u32>, values: [u32; 2]) {
    for (n, value) in values.into_iter().enumerate() {
        assert_eq!(c.len(), 2 - n);
        assert_eq!(c.try_get(), Ok(value));
    }
    assert_eq!((c.len(), c.try_get()), (0, Err(TryGetError::Empty)));
}

/// It counts, keeps the order, is full, and is empty (`fixed-buffer-tests`).
fn a_fixed_buffer() {
    let c = with_two(Chan::fixed(2));
    assert_eq!(c.try_put(3), Err(TryPutError::Full(3)));
    assert_holds(&c, [1, 2]);
}

/// It never is full; what comes when there is no room is gone (`dropping-buffer-tests`).
fn a_dropping_buffer_keeps_the_oldest() {
    let c = with_two(Chan::dropping(2));
    assert_eq!(c.try_put(3), Ok(()));
    assert_holds(&c, [1, 2]);
    assert_eq!(c.stats().evicted, 1);
}

/// It never is full; what is oldest makes room (`sliding-buffer-tests`).
fn a_sliding_buffer_keeps_the_latest() {
    let c = with_two(Chan::sliding(2));
    assert_eq!(c.try_put(3), Ok(()));
    assert_holds(&c, [2, 3]);
    assert_eq!(c.stats().evicted, 1);
}

/// It never is full nor, once it has a value, empty, also after closing (`promise-buffer-tests`).
fn a_promise_keeps_its_first_value() {
    let c = Chan::promise();
    assert_eq!((c.len(), c.try_get()), (0, Err(TryGetError::Empty)));
    for n in 1..4 {
        assert_eq!((c.try_put(n), c.len()), (Ok(()), 1));
    }
    for _ in 0..2 {
        assert_eq!((c.try_get(), c.len()), (Ok(1), 1));
    }
    c.close();
    assert_eq!(c.try_get(), Ok(1));
}

/// Only a fixed one does (`buffers-tests` of `async_test.clj`).
fn which_buffers_make_a_put_wait() {
    let waits = |c: Chan<u32>| (0..10).any(|n| c.try_put(n).is_err());
    assert!(waits(Chan::new()) && waits(Chan::fixed(1)));
    let never = [Chan::dropping(1), Chan::sliding(1), Chan::promise(), Chan::unbounded()];
    assert!(!never.into_iter().any(waits));
}
