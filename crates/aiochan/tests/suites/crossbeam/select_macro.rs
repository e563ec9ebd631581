//! crossbeam-channel's tests of its select macro (The Crossbeam Project Developers, MIT or Apache-2.0),
//! rewritten from what they check.

use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use aiochan::{PutError, Receiver, Sender, TryPutError, select_blocking};

use super::common::Link;
use super::{
    HOUR, SHORT, TINY, assert_nobody_waits, assert_pairs, gets_wait, halves, never, puts_wait,
};

suite! {
    own: [
        smoke,
        default,
        default_when_disconnected,
        try_get,
        get,
        get_timeout,
        try_put,
        put_and_its_timeout,
        disconnect_wakes_sender,
        disconnect_wakes_receiver,
        both_ready,
        duplicate_operations,
        nesting,
        panic_sender,
        panic_receiver,
        stress_mixed,
        stress_timeout_two_threads,
        send_recv_same_channel,
        matching,
        matching_with_leftover,
        channel_through_channel,
    ]
}

/// What has something is ready, wherever it stands.
fn smoke() {
    let chans = [(); 5].map(|()| halves(None));
    let [(tx1, rx1), (_tx2, rx2), (_tx3, rx3), (_tx4, rx4), (tx5, rx5)] = chans;
    for (n, tx) in [(1, &tx1), (5, &tx5)] {
        tx.put_blocking(n).unwrap();
        let won = select_blocking! {
            value = rx1.get() => (1, value),
            value = rx2.get() => (2, value),
            value = rx3.get() => (3, value),
            value = rx4.get() => (4, value),
            value = rx5.get() => (5, value),
        };
        assert_eq!(won, (n, Some(n)));
    }
}

/// It is taken while all are open and empty, by gets and by puts, and not otherwise.
fn default() {
    let ((tx1, rx1), (tx2, rx2)) = (halves::<i32>(Some(0)), halves(None));
    let select = || {
        select_blocking! {
            value = rx1.get() => Some(value),
            value = rx2.get() => Some(value),
            default => None
        }
    };
    assert_eq!(select(), None);
    tx2.put_blocking(2).unwrap();
    assert_eq!((select(), select()), (Some(Some(2)), None));
    select_blocking! {
        _ = tx1.put(1) => panic!("nobody gets"),
        default => {}
    }
    drop(tx1);
    assert_eq!(select(), Some(None));
}

/// What can never go on does not wait, whichever way out there is.
fn default_when_disconnected() {
    let (_, rx) = halves::<i32>(None);
    select_blocking! {
        value = rx.get() => assert_eq!(value, None),
        default => panic!("it is closed"),
    }
    select_blocking! {
        value = rx.get() => assert_eq!(value, None),
        timeout(HOUR) => panic!("it is closed"),
    }
    let (tx, _) = halves(Some(0));
    select_blocking! {
        result = tx.put(1) => assert_eq!(result, Err(PutError(1))),
        default => panic!("it is closed"),
    }
    select_blocking! {
        result = tx.put(2) => assert_eq!(result, Err(PutError(2))),
        timeout(HOUR) => panic!("it is closed"),
    }
    select_blocking! {
        result = tx.put(3) => assert_eq!(result, Err(PutError(3))),
        value = rx.get() => assert_eq!(value, None),
    }
}

/// An arm with a default is a try.
fn try_get() {
    let (tx, rx) = halves(Some(0));
    let get = || {
        select_blocking! {
            value = rx.get() => Some(value),
            default => None,
        }
    };
    assert_eq!(get(), None);
    let put = thread::spawn(move || {
        select_blocking! {
            result = tx.put(7) => result,
        }
    });
    puts_wait(rx.chan(), 1);
    assert_eq!(get(), Some(Some(7)));
    assert_eq!(put.join().unwrap(), Ok(()));
    assert_eq!(get(), Some(None));
}

/// One arm alone waits as the operation would.
fn get() {
    let (tx, rx) = halves(Some(0));
    let gets = thread::spawn(move || {
        [(); 4].map(|()| {
            select_blocking! {
                value = rx.get() => value,
            }
        })
    });
    for n in [7, 8, 9] {
        gets_wait(tx.chan(), 1);
        select_blocking! {
            result = tx.put(n) => result.unwrap(),
        }
    }
    drop(tx);
    assert_eq!(gets.join().unwrap(), [Some(7), Some(8), Some(9), None]);
}

/// One arm with a timeout waits so long; it is answered by a value and by the end.
fn get_timeout() {
    let (tx, rx) = halves::<i32>(Some(0));
    let get = move |duration| {
        select_blocking! {
            value = rx.get() => Some(value),
            timeout(duration) => None,
        }
    };
    assert_eq!(get(SHORT), None);
    assert_nobody_waits(tx.chan());
    let gets = thread::spawn(move || [HOUR; 2].map(get));
    gets_wait(tx.chan(), 1);
    tx.put_blocking(7).unwrap();
    gets_wait(tx.chan(), 1);
    drop(tx);
    assert_eq!(gets.join().unwrap(), [Some(Some(7)), Some(None)]);
}

