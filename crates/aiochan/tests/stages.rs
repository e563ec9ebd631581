//! Every operator and pipe against what goes wrong: each case runs on all of them, in each runtime.

mod support;

use std::panic::catch_unwind;
use std::sync::Arc;

use aiochan::{Chan, Flow, Panicked, from_range};
use futures_util::{Stream, stream};
use support::{drain, everywhere, guard, next, reason, wait_until};

/// User code inside a stage: it panics where it is told to, and is dropped with the stage.
#[derive(Clone)]
struct Probe {
    bad: Option<u32>,
    _alive: Arc<aiochan::Sender<()>>,
}

impl Probe {
    fn see(&self, n: u32) -> u32 {
        assert!(self.bad != Some(n), "{n} is bad");
        n
    }
}

/// A stage on a channel, ended in another.
type Stage = fn(&Chan<u32>, Probe) -> Chan<u32>;

/// All stages. Each lets all numbers below [`ITEMS`] pass its probe, in order, unless it takes several at
/// once.
const STAGES: &[(&str, Stage)] = &[
    ("map", |c, probe| c.map(move |n| probe.see(n)).chan()),
    ("filter", |c, probe| c.filter(move |n| probe.see(*n) < u32::MAX).chan()),
    ("filter none", |c, probe| c.filter(move |n| probe.see(*n) == u32::MAX).chan()),
    ("filter_map", |c, probe| c.filter_map(move |n| Some(probe.see(n))).chan()),
    ("flat_map", |c, probe| c.flat_map(move |n| [probe.see(n); 2]).chan()),
    ("flat_map lazily", |c, probe| {
        c.flat_map(move |n| std::iter::repeat_n(probe.clone(), 2).map(move |probe| probe.see(n)))
            .chan()
    }),
    ("take", |c, probe| c.map(move |n| probe.see(n)).take(1000).chan()),
    ("drop", |c, probe| c.map(move |n| probe.see(n)).drop(1).chan()),
    ("take_while", |c, probe| c.take_while(move |n| probe.see(*n) < u32::MAX).chan()),
    ("drop_while", |c, probe| c.drop_while(move |n| probe.see(*n) < ITEMS - 1).chan()),
    ("group", |c, probe| c.map(move |n| probe.see(n)).group(3).map(|group| group[0]).chan()),
    ("group_by", |c, probe| c.group_by(move |n| probe.see(*n) / 3).map(|(key, _)| key).chan()),
    ("distinct", |c, probe| c.map(move |n| probe.see(n)).distinct().chan()),
    ("reduce", |c, probe| c.map(move |n| probe.see(n)).reduce(|_, n| n).chan()),
    ("reduce_from", |c, probe| c.reduce_from(0, move |_, n| probe.see(n)).chan()),
    ("scan", |c, probe| c.map(move |n| probe.see(n)).scan(|_, n| n).chan()),
    ("scan_from", |c, probe| c.scan_from(0, move |_, n| probe.see(n)).chan()),
    ("three at once", |c, probe| {
        c.map(move |n| probe.see(n)).filter(|n| n % 2 == 0).map(|n| n / 2).chan()
    }),
    ("two channels", |c, probe| c.map(move |n| probe.see(n)).chan().map(|n| n).chan()),
    ("async_pipe(1)", |c, probe| c.async_pipe(1, move |n| see_later(probe.clone(), n)).chan()),
    ("async_pipe", |c, probe| c.async_pipe(3, move |n| see_later(probe.clone(), n)).chan()),
    ("async_pipe(1000)", |c, probe| {
        c.async_pipe(1000, move |n| see_later(probe.clone(), n)).chan()
    }),
    ("async_pipe flow", |c, probe| {
        c.async_pipe(3, move |n| see_later(probe.clone(), n)).flow().map(|n| n).chan()
    }),
    ("async_pipe_unordered", |c, probe| {
        c.async_pipe_unordered(3, move |n| see_later(probe.clone(), n)).chan()
    }),
    ("parallel_pipe(1)", |c, probe| c.parallel_pipe(1, move |n| probe.see(n)).chan()),
    ("parallel_pipe", |c, probe| c.parallel_pipe(3, move |n| probe.see(n)).chan()),
    ("parallel_pipe(20)", |c, probe| c.parallel_pipe(20, move |n| probe.see(n)).chan()),
    ("parallel_pipe flat", |c, probe| c.parallel_pipe(3, move |n| [probe.see(n)]).flat().chan()),
    ("parallel_pipe_unordered", |c, probe| {
        c.parallel_pipe_unordered(3, move |n| probe.see(n)).chan()
    }),
];

const ITEMS: u32 = 12;

async fn see_later(probe: Probe, n: u32) -> u32 {
    if n.is_multiple_of(2) {
        aiochan::nop().await;
    }
    probe.see(n)
}

