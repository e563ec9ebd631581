//! Semantics tests that the field trusts, rewritten against this crate's API from their documented behaviour.
//! Which cases hold, and which do not apply and why: `docs/RELIABILITY.md`.
//!
//! Nothing here sleeps to wait for a state: that an operation waits is seen in the channel's figures.

#[macro_use]
#[path = "suites/common.rs"]
mod common;

#[allow(dead_code, reason = "it belongs to the behaviour tests, which use all of it")]
#[path = "behaviour/driver.rs"]
mod driver;
#[allow(dead_code, reason = "as above")]
#[path = "behaviour/selecting.rs"]
mod selecting;
#[allow(dead_code, reason = "as above")]
#[path = "behaviour/task.rs"]
mod task;
#[allow(dead_code, reason = "as above")]
#[path = "behaviour/watch.rs"]
mod watch;

#[path = "suites/core_async.rs"]
mod core_async;
#[path = "suites/crossbeam.rs"]
mod crossbeam;
#[path = "suites/go.rs"]
mod go;
