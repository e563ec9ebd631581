//! A buffer of a user's own: first in, first out.

use std::collections::VecDeque;

use aiochan::Buffer;

pub(crate) struct Fifo<T> {
    values: VecDeque<T>,
    capacity: usize,
}

impl<T> Fifo<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { values: VecDeque::new(), capacity }
    }
}

impl<T: Send> Buffer<T> for Fifo<T> {
    fn can_add(&self) -> bool {
        self.values.len() < self.capacity
    }
    fn add(&mut self, value: T) -> Option<T> {
        self.values.push_back(value);
        None
    }
    fn can_take(&self) -> bool {
        !self.values.is_empty()
    }
    fn take(&mut self) -> T {
        self.values.pop_front().expect("take only follows a can_take")
    }
    fn len(&self) -> usize {
        self.values.len()
    }
    fn capacity(&self) -> Option<usize> {
        Some(self.capacity)
    }
}
