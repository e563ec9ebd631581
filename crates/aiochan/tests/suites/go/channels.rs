//! Go's tests (The Go Authors, BSD-3-Clause) of channels without select.

use std::any::Any;
use std::collections::HashMap;
use std::fmt::Debug;
use std::ops::Range;
use std::sync::Barrier;
use std::thread;

use aiochan::{Chan, PutError, Select, TryGetError, TryPutError, select};

use crate::common::{Worker, Working, all, consumer, producer};
use crate::driver::{Driver, Op};

cases! {
    alone: [
        a_try_get_beside_a_close_finds_the_value_or_the_end,
        a_put_into_a_channel_out_of_a_channel,
        values_without_a_size,
        values_behind_a_trait_come_back,
    ]
    drivers: [
        a_get_from_an_empty_channel_waits,
        a_put_into_a_full_channel_waits,
        a_closed_channel_gives_what_it_has_and_then_nothing,
        closing_answers_a_waiting_get,
        length_and_capacity,
        a_buffer_keeps_the_order,
        trying_is_done_or_not_at_once,
        a_closed_channel_never_waits,
    ]
    workers: [
        one_producer_and_one_consumer_keep_the_order,
        four_producers_and_four_consumers_share_every_value,
        a_chain_of_gets_is_served_in_order,
        a_value_goes_through_a_long_chain_of_workers,
        many_consumers_do_all_the_work,
    ]
}

const CAPACITIES: Range<usize> = 0..20;

/// A channel that is full of 0, 1 and so on.
fn full(capacity: usize) -> Chan<usize> {
    let c = Chan::fixed(capacity);
    (0..capacity).for_each(|n| c.try_put(n).unwrap());
    c
}

/// There is nothing to get, whatever the capacity, also for those who do not wait (`TestChan`).
fn a_get_from_an_empty_channel_waits<D: Driver>() {
    for capacity in CAPACITIES {
        let c = Chan::fixed(capacity);
        let gets = [D::get(&c), D::get(&c)];
        assert_eq!(c.stats().parked_gets, 2);
        assert_eq!(c.try_get(), Err(TryGetError::Empty));
        assert!(select! { _ = c.get() => false, default => true });
        c.try_put(1).unwrap();
        c.try_put(2).unwrap();
        assert_eq!(gets.map(Op::finish), [Some(1), Some(2)]);
    }
}

/// There is no room, also for those who do not wait, until there is a get (`TestChan`).
fn a_put_into_a_full_channel_waits<D: Driver>() {
    for capacity in CAPACITIES {
        let c = full(capacity);
        let put = D::put(&c, capacity);
        assert_eq!(c.stats().parked_puts, 1);
        assert_eq!(c.try_put(77), Err(TryPutError::Full(77)));
        assert!(select! { _ = c.put(77) => false, default => true });
        assert_eq!(c.try_get(), Ok(0));
        assert_eq!(put.finish(), Ok(()));
    }
}

/// Closing loses nothing that is inside; afterwards every get is told so (`TestChan`).
fn a_closed_channel_gives_what_it_has_and_then_nothing<D: Driver>() {
    for capacity in CAPACITIES {
        let c = full(capacity);
        c.close();
        let got: Vec<_> = (0..capacity).map(|_| D::get(&c).finish().unwrap()).collect();
        assert_eq!(got, Vec::from_iter(0..capacity));
        assert_eq!((D::get(&c).finish(), D::get(&c).finish()), (None, None));
    }
}

/// A get that waits already learns of the end too (`TestChan`).
fn closing_answers_a_waiting_get<D: Driver>() {
    for capacity in CAPACITIES {
        let c = Chan::<usize>::fixed(capacity);
        let get = D::get(&c);
        assert_eq!(c.stats().parked_gets, 1);
        c.close();
        assert_eq!(get.finish(), None);
    }
}

/// What is inside is counted, what waits outside is not (`TestChan`).
fn length_and_capacity<D: Driver>() {
    for capacity in CAPACITIES {
        assert_eq!(Chan::<usize>::fixed(capacity).len(), 0);
        let c = full(capacity);
        let put = D::put(&c, capacity);
        assert_eq!((c.len(), c.capacity()), (capacity, Some(capacity)));
        c.try_get().unwrap();
        put.finish().unwrap();
        assert_eq!((c.len(), c.capacity()), (capacity, Some(capacity)));
    }
}

