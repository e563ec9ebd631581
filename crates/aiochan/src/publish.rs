//! `Pub`: values of one channel for those who have subscribed to their topic.

use std::fmt;
use std::hash::Hash;

use crate::buffer::Buf;
use crate::chan::Chan;
use crate::control::Control;
use crate::output::Output;
use crate::router::{Order, Router};
use crate::spawn::go;

impl<T: Clone + Send + 'static> Chan<T> {
    /// Gives each value of this channel to those who have [subscribed](Pub::sub) to its topic, which
    /// `topic_fn` tells.
    ///
    /// Its worker belongs to the runtime in which the first subscription is made, as with
    /// [`go`](crate::go). When that is shut down the subscribers are closed, and those that come later, with
    /// that reason.
    ///
    /// # Examples
    /// ```
    /// let names = aiochan::from_iter(["anna", "bert", "amir"]);
    /// let by_letter = names.publish(|name| name.chars().next());
    /// let with_a = by_letter.sub_with(Some('a'), 8);
    /// assert_eq!(with_a.iter().collect::<Vec<_>>(), ["anna", "amir"]);
    /// ```
    #[doc(alias = "pub")]
    pub fn publish<K>(&self, topic_fn: impl FnMut(&T) -> K + Send + 'static) -> Pub<T, K>
    where
        K: Hash + Eq + Clone + Send + 'static,
    {
        self.publish_with(topic_fn, Buf::rendezvous)
    }

    /// As [`publish`](Self::publish), with a buffer for each topic, which `buffer_of` makes: so much a
    /// topic may be behind before it holds up the others.
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Buf, Chan};
    ///
    /// let numbers = Chan::fixed(6);
    /// let by_parity = numbers.publish_with(|n| n % 2, || Buf::fixed(8));
    /// let (even, odd) = (by_parity.sub(0), by_parity.sub(1));
    /// numbers.add(0..6).unwrap();
    /// numbers.close();
    /// assert_eq!(odd.iter().collect::<Vec<_>>(), [1, 3, 5]); // nobody has read from `even` yet
    /// assert_eq!(even.iter().collect::<Vec<_>>(), [0, 2, 4]);
    /// ```
    pub fn publish_with<K>(
        &self,
        topic_fn: impl FnMut(&T) -> K + Send + 'static,
        buffer_of: impl Fn() -> Buf<T> + Send + 'static,
    ) -> Pub<T, K>
    where
        K: Hash + Eq + Clone + Send + 'static,
    {
        let inp = self.clone();
        let start = |orders| drop(go(Router::new(inp, topic_fn, buffer_of).run(orders)));
        Pub { control: Control::new(start) }
    }
}

/// A publisher, from [`Chan::publish`]: gives each value of its input to the subscribers of its topic.
///
/// It is a handle; clones are the same publisher. Nothing is read before the first subscription. From then
/// on one worker reads and finds each value's topic; values of a topic without subscribers are dropped.
///
/// **Within a topic** it is a [`Dup`](crate::Dup), with all that holds there: lockstep, the choice of what
/// happens when a subscriber is slow by its buffer, and how subscribers leave. **Between topics** the order
/// of the input is kept by reading one value after the other: a topic that has no room, in its
/// [own buffer](Chan::publish_with) and with a subscriber, holds up all others until it has, or that
/// subscriber leaves. A topic without subscribers is forgotten, with what is in its buffer.
///
/// **The end.** When the input ends, the topics hand out what they have and then close their subscribers,
/// with the input's [`close_reason`](Chan::close_reason) if it has one; a slow topic does not keep the others
/// from that. When `topic_fn` panics they are closed with [`Panicked`](crate::Panicked). Who subscribes after
/// that has a closed channel at once. Dropping the handle does not stop it; but with neither a handle nor a
/// subscriber left it reads no more.
///
/// # Examples
/// ```
/// use aiochan::Chan;
///
/// let log = Chan::new();
/// let by_level = log.publish(|line: &(&str, &str)| line.0);
/// let (errors, all_errors) = (by_level.sub_with("error", 8), by_level.sub_with("error", 8));
/// for line in [("info", "started"), ("error", "disk full"), ("error", "stopped")] {
///     log.put_blocking(line).unwrap();
/// }
/// log.close();
/// assert_eq!(errors.iter().map(|line| line.1).collect::<Vec<_>>(), ["disk full", "stopped"]);
/// assert_eq!(all_errors.iter().count(), 2);
/// ```
pub struct Pub<T, K> {
    control: Control<Order<T, K>>,
}

