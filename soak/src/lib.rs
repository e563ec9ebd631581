//! Channels under fire: random topologies, random operations, random faults, and the law that every value is
//! accounted for.
//!
//! `cargo xtask soak --minutes N --seed S` runs it. A round makes a few channels and lets actors loose on them:
//! tasks, threads and callbacks that put, get, select, give up, panic, close and leave. Then every value must have
//! had exactly one fate, the channels' figures must agree with what the actors saw, and nobody may be left waiting.

mod actor;
mod blocking;
mod callbacks;
mod calls;
mod clock;
mod fifo;
mod halves;
mod items;
pub mod ledger;
mod model;
mod planned;
mod promise;
pub mod round;
mod scheduler;
pub mod seeded;
pub mod sequence;
mod tasks;
pub mod watch;
mod world;
