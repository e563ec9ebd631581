//! Dead letters.

use std::sync::atomic::{AtomicBool, Ordering::SeqCst};

use aiochan::{Chan, Panicked, from_range};

use crate::support::{drain, guard, reason, wait_until};
use crate::{FORMS, pipe, sorted};

/// Each failed item and its cause become a letter, the others results; the letters end with the pipe.
#[test]
fn failures_become_letters() {
    for ordered in FORMS {
        for failing in [vec![0], vec![50], vec![99], vec![3, 4, 5, 98]] {
            let (letters, dead) = Chan::unbounded().split();
            let fails = failing.clone();
            let f = move |i: u8| match fails.contains(&i) {
                true if i < 50 => panic!("item {i}"),
                true => Err(format!("item {i}")),
                false => Ok(i),
            };
            let c =
                pipe!(from_range(0..100), ordered, 3, f).fallible().dead_letters(letters).chan();
            let good: Vec<_> = (0..100).filter(|i| !failing.contains(i)).collect();
            assert_eq!(sorted(drain(&c)), good);
            assert!(c.close_reason().is_none());
            let dead = sorted(
                drain(dead.chan()).into_iter().map(|(i, why)| (i, why.to_string())).collect(),
            );
            assert_eq!(dead.iter().map(|(i, _)| *i).collect::<Vec<_>>(), failing);
            assert!(dead.iter().all(|(i, why)| why.ends_with(&format!("item {i}"))), "{dead:?}");
        }
    }
}

/// When the letters cannot be sent the pipe stops with the cause.
#[test]
fn closed_letters_stop() {
    for ordered in FORMS {
        for close in [true, false] {
            let (letters, dead) = Chan::unbounded().split();
            // It is closed, or its receiver has gone.
            let keep = close.then(|| (dead.chan().close(), dead));
            let f = |i: u8| if i == 1 { Err("one") } else { Ok(i) };
            let c = pipe!(from_range(0..), ordered, 2, f).fallible().dead_letters(letters).chan();
            let results = drain(&c);
            assert!(!ordered || results == [0], "{results:?}");
            assert_eq!(reason(&c), "one");
            drop(keep);
        }
    }
}

/// A thread that waits for its letter to be taken ends when the output does.
#[test]
fn a_consumer_that_leaves_ends_waiting_letters() {
    for ordered in FORMS {
        for close in [true, false] {
            let (letters, dead) = Chan::new().split();
            let (here, gone) = guard();
            let f = move |i: u8| (if i > 0 { Err("not the first") } else { Ok(i) }, &here).0;
            let source = Chan::unbounded();
            source.add([1, 2, 3, 4]).unwrap();
            let c = pipe!(source, ordered, 2, f).fallible().dead_letters(letters).chan();
            wait_until("two letters wait", || dead.chan().stats().parked_puts == 2);
            if close {
                c.close();
            }
            drop(c);
            gone.wait_until_gone();
            assert!(drain(dead.chan()).is_empty());
        }
    }
}

/// When the copying of an item panics there is no letter to send.
#[test]
fn an_item_whose_copy_panics_stops() {
    #[derive(Debug)]
    struct Unique(u8);

    impl Clone for Unique {
        fn clone(&self) -> Self {
            assert_ne!(self.0, 3, "there is only one of it");
            Self(self.0)
        }
    }

    for ordered in FORMS {
        let (letters, dead) = Chan::unbounded().split();
        let source = Chan::from_iter((0..9).map(Unique));
        let c = pipe!(source, ordered, 1, |Unique(i)| i).dead_letters(letters).chan();
        assert_eq!(drain(&c), [0, 1, 2]);
        assert!(c.close_reason().unwrap().is::<Panicked>());
        assert!(drain(dead.chan()).is_empty());
    }
}

/// The same when the item cannot be dropped in peace either.
#[test]
fn an_item_whose_copy_and_drop_panic_stops() {
    struct Unique;

    impl Clone for Unique {
        fn clone(&self) -> Self {
            panic!("there is only one of it");
        }
    }

    impl Drop for Unique {
        fn drop(&mut self) {
            panic!("and it cannot go");
        }
    }

    for ordered in FORMS {
        let (letters, dead) = Chan::unbounded().split();
        let source = from_range(0..1).map(|_| Unique);
        let c = pipe!(source.chan(), ordered, 1, std::mem::forget).dead_letters(letters).chan();
        assert!(drain(&c).is_empty());
        assert_eq!(reason(&c), "a stage panicked: there is only one of it");
        assert!(drain(dead.chan()).is_empty());
    }
}

/// A copy that was not needed panics when it is dropped: that stops the pipe like a failure.
#[test]
fn a_copy_whose_drop_panics_stops() {
    static ARMED: AtomicBool = AtomicBool::new(false);

    #[derive(Debug)]
    struct Mine(u8, bool);

    impl Clone for Mine {
        fn clone(&self) -> Self {
            Self(self.0, true)
        }
    }

    impl Drop for Mine {
        fn drop(&mut self) {
            assert!(!(self.1 && self.0 == 2 && ARMED.load(SeqCst)), "the copy of 2");
        }
    }

    ARMED.store(true, SeqCst);
    for ordered in FORMS {
        let (letters, dead) = Chan::unbounded().split();
        let source = Chan::from_iter((0..9).map(|i| Mine(i, false)));
        let c = pipe!(source, ordered, 1, |mine| mine.0).dead_letters(letters).chan();
        assert_eq!(drain(&c), [0, 1]);
        assert!(reason(&c).contains("the copy of 2"));
        drop(dead);
    }
}
