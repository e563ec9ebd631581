//! CSP channels that never lose a value.
#![deny(unsafe_code)]

mod block;
mod buffer;
mod callback;
mod chan;
mod effects;
mod error;
mod flag;
mod halves;
mod lock;
mod many;
mod op;
mod queue;
mod race;
mod select;
mod select_macro;
mod shared;
mod state;
mod stats;
mod stream;
mod sync;
mod waiter;

pub use buffer::{Buf, Buffer};
pub use chan::{Builder, Chan, MAX_PENDING};
pub use error::{
    AddError, Closed, GetTimeoutError, PutError, PutTimeoutError, TooManyPending, TryGetError,
    TryPutError,
};
pub use halves::{Receiver, Sender};
pub use op::{Get, Join, Put};
pub use select::{Outcome, Select, Selected, Unselected};
pub use stats::{ChanState, Stats};
pub use stream::{IntoIter, Items, Iter};

#[doc(hidden)]
pub mod __private {
    //! What the macros name.
    pub use crate::race::Race;
}
