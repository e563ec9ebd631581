//! Selects meet puts, gets, closes and each other.

use std::future::Future;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use aiochan::{Chan, TryPutError, select, select_blocking};
use aiochan_models::{explore, explore_crowd};
use loom::future::block_on;
use loom::thread;

/// What a select over `get` and `put` did.
#[derive(Debug, PartialEq)]
enum Did {
    Got(Option<u32>),
    Put,
    Refused(u32),
}

async fn get_or_put(get: Chan<u32>, put: Chan<u32>, value: u32) -> Did {
    select! {
        got = get.get() => Did::Got(got),
        result = put.put(value) => result.map_or_else(|error| Did::Refused(error.0), |()| Did::Put),
    }
}

/// Two selects that are each other's partner on both channels meet on exactly one, whichever of them is locked first:
/// that is the one at the lower address.
#[test]
fn two_selects_on_crossed_channels() {
    for mine_is_first in [true, false] {
        explore(move || {
            let (c, d) = (Chan::new(), Chan::new());
            let mut mine = Box::pin(get_or_put(c.clone(), d.clone(), 2));
            let mut other = Box::pin(get_or_put(d.clone(), c.clone(), 1));
            let is_first = &raw const *mine < &raw const *other;
            let mut offers = (2, 1);
            if is_first != mine_is_first {
                (mine, other) = (other, mine);
                offers = (1, 2);
            }
            let other = thread::spawn(move || block_on(other));
            match (block_on(mine), other.join().unwrap()) {
                (Did::Got(Some(got)), Did::Put) => assert_eq!(got, offers.1),
                (Did::Put, Did::Got(Some(got))) => assert_eq!(got, offers.0),
                both => panic!("{both:?}"),
            }
            for stats in [c.stats(), d.stats()] {
                assert_eq!((stats.parked_puts, stats.parked_gets), (0, 0));
            }
        });
    }
}

/// Each of two selects over the same two gets is given one of two values.
#[test]
fn two_selects_against_two_puts() {
    explore_crowd(|| {
        let (c, d) = (Chan::fixed(1), Chan::fixed(1));
        let selects = [false, true].map(|crossed| {
            let (c, d) = if crossed { (&d, &c) } else { (&c, &d) };
            let (c, d) = (c.clone(), d.clone());
            thread::spawn(move || {
                block_on(async {
                    select! { biased; v = c.get() => v, v = d.get() => v }
                })
            })
        });
        c.try_put(1).unwrap();
        d.try_put(2).unwrap();
        let [first, second] = selects.map(|select| select.join().unwrap().unwrap());
        assert_eq!((first + second, first == second), (3, false));
    });
}

/// Of two values offered to a select at once it takes one, and the other stays where it was.
#[test]
fn one_select_against_two_puts() {
    explore_crowd(|| {
        let (c, d) = (Chan::new(), Chan::new());
        let putters = [(&c, 1), (&d, 2)].map(|(chan, value)| {
            let chan = chan.clone();
            thread::spawn(move || block_on(chan.put(value)).unwrap())
        });
        let first = block_on(async {
            select! { v = c.get() => v, v = d.get() => v }
        });
        let second = if first == Some(1) { block_on(d.get()) } else { block_on(c.get()) };
        assert_eq!(first.unwrap() + second.unwrap(), 3);
        for putter in putters {
            putter.join().unwrap();
        }
        assert_eq!((c.stats().delivered(), d.stats().delivered()), (1, 1));
    });
}

/// A put arm that loses has no effect, and its value comes back.
#[test]
fn a_losing_put_arm() {
    explore(|| {
        let (c, d) = (Chan::new(), Chan::fixed(1));
        d.try_put(0).unwrap();
        let other = thread::spawn({
            let (c, d) = (c.clone(), d.clone());
            move || {
                block_on(c.put(1)).unwrap();
                [d.try_get(), d.try_get()]
            }
        });
        let did = block_on(get_or_put(c.clone(), d.clone(), 2));
        if did == Did::Put {
            assert_eq!(block_on(c.get()), Some(1));
        } else {
            assert_eq!(did, Did::Got(Some(1)));
        }
        let mut got = Vec::from(other.join().unwrap());
        got.push(d.try_get());
        let inside: Vec<_> = got.into_iter().flatten().collect();
        assert_eq!(inside, if did == Did::Put { vec![0, 2] } else { vec![0] });
    });
}

