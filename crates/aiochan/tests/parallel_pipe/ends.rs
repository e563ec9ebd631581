//! Ends: of the input, of the consumer, and of values that do not want to end.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use aiochan::{Buf, Chan, Panicked, from_range};

use crate::support::{drain, guard, next, reason, wait_until};
use crate::{FORMS, Gate, pipe, sorted};

/// The reason that the input was closed for goes on, also to an output that is kept open.
#[test]
fn the_reason_of_the_input_goes_on() {
    for ordered in FORMS {
        for keep_open in [true, false] {
            let source = Chan::fixed(3);
            source.add([1, 2]).unwrap();
            source.close_with("the disk is full");
            let stage = pipe!(source, ordered, 1, |i: u8| i);
            let c = if keep_open { stage.keep_open().chan() } else { stage.chan() };
            assert_eq!(drain(&c), [1, 2]);
            assert_eq!(reason(&c), "the disk is full");
        }
    }
}

/// An output can be kept open at the end of the input, but not after a failure.
#[test]
fn an_output_can_be_kept_open() {
    for ordered in FORMS {
        let out = Chan::fixed(9);
        let (here, gone) = guard();
        pipe!(from_range(0..3), ordered, 1, move |i: u8| (i, &here).0).keep_open().into_chan(&out);
        gone.wait_until_gone();
        out.add([3]).unwrap();
        assert_eq!((0..4).map(|_| next(&out)).collect::<Vec<_>>(), [0, 1, 2, 3]);
        assert!(!out.is_closed());

        pipe!(from_range(0..3), ordered, 1, |_| -> u8 { panic!("no") }).keep_open().into_chan(&out);
        assert_eq!(drain(&out), []);
        assert!(out.close_reason().unwrap().is::<Panicked>());
    }
}

/// A consumer that leaves, by dropping or by closing, ends the threads, wherever they wait and whatever
/// they do: the input is silent, endless, or endless and without results.
#[test]
fn a_consumer_that_leaves_ends_the_threads() {
    for ordered in FORMS {
        for close in [true, false] {
            for buffer in [0, 5] {
                let leave = |c: Chan<u8>| {
                    let keep = close.then(|| (c.close(), c.clone()));
                    drop(c);
                    keep
                };
                let silent = Chan::<u8>::new();
                let (here, gone) = guard();
                let c = pipe!(silent, ordered, 3, move |i| (i, &here).0).chan_with(buffer);
                wait_until("a thread waits", || silent.stats().parked_gets == 1);
                let kept = leave(c);
                gone.wait_until_gone();
                drop(kept);
                assert_eq!(silent.stats().parked_gets, 0);
                assert!(!silent.is_closed());

                let endless = from_range((0..=9).cycle());
                let (here, gone) = guard();
                let c = pipe!(endless, ordered, 3, move |i| (i, &here).0).chan_with(buffer);
                wait_until("a put waits", || c.stats().parked_puts == 1);
                let kept = leave(c);
                // The put that waited can still be got.
                assert_eq!(kept.as_ref().map(|(_, c)| drain(c).len()), close.then_some(buffer + 1));
                gone.wait_until_gone();
                drop(kept);

                let (here, gone) = guard();
                let fail = move |_| (Err::<u8, _>("no result"), &here).0;
                let c =
                    pipe!(endless, ordered, 3, fail).fallible().skip_failures().chan_with(buffer);
                let kept = leave(c);
                gone.wait_until_gone();
                drop(kept);

                let (here, gone) = guard();
                let nothing = move |_| (None::<u8>, &here).0;
                let kept = leave(pipe!(endless, ordered, 3, nothing).flat().chan_with(buffer));
                gone.wait_until_gone();
                drop(kept);
            }
        }
    }
}

/// When the output is closed the result whose put waits is delivered, and nothing else is taken though it waits.
#[test]
fn a_closed_output_takes_nothing_while_a_put_waits() {
    for ordered in FORMS {
        let source = Chan::unbounded();
        source.add([0]).unwrap();
        let (here, gone) = guard();
        let c = pipe!(source, ordered, 3, move |i: u8| (i, &here).0).chan();
        wait_until("a result and a thread wait", || {
            c.stats().parked_puts == 1 && source.stats().parked_gets == 1
        });
        c.close();
        wait_until("it leaves the source", || source.stats().parked_gets == 0);
        source.add([1, 2]).unwrap();
        assert_eq!(drain(&c), [0]);
        gone.wait_until_gone();
        assert_eq!(source.len(), 2);
    }
}

/// A consumer that has some results and then leaves.
#[test]
fn a_consumer_can_leave_in_the_middle() {
    for ordered in FORMS {
        for n in [1, 10, 1000] {
            let (here, gone) = guard();
            let c = pipe!(from_range(0..), ordered, 4, move |i: usize| (i, &here).0).chan_with(3);
            for _ in 0..n {
                next(&c);
            }
            drop(c);
            gone.wait_until_gone();
        }
    }
}

/// An output that is closed before anything starts: nothing is taken.
#[test]
fn a_closed_output_takes_nothing() {
    for ordered in FORMS {
        let (source, out) = (Chan::fixed(1), Chan::fixed(1));
        source.add([1]).unwrap();
        out.close();
        let (here, gone) = guard();
        pipe!(source, ordered, 2, move |i: u8| (i, &here).0).into_chan(&out);
        gone.wait_until_gone();
        assert_eq!(source.try_get(), Ok(1));
    }
}

