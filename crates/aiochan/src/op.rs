//! The two operations, put and get, as futures; every driver (await, block, callback, select,
//! stream) runs these.
//!
//! An operation first tries. Only when it has to wait does it clone the waker, which is user code
//! and so happens before locking, and try again with parking in the same critical section.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;

use crate::effects::Effects;
use crate::error::{PutError, TryGetError};
use crate::first_panic::FirstPanic;
use crate::shared::{Locked, Shared};
use crate::start::{Parking, Start, committed, finish, start_get, start_put};
use crate::state::{Side, Step};
use crate::waiter::{Phase, Waiter};

mod arm;

pin_project! {
    /// The future of [`Chan::get`](crate::Chan::get).
    #[must_use = "a get does nothing until it is awaited"]
    pub struct Get<'a, T> {
        shared: &'a Shared<T>,
        #[pin]
        waiter: Waiter<T>,
    }

    impl<T> PinnedDrop for Get<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            drop_get(this.shared, &this.waiter);
        }
    }
}

pin_project! {
    /// The future of [`Chan::put`](crate::Chan::put).
    #[must_use = "a put does nothing until it is awaited"]
    pub struct Put<'a, T> {
        shared: &'a Shared<T>,
        #[pin]
        waiter: Waiter<T>,
    }

    impl<T> PinnedDrop for Put<'_, T> {
        fn drop(this: Pin<&mut Self>) {
            drop_put(this.shared, &this.waiter);
        }
    }
}

impl<'a, T> Get<'a, T> {
    pub(crate) fn new(shared: &'a Shared<T>) -> Self {
        Self { shared, waiter: Waiter::new(None) }
    }
}

impl<'a, T> Put<'a, T> {
    pub(crate) fn new(shared: &'a Shared<T>, value: T) -> Self {
        Self { shared, waiter: Waiter::new(Some(value)) }
    }

    /// Takes the put out of its queue, if it is in one; [`take_back`](Self::take_back) says whether it
    /// has taken effect.
    pub(crate) fn withdraw(self: Pin<&mut Self>) {
        let this = self.project();
        withdraw_put(this.shared, &this.waiter);
    }

    /// Takes the value of a put that waits no more; `None` if it has taken effect.
    pub(crate) fn take_back(self: Pin<&mut Self>) -> Option<T> {
        let this = self.project();
        match this.waiter.phase() {
            Phase::Idle | Phase::Closed => this.waiter.take(),
            _ => None,
        }
    }
}

impl<T> Future for Get<'_, T> {
    type Output = Option<T>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let this = self.project();
        poll_get(this.shared, this.waiter.as_ref(), cx)
    }
}

impl<T> Future for Put<'_, T> {
    type Output = Result<(), PutError<T>>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        poll_put(this.shared, this.waiter.as_ref(), cx)
    }
}

/// Drives a get that is parked, if it must be, in `waiter`.
#[inline]
pub(crate) fn poll_get<T>(
    shared: &Shared<T>,
    waiter: Pin<&Waiter<T>>,
    cx: &mut Context<'_>,
) -> Poll<Option<T>> {
    if !waiter.is_new() {
        return poll_begun_get(shared, waiter, cx);
    }
    match shared.lock_to_get_at_once() {
        Ok(mut state) => {
            waiter.set_phase(Phase::Spent);
            Poll::Ready(Some(state.get_mut().get_plainly()))
        }
        Err(state) => begin_get(shared, waiter, cx, state),
    }
}

#[inline(never)]
fn begin_get<T>(
    shared: &Shared<T>,
    waiter: Pin<&Waiter<T>>,
    cx: &mut Context<'_>,
    state: Option<Locked<'_, T>>,
) -> Poll<Option<T>> {
    let Some(state) = state.or_else(|| shared.lock_for_get()) else {
        return park_get(shared, waiter, cx);
    };
    let result = match shared.get_otherwise(state) {
        Ok(value) => Some(value),
        Err(TryGetError::Closed) => None,
        Err(TryGetError::Empty) => return park_get(shared, waiter, cx),
    };
    waiter.set_phase(Phase::Spent);
    Poll::Ready(result)
}

#[inline(never)]
fn poll_begun_get<T>(
    shared: &Shared<T>,
    waiter: Pin<&Waiter<T>>,
    cx: &mut Context<'_>,
) -> Poll<Option<T>> {
    let mut phase = waiter.phase();
    if phase == Phase::Waiting {
        phase = wait_on(shared, waiter, cx.waker(), Side::Get);
    }
    match phase {
        Phase::Waiting => Poll::Pending,
        phase => Poll::Ready(end_get(shared, &waiter, phase)),
    }
}

fn park_get<T>(
    shared: &Shared<T>,
    waiter: Pin<&Waiter<T>>,
    cx: &mut Context<'_>,
) -> Poll<Option<T>> {
    let waker = match shared.park_plainly(Side::Get, waiter, cx.waker().clone()) {
        Ok(()) => return Poll::Pending,
        Err(waker) => waker,
    };
    match start_get(shared, waiter, Start::Park(waker)) {
        Parking::Waiting => Poll::Pending,
        _ => Poll::Ready(take_got(shared, &waiter)),
    }
}

/// Drives a put whose value is in `waiter`'s slot.
#[inline]
pub(crate) fn poll_put<T>(
    shared: &Shared<T>,
    waiter: Pin<&Waiter<T>>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), PutError<T>>> {
    if !waiter.is_new() {
        return poll_begun_put(shared, waiter, cx);
    }
    match waiter.with_slot(|slot| shared.put_at_once(slot)) {
        Ok(()) => {
            waiter.set_phase(Phase::Spent);
            Poll::Ready(Ok(()))
        }
        Err(state) => begin_put(shared, waiter, cx, state),
    }
}

