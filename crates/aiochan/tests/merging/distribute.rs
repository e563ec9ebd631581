//! `distribute`: each value for one out, and none lost because an out is closed.

use std::sync::Arc;
use std::thread;

use aiochan::{Buffer, Chan, TryPutError, from_range, run};

use crate::common::{
    on_one_thread, others_run, panicked, reason, rest, wait_for_nobody, wait_for_put,
};

use crate::task::{evil_waker, parked, ready};
use crate::watch::in_own_process;

cases! {
    each_value_goes_to_one_out
    whoever_is_free_gets_it
    a_closed_out_is_passed_over
    an_out_that_closes_while_a_value_waits_is_passed_over
    an_out_that_is_dropped_while_a_value_waits_is_passed_over
    without_open_outs_nothing_is_read
    all_close_while_it_waits_for_a_value
    all_close_while_a_value_waits
    all_are_dropped_while_a_value_waits
    the_end_of_the_input_closes_the_outs_with_its_reason
    outs_that_are_to_stay_open_do
    a_function_that_panics_closes_the_outs_with_the_cause
    a_clone_that_panics_closes_the_outs_with_the_cause
    a_buffer_that_panics_costs_no_value
    an_evicted_value_that_panics_ends_its_out_only
    a_panic_over_an_out_that_lost_ends_no_other
    a_consumer_that_panics_ends_its_out_only
    a_consumer_that_panics_while_a_value_waits_ends_its_out_only
    two_panics_at_once_close_the_outs
    it_runs_on_tokio
}

/// Rule 1.
fn each_value_goes_to_one_out() {
    let outs: [Chan<u32>; 4] = [0, 0, 1, 8].map(Chan::fixed);
    let consumers = outs.clone().map(|out| thread::spawn(move || rest(&out)));
    from_range(0..2000).distribute(&outs);
    let mut got = consumers.map(|consumer| consumer.join().unwrap()).concat();
    got.sort();
    assert_eq!(got, (0..2000).collect::<Vec<_>>());
}

/// Rule 6: an out that is slow holds up nobody.
fn whoever_is_free_gets_it() {
    let (source, outs) = (Chan::new(), [Chan::new(), Chan::new(), Chan::new()]);
    source.distribute(&outs);
    for n in 0..9 {
        source.put_blocking(n).unwrap();
        assert_eq!(outs[n % 3].get_blocking(), Some(n));
    }
}

/// Rule 1.
fn a_closed_out_is_passed_over() {
    let outs = [Chan::fixed(100), Chan::fixed(100)];
    outs[0].close();
    from_range(0..50).distribute(&outs);
    assert_eq!(rest(&outs[1]), (0..50).collect::<Vec<_>>());
    assert!(outs[0].is_empty());
}

/// A worker with a value that waits in all outs.
fn waiting() -> (Chan<u32>, [Chan<u32>; 2]) {
    let (source, outs) = (Chan::new(), [Chan::new(), Chan::new()]);
    source.distribute(&outs);
    source.put_blocking(1).unwrap();
    outs.iter().for_each(wait_for_put);
    (source, outs)
}

/// Rule 1.
fn an_out_that_closes_while_a_value_waits_is_passed_over() {
    let (source, [a, b]) = waiting();
    a.close();
    assert_eq!(b.get_blocking(), Some(1));
    source.put_blocking(2).unwrap();
    assert_eq!((b.get_blocking(), a.get_blocking()), (Some(2), None));
}

/// Rule 1.
fn an_out_that_is_dropped_while_a_value_waits_is_passed_over() {
    let (source, [a, b]) = waiting();
    drop(a);
    assert_eq!(b.get_blocking(), Some(1));
    source.put_blocking(2).unwrap();
    assert_eq!(b.get_blocking(), Some(2));
}

/// Rule 1; the reference loses a value and leaves its worker hanging.
fn without_open_outs_nothing_is_read() {
    let source = Chan::fixed(1);
    source.put_blocking(1).unwrap();
    let outs = [Chan::new(), Chan::new()];
    outs.iter().for_each(|out| assert!(out.close()));
    source.distribute(&outs);
    let feed = source.feed();
    let (_, source) = source.split();
    let again = source.chan().clone();
    assert_eq!(again.get_blocking(), Some(1));
    drop((source, again));
    wait_for_nobody(feed);
}

/// Rule 6: at once.
fn all_close_while_it_waits_for_a_value() {
    let (source, outs) = (Chan::<u32>::new(), [Chan::new(), Chan::new()]);
    source.distribute(&outs);
    let feed = source.feed();
    drop(source);
    outs[0].close();
    assert!(!feed.chan().is_closed());
    outs[1].close();
    wait_for_nobody(feed);
}

