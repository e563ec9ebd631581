//! Closing: what is refused, what is still delivered, and who is told.

use aiochan::{Chan, PutError};

use crate::basics::keeping;
use crate::driver::{Driver, Droppable, assert_idle};

corpus! {
    all: [
        what_was_accepted_is_delivered_and_then_none,
        parked_gets_are_answered_at_once,
        puts_fail_and_give_the_value_back,
        a_drained_channel_keeps_saying_none,
        room_on_a_closed_channel_goes_to_parked_puts_only,
    ]
    droppable: [
        a_put_withdrawn_after_closing_is_not_delivered,
    ]
    alone: [
        closing_twice_is_harmless,
        the_first_reason_stays,
        a_channel_closed_without_a_reason_has_none,
    ]
}

/// Rule 4: buffered values and those of parked puts are delivered, in order, and then `None`.
fn what_was_accepted_is_delivered_and_then_none<D: Driver>() {
    for (name, c) in keeping() {
        let puts: Vec<_> = (0..5).map(|n| D::put(&c, n)).collect();
        assert!(c.close());
        for n in 0..5 {
            assert_eq!(D::get(&c).finish(), Some(n), "{name}");
        }
        assert_eq!(D::get(&c).finish(), None, "{name}");
        for put in puts {
            assert_eq!(put.finish(), Ok(()), "{name}");
        }
        assert_idle(&c);
    }
}

/// Rule 4: parked gets are answered by the closing itself.
fn parked_gets_are_answered_at_once<D: Driver>() {
    for (name, c) in keeping::<u32>() {
        let gets: Vec<_> = (0..3).map(|_| D::get(&c)).collect();
        c.close();
        assert_idle(&c);
        for get in gets {
            assert_eq!(get.finish(), None, "{name}");
        }
    }
}

/// Rule 1 and 4: a put that is refused gives its value back, room or no room.
fn puts_fail_and_give_the_value_back<D: Driver>() {
    for (name, c) in keeping() {
        c.close();
        assert!(c.is_closed());
        assert_eq!(D::put(&c, "back").finish(), Err(PutError("back")), "{name}");
        assert_idle(&c);
    }
    for c in [Chan::fixed(2), Chan::sliding(2), Chan::dropping(2)] {
        c.add(["a", "b"]).unwrap();
        c.close();
        assert_eq!(D::put(&c, "back").finish(), Err(PutError("back")));
        assert_eq!((c.len(), c.stats().evicted), (2, 0));
    }
}

/// Rule 4: `None` is for good.
fn a_drained_channel_keeps_saying_none<D: Driver>() {
    let c = Chan::fixed(1);
    c.try_put(1).unwrap();
    c.close();
    assert_eq!(D::get(&c).finish(), Some(1));
    for _ in 0..3 {
        assert_eq!(D::get(&c).finish(), None);
    }
}

/// Rule 3 and 4: a put that comes after closing is refused, even where a get has just made room.
fn room_on_a_closed_channel_goes_to_parked_puts_only<D: Driver>() {
    let c = Chan::fixed(1);
    c.try_put(0).unwrap();
    let waiting = D::put(&c, 1);
    c.close();
    assert_eq!(D::get(&c).finish(), Some(0));
    assert_eq!(D::put(&c, 2).finish(), Err(PutError(2)));
    assert_eq!(waiting.finish(), Ok(()));
    assert_eq!(D::get(&c).finish(), Some(1));
    assert_eq!(D::put(&c, 3).finish(), Err(PutError(3)));
    assert_eq!(D::get(&c).finish(), None);
}

/// Rule 1 and 4: a parked put can be withdrawn after closing too.
fn a_put_withdrawn_after_closing_is_not_delivered<D: Droppable>() {
    let c = Chan::new();
    let put = D::put(&c, 1);
    let kept = D::put(&c, 2);
    c.close();
    drop(put);
    assert_eq!(D::get(&c).finish(), Some(2));
    assert_eq!(D::get(&c).finish(), None);
    assert_eq!(kept.finish(), Ok(()));
}

/// Rule 4: only the first closing closes.
fn closing_twice_is_harmless() {
    let c = Chan::fixed(1);
    c.try_put(1).unwrap();
    assert!(!c.is_closed());
    assert!(c.close());
    assert!(!c.close() && !c.close_with("too late"));
    assert!(c.is_closed() && c.close_reason().is_none());
    assert_eq!(c.try_get(), Ok(1));
    assert!(!c.close());
}

/// Rule 6: the cause is readable, and later ones do not replace it.
fn the_first_reason_stays() {
    let c = Chan::<u32>::new();
    assert!(c.close_with("the disk is full"));
    assert!(!c.close_with("something else"));
    assert!(!c.close());
    assert_eq!(c.close_reason().unwrap().to_string(), "the disk is full");
    let error = std::io::Error::other("an error of its own");
    let c = Chan::<u32>::new();
    c.close_with(error);
    let reason = c.close_reason().unwrap();
    assert!(reason.downcast_ref::<std::io::Error>().is_some());
}

fn a_channel_closed_without_a_reason_has_none() {
    let c = Chan::<u32>::new();
    assert!(c.close_reason().is_none());
    c.close();
    assert!(c.close_reason().is_none());
}
