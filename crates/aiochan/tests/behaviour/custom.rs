//! Buffers of one's own: their policy holds, also where somebody waits.

use std::collections::{BinaryHeap, HashSet, VecDeque};

use aiochan::{Buffer, Chan, TryGetError, TryPutError};

use crate::driver::{Driver, assert_idle};

corpus! {
    all: [
        a_priority_buffer_hands_out_the_largest,
        a_value_that_the_buffer_refuses_reaches_no_parked_get,
        parked_gets_wait_until_the_buffer_gives,
        a_buffer_without_capacity_is_a_rendezvous,
    ]
    alone: [
        what_the_buffer_does_not_keep_counts_as_evicted,
        a_buffer_says_its_capacity_and_length,
    ]
}

/// As a fixed buffer.
pub(crate) struct Fifo<T> {
    values: VecDeque<T>,
    capacity: usize,
}

impl<T> Fifo<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { values: VecDeque::new(), capacity }
    }
}

impl<T: Send> Buffer<T> for Fifo<T> {
    fn can_add(&self) -> bool {
        self.values.len() < self.capacity
    }
    fn add(&mut self, value: T) -> Option<T> {
        assert!(self.can_add(), "add only follows a can_add");
        self.values.push_back(value);
        None
    }
    fn can_take(&self) -> bool {
        !self.values.is_empty()
    }
    fn take(&mut self) -> T {
        self.values.pop_front().expect("take only follows a can_take")
    }
    fn len(&self) -> usize {
        self.values.len()
    }
    fn capacity(&self) -> Option<usize> {
        Some(self.capacity)
    }
}

/// The largest of at most `capacity` first.
struct Largest {
    values: BinaryHeap<u32>,
    capacity: usize,
}

impl Buffer<u32> for Largest {
    fn can_add(&self) -> bool {
        self.values.len() < self.capacity
    }
    fn add(&mut self, value: u32) -> Option<u32> {
        self.values.push(value);
        None
    }
    fn can_take(&self) -> bool {
        !self.values.is_empty()
    }
    fn take(&mut self) -> u32 {
        self.values.pop().expect("take only follows a can_take")
    }
    fn len(&self) -> usize {
        self.values.len()
    }
}

/// Every value once.
#[derive(Default)]
struct Distinct {
    seen: HashSet<u32>,
    values: VecDeque<u32>,
}

impl Buffer<u32> for Distinct {
    fn can_add(&self) -> bool {
        true
    }
    fn add(&mut self, value: u32) -> Option<u32> {
        if !self.seen.insert(value) {
            return Some(value);
        }
        self.values.push_back(value);
        None
    }
    fn can_take(&self) -> bool {
        !self.values.is_empty()
    }
    fn take(&mut self) -> u32 {
        self.values.pop_front().expect("take only follows a can_take")
    }
    fn len(&self) -> usize {
        self.values.len()
    }
}

/// Gives nothing until there are three, and then all three.
#[derive(Default)]
struct Threes {
    values: VecDeque<u32>,
    giving: usize,
}

impl Buffer<u32> for Threes {
    fn can_add(&self) -> bool {
        true
    }
    fn add(&mut self, value: u32) -> Option<u32> {
        self.values.push_back(value);
        self.giving = self.values.len() / 3 * 3;
        None
    }
    fn can_take(&self) -> bool {
        self.giving > 0
    }
    fn take(&mut self) -> u32 {
        self.giving -= 1;
        self.values.pop_front().expect("take only follows a can_take")
    }
    fn len(&self) -> usize {
        self.values.len()
    }
}