/// A put with a default succeeds only when a get waits.
fn try_put() {
    let (tx, rx) = halves(Some(0));
    let put = |n| {
        select_blocking! {
            result = tx.put(n) => Ok(result),
            default => Err(n),
        }
    };
    assert_eq!(put(7), Err(7));
    let get = thread::spawn(move || rx.get_blocking());
    gets_wait(tx.chan(), 1);
    assert_eq!(put(8), Ok(Ok(())));
    assert_eq!(get.join().unwrap(), Some(8));
    assert_eq!(put(9), Ok(Err(PutError(9))));
}

/// A put waits so long, gives its value back, and is answered by a get and by the end.
fn put_and_its_timeout() {
    let (tx, rx) = halves(Some(0));
    let put = move |n, duration| {
        select_blocking! {
            result = tx.put(n) => Ok(result),
            timeout(duration) => Err(n),
        }
    };
    assert_eq!(put(7, SHORT), Err(7));
    assert_nobody_waits(rx.chan());
    let puts = thread::spawn(move || [8, 9].map(|n| put(n, HOUR)));
    puts_wait(rx.chan(), 1);
    assert_eq!(rx.get_blocking(), Some(8));
    puts_wait(rx.chan(), 1);
    drop(rx);
    assert_eq!(puts.join().unwrap(), [Ok(Ok(())), Ok(Err(PutError(9)))]);
}

/// The last receiver refuses a put arm that waits.
fn disconnect_wakes_sender() {
    let (tx, rx) = halves(Some(0));
    let put = thread::spawn(move || {
        let never = never::<()>();
        select_blocking! {
            result = tx.put(1) => result,
            _ = never.get() => unreachable!(),
        }
    });
    puts_wait(rx.chan(), 1);
    drop(rx);
    assert_eq!(put.join().unwrap(), Err(PutError(1)));
}

/// The last sender ends a get arm that waits.
fn disconnect_wakes_receiver() {
    let (tx, rx) = halves::<()>(Some(0));
    let get = thread::spawn(move || {
        let never = never::<()>();
        select_blocking! {
            value = rx.get() => value,
            _ = never.get() => unreachable!(),
        }
    });
    gets_wait(tx.chan(), 1);
    drop(tx);
    assert_eq!(get.join().unwrap(), None);
}

/// Two selects in a row meet one thread that puts and then gets.
fn both_ready() {
    let ((tx1, rx1), (tx2, rx2)) = (halves(Some(0)), halves(Some(0)));
    let other = thread::spawn(move || {
        tx1.put_blocking(1).unwrap();
        rx2.get_blocking()
    });
    let select = || {
        select_blocking! {
            value = rx1.get() => value,
            result = tx2.put(2) => { result.unwrap(); None }
        }
    };
    assert_eq!([select(), select()], [Some(1), None]);
    assert_eq!(other.join().unwrap(), Some(2));
}

/// Two gets and two puts on one channel: each of the four is chosen at some time, and does one thing.
fn duplicate_operations() {
    let (tx, rx) = halves(None);
    let mut hits = [0; 4];
    for _ in 0..1_000 {
        select_blocking! {
            _ = rx.get() => hits[0] += 1,
            _ = rx.get() => hits[1] += 1,
            _ = tx.put(0) => hits[2] += 1,
            _ = tx.put(0) => hits[3] += 1,
        }
    }
    assert!(hits.iter().all(|&hit| hit > 0), "{hits:?}");
    assert_eq!(rx.chan().len(), hits[2] + hits[3] - hits[0] - hits[1]);
}

/// An arm's body may select on the same channel: its own select is over.
fn nesting() {
    let (tx, rx) = halves(Some(1));
    select_blocking! {
        _ = tx.put(0) => select_blocking! {
            value = rx.get() => {
                assert_eq!(value, Some(0));
                select_blocking! {
                    _ = tx.put(1) => {
                        select_blocking! {
                            value = rx.get() => assert_eq!(value, Some(1)),
                            default => panic!("it has just been put"),
                        }
                    }
                }
            }
        }
    }
}

/// A putter's expression that panics leaves nothing locked, nobody waiting and no value behind.
fn panic_sender() {
    fn broken<T>(_: &Sender<T>) -> &Sender<T> {
        panic!("the sender panicked")
    }
    let ((tx1, rx1), (tx2, rx2)) = (halves::<i32>(Some(0)), halves::<i32>(Some(1)));
    let panic = catch_unwind(AssertUnwindSafe(|| {
        select_blocking! {
            _ = tx1.put(1) => unreachable!(),
            _ = rx2.get() => unreachable!(),
            _ = broken(&tx2).put(2) => unreachable!(),
        }
    }));
    assert_eq!(panic.unwrap_err().downcast_ref(), Some(&"the sender panicked"));
    assert_nobody_waits(rx1.chan());
    assert_nobody_waits(rx2.chan());
    assert_eq!((tx1.try_put(3), tx2.try_put(4)), (Err(TryPutError::Full(3)), Ok(())));
    assert_eq!(rx2.try_get(), Ok(4));
}

