//! `async_apply`. Each case says which rule of the contract it guards (see `behaviour.rs`).

#[allow(dead_code)]
#[path = "behaviour/watch.rs"]
mod watch;

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use aiochan::{Chan, Panicked, from_range, go, run};
use watch::in_own_process;

/// The end of the future that holds it.
struct Guard(Chan<()>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.close();
    }
}

fn guard() -> (Guard, Chan<()>) {
    let ended = Chan::new();
    (Guard(ended.clone()), ended)
}

/// 3, order, and 4, close: what it puts comes out, and then the end.
#[test]
fn it_puts_what_it_likes() {
    let c = from_range(0..5).async_apply(|inp, out| async move {
        while let Some(n) = inp.get().await {
            for _ in 0..n {
                out.put(n).await.unwrap();
            }
        }
        out.put(100).await.unwrap();
    });
    assert_eq!(c.chan().iter().collect::<Vec<_>>(), [1, 2, 2, 3, 3, 3, 4, 4, 4, 4, 100]);
}

/// Nothing runs before it is ended in a channel.
#[test]
fn it_is_lazy() {
    let c = Chan::fixed(1);
    c.add([1]).unwrap();
    let stage = c.async_apply::<u8, _, _>(|_, _| async { panic!("it was not to be started") });
    drop(stage);
    assert_eq!(c.len(), 1);
}

/// 4: it is over when it returns, though the input is not; that is left as it is.
#[test]
fn it_may_end_before_its_input() {
    let input = Chan::fixed(2);
    input.add([1, 2]).unwrap();
    let c = input.async_apply(|inp, out| async move {
        let first = inp.get().await.unwrap();
        out.put(first).await.unwrap();
    });
    let c = c.chan_with(4);
    assert_eq!(run(c.collect()), [1]);
    assert!(c.is_closed() && c.close_reason().is_none());
    assert_eq!(input.try_get(), Ok(2));
}

/// 4: an output that is to be kept open is, also for others.
#[test]
fn it_can_leave_its_output_open() {
    let (guard, ended) = guard();
    let out = Chan::fixed(2);
    let stage = from_range(0..1).async_apply(|inp, out| async move {
        let _guard = guard;
        out.put(inp.get().await.unwrap()).await.unwrap();
    });
    stage.keep_open().into_chan(&out);
    ended.join_blocking();
    assert!(!out.is_closed());
    assert_eq!(out.try_put(1), Ok(()));
    assert_eq!((out.try_get(), out.try_get()), (Ok(0), Ok(1)));
}

/// 6, no hang: the input's reason is passed on.
#[test]
fn the_reason_of_its_input_is_passed_on() {
    let input = Chan::<u8>::new();
    input.close_with("the disk is full");
    let c =
        input.async_apply::<u8, _, _>(|inp, _| async move { assert_eq!(inp.get().await, None) });
    let c = c.chan();
    assert_eq!(c.get_blocking(), None);
    assert_eq!(c.close_reason().unwrap().to_string(), "the disk is full");
}

/// 6: a reason of its own wins.
#[test]
fn it_may_have_a_reason_of_its_own() {
    let c = from_range(0..9).async_apply::<u8, _, _>(|_, out| async move {
        out.chan().close_with("enough");
    });
    let c = c.chan();
    assert_eq!(c.get_blocking(), None);
    assert_eq!(c.close_reason().unwrap().to_string(), "enough");
}

/// 6: a panic, in the function or in its future, closes the output with the cause, also if it was to be
/// kept open.
#[test]
fn a_panic_closes_the_output() {
    let input = Chan::<u8>::new();
    let in_future = Chan::<u8>::new();
    input.async_apply(|_, _| async { panic!("in the future") }).keep_open().into_chan(&in_future);
    let in_function = Chan::<u8>::new();
    input
        .async_apply(|_, _| -> std::future::Ready<()> { panic!("in the function") })
        .into_chan(&in_function);
    for (out, message) in [(in_future, "in the future"), (in_function, "in the function")] {
        assert_eq!(out.get_blocking(), None);
        let reason = out.close_reason().unwrap();
        assert_eq!(reason.downcast_ref::<Panicked>().unwrap().message(), message);
    }
}

/// 5, user code may panic: what a panic drops may panic as well, and the first one is the reason.
#[test]
fn two_panics_at_once() {
    struct Evil;

    impl Future for Evil {
        type Output = ();
        fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
            panic!("an evil future");
        }
    }

    impl Drop for Evil {
        fn drop(&mut self) {
            panic!("nor dropped");
        }
    }

    in_own_process("two_panics_at_once", || {
        let c = from_range(0..).async_apply::<u8, _, _>(|_, _| Evil).chan();
        assert_eq!(c.get_blocking(), None);
        assert_eq!(c.close_reason().unwrap().to_string(), "a stage panicked: an evil future");
    });
}

