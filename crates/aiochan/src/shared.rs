//! What the handles of a channel share: the state under its lock, and the rule that effects run
//! after unlocking.

use std::pin::Pin;
use std::task::Waker;

use crate::buffer::{BoxIter, Buf, Source, Special};
use crate::effects::{self, Dropped, Effects};
use crate::error::{TryGetError, TryPutError};
use crate::lock::{Guard, Leaving, Lock};
use crate::panics::{along, caught, discard};
use crate::state::{Reason, Side, State, Step, Turn, sketch};
use crate::sync::{AtomicU32, Ordering};
use crate::waiter::{Receipt, Waiter, Wake};

pub(crate) struct Shared<T> {
    lock: Lock<State<T>, Handles>,
    /// What was set at construction and is not the default.
    pub(crate) config: Option<Box<Config>>,
}

/// How many there are.
pub(crate) struct Handles {
    /// Not counting those inside of halves, but the callbacks that wait for a value.
    pub(crate) chans: AtomicU32,
    pub(crate) senders: AtomicU32,
    pub(crate) receivers: AtomicU32,
}

pub(crate) struct Config {
    pub(crate) name: Option<Box<str>>,
    pub(crate) max_pending: usize,
}

/// The state, as long as it is locked.
pub(crate) type Locked<'a, T> = Guard<'a, State<T>, Handles>;

/// The state, locked for one plain get.
pub(crate) type Getting<'a, T> = Leaving<'a, State<T>, Handles>;

impl Handles {
    pub(crate) fn have_one_chan(&self) -> bool {
        self.chans.load(Ordering::Relaxed) == 1
    }

    /// Counts one half of each kind, and no handles: for who has the channel alone.
    pub(crate) fn set_halves(&self) {
        self.senders.store(1, Ordering::Relaxed);
        self.receivers.store(1, Ordering::Relaxed);
        self.chans.store(0, Ordering::Relaxed);
    }

    /// Counts one more.
    ///
    /// # Panics
    /// If there are billions.
    #[inline]
    pub(crate) fn add(count: &AtomicU32) {
        if count.fetch_add(1, Ordering::SeqCst) > u32::MAX / 2 {
            count.fetch_sub(1, Ordering::SeqCst);
            panic!("a channel cannot have more than two billion handles");
        }
    }
}

impl<T> Shared<T> {
    /// With one handle.
    #[inline(always)]
    pub(crate) fn new(buf: Buf<T>, config: Option<Config>) -> Self {
        let handles = Handles {
            chans: AtomicU32::new(1),
            senders: AtomicU32::new(0),
            receivers: AtomicU32::new(0),
        };
        Self { lock: Lock::new(State::new(buf), handles), config: config.map(Box::new) }
    }

    #[inline]
    pub(crate) fn handles(&self) -> &Handles {
        &self.lock.beside
    }

