//! core.async's tests (Rich Hickey and contributors, EPL-1.0) of its operators (`ops-tests`, if no other is named).

use std::collections::{HashMap, VecDeque};
use std::thread;

use aiochan::{Chan, TryGetError, from_iter, from_range, merge, run, zip_chans};

use crate::common::{Threads, all, producer};
use crate::task::panics;

cases! {
    alone: [
        map_applies_a_function,
        filter_keeps_or_removes,
        flat_map_puts_all_the_parts,
        a_collection_into_a_channel,
        a_channel_into_a_collection,
        pipe_passes_everything_on,
        pipe_ends_when_nobody_wants_more,
        split_by_a_predicate,
        map_over_several_channels,
        merge_gives_what_all_have,
        merge_ends_with_its_last_input,
        merge_of_very_many,
        distinct_drops_what_was_there_just_now,
        group_by_number_and_by_key,
        reduce_to_one_value,
        transduce_is_an_operator_and_reduce,
        take_leaves_the_rest,
        an_expanding_operator_serves_all_that_wait,
    ]
}

/// On the way in or out of a channel ("map<", "map>").
fn map_applies_a_function() {
    let c = from_range(1..5).map(|n| n + 1).chan();
    assert_eq!(all(&c), [2, 3, 4, 5]);
    let out = Chan::new();
    from_range(1..5).map(|n| n + 1).into_chan(&out);
    assert_eq!(all(&out), [2, 3, 4, 5]);
}

/// What a predicate says ("filter<", "filter>", "remove<", "remove>").
fn filter_keeps_or_removes() {
    let even = |n: &u32| n.is_multiple_of(2);
    let odd = move |n: &u32| !even(n);
    assert_eq!(all(&from_range(1..7).filter(even).chan()), [2, 4, 6]);
    let out = Chan::new();
    from_range(1..7).filter(odd).into_chan(&out);
    assert_eq!(all(&out), [1, 3, 5]);
}

/// One after the other, also none ("mapcat<", "mapcat>").
fn flat_map_puts_all_the_parts() {
    let c = from_range(0..4).flat_map(|n| 0..n).chan();
    assert_eq!(all(&c), [0, 0, 1, 0, 1, 2]);
}

