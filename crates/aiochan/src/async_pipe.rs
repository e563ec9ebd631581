//! `async_pipe`: a future for each value, several at once.
//!
//! One task takes the values, polls the futures and puts the results. When the futures turn out to keep
//! it busy, and the runtime has several workers, the next ones are spawned as tasks of their own.

use std::future::{Future, poll_fn};
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use futures_core::Stream;

use crate::error::TryPutError;
use crate::feed::Feed;
use crate::flow::Flow;
use crate::jobs::{AsyncJob, Plain};
use crate::load::{Cancelled, Load, Run};
use crate::output::{Origins, Output, dropped, endings, start_worker};
use crate::panics::{Apart, caught, cause, discard};
use crate::pipe::{Futures, Pipe};
use crate::policy::{Policy, failure};
use crate::results::Results;
use crate::slots::Slots;
use crate::state::Reason;

impl<S: Stream> Flow<S> {
    /// The results of the futures that `f` makes of the values, in the order of the values; at most `n`
    /// futures at once.
    ///
    /// It ends in a channel: see [`Pipe`]. For plain functions that compute or block there is
    /// [`parallel_pipe`](Self::parallel_pipe).
    ///
    /// The futures are there at the same time, and may outlive `f`'s call: what they share each needs a clone of.
    /// So an `async` closure will do only if it captures nothing.
    ///
    /// # Panics
    /// If `n` is 0.
    ///
    /// # Examples
    /// ```
    /// # use std::sync::Arc;
    /// # struct Client;
    /// # impl Client {
    /// #     async fn fetch(&self, page: u32) -> String { format!("page {page}") }
    /// # }
    /// let client = Arc::new(Client);
    /// let pages = aiochan::from_range(1..4).async_pipe(2, move |page| {
    ///     let client = client.clone();
    ///     async move { client.fetch(page).await }
    /// });
    /// assert_eq!(pages.chan().iter().collect::<Vec<_>>(), ["page 1", "page 2", "page 3"]);
    /// ```
    ///
    /// One that captures nothing:
    /// ```
    /// let c = aiochan::from_range(0..4).async_pipe(2, async |n| {
    ///     aiochan::nop().await;
    ///     n * n
    /// });
    /// assert_eq!(c.chan().iter().collect::<Vec<_>>(), [0, 1, 4, 9]);
    /// ```
    pub fn async_pipe<R, Fut, F>(self, n: usize, f: F) -> Pipe<S, Futures<Plain<F>>>
    where
        F: FnMut(S::Item) -> Fut,
        Fut: Future<Output = R>,
    {
        assert!(
            n > 0,
            "a pipe with no futures at once would never go on; give async_pipe at least 1"
        );
        Pipe::new(self, n, Futures(Plain(f)))
    }

    /// As [`async_pipe`](Self::async_pipe), with the results in the order in which they are ready.
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_range(0..4).async_pipe_unordered(2, async |n| n * n).chan();
    /// assert_eq!(c.iter().sum::<i32>(), 14);
    /// ```
    pub fn async_pipe_unordered<R, Fut, F>(self, n: usize, f: F) -> Pipe<S, Futures<Plain<F>>>
    where
        F: FnMut(S::Item) -> Fut,
        Fut: Future<Output = R>,
    {
        self.async_pipe(n, f).unordered()
    }
}

impl<S, J> Pipe<S, Futures<J>>
where
    S: Stream + Send + 'static,
    S::Item: Send,
    J: AsyncJob<S::Item>,
{
    endings!(J::Output);

    /// The results as a [`Flow`], to which more operators can be applied. Its futures then go on only
    /// while the flow is asked for values.
    ///
    /// When the pipe stops, the flow ends: with the cause as its [`close_reason`](Flow::close_reason), which goes
    /// on to the channel that it is ended in, or comes out of [`Flow::try_collect`] and [`Flow::try_for_each`].
    ///
    /// # Examples
    /// ```
    /// let c = aiochan::from_range(0..9).async_pipe(2, async |n| n * n).flow().group(3).chan();
    /// assert_eq!(c.iter().last(), Some(vec![36, 49, 64]));
    /// ```
    pub fn flow(self) -> Flow<impl Stream<Item = J::Output>> {
        let (engine, origins, keep_open) = self.into_engine();
        Flow { stream: engine, origins, keep_open }
    }

    fn start(self, out: Output<J::Output>) {
        let (engine, origins, _) = self.into_engine();
        start_worker(out, origins, |out| engine.work(out));
    }

    fn into_engine(self) -> (Engine<S, J>, Origins, bool) {
        let Self { input, origins: above, keep_open, kind, n, ahead, ordered, policy } = self;
        let Futures(job) = kind;
        let failure = Arc::<OnceLock<Reason>>::default();
        // It comes first: after it the input is not read on, however that ends.
        let mut origins = Origins::of_failure(failure.clone());
        origins.append(above);
        let engine = Engine {
            input: Some(Box::pin(input)),
            job: Apart::new(job),
            policy,
            intake: true,
            limit: n,
            room: n.saturating_add(ahead.unwrap_or(n)),
            taken: 0,
            begun: None,
            slots: Slots::new(),
            results: Results::new(ordered),
            settling: false,
            load: Load::new(),
            failure,
        };
        (engine, origins, keep_open)
    }
}

