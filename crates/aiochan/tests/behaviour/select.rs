//! Select, in every form: exactly one arm takes effect, and a losing put gives its value back.

use aiochan::{Chan, Outcome, PutError, Selected, TryGetError, TryPutError};

use crate::driver::{Await, Driver, assert_idle};
use crate::selecting::{Arm, AsyncSelecting, Selecting, got, put};

corpus! {
    selects: [
        a_ready_get_wins,
        a_ready_put_wins,
        a_parked_get_arm_is_completed_by_a_put,
        a_parked_put_arm_is_completed_by_a_get,
        the_same_channel_twice_commits_once,
        it_never_meets_itself,
        on_one_buffered_channel_the_side_that_can_go_on_does,
        arms_on_closed_channels_are_ready,
        closing_answers_a_parked_select,
        closing_answers_a_select_on_one_channel_once,
        the_last_receiver_answers_a_parked_select,
        two_selects_meet_in_one_pair,
        crossed_selects_meet_in_one_pair,
        biased_takes_the_first_that_is_ready,
        arms_wait_in_line_with_plain_operations,
        a_parked_select_loses_nothing_to_a_full_buffer,
    ]
    async_selects: [
        a_dropped_select_leaves_no_trace,
        a_select_dropped_after_a_get_was_committed_gives_the_value_back,
        a_select_dropped_after_a_put_was_committed_leaves_it,
    ]
}

/// Rule 2: the other arm has no effect.
fn a_ready_get_wins<S: Selecting>() {
    let (a, b) = (Chan::fixed(1), Chan::fixed(1));
    b.try_put(1).unwrap();
    assert_eq!(S::fair(Arm::get(&a), Arm::get(&b)).finish(), got(1, Some(1), []));
    assert_eq!(a.stats(), Chan::<u32>::fixed(1).stats());
    a.try_put(2).unwrap();
    let full = Chan::fixed(1);
    full.try_put(0).unwrap();
    assert_eq!(S::fair(Arm::get(&a), Arm::put(&full, 3)).finish(), got(0, Some(2), [(1, 3)]));
    assert_eq!((full.len(), full.stats().parked_puts, full.stats().put_waits), (1, 0, 0));
}

/// Rule 2.
fn a_ready_put_wins<S: Selecting>() {
    let (a, b) = (Chan::fixed(1), Chan::new());
    assert_eq!(S::fair(Arm::put(&a, 1), Arm::put(&b, 2)).finish(), put(0, [(1, 2)]));
    assert_idle(&b);
    assert_eq!(a.try_get(), Ok(1));
    // A parked get makes a rendezvous ready.
    let get = Await::get(&b);
    a.try_put(0).unwrap();
    assert_eq!(S::fair(Arm::put(&a, 3), Arm::put(&b, 4)).finish(), put(1, [(0, 3)]));
    assert_eq!(get.finish(), Some(4));
}

/// Rule 1 and 2: either arm; the other leaves its queue.
fn a_parked_get_arm_is_completed_by_a_put<S: Selecting>() {
    for winner in [0, 1] {
        let chans = [Chan::new(), Chan::new()];
        let select = S::fair(Arm::get(&chans[0]), Arm::get(&chans[1]));
        assert_eq!([0, 1].map(|n| chans[n].stats().parked_gets), [1, 1]);
        chans[winner].try_put(7).unwrap();
        assert_eq!(select.finish(), got(winner, Some(7), []));
        chans.iter().for_each(assert_idle);
        assert_eq!(chans[1 - winner].try_put(8), Err(TryPutError::Full(8)));
    }
}

/// Rule 1 and 2.
fn a_parked_put_arm_is_completed_by_a_get<S: Selecting>() {
    for winner in [0, 1] {
        let chans = [Chan::new(), Chan::new()];
        let select = S::fair(Arm::put(&chans[0], 10), Arm::put(&chans[1], 11));
        assert_eq!([0, 1].map(|n| chans[n].stats().parked_puts), [1, 1]);
        assert_eq!(chans[winner].try_get(), Ok(10 + winner));
        assert_eq!(select.finish(), put(winner, [(1 - winner, 11 - winner)]));
        chans.iter().for_each(assert_idle);
        assert_eq!(chans[1 - winner].try_get(), Err(TryGetError::Empty));
    }
}

