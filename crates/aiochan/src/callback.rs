//! The callback driver: an operation that is parked in an allocation of its own and calls a function
//! when it completes.
//!
//! A callback runs on the thread whose operation completed it, after that thread has unlocked; inside of another
//! callback it is put off.

use std::iter;
use std::panic::resume_unwind;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Wake, Waker};

use crate::chan::Chan;
use crate::deferred::run_or_defer;
use crate::effects::Effects;
use crate::error::{AddError, PutError, TooManyPending, TryPutError};
use crate::first_panic::FirstPanic;
use crate::op::take_put;
use crate::panics::{caught, discard};
use crate::shared::{Handles, Shared};
use crate::start::{Parking, Start, start_get, start_put};
use crate::state::{Step, Turn};
use crate::sync::{self, AtomicBool, Ordering, Weak};
use crate::waiter::{Phase, Waiter};

impl<T: Send + 'static> Chan<T> {
    /// Gets a value and calls `f` with it, or with `None` once the channel is closed and drained.
    ///
    /// `f` is called exactly once: before this returns if a value is there, else on the thread that
    /// completes the get, outside of any lock. It may use any channel. While it waits it counts as a handle:
    /// who feeds the channel goes on for its sake. If everybody who could put has gone, it is called with `None`.
    /// It is not called if making its value panics: the
    /// `Clone` of a promise, or the iterator of a channel made from one. Should it panic, the panic goes on in the call
    /// that completed the get, once that call's own effects are complete.
    ///
    /// Called from inside another callback on the same thread, `f` runs when that one has returned.
    ///
    /// # Errors
    /// [`TooManyPending`] if the get would have to wait and `max_pending` callbacks do already; `f`
    /// is not called then.
    ///
    /// # Examples
    /// ```
    /// use aiochan::Chan;
    ///
    /// let c = Chan::new();
    /// let sums = Chan::unbounded();
    /// let out = sums.clone();
    /// c.get_with(move |value: Option<u32>| out.try_put(value.unwrap() + 1).unwrap()).unwrap();
    /// c.put_blocking(1).unwrap();
    /// assert_eq!(sums.try_get(), Ok(2));
    /// ```
    pub fn get_with(
        &self,
        f: impl FnOnce(Option<T>) + Send + 'static,
    ) -> Result<(), TooManyPending<()>> {
        let mut got = None;
        let mut fx = Effects::new();
        let (step, turn) = self.shared.with(&mut fx, |state, fx| {
            let step = state.get(&mut got, None, fx);
            (step, (step == Step::Turn).then(|| state.turn()))
        });
        if step == Step::Wait {
            fx.run();
            return Queued::new(self, None, |ended| ended.give_to(f)).start_get(self);
        }
        let mut panics = FirstPanic::default();
        panics.catch(|| fx.run());
        let shared = self.shared.clone();
        panics.catch(|| {
            run_or_defer(move || match turn {
                None => f(got),
                Some(turn) => call_with_turn(&shared, turn, f),
            });
        });
        panics.go_on();
        Ok(())
    }

    /// Puts `value` and calls `f` with how that went.
    ///
    /// Everything that [`get_with`](Self::get_with) says of its callback holds here.
    ///
    /// # Errors
    /// [`TooManyPending`] with the value if the put would have to wait and `max_pending` callbacks
    /// and [`add`](Self::add)s do already; `f` is not called then.
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Chan, PutError};
    ///
    /// let c = Chan::fixed(1);
    /// c.put_with(1, |result| assert_eq!(result, Ok(()))).unwrap();
    /// c.close();
    /// c.put_with(2, |result| assert_eq!(result, Err(PutError(2)))).unwrap();
    /// ```
    pub fn put_with(
        &self,
        value: T,
        f: impl FnOnce(Result<(), PutError<T>>) + Send + 'static,
    ) -> Result<(), TooManyPending<T>> {
        let mut panics = FirstPanic::default();
        let result = match self.put_noting(value, &mut panics) {
            Ok(()) => Ok(()),
            Err(TryPutError::Closed(value)) => Err(PutError(value)),
            Err(TryPutError::Full(value)) => {
                return Queued::new(self, Some(value), |ended| f(ended.put())).start_put(self);
            }
        };
        panics.catch(|| run_or_defer(move || f(result)));
        panics.go_on();
        Ok(())
    }

    /// Puts a few values without waiting: those that find no room are queued, in order, and
    /// delivered as room comes.
    ///
    /// # Errors
    /// [`AddError`] with the values from the first one that could not be added: the channel is
    /// closed, or `max_pending` puts are queued already. Of an iterator that does not say how many
    /// items it has at most, and so may be endless, only that one.
    ///
    /// # Panics
    /// With the first panic of a callback that an added value completed, once all values are added.
    /// If there is an error too, it is returned instead, since it holds values.
    ///
    /// # Examples
    /// ```
    /// use aiochan::Chan;
    ///
    /// let c = Chan::new();
    /// c.add(["a", "b"]).unwrap();
    /// c.close();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), ["a", "b"]);
    /// ```
    pub fn add(&self, values: impl IntoIterator<Item = T>) -> Result<&Self, AddError<T>> {
        let mut values = values.into_iter();
        let mut panics = FirstPanic::default();
        while let Some(value) = values.next() {
            let (closed, value) = match self.put_noting(value, &mut panics) {
                Ok(()) => continue,
                Err(TryPutError::Closed(value)) => (true, value),
                Err(TryPutError::Full(value)) => {
                    match Queued::new(self, Some(value), |_| ()).start_add(self, &mut panics) {
                        Ok(()) => continue,
                        Err(TryPutError::Closed(value)) => (true, value),
                        Err(TryPutError::Full(value)) => (false, value),
                    }
                }
            };
            // An iterator that does not know its end may have none.
            let more = if values.size_hint().1.is_some() { usize::MAX } else { 0 };
            let rest = iter::once(value).chain(values.take(more)).collect();
            return Err(if closed {
                AddError::Closed(rest)
            } else {
                AddError::TooManyPending(rest)
            });
        }
        panics.go_on();
        Ok(self)
    }

    /// [`try_put`](Self::try_put), whose result is known also when what it woke panics.
    fn put_noting(&self, value: T, panics: &mut FirstPanic) -> Result<(), TryPutError<T>> {
        let mut slot = Some(value);
        let mut fx = Effects::new();
        let step = self.shared.with(&mut fx, |state, fx| state.put(&mut slot, None, fx));
        panics.catch(|| fx.run());
        match (step, slot) {
            (Step::Wait, Some(value)) => Err(TryPutError::Full(value)),
            (Step::Closed, Some(value)) => Err(TryPutError::Closed(value)),
            (_, evicted) => {
                panics.catch(|| drop(evicted));
                Ok(())
            }
        }
    }
}

