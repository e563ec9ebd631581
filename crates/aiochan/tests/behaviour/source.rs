//! Channels over iterators: lazy, endless if they like, and one item for one get.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock};
use std::task::{Context, Waker};
use std::thread::{self, JoinHandle};

use aiochan::{Chan, PutError, TryGetError, zip_chans};
use futures_util::StreamExt;

use crate::driver::{Await, Callback, Driver, Droppable, assert_idle};
use crate::task::{Task, block_on, evil_waker, panics, parked, ready};
use crate::watch::in_own_process;

corpus! {
    all: [
        items_come_in_order_and_then_none,
        a_source_is_closed_for_puts,
        a_get_waits_while_another_pulls,
        an_iterator_that_panics_has_ended,
    ]
    droppable: [
        a_dropped_get_passes_its_turn_on,
        a_get_dropped_before_its_turn_changes_nothing,
        the_last_turn_that_is_dropped_is_not_lost,
    ]
    alone: [
        nothing_is_pulled_before_a_get,
        a_stream_that_is_alone_pulls_only_what_is_asked_for,
        a_stream_shares_until_it_is_alone,
        a_stream_is_not_alone_while_a_feed_is_there,
        a_stream_that_is_alone_ends_with_a_panic,
        a_stream_takes_its_turn_before_it_is_alone,
        what_was_given_back_comes_before_the_iterator,
        what_a_stream_was_handed_comes_before_the_iterator,
        an_endless_iterator_is_fine,
        an_iterator_may_use_its_own_channel,
        an_iterator_may_read_another_channel,
        an_iterator_is_dropped_at_its_end,
        several_threads_share_the_items,
        everybody_is_told_of_the_end,
        an_item_whose_getter_panicked_is_still_there,
        two_panics_of_an_iterator_at_once,
        the_last_handle_may_go_while_another_pulls,
    ]
}

/// An iterator that waits to be told to go on, at each item, and a thread that gets the first.
struct Pulling {
    chan: Chan<u32>,
    go: Sender<()>,
    first: JoinHandle<Option<u32>>,
}

impl Pulling {
    /// Returns when the thread is inside the iterator; from there come the items 0 to `items` - 1.
    fn start(items: u32) -> Self {
        let (go, wait) = channel::<()>();
        let (entered, inside) = channel();
        let chan = Chan::from_iter(Self::items(items, entered, wait));
        let own = chan.clone();
        let first = thread::spawn(move || own.get_blocking());
        inside.recv().unwrap();
        Self { chan, go, first }
    }

    fn items(
        items: u32,
        entered: Sender<()>,
        wait: Receiver<()>,
    ) -> impl Iterator<Item = u32> + Send {
        let mut next = 0..items;
        std::iter::from_fn(move || {
            let _ = entered.send(());
            wait.recv().expect("told to go on");
            next.next()
        })
    }

    /// Lets the first pull, and as many more as there may be, go on.
    fn go_on(&self) {
        for _ in 0..8 {
            // Whether or not there is an iterator left to listen.
            let _ = self.go.send(());
        }
    }
}

/// Rule 3 and 4.
fn items_come_in_order_and_then_none<D: Driver>() {
    let c = Chan::from_iter(["a", "b", "c"]);
    assert_eq!((c.len(), c.capacity()), (0, Some(0)));
    let got: Vec<_> = (0..5).map(|_| D::get(&c).finish()).collect();
    assert_eq!(got, [Some("a"), Some("b"), Some("c"), None, None]);
    assert_eq!(c.stats().delivered(), 3);
    assert_idle(&c);
}

/// Rule 1 and 4.
fn a_source_is_closed_for_puts<D: Driver>() {
    let c = Chan::from_iter(0..);
    assert!(c.is_closed() && !c.close());
    assert_eq!(D::put(&c, 7).finish(), Err(PutError(7)));
    assert_eq!(D::get(&c).finish(), Some(0));
}

