//! Where tasks run.

use std::future::Future;
use std::sync::LazyLock;

use futures::future::{BoxFuture, join_all};
use tokio::runtime::{Builder, Runtime};

use crate::cells::Workers;

static TWO: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_multi_thread().worker_threads(2).build().unwrap());
static ONE: LazyLock<Runtime> = LazyLock::new(|| Builder::new_current_thread().build().unwrap());

pub fn tokio(workers: Workers) -> &'static Runtime {
    match workers {
        Workers::One => &ONE,
        Workers::Two => &TWO,
    }
}

/// Starts them all, so that no contender pays for it.
pub fn force() {
    tokio(Workers::One).block_on(async { tokio::spawn(async {}).await.unwrap() });
    tokio(Workers::Two).block_on(async { tokio::spawn(async {}).await.unwrap() });
    smol::block_on(smol::spawn(async {}));
}

/// Spawns the tasks and waits for what they return.
pub fn all_on_tokio<R: Send + 'static>(
    workers: Workers,
    tasks: Vec<BoxFuture<'static, R>>,
) -> Vec<R> {
    tokio(workers).block_on(async {
        let tasks = tasks.into_iter().map(tokio::spawn).collect::<Vec<_>>();
        join_all(tasks).await.into_iter().map(Result::unwrap).collect()
    })
}

pub fn all_on_smol<R: Send + 'static>(tasks: Vec<BoxFuture<'static, R>>) -> Vec<R> {
    smol::block_on(join_all(tasks.into_iter().map(smol::spawn)))
}

/// In one task without tokio's budget, which would have it yield now and then.
pub fn in_one_task<R>(future: impl Future<Output = R>) -> R {
    tokio(Workers::One).block_on(tokio::task::unconstrained(future))
}
