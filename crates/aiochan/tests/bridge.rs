//! Bridges to blocking code. Each case says which rule of the contract it guards (see `behaviour.rs`).

#[allow(dead_code)]
#[path = "behaviour/watch.rs"]
mod watch;

use std::iter;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvError, SendError};

use aiochan::{Buf, Chan, Panicked, from_blocking_iter, from_range, go, run};
use watch::in_own_process;

/// 1, conservation, and 3, order: everything arrives, in order, through queues that wait.
#[test]
fn to_a_queue_and_back() {
    for capacity in [0, 1, 7] {
        let (queue, other_side) = mpsc::sync_channel(capacity);
        let thread = from_range(0..1000).to_queue(move |n| queue.send(n));
        let back = from_blocking_iter(other_side, capacity);
        assert!(back.iter().eq(0..1000));
        assert_eq!(thread.join().unwrap(), Ok(()));
    }
}

/// 1: at an error the value is in it, and the ones after it are still in the channel.
#[test]
fn a_queue_that_is_gone_loses_nothing() {
    let (queue, other_side) = mpsc::channel();
    let c = Chan::fixed(3);
    c.add([1, 2, 3]).unwrap();
    drop(other_side);
    let thread = c.to_queue(move |n| queue.send(n));
    assert_eq!(thread.join().unwrap(), Err(SendError(1)));
    assert_eq!((c.try_get(), c.try_get()), (Ok(2), Ok(3)));
}

/// 6, no hang: when the queue's thread was the last that got, its end reaches who puts.
#[test]
fn a_queue_that_is_gone_stops_the_putter() {
    let (queue, other_side) = mpsc::sync_channel(0);
    let c = Chan::new();
    let feed = c.feed();
    let thread = c.to_queue(move |n| queue.send(n));
    drop(c);
    let putter = std::thread::spawn(move || (0..).find(|n| feed.put_blocking(*n).is_err()));
    assert_eq!(other_side.recv(), Ok(0));
    drop(other_side);
    assert!(thread.join().unwrap().is_err());
    assert!(putter.join().unwrap().is_some());
}

/// 4, close: what is inside is passed on, then the thread and the queue end.
#[test]
fn closing_ends_the_queue() {
    let (queue, other_side) = mpsc::channel();
    let c = Chan::fixed(2);
    c.add(["a", "b"]).unwrap();
    c.close();
    let thread = c.to_queue(move |s| queue.send(s));
    assert_eq!([other_side.recv(), other_side.recv()], [Ok("a"), Ok("b")]);
    assert_eq!(other_side.recv(), Err(RecvError));
    assert!(thread.join().unwrap().is_ok());
}

/// 6: a panic in the function comes out of the handle.
#[test]
fn a_panic_on_the_way_to_a_queue() {
    let thread = from_range(0..).to_queue(|n| -> Result<(), ()> {
        assert!(n < 2, "at {n}");
        Ok(())
    });
    assert_eq!(thread.join().unwrap_err().downcast_ref::<String>().unwrap(), "at 2");
}

/// 1: a thread's iterator over what tasks produce reads nothing ahead: what a loop that stops has not asked
/// for is there for others.
#[test]
fn an_iterator_that_is_left() {
    let c = Chan::fixed(3);
    let out = c.clone();
    go(async move { out.put_many(&mut (0..9).collect()).await.map(|()| out.close()) });
    assert_eq!(c.iter().find(|n| *n == 2), Some(2));
    assert!(c.iter().eq(3..9));
}

/// 4: the channel of an iterator is closed at its end, without a reason, and gives out all.
#[test]
fn an_iterator_that_ends() {
    let c = from_blocking_iter(["a", "b"], 0);
    assert_eq!(run(c.collect()), ["a", "b"]);
    assert!(c.is_closed() && c.close_reason().is_none());
    assert!(from_blocking_iter(iter::empty::<u8>(), 0).iter().next().is_none());
}

/// 6: a panic closes the channel with the cause, after what came before it.
#[test]
fn an_iterator_that_panics() {
    let c = from_blocking_iter((0..).inspect(|n| assert!(*n < 2, "no more than two")), 8);
    assert!(c.iter().eq(0..2));
    let reason = c.close_reason().unwrap();
    assert_eq!(reason.downcast_ref::<Panicked>().unwrap().message(), "no more than two");
}

