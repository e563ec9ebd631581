//! Many channels for one, and one for whichever is free: `merge`, `zip_chans`, `combine_latest`,
//! `distribute`. The comment of a case says which rule it guards; for the rules see `behaviour.rs`.
//!
//! Nothing here sleeps to wait for a state: that a worker waits somewhere is seen in the channels' figures,
//! that it has ended by its input having nobody left who could get.

/// Makes each of the functions a test that cannot hang for ever.
macro_rules! cases {
    ($($case:ident)*) => {
        mod cases {
            $(#[test] fn $case() {
                let name = concat!(module_path!(), "::", stringify!($case));
                crate::watch::watched(name, super::$case);
            })*
        }
    };
}

#[allow(dead_code)]
#[path = "behaviour/task.rs"]
mod task;
#[allow(dead_code)]
#[path = "behaviour/watch.rs"]
mod watch;

#[allow(dead_code)]
#[path = "topics/common.rs"]
mod common;

#[path = "merging/combine.rs"]
mod combine;
#[path = "merging/distribute.rs"]
mod distribute;
#[path = "merging/ends.rs"]
mod ends;
#[path = "merging/merge.rs"]
mod merge;
#[path = "merging/zip.rs"]
mod zip;
