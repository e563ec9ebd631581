//! What is different where a channel's values are not in a queue of its own: promises, iterators, and users'
//! buffers.

use std::any::Any;
use std::error::Error;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::{Reason, Side, State, Step};
use crate::buffer::{BoxIter, Buffer, Copies, Source, Special};
use crate::effects::{Dropped, Effects};
use crate::flag::{self, Flag};
use crate::queue::Claim;
use crate::waiter::{How, Phase, Receipt};

/// How a get takes a value by itself, outside the lock.
pub(crate) enum Turn<T> {
    Copy(Copies<T>),
    /// Advance it once, then [`State::end_turn`] or [`State::end_source`].
    Pull(BoxIter<T>),
    Ended,
}

const BUFFER_PANICKED: &str = "a method of the channel's buffer panicked";

impl<T> State<T> {
    #[cold]
    pub(super) fn put_special(
        &mut self,
        slot: &mut Option<T>,
        me: Option<&Flag>,
        fx: &mut Effects<T>,
    ) -> Step {
        match self.special_mut() {
            Some(Special::Promise { value: Some(_), .. }) => {
                if !flag::commit(me) {
                    return Step::Lost;
                }
                self.rare().evicted += 1;
            }
            Some(Special::Promise { value, copies }) => {
                if !flag::commit(me) {
                    return Step::Lost;
                }
                *value = slot.take().map(*copies);
                while let Claim::Found(get) = self.claim(Side::Get, None) {
                    fx.wake(get.answer(Phase::Turn));
                }
            }
            Some(Special::Custom(_)) => {
                match self.with_custom(fx, |buffer| buffer.can_add()) {
                    None => return if flag::commit(me) { Step::Closed } else { Step::Lost },
                    // A buffer without any room is a rendezvous.
                    Some(false) => {
                        return match self.claim(Side::Get, me) {
                            Claim::Found(get) => {
                                let receipt = self.note(How::Handed);
                                fx.wake(get.hand(slot.take().expect("a put has a value"), receipt));
                                Step::Done
                            }
                            Claim::Lost => Step::Lost,
                            Claim::Nobody => Step::Wait,
                        };
                    }
                    Some(true) if !flag::commit(me) => return Step::Lost,
                    Some(true) => {}
                }
                self.add_custom(slot.take().expect("a put has a value"), fx);
            }
            Some(Special::Source(_)) | None => unreachable!("a source is closed"),
        }
        Step::Done
    }

    #[cold]
    pub(super) fn get_special(
        &mut self,
        out: &mut Option<T>,
        me: Option<&Flag>,
        fx: &mut Effects<T>,
    ) -> Step {
        match self.special_mut() {
            Some(Special::Promise { value: Some(_), .. }) => {
                if flag::commit(me) {
                    Step::Turn
                } else {
                    Step::Lost
                }
            }
            Some(Special::Source(source)) => match source {
                Source::Reserved(_) => Step::Wait,
                _ if !flag::commit(me) => Step::Lost,
                Source::Ended => Step::Closed,
                Source::Here(_) => {
                    let Source::Here(iter) = std::mem::replace(source, Source::Ended) else {
                        unreachable!()
                    };
                    *source = Source::Reserved(Some(iter));
                    Step::Turn
                }
            },
            Some(Special::Custom(_)) => match self.with_custom(fx, |buffer| buffer.can_take()) {
                Some(true) if !flag::commit(me) => Step::Lost,
                Some(true) => match self.with_custom(fx, |buffer| buffer.take()) {
                    Some(value) => {
                        *out = Some(value);
                        self.note(How::Buffered);
                        self.got_buffered(fx)
                    }
                    None => Step::Closed,
                },
                _ => self.get_from_parked(out, me, fx),
            },
            Some(Special::Promise { value: None, .. }) | None => self.get_from_parked(out, me, fx),
        }
    }

    /// Adds to a user's buffer, then hands out what it has ready for parked gets.
    pub(super) fn add_custom(&mut self, value: T, fx: &mut Effects<T>) {
        match self.with_custom(fx, |buffer| buffer.add(value)) {
            Some(Some(evicted)) => {
                fx.drop_later(Dropped::Value(evicted));
                self.rare().evicted += 1;
            }
            Some(None) => {}
            None => return,
        }
        while self.gets.any_live() && self.with_custom(fx, |buffer| buffer.can_take()) == Some(true)
        {
            let Some(value) = self.with_custom(fx, |buffer| buffer.take()) else { return };
            let order = self.receipt().order() + 1;
            self.hand_or_keep(order, value, fx);
        }
    }

    /// Runs a method of the user's buffer. If it panics the channel is closed without the buffer,
    /// and the answer is `None`.
    fn with_custom<R>(
        &mut self,
        fx: &mut Effects<T>,
        f: impl FnOnce(&mut dyn Buffer<T>) -> R,
    ) -> Option<R> {
        let Some(Special::Custom(buffer)) = self.special_mut() else { return None };
        match catch_unwind(AssertUnwindSafe(|| f(buffer.as_mut()))) {
            Ok(result) => Some(result),
            Err(panic) => {
                self.lose_buffer(panic, fx);
                None
            }
        }
    }

