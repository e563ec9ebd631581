//! What can go wrong, with the value given back wherever there is one.
//!
//! `Debug` and `Display` never show the value, so errors need nothing of `T`.

use std::any::Any;
use std::error::Error;
use std::fmt;

/// The channel is closed; the value that was not put comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PutError<T>(pub T);

/// Why [`Chan::try_put`](crate::Chan::try_put) did not put; the value comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum TryPutError<T> {
    /// There is no room, and nobody waits for a value.
    Full(T),
    /// The channel is closed.
    Closed(T),
}

/// Why [`Chan::try_get`](crate::Chan::try_get) did not get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryGetError {
    /// There is nothing in the channel now.
    Empty,
    /// The channel is closed and drained: there will be nothing.
    Closed,
}

/// Why [`Chan::put_timeout`](crate::Chan::put_timeout) did not put; the value comes back.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum PutTimeoutError<T> {
    /// There was no room in time.
    Timeout(T),
    /// The channel is closed.
    Closed(T),
}

/// Why [`Chan::get_timeout`](crate::Chan::get_timeout) did not get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GetTimeoutError {
    /// Nothing came in time.
    Timeout,
    /// The channel is closed and drained.
    Closed,
}

/// The channel is closed; what was not put is still in the caller's queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closed;

/// As many callbacks and `add`s wait as the channel's `max_pending` allows.
///
/// A put's value comes back; the callback is not called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct TooManyPending<T>(pub T);

/// Why [`Chan::add`](crate::Chan::add) stopped; the values that were not added come back in order.
#[derive(Clone, PartialEq, Eq)]
pub enum AddError<T> {
    /// The channel is closed.
    Closed(Vec<T>),
    /// As many operations are queued as the channel's `max_pending` allows.
    TooManyPending(Vec<T>),
}

/// A function of a stage panicked: the reason with which its output is closed.
///
/// A function that panics with a [`Reason`](crate::Reason) as its payload (`std::panic::panic_any(reason)`) closes the output
/// with that reason instead: a way out for functions that cannot return an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Panicked {
    message: Box<str>,
}

impl Panicked {
    pub(crate) fn new(panic: &(dyn Any + Send)) -> Self {
        let text = panic.downcast_ref::<&str>().copied();
        let text = text.or_else(|| panic.downcast_ref::<String>().map(String::as_str));
        Self { message: text.unwrap_or("with something that is not a text").into() }
    }

    /// What the panic said.
    pub fn message(&self) -> &str {
        &self.message
    }
}

impl fmt::Display for Panicked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a stage panicked: {}", self.message)
    }
}

impl Error for Panicked {}

const CLOSED: &str = "the channel is closed";
const DRAINED: &str = "the channel is closed and drained";
const TOO_MANY: &str = "the channel's max_pending operations are queued already; \
                        use a buffer, an awaited put, or a larger max_pending";

impl<T> PutError<T> {
    /// The value that was not put.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> TryPutError<T> {
    /// The value that was not put.
    pub fn into_inner(self) -> T {
        let (Self::Full(value) | Self::Closed(value)) = self;
        value
    }

    /// Whether a later attempt may succeed.
    pub fn is_full(&self) -> bool {
        matches!(self, Self::Full(_))
    }

    /// Whether the channel is closed.
    pub fn is_closed(&self) -> bool {
        matches!(self, Self::Closed(_))
    }

    fn text(&self) -> &'static str {
        match self {
            Self::Full(_) => "the channel is full",
            Self::Closed(_) => CLOSED,
        }
    }
}

impl TryGetError {
    /// Whether a later attempt may succeed.
    pub fn is_empty(&self) -> bool {
        *self == Self::Empty
    }

    /// Whether the channel is closed and drained.
    pub fn is_closed(&self) -> bool {
        *self == Self::Closed
    }
}

impl<T> PutTimeoutError<T> {
    /// The value that was not put.
    pub fn into_inner(self) -> T {
        let (Self::Timeout(value) | Self::Closed(value)) = self;
        value
    }

    /// Whether a later attempt may succeed.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Timeout(_))
    }

    fn text(&self) -> &'static str {
        match self {
            Self::Timeout(_) => "the channel stayed full until the timeout",
            Self::Closed(_) => CLOSED,
        }
    }
}

impl<T> TooManyPending<T> {
    /// What was not queued.
    pub fn into_inner(self) -> T {
        self.0
    }
}

impl<T> AddError<T> {
    /// The values that were not added, in order.
    pub fn into_inner(self) -> Vec<T> {
        let (Self::Closed(rest) | Self::TooManyPending(rest)) = self;
        rest
    }

    fn text(&self) -> &'static str {
        match self {
            Self::Closed(_) => CLOSED,
            Self::TooManyPending(_) => TOO_MANY,
        }
    }
}

impl fmt::Display for TryGetError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Empty => "the channel is empty",
            Self::Closed => DRAINED,
        })
    }
}

impl fmt::Display for GetTimeoutError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Timeout => "nothing came through the channel until the timeout",
            Self::Closed => DRAINED,
        })
    }
}

impl fmt::Display for Closed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(CLOSED)
    }
}

impl Error for TryGetError {}
impl Error for GetTimeoutError {}
impl Error for Closed {}

/// `Display`, a `Debug` that hides the value, and `Error`, for an error that holds one.
macro_rules! error_with_value {
    ($name:ident, $text:expr, $debug:expr) => {
        impl<T> fmt::Display for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let text: fn(&Self) -> &'static str = $text;
                f.write_str(text(self))
            }
        }

        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let variant: fn(&Self) -> &'static str = $debug;
                f.write_str(variant(self))
            }
        }

        impl<T> Error for $name<T> {}
    };
}

error_with_value!(PutError, |_| CLOSED, |_| "PutError(..)");
error_with_value!(TooManyPending, |_| TOO_MANY, |_| "TooManyPending(..)");
error_with_value!(TryPutError, Self::text, |error| match error {
    Self::Full(_) => "Full(..)",
    Self::Closed(_) => "Closed(..)",
});
error_with_value!(PutTimeoutError, Self::text, |error| match error {
    Self::Timeout(_) => "Timeout(..)",
    Self::Closed(_) => "Closed(..)",
});
error_with_value!(AddError, Self::text, |error| match error {
    Self::Closed(_) => "Closed(..)",
    Self::TooManyPending(_) => "TooManyPending(..)",
});
