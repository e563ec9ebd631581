//! Several channels as one flow: `merge`, `zip_chans`, `combine_latest`.

use std::borrow::Borrow;
use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::adapt::Budget;
use crate::chan::Chan;
use crate::flow::Flow;
use crate::output::Origins;
use crate::panics::{discard, list};
use crate::stream::Items;

/// The values of several channels as they come, as a [`Flow`].
///
/// It ends when all inputs have ended. Inputs that have values at the same time take turns. When an
/// input was closed with a reason the output is closed with the first one found; the values of the other
/// inputs come before.
///
/// For each value every input that waits is looked at. Thousands of inputs better put into one channel
/// themselves: [`keep_open`](Flow::keep_open) and [`into_chan`](Flow::into_chan) for each.
///
/// # Panics
/// If there are no inputs.
///
/// # Cancel safety
/// As [`Chan::stream`]: what an input has handed over and the flow has not taken is given back when the flow is
/// dropped. A `next()` that is dropped leaves it waiting in all its inputs.
///
/// # Examples
/// ```
/// use aiochan::{from_range, merge};
///
/// let mut all: Vec<_> = merge([from_range(0..3), from_range(10..13)]).chan().iter().collect();
/// all.sort();
/// assert_eq!(all, [0, 1, 2, 10, 11, 12]);
/// ```
#[doc(alias = "select_all")]
pub fn merge<T, C>(inputs: impl IntoIterator<Item = C>) -> Flow<Merge<T>>
where
    T: Send + 'static,
    C: Borrow<Chan<T>>,
{
    let inputs = given(inputs, "merge");
    flow(&inputs, Merge(Budget::new(Turns::new(&inputs))))
}

/// Lists of one value of each channel, in lockstep, as a [`Flow`].
///
/// The next value of an input is taken when all have given theirs. An input that has ended gives
/// `None`; the flow ends when all have, so no value is left behind with the inputs that have more.
/// When an input was closed with a reason the output is closed with the first one found.
///
/// # Panics
/// If there are no inputs.
///
/// # Cancel safety
/// Dropping it drops the values that it has taken for the list it is at, and so does closing the channel that
/// it ends in.
///
/// # Examples
/// ```
/// use aiochan::{from_range, zip_chans};
///
/// let lists = zip_chans([from_range(0..2), from_range(10..11)]).chan();
/// assert_eq!(lists.iter().collect::<Vec<_>>(), [[Some(0), Some(10)], [Some(1), None]]);
/// ```
#[doc(alias = "zip")]
pub fn zip_chans<T, C>(inputs: impl IntoIterator<Item = C>) -> Flow<ZipChans<T>>
where
    T: Send + 'static,
    C: Borrow<Chan<T>>,
{
    let inputs = given(inputs, "zip_chans");
    let columns = inputs.iter().map(|chan| Column { items: Some(chan.stream()), value: None });
    flow(&inputs, ZipChans(Budget::new(Rounds(columns.collect()))))
}

/// The latest values of several channels, a list after each new value, as a [`Flow`].
///
/// `None` stands for an input that has given nothing yet; that of an input that has ended stays. A
/// channel that is given twice has its latest value in both places. It ends when all inputs have ended.
/// When an input was closed with a reason the output is closed with the first one found. For each value every
/// input that waits is looked at, as with [`merge`].
///
/// # Panics
/// If there are no inputs.
///
/// # Cancel safety
/// As [`merge`].
///
/// # Examples
/// ```
/// use aiochan::{Chan, combine_latest};
///
/// let (width, height) = (Chan::new(), Chan::new());
/// let size = combine_latest([&width, &height]).chan();
/// width.put_blocking(3).unwrap();
/// assert_eq!(size.get_blocking(), Some(vec![Some(3), None]));
/// height.put_blocking(4).unwrap();
/// assert_eq!(size.get_blocking(), Some(vec![Some(3), Some(4)]));
/// ```
pub fn combine_latest<T, C>(inputs: impl IntoIterator<Item = C>) -> Flow<CombineLatest<T>>
where
    T: Clone + Send + 'static,
    C: Borrow<Chan<T>>,
{
    let inputs = given(inputs, "combine_latest");
    let mut different: Vec<Chan<T>> = Vec::new();
    let mut places = Vec::new();
    for chan in &inputs {
        let place = different.iter().position(|other| other == chan);
        places.push(place.unwrap_or(different.len()));
        if place.is_none() {
            different.push(chan.clone());
        }
    }
    let latest = vec![None; different.len()];
    let turns = Budget::new(Turns::new(&different));
    flow(&inputs, CombineLatest { turns, latest, places })
}

