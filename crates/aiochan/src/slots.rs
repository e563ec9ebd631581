//! A set of futures that one task polls, each only when it was woken.
//!
//! Places are used again, waker and allocation included: that is what `FuturesUnordered`, which
//! allocates for each future, is slower by.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use futures_util::task::AtomicWaker;

use crate::panics::{Apart, caught, discard};

/// So many futures share a word that says which have been woken.
const WORD: usize = 64;

/// Futures of type `F`, each with something to remember it by.
pub(crate) struct Slots<F, M> {
    slots: Vec<Slot<F, M>>,
    free: Vec<usize>,
    /// Those that have been found woken and are to be polled.
    found: Vec<usize>,
    /// The one that is being polled.
    polling: Option<usize>,
    /// As many as there are slots for.
    words: Vec<Arc<Word>>,
    /// The task that polls them.
    task: Arc<AtomicWaker>,
}

struct Slot<F, M> {
    future: Pin<Box<Option<F>>>,
    memo: Option<M>,
    waker: Waker,
}

/// Which of some futures have been woken.
struct Word {
    /// One bit each.
    bits: AtomicU64,
    task: Arc<AtomicWaker>,
}

/// Wakes one future.
struct SlotWaker {
    word: Arc<Word>,
    bit: u64,
}

impl Wake for SlotWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.word.bits.fetch_or(self.bit, Ordering::Release) & self.bit == 0 {
            self.word.task.wake();
        }
    }
}

impl<F: Future, M> Slots<F, M> {
    pub(crate) fn new() -> Self {
        Self {
            slots: Vec::new(),
            free: Vec::new(),
            found: Vec::new(),
            polling: None,
            words: Vec::new(),
            task: Arc::default(),
        }
    }

    /// How many futures are in it.
    pub(crate) fn len(&self) -> usize {
        self.slots.len() - self.free.len()
    }

    /// Makes a future, in its place, and polls it once. If it is not ready [`keep`](Self::keep) is to follow.
    #[inline]
    pub(crate) fn start(&mut self, make: impl FnOnce() -> F) -> Poll<F::Output> {
        let index = match self.free.last() {
            Some(index) => *index,
            None => self.add_slot(),
        };
        let slot = &mut self.slots[index];
        // What can panic comes before: a future that might have to be dropped would be made elsewhere and copied.
        assert!(slot.future.is_none(), "the slot is free");
        slot.future.set(Some(make()));
        self.polling = Some(index);
        let poll = slot.poll().map(Apart::new);
        if poll.is_ready() {
            slot.future.set(None);
        }
        self.polling = None;
        poll.map(Apart::into_inner)
    }

    /// Keeps the future that was started last.
    pub(crate) fn keep(&mut self, memo: M) {
        let index = self.free.pop().expect("it was started in a free slot");
        self.slots[index].memo = Some(memo);
    }

    /// Finds those that have been woken, for [`poll_woken`](Self::poll_woken); how many. From now on
    /// the task is woken when one of them is.
    pub(crate) fn find_woken(&mut self, cx: &mut Context<'_>) -> u32 {
        self.task.register(cx.waker());
        for (number, word) in self.words.iter().enumerate() {
            // The cheap look first: mostly nothing has been woken.
            if word.bits.load(Ordering::Relaxed) != 0 {
                let mut bits = word.bits.swap(0, Ordering::Acquire);
                while bits != 0 {
                    self.found.push(number * WORD + bits.trailing_zeros() as usize);
                    bits &= bits - 1;
                }
            }
        }
        self.found.len() as u32
    }

    /// Polls those that were found until one is ready. One that wakes itself is not polled twice.
    pub(crate) fn poll_woken(&mut self) -> Option<(M, F::Output)> {
        while let Some(index) = self.found.pop() {
            if let Poll::Ready(ready) = self.poll_slot(index) {
                return Some(ready);
            }
        }
        None
    }

    /// Drops the future whose poll has panicked, if one has. What it was kept with.
    pub(crate) fn give_up(&mut self) -> Option<M> {
        let index = self.polling.take()?;
        let slot = &mut self.slots[index];
        let memo = slot.memo.take();
        // It has been told already that it failed.
        discard(caught(|| slot.future.set(None)));
        if memo.is_some() {
            self.free.push(index);
        }
        memo
    }

    fn poll_slot(&mut self, index: usize) -> Poll<(M, F::Output)> {
        let slot = &mut self.slots[index];
        if slot.memo.is_none() {
            // A late wake for the future that was here before.
            return Poll::Pending;
        }
        self.polling = Some(index);
        let output = match slot.poll() {
            Poll::Ready(output) => Apart::new(output),
            Poll::Pending => {
                self.polling = None;
                return Poll::Pending;
            }
        };
        slot.future.set(None);
        self.polling = None;
        let memo = slot.memo.take().expect("a future that waits has its memo");
        self.free.push(index);
        Poll::Ready((memo, output.into_inner()))
    }

    fn add_slot(&mut self) -> usize {
        let index = self.slots.len();
        if index.is_multiple_of(WORD) {
            let word = Word { bits: AtomicU64::new(0), task: self.task.clone() };
            self.words.push(Arc::new(word));
        }
        let word = self.words[index / WORD].clone();
        let waker = Arc::new(SlotWaker { word, bit: 1 << (index % WORD) }).into();
        self.slots.push(Slot { future: Box::pin(None), memo: None, waker });
        self.free.push(index);
        index
    }
}

impl<F, M> Slots<F, M> {
    /// Drops all futures, each by itself: two that panic in one collection would abort the process.
    pub(crate) fn clear(&mut self) {
        self.free = (0..self.slots.len()).collect();
        for slot in &mut self.slots {
            discard(slot.memo.take());
            discard(caught(|| slot.future.set(None)));
        }
    }
}

impl<F, M> Drop for Slots<F, M> {
    fn drop(&mut self) {
        self.clear();
    }
}

impl<F: Future, M> Slot<F, M> {
    #[inline]
    fn poll(&mut self) -> Poll<F::Output> {
        let future = self.future.as_mut().as_pin_mut().expect("it is polled while it is here");
        future.poll(&mut Context::from_waker(&self.waker))
    }
}
