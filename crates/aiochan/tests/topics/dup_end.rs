//! How a `Dup` ends: its input does, it is closed, a `Clone` panics, its runtime goes.

use std::collections::VecDeque;
use std::sync::Arc;

use aiochan::{Buffer, Chan, TryGetError, TryPutError};

use crate::common::{on_one_thread, panicked, reason, rest, wait_for_nobody, wait_for_put};
use crate::watch::wait_until;

cases! {
    the_end_of_the_input_closes_the_outs_with_its_reason
    an_empty_input_ends_at_once
    outs_that_are_to_stay_open_do_unless_there_is_a_reason
    closing_while_it_waits_for_a_value
    closing_while_it_waits_for_an_out
    one_slow_out_does_not_hide_the_end
    closing_leaves_what_it_has_not_read
    closing_before_the_first_tap
    who_taps_after_the_end_has_a_closed_channel
    who_taps_while_it_closes_has_a_closed_channel
    a_clone_that_panics_closes_all_with_the_cause
    the_worker_ends_with_its_input
    a_runtime_that_goes_closes_the_outs
}

fn the_end_of_the_input_closes_the_outs_with_its_reason() {
    let source = Chan::fixed(2);
    source.add([1, 2]).unwrap();
    source.close_with("the disk is full");
    let [a, b] = source.dup().taps();
    for n in [Some(1), Some(2), None] {
        assert_eq!((a.get_blocking(), b.get_blocking()), (n, n));
    }
    assert_eq!(reason(&a).as_deref(), Some("the disk is full"));
    assert_eq!(reason(&b).as_deref(), Some("the disk is full"));
}

fn an_empty_input_ends_at_once() {
    let [a, b] = Chan::<u32>::from_iter([]).dup().taps();
    assert_eq!((a.get_blocking(), b.get_blocking()), (None, None));
    assert_eq!(reason(&a), None);
}

/// As [`aiochan::Flow::keep_open`].
fn outs_that_are_to_stay_open_do_unless_there_is_a_reason() {
    for why in [None, Some("the disk is full")] {
        let (source, kept) = (Chan::fixed(1), Chan::fixed(4));
        let dup = source.dup();
        dup.tap_keep_open(&kept);
        let closed = dup.tap_with(4);
        source.put_blocking(1).unwrap();
        source.close_as(why.map(|why| Arc::from(Box::from(why))));
        assert_eq!(rest(&closed), [1]);
        assert_eq!(kept.get_blocking(), Some(1));
        if why.is_some() {
            kept.join_blocking();
        }
        assert_eq!(reason(&kept).as_deref(), why);
        assert_eq!(kept.is_closed(), why.is_some());
        // And so for one that comes after the end.
        let late = Chan::<u32>::new();
        dup.tap_keep_open(&late);
        assert_eq!(late.is_closed(), why.is_some());
    }
}

/// Rule 4; the reference leaves the outs open, and whoever gets from them hangs.
fn closing_while_it_waits_for_a_value() {
    let source = Chan::new();
    let dup = source.dup();
    let out = dup.tap();
    source.put_blocking(0).unwrap();
    assert_eq!(out.get_blocking(), Some(0));
    dup.close();
    assert_eq!((out.get_blocking(), reason(&out)), (None, None));
    assert_eq!(source.try_put(1), Err(TryPutError::Full(1)));
    assert!(!source.is_closed());
    dup.close();
}

/// Rules 1 and 4: all outs have had the same values when they end.
fn closing_while_it_waits_for_an_out() {
    let source = Chan::new();
    let dup = source.dup();
    let [fast, slow] = dup.taps();
    let kept = Chan::new();
    dup.tap_keep_open(&kept);
    source.put_blocking(0).unwrap();
    assert_eq!(fast.get_blocking(), Some(0));
    wait_for_put(&slow);
    wait_for_put(&kept);
    dup.close();
    assert_eq!(fast.get_blocking(), None);
    assert_eq!(source.try_put(1), Err(TryPutError::Full(1)));
    assert_eq!((rest(&slow), kept.get_blocking()), (vec![0], Some(0)));
    assert!(!kept.is_closed());
}

/// Rules 1 and 6: the others learn it at once, with the reason, and what waits is still for those who drain.
fn one_slow_out_does_not_hide_the_end() {
    let source = Chan::new();
    let dup = source.dup();
    let [fast, slow] = dup.taps();
    source.put_blocking(0).unwrap();
    assert_eq!(fast.get_blocking(), Some(0));
    wait_for_put(&slow);
    source.close_with("the disk is full");
    assert_eq!(fast.get_blocking(), None);
    assert_eq!(reason(&fast).as_deref(), Some("the disk is full"));
    assert_eq!(rest(&slow), [0]);
    assert_eq!(reason(&slow).as_deref(), Some("the disk is full"));

    // But what the input has still is read first.
    let source = Chan::fixed(1);
    let dup = source.dup();
    let [fast, slow] = dup.taps();
    source.put_blocking(0).unwrap();
    assert_eq!(fast.get_blocking(), Some(0));
    wait_for_put(&slow);
    source.put_blocking(1).unwrap();
    source.close();
    assert_eq!((slow.get_blocking(), fast.get_blocking()), (Some(0), Some(1)));
    assert_eq!((fast.get_blocking(), rest(&slow)), (None, vec![1]));
}

