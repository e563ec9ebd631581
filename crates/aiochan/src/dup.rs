//! `Dup`: every value of a channel for each of several others.

use std::array;
use std::fmt;

use crate::buffer::Buf;
use crate::chan::Chan;
use crate::control::Control;
use crate::fan::{Order, Tap, fan_out};
use crate::output::Output;

impl<T: Clone + Send + 'static> Chan<T> {
    /// Gives every value of this channel to each of several others, which are [tapped](Dup::tap).
    ///
    /// Its worker belongs to the runtime in which the first tap is made, as with [`go`](crate::go). When that
    /// is shut down the outs are closed, and those that are tapped later, with that reason.
    ///
    /// # Examples
    /// ```
    /// let source = aiochan::from_range(0..3);
    /// let [a, b] = source.dup().taps();
    /// for n in 0..3 {
    ///     assert_eq!((a.get_blocking(), b.get_blocking()), (Some(n), Some(n)));
    /// }
    /// assert_eq!((a.get_blocking(), b.get_blocking()), (None, None));
    /// ```
    #[doc(alias = "broadcast")]
    pub fn dup(&self) -> Dup<T> {
        Dup { inp: self.clone(), control: fan_out(self.clone()) }
    }
}

/// A duplicator, from [`Chan::dup`]: gives every value of its input to each of its outs.
///
/// It is a handle; clones are the same duplicator. Nothing is read before the first tap. From then on
/// one worker reads, in *lockstep*: a value is given to all outs before the next one is read. What an out
/// is to do when its consumer is slow is therefore the choice of its buffer:
///
/// | buffer of the out | a slow consumer |
/// |---|---|
/// | [`fixed(n)`](Buf::fixed), or none | holds up all others, once it is `n` values behind |
/// | [`sliding(n)`](Buf::sliding) | gets the latest `n` values; `sliding(1)`: the latest |
/// | [`dropping(n)`](Buf::dropping) | gets the oldest `n` values and misses those after |
/// | [`unbounded()`](Buf::unbounded) | gets everything; memory is the only limit |
/// | [`promise()`](Buf::promise) | gets the first value, again and again, and misses the rest |
///
/// **Leaving.** An out that is [untapped](Self::untap), closed, or left by everybody who could get from
/// it, gets no more values, and if it is the one that the others wait for they go on at once. A value that
/// waits to be taken is withdrawn by untapping; in an out that is closed it stays, as that of any put, for
/// those who drain it.
///
/// **The end.** When the input ends, the outs are closed, with its
/// [`close_reason`](Chan::close_reason) if it has one: when all values have been read, though one that waits to
/// be taken stays for those who drain. When a `Clone` panics they are closed with
/// [`Panicked`](crate::Panicked); when a consumer does (its callback or waker, or the `Drop` of what it
/// displaces), only its own out is. Who taps after the end has a closed channel at once. Untapping and closing
/// do nothing any more then: what waits to be taken is as good as put.
///
/// **Without outs** values are read and dropped, after there has been one, for as long as there is a handle
/// that could tap. Dropping the handle does not stop it; but with neither a handle nor an out left it
/// reads no more. It never closes its input; but when nobody else could get from that, those who put into
/// it learn that nobody will.
///
/// # Examples
/// ```
/// let temperatures = aiochan::Chan::new();
/// let dup = temperatures.dup();
/// let every = dup.tap_with(16);
/// let latest = dup.tap_with(aiochan::Buf::sliding(1));
/// for t in [20, 21, 22] {
///     temperatures.put_blocking(t).unwrap();
/// }
/// temperatures.close();
/// assert_eq!(every.iter().collect::<Vec<_>>(), [20, 21, 22]);
/// assert_eq!(latest.iter().last(), Some(22));
/// ```
pub struct Dup<T> {
    inp: Chan<T>,
    control: Control<Order<T>>,
}

