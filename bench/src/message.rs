//! What is sent: a number, in messages of several sizes.

/// A message that carries a number. Some peers need `Default` and `Clone`.
pub trait Message: Send + Sync + Unpin + Default + Clone + 'static {
    fn of(number: u64) -> Self;
    fn number(&self) -> u64;
}

impl Message for u64 {
    fn of(number: u64) -> Self {
        number
    }
    fn number(&self) -> u64 {
        *self
    }
}

impl Message for Box<u64> {
    fn of(number: u64) -> Self {
        Self::new(number)
    }
    fn number(&self) -> u64 {
        **self
    }
}

/// 256 bytes.
#[derive(Clone, Default)]
pub struct Large([u64; 32]);

impl Message for Large {
    fn of(number: u64) -> Self {
        Self([number; 32])
    }
    fn number(&self) -> u64 {
        self.0[0]
    }
}
