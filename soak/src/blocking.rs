//! Actors that block their thread.

use std::collections::VecDeque;

use aiochan::{GetTimeoutError, Select, select_blocking};

use crate::actor::{Actor, Got, Role, put};
use crate::ledger::{self, Value};
use crate::planned::caught;

/// Does what the actor is there for.
pub(crate) fn act(mut actor: Actor) {
    match actor.role {
        Role::Produce(at, _) => {
            while !actor.world.chans[at].is_closed()
                && let Some(value) = actor.make()
            {
                actor.put_blocking(at, value);
            }
        }
        Role::Consume(at) => loop {
            match actor.get_blocking(at) {
                Got::Value(value) => value.got(),
                Got::Some => {}
                Got::Closed => return,
            }
        },
        Role::Relay(from, to) => loop {
            match actor.get_blocking(from) {
                Got::Value(value) => actor.put_blocking(to, value),
                Got::Some => {}
                Got::Closed => return,
            }
        },
    }
}

impl Actor {
    fn put_blocking(&mut self, at: usize, value: Value) {
        let c = self.chan(at);
        self.acts();
        match self.rng.u8(..12) {
            0..4 => {
                caught(|| put(c.put_blocking(value)));
            }
            4 | 5 => {
                let patience = self.patience();
                if let Some(Err(error)) = caught(|| c.put_timeout(value, patience)) {
                    error.into_inner().back();
                }
            }
            6 => self.try_put(&c, value),
            7 => {
                let mut values: VecDeque<Value> = self.few(value);
                caught(|| c.put_many_blocking(&mut values));
                values.into_iter().for_each(Value::back);
            }
            8 => self.put_with(&c, value),
            9 => self.add(&c, value),
            10 => {
                let other = self.any_chan();
                let got = caught(|| {
                    ledger::unwinding(|| {
                        select_blocking! {
                            result = c.put(value) => { put(result); None }
                            got = other.get() => { value.back(); got }
                        }
                    })
                });
                self.keep_all(got.flatten());
            }
            _ => {
                let (other, patience) = (self.any_chan(), self.patience());
                let select = Select::new().put(&c, value).get(&other);
                let result = caught(|| ledger::unwinding(|| select.blocking_timeout(patience)));
                self.selected_in_time(result);
            }
        }
    }

    fn get_blocking(&mut self, at: usize) -> Got {
        let c = self.chan(at);
        self.acts();
        match self.rng.u8(..12) {
            0..4 => {
                let value = caught(|| c.get_blocking());
                self.got_or_closed(value)
            }
            4 | 5 => {
                let patience = self.patience();
                match caught(|| c.get_timeout(patience)) {
                    Some(Ok(value)) => self.got(value),
                    Some(Err(GetTimeoutError::Closed)) => Got::Closed,
                    Some(Err(GetTimeoutError::Timeout)) | None => Got::Some,
                }
            }
            6 => self.try_get(&c),
            7 => {
                let max = self.rng.usize(1..9);
                let mut values = Vec::new();
                let got = caught(|| c.get_many_blocking(&mut values, max));
                self.keep_all(values);
                if got == Some(0) { Got::Closed } else { Got::Some }
            }
            8 => {
                self.get_with(&c);
                Got::Some
            }
            9 => {
                self.try_lease(&c);
                Got::Some
            }
            10 => {
                let other = self.any_chan();
                let value = caught(|| {
                    select_blocking! {
                        value = c.get() => value,
                        value = other.get() => value,
                    }
                });
                self.keep_all(value.flatten());
                Got::Some
            }
            _ => {
                let patience = self.patience();
                let world = self.world.clone();
                let Some(select) = world.select_gets() else { return Got::Some };
                let result = caught(|| select.blocking_timeout(patience));
                self.selected_in_time(result);
                Got::Some
            }
        }
    }
}
