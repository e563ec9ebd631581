//! `zip_chans`: one value of each input, in lockstep.

use aiochan::{Chan, TryGetError, from_range, zip_chans};

use crate::common::{rest, wait_for_put};

cases! {
    values_are_taken_in_lockstep
    an_input_is_not_read_on_before_all_have_given
    one_that_has_ended_gives_none_until_all_have
    an_input_that_ends_within_a_round
    empty_inputs_give_nothing
    the_same_channel_gives_a_value_for_each_place
}

fn values_are_taken_in_lockstep() {
    let lists = zip_chans([from_range(0..100), from_range(100..200)]).chan();
    let expected: Vec<_> = (0..100).map(|n| [Some(n), Some(n + 100)]).collect();
    assert_eq!(rest(&lists), expected);
}

/// Rule 1: what has given its value of this round is not asked again.
fn an_input_is_not_read_on_before_all_have_given() {
    let (quick, slow) = (Chan::new(), Chan::new());
    let lists = zip_chans([&quick, &slow]).chan();
    quick.put_blocking(1).unwrap();
    for n in 10..13 {
        assert!(quick.try_put(n).unwrap_err().is_full());
        assert_eq!(lists.try_get(), Err(TryGetError::Empty));
    }
    slow.put_blocking(2).unwrap();
    assert_eq!(lists.get_blocking(), Some(vec![Some(1), Some(2)]));
    quick.put_blocking(3).unwrap();
    slow.put_blocking(4).unwrap();
    wait_for_put(&lists);
    assert_eq!(lists.get_blocking(), Some(vec![Some(3), Some(4)]));
}

/// Rule 1: the values of longer inputs are not left behind. As the reference has it.
fn one_that_has_ended_gives_none_until_all_have() {
    let lists = zip_chans([from_range(0..3), from_range(0..1), from_range(0..2)]).chan();
    assert_eq!(
        rest(&lists),
        [[Some(0), Some(0), Some(0)], [Some(1), None, Some(1)], [Some(2), None, None]]
    );
}

fn an_input_that_ends_within_a_round() {
    let (a, b) = (Chan::new(), Chan::new());
    let lists = zip_chans([&a, &b]).chan();
    b.put_blocking(1).unwrap();
    a.close();
    assert_eq!(lists.get_blocking(), Some(vec![None, Some(1)]));
    b.close();
    assert_eq!(lists.get_blocking(), None);
}

fn empty_inputs_give_nothing() {
    let lists = zip_chans([from_range(0..0), from_range(0..0)]).chan();
    assert!(rest(&lists).is_empty());
}

fn the_same_channel_gives_a_value_for_each_place() {
    let c = from_range(0..4);
    assert_eq!(rest(&zip_chans([&c, &c]).chan()), [[Some(0), Some(1)], [Some(2), Some(3)]]);
}
