//! Many threads at once: every value exactly once, and each producer's order kept.

use std::collections::VecDeque;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use aiochan::{Chan, GetTimeoutError, Outcome, PutTimeoutError, select, select_blocking};
use futures_util::StreamExt;

use crate::custom::Fifo;
use crate::driver::*;
use crate::task::{block_on, poll_with};

corpus! {
    all: [
        four_producers_and_four_consumers,
    ]
    alone: [
        gets_and_puts_that_give_up_lose_nothing,
        crossed_selects_on_threads_pair_up,
        selects_over_two_channels_lose_nothing,
        tasks_threads_and_callbacks_share_a_channel,
        closing_in_the_middle_loses_nothing,
    ]
}

/// Which producer, and its how manyth.
type Item = (usize, usize);

const WORKERS: usize = 4;

/// A way to put, or get, many values one after the other.
trait Worker {
    fn produce(c: &Chan<Item>, items: Vec<Item>);
    fn consume(c: &Chan<Item>) -> Vec<Item>;
}

/// Rule 1 and 3, on every kind of buffer.
fn four_producers_and_four_consumers<W: Worker>() {
    let chans = [Chan::new(), Chan::fixed(3), Chan::unbounded(), Chan::with_buffer(Fifo::new(2))];
    for c in chans {
        let got = run(&c, 250, W::produce, W::consume);
        assert_all(got, 250);
        assert_idle(&c);
        assert_eq!(c.stats().delivered(), 1000);
    }
}

/// Runs as many producers and consumers as there are workers, and says what each consumer got.
fn run(
    c: &Chan<Item>,
    each: usize,
    produce: impl Fn(&Chan<Item>, Vec<Item>) + Sync,
    consume: impl Fn(&Chan<Item>) -> Vec<Item> + Sync,
) -> Vec<Vec<Item>> {
    thread::scope(|scope| {
        let consumers: Vec<_> = (0..WORKERS).map(|_| scope.spawn(|| consume(c))).collect();
        let producers: Vec<_> = (0..WORKERS)
            .map(|who| {
                let produce = &produce;
                scope.spawn(move || produce(c, items(who, each)))
            })
            .collect();
        producers.into_iter().for_each(|producer| producer.join().unwrap());
        c.close();
        consumers.into_iter().map(|consumer| consumer.join().unwrap()).collect()
    })
}

fn items(who: usize, each: usize) -> Vec<Item> {
    (0..each).map(|n| (who, n)).collect()
}

/// Every item of every producer was got once, by each consumer in each producer's order.
#[track_caller]
fn assert_all(got: Vec<Vec<Item>>, each: usize) {
    for items in &got {
        for who in 0..WORKERS {
            assert!(items.iter().filter(|item| item.0 == who).is_sorted(), "out of order");
        }
    }
    assert_each_once(got.concat(), each);
}

#[track_caller]
fn assert_each_once(mut got: Vec<Item>, each: usize) {
    got.sort_unstable();
    let expected: Vec<_> = (0..WORKERS).flat_map(|who| items(who, each)).collect();
    assert_eq!(got.len(), expected.len());
    assert_eq!(got, expected);
}

impl Worker for Await {
    fn produce(c: &Chan<Item>, items: Vec<Item>) {
        block_on(async {
            for item in items {
                c.put(item).await.unwrap();
            }
        });
    }
    fn consume(c: &Chan<Item>) -> Vec<Item> {
        block_on(async {
            let mut got = Vec::new();
            while let Some(item) = c.get().await {
                got.push(item);
            }
            got
        })
    }
}

impl Worker for Blocking {
    fn produce(c: &Chan<Item>, items: Vec<Item>) {
        items.into_iter().for_each(|item| c.put_blocking(item).unwrap());
    }
    fn consume(c: &Chan<Item>) -> Vec<Item> {
        c.iter().collect()
    }
}

