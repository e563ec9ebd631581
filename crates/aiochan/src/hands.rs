//! `Hands`: what each thread of a crew is to call the function with, and what came of it, in reach of the
//! others, so that nothing is stuck behind a call that takes long.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Things with the numbers of their items.
pub(crate) type Numbered<T> = VecDeque<(u64, T)>;

/// One hand for each thread. A hand may be locked while the plan is, and nothing while a hand is.
pub(crate) struct Hands<T, R>(Vec<Mutex<Hand<T, R>>>);

pub(crate) struct Hand<T, R> {
    /// What nobody has begun with. Added to only while the plan is locked.
    pub(crate) items: Numbered<T>,
    pub(crate) results: Numbered<R>,
}

impl<T, R> Hands<T, R> {
    /// For `n` threads.
    pub(crate) fn new(n: usize) -> Self {
        let hand = || Hand { items: VecDeque::new(), results: VecDeque::new() };
        Self((0..n).map(|_| Mutex::new(hand())).collect())
    }

    /// Nothing panics under this lock.
    pub(crate) fn lock(&self, thread: usize) -> MutexGuard<'_, Hand<T, R>> {
        self.0[thread].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the thread is to begin with, after it has laid down what came of the last item.
    pub(crate) fn next(&self, thread: usize, done: Option<(u64, R)>) -> Option<(u64, T)> {
        let mut hand = self.lock(thread);
        hand.results.extend(done);
        hand.items.pop_front()
    }

    /// Takes an item out of some hand, and hands over the results found on the way.
    ///
    /// `None` while the plan is locked: no thread has more than the call that it is in, after which it
    /// reports.
    pub(crate) fn take_from_any(&self, mut results: impl FnMut(u64, R)) -> Option<(u64, T)> {
        (0..self.0.len()).find_map(|thread| {
            let mut hand = self.lock(thread);
            // In one locking, so that no result is laid down in between.
            hand.results.drain(..).for_each(|(number, result)| results(number, result));
            hand.items.pop_front()
        })
    }
    /// Takes all items, and hands over all results. Of each hand in one locking, for otherwise its thread
    /// could go on with an item while one before it is taken.
    pub(crate) fn take_all(&self, mut results: impl FnMut(u64, R)) -> Numbered<T> {
        let mut items = VecDeque::new();
        for thread in 0..self.0.len() {
            let mut hand = self.lock(thread);
            hand.results.drain(..).for_each(|(number, result)| results(number, result));
            items.append(&mut hand.items);
        }
        items
    }
}
