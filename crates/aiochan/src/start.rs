//! How an operation begins: it is tried and, when it has to wait, parked in the same critical section.

use std::pin::Pin;
use std::ptr::NonNull;
use std::task::Waker;

use crate::effects::Effects;
use crate::first_panic::FirstPanic;
use crate::flag::Flag;
use crate::shared::Shared;
use crate::state::{Side, State, Step};
use crate::waiter::{Phase, Waiter, Wake};

/// How far an operation may go.
pub(crate) enum Start<'a> {
    /// Not wait.
    Try,
    /// Park, and wake this.
    Park(Waker),
    /// Park, unless so many queued operations are parked already.
    Queue(Waker, usize),
    /// Park as an arm of a select.
    Arm(&'a Flag),
}

/// How to park.
struct Park {
    wake: Wake,
    max_pending: Option<usize>,
}

impl<'a> Start<'a> {
    fn flag(&self) -> Option<&'a Flag> {
        match self {
            Self::Arm(flag) => Some(flag),
            _ => None,
        }
    }

    fn park(self) -> Option<Park> {
        let (wake, max_pending) = match self {
            Self::Try => return None,
            Self::Park(waker) => (Wake::Task(waker), None),
            Self::Queue(waker, max_pending) => (Wake::Queued(waker), Some(max_pending)),
            Self::Arm(flag) => (Wake::Select(NonNull::from(flag)), None),
        };
        Some(Park { wake, max_pending })
    }
}

impl Park {
    /// Parks `waiter`. When it may not, what it would be woken by comes back, to be dropped after
    /// unlocking.
    fn in_queue<T>(
        self,
        state: &mut State<T>,
        side: Side,
        waiter: Pin<&Waiter<T>>,
    ) -> Result<(), Wake> {
        if self.max_pending.is_some_and(|max_pending| state.queued() >= max_pending) {
            return Err(self.wake);
        }
        state.park(side, waiter, self.wake);
        Ok(())
    }
}

/// How an attempt to commit or park an operation ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Parking {
    Committed,
    /// It would wait, and is parked if it was allowed to be.
    Waiting,
    /// Another arm has been committed.
    Lost,
    /// It would wait, but `max_pending` queued operations do already.
    Refused,
}

/// Tries a get, and parks it when it has to wait and may. Once committed its result is in `waiter`,
/// to be taken.
pub(crate) fn start_get<T>(
    shared: &Shared<T>,
    waiter: Pin<&Waiter<T>>,
    start: Start<'_>,
) -> Parking {
    if matches!(start, Start::Try) && shared.seems_to_wait(Side::Get) {
        return Parking::Waiting;
    }
    let flag = start.flag();
    let mut park = start.park();
    let mut parked = None;
    let mut out = None;
    let mut fx = Effects::new();
    let (step, receipt) = shared.with(&mut fx, |state, fx| {
        let step = state.get(&mut out, flag, fx);
        if step == Step::Wait {
            parked = park.take().map(|park| park.in_queue(state, Side::Get, waiter));
        }
        (step, state.receipt())
    });
    if let Some(Err(unused)) = parked {
        finish(fx, unused);
        return Parking::Refused;
    }
    // Should the effects panic, the value is in the waiter, which gives it back when it is dropped.
    if let Some(value) = out {
        waiter.keep(value, receipt);
    }
    let parking = committed(&waiter, step);
    finish(fx, park);
    parking
}

/// Tries the put of the value in `waiter`'s slot, and parks it when it has to wait and may.
pub(crate) fn start_put<T>(
    shared: &Shared<T>,
    waiter: Pin<&Waiter<T>>,
    start: Start<'_>,
) -> Parking {
    if matches!(start, Start::Try) && shared.seems_to_wait(Side::Put) {
        return Parking::Waiting;
    }
    let flag = start.flag();
    let mut park = start.park();
    let mut parked = None;
    let mut fx = Effects::new();
    let step = shared.with(&mut fx, |state, fx| {
        let step = waiter.with_slot(|slot| {
            assert!(slot.is_some(), "a put was polled after it had completed");
            state.put(slot, flag, fx)
        });
        if step == Step::Wait {
            parked = park.take().map(|park| park.in_queue(state, Side::Put, waiter));
        }
        step
    });
    if let Some(Err(unused)) = parked {
        finish(fx, unused);
        return Parking::Refused;
    }
    let parking = committed(&waiter, step);
    finish(fx, park);
    parking
}

/// Runs the effects, and drops what would have woken the operation, which may panic as well.
pub(crate) fn finish<T, W>(fx: Effects<T>, unused: W) {
    let mut panics = FirstPanic::default();
    panics.catch(|| fx.run());
    panics.catch(|| drop(unused));
    panics.go_on();
}

/// Notes the step of an operation that was not parked.
#[inline]
pub(crate) fn committed<T>(waiter: &Waiter<T>, step: Step) -> Parking {
    waiter.set_phase(match step {
        Step::Wait => return Parking::Waiting,
        Step::Lost => return Parking::Lost,
        Step::Done => Phase::Done,
        Step::Closed => Phase::Closed,
        Step::Turn => Phase::Turn,
    });
    Parking::Committed
}
