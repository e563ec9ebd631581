//! The operations: what each does on the real channels, and what the model is asked.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::time::Duration;

use aiochan::{Chan, GetTimeoutError, PutError, PutTimeoutError, Select, Selected, TryGetError};
use futures_util::Stream;

use super::task::Task;
use super::value::Value;
use super::{Both, Bytes};
use crate::model::{Id, Outcome, Sort, Told};

/// The arms of a select, each with a channel and perhaps a value to put.
type Arms<V> = Vec<(usize, Option<V>)>;

/// Not zero, which only looks: it takes its place in the queue, and leaves it.
const NO_TIME: Duration = Duration::from_nanos(1);

impl Both {
    fn begin(&mut self, sort: Sort, arms: Arms<Id>, future: impl Future<Output = Told> + 'static) {
        self.begin_task(sort, arms, Task::new(future));
    }

    fn begin_task(&mut self, sort: Sort, arms: Arms<Id>, task: Task) {
        let told = self.model.begin(sort, arms);
        self.ops.push(Some(task));
        self.told(self.ops.len() - 1, told);
    }

    /// Polls an operation, which must be told this.
    pub(super) fn told(&mut self, op: usize, told: Told) {
        let mut task = self.ops[op].take().expect("it is not over");
        assert_eq!(task.poll(), told, "operation {op}");
        match told {
            Told::Waits => self.ops[op] = Some(task),
            Told::One(Outcome::Got(Some(_))) if task.stream_of.is_some() => self.streams.push(task),
            _ => {}
        }
    }

    pub(super) fn begin_put(&mut self, at: usize, value: Value) {
        let c = self.chans[at].clone();
        let id = value.id();
        self.begin(
            Sort::Plain,
            vec![(at, Some(id))],
            async move { Told::One(put(c.put(value).await)) },
        );
    }

    pub(super) fn begin_get(&mut self, at: usize) {
        let c = self.chans[at].clone();
        self.begin(Sort::Plain, vec![(at, None)], async move { Told::One(got(c.get().await)) });
    }

    /// A `join` or `closed`.
    pub(super) fn begin_end(&mut self, at: usize, sort: Sort) {
        let c = self.chans[at].clone();
        let joins = sort == Sort::Join;
        self.begin(sort, vec![(at, None)], async move {
            if joins {
                c.join().await;
            } else {
                c.closed().await;
            }
            Told::Ended
        });
    }

    fn draw_arms(&mut self, bytes: &mut Bytes<'_>) -> (Arms<Id>, Arms<Value>) {
        let arms: Vec<_> = (0..2 + bytes.below(2))
            .map(|_| {
                let puts = bytes.below(2) == 0;
                (bytes.below(self.chans.len()), puts.then(|| self.value()))
            })
            .collect();
        let ids = arms.iter().map(|(at, value)| (*at, value.as_ref().map(Value::id)));
        (ids.collect(), arms)
    }

    pub(super) fn begin_select(&mut self, bytes: &mut Bytes<'_>) {
        let (ids, arms) = self.draw_arms(bytes);
        let chans = self.chans.clone();
        self.begin(Sort::Select, ids, async move { selected(select(&chans, arms).await) });
    }

    /// As much of a select as does not wait, or with no time to wait.
    pub(super) fn select_now(&mut self, bytes: &mut Bytes<'_>) {
        let (ids, arms) = self.draw_arms(bytes);
        let told = self.model.select_now(ids);
        let select = select(&self.chans, arms);
        let real = match bytes.below(2) {
            0 => select.try_now(),
            _ => select.blocking_timeout(NO_TIME),
        };
        let real = real.map(selected).map_err(|unselected| ids_of(unselected.0));
        assert_eq!(real, told, "a select without time");
        self.ops.push(None);
    }

    pub(super) fn begin_put_many(&mut self, at: usize, values: Vec<Value>) {
        let c = self.chans[at].clone();
        let sort = Sort::PutMany(values.iter().map(Value::id).collect());
        self.begin(sort, vec![(at, None)], async move {
            let mut values = VecDeque::from(values);
            let is_closed = c.put_many(&mut values).await.is_err();
            Told::PutMany(values.into_iter().map(Value::into_id).collect(), is_closed)
        });
    }

    pub(super) fn begin_get_many(&mut self, at: usize, max: usize) {
        let c = self.chans[at].clone();
        self.begin(Sort::GetMany(max), vec![(at, None)], async move {
            let mut values = Vec::new();
            c.get_many(&mut values, max).await;
            Told::GotMany(values.into_iter().map(Value::into_id).collect())
        });
    }

    pub(super) fn put_with(&mut self, at: usize, value: Value) {
        let (op, seen) = (self.ops.len(), self.seen.clone());
        let told = self.model.begin_callback(at, Some(value.id()));
        let result = self.chans[at].put_with(value, move |result| {
            let outcome = put(result);
            seen.lock().expect("no test has failed").called.push((op, outcome));
        });
        let is_taken = result.map_err(|refused| refused.into_inner().into_id()).is_ok();
        assert_eq!(is_taken, told, "put_with");
        self.ops.push(None);
    }

