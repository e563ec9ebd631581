//! Somebody else's panic passing through: an operation whose own work is done first.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};
use std::thread;

use aiochan::{AddError, Chan};

use crate::task::{evil_waker, panics, parked};

corpus! {
    alone: [
        add_goes_on_with_the_rest,
        add_gives_the_rest_back_rather_than_panic,
        add_of_what_may_be_endless_gives_one_back,
        a_put_is_reported_to_its_callback,
        a_queued_put_is_reported_to_its_callback,
        a_get_reaches_its_callback,
        dropping_a_handle_in_a_panic_does_not_abort,
        dropping_a_half_in_a_panic_does_not_abort,
        several_evicted_values_may_panic_as_they_are_dropped,
    ]
}

/// What a callback was called with, each time.
fn log<T: Send + 'static>() -> (Arc<Mutex<Vec<T>>>, impl FnOnce(T) + Send + 'static) {
    let log = Arc::new(Mutex::new(Vec::new()));
    let own = log.clone();
    (log, move |value| own.lock().unwrap().push(value))
}

/// Rule 1: the getter's panic is not the other values' business.
fn add_goes_on_with_the_rest() {
    let c = Chan::new();
    c.get_with(|_: Option<u32>| panic!("an evil getter")).unwrap();
    assert_eq!(panics(|| c.add([1, 2, 3]).map(drop)), "an evil getter");
    assert_eq!((c.try_get(), c.try_get()), (Ok(2), Ok(3)));
}

/// Rule 1: the error holds values, so it comes before the panic.
fn add_gives_the_rest_back_rather_than_panic() {
    let c = Chan::builder().max_pending(1).build();
    c.get_with(|_: Option<u32>| panic!("an evil getter")).unwrap();
    assert_eq!(c.add([1, 2, 3, 4]).unwrap_err(), AddError::TooManyPending(vec![3, 4]));
}

/// Rule 7 and 8.
fn add_of_what_may_be_endless_gives_one_back() {
    let c = Chan::new();
    c.close();
    assert_eq!(c.add(std::iter::repeat(7)).unwrap_err(), AddError::Closed(vec![7]));
    assert_eq!(c.add([1, 2].into_iter().filter(|n| *n > 0)).unwrap_err().into_inner(), [1, 2]);
}

/// Rule 5: exactly once.
fn a_put_is_reported_to_its_callback() {
    let (reported, report) = log();
    let c = Chan::new();
    c.get_with(|_: Option<u32>| panic!("an evil getter")).unwrap();
    assert_eq!(panics(|| c.put_with(1, report)), "an evil getter");
    assert_eq!(*reported.lock().unwrap(), [Ok(())]);
}

/// Rule 5: the same for one that waits, whose getter wakes another evil one.
fn a_queued_put_is_reported_to_its_callback() {
    let (reported, report) = log();
    let c = Chan::fixed(1);
    c.try_put(0).unwrap();
    let _evil = parked(c.put(1), &evil_waker());
    c.put_with(2, report).unwrap();
    assert_eq!(panics(|| c.try_get()), "an evil waker");
    assert_eq!([0; 3].map(|_| c.try_get().unwrap()), [0, 1, 2]);
    assert_eq!(*reported.lock().unwrap(), [Ok(())]);
}

/// Rule 1 and 5: a callback takes its value, though the putter that is woken panics.
fn a_get_reaches_its_callback() {
    for c in [Chan::new(), Chan::fixed(1)] {
        while c.try_put(0).is_ok() {}
        let _evil = parked(c.put(0), &evil_waker());
        let (got, get) = log();
        assert_eq!(panics(|| c.get_with(get)), "an evil waker");
        assert_eq!((got.lock().unwrap().as_slice(), c.stats().delivered()), (&[Some(0)][..], 1));
    }
}

/// Rule 5: the last handle goes as its task panics, and a callback panics because of that.
fn dropping_a_handle_in_a_panic_does_not_abort() {
    let task = thread::spawn(|| {
        let c = Chan::<u32>::new();
        c.get_with(|value| assert!(value.is_some(), "no value")).unwrap();
        panic!("the task");
    });
    assert_eq!(*task.join().unwrap_err().downcast::<&str>().unwrap(), "the task");
}

/// Rule 5 and 6: the same for halves, and everybody else is still told.
fn dropping_a_half_in_a_panic_does_not_abort() {
    let (tx, rx) = Chan::<u32>::new().split();
    let (told, tell) = log();
    rx.chan().get_with(|_| panic!("an evil getter")).unwrap();
    rx.chan().get_with(tell).unwrap();
    let result = catch_unwind(AssertUnwindSafe(move || {
        let _tx = tx;
        panic!("the task");
    }));
    assert_eq!(*result.unwrap_err().downcast::<&str>().unwrap(), "the task");
    assert_eq!(*told.lock().unwrap(), [None]);
}

/// Rule 5: two panics at once would abort.
fn several_evicted_values_may_panic_as_they_are_dropped() {
    struct Evil(bool);
    impl Drop for Evil {
        fn drop(&mut self) {
            assert!(!self.0, "an evil value");
        }
    }
    let c = Chan::sliding(1);
    let mut values = [Evil(true), Evil(true), Evil(true), Evil(false)].into();
    assert_eq!(panics(|| c.put_many_blocking(&mut values)), "an evil value");
    assert_eq!((values.len(), c.len(), c.stats().evicted), (0, 1, 3));
}
