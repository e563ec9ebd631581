//! What the handles of a channel share: the state under its lock, and the rule that effects run
//! after unlocking.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::buffer::{BoxIter, Buf};
use crate::effects::Effects;
use crate::error::{TryGetError, TryPutError};
use crate::lock::Lock;
use crate::state::{Reason, State, Step, Turn};
use crate::sync::{AtomicU8, AtomicUsize, Ordering, fence};
use crate::waiter::Receipt;

pub(crate) struct Shared<T> {
    /// What the state said at the end of the latest operation; see [`Hint`].
    hint: AtomicU8,
    state: Lock<State<T>>,
    /// How many handles there are, not counting those inside of halves.
    pub(crate) handles: AtomicUsize,
    /// How many sending and receiving halves there are.
    pub(crate) senders: AtomicUsize,
    pub(crate) receivers: AtomicUsize,
    /// What was set at construction and is not the default.
    pub(crate) config: Option<Box<Config>>,
}

pub(crate) struct Config {
    pub(crate) name: Option<Box<str>>,
    pub(crate) max_pending: usize,
}

/// Facts that can be read without locking: as fresh as if the lock had been taken, or the operation
/// that changed them is still under way. So that no other thread sees that one's outcome before the
/// hint, closing clears the hint before it answers anybody.
mod hint {
    pub(super) const PUT_WAITS: u8 = 1;
    pub(super) const GET_WAITS: u8 = 2;
}

impl<T> Shared<T> {
    pub(crate) fn new(buf: Buf<T>, config: Option<Config>) -> Self {
        let state = State::new(buf);
        Self {
            hint: AtomicU8::new(hint_of(&state)),
            state: Lock::new(state),
            handles: AtomicUsize::new(0),
            senders: AtomicUsize::new(0),
            receivers: AtomicUsize::new(0),
            config: config.map(Box::new),
        }
    }

    /// Runs `f` on the locked state. The effects are to be run by the caller, who is the only one to
    /// know what must survive a panic of user code.
    #[inline(always)]
    pub(crate) fn with<R>(
        &self,
        fx: &mut Effects<T>,
        f: impl FnOnce(&mut State<T>, &mut Effects<T>) -> R,
    ) -> R {
        let mut state = self.state.lock();
        let result = f(&mut state, fx);
        self.hint.store(hint_of(&state), Ordering::Release);
        result
    }

    /// Runs `f` on the locked state, then its effects. For results that hold no value.
    #[inline(always)]
    pub(crate) fn act<R>(&self, f: impl FnOnce(&mut State<T>, &mut Effects<T>) -> R) -> R {
        let mut fx = Effects::new();
        let result = self.with(&mut fx, f);
        if !fx.is_nothing() {
            fx.run();
        }
        result
    }

    /// Looks at the locked state.
    pub(crate) fn look<R>(&self, f: impl FnOnce(&State<T>) -> R) -> R {
        f(&self.state.lock())
    }

    #[inline]
    pub(crate) fn put_would_wait(&self) -> bool {
        self.hints(hint::PUT_WAITS)
    }

    #[inline]
    pub(crate) fn get_would_wait(&self) -> bool {
        self.hints(hint::GET_WAITS)
    }

    /// The fence orders this load after the thread's earlier operations on other channels: of two
    /// threads that each put on one channel and then look at the other's, one sees the other's put.
    #[inline]
    fn hints(&self, what: u8) -> bool {
        self.hint.load(Ordering::Acquire) & what != 0 && {
            fence(Ordering::SeqCst);
            self.hint.load(Ordering::Acquire) & what != 0
        }
    }

    /// Closes; whether it was open.
    pub(crate) fn close(&self, mut reason: Option<Reason>) -> bool {
        // A reason that comes too late is dropped after unlocking.
        self.act(|state, fx| {
            self.hint.store(0, Ordering::Release);
            !state.is_closed() && state.close(reason.take(), fx)
        })
    }

    /// Closes because the last receiving half has gone.
    pub(crate) fn refuse(&self) {
        self.refuse_if(|_| true);
    }

    /// To be called when the last handle outside of halves and feeds has gone: without a receiving
    /// half there is nobody left who could get.
    #[cold]
    pub(crate) fn handles_gone(&self) {
        self.refuse_if(Self::is_out_of_reach);
    }

    /// Whoever goes last, handle or receiving half, sees that the other has gone, for both counts
    /// are decremented before the lock is taken.
    fn refuse_if(&self, condition: impl FnOnce(&Self) -> bool) {
        self.act(|state, fx| {
            if condition(self) {
                self.hint.store(0, Ordering::Release);
                state.refuse(fx);
            }
            if self.is_out_of_reach() {
                state.discard(fx);
            }
        });
    }

    /// Whether neither a receiving half nor a handle is left that could get what is inside.
    fn is_out_of_reach(&self) -> bool {
        let gone = |count: &AtomicUsize| count.load(Ordering::SeqCst) == 0;
        gone(&self.handles) && gone(&self.receivers)
    }

    #[inline]
    pub(crate) fn try_put(&self, value: T) -> Result<(), TryPutError<T>> {
        if self.put_would_wait() {
            return Err(TryPutError::Full(value));
        }
        let mut slot = Some(value);
        match self.put_now(&mut slot) {
            Step::Wait => Err(TryPutError::Full(slot.expect("it was not put"))),
            Step::Closed => Err(TryPutError::Closed(slot.expect("it was not put"))),
            // What is in the slot now was evicted, and is dropped here, outside the lock.
            _ => Ok(()),
        }
    }

