//! What channels and waiting operations take: `cargo run --release --bin memory`.

#[allow(dead_code, reason = "only some of it is needed here")]
#[path = "../message.rs"]
mod message;
#[allow(dead_code, reason = "only some of it is needed here")]
#[path = "../peers.rs"]
mod peers;

use std::alloc::{GlobalAlloc, Layout, System};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};

use peers::*;

/// The system's allocator, with a count of what is allocated.
struct Counting;

static BYTES: AtomicUsize = AtomicUsize::new(0);

// SAFETY: it is the system's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        BYTES.fetch_add(layout.size(), Ordering::Relaxed);
        // SAFETY: by the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        BYTES.fetch_sub(layout.size(), Ordering::Relaxed);
        // SAFETY: by the caller's promise.
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// How many bytes more are allocated after `f` than before.
fn grows<R>(f: impl FnOnce() -> R) -> (usize, R) {
    let before = BYTES.load(Ordering::Relaxed);
    let result = f();
    (BYTES.load(Ordering::Relaxed).saturating_sub(before), result)
}

/// Bytes of an idle channel of that capacity.
fn idle<P: Peer<u64>>(capacity: usize) -> Option<usize> {
    let (bytes, made) = grows(|| P::make(Some(capacity)));
    made.map(|_| bytes)
}

/// Bytes of the future of a receive, and those that are allocated beside it while it waits.
fn waiting<P: Peer<u64>>() -> Option<(usize, usize)> {
    let (_tx, mut rx) = P::make(Some(64))?;
    if !P::ASYNC {
        return None;
    }
    let mut recv = pin!(P::recv(&mut rx));
    let size = size_of_val(&*recv);
    let mut cx = Context::from_waker(Waker::noop());
    let (bytes, poll) = grows(|| recv.as_mut().poll(&mut cx));
    assert!(poll.is_pending());
    Some((size, bytes))
}

fn row<P: Peer<u64>>() {
    // What a crate sets up once is not a channel's.
    let (_, _) = (idle::<P>(64), waiting::<P>());
    let bytes = |bytes: Option<usize>| bytes.map_or("–".to_string(), |bytes| bytes.to_string());
    let (future, beside) = waiting::<P>().unzip();
    println!(
        "| {} | {} | {} | {} | {} |",
        P::NAME,
        bytes(idle::<P>(0)),
        bytes(idle::<P>(64)),
        bytes(future),
        bytes(beside)
    );
}

fn main() {
    println!(
        "| bytes | idle, capacity 0 | idle, 64 u64 | a receive's future | and beside it while it waits |"
    );
    println!("|---|---|---|---|---|");
    row::<Aiochan>();
    row::<Kanal>();
    row::<Crossfire>();
    row::<Crossbeam>();
    row::<Flume>();
    row::<Loole>();
    row::<Fibre>();
    row::<AsyncChannel>();
    row::<Tokio>();
    row::<Thingbuf>();
    row::<Postage>();
    row::<Futures>();
    row::<Std>();
}
