//! Sequences of operations on the real channels and on the plain model: `cargo xtask fuzz`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| aiochan_soak::sequence::run(bytes));
