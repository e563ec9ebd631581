//! The last handle of a kind meets who waits.

use std::sync::Arc;

use aiochan::{Chan, PutError};
use aiochan_models::{explore, explore_crowd};
use loom::future::block_on;
use loom::thread;

/// A get is answered when the last sender goes.
#[test]
fn last_sender_against_get() {
    explore_crowd(|| {
        let (sender, receiver) = Chan::<u32>::new().split();
        let other = sender.clone();
        let leavers = [sender, other].map(|sender| thread::spawn(move || drop(sender)));
        assert_eq!(block_on(receiver.get()), None);
        for leaver in leavers {
            leaver.join().unwrap();
        }
    });
}

/// What the last sender put before it went is delivered.
#[test]
fn put_and_last_sender_against_get() {
    for capacity in [0, 1] {
        explore(move || {
            let (sender, receiver) = Chan::fixed(capacity).split();
            let putter = thread::spawn(move || block_on(sender.put(7)).unwrap());
            assert_eq!((block_on(receiver.get()), block_on(receiver.get())), (Some(7), None));
            putter.join().unwrap();
        });
    }
}

/// A put has its value back when the last receiver goes, unless it was inside: then the value is dropped. Never
/// both, and never neither.
#[test]
fn last_receiver_against_put() {
    for capacity in [0, 1] {
        explore(move || {
            let (sender, receiver) = Chan::fixed(capacity).split();
            let leaver = thread::spawn(move || drop(receiver));
            let value = Arc::new(());
            let put = block_on(sender.put(value.clone()));
            leaver.join().unwrap();
            assert_eq!(Arc::strong_count(&value), if put.is_ok() { 1 } else { 2 });
            assert!(capacity == 1 || put.is_err());
            assert!(block_on(sender.put(value)).is_err());
        });
    }
}

/// Two receivers that go at once refuse puts together.
#[test]
fn last_receivers_against_put() {
    explore_crowd(|| {
        let (sender, receiver) = Chan::new().split();
        let other = receiver.clone();
        let leavers = [receiver, other].map(|receiver| thread::spawn(move || drop(receiver)));
        assert_eq!(block_on(sender.put(7)), Err(PutError(7)));
        for leaver in leavers {
            leaver.join().unwrap();
        }
    });
}

/// When the last handle and the last receiver go at once, what nobody can get any more is dropped, by one of them.
#[test]
fn last_handle_against_last_receiver() {
    explore(|| {
        let c = Chan::fixed(1);
        let value = Arc::new(());
        c.try_put(value.clone()).unwrap();
        let (sender, receiver) = c.clone().split();
        let leaver = thread::spawn(move || drop(receiver));
        drop(c);
        leaver.join().unwrap();
        assert_eq!(Arc::strong_count(&value), 1);
        assert!(sender.try_put(value).is_err());
    });
}

/// A worker that puts through a feed learns that nobody is left.
#[test]
fn last_handle_against_feed() {
    explore(|| {
        let c = Chan::new();
        let feed = c.feed();
        let worker = thread::spawn(move || block_on(feed.put(7)));
        drop(c);
        assert_eq!(worker.join().unwrap(), Err(PutError(7)));
    });
}

/// The end of the last two handles of all: whoever is last frees the channel with what is inside, once.
#[test]
fn last_handles_of_all() {
    explore(|| {
        let c = Chan::fixed(1);
        let value = Arc::new(());
        c.try_put(value.clone()).unwrap();
        let (sender, receiver) = c.split();
        let leaver = thread::spawn(move || drop(sender));
        drop(receiver);
        leaver.join().unwrap();
        assert_eq!(Arc::strong_count(&value), 1);
    });
}

/// A callback that comes to wait as the channel is split counts as a handle until it has its value, and no longer.
#[test]
fn callback_against_split() {
    explore(|| {
        let c = Chan::fixed(1);
        let feed = c.feed();
        let caller = thread::spawn(move || feed.chan().get_with(drop).unwrap());
        let (sender, receiver) = c.split();
        caller.join().unwrap();
        let value = Arc::new(());
        // The callback's, and nobody's.
        sender.try_put(value.clone()).unwrap();
        sender.try_put(value.clone()).unwrap();
        drop(receiver);
        assert_eq!(Arc::strong_count(&value), 1);
    });
}