impl Worker for Timeout {
    fn produce(c: &Chan<Item>, items: Vec<Item>) {
        items.into_iter().for_each(|item| c.put_timeout(item, HOUR).unwrap());
    }
    fn consume(c: &Chan<Item>) -> Vec<Item> {
        std::iter::from_fn(|| c.get_timeout(HOUR).ok()).collect()
    }
}

impl Worker for Callback {
    fn produce(c: &Chan<Item>, items: Vec<Item>) {
        fn next(c: &Chan<Item>, mut items: std::vec::IntoIter<Item>, over: Sender<()>) {
            let Some(item) = items.next() else { return drop(over) };
            let own = c.clone();
            c.put_with(item, move |result| {
                result.unwrap();
                next(&own, items, over);
            })
            .unwrap();
        }
        let (over, wait) = channel();
        next(c, items.into_iter(), over);
        // The sender is gone once everything has been put.
        wait.recv().unwrap_err();
    }
    fn consume(c: &Chan<Item>) -> Vec<Item> {
        fn next(c: &Chan<Item>, got: Arc<Mutex<Vec<Item>>>, over: Sender<()>) {
            let own = c.clone();
            c.get_with(move |item| {
                let Some(item) = item else { return drop(over) };
                got.lock().unwrap().push(item);
                next(&own, got, over);
            })
            .unwrap();
        }
        let got = Arc::default();
        let (over, wait) = channel();
        next(c, Arc::clone(&got), over);
        wait.recv().unwrap_err();
        std::mem::take(&mut got.lock().unwrap())
    }
}

impl Worker for Stream {
    fn produce(c: &Chan<Item>, items: Vec<Item>) {
        Await::produce(c, items);
    }
    fn consume(c: &Chan<Item>) -> Vec<Item> {
        block_on(c.stream().collect())
    }
}

impl Worker for Many {
    fn produce(c: &Chan<Item>, items: Vec<Item>) {
        let mut items = VecDeque::from(items);
        c.put_many_blocking(&mut items).unwrap();
    }
    fn consume(c: &Chan<Item>) -> Vec<Item> {
        let mut got = Vec::new();
        while c.get_many_blocking(&mut got, 7) > 0 {}
        got
    }
}

impl Worker for Select {
    fn produce(c: &Chan<Item>, items: Vec<Item>) {
        let never = Chan::<()>::new();
        block_on(async {
            for item in items {
                select! {
                    _ = never.get() => unreachable!(),
                    result = c.put(item) => result.unwrap(),
                }
            }
        });
    }
    fn consume(c: &Chan<Item>) -> Vec<Item> {
        let never = Chan::<()>::new();
        block_on(async {
            let mut got = Vec::new();
            loop {
                select! {
                    item = c.get() => match item {
                        Some(item) => got.push(item),
                        None => return got,
                    },
                    _ = never.get() => unreachable!(),
                }
            }
        })
    }
}

impl Worker for DynamicSelect {
    fn produce(c: &Chan<Item>, items: Vec<Item>) {
        let never = Chan::new();
        for item in items {
            let selected = aiochan::Select::new().get(&never).put(c, item).blocking();
            assert_eq!(selected.outcome, Outcome::Put(Ok(())));
        }
    }
    fn consume(c: &Chan<Item>) -> Vec<Item> {
        let never = Chan::new();
        let next = || match aiochan::Select::new().get(&never).get(c).blocking().outcome {
            Outcome::Got(item) => item,
            Outcome::Put(_) => unreachable!(),
        };
        std::iter::from_fn(next).collect()
    }
}

impl Worker for SelectBlocking {
    fn produce(c: &Chan<Item>, items: Vec<Item>) {
        let never = Chan::<()>::new();
        for item in items {
            select_blocking! {
                result = c.put(item) => result.unwrap(),
                _ = never.get() => unreachable!(),
            }
        }
    }
    fn consume(c: &Chan<Item>) -> Vec<Item> {
        let never = Chan::<()>::new();
        let next = || {
            select_blocking! {
                item = c.get() => item,
                _ = never.put(()) => unreachable!(),
            }
        };
        std::iter::from_fn(next).collect()
    }
}

