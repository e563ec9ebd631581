//! What goes wrong in one place is nobody else's concern, and the process goes on: panics of topic functions,
//! of `Clone` and `Drop`, of consumers.

use std::panic::panic_any;
use std::thread;

use aiochan::{Buf, Chan, Feed, Pub};

use crate::common::{on_one_thread, others_run, panicked, reason, rest, wait_for_put};
use crate::watch::{in_own_process, wait_until};

cases! {
    an_input_that_cannot_be_dropped_closes_the_subscribers
    a_panic_that_cannot_be_dropped_closes_all
    two_panics_at_once_close_the_subscribers
    two_panics_at_once_close_the_outs
    a_callback_that_panics_ends_its_out_only
    a_waker_that_panics_ends_its_out_only
    a_value_that_panics_when_evicted_ends_its_out_only
    a_callback_that_panics_ends_its_subscriber_only
    who_is_closed_over_a_topic_learns_the_cause
    an_untapped_value_that_cannot_be_dropped
}

/// A value whose `Drop` panics if it is `armed`, also in a panic; clones are not.
#[derive(Debug)]
struct Bomb {
    id: u32,
    armed: bool,
}

impl Bomb {
    fn dud(id: u32) -> Self {
        Self { id, armed: false }
    }

    fn armed(id: u32) -> Self {
        Self { id, armed: true }
    }
}

impl Clone for Bomb {
    fn clone(&self) -> Self {
        assert_ne!(self.id, 13, "thirteen cannot be cloned");
        Self::dud(self.id)
    }
}

impl Drop for Bomb {
    fn drop(&mut self) {
        assert!(!self.armed, "{} cannot be dropped", self.id);
    }
}

fn parity(bomb: &Bomb) -> u32 {
    assert_ne!(bomb.id, 1, "one has no topic");
    bomb.id % 2
}

/// Rule 6: the worker drops its input, which nobody else has, with what is inside.
fn an_input_that_cannot_be_dropped_closes_the_subscribers() {
    let held_up = || -> (Feed<Bomb>, Pub<Bomb, u32>, [Chan<Bomb>; 2]) {
        let source = Chan::fixed(4);
        let topics = source.publish(parity);
        let (even, odd) = (topics.sub(0), topics.sub(1));
        [2, 4].into_iter().for_each(|id| source.put_blocking(Bomb::dud(id)).unwrap());
        wait_for_put(&even);
        wait_until("the 4 is read", || source.is_empty());
        source.put_blocking(Bomb::armed(6)).unwrap();
        (source.feed(), topics, [even, odd])
    };
    let (_feed, topics, [even, odd]) = held_up();
    topics.close();
    assert!(odd.get_blocking().is_none());
    assert_eq!(rest(&even).iter().map(|bomb| bomb.id).collect::<Vec<_>>(), [2, 4]);
}

/// Rule 6.
fn a_panic_that_cannot_be_dropped_closes_all() {
    let source = Chan::new();
    let topics = source.publish(|_: &u32| -> u32 { panic_any(Bomb::armed(7)) });
    let (a, b) = (topics.sub(0), topics.sub(1));
    source.put_blocking(1).unwrap();
    for out in [a, b] {
        assert_eq!(out.get_blocking(), None);
        panicked(&out);
    }
    let out = aiochan::from_range(0..2).map(|_| -> u32 { panic_any(Bomb::armed(7)) }).chan();
    assert_eq!(out.get_blocking(), None);
    panicked(&out);
}

/// Rule 5: what a panic drops may panic as well.
fn two_panics_at_once_close_the_subscribers() {
    in_own_process("faults::cases::two_panics_at_once_close_the_subscribers", || {
        let source = Chan::fixed(4);
        let topics = source.publish(parity);
        let even = topics.sub(0);
        source.put_blocking(Bomb::armed(1)).unwrap();
        assert!(even.get_blocking().is_none());
        assert!(panicked(&even).contains("one has no topic"));
    });
}

