//! `Drop`s that panic, one or several at once: none aborts the process.

use std::pin::Pin;
use std::task::{Context, Poll};

use aiochan::{Chan, Panicked, from_range};

use crate::support::{drain, everywhere, guard, next, reason};

/// Panics when it is dropped.
struct Evil<A = ()>(A);

impl<A> Drop for Evil<A> {
    fn drop(&mut self) {
        panic!("evil");
    }
}

/// No abort: when the consumer has gone all futures are dropped, whatever their `Drop` does.
#[test]
fn futures_whose_drop_panics_go_one_by_one() {
    everywhere(|| {
        let (begun, (alive, gone)) = (Chan::fixed(3), guard());
        let begin = begun.clone();
        let stuck = from_range(0..).async_pipe(3, move |_: u32| {
            let (evil, begin) = (Evil(alive.clone()), begin.clone());
            async move {
                let _evil = evil;
                begin.put(()).await.unwrap();
                std::future::pending::<()>().await;
            }
        });
        let stuck = stuck.chan();
        (0..3).for_each(|_| next(&begun));
        drop(stuck);
        gone.wait_until_gone();
    });
}

/// No abort: nor are there results that take the process along when nobody needs them any more.
#[test]
fn results_whose_drop_panics_go_one_by_one() {
    everywhere(|| {
        let (ready, (alive, gone)) = (Chan::fixed(2), guard());
        let tell = ready.clone();
        let out = from_range(0..3).async_pipe(3, move |n: u32| {
            let (alive, tell) = (alive.clone(), tell.clone());
            async move {
                if n == 0 {
                    std::future::pending::<()>().await;
                }
                tell.put(()).await.unwrap();
                Evil(alive)
            }
        });
        let out = out.chan();
        (0..2).for_each(|_| next(&ready));
        drop(out);
        gone.wait_until_gone();
    });
}

/// A panic of the input, of what is dropped with it, and of the function: the first is the cause.
#[test]
fn an_input_that_panics_may_be_dropped_with_a_panic() {
    everywhere(|| {
        let (above, in_function) = (Evil(()), Evil(()));
        let source = from_range(0..3).map(move |n| {
            let _above = &above;
            assert!(n != 1, "one");
            n
        });
        let c = source.async_pipe(2, move |n: u32| (std::future::ready(n), &in_function).0).chan();
        assert!(drain(&c).len() <= 1);
        assert_eq!(reason(&c), "a stage panicked: one");
    });
}

/// A future whose `Drop` panics when it is done, as does that of its output.
struct EvilFuture {
    polls: u32,
}

impl Future for EvilFuture {
    type Output = Evil;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Evil> {
        cx.waker().wake_by_ref();
        match self.polls {
            0 => Poll::Ready(Evil(())),
            _ => {
                self.polls -= 1;
                Poll::Pending
            }
        }
    }
}

impl Drop for EvilFuture {
    fn drop(&mut self) {
        panic!("the future is evil");
    }
}

#[test]
fn a_future_and_its_result_may_both_be_dropped_with_a_panic() {
    everywhere(|| {
        for polls in 0..3 {
            let c = from_range(0..1).async_pipe(2, move |_| EvilFuture { polls }).chan();
            assert!(drain(&c).is_empty());
            assert_eq!(reason(&c), "a stage panicked: the future is evil");
        }
    });
}

/// A value that can be neither copied nor dropped in peace.
#[test]
fn a_copy_that_panics_may_drop_its_value_with_a_panic() {
    struct Unique(Evil);

    impl Clone for Unique {
        fn clone(&self) -> Self {
            panic!("there is only one of it");
        }
    }

    everywhere(|| {
        let (letters, failed) = Chan::unbounded().split();
        let source = from_range(0..3).map(|_| Unique(Evil(())));
        let c = source.async_pipe(2, async |unique| drop(unique)).dead_letters(letters).chan();
        assert!(drain(&c).is_empty());
        assert!(c.close_reason().unwrap().is::<Panicked>());
        assert_eq!(failed.iter().count(), 0);
    });
}
