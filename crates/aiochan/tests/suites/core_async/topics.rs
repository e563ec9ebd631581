//! core.async's tests (Rich Hickey and contributors, EPL-1.0) of mult and pub: every value for several channels (`ops-tests`, if no other is named).

use aiochan::{Buf, Chan, TryGetError, from_iter, from_range};

use crate::common::all;
use crate::watch::wait_until;

cases! {
    alone: [
        every_tap_gets_everything,
        taps_keep_step,
        who_leaves_gets_no_more,
        a_tap_may_stay_open,
        a_value_goes_to_every_receiver,
        one_receiver_holds_up_the_next_value,
        room_for_everything_holds_up_nobody,
        subscribers_get_their_topic,
        subscriptions_end_by_themselves_or_all_at_once,
        topics_have_buffers_of_their_own,
    ]
}

/// Waits until the worker that reads `source` has done with the values before.
#[track_caller]
fn wait_for_worker(source: &Chan<u32>) {
    wait_until("the worker waits for the next value", || source.stats().parked_gets == 1);
}

/// And is closed when the source has ended ("mult").
fn every_tap_gets_everything() {
    let source = Chan::new();
    let dup = source.dup();
    let (a, b) = (dup.tap_with(4), dup.tap_with(4));
    from_range(0..4).flow().into_chan(&source);
    assert_eq!((all(&a), all(&b)), (vec![0, 1, 2, 3], vec![0, 1, 2, 3]));
}

/// The next value comes when all have this one, but for one that is closed ("mult", ASYNC-127).
fn taps_keep_step() {
    let [a, b, closed] = from_range(1..4).dup().taps();
    closed.close();
    assert_eq!((a.get_blocking(), a.try_get()), (Some(1), Err(TryGetError::Empty)));
    assert_eq!(b.get_blocking(), Some(1));
    assert_eq!((a.get_blocking(), a.try_get()), (Some(2), Err(TryGetError::Empty)));
    assert_eq!((b.get_blocking(), a.get_blocking()), (Some(2), Some(3)));
    assert_eq!((b.get_blocking(), b.get_blocking(), a.get_blocking()), (Some(3), None, None));
}

/// It is not closed by that; and without taps values are read and dropped (what `untap` and `untap-all` say of
/// themselves).
fn who_leaves_gets_no_more() {
    let source = Chan::new();
    let dup = source.dup();
    let (a, b) = (dup.tap_with(4), dup.tap_with(4));
    source.put_blocking(1).unwrap();
    assert_eq!((a.get_blocking(), b.get_blocking()), (Some(1), Some(1)));
    dup.untap(&b);
    source.put_blocking(2).unwrap();
    assert_eq!(a.get_blocking(), Some(2));
    dup.untap_all();
    source.put_blocking(3).unwrap();
    wait_for_worker(&source);
    let late = dup.tap_with(4);
    source.put_blocking(4).unwrap();
    source.close();
    assert_eq!(all(&late), [4]);
    for out in [a, b] {
        assert_eq!((out.try_get(), out.is_closed()), (Err(TryGetError::Empty), false));
    }
}

/// If that is asked for (what `tap` says of its `close?`).
fn a_tap_may_stay_open() {
    let (source, kept) = (Chan::new(), Chan::fixed(2));
    let dup = source.dup();
    dup.tap_keep_open(&kept);
    let closed = dup.tap_with(2);
    source.put_blocking(1).unwrap();
    source.close();
    assert_eq!(all(&closed), [1]);
    assert_eq!((kept.get_blocking(), kept.is_closed()), (Some(1), false));
    kept.try_put(2).unwrap();
    assert_eq!(kept.try_get(), Ok(2));
}

/// Also when nobody has asked for it yet, if there is room (`broadcast-test` of `lab_test.clj`).
fn a_value_goes_to_every_receiver() {
    let source = Chan::new();
    let dup = source.dup();
    let outs = [(); 5].map(|()| dup.tap_with(1));
    source.put_blocking("foo").unwrap();
    assert_eq!(outs.map(|out| out.get_blocking()), [Some("foo"); 5]);
}

