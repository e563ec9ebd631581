//! What comes out, in which order, and how much goes in.

use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;

use aiochan::{Chan, from_range};

use crate::support::{drain, guard, next, wait_until};
use crate::{FOR_EVER, FORMS, Gate, pipe, sorted};

/// Every item once, with as many threads as there may be, fewer and more than items, for functions of
/// all speeds.
#[test]
fn every_item_comes_out_once() {
    for ordered in FORMS {
        for (n, items) in [(1, 100), (2, 5000), (4, 5000), (32, 5000), (8, 3), (3, 0)] {
            for pause in [1, 7, 5000] {
                let (here, gone) = guard();
                let double = move |i: u32| {
                    if i.is_multiple_of(pause) {
                        thread::yield_now();
                    }
                    (i * 2, &here).0
                };
                let c = pipe!(from_range(0..items), ordered, n, double).chan_with(16);
                let results = drain(&c);
                let results = if ordered { results } else { sorted(results) };
                assert_eq!(results, (0..items).map(|i| i * 2).collect::<Vec<_>>(), "{n} threads");
                assert!(c.close_reason().is_none());
                gone.wait_until_gone();
            }
        }
    }
}

/// Results leave in the order of their items, although calls end in another: behind a call that does not
/// end, others go on as far as `ahead` says.
#[test]
fn others_run_ahead_of_a_slow_call() {
    let gate = Gate::default();
    let pass = gate.clone();
    let (done, others) = Chan::unbounded().split();
    let f = move |i| {
        if i == 0 {
            pass.pass();
        } else {
            done.put_blocking(i).unwrap();
        }
        i
    };
    let c = from_range(0..300).parallel_pipe(2, f).ahead(10).chan_with(20);
    assert_eq!(all_of(others.chan(), 11), (1..12).collect::<Vec<_>>());
    assert!(c.is_empty());
    gate.open();
    assert_eq!(drain(&c), (0..300).collect::<Vec<_>>());
}

fn all_of<T>(c: &Chan<T>, n: usize) -> Vec<T> {
    (0..n).map(|_| next(c)).collect()
}

/// Unordered: a result does not wait for the call of another item.
#[test]
fn unordered_results_leave_as_they_come() {
    let gate = Gate::default();
    let pass = gate.clone();
    let source = Chan::unbounded();
    source.add([0, 1]).unwrap();
    let f = move |i| {
        if i == 0 {
            pass.pass();
        }
        i
    };
    let c = source.parallel_pipe_unordered(2, f).chan();
    assert_eq!(next(&c), 1);
    source.add([2]).unwrap();
    assert_eq!(next(&c), 2);
    source.close();
    gate.open();
    assert_eq!(drain(&c), [0]);
}

/// `n` calls run at the same time, and never more.
#[test]
fn n_calls_at_once_and_no_more() {
    const N: usize = 4;
    for ordered in FORMS {
        let running = Arc::new(AtomicUsize::new(0));
        let most = Arc::new(AtomicUsize::new(0));
        let (run, max) = (running.clone(), most.clone());
        let f = move |i| {
            max.fetch_max(run.fetch_add(1, SeqCst) + 1, SeqCst);
            if i < N {
                wait_until("n calls have begun", || max.load(SeqCst) == N);
            }
            thread::yield_now();
            run.fetch_sub(1, SeqCst);
        };
        let c = pipe!(from_range(0..500), ordered, N, f).chan_with(8);
        assert_eq!(drain(&c).len(), 500);
        assert_eq!(most.load(SeqCst), N);
    }
}

/// Calls may wait for one another, as many as there are threads, also when calls were fast before, so
/// that threads take many items at once.
#[test]
fn calls_may_wait_for_one_another() {
    for ordered in FORMS {
        for fast in [0, 10, 1000] {
            let barrier = Barrier::new(3);
            let f = move |i| {
                if i >= fast {
                    barrier.wait();
                }
            };
            let c = pipe!(from_range(0..fast + 30), ordered, 3, f).chan_with(8);
            assert_eq!(drain(&c).len(), fast + 30);
        }
    }
}