/// Rule 3 and 5: one pulls at a time, outside the lock; the others stand in line.
fn a_get_waits_while_another_pulls<D: Driver>() {
    let pulling = Pulling::start(3);
    let c = pulling.chan.clone();
    let gets = [D::get(&c), D::get(&c), D::get(&c)];
    assert_eq!((c.stats().parked_gets, c.len()), (3, 0));
    assert_eq!(c.try_get(), Err(TryGetError::Empty));
    pulling.go_on();
    assert_eq!(pulling.first.join().unwrap(), Some(0));
    assert_eq!(gets.map(|get| get.finish()), [Some(1), Some(2), None]);
    assert_eq!(D::get(&c).finish(), None);
}

/// Rule 5 and 6: the panic goes on in the get that pulled; everybody else finds the end.
fn an_iterator_that_panics_has_ended<D: Driver>() {
    let c = Chan::from_iter((0..).inspect(|n| assert!(*n < 2, "the iterator has failed")));
    let mut join = Task::start(c.join());
    assert_eq!((D::get(&c).finish(), D::get(&c).finish()), (Some(0), Some(1)));
    assert_eq!(panics(|| D::get(&c).finish()), "the iterator has failed");
    assert!(join.is_done());
    assert_eq!(D::get(&c).finish(), None);
    assert_eq!(c.try_get(), Err(TryGetError::Closed));
}

/// Rule 1 and 6: a get that was told that it is its turn, and does not take it.
fn a_dropped_get_passes_its_turn_on<D: Droppable>() {
    let pulling = Pulling::start(2);
    let c = pulling.chan.clone();
    let (gone, next, last) = (D::get(&c), D::get(&c), D::get(&c));
    pulling.go_on();
    assert_eq!(pulling.first.join().unwrap(), Some(0));
    assert_eq!(c.stats().parked_gets, 2);
    drop(gone);
    assert_eq!(next.finish(), Some(1));
    assert_eq!(last.finish(), None);
}

/// Rule 2.
fn a_get_dropped_before_its_turn_changes_nothing<D: Droppable>() {
    let pulling = Pulling::start(2);
    let c = pulling.chan.clone();
    let (gone, next) = (D::get(&c), D::get(&c));
    drop(gone);
    assert_eq!(c.stats().parked_gets, 1);
    pulling.go_on();
    assert_eq!(pulling.first.join().unwrap(), Some(0));
    assert_eq!(next.finish(), Some(1));
}

/// Rule 1: where nobody waits, the turn is there for the next that comes.
fn the_last_turn_that_is_dropped_is_not_lost<D: Droppable>() {
    let pulling = Pulling::start(2);
    let c = pulling.chan.clone();
    let get = D::get(&c);
    pulling.go_on();
    assert_eq!(pulling.first.join().unwrap(), Some(0));
    assert_eq!(c.try_get(), Err(TryGetError::Empty));
    drop(get);
    assert_eq!((c.try_get(), c.try_get()), (Ok(1), Err(TryGetError::Closed)));
}

/// Rule 6 and 7: lazy; nothing but a get advances it.
fn nothing_is_pulled_before_a_get() {
    let (iter, pulled) = counted(0..);
    let c = Chan::from_iter(iter);
    let other = c.clone();
    assert!(c.is_empty() && c.is_closed() && c.stats() == other.stats());
    drop(c.get());
    drop(c.stream());
    assert!(c.try_put(5).is_err());
    assert!(!c.close());
    assert_eq!(pulled(), 0);
    assert_eq!(c.try_get(), Ok(0));
    assert_eq!(pulled(), 1);
    let mut out = Vec::new();
    assert_eq!((c.get_many_blocking(&mut out, 10), out, pulled()), (1, vec![1], 2));
}

/// Counts the items that `iter` has been asked for.
fn counted<I: Iterator>(iter: I) -> (impl Iterator<Item = I::Item>, impl Fn() -> usize) {
    let pulled = Arc::new(AtomicUsize::new(0));
    let count = pulled.clone();
    let iter = iter.inspect(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    });
    (iter, move || pulled.load(Ordering::SeqCst))
}

