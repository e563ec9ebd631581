//! A first-in, first-out queue of parked operations, with removal from the middle in O(1).
//!
//! The waiters are linked through themselves in a ring, so a queue is one pointer. Every method
//! touches linked waiters and is therefore called with the channel's lock held; `&mut self` stands
//! for that, since the queues are inside the locked state.
#![allow(unsafe_code)]

use std::pin::Pin;
use std::ptr::NonNull;
use std::task::Waker;

use crate::flag::{self, Flag, Pair};
use crate::waiter::{Claimed, Links, Phase, Waiter, Wake};

pub(crate) struct Queue<T> {
    head: Option<NonNull<Waiter<T>>>,
}

// SAFETY: the queue is inside a channel's lock, and the waiters that it points to may be touched
// from the thread that holds that lock, whichever it is, when their values may move to it.
unsafe impl<T: Send> Send for Queue<T> {}

/// What came of looking for a parked operation to complete.
pub(crate) enum Claim<T> {
    Found(Claimed<T>),
    /// Nobody waits, or only arms of the select that is looking.
    Nobody,
    /// The select that is looking has been committed by another arm.
    Lost,
}

/// The links of a linked waiter.
///
/// # Safety
/// The caller has `&mut` access to the queue that `waiter` is linked in.
#[inline]
unsafe fn links<'a, T>(waiter: NonNull<Waiter<T>>) -> &'a mut Links<T> {
    // SAFETY: a linked waiter is alive, for its operation withdraws it before it goes; and the
    // queue's lock is held.
    unsafe { waiter.as_ref().links() }
}

