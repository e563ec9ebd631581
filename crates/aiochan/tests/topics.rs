//! `Dup` and `Pub`: one channel for many. The comment of a case says which rule it guards; for the rules
//! see `behaviour.rs`.
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
#[path = "behaviour/watch.rs"]
mod watch;

#[path = "topics/common.rs"]
mod common;

#[path = "topics/dup.rs"]
mod dup;
#[path = "topics/dup_end.rs"]
mod dup_end;
#[path = "topics/dup_leave.rs"]
mod dup_leave;
#[path = "topics/faults.rs"]
mod faults;
#[path = "topics/orders.rs"]
mod orders;
#[path = "topics/publish.rs"]
mod publish;
#[path = "topics/publish_end.rs"]
mod publish_end;
#[path = "topics/publish_slow.rs"]
mod publish_slow;
