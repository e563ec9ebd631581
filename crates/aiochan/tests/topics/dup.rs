//! `Dup` while it runs: every value for every out, once, in order, in lockstep.

use std::sync::Arc;
use std::thread;

use aiochan::{Buf, Chan, TryGetError, TryPutError};

use crate::common::{on_one_thread, others_run, rest, wait_for_get, wait_for_put};

cases! {
    nothing_is_read_before_the_first_tap
    a_value_goes_to_all_before_the_next_is_read
    outs_are_waited_for_at_the_same_time
    every_out_gets_the_same_values_in_the_same_order
    the_buffer_of_an_out_is_its_policy
    an_out_that_is_tapped_twice_gets_values_once
    who_taps_while_it_waits_gets_the_next_value
    without_outs_values_are_dropped
    a_handle_that_is_dropped_stops_nothing
    the_last_out_gets_the_value_itself
    an_endless_input_does_not_starve_the_executor
    it_runs_on_tokio
}

/// Rule 1: nothing is lost to a `Dup` that nobody listens to yet.
fn nothing_is_read_before_the_first_tap() {
    let source = Chan::new();
    let dup = source.dup();
    dup.untap_all();
    dup.untap(&Chan::new());
    assert_eq!(source.try_put(1), Err(TryPutError::Full(1)));
    let out = dup.tap();
    source.put_blocking(1).unwrap();
    assert_eq!(out.get_blocking(), Some(1));
    assert_eq!(dup.inp(), &source);
}

/// Lockstep.
fn a_value_goes_to_all_before_the_next_is_read() {
    let source = Chan::new();
    let [a, b] = source.dup().taps();
    source.put_blocking(0).unwrap();
    assert_eq!(a.get_blocking(), Some(0));
    wait_for_put(&b);
    assert_eq!(source.try_put(1), Err(TryPutError::Full(1)));
    assert_eq!(b.get_blocking(), Some(0));
    source.put_blocking(1).unwrap();
    assert_eq!((b.get_blocking(), a.get_blocking()), (Some(1), Some(1)));
}

/// Rule 6: an out that is slow keeps no other from its value.
fn outs_are_waited_for_at_the_same_time() {
    let source = aiochan::from_range(0..2);
    let outs: [Chan<u32>; 3] = source.dup().taps();
    outs.iter().for_each(wait_for_put);
    for out in outs.iter().rev() {
        assert_eq!(out.get_blocking(), Some(0));
    }
    outs.iter().for_each(wait_for_put);
}

/// Rules 1 and 3: none lost, none doubled, one order for all.
fn every_out_gets_the_same_values_in_the_same_order() {
    const EACH: u32 = 500;
    let source = Chan::new();
    let dup = source.dup();
    let outs = [0, 0, 1, 7].map(|capacity| dup.tap_with(capacity));
    let consumers = outs.map(|out| thread::spawn(move || rest(&out)));
    let producers = [0, EACH].map(|first| {
        let source = source.clone();
        thread::spawn(move || (first..first + EACH).for_each(|n| source.put_blocking(n).unwrap()))
    });
    producers.into_iter().for_each(|producer| producer.join().unwrap());
    source.close();
    let [first, others @ ..] = consumers.map(|consumer| consumer.join().unwrap());
    others.iter().for_each(|other| assert_eq!(*other, first));
    let mut sorted = first;
    sorted.sort();
    assert_eq!(sorted, (0..2 * EACH).collect::<Vec<_>>());
}

/// The table in the documentation of `Dup`.
fn the_buffer_of_an_out_is_its_policy() {
    let source = Chan::new();
    let dup = source.dup();
    let block = dup.tap_with(2);
    let slide = dup.tap_with(Buf::sliding(2));
    let drop = dup.tap_with(Buf::dropping(2));
    let latest = dup.tap_with(Buf::sliding(1));
    let all = dup.tap_with(Buf::unbounded());
    for n in 0..3 {
        source.put_blocking(n).unwrap();
    }
    wait_for_put(&block);
    assert_eq!(source.try_put(3), Err(TryPutError::Full(3)));
    source.close();
    assert_eq!(rest(&block), [0, 1, 2]);
    assert_eq!(rest(&slide), [1, 2]);
    assert_eq!(rest(&drop), [0, 1]);
    assert_eq!(rest(&latest), [2]);
    assert_eq!(rest(&all), [0, 1, 2]);
}

/// Rule 1: none doubled. The latest tap says whether it is closed.
fn an_out_that_is_tapped_twice_gets_values_once() {
    let (source, out) = (Chan::new(), Chan::fixed(8));
    let dup = source.dup();
    dup.tap_keep_open(&out);
    dup.tap_into(&out);
    source.put_blocking(1).unwrap();
    source.put_blocking(2).unwrap();
    source.close();
    assert_eq!(rest(&out), [1, 2]);
}

/// Lockstep: the value that the others wait with is not for a newcomer.
fn who_taps_while_it_waits_gets_the_next_value() {
    let source = Chan::new();
    let dup = source.dup();
    let a = dup.tap();
    source.put_blocking(0).unwrap();
    wait_for_put(&a);
    let b = dup.tap();
    assert_eq!(a.get_blocking(), Some(0));
    source.put_blocking(1).unwrap();
    assert_eq!((a.get_blocking(), b.get_blocking()), (Some(1), Some(1)));
}

/// As the reference has it, after all outs have gone.
fn without_outs_values_are_dropped() {
    let source = Chan::new();
    let dup = source.dup();
    let out = dup.tap_with(8);
    source.put_blocking(0).unwrap();
    assert_eq!(out.get_blocking(), Some(0));
    dup.untap_all();
    for n in 1..4 {
        source.put_blocking(n).unwrap();
    }
    wait_for_get(&source);
    assert_eq!(out.try_get(), Err(TryGetError::Empty));
    dup.tap_into(&out);
    source.put_blocking(4).unwrap();
    assert_eq!(out.get_blocking(), Some(4));
}

fn a_handle_that_is_dropped_stops_nothing() {
    let source = Chan::new();
    let dup = source.dup();
    let other = dup.clone();
    let out = other.tap();
    drop((dup, other));
    for n in 0..3 {
        source.put_blocking(n).unwrap();
        assert_eq!(out.get_blocking(), Some(n));
    }
}

/// As many clones as outs but one.
fn the_last_out_gets_the_value_itself() {
    let source = Chan::fixed(1);
    let out = source.dup().tap();
    let value = Arc::new(());
    source.put_blocking(value.clone()).unwrap();
    let got = out.get_blocking().unwrap();
    assert_eq!(Arc::strong_count(&value), 2);
    assert!(Arc::ptr_eq(&got, &value));
}

/// Rule 6.
fn an_endless_input_does_not_starve_the_executor() {
    on_one_thread(async {
        let dup = aiochan::from_range(0..).dup();
        let latest = dup.tap_with(Buf::sliding(1));
        others_run().await;
        assert!(latest.get().await.is_some());
        dup.untap_all();
        others_run().await;
    });
}

fn it_runs_on_tokio() {
    let current = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let several = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    for tokio in [current, several] {
        tokio.block_on(async {
            let [a, b] = aiochan::from_range(0..100).dup().taps();
            let (a, b) = tokio::join!(a.collect(), b.collect());
            assert_eq!((a, b), ((0..100).collect(), (0..100).collect::<Vec<_>>()));
        });
    }
}