/// A call may wait until the consumer has the results before it, also when its thread has made them, and when
/// there is no other.
#[test]
fn a_call_may_wait_for_the_results_before_it() {
    for ordered in FORMS {
        for n in [1, 2] {
            for slow in [0, 7, 100, 1000, 1001, 1100] {
                let gate = Gate::default();
                let pass = gate.clone();
                let f = move |i| {
                    if i == slow {
                        pass.pass();
                    }
                };
                let c = pipe!(from_range(0..3000), ordered, n, f).chan_with(8);
                all_of(&c, slow);
                gate.open();
                assert_eq!(drain(&c).len(), 3000 - slow);
            }
        }
    }
}

/// Results that are ready do not wait until calls end, though all threads are in one that takes long.
#[test]
fn ready_results_do_not_wait_for_slow_calls() {
    for n in [1, 2, 3] {
        for slow in [7, 100, 1000] {
            let (gate, waiting, done) =
                (Gate::default(), Arc::<AtomicUsize>::default(), Arc::<AtomicUsize>::default());
            let (pass, wait, count) = (gate.clone(), waiting.clone(), done.clone());
            let f = move |i| {
                if (slow..slow + n).contains(&i) {
                    wait.fetch_add(1, SeqCst);
                    pass.pass();
                } else {
                    count.fetch_add(1, SeqCst);
                }
            };
            let c = from_range(0..3000).parallel_pipe_unordered(n, f).chan_with(3000);
            wait_until("all threads wait", || waiting.load(SeqCst) == n);
            all_of(&c, done.load(SeqCst));
            gate.open();
            drain(&c);
        }
    }
}

/// The calls run on threads of the pipe's own.
#[test]
fn threads_have_names() {
    let name = |()| thread::current().name().map(str::to_owned);
    let c = Chan::from_iter([()]).parallel_pipe(1, name).chan();
    assert_eq!(drain(&c), [Some("aiochan-pipe-0".to_owned())]);
}

/// At most n + ahead items are taken and not accepted, whatever the consumer does; and that many are,
/// when it does nothing.
#[test]
fn a_slow_consumer_stops_the_intake() {
    for ordered in FORMS {
        for (n, ahead) in [(1, 0), (1, 5), (3, 0), (3, 7), (2, 300)] {
            let wanted = Arc::new(AtomicUsize::new(0));
            let taken = Arc::new(AtomicUsize::new(0));
            let over = Arc::new(AtomicUsize::new(0));
            let (want, take, max) = (wanted.clone(), taken.clone(), over.clone());
            let source = from_range((0..5000).inspect(move |_| {
                let taken = take.fetch_add(1, SeqCst) + 1;
                max.fetch_max(taken.saturating_sub(want.load(SeqCst)), SeqCst);
            }));
            let c = pipe!(source, ordered, n, |i| i).ahead(ahead).chan();
            // A single thread that waits for the output does nothing else.
            let inside = if n == 1 { 1 } else { n + ahead };
            wait_until("the intake stands still", || taken.load(SeqCst) == inside);
            for i in 0..1000 {
                wanted.fetch_add(1, SeqCst);
                next(&c);
                if i % 100 == 0 {
                    // What is delivered together counts together.
                    wait_until("it goes on", || taken.load(SeqCst) > i);
                }
            }
            let most = over.load(SeqCst);
            assert!(
                inside <= most && most <= n + ahead,
                "{most}, ordered {ordered}, {n} + {ahead}"
            );
        }
    }
}

/// Each result that is accepted makes room for one item.
#[test]
fn a_result_makes_room_for_an_item() {
    for ordered in FORMS {
        let source = Chan::unbounded();
        source.add(0..300).unwrap();
        let c = pipe!(source, ordered, 2, |i| i).ahead(3).chan();
        for taken in 5..50 {
            wait_until("n + ahead are taken", || source.len() <= 300 - taken);
            assert_eq!(source.len(), 300 - taken);
            next(&c);
        }
    }
}

