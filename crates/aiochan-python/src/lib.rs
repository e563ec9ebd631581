//! `aiochan._aiochan`: the channels of the crate `aiochan`, for Python.
#![deny(unsafe_code)]

mod block;
mod buffer;
mod callback;
mod chan;
mod home;
mod names;
mod op;
mod report;
mod select;
mod signal;
mod stages;
mod tasks;
mod topics;
mod value;

/// The native half of the package.
#[pyo3::pymodule]
mod _aiochan {
    #[pymodule_export]
    use crate::buffer::Source;
    #[pymodule_export]
    use crate::chan::{Chan, ChanIterator};
    #[pymodule_export]
    use crate::op::Op;
    #[pymodule_export]
    use crate::report::report_to;
    #[pymodule_export]
    use crate::select::select;
    #[pymodule_export]
    use crate::stages::{
        combine_latest, distinct, distribute, drop, drop_while, filter, group, group_by, map,
        merge, pipe, reduce, scan, take, take_while, zip_chans,
    };
    #[pymodule_export]
    use crate::topics::{Dup, Pub};
}
