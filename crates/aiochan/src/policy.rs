//! What a pipe does with an item whose function has failed.

use std::error::Error;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_sink::Sink;

use crate::error::PutError;
use crate::halves::Sender;
use crate::panics::along;
use crate::state::Reason;

/// What to do when a pipe's function fails: returns an error, where that counts as failing, or panics.
pub(crate) enum Policy<T> {
    /// Stop, with the cause as the output's reason to be closed.
    Stop,
    /// Go on without the item.
    Skip,
    /// Send a copy of the item and the cause somewhere, and go on.
    DeadLetters { letters: Sender<(T, Reason)>, copy: fn(&T) -> T },
}

/// What is to be done about one failure.
pub(crate) enum Verdict<'a, T> {
    Stop(Reason),
    Skip,
    /// To be put there; if that is closed: stop, with the reason that comes back.
    Send(&'a Sender<(T, Reason)>, (T, Reason)),
}

impl<T> Policy<T> {
    pub(crate) fn is_stop(&self) -> bool {
        matches!(self, Self::Stop)
    }

    /// An item, and what must be kept of it before the function takes it. This is user code.
    #[inline]
    pub(crate) fn copy(&self, item: T) -> (T, Option<T>) {
        match self {
            Self::DeadLetters { copy, .. } => along(item, |item| Some(copy(item))),
            Self::Stop | Self::Skip => (item, None),
        }
    }

    /// Begins to deal with a failure; [`poll_settled`](Self::poll_settled) goes on. An error stops the
    /// pipe.
    pub(crate) fn settle(&mut self, copy: Option<T>, reason: Reason) -> Result<(), Reason> {
        match (self, copy) {
            (Self::Skip, _) => Ok(()),
            (Self::DeadLetters { letters, .. }, Some(item)) => {
                Pin::new(letters).start_send((item, reason)).map_err(|PutError((_, reason))| reason)
            }
            // Without a copy it was the copying that failed.
            _ => Err(reason),
        }
    }

    /// Waits until a letter has been accepted. An error stops the pipe.
    pub(crate) fn poll_settled(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Reason>> {
        match self {
            Self::DeadLetters { letters, .. } => {
                Pin::new(letters).poll_flush(cx).map_err(|PutError((_, reason))| reason)
            }
            Self::Stop | Self::Skip => Poll::Ready(Ok(())),
        }
    }

    /// What to do about a failure, given the item's copy.
    pub(crate) fn decide(&self, copy: Option<T>, reason: Reason) -> Verdict<'_, T> {
        match (self, copy) {
            (Self::Skip, _) => Verdict::Skip,
            (Self::DeadLetters { letters, .. }, Some(item)) => {
                Verdict::Send(letters, (item, reason))
            }
            // Without a copy it was the copying that failed.
            _ => Verdict::Stop(reason),
        }
    }
}

/// An error of a pipe's function as a reason.
pub(crate) fn failure(error: impl Into<Box<dyn Error + Send + Sync>>) -> Reason {
    Arc::from(error.into())
}