/// Calls `f` with what the turn is for, whatever those panic over whose turn is next. If making it panics `f` is
/// dropped, and the panic goes on.
fn call_with_turn<T>(shared: &Shared<T>, turn: Turn<T>, f: impl FnOnce(Option<T>)) {
    let mut fx = Effects::new();
    match caught(|| shared.use_turn_first(turn, &mut fx)) {
        Ok(value) => {
            let mut panics = FirstPanic::default();
            panics.catch(|| fx.run());
            panics.catch(|| f(value));
            panics.go_on();
        }
        Err(panic) => {
            discard(f);
            resume_unwind(panic);
        }
    }
}

/// An operation that waits in an allocation of its own, which the waker in its waiter keeps alive.
struct Queued<T, F> {
    /// Weak, so that a channel that only its own queue knows goes away.
    shared: Weak<Shared<T>>,
    waiter: Pin<Box<Waiter<T>>>,
    /// Called once.
    f: Mutex<Option<F>>,
    /// Whether it is counted as a handle, as a get that waits is.
    counted: AtomicBool,
}

/// How a queued operation ended, to be taken as what it was: a get or a put.
struct Ended<'a, T> {
    shared: Option<&'a Shared<T>>,
    waiter: &'a Waiter<T>,
}

impl<T> Ended<'_, T> {
    fn give_to(self, f: impl FnOnce(Option<T>)) {
        match (self.waiter.phase(), self.shared) {
            (Phase::Turn, Some(shared)) => {
                call_with_turn(shared, shared.act(|state, _| state.turn()), f);
            }
            // Without a channel there is no turn to take: a value was handed over, or none will be.
            _ => f(self.waiter.take()),
        }
    }

    fn put(self) -> Result<(), PutError<T>> {
        take_put(self.waiter)
    }
}

