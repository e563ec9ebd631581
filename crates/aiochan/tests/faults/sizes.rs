//! Sizes beyond all memory: lazily taken, so they just work.

use std::collections::VecDeque;

use aiochan::{Buf, Chan, from_range, run};

use crate::in_own_process;
use crate::support::drain;
use crate::task::panics;

const MANY: u32 = 5000;

/// Rule 8, of channels: memory is taken as values come in.
#[test]
fn buffers_without_end() {
    for c in [
        Chan::fixed(usize::MAX),
        Chan::fixed(usize::MAX - 1),
        Chan::dropping(usize::MAX),
        Chan::sliding(usize::MAX),
        Chan::builder().buffer(Buf::sliding(isize::MAX as usize)).max_pending(usize::MAX).build(),
    ] {
        assert!(c.is_empty() && c.capacity().is_none_or(|capacity| capacity > 1 << 32));
        c.put_many_blocking(&mut (0..MANY).collect()).unwrap();
        let mut out = Vec::new();
        assert_eq!(c.get_many_blocking(&mut out, usize::MAX), MANY as usize);
        assert!(out.into_iter().eq(0..MANY));
        assert_eq!(c.stats().evicted, 0);
    }
}

/// Rule 8: of as many callbacks as there may be.
#[test]
fn a_limit_of_callbacks_without_end() {
    let c = Chan::builder().max_pending(usize::MAX).build();
    c.add(0..MANY).unwrap();
    assert_eq!(c.stats().parked_puts, MANY as usize);
    c.close();
    assert!(c.iter().eq(0..MANY));
}

/// Rule 3: many more than there is room for.
#[test]
fn many_values_at_once() {
    let c = Chan::fixed(7);
    let (values, out) = ((0..100_000).collect::<VecDeque<u32>>(), c.clone());
    let putter = std::thread::spawn(move || {
        let mut values = values;
        out.put_many_blocking(&mut values).unwrap();
        out.close();
        values.len()
    });
    let mut got = Vec::new();
    while c.get_many_blocking(&mut got, usize::MAX) > 0 {}
    assert!(got.into_iter().eq(0..100_000));
    assert_eq!(putter.join().unwrap(), 0);
}

/// Rule 8: of operators and pipes that count.
#[test]
fn counts_without_end() {
    let source = || from_range(0..MANY);
    assert!(drain(&source().take(usize::MAX).chan()).into_iter().eq(0..MANY));
    assert!(drain(&source().drop(usize::MAX).chan()).is_empty());
    assert_eq!(run(source().take(usize::MAX).collect()).len(), MANY as usize);
    assert!(drain(&source().map(|n| n).chan_with(usize::MAX)).into_iter().eq(0..MANY));
    let pipe = source().async_pipe(2, async |n| n).ahead(usize::MAX).chan_with(usize::MAX);
    assert!(drain(&pipe).into_iter().eq(0..MANY));
    let pipe = source().async_pipe_unordered(2, async |n| n).ahead(usize::MAX).chan();
    assert_eq!(drain(&pipe).len(), MANY as usize);
    for n in [1, 2] {
        let pipe = source().parallel_pipe(n, |n| n).ahead(usize::MAX).chan_with(usize::MAX);
        assert!(drain(&pipe).into_iter().eq(0..MANY));
        let pipe = source().parallel_pipe_unordered(n, |n| n).ahead(usize::MAX).chan();
        assert_eq!(drain(&pipe).len(), MANY as usize);
    }
}

/// Rule 8: of nothing at a time, at the call.
#[test]
fn groups_of_nothing_are_refused() {
    let c = from_range(0..3);
    assert!(panics(|| c.group(0)).contains("give group at least 1"));
    assert_eq!(c.try_get(), Ok(0));
}

/// Of values of four bytes or more, so many fit into no memory, but into a number of bytes.
const ABSURD: usize = isize::MAX as usize / 256;

/// Rule 8: a group that is never complete.
#[test]
fn groups_without_end() {
    in_own_process("sizes::groups_without_end", || {
        for n in [ABSURD, usize::MAX] {
            assert_eq!(drain(&from_range(0..3_u32).group(n).chan()), [[0, 1, 2]]);
        }
    });
}

/// Rule 8: as many futures as there are values.
#[test]
fn futures_without_end() {
    in_own_process("sizes::futures_without_end", || {
        for n in [ABSURD, usize::MAX] {
            let ordered = from_range(0..9).async_pipe(n, async |n| n).chan();
            assert!(drain(&ordered).into_iter().eq(0..9));
            let mut unordered =
                drain(&from_range(0..9).async_pipe_unordered(n, async |n| n).chan());
            unordered.sort_unstable();
            assert!(unordered.into_iter().eq(0..9));
        }
    });
}

/// Rule 8: a panic at the call that says how many there can be.
#[test]
fn threads_without_end() {
    in_own_process("sizes::threads_without_end", || {
        for n in [65_537, ABSURD, usize::MAX] {
            let ordered = panics(|| drop(from_range(0..9).parallel_pipe(n, |n| n)));
            let unordered = panics(|| drop(from_range(0..9).parallel_pipe_unordered(n, |n| n)));
            for message in [ordered, unordered] {
                assert!(message.contains("threads are too many"), "{message}");
            }
        }
    });
}