/// Rule 1: a value that the worker was handed but has not read goes back.
fn closing_leaves_what_it_has_not_read() {
    on_one_thread(async {
        let source = Chan::new();
        let dup = source.dup();
        let out = dup.tap();
        while source.stats().parked_gets == 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(source.try_put(1), Ok(()));
        dup.close();
        assert_eq!(out.get().await, None);
        assert_eq!(source.try_get(), Ok(1));
    });
}

fn closing_before_the_first_tap() {
    let source = Chan::fixed(1);
    source.put_blocking(1).unwrap();
    let dup = source.dup();
    dup.close();
    assert_eq!(dup.tap().get_blocking(), None);
    assert_eq!(source.try_get(), Ok(1));
}

/// Rule 6; the reference neither feeds nor closes it.
fn who_taps_after_the_end_has_a_closed_channel() {
    let source = Chan::<u32>::new();
    let dup = source.dup();
    source.close_with("over");
    assert_eq!(dup.tap().get_blocking(), None);
    for late in dup.taps::<2>() {
        assert_eq!(late.try_get(), Err(TryGetError::Closed));
        assert_eq!(reason(&late).as_deref(), Some("over"));
    }
    dup.untap_all();
    dup.close();
}

/// Rule 6: the worker finds the order to close first, and that to tap after it.
fn who_taps_while_it_closes_has_a_closed_channel() {
    on_one_thread(async {
        let source = Chan::<u32>::new();
        let dup = source.dup();
        let early = dup.tap();
        dup.close();
        let late = dup.tap();
        assert_eq!((late.get().await, early.get().await), (None, None));
    });
}

/// Rule 6.
fn a_clone_that_panics_closes_all_with_the_cause() {
    #[derive(Debug)]
    struct Fragile(u32);

    impl Clone for Fragile {
        fn clone(&self) -> Self {
            assert_ne!(self.0, 2, "two cannot be cloned");
            Self(self.0)
        }
    }

    let source = Chan::fixed(4);
    let dup = source.dup();
    let (a, b) = (dup.tap_with(4), dup.tap_with(4));
    for n in 1..=3 {
        source.put_blocking(Fragile(n)).unwrap();
    }
    for out in [&a, &b] {
        assert_eq!(rest(out).iter().map(|n| n.0).collect::<Vec<_>>(), [1]);
        assert!(panicked(out).contains("two cannot be cloned"));
    }
    assert!(panicked(&dup.tap()).contains("two cannot be cloned"));
    assert_eq!(source.try_get().unwrap().0, 3);
    let feed = source.feed();
    drop((dup, source));
    wait_for_nobody(feed);
}

/// Rule 6: no worker stays behind, though the outs are there.
fn the_worker_ends_with_its_input() {
    struct Marked(VecDeque<u32>, #[expect(dead_code)] Arc<()>);

    impl Buffer<u32> for Marked {
        fn can_add(&self) -> bool {
            true
        }
        fn add(&mut self, value: u32) -> Option<u32> {
            self.0.push_back(value);
            None
        }
        fn can_take(&self) -> bool {
            !self.0.is_empty()
        }
        fn take(&mut self) -> u32 {
            self.0.pop_front().expect("can_take")
        }
        fn len(&self) -> usize {
            self.0.len()
        }
    }

    let mark = Arc::new(());
    let source = Chan::with_buffer(Marked(VecDeque::new(), mark.clone()));
    let out = source.dup().tap();
    source.put_blocking(1).unwrap();
    source.close();
    drop(source);
    assert_eq!(rest(&out), [1]);
    wait_until("its input is dropped", || Arc::strong_count(&mark) == 1);
    drop(out);
}

/// Rule 6: also when nobody is there any more to say why.
fn a_runtime_that_goes_closes_the_outs() {
    if cfg!(not(feature = "tokio")) {
        return; // it would not run there
    }
    let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let source = Chan::<u32>::new();
    let dup = source.dup();
    let out = {
        let _inside = tokio.enter();
        dup.tap()
    };
    drop(tokio);
    let late = dup.tap();
    for out in [out, late] {
        assert_eq!(out.get_blocking(), None);
        assert!(reason(&out).unwrap().contains("runtime"));
    }
}
