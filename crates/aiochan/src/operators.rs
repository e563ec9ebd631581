//! The operators of a [`Flow`], on a channel.

use futures_core::Stream;

use crate::chan::Chan;
use crate::flow::Flow;
use crate::jobs::Plain;
use crate::pipe::{Futures, Pipe, Threads};
use crate::spawn::nop;

macro_rules! operators {
    ($(
        $(#[$example:meta])*
        $name:ident $(<$($generic:ident),+>)? ($($arg:ident: $type:ty),*) -> $item:ty
        $(where $($bounded:ty: [$($bound:tt)+]),+)?;
    )+) => {
        impl<T: Send + 'static> Chan<T> {$(
            #[doc = concat!("[`Flow::", stringify!($name), "`] of this channel's values.")]
            ///
            /// # Panics
            #[doc = concat!("As [`Flow::", stringify!($name), "`]; and as [`Flow`], when it is polled.")]
            ///
            /// # Cancel safety
            /// As [`Flow`].
            ///
            /// # Examples
            $(#[$example])*
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
    /// ```
    /// let prices = aiochan::Chan::from_iter([1, 2, 3]);
    /// let doubled = prices.map(|n| n * 2).chan();
    /// assert_eq!(doubled.iter().collect::<Vec<_>>(), [2, 4, 6]);
    /// ```
    map<R, F>(f: F) -> R where F: [FnMut(T) -> R];
    /// ```
    /// let c = aiochan::from_range(0..6).filter(|n| n % 2 == 0).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [0, 2, 4]);
    /// ```
    filter<P>(p: P) -> T where P: [FnMut(&T) -> bool];
    /// ```
    /// let c = aiochan::from_iter(["1", "two", "3"]).filter_map(|s| s.parse::<u8>().ok()).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [1, 3]);
    /// ```
    filter_map<R, F>(f: F) -> R where F: [FnMut(T) -> Option<R>];
    /// ```
    /// let c = aiochan::from_iter(["a b", "", "c"]).flat_map(str::split_whitespace).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), ["a", "b", "c"]);
    /// ```
    flat_map<I, F>(f: F) -> I::Item where I: [IntoIterator], F: [FnMut(T) -> I];
    /// ```
    /// let c = aiochan::from_range(0..).take(2).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [0, 1]);
    /// ```
    take(n: usize) -> T;
    /// ```
    /// let c = aiochan::from_range(0..4).drop(2).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [2, 3]);
    /// ```
    drop(n: usize) -> T;
    /// ```
    /// let c = aiochan::from_range(1..).take_while(|n| *n < 3).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [1, 2]);
    /// ```
    take_while<P>(p: P) -> T where P: [FnMut(&T) -> bool];
    /// ```
    /// let c = aiochan::from_iter([1, 5, 2]).drop_while(|n| *n < 3).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [5, 2]);
    /// ```
    drop_while<P>(p: P) -> T where P: [FnMut(&T) -> bool];
    /// ```
    /// let c = aiochan::from_range(1..4).group(2).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [vec![1, 2], vec![3]]);
    /// ```
    #[doc(alias = "chunks")]
    group(n: usize) -> Vec<T>;
    /// ```
    /// let c = aiochan::from_iter([1, 3, 2]).group_by(|n| n % 2 == 0).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [(false, vec![1, 3]), (true, vec![2])]);
    /// ```
    group_by<K, F>(key: F) -> (K, Vec<T>) where K: [PartialEq], F: [FnMut(&T) -> K];
    /// ```
    /// let c = aiochan::from_iter([1, 1, 2, 1]).distinct().chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [1, 2, 1]);
    /// ```
    #[doc(alias = "dedup")]
    distinct() -> T where T: [Clone + PartialEq];
    /// ```
    /// let c = aiochan::from_range(1..5).reduce(|product, n| product * n).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [24]);
    /// ```
    reduce<F>(f: F) -> T where F: [FnMut(T, T) -> T];
    /// ```
    /// let c = aiochan::from_iter(["a", "bc"]).reduce_from(0, |sum, s| sum + s.len()).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [3]);
    /// ```
    #[doc(alias = "fold")]
    reduce_from<A, F>(init: A, f: F) -> A where F: [FnMut(A, T) -> A];
    /// ```
    /// let c = aiochan::from_range(1..4).scan(|sum, n| sum + n).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [1, 3, 6]);
    /// ```
    scan<F>(f: F) -> T where T: [Clone], F: [FnMut(T, T) -> T];
    /// ```
    /// let c = aiochan::from_range(1..4).scan_from(10, |sum, n| sum + n).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [10, 11, 13, 16]);
    /// ```
    scan_from<A, F>(init: A, f: F) -> A where A: [Clone], F: [FnMut(A, T) -> A];
}

impl<T: Send + 'static> Chan<T> {
    /// [`Flow::async_pipe`] of this channel's values.
    ///
    /// # Panics
    /// As [`Flow::async_pipe`].
    ///
    /// # Cancel safety
    /// As [`Pipe`], under *Leaving*.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_range(0..4).async_pipe(2, async |n| n * n).chan();
    /// assert_eq!(c.iter().collect::<Vec<_>>(), [0, 1, 4, 9]);
    /// ```
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
    ///
    /// # Panics
    /// As [`Flow::async_pipe_unordered`].
    ///
    /// # Cancel safety
    /// As [`Pipe`], under *Leaving*.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_range(0..4).async_pipe_unordered(2, async |n| n * n).chan();
    /// assert_eq!(c.iter().sum::<i32>(), 14);
    /// ```
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
    ///
    /// # Panics
    /// As [`Flow::parallel_pipe`].
    ///
    /// # Cancel safety
    /// As [`Pipe`], under *Leaving*.
    ///
    /// # Examples
    /// ```
    /// let lengths = aiochan::from_iter(["one", "three", "five"]).parallel_pipe(2, str::len).chan();
    /// assert_eq!(lengths.iter().collect::<Vec<_>>(), [3, 5, 4]);
    /// ```
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
    ///
    /// # Panics
    /// As [`Flow::parallel_pipe_unordered`].
    ///
    /// # Cancel safety
    /// As [`Pipe`], under *Leaving*.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_range(0..4).parallel_pipe_unordered(2, |n| n * n).chan();
    /// assert_eq!(c.iter().sum::<i32>(), 14);
    /// ```
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
