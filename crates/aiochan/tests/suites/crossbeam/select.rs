//! crossbeam-channel's tests of its dynamic select (The Crossbeam Project Developers, MIT or Apache-2.0),
//! rewritten from what they check.

use std::iter;
use std::panic::catch_unwind;
use std::sync::Mutex;
use std::thread;
use std::time::Instant;

use aiochan::{Outcome, Select, Selected, Unselected};

use super::common::Link;
use super::{
    HOUR, SHORT, TINY, Tally, assert_nobody_waits, assert_pairs, gets, got, halves, offer, put,
    refused, run_while,
};

suite! {
    own: [
        smoke1,
        smoke2,
        disconnected,
        default,
        timeout,
        default_when_disconnected,
        default_only,
        unblocks,
        both_ready,
        loop_try,
        cloning,
        preflight,
        stress_recv,
        stress_send,
        stress_mixed,
        stress_timeout_two_threads,
        send_recv_same_channel,
        matching,
        matching_with_leftover,
        channel_through_channel,
        send_and_clone,
        issue_1096,
        uncompleted_select,
    ]
}

/// What has something is ready, wherever it stands.
fn smoke1() {
    let ((tx1, rx1), (tx2, rx2)) = (halves(None), halves(None));
    tx1.put_blocking(1).unwrap();
    assert_eq!(gets([rx1.chan(), rx2.chan()]).blocking(), got(0, 1));
    tx2.put_blocking(2).unwrap();
    assert_eq!(gets([rx1.chan(), rx2.chan()]).blocking(), got(1, 2));
}

/// The last of five.
fn smoke2() {
    let halves = [(); 5].map(|()| halves(None));
    halves[4].0.put_blocking(5).unwrap();
    assert_eq!(gets(halves.iter().map(|(_, rx)| rx.chan())).blocking(), got(4, 5));
}

/// An arm without senders is ready: those that go while it waits, those that have gone, and those of all arms.
fn disconnected() {
    let ((tx1, rx1), (tx2, rx2)) = (halves::<i32>(None), halves(None));
    let chans = [rx1.chan(), rx2.chan()];
    assert_eq!(run_while(gets(chans), &chans, || drop(tx1)), Ok(got(0, None)));
    assert_eq!(gets(chans).blocking_timeout(HOUR), Ok(got(0, None)));
    tx2.put_blocking(5).unwrap();
    assert_eq!(rx2.get_blocking(), Some(5));
    let chans = [rx2.chan()];
    assert_eq!(run_while(gets(chans), &chans, || drop(tx2)), Ok(got(0, None)));
}

/// Nothing happens when nothing can; what can does.
fn default() {
    let ((tx1, rx1), (tx2, rx2)) = (halves(None), halves(None));
    let chans = [rx1.chan(), rx2.chan()];
    assert_eq!(gets(chans).try_now(), Err(Unselected(vec![])));
    drop(tx1);
    assert_eq!(gets(chans).try_now(), Ok(got(0, None)));
    tx2.put_blocking(2).unwrap();
    assert_eq!(gets([rx2.chan()]).try_now(), Ok(got(0, 2)));
    assert_eq!(gets([rx2.chan()]).try_now(), Err(Unselected(vec![])));
}

/// It waits as long as it was told, and gives up without a trace; what comes in time ends the wait.
fn timeout() {
    let ((_tx1, rx1), (tx2, rx2)) = (halves(None), halves(None));
    let chans = [rx1.chan(), rx2.chan()];
    let start = Instant::now();
    assert_eq!(gets(chans).blocking_timeout(SHORT), Err(Unselected(vec![])));
    assert!(start.elapsed() >= SHORT);
    chans.into_iter().for_each(assert_nobody_waits);
    let put = || tx2.put_blocking(2).unwrap();
    assert_eq!(run_while(gets(chans), &chans, put), Ok(got(1, 2)));
    let full = halves(Some(0));
    let select = Select::new().put(full.0.chan(), 3).blocking_timeout(SHORT);
    assert_eq!(select, Err(Unselected(vec![(0, 3)])));
}

/// What can never go on does not wait.
fn default_when_disconnected() {
    let (_, rx) = halves::<i32>(None);
    assert_eq!(gets([rx.chan()]).try_now(), Ok(got(0, None)));
    assert_eq!(gets([rx.chan()]).blocking_timeout(HOUR), Ok(got(0, None)));
    let (tx, _) = halves(Some(0));
    let select = || Select::new().put(tx.chan(), 1);
    assert_eq!(select().try_now(), Ok(refused(0, 1)));
    assert_eq!(select().blocking_timeout(HOUR), Ok(refused(0, 1)));
}

/// There: without arms a select waits out its time, or for ever. Here it may be tried, but waiting is refused.
fn default_only() {
    assert_eq!(Select::<i32>::new().try_now(), Err(Unselected(vec![])));
    assert!(catch_unwind(|| Select::<i32>::new().blocking_timeout(SHORT)).is_err());
    assert!(catch_unwind(|| Select::<i32>::new().blocking()).is_err());
}

