//! Wakers and drops that panic: what was committed stands, everybody is woken, the panic reaches the
//! caller of the operation, and the channel goes on.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Waker;

use aiochan::{Buffer, Chan, PutError, Select, TryGetError};

use crate::basics::keeping;
use crate::driver::{Await, Blocking, Callback, Driver, Droppable, assert_idle};
use crate::selecting::{Arm, AsyncSelecting, Selecting};
use crate::task::{Task, evil_waker, panics, parked, ready, waker};

corpus! {
    all: [
        a_put_that_panics_as_it_wakes_a_getter_has_put,
        closing_wakes_everybody,
        a_kept_promise_wakes_everybody,
        the_last_receiver_wakes_everybody,
    ]
    single: [
        a_get_that_panics_as_it_wakes_a_putter_leaves_the_value,
        a_get_that_panics_as_it_lets_a_put_in_leaves_the_value,
    ]
    droppable: [
        giving_back_to_an_evil_getter_loses_nothing,
    ]
    selects: [
        a_select_that_panics_as_it_wakes_leaves_the_value_and_no_trace,
        a_select_that_panics_as_it_withdraws_gives_the_value_back,
    ]
    async_selects: [
        a_select_that_panics_as_it_is_dropped_leaves_no_trace,
    ]
    alone: [
        what_panicked_goes_behind_what_was_handed_over_before,
        what_panicked_stays_before_what_was_handed_over_later,
        a_value_that_came_back_from_a_panic_counts_once,
        a_parked_task_that_panics_is_not_woken_twice,
        every_join_is_woken,
        a_select_that_panics_as_it_gives_up_has_left_every_queue,
        an_arm_that_waits_can_be_ended,
        an_evicted_value_that_panics_panics_the_put,
        a_withdrawn_value_that_panics_panics_the_drop,
        values_that_panic_with_their_channel_are_all_dropped,
        an_iterator_that_panics_in_add_leaves_what_was_added,
    ]
}

/// Rule 1 and 5: the value has been delivered; only the putter's own thread sees the panic.
fn a_put_that_panics_as_it_wakes_a_getter_has_put<D: Driver>() {
    for (name, c) in keeping() {
        let mut evil = parked(c.get(), &evil_waker());
        let next = D::get(&c);
        assert_eq!(panics(|| D::put(&c, 1).finish()), "an evil waker", "{name}");
        assert_eq!(ready(evil.as_mut()), Some(1), "{name}");
        assert_eq!(D::put(&c, 2).finish(), Ok(()), "{name}");
        assert_eq!(next.finish(), Some(2), "{name}");
        assert_idle(&c);
    }
}

/// Rule 1 and 5: a get that does not return has not got.
fn a_get_that_panics_as_it_wakes_a_putter_leaves_the_value<D: Driver>() {
    let c = Chan::new();
    let mut evil = parked(c.put(0), &evil_waker());
    let next = D::put(&c, 1);
    assert_eq!(panics(|| D::get(&c).finish()), "an evil waker");
    assert_eq!(ready(evil.as_mut()), Ok(()));
    let stats = c.stats();
    assert_eq!((stats.len, stats.parked_puts, stats.put_waits), (1, 1, 1));
    assert_eq!((D::get(&c).finish(), D::get(&c).finish()), (Some(0), Some(1)));
    assert_eq!(next.finish(), Ok(()));
    assert_idle(&c);
}

/// Rule 1, 3 and 5: to the front, before what was let in.
fn a_get_that_panics_as_it_lets_a_put_in_leaves_the_value<D: Driver>() {
    let c = Chan::fixed(2);
    c.add([0, 1]).unwrap();
    let mut evil = parked(c.put(2), &evil_waker());
    let next = D::put(&c, 3);
    assert_eq!(panics(|| D::get(&c).finish()), "an evil waker");
    assert_eq!(ready(evil.as_mut()), Ok(()));
    assert_eq!((c.len(), c.stats().parked_puts), (3, 1));
    assert_eq!([0; 4].map(|_| D::get(&c).finish().unwrap()), [0, 1, 2, 3]);
    assert_eq!(next.finish(), Ok(()));
    assert_idle(&c);
}

