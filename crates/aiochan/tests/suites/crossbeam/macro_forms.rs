//! crossbeam-channel's tests of its select macro (The Crossbeam Project Developers, MIT or Apache-2.0),
//! rewritten from what they check: whom it favours, and what may be written in it.

use std::ops::Deref;

use aiochan::{Chan, PutError, Receiver, Sender, select_blocking};

use super::common::FILL;
use super::{HOUR, SHORT, assert_fair, halves, never};

suite! {
    own: [
        fairness1,
        fairness2,
        fairness_send,
        unfairness,
        conditional_get,
        conditional_put,
        references,
        case_blocks,
        infer_types,
        same_variable_name,
        handles_on_heap,
        once_blocks,
        once_handles,
        evaluate,
        deref,
        trailing_comma,
    ]
}

/// Whatever makes arms ready (a buffer, an endless iterator, the end), none starves.
fn fairness1() {
    let ((tx1, rx1), (tx2, rx2)) = (halves(Some(FILL)), halves(None));
    (0..FILL).for_each(|_| [&tx1, &tx2].iter().for_each(|tx| tx.put_blocking(()).unwrap()));
    let (endless, closed) = (Chan::from_iter(0..), Chan::<()>::new());
    closed.close();
    let mut hits = [0; 4];
    for _ in 0..FILL {
        select_blocking! {
            _ = rx1.get() => hits[0] += 1,
            _ = rx2.get() => hits[1] += 1,
            _ = endless.get() => hits[2] += 1,
            _ = closed.get() => hits[3] += 1,
        }
    }
    assert_fair(&hits);
}

/// Nor does a put that waits, before a full buffer or without one; nor a get that waits.
fn fairness2() {
    let (a, b, c) = (Chan::unbounded(), Chan::fixed(1), Chan::new());
    let chans = [&a, &b, &c];
    for chan in chans {
        chan.add([()]).unwrap();
    }
    let mut hits = [0; 3];
    for _ in 0..FILL {
        let index = select_blocking! {
            _ = a.get() => 0,
            _ = b.get() => 1,
            _ = c.get() => 2,
        };
        chans[index].add([()]).unwrap();
        hits[index] += 1;
    }
    assert_fair(&hits);

    for chan in chans {
        chan.get_blocking().unwrap();
        chan.get_with(drop).unwrap();
    }
    let mut hits = [0; 3];
    for _ in 0..FILL {
        let index = select_blocking! {
            _ = a.put(()) => 0,
            _ = b.put(()) => 1,
            _ = c.put(()) => 2,
        };
        chans[index].get_with(drop).unwrap();
        hits[index] += 1;
    }
    assert_fair(&hits);
}

/// Of two arms that have room neither starves.
fn fairness_send() {
    let ((tx1, _rx1), (tx2, _rx2)) = (halves(Some(FILL)), halves(None));
    let mut hits = [0; 2];
    for _ in 0..FILL {
        select_blocking! {
            _ = tx1.put(()) => hits[0] += 1,
            _ = tx2.put(()) => hits[1] += 1,
        }
    }
    assert_fair(&hits);
}

/// With `biased`, the first that is ready wins, each time; with every way out.
fn unfairness() {
    const COUNT: usize = 500;
    let [(tx1, rx1), (tx2, rx2), (tx3, rx3)] = [(); 3].map(|()| halves(None));
    let selects: [&dyn Fn() -> usize; 3] = [
        &|| {
            select_blocking! {
                biased;
                _ = rx1.get() => 0,
                _ = rx2.get() => 1,
                _ = rx3.get() => 2,
            }
        },
        &|| {
            select_blocking! {
                biased;
                _ = rx1.get() => 0,
                _ = rx2.get() => 1,
                _ = rx3.get() => 2,
                timeout(HOUR) => unreachable!(),
            }
        },
        &|| {
            select_blocking! {
                biased;
                _ = rx1.get() => 0,
                _ = rx2.get() => 1,
                _ = rx3.get() => 2,
                default => unreachable!(),
            }
        },
    ];
    tx3.put_blocking(()).unwrap();
    for select in selects {
        (0..COUNT).for_each(|_| [&tx1, &tx2].iter().for_each(|tx| tx.put_blocking(()).unwrap()));
        assert!((0..2 * COUNT).map(|_| select()).eq((0..2 * COUNT).map(|n| n / COUNT)));
    }
    assert_eq!(rx3.chan().len(), 1);
}

/// An arm that is not wanted now is one on a channel that is never ready.
fn conditional_get() {
    let ((tx, rx), never) = (halves(None), never());
    tx.put_blocking(()).unwrap();
    for (wanted, expected) in [(false, None), (true, Some(Some(()))), (true, None)] {
        let got = select_blocking! {
            value = if wanted { rx.chan() } else { &never }.get() => Some(value),
            default => None,
        };
        assert_eq!(got, expected);
    }
    let unwanted = [rx.chan()];
    select_blocking! {
        _ = unwanted.get(1).copied().unwrap_or(&never).get() => unreachable!(),
        timeout(SHORT) => {}
    }
}