    #[cold]
    fn lose_buffer(&mut self, panic: Box<dyn Any + Send>, fx: &mut Effects<T>) {
        let reason = panic.downcast_ref::<Reason>().cloned();
        let reason = reason
            .unwrap_or_else(|| Arc::from(Box::<dyn Error + Send + Sync>::from(BUFFER_PANICKED)));
        fx.panic_later(panic);
        if let Some(buffer) = self.rare().special.take() {
            fx.drop_later(Dropped::Special(buffer));
        }
        if !self.close(Some(reason), fx) {
            self.settle(fx);
        }
    }

    /// Whether the values are an iterator's.
    pub(crate) fn is_source(&self) -> bool {
        matches!(self.special(), Some(Special::Source(_)))
    }

    /// Takes the iterator for good, for the only one who can get from it, unless something comes before it: a value
    /// that was given back, or a turn that has been left unused.
    pub(crate) fn take_source(&mut self) -> Option<BoxIter<T>> {
        let iter = self.lend_plainly()?;
        *self.source_mut()? = Source::Ended;
        Some(iter)
    }

    /// Takes the iterator out for a get, if nothing else is to be considered: its turn has begun then.
    #[inline]
    pub(crate) fn lend_plainly(&mut self) -> Option<BoxIter<T>> {
        let rare = self.rare.as_mut().filter(|rare| rare.returned.is_empty())?;
        let Some(Special::Source(source @ Source::Here(_))) = &mut rare.special else {
            return None;
        };
        match std::mem::replace(source, Source::Reserved(None)) {
            Source::Here(iter) => Some(iter),
            _ => None,
        }
    }

    /// What a get takes in its turn.
    pub(crate) fn turn(&mut self) -> Turn<T> {
        match self.special_mut() {
            Some(Special::Promise { value: Some(copies), .. }) => {
                let copies = copies.clone();
                self.note(How::Buffered);
                Turn::Copy(copies)
            }
            Some(Special::Source(Source::Reserved(iter))) => {
                iter.take().map_or(Turn::Ended, Turn::Pull)
            }
            _ => Turn::Ended,
        }
    }

    /// Brings back the iterator, which has given an item.
    #[inline]
    pub(crate) fn end_turn(&mut self, iter: BoxIter<T>, fx: &mut Effects<T>) -> Receipt {
        let receipt = self.note(How::Buffered);
        self.pass_turn(iter, fx);
        receipt
    }

    /// Says that the iterator, which is out, has ended.
    pub(crate) fn end_source(&mut self, fx: &mut Effects<T>) {
        self.answer_gets(fx);
        if let Some(source) = self.source_mut() {
            *source = Source::Ended;
        }
        self.settle(fx);
    }

    /// Gives up a turn that was not used.
    pub(crate) fn skip_turn(&mut self, fx: &mut Effects<T>) {
        if let Some(Source::Reserved(iter)) = self.source_mut()
            && let Some(iter) = iter.take()
        {
            self.pass_turn(iter, fx);
        }
    }

    /// Lets the get that waits longest for the iterator go on.
    #[inline]
    fn pass_turn(&mut self, iter: BoxIter<T>, fx: &mut Effects<T>) {
        if !self.gets.is_empty()
            && let Claim::Found(get) = self.claim(Side::Get, None)
        {
            fx.wake(get.answer(Phase::Turn));
            return self.bring_back(Source::Reserved(Some(iter)), fx);
        }
        self.bring_back(Source::Here(iter), fx);
    }

    /// Says where the iterator is, which was out.
    #[inline]
    fn bring_back(&mut self, source: Source<T>, fx: &mut Effects<T>) {
        match self.source_mut() {
            Some(before) => *before = source,
            // Meanwhile the last has gone who could get.
            None => fx.drop_later(Dropped::Special(Special::Source(source))),
        }
    }

    /// Where the iterator is, if the values are one's.
    #[inline]
    fn source_mut(&mut self) -> Option<&mut Source<T>> {
        match self.special_mut()? {
            Special::Source(source) => Some(source),
            _ => None,
        }
    }

    pub(super) fn special_has_room(&mut self, fx: &mut Effects<T>) -> bool {
        self.with_custom(fx, |buffer| buffer.can_add()) == Some(true)
    }

    pub(super) fn special_is_exhausted(&mut self, fx: &mut Effects<T>) -> bool {
        match self.special() {
            Some(Special::Source(source)) => matches!(source, Source::Ended),
            Some(Special::Promise { .. }) => true,
            _ => self.special_len(fx) == 0,
        }
    }

    pub(super) fn special_len(&mut self, fx: &mut Effects<T>) -> usize {
        match self.special() {
            Some(Special::Promise { value, .. }) => usize::from(value.is_some()),
            _ => self.with_custom(fx, |buffer| buffer.len()).unwrap_or(0),
        }
    }

    pub(super) fn special_capacity(&mut self, fx: &mut Effects<T>) -> Option<usize> {
        match self.special() {
            Some(Special::Promise { .. }) => Some(1),
            _ => self.with_custom(fx, |buffer| buffer.capacity()).unwrap_or(Some(0)),
        }
    }
}
