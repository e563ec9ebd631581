//! The hottest paths on one thread, one at a time, for counting instructions: `cargo xtask paths`.
//!
//! `paths NAME COUNT` says when it is ready, and goes on when it is sent a line.

use std::future::Future;
use std::hint::black_box;
use std::io::{self, BufRead, Write};
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use aiochan::Chan;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [name, count] = &args[..] else { return };
    let Ok(count) = count.parse::<u64>() else { return };
    let path: fn(u64) = match name.as_str() {
        "try_put and try_get" => try_pair,
        "put and get, ready" => ready_pair,
        "put meets a waiting get" => meeting_get,
        "get meets a waiting put" => meeting_put,
        "create and drop" => create,
        _ => return,
    };
    println!("ready");
    io::stdout().flush().expect("somebody reads this");
    io::stdin().lock().lines().next();
    path(count);
}

/// Polls once.
fn poll<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

fn try_pair(count: u64) {
    let c = Chan::fixed(64);
    for n in 0..count {
        c.try_put(n).expect("there is room");
        assert_eq!(c.try_get(), Ok(n));
    }
}

fn ready_pair(count: u64) {
    let c = Chan::fixed(64);
    for n in 0..count {
        assert_eq!(poll(pin!(c.put(n))), Poll::Ready(Ok(())));
        assert_eq!(poll(pin!(c.get())), Poll::Ready(Some(n)));
    }
}

fn meeting_get(count: u64) {
    let c = Chan::new();
    for n in 0..count {
        let mut get = pin!(c.get());
        assert_eq!(poll(get.as_mut()), Poll::Pending);
        assert_eq!(poll(pin!(c.put(n))), Poll::Ready(Ok(())));
        assert_eq!(poll(get), Poll::Ready(Some(n)));
    }
}

fn meeting_put(count: u64) {
    let c = Chan::new();
    for n in 0..count {
        let mut put = pin!(c.put(n));
        assert_eq!(poll(put.as_mut()), Poll::Pending);
        assert_eq!(poll(pin!(c.get())), Poll::Ready(Some(n)));
        assert_eq!(poll(put), Poll::Ready(Ok(())));
    }
}

fn create(count: u64) {
    for _ in 0..count {
        black_box(Chan::<u64>::fixed(64));
    }
}
