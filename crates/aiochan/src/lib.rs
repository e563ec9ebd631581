//! CSP channels that never lose a value: for async tasks on any executor, for threads and for
//! callbacks, with buffers of every policy and one atomic select over gets and puts.
//!
//! Start with [`Chan`] and its constructors; then [`select!`]. [`Chan::split`] gives halves that close
//! by dropping.
//!
//! ```
//! use aiochan::{Chan, select_blocking};
//!
//! let (results, failed) = (Chan::fixed(4), Chan::<String>::new());
//! let out = results.clone();
//! std::thread::spawn(move || out.put_blocking(6 * 7));
//!
//! let answer = select_blocking! {
//!     n = results.get() => n,
//!     reason = failed.get() => panic!("{reason:?}"),
//! };
//! assert_eq!(answer, Some(42));
//! ```
//!
//! # What holds
//!
//! - **Conservation.** A value is in a channel, or has been given to exactly one getter, or is back with
//!   its putter, or was evicted by a buffer whose policy says so; also when futures are dropped, at any
//!   moment.
//! - **At most one** arm of a select is committed; the others have no effect.
//! - **Order.** First in, first out, for values, waiting puts and waiting gets.
//! - **Close.** After [`Chan::close`] puts fail; what is inside and what waits already is still
//!   delivered; then every get is answered with `None`.
//! - **No user code under a lock**, but the methods of a [`Buffer`] of your own.
#![deny(unsafe_code)]

mod adapt;
mod apply;
mod async_pipe;
mod block;
mod bridge;
mod buffer;
mod builder;
mod callback;
mod chan;
mod consume;
mod control;
mod crew;
mod deferred;
mod distribute;
mod dup;
mod effects;
mod error;
mod executor;
mod fan;
mod feed;
mod first_panic;
mod flag;
mod flow;
mod halves;
mod hands;
mod intake;
mod jobs;
mod join;
mod lease;
mod load;
mod lock;
mod many;
mod merge;
mod op;
mod operators;
mod output;
mod panics;
mod parallel_pipe;
mod pipe;
mod plan;
mod policy;
mod publish;
mod queue;
mod race;
mod results;
mod ring;
mod router;
mod select;
mod select_macro;
mod shared;
mod slots;
mod spawn;
mod start;
mod state;
mod stats;
mod stream;
mod sync;
mod time;
mod timer;
mod waiter;

pub use apply::Apply;
pub use bridge::from_blocking_iter;
pub use buffer::{Buf, Buffer};
pub use builder::{Builder, MAX_PENDING};
pub use chan::Chan;
pub use dup::Dup;
pub use error::{
    AddError, Closed, GetTimeoutError, Panicked, PutError, PutTimeoutError, TooManyPending,
    TryGetError, TryPutError,
};
pub use executor::{Executor, Runnable, with_executor};
pub use feed::Feed;
pub use flow::Flow;
pub use halves::{Receiver, Sender};
pub use join::Join;
pub use lease::Lease;
pub use lock::set_give_way;
pub use merge::{CombineLatest, Merge, ZipChans, combine_latest, merge, zip_chans};
pub use op::{Get, Put};
pub use operators::{from_iter, from_range};
pub use pipe::Pipe;
pub use publish::Pub;
pub use select::{Outcome, Select, Selected, Unselected};
pub use spawn::{Task, go, nop, run, run_in_thread};
pub use state::Reason;
pub use stats::{ChanState, Stats};
pub use stream::{IntoIter, Items, Iter};
pub use time::{after, tick_tock, tick_tock_at, timeout};

#[doc(hidden)]
pub mod __private {
    //! What the macros name.
    pub use crate::race::Race;
}

/// The README's examples, as tests.
#[cfg(doctest)]
#[doc = include_str!("../../../README.md")]
struct Readme;