/// Rule 5.
fn two_panics_at_once_close_the_outs() {
    in_own_process("faults::cases::two_panics_at_once_close_the_outs", || {
        let source = Chan::fixed(4);
        let [a, b] = source.dup().taps();
        source.put_blocking(Bomb::armed(13)).unwrap();
        for out in [a, b] {
            assert!(out.get_blocking().is_none());
            assert!(panicked(&out).contains("thirteen"));
        }
    });
}

/// Rules 1 and 6.
fn a_callback_that_panics_ends_its_out_only() {
    let source = Chan::new();
    let dup = source.dup();
    let (a, b) = (dup.tap(), dup.tap_with(8));
    a.get_with(|_| panic!("its own problem")).unwrap();
    (1..=3).for_each(|n| source.put_blocking(n).unwrap());
    source.close();
    assert_eq!((rest(&b), reason(&b)), (vec![1, 2, 3], None));
    assert_eq!((rest(&a), panicked(&a).as_str()), (vec![], "its own problem"));
}

/// Rules 1 and 6: a put that waited is over as well.
fn a_waker_that_panics_ends_its_out_only() {
    use std::future::Future;
    use std::sync::Arc;
    use std::task::{Context, Wake, Waker};

    struct Evil;
    impl Wake for Evil {
        fn wake(self: Arc<Self>) {
            panic!("its own problem");
        }
    }

    let source = Chan::new();
    let dup = source.dup();
    let (a, b) = (dup.tap(), dup.tap_with(8));
    let mut get = Box::pin(a.get());
    let waker = Waker::from(Arc::new(Evil));
    assert!(get.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
    (1..=3).for_each(|n| source.put_blocking(n).unwrap());
    source.close();
    assert_eq!((rest(&b), reason(&b)), (vec![1, 2, 3], None));
    wait_until("it is closed", || a.is_closed());
    assert_eq!(panicked(&a), "its own problem");
    drop(get);
    assert_eq!(rest(&a), [1]);
}

/// Rules 1 and 6.
fn a_value_that_panics_when_evicted_ends_its_out_only() {
    let source = Chan::new();
    let dup = source.dup();
    let (b, a) = (dup.tap_with(8), dup.tap_with(Buf::sliding(1)));
    source.put_blocking(Bomb::armed(1)).unwrap(); // `a` comes last, and has what is not a clone
    (2..=4).for_each(|id| source.put_blocking(Bomb::dud(id)).unwrap());
    source.close();
    assert_eq!(rest(&b).iter().map(|bomb| bomb.id).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(reason(&b), None);
    assert!(panicked(&a).contains("cannot be dropped"));
}

/// Rules 1 and 6.
fn a_callback_that_panics_ends_its_subscriber_only() {
    let source = Chan::new();
    let topics = source.publish(|_: &u32| ());
    let (a, b) = (topics.sub(()), topics.sub_with((), 8));
    a.get_with(|_| panic!("its own problem")).unwrap();
    (1..=3).for_each(|n| source.put_blocking(n).unwrap());
    source.close();
    assert_eq!((rest(&b), reason(&b)), (vec![1, 2, 3], None));
    assert_eq!(panicked(&a), "its own problem");
}

/// Rule 6: all that are there, and that which was the cause.
fn who_is_closed_over_a_topic_learns_the_cause() {
    let topics = Chan::<u32>::new().publish_with(|n| *n, || panic!("no buffer"));
    let outs = [topics.sub(0), topics.sub(1)];
    for out in outs {
        assert_eq!(out.get_blocking(), None);
        assert_eq!(panicked(&out), "no buffer");
    }
}

/// Rule 5: what waits in an out that is untapped is dropped by the worker.
fn an_untapped_value_that_cannot_be_dropped() {
    on_one_thread(async {
        let source = Chan::new();
        let dup = source.dup();
        let (other, slow) = (dup.tap_with(8), dup.tap());
        source.put(Bomb::armed(1)).await.unwrap();
        others_run().await;
        assert_eq!(slow.stats().parked_puts, 1);
        dup.untap(&slow);
        source.put(Bomb::dud(2)).await.unwrap();
        assert_eq!(other.get().await.unwrap().id, 1);
        assert_eq!(other.get().await.unwrap().id, 2);
        assert!(!thread::panicking() && !slow.is_closed());
    });
}
