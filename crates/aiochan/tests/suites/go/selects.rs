//! Go's tests (The Go Authors, BSD-3-Clause) of what a single select does.

use std::cell::RefCell;
use std::iter::repeat;

use aiochan::{Chan, Outcome, PutError, Select, Selected, run, select, select_blocking};

use crate::common::{Worker, consumer};
use crate::driver::{Await, Driver, HOUR, Op, assert_idle, parked};
use crate::selecting::{Arm, Selecting, got, put};
use crate::task::panics;

cases! {
    alone: [
        operands_are_evaluated_once_in_each_pass,
        a_select_without_arms,
        a_default_is_for_when_nothing_is_ready,
        only_the_arm_that_wins_is_run,
        one_ready_arm_wins_in_every_arrangement,
        operands_are_evaluated_in_the_order_written,
        a_value_that_is_not_wanted_is_taken_all_the_same,
        arms_may_leave_what_is_around_the_select,
        a_channel_in_two_arms_keeps_its_queue,
        chance_decides_between_ready_arms,
    ]
    selects: [
        arms_that_are_not_ready_are_waited_for,
        ready_arms_do_not_wait,
        closed_channels_are_as_in_plain_operations,
        a_select_does_not_meet_itself,
        losing_last_in_line_leaves_the_queue_whole,
    ]
    workers: [
        chance_decides_between_puts,
    ]
}

/// In each pass all operands are evaluated, those of losing arms too; a full channel never wins (`select`).
fn operands_are_evaluated_once_in_each_pass() {
    let (mut evaluated, mut bit) = (0, 0);
    let mut fill = |a: &Chan<u32>, b: &Chan<u32>| {
        let mut puts = 0;
        loop {
            let mut value = || {
                evaluated += 1;
                1 << bit
            };
            select! {
                result = a.put(value()) => result.unwrap(),
                result = b.put(value()) => result.unwrap(),
                default => return puts,
            }
            puts += 1;
            bit += 1;
        }
    };
    let (a, b) = (Chan::fixed(1), Chan::fixed(1));
    assert_eq!(fill(&a, &b), 2);
    assert_eq!(a.try_get().unwrap() | b.try_get().unwrap(), 0b11);
    assert_eq!(fill(&a, &Chan::new()), 1);
    assert_eq!(evaluated, 10);
}

/// Nothing can ever happen, so it is refused, where Go waits for ever; not waiting is no harm (`select3`).
fn a_select_without_arms() {
    assert!(panics(|| Select::<u32>::new().blocking()).contains("give it an arm"));
    assert!(panics(|| run(async { Select::<u32>::new().await })).contains("give it an arm"));
    assert!(Select::<u32>::new().try_now().unwrap_err().0.is_empty());
}

/// A select waits as its arms alone would: with puts, with gets, and with both (`select3`).
fn arms_that_are_not_ready_are_waited_for<S: Selecting>() {
    let full = Chan::fixed(1);
    full.try_put(0).unwrap();
    let select = S::fair(Arm::put(&full, 1), Arm::put(&full, 2));
    assert_eq!(full.stats().parked_puts, 2);
    assert_eq!(full.try_get(), Ok(0));
    let Selected { index, outcome, unsent } = select.finish();
    assert_eq!((outcome, unsent), (Outcome::Put(Ok(())), vec![(1 - index, 2 - index)]));

    let (a, b) = (Chan::new(), Chan::new());
    let select = S::fair(Arm::get(&a), Arm::get(&b));
    assert_eq!((a.stats().parked_gets, b.stats().parked_gets), (1, 1));
    b.close();
    assert_eq!(select.finish(), got(1, None::<usize>, []));

    let select = S::fair(Arm::get(&a), Arm::put(&full, 3));
    assert_eq!((a.stats().parked_gets, full.stats().parked_puts), (1, 1));
    a.try_put(4).unwrap();
    assert_eq!(select.finish(), got(0, Some(4), [(1, 3)]));
    assert_idle(&a);
}

/// Room, or a value, is enough (`select3`).
fn ready_arms_do_not_wait<S: Selecting>() {
    let (c, never) = (Chan::fixed(1), Chan::new());
    assert_eq!(S::fair(Arm::get(&never), Arm::put(&c, 7)).finish(), put(1, []));
    assert_eq!(S::fair(Arm::get(&c), Arm::put(&never, 8)).finish(), got(0, Some(7), [(1, 8)]));
    assert_idle(&never);
}