/// A select that waits is ended by the other side of any of its arms.
fn unblocks() {
    let ((tx1, rx1), (tx2, rx2)) = (halves(Some(0)), halves(Some(0)));
    let chans = [rx1.chan(), rx2.chan()];
    let act = || tx2.put_blocking(2).unwrap();
    assert_eq!(run_while(gets(chans), &chans, act), Ok(got(1, 2)));
    let puts = Select::new().put(tx1.chan(), 1).put(tx2.chan(), 2);
    let act = || assert_eq!(rx1.get_blocking(), Some(1));
    assert_eq!(run_while(puts, &chans, act), Ok(put(0, [(1, 2)])));
    chans.into_iter().for_each(assert_nobody_waits);
}

/// Two selects in a row meet one thread that puts and then gets, in that order.
fn both_ready() {
    let ((tx1, rx1), (tx2, rx2)) = (halves(Some(0)), halves(Some(0)));
    thread::scope(|scope| {
        scope.spawn(|| {
            tx1.put_blocking(1).unwrap();
            assert_eq!(rx2.get_blocking(), Some(2));
        });
        let select = || Select::new().get(rx1.chan()).put(tx2.chan(), 2).blocking();
        let first = Selected { unsent: vec![(1, 2)], ..got(0, 1) };
        assert_eq!([select(), select()], [first, put(1, [])]);
    });
}

/// Two threads that only ever try meet one that waits: exactly one of them.
fn loop_try() {
    for _ in 0..20 {
        let ((tx1, rx1), (tx2, rx2)) = (halves(Some(0)), halves(Some(0)));
        let (end, ended) = halves::<i32>(Some(0));
        let tries = |attempt: &dyn Fn() -> bool| {
            loop {
                if attempt() {
                    return true;
                }
                if gets([ended.chan()]).try_now().is_ok() {
                    return false;
                }
                thread::yield_now();
            }
        };
        thread::scope(|scope| {
            let one = scope.spawn(|| tries(&|| Select::new().put(tx1.chan(), 1).try_now().is_ok()));
            let two = scope.spawn(|| tries(&|| rx2.try_get() == Ok(2)));
            let won = Select::new().get(rx1.chan()).put(tx2.chan(), 2).blocking();
            drop(end);
            let met = (one.join().unwrap(), two.join().unwrap());
            assert_eq!(met, (won.outcome == Outcome::Got(Some(1)), won.index == 1));
        });
    }
}

/// A clone that goes ends nothing, neither before the select nor while it waits.
fn cloning() {
    let ((tx1, rx1), (tx2, rx2)) = (halves(None), halves(None));
    let chans = [rx1.chan(), rx2.chan()];
    drop(tx2.clone());
    let act = || {
        drop(tx1.clone());
        assert_eq!(chans.map(|chan| chan.stats().parked_gets), [1, 1]);
        tx2.put_blocking(2).unwrap();
    };
    assert_eq!(run_while(gets(chans), &chans, act), Ok(got(1, 2)));
}

/// What is there before is got, also when its sender has gone since; then there is the end.
fn preflight() {
    let (tx, rx) = halves(None);
    drop(tx.clone());
    (0..2).for_each(|n| tx.put_blocking(n).unwrap());
    assert_eq!(gets([rx.chan()]).blocking(), got(0, 0));
    drop(tx);
    assert_eq!(gets([rx.chan()]).blocking(), got(0, 1));
    assert_eq!(gets([rx.chan()]).blocking(), got(0, None));
}

const COUNT: usize = 4_000;

/// Gets from two channels in turn, each paced by a third.
fn stress_recv() {
    let ((tx1, rx1), (tx2, rx2)) = (halves(None), halves(Some(5)));
    let (go, wait) = halves(Some(100));
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..COUNT {
                for tx in [&tx1, &tx2] {
                    tx.put_blocking(n).unwrap();
                    wait.get_blocking().unwrap();
                }
            }
        });
        for n in 0..COUNT {
            for index in 0..2 {
                assert_eq!(gets([rx1.chan(), rx2.chan()]).blocking(), got(index, n));
                go.put_blocking(()).unwrap();
            }
        }
    });
}

/// Puts into two channels, which are got from in turn.
fn stress_send() {
    let ((tx1, rx1), (tx2, rx2)) = (halves(Some(0)), halves(Some(0)));
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..COUNT {
                assert_eq!([&rx1, &rx2].map(|rx| rx.get_blocking()), [Some(n); 2]);
            }
        });
        for n in 0..COUNT {
            for index in 0..2 {
                let won = Select::new().put(tx1.chan(), n).put(tx2.chan(), n).blocking();
                assert_eq!(won, put(index, [(1 - index, n)]));
            }
        }
    });
}

/// A get and a put in turn.
fn stress_mixed() {
    let ((tx1, rx1), (tx2, rx2)) = (halves(Some(0)), halves(Some(0)));
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..COUNT {
                tx1.put_blocking(n).unwrap();
                assert_eq!(rx2.get_blocking(), Some(n));
            }
        });
        for n in 0..COUNT {
            let select = || Select::new().get(rx1.chan()).put(tx2.chan(), n).blocking();
            assert_eq!(select(), Selected { unsent: vec![(1, n)], ..got(0, n) });
            assert_eq!(select(), put(1, []));
        }
    });
}