    /// Puts the value in `slot` if that is possible without waiting; see [`State::put`].
    #[inline]
    pub(crate) fn put_now(&self, slot: &mut Option<T>) -> Step {
        self.act(|state, fx| state.put(slot, None, fx))
    }

    #[inline]
    pub(crate) fn try_get(&self) -> Result<T, TryGetError> {
        if self.get_would_wait() {
            return Err(TryGetError::Empty);
        }
        let mut out = None;
        let mut fx = Effects::new();
        let (step, turn, receipt) = self.with(&mut fx, |state, fx| {
            let step = state.get(&mut out, None, fx);
            let turn = (step == Step::Turn).then(|| state.turn());
            (step, turn, (!fx.is_nothing()).then(|| state.receipt()))
        });
        if let Some(receipt) = receipt {
            out = self.keeping(out, receipt, fx);
        }
        match (out, turn) {
            (Some(value), _) => Ok(value),
            (None, Some(turn)) => self.use_turn(turn).ok_or(TryGetError::Closed),
            (None, None) if step == Step::Closed => Err(TryGetError::Closed),
            (None, None) => Err(TryGetError::Empty),
        }
    }

    /// As `try_get`, with what is needed to give the value back.
    pub(crate) fn try_get_noting(&self) -> Result<(T, Option<Receipt>), TryGetError> {
        let mut out = None;
        let mut fx = Effects::new();
        let (step, receipt) = self.with(&mut fx, |state, fx| {
            let step = state.get(&mut out, None, fx);
            (step, state.receipt())
        });
        if step == Step::Turn {
            fx.run();
            return self.take_turn_noting().ok_or(TryGetError::Closed);
        }
        match self.keeping(out, receipt, fx) {
            Some(value) => Ok((value, Some(receipt))),
            None if step == Step::Closed => Err(TryGetError::Closed),
            None => Err(TryGetError::Empty),
        }
    }

    /// Runs effects while a value is in hand: should they panic, it goes back into the channel.
    pub(crate) fn keeping(&self, value: Option<T>, receipt: Receipt, fx: Effects<T>) -> Option<T> {
        let mut kept = Kept { shared: self, receipt, value };
        fx.run();
        kept.value.take()
    }

    /// Gives back a value that a get was given and will not use.
    pub(crate) fn give_back(&self, receipt: Receipt, value: T) {
        self.act(|state, fx| state.give_back(receipt, value, fx));
    }

    /// Takes a value by oneself, as [`Step::Turn`] allows: clones a promise's, or advances an
    /// iterator. `None` when the iterator has ended.
    pub(crate) fn take_turn(&self) -> Option<T> {
        self.use_turn(self.act(|state, _| state.turn()))
    }

    fn take_turn_noting(&self) -> Option<(T, Option<Receipt>)> {
        self.use_turn_noting(self.act(|state, _| state.turn()))
    }

    fn use_turn(&self, turn: Turn<T>) -> Option<T> {
        self.use_turn_noting(turn).map(|(value, _)| value)
    }

    fn use_turn_noting(&self, turn: Turn<T>) -> Option<(T, Option<Receipt>)> {
        match turn {
            Turn::Copy(copies) => Some((copies(), None)),
            Turn::Pull(mut iter) => {
                let mut back = BringBack { shared: self, iter: None };
                let item = iter.next();
                if item.is_some() {
                    back.iter = Some(iter);
                }
                let (receipt, fx) = back.bring();
                self.keeping(item, receipt, fx).map(|item| (item, Some(receipt)))
            }
            Turn::Ended => None,
        }
    }
}

impl<T> Drop for Shared<T> {
    /// The last handle has gone: what is still parked can only be callbacks, and they are answered.
    fn drop(&mut self) {
        let mut fx = Effects::new();
        self.state.get_mut().abandon(&mut fx);
        fx.run();
    }
}

#[inline]
fn hint_of<T>(state: &State<T>) -> u8 {
    let mut bits = 0;
    if state.put_waits_now() {
        bits |= hint::PUT_WAITS;
    }
    if state.get_waits_now() {
        bits |= hint::GET_WAITS;
    }
    bits
}

/// A value to be given back if user code panics while it is held.
struct Kept<'a, T> {
    shared: &'a Shared<T>,
    receipt: Receipt,
    value: Option<T>,
}

impl<T> Drop for Kept<'_, T> {
    fn drop(&mut self) {
        if let Some(value) = self.value.take() {
            // A second panic would abort the process; the first one tells enough.
            let _ = catch_unwind(AssertUnwindSafe(|| self.shared.give_back(self.receipt, value)));
        }
    }
}

/// Ends a turn also when the iterator panics: it counts as ended then.
struct BringBack<'a, T> {
    shared: &'a Shared<T>,
    iter: Option<BoxIter<T>>,
}

impl<T> BringBack<'_, T> {
    fn bring(mut self) -> (Receipt, Effects<T>) {
        let iter = self.iter.take();
        let mut fx = Effects::new();
        let receipt = self.shared.with(&mut fx, |state, fx| {
            state.end_turn(iter, fx);
            state.receipt()
        });
        std::mem::forget(self);
        (receipt, fx)
    }
}

impl<T> Drop for BringBack<'_, T> {
    fn drop(&mut self) {
        let _ = catch_unwind(AssertUnwindSafe(|| {
            self.shared.act(|state, fx| state.end_turn(None, fx));
        }));
    }
}