/// Rule 1: what waits is for those who drain. Rule 6: it reads no more meanwhile.
fn all_close_while_a_value_waits() {
    let (source, [a, b]) = waiting();
    a.close();
    b.close();
    assert_eq!(source.try_put(2), Err(TryPutError::Full(2)));
    let feed = source.feed();
    drop(source);
    wait_for_nobody(feed);
    assert_eq!((rest(&b), rest(&a)), (vec![1], vec![]));
}

/// Rule 6: and then it is dropped.
fn all_are_dropped_while_a_value_waits() {
    let (source, outs) = (Chan::new(), [Chan::new(), Chan::new()]);
    let value = Arc::new(());
    source.distribute(&outs);
    source.put_blocking(value.clone()).unwrap();
    outs.iter().for_each(wait_for_put);
    let feed = source.feed();
    drop((source, outs));
    wait_for_nobody(feed);
    crate::watch::wait_until("the value is dropped", || Arc::strong_count(&value) == 1);
}

/// Rule 1: an out whose buffer panics has not had the value, which is for the others.
fn a_buffer_that_panics_costs_no_value() {
    /// Has no room, and panics when it is asked: while the other out is waited for, or at once.
    struct Full(Option<Chan<u32>>);
    impl Buffer<u32> for Full {
        fn can_add(&self) -> bool {
            assert_eq!(self.0.as_ref().map(|well| well.stats().parked_puts), Some(0), "a buffer");
            false
        }
        fn add(&mut self, _: u32) -> Option<u32> {
            unreachable!("there is no room")
        }
        fn can_take(&self) -> bool {
            false
        }
        fn take(&mut self) -> u32 {
            unreachable!("there is nothing")
        }
        fn len(&self) -> usize {
            0
        }
    }
    // The order in which they are waited for is chance.
    for _ in 0..20 {
        let well = Chan::new();
        let outs = [well.clone(), Chan::with_buffer(Full(Some(well.clone())))];
        let source = Chan::new();
        source.distribute(&outs);
        source.put_blocking(1).unwrap();
        wait_for_put(&well);
        source.close();
        assert_eq!(rest(&well), [1]);

        let outs = [Chan::fixed(2), Chan::with_buffer(Full(None))];
        from_range(0..2).distribute(&outs);
        assert_eq!(rest(&outs[0]), [0, 1]);
    }
}

/// Rule 6.
fn an_evicted_value_that_panics_ends_its_out_only() {
    /// The number 0 cannot be dropped.
    #[derive(Clone)]
    struct Evil(u32);
    impl Drop for Evil {
        fn drop(&mut self) {
            assert!(self.0 > 0, "an evil drop");
        }
    }
    let (source, outs) = (Chan::new(), [Chan::sliding(1), Chan::sliding(1)]);
    source.distribute(&outs);
    (0..100).for_each(|n| source.put_blocking(Evil(n)).unwrap());
    source.close();
    outs.iter().for_each(|out| run(out.closed()));
    let [evil, well]: [Vec<_>; 2] =
        outs.iter().partition(|out| out.close_reason().is_some()).into();
    assert_eq!((evil.len(), well.len()), (1, 1));
    assert_eq!(reason(evil[0]).as_deref(), Some("a stage panicked: an evil drop"));
    assert_eq!(well[0].get_blocking().unwrap().0, 99);
}

/// Rule 6: it is told that it is exhausted, now that a value does not wait there any more.
fn a_panic_over_an_out_that_lost_ends_no_other() {
    let (source, [a, b]) = (Chan::new(), [Chan::new(), Chan::new()]);
    source.distribute([&a, &b]);
    source.put_blocking(1).unwrap();
    [&a, &b].into_iter().for_each(wait_for_put);
    b.close();
    let mut join = parked(b.join(), &evil_waker());
    assert_eq!(a.get_blocking(), Some(1));
    source.put_blocking(2).unwrap();
    assert_eq!(a.get_blocking(), Some(2));
    ready(join.as_mut());
    source.close();
    assert_eq!((rest(&a), reason(&a)), (vec![], None));
}

fn the_end_of_the_input_closes_the_outs_with_its_reason() {
    let (source, outs) = (Chan::fixed(1), [Chan::fixed(2), Chan::fixed(2)]);
    source.distribute(&outs);
    source.put_blocking(1).unwrap();
    source.close_with("the disk is full");
    assert_eq!(outs.each_ref().map(rest).concat(), [1]);
    for out in &outs {
        assert_eq!(reason(out).as_deref(), Some("the disk is full"));
    }
}

fn outs_that_are_to_stay_open_do() {
    on_one_thread(async {
        let out = Chan::fixed(2);
        from_range(0..2).flow().keep_open().distribute([&out]);
        assert_eq!((out.get().await, out.get().await), (Some(0), Some(1)));
        others_run().await;
        assert!(!out.is_closed());
    });
}