impl<T, K> Pub<T, K>
where
    T: Clone + Send + 'static,
    K: Hash + Eq + Clone + Send + 'static,
{
    /// A new channel without a buffer that gets every value of `topic` from now on: those whose put begins
    /// after this, and perhaps some that the topic has still. The first subscription starts the worker.
    ///
    /// # Examples
    /// ```
    /// let numbers = aiochan::Chan::new();
    /// let even = numbers.publish(|n| n % 2).sub(0);
    /// numbers.put_blocking(1).unwrap(); // has no subscribers
    /// numbers.put_blocking(2).unwrap();
    /// assert_eq!(even.get_blocking(), Some(2));
    /// ```
    #[doc(alias = "subscribe")]
    pub fn sub(&self, topic: K) -> Chan<T> {
        self.sub_with(topic, 0)
    }

    /// A new channel with a buffer that gets every value of `topic` from now on: a number for a fixed one,
    /// or a [`Buf`].
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Buf, from_range};
    ///
    /// let latest = from_range(0..10).publish(|n| n % 2).sub_with(0, Buf::sliding(1));
    /// aiochan::run(latest.closed());
    /// assert_eq!(latest.iter().collect::<Vec<_>>(), [8]);
    /// ```
    pub fn sub_with(&self, topic: K, buffer: impl Into<Buf<T>>) -> Chan<T> {
        let out = Chan::builder().buffer(buffer).build();
        self.sub_into(topic, &out);
        out
    }

    /// Has `out` get every value of `topic` from now on, and closes it when the topic has ended with the
    /// input. A channel may subscribe to several topics, but the first that has ended closes it for all:
    /// use [`sub_keep_open`](Self::sub_keep_open) then, or [`merge`](crate::merge) a channel for each.
    ///
    /// # Examples
    /// ```
    /// let numbers = aiochan::from_range(0..6);
    /// let by_rest = numbers.publish(|n| n % 3);
    /// let out = aiochan::Chan::fixed(8);
    /// by_rest.sub_into(1, &out);
    /// assert_eq!(out.iter().collect::<Vec<_>>(), [1, 4]);
    /// ```
    pub fn sub_into(&self, topic: K, out: &Chan<T>) {
        self.add(topic, Output::new(out, false));
    }

    /// As [`sub_into`](Self::sub_into), but leaves `out` open when the input ends, for others that put into
    /// it. An input that was closed with a reason, or a failure here, still closes it, with that reason.
    ///
    /// # Examples
    /// ```
    /// let numbers = aiochan::from_range(0..6);
    /// let by_rest = numbers.publish(|n| n % 3);
    /// let out = aiochan::Chan::fixed(8);
    /// by_rest.sub_keep_open(1, &out);
    /// assert_eq!((out.get_blocking(), out.get_blocking()), (Some(1), Some(4)));
    /// assert!(!out.is_closed());
    /// ```
    pub fn sub_keep_open(&self, topic: K, out: &Chan<T>) {
        self.add(topic, Output::new(out, true));
    }

    /// Has `out` get no more values of `topic`; it is not closed. As [`Dup::untap`](crate::Dup::untap).
    ///
    /// # Examples
    /// ```
    /// let numbers = aiochan::Chan::new();
    /// let by_parity = numbers.publish(|n| n % 2);
    /// let (even, slow) = (by_parity.sub(0), by_parity.sub(1));
    /// numbers.put_blocking(1).unwrap();
    /// numbers.put_blocking(3).unwrap(); // nobody takes the 1, so this holds up all topics
    /// by_parity.unsub(&1, &slow);
    /// numbers.put_blocking(2).unwrap();
    /// assert_eq!(even.get_blocking(), Some(2));
    /// ```
    pub fn unsub(&self, topic: &K, out: &Chan<T>) {
        self.control.order(Order::Unsub(topic.clone(), out.feed()));
    }

    /// Ends all subscriptions to a topic, or with `None` to all topics. No channel is closed.
    ///
    /// # Examples
    /// ```
    /// let numbers = aiochan::Chan::new();
    /// let by_parity = numbers.publish(|n| n % 2);
    /// let (even, odd) = (by_parity.sub(0), by_parity.sub_with(1, 8));
    /// by_parity.unsub_all(Some(&1));
    /// [1, 2].into_iter().for_each(|n| numbers.put_blocking(n).unwrap());
    /// assert_eq!(even.get_blocking(), Some(2));
    /// assert!(odd.is_empty() && !odd.is_closed());
    /// ```
    pub fn unsub_all(&self, topic: Option<&K>) {
        self.control.order(Order::UnsubAll(topic.cloned()));
    }

    /// Stops reading at once, and ends as when the input ends: what has been read already is handed out,
    /// then the subscribers are closed, but those that are to be kept open. What has not been read stays in
    /// the input, which is left as it is.
    ///
    /// # Examples
    /// ```
    /// let numbers = aiochan::Chan::new();
    /// let by_parity = numbers.publish(|n| n % 2);
    /// let even = by_parity.sub(0);
    /// numbers.put_blocking(2).unwrap();
    /// assert_eq!(even.get_blocking(), Some(2));
    /// by_parity.close();
    /// assert_eq!(even.get_blocking(), None);
    /// assert!(!numbers.is_closed());
    /// ```
    pub fn close(&self) {
        self.control.stop(Order::Close);
    }

    fn add(&self, topic: K, output: Output<T>) {
        self.control.start(Order::Sub(topic, output));
    }
}

impl<T, K> Clone for Pub<T, K> {
    /// Another handle of the same publisher.
    fn clone(&self) -> Self {
        Self { control: self.control.clone() }
    }
}

impl<T, K> fmt::Debug for Pub<T, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pub").finish_non_exhaustive()
    }
}
