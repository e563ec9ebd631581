//! `parallel_pipe` and `parallel_pipe_unordered`: what holds on threads.

mod support;

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use aiochan::{Chan, Panicked, Reason, from_range};
use support::{drain, guard, next, reason, wait_until};

const ITEMS: u32 = 300;

/// Conservation and order, for functions of all speeds.
#[test]
fn ordered_results_come_in_the_order_of_the_values() {
    for n in [1, 2, 5, 32] {
        for pause in [1, 3, 50] {
            let f = move |i: u32| {
                if i.is_multiple_of(pause) {
                    thread::yield_now();
                }
                i * 2
            };
            let c = from_range(0..ITEMS).parallel_pipe(n, f).chan_with(4);
            assert_eq!(drain(&c), (0..ITEMS).map(|i| i * 2).collect::<Vec<_>>());
            let c = from_range(0..ITEMS).parallel_pipe_unordered(n, f).chan();
            let mut all = drain(&c);
            all.sort();
            assert_eq!(all, (0..ITEMS).map(|i| i * 2).collect::<Vec<_>>());
        }
    }
}

/// What it is for: n calls at once, on n threads, and never more.
#[test]
fn n_calls_run_at_once_and_never_more() {
    for ordered in [true, false] {
        let (barrier, now, most) = (Barrier::new(4), AtomicUsize::new(0), Arc::default());
        let seen: Arc<AtomicUsize> = Arc::clone(&most);
        let f = move |_| {
            seen.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            // Four must be here at once for any of them to go on.
            barrier.wait();
            now.fetch_sub(1, Ordering::SeqCst);
            thread::current().id()
        };
        // No more than four: after quick calls a thread takes several at a time.
        let source = from_range(0..4);
        let c = match ordered {
            true => source.parallel_pipe(4, f).chan(),
            false => source.parallel_pipe_unordered(4, f).chan(),
        };
        assert_eq!(drain(&c).into_iter().collect::<HashSet<_>>().len(), 4);
        assert_eq!(most.load(Ordering::SeqCst), 4);
    }
}

/// Back-pressure: nobody takes results, so exactly n + ahead values are taken.
#[test]
fn an_idle_consumer_stops_the_intake() {
    for ordered in [true, false] {
        let source = Chan::unbounded();
        source.add(0..ITEMS).unwrap();
        let c = match ordered {
            true => source.parallel_pipe(2, |n| n).ahead(3).chan(),
            false => source.parallel_pipe_unordered(2, |n| n).ahead(3).chan(),
        };
        wait_until("n + ahead are taken", || source.len() as u32 == ITEMS - 5);
        // Were it to take more, it would have to do so before this one has been accepted.
        next(&c);
        wait_until("one more is taken", || source.len() as u32 <= ITEMS - 6);
        assert_eq!(source.len() as u32, ITEMS - 6);
    }
}

/// Parallelism: behind a call that does not end, others go on as far as `ahead` says.
#[test]
fn a_slow_call_lets_others_run_ahead() {
    let (done, gate) = (Chan::unbounded(), Chan::<()>::new());
    let (report, open) = (done.clone(), gate.clone());
    let c = from_range(0..ITEMS)
        .parallel_pipe(2, move |n| {
            if n == 0 {
                open.get_blocking();
            }
            report.try_put(n).unwrap();
            n
        })
        .ahead(10)
        .chan();
    assert_eq!((1..12).map(|_| next(&done)).collect::<Vec<_>>(), Vec::from_iter(1..12));
    gate.close();
    assert_eq!(drain(&c), (0..ITEMS).collect::<Vec<_>>());
}

/// Conservation: what failed, by an error or a panic, arrives with its cause, and the letters end.
#[test]
fn failures_can_go_to_dead_letters_or_be_skipped() {
    let f = |n: u32| match n % 5 {
        0 => panic!("{n}"),
        1 => Err(std::fmt::Error),
        _ => Ok(n),
    };
    let (letters, failed) = Chan::<(u32, Reason)>::new().split();
    let c = from_range(0..20).parallel_pipe(3, f).fallible().dead_letters(letters).chan_with(20);
    let failed = drain(failed.chan());
    assert!(failed.iter().all(|(n, why)| why.is::<Panicked>() == (n % 5 == 0)));
    assert!(failed.iter().all(|(n, why)| why.is::<std::fmt::Error>() == (n % 5 == 1)));
    assert_eq!(failed.len(), 8);
    let good: Vec<_> = (0..20).filter(|n| n % 5 > 1).collect();
    assert_eq!(drain(&c), good);
    let c = from_range(0..20).parallel_pipe(3, f).fallible().skip_failures().chan();
    assert_eq!(drain(&c), good);
    assert!(c.close_reason().is_none());
}

/// No hang: letters that nobody takes do not keep the threads when the consumer leaves, and closed ones
/// stop the pipe.
#[test]
fn letters_that_nobody_takes_do_not_keep_the_pipe() {
    let (alive, gone) = guard();
    let (letters, failed) = Chan::<(u32, Reason)>::new().split();
    let f = move |n| (assert!(n != 3, "no {n}"), &alive).0;
    let c = from_range(0..20).parallel_pipe(2, f).dead_letters(letters).chan();
    (0..3).for_each(|_| next(&c));
    wait_until("the letter waits", || failed.stats().parked_puts == 1);
    drop(c);
    gone.wait_until_gone();

    let (letters, failed) = Chan::<(u32, Reason)>::new().split();
    drop(failed);
    let f = |n| assert!(n != 3, "no {n}");
    let c = from_range(0..20).parallel_pipe(2, f).dead_letters(letters).chan();
    assert_eq!(drain(&c).len(), 3);
    assert_eq!(reason(&c), "a stage panicked: no 3");
}

/// No hang: results whose drop panics, when nobody takes them.
#[test]
fn results_that_panic_when_they_are_dropped_do_not_keep_the_pipe() {
    struct Evil;
    impl Drop for Evil {
        fn drop(&mut self) {
            if !thread::panicking() {
                panic!("an evil drop");
            }
        }
    }
    let (alive, gone) = guard();
    let c = from_range(0..).parallel_pipe(2, move |_: u32| (Evil, &alive).0).chan();
    wait_until("a result waits", || c.stats().parked_puts > 0);
    drop(c);
    gone.wait_until_gone();
}

/// Flat: sequences of any length, in order.
#[test]
fn flat_results_come_one_by_one() {
    let c = from_range(0..20usize).parallel_pipe(3, |n| vec![n; n % 3]).flat().chan();
    let expected: Vec<_> = (0..20).flat_map(|n| vec![n; n % 3]).collect();
    assert_eq!(drain(&c), expected);
}

/// Bad input is refused at the call.
#[test]
#[should_panic(expected = "give parallel_pipe at least 1")]
fn no_threads_are_refused() {
    let _ = from_range(0..1).parallel_pipe(0, |n| n);
}
