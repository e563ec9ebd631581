//! `Ring`: the values inside a channel, oldest first, in a power of two of places, so that a place is found by
//! masking.
//!
//! The positions of the ends only ever grow; so they also count what has come and gone.
#![allow(unsafe_code)]

use std::mem::{MaybeUninit, needs_drop};

use crate::first_panic::FirstPanic;

pub(crate) struct Ring<T> {
    /// As many as a power of two, or none yet. Those of the positions from `head` to `tail` hold values.
    places: Box<[MaybeUninit<T>]>,
    head: u64,
    tail: u64,
}

impl<T> Ring<T> {
    const FIRST: usize = 4;

    pub(crate) fn new() -> Self {
        Self { places: Box::new([]), head: 0, tail: 0 }
    }

    #[inline]
    pub(crate) fn len(&self) -> usize {
        (self.tail - self.head) as usize
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.tail == self.head
    }

    /// Whether the next push needs no memory.
    #[inline]
    pub(crate) fn has_place(&self) -> bool {
        self.len() < self.places.len()
    }

    /// How many values have left.
    #[inline]
    pub(crate) fn left(&self) -> u64 {
        self.head
    }

    #[inline]
    pub(crate) fn push(&mut self, value: T) {
        if !self.has_place() {
            self.grow();
        }
        let place = self.place(self.tail);
        // SAFETY: there are places now, and a masked position is the number of one.
        unsafe { self.places.get_unchecked_mut(place) }.write(value);
        self.tail += 1;
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        if self.is_empty() { None } else { Some(self.pop_first()) }
    }

    /// Pops the first of at least one value.
    #[inline(always)]
    pub(crate) fn pop_first(&mut self) -> T {
        assert!(!self.is_empty(), "there is a first value");
        let place = self.place(self.head);
        self.head += 1;
        // SAFETY: the position was between the ends, so its place is there and held a value; now it is not
        // between them any more.
        unsafe { self.places.get_unchecked(place).assume_init_read() }
    }

    /// Takes all values out, uncounted.
    pub(crate) fn take(&mut self) -> Self {
        let empty = Self { places: Box::new([]), head: self.head, tail: self.head };
        std::mem::replace(self, empty)
    }

    #[inline]
    fn place(&self, position: u64) -> usize {
        position as usize & self.places.len().wrapping_sub(1)
    }

    /// Doubles the places of a ring that is full.
    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        let before = self.places.len();
        let more = before.checked_mul(2).expect("more values than there is memory for");
        let (head, place) = (self.head, self.head as usize & before.saturating_sub(1));
        // Should there be no memory, and that be a panic, the values are leaked and not dropped twice.
        self.head = self.tail;
        let mut places = std::mem::take(&mut self.places).into_vec();
        // In place if that can be.
        places.reserve_exact(more.max(Self::FIRST) - before);
        places.resize_with(more.max(Self::FIRST), MaybeUninit::uninit);
        self.places = places.into_boxed_slice();
        self.head = head;
        // Each position's place is what it was, or as many further on as there were places: one of the two
        // pieces that the values were in has to move.
        let piece = if head as usize & before == 0 { 0..place } else { place..before };
        let (old, new) = self.places.split_at_mut(before);
        for (from, to) in old[piece.clone()].iter().zip(&mut new[piece]) {
            // SAFETY: all of the old places held values. This one is moved: with the new mask its old place is
            // that of no position.
            to.write(unsafe { from.assume_init_read() });
        }
    }
}

impl<T> Drop for Ring<T> {
    #[inline]
    fn drop(&mut self) {
        if needs_drop::<T>() && !self.is_empty() {
            self.drop_each();
        }
    }
}

impl<T> Ring<T> {
    /// Two panics at once would abort the process: the first goes on when all is done.
    #[inline(never)]
    fn drop_each(&mut self) {
        let mut panics = FirstPanic::default();
        while let Some(value) = self.pop() {
            panics.catch(|| drop(value));
        }
        panics.go_on();
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::Ring;

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn a_ring_is_a_queue(pushes in prop::collection::vec(prop::bool::weighted(0.6), 0..200)) {
            let (mut ring, mut queue) = (Ring::new(), VecDeque::new());
            for (n, push) in pushes.into_iter().enumerate() {
                if push {
                    ring.push(Box::new(n));
                    queue.push_back(n);
                } else {
                    prop_assert_eq!(ring.pop().map(|n| *n), queue.pop_front());
                }
                prop_assert_eq!((ring.len(), ring.is_empty()), (queue.len(), queue.is_empty()));
            }
        }
    }

    #[test]
    fn a_ring_drops_what_is_in_it() {
        let value = Arc::new(());
        let mut ring = Ring::new();
        (0..9).for_each(|_| ring.push(value.clone()));
        (0..5).for_each(|_| drop(ring.pop()));
        assert_eq!(Arc::strong_count(&value), 5);
        drop(ring);
        assert_eq!(Arc::strong_count(&value), 1);
    }

    #[test]
    fn a_ring_that_was_emptied_can_be_used_again() {
        let mut ring = Ring::new();
        (0..7).for_each(|n| ring.push(n));
        assert_eq!(ring.pop(), Some(0));
        assert_eq!(ring.take().len(), 6);
        (0..7).for_each(|n| ring.push(n));
        assert_eq!(std::iter::from_fn(|| ring.pop()).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn values_without_a_size_need_no_memory() {
        let mut ring = Ring::new();
        (0..1000).for_each(|_| ring.push(()));
        assert_eq!((0..1001).filter_map(|_| ring.pop()).count(), 1000);
    }
}
