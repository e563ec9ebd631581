//! Dropping and sliding buffers: what they evict, and when.

use std::sync::Arc;

use aiochan::Chan;

use crate::driver::{Driver, assert_idle};

corpus! {
    all: [
        a_dropping_buffer_keeps_the_oldest,
        a_sliding_buffer_keeps_the_latest,
        neither_evicts_while_somebody_waits,
        evicted_values_are_dropped_once,
    ]
}

/// Rule 1 and 7: the producer never waits; what is dropped is what the policy says, and is counted.
fn a_dropping_buffer_keeps_the_oldest<D: Driver>() {
    let c = Chan::dropping(2);
    for n in 0..5 {
        assert_eq!(D::put(&c, n).finish(), Ok(()));
    }
    assert_eq!((c.len(), c.stats().evicted, c.stats().parked_puts), (2, 3, 0));
    assert_eq!(D::get(&c).finish(), Some(0));
    assert_eq!(D::put(&c, 5).finish(), Ok(()));
    assert_eq!(D::get(&c).finish(), Some(1));
    assert_eq!(D::get(&c).finish(), Some(5));
    assert_eq!(c.stats().evicted, 3);
    assert_idle(&c);
}

/// Rule 1 and 7.
fn a_sliding_buffer_keeps_the_latest<D: Driver>() {
    let c = Chan::sliding(2);
    for n in 0..5 {
        assert_eq!(D::put(&c, n).finish(), Ok(()));
    }
    assert_eq!((c.len(), c.stats().evicted, c.stats().parked_puts), (2, 3, 0));
    assert_eq!(D::get(&c).finish(), Some(3));
    assert_eq!(D::put(&c, 5).finish(), Ok(()));
    assert_eq!(D::put(&c, 6).finish(), Ok(()));
    assert_eq!(D::get(&c).finish(), Some(5));
    assert_eq!(D::get(&c).finish(), Some(6));
    assert_eq!(c.stats().evicted, 4);
    assert_idle(&c);
}

/// Rule 1: a value for which somebody waits is not in the way of anything.
fn neither_evicts_while_somebody_waits<D: Driver>() {
    for c in [Chan::dropping(1), Chan::sliding(1)] {
        let gets: Vec<_> = (0..3).map(|_| D::get(&c)).collect();
        for n in 0..4 {
            assert_eq!(D::put(&c, n).finish(), Ok(()));
        }
        for (n, get) in gets.into_iter().enumerate() {
            assert_eq!(get.finish(), Some(n));
        }
        assert_eq!(c.stats().evicted, 0);
        assert_eq!(D::get(&c).finish(), Some(3));
        assert_idle(&c);
    }
}

/// Rule 1: dropped by the time that the put is over, and not again with the channel.
fn evicted_values_are_dropped_once<D: Driver>() {
    for c in [Chan::dropping(1), Chan::sliding(1)] {
        let values: Vec<_> = (0..4).map(Arc::new).collect();
        for value in &values {
            assert_eq!(D::put(&c, value.clone()).finish(), Ok(()));
        }
        let alive = || values.iter().filter(|value| Arc::strong_count(value) == 2).count();
        assert_eq!((alive(), c.stats().evicted), (1, 3));
        c.close();
        assert_eq!(alive(), 1);
        drop(c);
        assert_eq!(alive(), 0);
    }
}
