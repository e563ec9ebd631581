//! A clock that goes on only when it is told to: for timeouts in a round that is to repeat itself.

use std::time::Duration;

use tokio::runtime::{Builder, EnterGuard, Runtime};
use tokio::time;

use crate::ledger;

/// Less than any timeout takes, but for those that are over at once.
const TICK: Duration = Duration::from_millis(1);

/// In ticks; all timeouts are shorter, but for those that never come.
const LONGEST: u32 = 5;

pub(crate) struct Clock(Runtime);

impl Clock {
    pub(crate) fn new() -> Self {
        match Builder::new_current_thread().enable_time().start_paused(true).build() {
            Ok(runtime) => Self(runtime),
            Err(error) => ledger::fault(&format!("no clock could be made: {error}")),
        }
    }

    /// As long as this lives, timeouts on this thread follow the clock.
    pub(crate) fn enter(&self) -> EnterGuard<'_> {
        self.0.enter()
    }

    /// Lets a little time go by, and wakes whose timeouts are over.
    pub(crate) fn tick(&self) {
        self.0.block_on(time::advance(TICK));
    }

    /// Lets so much time go by that all timeouts are over, but for those that never come.
    pub(crate) fn skip(&self) {
        (0..LONGEST).for_each(|_| self.tick());
    }
}

/// How long a timeout may take.
pub(crate) fn patience(rng: &mut fastrand::Rng) -> Duration {
    TICK * rng.u32(..LONGEST)
}