fn given<T, C: Borrow<Chan<T>>>(inputs: impl IntoIterator<Item = C>, by: &str) -> Vec<Chan<T>> {
    let inputs: Vec<_> = inputs.into_iter().map(|chan| chan.borrow().clone()).collect();
    assert!(!inputs.is_empty(), "{by} of no channels; give it at least one");
    inputs
}

fn flow<T: Send + 'static, S: Stream>(inputs: &[Chan<T>], stream: S) -> Flow<S> {
    let mut origins = Origins::default();
    for chan in inputs {
        origins.append(Origins::of(chan));
    }
    Flow { stream, origins, keep_open: false }
}

/// The stream of [`merge`].
#[must_use = "a stream does nothing until it is polled"]
pub struct Merge<T>(Budget<Turns<T>>);

impl<T> Stream for Merge<T> {
    type Item = T;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        let next = ready!(Pin::new(&mut self.0).poll_next(cx));
        Poll::Ready(next.map(|(_, value)| value))
    }
}

/// The stream of [`zip_chans`].
#[must_use = "a stream does nothing until it is polled"]
pub struct ZipChans<T>(Budget<Rounds<T>>);

impl<T> Stream for ZipChans<T> {
    type Item = Vec<Option<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        Pin::new(&mut self.0).poll_next(cx)
    }
}

/// The stream of [`combine_latest`].
#[must_use = "a stream does nothing until it is polled"]
pub struct CombineLatest<T> {
    /// The different inputs.
    turns: Budget<Turns<T>>,
    latest: Vec<Option<T>>,
    /// Which of `latest` stands at each place of a list.
    places: Vec<usize>,
}

impl<T> Unpin for CombineLatest<T> {}

impl<T> Drop for CombineLatest<T> {
    fn drop(&mut self) {
        self.latest.drain(..).for_each(discard);
    }
}

impl<T: Clone> Stream for CombineLatest<T> {
    type Item = Vec<Option<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { turns, latest, places } = &mut *self;
        let Some((from, value)) = ready!(Pin::new(turns).poll_next(cx)) else {
            return Poll::Ready(None);
        };
        latest[from] = Some(value);
        Poll::Ready(Some(list(places.iter().map(|&place| latest[place].clone()))))
    }
}

/// The values of several channels as they come, each with the number of its channel.
struct Turns<T> {
    inputs: Vec<(usize, Items<T>)>,
    /// Who is asked first: the one after the one that gave last.
    first: usize,
}

impl<T> Turns<T> {
    fn new(inputs: &[Chan<T>]) -> Self {
        Self { inputs: inputs.iter().map(Chan::stream).enumerate().collect(), first: 0 }
    }
}

impl<T> Stream for Turns<T> {
    type Item = (usize, T);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Self { inputs, first } = &mut *self;
        let mut left = inputs.len();
        while left > 0 {
            if *first >= inputs.len() {
                *first = 0;
            }
            let (number, items) = &mut inputs[*first];
            match Pin::new(items).poll_next(cx) {
                Poll::Ready(Some(value)) => {
                    *first += 1;
                    return Poll::Ready(Some((*number, value)));
                }
                Poll::Ready(None) => drop(inputs.remove(*first)),
                Poll::Pending => *first += 1,
            }
            left -= 1;
        }
        if inputs.is_empty() { Poll::Ready(None) } else { Poll::Pending }
    }
}

/// Lists of one value of each input.
struct Rounds<T>(Vec<Column<T>>);

struct Column<T> {
    /// The input, until it has ended.
    items: Option<Items<T>>,
    /// Its value of this round, once it has given it.
    value: Option<T>,
}

impl<T> Unpin for Rounds<T> {}

impl<T> Drop for Column<T> {
    fn drop(&mut self) {
        discard(self.value.take());
    }
}

impl<T> Stream for Rounds<T> {
    type Item = Vec<Option<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut complete = true;
        for Column { items: input, value } in &mut self.0 {
            if value.is_none()
                && let Some(items) = input
            {
                match Pin::new(items).poll_next(cx) {
                    Poll::Ready(None) => *input = None,
                    Poll::Ready(given) => *value = given,
                    Poll::Pending => complete = false,
                }
            }
        }
        if !complete {
            return Poll::Pending;
        }
        let list: Vec<_> = self.0.iter_mut().map(|column| column.value.take()).collect();
        Poll::Ready(list.iter().any(Option::is_some).then_some(list))
    }
}

/// What a stream shows of itself: only its name.
macro_rules! opaque {
    ($($name:ident)+) => {$(
        impl<T> fmt::Debug for $name<T> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )+};
}

opaque! { Merge ZipChans CombineLatest }
