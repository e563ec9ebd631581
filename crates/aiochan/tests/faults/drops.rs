//! `Drop` that panics: of what callbacks, functions and iterators hold, of buffers, of values that nobody
//! gets.

use std::collections::VecDeque;
use std::mem::forget;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::task::Waker;

use aiochan::{Buffer, Chan, Select, TryGetError, from_blocking_iter, from_range, run, select};

use crate::support::{drain, guard, reason};
use crate::task::{Task, panics, parked};
use crate::{Evil, assert_idle, panicked};

/// Rule 5: the call that refuses panics, and nothing is queued.
#[test]
fn what_a_refused_callback_holds() {
    let c = Chan::builder().max_pending(0).build();
    let evil = Evil(0);
    assert_eq!(panics(|| c.get_with(move |_| drop(evil))), "an evil drop");
    let evil = Evil(0);
    assert_eq!(panics(|| c.put_with(1, move |_| drop(evil))), "an evil drop");
    assert_idle(&c);
}

/// Rules 5 and 6: every callback is called; the first panic goes on.
#[test]
fn what_callbacks_hold_is_dropped_one_by_one() {
    let called = Arc::new(AtomicUsize::new(0));
    let callback = || {
        let (called, evil) = (called.clone(), Evil(0));
        move |called_with: Option<u32>| {
            assert_eq!(called_with, None);
            called.fetch_add(1, SeqCst);
            drop(evil);
        }
    };
    for end in [|c: Chan<u32>| assert!(c.close()), |c| drop(c)] {
        called.store(0, SeqCst);
        let c = Chan::new();
        (0..3).for_each(|_| c.get_with(callback()).unwrap());
        assert_eq!(panics(|| end(c)), "an evil drop");
        assert_eq!(called.load(SeqCst), 3);
    }
}

/// Rule 5: the value of a promise, and a put that came too late.
#[test]
fn the_value_of_a_promise() {
    let c = Chan::promise();
    assert!(c.try_put(Evil(0)).map_err(forget).is_ok());
    assert_eq!(panics(|| c.try_put(Evil(1)).map_err(forget)), "an evil drop");
    assert_eq!(c.try_get().map(|value| (value.0, forget(value)).0), Ok(0));
    assert_eq!(panics(|| drop(c)), "an evil drop");
}

/// Rules 2 and 5: the arm that won has taken effect, the other has left no trace.
#[test]
fn the_value_of_an_arm_that_lost() {
    let (lost, won) = (Chan::new(), Chan::fixed(1));
    let message = panics(|| {
        run(async {
            select! {
                put = lost.put(Evil(0)) => forget(put),
                put = won.put(1) => put.unwrap(),
            }
        });
    });
    assert_eq!(message, "an evil drop");
    assert_idle(&lost);
    assert_eq!((won.try_get(), won.try_get()), (Ok(1), Err(TryGetError::Empty)));

    let select = Select::new().put(&lost, Evil(0)).into_future();
    assert_eq!(panics(|| drop(parked(select, Waker::noop()))), "an evil drop");
    assert_idle(&lost);
}

/// An iterator of the numbers below its own whose `Drop` panics.
struct EvilIter(u32);

impl Iterator for EvilIter {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        self.0 = self.0.checked_sub(1)?;
        Some(self.0)
    }
}

impl Drop for EvilIter {
    fn drop(&mut self) {
        panic!("an iterator's drop");
    }
}

/// Rules 5 and 6: the get that came to the end panics; the channel has ended, and everybody knows.
#[test]
fn an_iterator_whose_drop_panics_has_ended() {
    let c = Chan::from_iter(EvilIter(1));
    let mut join = Task::start(c.join());
    assert_eq!(c.try_get(), Ok(0));
    assert_eq!(panics(|| c.try_get()), "an iterator's drop");
    assert_eq!((c.try_get(), c.get_blocking()), (Err(TryGetError::Closed), None));
    assert!(join.is_done());

    let c = Chan::from_iter(EvilIter(1));
    assert_eq!(panics(|| drop(c)), "an iterator's drop");
}

