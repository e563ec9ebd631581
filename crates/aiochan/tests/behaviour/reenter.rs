//! User code that uses the very channel that it is called from: wakers, their drops, values' drops and
//! clones, callbacks. None of it runs under a lock, so none of it can deadlock.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Wake, Waker};
use std::thread;

use aiochan::{Buf, Buffer, Chan, TryGetError};

use crate::driver::{Await, Callback, Driver, Droppable, assert_idle};
use crate::task::{Task, parked, poll_with, ready, waker};
use crate::watch::wait_until;

corpus! {
    all: [
        a_getters_waker_may_use_the_channel,
        a_putters_waker_may_use_the_channel,
        a_waker_may_drop_other_operations,
        an_evicted_value_may_use_the_channel,
        a_promises_clone_may_use_the_channel,
    ]
    droppable: [
        a_withdrawn_value_may_use_the_channel,
    ]
    alone: [
        a_waker_may_block,
        a_wakers_drop_may_use_the_channel,
        a_refused_callbacks_drop_may_use_the_channel,
        a_late_reason_may_use_the_channel,
        a_callback_may_use_everything,
        a_join_may_use_the_channel,
    ]
}

/// Does a bit of everything, but for taking values, with a channel that others are in the middle of
/// using.
fn use_it<T>(c: &Chan<T>) {
    let stats = c.stats();
    assert_eq!(c.len(), stats.len);
    assert_ne!(c.capacity(), Some(99));
    assert!(c.close_reason().is_none());
    drop(Task::start(c.join()));
    drop(c.clone());
    let _ = (c.is_closed(), format!("{c:?}"));
}

/// Rule 5: the wake comes after unlocking.
fn a_getters_waker_may_use_the_channel<D: Driver>() {
    let c = Chan::unbounded();
    let own = c.clone();
    let mut get = parked(
        c.get(),
        &waker(move || {
            use_it(&own);
            own.try_put(2).unwrap();
            own.close();
        }),
    );
    assert_eq!(D::put(&c, 1).finish(), Ok(()));
    assert_eq!(ready(get.as_mut()), Some(1));
    assert_eq!((D::get(&c).finish(), D::get(&c).finish()), (Some(2), None));
}

/// Rule 5: also while the get that wakes it has not yet returned.
fn a_putters_waker_may_use_the_channel<D: Driver>() {
    let c = Chan::fixed(1);
    c.try_put(0).unwrap();
    let own = c.clone();
    let mut put = parked(
        c.put(1),
        &waker(move || {
            use_it(&own);
            assert_eq!(own.try_get(), Ok(1));
            own.try_put(2).unwrap();
        }),
    );
    assert_eq!(D::get(&c).finish(), Some(0));
    assert_eq!(ready(put.as_mut()), Ok(()));
    assert_eq!(D::get(&c).finish(), Some(2));
    assert_idle(&c);
}

/// Rule 1 and 5: a wake ends other operations of the same channel.
fn a_waker_may_drop_other_operations<D: Driver>() {
    let c = Chan::new();
    let others: Vec<_> = (0..3)
        .map(|_| {
            let own = c.clone();
            parked(async move { own.get().await }, Waker::noop())
        })
        .collect();
    let others = Mutex::new(others);
    let last = {
        let own = c.clone();
        let drops = waker(move || others.lock().unwrap().clear());
        parked(async move { own.get().await }, &drops)
    };
    // The first of the others gets 0, and gives it back when the last gets 3; so do 1 and 2.
    for n in 0..4 {
        assert_eq!(D::put(&c, n).finish(), Ok(()));
    }
    assert_eq!([0; 3].map(|_| D::get(&c).finish().unwrap()), [0, 1, 2]);
    assert_eq!(ready(Box::pin(last).as_mut()), Some(3));
    assert_idle(&c);
}

/// A value that uses its channel as it is dropped.
struct Looks {
    chan: Chan<Looks>,
    drops: Arc<AtomicUsize>,
}

