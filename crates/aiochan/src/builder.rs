//! What can be set of a channel before it is made.

use crate::buffer::Buf;
use crate::chan::Chan;
use crate::shared::{Config, Shared};
use crate::sync::Arc;

/// How many callbacks and `add`s may be queued on each side of a channel, unless its builder says
/// otherwise.
pub const MAX_PENDING: usize = 1024;

/// Makes a channel; see [`Chan::builder`].
#[must_use = "a builder does nothing until it is built"]
pub struct Builder<T> {
    name: Option<Box<str>>,
    buf: Buf<T>,
    max_pending: usize,
}

impl<T> Builder<T> {
    pub(crate) fn new() -> Self {
        Self { name: None, buf: Buf::rendezvous(), max_pending: MAX_PENDING }
    }

    /// A name, for stats and debugging.
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into().into_boxed_str());
        self
    }

    /// The buffer: a number for a fixed one, or a [`Buf`].
    pub fn buffer(mut self, buf: impl Into<Buf<T>>) -> Self {
        self.buf = buf.into();
        self
    }

    /// How many callbacks and `add`s may be queued on each side; [`MAX_PENDING`] by default.
    pub fn max_pending(mut self, max_pending: usize) -> Self {
        self.max_pending = max_pending;
        self
    }

    /// The channel.
    pub fn build(self) -> Chan<T> {
        let Self { name, buf, max_pending } = self;
        let config =
            (name.is_some() || max_pending != MAX_PENDING).then_some(Config { name, max_pending });
        Chan { shared: Arc::new(Shared::new(buf, config)), counted: true }
    }
}
