//! Sequences of operations, made from bytes, on the real channels and on the plain model side by side.
//!
//! What anybody is told, who is woken, what is dropped and every figure must be the same after each step. The bytes
//! come from a fuzzer, from a file that was kept, or from chance.

use std::collections::VecDeque;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};

use aiochan::{Buf, Chan, Lease, PutError, Select, TryGetError};

use crate::fifo::Fifo;
use crate::model::{Figures, Id, Kind, Left, Model, Outcome, Seen, Sort, Told, WhenFull};

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

/// A value that tells when it is dropped, unless somebody has it.
#[derive(Debug)]
struct Value(Id, Option<Arc<Mutex<Seen>>>);

impl Value {
    fn into_id(mut self) -> Id {
        self.1 = None;
        self.0
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        if let Some(seen) = &self.1 {
            seen.lock().expect("no test has failed").dropped.push(self.0);
        }
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
}

struct Task {
    future: Pin<Box<dyn Future<Output = Told>>>,
    alarm: Arc<Alarm>,
}

#[derive(Default)]
struct Alarm(AtomicBool);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        assert!(!self.0.swap(true, Ordering::Relaxed), "it was woken twice");
    }
}

impl Task {
    fn poll(&mut self) -> Told {
        self.alarm.0.store(false, Ordering::Relaxed);
        let waker = Waker::from(self.alarm.clone());
        match self.future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(told) => told,
            Poll::Pending => Told::Waits,
        }
    }
}

impl Both {
    fn add_chan(&mut self, bytes: &mut Bytes<'_>) {
        let small = 1 + bytes.below(2);
        let (buf, limit, when_full, is_custom) = match bytes.below(8) {
            0 | 1 => (Buf::rendezvous(), 0, WhenFull::Wait, false),
            2 | 3 => (Buf::fixed(small), small, WhenFull::Wait, false),
            4 => (Buf::unbounded(), usize::MAX, WhenFull::Wait, false),
            5 => (Buf::sliding(small), small, WhenFull::DropOld, false),
            6 => (Buf::dropping(small), small, WhenFull::DropNew, false),
            _ => (Buf::custom(Fifo::new(small)), small, WhenFull::Wait, true),
        };
        let max_pending = 1 + bytes.below(3);
        self.model.add_chan(Kind { limit, when_full, is_custom, max_pending });
        self.chans.push(Chan::builder().buffer(buf).max_pending(max_pending).build());
    }

    fn value(&mut self) -> Value {
        self.values += 1;
        Value(self.values, Some(self.seen.clone()))
    }

    fn few(&mut self, count: usize) -> Vec<Value> {
        (0..count).map(|_| self.value()).collect()
    }

    fn step(&mut self, bytes: &mut Bytes<'_>) {
        let at = bytes.below(self.chans.len());
        match bytes.below(20) {
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
                let told = self.model.try_put(at, value.0);
                let real = match self.chans[at].try_put(value) {
                    Ok(()) => Some(Ok(())),
                    Err(error) if error.is_full() => {
                        error.into_inner().into_id();
                        None
                    }
                    Err(error) => Some(Err(error.into_inner().into_id())),
                };
                assert_eq!(real, told, "try_put");
            }
            12 => {
                let told = self.model.try_get(at).map(|got| got.map(|left| left.0));
                let real = match self.chans[at].try_get() {
                    Ok(value) => Some(Some(value.into_id())),
                    Err(TryGetError::Closed) => Some(None),
                    Err(TryGetError::Empty) => None,
                };
                assert_eq!(real, told, "try_get");
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
            _ => {
                // Less often than the others, since not much happens afterwards.
                if bytes.below(4) == 0 {
                    self.model.close(at);
                    self.chans[at].close();
                }
            }
        }
    }

    /// One of the operations that are not over.
    fn choose(&self, bytes: &mut Bytes<'_>) -> Option<usize> {
        let under: Vec<_> = (0..self.ops.len()).filter(|op| self.ops[*op].is_some()).collect();
        (!under.is_empty()).then(|| under[bytes.below(under.len())])
    }

    // --- operations ---

    fn begin(
        &mut self,
        sort: Sort,
        arms: Vec<(usize, Option<Id>)>,
        future: impl Future<Output = Told> + 'static,
    ) {
        let told = self.model.begin(sort, arms);
        self.ops.push(Some(Task { future: Box::pin(future), alarm: Arc::default() }));
        self.told(self.ops.len() - 1, told);
    }

    /// Polls an operation, which must be told this.
    fn told(&mut self, op: usize, told: Told) {
        let task = self.ops[op].as_mut().expect("it is not over");
        assert_eq!(task.poll(), told, "operation {op}");
        if told != Told::Waits {
            self.ops[op] = None;
        }
    }

    fn begin_put(&mut self, at: usize, value: Value) {
        let c = self.chans[at].clone();
        let id = value.0;
        self.begin(
            Sort::Plain,
            vec![(at, Some(id))],
            async move { Told::One(put(c.put(value).await)) },
        );
    }

    fn begin_get(&mut self, at: usize) {
        let c = self.chans[at].clone();
        self.begin(Sort::Plain, vec![(at, None)], async move { Told::One(got(c.get().await)) });
    }