/// Rule 2: two arms of one kind on one channel take one value, or put one.
fn the_same_channel_twice_commits_once<S: Selecting>() {
    let c = Chan::fixed(2);
    c.add([1, 2]).unwrap();
    let Selected { outcome, .. } = S::fair(Arm::get(&c), Arm::get(&c)).finish();
    assert_eq!((outcome, c.len()), (Outcome::Got(Some(1)), 1));

    let c = Chan::new();
    let select = S::biased(Arm::get(&c), Arm::get(&c));
    assert_eq!(c.stats().parked_gets, 2);
    c.try_put(1).unwrap();
    assert_eq!(c.try_put(2), Err(TryPutError::Full(2)));
    assert_eq!(select.finish(), got(0, Some(1), []));
    assert_idle(&c);

    let select = S::biased(Arm::put(&c, 3), Arm::put(&c, 4));
    assert_eq!(c.stats().parked_puts, 2);
    assert_eq!((c.try_get(), c.try_get()), (Ok(3), Err(TryGetError::Empty)));
    assert_eq!(select.finish(), put(0, [(1, 4)]));
    assert_idle(&c);
}

/// Rule 2: a get and a put arm on one rendezvous wait for others, and either may be met.
fn it_never_meets_itself<S: Selecting>() {
    for biased in [true, false] {
        let c = Chan::new();
        let select = S::start(biased, Arm::get(&c), Arm::put(&c, 1));
        assert_eq!((c.stats().parked_gets, c.stats().parked_puts), (1, 1));
        c.try_put(2).unwrap();
        assert_eq!(select.finish(), got(0, Some(2), [(1, 1)]));
        assert_idle(&c);

        let select = S::start(biased, Arm::put(&c, 3), Arm::get(&c));
        assert_eq!((c.stats().parked_gets, c.stats().parked_puts), (1, 1));
        assert_eq!(c.try_get(), Ok(3));
        assert_eq!(select.finish(), put(0, []));
        assert_idle(&c);

        // Two of them meet each other, in one way or the other.
        let one = S::start(biased, Arm::get(&c), Arm::put(&c, 4));
        let two = S::start(biased, Arm::get(&c), Arm::put(&c, 5)).finish();
        let one = one.finish();
        let expected = match two.index {
            0 => (put(1, []), got(0, Some(4), [(1, 5)])),
            _ => (got(0, Some(5), [(1, 4)]), put(1, [])),
        };
        assert_eq!((one, two), expected);
        assert_idle(&c);
    }
}

/// Rule 2: with a buffer in between there is always something to do, once.
fn on_one_buffered_channel_the_side_that_can_go_on_does<S: Selecting>() {
    let c = Chan::fixed(1);
    assert_eq!(S::fair(Arm::get(&c), Arm::put(&c, 1)).finish(), put(1, []));
    assert_eq!(S::fair(Arm::get(&c), Arm::put(&c, 2)).finish(), got(0, Some(1), [(1, 2)]));
    assert_idle(&c);
}

/// Rule 4: closed channels are not waited for.
fn arms_on_closed_channels_are_ready<S: Selecting>() {
    let (closed, waits) = (Chan::new(), Chan::new());
    closed.close();
    assert_eq!(S::fair(Arm::get(&waits), Arm::get(&closed)).finish(), got(1, None, []));
    assert_eq!(S::fair(Arm::get(&closed), Arm::put(&waits, 1)).finish(), got(0, None, [(1, 1)]));
    let selected = S::fair(Arm::put(&waits, 2), Arm::put(&closed, 3)).finish();
    assert_eq!(selected.outcome, Outcome::Put(Err(PutError(3))));
    assert_eq!((selected.index, selected.unsent), (1, vec![(0, 2)]));
    assert_idle(&waits);
}

