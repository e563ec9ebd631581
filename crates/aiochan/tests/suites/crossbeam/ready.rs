//! crossbeam-channel's tests of readiness (The Crossbeam Project Developers, MIT or Apache-2.0), rewritten from
//! what they check.
//!
//! There, a select may tell which arm is ready and leave the rest to a try. Here there is no such operation:
//! what is ready is done in the same step, by `try_now` without waiting. So these are the cases about what is
//! ready now; those about waiting for it are in `select.rs`, under the same names.

use aiochan::{Chan, Outcome, Select, TryGetError, Unselected};

use super::common::FILL;
use super::{assert_fair, assert_nobody_waits, gets, got, halves, put, refused};

suite! {
    own: [
        smoke1,
        smoke2,
        disconnected,
        default,
        default_when_disconnected,
        default_only,
        both_ready,
        cloning1,
        preflight1,
        preflight2,
        preflight3,
        duplicate_operations,
        nesting,
        send_recv_same_channel,
        fairness1,
        fairness2,
        unready_leaves_no_trace,
    ]
}

/// Of two, the one that has something is ready, wherever it stands.
fn smoke1() {
    let ((tx1, rx1), (tx2, rx2)) = (halves(None), halves(None));
    tx1.put_blocking(1).unwrap();
    assert_eq!(gets([rx1.chan(), rx2.chan()]).try_now(), Ok(got(0, 1)));
    tx2.put_blocking(2).unwrap();
    assert_eq!(gets([rx1.chan(), rx2.chan()]).try_now(), Ok(got(1, 2)));
    assert_eq!((rx1.try_get(), rx2.try_get()), (Err(TryGetError::Empty), Err(TryGetError::Empty)));
}

/// The last of five.
fn smoke2() {
    let halves = [(); 5].map(|()| halves(None));
    halves[4].0.put_blocking(5).unwrap();
    assert_eq!(gets(halves.iter().map(|(_, rx)| rx.chan())).try_now(), Ok(got(4, 5)));
}

/// A channel without senders is ready, and stays so; what it had comes first.
fn disconnected() {
    let ((tx1, rx1), (tx2, rx2)) = (halves::<i32>(None), halves(None));
    drop(tx1);
    for _ in 0..2 {
        assert_eq!(gets([rx1.chan(), rx2.chan()]).try_now(), Ok(got(0, None)));
    }
    tx2.put_blocking(5).unwrap();
    drop(tx2);
    assert_eq!(gets([rx2.chan()]).try_now(), Ok(got(0, 5)));
    assert_eq!(gets([rx2.chan()]).try_now(), Ok(got(0, None)));
}

/// Nothing is ready while all are open and empty, and as long as there is no arm.
fn default() {
    let ((tx1, rx1), (tx2, rx2)) = (halves(None), halves(None));
    assert_eq!(gets([rx1.chan(), rx2.chan()]).try_now(), Err(Unselected(vec![])));
    drop(tx1);
    assert_eq!(gets([rx1.chan(), rx2.chan()]).try_now(), Ok(got(0, None)));
    tx2.put_blocking(2).unwrap();
    assert_eq!(gets([rx2.chan()]).try_now(), Ok(got(0, 2)));
    assert_eq!(gets([rx2.chan()]).try_now(), Err(Unselected(vec![])));
}

/// An arm whose other side has gone is ready, for gets and for puts.
fn default_when_disconnected() {
    let (_, rx) = halves::<i32>(None);
    assert_eq!(gets([rx.chan()]).try_now(), Ok(got(0, None)));
    let (tx, _) = halves(Some(0));
    assert_eq!(Select::new().put(tx.chan(), 1).try_now(), Ok(refused(0, 1)));
}

/// Without arms nothing is ready.
fn default_only() {
    assert_eq!(Select::<i32>::new().try_now(), Err(Unselected(vec![])));
}

/// A get whose put waits and a put whose get waits are both ready: each is done once.
fn both_ready() {
    let ((tx1, rx1), (tx2, rx2)) = (halves(Some(0)), halves(Some(0)));
    tx1.chan().add([1]).unwrap();
    rx2.chan().get_with(|value| assert_eq!(value, Some(2))).unwrap();
    let select = || Select::new().get(rx1.chan()).put(tx2.chan(), 2).try_now();
    let mut indices = [select().unwrap().index, select().unwrap().index];
    indices.sort_unstable();
    assert_eq!(indices, [0, 1]);
    assert_eq!(select(), Err(Unselected(vec![(1, 2)])));
}

/// A clone that goes makes nothing ready; its sibling's value does.
fn cloning1() {
    let ((tx1, rx1), (_tx2, rx2)) = (halves(None), halves(None));
    drop(tx1.clone());
    assert_eq!(gets([rx1.chan(), rx2.chan()]).try_now(), Err(Unselected(vec![])));
    tx1.put_blocking(1).unwrap();
    assert_eq!(gets([rx1.chan(), rx2.chan()]).try_now(), Ok(got(0, 1)));
}