impl<T: Clone + Send + 'static> Dup<T> {
    /// A new channel without a buffer that gets every value from now on: those whose put begins after
    /// this, and perhaps one that was handed over just before.
    ///
    /// The first tap starts the worker. Where several outs are to begin with the same value, use
    /// [`taps`](Self::taps), or put into the input only after the last one.
    ///
    /// # Examples
    /// ```
    /// let source = aiochan::Chan::new();
    /// let out = source.dup().tap();
    /// source.put_blocking("hello").unwrap();
    /// assert_eq!(out.get_blocking(), Some("hello"));
    /// ```
    pub fn tap(&self) -> Chan<T> {
        self.tap_with(0)
    }

    /// A new channel with a buffer that gets every value from now on: a number for a fixed one, or a
    /// [`Buf`].
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Buf, from_range};
    ///
    /// let oldest = from_range(0..5).dup().tap_with(Buf::dropping(2));
    /// aiochan::run(oldest.closed());
    /// assert_eq!(oldest.iter().collect::<Vec<_>>(), [0, 1]);
    /// ```
    pub fn tap_with(&self, buffer: impl Into<Buf<T>>) -> Chan<T> {
        let out = Chan::builder().buffer(buffer).build();
        self.tap_into(&out);
        out
    }

    /// Several new channels without a buffer, which begin with the same value.
    ///
    /// # Examples
    /// ```
    /// let [a, b, c] = aiochan::from_iter(["x"]).dup().taps();
    /// assert_eq!([a, b, c].map(|out| out.get_blocking()), [Some("x"); 3]);
    /// ```
    pub fn taps<const N: usize>(&self) -> [Chan<T>; N] {
        let outs = array::from_fn(|_| Chan::new());
        if N > 0 {
            self.add(outs.iter().map(|out| (out, false)));
        }
        outs
    }

    /// Has `out` get every value from now on, and closes it when the input ends.
    ///
    /// Tapping a channel again changes only whether it is closed at the end.
    ///
    /// # Examples
    /// ```
    /// let (source, all) = (aiochan::from_range(0..2), aiochan::Chan::fixed(2));
    /// source.dup().tap_into(&all);
    /// assert_eq!(all.iter().collect::<Vec<_>>(), [0, 1]);
    /// ```
    pub fn tap_into(&self, out: &Chan<T>) {
        self.add([(out, false)]);
    }

    /// Has `out` get every value from now on, and leaves it open when the input ends, for others that
    /// put into it. An input that was closed with a reason, or a failure here, still closes it, with
    /// that reason.
    ///
    /// # Examples
    /// ```
    /// let (source, log) = (aiochan::from_range(0..2), aiochan::Chan::fixed(8));
    /// let dup = source.dup();
    /// dup.tap_keep_open(&log);
    /// assert_eq!((log.get_blocking(), log.get_blocking()), (Some(0), Some(1)));
    /// assert!(!log.is_closed());
    /// ```
    pub fn tap_keep_open(&self, out: &Chan<T>) {
        self.add([(out, true)]);
    }

    /// Has `out` get no more values: none whose put begins after this. It is not closed. A value that waits
    /// to be taken is withdrawn, unless it is taken before the worker comes to that. For a channel that is
    /// not tapped, or once the input has ended, it does nothing.
    ///
    /// # Examples
    /// ```
    /// let source = aiochan::Chan::new();
    /// let dup = source.dup();
    /// let [a, slow] = dup.taps();
    /// source.put_blocking(1).unwrap(); // `slow` does not take it
    /// dup.untap(&slow);
    /// let rest = a.iter();
    /// source.close();
    /// assert_eq!(rest.collect::<Vec<_>>(), [1]);
    /// assert!(!slow.is_closed());
    /// ```
    pub fn untap(&self, out: &Chan<T>) {
        self.control.order(Order::Untap(out.feed()));
    }

    /// [Untaps](Self::untap) all. From then on, and until there is a tap again, values are read and
    /// dropped.
    ///
    /// # Examples
    /// ```
    /// let source = aiochan::Chan::new();
    /// let dup = source.dup();
    /// let [a, b] = dup.taps();
    /// dup.untap_all();
    /// source.put_blocking(1).unwrap(); // is dropped
    /// let c = dup.tap();
    /// source.put_blocking(2).unwrap();
    /// assert_eq!(c.get_blocking(), Some(2));
    /// assert!(!a.is_closed() && !b.is_closed());
    /// ```
    pub fn untap_all(&self) {
        self.control.order(Order::UntapAll);
    }

    /// Stops reading at once, also while an out is waited for, and closes the outs, but those that are to
    /// be kept open. A value that some outs have taken already stays there for the others; what has not
    /// been read stays in the input, which is left as it is.
    ///
    /// # Examples
    /// ```
    /// let source = aiochan::from_range(0..);
    /// let dup = source.dup();
    /// let [a, b] = dup.taps();
    /// assert_eq!((a.get_blocking(), b.get_blocking()), (Some(0), Some(0)));
    /// dup.close();
    /// assert_eq!(a.iter().count(), b.iter().count()); // both end, with the same value
    /// ```
    pub fn close(&self) {
        self.control.stop(Order::Close);
    }

    /// The input.
    pub fn inp(&self) -> &Chan<T> {
        &self.inp
    }

    fn add<'a>(&self, outs: impl IntoIterator<Item = (&'a Chan<T>, bool)>) {
        let outs = outs.into_iter();
        let new = |(out, keep_open)| Tap { output: Output::new(out, keep_open), _lease: None };
        self.control.start(Order::Tap(outs.map(new).collect()));
    }
}

impl<T> Clone for Dup<T> {
    /// Another handle of the same duplicator.
    fn clone(&self) -> Self {
        Self { inp: self.inp.clone(), control: self.control.clone() }
    }
}

impl<T> fmt::Debug for Dup<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dup").field("inp", &self.inp).finish_non_exhaustive()
    }
}
