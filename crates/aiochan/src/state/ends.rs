//! How a channel ends: closed, refused to putters, emptied, left by everybody; and who is told.

use super::{Reason, Side, State};
use crate::effects::{Dropped, Effects};
use crate::queue::{Claim, Queue};
use crate::waiter::Phase;

/// What somebody waits for who waits for a channel's end.
#[derive(Clone, Copy)]
pub(crate) enum Until {
    Closed,
    /// Closed, with nothing left to get.
    Exhausted,
}

impl<T> State<T> {
    /// Refuses puts from now on; parked gets are answered, parked puts and values inside stay.
    /// `false` if it was closed before.
    pub(crate) fn close(&mut self, reason: Option<Reason>, fx: &mut Effects<T>) -> bool {
        if self.closed {
            return false;
        }
        self.closed = true;
        self.assess();
        if reason.is_some() {
            self.rare().reason = reason;
        }
        self.answer_gets(fx);
        self.answer_all(Until::Closed, fx);
        self.settle(fx);
        true
    }

    /// Closes because nobody will get any more: parked puts get their values back.
    pub(crate) fn refuse(&mut self, fx: &mut Effects<T>) {
        self.close(None, fx);
        while let Claim::Found(put) = self.claim(Side::Put, None) {
            fx.wake(put.answer(Phase::Closed));
        }
        self.settle(fx);
    }

    /// Drops everything inside, for nobody can get it any more.
    pub(crate) fn discard(&mut self, fx: &mut Effects<T>) {
        if self.returned() == 0 && self.ring.is_empty() && self.special().is_none() {
            return;
        }
        fx.drop_later(Dropped::Values(self.ring.take()));
        if let Some(rare) = &mut self.rare {
            for (_, value) in std::mem::take(&mut rare.returned) {
                fx.drop_later(Dropped::Value(value));
            }
            if let Some(special) = rare.special.take() {
                fx.drop_later(Dropped::Special(special));
            }
        }
        // Those who waited for their turns at an iterator.
        self.answer_gets(fx);
        self.assess();
        self.settle(fx);
    }

    /// Answers every parked operation, for the last handle has gone.
    pub(crate) fn abandon(&mut self, fx: &mut Effects<T>) {
        if !(self.gets.is_empty() && self.puts.is_empty()) {
            self.refuse(fx);
            self.answer_gets(fx);
        }
    }

    #[inline]
    pub(super) fn answer_gets(&mut self, fx: &mut Effects<T>) {
        if self.gets.is_empty() {
            return;
        }
        while let Claim::Found(get) = self.claim(Side::Get, None) {
            fx.wake(get.answer(Phase::Closed));
        }
    }

    /// Completes the `join`s of a channel that is closed and exhausted.
    #[inline]
    pub(super) fn settle(&mut self, fx: &mut Effects<T>) {
        if self.rare.as_ref().is_none_or(|rare| rare.joins.is_empty()) || !self.is_exhausted(fx) {
            return;
        }
        self.answer_all(Until::Exhausted, fx);
    }

    #[inline]
    fn answer_all(&mut self, until: Until, fx: &mut Effects<T>) {
        if self.rare.is_some() {
            while let Claim::Found(join) = self.joins(until).claim(None) {
                fx.wake(join.answer(Phase::Done));
            }
        }
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed
    }

    /// Closed, with nothing inside and no parked puts. A promise's value is not used up by gets, so
    /// it does not count.
    pub(crate) fn is_exhausted(&mut self, fx: &mut Effects<T>) -> bool {
        if !self.closed || self.returned() > 0 || self.puts.any_live() {
            return false;
        }
        match self.special() {
            None => self.ring.is_empty(),
            Some(_) => self.special_is_exhausted(fx),
        }
    }

    pub(crate) fn reason(&self) -> Option<Reason> {
        self.rare.as_ref()?.reason.clone()
    }

    pub(crate) fn has_reached(&mut self, until: Until, fx: &mut Effects<T>) -> bool {
        match until {
            Until::Closed => self.closed,
            Until::Exhausted => self.is_exhausted(fx),
        }
    }

    /// Those who wait for the channel's end.
    pub(crate) fn joins(&mut self, until: Until) -> &mut Queue<()> {
        match until {
            Until::Closed => &mut self.rare().watchers,
            Until::Exhausted => &mut self.rare().joins,
        }
    }
}
