//! Actors that await.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::task::Poll;

use aiochan::{Chan, Select, nop, select};
use futures_util::StreamExt;

use crate::actor::{Actor, Got, Role, put};
use crate::ledger::{self, Fate, Value};
use crate::planned;

/// Does what the actor is there for.
pub(crate) async fn act(mut actor: Actor) {
    match actor.role {
        Role::Produce(at, _) => {
            while !actor.world.chans[at].is_closed()
                && let Some(value) = actor.make()
            {
                actor.put_somehow(at, value).await;
            }
        }
        Role::Consume(at) => loop {
            match actor.get_somehow(at).await {
                Got::Value(value) => value.got(),
                Got::Some => {}
                Got::Closed => return,
            }
        },
        Role::Relay(from, to) => loop {
            match actor.get_somehow(from).await {
                Got::Value(value) => actor.put_somehow(to, value).await,
                Got::Some => {}
                Got::Closed => return,
            }
        },
    }
}

impl Actor {
    async fn put_somehow(&mut self, at: usize, value: Value) {
        let c = self.chan(at);
        self.acts();
        match self.rng.u8(..15) {
            0..4 => finish(planned::awaited(c.put(value)).await),
            4..6 => finish(hurried(self.rng.u8(..3), Fate::Withdrawn, c.put(value)).await),
            6 => self.try_put(&c, value),
            7 => {
                let mut values: VecDeque<Value> = self.few(value);
                if self.rng.bool() {
                    hurried(self.rng.u8(..3), Fate::Lost, c.put_many(&mut values)).await;
                } else {
                    planned::awaited(c.put_many(&mut values)).await;
                }
                values.into_iter().for_each(Value::back);
            }
            8 => self.put_with(&c, value),
            9 => self.add(&c, value),
            10 | 11 => {
                let other = self.any_chan();
                let got = hurried_or_not(
                    self.rng.u8(..8),
                    Fate::Withdrawn,
                    unwinding(async {
                        select! {
                            result = c.put(value) => { put(result); None }
                            got = other.get() => { value.back(); got }
                        }
                    }),
                );
                let got = got.await;
                self.keep_all(got.flatten());
            }
            12 => {
                let patience = self.patience();
                planned::awaited(unwinding(async {
                    select! {
                        result = c.put(value) => put(result),
                        timeout(patience) => value.back(),
                    }
                }))
                .await;
            }
            13 => {
                let (other, patience) = (self.any_chan(), self.patience());
                let select = Select::new().put(&c, value).get(&other);
                let result = planned::awaited(unwinding(select.timeout(patience))).await;
                self.selected_in_time(result);
            }
            _ => {
                let (other, third) = (self.any_chan(), self.any_chan());
                let mut select = Select::new().put(&c, value).get(&other);
                if let Some(more) = self.make() {
                    select = select.put(&third, more);
                }
                let select = select.priority(self.rng.bool());
                if let Some(selected) = hurried_or_not(
                    self.rng.u8(..8),
                    Fate::Withdrawn,
                    unwinding(select.into_future()),
                )
                .await
                {
                    self.selected(selected);
                }
            }
        }
    }