impl<T, F> Queued<T, F>
where
    T: Send + 'static,
    F: FnOnce(Ended<'_, T>) + Send + 'static,
{
    fn new(chan: &Chan<T>, value: Option<T>, f: F) -> Arc<Self> {
        Arc::new(Self {
            shared: sync::Arc::downgrade(&chan.shared),
            waiter: Box::pin(Waiter::new(value)),
            f: Mutex::new(Some(f)),
            counted: AtomicBool::new(false),
        })
    }

    fn start_get(self: Arc<Self>, chan: &Chan<T>) -> Result<(), TooManyPending<()>> {
        let start = Start::Queue(Waker::from(self.clone()), chan.max_pending());
        let mut panics = FirstPanic::default();
        Handles::add(&chan.shared.handles().chans);
        self.counted.store(true, Ordering::Relaxed);
        let parking = panics.catch(|| start_get(&chan.shared, self.waiter.as_ref(), start));
        match parking.unwrap_or(Parking::Committed) {
            Parking::Refused => {
                self.uncount(&chan.shared);
                return Err(TooManyPending(()));
            }
            // A panic comes from what was woken, after this was committed.
            Parking::Committed => {
                panics.catch(|| self.finish_soon());
            }
            Parking::Waiting | Parking::Lost => {}
        }
        panics.go_on();
        Ok(())
    }

    fn start_put(self: Arc<Self>, chan: &Chan<T>) -> Result<(), TooManyPending<T>> {
        let mut panics = FirstPanic::default();
        match self.park_put(chan, &mut panics) {
            Parking::Refused => {
                return Err(TooManyPending(self.waiter.take().expect("it was not put")));
            }
            Parking::Committed => {
                panics.catch(|| self.finish_soon());
            }
            Parking::Waiting | Parking::Lost => {}
        }
        panics.go_on();
        Ok(())
    }

    /// As `start_put`, for who is not told by a callback: the value comes back also when the channel has been closed
    /// since it was found to be full.
    fn start_add(
        self: Arc<Self>,
        chan: &Chan<T>,
        panics: &mut FirstPanic,
    ) -> Result<(), TryPutError<T>> {
        let parking = self.park_put(chan, panics);
        let back = || self.waiter.take().expect("it was not put");
        match parking {
            Parking::Refused => Err(TryPutError::Full(back())),
            Parking::Committed if self.waiter.phase() == Phase::Closed => {
                Err(TryPutError::Closed(back()))
            }
            _ => Ok(()),
        }
    }

    /// A panic comes from what was woken, after the put was committed.
    fn park_put(self: &Arc<Self>, chan: &Chan<T>, panics: &mut FirstPanic) -> Parking {
        let start = Start::Queue(Waker::from(self.clone()), chan.max_pending());
        let parking = panics.catch(|| start_put(&chan.shared, self.waiter.as_ref(), start));
        parking.unwrap_or(Parking::Committed)
    }

    fn finish_soon(self: Arc<Self>) {
        let shared = self.shared.upgrade();
        run_or_defer(move || {
            let f = self.f.lock().unwrap_or_else(PoisonError::into_inner).take();
            let mut panics = FirstPanic::default();
            if let Some(f) = f {
                panics.catch(|| f(Ended { shared: shared.as_deref(), waiter: &self.waiter }));
            }
            if let Some(shared) = shared {
                panics.catch(|| {
                    self.uncount(&shared);
                    drop(shared);
                });
            }
            panics.go_on();
        });
    }

    /// It does not wait any more: if it was the last who could get, those who put are told.
    fn uncount(&self, shared: &Shared<T>) {
        if self.counted.swap(false, Ordering::Relaxed)
            && shared.handles().chans.fetch_sub(1, Ordering::SeqCst) == 1
        {
            shared.handles_gone();
        }
    }
}

impl<T, F> Wake for Queued<T, F>
where
    T: Send + 'static,
    F: FnOnce(Ended<'_, T>) + Send + 'static,
{
    fn wake(self: Arc<Self>) {
        self.finish_soon();
    }
}
