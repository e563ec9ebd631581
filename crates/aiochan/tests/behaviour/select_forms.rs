//! What the forms of select have each for themselves: the macros' default, timeout and bodies, the
//! builder's tries and long lists, fairness, and channels that are not plain queues.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aiochan::{Chan, Outcome, Select, TryGetError, select, select_blocking};

use crate::driver::assert_idle;
use crate::task::{Task, block_on, panics};

corpus! {
    alone: [
        default_is_taken_if_nothing_is_ready,
        timeouts_give_the_values_back_and_leave_no_trace,
        a_builders_timeout_gives_the_values_back,
        a_losing_puts_variable_is_yours_again,
        arms_may_be_of_any_types,
        bodies_may_return_break_and_await,
        a_select_without_arms_is_refused,
        a_list_of_arms_may_be_long,
        the_macro_is_fair,
        the_builder_is_fair,
        a_losing_arm_pulls_nothing_from_a_source,
        a_promise_is_an_arm_like_others,
        halves_are_arms_like_channels,
    ]
}

/// Rule 2: or none.
fn default_is_taken_if_nothing_is_ready() {
    let (a, b) = (Chan::new(), Chan::<u32>::new());
    let item = String::from("item");
    let left = select! {
        _ = a.put(item) => None,
        _ = b.get() => None,
        default => Some(item),
    };
    assert_eq!(left.as_deref(), Some("item"));
    assert_idle(&a);
    assert_idle(&b);
    let ready = Chan::fixed(1);
    ready.try_put(1).unwrap();
    let got = select_blocking! {
        _ = b.get() => None,
        value = ready.get() => value,
        default => { None }
    };
    assert_eq!(got, Some(1));
}

/// Rule 1 and 2.
fn timeouts_give_the_values_back_and_leave_no_trace() {
    let (a, b) = (Chan::new(), Chan::<u32>::new());
    for short in [Duration::ZERO, Duration::from_millis(1)] {
        let item = String::from("item");
        let left = select_blocking! {
            _ = b.get() => None,
            _ = a.put(item) => None,
            timeout(short) => Some(item),
        };
        let item = left.expect("nobody came");
        let left = block_on(async {
            select! {
                _ = a.put(item) => None,
                timeout(short) => Some(item),
                _ = b.get() => None,
            }
        });
        assert_eq!(left.as_deref(), Some("item"));
        assert_idle(&a);
        assert_idle(&b);
    }
}

/// Rule 1 and 2, for the builder.
fn a_builders_timeout_gives_the_values_back() {
    let (a, b) = (Chan::new(), Chan::new());
    let select = || Select::new().put(&a, 1).get(&b).put(&b, 2);
    for short in [Duration::ZERO, Duration::from_millis(1)] {
        assert_eq!(select().blocking_timeout(short).unwrap_err().0, [(0, 1), (2, 2)]);
        assert_eq!(block_on(select().timeout(short)).unwrap_err().0, [(0, 1), (2, 2)]);
    }
    assert_eq!(select().try_now().unwrap_err().0, [(0, 1), (2, 2)]);
    assert_idle(&a);
    assert_idle(&b);
}

/// Rule 1: what the macro says of variables; any other expression goes with its arm.
fn a_losing_puts_variable_is_yours_again() {
    let (out, spare, control) = (Chan::new(), Chan::new(), Chan::fixed(1));
    control.try_put("pause").unwrap();
    let counted = Arc::new(());
    let (item, other) = (String::from("item"), counted.clone());
    let (item, other) = select_blocking! {
        word = control.get() => {
            assert_eq!(word, Some("pause"));
            (item, other)
        }
        _ = out.put(item) => panic!("nobody gets"),
        _ = spare.put(other) => panic!("nobody gets"),
    };
    assert_eq!((item.as_str(), Arc::strong_count(&other)), ("item", 2));
    drop(other);
    control.try_put("again").unwrap();
    select_blocking! {
        _ = control.get() => {},
        _ = spare.put(counted.clone()) => panic!("nobody gets"),
    }
    assert_eq!(Arc::strong_count(&counted), 1);
}

fn arms_may_be_of_any_types() {
    let (text, number) = (Chan::<String>::new(), Chan::<u64>::new());
    let select = async {
        select! {
            text = text.get() => text.map_or(0, |text| text.len() as u64),
            _ = number.put(7) => 100,
            timeout(Duration::MAX) => unreachable!(),
        }
    };
    let task = Task::start(select);
    text.try_put("abc".into()).unwrap();
    assert_eq!(task.finish(), 3);
}

/// The body runs in the caller's own scope.
fn bodies_may_return_break_and_await() {
    async fn pass_on(from: &Chan<u32>, to: &Chan<u32>) -> Option<u32> {
        loop {
            select! {
                value = from.get() => {
                    let value = value?;
                    to.put(value).await.ok()?;
                    if value == 3 {
                        break;
                    }
                    continue;
                },
            }
        }
        Some(3)
    }
    let (from, to) = (Chan::fixed(3), Chan::fixed(3));
    from.add([1, 2, 3]).unwrap();
    assert_eq!(block_on(pass_on(&from, &to)), Some(3));
    from.close();
    assert_eq!(block_on(pass_on(&from, &to)), None);
    assert_eq!(to.len(), 3);
}

