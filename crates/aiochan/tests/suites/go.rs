//! Go's channel and select tests (The Go Authors, BSD-3-Clause), rewritten from what they check.
//!
//! Each case names where it comes from: a file of Go's `test/chan`, or a function of `runtime/chan_test.go`,
//! which begins with `Test`. There are no nil channels here; a channel that nobody else has stands in for them.

#[path = "go/channels.rs"]
mod channels;
#[path = "go/programs.rs"]
mod programs;
#[path = "go/races.rs"]
mod races;
#[path = "go/selects.rs"]
mod selects;
