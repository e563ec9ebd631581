//! Closing meets what is parked, and what comes.

use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use aiochan::{Chan, PutError, TryGetError, TryPutError};
use aiochan_models::{Alarm, explore, explore_crowd, poll};
use loom::future::block_on;
use loom::thread;

/// A get that waits, or is about to, is answered.
#[test]
fn close_against_gets() {
    explore_crowd(|| {
        let c = Chan::<u32>::new();
        let getters = [(); 2].map(|()| {
            let c = c.clone();
            thread::spawn(move || block_on(c.get()))
        });
        assert!(c.close());
        assert_eq!(getters.map(|getter| getter.join().unwrap()), [None, None]);
    });
}

/// A put has taken effect, and its value is delivered, or has its value back.
#[test]
fn close_against_put() {
    for capacity in [0, 1] {
        explore(move || {
            let c = Chan::fixed(capacity);
            let closer = thread::spawn({
                let c = c.clone();
                move || {
                    c.close();
                    block_on(c.get())
                }
            });
            let put = block_on(c.put(7));
            assert_eq!(closer.join().unwrap(), put.is_ok().then_some(7));
            assert!(put.is_ok() || put == Err(PutError(7)));
        });
    }
}

/// A put that is parked when the channel closes is delivered.
#[test]
fn close_against_parked_put_and_get() {
    for capacity in [0, 1] {
        explore(move || {
            let c = Chan::fixed(capacity);
            (0..capacity).for_each(|_| c.try_put(6).unwrap());
            let mut put = pin!(c.put(7));
            assert!(poll(put.as_mut(), &Alarm::new()).is_pending());
            let closer = thread::spawn({
                let c = c.clone();
                move || c.close()
            });
            let got: Vec<_> = std::iter::from_fn(|| block_on(c.get())).collect();
            assert_eq!(got.last(), Some(&7));
            assert_eq!(poll(put, &Alarm::new()), Poll::Ready(Ok(())));
            assert!(closer.join().unwrap());
        });
    }
}

/// One of two closes it.
#[test]
fn close_against_close() {
    explore(|| {
        let c = Chan::<u32>::new();
        let closer = thread::spawn({
            let c = c.clone();
            move || c.close()
        });
        assert_ne!(c.close(), closer.join().unwrap());
        assert!(c.is_closed());
    });
}

/// Who was told that it is closed finds it closed, by what looks without locking too.
#[test]
fn closed_against_close() {
    explore(|| {
        let c = Chan::new();
        let waiting = thread::spawn({
            let c = c.clone();
            move || {
                block_on(c.closed());
                assert_eq!(c.try_get(), Err(TryGetError::Closed));
                assert_eq!(c.try_put(1), Err(TryPutError::Closed(1)));
            }
        });
        c.close();
        waiting.join().unwrap();
    });
}

/// Whose get was answered by the close finds it closed, though who closes is still at it.
#[test]
fn answer_against_close() {
    explore(|| {
        let c = Chan::<u32>::new();
        let mut get = pin!(c.get());
        assert!(poll(get.as_mut(), &Alarm::new()).is_pending());
        let closer = thread::spawn({
            let c = c.clone();
            move || c.close()
        });
        if poll(get.as_mut(), &Alarm::new()).is_ready() {
            assert_eq!(c.try_get(), Err(TryGetError::Closed));
        }
        closer.join().unwrap();
    });
}

/// A join that waits is told, be it the value's going or the close that comes last.
#[test]
fn waiting_join_against_close_and_get() {
    explore(|| {
        let c = Chan::fixed(1);
        c.try_put(7).unwrap();
        let mut join = Box::pin(c.join());
        assert!(poll(join.as_mut(), &Alarm::new()).is_pending());
        let closer = thread::spawn({
            let c = c.clone();
            move || c.close()
        });
        assert_eq!(block_on(c.get()), Some(7));
        block_on(join);
        assert!(c.is_closed());
        assert!(closer.join().unwrap());
    });
}

/// A join ends when the last value has gone, whichever comes last: it, the value's going or the close.
#[test]
fn join_against_close_and_get() {
    explore_crowd(|| {
        let c = Chan::fixed(1);
        c.try_put(7).unwrap();
        let joining = thread::spawn({
            let c = c.clone();
            move || {
                block_on(c.join());
                assert!(c.is_closed());
                assert_eq!(c.len(), 0);
            }
        });
        let closer = thread::spawn({
            let c = c.clone();
            move || c.close()
        });
        assert_eq!(block_on(c.get()), Some(7));
        closer.join().unwrap();
        joining.join().unwrap();
    });
}

/// A value that is added is inside, or comes back: closing in the middle takes it away from nobody.
#[test]
fn close_against_add() {
    explore(|| {
        let c = Chan::new();
        let value = Arc::new(());
        let closer = thread::spawn({
            let c = c.clone();
            move || c.close()
        });
        let added = c.add([value.clone()]).map(|_| ());
        assert!(closer.join().unwrap());
        assert_eq!(Arc::strong_count(&value), 2);
        assert_eq!(c.try_get().is_ok(), added.is_ok());
    });
}
