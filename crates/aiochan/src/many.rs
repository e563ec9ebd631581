//! Several values at a time: fewer lockings, the same order, and nothing lost on the way.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::block::block_on;
use crate::chan::Chan;
use crate::effects::Dropped;
use crate::error::{Closed, PutError};
use crate::first_panic::FirstPanic;
use crate::halves::{Receiver, Sender};
use crate::op::Put;
use crate::state::Step;

impl<T> Chan<T> {
    /// Puts all of `values`, from the front, waiting for room as often as necessary.
    ///
    /// # Errors
    /// [`Closed`]; the values that were not put are still in `values`.
    ///
    /// # Cancel safety
    /// Dropped before it is done, it leaves the values that were not put in `values`, in order.
    ///
    /// # Examples
    /// ```
    /// # use std::collections::VecDeque;
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let c = aiochan::Chan::unbounded();
    /// let mut values = VecDeque::from([1, 2, 3]);
    /// c.put_many(&mut values).await?;
    /// assert!(values.is_empty());
    /// # Ok::<(), aiochan::Closed>(())
    /// # }).unwrap();
    /// ```
    #[doc(alias = "send_many")]
    pub async fn put_many(&self, values: &mut VecDeque<T>) -> Result<(), Closed> {
        loop {
            self.put_ready(values)?;
            match values.pop_front() {
                None => return Ok(()),
                Some(value) => First { put: self.put(value), values }.await?,
            }
        }
    }

    /// [`put_many`](Self::put_many), blocking the thread.
    ///
    /// # Errors
    /// [`Closed`]; the values that were not put are still in `values`.
    ///
    /// # Panics
    /// As [`put_blocking`](Self::put_blocking).
    pub fn put_many_blocking(&self, values: &mut VecDeque<T>) -> Result<(), Closed> {
        block_on(pin!(self.put_many(values)))
    }

    /// Waits until at least one value is there and then gets all that are, `max` at most, adding
    /// them to the end of `out`. How many these were: 0 means that the channel is closed and
    /// drained. A promise makes one copy, and a channel made from an iterator advances it once.
    ///
    /// # Panics
    /// If `max` is 0, since 0 values would say that the channel is closed.
    ///
    /// # Cancel safety
    /// Nothing is lost: values are either in the channel or in `out`.
    ///
    /// # Examples
    /// ```
    /// # tokio::runtime::Runtime::new().unwrap().block_on(async {
    /// let c = aiochan::Chan::fixed(8);
    /// c.add([1, 2, 3]).unwrap();
    /// c.close();
    /// let mut out = Vec::new();
    /// assert_eq!(c.get_many(&mut out, 2).await, 2);
    /// assert_eq!(c.get_many(&mut out, 2).await, 1);
    /// assert_eq!(c.get_many(&mut out, 2).await, 0);
    /// assert_eq!(out, [1, 2, 3]);
    /// # });
    /// ```
    #[doc(alias = "recv_many")]
    pub async fn get_many(&self, out: &mut Vec<T>, max: usize) -> usize {
        assert!(max > 0, "get_many of at most 0 values; ask for 1 or more");
        let got = self.get_ready(out, max);
        if got > 0 {
            return got;
        }
        let Some(first) = self.get().await else { return 0 };
        out.push(first);
        if self.shared.look(|state| state.gives_turns()) {
            return 1;
        }
        1 + self.get_ready(out, max - 1)
    }

    /// [`get_many`](Self::get_many), blocking the thread.
    ///
    /// # Panics
    /// If `max` is 0; and as [`get_blocking`](Self::get_blocking).
    pub fn get_many_blocking(&self, out: &mut Vec<T>, max: usize) -> usize {
        block_on(pin!(self.get_many(out, max)))
    }

    /// Puts what can be put without waiting, in one locking.
    fn put_ready(&self, values: &mut VecDeque<T>) -> Result<(), Closed> {
        let step = self.shared.act(|state, fx| {
            while let Some(value) = values.pop_front() {
                let mut slot = Some(value);
                let step = state.put(&mut slot, None, fx);
                match slot {
                    Some(old) if step == Step::Done => fx.drop_later(Dropped::Value(old)),
                    Some(value) => {
                        values.push_front(value);
                        return step;
                    }
                    None => {}
                }
            }
            Step::Done
        });
        if step == Step::Closed { Err(Closed) } else { Ok(()) }
    }

    /// Gets what can be got without waiting, in one locking. Should a waker panic, what was got is
    /// in `out` already.
    fn get_ready(&self, out: &mut Vec<T>, max: usize) -> usize {
        let before = out.len();
        let step = self.shared.act(|state, fx| {
            let mut step = Step::Done;
            while step == Step::Done && out.len() - before < max {
                let mut value = None;
                step = state.get(&mut value, None, fx);
                out.extend(value);
            }
            step
        });
        if step == Step::Turn {
            out.extend(self.shared.take_turn());
        }
        out.len() - before
    }
}

pin_project! {
    /// The put of the value that waits for room; withdrawn, the value goes back to where it came
    /// from.
    struct First<'a, 'v, T> {
        #[pin]
        put: Put<'a, T>,
        values: &'v mut VecDeque<T>,
    }

    impl<T> PinnedDrop for First<'_, '_, T> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let mut panics = FirstPanic::default();
            panics.catch(|| this.put.as_mut().withdraw());
            if let Some(value) = this.put.take_back() {
                this.values.push_front(value);
            }
            panics.go_on();
        }
    }
}

impl<T> Future for First<'_, '_, T> {
    type Output = Result<(), Closed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Result<(), Closed>> {
        let this = self.project();
        this.put.poll(cx).map_err(|PutError(value)| {
            this.values.push_front(value);
            Closed
        })
    }
}

impl<T> Sender<T> {
    /// As [`Chan::put_many`].
    ///
    /// # Errors
    /// [`Closed`]; the values that were not put are still in `values`.
    pub async fn put_many(&self, values: &mut VecDeque<T>) -> Result<(), Closed> {
        self.chan().put_many(values).await
    }
}

impl<T> Receiver<T> {
    /// As [`Chan::get_many`].
    ///
    /// # Panics
    /// If `max` is 0.
    pub async fn get_many(&self, out: &mut Vec<T>, max: usize) -> usize {
        self.chan().get_many(out, max).await
    }
}