/// Selects that give up and try again, on both sides: nothing is lost, doubled or out of order.
fn stress_timeout_two_threads() {
    let (tx, rx) = halves(Some(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..300 {
                let select = || Select::new().put(tx.chan(), n).blocking_timeout(TINY);
                let end = iter::repeat_with(select).find(Result::is_ok);
                assert_eq!(end, Some(Ok(put(0, []))));
            }
        });
        for n in 0..300 {
            let select = || gets([rx.chan()]).blocking_timeout(TINY);
            let end = iter::repeat_with(select).find(Result::is_ok);
            assert_eq!(end, Some(Ok(got(0, n))));
        }
    });
}

/// A select does not meet itself; with a buffer in between its put goes on, and its get does not.
fn send_recv_same_channel() {
    let (tx, rx) = halves(Some(0));
    let select = || Select::new().put(tx.chan(), 1).get(rx.chan());
    assert_eq!(select().blocking_timeout(SHORT), Err(Unselected(vec![(0, 1)])));
    assert_nobody_waits(rx.chan());
    let (tx, rx) = halves(None);
    let select = Select::new().put(tx.chan(), 1).get(rx.chan());
    assert_eq!(select.blocking_timeout(SHORT), Ok(put(0, [])));
}

/// How a select that gets, or puts its own number, went.
fn either(won: Selected<usize>) -> Option<usize> {
    match won.outcome {
        Outcome::Got(value) => value,
        Outcome::Put(result) => {
            result.unwrap();
            None
        }
    }
}

/// Many selects that get or put on one channel go off in pairs.
fn matching() {
    let (tx, rx) = halves(Some(0));
    let select = |n| either(Select::new().get(rx.chan()).put(tx.chan(), n).blocking());
    assert_pairs(44, &[], select, || {});
    assert_nobody_waits(rx.chan());
}

/// The odd one out is left to a plain put.
fn matching_with_leftover() {
    let (tx, rx) = halves(Some(0));
    let select = |n| either(Select::new().get(rx.chan()).put(tx.chan(), n).blocking());
    assert_pairs(55, &[usize::MAX], select, || tx.put_blocking(usize::MAX).unwrap());
    assert_nobody_waits(rx.chan());
}

/// Channels go through channels by selects of one arm.
fn channel_through_channel() {
    for capacity in [Some(0), Some(1), Some(2), None] {
        let (mut tx, mut rx) = halves(capacity);
        let puts = thread::spawn(move || {
            for _ in 0..300 {
                let (next, link) = halves(capacity);
                let won = Select::new().put(tx.chan(), Link(link)).blocking();
                assert!(matches!(won.outcome, Outcome::Put(Ok(()))));
                tx = next;
            }
        });
        let mut links = 0;
        while let Outcome::Got(Some(Link(next))) = gets([rx.chan()]).blocking().outcome {
            rx = next;
            links += 1;
        }
        assert_eq!(links, 300);
        puts.join().unwrap();
    }
}

/// A select may be made on one thread and run on another.
fn send_and_clone() {
    let (tx, rx) = halves(Some(0));
    let select = |n| Select::new().get(rx.chan()).put(tx.chan(), n);
    let selects: Vec<_> = (0..20).map(|n| Mutex::new(Some(select(n)))).collect();
    let run = |n: usize| either(selects[n].lock().unwrap().take().unwrap().blocking());
    assert_pairs(20, &[], run, || {});
    assert_nobody_waits(rx.chan());
}

/// Any handle of the channel will do for an arm.
fn issue_1096() {
    for capacity in [None, Some(2), Some(0)] {
        let (tx, rx) = halves(capacity);
        let sent = offer(tx.clone(), 123);
        assert_eq!(gets([rx.clone().chan()]).blocking(), got(0, 123));
        assert_eq!(sent.join().unwrap(), Ok(()));
        thread::scope(|scope| {
            let get = scope.spawn(|| rx.get_blocking());
            assert_eq!(Select::new().put(tx.clone().chan(), 124).blocking(), put(0, []));
            assert_eq!(get.join().unwrap(), Some(124));
        });
    }
}

/// There: a select that was decided must be completed, or the channel hangs. Here one that is not run has done
/// nothing, and there is nothing in between.
fn uncompleted_select() {
    for capacity in [None, Some(2), Some(0)] {
        let tally = Tally::of(3);
        let (tx, rx) = halves(capacity);
        drop(Select::new().get(rx.chan()).put(tx.chan(), tally.value(0)));
        assert_eq!(tally.drops(), [1, 0, 0]);
        let get = Select::new().get(rx.chan()).blocking_timeout(SHORT);
        assert!(get.is_err());
        tx.chan().add([tally.value(1)]).unwrap();
        assert_eq!(rx.chan().len() + rx.stats().parked_puts, 1);
        drop(Select::new().put(tx.chan(), tally.value(2)));
        drop((tx, rx));
        tally.assert_each_once();
    }
}