/// So does a getter's, and that of a value that is to be put.
fn panic_receiver() {
    fn broken<T>(_: &Receiver<T>) -> &Receiver<T> {
        panic!("the receiver panicked")
    }
    fn value() -> i32 {
        panic!("the value panicked")
    }
    let (tx, rx) = halves(Some(1));
    tx.put_blocking(1).unwrap();
    let panics = [
        catch_unwind(AssertUnwindSafe(|| {
            select_blocking! {
                _ = rx.get() => unreachable!(),
                _ = broken(&rx).get() => unreachable!(),
            }
        })),
        catch_unwind(AssertUnwindSafe(|| {
            select_blocking! {
                _ = rx.get() => unreachable!(),
                _ = tx.put(value()) => unreachable!(),
                default => unreachable!(),
            }
        })),
    ];
    let panics = panics.map(|panic| *panic.unwrap_err().downcast::<&str>().unwrap());
    assert_eq!(panics, ["the receiver panicked", "the value panicked"]);
    assert_nobody_waits(rx.chan());
    // The arm that was ready has not taken effect.
    assert_eq!((rx.try_get(), tx.try_put(2)), (Ok(1), Ok(())));
}

/// A get and a put in turn.
fn stress_mixed() {
    const COUNT: usize = 2_000;
    let ((tx1, rx1), (tx2, rx2)) = (halves(Some(0)), halves(Some(0)));
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..COUNT {
                tx1.put_blocking(n).unwrap();
                assert_eq!(rx2.get_blocking(), Some(n));
            }
        });
        for n in 0..COUNT {
            let select = || {
                select_blocking! {
                    value = rx1.get() => value,
                    result = tx2.put(n) => { result.unwrap(); None }
                }
            };
            assert_eq!([select(), select()], [Some(n), None]);
        }
    });
}

/// Selects that give up and try again, on both sides: nothing is lost, doubled or out of order.
fn stress_timeout_two_threads() {
    let (tx, rx) = halves(Some(2));
    thread::scope(|scope| {
        scope.spawn(|| {
            for n in 0..300 {
                while select_blocking! {
                    result = tx.put(n) => { result.unwrap(); false }
                    timeout(TINY) => true,
                } {}
            }
        });
        for n in 0..300 {
            let got = iter::repeat_with(|| {
                select_blocking! {
                    value = rx.get() => value,
                    timeout(TINY) => None,
                }
            });
            assert_eq!(got.flatten().next(), Some(n));
        }
    });
}

/// A select does not meet itself; with a buffer in between its put goes on, and its get does not.
fn send_recv_same_channel() {
    for (capacity, puts) in [(Some(0), false), (None, true)] {
        let (tx, rx) = halves(capacity);
        let put = select_blocking! {
            result = tx.put(0) => { result.unwrap(); true }
            _ = rx.get() => unreachable!(),
            timeout(SHORT) => false,
        };
        assert_eq!(put, puts);
    }
}

/// Gets, and says what, or puts `n`.
fn either(tx: &Sender<usize>, rx: &Receiver<usize>, n: usize) -> Option<usize> {
    select_blocking! {
        value = rx.get() => value,
        result = tx.put(n) => { result.unwrap(); None }
    }
}

/// Many selects that get or put on one channel go off in pairs.
fn matching() {
    let (tx, rx) = halves(Some(0));
    assert_pairs(44, &[], |n| either(&tx, &rx, n), || {});
    assert_nobody_waits(rx.chan());
}

/// The odd one out is left to a plain put.
fn matching_with_leftover() {
    let (tx, rx) = halves(Some(0));
    let put = || tx.put_blocking(usize::MAX).unwrap();
    assert_pairs(55, &[usize::MAX], |n| either(&tx, &rx, n), put);
    assert_nobody_waits(rx.chan());
}

/// Channels go through channels, and the handles may be replaced in the select's own body.
fn channel_through_channel() {
    for capacity in [Some(0), Some(1), Some(2), None] {
        let (mut tx, mut rx) = halves(capacity);
        let puts = thread::spawn(move || {
            for _ in 0..300 {
                let (next, link) = halves(capacity);
                select_blocking! {
                    result = tx.put(Link(link)) => result.unwrap(),
                }
                tx = next;
            }
        });
        for _ in 0..300 {
            rx = select_blocking! {
                link = rx.get() => link.unwrap().0,
            };
        }
        puts.join().unwrap();
        assert!(rx.get_blocking().is_none());
    }
}