/// So with puts: the value of the unwanted arm stays, too.
fn conditional_put() {
    let ((tx, rx), never) = (halves(None), never());
    for (wanted, expected) in [(false, Err(1)), (true, Ok(()))] {
        let value = 1;
        let put = select_blocking! {
            result = if wanted { tx.chan() } else { &never }.put(value) => {
                result.unwrap();
                Ok(())
            }
            default => Err(value),
        };
        assert_eq!(put, expected);
    }
    assert_eq!(rx.try_get(), Ok(1));
}

/// Arms take handles and references to them, of any depth.
fn references() {
    let (tx, rx) = halves(None);
    let (deep_tx, deep_rx) = (&&&tx, &&&rx);
    for _ in 0..20 {
        select_blocking! {
            _ = tx.put(0) => {}
            _ = rx.get() => {}
            _ = (*deep_tx).put(0) => {}
            _ = deep_rx.get() => {}
        }
    }
}

/// A body is any expression, with a comma; a block needs none. They agree in their type.
fn case_blocks() {
    let (_tx, rx) = halves::<i32>(None);
    let number = select_blocking! {
        _ = rx.get() => 3.0,
        value = rx.get() => match value {
            Some(value) => f64::from(value),
            None => unreachable!()
        },
        _ = rx.get() => loop {
            if rx.chan().is_empty() {
                break 1.0;
            }
        },
        _ = rx.get() => { unreachable!() }
        default => 7.
    };
    assert_eq!(number, 7.0);
    select_blocking! {
        message = rx.get() => if message.is_some() {
            unreachable!()
        },
        default => ()
    }
}

/// What a channel carries may be told by its use in a select, or after.
fn infer_types() {
    let (tx, rx) = halves(None);
    select_blocking! {
        _ = rx.get() => {}
        default => {}
    }
    tx.put_blocking(()).unwrap();
    let (tx, rx) = halves(None);
    select_blocking! {
        result = tx.put(()) => result.unwrap(),
    }
    assert_eq!(rx.get_blocking(), Some(()));
}

/// A result may have its channel's name.
fn same_variable_name() {
    let (_, rx) = halves::<i32>(None);
    select_blocking! {
        rx = rx.get() => assert_eq!(rx, None),
    }
}

/// Handles may be boxed.
fn handles_on_heap() {
    let (tx, rx) = halves(Some(0));
    let (tx, rx) = (Box::new(tx), Box::new(rx));
    select_blocking! {
        _ = tx.put(0) => unreachable!(),
        _ = (*rx).get() => unreachable!(),
        default => {}
    }
}

/// Only one body runs, so each may take the same thing.
fn once_blocks() {
    let (tx, rx) = halves(None);
    for expected in ["put", "got"] {
        let once = Box::new(());
        let done = select_blocking! {
            biased;
            _ = rx.get() => { drop(once); "got" }
            _ = tx.put(0) => { drop(once); "put" }
            default => { drop(once); "nothing" }
        };
        assert_eq!(done, expected);
    }
}

/// What an arm's operation is made of is evaluated once, and may use things up.
fn once_handles() {
    let (tx, rx) = halves(None);
    let [once_tx, once_rx] = [Box::new(()), Box::new(())];
    let get_tx = || {
        drop(once_tx);
        &tx
    };
    let get_rx = || {
        drop(once_rx);
        &rx
    };
    select_blocking! {
        result = get_tx().put(5) => result.unwrap(),
    }
    select_blocking! {
        value = get_rx().get() => assert_eq!(value, Some(5)),
    }
}

/// A select is an expression, of the type of its bodies.
fn evaluate() {
    let (tx, rx) = halves(Some(1));
    let select = || {
        select_blocking! {
            biased;
            _ = rx.get() => "got".into(),
            _ = tx.put(0) => "put".to_owned(),
            default => "nothing".to_string(),
        }
    };
    assert_eq!([select(), select()], ["put", "got"]);
}

/// Handles may be inside of something that derefs to them.
fn deref() {
    struct Wrapped<T>(T);
    impl<T> Deref for Wrapped<T> {
        type Target = T;
        fn deref(&self) -> &T {
            &self.0
        }
    }
    let (tx, rx) = halves(Some(0));
    let (tx, rx): (Wrapped<Sender<_>>, Wrapped<Receiver<_>>) = (Wrapped(tx), Wrapped(rx));
    let value = 1;
    select_blocking! {
        _ = tx.put(value) => unreachable!(),
        _ = rx.get() => unreachable!(),
        default => assert_eq!(value, 1),
    }
}

/// A comma may follow the last arm, whatever it is.
fn trailing_comma() {
    let (_, rx) = halves::<i32>(None);
    select_blocking! { value = rx.get() => assert_eq!(value, None), }
    select_blocking! { value = rx.get() => assert_eq!(value, None), default => unreachable!(), }
    let (tx, _) = halves(None);
    select_blocking! {
        result = tx.put(1) => assert_eq!(result, Err(PutError(1))),
        timeout(SHORT) => unreachable!(),
    }
}