/// With a default nothing waits, and the default has no part when an arm is ready (`select3`).
fn a_default_is_for_when_nothing_is_ready() {
    let (c, never) = (Chan::fixed(1), Chan::new());
    assert!(select! { _ = never.get() => false, default => true });
    assert!(select! { _ = never.put(7) => false, default => true });
    assert!(
        select_blocking! { _ = never.get() => false, _ = never.put(7) => false, default => true }
    );
    assert!(select! { result = c.put(7) => result.is_ok(), default => false });
    assert!(select_blocking! { value = c.get() => value == Some(7), default => false });
    assert_idle(&never);
}

/// A get has its end, a put its value back (`select3`).
fn closed_channels_are_as_in_plain_operations<S: Selecting>() {
    let (closed, never) = (Chan::new(), Chan::new());
    closed.close();
    for n in 0..10 {
        assert_eq!(S::fair(Arm::get(&closed), Arm::get(&never)).finish(), got(0, None, []));
        let refused = S::fair(Arm::get(&never), Arm::put(&closed, n)).finish();
        assert_eq!((refused.index, refused.outcome), (1, Outcome::Put(Err(PutError(n)))));
    }
    assert_idle(&never);
}

/// A channel in a put and a get arm of one select is not ready by that (`select3`).
fn a_select_does_not_meet_itself<S: Selecting>() {
    let c = Chan::new();
    let select = S::fair(Arm::put(&c, 1), Arm::get(&c));
    assert_eq!((c.stats().parked_puts, c.stats().parked_gets), (1, 1));
    assert_eq!(c.try_get(), Ok(1));
    assert_eq!(select.finish(), put(0, []));
    assert_idle(&c);
}

/// What a losing arm would do with its result is not looked at (`select4`).
fn only_the_arm_that_wins_is_run() {
    let (c, never) = (Chan::fixed(1), Chan::<u32>::new());
    let mut seen = Vec::new();
    for n in [42, 43] {
        c.try_put(n).unwrap();
        let case = async {
            select! {
                value = never.get() => panic!("there was {value:?}"),
                value = c.get() => seen.push(value.unwrap()),
            }
        };
        run(case);
    }
    assert_eq!(seen, [42, 43]);
}

