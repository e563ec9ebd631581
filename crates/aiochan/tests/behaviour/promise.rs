//! Promises: one value, for every getter, for ever.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Waker;
use std::thread;

use aiochan::{Chan, ChanState, PutError, TryGetError};
use futures_util::StreamExt;

use crate::driver::{Await, Driver};
use crate::task::{Task, panics, parked, ready};

corpus! {
    all: [
        every_get_receives_the_value,
        the_first_put_counts,
        a_promise_keeps_its_word_after_closing,
        a_promise_closed_without_a_value_gives_none,
        falsy_values_are_values,
    ]
    alone: [
        clones_are_made_one_for_each_getter,
        a_value_whose_clone_panics_stays,
        a_stream_whose_value_could_not_be_cloned_goes_on,
        threads_may_share_a_promise,
    ]
}

/// Rule 1: those that wait and those that come later, all of them.
fn every_get_receives_the_value<D: Driver>() {
    let c = Chan::promise();
    assert_eq!((c.capacity(), c.len(), c.try_get()), (Some(1), 0, Err(TryGetError::Empty)));
    let early: Vec<_> = (0..4).map(|_| D::get(&c)).collect();
    assert_eq!(c.stats().parked_gets, 4);
    assert_eq!(D::put(&c, "value".to_string()).finish(), Ok(()));
    assert_eq!((c.stats().parked_gets, c.stats().state), (0, ChanState::Fluent));
    assert!(early.into_iter().all(|get| get.finish().as_deref() == Some("value")));
    for _ in 0..3 {
        assert_eq!(D::get(&c).finish().as_deref(), Some("value"));
    }
    assert_eq!(c.len(), 1);
}

/// Rule 1: later puts never wait, and are dropped by policy: counted.
fn the_first_put_counts<D: Driver>() {
    let c = Chan::promise();
    let values: Vec<_> = (0..3).map(Arc::new).collect();
    for value in &values {
        assert_eq!(D::put(&c, value.clone()).finish(), Ok(()));
    }
    assert_eq!((c.stats().evicted, c.len(), c.stats().parked_puts), (2, 1, 0));
    assert_eq!(values.iter().map(Arc::strong_count).collect::<Vec<_>>(), [2, 1, 1]);
    assert_eq!(D::get(&c).finish().as_deref(), Some(&0));
}

/// Rule 4, as a promise understands it.
fn a_promise_keeps_its_word_after_closing<D: Driver>() {
    let c = Chan::promise();
    c.try_put(1).unwrap();
    c.close();
    for _ in 0..3 {
        assert_eq!(D::get(&c).finish(), Some(1));
    }
    assert_eq!(D::put(&c, 2).finish(), Err(PutError(2)));
    assert_eq!((D::get(&c).finish(), c.stats().evicted), (Some(1), 0));
}

/// Rule 4 and 6.
fn a_promise_closed_without_a_value_gives_none<D: Driver>() {
    let c = Chan::<u32>::promise();
    let early = D::get(&c);
    c.close();
    assert_eq!(early.finish(), None);
    assert_eq!(D::get(&c).finish(), None);
    assert_eq!(D::put(&c, 1).finish(), Err(PutError(1)));
    assert_eq!(c.try_get(), Err(TryGetError::Closed));
}

/// Rule 1: that a promise is kept is not seen from its value.
fn falsy_values_are_values<D: Driver>() {
    fn kept_with<D: Driver, T>(value: T)
    where
        T: Clone + PartialEq + std::fmt::Debug + Send + Sync + 'static,
    {
        let c = Chan::promise();
        let early = D::get(&c);
        assert_eq!(D::put(&c, value.clone()).finish(), Ok(()));
        assert_eq!(early.finish(), Some(value.clone()));
        assert_eq!(D::put(&c, value.clone()).finish(), Ok(()));
        assert_eq!((D::get(&c).finish(), c.stats().evicted), (Some(value), 1));
    }
    kept_with::<D, _>(0);
    kept_with::<D, _>(false);
    kept_with::<D, _>("");
    kept_with::<D, _>(());
    kept_with::<D, _>(None::<u32>);
}

/// Counts its clones, and panics in the `panics_at`th.
struct Counts {
    clones: Arc<AtomicUsize>,
    panics_at: usize,
}

impl Clone for Counts {
    fn clone(&self) -> Self {
        let before = self.clones.fetch_add(1, Ordering::SeqCst);
        assert!(before + 1 != self.panics_at, "a clone panics");
        Self { clones: self.clones.clone(), panics_at: self.panics_at }
    }
}

/// Rule 1: as many as receive it, and none for those who went away.
fn clones_are_made_one_for_each_getter() {
    let clones = Arc::new(AtomicUsize::new(0));
    let c = Chan::promise();
    let (kept, gone) = (Await::get(&c), Await::get(&c));
    assert!(c.try_put(Counts { clones: clones.clone(), panics_at: 0 }).is_ok());
    drop(gone);
    assert_eq!(clones.load(Ordering::SeqCst), 0);
    assert!(kept.finish().is_some() && c.try_get().is_ok());
    assert_eq!(clones.load(Ordering::SeqCst), 2);
}

/// Rule 5: the panic goes to the get that asked for the clone, and to no other.
fn a_value_whose_clone_panics_stays() {
    for panics_at in [1, 2] {
        let clones = Arc::new(AtomicUsize::new(0));
        let c = Chan::promise();
        let mut early = parked(c.get(), Waker::noop());
        let other = Await::get(&c);
        assert!(c.try_put(Counts { clones, panics_at }).is_ok());
        if panics_at == 1 {
            assert_eq!(panics(|| ready(early.as_mut())), "a clone panics");
        } else {
            assert!(ready(early.as_mut()).is_some());
            assert_eq!(panics(|| c.try_get()), "a clone panics");
        }
        assert!(other.finish().is_some() && c.get_blocking().is_some());
        assert_eq!((c.len(), c.is_closed()), (1, false));
    }
}

/// Rule 5 and 6: a panic in one poll of a stream is not the end of it.
fn a_stream_whose_value_could_not_be_cloned_goes_on() {
    let c = Chan::promise();
    let mut stream = c.stream();
    drop(parked(stream.next(), Waker::noop()));
    assert!(c.try_put(Counts { clones: Arc::default(), panics_at: 1 }).is_ok());
    assert_eq!(panics(|| ready(Box::pin(stream.next()).as_mut())), "a clone panics");
    assert!(ready(Box::pin(stream.next()).as_mut()).is_some());
}

/// Rule 5: clones are made outside the lock, on several threads at once.
fn threads_may_share_a_promise() {
    let c = Chan::promise();
    let getters: Vec<_> = (0..4)
        .map(|_| {
            let c = c.clone();
            thread::spawn(move || (0..200).map(|_| c.get_blocking().unwrap()).sum::<usize>())
        })
        .collect();
    c.put_blocking(7).unwrap();
    assert!(getters.into_iter().all(|getter| getter.join().unwrap() == 1400));
    assert_eq!(Task::start(c.get()).finish(), Some(7));
}
