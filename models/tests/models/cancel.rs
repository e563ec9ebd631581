//! A commit meets the drop of the operation that it commits.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use aiochan::{Chan, PutTimeoutError, select};
use aiochan_models::{Alarm, explore, explore_crowd, poll};
use futures_core::Stream;
use loom::future::block_on;
use loom::thread;

const AT_ONCE: Duration = Duration::from_nanos(1);

/// Gets with a first operation, which leaves after its first poll, or with a second.
fn get_of_two(c: &Chan<u32>) -> Option<u32> {
    let polled = poll(pin!(c.get()), &Alarm::new());
    if let Poll::Ready(got) = polled { got } else { block_on(c.get()) }
}

/// A getter that leaves, before or after it was given the value, leaves it to the next.
#[test]
fn commit_against_drop_of_the_getter() {
    for capacity in [0, 1] {
        explore(move || {
            let c = Chan::fixed(capacity);
            let putter = thread::spawn({
                let c = c.clone();
                move || block_on(c.put(7)).unwrap()
            });
            let got = get_of_two(&c);
            assert_eq!(got, Some(7));
            putter.join().unwrap();
            assert_eq!(c.stats().delivered(), 1);
        });
    }
}

/// The same of a stream, which keeps its place, and what it is handed there, until it goes.
#[test]
fn commit_against_drop_of_the_stream() {
    explore(|| {
        let c = Chan::new();
        let putter = thread::spawn({
            let c = c.clone();
            move || block_on(c.put(7)).unwrap()
        });
        let mut stream = c.stream();
        let polled = poll(pin!(poll_fn(|cx| Pin::new(&mut stream).poll_next(cx))), &Alarm::new());
        drop(stream);
        let got = match polled {
            Poll::Ready(got) => got,
            Poll::Pending => block_on(c.get()),
        };
        assert_eq!(got, Some(7));
        putter.join().unwrap();
    });
}

/// As above, where the next waits already: it is woken.
#[test]
fn commit_against_drop_of_the_getter_before_another() {
    explore_crowd(|| {
        let c = Chan::new();
        let mut get = Box::pin(c.get());
        assert!(poll(get.as_mut(), &Alarm::new()).is_pending());
        let getter = thread::spawn({
            let c = c.clone();
            move || block_on(c.get())
        });
        let putter = thread::spawn({
            let c = c.clone();
            move || block_on(c.put(7)).unwrap()
        });
        drop(get);
        assert_eq!(getter.join().unwrap(), Some(7));
        putter.join().unwrap();
    });
}

/// A putter that leaves has its value back, or it has been got.
#[test]
fn commit_against_drop_of_the_putter() {
    explore(|| {
        let c = Chan::new();
        let getter = thread::spawn({
            let c = c.clone();
            move || block_on(c.get())
        });
        let put = c.put_timeout(7, AT_ONCE);
        c.close();
        assert_eq!(getter.join().unwrap(), put.is_ok().then_some(7));
        assert!(put.is_ok() || put == Err(PutTimeoutError::Timeout(7)));
    });
}

/// The value of a parked put whose future is dropped goes with it, or has been got: one of the two.
#[test]
fn commit_against_a_dropped_put() {
    explore(|| {
        let c = Chan::new();
        let value = Arc::new(());
        let mut put = Box::pin({
            let (c, value) = (c.clone(), value.clone());
            async move { c.put(value).await }
        });
        assert!(poll(put.as_mut(), &Alarm::new()).is_pending());
        let getter = thread::spawn({
            let c = c.clone();
            move || c.try_get()
        });
        drop(put);
        let got = getter.join().unwrap();
        assert_eq!(Arc::strong_count(&value), if got.is_ok() { 2 } else { 1 });
        assert!(c.try_get().is_err());
    });
}

/// So with a select, whose put arm may be taken while it is dropped.
#[test]
fn commit_against_a_dropped_select_that_puts() {
    explore(|| {
        let (c, d) = (Chan::new(), Chan::<Arc<()>>::new());
        let value = Arc::new(());
        let mut choice = Box::pin({
            let (c, value) = (c.clone(), value.clone());
            async move {
                select! { _ = c.put({ value }) => (), _ = d.get() => () }
            }
        });
        assert!(poll(choice.as_mut(), &Alarm::new()).is_pending());
        let getter = thread::spawn({
            let c = c.clone();
            move || c.try_get()
        });
        drop(choice);
        let got = getter.join().unwrap();
        assert_eq!(Arc::strong_count(&value), if got.is_ok() { 2 } else { 1 });
    });
}

/// A parked put that is taken into the buffer while it leaves is inside, or back, and never both.
#[test]
fn refill_against_drop_of_the_putter() {
    explore(|| {
        let c = Chan::fixed(1);
        c.try_put(1).unwrap();
        let getter = thread::spawn({
            let c = c.clone();
            move || c.try_get()
        });
        let put = c.put_timeout(2, AT_ONCE);
        assert_eq!(getter.join().unwrap(), Ok(1));
        assert_eq!(c.try_get().ok(), put.is_ok().then_some(2));
    });
}

/// Two values that come back at once stand in the order in which they came, before what came later; and no parked
/// put is taken in before there is room again.
#[test]
fn give_backs_against_each_other() {
    explore(|| {
        let c = Chan::fixed(1);
        let [mut first, mut second] =
            [c.clone(), c.clone()].map(|c| Box::pin(async move { c.get().await }));
        assert!(poll(first.as_mut(), &Alarm::new()).is_pending());
        assert!(poll(second.as_mut(), &Alarm::new()).is_pending());
        (1..=3).for_each(|value| c.try_put(value).unwrap());
        let mut parked = pin!(c.put(4));
        assert!(poll(parked.as_mut(), &Alarm::new()).is_pending());
        let leaver = thread::spawn(move || drop(first));
        drop(second);
        leaver.join().unwrap();
        assert_eq!((c.len(), c.stats().parked_puts), (3, 1));
        let got: Vec<_> = std::iter::from_fn(|| c.try_get().ok()).collect();
        assert_eq!(got, [1, 2, 3, 4]);
        assert!(poll(parked, &Alarm::new()).is_ready());
    });
}

/// A value given back while the channel closes is still delivered.
#[test]
fn give_back_against_close() {
    explore(|| {
        let c = Chan::new();
        let putter = thread::spawn({
            let c = c.clone();
            move || {
                let put = c.try_put(7);
                c.close();
                put
            }
        });
        let got = get_of_two(&c);
        assert_eq!(got, putter.join().unwrap().is_ok().then_some(7));
        assert_eq!(block_on(c.get()), None);
    });
}

/// A select that leaves, before or after one arm was committed, has taken no value.
#[test]
fn commit_against_drop_of_a_select() {
    explore(|| {
        let (c, d) = (Chan::new(), Chan::<u32>::new());
        let putter = thread::spawn({
            let c = c.clone();
            move || block_on(c.put(7)).unwrap()
        });
        let mut choice = Box::pin(async {
            select! { biased; v = c.get() => v, v = d.get() => v }
        });
        let polled = poll(choice.as_mut(), &Alarm::new());
        drop(choice);
        let got = if let Poll::Ready(got) = polled { got } else { block_on(c.get()) };
        assert_eq!(got, Some(7));
        putter.join().unwrap();
        assert_eq!((c.stats().parked_gets, d.stats().parked_gets), (0, 0));
    });
}
