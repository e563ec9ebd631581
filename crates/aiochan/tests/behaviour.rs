//! One corpus of behaviour, run on every way of driving an operation.
//!
//! A case is a function that is generic over its driver; `corpus!` makes of it one test for each, so
//! that a failure names the driver and the case: `close::all_drivers::blocking::puts_fail_and_give_the_value_back`.
//! What has only one form is a case of its own, under `alone`. Each case says in a comment which rule
//! of the channel's contract it guards:
//!
//! 1. *conservation*: no value is lost or doubled, whenever anything is dropped;
//! 2. *at most one*: a select commits one arm or none, and the others leave no trace;
//! 3. *order*: first in, first out, for values and for operations that wait;
//! 4. *close*: puts fail, what was accepted is delivered, then there is `None`;
//! 5. *no user code under a lock*: wakers, callbacks, drops, clones and iterators may do anything;
//! 6. *no hang*; 7. *bounded*; 8. *bad input* is refused with a clear message.
//!
//! Nothing here sleeps to wait for a state: futures are polled by hand, and a thread's operation
//! counts as parked when the channel's figures say so.

/// Runs cases on the drivers: those under `all` on every one, those under `single` on those whose get
/// returns its value (a callback is handed it), those under `droppable` on those whose operations can be dropped half-way.
macro_rules! corpus {
    ($($needs:ident: [$($case:ident),* $(,)?])*) => {
        $(corpus!(@$needs [$($case)*]);)*
    };
    (@all [$($case:ident)*]) => {
        mod all_drivers {
            corpus!(@on awaiting Await [$($case)*]);
            corpus!(@on blocking Blocking [$($case)*]);
            corpus!(@on timeout Timeout [$($case)*]);
            corpus!(@on callback Callback [$($case)*]);
            corpus!(@on stream Stream [$($case)*]);
            corpus!(@on many Many [$($case)*]);
            corpus!(@on select Select [$($case)*]);
            corpus!(@on dynamic_select DynamicSelect [$($case)*]);
            corpus!(@on select_blocking SelectBlocking [$($case)*]);
            corpus!(@on mixed Mixed [$($case)*]);
        }
    };
    (@single [$($case:ident)*]) => {
        mod single_drivers {
            corpus!(@on awaiting Await [$($case)*]);
            corpus!(@on blocking Blocking [$($case)*]);
            corpus!(@on timeout Timeout [$($case)*]);
            corpus!(@on stream Stream [$($case)*]);
            corpus!(@on select Select [$($case)*]);
            corpus!(@on dynamic_select DynamicSelect [$($case)*]);
            corpus!(@on select_blocking SelectBlocking [$($case)*]);
        }
    };
    (@droppable [$($case:ident)*]) => {
        mod droppable_drivers {
            corpus!(@on awaiting Await [$($case)*]);
            corpus!(@on stream Stream [$($case)*]);
            corpus!(@on many Many [$($case)*]);
            corpus!(@on select Select [$($case)*]);
            corpus!(@on dynamic_select DynamicSelect [$($case)*]);
        }
    };
    (@selects [$($case:ident)*]) => {
        mod every_select {
            corpus!(@by macro_await MacroAwait [$($case)*]);
            corpus!(@by macro_timeout MacroTimeout [$($case)*]);
            corpus!(@by macro_blocking MacroBlocking [$($case)*]);
            corpus!(@by macro_blocking_timeout MacroBlockingTimeout [$($case)*]);
            corpus!(@by dynamic_await DynamicAwait [$($case)*]);
            corpus!(@by dynamic_timeout DynamicTimeout [$($case)*]);
            corpus!(@by dynamic_blocking DynamicBlocking [$($case)*]);
            corpus!(@by dynamic_blocking_timeout DynamicBlockingTimeout [$($case)*]);
        }
    };
    (@async_selects [$($case:ident)*]) => {
        mod async_selects {
            corpus!(@by macro_await MacroAwait [$($case)*]);
            corpus!(@by macro_timeout MacroTimeout [$($case)*]);
            corpus!(@by dynamic_await DynamicAwait [$($case)*]);
            corpus!(@by dynamic_timeout DynamicTimeout [$($case)*]);
        }
    };
    (@alone [$($case:ident)*]) => {
        mod alone {
            $(#[test] fn $case() {
                let name = concat!(module_path!(), "::", stringify!($case));
                crate::watch::watched(name, super::$case);
            })*
        }
    };
    (@on $module:ident $driver:ident $cases:tt) => {
        corpus!(@test $module driver $driver $cases);
    };
    (@by $module:ident $select:ident $cases:tt) => {
        corpus!(@test $module selecting $select $cases);
    };
    (@test $module:ident $from:ident $how:ident [$($case:ident)*]) => {
        mod $module {
            $(#[test] fn $case() {
                let name = concat!(module_path!(), "::", stringify!($case));
                crate::watch::watched(name, super::super::$case::<crate::$from::$how>);
            })*
        }
    };
}

#[path = "behaviour/driver.rs"]
mod driver;
#[path = "behaviour/selecting.rs"]
mod selecting;
#[path = "behaviour/task.rs"]
mod task;
#[path = "behaviour/watch.rs"]
mod watch;

#[path = "behaviour/basics.rs"]
mod basics;
#[path = "behaviour/buffers.rs"]
mod buffers;
#[path = "behaviour/callback.rs"]
mod callback;
#[path = "behaviour/cancel.rs"]
mod cancel;
#[path = "behaviour/close.rs"]
mod close;
#[path = "behaviour/conserve.rs"]
mod conserve;
#[path = "behaviour/custom.rs"]
mod custom;
#[path = "behaviour/custom_panics.rs"]
mod custom_panics;
#[path = "behaviour/give_back.rs"]
mod give_back;
#[path = "behaviour/halves.rs"]
mod halves;
#[path = "behaviour/handles.rs"]
mod handles;
#[path = "behaviour/join.rs"]
mod join;
#[path = "behaviour/many.rs"]
mod many;
#[path = "behaviour/panics.rs"]
mod panics;
#[path = "behaviour/passing.rs"]
mod passing;
#[path = "behaviour/pending.rs"]
mod pending;
#[path = "behaviour/promise.rs"]
mod promise;
#[path = "behaviour/reach.rs"]
mod reach;
#[path = "behaviour/reenter.rs"]
mod reenter;
#[path = "behaviour/select.rs"]
mod select;
#[path = "behaviour/select_dead.rs"]
mod select_dead;
#[path = "behaviour/select_forms.rs"]
mod select_forms;
#[path = "behaviour/source.rs"]
mod source;
#[path = "behaviour/stress.rs"]
mod stress;
