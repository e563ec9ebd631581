//! core.async's tests (Rich Hickey and contributors, EPL-1.0) of its pipelines (`pipeline_test.clj`): `parallel_pipe` is `pipeline` and `pipeline-blocking`,
//! `async_pipe` is `pipeline-async`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier};

use aiochan::{Chan, from_iter, from_range, nop, run};

use crate::common::{Threads, all, producer};

cases! {
    alone: [
        results_are_in_the_order_of_the_inputs,
        the_output_is_closed_or_not,
        failures_go_to_a_handler,
        an_input_may_have_several_results,
        a_slow_call_does_not_change_the_order,
        so_many_calls_run_at_once,
        so_many_futures_run_at_once,
        much_to_calculate,
        one_future_at_a_time,
    ]
}

/// A pipeline of so many workers that hands its inputs on, into a channel with room for one.
type Pipeline = fn(usize, Chan<u32>) -> Chan<u32>;

const PIPELINES: [Pipeline; 2] = [
    |n, inputs| inputs.parallel_pipe(n, |input| input).chan_with(1),
    |n, inputs| inputs.async_pipe(n, yielding).chan_with(1),
];

async fn yielding(input: u32) -> u32 {
    nop().await;
    input
}

/// Whatever the number of workers, and of inputs (`test-sizes`).
fn results_are_in_the_order_of_the_inputs() {
    for pipeline in PIPELINES {
        for (n, inputs) in [(1, 0), (1, 10), (10, 10), (20, 10), (5, 1000)] {
            assert_eq!(all(&pipeline(n, from_range(0..inputs))), Vec::from_iter(0..inputs));
        }
    }
}

/// As is asked for (`test-close?`).
fn the_output_is_closed_or_not() {
    for pipeline in PIPELINES {
        let c = pipeline(5, from_iter([1]));
        assert_eq!((c.get_blocking(), c.get_blocking()), (Some(1), None));
    }
    let outs = [Chan::fixed(1), Chan::fixed(1)];
    from_iter([1]).parallel_pipe(5, |input| input).keep_open().into_chan(&outs[0]);
    from_iter([1]).async_pipe(5, yielding).keep_open().into_chan(&outs[1]);
    for out in outs {
        assert_eq!(out.get_blocking(), Some(1));
        out.put_blocking(2).unwrap();
        assert_eq!((out.get_blocking(), out.is_closed()), (Some(2), false));
    }
}

/// With the input that failed, and the pipe goes on; the handler has no result to put in its place (`test-ex-handler`).
fn failures_go_to_a_handler() {
    fn call(n: u32) -> Result<u32, &'static str> {
        assert_ne!(n, 3, "as expected");
        if n == 5 { Err("also expected") } else { Ok(n) }
    }
    for futures in [false, true] {
        let (letters, failed) = Chan::fixed(2).split();
        let inputs = from_range(1..7);
        let c = match futures {
            false => inputs.parallel_pipe(5, call).fallible().dead_letters(letters).chan_with(1),
            true => {
                let call = async |n| call(yielding(n).await);
                inputs.async_pipe(5, call).fallible().dead_letters(letters).chan_with(1)
            }
        };
        assert_eq!(all(&c), [1, 2, 4, 6]);
        let mut failed: Vec<_> = failed.iter().map(|(n, cause)| (n, cause.to_string())).collect();
        failed.sort();
        assert_eq!(failed.iter().map(|(n, _)| *n).collect::<Vec<_>>(), [3, 5]);
        assert!(failed.iter().all(|(_, cause)| cause.contains("expected")));
    }
}

/// All of them come before those of the next input (`test-af-multiplier`).
fn an_input_may_have_several_results() {
    let expected = [0, 0, 1, 0, 1, 2, 0, 1, 2, 3];
    let c = from_range(1..5).parallel_pipe(2, |n| 0..n).flat().chan_with(1);
    assert_eq!(all(&c), expected);
    let parts = async |n| Vec::from_iter(0..yielding(n).await);
    let c = from_range(1..5).async_pipe(2, parts).chan_with(1).flat_map(|parts| parts).chan();
    assert_eq!(all(&c), expected);
}

