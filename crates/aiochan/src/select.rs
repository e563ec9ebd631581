//! The dynamic select: a list of operations on channels of one type, made at run time.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::panic::resume_unwind;
use std::pin::Pin;
use std::thread;
use std::time::Duration;

use crate::chan::Chan;
use crate::error::PutError;
use crate::op::{Get, Put};
use crate::panics::{Caught, discard};
use crate::race::{Entry, Race};

/// Several gets and puts of which exactly one takes effect, for a number of arms that is known at
/// run time only. For a fixed set of arms, and channels of different types, there is
/// [`select!`](crate::select), with the same rules.
///
/// # Cancel safety
/// Nothing is lost: dropped while it waits, a select has no effect but that the values of its put
/// arms are dropped with it.
///
/// # Examples
/// ```
/// # tokio::runtime::Runtime::new().unwrap().block_on(async {
/// use aiochan::{Chan, Outcome, Select};
///
/// let workers: Vec<Chan<u32>> = (0..3).map(|_| Chan::new()).collect();
/// workers[1].add([7]).unwrap();
///
/// let won = workers.iter().fold(Select::new(), Select::get).await;
/// assert_eq!((won.index, won.outcome), (1, Outcome::Got(Some(7))));
/// # });
/// ```
#[must_use = "a select does nothing until it is awaited, or `blocking` or `try_now` is called"]
pub struct Select<'a, T> {
    arms: Vec<Arm<'a, T>>,
    priority: bool,
}

enum Arm<'a, T> {
    Get(Pin<Box<Get<'a, T>>>),
    Put(Pin<Box<Put<'a, T>>>),
}

/// How a [`Select`] ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selected<T> {
    /// Which arm took effect, counting from 0 in the order they were added.
    pub index: usize,
    /// What it came to.
    pub outcome: Outcome<T>,
    /// The values of the put arms that lost, each with its arm's index.
    pub unsent: Vec<(usize, T)>,
}

/// What the arm of a [`Select`] came to: what the operation alone would have given.
#[derive(Clone, PartialEq, Eq)]
pub enum Outcome<T> {
    /// A get's value, or `None` if its channel is closed and drained.
    Got(Option<T>),
    /// A put, or its value back if its channel is closed.
    Put(Result<(), PutError<T>>),
}

/// No arm of a [`Select`] took effect: the values of its put arms, each with its arm's index.
#[derive(Clone, PartialEq, Eq)]
pub struct Unselected<T>(pub Vec<(usize, T)>);

impl<'a, T: Send> Select<'a, T> {
    /// A select without arms.
    pub fn new() -> Self {
        Self { arms: Vec::new(), priority: false }
    }