/// Rule 4, 5 and 6: several panics or one, nobody is left asleep, and the channel is closed.
fn closing_wakes_everybody<D: Driver>() {
    let c = Chan::<u32>::new();
    let mut waiting = Vec::new();
    let mut evil = Vec::new();
    for _ in 0..3 {
        evil.push(parked(c.get(), &evil_waker()));
        waiting.push(D::get(&c));
    }
    assert_eq!(panics(|| c.close()), "an evil waker");
    assert!(c.is_closed() && !c.close());
    assert!(waiting.into_iter().all(|get| get.finish().is_none()));
    assert!(evil.iter_mut().all(|get| ready(get.as_mut()).is_none()));
    assert_idle(&c);
}

/// Rule 5 and 6.
fn a_kept_promise_wakes_everybody<D: Driver>() {
    let c = Chan::promise();
    let mut evil = [parked(c.get(), &evil_waker()), parked(c.get(), &evil_waker())];
    let waiting = [D::get(&c), D::get(&c)];
    assert_eq!(panics(|| c.try_put(7)), "an evil waker");
    assert_eq!(waiting.map(|get| get.finish()), [Some(7), Some(7)]);
    assert!(evil.iter_mut().all(|get| ready(get.as_mut()) == Some(7)));
}

/// Rule 1, 5 and 6.
fn the_last_receiver_wakes_everybody<D: Driver>() {
    let (tx, rx) = Chan::new().split();
    let mut evil = [parked(tx.put(0), &evil_waker()), parked(tx.put(1), &evil_waker())];
    let waiting = [D::put(tx.chan(), 2), D::put(tx.chan(), 3)];
    assert_eq!(panics(|| drop(rx)), "an evil waker");
    assert_eq!(waiting.map(|put| put.finish()), [Err(PutError(2)), Err(PutError(3))]);
    assert_eq!([0, 1].map(|n| ready(evil[n].as_mut())), [Err(PutError(0)), Err(PutError(1))]);
}

/// Rule 1 and 5: the panic goes to who dropped the get.
fn giving_back_to_an_evil_getter_loses_nothing<D: Droppable>() {
    let c = Chan::new();
    let gone = D::get(&c);
    let mut evil = parked(c.get(), &evil_waker());
    c.try_put(1).unwrap();
    assert_eq!(panics(|| drop(gone)), "an evil waker");
    assert_eq!(ready(evil.as_mut()), Some(1));
    assert_idle(&c);
}

/// Rule 1, 2 and 5: as a get alone.
fn a_select_that_panics_as_it_wakes_leaves_the_value_and_no_trace<S: Selecting>() {
    let (c, other) = (Chan::new(), Chan::new());
    let mut evil = parked(c.put(1), &evil_waker());
    let message = panics(|| S::fair(Arm::get(&other), Arm::get(&c)).finish());
    assert_eq!(message, "an evil waker");
    assert_eq!(ready(evil.as_mut()), Ok(()));
    assert_idle(&other);
    assert_eq!((c.try_get(), c.try_get()), (Ok(1), Err(TryGetError::Empty)));
}

/// Rule 1, 2 and 5: the arm that lost was the last thing in a closed channel, somebody waits for that
/// and panics; the arm that won has not returned its value.
fn a_select_that_panics_as_it_withdraws_gives_the_value_back<S: Selecting>() {
    let (won, lost) = (Chan::new(), Chan::new());
    let select = S::fair(Arm::get(&won), Arm::put(&lost, 9));
    lost.close();
    let mut evil = parked(lost.join(), &evil_waker());
    won.try_put(1).unwrap();
    assert_eq!(panics(|| select.finish()), "an evil waker");
    ready(evil.as_mut());
    assert_idle(&lost);
    assert_eq!((won.try_get(), won.try_get()), (Ok(1), Err(TryGetError::Empty)));
}

/// Rule 2, 5 and 6.
fn a_select_that_panics_as_it_is_dropped_leaves_no_trace<S: AsyncSelecting>() {
    for evil_one in [0, 1] {
        let chans = [Chan::new(), Chan::new()];
        let select = S::fair(Arm::put(&chans[0], 1), Arm::put(&chans[1], 2));
        chans.iter().for_each(|chan| assert!(chan.close()));
        let mut evil = parked(chans[evil_one].join(), &evil_waker());
        let mut other = Task::start(chans[1 - evil_one].join());
        assert_eq!(panics(|| drop(select)), "an evil waker");
        chans.iter().for_each(assert_idle);
        ready(evil.as_mut());
        assert!(other.is_done());
    }
}

