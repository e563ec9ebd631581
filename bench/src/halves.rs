//! The halves of every channel under one face: numbers are given to the one and taken from the other, each
//! time by that crate's own natural call.
//!
//! A half says by its traits who may use it: only tasks, only threads, or both.

use std::future::Future;
use std::hint::black_box;

use crate::message::Message;

pub trait Tx: Send + Sized + 'static {
    /// One more of them. Nothing if there can be only one.
    fn another(&self) -> Option<Self>;
    /// Gives without waiting.
    fn try_give(&mut self, number: u64) -> bool;
}

pub trait Rx: Send + Sized + 'static {
    fn another(&self) -> Option<Self>;
    fn try_take(&mut self) -> Option<u64>;
}

pub trait TaskTx: Tx {
    /// Makes a message of the number and sends it. False if nobody can receive any more.
    fn give(&mut self, number: u64) -> impl Future<Output = bool> + Send;
}

pub trait TaskRx: Rx {
    fn take(&mut self) -> impl Future<Output = Option<u64>> + Send;
}

pub trait ThreadTx: Tx {
    fn give_blocking(&mut self, number: u64) -> bool;
}

pub trait ThreadRx: Rx {
    fn take_blocking(&mut self) -> Option<u64>;
}

/// The number of a message that is there as a whole.
pub fn number<T: Message>(message: T) -> u64 {
    black_box(&message).number()
}

/// The number of a message that is read where it is.
pub fn number_in<T: Message>(message: &T) -> u64 {
    black_box(message).number()
}

macro_rules! another {
    (many $half:ident) => {
        Some($half.clone())
    };
    (one $half:ident) => {{
        let _ = $half;
        None
    }};
}

/// Implements the traits of senders for each of the types.
macro_rules! senders {
    ($many:ident [$($half:ty),*] $calls:tt) => {
        $(senders! { @half $many $half, $calls })*
    };
    (@half $many:ident $half:ty, {
        now($now:ident, $some:ident) $attempt:expr;
        $($who:ident($tx:ident, $value:ident) $call:expr;)*
    }) => {
        impl<T: Message> Tx for $half {
            fn another(&self) -> Option<Self> {
                another!($many self)
            }
            fn try_give(&mut self, number: u64) -> bool {
                let ($now, $some) = (self, T::of(number));
                $attempt
            }
        }
        $(senders! { @$who $half, $tx, $value, $call })*
    };
    (@task $half:ty, $tx:ident, $value:ident, $call:expr) => {
        impl<T: Message> TaskTx for $half {
            async fn give(&mut self, number: u64) -> bool {
                let ($tx, $value) = (self, T::of(number));
                $call
            }
        }
    };
    (@thread $half:ty, $tx:ident, $value:ident, $call:expr) => {
        impl<T: Message> ThreadTx for $half {
            fn give_blocking(&mut self, number: u64) -> bool {
                let ($tx, $value) = (self, T::of(number));
                $call
            }
        }
    };
}

/// Implements the traits of receivers for each of the types.
macro_rules! receivers {
    ($many:ident [$($half:ty),*] $calls:tt) => {
        $(receivers! { @half $many $half, $calls })*
    };
    (@half $many:ident $half:ty, {
        now($now:ident) $attempt:expr;
        $($who:ident($rx:ident) $call:expr;)*
    }) => {
        impl<T: Message> Rx for $half {
            fn another(&self) -> Option<Self> {
                another!($many self)
            }
            fn try_take(&mut self) -> Option<u64> {
                let $now = self;
                $attempt.map(number)
            }
        }
        $(receivers! { @$who $half, $rx, $call })*
    };
    (@task $half:ty, $rx:ident, $call:expr) => {
        impl<T: Message> TaskRx for $half {
            async fn take(&mut self) -> Option<u64> {
                let $rx = self;
                $call.map(number)
            }
        }
    };
    (@thread $half:ty, $rx:ident, $call:expr) => {
        impl<T: Message> ThreadRx for $half {
            fn take_blocking(&mut self) -> Option<u64> {
                let $rx = self;
                $call.map(number)
            }
        }
    };
}

pub(crate) use {another, receivers, senders};