    async fn get_somehow(&mut self, at: usize) -> Got {
        let c = self.chan(at);
        self.acts();
        match self.rng.u8(..16) {
            0..4 => {
                let value = planned::awaited(c.get()).await;
                self.got_or_closed(value)
            }
            4..6 => {
                let value = hurried(self.rng.u8(..3), Fate::Lost, c.get()).await;
                self.got_or_closed(value)
            }
            6 => self.try_get(&c),
            7 => self.get_many(&c).await,
            8 => {
                self.get_with(&c);
                nop().await;
                Got::Some
            }
            9 => {
                self.try_lease(&c);
                Got::Some
            }
            10 => {
                let mut stream = c.stream();
                let value = hurried_or_not(self.rng.u8(..4), Fate::Lost, stream.next()).await;
                let got = self.got_or_closed(value);
                // It gives back what it was handed in the meantime.
                planned::caught(|| ledger::dropping(Fate::Lost, || drop(stream)));
                got
            }
            11 => {
                let other = self.any_chan();
                let value = hurried_or_not(self.rng.u8(..8), Fate::Lost, async {
                    select! {
                        value = c.get() => (value, None),
                        value = other.get() => (None, value),
                    }
                })
                .await;
                let (first, second) = value.unwrap_or_default();
                self.keep_all(first.into_iter().chain(second));
                // It may be the other that is closed, and always ready.
                nop().await;
                Got::Some
            }
            12 => {
                let (join, closed) = (c.join(), c.closed());
                hurried(1, Fate::Lost, join).await;
                hurried(1, Fate::Lost, closed).await;
                Got::Some
            }
            13 => {
                let patience = self.patience();
                let value = planned::awaited(async {
                    select! {
                        value = c.get() => Some(value),
                        timeout(patience) => None,
                    }
                })
                .await;
                self.got_or_closed(value.flatten())
            }
            14 => {
                let (world, patience) = (self.world.clone(), self.patience());
                let Some(select) = world.select_gets() else { return Got::Some };
                let result = planned::awaited(select.timeout(patience)).await;
                self.selected_in_time(result);
                Got::Some
            }
            _ => {
                let world = self.world.clone();
                let Some(select) = world.select_gets() else { return Got::Some };
                let select = select.priority(self.rng.bool());
                if let Some(selected) =
                    hurried_or_not(self.rng.u8(..8), Fate::Lost, select.into_future()).await
                {
                    self.selected(selected);
                }
                Got::Some
            }
        }
    }

    async fn get_many(&mut self, c: &Chan<Value>) -> Got {
        let max = self.rng.usize(1..9);
        let mut values = Vec::new();
        let got = hurried_or_not(self.rng.u8(..4), Fate::Lost, c.get_many(&mut values, max)).await;
        let is_closed = got == Some(0);
        self.keep_all(values);
        if is_closed { Got::Closed } else { Got::Some }
    }
}

/// As [`act`], until it is cancelled in the middle.
pub(crate) async fn act_for_a_while(mut actor: Actor) {
    let polls = actor.rng.u8(..);
    hurried(polls, Fate::Withdrawn, act(actor)).await;
}

/// Deals with what became of a put, if that is known.
fn finish(result: Option<Result<(), aiochan::PutError<Value>>>) {
    if let Some(result) = result {
        put(result);
    }
}

/// Gives up after so many polls, or never if there are more than two.
pub(crate) async fn hurried_or_not<F: Future>(
    polls: u8,
    fate: Fate,
    future: F,
) -> Option<F::Output> {
    if polls < 3 { hurried(polls, fate, future).await } else { planned::awaited(future).await }
}

/// A select with values to put, which a panic may take along.
async fn unwinding<F: Future>(future: F) -> F::Output {
    let mut future = Box::pin(Some(future));
    poll_fn(|cx| {
        ledger::unwinding(|| {
            let some = future.as_mut().as_pin_mut().expect("it has not ended");
            let end = catch_unwind(AssertUnwindSafe(|| some.poll(cx)));
            // What it holds goes here, be it in a panic.
            match end {
                Ok(poll) => poll,
                Err(panic) => {
                    ledger::dropping(Fate::Withdrawn, || future.set(None));
                    resume_unwind(panic)
                }
            }
        })
    })
    .await
}

/// Polls so often, or less if that is enough, and drops the future; with it go the values that it was to put, or
/// none.
pub(crate) async fn hurried<F: Future>(polls: u8, fate: Fate, future: F) -> Option<F::Output> {
    let mut future = Box::pin(future);
    for _ in 0..polls {
        let once = poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx)));
        match planned::awaited(once).await {
            Some(Poll::Ready(output)) => return Some(output),
            Some(Poll::Pending) => nop().await,
            None => break,
        }
    }
    planned::caught(|| ledger::dropping(fate, || drop(future)));
    None
}
