//! How a `Pub` ends: its input does, it is closed, a function panics.

use std::hash::{Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use aiochan::{Buf, Chan, TryPutError};

use crate::common::{on_one_thread, panicked, reason, rest, wait_for_nobody, wait_for_put};
use crate::watch::wait_until;

cases! {
    the_end_of_the_input_closes_the_subscribers_with_its_reason
    topics_hand_out_what_they_have_first
    an_empty_input_ends_at_once
    closing_closes_the_subscribers
    closing_while_it_waits_for_a_topic
    one_slow_topic_does_not_hide_the_end
    a_runtime_that_goes_closes_the_subscribers
    closing_before_the_first_subscription
    who_subscribes_after_the_end_has_a_closed_channel
    who_subscribes_while_it_closes_has_a_closed_channel
    subscribers_that_are_to_stay_open_do
    a_topic_function_that_panics_closes_all_with_the_cause
    a_topic_that_cannot_be_hashed_closes_all_with_the_cause
    a_clone_that_panics_ends_its_topic_only
    the_functions_are_dropped_at_the_end
}

/// The reference closes nobody.
fn the_end_of_the_input_closes_the_subscribers_with_its_reason() {
    let source = Chan::new();
    let topics = source.publish(|n| n % 2);
    let subs = [0, 0, 1].map(|topic| topics.sub_with(topic, 8));
    (0..4).for_each(|n| source.put_blocking(n).unwrap());
    source.close_with("the disk is full");
    let got = subs.each_ref().map(rest);
    assert_eq!(got, [[0, 2], [0, 2], [1, 3]]);
    for sub in &subs {
        assert_eq!(reason(sub).as_deref(), Some("the disk is full"));
    }
}

/// Rule 1.
fn topics_hand_out_what_they_have_first() {
    let source = Chan::fixed(8);
    source.add(0..8).unwrap();
    source.close();
    let topics = source.publish_with(|_| (), || Buf::fixed(8));
    let out = topics.sub(());
    drop(topics);
    assert_eq!(rest(&out), (0..8).collect::<Vec<_>>());
}

fn an_empty_input_ends_at_once() {
    let topics = Chan::<u32>::from_iter([]).publish(|n| n % 2);
    assert_eq!(topics.sub(0).get_blocking(), None);
    assert_eq!(topics.sub(1).get_blocking(), None);
}

/// Rule 4; the reference goes on reading.
fn closing_closes_the_subscribers() {
    let source = Chan::new();
    let topics = source.publish(|n| n % 2);
    let (even, odd) = (topics.sub(0), topics.sub(1));
    source.put_blocking(2).unwrap();
    assert_eq!(even.get_blocking(), Some(2));
    topics.close();
    assert_eq!((even.get_blocking(), odd.get_blocking()), (None, None));
    assert_eq!(source.try_put(4), Err(TryPutError::Full(4)));
    assert!(!source.is_closed());
    topics.close();
}

/// Rule 1: what it has read is handed out. Rule 6: nobody else waits for that.
fn closing_while_it_waits_for_a_topic() {
    let (source, read) = (Chan::new(), Chan::unbounded());
    let seen = read.clone();
    let topics = source.publish(move |n: &u32| {
        seen.try_put(*n).unwrap();
        n % 2
    });
    let (even, odd) = (topics.sub(0), topics.sub(1));
    source.put_blocking(1).unwrap();
    source.put_blocking(3).unwrap();
    wait_for_put(&odd);
    assert_eq!((read.get_blocking(), read.get_blocking()), (Some(1), Some(3)));
    topics.close();
    assert_eq!(even.get_blocking(), None);
    assert_eq!(topics.sub(0).get_blocking(), None);
    assert_eq!(rest(&odd), [1, 3]);
}

/// Rules 1 and 6: the other topics learn it at once, with the reason, and what waits is handed out.
fn one_slow_topic_does_not_hide_the_end() {
    let source = Chan::new();
    let topics = source.publish(|n| n % 2);
    let (even, odd) = (topics.sub(0), topics.sub(1));
    source.put_blocking(1).unwrap();
    source.put_blocking(3).unwrap();
    wait_for_put(&odd);
    source.close_with("the disk is full");
    assert_eq!(even.get_blocking(), None);
    assert_eq!(reason(&even).as_deref(), Some("the disk is full"));
    assert_eq!(rest(&odd), [1, 3]);
    assert_eq!(reason(&odd).as_deref(), Some("the disk is full"));
}

/// Rule 6: also those who come too late.
fn a_runtime_that_goes_closes_the_subscribers() {
    if cfg!(not(feature = "tokio")) {
        return; // it would not run there
    }
    let tokio = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let topics = Chan::<u32>::new().publish(|n| n % 2);
    let early = {
        let _inside = tokio.enter();
        topics.sub(0)
    };
    drop(tokio);
    for out in [early, topics.sub(0)] {
        assert_eq!(out.get_blocking(), None);
        assert!(reason(&out).unwrap().contains("runtime"));
    }
}

fn closing_before_the_first_subscription() {
    let source = Chan::fixed(1);
    source.put_blocking(1).unwrap();
    let topics = source.publish(|n| n % 2);
    topics.close();
    assert_eq!(topics.sub(1).get_blocking(), None);
    assert_eq!(source.try_get(), Ok(1));
}

/// Rule 6.
fn who_subscribes_after_the_end_has_a_closed_channel() {
    let source = Chan::<u32>::new();
    let topics = source.publish(|n| n % 2);
    source.close_with("over");
    let first = topics.sub(0);
    assert_eq!((first.get_blocking(), reason(&first).as_deref()), (None, Some("over")));
    // The worker has taken its leave by the time that it closes.
    let late = topics.sub(1);
    assert_eq!((late.get_blocking(), reason(&late).as_deref()), (None, Some("over")));
}

/// Rule 6: the worker finds the order to close first, and that to subscribe after it.
fn who_subscribes_while_it_closes_has_a_closed_channel() {
    on_one_thread(async {
        let source = Chan::<u32>::new();
        let topics = source.publish(|n| n % 2);
        let early = topics.sub(0);
        topics.close();
        let late = topics.sub(0);
        assert_eq!((late.get().await, early.get().await), (None, None));
    });
}

fn subscribers_that_are_to_stay_open_do() {
    let (source, kept) = (Chan::new(), Chan::fixed(8));
    let topics = source.publish(|n| n % 2);
    topics.sub_keep_open(0, &kept);
    let closed = topics.sub(0);
    source.put_blocking(2).unwrap();
    source.close();
    assert_eq!(rest(&closed), [2]);
    assert_eq!(kept.get_blocking(), Some(2));
    assert!(!kept.is_closed());
}

/// Rule 6: at the first, a middle and the last value.
fn a_topic_function_that_panics_closes_all_with_the_cause() {
    for bad in [0, 3, 5] {
        let source = Chan::fixed(8);
        let topics = source.publish(move |n: &u32| {
            assert_ne!(*n, bad, "no topic for it");
            n % 2
        });
        let (even, odd) = (topics.sub_with(0, 8), topics.sub_with(1, 8));
        source.add(0..6).unwrap();
        let expected = |rest| (0..bad).filter(|n| n % 2 == rest).collect::<Vec<u32>>();
        assert_eq!((rest(&even), rest(&odd)), (expected(0), expected(1)));
        assert!(panicked(&even).contains("no topic for it"));
        assert!(panicked(&odd).contains("no topic for it"));
        assert!(panicked(&topics.sub(1)).contains("no topic for it"));
        assert_eq!(source.len() as u32, 5 - bad);
        let feed = source.feed();
        drop(source);
        wait_for_nobody(feed);
    }
}

/// Rule 6; the reference's unhashable topics.
fn a_topic_that_cannot_be_hashed_closes_all_with_the_cause() {
    #[derive(Clone, PartialEq, Eq)]
    struct Topic(u32);

    impl Hash for Topic {
        fn hash<H: Hasher>(&self, hasher: &mut H) {
            assert_ne!(self.0, 1, "one cannot be hashed");
            self.0.hash(hasher);
        }
    }

    let source = Chan::<u32>::fixed(8);
    let topics = source.publish(|n| Topic(n % 2));
    let even = topics.sub(Topic(0));
    source.add([2, 1]).unwrap();
    assert_eq!(rest(&even), [2]);
    assert!(panicked(&even).contains("one cannot be hashed"));

    let topics = Chan::<u32>::new().publish(|n| Topic(n % 2));
    let odd = topics.sub(Topic(1));
    assert_eq!(odd.get_blocking(), None);
    assert!(panicked(&odd).contains("one cannot be hashed"));
}

/// Rule 6: the others go on, and the topic can be subscribed to again.
fn a_clone_that_panics_ends_its_topic_only() {
    struct Fragile(u32);

    impl Clone for Fragile {
        fn clone(&self) -> Self {
            assert_ne!(self.0, 1, "one cannot be cloned");
            Self(self.0)
        }
    }

    let source = Chan::new();
    let topics = source.publish(|n: &Fragile| n.0 % 2);
    let even = topics.sub(0);
    let odd = [topics.sub(1), topics.sub(1)];
    source.put_blocking(Fragile(1)).unwrap();
    for out in &odd {
        assert!(rest(out).len() <= 1);
        assert!(panicked(out).contains("one cannot be cloned"));
    }
    source.put_blocking(Fragile(2)).unwrap();
    assert_eq!(even.get_blocking().unwrap().0, 2);
    let again = topics.sub(1);
    source.put_blocking(Fragile(3)).unwrap();
    assert_eq!(again.get_blocking().unwrap().0, 3);
}

/// Rule 6: no worker stays behind, though there are handles and subscribers.
fn the_functions_are_dropped_at_the_end() {
    let calls = Arc::new(AtomicU32::new(0));
    let counter = calls.clone();
    let topics = aiochan::from_range(0..4).publish(move |n| {
        counter.fetch_add(1, Ordering::Relaxed);
        n % 2
    });
    let (even, odd) = (topics.sub_with(0, 8), topics.sub_with(1, 8));
    assert_eq!(rest(&even), [0, 2]);
    wait_until("the worker has ended", || Arc::strong_count(&calls) == 1);
    assert_eq!(calls.load(Ordering::Relaxed), 4);
    drop((topics, odd));
}
