//! Outs that leave a `Dup`, also while it waits for them.

use aiochan::{Chan, Dup, TryGetError, TryPutError};

use crate::common::{rest, wait_for_nobody, wait_for_put};

cases! {
    untapping_the_one_waited_for_frees_the_others
    closing_the_one_waited_for_frees_the_others
    dropping_the_one_waited_for_frees_the_others
    untapping_all_frees_it
    a_closed_out_is_passed_over
    who_has_left_may_come_back
    without_outs_and_handles_it_reads_no_more
    the_last_out_may_go_while_it_is_waited_for
    a_handle_keeps_it_reading
}

/// A `Dup` that waits for `slow` with a 0, and `fast`, which has it.
fn waiting() -> (Chan<u32>, Dup<u32>, Chan<u32>, Chan<u32>) {
    let source = Chan::new();
    let dup = source.dup();
    let [fast, slow] = dup.taps();
    source.put_blocking(0).unwrap();
    assert_eq!(fast.get_blocking(), Some(0));
    wait_for_put(&slow);
    assert_eq!(source.try_put(1), Err(TryPutError::Full(1)));
    (source, dup, fast, slow)
}

/// Rule 6; the reference needs a read to notice.
fn untapping_the_one_waited_for_frees_the_others() {
    let (source, dup, fast, slow) = waiting();
    dup.untap(&slow);
    source.put_blocking(1).unwrap();
    assert_eq!(fast.get_blocking(), Some(1));
    assert_eq!((slow.try_get(), slow.stats().parked_puts), (Err(TryGetError::Empty), 0));
    assert!(!slow.is_closed());
}

/// Rule 6; and rule 4: what waits in a channel that is closed is for those who drain it.
fn closing_the_one_waited_for_frees_the_others() {
    let (source, _dup, fast, slow) = waiting();
    slow.close();
    source.put_blocking(1).unwrap();
    assert_eq!(fast.get_blocking(), Some(1));
    assert_eq!(rest(&slow), [0]);
}

/// Rule 6.
fn dropping_the_one_waited_for_frees_the_others() {
    let (source, _dup, fast, slow) = waiting();
    drop(slow);
    source.put_blocking(1).unwrap();
    assert_eq!(fast.get_blocking(), Some(1));
}

/// Rule 6.
fn untapping_all_frees_it() {
    let (source, dup, fast, slow) = waiting();
    dup.untap_all();
    source.put_blocking(1).unwrap();
    source.put_blocking(2).unwrap();
    assert_eq!(
        (fast.try_get(), slow.try_get()),
        (Err(TryGetError::Empty), Err(TryGetError::Empty))
    );
    assert!(!fast.is_closed() && !slow.is_closed());
}

fn a_closed_out_is_passed_over() {
    let source = Chan::new();
    let dup = source.dup();
    let (a, b, c) = (dup.tap_with(4), dup.tap_with(4), dup.tap_with(4));
    source.put_blocking(1).unwrap();
    assert_eq!(b.get_blocking(), Some(1));
    b.close();
    source.put_blocking(2).unwrap();
    source.close();
    assert_eq!((rest(&a), rest(&b), rest(&c)), (vec![1, 2], vec![], vec![1, 2]));
}

fn who_has_left_may_come_back() {
    let (source, dup, fast, slow) = waiting();
    dup.untap(&slow);
    dup.tap_into(&slow);
    source.put_blocking(1).unwrap();
    assert_eq!((slow.get_blocking(), fast.get_blocking()), (Some(1), Some(1)));
}

/// Rule 6: a consumer that goes away stops the stages above it, at once and not with the next value.
fn without_outs_and_handles_it_reads_no_more() {
    let source = Chan::<u32>::new();
    let dup = source.dup();
    let outs: [Chan<u32>; 2] = dup.taps();
    let feed = source.feed();
    drop((dup, source));
    assert!(!feed.chan().is_closed());
    drop(outs);
    wait_for_nobody(feed);
}

fn the_last_out_may_go_while_it_is_waited_for() {
    let (source, dup, fast, slow) = waiting();
    let feed = source.feed();
    drop((dup, source, fast));
    assert!(!feed.chan().is_closed());
    drop(slow);
    wait_for_nobody(feed);
}

fn a_handle_keeps_it_reading() {
    let source = Chan::new();
    let dup = source.dup();
    drop(dup.tap());
    for n in 0..3 {
        source.put_blocking(n).unwrap();
    }
    let feed = source.feed();
    drop((source, dup));
    wait_for_nobody(feed);
}