/// The first call ends after the second, the third after the fourth (`test-blocking`, where they sleep).
fn a_slow_call_does_not_change_the_order() {
    let gates = || {
        let gates: [Chan<()>; 2] = [Chan::fixed(1), Chan::fixed(1)];
        move |n: usize| (n.is_multiple_of(2), gates[n / 2].clone())
    };
    let gate = gates();
    let call = move |n| match gate(n) {
        (true, gate) => gate.get_blocking().map(|()| n),
        (false, gate) => gate.put_blocking(()).ok().map(|()| n),
    };
    let c = from_range(0..4).parallel_pipe(2, call).chan_with(1);
    assert_eq!(all(&c), [0, 1, 2, 3].map(Some));

    let gate = gates();
    let call = move |n| {
        let gate = gate(n);
        async move {
            match gate {
                (true, gate) => gate.get().await.map(|()| n),
                (false, gate) => gate.put(()).await.ok().map(|()| n),
            }
        }
    };
    let c = from_range(0..4).async_pipe(2, call).chan_with(1);
    assert_eq!(all(&c), [0, 1, 2, 3].map(Some));
}

/// How many calls run, and how many have at most.
#[derive(Clone, Default)]
struct Running(Arc<[AtomicUsize; 2]>);

impl Running {
    fn begin(&self) {
        let now = self.0[0].fetch_add(1, Ordering::SeqCst) + 1;
        self.0[1].fetch_max(now, Ordering::SeqCst);
    }

    fn end(&self) {
        self.0[0].fetch_sub(1, Ordering::SeqCst);
    }

    fn most(&self) -> usize {
        self.0[1].load(Ordering::SeqCst)
    }
}

/// Four, not fewer: each waits for three others; and not more (what `pipeline` says of its parallelism).
fn so_many_calls_run_at_once() {
    const N: usize = 4;
    let (running, barrier) = (Running::default(), Barrier::new(N));
    let counts = running.clone();
    let call = move |n| {
        counts.begin();
        barrier.wait();
        counts.end();
        n
    };
    let c = from_range(0..40).parallel_pipe(N, call).chan_with(40);
    assert_eq!(all(&c), Vec::from_iter(0..40));
    assert_eq!(running.most(), N);
}

/// As calls do (what `pipeline-async` says of its parallelism).
fn so_many_futures_run_at_once() {
    const N: usize = 4;
    let running = Running::default();
    let shared = Arc::new((running.clone(), tokio::sync::Barrier::new(N)));
    let call = move |n| {
        let shared = shared.clone();
        async move {
            let (counts, barrier) = &*shared;
            counts.begin();
            barrier.wait().await;
            counts.end();
            n
        }
    };
    let c = from_range(0..40).async_pipe(N, call).chan_with(40);
    assert_eq!(all(&c), Vec::from_iter(0..40));
    assert_eq!(running.most(), N);
}

fn slow_fibonacci(n: u32) -> u32 {
    if n < 2 { n } else { slow_fibonacci(n - 1) + slow_fibonacci(n - 2) }
}

/// Calls that need the processors are spread over threads, and nothing is mixed up (`test-compute`).
fn much_to_calculate() {
    let inputs = || (10..20).cycle().take(50);
    let c = from_iter(inputs()).parallel_pipe(8, slow_fibonacci).chan_with(1);
    assert_eq!(all(&c), Vec::from_iter(inputs().map(slow_fibonacci)));
}

/// With an input that comes as it is wanted (`test-async`).
fn one_future_at_a_time() {
    let (inputs, running) = (Chan::new(), Running::default());
    let puts = producer::<Threads, _>(&inputs, 0..100);
    let counts = running.clone();
    let call = move |n| {
        let counts = counts.clone();
        async move {
            counts.begin();
            let next = yielding(n).await + 1;
            counts.end();
            next
        }
    };
    let c = inputs.async_pipe(1, call).chan_with(1);
    let results = run(c.take(100).collect());
    puts.join();
    assert_eq!((results, running.most()), (Vec::from_iter(1..101), 1));
}
