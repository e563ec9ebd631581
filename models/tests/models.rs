//! The models, by what meets what. Each says what it holds to be true in every interleaving.
#![cfg(aiochan_loom)]

#[path = "models/block.rs"]
mod block;
#[path = "models/callback.rs"]
mod callback;
#[path = "models/cancel.rs"]
mod cancel;
#[path = "models/close.rs"]
mod close;
#[path = "models/handles.rs"]
mod handles;
#[path = "models/passing.rs"]
mod passing;
#[path = "models/select.rs"]
mod select;
#[path = "models/sketch.rs"]
mod sketch;
#[path = "models/turns.rs"]
mod turns;
#[path = "models/wake.rs"]
mod wake;
