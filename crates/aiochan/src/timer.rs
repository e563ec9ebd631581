//! Time on any executor: tokio's clock where tasks are tokio's, with that feature, and else a timer thread
//! that all share.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use futures_timer::Delay;

#[cfg(feature = "tokio")]
use crate::executor::entered;
use crate::panics::calm;

/// A future that is ready at a moment, or never if that moment is beyond what clocks can count.
pub(crate) enum Timer {
    #[cfg(feature = "tokio")]
    Tokio(Pin<Box<tokio::time::Sleep>>),
    Own(Delay),
    Never,
}

impl Timer {
    /// Ready `duration` from now.
    pub(crate) fn after(duration: Duration) -> Self {
        Self::at(now().checked_add(duration))
    }

    /// Ready at `moment`, a time of the clock that [`now`] reads; `None` is never.
    pub(crate) fn at(moment: Option<Instant>) -> Self {
        let Some(moment) = moment else { return Self::Never };
        #[cfg(feature = "tokio")]
        if follows_tokio() {
            return Self::Tokio(Box::pin(tokio::time::sleep_until(moment.into())));
        }
        Self::Own(Delay::new(moment.saturating_duration_since(Instant::now())))
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        match &mut *self {
            #[cfg(feature = "tokio")]
            Self::Tokio(sleep) => sleep.as_mut().poll(cx),
            // One thread wakes all, and lives no longer than until the first panic.
            Self::Own(delay) => Pin::new(delay).poll(&mut Context::from_waker(&calm(cx.waker()))),
            Self::Never => Poll::Pending,
        }
    }
}

/// The time now, by the clock that timers follow here.
pub(crate) fn now() -> Instant {
    #[cfg(feature = "tokio")]
    if follows_tokio() {
        return tokio::time::Instant::now().into_std();
    }
    Instant::now()
}

/// Whether tokio's clock is the one to follow: where tasks that are spawned would be tokio's.
#[cfg(feature = "tokio")]
fn follows_tokio() -> bool {
    entered().is_none() && tokio::runtime::Handle::try_current().is_ok()
}
