//! Putting and getting: order, rendezvous, room, and the two ways to wait.

use std::time::Duration;

use aiochan::{Chan, ChanState, GetTimeoutError, PutTimeoutError, TryGetError, TryPutError};

use crate::custom::Fifo;
use crate::driver::{Driver, assert_idle};

corpus! {
    all: [
        values_come_out_in_order,
        parked_gets_are_served_in_order,
        a_rendezvous_put_waits_for_its_get,
        a_put_waits_only_while_the_buffer_is_full,
        an_unbounded_put_never_waits,
        try_put_does_not_overtake_parked_puts,
        try_get_does_not_overtake_parked_gets,
        every_way_of_delivery_is_counted,
    ]
    alone: [
        zero_timeouts_are_tries,
        timeouts_that_expire_leave_no_trace,
        a_timeout_without_end_waits,
        try_put_and_try_get_say_why,
        ten_thousand_gets_are_served_in_order,
    ]
}

/// A channel with each kind of buffer that keeps every value, in order.
pub(crate) fn keeping<T: Send + 'static>() -> Vec<(&'static str, Chan<T>)> {
    vec![
        ("new", Chan::new()),
        ("fixed(0)", Chan::fixed(0)),
        ("fixed(1)", Chan::fixed(1)),
        ("fixed(3)", Chan::fixed(3)),
        ("fixed(64)", Chan::fixed(64)),
        ("unbounded", Chan::unbounded()),
        ("dropping", Chan::dropping(64)),
        ("sliding", Chan::sliding(64)),
        ("custom(1)", Chan::with_buffer(Fifo::new(1))),
        ("custom(3)", Chan::with_buffer(Fifo::new(3))),
    ]
}

/// Rule 3: first in, first out, whether a value waits inside or in a parked put.
fn values_come_out_in_order<D: Driver>() {
    for (name, c) in keeping() {
        let puts: Vec<_> = (0..9).map(|n| D::put(&c, n)).collect();
        for n in 0..9 {
            assert_eq!(D::get(&c).finish(), Some(n), "{name}");
        }
        for put in puts {
            assert_eq!(put.finish(), Ok(()), "{name}");
        }
        assert_idle(&c);
    }
}

/// Rule 3: the get that waits longest is served first.
fn parked_gets_are_served_in_order<D: Driver>() {
    for (name, c) in keeping() {
        let gets: Vec<_> = (0..6).map(|_| D::get(&c)).collect();
        assert_eq!(c.stats().parked_gets, 6, "{name}");
        for n in 0..6 {
            assert_eq!(D::put(&c, n).finish(), Ok(()), "{name}");
        }
        for (n, get) in gets.into_iter().enumerate() {
            assert_eq!(get.finish(), Some(n), "{name}");
        }
        assert_idle(&c);
    }
}

/// What a rendezvous is: fixed(0) and new() are the same, and hold nothing.
fn a_rendezvous_put_waits_for_its_get<D: Driver>() {
    for c in [Chan::new(), Chan::fixed(0)] {
        assert_eq!(c.capacity(), Some(0));
        let put = D::put(&c, 1);
        assert_eq!((c.stats().parked_puts, c.len()), (1, 0));
        assert_eq!(D::get(&c).finish(), Some(1));
        assert_eq!(put.finish(), Ok(()));
        assert_idle(&c);
    }
}

/// Rule 3 and 7: `n` values go in at once, the next waits, and enters as soon as there is room.
fn a_put_waits_only_while_the_buffer_is_full<D: Driver>() {
    for c in [Chan::fixed(2), Chan::with_buffer(Fifo::new(2))] {
        assert_eq!(D::put(&c, 0).finish(), Ok(()));
        assert_eq!(D::put(&c, 1).finish(), Ok(()));
        let third = D::put(&c, 2);
        let fourth = D::put(&c, 3);
        assert_eq!((c.len(), c.stats().parked_puts), (2, 2));
        assert_eq!(D::get(&c).finish(), Some(0));
        assert_eq!(third.finish(), Ok(()));
        assert_eq!((c.len(), c.stats().parked_puts), (2, 1));
        for n in 1..4 {
            assert_eq!(D::get(&c).finish(), Some(n));
        }
        assert_eq!(fourth.finish(), Ok(()));
        assert_idle(&c);
    }
}

/// Rule 7: only what its name says grows without limit.
fn an_unbounded_put_never_waits<D: Driver>() {
    let c = Chan::unbounded();
    assert_eq!(c.capacity(), None);
    for n in 0..100 {
        assert_eq!(D::put(&c, n).finish(), Ok(()));
    }
    assert_eq!((c.len(), c.stats().parked_puts), (100, 0));
}

/// Rule 3: no operation overtakes one that was parked before it.
fn try_put_does_not_overtake_parked_puts<D: Driver>() {
    let c = Chan::fixed(1);
    c.try_put(0).unwrap();
    let put = D::put(&c, 1);
    assert_eq!(c.try_put(9), Err(TryPutError::Full(9)));
    assert_eq!(c.try_get(), Ok(0));
    // The room went to the parked put.
    assert_eq!(c.try_put(9), Err(TryPutError::Full(9)));
    assert_eq!(put.finish(), Ok(()));
    assert_eq!(c.try_get(), Ok(1));
    assert_eq!(c.try_get(), Err(TryGetError::Empty));
}

