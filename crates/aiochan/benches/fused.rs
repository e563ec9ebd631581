//! map, filter, map over a million items: as one fused chain, and with a channel, and so a task, after each of them.
//! `cargo bench --features tokio --bench fused`.

use std::time::Instant;

use aiochan::{Chan, Flow, from_range};
use futures_util::Stream;
use tokio::runtime::{Builder, Runtime};

const ITEMS: u64 = 1_000_000;
const ROUNDS: usize = 5;

fn main() {
    // Also built, and started, as a test.
    if !std::env::args().any(|arg| arg == "--bench") {
        return;
    }
    let one = Builder::new_current_thread().build().expect("a runtime can be made");
    let two = Builder::new_multi_thread().worker_threads(2).build();
    let places = [
        ("built-in executor", None),
        ("current_thread", Some(one)),
        ("multi_thread(2)", Some(two.expect("as above"))),
    ];
    for (place, runtime) in places {
        for buffer in [0, 64] {
            let name = format!("{place}, channels of {buffer}");
            let (mut stream, mut fused, mut staged) = (vec![], vec![], vec![]);
            for _ in 0..ROUNDS {
                stream.push(time(runtime.as_ref(), || async { sum(chain()).await }));
                fused.push(time(runtime.as_ref(), move || async move {
                    sum(chain().chan_with(buffer).flow()).await
                }));
                staged.push(time(runtime.as_ref(), move || async move {
                    sum(stages(buffer).flow()).await
                }));
            }
            let [stream, fused, staged] = [stream, fused, staged].map(median);
            println!(
                "{name}: fused, as a stream {stream:.0} ns an item; ended in a channel {fused:.0}; a channel for each \
                 stage {staged:.0}: {:.1} and {:.1} times as long",
                staged / stream,
                staged / fused,
            );
        }
    }
}

fn chain() -> Flow<impl Stream<Item = u64>> {
    from_range(0..ITEMS).map(|n| n + 1).filter(|n| n % 2 == 0).map(|n| n * 2)
}

fn stages(buffer: usize) -> Chan<u64> {
    let first = from_range(0..ITEMS).map(|n| n + 1).chan_with(buffer);
    first.filter(|n| n % 2 == 0).chan_with(buffer).map(|n| n * 2).chan_with(buffer)
}

async fn sum(flow: Flow<impl Stream<Item = u64>>) -> u64 {
    let mut sum = 0;
    flow.for_each(|n| sum += n).await;
    sum
}

/// In a task, from the start to the last value; nanoseconds for each item. The sum must be right.
fn time<F>(runtime: Option<&Runtime>, run: impl FnOnce() -> F + Send + 'static) -> f64
where
    F: Future<Output = u64> + Send,
{
    let task = async {
        let begin = Instant::now();
        (run().await, begin.elapsed())
    };
    let (sum, time) = match runtime {
        None => aiochan::run(aiochan::go(task)),
        Some(runtime) => runtime.block_on(runtime.spawn(task)).expect("it does not panic"),
    };
    let even = ITEMS / 2;
    assert_eq!(sum, 2 * even * (even + 1));
    time.as_secs_f64() * 1e9 / ITEMS as f64
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_unstable_by(f64::total_cmp);
    times[times.len() / 2]
}
