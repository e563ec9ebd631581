//! The flag that the arms of one select share: it is committed at most once.
//!
//! A parked arm carries a pointer to its select's flag. Whoever wants to complete that arm commits
//! the flag first; the one who succeeds also takes the select's waker. When the one who wants it is
//! an arm of another select, both flags are committed together or neither is. Flags are leaf locks:
//! they are taken while one channel is locked, in the order of their addresses, and nothing is
//! locked while they are held.

use std::marker::PhantomPinned;
use std::task::Waker;

use crate::lock::{Lock, Sketch};

/// Whether a select has been committed, and whom to wake when it is.
pub(crate) struct Flag(Lock<Inner>);

struct Inner {
    committed: bool,
    waker: Option<Waker>,
    /// Parked arms point to the flag.
    _pinned: PhantomPinned,
}

/// In the sketch: that it is committed.
const COMMITTED: u32 = 2;

impl Sketch for Inner {
    #[inline]
    fn sketch(&self) -> u32 {
        if self.committed { COMMITTED } else { 0 }
    }
}

/// What came of committing a parked arm's select together with one's own.
pub(crate) enum Pair {
    /// Both are committed now; the other select is to be woken.
    Both(Option<Waker>),
    /// Mine was committed before: this arm has lost.
    MineGone,
    /// The other was committed before: its parked arm is dead.
    OtherGone,
    /// They are one and the same select, which never meets itself.
    Same,
}

impl Flag {
    pub(crate) fn new() -> Self {
        Self(Lock::new(Inner { committed: false, waker: None, _pinned: PhantomPinned }, ()))
    }

    /// Commits, unless it has been done before; then the answer is `false`.
    pub(crate) fn commit(&self) -> bool {
        !std::mem::replace(&mut self.0.lock().committed, true)
    }

    pub(crate) fn is_committed(&self) -> bool {
        self.0.shows(COMMITTED)
    }

    /// Sets whom to wake, unless the flag is committed. Gives back the waker that is not kept, to
    /// be dropped outside any lock.
    pub(crate) fn set_waker(&self, waker: Waker) -> Option<Waker> {
        let mut inner = self.0.lock();
        if inner.committed { Some(waker) } else { inner.waker.replace(waker) }
    }

    /// Takes out whom it was to wake, to be dropped outside any lock.
    pub(crate) fn take_waker(&self) -> Option<Waker> {
        self.0.lock().waker.take()
    }

    /// Commits the select of a parked arm, and with it `mine` where there is one.
    pub(crate) fn commit_pair(mine: Option<&Flag>, other: &Flag) -> Pair {
        let Some(mine) = mine else {
            let mut other = other.0.lock();
            if other.committed {
                return Pair::OtherGone;
            }
            other.committed = true;
            return Pair::Both(other.waker.take());
        };
        if std::ptr::eq(mine, other) {
            return Pair::Same;
        }
        let (mut mine, mut other) = if std::ptr::from_ref(mine) < std::ptr::from_ref(other) {
            let mine = mine.0.lock();
            (mine, other.0.lock())
        } else {
            let other = other.0.lock();
            (mine.0.lock(), other)
        };
        if mine.committed {
            return Pair::MineGone;
        }
        if other.committed {
            return Pair::OtherGone;
        }
        mine.committed = true;
        other.committed = true;
        Pair::Both(other.waker.take())
    }
}

/// Commits `flag` where there is one; `false` says that the operation has lost to a sibling arm.
#[inline]
pub(crate) fn commit(flag: Option<&Flag>) -> bool {
    flag.is_none_or(Flag::commit)
}
