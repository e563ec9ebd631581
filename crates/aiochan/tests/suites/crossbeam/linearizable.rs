//! crossbeam-channel's tests of selects that may not wait, while others put and get (The Crossbeam Project
//! Developers, MIT or Apache-2.0), rewritten from what they check.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use aiochan::{Buffer, Chan, Receiver, Select, Selected, Unselected, select_blocking};

use super::{gets, got, halves};

suite! {
    own: [
        linearizable_try,
        linearizable_try_in_steps,
        linearizable_timeout,
        linearizable_timeout_in_steps,
        linearizable_default,
        linearizable_timeout_of_the_macro,
    ]
}

/// How a select ends that may not wait.
type End = Result<Selected<i32>, Unselected<i32>>;

/// Puts into one channel and then does `select` over it and another, while a second thread puts into the other
/// and only then gets from the first: at each moment one of the two has something.
fn while_it_moves(select: impl Fn(&Receiver<i32>, &Receiver<i32>) -> bool) {
    const COUNT: usize = 10_000;
    for capacity in [Some(1), None] {
        let ((tx1, rx1), (tx2, rx2)) = (halves(capacity), halves(capacity));
        let (start, end) = (Barrier::new(2), Barrier::new(2));
        thread::scope(|scope| {
            scope.spawn(|| {
                for _ in 0..COUNT {
                    start.wait();
                    tx2.put_blocking(1).unwrap();
                    let _ = rx1.try_get();
                    end.wait();
                }
            });
            let missed = (0..COUNT).filter(|_| {
                start.wait();
                tx1.put_blocking(1).unwrap();
                let missed = !select(&rx1, &rx2);
                end.wait();
                let _ = rx2.try_get();
                missed
            });
            assert_eq!(missed.count(), 0, "of {COUNT}");
        });
    }
}

/// The same once, in steps: the select looks into an empty channel, and then into one whose buffer takes its
/// time; meanwhile a value is put into the first, and then that of the third is got.
fn while_it_looks(end: impl Fn(Select<'_, i32>) -> End) {
    struct Slow {
        armed: Arc<AtomicBool>,
        step: Arc<Barrier>,
    }
    impl Buffer<i32> for Slow {
        fn can_add(&self) -> bool {
            false
        }
        fn add(&mut self, _: i32) -> Option<i32> {
            unreachable!("it never has room")
        }
        fn can_take(&self) -> bool {
            if self.armed.swap(false, Ordering::SeqCst) {
                self.step.wait();
                self.step.wait();
            }
            false
        }
        fn take(&mut self) -> i32 {
            unreachable!("it is always empty")
        }
        fn len(&self) -> usize {
            0
        }
    }
    let (armed, step) = (Arc::new(AtomicBool::new(false)), Arc::new(Barrier::new(2)));
    let slow = Chan::with_buffer(Slow { armed: armed.clone(), step: step.clone() });
    let ((tx1, rx1), (tx2, rx2)) = (halves(Some(1)), halves(Some(1)));
    tx2.put_blocking(2).unwrap();
    armed.store(true, Ordering::SeqCst);
    thread::scope(|scope| {
        scope.spawn(|| {
            step.wait();
            tx1.put_blocking(1).unwrap();
            assert_eq!(rx2.get_blocking(), Some(2));
            step.wait();
        });
        let select = gets([rx1.chan(), &slow, rx2.chan()]).priority(true);
        assert_eq!(end(select), Ok(got(0, 1)));
    });
}

/// A select that may not wait misses nothing that was there all the time.
fn linearizable_try() {
    while_it_moves(|rx1, rx2| gets([rx1.chan(), rx2.chan()]).try_now().is_ok());
}

/// Nor if what is there moves just while it looks.
fn linearizable_try_in_steps() {
    while_it_looks(|select| select.try_now());
}

/// Nor does a select that may wait for no time.
fn linearizable_timeout() {
    while_it_moves(|rx1, rx2| {
        gets([rx1.chan(), rx2.chan()]).blocking_timeout(Duration::ZERO).is_ok()
    });
}

/// Nor if what is there moves just while it looks.
fn linearizable_timeout_in_steps() {
    while_it_looks(|select| select.blocking_timeout(Duration::ZERO));
}

/// A select with a default misses nothing that was there all the time.
fn linearizable_default() {
    while_it_moves(|rx1, rx2| {
        select_blocking! {
            _ = rx1.get() => true,
            _ = rx2.get() => true,
            default => false,
        }
    });
}

/// Nor does one of the macro that may wait for no time.
fn linearizable_timeout_of_the_macro() {
    while_it_moves(|rx1, rx2| {
        select_blocking! {
            _ = rx1.get() => true,
            _ = rx2.get() => true,
            timeout(Duration::ZERO) => false,
        }
    });
}
