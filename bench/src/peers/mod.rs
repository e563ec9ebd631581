//! How each crate sends and receives: with its own defaults and its own natural calls.

mod crossfire;
mod fibre;
mod one_kind;
mod several_kinds;
