//! `combine_latest`: a list of the latest values after each new one.

use aiochan::{Chan, combine_latest, from_range};

use crate::common::{panicked, rest};

cases! {
    each_new_value_gives_a_list
    the_latest_value_of_one_that_has_ended_stays
    a_channel_that_is_given_twice_fills_both_places
    inputs_that_always_have_values_take_turns
    a_clone_that_panics_closes_the_output_with_the_cause
}

/// Rules 1 and 3: none skipped, also when the consumer is slow.
fn each_new_value_gives_a_list() {
    let (a, b) = (Chan::fixed(8), Chan::fixed(8));
    let lists = combine_latest([&a, &b]).chan_with(8);
    a.put_blocking(1).unwrap();
    assert_eq!(lists.get_blocking(), Some(vec![Some(1), None]));
    b.put_blocking(10).unwrap();
    assert_eq!(lists.get_blocking(), Some(vec![Some(1), Some(10)]));
    a.put_blocking(2).unwrap();
    a.put_blocking(3).unwrap();
    a.close();
    b.close();
    assert_eq!(rest(&lists), [[Some(2), Some(10)], [Some(3), Some(10)]]);
}

fn the_latest_value_of_one_that_has_ended_stays() {
    let (a, b) = (from_range(1..2), Chan::new());
    let lists = combine_latest([&a, &b]).chan();
    assert_eq!(lists.get_blocking(), Some(vec![Some(1), None]));
    b.put_blocking(2).unwrap();
    assert_eq!(lists.get_blocking(), Some(vec![Some(1), Some(2)]));
    b.close();
    assert_eq!(lists.get_blocking(), None);
}

/// The reference fills only the last place.
fn a_channel_that_is_given_twice_fills_both_places() {
    let (a, b) = (Chan::new(), Chan::new());
    let lists = combine_latest([&a, &b, &a]).chan();
    a.put_blocking(1).unwrap();
    assert_eq!(lists.get_blocking(), Some(vec![Some(1), None, Some(1)]));
    b.put_blocking(2).unwrap();
    assert_eq!(lists.get_blocking(), Some(vec![Some(1), Some(2), Some(1)]));
}

/// Rule 6: an endless input starves no other.
fn inputs_that_always_have_values_take_turns() {
    let lists = combine_latest([from_range(0..), from_range(10..)]).take(4);
    assert_eq!(
        aiochan::run(lists.collect()),
        [[Some(0), None], [Some(0), Some(10)], [Some(1), Some(10)], [Some(1), Some(11)]]
    );
}

/// Rule 6.
fn a_clone_that_panics_closes_the_output_with_the_cause() {
    struct Fragile;

    impl Clone for Fragile {
        fn clone(&self) -> Self {
            panic!("it cannot be cloned")
        }
    }

    let lists = combine_latest([Chan::from_iter([Fragile])]).chan();
    assert!(lists.get_blocking().is_none());
    assert_eq!(panicked(&lists), "it cannot be cloned");
}
