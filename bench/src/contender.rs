//! A contender of a cell, ready to run.

use std::time::Duration;

/// One kind of channel, or one way to do the work of a cell.
pub struct Contender {
    /// The crate's name, under which the best of its kinds is shown.
    pub name: String,
    pub kind: String,
    /// Does the work for that many messages, checks what came of it, and says how long it took.
    pub run: Box<dyn Fn(u64) -> Duration>,
    /// How many nanoseconds each of that many messages took on its way, one of a producer at a time.
    pub hand_over: Option<Box<dyn Fn(u64) -> Vec<u64>>>,
}

pub const OURS: &str = "aiochan";

impl Contender {
    /// A kind begins with the name of its crate.
    pub fn new(kind: impl Into<String>, run: impl Fn(u64) -> Duration + 'static) -> Self {
        let kind = kind.into();
        let name = kind.split([':', ' ']).next().unwrap_or_default().to_string();
        Self { name, kind, run: Box::new(run), hand_over: None }
    }
}
