//! `merge`: the values of all inputs as they come, in turns.

use std::thread;

use aiochan::{Chan, from_range, merge};
use futures_util::StreamExt;

use crate::common::rest;

cases! {
    none_is_lost_or_doubled_and_each_input_keeps_its_order
    inputs_that_always_have_values_take_turns
    an_input_that_never_has_any_holds_up_nobody
    one_that_ends_leaves_the_others
    the_same_channel_may_be_given_twice
    what_is_not_taken_goes_back
}

/// Rules 1 and 3.
fn none_is_lost_or_doubled_and_each_input_keeps_its_order() {
    let inputs: [Chan<u32>; 4] = [0, 0, 1, 64].map(Chan::fixed);
    let producers: Vec<_> = (0..)
        .zip(&inputs)
        .map(|(tens, input)| {
            let input = input.clone();
            thread::spawn(move || {
                (0..500).for_each(|n| input.put_blocking(tens * 1000 + n).unwrap());
                input.close();
            })
        })
        .collect();
    let got = rest(&merge(&inputs).chan());
    producers.into_iter().for_each(|producer| producer.join().unwrap());
    assert_eq!(got.len(), 2000);
    for tens in 0..4 {
        let of_one: Vec<_> = got.iter().filter(|n| *n / 1000 == tens).map(|n| n % 1000).collect();
        assert_eq!(of_one, (0..500).collect::<Vec<_>>());
    }
}

/// Rule 6: an endless input starves no other.
fn inputs_that_always_have_values_take_turns() {
    let inputs = [from_range(0..), from_range(100..), from_range(200..)];
    let got = aiochan::run(merge(inputs).take(9).collect());
    assert_eq!(got, [0, 100, 200, 1, 101, 201, 2, 102, 202]);
}

fn an_input_that_never_has_any_holds_up_nobody() {
    let never = Chan::new();
    let out = merge([&never, &from_range(0..3), &never]).chan();
    assert_eq!([0; 3].map(|_| out.get_blocking()), [Some(0), Some(1), Some(2)]);
    never.close();
    assert_eq!(out.get_blocking(), None);
}

fn one_that_ends_leaves_the_others() {
    let inputs = [from_range(0..1), from_range(10..10), from_range(20..24)];
    let got = aiochan::run(merge(inputs).collect());
    assert_eq!(got, [0, 20, 21, 22, 23]);
}

fn the_same_channel_may_be_given_twice() {
    let input = from_range(0..10);
    let mut got = rest(&merge([&input, &input]).chan());
    got.sort();
    assert_eq!(got, (0..10).collect::<Vec<_>>());
}

/// Rule 1: what a flow was handed and has not given out.
fn what_is_not_taken_goes_back() {
    let (a, b) = (Chan::new(), Chan::new());
    let mut flow = Box::pin(merge([&a, &b]));
    let mut next = flow.next();
    let waker = std::task::Waker::noop();
    let poll = std::future::Future::poll(
        std::pin::Pin::new(&mut next),
        &mut std::task::Context::from_waker(waker),
    );
    assert!(poll.is_pending());
    a.try_put(1).unwrap();
    b.try_put(2).unwrap();
    drop(flow);
    assert_eq!((a.try_get(), b.try_get()), (Ok(1), Ok(2)));
}
