//! Results on their way out, in the order in which they are to leave.

use std::collections::VecDeque;

use crate::panics::discard;

/// Results of type `R`, in the order of their numbers or of being ready.
pub(crate) struct Results<R> {
    ordered: bool,
    /// If ordered, with places for those that are not ready.
    places: VecDeque<Option<R>>,
    /// The number of the first place.
    first: u64,
}

impl<R> Results<R> {
    pub(crate) fn new(ordered: bool) -> Self {
        Self { ordered, places: VecDeque::new(), first: 0 }
    }

    /// The number of a result to come.
    pub(crate) fn reserve(&mut self) -> u64 {
        let number = self.first + self.places.len() as u64;
        if self.ordered {
            self.places.push_back(None);
        }
        number
    }

    /// A result that is ready and comes after all others that there are.
    #[inline]
    pub(crate) fn push(&mut self, result: R) {
        self.places.push_back(Some(result));
    }

    /// The result with that number is ready.
    pub(crate) fn set(&mut self, number: u64, result: R) {
        if self.ordered {
            self.places[(number - self.first) as usize] = Some(result);
        } else {
            self.places.push_back(Some(result));
        }
    }

    /// Takes all that are ready, to be dropped; there will be no others.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = R> + use<R> {
        std::mem::take(&mut self.places).into_iter().flatten()
    }

    /// Whether there is one to [`pop`](Self::pop).
    pub(crate) fn is_ready(&self) -> bool {
        matches!(self.places.front(), Some(Some(_)))
    }

    /// The next result, if it is ready.
    pub(crate) fn pop(&mut self) -> Option<R> {
        let result = self.places.front_mut()?.take()?;
        self.places.pop_front();
        self.first += 1;
        Some(result)
    }
}

impl<R> Drop for Results<R> {
    fn drop(&mut self) {
        // Each by itself: two that panic in one collection would abort the process.
        self.take().for_each(discard);
    }
}

#[cfg(test)]
mod tests {
    use super::Results;

    fn leaving(ordered: bool) -> Vec<u64> {
        let mut results = Results::new(ordered);
        for _ in 0..5 {
            results.reserve();
        }
        let mut left = Vec::new();
        for number in [2, 0, 3, 1, 4] {
            results.set(number, number);
            left.extend(std::iter::from_fn(|| results.pop()));
        }
        assert!(!results.is_ready());
        left
    }

    #[test]
    fn results_leave_in_the_order_of_their_numbers() {
        assert_eq!(leaving(true), [0, 1, 2, 3, 4]);
    }

    #[test]
    fn results_leave_as_they_came() {
        assert_eq!(leaving(false), [2, 0, 3, 1, 4]);
    }

    #[test]
    fn all_can_be_taken() {
        let mut results = Results::new(true);
        let numbers = [(); 4].map(|()| results.reserve());
        results.set(numbers[1], 'b');
        results.set(numbers[3], 'd');
        assert_eq!(results.take().collect::<String>(), "bd");
        assert!(results.pop().is_none());
    }
}