impl<T> Queue<T> {
    pub(crate) const fn new() -> Self {
        Self { head: None }
    }

    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.head.is_none()
    }

    /// Parks `waiter` at the end. It stays where it is in memory (it is pinned) and is removed
    /// before it goes (its operation's `Drop` does that; the waiter's own aborts otherwise).
    pub(crate) fn push(&mut self, waiter: Pin<&Waiter<T>>, wake: Wake) {
        debug_assert_ne!(waiter.phase(), Phase::Waiting);
        let node = NonNull::from(waiter.get_ref());
        let (prev, next) = match self.head {
            None => {
                self.head = Some(node);
                (node, node)
            }
            Some(head) => {
                // SAFETY: `head` is linked here.
                let tail = std::mem::replace(&mut unsafe { links(head) }.prev, node);
                // SAFETY: as is its neighbour; the borrows are one after the other.
                unsafe { links(tail) }.next = node;
                (tail, head)
            }
        };
        // SAFETY: the waiter is in no queue, so its body is its operation's, which lends it here.
        unsafe { waiter.set_links(Links { prev, next, wake }) };
        waiter.wait();
    }

    /// Takes `waiter` out if it is still parked; `false` if it has been answered.
    pub(crate) fn remove(&mut self, waiter: &Waiter<T>) -> Option<Wake> {
        if waiter.phase() != Phase::Waiting {
            return None;
        }
        let wake = self.unlink(NonNull::from(waiter));
        waiter.set_phase(Phase::Idle);
        Some(wake)
    }

    /// Replaces the waker of `waiter` if it is still parked. Gives back the one that is not kept,
    /// to be dropped after unlocking.
    pub(crate) fn set_waker(&mut self, waiter: &Waiter<T>, waker: Waker) -> Wake {
        if waiter.phase() != Phase::Waiting {
            return Wake::Task(waker);
        }
        // SAFETY: it is linked here.
        let links = unsafe { links(NonNull::from(waiter)) };
        debug_assert!(!links.wake.is_queued(), "a callback is never polled by a task");
        std::mem::replace(&mut links.wake, Wake::Task(waker))
    }

    /// Commits the operation that waits longest, together with `me` where that is given, and takes
    /// it out. Dead arms on the way are dropped from the queue; arms of `me` are passed over.
    #[inline]
    pub(crate) fn claim(&mut self, me: Option<&Flag>) -> Claim<T> {
        let Some(head) = self.head else { return Claim::Nobody };
        // SAFETY: `head` is linked here.
        if let Wake::Select(_) = unsafe { links(head) }.wake {
            return self.claim_among_arms(head, me);
        }
        if !flag::commit(me) {
            return Claim::Lost;
        }
        let wake = self.unlink(head);
        // SAFETY: just unlinked, and the lock is held.
        Claim::Found(unsafe { Claimed::new(head, wake.is_queued(), wake.into_waker()) })
    }

    /// As [`claim`](Self::claim), if who waits longest is a task or a blocked thread.
    #[inline]
    pub(crate) fn claim_task(&mut self) -> Option<Claimed<T>> {
        let head = self.head?;
        // SAFETY: `head` is linked here.
        if !matches!(unsafe { links(head) }.wake, Wake::Task(_)) {
            return None;
        }
        let waker = self.unlink(head).into_waker();
        // SAFETY: just unlinked, and the lock is held.
        Some(unsafe { Claimed::new(head, false, waker) })
    }

    fn claim_among_arms(&mut self, head: NonNull<Waiter<T>>, me: Option<&Flag>) -> Claim<T> {
        let mut at = head;
        loop {
            // SAFETY: `at` is linked here.
            let links = unsafe { links(at) };
            let next = links.next;
            let pair = match &links.wake {
                // SAFETY: the flag outlives its arms' stay in the queue.
                Wake::Select(flag) => Flag::commit_pair(me, unsafe { flag.as_ref() }),
                _ if flag::commit(me) => Pair::Both(None),
                _ => Pair::MineGone,
            };
            let last = Some(next) == self.head;
            match pair {
                Pair::Both(waker) => {
                    let wake = self.unlink(at);
                    let queued = wake.is_queued();
                    // SAFETY: just unlinked, and the lock is held.
                    return Claim::Found(unsafe {
                        Claimed::new(at, queued, wake.into_waker().or(waker))
                    });
                }
                Pair::MineGone => return Claim::Lost,
                Pair::OtherGone => {
                    self.unlink(at);
                    // SAFETY: just unlinked, and the lock is held.
                    unsafe { Waiter::answer(at, Phase::Idle) };
                }
                Pair::Same => {}
            }
            if last {
                return Claim::Nobody;
            }
            at = next;
        }
    }

    /// How many wait that could still be completed: arms of committed selects do not count.
    pub(crate) fn live(&self) -> usize {
        self.iter().filter(|waiter| waiter_is_live(*waiter)).count()
    }

    /// Whether anybody waits that could still be completed.
    pub(crate) fn any_live(&self) -> bool {
        self.iter().any(waiter_is_live)
    }

    fn iter(&self) -> impl Iterator<Item = NonNull<Waiter<T>>> {
        std::iter::successors(self.head, move |waiter| {
            // SAFETY: it is linked here.
            Some(unsafe { links(*waiter) }.next).filter(|next| Some(*next) != self.head)
        })
    }

    #[inline]
    fn unlink(&mut self, waiter: NonNull<Waiter<T>>) -> Wake {
        // SAFETY: it is linked here, and after this it is not.
        let Links { prev, next, wake } = unsafe { waiter.as_ref().take_links() };
        if next == waiter {
            self.head = None;
            return wake;
        }
        // SAFETY: the neighbours are linked here; the borrows are one after the other.
        unsafe { links(prev) }.next = next;
        // SAFETY: as above.
        unsafe { links(next) }.prev = prev;
        if self.head == Some(waiter) {
            self.head = Some(next);
        }
        wake
    }
}

fn waiter_is_live<T>(waiter: NonNull<Waiter<T>>) -> bool {
    // SAFETY: called on linked waiters only, with the lock held.
    match unsafe { &links(waiter).wake } {
        // SAFETY: the flag outlives its arms' stay in the queue.
        Wake::Select(flag) => !unsafe { flag.as_ref() }.is_committed(),
        _ => true,
    }
}