/// Every item is dropped, also those that were read and never begun with, and all results.
#[test]
fn everything_is_dropped() {
    for ordered in FORMS {
        for results in [0, 1, 50] {
            let item = Arc::new(());
            let copies = item.clone();
            let (here, gone) = guard();
            let source = from_range((0..).map(move |_| copies.clone()));
            let c = pipe!(source, ordered, 3, move |i| (i, &here).0).chan_with(20);
            for _ in 0..results {
                next(&c);
            }
            drop(c);
            gone.wait_until_gone();
            drop(source);
            wait_until("there are no copies", || Arc::strong_count(&item) == 1);
        }
    }
}

/// A value that panics when it is dropped while it is armed.
struct Evil(Arc<AtomicUsize>);

impl Drop for Evil {
    fn drop(&mut self) {
        self.0.fetch_add(1, SeqCst);
        panic!("an evil drop");
    }
}

/// Results and items whose drops panic: everything ends all the same, and the process is not aborted.
#[test]
fn drops_that_panic_hang_nothing() {
    for ordered in FORMS {
        // Results that nobody wants.
        let dropped = Arc::new(AtomicUsize::new(0));
        let count = dropped.clone();
        let (here, gone) = guard();
        let evil = move |_| (Evil(count.clone()), &here).0;
        let c = pipe!(from_range(0..), ordered, 3, evil).ahead(5).chan();
        wait_until("a put waits", || c.stats().parked_puts == 1);
        drop(c);
        gone.wait_until_gone();
        assert!(dropped.load(SeqCst) > 0);

        // The same, flattened.
        let count = dropped.clone();
        let (here, gone) = guard();
        let evils = move |_| ([Evil(count.clone()), Evil(count.clone())], &here).0;
        let c = pipe!(from_range(0..), ordered, 3, evils).flat().ahead(5).chan();
        wait_until("a put waits", || c.stats().parked_puts == 1);
        drop(c);
        gone.wait_until_gone();

        // Results of calls that were under way when everything ended.
        let (gate, count) = (Gate::default(), dropped.clone());
        let pass = gate.clone();
        let (here, gone) = guard();
        let (begun, begins) = Chan::unbounded().split();
        let late = move |_| {
            begun.put_blocking(()).unwrap();
            pass.pass();
            ([Evil(count.clone()), Evil(count.clone())], &here).0
        };
        let c = pipe!(from_range(0..), ordered, 3, late).flat().chan();
        wait_until("three calls have begun", || begins.chan().len() == 3);
        let watch = c.feed();
        drop(c);
        wait_until("it is closed", || watch.chan().is_closed());
        gate.open();
        gone.wait_until_gone();

        // Results that the output's buffer drops.
        let count = dropped.clone();
        let (here, gone) = guard();
        let evil = move |_| (Evil(count.clone()), &here).0;
        let c = pipe!(from_range(0..), ordered, 3, evil).chan_with(Buf::dropping(1));
        wait_until("it is closed", || c.is_closed());
        assert!(c.close_reason().unwrap().is::<Panicked>());
        gone.wait_until_gone();
        std::mem::forget(c.get_blocking());

        // Items: the function drops them.
        let count = dropped.clone();
        let source = from_range((0..).map(move |_| Evil(count.clone())));
        let (here, gone) = guard();
        let c = pipe!(source, ordered, 3, move |evil| (drop(evil), &here).0).chan();
        assert!(drain(&c).is_empty());
        assert!(reason(&c).contains("an evil drop"));
        gone.wait_until_gone();
        std::mem::forget(source);
    }
}

/// An operator before the pipe that panics when it is dropped at the end.
#[test]
fn an_input_whose_drop_panics_fails() {
    for ordered in FORMS {
        let evil = Evil(Arc::default());
        let (here, gone) = guard();
        let flow = from_range(0..3).map(move |i| (i, &evil).0);
        let f = move |i| (i, &here).0;
        let c = match ordered {
            true => flow.parallel_pipe(1, f).chan(),
            false => flow.parallel_pipe_unordered(1, f).chan(),
        };
        assert_eq!(drain(&c), [0, 1, 2]);
        assert!(c.close_reason().unwrap().is::<Panicked>());
        gone.wait_until_gone();
    }
}

/// A function that panics when it is dropped, by the last thread: the output has ended before.
#[test]
fn a_function_whose_drop_panics_hangs_nothing() {
    let (evil, (here, gone)) = (Evil(Arc::default()), guard());
    let drops = evil.0.clone();
    let c = from_range(0..3).parallel_pipe(2, move |i: u8| (i, &here, &evil).0).chan();
    assert_eq!(drain(&c), [0, 1, 2]);
    gone.wait_until_gone();
    wait_until("it is dropped", || drops.load(SeqCst) == 1);
}

/// A thread that is inside a call ends after it.
#[test]
fn a_call_is_not_interrupted() {
    let gate = Gate::default();
    let pass = gate.clone();
    let (here, gone) = guard();
    let (begun, begins) = Chan::unbounded().split();
    let f = move |i: u8| {
        begun.put_blocking(i).unwrap();
        pass.pass();
        (i, &here).0
    };
    let c = from_range(0..9).parallel_pipe_unordered(2, f).chan();
    assert_eq!(sorted(vec![next(begins.chan()), next(begins.chan())]), [0, 1]);
    drop(c);
    gate.open();
    gone.wait_until_gone();
    assert!(drain(begins.chan()).is_empty());
}