/// A select that waits is answered by the close of one of its channels.
#[test]
fn select_against_close() {
    explore(|| {
        let (c, d) = (Chan::new(), Chan::new());
        let closer = thread::spawn({
            let (c, d) = (c.clone(), d.clone());
            move || {
                c.close();
                d.close();
            }
        });
        match block_on(get_or_put(c, d, 2)) {
            Did::Got(None) | Did::Refused(2) => {}
            other => panic!("{other:?}"),
        }
        closer.join().unwrap();
    });
}

/// A select that is offered a value while another of its channels closes takes one of the two, and the value is not
/// lost.
#[test]
fn select_against_put_and_close() {
    explore_crowd(|| {
        let (c, d) = (Chan::new(), Chan::<u32>::new());
        let putter = thread::spawn({
            let c = c.clone();
            move || block_on(c.put(1)).unwrap()
        });
        let closer = thread::spawn({
            let d = d.clone();
            move || d.close()
        });
        if block_on(async {
            select! { v = c.get() => v, v = d.get() => v }
        })
        .is_none()
        {
            assert_eq!(block_on(c.get()), Some(1));
        }
        putter.join().unwrap();
        assert!(closer.join().unwrap());
    });
}

/// The two arms of one select on one channel never meet; another's get does.
#[test]
fn both_arms_on_one_channel() {
    explore(|| {
        let c = Chan::new();
        let getter = thread::spawn({
            let c = c.clone();
            move || block_on(c.get())
        });
        assert_eq!(block_on(get_or_put(c.clone(), c, 2)), Did::Put);
        assert_eq!(getter.join().unwrap(), Some(2));
    });
}

/// Offers a value when it is woken, for which there must be no taker.
struct Offers(Chan<u32>);

impl Wake for Offers {
    fn wake(self: Arc<Self>) {
        assert_eq!(self.0.try_put(3), Err(TryPutError::Full(3)));
    }
}

/// A select that meets another while it takes its places is committed as well: none of those that it has already takes
/// anything any more, as early as the other is woken.
#[test]
fn two_selects_against_a_put() {
    explore(|| {
        let (c, d, e) = (Chan::new(), Chan::new(), Chan::<u32>::new());
        let (own, waker) = ([d.clone(), e], Waker::from(Arc::new(Offers(c.clone()))));
        let other = thread::spawn(move || {
            let mut select = Box::pin(async move {
                select! { biased; v = own[0].get() => v, v = own[1].get() => v }
            });
            let polled = select.as_mut().poll(&mut Context::from_waker(&waker));
            if polled.is_ready() { polled } else { Poll::Ready(block_on(select)) }
        });
        block_on(async {
            select! { biased; got = c.get() => panic!("{got:?}"), put = d.put(2) => put.unwrap() }
        });
        assert_eq!(other.join().unwrap(), Poll::Ready(Some(2)));
    });
}

/// A select that must not wait meets one that does, or nobody.
#[test]
fn default_against_select() {
    explore(|| {
        let (c, d) = (Chan::new(), Chan::new());
        let other = thread::spawn({
            let (c, d) = (c.clone(), d.clone());
            move || block_on(get_or_put(d, c, 1))
        });
        let got = select_blocking! { v = c.get() => v, default => None };
        if got.is_none() {
            block_on(d.put(3)).unwrap();
        }
        let expected = if got.is_none() { Did::Got(Some(3)) } else { Did::Put };
        assert_eq!(other.join().unwrap(), expected);
    });
}
