//! A channel over an iterator, which makes a value when one is asked for and tells how many it has made.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use aiochan::Chan;
use fastrand::Rng;

use crate::ledger::{self, Value};
use crate::{planned, scheduler};

/// What is known of an iterator.
#[derive(Debug)]
pub(crate) struct Items {
    made: Arc<AtomicU64>,
    all: u64,
    pub(crate) ends_in_a_panic: bool,
}

struct Iter {
    numbers: Range<u32>,
    made: Arc<AtomicU64>,
    rng: Rng,
    ends_in_a_panic: bool,
}

/// A channel over an iterator of a few hundred values.
pub(crate) fn chan(rng: &mut Rng) -> (Chan<Value>, Items) {
    let numbers = ledger::reserve(rng.u32(..1000));
    let ends_in_a_panic = rng.u8(..4) == 0;
    let items = Items { made: Arc::default(), all: numbers.len() as u64, ends_in_a_panic };
    let iter = Iter { numbers, made: items.made.clone(), rng: rng.fork(), ends_in_a_panic };
    (Chan::from_iter(iter), items)
}

impl Iterator for Iter {
    type Item = Value;

    fn next(&mut self) -> Option<Value> {
        // While it is out, others come to want the next one, and are to wait for it.
        match self.rng.u8(..16) {
            0..4 => scheduler::meanwhile(&mut self.rng),
            4 => thread::yield_now(),
            _ => {}
        }
        match self.numbers.next() {
            None if self.ends_in_a_panic => planned::panic(),
            None => None,
            Some(number) => {
                self.made.fetch_add(1, Ordering::SeqCst);
                Some(ledger::make(number))
            }
        }
    }
}

impl Items {
    /// None is made that nobody asked for: each has been got, or was given back. For moments when nobody is in the
    /// middle of a get.
    pub(crate) fn assert_asked_for(&self, c: &Chan<Value>) {
        let stats = c.stats();
        let made = self.made.load(Ordering::SeqCst);
        if made != stats.delivered() + stats.len as u64 {
            ledger::fault(&format!("{made} items were made, but {c:?} tells {stats:?}"));
        }
    }

    /// All have been made.
    pub(crate) fn assert_ended(&self) {
        let (made, all) = (self.made.load(Ordering::SeqCst), self.all);
        if made != all {
            ledger::fault(&format!("an iterator is over after {made} items of {all}"));
        }
    }
}