/// Rule 3, for a buffer with an order of its own: it has the say over what is inside, parked puts
/// come in as there is room, and a parked get gets what comes.
fn a_priority_buffer_hands_out_the_largest<D: Driver>() {
    let c = Chan::with_buffer(Largest { values: BinaryHeap::new(), capacity: 3 });
    let puts: Vec<_> = [3, 9, 4, 7, 1].into_iter().map(|n| D::put(&c, n)).collect();
    assert_eq!((c.len(), c.stats().parked_puts), (3, 2));
    let got: Vec<_> = (0..5).map(|_| D::get(&c).finish().unwrap()).collect();
    assert_eq!(got, [9, 7, 4, 3, 1]);
    assert!(puts.into_iter().all(|put| put.finish() == Ok(())));
    let (first, second) = (D::get(&c), D::get(&c));
    assert_eq!(D::put(&c, 1).finish(), Ok(()));
    assert_eq!(D::put(&c, 2).finish(), Ok(()));
    assert_eq!((first.finish(), second.finish()), (Some(1), Some(2)));
    assert_idle(&c);
}

/// Rule 1: the policy is not bypassed because a get happens to wait.
fn a_value_that_the_buffer_refuses_reaches_no_parked_get<D: Driver>() {
    let c = Chan::with_buffer(Distinct::default());
    let get = D::get(&c);
    assert_eq!(D::put(&c, 1).finish(), Ok(()));
    assert_eq!(get.finish(), Some(1));
    let get = D::get(&c);
    assert_eq!(D::put(&c, 1).finish(), Ok(()));
    assert_eq!((c.stats().parked_gets, c.stats().evicted), (1, 1));
    assert_eq!(D::put(&c, 2).finish(), Ok(()));
    assert_eq!(get.finish(), Some(2));
    assert_idle(&c);
}

/// Rule 3 and 6: when a buffer gives several at once, as many gets are served.
fn parked_gets_wait_until_the_buffer_gives<D: Driver>() {
    let c = Chan::with_buffer(Threes::default());
    let gets = [D::get(&c), D::get(&c)];
    for n in 0..2 {
        assert_eq!(D::put(&c, n).finish(), Ok(()));
    }
    assert_eq!((c.stats().parked_gets, c.len()), (2, 2));
    assert_eq!(c.try_get(), Err(TryGetError::Empty));
    assert_eq!(D::put(&c, 2).finish(), Ok(()));
    assert_eq!(gets.map(|get| get.finish()), [Some(0), Some(1)]);
    assert_eq!(D::get(&c).finish(), Some(2));
    assert_idle(&c);
}

/// Rule 6: a put and a get that both wait would wait for each other for ever. Whichever comes first,
/// they meet.
fn a_buffer_without_capacity_is_a_rendezvous<D: Driver>() {
    let c = Chan::with_buffer(Fifo::new(0));
    let put = D::put(&c, 1);
    assert_eq!(D::get(&c).finish(), Some(1));
    assert_eq!(put.finish(), Ok(()));
    let get = D::get(&c);
    let put = D::put(&c, 2);
    let stats = c.stats();
    // Lets a driver's thread go on before the case fails.
    c.close();
    assert_eq!((stats.parked_puts, stats.parked_gets), (0, 0), "they wait for each other");
    assert_eq!(get.finish(), Some(2));
    assert_eq!(put.finish(), Ok(()));
}

/// Rule 1: evicted by a policy, and counted.
fn what_the_buffer_does_not_keep_counts_as_evicted() {
    let c = Chan::with_buffer(Distinct::default());
    c.add([1, 1, 2, 1, 2, 3]).unwrap();
    assert_eq!((c.len(), c.stats().evicted), (3, 3));
    c.close();
    assert_eq!(c.iter().collect::<Vec<_>>(), [1, 2, 3]);
}

fn a_buffer_says_its_capacity_and_length() {
    let c = Chan::with_buffer(Fifo::new(2));
    assert_eq!((c.capacity(), c.len()), (Some(2), 0));
    c.add([1, 2]).unwrap();
    assert_eq!((c.len(), c.try_put(3)), (2, Err(TryPutError::Full(3))));
    assert_eq!(Chan::with_buffer(Distinct::default()).capacity(), None);
}