/// The worker of a pipe, and the stream of its results.
struct Engine<S: Stream, J: AsyncJob<S::Item>> {
    /// Until no more is to be taken from it: what waits there would take a value from others.
    input: Option<Pin<Box<S>>>,
    job: Apart<J>,
    policy: Policy<S::Item>,
    /// Whether values are still to be taken.
    intake: bool,
    limit: usize,
    /// How many values may be taken and not done with.
    room: usize,
    taken: usize,
    /// Of the value whose future is being made or polled for the first time: a copy, if the policy needs one.
    begun: Option<Option<Box<S::Item>>>,
    slots: Slots<Run<J::Future>, Memo<S::Item>>,
    results: Results<Outcome<S::Item, J::Output>>,
    /// Whether a failure is being dealt with.
    settling: bool,
    load: Load,
    /// Where it is told why the pipe has stopped, if it has.
    failure: Arc<OnceLock<Reason>>,
}

/// What a future is remembered by.
struct Memo<T> {
    /// Its value's number among the results.
    number: u64,
    /// A copy of its value, if the policy needs one.
    copy: Option<Box<T>>,
}

/// What came of a value.
type Outcome<T, R> = Result<R, Failed<T>>;

/// A failure, with the copy of its value.
type Failed<T> = Box<(Option<Box<T>>, Reason)>;

impl<S: Stream, J: AsyncJob<S::Item>> Unpin for Engine<S, J> {}

impl<S: Stream, J: AsyncJob<S::Item>> Stream for Engine<S, J> {
    type Item = J::Output;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<J::Output>> {
        let next = ready!(self.poll_result(cx));
        self.taken -= usize::from(next.is_some());
        Poll::Ready(next)
    }
}

impl<S: Stream, J: AsyncJob<S::Item>> Engine<S, J> {
    async fn work(mut self, out: Feed<J::Output>) {
        let mut closed = pin!(out.chan().closed());
        loop {
            let next = poll_fn(|cx| match self.poll_result(cx) {
                Poll::Pending => closed.as_mut().poll(cx).map(|()| None),
                ready => ready,
            });
            let Some(result) = next.await else { return };
            let put = match out.try_put(result) {
                Err(TryPutError::Full(result)) => {
                    self.during(out.put(result), closed.as_mut()).await.is_ok()
                }
                put => put.is_ok(),
            };
            if !put || self.is_over() {
                return;
            }
            self.taken -= 1;
        }
    }

    /// Waits for a put while the futures go on, until the output is closed: then for what waits in it only.
    async fn during<P: Future>(
        &mut self,
        put: P,
        mut closed: Pin<&mut impl Future<Output = ()>>,
    ) -> P::Output {
        let mut put = pin!(put);
        poll_fn(|cx| {
            let result = put.as_mut().poll(cx);
            if result.is_pending() && !self.is_over() {
                match closed.as_mut().poll(cx) {
                    Poll::Ready(()) => self.abandon(),
                    Poll::Pending => self.go_on(cx),
                }
            }
            result
        })
        .await
    }

    /// The next result, which counts as taken until it has been put; `None` at the end.
    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Option<J::Output>> {
        loop {
            if !self.results.is_ready() || self.settling {
                self.go_on(cx);
            }
            if self.settling {
                let settled = ready!(self.policy.poll_settled(cx));
                self.settled(settled);
            }
            match self.results.pop() {
                Some(Ok(result)) => return Poll::Ready(Some(result)),
                Some(Err(failed)) => {
                    let (copy, reason) = *failed;
                    match self.policy.settle(copy.map(|copy| *copy), reason) {
                        Ok(()) => self.settling = true,
                        Err(reason) => self.settled(Err(reason)),
                    }
                }
                None if self.is_over() => return Poll::Ready(None),
                None => return Poll::Pending,
            }
        }
    }

