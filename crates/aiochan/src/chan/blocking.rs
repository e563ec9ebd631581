//! What threads do with a channel: the same, blocking.

use std::pin::pin;
use std::time::{Duration, Instant};

use super::Chan;
use crate::block::{block_on, block_on_until};
use crate::error::{GetTimeoutError, PutError, PutTimeoutError, TryGetError, TryPutError};
use crate::shared::put_and_unlock;

impl<T> Chan<T> {
    /// [`put`](Self::put), blocking the thread. Not for async code: it would block the executor.
    ///
    /// # Errors
    /// [`PutError`] with the value if the channel is closed.
    ///
    /// # Panics
    /// As [`run`](crate::run), if it has to wait inside a task; there too what to do in a tokio runtime.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::Chan::new();
    /// let out = c.clone();
    /// let thread = std::thread::spawn(move || out.put_blocking("hello"));
    /// assert_eq!(c.get_blocking(), Some("hello"));
    /// assert_eq!(thread.join().unwrap(), Ok(()));
    /// ```
    #[doc(alias = "send")]
    #[inline]
    pub fn put_blocking(&self, value: T) -> Result<(), PutError<T>> {
        match self.shared.lock_to_put_at_once() {
            Ok(state) => {
                put_and_unlock(state, value);
                Ok(())
            }
            Err(state) => {
                drop(state);
                self.put_waiting(value)
            }
        }
    }

    #[inline(never)]
    fn put_waiting(&self, value: T) -> Result<(), PutError<T>> {
        block_on(pin!(self.put(value)))
    }

    /// [`get`](Self::get), blocking the thread. Not for async code: it would block the executor.
    ///
    /// # Panics
    /// As [`run`](crate::run), if it has to wait inside a task; there too what to do in a tokio runtime.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_range(0..1);
    /// assert_eq!(c.get_blocking(), Some(0));
    /// assert_eq!(c.get_blocking(), None);
    /// ```
    #[doc(alias = "recv")]
    #[inline]
    pub fn get_blocking(&self) -> Option<T> {
        match self.shared.lock_to_get_at_once() {
            Ok(mut state) => Some(state.get_mut().get_plainly()),
            Err(state) => {
                drop(state);
                self.get_waiting()
            }
        }
    }

    #[inline(never)]
    fn get_waiting(&self) -> Option<T> {
        block_on(pin!(self.get()))
    }

    /// [`put_blocking`](Self::put_blocking), for at most `timeout`. A timeout of zero is the same as
    /// [`try_put`](Self::try_put). In async code, where it would block the executor, use the `timeout` arm of
    /// [`select!`](crate::select).
    ///
    /// # Errors
    /// [`PutTimeoutError::Timeout`] or [`PutTimeoutError::Closed`], with the value.
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Chan, PutTimeoutError};
    /// use std::time::Duration;
    ///
    /// let c = Chan::new();
    /// let result = c.put_timeout("nobody gets", Duration::from_millis(1));
    /// assert_eq!(result, Err(PutTimeoutError::Timeout("nobody gets")));
    /// ```
    pub fn put_timeout(&self, value: T, timeout: Duration) -> Result<(), PutTimeoutError<T>> {
        let value = match self.try_put(value) {
            Ok(()) => return Ok(()),
            Err(TryPutError::Closed(value)) => return Err(PutTimeoutError::Closed(value)),
            Err(TryPutError::Full(value)) => value,
        };
        if timeout.is_zero() {
            return Err(PutTimeoutError::Timeout(value));
        }
        let mut put = pin!(self.put(value));
        match block_on_until(put.as_mut(), Instant::now().checked_add(timeout)) {
            Some(result) => result.map_err(|PutError(value)| PutTimeoutError::Closed(value)),
            None => {
                put.as_mut().withdraw();
                put.take_back().map_or(Ok(()), |value| Err(PutTimeoutError::Timeout(value)))
            }
        }
    }

    /// [`get_blocking`](Self::get_blocking), for at most `timeout`. A timeout of zero is the same as
    /// [`try_get`](Self::try_get). In async code, where it would block the executor, use the `timeout` arm of
    /// [`select!`](crate::select).
    ///
    /// # Errors
    /// [`GetTimeoutError::Timeout`] or [`GetTimeoutError::Closed`].
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Chan, GetTimeoutError};
    /// use std::time::Duration;
    ///
    /// let c = Chan::<u8>::new();
    /// assert_eq!(c.get_timeout(Duration::from_millis(1)), Err(GetTimeoutError::Timeout));
    /// ```
    pub fn get_timeout(&self, timeout: Duration) -> Result<T, GetTimeoutError> {
        match self.try_get() {
            Ok(value) => return Ok(value),
            Err(TryGetError::Closed) => return Err(GetTimeoutError::Closed),
            Err(TryGetError::Empty) if timeout.is_zero() => return Err(GetTimeoutError::Timeout),
            Err(TryGetError::Empty) => {}
        }
        match block_on_until(pin!(self.get()), Instant::now().checked_add(timeout)) {
            Some(value) => value.ok_or(GetTimeoutError::Closed),
            // If a value was handed over at the last moment, dropping the get gives it back.
            None => Err(GetTimeoutError::Timeout),
        }
    }

    /// [`join`](Self::join), blocking the thread.
    ///
    /// # Panics
    /// As [`run`](crate::run), if it has to wait inside a task; there too what to do in a tokio runtime.
    pub fn join_blocking(&self) {
        block_on(pin!(self.join()));
    }
}
