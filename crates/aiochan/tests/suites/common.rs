//! What the suites share: tests that cannot hang, and workers that are threads or tasks.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::thread;

use aiochan::{Chan, PutError, Select, Selected, go, run};

/// Makes tests of cases, which cannot hang for ever: one of each under `alone`, and of those that are
/// generic one for each way to drive an operation (`drivers`), a select (`selects`), or a worker (`workers`).
macro_rules! cases {
    ($($kind:ident: [$($case:ident),* $(,)?])*) => {
        $(cases!(@$kind [$($case)*]);)*
    };
    (@alone $cases:tt) => { cases!(@tests alone [] $cases); };
    (@drivers $cases:tt) => {
        cases!(@tests awaiting [::<crate::driver::Await>] $cases);
        cases!(@tests blocking [::<crate::driver::Blocking>] $cases);
    };
    (@selects $cases:tt) => {
        cases!(@tests macro_await [::<crate::selecting::MacroAwait>] $cases);
        cases!(@tests macro_blocking [::<crate::selecting::MacroBlocking>] $cases);
        cases!(@tests dynamic_await [::<crate::selecting::DynamicAwait>] $cases);
        cases!(@tests dynamic_blocking [::<crate::selecting::DynamicBlocking>] $cases);
    };
    (@workers $cases:tt) => {
        cases!(@tests threads [::<crate::common::Threads>] $cases);
        cases!(@tests tasks [::<crate::common::Tasks>] $cases);
    };
    (@tests $module:ident $how:tt [$($case:ident)*]) => {
        mod $module {
            $(cases!(@test $how $case);)*
        }
    };
    (@test [$($how:tt)*] $case:ident) => {
        #[test]
        fn $case() {
            let name = concat!(module_path!(), "::", stringify!($case));
            crate::watch::watched(name, super::$case$($how)*);
        }
    };
}

/// How a worker runs, and what it then calls. What blocks is dressed as a future that is ready at once, so that
/// a case is written once.
pub(crate) trait Worker {
    /// As many workers as may be started at once without a second thought.
    const MANY: usize;

    fn start<R: Send + 'static>(work: impl Future<Output = R> + Send + 'static) -> Working<R>;
    fn put<T: Send>(c: &Chan<T>, value: T) -> impl Future<Output = Result<(), PutError<T>>> + Send;
    fn get<T: Send>(c: &Chan<T>) -> impl Future<Output = Option<T>> + Send;
    fn select<T: Send>(select: Select<'_, T>) -> impl Future<Output = Selected<T>> + Send;
}

/// A worker that has been started. Dropping it leaves the worker running.
pub(crate) struct Working<R>(Box<dyn FnOnce() -> R>);

impl<R> Working<R> {
    /// Waits until it has ended; its panic goes on here.
    pub(crate) fn join(self) -> R {
        (self.0)()
    }
}

/// Workers that block threads of their own.
pub(crate) struct Threads;

impl Worker for Threads {
    const MANY: usize = 100;

    fn start<R: Send + 'static>(work: impl Future<Output = R> + Send + 'static) -> Working<R> {
        let thread =
            thread::spawn(move || match pin!(work).poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(result) => result,
                Poll::Pending => panic!("a thread's worker is to block, not to await"),
            });
        Working(Box::new(|| thread.join().unwrap_or_else(|panic| resume_unwind(panic))))
    }

    async fn put<T: Send>(c: &Chan<T>, value: T) -> Result<(), PutError<T>> {
        c.put_blocking(value)
    }

    async fn get<T: Send>(c: &Chan<T>) -> Option<T> {
        c.get_blocking()
    }

    async fn select<T: Send>(select: Select<'_, T>) -> Selected<T> {
        select.blocking()
    }
}

/// Workers that are tasks of the built-in executor.
pub(crate) struct Tasks;

impl Worker for Tasks {
    const MANY: usize = 10_000;

    fn start<R: Send + 'static>(work: impl Future<Output = R> + Send + 'static) -> Working<R> {
        let task = go(work);
        Working(Box::new(|| run(task)))
    }

    async fn put<T: Send>(c: &Chan<T>, value: T) -> Result<(), PutError<T>> {
        c.put(value).await
    }

    async fn get<T: Send>(c: &Chan<T>) -> Option<T> {
        c.get().await
    }

    async fn select<T: Send>(select: Select<'_, T>) -> Selected<T> {
        select.await
    }
}

/// A worker that puts `values`.
pub(crate) fn producer<W: Worker, T: Send + 'static>(
    c: &Chan<T>,
    values: impl IntoIterator<Item = T, IntoIter: Send + 'static>,
) -> Working<()> {
    let (c, values) = (c.clone(), values.into_iter());
    W::start(async move {
        for value in values {
            W::put(&c, value).await.unwrap();
        }
    })
}

/// A worker that gets `n` values.
pub(crate) fn consumer<W: Worker, T: Send + 'static>(c: &Chan<T>, n: usize) -> Working<Vec<T>> {
    let c = c.clone();
    W::start(async move {
        let mut values = Vec::new();
        for _ in 0..n {
            values.push(W::get(&c).await.unwrap());
        }
        values
    })
}

/// All of `c`, which is to be closed some time.
pub(crate) fn all<T>(c: &Chan<T>) -> Vec<T> {
    c.iter().collect()
}