/// The bound holds with a channel as the input too, whose waiting get can be handed an item.
#[test]
fn the_bound_includes_what_a_waiting_get_is_given() {
    for ordered in FORMS {
        let source = Chan::new();
        let c = pipe!(source, ordered, 2, |i: usize| i).ahead(3).chan();
        for i in 0..5 {
            source.put_timeout(i, FOR_EVER).unwrap();
        }
        // Five are inside and nobody gets: the sixth is not taken, now or when the threads rest.
        wait_until("the threads rest", || {
            source.stats().parked_gets == 0 && c.stats().parked_puts == 1
        });
        assert!(source.try_put(5).is_err());
        next(&c);
    }
}

/// Slow functions are given one item at a time: what no thread needs stays in the input.
#[test]
fn nothing_is_taken_before_it_is_needed() {
    for ordered in FORMS {
        let source = Chan::unbounded();
        source.add(0..10).unwrap();
        let gate = Gate::default();
        let pass = gate.clone();
        let (begun, begins) = Chan::unbounded().split();
        let f = move |i: usize| {
            begun.put_blocking(i).unwrap();
            pass.pass();
        };
        let c = pipe!(source, ordered, 2, f).chan();
        assert_eq!(sorted(all_of(begins.chan(), 2)), [0, 1]);
        assert_eq!(source.len(), 8);
        gate.open();
        source.close();
        assert_eq!(drain(&c).len(), 10);
    }
}

/// It is lazy until it is ended in a channel.
#[test]
fn nothing_starts_by_itself() {
    let source = Chan::fixed(1);
    source.add([1]).unwrap();
    let (here, gone) = guard();
    drop(source.parallel_pipe(2, move |i: u8| (i, &here).0).skip_failures().ahead(3));
    gone.wait_until_gone();
    assert_eq!(source.try_get(), Ok(1));
}

/// Several pipes on one input share it.
#[test]
fn pipes_can_share_an_input() {
    let source = from_range(0..2000);
    let out = Chan::fixed(10);
    let left = Arc::new(AtomicUsize::new(0));
    for ordered in FORMS {
        let left = left.clone();
        pipe!(source, ordered, 2, move |i| (left.fetch_add(1, SeqCst), i).1)
            .keep_open()
            .into_chan(&out);
    }
    assert_eq!(sorted(all_of(&out, 2000)), (0..2000).collect::<Vec<_>>());
    assert_eq!(left.load(SeqCst), 2000);
}

/// `flat` keeps the order, in and between results; there may be none.
#[test]
fn results_can_be_flattened() {
    for ordered in FORMS {
        let c = pipe!(from_range(0..200), ordered, 3, |i| (0..i % 3).map(move |j| (i, j))).flat();
        let expected: Vec<_> = (0..200).flat_map(|i| (0..i % 3).map(move |j| (i, j))).collect();
        let results = drain(&c.chan());
        assert_eq!(if ordered { results } else { sorted(results) }, expected);

        let nothing = pipe!(from_range(0..200), ordered, 3, |_| Vec::<u8>::new()).flat().chan();
        assert_eq!(drain(&nothing), []);
    }
}

/// Operators before the pipe are part of its input.
#[test]
fn operators_can_come_before() {
    let c = from_range(0..).filter(|i| i % 2 == 1).take(3).parallel_pipe(2, |i: u32| i * 10).chan();
    assert_eq!(drain(&c), [10, 30, 50]);
}

/// No threads are refused at the call.
#[test]
#[should_panic(expected = "give parallel_pipe at least 1")]
fn zero_threads_are_refused() {
    drop(from_range(0..3).parallel_pipe(0, |i: u8| i));
}

/// So are more than there can be.
#[test]
#[should_panic(expected = "give parallel_pipe 65536 at most")]
fn too_many_threads_are_refused() {
    drop(from_range(0..3).parallel_pipe(usize::MAX, |i: u8| i));
}

/// The threads are inside the runtime of whoever started the pipe.
#[cfg(feature = "tokio")]
#[tokio::test(flavor = "multi_thread")]
async fn the_runtime_goes_along() {
    let f = |()| tokio::runtime::Handle::try_current().is_ok();
    let c = Chan::from_iter([()]).parallel_pipe(1, f).chan();
    assert_eq!(c.get().await, Some(true));
}