/// Rule 4 and 1: a parked get arm gets `None`; a parked put arm stays, and is still delivered.
fn closing_answers_a_parked_select<S: Selecting>() {
    let (a, b) = (Chan::new(), Chan::new());
    let select = S::fair(Arm::put(&a, 1), Arm::get(&b));
    b.close();
    assert_eq!(select.finish(), got(1, None, [(0, 1)]));
    assert_idle(&a);

    let (a, b) = (Chan::new(), Chan::new());
    let select = S::fair(Arm::put(&a, 1), Arm::get(&b));
    a.close();
    assert_eq!((a.try_get(), a.try_get()), (Ok(1), Err(TryGetError::Closed)));
    assert_eq!(select.finish(), put(0, []));
    assert_idle(&b);
}

/// Rule 2 and 4: both arms are answered by the same closing, and only one of them counts.
fn closing_answers_a_select_on_one_channel_once<S: Selecting>() {
    let c = Chan::<u32>::new();
    let select = S::biased(Arm::get(&c), Arm::get(&c));
    c.close();
    assert_eq!(select.finish(), got(0, None, []));
    assert_idle(&c);

    let c = Chan::new();
    let select = S::fair(Arm::get(&c), Arm::put(&c, 1));
    c.close();
    assert_eq!(select.finish(), got(0, None, [(1, 1)]));
    assert_eq!(c.try_get(), Err(TryGetError::Closed));
    assert_idle(&c);
}

/// Rule 1 and 4: one arm is refused, the other loses; both values come back.
fn the_last_receiver_answers_a_parked_select<S: Selecting>() {
    let (tx, rx) = Chan::new().split();
    let select = S::biased(Arm::put(tx.chan(), 1), Arm::put(tx.chan(), 2));
    drop(rx);
    let selected = select.finish();
    assert_eq!(selected.outcome, Outcome::Put(Err(PutError(1))));
    assert_eq!((selected.index, selected.unsent), (0, vec![(1, 2)]));
    assert_idle(tx.chan());
}

/// Rule 2: the put arms of one meet the get arms of the other: one pair, not two.
fn two_selects_meet_in_one_pair<S: Selecting>() {
    for first_gets in [true, false] {
        let (a, b) = (Chan::new(), Chan::new());
        let gets = || S::fair(Arm::get(&a), Arm::get(&b));
        let puts = || S::fair(Arm::put(&a, 0), Arm::put(&b, 1));
        let (gets, puts) = if first_gets {
            let gets = gets();
            (gets, puts())
        } else {
            let puts = puts();
            (gets(), puts)
        };
        let (got_one, put_one) = (gets.finish(), puts.finish());
        let at = got_one.index;
        assert_eq!(got_one, got(at, Some(at), []));
        assert_eq!(put_one, put(at, [(1 - at, 1 - at)]));
        assert_idle(&a);
        assert_idle(&b);
    }
}

/// Rule 2: crossed, each could meet the other twice.
fn crossed_selects_meet_in_one_pair<S: Selecting>() {
    let (a, b) = (Chan::new(), Chan::new());
    for _ in 0..8 {
        let one = S::fair(Arm::get(&a), Arm::put(&b, 'b'));
        let two = S::fair(Arm::put(&a, 'a'), Arm::get(&b)).finish();
        let one = one.finish();
        let expected = match one.index {
            0 => (got(0, Some('a'), [(1, 'b')]), put(0, [])),
            _ => (put(1, []), got(1, Some('b'), [(0, 'a')])),
        };
        assert_eq!((one, two), expected);
        assert_idle(&a);
        assert_idle(&b);
    }
}

/// What `biased` and `priority` promise.
fn biased_takes_the_first_that_is_ready<S: Selecting>() {
    let (full, empty) = (Chan::unbounded(), Chan::unbounded());
    for n in 0..20 {
        full.try_put(n).unwrap();
        let selected = S::biased(Arm::get(&full), Arm::put(&empty, n)).finish();
        assert_eq!(selected, got(0, Some(n), [(1, n)]));
    }
    for n in 0..20 {
        full.try_put(n).unwrap();
        let selected = S::biased(Arm::put(&empty, n), Arm::get(&full)).finish();
        assert_eq!(selected, put(0, []));
    }
    let closed = Chan::new();
    closed.close();
    assert_eq!(S::biased(Arm::get(&closed), Arm::get(&full)).finish(), got(0, None, []));
}