/// Rule 6: at the first, a middle and the last value.
fn a_function_that_panics_closes_the_outs_with_the_cause() {
    for bad in [0, 2, 4] {
        let outs = [Chan::fixed(8), Chan::fixed(8)];
        let checked = from_range(0..5).map(move |n| {
            assert_ne!(n, bad, "a bad number");
            n
        });
        checked.keep_open().distribute(&outs);
        assert_eq!(outs.each_ref().map(rest).concat().len(), bad);
        outs.iter().for_each(|out| assert!(panicked(out).contains("a bad number")));
    }
}

/// Rule 6.
fn a_clone_that_panics_closes_the_outs_with_the_cause() {
    struct Fragile;

    impl Clone for Fragile {
        fn clone(&self) -> Self {
            panic!("it cannot be cloned")
        }
    }

    let outs = [Chan::fixed(1), Chan::fixed(1)];
    Chan::from_iter([Fragile, Fragile, Fragile]).distribute(&outs);
    for out in &outs {
        aiochan::run(out.closed());
        assert_eq!(rest(out).len(), 1);
        assert_eq!(panicked(out), "it cannot be cloned");
    }
}

/// Rules 1 and 6.
fn a_consumer_that_panics_ends_its_out_only() {
    let (source, [a, b]) = (Chan::new(), [Chan::new(), Chan::new()]);
    source.distribute([&a, &b]);
    a.get_with(|_| panic!("its own problem")).unwrap();
    source.put_blocking(1).unwrap();
    for n in 2..5 {
        source.put_blocking(n).unwrap();
        assert_eq!(b.get_blocking(), Some(n));
    }
    assert_eq!((rest(&a), panicked(&a).as_str()), (vec![], "its own problem"));
    source.close();
    assert_eq!((rest(&b), reason(&b)), (vec![], None));
}

/// The same where the consumer comes when there was nobody at first, while the value is cloned to wait.
fn a_consumer_that_panics_while_a_value_waits_ends_its_out_only() {
    struct Late(u32, Option<Chan<Late>>);

    impl Clone for Late {
        fn clone(&self) -> Self {
            if let Some(out) = &self.1 {
                out.get_with(|_| panic!("its own problem")).unwrap();
            }
            Self(self.0, None)
        }
    }

    let (source, [a, b]) = (Chan::new(), [Chan::new(), Chan::new()]);
    source.distribute([&a, &b]);
    source.put_blocking(Late(1, Some(a.clone()))).unwrap();
    aiochan::run(a.closed());
    assert_eq!(panicked(&a), "its own problem");
    for n in 2..5 {
        source.put_blocking(Late(n, None)).unwrap();
        assert_eq!(b.get_blocking().map(|late| late.0), Some(n));
    }
    source.close();
    assert_eq!((rest(&b).len(), reason(&b)), (0, None));
}

/// Rule 5: what a panic drops may panic as well, be it a value or what a function has captured.
fn two_panics_at_once_close_the_outs() {
    struct Bomb;

    impl Clone for Bomb {
        fn clone(&self) -> Self {
            panic!("it cannot be cloned")
        }
    }

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("nor dropped")
        }
    }

    in_own_process("distribute::cases::two_panics_at_once_close_the_outs", || {
        let (source, outs) = (Chan::new(), [Chan::new(), Chan::new()]);
        source.distribute(&outs);
        source.put_blocking(Bomb).unwrap();
        outs.iter().for_each(Chan::join_blocking);
        outs.iter().for_each(|out| assert_eq!(panicked(out), "it cannot be cloned"));

        let (outs, bomb) = ([Chan::new(), Chan::new()], Bomb);
        let bad = move |n: u32| -> u32 {
            let _ = &bomb;
            panic!("{n} is bad")
        };
        from_range(0..1).map(bad).distribute(&outs);
        outs.iter().for_each(Chan::join_blocking);
        outs.iter().for_each(|out| assert_eq!(panicked(out), "0 is bad"));

        let bomb = Bomb;
        let bad = move |n: u32| -> u32 {
            let _ = &bomb;
            panic!("{n} is bad")
        };
        let out = from_range(0..1).map(bad).chan();
        out.join_blocking();
        assert_eq!(panicked(&out), "0 is bad");
    });
}

fn it_runs_on_tokio() {
    let current = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let several = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    for tokio in [current, several] {
        tokio.block_on(async {
            let outs = [Chan::new(), Chan::new()];
            from_range(0..100).distribute(&outs);
            let (a, b) = tokio::join!(outs[0].collect(), outs[1].collect());
            assert_eq!(a.len() + b.len(), 100);
        });
    }
}
