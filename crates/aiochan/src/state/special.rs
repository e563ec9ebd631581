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
use crate::waiter::{How, Phase};

/// How a get takes a value by itself, outside the lock.
pub(crate) enum Turn<T> {
    Copy(Copies<T>),
    /// Advance it once, then [`State::end_turn`].
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
                    None => return Step::Closed,
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

    /// Brings the iterator back, or says that it has ended.
    pub(crate) fn end_turn(&mut self, iter: Option<BoxIter<T>>, fx: &mut Effects<T>) {
        if iter.is_some() {
            self.note(How::Buffered);
        }
        self.pass_turn(iter, fx);
    }

    /// Gives up a turn that was not used.
    pub(crate) fn skip_turn(&mut self, fx: &mut Effects<T>) {
        if let Some(Special::Source(Source::Reserved(iter))) = self.special_mut()
            && let Some(iter) = iter.take()
        {
            self.pass_turn(Some(iter), fx);
        }
    }

    /// Lets the get that waits longest for an iterator go on; answers all when it has ended.
    fn pass_turn(&mut self, iter: Option<BoxIter<T>>, fx: &mut Effects<T>) {
        let source = match iter {
            None => {
                self.answer_gets(fx);
                Source::Ended
            }
            Some(iter) => match self.claim(Side::Get, None) {
                Claim::Found(get) => {
                    fx.wake(get.answer(Phase::Turn));
                    Source::Reserved(Some(iter))
                }
                _ => Source::Here(iter),
            },
        };
        self.rare().special = Some(Special::Source(source));
        self.settle(fx);
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
