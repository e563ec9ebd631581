//! Actors that are chains of callbacks: each begins the next operation.

use aiochan::Chan;

use crate::actor::{Actor, Role, put};
use crate::ledger::{self, Fate, Value};
use crate::planned;

/// Begins the chain of a producer or a consumer. It goes on by itself, and ends early where too many wait already.
pub(crate) fn act(actor: Actor) {
    match actor.role {
        Role::Produce(at, _) => put_next(actor.chan(at), actor),
        Role::Consume(at) | Role::Relay(at, _) => get_next(actor.chan(at), actor),
    }
}

fn put_next(c: Chan<Value>, mut actor: Actor) {
    let Some(value) = actor.make() else { return };
    if c.is_closed() {
        return value.back();
    }
    actor.acts();
    let panics = actor.rng.u8(..16) == 0;
    let (own, calls) = (c.clone(), actor.world.calls.clone());
    planned::caught(|| {
        let refused = calls.put_with(&c, value, move |result| {
            body(|| put(result));
            body(|| put_next(own, actor));
            if panics {
                planned::panic();
            }
        });
        refused.into_iter().for_each(Value::back);
    });
}

fn get_next(c: Chan<Value>, mut actor: Actor) {
    actor.acts();
    let panics = actor.rng.u8(..16) == 0;
    let (own, calls) = (c.clone(), actor.world.calls.clone());
    planned::caught(|| {
        calls.get_with(&c, move |value| {
            let Some(value) = value else { return };
            body(|| actor.keep(value));
            body(|| get_next(own, actor));
            if panics {
                planned::panic();
            }
        });
    });
}

/// What happens in a callback has nothing to do with what its caller is dropping.
fn body<R>(f: impl FnOnce() -> R) -> R {
    ledger::dropping(Fate::Evicted, f)
}