    /// Adds an arm that gets from `chan`.
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Outcome, Select, from_iter};
    ///
    /// let c = from_iter(["a"]);
    /// assert_eq!(Select::new().get(&c).blocking().outcome, Outcome::Got(Some("a")));
    /// ```
    pub fn get(mut self, chan: &'a Chan<T>) -> Self {
        self.arms.push(Arm::Get(Box::pin(chan.get())));
        self
    }

    /// Adds an arm that puts `value` into `chan`. If it loses, its value is among [`Selected::unsent`].
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Chan, Select};
    ///
    /// let (full, free) = (Chan::new(), Chan::fixed(1));
    /// let won = Select::new().put(&full, "a").put(&free, "b").blocking();
    /// assert_eq!((won.index, won.unsent), (1, vec![(0, "a")]));
    /// assert_eq!(free.try_get(), Ok("b"));
    /// ```
    pub fn put(mut self, chan: &'a Chan<T>, value: T) -> Self {
        self.arms.push(Arm::Put(Box::pin(chan.put(value))));
        self
    }

    /// Whether, of several arms that are ready, the one added first wins. By default chance decides.
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Select, from_range};
    ///
    /// let (a, b) = (from_range(0..9), from_range(10..19));
    /// for _ in 0..9 {
    ///     let won = Select::new().get(&a).get(&b).priority(true).blocking();
    ///     assert_eq!(won.index, 0);
    /// }
    /// ```
    pub fn priority(mut self, priority: bool) -> Self {
        self.priority = priority;
        self
    }

    /// Waits until an arm takes effect, for at most `timeout`, by the clock of [`timeout`](crate::timeout).
    ///
    /// # Errors
    /// [`Unselected`] with the values of the put arms when the time is over.
    ///
    /// # Panics
    /// If there is no arm.
    ///
    /// # Cancel safety
    /// As [`Select`].
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Chan, Select};
    /// use std::time::Duration;
    ///
    /// let c = Chan::new();
    /// let select = Select::new().put(&c, "nobody gets").timeout(Duration::from_millis(1));
    /// assert_eq!(aiochan::run(select).unwrap_err().0, [(0, "nobody gets")]);
    /// ```
    pub async fn timeout(mut self, timeout: Duration) -> Result<Selected<T>, Unselected<T>> {
        Race::new(&mut entries(&mut self.arms), self.priority).timeout(timeout).await;
        self.end()
    }

    /// Blocks the thread until an arm takes effect. Not for async code: it would block the executor.
    ///
    /// # Panics
    /// If there is no arm; and as [`run`](crate::run), where it is said too what to do in a tokio runtime.
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Chan, Outcome, Select};
    ///
    /// let c = Chan::fixed(1);
    /// let won = Select::new().get(&c).put(&c, 7).blocking();
    /// assert_eq!((won.index, won.outcome), (1, Outcome::Put(Ok(()))));
    /// ```
    pub fn blocking(mut self) -> Selected<T> {
        Race::new(&mut entries(&mut self.arms), self.priority).blocking();
        self.won()
    }

    /// Blocks the thread until an arm takes effect, for at most `timeout`. Not for async code.
    ///
    /// # Errors
    /// [`Unselected`] with the values of the put arms when the time is over.
    ///
    /// # Panics
    /// If there is no arm.
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Chan, Select};
    /// use std::time::Duration;
    ///
    /// let c = Chan::<u8>::new();
    /// assert!(Select::new().get(&c).blocking_timeout(Duration::from_millis(1)).is_err());
    /// ```
    pub fn blocking_timeout(mut self, timeout: Duration) -> Result<Selected<T>, Unselected<T>> {
        Race::new(&mut entries(&mut self.arms), self.priority).blocking_timeout(timeout);
        self.end()
    }

    /// Lets an arm take effect if one can at once.
    ///
    /// # Errors
    /// [`Unselected`] with the values of the put arms if none can; so also if there is no arm.
    ///
    /// # Examples
    /// ```
    /// use aiochan::{Chan, Select};
    ///
    /// let c = Chan::new();
    /// let unselected = Select::new().put(&c, "x").try_now().unwrap_err();
    /// assert_eq!(unselected.0, [(0, "x")]);
    /// ```
    pub fn try_now(mut self) -> Result<Selected<T>, Unselected<T>> {
        if !self.arms.is_empty() {
            Race::new(&mut entries(&mut self.arms), self.priority).try_now();
        }
        self.end()
    }

    /// As awaiting it, but a panic of whoever the winning arm meets comes beside what the select came to, and those over
    /// what the others leave are nobody's.
    pub(crate) async fn caught(mut self) -> (Selected<T>, thread::Result<()>) {
        let mut arms = entries(&mut self.arms);
        let race = Caught::new(Race::new(&mut arms, self.priority).calm()).await;
        match (self.end(), race) {
            (Ok(selected), race) => (selected, race),
            (Err(unselected), race) => {
                discard(unselected);
                resume_unwind(race.expect_err("one arm of a select has won"));
            }
        }
    }

    fn end(self) -> Result<Selected<T>, Unselected<T>> {
        let mut won = None;
        let mut unsent = Vec::new();
        for (index, arm) in self.arms.into_iter().enumerate() {
            let outcome = match arm {
                Arm::Get(mut get) => get.as_mut().__end().won.map(Outcome::Got),
                Arm::Put(mut put) => {
                    let end = put.as_mut().__end();
                    unsent.extend(end.back.map(|value| (index, value)));
                    end.won.map(Outcome::Put)
                }
            };
            won = won.or(outcome.map(|outcome| (index, outcome)));
        }
        match won {
            Some((index, outcome)) => Ok(Selected { index, outcome, unsent }),
            None => Err(Unselected(unsent)),
        }
    }

    fn won(self) -> Selected<T> {
        self.end().expect("one arm of a select has won")
    }
}

fn entries<'s, T: Send>(arms: &'s mut [Arm<'_, T>]) -> Vec<Entry<'s>> {
    let entry = |arm: &'s mut Arm<'_, T>| match arm {
        Arm::Get(get) => get.as_mut().__entry(),
        Arm::Put(put) => put.as_mut().__entry(),
    };
    arms.iter_mut().map(entry).collect()
}

impl<T: Send> Default for Select<'_, T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<'a, T: Send + 'a> IntoFuture for Select<'a, T> {
    type Output = Selected<T>;
    type IntoFuture = Pin<Box<dyn Future<Output = Selected<T>> + Send + 'a>>;

    /// # Panics
    /// When awaited, if there is no arm.
    fn into_future(mut self) -> Self::IntoFuture {
        Box::pin(async move {
            Race::new(&mut entries(&mut self.arms), self.priority).await;
            self.won()
        })
    }
}

impl<T> fmt::Debug for Outcome<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Got(Some(_)) => "Got(Some(..))",
            Self::Got(None) => "Got(None)",
            Self::Put(Ok(())) => "Put(Ok(()))",
            Self::Put(Err(_)) => "Put(Err(PutError(..)))",
        })
    }
}

impl<T> fmt::Debug for Unselected<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Unselected({} unsent)", self.0.len())
    }
}

impl<T> fmt::Display for Unselected<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no operation of the select could take effect in time")
    }
}

impl<T> std::error::Error for Unselected<T> {}
