//! `Pub` while it runs: each value for the subscribers of its topic.

use std::sync::Arc;
use std::thread;

use aiochan::{Buf, Chan, Pub, TryGetError, TryPutError};

use crate::common::{rest, wait_for_get, wait_for_nobody};
use crate::watch::wait_until;

cases! {
    nothing_is_read_before_the_first_subscription
    each_topic_gets_its_values_in_order
    values_without_subscribers_are_dropped
    one_channel_may_subscribe_to_several_topics
    who_has_unsubscribed_may_come_back
    unsubscribing_what_is_not_subscribed_does_nothing
    all_subscriptions_may_end_at_once
    a_topic_whose_subscribers_have_gone_is_forgotten
    a_topic_that_is_subscribed_again_at_once_stays
    without_subscribers_and_handles_it_reads_no_more
    the_topic_function_may_subscribe
    it_runs_on_tokio
}

fn parity(n: &u32) -> u32 {
    n % 2
}

/// Rule 1.
fn nothing_is_read_before_the_first_subscription() {
    let source = Chan::new();
    let topics = source.publish(parity);
    topics.unsub_all(None);
    assert_eq!(source.try_put(0), Err(TryPutError::Full(0)));
    let even = topics.sub(0);
    source.put_blocking(0).unwrap();
    assert_eq!(even.get_blocking(), Some(0));
}

/// Rules 1 and 3: none lost, none doubled, in order; with the buffers that there are.
fn each_topic_gets_its_values_in_order() {
    for buffer in [0, 1, 64] {
        let source = Chan::new();
        let topics = source.publish_with(|n| n % 3, move || Buf::fixed(buffer));
        let subs = [0, 0, 1, 2, 2].map(|topic| {
            let out = topics.sub(topic);
            thread::spawn(move || (topic, rest(&out)))
        });
        for n in 0..300 {
            source.put_blocking(n).unwrap();
        }
        source.close();
        for (topic, got) in subs.map(|sub| sub.join().unwrap()) {
            assert_eq!(got, (0..300).filter(|n| n % 3 == topic).collect::<Vec<_>>());
        }
    }
}

fn values_without_subscribers_are_dropped() {
    let value = Arc::new(());
    let source = Chan::new();
    let topics = source.publish(|(topic, _): &(u32, Arc<()>)| *topic);
    let one = topics.sub(1);
    for _ in 0..5 {
        source.put_blocking((0, value.clone())).unwrap();
    }
    source.put_blocking((1, value.clone())).unwrap();
    assert!(one.get_blocking().is_some());
    assert_eq!(Arc::strong_count(&value), 1);
}

fn one_channel_may_subscribe_to_several_topics() {
    let source = Chan::new();
    let topics = source.publish_with(|n| n % 3, || Buf::fixed(4));
    let out = Chan::fixed(16);
    topics.sub_keep_open(0, &out);
    topics.sub_keep_open(1, &out);
    (0..6).for_each(|n| source.put_blocking(n).unwrap());
    let mut got = [0; 4].map(|_: u32| out.get_blocking().unwrap());
    got.sort();
    assert_eq!(got, [0, 1, 3, 4]);
}

fn who_has_unsubscribed_may_come_back() {
    let source = Chan::new();
    let topics = source.publish(|n: &u32| Arc::new(parity(n)));
    let [zero, one] = [0, 1].map(Arc::new);
    let (even, odd) = (topics.sub_with(zero, 8), topics.sub_with(one.clone(), 8));
    source.put_blocking(1).unwrap();
    assert_eq!(odd.get_blocking(), Some(1));
    topics.unsub(&one, &odd);
    source.put_blocking(3).unwrap();
    source.put_blocking(2).unwrap();
    assert_eq!(even.get_blocking(), Some(2));
    wait_until("the topic is forgotten", || Arc::strong_count(&one) == 1);
    topics.sub_into(one, &odd);
    source.put_blocking(5).unwrap();
    assert_eq!(odd.get_blocking(), Some(5));
    assert_eq!(odd.try_get(), Err(TryGetError::Empty));
}

