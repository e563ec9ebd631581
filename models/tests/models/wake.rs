//! A wake meets the move of what is woken to another task.

use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use aiochan::{Chan, select};
use aiochan_models::{Alarm, explore, poll};
use loom::future::block_on;
use loom::thread;

/// Who polled last is woken, or finds it done.
fn the_last_is_woken<O>(mut future: Pin<Box<impl Future<Output = O>>>, other: impl FnOnce()) -> O {
    assert!(poll(future.as_mut(), &Alarm::new()).is_pending());
    other();
    let last = Alarm::new();
    match poll(future.as_mut(), &last) {
        Poll::Ready(output) => output,
        Poll::Pending => {
            while last.rings() == 0 {
                thread::yield_now();
            }
            match poll(future.as_mut(), &last) {
                Poll::Ready(output) => output,
                Poll::Pending => panic!("woken for nothing"),
            }
        }
    }
}

/// A get that moves between tasks wakes the one that polled it last, and has its value.
#[test]
fn a_get_changes_its_task() {
    explore(|| {
        let (c, d) = (Chan::new(), Chan::new());
        let get = Box::pin(async { c.get().await });
        let mut putter = None;
        let got = the_last_is_woken(get, || {
            let d = d.clone();
            let c = c.clone();
            putter = Some(thread::spawn(move || {
                block_on(c.put(7)).unwrap();
                d.close();
            }));
        });
        assert_eq!(got, Some(7));
        assert_eq!(block_on(d.get()), None::<()>);
        putter.unwrap().join().unwrap();
    });
}

/// So does a put, whose value goes once.
#[test]
fn a_put_changes_its_task() {
    explore(|| {
        let c = Chan::new();
        let mut getter = None;
        let put = the_last_is_woken(Box::pin(c.put(7)), || {
            let c = c.clone();
            getter = Some(thread::spawn(move || block_on(c.get())));
        });
        assert_eq!(put, Ok(()));
        assert_eq!(getter.unwrap().join().unwrap(), Some(7));
    });
}

/// So does a select, whose losing arm leaves nothing.
#[test]
fn a_select_changes_its_task() {
    explore(|| {
        let (c, d) = (Chan::new(), Chan::<u32>::new());
        let choice = Box::pin(async {
            select! { biased; v = d.get() => v, v = c.get() => v }
        });
        let mut putter = None;
        let got = the_last_is_woken(choice, || {
            let c = c.clone();
            putter = Some(thread::spawn(move || block_on(c.put(7)).unwrap()));
        });
        assert_eq!(got, Some(7));
        putter.unwrap().join().unwrap();
    });
}

/// So does who waits for the end.
#[test]
fn a_join_changes_its_task() {
    explore(|| {
        let c = Chan::<u32>::new();
        let mut closer = None;
        the_last_is_woken(Box::pin(c.join()), || {
            let c = c.clone();
            closer = Some(thread::spawn(move || c.close()));
        });
        assert!(closer.unwrap().join().unwrap());
    });
}

/// Nothing is woken twice by what can happen to it once.
#[test]
fn one_commit_wakes_once() {
    explore(|| {
        let c = Chan::new();
        let alarm = Alarm::new();
        let mut get = Box::pin(c.get());
        assert!(poll(get.as_mut(), &alarm).is_pending());
        let putter = thread::spawn({
            let c = c.clone();
            move || c.try_put(7)
        });
        c.close();
        let put = putter.join().unwrap();
        assert_eq!(alarm.rings(), 1);
        assert_eq!(poll(get.as_mut(), &alarm), Poll::Ready(put.is_ok().then_some(7)));
    });
}
