//! Gets that are dropped after a value was committed to them: it goes on to the next, or back to the
//! front, and never doubles, gets lost or jumps the queue.

use aiochan::{Chan, TryGetError};

use crate::basics::keeping;
use crate::custom::Fifo;
use crate::driver::{Driver, Droppable, Op, assert_idle};

corpus! {
    droppable: [
        the_value_goes_to_the_get_that_waits_longest,
        the_value_goes_back_to_the_front,
        values_given_back_in_any_order_keep_theirs,
        a_full_buffer_may_hold_one_more_for_a_while,
        a_rendezvous_holds_what_was_given_back,
        a_dropping_buffer_keeps_what_was_given_back,
        a_sliding_buffer_evicts_what_was_given_back_first,
        a_promise_has_nothing_to_be_given_back,
        a_value_given_back_after_closing_is_delivered,
        a_value_given_back_is_delivered_once_in_the_figures,
    ]
}

/// A get to which `value` has been committed, and which has not been polled since.
pub(crate) fn committed_get<D: Driver, T: Send + 'static>(
    chan: &Chan<T>,
    value: T,
) -> Op<Option<T>> {
    let get = D::get(chan);
    assert_eq!(chan.stats().parked_gets, 1);
    assert!(chan.try_put(value).is_ok());
    assert_eq!(chan.stats().parked_gets, 0);
    get
}

/// All the values that are there now.
fn drain<T>(chan: &Chan<T>) -> Vec<T> {
    std::iter::from_fn(|| chan.try_get().ok()).collect()
}

/// Rule 1.
fn the_value_goes_to_the_get_that_waits_longest<D: Droppable>() {
    for (name, c) in keeping() {
        let gone = D::get(&c);
        let (next, last) = (D::get(&c), D::get(&c));
        c.try_put(1).unwrap();
        drop(gone);
        assert_eq!(next.finish(), Some(1), "{name}");
        assert_eq!(c.stats().parked_gets, 1, "{name}");
        c.try_put(2).unwrap();
        assert_eq!(last.finish(), Some(2), "{name}");
        assert_idle(&c);
    }
}

/// Rule 1 and 3: before all that came later.
fn the_value_goes_back_to_the_front<D: Droppable>() {
    for (name, c) in keeping() {
        let get = committed_get::<D, _>(&c, 0);
        let later: Vec<_> = (1..4).map(|n| D::put(&c, n)).collect();
        drop(get);
        for n in 0..4 {
            assert_eq!(D::get(&c).finish(), Some(n), "{name}");
        }
        assert!(later.into_iter().all(|put| put.finish() == Ok(())), "{name}");
        assert_idle(&c);
    }
}

/// Rule 3: several gets, dropped in any order.
fn values_given_back_in_any_order_keep_theirs<D: Droppable>() {
    for order in permutations(4) {
        for (name, c) in keeping() {
            let mut gets: Vec<_> = (0..4).map(|_| Some(D::get(&c))).collect();
            (0..4).for_each(|n| c.try_put(n).unwrap());
            let later = D::put(&c, 4);
            for &n in &order {
                gets[n] = None;
            }
            assert_eq!(drain(&c), [0, 1, 2, 3, 4], "{name}, dropped in the order {order:?}");
            assert_eq!(later.finish(), Ok(()));
        }
    }
}

fn permutations(n: usize) -> Vec<Vec<usize>> {
    let Some(last) = n.checked_sub(1) else { return vec![vec![]] };
    let shorter = permutations(last);
    let with_last = |order: &Vec<usize>, at| {
        let mut order = order.clone();
        order.insert(at, last);
        order
    };
    (0..n).flat_map(|at| shorter.iter().map(move |order| with_last(order, at))).collect()
}