/// A way to end a select with an arm that is ready.
type End = fn(Select<'_, u32>) -> Selected<u32>;

const ENDS: [End; 5] = [
    |select| select.blocking(),
    |select| select.blocking_timeout(HOUR).unwrap(),
    |select| select.try_now().unwrap(),
    |select| run(async { select.await }),
    |select| run(select.timeout(HOUR)).unwrap(),
];

/// Which other arms there are, on which side of it, and how the select is ended: none of it matters (`select5`,
/// whose cases are generated).
fn one_ready_arm_wins_in_every_arrangement() {
    let (c, never) = (Chan::fixed(1), Chan::new());
    // The low two bits are arms before the one that is ready, the others behind it.
    for (others, end) in (0..16).flat_map(|others| ENDS.map(|end| (others, end))) {
        for priority in [false, true] {
            let arms = |put: Option<u32>| {
                let select = idle_arms(Select::new().priority(priority), &never, others & 3);
                let select = match put {
                    Some(value) => select.put(&c, value),
                    None => select.get(&c),
                };
                idle_arms(select, &never, others >> 2)
            };
            let index = (others & 3_u32).count_ones() as usize;
            let unsent = (others & 0b0101).count_ones() as usize;

            let won = end(arms(Some(7)));
            assert_eq!((won.index, won.outcome), (index, Outcome::Put(Ok(()))));
            assert_eq!(won.unsent.len(), unsent);
            let won = end(arms(None));
            assert_eq!((won.index, won.outcome), (index, Outcome::Got(Some(7))));
            assert_eq!(won.unsent.len(), unsent);
            assert_eq!(arms(None).try_now().unwrap_err().0.len(), unsent);
        }
    }
    assert_idle(&never);
}

/// Adds a put and a get, as the bits of `which` say.
fn idle_arms<'a>(mut select: Select<'a, u32>, never: &'a Chan<u32>, which: u32) -> Select<'a, u32> {
    if which & 1 != 0 {
        select = select.put(never, 0);
    }
    if which & 2 != 0 {
        select = select.get(never);
    }
    select
}

/// First all channels and values from the first arm to the last, once each; then one arm's body (`select5`).
fn operands_are_evaluated_in_the_order_written() {
    let (c, never) = (Chan::fixed(1), Chan::new());
    let log = RefCell::new(Vec::new());
    let chan = |n, chan| {
        log.borrow_mut().push(n);
        chan
    };
    let value = |n| {
        log.borrow_mut().push(n);
        n
    };
    for _ in 0..20 {
        select! {
            _ = chan(1, &never).get() => unreachable!(),
            result = chan(2, &c).put(value(3)) => {
                result.unwrap();
                value(6);
            },
            _ = chan(4, &never).put(value(5)) => unreachable!(),
            default => unreachable!(),
        }
        assert_eq!(log.take(), [1, 2, 3, 4, 5, 6]);
        let got = select_blocking! {
            biased;
            _ = chan(1, &never).put(value(2)) => unreachable!(),
            got = chan(3, &c).get() => got.map(|_| value(5)),
            _ = chan(4, &never).get() => unreachable!(),
        };
        assert_eq!((got, log.take()), (Some(5), vec![1, 2, 3, 4, 5]));
    }
    let all_idle = async {
        select! {
            _ = chan(1, &never).put(value(2)) => unreachable!(),
            _ = chan(3, &c).get() => unreachable!(),
            default => value(4),
        }
    };
    assert_eq!((run(all_idle), log.take()), (4, vec![1, 2, 3, 4]));
}

/// An arm that loses while it is the last of several that wait takes only itself out: those before it, and those that
/// come later, are woken (`select6`).
fn losing_last_in_line_leaves_the_queue_whole<S: Selecting>() {
    let (c, other) = (Chan::new(), Chan::new());
    let first = Await::get(&c);
    let select = S::biased(Arm::get(&c), Arm::get(&other));
    assert_eq!((c.stats().parked_gets, other.stats().parked_gets), (2, 1));
    other.try_put(0).unwrap();
    assert_eq!(select.finish(), got(1, Some(0), []));
    assert_eq!(c.stats().parked_gets, 1);
    let last = Await::get(&c);
    assert_eq!((c.try_put(1), c.try_put(2)), (Ok(()), Ok(())));
    assert_eq!((first.finish(), last.finish()), (Some(1), Some(2)));
    assert_idle(&c);
}

/// Plain or in a select of one arm or two, on either side: the value goes over, also when it is dropped on arrival
/// (`select7`).
fn a_value_that_is_not_wanted_is_taken_all_the_same() {
    let blocking: [fn(&Chan<u32>); 3] = [
        |c| assert!(c.get_blocking().is_some()),
        |c| select_blocking! { _ = c.get() => {} },
        |c| {
            let never = Chan::<u32>::new();
            select_blocking! { _ = c.get() => {}, _ = never.get() => unreachable!() }
        },
    ];
    let puts: [fn(&Chan<u32>); 6] = [
        |c| c.put_blocking(1).unwrap(),
        |c| select_blocking! { result = c.put(1) => result.unwrap() },
        |c| {
            let never = Chan::new();
            select_blocking! { result = c.put(1) => result.unwrap(), _ = never.put(1) => unreachable!() }
        },
        |c| run(c.put(1)).unwrap(),
        |c| {
            run(async {
                select! { result = c.put(1) => result.unwrap() }
            })
        },
        |c| {
            let never = Chan::new();
            run(async {
                select! { result = c.put(1) => result.unwrap(), _ = never.put(1) => unreachable!() }
            })
        },
    ];
    for put in puts {
        let check = |c: Chan<u32>, get: Op<()>| {
            put(&c);
            get.finish();
            assert_idle(&c);
            assert_eq!(c.stats().delivered(), 1);
        };
        for get in blocking {
            let c = Chan::new();
            let own = c.clone();
            let op = Op::thread(1, || parked(&c), move || get(&own));
            check(c, op);
        }
        for form in 0..3 {
            let c = Chan::new();
            let own = c.clone();
            let op = Op::task(async move {
                let never = Chan::<u32>::new();
                match form {
                    0 => drop(own.get().await),
                    1 => select! { _ = own.get() => {} },
                    _ => select! { _ = own.get() => {}, _ = never.get() => unreachable!() },
                }
            });
            assert_eq!(c.stats().parked_gets, 1);
            check(c, op);
        }
    }
}

/// `break`, `continue` and `return` in an arm mean the loop and function around the select, with one arm and with
/// several (`select8`).
#[allow(clippy::never_loop, reason = "that they are left is the case")]
fn arms_may_leave_what_is_around_the_select() {
    let (fives, never) = (Chan::from_iter(repeat(5)), Chan::new());
    loop {
        select_blocking! { value = fives.get() => if value == Some(5) { break } }
        unreachable!();
    }
    loop {
        select! { _ = never.put(1) => unreachable!(), default => break }
    }
    let mut passes = 0;
    let found = 'search: loop {
        for _ in 0..3 {
            passes += 1;
            select! {
                value = fives.get() => match passes {
                    1..5 => continue,
                    _ => break 'search value,
                },
                _ = never.put(10) => unreachable!(),
                default => unreachable!(),
            }
        }
    };
    assert_eq!((found, passes), (Some(5), 5));
    let returned = |fives: &Chan<u32>| {
        select_blocking! {
            value = fives.get() => return value,
            _ = never.get() => {}
        }
        unreachable!()
    };
    assert_eq!(returned(&fives), Some(5));
}