    fn begin_select(&mut self, bytes: &mut Bytes<'_>) {
        let arms: Vec<_> = (0..2 + bytes.below(2))
            .map(|_| {
                let puts = bytes.below(2) == 0;
                (bytes.below(self.chans.len()), puts.then(|| self.value()))
            })
            .collect();
        let model = arms.iter().map(|(at, value)| (*at, value.as_ref().map(|value| value.0)));
        let model = model.collect();
        let chans = self.chans.clone();
        self.begin(Sort::Select, model, async move {
            let mut select = Select::new().priority(true);
            for (at, value) in arms {
                select = match value {
                    Some(value) => select.put(&chans[at], value),
                    None => select.get(&chans[at]),
                };
            }
            let selected = select.await;
            let outcome = match selected.outcome {
                aiochan::Outcome::Got(value) => got(value),
                aiochan::Outcome::Put(result) => put(result),
            };
            let unsent = selected.unsent.into_iter().map(|(_, value)| value.into_id());
            Told::Selected(selected.index, outcome, unsent.collect())
        });
    }

    fn begin_put_many(&mut self, at: usize, values: Vec<Value>) {
        let c = self.chans[at].clone();
        let sort = Sort::PutMany(values.iter().map(|value| value.0).collect());
        self.begin(sort, vec![(at, None)], async move {
            let mut values = VecDeque::from(values);
            let is_closed = c.put_many(&mut values).await.is_err();
            Told::PutMany(values.into_iter().map(Value::into_id).collect(), is_closed)
        });
    }

    fn begin_get_many(&mut self, at: usize, max: usize) {
        let c = self.chans[at].clone();
        self.begin(Sort::GetMany(max), vec![(at, None)], async move {
            let mut values = Vec::new();
            c.get_many(&mut values, max).await;
            Told::GotMany(values.into_iter().map(Value::into_id).collect())
        });
    }

    fn put_with(&mut self, at: usize, value: Value) {
        let (op, seen) = (self.ops.len(), self.seen.clone());
        let told = self.model.begin_callback(at, Some(value.0));
        let result = self.chans[at].put_with(value, move |result| {
            let outcome = put(result);
            seen.lock().expect("no test has failed").called.push((op, outcome));
        });
        let is_taken = result.map_err(|refused| refused.into_inner().into_id()).is_ok();
        assert_eq!(is_taken, told, "put_with");
        self.ops.push(None);
    }

    fn get_with(&mut self, at: usize) {
        let (op, seen) = (self.ops.len(), self.seen.clone());
        let told = self.model.begin_callback(at, None);
        let result = self.chans[at].get_with(move |value| {
            let outcome = got(value);
            seen.lock().expect("no test has failed").called.push((op, outcome));
        });
        assert_eq!(result.is_ok(), told, "get_with");
        self.ops.push(None);
    }

    fn add(&mut self, at: usize, values: Vec<Value>) {
        let left = self.model.add(at, values.iter().map(|value| value.0).collect());
        let result = self.chans[at].add(values);
        let real = result.err().map_or(Vec::new(), aiochan::AddError::into_inner);
        assert_eq!(real.into_iter().map(Value::into_id).collect::<Vec<_>>(), left, "add");
        // One for each in the model.
        let ops = self.model.ops();
        self.ops.resize_with(ops, || None);
    }

    fn lease(&mut self, at: usize, bytes: &mut Bytes<'_>) {
        if !self.leases.is_empty() && bytes.below(2) == 0 {
            let (at, left, lease) = self.leases.swap_remove(bytes.below(self.leases.len()));
            if bytes.below(2) == 0 {
                assert_eq!(lease.take().into_id(), left.0, "a lease");
            } else {
                self.model.give_back(at, left);
                drop(lease);
            }
            return;
        }
        let told = self.model.try_get(at);
        let real = self.chans[at].try_lease();
        match (told, real) {
            (Some(Some(left)), Ok(lease)) => {
                assert_eq!(lease.0, left.0, "try_lease");
                self.leases.push((at, left, lease));
            }
            (Some(None), Err(TryGetError::Closed)) | (None, Err(TryGetError::Empty)) => {}
            (told, real) => panic!("try_lease: {real:?} instead of {told:?}"),
        }
    }

    // --- comparing ---

    fn compare(&mut self) {
        for (op, task) in self.ops.iter().enumerate() {
            if let Some(task) = task {
                let is_woken = task.alarm.0.load(Ordering::Relaxed);
                assert_eq!(is_woken, self.model.is_decided(op), "whether {op} is woken");
            }
        }
        let mut real = mem::take(&mut *self.seen.lock().expect("no test has failed"));
        let mut told = mem::take(&mut self.model.seen);
        real.dropped.sort_unstable();
        told.dropped.sort_unstable();
        assert_eq!(real, told, "callbacks and drops");
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
        for at in 0..self.chans.len() {
            self.model.close(at);
            self.chans[at].close();
            self.compare();
            while let Some(told) = self.model.try_get(at) {
                let real = self.chans[at].try_get().ok().map(Value::into_id);
                assert_eq!(real, told.map(|left| left.0), "what is left");
                self.compare();
                if told.is_none() {
                    break;
                }
            }
        }
    }
}

fn got(value: Option<Value>) -> Outcome {
    Outcome::Got(value.map(Value::into_id))
}

fn put(result: Result<(), PutError<Value>>) -> Outcome {
    Outcome::Put(result.map_err(|error| error.0.into_id()))
}