/// Rule 1, the trap: one over, and the next take must not let a parked put in before there is room.
fn a_full_buffer_may_hold_one_more_for_a_while<D: Droppable>() {
    for n in [1, 2, 3] {
        for c in [Chan::fixed(n), Chan::with_buffer(Fifo::new(n))] {
            let get = committed_get::<D, _>(&c, 0);
            (1..=n).for_each(|value| c.try_put(value).unwrap());
            let put = D::put(&c, n + 1);
            assert_eq!((c.len(), c.stats().parked_puts), (n, 1));
            drop(get);
            assert_eq!((c.len(), c.stats().parked_puts), (n + 1, 1));
            assert!(c.try_put(99).is_err());
            // This only ends the surplus.
            assert_eq!(c.try_get(), Ok(0));
            assert_eq!((c.len(), c.stats().parked_puts), (n, 1));
            assert_eq!(c.try_get(), Ok(1));
            assert_eq!((c.len(), c.stats().parked_puts), (n, 0));
            assert_eq!(put.finish(), Ok(()));
            assert_eq!(drain(&c), (2..=n + 1).collect::<Vec<_>>());
        }
    }
}

/// Rule 1, where nothing should be inside at all.
fn a_rendezvous_holds_what_was_given_back<D: Droppable>() {
    let c = Chan::new();
    let get = committed_get::<D, _>(&c, 0);
    let put = D::put(&c, 1);
    drop(get);
    assert_eq!((c.len(), c.stats().parked_puts), (1, 1));
    assert!(c.try_put(9).is_err());
    assert_eq!(c.try_get(), Ok(0));
    assert_eq!((c.len(), c.stats().parked_puts), (0, 1));
    assert_eq!(c.try_get(), Ok(1));
    assert_eq!(put.finish(), Ok(()));
    assert_eq!(c.try_get(), Err(TryGetError::Empty));
}

/// Rule 1: the policy drops new values only, and counts what came back as inside.
fn a_dropping_buffer_keeps_what_was_given_back<D: Droppable>() {
    let c = Chan::dropping(2);
    let get = committed_get::<D, _>(&c, 0);
    c.add([1, 2]).unwrap();
    drop(get);
    assert_eq!(c.len(), 3);
    c.try_put(3).unwrap();
    assert_eq!((c.len(), c.stats().evicted), (3, 1));
    assert_eq!(c.try_get(), Ok(0));
    c.try_put(4).unwrap();
    assert_eq!(c.stats().evicted, 2);
    assert_eq!(c.try_get(), Ok(1));
    c.try_put(5).unwrap();
    assert_eq!((drain(&c), c.stats().evicted), (vec![2, 5], 2));
}

/// Rule 1 and 7: the policy drops the oldest until there is room, first what came back.
fn a_sliding_buffer_evicts_what_was_given_back_first<D: Droppable>() {
    let c = Chan::sliding(2);
    let get = committed_get::<D, _>(&c, 0);
    c.add([1, 2]).unwrap();
    drop(get);
    assert_eq!((c.len(), c.stats().evicted), (3, 0));
    c.try_put(3).unwrap();
    assert_eq!((c.len(), c.stats().evicted), (2, 2));
    c.try_put(4).unwrap();
    assert_eq!((drain(&c), c.stats().evicted), (vec![3, 4], 3));
}

/// Rule 1: a get that is dropped takes nothing from the others.
fn a_promise_has_nothing_to_be_given_back<D: Droppable>() {
    let c = Chan::promise();
    let (gone, kept) = (D::get(&c), D::get(&c));
    c.try_put(1).unwrap();
    drop(gone);
    assert_eq!((kept.finish(), c.len()), (Some(1), 1));
    assert_eq!(D::get(&c).finish(), Some(1));
}

/// Rule 1 and 4: closing in between changes nothing.
fn a_value_given_back_after_closing_is_delivered<D: Droppable>() {
    for (name, c) in keeping() {
        let get = committed_get::<D, _>(&c, 1);
        c.close();
        drop(get);
        assert_eq!(D::get(&c).finish(), Some(1), "{name}");
        assert_eq!(D::get(&c).finish(), None, "{name}");
    }
}

/// Rule 2: what was not delivered does not count as delivered.
fn a_value_given_back_is_delivered_once_in_the_figures<D: Droppable>() {
    let c = Chan::new();
    drop(committed_get::<D, _>(&c, 1));
    assert_eq!((c.stats().delivered(), c.len()), (0, 1));
    assert_eq!(D::get(&c).finish(), Some(1));
    assert_eq!((c.stats().delivered(), c.len()), (1, 0));

    let (gone, next) = (D::get(&c), D::get(&c));
    c.try_put(2).unwrap();
    drop(gone);
    assert_eq!(next.finish(), Some(2));
    assert_eq!(c.stats().delivered(), 2);
}
