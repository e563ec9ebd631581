//! The operators of a [`Flow`], on a channel.

use futures_core::Stream;

use crate::chan::Chan;
use crate::flow::Flow;
use crate::jobs::Plain;
use crate::pipe::{Futures, Pipe, Threads};
use crate::spawn::nop;

macro_rules! operators {
    ($(
        $name:ident $(<$($generic:ident),+>)? ($($arg:ident: $type:ty),*) -> $item:ty
        $(where $($bounded:ty: [$($bound:tt)+]),+)?;
    )+) => {
        impl<T: Send + 'static> Chan<T> {$(
            #[doc = concat!("[`Flow::", stringify!($name), "`] of this channel's values.")]
            pub fn $name<$($($generic),+)?>(
                &self,
                $($arg: $type),*
            ) -> Flow<impl Stream<Item = $item> + use<T, $($($generic),+)?>>
            $(where $($bounded: $($bound)+),+)?
            {
                self.flow().$name($($arg),*)
            }
        )+}
    };
}

operators! {
    map<R, F>(f: F) -> R where F: [FnMut(T) -> R];
    filter<P>(p: P) -> T where P: [FnMut(&T) -> bool];
    filter_map<R, F>(f: F) -> R where F: [FnMut(T) -> Option<R>];
    flat_map<I, F>(f: F) -> I::Item where I: [IntoIterator], F: [FnMut(T) -> I];
    take(n: usize) -> T;
    drop(n: usize) -> T;
    take_while<P>(p: P) -> T where P: [FnMut(&T) -> bool];
    drop_while<P>(p: P) -> T where P: [FnMut(&T) -> bool];
    group(n: usize) -> Vec<T>;
    group_by<K, F>(key: F) -> (K, Vec<T>) where K: [PartialEq], F: [FnMut(&T) -> K];
    distinct() -> T where T: [Clone + PartialEq];
    reduce<F>(f: F) -> T where F: [FnMut(T, T) -> T];
    reduce_from<A, F>(init: A, f: F) -> A where F: [FnMut(A, T) -> A];
    scan<F>(f: F) -> T where T: [Clone], F: [FnMut(T, T) -> T];
    scan_from<A, F>(init: A, f: F) -> A where A: [Clone], F: [FnMut(A, T) -> A];
}

impl<T: Send + 'static> Chan<T> {
    /// [`Flow::async_pipe`] of this channel's values.
    pub fn async_pipe<R, Fut, F>(
        &self,
        n: usize,
        f: F,
    ) -> Pipe<impl Stream<Item = T> + use<T, R, Fut, F>, Futures<Plain<F>>>
    where
        F: FnMut(T) -> Fut,
        Fut: Future<Output = R>,
    {
        self.flow().async_pipe(n, f)
    }

    /// [`Flow::async_pipe_unordered`] of this channel's values.
    pub fn async_pipe_unordered<R, Fut, F>(
        &self,
        n: usize,
        f: F,
    ) -> Pipe<impl Stream<Item = T> + use<T, R, Fut, F>, Futures<Plain<F>>>
    where
        F: FnMut(T) -> Fut,
        Fut: Future<Output = R>,
    {
        self.flow().async_pipe_unordered(n, f)
    }

    /// [`Flow::parallel_pipe`] of this channel's values.
    pub fn parallel_pipe<R, F>(
        &self,
        n: usize,
        f: F,
    ) -> Pipe<impl Stream<Item = T> + use<T, R, F>, Threads<Plain<F>>>
    where
        F: Fn(T) -> R,
    {
        self.flow().parallel_pipe(n, f)
    }

    /// [`Flow::parallel_pipe_unordered`] of this channel's values.
    pub fn parallel_pipe_unordered<R, F>(
        &self,
        n: usize,
        f: F,
    ) -> Pipe<impl Stream<Item = T> + use<T, R, F>, Threads<Plain<F>>>
    where
        F: Fn(T) -> R,
    {
        self.flow().parallel_pipe_unordered(n, f)
    }

    /// All values, once the channel is closed and drained. For a limited number of them:
    /// `take(n).collect()`.
    ///
    /// # Cancel safety
    /// Dropping it drops the values that it has taken; [`get_many`](Self::get_many) keeps them.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_iter(["a", "b"]);
    /// assert_eq!(aiochan::run(c.collect()), ["a", "b"]);
    /// ```
    pub async fn collect(&self) -> Vec<T> {
        const MANY: usize = 128;
        let mut values = Vec::new();
        loop {
            match self.get_many(&mut values, MANY).await {
                0 => return values,
                // There may be no end of them: the executor has its turn.
                MANY => nop().await,
                _ => {}
            }
        }
    }
}

/// A channel that gives out the numbers of a range, which may be endless.
///
/// Any range of Rust will do: `0..10`, `1..`, `(0..10).step_by(2)`, `(0..10).rev()`. It is a name for
/// [`Chan::from_iter`].
///
/// # Examples
/// ```
/// let c = aiochan::from_range((1..).step_by(2));
/// assert_eq!([c.get_blocking(), c.get_blocking()], [Some(1), Some(3)]);
/// ```
pub fn from_range<R>(range: R) -> Chan<R::Item>
where
    R: Iterator + Send + 'static,
{
    Chan::from_iter(range)
}

/// A channel that gives out the items of `iter`: [`Chan::from_iter`].
///
/// # Examples
/// ```
/// let c = aiochan::from_iter(["a", "b"]);
/// assert_eq!(c.iter().collect::<String>(), "ab");
/// ```
pub fn from_iter<I>(iter: I) -> Chan<I::Item>
where
    I: IntoIterator,
    I::IntoIter: Send + 'static,
{
    Chan::from_iter(iter)
}