/// A select that waits twice at a channel and loses there leaves it to who waits behind (`TestSelectDuplicateChannel`).
fn a_channel_in_two_arms_keeps_its_queue() {
    fn case(start: impl Fn(&Chan<u32>, &Chan<u32>) -> Op<usize>) {
        let (c, d) = (Chan::new(), Chan::new());
        let select = start(&c, &d);
        let behind = Await::get(&c);
        assert_eq!((c.stats().parked_gets, d.stats().parked_gets), (3, 1));
        d.try_put(7).unwrap();
        assert_eq!(select.finish(), 2);
        assert_eq!(c.stats().parked_gets, 1);
        c.try_put(8).unwrap();
        assert_eq!(behind.finish(), Some(8));
        assert_idle(&c);
    }
    case(|c, d| {
        let (own, other) = (c.clone(), d.clone());
        let select = move || Select::new().get(&own).get(&own).get(&other).blocking().index;
        Op::thread(3, || parked(c) + parked(d), select)
    });
    case(|c, d| {
        let (own, other) = (c.clone(), d.clone());
        Op::task(async move { Select::new().get(&own).get(&own).get(&other).await.index })
    });
    case(|c, d| {
        let (own, other) = (c.clone(), d.clone());
        Op::task(async move {
            select! { _ = own.get() => 0, _ = own.get() => 1, _ = other.get() => 2 }
        })
    });
}

/// Two arms that are always ready win about equally often, beside two that never are (`TestSelectFairness`).
fn chance_decides_between_ready_arms() {
    const TRIALS: usize = 10_000;
    // Ten standard deviations: it is not by chance that a fair select misses that.
    const OFF: usize = 500;
    let [one, two] = [1, 2].map(|n| Chan::from_iter(repeat(n)));
    let [a, b] = [(); 2].map(|()| Chan::<usize>::new());
    let fair = |pick: &dyn Fn() -> Option<usize>| {
        let ones = (0..TRIALS).filter(|_| pick() == Some(1)).count();
        assert!(ones.abs_diff(TRIALS / 2) < OFF, "{ones} of {TRIALS}");
    };
    fair(
        &|| select_blocking! { n = a.get() => n, n = b.get() => n, n = one.get() => n, n = two.get() => n },
    );
    fair(&|| select! { n = one.get() => n, n = a.get() => n, n = two.get() => n, default => None });
    fair(&|| {
        run(async {
            select! { n = b.get() => n, n = one.get() => n, n = two.get() => n }
        })
    });
    let chans = [&a, &one, &b, &two];
    fair(&|| match chans.into_iter().fold(Select::new(), Select::get).blocking().outcome {
        Outcome::Got(value) => value,
        Outcome::Put(_) => unreachable!(),
    });
}

/// So it is between two puts into one channel, whether there is room or a get is waited for (`TestPseudoRandomSend`).
fn chance_decides_between_puts<W: Worker>() {
    const N: usize = 200;
    for capacity in [0, N] {
        let c = Chan::fixed(capacity);
        let gets = consumer::<W, _>(&c, N);
        for _ in 0..N {
            select_blocking! {
                result = c.put(1) => result.unwrap(),
                result = c.put(0) => result.unwrap(),
            }
        }
        let ones: usize = gets.join().into_iter().sum();
        assert!((N / 10..N - N / 10).contains(&ones), "{ones} of {N}");
        assert_eq!(c.try_put(0).is_ok(), capacity > 0);
    }
}