/// Rule 5 and 6: when its values are dropped it has left every queue, also those behind the one that panicked.
fn a_select_that_panics_as_it_gives_up_has_left_every_queue() {
    /// Tells whether the join was told, when it is dropped.
    struct Sees(Option<(Arc<AtomicBool>, Arc<AtomicBool>)>);
    impl Drop for Sees {
        fn drop(&mut self) {
            if let Some((told, seen)) = &self.0 {
                seen.store(told.load(Ordering::Relaxed), Ordering::Relaxed);
            }
        }
    }
    /// Has no room, and does this when it is asked.
    struct NoRoom<F>(F);
    impl<T: Send, F: Fn() + Send> Buffer<T> for NoRoom<F> {
        fn add(&mut self, _: T) -> Option<T> {
            unreachable!("there is no room")
        }
        fn take(&mut self) -> T {
            unreachable!("there is nothing")
        }
        fn can_add(&self) -> bool {
            (self.0)();
            false
        }
        fn can_take(&self) -> bool {
            false
        }
        fn len(&self) -> usize {
            0
        }
    }
    let chans = [Chan::new(), Chan::new()];
    let (told, seen) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicBool::new(false)));
    let joins = Arc::new(Mutex::new(Vec::new()));
    let last = Chan::with_buffer(NoRoom({
        let (chans, told, joins) = (chans.clone(), told.clone(), joins.clone());
        move || {
            // Both arms before it are parked, and this one is about to be.
            if chans.iter().all(|c| c.stats().parked_puts > 0 && c.close()) {
                let told = told.clone();
                let alarm = waker(move || told.store(true, Ordering::Relaxed));
                for (c, waker) in chans.clone().into_iter().zip([evil_waker(), alarm]) {
                    joins.lock().unwrap().push(parked(async move { c.join().await }, &waker));
                }
            }
        }
    }));
    let select = Select::new()
        .put(&chans[0], Sees(Some((told, seen.clone()))))
        .put(&chans[1], Sees(None))
        .put(&last, Sees(None))
        .priority(true);
    assert_eq!(panics(|| select.try_now()), "an evil waker");
    assert!(seen.load(Ordering::Relaxed), "an arm was in its queue still");
    chans.iter().for_each(assert_idle);
    assert_eq!(last.stats().parked_puts, 0);
    joins.lock().unwrap().iter_mut().for_each(|join| ready(join.as_mut()));
}

/// What macros call is safe whatever was done before.
fn an_arm_that_waits_can_be_ended() {
    let c = Chan::<u32>::new();
    let mut get = parked(c.get(), Waker::noop());
    assert!(get.as_mut().__end().won.is_none());
    assert_idle(&c);
    let mut put = parked(c.put(1), Waker::noop());
    assert_eq!(put.as_mut().__end().back, Some(1));
    assert_idle(&c);
    let mut get = parked(c.get(), Waker::noop());
    let _ = get.as_mut().__entry();
    assert_idle(&c);
}

/// Rule 3: a get takes 1 and panics, by which 0 comes back that was handed over before.
fn what_panicked_goes_behind_what_was_handed_over_before() {
    let c = Chan::fixed(1);
    let own = c.clone();
    let handed = parked(async move { own.get().await }, Waker::noop());
    c.try_put(0).unwrap();
    c.try_put(1).unwrap();
    let handed = Mutex::new(Some(handed));
    let evil = waker(move || {
        drop(handed.lock().unwrap().take());
        panic!("an evil waker");
    });
    let mut put = parked(c.put(2), &evil);
    assert_eq!(panics(|| c.try_get()), "an evil waker");
    assert_eq!(ready(put.as_mut()), Ok(()));
    assert_eq!([0; 3].map(|_| c.try_get().unwrap()), [0, 1, 2]);
}

/// Rule 3: a get takes 0 and panics; 2 was handed over after that, and comes back as well.
fn what_panicked_stays_before_what_was_handed_over_later() {
    let c = Chan::fixed(1);
    c.try_put(0).unwrap();
    let handed = Arc::new(Mutex::new(None));
    let (own, slot) = (c.clone(), handed.clone());
    let evil = waker(move || {
        assert_eq!(own.try_get(), Ok(1));
        let getter = own.clone();
        *slot.lock().unwrap() = Some(parked(async move { getter.get().await }, Waker::noop()));
        own.try_put(2).unwrap();
        panic!("an evil waker");
    });
    let mut put = parked(c.put(1), &evil);
    assert_eq!(panics(|| c.try_get()), "an evil waker");
    drop(handed.lock().unwrap().take());
    assert_eq!(ready(put.as_mut()), Ok(()));
    assert_eq!((c.try_get(), c.try_get()), (Ok(0), Ok(2)));
}