#[inline(never)]
fn begin_put<T>(
    shared: &Shared<T>,
    waiter: Pin<&Waiter<T>>,
    cx: &mut Context<'_>,
    state: Option<Locked<'_, T>>,
) -> Poll<Result<(), PutError<T>>> {
    let Some(state) = state.or_else(|| shared.lock_for_put()) else {
        return park_put(shared, waiter, cx);
    };
    // What it wakes may panic: by then the put knows that it is done.
    let note = |step| {
        committed(&waiter, step);
    };
    match waiter.with_slot(|slot| shared.put_otherwise(state, slot, note)) {
        Step::Wait => park_put(shared, waiter, cx),
        _ => Poll::Ready(take_put(&waiter)),
    }
}

#[inline(never)]
fn poll_begun_put<T>(
    shared: &Shared<T>,
    waiter: Pin<&Waiter<T>>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), PutError<T>>> {
    let mut phase = waiter.phase();
    if phase == Phase::Waiting {
        phase = wait_on(shared, waiter, cx.waker(), Side::Put);
    }
    match phase {
        Phase::Waiting => Poll::Pending,
        phase => Poll::Ready(end_put(&waiter, phase)),
    }
}

fn park_put<T>(
    shared: &Shared<T>,
    waiter: Pin<&Waiter<T>>,
    cx: &mut Context<'_>,
) -> Poll<Result<(), PutError<T>>> {
    let waker = match shared.park_plainly(Side::Put, waiter, cx.waker().clone()) {
        Ok(()) => return Poll::Pending,
        Err(waker) => waker,
    };
    match start_put(shared, waiter, Start::Park(waker)) {
        Parking::Waiting => Poll::Pending,
        _ => Poll::Ready(take_put(&waiter)),
    }
}

/// Sees to it that a parked operation wakes the task that polled it last, and where it stands then.
#[cold]
fn wait_on<T>(shared: &Shared<T>, waiter: Pin<&Waiter<T>>, waker: &Waker, side: Side) -> Phase {
    let waker = waker.clone();
    let old = shared.act(|state, _| state.queue(side).set_waker(&waiter, waker));
    drop(old);
    waiter.phase()
}

/// Takes the result of a committed get.
pub(crate) fn take_got<T>(shared: &Shared<T>, waiter: &Waiter<T>) -> Option<T> {
    end_get(shared, waiter, waiter.phase())
}

/// As [`take_got`], of a get that stands there.
#[inline]
fn end_get<T>(shared: &Shared<T>, waiter: &Waiter<T>, phase: Phase) -> Option<T> {
    let value = waiter.take();
    waiter.set_phase(Phase::Spent);
    match phase {
        Phase::Turn => shared.take_turn(),
        Phase::Spent => panic!("a get was polled after it had completed"),
        _ => value,
    }
}

/// Takes the result of a committed put, and drops what its value evicted.
#[inline]
pub(crate) fn take_put<T>(waiter: &Waiter<T>) -> Result<(), PutError<T>> {
    end_put(waiter, waiter.phase())
}

/// As [`take_put`], of a put that stands there.
#[inline]
fn end_put<T>(waiter: &Waiter<T>, phase: Phase) -> Result<(), PutError<T>> {
    let left = waiter.take();
    waiter.set_phase(Phase::Spent);
    match phase {
        Phase::Closed => Err(PutError(left.expect("a refused put keeps its value"))),
        Phase::Spent => panic!("a put was polled after it had completed"),
        _ => Ok(()),
    }
}

/// Ends a get that is not wanted any more: withdraws it, or gives back what it was given.
#[inline]
pub(crate) fn drop_get<T>(shared: &Shared<T>, waiter: &Waiter<T>) {
    if !waiter.is_clear() {
        drop_unfinished_get(shared, waiter);
    }
}

#[cold]
fn drop_unfinished_get<T>(shared: &Shared<T>, waiter: &Waiter<T>) {
    withdraw_get(shared, waiter);
    match waiter.phase() {
        Phase::Done => {
            if let Some(value) = waiter.take() {
                shared.give_back(waiter.receipt(), value);
            }
        }
        Phase::Turn => shared.act(|state, fx| state.skip_turn(fx)),
        _ => {}
    }
}

/// Ends a put that is not wanted any more, and drops its value. Whatever panics in it does not do so twice.
#[inline]
pub(crate) fn drop_put<T>(shared: &Shared<T>, waiter: &Waiter<T>) {
    if !waiter.is_spent() {
        drop_unfinished_put(shared, waiter);
    }
}

#[cold]
fn drop_unfinished_put<T>(shared: &Shared<T>, waiter: &Waiter<T>) {
    let mut panics = FirstPanic::default();
    panics.catch(|| withdraw_put(shared, waiter));
    panics.catch(|| drop(waiter.take()));
    panics.go_on();
}

/// Takes a get out of its queue if it is parked.
#[inline]
fn withdraw_get<T>(shared: &Shared<T>, waiter: &Waiter<T>) {
    if waiter.phase() == Phase::Waiting {
        withdraw(shared, waiter, Side::Get);
    }
}

/// Takes a put out of its queue if it is parked; its value is in the slot then.
#[inline]
pub(crate) fn withdraw_put<T>(shared: &Shared<T>, waiter: &Waiter<T>) {
    if waiter.phase() == Phase::Waiting {
        withdraw(shared, waiter, Side::Put);
    }
}

#[cold]
fn withdraw<T>(shared: &Shared<T>, waiter: &Waiter<T>, side: Side) {
    let mut fx = Effects::new();
    let wake = shared.with(&mut fx, |state, fx| state.withdraw(side, waiter, fx));
    finish(fx, wake);
}
