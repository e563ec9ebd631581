//! Functions that fail: stop, skip, and what stopping leaves.

use std::num::ParseIntError;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use aiochan::{Chan, Panicked, from_range};

use crate::support::{drain, guard, next, reason, wait_until};
use crate::{FORMS, Gate, pipe, sorted};

/// A panic stops the pipe with the cause, after what comes before it, whichever item it is.
#[test]
fn a_panic_stops() {
    for ordered in FORMS {
        for failing in [0, 1, 37, 99] {
            let (here, gone) = guard();
            let f = move |i| (assert_ne!(i, failing, "item {failing}"), i, &here).1;
            let source = from_range(0..100);
            let c = pipe!(source, ordered, 3, f).chan();
            let results = drain(&c);
            if ordered {
                assert_eq!(results, (0..failing).collect::<Vec<_>>());
            } else {
                assert!(!results.contains(&failing));
            }
            let reason = c.close_reason().unwrap();
            let message = reason.downcast_ref::<Panicked>().unwrap().message();
            assert!(message.contains(&format!("item {failing}")), "{message}");
            gone.wait_until_gone();
        }
    }
}

/// All results before the failed one are delivered and none after it, also where threads have taken many
/// items at once.
#[test]
fn exactly_the_results_before_a_failure_are_delivered() {
    for round in 0..100 {
        let failing = 997 + round * 31;
        let f = move |i| if i == failing { Err("it had to be") } else { Ok(i) };
        let c = from_range(0..10_000).parallel_pipe(4, f).fallible().chan_with(100);
        assert_eq!(drain(&c), (0..failing).collect::<Vec<_>>());
        assert_eq!(reason(&c), "it had to be");
    }
}

/// An error stops the pipe and can be downcast to.
#[test]
fn an_error_stops() {
    for ordered in FORMS {
        for (words, before) in [("x 1 2", 0), ("1 x 2", 1), ("1 2 x", 2)] {
            let (here, gone) = guard();
            let words = Chan::from_iter(words.split(' '));
            let f = move |s: &str| (s.parse::<u8>(), &here).0;
            let c = pipe!(words, ordered, 1, f).fallible().chan();
            assert_eq!(drain(&c).len(), before);
            assert!(c.close_reason().unwrap().is::<ParseIntError>());
            gone.wait_until_gone();
        }
    }
}

/// Without `fallible` an error is a result like any other.
#[test]
fn an_error_may_be_a_result() {
    for ordered in FORMS {
        let c = pipe!(Chan::from_iter(["1", "x"]), ordered, 1, |s| s.parse::<u8>().ok()).chan();
        assert_eq!(drain(&c), [Some(1), None]);
    }
}

/// When several calls fail, the cause is that of the first item, not of the first call.
#[test]
fn the_first_failure_in_order_counts() {
    let gate = Gate::default();
    let pass = gate.clone();
    let (begun, begins) = Chan::unbounded().split();
    let f = move |i| {
        begun.put_blocking(()).unwrap();
        if i == 0 {
            pass.pass();
        }
        Err::<u8, _>(format!("item {i}"))
    };
    let c = from_range(0..9).parallel_pipe(2, f).fallible().chan();
    (0..2).for_each(|_| next(begins.chan()));
    gate.open();
    assert_eq!(drain(&c), []);
    assert_eq!(reason(&c), "item 0");
}

/// After a failure the input is not read on, not even while calls of earlier items still run: who waits
/// for it leaves at once.
#[test]
fn a_failure_stops_the_intake_at_once() {
    let source = Chan::fixed(9);
    let (gate, failing) = (Gate::default(), Gate::default());
    let (pass, fail) = (gate.clone(), failing.clone());
    let f = move |i| {
        if i == 0 {
            pass.pass();
            return Ok(i);
        }
        fail.pass();
        Err("failed")
    };
    let (here, gone) = guard();
    let c = source.parallel_pipe(3, move |i: u8| (f(i), &here).0).fallible().chan();
    source.add([0, 1]).unwrap();
    wait_until("a third thread waits", || source.is_empty() && source.stats().parked_gets == 1);
    failing.open();
    wait_until("it leaves", || source.stats().parked_gets == 0);
    source.add([2]).unwrap();
    gate.open();
    assert_eq!(drain(&c), [0]);
    assert_eq!(reason(&c), "failed");
    gone.wait_until_gone();
    assert_eq!(source.try_get(), Ok(2));
}