/// Rule 8; the reference raises an `AttributeError` for some of these.
fn unsubscribing_what_is_not_subscribed_does_nothing() {
    let source = Chan::new();
    let topics = source.publish(parity);
    let even = topics.sub(0);
    topics.unsub(&7, &even);
    topics.unsub(&0, &Chan::new());
    topics.unsub_all(Some(&7));
    source.put_blocking(2).unwrap();
    assert_eq!(even.get_blocking(), Some(2));
}

/// The reference's `unsub_all(None)`.
fn all_subscriptions_may_end_at_once() {
    let source = Chan::new();
    let topics = source.publish(parity);
    let outs = [0, 0, 1].map(|topic| topics.sub_with(topic, 8));
    topics.unsub_all(None);
    (0..4).for_each(|n| source.put_blocking(n).unwrap());
    wait_for_get(&source);
    let again = topics.sub(1);
    source.put_blocking(5).unwrap();
    assert_eq!(again.get_blocking(), Some(5));
    for out in outs {
        assert_eq!(out.try_get(), Err(TryGetError::Empty));
    }
}

type Leave = fn(&Pub<u32, Arc<str>>, &Arc<str>, Chan<u32>);

/// Rule 7: however its subscribers have left.
fn a_topic_whose_subscribers_have_gone_is_forgotten() {
    let leave: [Leave; 5] = [
        |_, _, out| drop(out),
        |_, _, out| assert!(out.close()),
        |topics, topic, out| topics.unsub(topic, &out),
        |topics, topic, _out| topics.unsub_all(Some(topic)),
        |topics, _, _out| topics.unsub_all(None),
    ];
    for leave in leave {
        let topic: Arc<str> = "rare".into();
        let source = Chan::<u32>::new();
        let topics = source.publish(|n| Arc::from(n.to_string()));
        let (one, two) = (topics.sub(topic.clone()), topics.sub(topic.clone()));
        drop(one);
        leave(&topics, &topic, two);
        wait_until("the topic is forgotten", || Arc::strong_count(&topic) == 1);
        assert!(!source.is_closed());
    }
}

fn a_topic_that_is_subscribed_again_at_once_stays() {
    let source = Chan::new();
    let topics = source.publish(parity);
    for n in 0..200 {
        let (old, new) = (topics.sub(0), topics.sub(0));
        drop((old, new));
        let out = topics.sub(0);
        source.put_blocking(2 * n).unwrap();
        assert_eq!(out.get_blocking(), Some(2 * n));
    }
}

/// Rule 6: at once, not with the next value.
fn without_subscribers_and_handles_it_reads_no_more() {
    let source = Chan::<u32>::new();
    let topics = source.publish(parity);
    let (even, odd) = (topics.sub(0), topics.sub(1));
    let feed = source.feed();
    drop((source, topics, even));
    assert!(!feed.chan().is_closed());
    drop(odd);
    wait_for_nobody(feed);
}

/// Rule 5: user code may come back.
fn the_topic_function_may_subscribe() {
    let source = Chan::new();
    let found = Chan::unbounded();
    let own = Chan::promise();
    let (new, this) = (found.clone(), own.clone());
    let topics = source.publish(move |n: &u32| {
        let topics: Pub<u32, u32> = this.get_blocking().unwrap();
        topics.sub_into(*n, &new);
        *n
    });
    own.put_blocking(topics.clone()).unwrap();
    let first = topics.sub(0);
    source.put_blocking(7).unwrap();
    assert_eq!(found.get_blocking(), Some(7));
    source.put_blocking(0).unwrap();
    assert_eq!(first.get_blocking(), Some(0));
    topics.close();
}

fn it_runs_on_tokio() {
    let current = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let several = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    for tokio in [current, several] {
        tokio.block_on(async {
            let source = Chan::fixed(100);
            let topics = source.publish(parity);
            let (even, odd) = (topics.sub(0), topics.sub(1));
            source.add(0..100).unwrap();
            source.close();
            let (even, odd) = tokio::join!(even.collect(), odd.collect());
            assert_eq!(even, (0..100).step_by(2).collect::<Vec<_>>());
            assert_eq!(odd, (1..100).step_by(2).collect::<Vec<_>>());
        });
    }
}