/// Until it has taken the one before (`broadcast-test` of `lab_test.clj`).
fn one_receiver_holds_up_the_next_value() {
    let outs: [_; 5] = from_iter(["foo", "bar"]).dup().taps();
    for out in &outs[..4] {
        assert_eq!(out.get_blocking(), Some("foo"));
    }
    for out in &outs[..4] {
        assert_eq!(out.try_get(), Err(TryGetError::Empty));
    }
    assert_eq!(outs[4].get_blocking(), Some("foo"));
    assert_eq!(outs.each_ref().map(Chan::get_blocking), [Some("bar"); 5]);
    assert_eq!(outs.each_ref().map(Chan::get_blocking), [None; 5]);
}

/// The others may be read much later (`broadcast-test` of `lab_test.clj`).
fn room_for_everything_holds_up_nobody() {
    let source = Chan::new();
    let dup = source.dup();
    let outs = [(); 5].map(|()| dup.tap_with(100));
    from_range(0..100).flow().into_chan(&source);
    for out in outs {
        assert_eq!(all(&out), Vec::from_iter(0..100));
    }
}

#[derive(Clone, Debug, PartialEq)]
enum Item {
    Number(u32),
    Text(&'static str),
}

/// Each of them all values of it, in order, and the end ("pub-sub").
fn subscribers_get_their_topic() {
    use Item::{Number, Text};
    let source = Chan::new();
    let by_type = source.publish(|item| matches!(item, Text(_)));
    let [texts, numbers] =
        [true, false].map(|is_text| [(); 2].map(|()| by_type.sub_with(is_text, 5)));
    let items = [Number(1), Text("a"), Number(2), Text("b"), Number(3), Text("c")];
    from_iter(items).flow().into_chan(&source);
    for out in numbers {
        assert_eq!(all(&out), [1, 2, 3].map(Number));
    }
    for out in texts {
        assert_eq!(all(&out), ["a", "b", "c"].map(Text));
    }
}

/// No channel is closed by that, and values of a topic that nobody wants are dropped (what `unsub` and `unsub-all` say
/// of themselves).
fn subscriptions_end_by_themselves_or_all_at_once() {
    let source = Chan::new();
    let by_parity = source.publish(|n| n % 2);
    let [one, two, odd] = [0, 0, 1].map(|parity| by_parity.sub_with(parity, 5));
    source.put_blocking(2).unwrap();
    assert_eq!((one.get_blocking(), two.get_blocking()), (Some(2), Some(2)));
    by_parity.unsub(&0, &one);
    source.put_blocking(4).unwrap();
    assert_eq!(two.get_blocking(), Some(4));
    by_parity.unsub_all(Some(&0));
    source.put_blocking(6).unwrap();
    source.put_blocking(1).unwrap();
    assert_eq!(odd.get_blocking(), Some(1));
    by_parity.unsub_all(None);
    source.put_blocking(3).unwrap();
    wait_for_worker(&source);
    let late = by_parity.sub_with(1, 5);
    source.put_blocking(5).unwrap();
    source.close();
    assert_eq!(all(&late), [5]);
    for out in [one, two, odd] {
        assert_eq!((out.try_get(), out.is_closed()), (Err(TryGetError::Empty), false));
    }
}

/// So a subscriber that does not read holds up only its topic (what `pub` says of its `buf-fn`).
fn topics_have_buffers_of_their_own() {
    let source = Chan::new();
    let by_parity = source.publish_with(|n| n % 2, || Buf::sliding(1));
    let (even, odd) = (by_parity.sub(0), by_parity.sub_with(1, 8));
    from_range(0..10).flow().into_chan(&source);
    assert_eq!(all(&odd).last(), Some(&9));
    assert_eq!(all(&even).last(), Some(&8));
}