/// Runs a case on every stage in every runtime; it returns the stage's source. Afterwards the stage must
/// have gone, its functions and its wait for the source with it.
fn every_stage(
    bad: Option<u32>,
    case: impl Fn(&str, &dyn Fn(&Chan<u32>) -> Chan<u32>) -> Chan<u32> + Sync,
) {
    everywhere(|| {
        for (name, stage) in STAGES {
            let (alive, gone) = guard();
            let probe = Probe { bad, _alive: Arc::new(alive) };
            let source = case(name, &|c| stage(c, probe.clone()));
            drop(probe);
            gone.wait_until_gone();
            wait_until("nobody waits for a value of the source", || {
                source.stats().parked_gets == 0
            });
        }
    });
}

/// No hang: wherever a function panics, the output ends with the cause, and the rest of the input stays.
#[test]
fn a_panic_ends_the_output_with_the_cause() {
    for (bad, closed) in
        [0, ITEMS / 2, ITEMS - 1].into_iter().zip([false, true].into_iter().cycle())
    {
        every_stage(Some(bad), |name, stage| {
            let source = Chan::unbounded();
            source.add(0..2 * ITEMS).unwrap();
            if closed {
                source.close_with("that is not the cause");
            }
            let out = stage(&source);
            let values = drain(&out);
            assert_eq!(reason(&out), format!("a stage panicked: {bad} is bad"), "{name}");
            assert!(out.close_reason().unwrap().is::<Panicked>(), "{name}");
            assert_eq!(source.is_closed(), closed, "{name}");
            let before = bad as usize;
            let expected = match name {
                "filter none" | "drop_while" | "reduce" | "reduce_from" => 0,
                "drop" => before.saturating_sub(1),
                "flat_map" | "flat_map lazily" => 2 * before,
                "group" => before / 3,
                // A group is known to be complete when the next one has begun.
                "group_by" => before.saturating_sub(1) / 3,
                "scan_from" => before + 1,
                "three at once" => before.div_ceil(2),
                _ => before,
            };
            if !name.ends_with("unordered") {
                assert_eq!(values.len(), expected, "{name}: what came before");
            }
            if !name.contains("pipe") {
                assert_eq!(next(&source), bad + 1, "{name}: the input is not read on");
            }
            source
        });
    }
}

/// No hang: an empty input ends the output, without a reason.
#[test]
fn an_empty_input_ends_the_output() {
    every_stage(None, |name, stage| {
        let source = from_range(0..0);
        let out = stage(&source);
        assert!(drain(&out).len() <= 1, "{name}: an initial value at most");
        assert!(out.close_reason().is_none(), "{name}");
        source
    });
}

/// The plain case: everything passes, and the reason of the input is passed on.
#[test]
fn all_values_pass_and_then_the_reason() {
    every_stage(None, |name, stage| {
        let source = Chan::unbounded();
        source.add(0..ITEMS).unwrap();
        source.close_with("that was all");
        let out = stage(&source);
        let values = drain(&out);
        assert_eq!(reason(&out), "that was all", "{name}");
        let all = ITEMS as usize;
        let expected = match name {
            "filter none" => 0,
            "drop" => all - 1,
            "flat_map" | "flat_map lazily" => 2 * all,
            "drop_while" | "reduce" | "reduce_from" => 1,
            "group" | "group_by" => all / 3,
            "scan_from" => all + 1,
            "three at once" => all / 2,
            _ => all,
        };
        assert_eq!(values.len(), expected, "{name}");
        source
    });
}

/// No leak: when the consumer leaves at once the stage ends, although its source never has a value, and
/// it takes none that comes later.
#[test]
fn a_consumer_that_leaves_at_once_ends_the_stage() {
    for close in [true, false] {
        every_stage(None, |_, stage| {
            let source = Chan::new();
            let out = stage(&source);
            if close {
                out.close();
                drain(&out); // an initial value may be there
            } else {
                drop(out);
            }
            source
        });
    }
}

/// No spinning: an endless source with a closed output ends the stage.
#[test]
fn an_endless_source_with_a_closed_output_ends_the_stage() {
    for close in [true, false] {
        every_stage(None, |_, stage| {
            let source = from_range(0..);
            let out = stage(&source);
            if close {
                out.close();
                drain(&out);
            }
            source
        });
    }
}

/// No starving: an endless source that yields nothing leaves the executor's only thread to others.
#[cfg(feature = "tokio")]
#[test]
fn an_endless_source_leaves_room_for_others() {
    let one = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for (_, stage) in STAGES {
        let (alive, gone) = guard();
        one.block_on(async {
            let probe = Probe { bad: None, _alive: Arc::new(alive) };
            let out = stage(&from_range((0..u32::MAX - 1).cycle()), probe);
            // Were the stage to keep the thread, this would never go on.
            for _ in 0..3 {
                aiochan::nop().await;
                tokio::task::yield_now().await;
            }
            out.close();
            while out.get().await.is_some() {}
            tokio::task::spawn_blocking(move || gone.wait_until_gone()).await.unwrap();
        });
    }
}

