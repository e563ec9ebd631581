//! How much may be queued: callbacks and `add`s up to `max_pending` on each side, and no more.

use std::sync::Arc;

use aiochan::{AddError, Chan, MAX_PENDING, TooManyPending};

use crate::driver::{Await, Blocking, Callback, Driver, assert_idle};
use crate::task::Task;

corpus! {
    droppable: [
        waiting_tasks_do_not_count,
    ]
    alone: [
        the_limit_is_1024_by_default,
        a_refused_callback_is_dropped_and_its_value_comes_back,
        those_that_are_through_do_not_count,
        those_that_closing_has_answered_do_not_count,
        each_side_has_a_limit_of_its_own,
        a_limit_of_zero_refuses_all_that_wait,
        add_gives_back_what_it_could_not_queue,
        add_counts_with_put_callbacks,
        add_on_a_closed_channel_gives_everything_back,
        add_keeps_the_order,
    ]
}

/// Rule 7.
fn the_limit_is_1024_by_default() {
    let c = Chan::<usize>::new();
    for _ in 0..MAX_PENDING {
        c.get_with(|_| ()).unwrap();
    }
    assert_eq!(c.get_with(|_| ()), Err(TooManyPending(())));
    assert_eq!(c.stats().parked_gets, 1024);
    c.close();
    let c = Chan::new();
    for n in 0..MAX_PENDING {
        c.put_with(n, |_| ()).unwrap();
    }
    assert_eq!(c.put_with(7, |_| ()), Err(TooManyPending(7)));
    assert_eq!(c.stats().parked_puts, 1024);
}

/// Rule 1 and 7: refused at the call, with an error that says what to do; nothing is called later.
fn a_refused_callback_is_dropped_and_its_value_comes_back() {
    let c = Chan::builder().max_pending(1).build();
    let held = Arc::new(());
    let own = held.clone();
    c.put_with("first", |_| ()).unwrap();
    let refused = c.put_with("second", move |_| drop(own)).unwrap_err();
    assert_eq!(Arc::strong_count(&held), 1);
    assert!(refused.to_string().contains("max_pending"));
    assert_eq!(refused.into_inner(), "second");
    c.close();
    assert_eq!(c.iter().collect::<Vec<_>>(), ["first"]);
}

/// Rule 7: complete ones do not count, however they were completed.
fn those_that_are_through_do_not_count() {
    let c = Chan::builder().max_pending(2).build();
    for n in 0..10 {
        let gets = [Callback::get(&c), Callback::get(&c)];
        assert!(c.get_with(|_| ()).is_err());
        assert_eq!(Await::put(&c, n).finish(), Ok(()));
        assert!(c.get_with(|_| ()).is_ok());
        assert!(c.get_with(|_| ()).is_err());
        assert_eq!(Blocking::put(&c, n).finish(), Ok(()));
        assert_eq!(Blocking::put(&c, n).finish(), Ok(()));
        assert_eq!(gets.map(|get| get.finish()), [Some(n), Some(n)]);
    }
    assert_idle(&c);
}

/// Rule 7.
fn those_that_closing_has_answered_do_not_count() {
    let c = Chan::<u32>::builder().max_pending(1).build();
    let get = Callback::get(&c);
    c.close();
    assert_eq!(get.finish(), None);
    for _ in 0..3 {
        assert_eq!(Callback::get(&c).finish(), None);
    }
}

/// Rule 7: what waits in a task, or a thread, has a limit of its own: that task.
fn waiting_tasks_do_not_count<D: crate::driver::Droppable>() {
    let c = Chan::builder().max_pending(1).build();
    let waiting: Vec<_> = (0..5).map(|_| D::get(&c)).collect();
    let queued = Callback::get(&c);
    assert!(c.get_with(|_| ()).is_err());
    drop(waiting);
    assert!(c.get_with(|_| ()).is_err());
    c.try_put(1).unwrap();
    assert_eq!(queued.finish(), Some(1));

    let waiting: Vec<_> = (0..5).map(|n| D::put(&c, n)).collect();
    let queued = Callback::put(&c, 5);
    assert!(c.put_with(6, |_| ()).is_err());
    drop(waiting);
    assert!(c.put_with(6, |_| ()).is_err());
    assert_eq!(c.try_get(), Ok(5));
    assert_eq!(queued.finish(), Ok(()));
}

