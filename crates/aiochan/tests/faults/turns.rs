//! Turns at an iterator, where something panics or goes away in between.

use std::iter;
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::task::Waker;

use aiochan::{Chan, Feed, TryGetError};

use crate::task::{evil_waker, panics, parked, ready};
use crate::{Evil, dropped, in_own_process};

/// A channel over the numbers from 1 to `last`, in which something happens while one of them is made.
fn over(last: u32, mut meanwhile: impl FnMut(u32, &Feed<u32>) + Send + 'static) -> Chan<u32> {
    let feed = Arc::new(Mutex::new(None::<Feed<u32>>));
    let own = feed.clone();
    let mut numbers = 1..=last;
    let c = Chan::from_iter(iter::from_fn(move || {
        let next = numbers.next();
        meanwhile(next.unwrap_or(0), own.lock().unwrap().as_ref().unwrap());
        next
    }));
    *feed.lock().unwrap() = Some(c.feed());
    c
}

/// A get with a handle of its own that does not count.
async fn get(feed: Feed<u32>) -> Option<u32> {
    feed.chan().get().await
}

/// Rule 6: whoever waits for a turn learns that there is nothing any more, also behind the one whose turn it is.
#[test]
fn all_who_wait_are_told_when_the_last_handle_goes() {
    let (sender, gets) = channel();
    let c = over(3, move |number, feed| {
        for _ in 0..if number == 1 { 3 } else { 0 } {
            sender.send(parked(get(feed.clone()), Waker::noop())).unwrap();
        }
    });
    assert_eq!(c.try_get(), Ok(1));
    drop(c);
    assert_eq!(gets.iter().map(|mut get| ready(get.as_mut())).collect::<Vec<_>>(), [None; 3]);
}

/// Rules 1 and 6: nor is there anything for who comes later, though the iterator was out by then.
#[test]
fn an_iterator_that_comes_back_when_nobody_is_left_is_dropped() {
    let last = Arc::new(Mutex::new(None));
    let goes = last.clone();
    let c = over(3, move |_, _| drop(goes.lock().unwrap().take()));
    let feed = c.feed();
    *last.lock().unwrap() = Some(c);
    assert_eq!(feed.chan().try_get(), Ok(1));
    assert_eq!(feed.chan().try_get(), Err(TryGetError::Closed));
    // What its function holds has gone with it.
    assert_eq!(Arc::strong_count(&last), 1);
    ready(Box::pin(feed.chan().join()).as_mut());
}

/// Rule 5: a callback has its item, or learns of the end, whatever the one panics over whose turn is next.
#[test]
fn a_callback_in_its_turn_is_called() {
    for last in [1, 0] {
        let (sender, gets) = channel();
        let c = over(last, move |number, feed| {
            if number == last {
                sender.send(parked(get(feed.clone()), &evil_waker())).unwrap();
            }
        });
        let (called, calls) = channel();
        let call = panics(|| c.get_with(move |value| called.send(value).unwrap()));
        assert_eq!(call, "an evil waker");
        assert_eq!(calls.try_recv(), Ok((last > 0).then_some(1)));
        assert_eq!(ready(gets.recv().unwrap().as_mut()), None);
        assert_eq!(c.try_get(), Err(TryGetError::Closed));
    }
}

/// The same of one that had to wait for its turn.
#[test]
fn a_callback_that_waited_for_its_turn_is_called() {
    let (called, calls) = channel();
    let (sender, gets) = channel();
    let c = over(2, move |number, feed| match number {
        1 => {
            let called = called.clone();
            feed.chan().get_with(move |value| called.send(value).unwrap()).unwrap();
        }
        2 => sender.send(parked(get(feed.clone()), &evil_waker())).unwrap(),
        _ => {}
    });
    // The call that passes the turn on has not had its value, which goes back.
    assert_eq!(panics(|| c.try_get()), "an evil waker");
    assert_eq!(calls.try_recv(), Ok(Some(2)));
    assert_eq!(ready(gets.recv().unwrap().as_mut()), None);
    assert_eq!((c.try_get(), c.try_get()), (Ok(1), Err(TryGetError::Closed)));
    assert!(calls.try_recv().is_err());
}

/// Rule 5: an iterator that panics, and what the callback holds that was to have the item.
#[test]
fn two_panics_in_a_callbacks_turn() {
    in_own_process("turns::two_panics_in_a_callbacks_turn", || {
        let c = over(1, |_, _| panic!("an iterator"));
        let evil = Evil(0);
        assert_eq!(panics(|| c.get_with(move |_| drop(evil))), "an iterator");
        assert_eq!(dropped(), [0]);
        assert_eq!(c.try_get(), Err(TryGetError::Closed));
    });
}