/// Rule 3, for gets.
fn try_get_does_not_overtake_parked_gets<D: Driver>() {
    let c = Chan::fixed(1);
    let get = D::get(&c);
    assert_eq!(c.try_get(), Err(TryGetError::Empty));
    c.try_put(1).unwrap();
    assert_eq!(c.try_get(), Err(TryGetError::Empty));
    assert_eq!(get.finish(), Some(1));
}

/// Rule 2, the figures: what was delivered how, and who waited.
fn every_way_of_delivery_is_counted<D: Driver>() {
    let c = Chan::fixed(1);
    assert_eq!(c.stats().state, ChanState::Fluent);
    assert_eq!(D::put(&c, 0).finish(), Ok(()));
    let put = D::put(&c, 1);
    assert_eq!(c.stats().state, ChanState::PendingPuts);
    assert_eq!(D::get(&c).finish(), Some(0));
    assert_eq!(put.finish(), Ok(()));
    assert_eq!(D::get(&c).finish(), Some(1));
    let get = D::get(&c);
    assert_eq!(c.stats().state, ChanState::PendingGets);
    assert_eq!(D::put(&c, 2).finish(), Ok(()));
    assert_eq!(get.finish(), Some(2));
    let stats = c.stats();
    assert_eq!((stats.buffered, stats.queued, stats.immediate), (2, 1, 0));
    assert_eq!((stats.put_waits, stats.get_waits(), stats.delivered()), (1, 1, 3));

    let c = Chan::new();
    let put = D::put(&c, 0);
    assert_eq!(D::get(&c).finish(), Some(0));
    assert_eq!(put.finish(), Ok(()));
    let stats = c.stats();
    assert_eq!((stats.buffered, stats.queued, stats.immediate), (0, 0, 1));
    assert_eq!((stats.put_waits, stats.get_waits(), stats.evicted), (1, 0, 0));
}

/// A timeout of zero is a try, in every state of the channel.
fn zero_timeouts_are_tries() {
    let c = Chan::fixed(1);
    let zero = Duration::ZERO;
    assert_eq!(c.get_timeout(zero), Err(GetTimeoutError::Timeout));
    assert_eq!(c.put_timeout(1, zero), Ok(()));
    assert_eq!(c.put_timeout(2, zero), Err(PutTimeoutError::Timeout(2)));
    assert_eq!(c.get_timeout(zero), Ok(1));
    c.close();
    assert_eq!(c.get_timeout(zero), Err(GetTimeoutError::Closed));
    assert_eq!(c.put_timeout(3, zero), Err(PutTimeoutError::Closed(3)));
}

/// Rule 1 and 2: an expired operation is withdrawn; a put's value comes back.
fn timeouts_that_expire_leave_no_trace() {
    let c = Chan::new();
    let short = Duration::from_millis(1);
    assert_eq!(c.get_timeout(short), Err(GetTimeoutError::Timeout));
    assert_idle(&c);
    assert_eq!(c.put_timeout(1, short), Err(PutTimeoutError::Timeout(1)));
    assert_idle(&c);
    assert_eq!(c.try_get(), Err(TryGetError::Empty));
    assert_eq!(c.try_put(2), Err(TryPutError::Full(2)));
}

/// Rule 8: a duration that no clock can reach is one without end, not a panic.
fn a_timeout_without_end_waits() {
    let c = Chan::new();
    let own = c.clone();
    let get = std::thread::spawn(move || own.get_timeout(Duration::MAX));
    assert_eq!(c.put_timeout(1, Duration::MAX), Ok(()));
    assert_eq!(get.join().unwrap(), Ok(1));
}

/// Rule 4 and 8: a try that fails says whether trying again may help.
fn try_put_and_try_get_say_why() {
    let c = Chan::fixed(1);
    assert_eq!(c.try_get(), Err(TryGetError::Empty));
    assert_eq!(c.try_put(1), Ok(()));
    let full = c.try_put(2).unwrap_err();
    assert!(full.is_full() && !full.is_closed());
    assert_eq!(full.into_inner(), 2);
    c.close();
    let closed = c.try_put(3).unwrap_err();
    assert!(closed.is_closed() && !closed.is_full());
    assert_eq!(closed.into_inner(), 3);
    assert_eq!(c.try_get(), Ok(1));
    assert_eq!(c.try_get(), Err(TryGetError::Closed));
}

/// Rule 3 and 7, with many: awaited gets are not limited, and each is served in its turn.
fn ten_thousand_gets_are_served_in_order() {
    let c = Chan::new();
    let gets: Vec<_> = (0..10_000).map(|_| crate::task::Task::start(c.get())).collect();
    assert_eq!(c.stats().parked_gets, 10_000);
    for n in 0..10_000 {
        c.try_put(n).unwrap();
    }
    for (n, get) in gets.into_iter().enumerate() {
        assert_eq!(get.finish(), Some(n));
    }
    assert_idle(&c);
}