    /// Runs `f` on the locked state. The effects are to be run by the caller, who is the only one to
    /// know what must survive a panic of user code.
    #[inline(always)]
    pub(crate) fn with<R>(
        &self,
        fx: &mut Effects<T>,
        f: impl FnOnce(&mut State<T>, &mut Effects<T>) -> R,
    ) -> R {
        f(&mut self.lock.lock(), fx)
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

    /// Parks an operation that would wait, if nothing else is to be considered. The waker comes back if not.
    #[inline]
    pub(crate) fn park_plainly(
        &self,
        side: Side,
        waiter: Pin<&Waiter<T>>,
        waker: Waker,
    ) -> Result<(), Waker> {
        let mut state = self.lock.lock();
        if !state.waits_plainly(side) {
            return Err(waker);
        }
        state.park(side, waiter, Wake::Task(waker));
        state.unlock(match side {
            Side::Put => sketch::PUT_WAITS,
            Side::Get => sketch::GET_WAITS,
        });
        Ok(())
    }

    /// Looks at the locked state.
    pub(crate) fn look<R>(&self, f: impl FnOnce(&State<T>) -> R) -> R {
        f(&self.lock.lock())
    }

    #[inline]
    fn put_would_wait(&self) -> bool {
        self.lock.shows(sketch::PUT_WAITS)
    }

    /// Whether an operation of this side would wait, as far as can be seen without a fence.
    #[inline]
    pub(crate) fn seems_to_wait(&self, side: Side) -> bool {
        self.lock.seems_to_show(match side {
            Side::Put => sketch::PUT_WAITS,
            Side::Get => sketch::GET_WAITS,
        })
    }

    #[inline]
    fn get_would_wait(&self) -> bool {
        self.lock.shows(sketch::GET_WAITS)
    }

    /// Closes; whether it was open.
    pub(crate) fn close(&self, mut reason: Option<Reason>) -> bool {
        let mut fx = Effects::new();
        let mut state = self.lock.lock();
        state.hide();
        // A reason that comes too late is dropped after unlocking.
        let closed = !state.is_closed() && state.close(reason.take(), &mut fx);
        drop(state);
        fx.run();
        closed
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
        let mut fx = Effects::new();
        let mut state = self.lock.lock();
        if condition(self) {
            state.hide();
            state.refuse(&mut fx);
        }
        if self.is_out_of_reach() {
            state.discard(&mut fx);
        }
        drop(state);
        fx.run();
    }

    /// Whether neither a receiving half nor a handle is left that could get what is inside.
    fn is_out_of_reach(&self) -> bool {
        let gone = |count: &AtomicU32| count.load(Ordering::SeqCst) == 0;
        gone(&self.handles().chans) && gone(&self.handles().receivers)
    }

    /// Puts if that is a few plain instructions. If not, the lock may be held already, for
    /// [`put_otherwise`](Self::put_otherwise).
    #[inline]
    pub(crate) fn put_at_once(&self, slot: &mut Option<T>) -> Result<(), Option<Locked<'_, T>>> {
        let state = self.lock_to_put_at_once()?;
        let Some(value) = slot.take() else { return Err(Some(state)) };
        put_and_unlock(state, value);
        Ok(())
    }

    #[inline]
    pub(crate) fn lock_to_put_at_once(&self) -> Result<Locked<'_, T>, Option<Locked<'_, T>>> {
        let state = self.lock.try_lock(sketch::PUT_WAITS).ok_or(None)?;
        if state.can_put_at_once() { Ok(state) } else { Err(Some(state)) }
    }