impl Drop for Looks {
    fn drop(&mut self) {
        use_it(&self.chan);
        self.drops.fetch_add(1, Ordering::SeqCst);
    }
}

/// A custom buffer that keeps the latest.
struct Latest<T>(Option<T>);

impl<T: Send> Buffer<T> for Latest<T> {
    fn can_add(&self) -> bool {
        true
    }
    fn add(&mut self, value: T) -> Option<T> {
        self.0.replace(value)
    }
    fn can_take(&self) -> bool {
        self.0.is_some()
    }
    fn take(&mut self) -> T {
        self.0.take().expect("take only follows a can_take")
    }
    fn len(&self) -> usize {
        usize::from(self.0.is_some())
    }
}

/// Rule 5: an evicted value is dropped outside the lock, by every policy.
fn an_evicted_value_may_use_the_channel<D: Driver>() {
    for c in [Chan::sliding(1), Chan::dropping(1), Chan::with_buffer(Latest(None))] {
        let drops = Arc::new(AtomicUsize::new(0));
        let value = || Looks { chan: c.clone(), drops: drops.clone() };
        for n in 0..4 {
            assert!(D::put(&c, value()).finish().is_ok());
            assert_eq!(drops.load(Ordering::SeqCst), n);
        }
        assert_eq!((c.len(), c.stats().evicted), (1, 3));
        drop(D::get(&c).finish());
        assert_eq!(drops.load(Ordering::SeqCst), 4);
    }
}

/// Rule 5: clones are made outside the lock; so is the one too many dropped.
fn a_promises_clone_may_use_the_channel<D: Driver>() {
    struct Uses(Arc<OnceLock<Chan<Uses>>>);
    impl Clone for Uses {
        fn clone(&self) -> Self {
            use_it(self.0.get().expect("it is set"));
            Self(self.0.clone())
        }
    }
    impl Drop for Uses {
        fn drop(&mut self) {
            self.0.get().into_iter().for_each(use_it);
        }
    }
    let handle = Arc::new(OnceLock::new());
    let c = Chan::builder().buffer(Buf::promise()).build();
    assert!(handle.set(c.clone()).is_ok());
    let get = D::get(&c);
    assert!(D::put(&c, Uses(handle.clone())).finish().is_ok());
    assert!(D::put(&c, Uses(handle.clone())).finish().is_ok());
    assert!(get.finish().is_some() && D::get(&c).finish().is_some());
    assert_eq!(c.stats().evicted, 1);
}

/// Rule 5.
fn a_withdrawn_value_may_use_the_channel<D: Droppable>() {
    let c = Chan::new();
    let drops = Arc::new(AtomicUsize::new(0));
    let put = D::put(&c, Looks { chan: c.clone(), drops: drops.clone() });
    drop(put);
    assert_eq!(drops.load(Ordering::SeqCst), 1);
    assert_idle(&c);
}

/// Rule 5 and 6: a waker may even wait, for another thread.
fn a_waker_may_block() {
    let c = Chan::new();
    let own = c.clone();
    let mut get = parked(c.get(), &waker(move || assert_eq!(own.get_blocking(), Some(2))));
    let putter = {
        let c = c.clone();
        thread::spawn(move || c.put_blocking(1))
    };
    wait_until("the waker of the get waits itself", || {
        let stats = c.stats();
        (stats.queued, stats.parked_gets) == (1, 1)
    });
    assert!(!putter.is_finished());
    c.try_put(2).unwrap();
    assert_eq!(putter.join().unwrap(), Ok(()));
    assert_eq!(ready(get.as_mut()), Some(1));
    assert_idle(&c);
}

/// A waker that uses the channel as it is dropped.
struct LooksWhenDropped(Chan<u32>, Arc<AtomicUsize>);

impl Wake for LooksWhenDropped {
    fn wake(self: Arc<Self>) {}
}

impl Drop for LooksWhenDropped {
    fn drop(&mut self) {
        use_it(&self.0);
        self.1.fetch_add(1, Ordering::SeqCst);
    }
}