/// A channel that has it from the start, or one that it is put into and closed then ("to-chan", "onto-chan").
fn a_collection_into_a_channel() {
    assert_eq!(all(&from_range(0..10)), Vec::from_iter(0..10));
    let c = Chan::fixed(10);
    c.put_many_blocking(&mut VecDeque::from_iter(0..10)).unwrap();
    c.close();
    assert_eq!(all(&c), Vec::from_iter(0..10));
    let c = Chan::new();
    from_range(0..10).flow().keep_open().into_chan(&c);
    assert_eq!([(); 10].map(|()| c.get_blocking().unwrap()), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    assert!(!c.is_closed());
}

/// Once it has ended ("into").
fn a_channel_into_a_collection() {
    assert_eq!(run(from_range(0..10).collect()), Vec::from_iter(0..10));
    assert_eq!(run(from_iter([0; 0]).collect()), []);
    let c = Chan::new();
    let thread = producer::<Threads, _>(&c, 0..10);
    let end = c.clone();
    let values = run(async {
        let mut values = c.flow().take(10).collect().await;
        end.close();
        values.extend(c.collect().await);
        values
    });
    thread.join();
    assert_eq!(values, Vec::from_iter(0..10));
}

/// And closes the other channel, or does not ("pipe").
fn pipe_passes_everything_on() {
    let out = Chan::new();
    from_range(1..6).flow().into_chan(&out);
    assert_eq!(all(&out), [1, 2, 3, 4, 5]);
    let out = Chan::new();
    from_range(1..3).flow().keep_open().into_chan(&out);
    assert_eq!((out.get_blocking(), out.get_blocking()), (Some(1), Some(2)));
    producer::<Threads, _>(&out, [3]);
    assert_eq!(out.get_blocking(), Some(3));
}

/// It takes no more when the other channel is closed; who puts learns of it (what `pipe` says of itself).
fn pipe_ends_when_nobody_wants_more() {
    let ((tx, rx), out) = (Chan::new().split(), Chan::new());
    rx.flow().into_chan(&out);
    tx.put_blocking(1).unwrap();
    assert_eq!(out.get_blocking(), Some(1));
    out.close();
    run(tx.chan().closed());
    assert!(tx.put_blocking(2).is_err());
}

/// Those for which it holds, and the others: two topics ("split").
fn split_by_a_predicate() {
    let source = Chan::new();
    let split = source.publish(|n| n % 2 == 0);
    let (even, odd) = (split.sub_with(true, 5), split.sub_with(false, 5));
    from_range(1..7).flow().into_chan(&source);
    assert_eq!(all(&even), [2, 4, 6]);
    assert_eq!(all(&odd), [1, 3, 5]);
}

/// One value of each ("map"). It goes on until the last has ended, where core.async stops with the first; without
/// channels it is refused, where there it ends at once.
fn map_over_several_channels() {
    let sums = |chans: [Chan<u32>; 4]| {
        let lists = zip_chans(chans);
        all(&lists.map(|list| list.into_iter().flatten().sum::<u32>()).chan())
    };
    assert_eq!(sums([(); 4].map(|()| from_range(0..4))), [0, 4, 8, 12]);
    assert_eq!(sums([4, 3, 2, 1].map(|n| from_range(0..n))), [0, 3, 4, 3]);
    let both = zip_chans([from_range(0..4), from_range(0..2)])
        .take_while(|list| list.iter().all(Option::is_some))
        .chan();
    assert_eq!(all(&both).len(), 2);
    assert!(!panics(|| zip_chans(Vec::<Chan<u32>>::new())).is_empty());
}

/// In any order, but each input in its own ("merge").
fn merge_gives_what_all_have() {
    let c = merge([(); 4].map(|()| from_range(0..4))).chan();
    let mut counts = HashMap::new();
    all(&c).into_iter().for_each(|n| *counts.entry(n).or_insert(0) += 1);
    assert_eq!(counts, HashMap::from([0, 1, 2, 3].map(|n| (n, 4))));
}

/// Not with its first (`multiplex-test` of `lab_test.clj`).
fn merge_ends_with_its_last_input() {
    let (short, long) = (Chan::new(), Chan::new());
    let c = merge([&short, &long]).chan();
    let threads = [(&short, 10), (&long, 1000)].map(|(chan, n)| {
        let chan = chan.clone();
        thread::spawn(move || {
            (0..n).for_each(|value| chan.put_blocking(value).unwrap());
            chan.close()
        })
    });
    assert_eq!(all(&c).len(), 1010);
    assert_eq!(threads.map(|thread| thread.join().unwrap()), [true; 2]);
    assert_eq!(merge([&short, &long]).chan().get_blocking(), None);
}

/// Nothing there is bounded by the number of callbacks ("mix", ASYNC-145; there inputs come and go, here they are given
/// at the start).
fn merge_of_very_many() {
    const N: usize = 2048;
    let chans: Vec<_> = (0..N).map(|_| Chan::new()).collect();
    for (n, c) in chans.iter().enumerate() {
        c.put_with(n, drop).unwrap();
    }
    let mut values = run(merge(&chans).take(N).collect());
    values.sort();
    assert_eq!(values, Vec::from_iter(0..N));
}

/// A value may come again later ("unique").
fn distinct_drops_what_was_there_just_now() {
    let c = from_iter([1, 1, 2, 2, 3, 3, 3, 3, 4, 1]).distinct().chan();
    assert_eq!(all(&c), [1, 2, 3, 4, 1]);
}

/// With what is left over at the end ("partition", "partition-by").
fn group_by_number_and_by_key() {
    assert_eq!(all(&from_iter([1, 2, 2, 3]).group(2).chan()), [[1, 2], [2, 3]]);
    assert_eq!(all(&from_iter([1, 2, 3]).group(2).chan()), [vec![1, 2], vec![3]]);
    let groups = from_iter(["a", "b", "1", "2", "3", "c"])
        .group_by(|text| text.parse::<u32>().is_err())
        .map(|(_, group)| group)
        .chan();
    assert_eq!(all(&groups), [vec!["a", "b"], vec!["1", "2", "3"], vec!["c"]]);
}

/// Also of nothing. A reduction ends early by `take_while` before it ("reduce").
fn reduce_to_one_value() {
    let sum = |c: Chan<u32>| all(&c.reduce_from(0, |sum, n| sum + n).chan());
    assert_eq!(sum(from_iter([])), [0]);
    assert_eq!(sum(from_range(0..10)), [45]);
    assert_eq!(sum(from_range(0..).take_while(|n| *n < 3).chan()), [3]);
}

/// In one flow, into whatever is wanted (`test-transduce`).
fn transduce_is_an_operator_and_reduce() {
    let append = |mut list: Vec<u32>, n| {
        list.push(n);
        list
    };
    let c = from_range(0..5).map(|n| n + 1).reduce_from(Vec::new(), append).chan();
    assert_eq!(all(&c), [[1, 2, 3, 4, 5]]);
}

/// No more is read than is given out ("take", of which "mix" makes use).
fn take_leaves_the_rest() {
    let source = from_range(0..);
    assert_eq!(all(&source.take(3).chan()), [0, 1, 2]);
    assert_eq!(all(&source.take(0).chan()), []);
    assert_eq!(source.get_blocking(), Some(3));
}

/// Several gets wait for the parts of one value, whatever the buffer; those for which there is none learn of the end
/// (`expanding-transducer-delivers-to-multiple-pending`).
fn an_expanding_operator_serves_all_that_wait() {
    for buffer in 1..10 {
        for getters in 1..12 {
            let (out, got) = (Chan::fixed(buffer), Chan::unbounded());
            for _ in 0..getters {
                let got = got.clone();
                out.get_with(move |value| got.try_put(value).unwrap()).unwrap();
            }
            from_range(0..3).flat_map(|n| [n; 3]).into_chan(&out);
            let values = Vec::from_iter((0..getters).map(|_| got.get_blocking().unwrap()));
            let parts = (0..9).map(|n| Some(n / 3)).chain([None; 2]);
            assert_eq!(values, Vec::from_iter(parts.take(getters)));
            assert_eq!(got.try_get(), Err(TryGetError::Empty));
        }
    }
}