/// 6: a consumer that goes away ends it, though it waits for its input for ever. 1, conservation: what
/// comes afterwards is for others.
#[test]
fn it_ends_while_it_waits_for_its_input() {
    for close in [true, false] {
        let (guard, ended) = guard();
        let input = Chan::<u8>::new();
        let c = input.async_apply::<u8, _, _>(|inp, _| async move {
            let _guard = guard;
            inp.get().await;
        });
        let c = c.chan();
        while input.stats().parked_gets == 0 {
            std::thread::yield_now();
        }
        if close {
            c.close();
        }
        drop(c);
        ended.join_blocking();
        assert_eq!(input.stats().parked_gets, 0);
    }
}

/// 6: so it is while it waits for something else.
#[test]
fn it_ends_while_it_waits_for_anything() {
    let (guard, ended) = guard();
    let c = Chan::<u8>::new().async_apply::<u8, _, _>(|_, _| async move {
        let _guard = guard;
        pending::<()>().await;
    });
    c.chan().close();
    ended.join_blocking();
}

/// 6: a put to a consumer that has gone fails, also one that waits, and the function may draw its
/// conclusions.
#[test]
fn it_learns_that_its_consumer_has_gone() {
    let report = Chan::fixed(1);
    let reports = report.clone();
    let c = from_range(0..).async_apply(|inp, out| async move {
        while let Some(n) = inp.get().await {
            if out.put(n).await.is_err() {
                reports.try_put("nobody wants any more").unwrap();
                break;
            }
        }
    });
    let c = c.chan();
    assert_eq!(c.get_blocking(), Some(0));
    while c.stats().parked_puts == 0 {
        std::thread::yield_now();
    }
    drop(c);
    assert_eq!(report.get_blocking(), Some("nobody wants any more"));
}

/// 4, close: a put that waits when the output is closed is for those who drain it, and is then done; what comes
/// after it is refused.
#[test]
fn what_waits_in_an_output_that_is_closed_is_delivered() {
    let report = Chan::fixed(2);
    let reports = report.clone();
    let c = from_range(0..).async_apply(|inp, out| async move {
        while let Some(n) = inp.get().await {
            reports.try_put(out.put(n).await).unwrap();
        }
    });
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
        let c = c.chan();
        while c.stats().parked_puts == 0 {
            tokio::task::yield_now().await;
        }
        c.close();
        for _ in 0..20 {
            tokio::task::yield_now().await; // it learns that, and waits
        }
        assert_eq!(c.collect().await, [0]);
        assert_eq!(report.get().await, Some(Ok(())));
    });
}

/// 6: what others have put there does not keep it.
#[test]
fn it_ends_though_others_have_put_something() {
    let (guard, ended) = guard();
    let (out, started) = (Chan::fixed(1), Chan::fixed(1));
    out.add([7, 8]).unwrap();
    let start = started.clone();
    let stage = Chan::<u8>::new().async_apply::<u8, _, _>(|_, _| async move {
        let _guard = guard;
        start.put(()).await.unwrap();
        pending::<()>().await;
    });
    stage.into_chan(&out);
    started.get_blocking().unwrap();
    out.close();
    assert_eq!(out.iter().collect::<Vec<_>>(), [7, 8]);
    ended.join_blocking();
}

/// 6: nothing is started for an output that is closed already.
#[test]
fn an_output_that_is_closed_already() {
    let once = Arc::new(());
    let inside = once.clone();
    let out = Chan::<u8>::new();
    out.close();
    let input = from_range(0..3);
    input
        .async_apply(move |inp, _| async move {
            inp.get().await;
            drop(inside);
        })
        .into_chan(&out);
    while Arc::strong_count(&once) > 1 {
        std::thread::yield_now();
    }
    assert_eq!(input.get_blocking(), Some(0));
}

/// 6: stages over endless sources leave each other, and others, their turn.
#[test]
fn stages_side_by_side() {
    let stages: Vec<_> = (0..8)
        .map(|_| {
            let copy = from_range(0..).async_apply(|inp, out| async move {
                while let Some(n) = inp.get().await
                    && out.put(n).await.is_ok()
                {}
            });
            copy.chan()
        })
        .collect();
    for n in 0..100 {
        for stage in &stages {
            assert_eq!(run(stage.get()), Some(n));
        }
    }
    assert_eq!(run(go(async { 1 })), 1);
}