/// Laziness: what is not ended in a channel does nothing, and takes nothing.
#[test]
fn a_flow_that_is_not_ended_takes_nothing() {
    let source = Chan::unbounded();
    source.add(0..3).unwrap();
    drop(source.map(|n| n + 1).filter(|_| true).take(2));
    drop(source.async_pipe(2, async |n| n));
    assert_eq!(source.len(), 3);
}

/// Close: what does not come to the end of its source has nothing to do with why that is closed.
#[test]
fn a_reason_that_was_not_reached_is_not_passed_on() {
    let cuts: [Stage; 3] =
        [|c, _| c.take(0).chan(), |c, _| c.take(2).chan(), |c, _| c.take_while(|n| *n < 2).chan()];
    let probe = Probe { bad: None, _alive: Arc::new(guard().0) };
    for cut in cuts {
        let source = Chan::unbounded();
        source.add(0..5).unwrap();
        source.close_with("that was all");
        let out = cut(&source, probe.clone());
        assert!(drain(&out).len() <= 2);
        assert!(out.close_reason().is_none());
        // Within two of them it is reached.
        let rest = source.take(9).take(8).chan();
        assert!(drain(&rest).ends_with(&[3, 4]));
        assert_eq!(reason(&rest), "that was all");
    }
}

/// A stream that has ended is not polled again: it might panic.
#[test]
fn a_source_is_not_polled_after_its_end() {
    fn once() -> Flow<impl Stream<Item = u32>> {
        Flow::new(stream::unfold(0, async |n| (n < ITEMS).then_some((n, n + 1))))
    }
    fn end<S>(flow: Flow<S>)
    where
        S: Stream<Item: Send> + Send + 'static,
    {
        let out = flow.chan();
        assert!(!drain(&out).is_empty());
        assert!(out.close_reason().is_none());
    }
    everywhere(|| {
        end(once().reduce(|a, b| a + b));
        end(once().reduce_from(0, |a, b| a + b));
        end(once().group_by(|n| n / 5));
        end(once().group(5));
        end(once().flat_map(|n| [n, n]));
        end(once().scan_from(0, |a, b| a + b));
        end(once().async_pipe(3, async |n| n).flow());
        end(once().parallel_pipe(3, |n| n).chan().flow());
    });
}

/// No abort: a value that an operator holds while a function panics may be dropped with a panic.
#[test]
fn values_may_be_dropped_with_a_panic_after_a_panic() {
    struct Evil;

    impl Clone for Evil {
        fn clone(&self) -> Self {
            panic!("no copy");
        }
    }

    impl PartialEq for Evil {
        fn eq(&self, _: &Self) -> bool {
            true
        }
    }

    impl Drop for Evil {
        fn drop(&mut self) {
            panic!("an evil drop");
        }
    }

    fn end<T: Send + 'static>(out: Chan<T>, cause: &str) {
        assert!(drain(&out).is_empty());
        assert_eq!(reason(&out), format!("a stage panicked: {cause}"));
    }
    everywhere(|| {
        let evil = || from_range(0..3).map(|_| Evil);
        let keep = |kept, new| (std::mem::forget(kept), new).1;
        end(evil().scan(keep).chan(), "no copy");
        end(evil().distinct().chan(), "no copy");
        end(evil().group_by(|_| -> u32 { panic!("no key") }).chan(), "no key");
        let from = catch_unwind(|| from_range(0..3).scan_from(Evil, |kept, _| kept).chan());
        assert_eq!(from.unwrap_err().downcast_ref(), Some(&"no copy"));
    });
}

/// Conservation: no more is taken from the source than is needed.
#[test]
fn only_what_is_needed_is_taken() {
    let source = from_range(0..);
    assert!(drain(&source.take(0).chan()).is_empty());
    assert_eq!(drain(&source.take(2).chan()), [0, 1]);
    assert_eq!(drain(&source.take_while(|n| *n < 3).chan()), [2]);
    assert_eq!(drain(&source.group(2).take(1).chan()), [vec![4, 5]]);
    assert_eq!(drain(&source.map(|n| n * 2).take(1).chan()), [12]);
    assert_eq!(source.get_blocking(), Some(7));
}

/// Boundedness: a limit is no more than that, and takes no room by itself.
#[test]
fn a_limit_may_be_larger_than_memory() {
    for n in [1 << 40, usize::MAX] {
        assert_eq!(drain(&from_range(0..3).group(n).chan()), [vec![0, 1, 2]]);
        assert_eq!(drain(&from_range(0..3).async_pipe(n, async |n| n).chan()), [0, 1, 2]);
        let threads = from_range(0..3).parallel_pipe(1, |n| n).ahead(n);
        assert_eq!(drain(&threads.chan()), [0, 1, 2]);
    }
    assert_eq!(drain(&from_range(0..130).group(128).chan()).len(), 2);
}