/// Their threads can be told apart.
#[test]
fn threads_have_names() {
    let name = || std::thread::current().name().map(str::to_owned);
    let from = from_blocking_iter(iter::repeat_with(name), 0);
    assert_eq!(from.get_blocking().flatten().as_deref(), Some("aiochan-from-iter"));
    let to = from_range(0..).to_queue(move |_| name().map_or(Ok(()), Err));
    assert_eq!(to.join().unwrap(), Err("aiochan-to-queue".to_owned()));
}

/// 6: the same where it is only about to be made an iterator.
#[test]
fn an_iterator_that_panics_at_once() {
    struct Broken;
    impl IntoIterator for Broken {
        type Item = u8;
        type IntoIter = iter::Empty<u8>;
        fn into_iter(self) -> iter::Empty<u8> {
            panic!("broken");
        }
    }
    let c = from_blocking_iter(Broken, 0);
    assert_eq!(c.get_blocking(), None);
    assert_eq!(c.close_reason().unwrap().to_string(), "a stage panicked: broken");
}

/// It can neither be used nor dropped.
struct Evil;

impl Iterator for Evil {
    type Item = u8;
    fn next(&mut self) -> Option<u8> {
        panic!("an evil iterator");
    }
}

impl Drop for Evil {
    fn drop(&mut self) {
        panic!("nor dropped");
    }
}

/// 5, user code may panic: what a panic drops may panic as well, and the first one is told.
#[test]
fn two_panics_at_once() {
    in_own_process("two_panics_at_once", || {
        let c = from_blocking_iter(Evil, 0);
        assert_eq!(c.get_blocking(), None);
        assert_eq!(c.close_reason().unwrap().to_string(), "a stage panicked: an evil iterator");

        let mut evil = Evil;
        let thread = from_range(0..).to_queue(move |_| evil.next().map(drop).ok_or(()));
        let panic = thread.join().unwrap_err();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"an evil iterator"));
    });
}

/// Something to produce from the other side, one item each time it is asked.
fn asked() -> (impl Fn() + Clone, impl Iterator<Item = u32> + Send + 'static, Arc<()>) {
    let (ask, asked) = mpsc::channel();
    let alive = Arc::new(());
    let guard = alive.clone();
    let items = asked.into_iter().zip(0..).map(move |((), n)| {
        let _ = &guard;
        n
    });
    (move || ask.send(()).unwrap(), items, alive)
}

/// 6: when the channel is closed, no further item is asked for.
#[test]
fn closing_stops_the_iterator() {
    let (ask, items, alive) = asked();
    let c = from_blocking_iter(items, 0);
    ask();
    assert_eq!(c.get_blocking(), Some(0));
    c.close(); // it waits for the next: it produces that one, and ends
    ask();
    ended(&alive);
}

/// 6: so it is when nobody is left who could get, also when an item waits already.
#[test]
fn dropping_stops_the_iterator() {
    let (ask, items, alive) = asked();
    let c = from_blocking_iter(items, 0);
    ask();
    while c.stats().parked_puts == 0 {
        std::thread::yield_now();
    }
    drop(c);
    ended(&alive);
}

/// 7, bounded: it is ahead by what the buffer holds, and the item in hand.
#[test]
fn it_runs_ahead_as_far_as_the_buffer() {
    let count = Arc::new(());
    let items = {
        let count = count.clone();
        iter::repeat_with(move || count.clone())
    };
    let c = from_blocking_iter(items, Buf::fixed(3));
    while c.stats().parked_puts == 0 {
        std::thread::yield_now();
    }
    assert_eq!(c.len(), 3);
    assert_eq!(Arc::strong_count(&count), 2 + 3 + 1); // here, in the iterator, inside, in hand
    drop(c);
    ended(&count);
}

/// Waits until the thread has dropped what it had.
fn ended(guard: &Arc<()>) {
    while Arc::strong_count(guard) > 1 {
        std::thread::yield_now();
    }
}