    /// For what was not done at once: the state, unless a put would probably wait.
    pub(crate) fn lock_for_put(&self) -> Option<Locked<'_, T>> {
        self.lock.lock_unless(sketch::PUT_WAITS)
    }

    /// Puts the value in `slot` if that is possible without waiting; see [`State::put`]. `note` is told before anybody
    /// is woken.
    pub(crate) fn put_otherwise(
        &self,
        mut state: Locked<'_, T>,
        slot: &mut Option<T>,
        note: impl FnOnce(Step),
    ) -> Step {
        assert!(slot.is_some(), "a put was polled after it had completed");
        if let Some(get) = state.claim_get_plainly() {
            let waker = state.hand_plainly(get, slot.take().expect("a put has a value"));
            drop(state);
            note(Step::Done);
            effects::wake(waker);
            return Step::Done;
        }
        let mut fx = Effects::new();
        let step = state.put(slot, None, &mut fx);
        drop(state);
        note(step);
        fx.run();
        step
    }

    #[inline]
    pub(crate) fn try_put(&self, value: T) -> Result<(), TryPutError<T>> {
        match self.lock_to_put_at_once() {
            Ok(state) => {
                put_and_unlock(state, value);
                Ok(())
            }
            Err(state) => self.try_put_otherwise(state, value),
        }
    }

    #[inline(never)]
    fn try_put_otherwise(
        &self,
        state: Option<Locked<'_, T>>,
        value: T,
    ) -> Result<(), TryPutError<T>> {
        let mut slot = Some(value);
        let step = match state {
            None if self.put_would_wait() => Step::Wait,
            None => self.put_otherwise(self.lock.lock(), &mut slot, |_| ()),
            Some(state) => self.put_otherwise(state, &mut slot, |_| ()),
        };
        match (step, slot) {
            (Step::Wait, Some(value)) => Err(TryPutError::Full(value)),
            (Step::Closed, Some(value)) => Err(TryPutError::Closed(value)),
            // What is in the slot now was evicted, and is dropped here, outside the lock.
            _ => Ok(()),
        }
    }

    /// For a get that is a few plain instructions, [`State::get_plainly`]. If it is not, the lock may be held already,
    /// for [`get_otherwise`](Self::get_otherwise).
    #[inline]
    pub(crate) fn lock_to_get_at_once(&self) -> Result<Getting<'_, T>, Option<Locked<'_, T>>> {
        let state = self.lock.try_lock(sketch::GET_WAITS).ok_or(None)?;
        match state.can_get_plainly() {
            Some(sketch) => Ok(state.unlock_after(sketch)),
            None => Err(Some(state)),
        }
    }

    #[inline]
    pub(crate) fn try_get(&self) -> Result<T, TryGetError> {
        match self.lock_to_get_at_once() {
            Ok(mut state) => Ok(state.get_mut().get_plainly()),
            Err(state) => self.try_get_otherwise(state),
        }
    }

    #[inline(never)]
    fn try_get_otherwise(&self, state: Option<Locked<'_, T>>) -> Result<T, TryGetError> {
        match state {
            None if self.get_would_wait() => Err(TryGetError::Empty),
            None => self.get_otherwise(self.lock.lock()),
            Some(state) => self.get_otherwise(state),
        }
    }

    /// For what was not done at once: the state, unless a get would probably wait.
    pub(crate) fn lock_for_get(&self) -> Option<Locked<'_, T>> {
        self.lock.lock_unless(sketch::GET_WAITS)
    }

    /// Gets a value if that is possible without waiting; see [`State::get`].
    pub(crate) fn get_otherwise(&self, mut state: Locked<'_, T>) -> Result<T, TryGetError> {
        if let Some(sketch) = state.can_get_plainly() {
            return Ok(state.unlock_after(sketch).get_mut().get_plainly());
        }
        if let Some((value, receipt, waker)) = state.meet_put_plainly() {
            drop(state);
            let mut kept = Kept { shared: self, receipt, value: Some(value) };
            effects::wake(waker);
            return kept.value.take().ok_or(TryGetError::Empty);
        }
        self.try_get_any(state)
    }

    #[inline(never)]
    fn try_get_any(&self, mut state: Locked<'_, T>) -> Result<T, TryGetError> {
        if let Some(iter) = state.lend_plainly() {
            drop(state);
            return self.pull(iter).map(|(value, _)| value).ok_or(TryGetError::Closed);
        }
        let mut out = None;
        let mut fx = Effects::new();
        let step = state.get_any(&mut out, None, &mut fx);
        let turn = (step == Step::Turn).then(|| state.turn());
        let receipt = (!fx.is_nothing()).then(|| state.receipt());
        drop(state);
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
    #[inline]
    pub(crate) fn keeping(&self, value: Option<T>, receipt: Receipt, fx: Effects<T>) -> Option<T> {
        if fx.is_nothing() {
            return value;
        }
        let mut kept = Kept { shared: self, receipt, value };
        fx.run();
        kept.value.take()
    }

    /// Gives back a value that a get was given and will not use.
    pub(crate) fn give_back(&self, receipt: Receipt, value: T) {
        self.act(|state, fx| state.give_back(receipt, value, fx));
    }

    /// See [`State::take_source`].
    pub(crate) fn take_source(&mut self) -> Option<BoxIter<T>> {
        self.lock.get_mut().take_source()
    }

    /// Takes a value by oneself, as [`Step::Turn`] allows: clones a promise's, or advances an
    /// iterator. `None` when the iterator has ended.
    pub(crate) fn take_turn(&self) -> Option<T> {
        self.use_turn(self.act(|state, _| state.turn()))
    }

    fn take_turn_noting(&self) -> Option<(T, Option<Receipt>)> {
        self.use_turn_noting(self.act(|state, _| state.turn()))
    }

    /// Takes what a turn is for.
    pub(crate) fn use_turn(&self, turn: Turn<T>) -> Option<T> {
        self.use_turn_noting(turn).map(|(value, _)| value)
    }

    fn use_turn_noting(&self, turn: Turn<T>) -> Option<(T, Option<Receipt>)> {
        match turn {
            Turn::Copy(copies) => Some((copies(), None)),
            Turn::Pull(iter) => self.pull(iter).map(|(item, receipt)| (item, Some(receipt))),
            Turn::Ended => None,
        }
    }

    /// As [`use_turn`](Self::use_turn), for who has the value whatever the effects panic over.
    pub(crate) fn use_turn_first(&self, turn: Turn<T>, fx: &mut Effects<T>) -> Option<T> {
        match turn {
            Turn::Copy(copies) => Some(copies()),
            Turn::Pull(iter) => self.advance(iter, fx).map(|(item, _)| item),
            Turn::Ended => None,
        }
    }

    fn pull(&self, iter: BoxIter<T>) -> Option<(T, Receipt)> {
        let mut fx = Effects::new();
        match self.advance(iter, &mut fx) {
            Some((item, receipt)) => {
                self.keeping(Some(item), receipt, fx).map(|item| (item, receipt))
            }
            None => {
                fx.run();
                None
            }
        }
    }

    /// Advances the iterator once, and brings it back, or drops it with the effects when it has ended.
    fn advance(&self, iter: BoxIter<T>, fx: &mut Effects<T>) -> Option<(T, Receipt)> {
        let turn = Out(self);
        let (iter, item) = along(iter, |iter| iter.next());
        std::mem::forget(turn);
        let Some(item) = item else {
            self.with(fx, |state, fx| state.end_source(fx));
            fx.drop_later(Dropped::Special(Special::Source(Source::Here(iter))));
            return None;
        };
        Some((item, self.with(fx, |state, fx| state.end_turn(iter, fx))))
    }
}

