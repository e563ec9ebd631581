//! Go's tests (The Go Authors, BSD-3-Clause) of selects that meet each other, many times over.

use std::sync::{Barrier, Mutex};
use std::thread;

use aiochan::{Buffer, Chan, Outcome, Select, select};

use crate::common::{Worker, Working, all, consumer, producer};
use crate::driver::assert_idle;

cases! {
    alone: [
        a_default_beside_others_loses_nothing,
    ]
    workers: [
        selects_that_lose_leave_nothing_behind,
        a_value_is_put_by_one_arm_only,
        selects_on_one_channel_meet_each_other,
        selects_and_plain_operations_pass_every_value,
    ]
}

/// However many selects an arm has lost in, its channel is as it was (`select2`, which measures memory).
fn selects_that_lose_leave_nothing_behind<W: Worker>() {
    const N: usize = 10_000;
    let (c, never) = (Chan::new(), Chan::new());
    let puts = producer::<W, _>(&c, 0..N);
    let (own, other) = (c.clone(), never.clone());
    let gets = W::start(async move {
        for n in 0..N {
            let won = W::select(Select::new().get(&own).get(&other)).await;
            assert_eq!((won.index, won.outcome), (0, Outcome::Got(Some(n))));
        }
    });
    gets.join();
    puts.join();
    assert_eq!(never.stats(), Chan::<usize>::new().stats());
    assert_idle(&c);
}

/// Each value is offered to four channels at once and arrives by one (`doubleselect`).
fn a_value_is_put_by_one_arm_only<W: Worker>() {
    const N: usize = 5_000;
    let (chans, merged) = ([(); 4].map(|()| Chan::new()), Chan::new());
    let outs = chans.clone();
    let sender = W::start(async move {
        for n in 0..N {
            let arms = outs.iter().fold(Select::new(), |select, out| select.put(out, n));
            let won = W::select(arms).await;
            assert_eq!((won.outcome, won.unsent.len()), (Outcome::Put(Ok(())), 3));
        }
        outs.iter().for_each(|out| assert!(out.close()));
    });
    let muxes = chans.map(|c| {
        let merged = merged.clone();
        W::start(async move {
            while let Some(n) = W::get(&c).await {
                W::put(&merged, n).await.unwrap();
            }
        })
    });
    let end = merged.clone();
    let values = thread::spawn(move || all(&merged));
    sender.join();
    muxes.into_iter().for_each(Working::join);
    end.close();
    let mut values = values.join().unwrap();
    values.sort();
    assert_eq!(values, Vec::from_iter(0..N));
}

/// Two workers with a put and a get of the same channel in each select: they meet each other, never themselves, and
/// nothing hangs, with a buffer in between too (`TestSelfSelect`).
fn selects_on_one_channel_meet_each_other<W: Worker>() {
    const N: usize = 1000;
    for capacity in [0, 10] {
        let c = Chan::fixed(capacity);
        let workers = [0, 1].map(|me| {
            let c = c.clone();
            W::start(async move {
                for n in 0..N {
                    let select = match (me, n % 2) {
                        (1, 1) => Select::new().get(&c).put(&c, me),
                        _ => Select::new().put(&c, me).get(&c),
                    };
                    match W::select(select).await.outcome {
                        Outcome::Put(result) => result.unwrap(),
                        Outcome::Got(from) => assert!(capacity > 0 || from == Some(1 - me)),
                    }
                }
            })
        });
        workers.into_iter().for_each(Working::join);
        assert_eq!((c.stats().parked_puts, c.stats().parked_gets), (0, 0));
    }
}

/// On each of four channels a plain put and get and, over all four, a select that puts and one that gets
/// (`TestSelectStress`).
fn selects_and_plain_operations_pass_every_value<W: Worker>() {
    const N: usize = 1000;
    let chans = [0, 0, 2, 3].map(Chan::fixed);
    let puts = chans.each_ref().map(|c| producer::<W, _>(c, 0..N));
    let gets = chans.each_ref().map(|c| consumer::<W, _>(c, N));
    let selects = [true, false].map(|puts| {
        let chans = chans.clone();
        W::start(async move {
            let mut left = [N; 4];
            loop {
                let open = Vec::from_iter((0..4).filter(|n| left[*n] > 0));
                if open.is_empty() {
                    break;
                }
                let arms = open.iter().fold(Select::new(), |select, n| match puts {
                    true => select.put(&chans[*n], N),
                    false => select.get(&chans[*n]),
                });
                left[open[W::select(arms).await.index]] -= 1;
            }
        })
    });
    selects.into_iter().chain(puts).for_each(Working::join);
    gets.into_iter().for_each(|gets| assert_eq!(gets.join().len(), N));
    for c in &chans {
        assert_eq!(c.stats().delivered(), 2 * N as u64);
        assert_idle(c);
    }
}

/// One channel becomes ready before the other ceases to be, beside a select with a default: whatever that sees, every
/// value is somewhere, once (`TestNonblockSelectRace`, `TestNonblockSelectRace2`; for what else they ask see below).
fn a_default_beside_others_loses_nothing() {
    for n in 0..1000 {
        let (a, b, start) = (Chan::fixed(1), Chan::fixed(1), Barrier::new(2));
        a.try_put(1).unwrap();
        let (values, got) = thread::scope(|scope| {
            let other = scope.spawn(|| {
                start.wait();
                select! { value = a.get() => value, value = b.get() => value, default => None }
            });
            start.wait();
            let values = if n % 2 == 0 {
                b.try_put(1).unwrap();
                2
            } else {
                b.close();
                1
            };
            let taken = select! { value = a.get() => value, default => None };
            (values, [taken, other.join().unwrap()])
        });
        let left = [&a, &b].map(|c| c.try_get().ok());
        assert_eq!(got.into_iter().chain(left).flatten().count(), values);
    }
}

/// Of two channels one is ready at any moment, so the default is not for this select: Go locks all channels of a select
/// at once (`TestNonblockSelectRace`).
#[test]
fn a_default_is_for_one_moment_at_which_nothing_is_ready() {
    let (a, b) = (Chan::fixed(1), Chan::fixed(1));
    a.try_put(1).unwrap();
    let (own_a, own_b) = (a.clone(), b.clone());
    let between = Chan::<u32>::with_buffer(Between::new(move || {
        own_b.try_put(2).unwrap();
        own_a.try_get().unwrap();
    }));
    let value = select! {
        biased;
        value = b.get() => value,
        value = between.get() => value,
        value = a.get() => value,
        default => None,
    };
    assert!(value.is_some(), "`a` was ready until `b` was");
}

/// An empty buffer that does something, once, when a select looks at it: between the arms before and behind it. No
/// buffer should, but no other code runs there.
struct Between(Mutex<Option<Box<dyn FnOnce() + Send>>>);

impl Between {
    fn new(deed: impl FnOnce() + Send + 'static) -> Self {
        Self(Mutex::new(Some(Box::new(deed))))
    }
}

impl<T> Buffer<T> for Between {
    fn can_add(&self) -> bool {
        false
    }

    fn add(&mut self, value: T) -> Option<T> {
        Some(value)
    }

    fn can_take(&self) -> bool {
        if let Some(deed) = self.0.lock().unwrap().take() {
            deed();
        }
        false
    }

    fn take(&mut self) -> T {
        unreachable!("there is nothing")
    }

    fn len(&self) -> usize {
        0
    }
}
