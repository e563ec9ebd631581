//! Buffers of one's own whose methods panic: the channel ends, the panic goes on, and nobody hangs.

use std::sync::{Arc, Mutex, OnceLock};

use aiochan::{Buffer, Chan, PutError};

use crate::custom::Fifo;
use crate::driver::{Await, Blocking, Callback, Driver, assert_idle};
use crate::selecting::{Arm, Selecting};
use crate::task::{Task, panics};

corpus! {
    all: [
        a_panic_in_a_put_ends_the_channel,
        a_panic_while_a_put_serves_a_parked_get_ends_the_channel,
        a_join_is_told_when_a_closed_channel_loses_its_buffer,
    ]
    single: [
        a_panic_in_a_get_ends_the_channel,
        a_panic_while_a_get_lets_a_put_in_ends_the_channel,
    ]
    selects: [
        a_panic_in_one_arm_leaves_no_other_behind,
    ]
    alone: [
        a_panic_in_len_ends_the_channel,
        a_panic_in_capacity_ends_the_channel,
        closing_reaches_everybody_although_len_panics,
        the_lost_buffer_is_dropped_outside_the_lock,
        a_value_that_panics_as_it_is_evicted_panics_the_put,
    ]
}

/// A method, and the how manyth of its calls from now on panics.
type Fails = Arc<Mutex<(&'static str, usize)>>;

/// A fixed buffer that can be made to fail.
struct Fragile {
    fifo: Fifo<u32>,
    fails: Fails,
}

impl Fragile {
    fn chan(capacity: usize) -> (Chan<u32>, Fails) {
        let fails = Fails::default();
        (Chan::with_buffer(Self { fifo: Fifo::new(capacity), fails: fails.clone() }), fails)
    }

    fn called(&self, method: &'static str) {
        let mut fails = self.fails.lock().unwrap();
        if fails.0 == method {
            fails.1 -= 1;
            if fails.1 == 0 {
                *fails = ("", 0);
                drop(fails);
                panic!("{method} has failed");
            }
        }
    }
}

impl Buffer<u32> for Fragile {
    fn can_add(&self) -> bool {
        self.called("can_add");
        self.fifo.can_add()
    }
    fn add(&mut self, value: u32) -> Option<u32> {
        self.called("add");
        self.fifo.add(value)
    }
    fn can_take(&self) -> bool {
        self.called("can_take");
        self.fifo.can_take()
    }
    fn take(&mut self) -> u32 {
        self.called("take");
        self.fifo.take()
    }
    fn len(&self) -> usize {
        self.called("len");
        self.fifo.len()
    }
    fn capacity(&self) -> Option<usize> {
        self.called("capacity");
        self.fifo.capacity()
    }
}

/// The channel is closed, says why, refuses puts, and is exhausted but for `left`.
#[track_caller]
fn assert_ended(c: &Chan<u32>, left: &[u32]) {
    assert!(c.is_closed());
    assert!(c.close_reason().expect("it has a reason").to_string().contains("buffer"));
    assert_eq!(Await::put(c, 99).finish(), Err(PutError(99)));
    assert_eq!(c.iter().collect::<Vec<_>>(), left);
    assert!(Task::start(c.join()).is_done());
    assert_idle(c);
}

/// Rule 5 and 6: the buffer's values go with it; who called gets the panic.
fn a_panic_in_a_put_ends_the_channel<D: Driver>() {
    for method in ["can_add", "add"] {
        let (c, fails) = Fragile::chan(2);
        c.try_put(0).unwrap();
        *fails.lock().unwrap() = (method, 1);
        let message = panics(|| D::put(&c, 1).finish());
        assert_eq!(message, format!("{method} has failed"));
        assert_ended(&c, &[]);
    }
}

/// Rule 6: parked gets are told.
fn a_panic_while_a_put_serves_a_parked_get_ends_the_channel<D: Driver>() {
    for method in ["can_add", "add", "can_take", "take"] {
        let (c, fails) = Fragile::chan(2);
        let gets = [D::get(&c), D::get(&c), D::get(&c)];
        *fails.lock().unwrap() = (method, 1);
        let message = panics(|| Await::put(&c, 1).finish());
        assert_eq!(message, format!("{method} has failed"));
        assert_eq!(gets.map(|get| get.finish()), [None; 3], "{method}");
        assert_ended(&c, &[]);
    }
}

/// Rule 1, 5 and 6: what had not got into the buffer is not lost with it.
fn a_panic_in_a_get_ends_the_channel<D: Driver>() {
    for method in ["can_take", "take"] {
        let (c, fails) = Fragile::chan(2);
        c.add([0, 1]).unwrap();
        let puts = [Await::put(&c, 2), Callback::put(&c, 3)];
        *fails.lock().unwrap() = (method, 1);
        let message = panics(|| D::get(&c).finish());
        assert_eq!(message, format!("{method} has failed"));
        assert_ended(&c, &[2, 3]);
        assert_eq!(puts.map(|put| put.finish()), [Ok(()), Ok(())]);
    }
}

/// Rule 1, 5 and 6: the get had its value already; as it did not return it, it is still there. The
/// value that was being added is lost with the buffer, that of the other put is not.
fn a_panic_while_a_get_lets_a_put_in_ends_the_channel<D: Driver>() {
    for (method, left) in [("can_add", &[0, 1, 2][..]), ("add", &[0, 2])] {
        let (c, fails) = Fragile::chan(1);
        c.try_put(0).unwrap();
        let puts = [Await::put(&c, 1), Blocking::put(&c, 2)];
        *fails.lock().unwrap() = (method, 1);
        let message = panics(|| D::get(&c).finish());
        assert_eq!(message, format!("{method} has failed"));
        assert_ended(&c, left);
        assert_eq!(puts.map(|put| put.finish()), [Ok(()), Ok(())]);
    }
}

/// Rule 6: closed before, and exhausted by the loss.
fn a_join_is_told_when_a_closed_channel_loses_its_buffer<D: Driver>() {
    for method in ["can_take", "take"] {
        let (c, fails) = Fragile::chan(2);
        c.add([0, 1]).unwrap();
        c.close();
        let mut join = Task::start(c.join());
        assert!(!join.is_done());
        *fails.lock().unwrap() = (method, 1);
        let message = panics(|| D::get(&c).finish());
        assert_eq!(message, format!("{method} has failed"));
        assert_eq!(D::get(&c).finish(), None);
        assert!(Task::start(c.join()).is_done());
        assert!(join.is_done(), "the join was not told, after {method}");
    }
}

/// Rule 2 and 5: whether it panics as the arm is tried, or as it is parked behind another.
fn a_panic_in_one_arm_leaves_no_other_behind<S: Selecting>() {
    for at in [1, 2] {
        let (c, fails) = Fragile::chan(1);
        let other = Chan::new();
        *fails.lock().unwrap() = ("can_take", at);
        let message = panics(|| S::biased(Arm::get(&other), Arm::get(&c)).finish());
        assert_eq!(message, "can_take has failed");
        assert_idle(&other);
        assert!(other.try_put(1).is_err());
        assert_ended(&c, &[]);
    }
}

/// What `Buffer` says of every method.
fn a_panic_in_len_ends_the_channel() {
    let (c, fails) = Fragile::chan(1);
    let get = Await::get(&c);
    *fails.lock().unwrap() = ("len", 1);
    assert_eq!(panics(|| c.len()), "len has failed");
    assert!(c.is_closed(), "it is not closed");
    assert_eq!(get.finish(), None);
    assert_ended(&c, &[]);
}

fn a_panic_in_capacity_ends_the_channel() {
    let (c, fails) = Fragile::chan(1);
    let get = Await::get(&c);
    *fails.lock().unwrap() = ("capacity", 1);
    assert_eq!(panics(|| c.capacity()), "capacity has failed");
    assert!(c.is_closed(), "it is not closed");
    assert_eq!(get.finish(), None);
    assert_ended(&c, &[]);
}

/// Rule 4 and 6: a parked get that was answered is woken, whatever the buffer does.
fn closing_reaches_everybody_although_len_panics() {
    let (c, fails) = Fragile::chan(1);
    let mut get = Task::start(c.get());
    let mut join = Task::start(c.join());
    *fails.lock().unwrap() = ("len", 1);
    assert_eq!(panics(|| c.close()), "len has failed");
    assert!(c.is_closed(), "it does not say that it is closed");
    assert!(get.is_done(), "the get was not woken");
    assert!(join.is_done(), "the join was not told");
    assert_eq!(get.finish(), None);
}

/// Rule 5: the buffer's own drop is user code.
fn the_lost_buffer_is_dropped_outside_the_lock() {
    struct Looks(Arc<OnceLock<Chan<u32>>>);
    impl Buffer<u32> for Looks {
        fn can_add(&self) -> bool {
            panic!("can_add has failed");
        }
        fn add(&mut self, _: u32) -> Option<u32> {
            None
        }
        fn can_take(&self) -> bool {
            false
        }
        fn take(&mut self) -> u32 {
            0
        }
        fn len(&self) -> usize {
            0
        }
    }
    impl Drop for Looks {
        fn drop(&mut self) {
            let c = self.0.get().expect("it is set");
            assert!(c.is_closed() && c.is_empty() && c.try_get().is_err());
        }
    }
    let handle = Arc::new(OnceLock::new());
    let c = Chan::with_buffer(Looks(handle.clone()));
    handle.set(c.clone()).unwrap();
    assert_eq!(panics(|| c.try_put(1)), "can_add has failed");
    assert!(c.is_closed());
}

/// Rule 5: the put has taken effect all the same, and the channel goes on.
fn a_value_that_panics_as_it_is_evicted_panics_the_put() {
    struct Latest(Option<Evil>);
    struct Evil(bool);
    impl Drop for Evil {
        fn drop(&mut self) {
            assert!(!self.0, "a drop has failed");
        }
    }
    impl Buffer<Evil> for Latest {
        fn can_add(&self) -> bool {
            true
        }
        fn add(&mut self, value: Evil) -> Option<Evil> {
            self.0.replace(value)
        }
        fn can_take(&self) -> bool {
            self.0.is_some()
        }
        fn take(&mut self) -> Evil {
            self.0.take().expect("take only follows a can_take")
        }
        fn len(&self) -> usize {
            usize::from(self.0.is_some())
        }
    }
    let c = Chan::with_buffer(Latest(None));
    assert!(c.try_put(Evil(true)).is_ok());
    assert_eq!(panics(|| c.try_put(Evil(false))), "a drop has failed");
    assert_eq!((c.len(), c.is_closed(), c.stats().evicted), (1, false, 1));
    assert!(c.try_get().is_ok());
}
