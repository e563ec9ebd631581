//! core.async's tests (Rich Hickey and contributors, EPL-1.0) of `alts!` and `alt!`.

use std::iter::repeat;
use std::time::Duration;

use aiochan::{Chan, MAX_PENDING, Outcome, PutError, Select, from_iter, run, select, timeout};

use crate::driver::{Await, Driver, HOUR, assert_idle};
use crate::selecting::{Arm, Selecting, got, put};

cases! {
    alone: [
        without_priority_any_ready_arm_may_win,
        a_default_is_the_result_when_nothing_is_ready,
        selects_do_not_fill_the_queue_of_callbacks,
        a_timeout_is_one_more_channel,
        timeouts_end_in_the_order_of_their_time,
    ]
    selects: [
        a_select_says_what_came_and_from_where,
        a_put_in_a_select_says_whether_it_was_accepted,
        with_priority_the_first_that_is_ready_wins,
    ]
}

/// The value, or the end, and which arm it was (`alt-tests`: "alts works at all", "alt works").
fn a_select_says_what_came_and_from_where<S: Selecting>() {
    let (c, never) = (from_iter([42]), Chan::new());
    assert_eq!(S::fair(Arm::get(&never), Arm::get(&c)).finish(), got(1, Some(42), []));
    assert_eq!(S::fair(Arm::get(&c), Arm::get(&never)).finish(), got(0, None, []));
    assert_idle(&never);
}

/// By a get that waits, or not, because the channel is closed (what `alts!` says of itself).
fn a_put_in_a_select_says_whether_it_was_accepted<S: Selecting>() {
    let (c, never) = (Chan::new(), Chan::new());
    let get = Await::get(&c);
    assert_eq!(S::fair(Arm::put(&c, 1), Arm::get(&never)).finish(), put(0, []));
    assert_eq!(get.finish(), Some(1));
    c.close();
    let refused = S::fair(Arm::get(&never), Arm::put(&c, 2)).finish();
    assert_eq!((refused.index, refused.outcome), (1, Outcome::Put(Err(PutError(2)))));
    assert_idle(&never);
}

/// Every time (what `alts!` says of `:priority`).
fn with_priority_the_first_that_is_ready_wins<S: Selecting>() {
    let [ones, twos] = [1, 2].map(|n| from_iter(repeat(n)));
    let never = Chan::new();
    for _ in 0..20 {
        assert_eq!(S::biased(Arm::get(&ones), Arm::get(&twos)).finish(), got(0, Some(1), []));
        assert_eq!(S::biased(Arm::get(&twos), Arm::get(&ones)).finish(), got(0, Some(2), []));
        assert_eq!(S::biased(Arm::get(&never), Arm::get(&ones)).finish(), got(1, Some(1), []));
    }
}

/// By chance (`alt-tests`: "alt obeys its random-array initialization").
fn without_priority_any_ready_arm_may_win() {
    let [ones, twos, threes] = [1, 2, 3].map(|n| from_iter(repeat(n)));
    let mut wins = [0; 4];
    for _ in 0..300 {
        let n = select! {
            n = ones.get() => n,
            n = twos.get() => n,
            n = threes.get() => n,
            default => None,
        };
        wins[n.unwrap_or(0)] += 1;
    }
    assert_eq!(wins[0], 0);
    assert!(wins[1..].iter().all(|wins| *wins > 30), "{wins:?}");
}

/// And only then (`alt-tests`: "alts can use default", "alt can use default").
fn a_default_is_the_result_when_nothing_is_ready() {
    let c = Chan::fixed(1);
    let look = || select! { value = c.get() => value, default => Some(42) };
    assert_eq!(look(), Some(42));
    c.try_put(1).unwrap();
    assert_eq!((look(), look()), (Some(1), Some(42)));
    assert!(Select::new().get(&c).try_now().is_err());
}

/// However many have lost there, or been given up (`cleanup` of the ClojureScript tests).
fn selects_do_not_fill_the_queue_of_callbacks() {
    let c = Chan::new();
    for n in 0..MAX_PENDING {
        select! { _ = c.put(n) => unreachable!(), default => {} }
        select! { _ = c.get() => unreachable!(), default => {} }
        let given_up = Select::new().put(&c, n).blocking_timeout(Duration::ZERO);
        assert_eq!(given_up.unwrap_err().0, [(0, n)]);
        let won = from_iter([n]);
        run(async {
            select! { _ = c.get() => unreachable!(), _ = won.get() => {} }
        });
    }
    assert_eq!(c.stats(), Chan::<usize>::new().stats());
    c.put_with(42, drop).unwrap();
    c.get_with(drop).unwrap();
    assert_idle(&c);
}

/// It has nothing to give but its end (`timeout-tests`, `timers_test.clj`).
fn a_timeout_is_one_more_channel() {
    let (never, soon, late) =
        (Chan::<u32>::new(), timeout(Duration::from_millis(1)), timeout(HOUR));
    let which = run(async {
        select! {
            _ = never.get() => "never",
            end = soon.get() => end.map_or("soon", |()| "a value"),
            _ = late.get() => "late",
        }
    });
    assert_eq!((which, soon.is_closed(), late.is_closed()), ("soon", true, false));
}

/// Whichever was made first (`timers_test.clj`). With the clock of a tokio runtime that is stopped: it goes on by
/// itself, to the next timer.
fn timeouts_end_in_the_order_of_their_time() {
    if cfg!(not(feature = "tokio")) {
        return;
    }
    let mut paused = tokio::runtime::Builder::new_current_thread();
    paused.enable_time().start_paused(true);
    paused.build().unwrap().block_on(async {
        let start = tokio::time::Instant::now();
        let times = [30, 10, 20];
        let chans = times.map(|ms| timeout(Duration::from_millis(ms)));
        let mut open = vec![0, 1, 2];
        for expected in [1, 2, 0] {
            let arms = open.iter().fold(Select::new(), |select, n| select.get(&chans[*n]));
            let won = arms.await;
            assert_eq!((open.remove(won.index), won.outcome), (expected, Outcome::Got(None)));
            assert_eq!(start.elapsed().as_millis(), u128::from(times[expected]));
        }
    });
}
