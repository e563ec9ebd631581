//! Callbacks meet puts, closes and the end of their channel, and come back into it.

use std::sync::{Arc, Mutex};

use aiochan::{Chan, PutError};
use aiochan_models::explore;
use loom::future::block_on;
use loom::sync::atomic::{AtomicUsize, Ordering};
use loom::thread;

/// A callback that puts what it got into the channel that it came from.
#[test]
fn re_entry() {
    explore(|| {
        let c = Chan::new();
        c.get_with({
            let c = c.clone();
            move |got: Option<u32>| c.put_with(got.unwrap() + 1, |put| put.unwrap()).unwrap()
        })
        .unwrap();
        let putter = thread::spawn({
            let c = c.clone();
            move || block_on(c.put(1)).unwrap()
        });
        // The callback was there first.
        assert_eq!(block_on(c.get()), Some(2));
        assert_eq!(c.stats().delivered(), 2);
        putter.join().unwrap();
    });
}

/// It is called once: with the value, or because the channel has been closed.
#[test]
fn get_with_against_put_and_close() {
    explore(|| {
        let c = Chan::new();
        let calls = Arc::new(AtomicUsize::new(0));
        let closer = thread::spawn({
            let c = c.clone();
            move || c.close()
        });
        let got = Arc::new(Mutex::new(None));
        c.get_with({
            let (calls, got) = (calls.clone(), got.clone());
            move |value| {
                calls.fetch_add(1, Ordering::SeqCst);
                *got.lock().unwrap() = value;
            }
        })
        .unwrap();
        let put = c.try_put(7);
        closer.join().unwrap();
        assert_eq!(calls.load(Ordering::SeqCst), 1);
        assert_eq!(*got.lock().unwrap(), put.is_ok().then_some(7));
    });
}

/// The put of a callback is answered when its channel goes, and its value comes back.
#[test]
fn put_with_against_the_last_handles() {
    explore(|| {
        let c = Chan::new();
        let refused = Arc::new(AtomicUsize::new(0));
        let count = refused.clone();
        c.put_with(7, move |put| {
            assert_eq!(put, Err(PutError(7)));
            count.fetch_add(1, Ordering::SeqCst);
        })
        .unwrap();
        let other = thread::spawn({
            let c = c.clone();
            move || drop(c)
        });
        drop(c);
        other.join().unwrap();
        assert_eq!(refused.load(Ordering::SeqCst), 1);
    });
}

/// Who completes a callback's put and who drops the channel's last handle both leave it answered, once.
#[test]
fn put_with_against_get_and_the_last_handle() {
    explore(|| {
        let c = Chan::new();
        let answers = Arc::new(AtomicUsize::new(0));
        let count = answers.clone();
        c.put_with(7, move |put| {
            put.unwrap();
            count.fetch_add(1, Ordering::SeqCst);
        })
        .unwrap();
        let getter = thread::spawn({
            let c = c.clone();
            move || assert_eq!(c.try_get(), Ok(7))
        });
        drop(c);
        getter.join().unwrap();
        assert_eq!(answers.load(Ordering::SeqCst), 1);
    });
}

/// Queued values arrive in order, beside a getter that parks.
#[test]
fn add_against_gets() {
    explore(|| {
        let c = Chan::new();
        let adder = thread::spawn({
            let c = c.clone();
            move || {
                c.add([1, 2]).unwrap();
            }
        });
        assert_eq!((block_on(c.get()), block_on(c.get())), (Some(1), Some(2)));
        adder.join().unwrap();
    });
}

/// A callback that waits keeps who feeds the channel, until it has its value: then nobody can get any more.
#[test]
fn waiting_callback_and_last_handle_against_feed() {
    explore(|| {
        let c = Chan::new();
        let feed = c.feed();
        let got = Arc::new(Mutex::new(None));
        let to = got.clone();
        c.get_with(move |value| *to.lock().unwrap() = value).unwrap();
        let worker = thread::spawn(move || {
            assert_eq!(block_on(feed.put(7)), Ok(()));
            block_on(feed.put(8))
        });
        drop(c);
        assert_eq!(worker.join().unwrap(), Err(PutError(8)));
        assert_eq!(*got.lock().unwrap(), Some(7));
    });
}