/// Puts where [`State::put_plainly`] may be called.
#[inline]
pub(crate) fn put_and_unlock<T>(mut state: Locked<'_, T>, value: T) {
    let sketch = state.put_plainly(value);
    state.unlock(sketch);
}

impl<T> Drop for Shared<T> {
    /// The last handle has gone: what is still parked can only be callbacks, and they are answered. What is inside
    /// is dropped like any effect, whatever happens in it.
    fn drop(&mut self) {
        let mut fx = Effects::new();
        let state = self.lock.get_mut();
        state.abandon(&mut fx);
        state.discard(&mut fx);
        fx.run();
    }
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
            discard(caught(|| self.shared.give_back(self.receipt, value)));
        }
    }
}

/// The channel's iterator is out: should it panic, it counts as ended.
struct Out<'a, T>(&'a Shared<T>);

impl<T> Drop for Out<'_, T> {
    fn drop(&mut self) {
        discard(caught(|| self.0.act(|state, fx| state.end_source(fx))));
    }
}

#[cfg(test)]
mod tests {
    use super::Shared;

    /// A channel without values is one allocation: this, and the two counts of an `Arc`.
    #[test]
    fn an_idle_channel_takes_136_bytes() {
        assert_eq!(size_of::<Shared<u64>>() + 2 * size_of::<usize>(), 136);
        assert_eq!(size_of::<Shared<[u8; 256]>>(), size_of::<Shared<()>>());
    }
}
