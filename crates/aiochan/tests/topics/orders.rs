//! Orders to a `Dup` or a `Pub`, however many: values have their turn, others have theirs, and nothing piles
//! up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier};
use std::thread;

use aiochan::Chan;

use crate::common::{on_one_thread, reason, rest};

cases! {
    values_have_their_turn
    values_have_their_turn_at_topics
    other_tasks_have_their_turn
    what_is_dropped_does_not_pile_up
    what_is_kept_is_obeyed_in_order
    many_outs_cost_no_more_each
    closing_against_the_first_tap_gives_no_reason
}

/// Runs `order` again and again on two threads, until `case` is over.
fn meanwhile(order: impl Fn() + Clone + Send + 'static, case: impl FnOnce()) {
    let over = Arc::new(AtomicBool::new(false));
    let threads = [(); 2].map(|()| {
        let (order, over) = (order.clone(), over.clone());
        thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                order();
            }
        })
    });
    case();
    over.store(true, Ordering::Relaxed);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

/// Rule 6.
fn values_have_their_turn() {
    let source = Chan::new();
    let dup = source.dup();
    let out = dup.tap();
    let other = Chan::new();
    meanwhile(
        move || {
            drop(dup.tap());
            dup.untap(&other);
        },
        || {
            for n in 0..300 {
                source.put_blocking(n).unwrap();
                assert_eq!(out.get_blocking(), Some(n));
            }
        },
    );
}

/// Rule 6.
fn values_have_their_turn_at_topics() {
    let source = Chan::new();
    let topics = source.publish(|n| n % 2);
    let out = topics.sub(1);
    let other = Chan::new();
    meanwhile(
        move || topics.unsub(&7, &other),
        || {
            for n in (1..600).step_by(2) {
                source.put_blocking(n).unwrap();
                assert_eq!(out.get_blocking(), Some(n));
            }
        },
    );
}

/// Rule 6.
fn other_tasks_have_their_turn() {
    on_one_thread(async {
        let dup = Chan::<u32>::new().dup();
        let _out = dup.tap();
        let over = Arc::new(AtomicBool::new(false));
        let orders = thread::spawn({
            let over = over.clone();
            move || {
                while !over.load(Ordering::Relaxed) {
                    drop(dup.tap());
                }
            }
        });
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        over.store(true, Ordering::Relaxed);
        orders.join().unwrap();
    });
}

/// Rule 7: the worker has no chance to run here.
fn what_is_dropped_does_not_pile_up() {
    on_one_thread(async {
        let topics = Chan::<u32>::new().publish(|_| Arc::new(()));
        let topic = Arc::new(());
        for _ in 0..20_000 {
            let out = topics.sub(topic.clone());
            topics.unsub(&topic, &out);
        }
        assert!(Arc::strong_count(&topic) < 5000, "{} are left", Arc::strong_count(&topic));
    });
}

/// Rule 3: leaving out what is pointless changes nothing.
fn what_is_kept_is_obeyed_in_order() {
    on_one_thread(async {
        let source = Chan::fixed(1);
        let (dup, topics) = (source.dup(), Chan::<u32>::new().publish(|_| 0));
        let outs: Vec<Chan<u32>> = (0..5000).map(|_| Chan::fixed(1)).collect();
        for out in &outs {
            dup.tap_into(out);
            topics.sub_into(0, out);
        }
        dup.untap_all();
        topics.unsub_all(None);
        for out in &outs {
            dup.tap_into(out);
        }
        for out in &outs[..4000] {
            dup.untap(out);
            topics.sub_keep_open(0, out);
        }
        for out in &outs[..3000] {
            dup.tap_into(out);
        }
        source.put(1).await.unwrap();
        source.close();
        for (n, out) in outs.iter().enumerate() {
            if (3000..4000).contains(&n) {
                assert!(out.try_get().is_err());
            } else {
                assert_eq!(out.get().await, Some(1), "{n}");
            }
        }
        drop(topics);
    });
}

/// Rule 6: a thousand times the limit of what it takes if the cost of each does not grow with their number.
fn many_outs_cost_no_more_each() {
    const OUTS: usize = 40_000;
    let source = Chan::new();
    let dup = source.dup();
    let outs: Vec<Chan<u32>> = (0..OUTS).map(|_| dup.tap_with(1)).collect();
    source.put_blocking(1).unwrap();
    outs.iter().rev().for_each(|out| dup.untap(out));
    let last = dup.tap_with(1);
    source.put_blocking(2).unwrap();
    // The 1 may not have been given to the others yet when it came.
    assert_eq!(last.iter().find(|n| *n != 1), Some(2));
    source.close();
    assert_eq!(rest(&last), []);
}

/// Rule 4: nothing has gone wrong.
fn closing_against_the_first_tap_gives_no_reason() {
    for _ in 0..3000 {
        let dup = Chan::<u32>::new().dup();
        let (other, start) = (dup.clone(), Arc::new(Barrier::new(2)));
        let begin = start.clone();
        let closes = thread::spawn(move || {
            begin.wait();
            other.close();
        });
        start.wait();
        let out = dup.tap();
        closes.join().unwrap();
        assert_eq!((out.get_blocking(), reason(&out)), (None, None));
    }
}
