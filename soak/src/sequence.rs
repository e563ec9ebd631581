//! Sequences of operations, made from bytes, on the real channels and on the plain model side by side.
//!
//! What anybody is told, who is woken, what is dropped and every figure must be the same after each step. The bytes
//! come from a fuzzer, from a file that was kept, or from chance.

mod ops;
mod task;
mod value;

use std::mem;
use std::sync::{Arc, Mutex};

use aiochan::{Buf, Chan, Lease};

use self::task::Task;
use self::value::Value;
use crate::fifo::Fifo;
use crate::model::{Figures, Id, Kind, Left, Model, Seen, Sort, Store, WhenFull};

/// Runs the sequence that these bytes stand for; every row of bytes is one.
///
/// # Panics
/// At the first difference.
pub fn run(bytes: &[u8]) {
    let mut bytes = Bytes(bytes);
    let mut both = Both::default();
    for _ in 0..1 + bytes.below(2) {
        both.add_chan(&mut bytes);
    }
    while !bytes.0.is_empty() {
        both.step(&mut bytes);
        both.compare();
    }
    both.end();
}

/// Takes numbers from bytes, 0 where there are none left.
struct Bytes<'b>(&'b [u8]);

impl Bytes<'_> {
    fn below(&mut self, limit: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first) % limit.max(1)
    }
}

#[derive(Default)]
struct Both {
    model: Model,
    chans: Vec<Chan<Value>>,
    seen: Arc<Mutex<Seen>>,
    values: Id,
    /// By their numbers in the model; over where there is nothing.
    ops: Vec<Option<Task>>,
    leases: Vec<(usize, Left, Lease<Value>)>,
    /// Those that have given a value and do not wait for the next one.
    streams: Vec<Task>,
}

impl Both {
    fn add_chan(&mut self, bytes: &mut Bytes<'_>) {
        let small = 1 + bytes.below(2);
        let (buf, limit, when_full, store) = match bytes.below(10) {
            0 | 1 => (Buf::rendezvous(), 0, WhenFull::Wait, Store::Queue),
            2 | 3 => (Buf::fixed(small), small, WhenFull::Wait, Store::Queue),
            4 => (Buf::unbounded(), usize::MAX, WhenFull::Wait, Store::Queue),
            5 => (Buf::sliding(small), small, WhenFull::DropOld, Store::Queue),
            6 => (Buf::dropping(small), small, WhenFull::DropNew, Store::Queue),
            7 => (Buf::custom(Fifo::new(small)), small, WhenFull::Wait, Store::Custom),
            8 => (Buf::promise(), 1, WhenFull::DropNew, Store::Promise),
            _ => return self.add_items(bytes),
        };
        let max_pending = 1 + bytes.below(3);
        self.model.add_chan(Kind { limit, when_full, store, max_pending }, []);
        self.chans.push(Chan::builder().buffer(buf).max_pending(max_pending).build());
    }

    /// A channel over an iterator.
    fn add_items(&mut self, bytes: &mut Bytes<'_>) {
        let first = self.values + 1;
        self.values += 4 * bytes.below(3) as Id;
        let (ids, seen) = (first..=self.values, self.seen.clone());
        let kind =
            Kind { limit: 0, when_full: WhenFull::Wait, store: Store::Iterator, max_pending: 1 };
        self.model.add_chan(kind, ids.clone());
        self.chans.push(Chan::from_iter(ids.map(move |id| Value::new(id, &seen))));
    }

    fn value(&mut self) -> Value {
        self.values += 1;
        Value::new(self.values, &self.seen)
    }

    fn few(&mut self, count: usize) -> Vec<Value> {
        (0..count).map(|_| self.value()).collect()
    }

