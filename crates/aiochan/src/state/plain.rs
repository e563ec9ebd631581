//! The short ways, for a channel that is open and has all that is inside in its ring: they have little to
//! consider, need no list of effects, and do what the long ways would. And what may be known of a channel without
//! locking it.

use std::task::Waker;

use super::{Side, State};
use crate::buffer::WhenFull;
use crate::lock::Sketch;
use crate::waiter::{Claimed, How, Receipt};

/// Whether all that is inside is in the ring, so that most operations have nothing else to consider.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Plain {
    Open,
    /// Closed, and nobody needs to know of a value that leaves, but for the last.
    Draining,
    No,
}

/// What a channel's sketch says: that a put, or a get, would certainly have to wait. So that no other thread
/// sees the outcome of closing before this, closing hides the sketch before it answers anybody.
pub(crate) mod sketch {
    pub(crate) const PUT_WAITS: u32 = 2;
    pub(crate) const GET_WAITS: u32 = 4;
}

impl<T> Sketch for State<T> {
    #[inline]
    fn sketch(&self) -> u32 {
        let mut bits = 0;
        if self.plain == Plain::Open {
            if self.ring.is_empty() {
                if self.puts.is_empty() {
                    bits |= sketch::GET_WAITS;
                }
                if self.limit > 0 {
                    return bits;
                }
            }
            if self.ring.len() >= self.limit
                && self.when_full == WhenFull::Wait
                && self.gets.is_empty()
            {
                bits |= sketch::PUT_WAITS;
            }
        }
        bits
    }
}

impl<T> State<T> {
    /// Whether [`put_plainly`](Self::put_plainly) may be called: nobody waits, and there is room.
    #[inline]
    pub(crate) fn can_put_plainly(&self) -> bool {
        self.plain == Plain::Open && self.ring.len() < self.limit && self.gets.is_empty()
    }

    /// Whether that needs no memory either.
    #[inline]
    pub(crate) fn can_put_at_once(&self) -> bool {
        self.can_put_plainly() && self.ring.has_place()
    }

    /// The sketch after it comes back.
    #[inline]
    pub(crate) fn put_plainly(&mut self, value: T) -> u32 {
        let len = self.ring.len() + 1;
        self.ring.push(value);
        match self.when_full {
            WhenFull::Wait if len == self.limit => sketch::PUT_WAITS,
            _ => 0,
        }
    }

    /// Whether [`get_plainly`](Self::get_plainly) may be called: a value is inside, nobody waits, and nothing else is
    /// to be considered. What comes is the sketch after it.
    #[inline]
    pub(crate) fn can_get_plainly(&self) -> Option<u32> {
        if self.plain == Plain::No || self.ring.is_empty() || !self.puts.is_empty() {
            return None;
        }
        let is_last = self.ring.len() == 1;
        if is_last && self.plain == Plain::Draining {
            return None;
        }
        Some(if is_last { sketch::GET_WAITS } else { 0 })
    }

    #[inline(always)]
    pub(crate) fn get_plainly(&mut self) -> T {
        self.ring.pop_first()
    }

    /// Commits the get that waits longest, if nothing else is to be considered, for
    /// [`hand_plainly`](Self::hand_plainly).
    #[inline]
    pub(crate) fn claim_get_plainly(&mut self) -> Option<Claimed<T>> {
        if self.plain == Plain::Open { self.gets.claim_task() } else { None }
    }

    #[inline]
    pub(crate) fn hand_plainly(&mut self, get: Claimed<T>, value: T) -> Option<Waker> {
        get.hand(value, self.note(How::Handed))
    }

    /// Gets a value where a put waits and nothing else is to be considered; with what to wake.
    #[inline]
    pub(crate) fn meet_put_plainly(&mut self) -> Option<(T, Receipt, Option<Waker>)> {
        if self.plain != Plain::Open {
            return None;
        }
        let (value, waker) = self.puts.claim_task()?.take();
        Some(match self.ring.pop() {
            None => (value, self.note(How::Immediate), waker),
            Some(oldest) => {
                self.ring.push(value);
                self.refilled += 1;
                self.last = How::Buffered;
                (oldest, self.receipt(), waker)
            }
        })
    }

    /// Whether an operation of this side would certainly wait, and nothing else is to be considered.
    #[inline]
    pub(crate) fn waits_plainly(&self, side: Side) -> bool {
        self.plain == Plain::Open
            && match side {
                Side::Get => self.ring.is_empty() && self.puts.is_empty(),
                Side::Put => {
                    self.ring.len() == self.limit
                        && self.when_full == WhenFull::Wait
                        && self.gets.is_empty()
                }
            }
    }

    /// To be called when something has changed that makes a channel plain.
    pub(super) fn assess(&mut self) {
        self.plain = match self.returned() == 0 && self.special().is_none() {
            true if self.closed => Plain::Draining,
            true => Plain::Open,
            false => Plain::No,
        };
    }
}