    /// A failure has been dealt with, or stops the pipe.
    fn settled(&mut self, settled: Result<(), Reason>) {
        self.settling = false;
        self.taken -= 1;
        if let Err(reason) = settled {
            self.fail(reason);
        }
    }

    fn fail(&mut self, reason: Reason) {
        let _ = self.failure.set(reason);
        self.abandon();
    }

    /// Drops all that is not done.
    fn abandon(&mut self) {
        self.stop_intake();
        self.settling = false;
        self.taken = 0;
        self.slots.clear();
        // Each by itself: two that panic in one collection would abort the process.
        self.results.take().for_each(discard);
    }

    fn stop_intake(&mut self) {
        self.intake = false;
        discard(self.input.take());
    }

    /// Whether nothing more can come.
    fn is_over(&self) -> bool {
        !self.intake && self.taken == 0
    }

    /// Polls the futures that have been woken, and takes values while there is room.
    fn go_on(&mut self, cx: &mut Context<'_>) {
        // One net for all of them: one for each would cost more than the rest.
        while let Err(panic) = caught(|| self.poll_all(cx)) {
            let (begun, gave_up) = (self.begun.take(), self.slots.give_up());
            if panic.is::<Cancelled>() {
                discard((begun, gave_up));
                self.fail(failure(dropped()));
            } else if let Some(copy) = begun {
                let outcome = self.outcome(copy, Err(cause(panic)));
                self.results.push(outcome);
            } else if let Some(memo) = gave_up {
                self.complete(memo, Err(cause(panic)));
            } else {
                // It came from the input, which may be dropped with another.
                self.stop_intake();
                resume_unwind(panic);
            }
        }
    }

    fn poll_all(&mut self, cx: &mut Context<'_>) {
        let begin = self.load.begin();
        let mut polls = self.slots.find_woken(cx);
        while let Some((memo, result)) = self.slots.poll_woken() {
            self.complete(memo, result);
        }
        // Only one new one is measured, so that if they are heavy the next ones can go elsewhere.
        let mut took = self.take(cx);
        polls += u32::from(took);
        self.load.end(begin, polls);
        while took {
            took = self.take(cx);
        }
    }

    /// Takes a value, if there is room and one is ready.
    fn take(&mut self, cx: &mut Context<'_>) -> bool {
        if !self.intake || self.taken >= self.room || self.slots.len() >= self.limit {
            return false;
        }
        let Some(input) = self.input.as_mut() else { return false };
        match input.as_mut().poll_next(cx) {
            Poll::Ready(Some(item)) => {
                self.begin(item);
                return true;
            }
            Poll::Ready(None) => self.intake = false,
            Poll::Pending => {}
        }
        false
    }

    /// Makes the future of a value, and polls it.
    fn begin(&mut self, item: S::Item) {
        self.taken += 1;
        let begun = self.begun.insert(None);
        let (item, copy) = self.policy.copy(item);
        *begun = copy.map(Box::new);
        let started = self.slots.start(|| self.load.place(self.job.future(item)));
        let Some(copy) = self.begun.take() else { unreachable!("it was set above") };
        match started {
            Poll::Ready(result) => {
                // Most often it need not be remembered by anything.
                let outcome = self.outcome(copy, result);
                self.results.push(outcome);
            }
            Poll::Pending => {
                let number = self.results.reserve();
                self.slots.keep(Memo { number, copy });
            }
        }
    }

    fn complete(
        &mut self,
        Memo { number, copy }: Memo<S::Item>,
        result: Result<J::Output, Reason>,
    ) {
        let outcome = self.outcome(copy, result);
        self.results.set(number, outcome);
    }

    fn outcome(
        &mut self,
        copy: Option<Box<S::Item>>,
        result: Result<J::Output, Reason>,
    ) -> Outcome<S::Item, J::Output> {
        match result {
            Ok(result) => Ok(result),
            Err(reason) => Err(self.failed(copy, reason)),
        }
    }

    #[cold]
    fn failed(&mut self, copy: Option<Box<S::Item>>, reason: Reason) -> Failed<S::Item> {
        if self.policy.is_stop() {
            // What would be taken after it has no chance to be put.
            self.stop_intake();
        }
        Box::new((copy, reason))
    }
}
