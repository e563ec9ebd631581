//! `Ring`: the values inside a channel, oldest first, in a power of two of places, so that a place is found by
//! masking.
//!
//! The positions of the ends only ever grow; so they also count what has come and gone.
#![allow(unsafe_code)]

use std::mem::MaybeUninit;

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

    /// How many values have left.
    #[inline]
    pub(crate) fn left(&self) -> u64 {
        self.head
    }

    #[inline]
    pub(crate) fn push(&mut self, value: T) {
        if self.len() == self.places.len() {
            self.grow();
        }
        let place = self.place(self.tail);
        // SAFETY: there are places now, and a masked position is the number of one.
        unsafe { self.places.get_unchecked_mut(place) }.write(value);
        self.tail += 1;
    }

    #[inline]
    pub(crate) fn pop(&mut self) -> Option<T> {
        if self.is_empty() {
            return None;
        }
        let place = self.place(self.head);
        self.head += 1;
        // SAFETY: the position was between the ends, so its place is there and held a value; now it is not
        // between them any more.
        Some(unsafe { self.places.get_unchecked(place).assume_init_read() })
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

    #[cold]
    #[inline(never)]
    fn grow(&mut self) {
        let more = self.places.len().checked_mul(2).expect("more values than there is memory for");
        let mut places = Box::new_uninit_slice(more.max(Self::FIRST));
        // The positions from `head` are in one piece up to the end of the old places, and those after that are.
        let (place, len) = (self.place(self.head), self.len());
        let first = len.min(self.places.len() - place);
        for (position, from, count) in
            [(self.head, place, first), (self.head + first as u64, 0, len - first)]
        {
            let to = position as usize & (places.len() - 1);
            // SAFETY: in the new places, of which there are more, these positions are in one piece as well.
            // The values are moved: the old places are given up below, which drops none.
            unsafe {
                places[to..][..count]
                    .as_mut_ptr()
                    .copy_from_nonoverlapping(self.places[from..].as_ptr(), count)
            };
        }
        self.places = places;
    }
}

impl<T> Drop for Ring<T> {
    fn drop(&mut self) {
        /// Goes on after a value that panics.
        struct Rest<'a, T>(&'a mut Ring<T>);
        impl<T> Drop for Rest<'_, T> {
            fn drop(&mut self) {
                while let Some(value) = self.0.pop() {
                    drop(value);
                }
            }
        }
        let rest = Rest(self);
        while let Some(value) = rest.0.pop() {
            drop(value);
        }
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
    fn values_without_a_size_need_no_memory() {
        let mut ring = Ring::new();
        (0..1000).for_each(|_| ring.push(()));
        assert_eq!((0..1001).filter_map(|_| ring.pop()).count(), 1000);
    }
}
