//! core.async's tests of its channels, operators and pipelines (Rich Hickey and contributors, EPL-1.0), rewritten from
//! what they check.
//!
//! Each case names where it comes from: a test of `async_test.clj` unless it says more. A put, take and alts there
//! are a put, get and select here, a mult is a [`Dup`](aiochan::Dup), and a nil is a `None`.

#[path = "core_async/alts.rs"]
mod alts;
#[path = "core_async/buffers.rs"]
mod buffers;
#[path = "core_async/callbacks.rs"]
mod callbacks;
#[path = "core_async/channels.rs"]
mod channels;
#[path = "core_async/operators.rs"]
mod operators;
#[path = "core_async/pipelines.rs"]
mod pipelines;
#[path = "core_async/topics.rs"]
mod topics;