impl Worker for Mixed {
    fn produce(c: &Chan<Item>, items: Vec<Item>) {
        match items[0].0 {
            0 => Callback::produce(c, items),
            1 => Select::produce(c, items),
            2 => Many::produce(c, items),
            _ => Blocking::produce(c, items),
        }
    }
    fn consume(c: &Chan<Item>) -> Vec<Item> {
        // Whoever comes first is what comes first.
        static TURN: Mutex<usize> = Mutex::new(0);
        let turn = {
            let mut turn = TURN.lock().unwrap();
            *turn = (*turn + 1) % WORKERS;
            *turn
        };
        match turn {
            0 => Callback::consume(c),
            1 => SelectBlocking::consume(c),
            2 => Stream::consume(c),
            _ => Timeout::consume(c),
        }
    }
}

/// Rule 1: operations that time out, or are dropped parked or committed, at any moment. What was
/// given back may come to another consumer late, so there is no order to check.
fn gets_and_puts_that_give_up_lose_nothing() {
    let short = Duration::from_micros(20);
    for c in [Chan::new(), Chan::fixed(1), Chan::with_buffer(Fifo::new(2))] {
        let produce = |c: &Chan<Item>, items: Vec<Item>| {
            for mut item in items {
                while let Err(error) = c.put_timeout(item, short) {
                    assert_ne!(error, PutTimeoutError::Closed(item));
                    item = error.into_inner();
                }
            }
        };
        let consume = |c: &Chan<Item>| {
            let mut got = Vec::new();
            loop {
                // Polled once and dropped, whatever has become of it.
                let mut dropped = Box::pin(c.get());
                if let std::task::Poll::Ready(item) =
                    poll_with(dropped.as_mut(), std::task::Waker::noop())
                {
                    got.extend(item);
                }
                thread::yield_now();
                drop(dropped);
                match c.get_timeout(short) {
                    Ok(item) => got.push(item),
                    Err(GetTimeoutError::Timeout) => {}
                    // A get that was dropped may have brought something back since.
                    Err(GetTimeoutError::Closed) if c.is_empty() => return got,
                    Err(GetTimeoutError::Closed) => {}
                }
            }
        };
        let mut got = run(&c, 250, produce, consume).concat();
        // The last to be dropped may have given back when everybody else had gone.
        got.extend(c.iter());
        assert_each_once(got, 250);
        assert_idle(&c);
    }
}

/// Rule 2: each pairs with exactly one of the other kind, so all come to their end together.
fn crossed_selects_on_threads_pair_up() {
    const ROUNDS: usize = 500;
    let (a, b) = (Chan::new(), Chan::new());
    let one = |n: usize| {
        select_blocking! {
            value = a.get() => (value, None),
            result = b.put(n) => { result.unwrap(); (None, Some(n)) }
        }
    };
    let two = |n: usize| {
        select_blocking! {
            result = a.put(n) => { result.unwrap(); (None, Some(n)) }
            value = b.get() => (value, None),
        }
    };
    let all: Vec<(Option<usize>, Option<usize>)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..WORKERS)
            .map(|who| {
                scope.spawn(move || {
                    let numbers = (0..ROUNDS).map(|n| who * ROUNDS + n);
                    if who % 2 == 0 {
                        numbers.map(one).collect::<Vec<_>>()
                    } else {
                        numbers.map(two).collect()
                    }
                })
            })
            .collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    let mut got: Vec<_> = all.iter().filter_map(|pair| pair.0).collect();
    let mut put: Vec<_> = all.iter().filter_map(|pair| pair.1).collect();
    got.sort_unstable();
    put.sort_unstable();
    assert_eq!((got.len(), &got), (WORKERS * ROUNDS / 2, &put));
    assert_idle(&a);
    assert_idle(&b);
}

