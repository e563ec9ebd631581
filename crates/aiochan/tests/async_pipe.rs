//! `async_pipe` and `async_pipe_unordered`: what holds in each of their forms, in each runtime.

mod support;

#[path = "async_pipe/drops.rs"]
mod drops;
#[path = "async_pipe/leaving.rs"]
mod leaving;

use std::error::Error;
use std::fmt;
use std::panic::catch_unwind;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use aiochan::{Chan, Panicked, Reason, from_iter, from_range, nop, run};
use support::{drain, everywhere, guard, next, reason};

const ITEMS: u32 = 20;

#[derive(Debug, PartialEq)]
struct Bad(u32);

impl fmt::Display for Bad {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is bad", self.0)
    }
}

impl Error for Bad {}

/// Ten times `n`, after one or more turns of the executor, or none.
async fn ten_times(n: u32) -> u32 {
    for _ in 0..n % 3 {
        nop().await;
    }
    n * 10
}

fn tens(numbers: impl IntoIterator<Item = u32>) -> Vec<u32> {
    numbers.into_iter().map(|n| n * 10).collect()
}

fn sorted(mut values: Vec<u32>) -> Vec<u32> {
    values.sort();
    values
}

/// Conservation and order: each value once, in the order of the input, for every n.
#[test]
fn ordered_results_come_in_the_order_of_the_values() {
    everywhere(|| {
        for n in [1, 2, 7, 65, 200] {
            let c = from_range(0..ITEMS).async_pipe(n, ten_times).chan();
            assert_eq!(drain(&c), tens(0..ITEMS), "{n}");
            assert!(c.close_reason().is_none());
        }
    });
}

/// Conservation: each value once.
#[test]
fn unordered_results_all_come() {
    everywhere(|| {
        for n in [1, 2, 7, 65, 200] {
            let c = from_range(0..ITEMS).async_pipe_unordered(n, ten_times).chan_with(3);
            assert_eq!(sorted(drain(&c)), tens(0..ITEMS), "{n}");
        }
    });
}

