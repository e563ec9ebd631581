//! What a pipe takes when it is not to go on, and what it leaves to others.

use aiochan::{Chan, from_range};

use crate::support::{drain, everywhere, guard, next, reason, wait_until};

/// Close: the result whose put waits is delivered; nothing else is taken or begun, though it waits.
#[test]
fn a_closed_output_takes_nothing_while_a_put_waits() {
    everywhere(|| {
        let source = Chan::unbounded();
        source.add([0, 1]).unwrap();
        let (alive, gone) = guard();
        let c = source.async_pipe(4, move |n: u32| {
            let alive = (n == 1).then(|| alive.clone());
            async move {
                if alive.is_some() {
                    std::future::pending::<()>().await;
                }
                n
            }
        });
        let c = c.chan();
        wait_until("a result and the pipe wait", || {
            c.stats().parked_puts == 1 && source.stats().parked_gets == 1
        });
        c.close();
        wait_until("it leaves the source", || source.stats().parked_gets == 0);
        source.add([2, 3]).unwrap();
        assert_eq!(drain(&c), [0]);
        gone.wait_until_gone();
        assert_eq!(source.len(), 2);
    });
}

/// No hang: after a failure the input is not read on, not even while futures of earlier values still go on:
/// the get that waits leaves at once.
#[test]
fn a_failure_stops_the_intake_at_once() {
    everywhere(|| {
        let (source, gate, failing) = (Chan::fixed(9), Chan::<()>::new(), Chan::<()>::new());
        let (pass, fail) = (gate.clone(), failing.clone());
        let c = source
            .async_pipe(3, move |n: u32| {
                let (pass, fail) = (pass.clone(), fail.clone());
                async move {
                    if n == 0 {
                        pass.get().await;
                        return Ok(n);
                    }
                    fail.get().await;
                    Err("failed")
                }
            })
            .fallible()
            .chan();
        source.add([0, 1]).unwrap();
        wait_until("the pipe waits", || source.is_empty() && source.stats().parked_gets == 1);
        failing.close();
        wait_until("it leaves", || source.stats().parked_gets == 0);
        source.add([2]).unwrap();
        gate.close();
        assert_eq!(drain(&c), [0]);
        assert_eq!(reason(&c), "failed");
        assert_eq!(next(&source), 2);
    });
}

/// Cancel safety: a flow that is dropped takes along no more than what it holds.
#[test]
fn a_flow_that_is_dropped_leaves_the_source() {
    let source = from_range(0..);
    let mut flow = Box::pin(source.async_pipe(2, async |n| n).ahead(0).flow());
    let first =
        aiochan::run(std::future::poll_fn(|cx| futures_util::Stream::poll_next(flow.as_mut(), cx)));
    drop(flow);
    assert_eq!((first, next(&source)), (Some(0), 2));
}
