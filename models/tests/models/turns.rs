//! Promises and iterators, whose gets take a turn outside the lock.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::Poll;

use aiochan::Chan;
use aiochan_models::{Alarm, explore, explore_crowd, poll};
use futures_core::Stream;
use loom::future::block_on;
use loom::thread;

/// Everybody who waits for a promise has it when it is made.
#[test]
fn promise_against_gets() {
    explore_crowd(|| {
        let c = Chan::promise();
        let getters = [(); 2].map(|()| {
            let c = c.clone();
            thread::spawn(move || block_on(c.get()))
        });
        block_on(c.put(7)).unwrap();
        assert_eq!(getters.map(|getter| getter.join().unwrap()), [Some(7), Some(7)]);
    });
}

/// All of several that wait have it.
#[test]
fn promise_against_gets_that_wait() {
    explore(|| {
        let c = Chan::promise();
        let mut gets = [(); 2].map(|()| Box::pin(c.get()));
        for get in &mut gets {
            assert!(poll(get.as_mut(), &Alarm::new()).is_pending());
        }
        let putter = thread::spawn({
            let c = c.clone();
            move || block_on(c.put(7)).unwrap()
        });
        assert_eq!(gets.map(block_on), [Some(7), Some(7)]);
        putter.join().unwrap();
    });
}

/// An iterator's values go to one getter each, and its end to all.
#[test]
fn iterator_against_gets() {
    explore(|| {
        let c = Chan::from_iter([1, 2]);
        let getter = thread::spawn({
            let c = c.clone();
            move || [block_on(c.get()), block_on(c.get())]
        });
        let mine = [block_on(c.get()), block_on(c.get())];
        let mut got: Vec<_> = mine.into_iter().chain(getter.join().unwrap()).collect();
        got.sort();
        assert_eq!(got, [None, None, Some(1), Some(2)]);
    });
}

/// A stream that takes the iterator for itself once the others have gone goes on from where they were.
#[test]
fn iterator_against_the_last_other_handle() {
    explore(|| {
        let c = Chan::from_iter([1, 2]);
        let mut stream = c.stream();
        let getter = thread::spawn(move || block_on(c.get()));
        let mut got = Vec::new();
        while let Some(item) = block_on(poll_fn(|cx| Pin::new(&mut stream).poll_next(cx))) {
            got.push(item);
        }
        got.extend(getter.join().unwrap());
        got.sort();
        assert_eq!(got, [1, 2]);
    });
}

/// A turn that is not used, because its get is dropped, goes to who comes next.
#[test]
fn turn_against_drop() {
    explore(|| {
        // It lets the other come to wait meanwhile; else that would take one interruption more.
        let c = Chan::from_iter([1, 2].into_iter().inspect(|_| thread::yield_now()));
        let getter = thread::spawn({
            let c = c.clone();
            move || block_on(c.get())
        });
        let polled = poll(pin!(c.get()), &Alarm::new());
        let mine = if let Poll::Ready(got) = polled { got } else { None };
        let other = getter.join().unwrap();
        // With a turn that is lost this waits for ever.
        let rest = [block_on(c.get()), block_on(c.get())];
        let mut all: Vec<_> = [mine, other].into_iter().chain(rest).flatten().collect();
        all.sort();
        assert_eq!(all, [1, 2]);
    });
}

/// A lease that goes back, another's get, and the stream that is left alone: in order.
#[test]
fn iterator_against_a_lease_that_goes_back() {
    explore(|| {
        let c = Chan::from_iter([1, 2, 3]);
        let lease = c.try_lease().unwrap();
        let mut stream = c.stream();
        let getter = thread::spawn(move || {
            let got = block_on(c.get());
            drop(lease);
            got
        });
        let mut got = Vec::new();
        while let Some(item) = block_on(poll_fn(|cx| Pin::new(&mut stream).poll_next(cx))) {
            got.push(item);
        }
        let other = getter.join().unwrap();
        // Only the lease may be late, and goes in front of what is not out by then.
        let rest: Vec<_> = got.iter().copied().filter(|n| *n != 1).collect();
        assert!(rest.is_sorted(), "{got:?}");
        got.extend(other);
        if !got.contains(&1) {
            // It came back when the stream had seen the end.
            got.extend(block_on(poll_fn(|cx| Pin::new(&mut stream).poll_next(cx))));
        }
        got.sort();
        assert_eq!(got, [1, 2, 3]);
    });
}
