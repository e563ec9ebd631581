//! `aiochan._aiochan`: the channels of the crate `aiochan`, for Python.
#![deny(unsafe_code)]

mod block;
mod buffer;
mod callback;
mod chan;
mod home;
mod keys;
mod link;
mod names;
mod op;
mod report;
mod routine;
mod select;
mod send;
mod signal;
mod stages;
mod tasks;
mod topics;
mod turns;
mod value;

/// The native half of the package.
#[pyo3::pymodule]
mod _aiochan {
    use pyo3::prelude::*;

    #[pymodule_export]
    use crate::chan::{Chan, ChanIterator, from_iter};
    #[pymodule_export]
    use crate::op::Op;
    #[pymodule_export]
    use crate::report::report_to;
    #[pymodule_export]
    use crate::routine::Routine;
    #[pymodule_export]
    use crate::select::select;
    #[pymodule_export]
    use crate::stages::{
        combine_latest, distinct, distribute, drop, drop_while, filter, group, group_by, map,
        merge, pipe, reduce, scan, take, take_while, zip_chans,
    };
    #[pymodule_export]
    use crate::topics::{Dup, Pub};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // A buffer written in Python needs the interpreter while its channel is locked.
        aiochan::set_give_way(|| Python::attach(|py| py.detach(std::thread::yield_now)));
        crate::send::install::<Op>(module.py());
        crate::send::install::<Routine>(module.py());
        Ok(())
    }
}