/// Rule 3: plain and select alike.
fn arms_wait_in_line_with_plain_operations<S: Selecting>() {
    let (c, other) = (Chan::new(), Chan::new());
    let first = S::fair(Arm::get(&other), Arm::get(&c));
    let second = Await::get(&c);
    let third = S::fair(Arm::get(&c), Arm::get(&other));
    (1..4).for_each(|n| c.try_put(n).unwrap());
    assert_eq!(first.finish(), got(1, Some(1), []));
    assert_eq!(second.finish(), Some(2));
    assert_eq!(third.finish(), got(0, Some(3), []));

    let first = Await::put(&c, 1);
    let second = S::fair(Arm::put(&c, 2), Arm::get(&other));
    let third = Await::put(&c, 3);
    assert_eq!([0; 3].map(|_| c.try_get().unwrap()), [1, 2, 3]);
    assert_eq!((first.finish(), third.finish()), (Ok(()), Ok(())));
    assert_eq!(second.finish(), put(0, []));
    assert_idle(&c);
    assert_idle(&other);
}

/// Rule 1 and 3: a parked put arm is let into a buffer as a parked put is.
fn a_parked_select_loses_nothing_to_a_full_buffer<S: Selecting>() {
    let (c, other) = (Chan::fixed(1), Chan::new());
    c.try_put(0).unwrap();
    let select = S::fair(Arm::put(&c, 1), Arm::get(&other));
    assert_eq!(c.try_get(), Ok(0));
    assert_eq!(select.finish(), put(0, []));
    assert_eq!((c.try_get(), c.try_get()), (Ok(1), Err(TryGetError::Empty)));
    assert_idle(&other);
}

/// Rule 2: a dropped select is as if it had never been.
fn a_dropped_select_leaves_no_trace<S: AsyncSelecting>() {
    let (a, b) = (Chan::new(), Chan::fixed(1));
    b.try_put(0).unwrap();
    let before = (a.stats(), b.stats());
    let select = S::fair(Arm::get(&a), Arm::put(&b, 1));
    assert_eq!((a.stats().parked_gets, b.stats().parked_puts), (1, 1));
    drop(select);
    assert_eq!((a.stats(), b.stats()), before);
    assert_eq!(a.try_put(2), Err(TryPutError::Full(2)));
    assert_eq!((b.try_get(), b.try_get()), (Ok(0), Err(TryGetError::Empty)));
}

/// Rule 1: to the next get, or to the front.
fn a_select_dropped_after_a_get_was_committed_gives_the_value_back<S: AsyncSelecting>() {
    let (a, b) = (Chan::fixed(2), Chan::new());
    let select = S::fair(Arm::get(&a), Arm::get(&b));
    a.add([1, 2]).unwrap();
    drop(select);
    assert_eq!((a.try_get(), a.try_get()), (Ok(1), Ok(2)));

    let select = S::fair(Arm::get(&a), Arm::get(&b));
    let next = Await::get(&a);
    a.try_put(3).unwrap();
    drop(select);
    assert_eq!(next.finish(), Some(3));
    assert_idle(&a);
    assert_idle(&b);
}

/// Rule 1: a commit stands; the loser's value goes with the select.
fn a_select_dropped_after_a_put_was_committed_leaves_it<S: AsyncSelecting>() {
    let (a, b) = (Chan::fixed(1), Chan::new());
    a.try_put(0).unwrap();
    let select = S::fair(Arm::put(&a, 1), Arm::put(&b, 2));
    assert_eq!(a.try_get(), Ok(0));
    drop(select);
    assert_eq!((a.try_get(), a.try_get()), (Ok(1), Err(TryGetError::Empty)));
    assert_eq!(b.try_get(), Err(TryGetError::Empty));
    assert_idle(&b);
}