/// Rule 7: puts are counted apart from gets, and channel by channel.
fn each_side_has_a_limit_of_its_own() {
    let (c, d) = (Chan::builder().max_pending(1).build(), Chan::builder().max_pending(1).build());
    let get = Callback::get(&c);
    let put = Callback::put(&d, 2);
    assert!(c.get_with(|_| ()).is_err() && d.put_with(3, |_| ()).is_err());
    assert_eq!(Callback::put(&c, 1).finish(), Ok(()));
    assert_eq!(Callback::get(&d).finish(), Some(2));
    assert_eq!((get.finish(), put.finish()), (Some(1), Ok(())));
}

/// Rule 8: a limit of zero means what it says.
fn a_limit_of_zero_refuses_all_that_wait() {
    let c = Chan::builder().buffer(1).max_pending(0).build();
    assert_eq!(c.get_with(|_| ()), Err(TooManyPending(())));
    c.put_with(1, |_| ()).unwrap();
    assert_eq!(c.put_with(2, |_| ()), Err(TooManyPending(2)));
    assert_eq!(c.add([3, 4]).err(), Some(AddError::TooManyPending(vec![3, 4])));
    assert_eq!(Callback::get(&c).finish(), Some(1));
    let get = Task::start(c.get());
    c.add([5]).unwrap();
    assert_eq!(get.finish(), Some(5));
}

/// Rule 1 and 7: from the first that found no place, in order.
fn add_gives_back_what_it_could_not_queue() {
    let c = Chan::builder().buffer(2).max_pending(3).build();
    let error = c.add(0..8).unwrap_err();
    assert_eq!(error, AddError::TooManyPending(vec![5, 6, 7]));
    assert!(error.to_string().contains("max_pending"));
    assert_eq!((c.len(), c.stats().parked_puts), (2, 3));
    c.close();
    assert_eq!(c.iter().collect::<Vec<_>>(), [0, 1, 2, 3, 4]);
}

/// Rule 7.
fn add_counts_with_put_callbacks() {
    let c = Chan::builder().max_pending(2).build();
    c.add([0]).unwrap();
    let put = Callback::put(&c, 1);
    assert_eq!(c.add([2]).err(), Some(AddError::TooManyPending(vec![2])));
    assert!(c.put_with(2, |_| ()).is_err());
    assert_eq!((c.try_get(), c.try_get()), (Ok(0), Ok(1)));
    assert_eq!(put.finish(), Ok(()));
    c.add([2, 3]).unwrap();
    assert_eq!((c.try_get(), c.try_get()), (Ok(2), Ok(3)));
}

/// Rule 1 and 4.
fn add_on_a_closed_channel_gives_everything_back() {
    let c = Chan::fixed(4);
    c.close();
    assert_eq!(c.add([1, 2]).err(), Some(AddError::Closed(vec![1, 2])));
    assert_eq!(c.add([3]).unwrap_err().into_inner(), [3]);
    assert!(c.add([]).is_ok());
    assert_idle(&c);
}

/// Rule 3: added values stand in line with other puts.
fn add_keeps_the_order() {
    let c = Chan::fixed(1);
    c.add([0, 1]).unwrap();
    let put = Await::put(&c, 2);
    c.add([3, 4]).unwrap().add([5]).unwrap();
    assert_eq!([0; 6].map(|_| c.try_get().unwrap()), [0, 1, 2, 3, 4, 5]);
    assert_eq!(put.finish(), Ok(()));
    let gets: Vec<_> = (0..3).map(|_| Await::get(&c)).collect();
    c.add([6, 7, 8]).unwrap();
    let got: Vec<_> = gets.into_iter().map(|get| get.finish().unwrap()).collect();
    assert_eq!(got, [6, 7, 8]);
}
