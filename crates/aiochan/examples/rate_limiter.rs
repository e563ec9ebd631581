//! Rate limiting: so many requests in a time, smoothly or in bursts.
//!
//! What to learn from it: a ticker gives out permits, one get is one permit. It keeps one tick at most, so
//! permits that nobody wanted do not pile up. To allow bursts they are let pile up, to a limit: in a
//! channel with a buffer that drops what is too much, which the ticks are poured into.

use std::time::{Duration, Instant};

use aiochan::{Chan, from_range, run, tick_tock};

const PERIOD: Duration = Duration::from_millis(10);
/// So many may come at once after a pause.
pub(crate) const BURST: usize = 3;

/// Handles each request when there is a permit for it.
async fn serve<P>(requests: Chan<u32>, permits: Chan<P>) {
    while let Some(request) = requests.get().await {
        permits.get().await.unwrap();
        println!("request {request}");
    }
}

/// A full bucket of permits, into which another one drips every so often. What does not fit is lost: were the
/// drip to wait until it fits, that would be one more.
pub(crate) fn bucket() -> Chan<()> {
    let bucket = Chan::dropping(BURST);
    bucket.add([(); BURST]).unwrap();
    tick_tock(PERIOD).map(|_tick| ()).into_chan(&bucket);
    bucket
}

fn main() {
    println!("smoothly");
    let start = Instant::now();
    run(serve(from_range(1..=5), tick_tock(PERIOD)));
    assert!(start.elapsed() >= 5 * PERIOD);

    println!("with a burst of {BURST}");
    let start = Instant::now();
    run(serve(from_range(1..=5), bucket()));
    assert!(start.elapsed() >= 2 * PERIOD); // only two had to wait
}