/// What it is for: n futures at once, never more, whatever their order.
#[test]
fn n_futures_are_there_at_once_and_never_more() {
    everywhere(|| {
        let (here, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        // The n-th to come lets all go.
        let (arrived, all) = (Chan::unbounded(), Chan::promise());
        let (count, seen, gate) = (here.clone(), most.clone(), all.clone());
        let arrive = arrived.clone();
        let c = from_range(0..ITEMS)
            .async_pipe(4, move |n| {
                seen.fetch_max(count.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                arrive.try_put(n).unwrap();
                let (gate, count) = (gate.clone(), count.clone());
                async move {
                    gate.get().await;
                    count.fetch_sub(1, Ordering::SeqCst);
                    n
                }
            })
            .chan();
        let mut first = [0; 4].map(|_| next(&arrived));
        first.sort();
        assert_eq!(first, [0, 1, 2, 3]);
        all.try_put(()).unwrap();
        assert_eq!(drain(&c), (0..ITEMS).collect::<Vec<_>>());
        assert_eq!(most.load(Ordering::SeqCst), 4);
    });
}

/// Full parallelism: while the first waits, others go on as far as `ahead` says, and no further.
#[test]
fn a_slow_value_lets_others_run_ahead_within_bounds() {
    everywhere(|| {
        for ahead in [0, 1, 5] {
            let (begun, gate) = (Chan::unbounded(), Chan::<()>::new());
            let (begin, open) = (begun.clone(), gate.clone());
            let source = Chan::fixed(ITEMS as usize);
            source.add(0..ITEMS).unwrap();
            let pipe = source.async_pipe(2, move |n| {
                begin.try_put(n).unwrap();
                let open = open.clone();
                async move {
                    if n == 0 {
                        open.get().await;
                    }
                    n
                }
            });
            let c = pipe.ahead(ahead).chan();
            let all = 2 + ahead as u32;
            assert_eq!((0..all).map(|_| next(&begun)).collect::<Vec<_>>(), Vec::from_iter(0..all));
            // The pipe stands still now: nothing but the gate can let it go on.
            assert_eq!((source.len() as u32, begun.len()), (ITEMS - all, 0));
            gate.close();
            source.close();
            assert_eq!(drain(&c), (0..ITEMS).collect::<Vec<_>>());
        }
    });
}

/// Back-pressure: nobody takes results, so no more than n + ahead values are taken, in either order.
#[test]
fn an_idle_consumer_stops_the_intake() {
    everywhere(|| {
        for ordered in [true, false] {
            let (taken, begun) = (Chan::unbounded(), Chan::unbounded());
            let (take, begin) = (taken.clone(), begun.clone());
            let source = from_range(0..).map(move |n: u32| {
                take.try_put(n).unwrap();
                n
            });
            let f = move |n| {
                begin.try_put(n).unwrap();
                async move { n }
            };
            let c = match ordered {
                true => source.async_pipe(3, f).ahead(2).chan(),
                false => source.async_pipe_unordered(3, f).ahead(2).chan(),
            };
            for _ in 0..5 {
                next(&begun);
            }
            assert_eq!(next(&c), 0);
            // One has been accepted: one more is taken.
            next(&begun);
            assert_eq!((taken.len(), begun.len()), (6, 0));
        }
    });
}

/// No hang: a panic closes the output with the cause after the results before it, wherever it is.
#[test]
fn a_panic_stops_the_pipe_with_the_cause() {
    everywhere(|| {
        for bad in [0, ITEMS / 2, ITEMS - 1] {
            // When the future is made, at once in it, or later in it.
            for when in 0..3 {
                let f = move |n| {
                    let panics = move |at| assert!(n != bad || at != when, "{n} is bad");
                    panics(0);
                    async move {
                        panics(1);
                        nop().await;
                        panics(2);
                        n * 10
                    }
                };
                let (alive, dropped) = guard();
                let source = from_range(0..ITEMS).map(move |n| (n, &alive).0);
                let c = source.async_pipe(3, f).chan();
                assert_eq!(drain(&c), tens(0..bad));
                assert_eq!(reason(&c), format!("a stage panicked: {bad} is bad"));
                assert!(c.close_reason().unwrap().is::<Panicked>());
                dropped.wait_until_gone();

                let c = from_range(0..ITEMS).async_pipe_unordered(3, f).chan();
                assert!(!drain(&c).contains(&(bad * 10)));
                assert_eq!(reason(&c), format!("a stage panicked: {bad} is bad"));
            }
        }
    });
}

/// No hang: an error is the output's reason itself.
#[test]
fn an_error_stops_a_fallible_pipe_with_the_cause() {
    everywhere(|| {
        for bad in [0, ITEMS / 2, ITEMS - 1] {
            let f = move |n| async move {
                nop().await;
                if n == bad { Err(Bad(n)) } else { Ok(n * 10) }
            };
            let source = Chan::unbounded();
            source.add(0..ITEMS).unwrap();
            // That is not the cause.
            source.close_with("no more");
            let c = source.async_pipe(3, f).fallible().chan();
            assert_eq!(drain(&c), tens(0..bad));
            assert_eq!(c.close_reason().unwrap().downcast_ref(), Some(&Bad(bad)));
        }
    });
}

/// The policy: without those that fail, everything.
#[test]
fn failures_can_be_skipped() {
    everywhere(|| {
        let good = |n: &u32| n % 5 == 1;
        let f = async |n: u32| match n % 5 {
            0 => panic!("{n}"),
            1 => Ok(n * 10),
            _ => Err(Bad(n)),
        };
        let c = from_range(0..ITEMS).async_pipe(3, f).fallible().skip_failures().chan();
        assert_eq!(drain(&c), tens((0..ITEMS).filter(good)));
        assert!(c.close_reason().is_none());
        let c = from_range(0..ITEMS).async_pipe_unordered(3, f).fallible().skip_failures().chan();
        assert_eq!(sorted(drain(&c)), tens((0..ITEMS).filter(good)));
    });
}

/// Conservation: what failed arrives with its cause, in order, and the letters end with the pipe.
#[test]
fn failures_can_go_to_dead_letters() {
    everywhere(|| {
        let f = async |n: u32| match n % 5 {
            0 => panic!("{n}"),
            1 => Err(Bad(n)),
            _ => Ok(n * 10),
        };
        // The letters' channel has no buffer: the pipe waits for each to be taken.
        let (letters, failed) = Chan::<(u32, Reason)>::new().split();
        let c =
            from_range(0..ITEMS).async_pipe(3, f).fallible().dead_letters(letters).chan_with(20);
        let failed: Vec<_> = drain(failed.chan());
        for (n, cause) in &failed {
            assert_eq!(cause.is::<Panicked>(), n % 5 == 0);
            assert_eq!(cause.downcast_ref(), (n % 5 == 1).then_some(&Bad(*n)));
        }
        let failed: Vec<_> = failed.into_iter().map(|(n, _)| n).collect();
        assert_eq!(failed, (0..ITEMS).filter(|n| n % 5 < 2).collect::<Vec<_>>());
        assert_eq!(drain(&c), tens((0..ITEMS).filter(|n| n % 5 > 1)));
    });
}

/// No silent loss: when nobody takes the letters, the pipe stops with the cause.
#[test]
fn closed_dead_letters_stop_the_pipe() {
    everywhere(|| {
        let (letters, failed) = Chan::<(u32, Reason)>::new().split();
        drop(failed);
        let f = async |n: u32| assert!(n != 3, "no {n}");
        let c = from_range(0..ITEMS).async_pipe(3, f).dead_letters(letters).chan();
        assert_eq!(drain(&c).len(), 3);
        assert_eq!(reason(&c), "a stage panicked: no 3");
    });
}

/// Copying for the letters is user code: its panic is a failure that cannot be sent on.
#[test]
fn a_copy_that_panics_stops_the_pipe() {
    #[derive(Debug)]
    struct Odd(u32);
    impl Clone for Odd {
        fn clone(&self) -> Self {
            assert!(self.0 != 2, "no copy");
            Self(self.0)
        }
    }
    let (letters, failed) = Chan::unbounded().split();
    let c =
        from_iter((0..5).map(Odd)).async_pipe(2, async |odd| odd.0).dead_letters(letters).chan();
    assert_eq!(drain(&c), [0, 1]);
    assert_eq!(reason(&c), "a stage panicked: no copy");
    assert!(drain(failed.chan()).is_empty());
}

/// A panic above the pipe stops it too.
#[test]
fn a_panic_in_the_input_stops_the_pipe() {
    everywhere(|| {
        let source = from_range(0..ITEMS).map(|n| {
            assert!(n != 5, "five");
            n
        });
        let c = source.async_pipe(2, ten_times).chan();
        assert!(drain(&c).len() <= 5);
        assert_eq!(reason(&c), "a stage panicked: five");
    });
}

/// Close: the input's reason is the output's, and all results come before it.
#[test]
fn the_reason_of_the_input_is_passed_on() {
    everywhere(|| {
        let source = Chan::fixed(3);
        source.add([1, 2, 3]).unwrap();
        source.close_with("no more");
        let c = source.async_pipe(2, ten_times).keep_open().chan();
        assert_eq!(drain(&c), [10, 20, 30]);
        assert_eq!(reason(&c), "no more");
    });
}

/// Close: kept open, the output is there for the next.
#[test]
fn an_output_can_be_kept_open() {
    everywhere(|| {
        let (out, (alive, done)) = (Chan::fixed(8), guard());
        let f = move |n| (ten_times(n), &alive).0;
        from_range(0..3).async_pipe(2, f).keep_open().into_chan(&out);
        done.wait_until_gone();
        assert!(!out.is_closed());
        from_range(3..6).async_pipe(2, ten_times).into_chan(&out);
        assert_eq!(drain(&out), tens(0..6));
    });
}

/// Edges: nothing in, nothing out.
#[test]
fn an_empty_input_makes_an_empty_output() {
    everywhere(|| {
        assert!(drain(&from_range(0..0).async_pipe(2, ten_times).chan()).is_empty());
    });
}

/// No hang and no leak: when the consumer has gone the futures and the worker go, also when the source
/// never has a value, never ends, or the futures never do.
#[test]
fn a_consumer_that_leaves_ends_the_pipe() {
    everywhere(|| {
        for close in [true, false] {
            let never = Chan::<u32>::new();
            let (alive, gone) = guard();
            let quiet = never.async_pipe(2, move |n| (ten_times(n), &alive).0).chan();
            let (alive, gone_too) = guard();
            let endless = from_range(0..).async_pipe(2, move |n| (ten_times(n), &alive).0).chan();
            let (begun, (alive, gone_as_well)) = (Chan::fixed(2), guard());
            let begin = begun.clone();
            let stuck = from_range(0..).async_pipe_unordered(2, move |_: u32| {
                let (alive, begin) = (alive.clone(), begin.clone());
                async move {
                    let _alive = alive;
                    begin.put(()).await.unwrap();
                    std::future::pending::<()>().await;
                }
            });
            let stuck = stuck.chan();
            next(&begun);
            next(&begun);
            let outs = (quiet, endless, stuck);
            if close {
                outs.0.close();
                outs.1.close();
                outs.2.close();
                // What was put before is still there to be taken.
                assert!(drain(&outs.1).len() <= 1);
            } else {
                drop(outs);
            }
            gone.wait_until_gone();
            gone_too.wait_until_gone();
            gone_as_well.wait_until_gone();
            // And it has taken nothing: this put meets no get.
            assert!(never.try_put(1).is_err());
        }
    });
}

/// While the output is full the futures go on: what they wait for may depend on it.
#[test]
fn a_full_output_does_not_stall_the_futures() {
    everywhere(|| {
        let (ping, pong) = (Chan::new(), Chan::new());
        let (a, b) = (ping.clone(), pong.clone());
        let c = from_range(0..4)
            .async_pipe(4, move |n: u32| {
                let (ping, pong) = (a.clone(), b.clone());
                async move {
                    if n == 3 {
                        ping.get().await;
                        pong.put(()).await.unwrap();
                    }
                    n
                }
            })
            .chan();
        // Nobody gets from c, so its first put waits.
        while c.stats().parked_puts == 0 {
            thread::yield_now();
        }
        ping.put_blocking(()).unwrap();
        next(&pong);
        assert_eq!(drain(&c), [0, 1, 2, 3]);
    });
}

/// No silent loss: a flow that is consumed in place tells why it has ended.
#[test]
fn a_flow_tells_the_failure() {
    let panics = async |n: u32| assert!(n != 3, "no {n}");
    let flow = || from_range(0..ITEMS).async_pipe(2, panics).flow();
    let collecting = catch_unwind(|| run(flow().map(|_| ()).collect())).unwrap_err();
    assert_eq!(collecting.downcast_ref::<String>().unwrap(), "no 3");
    assert!(catch_unwind(|| run(flow().for_each(|()| ()))).is_err());
    assert!(run(flow().try_collect()).unwrap_err().is::<Panicked>());

    let fails = async |n| if n == 3 { Err(Bad(n)) } else { Ok(n) };
    let flow = || from_range(0..ITEMS).async_pipe(2, fails).fallible().flow();
    assert_eq!(run(flow().collect()), [0, 1, 2]);
    let mut seen = Vec::new();
    let end = run(flow().try_for_each(|n| seen.push(n)));
    assert_eq!((seen, end.unwrap_err().downcast_ref()), (vec![0, 1, 2], Some(&Bad(3))));

    assert_eq!(run(flow().take(3).try_collect()).unwrap(), [0, 1, 2], "it has not come so far");
}

/// Policy: when the runtime is shut down under the futures that is not a failure of each value, for otherwise
/// all the source would be skipped.
#[cfg(feature = "tokio")]
#[test]
fn a_runtime_that_is_shut_down_is_no_failure_of_the_values() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let handle = runtime.handle().clone();
    let _inside = handle.enter();
    let (begun, mut runtime) = (Chan::unbounded(), Some(runtime));
    let begin = begun.clone();
    let flow = from_range(0..ITEMS)
        .async_pipe(2, move |n| {
            let begin = begin.clone();
            async move {
                if n == 0 {
                    // It is heavy, so the next ones are tasks of their own.
                    let start = std::time::Instant::now();
                    while start.elapsed().as_micros() < 1000 {}
                } else {
                    begin.put(n).await.unwrap();
                    std::future::pending::<()>().await;
                }
                n
            }
        })
        .skip_failures()
        .flow();
    let end = run(flow.try_for_each(|n| {
        assert_eq!(n, 0);
        next(&begun);
        runtime.take().unwrap().shutdown_background();
    }));
    let reason = end.unwrap_err().to_string();
    assert_eq!(reason, "the worker was dropped: its runtime has been shut down");
}

/// Bounds: `usize::MAX` is no limit, and takes no room by itself.
#[test]
fn any_number_of_futures_is_allowed() {
    everywhere(|| {
        let c = from_range(0..ITEMS).async_pipe(usize::MAX, ten_times).chan();
        assert_eq!(drain(&c), tens(0..ITEMS));
    });
}

/// Parallelism: futures that compute get threads of their own, where there are several.
#[test]
fn futures_that_compute_run_on_several_threads() {
    // Two that wait for each other without yielding, on two threads: this ends only if they run at once.
    // The first is alone, to show that it is heavy.
    let barrier = Arc::new(std::sync::Barrier::new(2));
    let c = from_range(0..11)
        .async_pipe(2, move |n| {
            let barrier = barrier.clone();
            async move {
                if n == 0 {
                    let start = std::time::Instant::now();
                    while start.elapsed().as_micros() < 1000 {}
                } else {
                    barrier.wait();
                }
                n
            }
        })
        .chan();
    assert_eq!(drain(&c), (0..11).collect::<Vec<_>>());
}

/// Bad input is refused at the call.
#[test]
#[should_panic(expected = "give async_pipe at least 1")]
fn no_futures_at_once_is_refused() {
    let _ = from_range(0..1).async_pipe(0, ten_times);
}
