//! A `Pub` with a topic that is slow: what holds it up, and what frees it.

use aiochan::{Buf, Chan, Pub, TryPutError};

use crate::common::{rest, wait_for_put};
use crate::watch::wait_until;

cases! {
    a_buffer_of_the_subscriber_keeps_others_going
    a_buffer_of_the_topic_keeps_others_going
    a_buffer_that_evicts_keeps_others_going
    unsubscribing_frees_the_others
    ending_the_topic_frees_the_others
    ending_all_topics_frees_it
    closing_the_subscriber_frees_the_others
    dropping_the_subscriber_frees_the_others
    reading_frees_the_others
}

/// A `Pub` that is held up by topic 1: its subscriber has not taken the 1, nor its topic the 3.
fn held_up() -> (Chan<u32>, Pub<u32, u32>, Chan<u32>, Chan<u32>) {
    let source = Chan::new();
    let topics = source.publish(|n| n % 2);
    let (even, odd) = (topics.sub_with(0, 8), topics.sub(1));
    source.put_blocking(1).unwrap();
    source.put_blocking(3).unwrap();
    wait_for_put(&odd);
    assert_eq!(source.try_put(2), Err(TryPutError::Full(2)));
    (source, topics, even, odd)
}

/// Rule 6: whatever was done, it reads on.
#[track_caller]
fn goes_on(source: &Chan<u32>, even: &Chan<u32>) {
    source.put_blocking(2).unwrap();
    assert_eq!(even.get_blocking(), Some(2));
}

fn a_buffer_of_the_subscriber_keeps_others_going() {
    let source = Chan::new();
    let topics = source.publish(|n| n % 2);
    let (even, odd) = (topics.sub(0), topics.sub_with(1, 8));
    [1, 3, 5].into_iter().for_each(|n| source.put_blocking(n).unwrap());
    goes_on(&source, &even);
    source.close();
    assert_eq!(rest(&odd), [1, 3, 5]);
}

fn a_buffer_of_the_topic_keeps_others_going() {
    let source = Chan::new();
    let topics = source.publish_with(|n| n % 2, || Buf::fixed(8));
    let (even, odd) = (topics.sub(0), topics.sub(1));
    [1, 3, 5].into_iter().for_each(|n| source.put_blocking(n).unwrap());
    goes_on(&source, &even);
    source.close();
    assert_eq!(rest(&odd), [1, 3, 5]);
}

fn a_buffer_that_evicts_keeps_others_going() {
    let source = Chan::new();
    let topics = source.publish(|n| n % 2);
    let (even, odd) = (topics.sub(0), topics.sub_with(1, Buf::sliding(1)));
    [1, 3, 5].into_iter().for_each(|n| source.put_blocking(n).unwrap());
    goes_on(&source, &even);
    source.close();
    assert_eq!(rest(&odd).last(), Some(&5));
}

fn unsubscribing_frees_the_others() {
    let (source, topics, even, odd) = held_up();
    topics.unsub(&1, &odd);
    goes_on(&source, &even);
    assert!(!odd.is_closed());
}

/// The reference stays stuck, also when the subscriber is drained.
fn ending_the_topic_frees_the_others() {
    let (source, topics, even, odd) = held_up();
    topics.unsub_all(Some(&1));
    goes_on(&source, &even);
    assert!(!odd.is_closed());
    // And a new subscriber begins anew.
    wait_until("what waited is withdrawn", || odd.stats().parked_puts == 0);
    topics.sub_into(1, &odd);
    source.put_blocking(5).unwrap();
    assert_eq!(odd.get_blocking(), Some(5));
}

fn ending_all_topics_frees_it() {
    let (source, topics, _even, _odd) = held_up();
    topics.unsub_all(None);
    [2, 4, 6].into_iter().for_each(|n| source.put_blocking(n).unwrap());
}

/// Rule 4 as well: what waits in it is delivered.
fn closing_the_subscriber_frees_the_others() {
    let (source, _topics, even, odd) = held_up();
    odd.close();
    goes_on(&source, &even);
    assert_eq!(rest(&odd), [1]);
}

fn dropping_the_subscriber_frees_the_others() {
    let (source, _topics, even, odd) = held_up();
    drop(odd);
    goes_on(&source, &even);
}

/// Rule 1: nothing was lost.
fn reading_frees_the_others() {
    let (source, _topics, even, odd) = held_up();
    assert_eq!(odd.get_blocking(), Some(1));
    goes_on(&source, &even);
    source.close();
    assert_eq!(rest(&odd), [3]);
}