/// After a failure no call begins with a later item, also with one that was read before.
#[test]
fn no_call_begins_after_a_failure() {
    for (ordered, panics) in FORMS.into_iter().flat_map(|form| [(form, false), (form, true)]) {
        let calls = Arc::new(AtomicUsize::new(0));
        let count = calls.clone();
        let (here, gone) = guard();
        let f = move |i| {
            count.fetch_add(1, SeqCst);
            assert!(!panics || i != 500, "enough");
            (if i == 500 { Err("enough") } else { Ok(i) }, &here).0
        };
        let c = pipe!(from_range(0..10_000), ordered, 1, f).fallible().chan_with(1000);
        assert_eq!(drain(&c).len(), 500);
        gone.wait_until_gone();
        assert_eq!(calls.load(SeqCst), 501);
    }
}

/// Failures can be left out, errors and panics.
#[test]
fn failures_can_be_skipped() {
    for ordered in FORMS {
        let f = |i: u32| match i % 3 {
            0 => Ok(i),
            1 => Err("an error"),
            _ => panic!("a panic"),
        };
        let c = pipe!(from_range(0..100), ordered, 3, f).fallible().skip_failures().chan();
        assert_eq!(sorted(drain(&c)), (0..100).step_by(3).collect::<Vec<_>>());
        assert!(c.close_reason().is_none());

        let none = pipe!(from_range(0..50), ordered, 3, |_: u8| Err::<u8, _>("all of them"));
        assert_eq!(drain(&none.fallible().skip_failures().chan()), []);
    }
}

/// `fallible` and `flat` in both orders.
#[test]
fn fallible_and_flat() {
    let f = |i: u8| if i < 2 { Ok(vec![i; 2]) } else { Err("two") };
    let c = from_range(0..4).parallel_pipe(1, f).fallible().flat().chan();
    assert_eq!(drain(&c), [0, 0, 1, 1]);
    assert_eq!(reason(&c), "two");

    let f = |i: u8| [Ok(i), if i == 2 { Err("two") } else { Ok(i) }];
    let c = from_range(0..4).parallel_pipe(1, f).flat().fallible().skip_failures().chan();
    assert_eq!(drain(&c), [0, 0, 1, 1, 3, 3]);
}

/// A panic of the iterator of `flat` is one of the function.
#[test]
fn an_iterator_that_panics_fails() {
    for ordered in FORMS {
        let f = |i: u8| (0..3).map(move |j| (assert!(i < 2, "item {i}"), j).1);
        let c = pipe!(from_range(0..4), ordered, 2, f).flat().skip_failures().chan();
        assert_eq!(drain(&c).len(), 6);
    }
}

/// An iterator that panics, and an error among items, may leave items whose drops panic.
#[test]
fn items_of_a_failure_may_be_dropped_with_a_panic() {
    struct Evil;

    impl Drop for Evil {
        fn drop(&mut self) {
            panic!("an evil drop");
        }
    }

    for ordered in FORMS {
        let f = |_: u8| (0..4).map(|j| (assert!(j < 3, "three"), Evil).1);
        let c = pipe!(from_range(0..3), ordered, 2, f).flat().chan();
        assert!(drain(&c).is_empty());
        assert_eq!(reason(&c), "a stage panicked: three");

        let f = |_: u8| [Ok(Evil), Ok(Evil), Err("an error"), Ok(Evil)];
        let c = pipe!(from_range(0..3), ordered, 2, f).flat().fallible().chan();
        assert!(drain(&c).is_empty());
        assert_eq!(reason(&c), "an error");
    }
}

/// A panic of an operator before the pipe stops it, after what came before; no policy applies.
#[test]
fn an_operator_that_panics_stops() {
    for ordered in FORMS {
        let (here, gone) = guard();
        let source = from_range(0..10).map(|i| (assert_ne!(i, 5, "no five"), i).1);
        let f = move |i| (i, &here).0;
        let c = match ordered {
            true => source.parallel_pipe(2, f).skip_failures().chan(),
            false => source.parallel_pipe_unordered(2, f).skip_failures().chan(),
        };
        assert_eq!(sorted(drain(&c)), [0, 1, 2, 3, 4]);
        assert!(c.close_reason().unwrap().is::<Panicked>());
        gone.wait_until_gone();
    }
}
