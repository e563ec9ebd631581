//! What is told without locking: a `try_` that fails was right at some moment between its call and its return.

use aiochan::Chan;
use aiochan_models::explore;
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;
use std::sync::Arc;

/// Of two that each put into one channel and then look into the other, one sees the other's value.
#[test]
fn two_puts_against_two_looks() {
    explore(|| {
        let (c, d) = (Chan::fixed(1), Chan::fixed(1));
        let other = thread::spawn({
            let (c, d) = (c.clone(), d.clone());
            move || {
                c.try_put(1).unwrap();
                d.try_get()
            }
        });
        d.try_put(2).unwrap();
        let mine = c.try_get();
        assert!(mine.is_ok() | other.join().unwrap().is_ok());
    });
}

/// The same the other way round: of two that each make room in one and then put into the other, one finds room.
#[test]
fn two_gets_against_two_puts() {
    explore(|| {
        let (c, d) = (Chan::fixed(1), Chan::fixed(1));
        c.try_put(1).unwrap();
        d.try_put(2).unwrap();
        let other = thread::spawn({
            let (c, d) = (c.clone(), d.clone());
            move || {
                c.try_get().unwrap();
                d.try_put(3)
            }
        });
        d.try_get().unwrap();
        let mine = c.try_put(4);
        assert!(mine.is_ok() | other.join().unwrap().is_ok());
    });
}

/// A put that has returned is seen by whoever learns of it in any other way.
#[test]
fn put_then_tell() {
    explore(|| {
        let c = Chan::fixed(1);
        let told = Arc::new(AtomicBool::new(false));
        let putter = thread::spawn({
            let (c, told) = (c.clone(), told.clone());
            move || {
                c.try_put(1).unwrap();
                told.store(true, Ordering::Release);
            }
        });
        if told.load(Ordering::Acquire) {
            assert_eq!(c.try_get(), Ok(1));
        }
        putter.join().unwrap();
    });
}

/// Of two that try to get one value one does, and of two that try to put into one place one does.
#[test]
fn tries_against_each_other() {
    explore(|| {
        let c = Chan::fixed(1);
        let other = thread::spawn({
            let c = c.clone();
            move || (c.try_put(1).is_ok(), c.try_get().is_ok())
        });
        let mine = (c.try_put(2).is_ok(), c.try_get().is_ok());
        let other = other.join().unwrap();
        assert!(mine.0 | other.0);
        assert!(mine.1 | other.1);
        let (put, got) = (mine.0 as usize + other.0 as usize, mine.1 as usize + other.1 as usize);
        assert_eq!(c.len(), put - got);
    });
}