/// Rule 1 and 2: every put is an arm against another channel's, and so is every get.
fn selects_over_two_channels_lose_nothing() {
    let (a, b) = (Chan::new(), Chan::fixed(1));
    let produce = |a: &Chan<Item>, items: Vec<Item>| {
        for item in items {
            select_blocking! {
                result = a.put(item) => result.unwrap(),
                result = b.put(item) => result.unwrap(),
            }
        }
    };
    let consume = |a: &Chan<Item>| {
        let mut got = Vec::new();
        loop {
            // The end of one is the end: what is left in the other is looked at below.
            select_blocking! {
                item = a.get() => match item {
                    Some(item) => got.push(item),
                    None => return got,
                },
                item = b.get() => got.extend(item),
            }
        }
    };
    let mut got = run(&a, 250, produce, consume).concat();
    b.close();
    got.extend(b.iter());
    assert_each_once(got, 250);
    assert_idle(&a);
    assert_idle(&b);
}

/// Rule 1 and 3: all at once on one channel, as the crate promises.
fn tasks_threads_and_callbacks_share_a_channel() {
    const EACH: usize = 300;
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let c = Chan::fixed(2);
    let tasks: Vec<_> = (0..2)
        .map(|who| {
            let c = c.clone();
            runtime.spawn(async move {
                for item in items(who, EACH) {
                    c.put(item).await.unwrap();
                }
            })
        })
        .collect();
    let task_gets: Vec<_> = (0..2)
        .map(|_| {
            let c = c.clone();
            runtime.spawn(async move {
                let mut got = Vec::new();
                while let Some(item) = c.get().await {
                    got.push(item);
                    if item.1 % 16 == 0 {
                        tokio::task::yield_now().await;
                    }
                }
                got
            })
        })
        .collect();
    let got = thread::scope(|scope| {
        let gets = [scope.spawn(|| Blocking::consume(&c)), scope.spawn(|| Callback::consume(&c))];
        let puts = [
            scope.spawn(|| Blocking::produce(&c, items(2, EACH))),
            scope.spawn(|| Callback::produce(&c, items(3, EACH))),
        ];
        puts.into_iter().for_each(|put| put.join().unwrap());
        tasks.into_iter().for_each(|task| runtime.block_on(task).unwrap());
        c.close();
        let mut got: Vec<_> = gets.into_iter().map(|get| get.join().unwrap()).collect();
        got.extend(task_gets.into_iter().map(|get| runtime.block_on(get).unwrap()));
        got
    });
    assert_all(got, EACH);
    assert_idle(&c);
}

/// Rule 1 and 4: whatever a put was told, that is where its value is.
fn closing_in_the_middle_loses_nothing() {
    for round in 0..40 {
        let c = if round % 2 == 0 { Chan::new() } else { Chan::fixed(2) };
        let (refused, got) = thread::scope(|scope| {
            let producers: Vec<_> = (0..WORKERS)
                .map(|who| {
                    let c = &c;
                    scope.spawn(move || {
                        let put = |item| c.put_blocking(item).err().map(|error| error.0);
                        items(who, 30).into_iter().filter_map(put).collect::<Vec<_>>()
                    })
                })
                .collect();
            let consumers: Vec<_> = (0..2).map(|_| scope.spawn(|| Blocking::consume(&c))).collect();
            let closer = scope.spawn(|| {
                while c.stats().delivered() < round {
                    thread::yield_now();
                }
                c.close();
            });
            closer.join().unwrap();
            let refused: Vec<_> =
                producers.into_iter().flat_map(|producer| producer.join().unwrap()).collect();
            let got: Vec<_> =
                consumers.into_iter().flat_map(|consumer| consumer.join().unwrap()).collect();
            (refused, got)
        });
        assert_each_once([refused, got].concat(), 30);
        assert_idle(&c);
    }
}