/// Nothing is damaged or out of order on the way (`TestChan`).
fn one_producer_and_one_consumer_keep_the_order<W: Worker>() {
    for capacity in CAPACITIES {
        let c = Chan::fixed(capacity);
        let (puts, gets) = (producer::<W, _>(&c, 0..100), consumer::<W, _>(&c, 100));
        assert_eq!(gets.join(), Vec::from_iter(0..100));
        puts.join();
    }
}

/// Of what several put at once nothing is lost or doubled (`TestChan`).
fn four_producers_and_four_consumers_share_every_value<W: Worker>() {
    const EACH: usize = 250;
    for capacity in [0, 1, 2, 7, 19] {
        let c = Chan::fixed(capacity);
        let puts = [(); 4].map(|()| producer::<W, _>(&c, 0..EACH));
        let gets = [(); 4].map(|()| consumer::<W, _>(&c, EACH));
        let mut counts = HashMap::new();
        gets.into_iter()
            .flat_map(Working::join)
            .for_each(|value| *counts.entry(value).or_insert(0) += 1);
        puts.into_iter().for_each(Working::join);
        assert_eq!(counts, (0..EACH).map(|value| (value, 4)).collect());
    }
}

/// A try that races with a close finds the value or the end, never an open channel without a value; and the value is
/// got once (`TestNonblockRecvRace`).
fn a_try_get_beside_a_close_finds_the_value_or_the_end() {
    for _ in 0..1000 {
        let (c, start) = (full(1), Barrier::new(2));
        let both = thread::scope(|scope| {
            let tried = scope.spawn(|| {
                start.wait();
                c.try_get()
            });
            start.wait();
            c.close();
            (c.get_blocking(), tried.join().unwrap())
        });
        let right = [(None, Ok(0)), (Some(0), Err(TryGetError::Closed))];
        assert!(right.contains(&both), "{both:?}");
    }
}

/// First in, first out (`fifo`, with a buffer).
fn a_buffer_keeps_the_order<D: Driver>() {
    let c = Chan::fixed(10);
    (0..10).for_each(|n| D::put(&c, n).finish().unwrap());
    (0..10).for_each(|n| assert_eq!(D::get(&c).finish(), Some(n)));
}

/// Without a buffer, workers that take their turns get the values in the order of the puts (`fifo`).
fn a_chain_of_gets_is_served_in_order<W: Worker>() {
    let (values, start) = (Chan::new(), Chan::new());
    let mut last = start.clone();
    let chain: Vec<_> = (0..10)
        .map(|n| {
            let (values, turn, next) = (values.clone(), last.clone(), Chan::new());
            last = next.clone();
            W::start(async move {
                W::get(&turn).await.unwrap();
                assert_eq!(W::get(&values).await, Some(n));
                W::put(&next, ()).await.unwrap();
            })
        })
        .collect();
    start.put_blocking(()).unwrap();
    (0..10).for_each(|n| values.put_blocking(n).unwrap());
    last.get_blocking().unwrap();
    chain.into_iter().for_each(Working::join);
}

/// A great number of workers, each tied to the next by a channel, start and end well (`goroutines`).
fn a_value_goes_through_a_long_chain_of_workers<W: Worker>() {
    let first = Chan::new();
    let mut last = first.clone();
    let chain: Vec<_> = (0..W::MANY)
        .map(|_| {
            let (from, to) = (last.clone(), Chan::new());
            last = to.clone();
            W::start(async move {
                let n = W::get(&from).await.unwrap();
                W::put(&to, n + 1).await.unwrap();
            })
        })
        .collect();
    first.put_blocking(0).unwrap();
    assert_eq!(last.get_blocking(), Some(W::MANY));
    chain.into_iter().for_each(Working::join);
}