    pub(super) fn get_with(&mut self, at: usize) {
        let (op, seen) = (self.ops.len(), self.seen.clone());
        let told = self.model.begin_callback(at, None);
        let result = self.chans[at].get_with(move |value| {
            let outcome = got(value);
            seen.lock().expect("no test has failed").called.push((op, outcome));
        });
        assert_eq!(result.is_ok(), told, "get_with");
        self.ops.push(None);
    }

    pub(super) fn add(&mut self, at: usize, values: Vec<Value>) {
        let left = self.model.add(at, values.iter().map(Value::id).collect());
        let result = self.chans[at].add(values);
        let real = result.err().map_or(Vec::new(), aiochan::AddError::into_inner);
        assert_eq!(real.into_iter().map(Value::into_id).collect::<Vec<_>>(), left, "add");
        // One for each in the model.
        let ops = self.model.ops();
        self.ops.resize_with(ops, || None);
    }

    pub(super) fn try_put(&mut self, at: usize, value: Value) {
        let told = self.model.try_put(at, value.id());
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

    /// Whether it got something.
    pub(super) fn try_get(&mut self, at: usize) -> bool {
        let told = self.model.try_get(at).map(|got| got.map(|left| left.0));
        let real = match self.chans[at].try_get() {
            Ok(value) => Some(Some(value.into_id())),
            Err(TryGetError::Closed) => Some(None),
            Err(TryGetError::Empty) => None,
        };
        assert_eq!(real, told, "try_get");
        matches!(told, Some(Some(_)))
    }

    pub(super) fn put_timeout(&mut self, at: usize, value: Value) {
        let told = self.model.try_put(at, value.id());
        let real = match self.chans[at].put_timeout(value, NO_TIME) {
            Ok(()) => Some(Ok(())),
            Err(PutTimeoutError::Timeout(value)) => {
                value.into_id();
                None
            }
            Err(PutTimeoutError::Closed(value)) => Some(Err(value.into_id())),
        };
        assert_eq!(real, told, "put_timeout");
    }

    pub(super) fn get_timeout(&mut self, at: usize) {
        let told = self.model.try_get(at).map(|got| got.map(|left| left.0));
        let real = match self.chans[at].get_timeout(NO_TIME) {
            Ok(value) => Some(Some(value.into_id())),
            Err(GetTimeoutError::Closed) => Some(None),
            Err(GetTimeoutError::Timeout) => None,
        };
        assert_eq!(real, told, "get_timeout");
    }

    pub(super) fn begin_stream(&mut self, at: usize) {
        let mut stream = self.chans[at].stream();
        let next = poll_fn(move |cx| {
            Pin::new(&mut stream).poll_next(cx).map(|value| Told::One(got(value)))
        });
        let mut task = Task::new(next);
        task.stream_of = Some(at);
        self.begin_task(Sort::Plain, vec![(at, None)], task);
    }

    /// Asks a stream that does not wait for its next value, or drops it.
    pub(super) fn go_on_with_a_stream(&mut self, bytes: &mut Bytes<'_>) {
        if self.streams.is_empty() {
            return;
        }
        let stream = self.streams.swap_remove(bytes.below(self.streams.len()));
        if let Some(at) = stream.stream_of
            && bytes.below(4) > 0
        {
            self.begin_task(Sort::Plain, vec![(at, None)], stream);
        }
    }

    pub(super) fn lease(&mut self, at: usize, bytes: &mut Bytes<'_>) {
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
                assert_eq!(lease.id(), left.0, "try_lease");
                self.leases.push((at, left, lease));
            }
            (Some(None), Err(TryGetError::Closed)) | (None, Err(TryGetError::Empty)) => {}
            (told, real) => panic!("try_lease: {real:?} instead of {told:?}"),
        }
    }
}

fn select(chans: &[Chan<Value>], arms: Arms<Value>) -> Select<'_, Value> {
    arms.into_iter().fold(Select::new().priority(true), |select, (at, value)| match value {
        Some(value) => select.put(&chans[at], value),
        None => select.get(&chans[at]),
    })
}

fn selected(selected: Selected<Value>) -> Told {
    let outcome = match selected.outcome {
        aiochan::Outcome::Got(value) => got(value),
        aiochan::Outcome::Put(result) => put(result),
    };
    Told::Selected(selected.index, outcome, ids_of(selected.unsent))
}

fn ids_of(unsent: Vec<(usize, Value)>) -> Vec<Id> {
    unsent.into_iter().map(|(_, value)| value.into_id()).collect()
}

fn got(value: Option<Value>) -> Outcome {
    Outcome::Got(value.map(Value::into_id))
}

fn put(result: Result<(), PutError<Value>>) -> Outcome {
    Outcome::Put(result.map_err(|error| error.0.into_id()))
}