/// What is there before the select is ready.
fn preflight1() {
    let (tx, rx) = halves(None);
    tx.put_blocking(()).unwrap();
    assert_eq!(gets([rx.chan()]).try_now(), Ok(got(0, ())));
}

/// So it is when all senders have gone since.
fn preflight2() {
    let (tx, rx) = halves(None);
    drop(tx.clone());
    tx.put_blocking(()).unwrap();
    drop(tx);
    assert_eq!(gets([rx.chan()]).try_now(), Ok(got(0, ())));
    assert_eq!(rx.try_get(), Err(TryGetError::Closed));
}

/// And when it has been got, the end is.
fn preflight3() {
    let (tx, rx) = halves(None);
    tx.put_blocking(()).unwrap();
    drop(tx);
    rx.get_blocking().unwrap();
    assert_eq!(gets([rx.chan()]).try_now(), Ok(got(0, None)));
}

/// Two gets and two puts on one channel: each of the four is chosen at some time.
fn duplicate_operations() {
    let (tx, rx) = halves(None);
    let mut hits = [0; 4];
    for _ in 0..1_000 {
        let select =
            Select::new().get(rx.chan()).get(rx.chan()).put(tx.chan(), 0).put(tx.chan(), 0);
        hits[select.try_now().unwrap().index] += 1;
    }
    assert!(hits.iter().all(|&hit| hit > 0), "{hits:?}");
    assert_eq!(rx.chan().len(), hits[2] + hits[3] - hits[0] - hits[1]);
}

/// Each step makes the next ready.
fn nesting() {
    let (tx, rx) = halves(None);
    for n in 0..2 {
        assert_eq!(Select::new().put(tx.chan(), n).try_now(), Ok(put(0, [])));
        assert_eq!(gets([rx.chan()]).try_now(), Ok(got(0, n)));
    }
}

/// A select does not make itself ready; with a buffer in between its put is, and its get is not.
fn send_recv_same_channel() {
    let (tx, rx) = halves(Some(0));
    let select = Select::new().put(tx.chan(), 1).get(rx.chan());
    assert_eq!(select.try_now(), Err(Unselected(vec![(0, 1)])));
    let (tx, rx) = halves(None);
    let select = Select::new().put(tx.chan(), 1).get(rx.chan());
    assert_eq!(select.try_now(), Ok(put(0, [])));
}

/// Whatever makes arms ready (a buffer, an endless iterator, the end), none starves.
fn fairness1() {
    let ((tx1, rx1), (tx2, rx2)) = (halves(Some(FILL)), halves(None));
    (0..FILL).for_each(|_| [&tx1, &tx2].iter().for_each(|tx| tx.put_blocking(()).unwrap()));
    let (endless, closed) = (Chan::from_iter(std::iter::repeat(())), Chan::new());
    closed.close();
    let mut hits = [0; 4];
    for _ in 0..FILL {
        let select = gets([rx1.chan(), rx2.chan(), &endless, &closed]);
        hits[select.try_now().unwrap().index] += 1;
    }
    assert_fair(&hits);
}

/// Nor with a put that waits without a buffer, or before a full one. Puts among gets that wait: the same.
fn fairness2() {
    let chans = [&Chan::unbounded(), &Chan::fixed(1), &Chan::new()];
    let mut hits = [0; 3];
    for chan in chans {
        chan.add([()]).unwrap();
    }
    for _ in 0..FILL {
        let won = gets(chans).try_now().unwrap();
        assert_eq!(won.outcome, Outcome::Got(Some(())));
        chans[won.index].add([()]).unwrap();
        hits[won.index] += 1;
    }
    assert_fair(&hits);

    let mut hits = [0; 3];
    for chan in chans {
        chan.get_blocking().unwrap();
        chan.get_with(drop).unwrap();
    }
    for _ in 0..FILL {
        let won = chans.into_iter().fold(Select::new(), |select, c| select.put(c, ()));
        let index = won.try_now().unwrap().index;
        chans[index].get_with(drop).unwrap();
        hits[index] += 1;
    }
    assert_fair(&hits);
}

/// Looking whether something is ready is seen by nobody.
fn unready_leaves_no_trace() {
    let (tx, rx) = halves(Some(0));
    let before = rx.stats();
    assert_eq!(gets([rx.chan()]).try_now(), Err(Unselected(vec![])));
    assert_eq!(Select::new().put(tx.chan(), ()).try_now(), Err(Unselected(vec![(0, ())])));
    assert_eq!(rx.stats(), before);
    assert_nobody_waits(rx.chan());
}