/// Rule 5: a waker is replaced, withdrawn, woken or dropped outside the lock.
fn a_wakers_drop_may_use_the_channel() {
    let c = Chan::new();
    let drops = Arc::new(AtomicUsize::new(0));
    let looks = || Waker::from(Arc::new(LooksWhenDropped(c.clone(), drops.clone())));
    let mut get = parked(c.get(), &looks());
    assert!(poll_with(get.as_mut(), &looks()).is_pending());
    assert_eq!(drops.load(Ordering::SeqCst), 1);
    c.try_put(1).unwrap();
    assert_eq!((drops.load(Ordering::SeqCst), ready(get.as_mut())), (2, Some(1)));
    drop(parked(c.get(), &looks()));
    drop(parked(c.put(1), &looks()));
    assert_eq!(drops.load(Ordering::SeqCst), 4);
    let select = aiochan::Select::new().get(&c).put(&c, 2);
    let mut select = parked(select.into_future(), &looks());
    assert!(poll_with(select.as_mut(), &looks()).is_pending());
    assert_eq!(drops.load(Ordering::SeqCst), 5);
    drop(select);
    assert_eq!(drops.load(Ordering::SeqCst), 6);
    let mut join = parked(c.join(), &looks());
    assert!(poll_with(join.as_mut(), &looks()).is_pending());
    drop(join);
    let parked_get = parked(c.get(), &looks());
    c.close();
    drop(parked_get);
    assert_eq!(drops.load(Ordering::SeqCst), 9);
}

/// Rule 5: what a refused callback holds is dropped outside the lock.
fn a_refused_callbacks_drop_may_use_the_channel() {
    let c = Chan::builder().max_pending(0).build();
    let drops = Arc::new(AtomicUsize::new(0));
    let held = LooksWhenDropped(c.clone(), drops.clone());
    assert!(c.get_with(move |_| drop(held)).is_err());
    let held = LooksWhenDropped(c.clone(), drops.clone());
    assert!(c.put_with(1, move |_| drop(held)).is_err());
    assert_eq!(drops.load(Ordering::SeqCst), 2);
}

/// Rule 5: a reason is user code, too.
fn a_late_reason_may_use_the_channel() {
    struct Reason(Chan<u32>);
    impl std::fmt::Debug for Reason {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("Reason")
        }
    }
    impl std::fmt::Display for Reason {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str("late")
        }
    }
    impl std::error::Error for Reason {}
    impl Drop for Reason {
        fn drop(&mut self) {
            use_it(&self.0);
        }
    }
    let c = Chan::new();
    c.close();
    assert!(!c.close_with(Reason(c.clone())));
    assert_eq!(c.try_get(), Err(TryGetError::Closed));
}

/// Rule 5: a callback stands outside of everything.
fn a_callback_may_use_everything() {
    let c = Chan::fixed(2);
    let own = c.clone();
    c.get_with(move |value| {
        assert_eq!(value, Some(1));
        use_it(&own);
        own.add([0, 2, 3, 4]).unwrap();
        assert_eq!(own.get_blocking(), Some(2));
        let mut out = Vec::new();
        assert_eq!(own.get_many_blocking(&mut out, 1), 1);
        let one = aiochan::select_blocking! {
            value = own.get() => value,
        };
        assert_eq!((out, one), (vec![3], Some(4)));
        own.close();
    })
    .unwrap();
    let other = Callback::get(&c);
    c.try_put(1).unwrap();
    // The other callback stood in line before the gets that the first did itself.
    assert_eq!(other.finish(), Some(0));
    assert!(c.is_closed());
}

/// Rule 5 and 6.
fn a_join_may_use_the_channel() {
    let c = Chan::fixed(1);
    let get = Await::get(&c);
    let own = c.clone();
    let mut join = parked(
        c.join(),
        &waker(move || {
            use_it(&own);
            own.join_blocking();
        }),
    );
    c.try_put(1).unwrap();
    c.close();
    ready(join.as_mut());
    assert_eq!(get.finish(), Some(1));
}