/// Rule 6 and 7: who has the iterator without any lock has no more of it for that.
fn a_stream_that_is_alone_pulls_only_what_is_asked_for() {
    let held = Arc::new(());
    let own = held.clone();
    let (iter, pulled) = counted((0..3).inspect(move |_| assert!(Arc::strong_count(&own) > 0)));
    let mut stream = Chan::from_iter(iter).stream();
    assert_eq!(pulled(), 0);
    for n in 0..3 {
        assert_eq!((block_on(stream.next()), pulled()), (Some(n), n as usize + 1));
    }
    assert_eq!(Arc::strong_count(&held), 2);
    assert_eq!((block_on(stream.next()), block_on(stream.next())), (None, None));
    assert_eq!(Arc::strong_count(&held), 1);

    let (iter, pulled) = counted(0..);
    let first = Chan::from_iter(iter).take(2);
    assert_eq!((block_on(first.collect()), pulled()), (vec![0, 1], 2));
}

/// Rule 1 and 3: in turns with the others, and then, when they have gone, on from where they were.
fn a_stream_shares_until_it_is_alone() {
    let c = Chan::from_iter(0..6);
    let mut stream = c.stream();
    let other = c.clone();
    assert_eq!((block_on(stream.next()), c.try_get()), (Some(0), Ok(1)));
    drop(c);
    assert_eq!((block_on(stream.next()), other.try_get()), (Some(2), Ok(3)));
    drop(other);
    assert_eq!(block_on(stream.collect::<Vec<_>>()), [4, 5]);
}

/// Rule 3: a feed is no handle, but leads to one.
fn a_stream_is_not_alone_while_a_feed_is_there() {
    let c = Chan::from_iter(0..4);
    let (mut stream, feed) = (c.stream(), c.feed());
    drop(c);
    assert_eq!((block_on(stream.next()), feed.chan().try_get()), (Some(0), Ok(1)));
    let c = feed.chan().clone();
    drop(feed);
    assert_eq!((block_on(stream.next()), c.try_get()), (Some(2), Ok(3)));
}

/// Rule 5 and 6, also when what the panic drops panics.
fn a_stream_that_is_alone_ends_with_a_panic() {
    let held = Arc::new(());
    let own = held.clone();
    let fails = move |n: &u32| assert!(*n < 1 && Arc::strong_count(&own) > 0, "it fails");
    let mut stream = Chan::from_iter((0..).inspect(fails)).stream();
    assert_eq!(block_on(stream.next()), Some(0));
    assert_eq!(panics(|| block_on(stream.next())), "it fails");
    assert_eq!((block_on(stream.next()), Arc::strong_count(&held)), (None, 1));
}

/// Rule 1: the turn that it waited for comes first, for the iterator is there only then.
fn a_stream_takes_its_turn_before_it_is_alone() {
    let Pulling { chan, go, first } = Pulling::start(2);
    let mut stream = chan.stream();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(stream.poll_next_unpin(&mut cx).is_pending());
    drop(chan);
    (0..3).for_each(|_| go.send(()).unwrap());
    assert_eq!(first.join().unwrap(), Some(0));
    assert_eq!(block_on(stream.collect::<Vec<_>>()), [1]);
}

/// Rule 1 and 3.
fn what_was_given_back_comes_before_the_iterator() {
    let c = Chan::from_iter(1..5);
    let lease = c.try_lease().unwrap();
    let stream = c.stream();
    drop(c);
    drop(lease);
    assert_eq!(block_on(stream.collect::<Vec<_>>()), [1, 2, 3, 4]);
}

/// Rule 1 and 3: it waits, is handed what a lease gives back, and is left alone then.
fn what_a_stream_was_handed_comes_before_the_iterator() {
    let (go, wait) = channel::<()>();
    let (entered, inside) = channel();
    let slow = (1..5).inspect(move |n| {
        if *n == 2 {
            entered.send(()).unwrap();
            wait.recv().unwrap();
        }
    });
    let c = Chan::from_iter(slow);
    let lease = c.try_lease().unwrap();
    let mut stream = c.stream();
    let getter = thread::spawn(move || c.get_blocking());
    inside.recv().unwrap();
    let mut cx = Context::from_waker(Waker::noop());
    assert!(stream.poll_next_unpin(&mut cx).is_pending());
    drop(lease);
    go.send(()).unwrap();
    assert_eq!(getter.join().unwrap(), Some(2));
    assert_eq!(block_on(stream.collect::<Vec<_>>()), [1, 3, 4]);
}