/// Rule 6: where it runs on a thread, or within a stage, the output ends with the cause.
#[test]
fn an_iterator_of_a_worker_whose_drop_panics() {
    let c = from_blocking_iter(EvilIter(2), 0);
    assert_eq!(drain(&c), [1, 0]);
    assert_eq!(panicked(&c), "an iterator's drop");
    let c = from_range(0..3).flat_map(|_| EvilIter(2)).chan();
    assert_eq!(drain(&c), [1, 0]);
    assert_eq!(panicked(&c), "an iterator's drop");
    let c = from_range(0..3).parallel_pipe(1, |_| EvilIter(2)).flat().chan();
    assert_eq!(panicked(&c), "an iterator's drop");
}

/// A buffer whose `Drop` panics, and that cannot add a 9.
struct EvilBuffer(VecDeque<u32>);

impl EvilBuffer {
    fn new() -> Self {
        Self(VecDeque::new())
    }
}

impl Buffer<u32> for EvilBuffer {
    fn can_add(&self) -> bool {
        true
    }
    fn add(&mut self, value: u32) -> Option<u32> {
        assert_ne!(value, 9, "no nine");
        self.0.push_back(value);
        None
    }
    fn can_take(&self) -> bool {
        !self.0.is_empty()
    }
    fn take(&mut self) -> u32 {
        self.0.pop_front().expect("take only follows a can_take")
    }
    fn len(&self) -> usize {
        self.0.len()
    }
}

impl Drop for EvilBuffer {
    fn drop(&mut self) {
        panic!("a buffer's drop");
    }
}

/// Rules 4 and 5: with the last handle, with the last receiver, and after a method that panicked, which is
/// what the caller learns.
#[test]
fn a_buffer_whose_drop_panics() {
    let c = Chan::with_buffer(EvilBuffer::new());
    c.try_put(1).unwrap();
    assert_eq!(panics(|| drop(c)), "a buffer's drop");

    let (tx, rx) = Chan::with_buffer(EvilBuffer::new()).split();
    tx.try_put(1).unwrap();
    assert_eq!(panics(|| drop(rx)), "a buffer's drop");
    assert!(tx.try_put(2).is_err_and(|error| error.is_closed()));

    let c = Chan::with_buffer(EvilBuffer::new());
    let mut get = Task::start(c.get());
    let message = panics(|| c.try_put(9));
    assert!(message.contains("no nine"), "{message}");
    assert!(reason(&c).contains("buffer") && get.is_done());
    assert_idle(&c);
}

/// Rule 6: what a function holds goes with the worker, whose output has the cause.
#[test]
fn functions_whose_drop_panics() {
    let evil = Evil(0);
    let c = from_range(0..2).async_pipe(2, move |n| {
        let _ = &evil;
        async move { n }
    });
    assert_eq!(panicked(&c.chan()), "an evil drop");

    let evil = Evil(0);
    let topics = from_range(0..2).publish(move |n| (*n, &evil).0);
    let (out, late) = (topics.sub(0), topics.sub(7));
    // By then all that was read has been delivered.
    assert!(drain(&out).len() <= 1 && drain(&late).is_empty());
    assert!(out.close_reason().is_none() && late.close_reason().is_none());

    let evil = Evil(0);
    let thread = from_range(0..2).to_queue(move |n| (Ok::<(), u32>(()), n, &evil).0);
    assert_eq!(*thread.join().unwrap_err().downcast::<&str>().unwrap(), "an evil drop");
}

/// Rule 6: a future that is dropped as its consumer leaves.
#[test]
fn a_future_of_async_apply_whose_drop_panics() {
    for close in [true, false] {
        let (evil, (here, gone)) = (Evil(0), guard());
        let c = Chan::<u32>::new().async_apply::<u32, _, _>(|inp, _| async move {
            let (_here, _evil) = (here, evil);
            inp.get().await;
        });
        let c = c.chan();
        if close {
            c.close();
        }
        drop(c);
        gone.wait_until_gone();
    }
}