/// A try is served by who waits on the other side, for values of several types and sizes (`nonblock`).
fn trying_is_done_or_not_at_once<D: Driver>() {
    fn case<D: Driver, T: Clone + Debug + PartialEq + Send + 'static>(one: T, two: T) {
        for capacity in [0, 1] {
            let c = Chan::fixed(capacity);
            assert_eq!(c.try_get(), Err(TryGetError::Empty));
            let get = D::get(&c);
            assert_eq!(c.try_put(one.clone()), Ok(()));
            assert_eq!(get.finish(), Some(one.clone()));
            let put = D::put(&c, two.clone());
            assert_eq!(c.stats().parked_puts, 1 - capacity);
            assert_eq!(c.try_get(), Ok(two.clone()));
            assert_eq!(put.finish(), Ok(()));
        }
    }
    case::<D, i32>(123, 234);
    case::<D, i64>(123_456, 234_567);
    case::<D, bool>(true, false);
    case::<D, String>("hello".into(), "hello again".into());
    case::<D, [u64; 32]>([1; 32], [2; 32]);
}

/// Gets are told of the end; puts have their value back, where Go panics (`select3`, without a select).
fn a_closed_channel_never_waits<D: Driver>() {
    let c = Chan::new();
    c.close();
    for n in 0..10 {
        assert_eq!(D::get(&c).finish(), None);
        assert_eq!(D::put(&c, n).finish(), Err(PutError(n)));
    }
}

/// The channel of an arm may be the result of another get (`sendstmt`).
fn a_put_into_a_channel_out_of_a_channel() {
    let (chans, c) = (Chan::fixed(1), Chan::fixed(1));
    chans.try_put(c.clone()).unwrap();
    let got = chans.try_get().unwrap();
    select! {
        result = got.put(2) => result.unwrap(),
        default => panic!("there is room"),
    }
    assert_eq!(c.try_get(), Ok(2));
}

/// Channels of values without a size are like others (`zerosize`).
fn values_without_a_size() {
    fn case<T: Copy + Debug + PartialEq>(value: T) {
        let (empty, c) = (Chan::new(), Chan::fixed(1));
        assert_eq!(empty.try_put(value), Err(TryPutError::Full(value)));
        assert_eq!(c.try_put(value), Ok(()));
        assert_eq!(c.try_put(value), Err(TryPutError::Full(value)));
        assert_eq!((c.len(), c.try_get(), c.len()), (1, Ok(value), 0));
    }
    case(());
    case([0_u8; 0]);
}

/// Values behind a pointer to a trait are not touched by selects in which they lose (`TestChanSendInterface`).
fn values_behind_a_trait_come_back() {
    let value = |n: u32| -> Box<dyn Any + Send> { Box::new(n) };
    let number = |value: Box<dyn Any + Send>| *value.downcast::<u32>().unwrap();
    let c = Chan::fixed(1);
    c.try_put(value(1)).unwrap();
    let one = value(2);
    let one = select! { _ = c.put(one) => panic!("there is no room"), default => one };
    let unselected = Select::new().put(&c, one).put(&c, value(3)).try_now().unwrap_err();
    let back: Vec<_> = unselected.0.into_iter().map(|(_, value)| number(value)).collect();
    assert_eq!((back, number(c.try_get().unwrap())), (vec![2, 3], 1));
}

/// Consumers that get until the end see every value once, however they take turns (`TestMultiConsumer`).
fn many_consumers_do_all_the_work<W: Worker>() {
    const WORKERS: usize = 23;
    const VALUES: usize = 5_000;
    let primes = [2, 3, 7, 11, 13, 17, 19, 23, 27, 31];
    let (work, results) = (Chan::fixed(WORKERS * 3), Chan::fixed(WORKERS * 3));
    let workers: Vec<_> = (0..WORKERS)
        .map(|n| {
            let (work, results) = (work.clone(), results.clone());
            W::start(async move {
                while let Some(value) = W::get(&work).await {
                    if value == primes[n % primes.len()] {
                        // Lets others overtake.
                        thread::yield_now();
                    }
                    W::put(&results, value).await.unwrap();
                }
            })
        })
        .collect();
    let values = move || primes.into_iter().cycle().take(VALUES);
    let (feed, end) = (producer::<W, _>(&work, values()), results.clone());
    let sums =
        thread::spawn(move || all(&results).iter().fold((0, 0), |(n, sum), v| (n + 1, sum + v)));
    feed.join();
    work.close();
    workers.into_iter().for_each(Working::join);
    end.close();
    assert_eq!(sums.join().unwrap(), (VALUES, values().sum::<usize>()));
}