/// Rule 6: so it is with a stream, and with the last handle gone.
fn an_endless_iterator_is_fine() {
    let dropped = Arc::new(());
    let own = dropped.clone();
    let c = Chan::from_iter((0..).map(move |n| (n, Arc::strong_count(&own)).0));
    assert_eq!(c.iter().take(100).collect::<Vec<_>>(), (0..100).collect::<Vec<_>>());
    drop(c);
    assert_eq!(Arc::strong_count(&dropped), 1);
}

/// Rule 5: the iterator is user code, and runs outside the lock.
fn an_iterator_may_use_its_own_channel() {
    let handle: Arc<Mutex<Option<Chan<u32>>>> = Arc::default();
    let own = handle.clone();
    let c = Chan::from_iter((0..3).inspect(move |_| {
        let own = own.lock().unwrap().clone().expect("it is set");
        assert_eq!(own.try_get(), Err(TryGetError::Empty));
        assert_eq!((own.len(), own.stats().parked_gets), (0, 0));
        assert!(own.try_put(9).is_err() && !own.close());
        // A get that is begun here waits for its turn.
        drop(parked(own.get(), Waker::noop()));
    }));
    *handle.lock().unwrap() = Some(c.clone());
    assert_eq!(c.iter().collect::<Vec<_>>(), [0, 1, 2]);
    *handle.lock().unwrap() = None;
}

/// Rule 5 and 6: even one that waits.
fn an_iterator_may_read_another_channel() {
    let input = Chan::new();
    let c = Chan::from_iter(input.clone().into_iter().map(|n: u32| n + 100));
    let getter = {
        let c = c.clone();
        thread::spawn(move || c.into_iter().collect::<Vec<_>>())
    };
    (0..3).for_each(|n| input.put_blocking(n).unwrap());
    input.close();
    assert_eq!(getter.join().unwrap(), [100, 101, 102]);
}

/// Rule 7: what it holds is let go of when it has nothing more to give.
fn an_iterator_is_dropped_at_its_end() {
    let held = Arc::new(());
    let own = held.clone();
    let c = Chan::from_iter((0..1).inspect(move |_| assert!(Arc::strong_count(&own) > 0)));
    assert_eq!(c.try_get(), Ok(0));
    assert_eq!(Arc::strong_count(&held), 2);
    assert_eq!(c.try_get(), Err(TryGetError::Closed));
    assert_eq!(Arc::strong_count(&held), 1);
}

/// Rule 1 and 3: each item once, and to each getter in order.
fn several_threads_share_the_items() {
    let c = Chan::from_iter(0..2000);
    let getters: Vec<_> = (0..4)
        .map(|_| {
            let c = c.clone();
            thread::spawn(move || c.into_iter().collect::<Vec<u32>>())
        })
        .collect();
    let got: Vec<_> = getters.into_iter().map(|getter| getter.join().unwrap()).collect();
    assert!(got.iter().all(|items| items.is_sorted()));
    let mut all = got.concat();
    all.sort_unstable();
    assert_eq!(all, (0..2000).collect::<Vec<_>>());
}

/// Rule 6: when the iterator ends, or panics, under one getter, all that wait are answered.
fn everybody_is_told_of_the_end() {
    let pulling = Pulling::start(0);
    let c = pulling.chan.clone();
    let gets = [Await::get(&c), Callback::get(&c)];
    let mut join = Task::start(c.join());
    pulling.go_on();
    assert_eq!(pulling.first.join().unwrap(), None);
    assert_eq!(gets.map(|get| get.finish()), [None, None]);
    assert!(join.is_done());

    let pulling = Pulling::start(1);
    let c = pulling.chan.clone();
    let gets = [Await::get(&c), Callback::get(&c)];
    // Nobody tells it to go on any more, at which it panics.
    drop(pulling.go);
    assert!(pulling.first.join().is_err());
    assert_eq!(gets.map(|get| get.finish()), [None, None]);
}

