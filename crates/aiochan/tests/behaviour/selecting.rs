//! The ways of driving a select over two arms: the macros and the builder, awaited and blocking, with
//! and without a timeout.

use aiochan::{Chan, Outcome, Select, Selected, select, select_blocking};

use crate::driver::{HOUR, Op, parked};

/// An arm: a get, or the put of a value.
pub(crate) struct Arm<T> {
    chan: Chan<T>,
    value: Option<T>,
}

impl<T> Arm<T> {
    pub(crate) fn get(chan: &Chan<T>) -> Self {
        Self { chan: chan.clone(), value: None }
    }

    pub(crate) fn put(chan: &Chan<T>, value: T) -> Self {
        Self { chan: chan.clone(), value: Some(value) }
    }
}

/// A way of driving a select. If it has to wait, both arms are parked when these return.
pub(crate) trait Selecting {
    fn start<T: Send + 'static>(biased: bool, first: Arm<T>, second: Arm<T>) -> Op<Selected<T>>;

    fn fair<T: Send + 'static>(first: Arm<T>, second: Arm<T>) -> Op<Selected<T>> {
        Self::start(false, first, second)
    }

    fn biased<T: Send + 'static>(first: Arm<T>, second: Arm<T>) -> Op<Selected<T>> {
        Self::start(true, first, second)
    }
}

/// A select that can be dropped half-way.
pub(crate) trait AsyncSelecting: Selecting {}

pub(crate) fn got<T>(
    index: usize,
    value: Option<T>,
    unsent: impl Into<Vec<(usize, T)>>,
) -> Selected<T> {
    Selected { index, outcome: Outcome::Got(value), unsent: unsent.into() }
}

pub(crate) fn put<T>(index: usize, unsent: impl Into<Vec<(usize, T)>>) -> Selected<T> {
    Selected { index, outcome: Outcome::Put(Ok(())), unsent: unsent.into() }
}

/// Runs a select macro over two arms, whatever they are, and makes a [`Selected`] of its outcome.
macro_rules! two_arms {
    ($select:ident $biased:ident $first:ident $second:ident [$($rest:tt)*]) => {{
        let (Arm { chan: a, value: x }, Arm { chan: b, value: y }) = ($first, $second);
        match (x, y) {
            (None, None) => two_arms!(@run $select $biased [$($rest)*]
                v = a.get() => got(0, v, []),
                v = b.get() => got(1, v, []),
            ),
            (None, Some(y)) => two_arms!(@run $select $biased [$($rest)*]
                v = a.get() => got(0, v, [(1, y)]),
                r = b.put(y) => Selected { index: 1, outcome: Outcome::Put(r), unsent: vec![] },
            ),
            (Some(x), None) => two_arms!(@run $select $biased [$($rest)*]
                r = a.put(x) => Selected { index: 0, outcome: Outcome::Put(r), unsent: vec![] },
                v = b.get() => got(1, v, [(0, x)]),
            ),
            (Some(x), Some(y)) => two_arms!(@run $select $biased [$($rest)*]
                r = a.put(x) => Selected { index: 0, outcome: Outcome::Put(r), unsent: vec![(1, y)] },
                r = b.put(y) => Selected { index: 1, outcome: Outcome::Put(r), unsent: vec![(0, x)] },
            ),
        }
    }};
    (@run $select:ident $biased:ident [$($rest:tt)*] $($arms:tt)*) => {
        if $biased {
            $select! { biased; $($arms)* $($rest)* }
        } else {
            $select! { $($arms)* $($rest)* }
        }
    };
}

fn build<'a, T: Send>(
    biased: bool,
    first: (&'a Chan<T>, Option<T>),
    second: (&'a Chan<T>, Option<T>),
) -> Select<'a, T> {
    let arms = [first, second].into_iter();
    arms.fold(Select::new().priority(biased), |select, (chan, value)| match value {
        Some(value) => select.put(chan, value),
        None => select.get(chan),
    })
}

fn on_thread<T: Send + 'static>(
    first: Arm<T>,
    second: Arm<T>,
    f: impl FnOnce(Arm<T>, Arm<T>) -> Selected<T> + Send + 'static,
) -> Op<Selected<T>> {
    let (a, b) = (first.chan.clone(), second.chan.clone());
    let count = move || if a == b { parked(&a) } else { parked(&a) + parked(&b) };
    Op::thread(2, count, move || f(first, second))
}

pub(crate) struct MacroAwait;

impl Selecting for MacroAwait {
    fn start<T: Send + 'static>(biased: bool, first: Arm<T>, second: Arm<T>) -> Op<Selected<T>> {
        Op::task(async move { two_arms!(select biased first second []) })
    }
}

pub(crate) struct MacroTimeout;

impl Selecting for MacroTimeout {
    fn start<T: Send + 'static>(biased: bool, first: Arm<T>, second: Arm<T>) -> Op<Selected<T>> {
        Op::task(
            async move { two_arms!(select biased first second [timeout(HOUR) => unreachable!()]) },
        )
    }
}

pub(crate) struct MacroBlocking;

impl Selecting for MacroBlocking {
    fn start<T: Send + 'static>(biased: bool, first: Arm<T>, second: Arm<T>) -> Op<Selected<T>> {
        on_thread(
            first,
            second,
            move |first, second| two_arms!(select_blocking biased first second []),
        )
    }
}

pub(crate) struct MacroBlockingTimeout;

impl Selecting for MacroBlockingTimeout {
    fn start<T: Send + 'static>(biased: bool, first: Arm<T>, second: Arm<T>) -> Op<Selected<T>> {
        on_thread(
            first,
            second,
            move |first, second| two_arms!(select_blocking biased first second [timeout(HOUR) => unreachable!()]),
        )
    }
}

pub(crate) struct DynamicAwait;

impl Selecting for DynamicAwait {
    fn start<T: Send + 'static>(biased: bool, first: Arm<T>, second: Arm<T>) -> Op<Selected<T>> {
        Op::task(async move {
            build(biased, (&first.chan, first.value), (&second.chan, second.value)).await
        })
    }
}

pub(crate) struct DynamicTimeout;

impl Selecting for DynamicTimeout {
    fn start<T: Send + 'static>(biased: bool, first: Arm<T>, second: Arm<T>) -> Op<Selected<T>> {
        Op::task(async move {
            let select = build(biased, (&first.chan, first.value), (&second.chan, second.value));
            select.timeout(HOUR).await.expect("an hour is long")
        })
    }
}

pub(crate) struct DynamicBlocking;

impl Selecting for DynamicBlocking {
    fn start<T: Send + 'static>(biased: bool, first: Arm<T>, second: Arm<T>) -> Op<Selected<T>> {
        on_thread(first, second, move |first, second| {
            build(biased, (&first.chan, first.value), (&second.chan, second.value)).blocking()
        })
    }
}

pub(crate) struct DynamicBlockingTimeout;

impl Selecting for DynamicBlockingTimeout {
    fn start<T: Send + 'static>(biased: bool, first: Arm<T>, second: Arm<T>) -> Op<Selected<T>> {
        on_thread(first, second, move |first, second| {
            let select = build(biased, (&first.chan, first.value), (&second.chan, second.value));
            select.blocking_timeout(HOUR).expect("an hour is long")
        })
    }
}

impl AsyncSelecting for MacroAwait {}
impl AsyncSelecting for MacroTimeout {}
impl AsyncSelecting for DynamicAwait {}
impl AsyncSelecting for DynamicTimeout {}
