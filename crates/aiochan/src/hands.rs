//! `Hands`: the items that each thread of a crew is to call the function with, in reach of the others, so
//! that none is stuck behind a call that takes long.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Items with their numbers.
pub(crate) type Items<T> = VecDeque<(u64, T)>;

/// One hand for each thread. A hand may be locked while the plan is, and nothing while a hand is.
pub(crate) struct Hands<T>(Vec<Mutex<Items<T>>>);

impl<T> Hands<T> {
    /// For `n` threads.
    pub(crate) fn new(n: usize) -> Self {
        Self((0..n).map(|_| Mutex::default()).collect())
    }

    fn lock(hand: &Mutex<Items<T>>) -> MutexGuard<'_, Items<T>> {
        // Nothing panics under this lock.
        hand.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives a thread items. Only who has the plan locked may do this.
    pub(crate) fn give(&self, thread: usize, items: impl IntoIterator<Item = (u64, T)>) {
        Self::lock(&self.0[thread]).extend(items);
    }

    /// What the thread is to begin with next.
    pub(crate) fn next(&self, thread: usize) -> Option<(u64, T)> {
        Self::lock(&self.0[thread]).pop_front()
    }

    /// What some thread would begin with next. While the plan is locked, `None` says that there is
    /// nothing in any hand.
    pub(crate) fn steal(&self) -> Option<(u64, T)> {
        self.0.iter().find_map(|hand| Self::lock(hand).pop_front())
    }

    /// Moves what the thread has not begun with to the front of `queue`.
    pub(crate) fn give_back(&self, thread: usize, queue: &mut Items<T>) {
        for item in Self::lock(&self.0[thread]).drain(..).rev() {
            queue.push_front(item);
        }
    }

    /// All that nobody has begun with.
    pub(crate) fn take(&self) -> Items<T> {
        self.0.iter().flat_map(|hand| std::mem::take(&mut *Self::lock(hand))).collect()
    }
}
