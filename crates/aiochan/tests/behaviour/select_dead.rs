//! Dead arms: those of a select that another arm has decided, but that has not been polled since.
//! Nobody may count them, meet them or wait for them.

use aiochan::{Chan, ChanState, TryGetError, TryPutError};

use crate::driver::{Await, Blocking, Callback, Driver, Op, assert_idle};
use crate::selecting::{Arm, AsyncSelecting, got};
use crate::task::Task;

corpus! {
    async_selects: [
        they_are_not_counted,
        they_are_not_met,
        they_do_not_hold_up_those_behind_them,
        they_do_not_hold_up_a_join,
        a_join_is_told_when_a_get_clears_the_last_of_them_away,
        a_join_is_told_when_the_select_takes_the_last_of_them_away,
        they_take_no_place_among_the_pending,
        they_let_no_value_into_a_buffer,
        a_select_passes_over_those_of_another,
    ]
}

/// A select that has got 1 from another channel, with a dead arm that puts 9 to `chan`.
fn dead_put<S: AsyncSelecting>(chan: &Chan<u32>) -> Op<aiochan::Selected<u32>> {
    let other = Chan::new();
    let before = chan.stats().parked_puts;
    let select = S::fair(Arm::put(chan, 9), Arm::get(&other));
    assert_eq!(chan.stats().parked_puts, before + 1);
    other.try_put(1).unwrap();
    select
}

/// A select that has got 1 from another channel, with a dead arm that gets from `chan`.
fn dead_get<S: AsyncSelecting>(chan: &Chan<u32>) -> Op<aiochan::Selected<u32>> {
    let other = Chan::new();
    let before = chan.stats().parked_gets;
    let select = S::fair(Arm::get(chan), Arm::get(&other));
    assert_eq!(chan.stats().parked_gets, before + 1);
    other.try_put(1).unwrap();
    select
}

/// Rule 2: not in the figures.
fn they_are_not_counted<S: AsyncSelecting>() {
    let c = Chan::new();
    let (put, get) = (dead_put::<S>(&c), dead_get::<S>(&c));
    assert_eq!(c.stats(), Chan::<u32>::new().stats());
    assert_eq!(c.stats().state, ChanState::Fluent);
    assert_eq!(put.finish(), got(1, Some(1), [(0, 9)]));
    assert_eq!(get.finish(), got(1, Some(1), []));
    assert_eq!(c.stats(), Chan::<u32>::new().stats());
}

/// Rule 2: nothing is delivered to them or from them.
fn they_are_not_met<S: AsyncSelecting>() {
    let c = Chan::new();
    let (put, get) = (dead_put::<S>(&c), dead_get::<S>(&c));
    assert_eq!(c.try_get(), Err(TryGetError::Empty));
    assert_eq!(c.try_put(5), Err(TryPutError::Full(5)));
    c.close();
    assert_eq!(c.try_get(), Err(TryGetError::Closed));
    assert_eq!(put.finish(), got(1, Some(1), [(0, 9)]));
    assert_eq!(get.finish(), got(1, Some(1), []));
}

/// Rule 3: the next in line is the next that lives.
fn they_do_not_hold_up_those_behind_them<S: AsyncSelecting>() {
    let c = Chan::new();
    let dead = [dead_get::<S>(&c), dead_get::<S>(&c)];
    let get = Await::get(&c);
    let behind = dead_get::<S>(&c);
    let last = Blocking::get(&c);
    c.try_put(2).unwrap();
    c.try_put(3).unwrap();
    assert_eq!((get.finish(), last.finish()), (Some(2), Some(3)));

    let dead_put = dead_put::<S>(&c);
    let put = Await::put(&c, 4);
    assert_eq!(c.try_get(), Ok(4));
    assert_eq!(put.finish(), Ok(()));
    for dead in dead.into_iter().chain([behind]) {
        assert_eq!(dead.finish(), got(1, Some(1), []));
    }
    assert_eq!(dead_put.finish(), got(1, Some(1), [(0, 9)]));
    assert_idle(&c);
}

/// Rule 2: not in `join`.
fn they_do_not_hold_up_a_join<S: AsyncSelecting>() {
    let c = Chan::new();
    let dead = dead_put::<S>(&c);
    c.close();
    assert!(Task::start(c.join()).is_done());
    assert_eq!(dead.finish(), got(1, Some(1), [(0, 9)]));
}

/// Rule 2 and 6: a join that waited for an arm while it lived is told, although it is a get that
/// finds it dead.
fn a_join_is_told_when_a_get_clears_the_last_of_them_away<S: AsyncSelecting>() {
    let (c, other) = (Chan::new(), Chan::new());
    let select = S::fair(Arm::put(&c, 9), Arm::get(&other));
    c.close();
    let mut join = Task::start(c.join());
    assert!(!join.is_done());
    other.try_put(1).unwrap();
    assert_eq!(c.try_get(), Err(TryGetError::Closed));
    assert_eq!(select.finish(), got(1, Some(1), [(0, 9)]));
    assert!(join.is_done());
}

/// Rule 2 and 6: the same, where nobody has found it dead.
fn a_join_is_told_when_the_select_takes_the_last_of_them_away<S: AsyncSelecting>() {
    let (c, other) = (Chan::new(), Chan::new());
    let select = S::fair(Arm::put(&c, 9), Arm::get(&other));
    c.close();
    let mut join = Task::start(c.join());
    other.try_put(1).unwrap();
    assert_eq!(select.finish(), got(1, Some(1), [(0, 9)]));
    assert!(join.is_done());
}

/// Rule 2 and 7: not in the pending count, dead or alive.
fn they_take_no_place_among_the_pending<S: AsyncSelecting>() {
    let c = Chan::builder().max_pending(1).build();
    let other = Chan::new();
    let alive = S::fair(Arm::get(&c), Arm::get(&other));
    let dead = dead_get::<S>(&c);
    let queued = Callback::get(&c);
    assert!(c.get_with(|_| ()).is_err());
    drop(alive);
    c.try_put(3).unwrap();
    assert_eq!(queued.finish(), Some(3));
    drop(dead);
    assert_idle(&c);
}

/// Rule 1 and 2: room that comes is not given to a dead put.
fn they_let_no_value_into_a_buffer<S: AsyncSelecting>() {
    let c = Chan::fixed(1);
    c.try_put(0).unwrap();
    let dead = dead_put::<S>(&c);
    let put = Await::put(&c, 1);
    assert_eq!(c.try_get(), Ok(0));
    assert_eq!((put.finish(), c.len()), (Ok(()), 1));
    assert_eq!((c.try_get(), c.try_get()), (Ok(1), Err(TryGetError::Empty)));
    assert_eq!(dead.finish(), got(1, Some(1), [(0, 9)]));
}

/// Rule 2: a living select commits with the living only.
fn a_select_passes_over_those_of_another<S: AsyncSelecting>() {
    let (c, other) = (Chan::new(), Chan::new());
    let dead = dead_get::<S>(&c);
    let select = S::fair(Arm::put(&c, 5), Arm::get(&other));
    assert_eq!((c.stats().parked_puts, other.stats().parked_gets), (1, 1));
    let get = Await::get(&c);
    assert_eq!(get.finish(), Some(5));
    assert_eq!(select.finish().index, 0);
    assert_eq!(dead.finish(), got(1, Some(1), []));
    assert_idle(&c);
    assert_idle(&other);
}
