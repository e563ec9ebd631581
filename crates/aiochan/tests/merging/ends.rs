//! How `merge`, `zip_chans` and `combine_latest` begin and end: what they have in common.

use std::panic::catch_unwind;

use aiochan::{Chan, Flow, combine_latest, from_range, merge, zip_chans};
use futures_util::Stream;

use crate::common::{on_one_thread, others_run, reason, rest, wait_for_nobody};

cases! {
    no_inputs_are_refused_at_the_call
    the_first_reason_of_an_input_is_the_outputs
    an_output_that_is_to_stay_open_does
    an_output_that_is_closed_stops_endless_inputs
    an_output_that_is_closed_stops_inputs_that_have_nothing
    endless_inputs_do_not_starve_the_executor
}

type Inputs = [Chan<u32>; 2];

/// Ends one of the three in a channel of unit values.
fn each(mut case: impl FnMut(&dyn Fn(&Inputs, bool) -> Chan<()>)) {
    fn end<S>(flow: Flow<S>, keep_open: bool) -> Chan<()>
    where
        S: Stream<Item: Send> + Send + 'static,
    {
        let flow = flow.map(drop);
        if keep_open { flow.keep_open() } else { flow }.chan()
    }
    case(&|inputs, keep_open| end(merge(inputs), keep_open));
    case(&|inputs, keep_open| end(zip_chans(inputs), keep_open));
    case(&|inputs, keep_open| end(combine_latest(inputs), keep_open));
}

/// Rule 8.
fn no_inputs_are_refused_at_the_call() {
    fn refused(message: &str, call: fn([Chan<u32>; 0])) {
        let panic = catch_unwind(|| call([])).unwrap_err();
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap();
        assert!(text.contains(message));
    }
    refused("merge of no channels", |none| drop(merge(none)));
    refused("zip_chans of no channels", |none| drop(zip_chans(none)));
    refused("combine_latest of no channels", |none| drop(combine_latest(none)));
    refused("distribute to no channels", |none| from_range(0..).distribute(none));
}

fn the_first_reason_of_an_input_is_the_outputs() {
    each(|combined| {
        let inputs = [Chan::fixed(1), Chan::fixed(1)];
        let out = combined(&inputs, true);
        inputs.iter().for_each(|input| input.put_blocking(1).unwrap());
        inputs[1].close_with("the disk is full");
        inputs[0].close();
        assert!(!rest(&out).is_empty());
        assert_eq!(reason(&out).as_deref(), Some("the disk is full"));
    });
}

fn an_output_that_is_to_stay_open_does() {
    on_one_thread(async {
        let mut outs = Vec::new();
        each(|combined| outs.push(combined(&[from_range(0..2), from_range(0..0)], true)));
        for out in outs {
            assert_eq!((out.get().await, out.get().await), (Some(()), Some(())));
            others_run().await;
            assert!(!out.is_closed());
        }
    });
}

/// Rule 6.
fn an_output_that_is_closed_stops_endless_inputs() {
    each(|combined| {
        let (stopped, watch) = Chan::<()>::new().split();
        let endless = (0..).inspect(move |_| assert!(!stopped.is_closed()));
        let out = combined(&[Chan::from_iter(endless), from_range(0..)], false);
        assert_eq!(out.get_blocking(), Some(()));
        drop(out);
        // The iterator has gone, and with it the only sender.
        assert_eq!(watch.get_blocking(), None);
    });
}

/// Rule 6: at once.
fn an_output_that_is_closed_stops_inputs_that_have_nothing() {
    each(|combined| {
        let inputs = [Chan::new(), Chan::new()];
        let feeds = inputs.each_ref().map(Chan::feed);
        let out = combined(&inputs, false);
        drop(inputs);
        assert!(feeds.iter().all(|feed| !feed.chan().is_closed()));
        out.close();
        feeds.into_iter().for_each(wait_for_nobody);
    });
}

/// Rule 6: on one thread everybody has a turn.
fn endless_inputs_do_not_starve_the_executor() {
    on_one_thread(async {
        let mut unread = Vec::new();
        each(|combined| {
            let out = combined(&[from_range(0..), from_range(0..)], false);
            unread.push(out.flow().filter(|()| false).chan());
        });
        others_run().await;
    });
}