    fn step(&mut self, bytes: &mut Bytes<'_>) {
        let at = bytes.below(self.chans.len());
        match bytes.below(25) {
            0 | 1 => {
                let value = self.value();
                self.begin_put(at, value);
            }
            2 | 3 => self.begin_get(at),
            4 | 5 => self.begin_select(bytes),
            6 => {
                let values = self.few(1 + bytes.below(3));
                self.begin_put_many(at, values);
            }
            7 => self.begin_get_many(at, 1 + bytes.below(3)),
            8 => {
                let value = self.value();
                self.put_with(at, value);
            }
            9 => self.get_with(at),
            10 => {
                let values = self.few(1 + bytes.below(3));
                self.add(at, values);
            }
            11 => {
                let value = self.value();
                self.try_put(at, value);
            }
            12 => {
                self.try_get(at);
            }
            13 => self.lease(at, bytes),
            14..17 => {
                if let Some(op) = self.choose(bytes) {
                    let told = self.model.poll(op);
                    self.told(op, told);
                }
            }
            17 | 18 => {
                if let Some(op) = self.choose(bytes) {
                    self.model.drop_op(op);
                    self.ops[op] = None;
                }
            }
            // Less often than the others, since not much happens afterwards.
            19 => match bytes.below(4) {
                0 => {
                    self.model.close(at);
                    self.chans[at].close();
                }
                1 => self.begin_end(at, Sort::Join),
                2 => self.begin_end(at, Sort::Closed),
                _ => {}
            },
            20 => {
                let value = self.value();
                self.put_timeout(at, value);
            }
            21 => self.get_timeout(at),
            22 => self.select_now(bytes),
            23 => self.begin_stream(at),
            _ => self.go_on_with_a_stream(bytes),
        }
    }

    /// One of the operations that are not over.
    fn choose(&self, bytes: &mut Bytes<'_>) -> Option<usize> {
        let under: Vec<_> = (0..self.ops.len()).filter(|op| self.ops[*op].is_some()).collect();
        (!under.is_empty()).then(|| under[bytes.below(under.len())])
    }

    // --- comparing ---

    fn compare(&mut self) {
        for (op, task) in self.ops.iter().enumerate() {
            if let Some(task) = task {
                let is_woken = task.is_woken();
                if self.model.waits_for_an_end(op) && !self.model.is_decided(op) {
                    let (may, must) = (self.model.may_end(op), self.model.must_end(op));
                    assert!(
                        if is_woken { may } else { !must },
                        "whether {op} is told of an end: {is_woken}"
                    );
                    if is_woken {
                        self.model.ends(op);
                    }
                }
                assert_eq!(is_woken, self.model.is_decided(op), "whether {op} is woken");
            }
        }
        self.compare_what_was_seen();
        for (at, c) in self.chans.iter().enumerate() {
            let stats = c.stats();
            let real = Figures {
                len: stats.len,
                parked_puts: stats.parked_puts,
                parked_gets: stats.parked_gets,
                delivered: stats.delivered(),
                evicted: stats.evicted,
                is_closed: c.is_closed(),
            };
            assert_eq!(real, self.model.figures(at), "channel {at}");
        }
    }

    fn compare_what_was_seen(&mut self) {
        let mut real = mem::take(&mut *self.seen.lock().expect("no test has failed"));
        let mut told = mem::take(&mut self.model.seen);
        real.dropped.sort_unstable();
        told.dropped.sort_unstable();
        assert_eq!(real, told, "callbacks and drops");
    }

    /// Drops everything: then every value is with somebody, or has been dropped once.
    fn end(mut self) {
        for (at, left, lease) in mem::take(&mut self.leases) {
            self.model.give_back(at, left);
            drop(lease);
            self.compare();
        }
        for op in 0..self.ops.len() {
            if self.ops[op].is_some() {
                self.model.drop_op(op);
                self.ops[op] = None;
                self.compare();
            }
        }
        self.streams.clear();
        self.compare();
        for at in 0..self.chans.len() {
            self.model.close(at);
            self.chans[at].close();
            self.compare();
            // What a promise keeps, nobody can take out.
            while !self.model.is_promise(at) && self.try_get(at) {
                self.compare();
            }
        }
        self.model.discard();
        self.chans.clear();
        self.compare_what_was_seen();
    }
}