/// Rule 1, the figures: a get that panicked has received nothing, so its value is delivered once.
fn a_value_that_came_back_from_a_panic_counts_once() {
    for c in [Chan::new(), Chan::fixed(1)] {
        while c.try_put(0).is_ok() {}
        let inside = c.len() as u64;
        let put = parked(c.put(0), &evil_waker());
        assert_eq!(panics(|| c.try_get()), "an evil waker");
        drop(put);
        assert_eq!(c.stats().delivered(), 0);
        while c.try_get().is_ok() {}
        assert_eq!(c.stats().delivered(), inside + 1);
    }
}

/// Rule 5: a panicking wake is over; the operation that it was for can be polled, moved or dropped.
fn a_parked_task_that_panics_is_not_woken_twice() {
    let c = Chan::new();
    let evil = parked(c.get(), &evil_waker());
    assert_eq!(panics(|| c.try_put(1)), "an evil waker");
    let next = [Await::get(&c), Blocking::get(&c)];
    drop(evil);
    c.try_put(2).unwrap();
    assert_eq!(next.map(|get| get.finish()), [Some(1), Some(2)]);
    assert_idle(&c);
}

/// Rule 5 and 6.
fn every_join_is_woken() {
    let c = Chan::<u32>::new();
    let mut evil = parked(c.join(), &evil_waker());
    let mut join = Task::start(c.join());
    let queued = Callback::get(&c);
    assert_eq!(panics(|| c.close()), "an evil waker");
    ready(evil.as_mut());
    assert!(join.is_done());
    assert_eq!(queued.finish(), None);
}

/// A value whose drop panics, once it is armed, and notes that it was dropped.
struct Evil(Arc<Mutex<usize>>, bool);

impl Drop for Evil {
    fn drop(&mut self) {
        *self.0.lock().unwrap() += 1;
        assert!(!self.1, "an evil value");
    }
}

/// Rule 1 and 5: the put has taken effect, and the channel goes on.
fn an_evicted_value_that_panics_panics_the_put() {
    let dropped = Arc::new(Mutex::new(0));
    let value = |armed| Evil(dropped.clone(), armed);
    let c = Chan::sliding(1);
    assert!(c.try_put(value(true)).is_ok());
    assert_eq!(panics(|| c.try_put(value(false))), "an evil value");
    assert_eq!((c.len(), c.stats().evicted, *dropped.lock().unwrap()), (1, 1, 1));
    assert!(Task::start(c.put(value(false))).finish().is_ok());
    let c = Chan::dropping(1);
    assert!(c.try_put(value(false)).is_ok());
    assert_eq!(panics(|| c.try_put(value(true))), "an evil value");
    assert_eq!((c.len(), c.stats().evicted), (1, 1));
    assert!(c.try_get().is_ok());
}

/// Rule 2 and 5.
fn a_withdrawn_value_that_panics_panics_the_drop() {
    let dropped = Arc::new(Mutex::new(0));
    let c = Chan::new();
    let put = parked(c.put(Evil(dropped.clone(), true)), Waker::noop());
    assert_eq!(panics(|| drop(put)), "an evil value");
    assert_eq!(*dropped.lock().unwrap(), 1);
    assert_idle(&c);
    assert!(c.try_get().is_err());
}

/// Rule 1 and 5: one panics; none is forgotten.
fn values_that_panic_with_their_channel_are_all_dropped() {
    let dropped = Arc::new(Mutex::new(0));
    let c = Chan::fixed(2);
    for armed in [false, true, false, false] {
        let value = Evil(dropped.clone(), armed);
        c.put_with(value, drop).unwrap();
    }
    assert_eq!(panics(AssertUnwindSafe(|| drop(c))), "an evil value");
    assert_eq!(*dropped.lock().unwrap(), 4);
}

/// Rule 1 and 5.
fn an_iterator_that_panics_in_add_leaves_what_was_added() {
    let c = Chan::fixed(1);
    let values = (0..).inspect(|n| assert!(*n < 3, "the values have failed"));
    assert_eq!(panics(|| c.add(values).map(drop)), "the values have failed");
    assert_eq!((c.len(), c.stats().parked_puts), (1, 2));
    c.close();
    assert_eq!(c.iter().collect::<Vec<_>>(), [0, 1, 2]);
}
