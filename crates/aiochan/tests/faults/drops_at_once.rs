//! Several values of one channel or worker whose `Drop` panics: one by one, for two panics at once abort the
//! process. Of what a caller holds himself, that is his own business.

use std::mem::forget;
use std::task::Waker;

use aiochan::{Chan, Select, combine_latest, run, select, zip_chans};

use crate::support::{guard, the_executor_is_well, wait_until};
use crate::task::{panics, parked};
use crate::{Evil, assert_idle, dropped, in_own_process};

/// Puts a value that is not dropped if that fails.
fn put(c: &Chan<Evil>, n: u32) {
    assert!(c.put_blocking(Evil(n)).map_err(forget).is_ok());
}

/// Rule 5: values inside, as the last handle goes or the last receiver.
#[test]
fn values_left_in_a_channel() {
    in_own_process("drops_at_once::values_left_in_a_channel", || {
        let c = Chan::fixed(2);
        put(&c, 0);
        put(&c, 1);
        assert_eq!(panics(|| drop(c)), "an evil drop");
        assert_eq!(dropped(), [0, 1]);

        let (tx, rx) = Chan::fixed(2).split();
        put(tx.chan(), 0);
        put(tx.chan(), 1);
        assert_eq!(panics(|| drop(rx)), "an evil drop");
        assert_eq!(dropped(), [0, 1]);
    });
}

/// Rule 5: values that were added and wait.
#[test]
fn values_that_wait() {
    in_own_process("drops_at_once::values_that_wait", || {
        let c = Chan::new();
        assert!(c.add([Evil(0), Evil(1), Evil(2)]).map_err(forget).is_ok());
        assert_eq!(panics(|| drop(c)), "an evil drop");
        assert_eq!(dropped(), [0, 1, 2]);
    });
}

/// Rule 5: those of the arms of a select that nobody awaits any more.
#[test]
fn values_of_the_arms_of_a_select() {
    in_own_process("drops_at_once::values_of_the_arms_of_a_select", || {
        let (a, b) = (Chan::new(), Chan::new());
        let select = || Select::new().put(&a, Evil(0)).put(&b, Evil(1));
        assert_eq!(panics(|| drop(select())), "an evil drop");
        assert_eq!(dropped(), [0, 1]);
        let select = parked(select().into_future(), Waker::noop());
        assert_eq!(panics(|| drop(select)), "an evil drop");
        assert_eq!(dropped(), [0, 1]);
        let macro_select = parked(
            async {
                select! {
                    put = a.put(Evil(0)) => forget(put),
                    put = b.put(Evil(1)) => forget(put),
                }
            },
            Waker::noop(),
        );
        assert_eq!(panics(|| drop(macro_select)), "an evil drop");
        assert_eq!(dropped(), [0, 1]);
        [&a, &b].into_iter().for_each(assert_idle);
    });
}

/// Rule 5: as for callbacks, in `passing::alone::dropping_a_handle_in_a_panic_does_not_abort`.
#[test]
fn a_value_left_in_a_channel_that_goes_in_a_panic() {
    in_own_process("drops_at_once::a_value_left_in_a_channel_that_goes_in_a_panic", || {
        let message = panics(|| {
            let c = Chan::fixed(1);
            put(&c, 0);
            panic!("the task");
        });
        assert_eq!(message, "the task");
        assert_eq!(dropped(), [0]);
    });
}

/// Rule 6: of an input that lags behind.
#[test]
fn values_that_zip_chans_holds() {
    in_own_process("drops_at_once::values_that_zip_chans_holds", || {
        let ([a, b], (last, (here, gone))) = ([Chan::new(), Chan::new()], (Chan::new(), guard()));
        let out = zip_chans([&a, &b, &last]).map(move |list| (forget(list), &here).0).chan();
        put(&a, 0);
        put(&b, 1);
        // It has taken both, and waits for the third.
        wait_until("it waits", || (a.len(), b.len(), last.stats().parked_gets) == (0, 0, 1));
        out.close();
        gone.wait_until_gone();
        the_executor_is_well();
        assert_eq!(dropped(), [0, 1]);
    });
}

/// Rule 6.
#[test]
fn values_that_combine_latest_holds() {
    in_own_process("drops_at_once::values_that_combine_latest_holds", || {
        let inputs = [Chan::new(), Chan::new()];
        let out = combine_latest(&inputs).map(forget).chan_with(2);
        put(&inputs[0], 0);
        put(&inputs[1], 1);
        inputs.iter().for_each(|input| assert!(input.close()));
        run(out.closed());
        the_executor_is_well();
        assert_eq!(dropped(), [0, 1]);
    });
}

/// Rule 6: the clones that wait in the outs that were too slow.
#[test]
fn clones_that_distribute_does_not_need() {
    in_own_process("drops_at_once::clones_that_distribute_does_not_need", || {
        let (c, outs) = (Chan::new(), [Chan::new(), Chan::new(), Chan::new()]);
        c.distribute(&outs);
        put(&c, 0);
        wait_until("it waits in all", || outs.iter().all(|out| out.stats().parked_puts == 1));
        forget(outs[0].get_blocking());
        c.close();
        outs.iter().for_each(|out| run(out.closed()));
        the_executor_is_well();
        assert_eq!(dropped(), [0, 0]);
    });
}