/// Rule 1 and 4: an item that was pulled, and came back because its getter panicked as it woke the
/// next, is inside; a channel with something inside is not exhausted.
fn an_item_whose_getter_panicked_is_still_there() {
    let handle: Arc<Mutex<Option<Chan<u32>>>> = Arc::default();
    let waiting = Arc::new(Mutex::new(None));
    let (own, slot) = (handle.clone(), waiting.clone());
    let c = Chan::from_iter((0..1).inspect(move |_| {
        let own = own.lock().unwrap().clone().expect("it is set");
        let next = async move { own.get().await };
        *slot.lock().unwrap() = Some(parked(next, &evil_waker()));
    }));
    *handle.lock().unwrap() = Some(c.clone());
    let mut join = Task::start(c.join());
    assert_eq!(panics(|| c.try_get()), "an evil waker");
    assert_eq!(c.len(), 1);
    let mut next = waiting.lock().unwrap().take().expect("it is parked");
    assert_eq!(ready(next.as_mut()), None);
    assert!(!join.is_done(), "a value is inside");
    assert_eq!((c.try_get(), c.try_get()), (Ok(0), Err(TryGetError::Closed)));
    assert!(join.is_done());
    *handle.lock().unwrap() = None;
}

/// Rule 1 and 6: a callback that waits for its turn is called, whoever is still there.
fn the_last_handle_may_go_while_another_pulls() {
    let Pulling { chan, go, first } = Pulling::start(2);
    let queued = [Callback::get(&chan), Callback::get(&chan)];
    drop(chan);
    for _ in 0..3 {
        go.send(()).unwrap();
    }
    assert_eq!(first.join().unwrap(), Some(0));
    assert_eq!(queued.map(|get| get.finish()), [Some(1), None]);
}

/// Rule 5: what a panic drops may panic as well, be it that of the iterator or of who waits for its end.
fn two_panics_of_an_iterator_at_once() {
    /// It cannot be dropped.
    struct Evil<F>(F);

    impl<F: FnMut() -> Option<u32>> Iterator for Evil<F> {
        type Item = u32;
        fn next(&mut self) -> Option<u32> {
            self.0()
        }
    }

    impl<F> Drop for Evil<F> {
        fn drop(&mut self) {
            panic!("an evil iterator");
        }
    }

    in_own_process("source::alone::two_panics_of_an_iterator_at_once", || {
        let c = Chan::from_iter(Evil(|| panic!("it fails")));
        assert_eq!(panics(|| c.try_get()), "it fails");
        assert_eq!(c.try_get(), Err(TryGetError::Closed));

        let mut alone = Chan::from_iter(Evil(|| panic!("it fails"))).stream();
        assert_eq!(panics(|| block_on(alone.next())), "it fails");
        assert_eq!(block_on(alone.next()), None);
        let first = panics(|| {
            let mut alone = Chan::from_iter(Evil(|| Some(1))).stream();
            assert_eq!(block_on(alone.next()), Some(1));
            panic!("its owner fails");
        });
        assert_eq!(first, "its owner fails");
        let evil = || Chan::from_iter(Evil(|| Some(1)));
        let mut lists = zip_chans([evil(), evil()]);
        assert_eq!(block_on(lists.next()), Some(vec![Some(1), Some(1)]));
        assert_eq!(panics(|| drop(lists)), "an evil iterator");
        let mut alone = Chan::from_iter(Evil(|| None)).stream();
        assert_eq!(panics(|| block_on(alone.next())), "an evil iterator");
        assert_eq!(block_on(alone.next()), None);

        let (own, waits) = (Arc::new(OnceLock::<Chan<u32>>::new()), Arc::new(Mutex::new(None)));
        let c = Chan::from_iter(Evil({
            let (own, waits) = (own.clone(), waits.clone());
            move || {
                let c = own.get().unwrap().clone();
                *waits.lock().unwrap() = Some(parked(async move { c.get().await }, &evil_waker()));
                None
            }
        }));
        own.set(c.clone()).unwrap();
        assert_eq!(panics(|| c.try_get()), "an evil waker");
        assert_eq!(c.try_get(), Err(TryGetError::Closed));
        let get = waits.lock().unwrap().take().unwrap();
        assert_eq!(Task::start(get).finish(), None);
    });
}