/// Rule 8: an error rather than waiting for ever.
fn a_select_without_arms_is_refused() {
    let none = Select::<u32>::new;
    assert!(panics(|| none().blocking()).contains("no operations"));
    assert!(panics(|| block_on(none().into_future())).contains("no operations"));
    assert!(panics(|| none().blocking_timeout(Duration::ZERO)).contains("no operations"));
    assert_eq!(none().try_now().unwrap_err().0, []);
}

/// Rule 2, with many arms: one commits, and all the others go.
fn a_list_of_arms_may_be_long() {
    let chans: Vec<Chan<usize>> = (0..300).map(|_| Chan::new()).collect();
    let task = Task::start(chans.iter().fold(Select::new(), Select::get).into_future());
    assert!(chans.iter().all(|chan| chan.stats().parked_gets == 1));
    chans[217].try_put(5).unwrap();
    let selected = task.finish();
    assert_eq!((selected.index, selected.outcome), (217, Outcome::Got(Some(5))));
    chans.iter().for_each(assert_idle);
}

/// How often each of two ready arms of three wins in 2000 rounds; a fair coin stays within 200 of
/// the half but once in 10^18.
#[track_caller]
fn assert_fair(wins: [usize; 3]) {
    assert_eq!((wins[1], wins.iter().sum::<usize>()), (0, 2000));
    assert!((800..=1200).contains(&wins[0]), "{wins:?}");
}

/// What "fair" says, whatever stands between the two that are ready.
fn the_macro_is_fair() {
    let (a, never, c) = (Chan::unbounded(), Chan::<u32>::new(), Chan::unbounded());
    a.add(0..2000).unwrap();
    let mut wins = [0; 3];
    for n in 0..2000 {
        let arm = block_on(async {
            select! {
                _ = a.get() => 0,
                _ = never.get() => 1,
                _ = c.put(n) => 2,
            }
        });
        wins[arm] += 1;
    }
    assert_fair(wins);
    assert_eq!((2000 - a.len(), c.len()), (wins[0], wins[2]));
}

fn the_builder_is_fair() {
    let (a, never, c) = (Chan::unbounded(), Chan::new(), Chan::unbounded());
    a.add(0..2000).unwrap();
    c.add(0..2000).unwrap();
    let mut wins = [0; 3];
    for _ in 0..2000 {
        wins[Select::new().get(&a).get(&never).get(&c).try_now().unwrap().index] += 1;
    }
    assert_fair(wins);
    // Each kept its own order.
    assert_eq!((a.try_get(), c.try_get()), (Ok(wins[0]), Ok(wins[2])));
}

/// Rule 2: looking at a source is not taking from it.
fn a_losing_arm_pulls_nothing_from_a_source() {
    let pulled = Arc::new(AtomicUsize::new(0));
    let count = pulled.clone();
    let source = Chan::from_iter((0..).inspect(move |_| {
        count.fetch_add(1, Ordering::SeqCst);
    }));
    let ready = Chan::unbounded();
    ready.add(100..200).unwrap();
    let mut from_source = 0;
    for _ in 0..100 {
        let selected = Select::new().get(&source).get(&ready).try_now().unwrap();
        if selected.index == 0 {
            assert_eq!(selected.outcome, Outcome::Got(Some(from_source)));
            from_source += 1;
        }
    }
    assert_eq!(pulled.load(Ordering::SeqCst), from_source);
    assert_eq!(ready.len(), from_source);
    let selected = Select::new().get(&ready).get(&source).priority(true).try_now().unwrap();
    assert_eq!((selected.index, pulled.load(Ordering::SeqCst)), (0, from_source));
}

fn a_promise_is_an_arm_like_others() {
    let (promise, other) = (Chan::promise(), Chan::new());
    let task = Task::start(Select::new().get(&other).get(&promise).into_future());
    promise.try_put(7).unwrap();
    let selected = task.finish();
    assert_eq!((selected.index, selected.outcome), (1, Outcome::Got(Some(7))));
    assert_idle(&other);
    let again = Select::new().get(&promise).try_now().unwrap();
    assert_eq!(again.outcome, Outcome::Got(Some(7)));
}

fn halves_are_arms_like_channels() {
    let (tx, rx) = Chan::fixed(1).split();
    let value = 5;
    select_blocking! {
        _ = rx.get() => panic!("nothing is there"),
        result = tx.put(value) => assert_eq!(result, Ok(())),
    }
    let got = select_blocking! {
        got = rx.get() => got,
        _ = tx.put(6) => panic!("it is full"),
    };
    assert_eq!(got, Some(5));
    assert_eq!(rx.try_get(), Err(TryGetError::Empty));
}
