//! The select protocol: of several operations exactly one is committed, or none.
//!
//! First each arm is tried by itself, in random order or, if biased, as written. When none can
//! complete they are parked one after the other, one channel's lock at a time, with a shared
//! [`Flag`] that whoever completes one of them must commit first. The one that was committed shows
//! it in its own phase. A race that ends, however it ends, takes all its arms out of their queues
//! before the flag goes.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use pin_project_lite::pin_project;

use crate::block::{block_on, block_on_until};
use crate::first_panic::FirstPanic;
use crate::flag::Flag;
use crate::start::{Parking, Start};
use crate::sync::{Ordering, fence};
use crate::timer::Timer;

/// An operation as an arm of a race.
pub(crate) trait Arm: Send {
    /// Tries, or parks; see [`Start`].
    fn start(self: Pin<&Self>, start: Start<'_>) -> Parking;
    /// Takes the arm out of its queue, if it is in one.
    fn withdraw(self: Pin<&Self>);
}

/// How a race ended for one arm: its result if it won, a put's value if it lost.
#[doc(hidden)]
pub struct End<O, B> {
    pub won: Option<O>,
    pub back: Option<B>,
}

/// One arm's place in the array that a race runs over.
#[doc(hidden)]
pub struct Entry<'a>(Pin<&'a mut (dyn Arm + 'a)>);

impl<'a> Entry<'a> {
    pub(crate) fn new(arm: Pin<&'a mut (dyn Arm + 'a)>) -> Self {
        Self(arm)
    }
}

pin_project! {
    /// A race between operations, as a future that is ready once one has been committed.
    #[doc(hidden)]
    #[must_use = "a select does nothing until it is awaited"]
    pub struct Race<'s, 'a> {
        arms: &'s mut [Entry<'a>],
        biased: bool,
        // Whether a panic over what has lost is nobody's.
        calm: bool,
        parked: bool,
        #[pin]
        flag: Flag,
    }

    impl PinnedDrop for Race<'_, '_> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if *this.parked {
                this.flag.commit();
                let mut panics = withdraw_all(this.arms);
                panics.catch(|| drop(this.flag.take_waker()));
                panics.go_on();
            }
        }
    }
}

impl<'s, 'a> Race<'s, 'a> {
    /// Without `biased`, chance decides which of several ready arms wins.
    pub fn new(arms: &'s mut [Entry<'a>], biased: bool) -> Self {
        assert!(
            !arms.is_empty(),
            "a select over no operations would wait for ever; give it an arm"
        );
        Self { arms, biased, calm: false, parked: false, flag: Flag::new() }
    }

    /// A panic then comes from whoever the winning arm meets, not from who waits for what the others leave.
    pub(crate) fn calm(mut self) -> Self {
        self.calm = true;
        self
    }

    /// Whether an arm could be committed at once.
    ///
    /// Of several arms none is ready only if at one moment none was. Looking at one after the other would not tell;
    /// so they are parked, and withdrawn together.
    pub fn try_now(self) -> bool {
        if self.arms.len() == 1 {
            // What the thread did before has been seen by whoever does not make this one ready.
            fence(Ordering::SeqCst);
            return try_each(self.arms, self.biased);
        }
        let mut race = pin!(self);
        let mut cx = Context::from_waker(Waker::noop());
        race.as_mut().poll(&mut cx).is_ready() || race.give_up()
    }

    /// Blocks the thread until an arm is committed.
    pub fn blocking(self) {
        block_on(pin!(self));
    }

    /// Blocks the thread until an arm is committed, or the time is over: `false`.
    pub fn blocking_timeout(self, timeout: Duration) -> bool {
        let mut race = pin!(self);
        match block_on_until(race.as_mut(), Instant::now().checked_add(timeout)) {
            Some(()) => true,
            None => race.give_up(),
        }
    }

    /// Waits until an arm is committed, or the time is over: `false`.
    pub async fn timeout(self, timeout: Duration) -> bool {
        let mut race = pin!(self);
        let mut timer = None;
        poll_fn(|cx| {
            if race.as_mut().poll(cx).is_ready() {
                return Poll::Ready(true);
            }
            // The clock starts when there is something to wait for.
            let timer = timer.get_or_insert_with(|| Timer::after(timeout));
            match timeout.is_zero() {
                true => Poll::Ready(()),
                false => Pin::new(timer).poll(cx),
            }
            .map(|()| race.as_mut().give_up())
        })
        .await
    }

    /// Stops waiting; `true` if an arm has been committed before.
    fn give_up(self: Pin<&mut Self>) -> bool {
        let this = self.project();
        let committed = !this.flag.commit();
        withdraw_all(this.arms).go_on();
        *this.parked = false;
        committed
    }
}

impl Future for Race<'_, '_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.project();
        let flag: &Flag = &this.flag;
        if *this.parked {
            let waker = cx.waker().clone();
            drop(flag.set_waker(waker));
            if !flag.is_committed() {
                return Poll::Pending;
            }
        } else {
            if try_each(this.arms, *this.biased) {
                return Poll::Ready(());
            }
            drop(flag.set_waker(cx.waker().clone()));
            *this.parked = true;
            let decided = this
                .arms
                .iter()
                .any(|Entry(arm)| arm.as_ref().start(Start::Arm(flag)) != Parking::Waiting);
            if !decided {
                return Poll::Pending;
            }
        }
        let panics = withdraw_all(this.arms);
        if !*this.calm {
            panics.go_on();
        }
        *this.parked = false;
        Poll::Ready(())
    }
}

fn try_each(arms: &mut [Entry<'_>], biased: bool) -> bool {
    let mut chance = 0;
    for tried in 0..arms.len() {
        if !biased {
            if tried % DRAWS == 0 {
                chance = fastrand::u64(..);
            }
            arms.swap(tried, tried + draw(&mut chance, arms.len() - tried));
        }
        if arms[tried].0.as_ref().start(Start::Try) == Parking::Committed {
            return true;
        }
    }
    false
}

/// So many numbers come out of one chance.
const DRAWS: usize = 4;

/// A number below `count`, the first digit of `chance` as a fraction. What is left of it are the next ones.
fn draw(chance: &mut u64, count: usize) -> usize {
    let digits = u128::from(*chance) * count as u128;
    *chance = digits as u64;
    (digits >> 64) as usize
}

/// Takes every arm out of its queue. Locking each channel also makes sure that whoever committed
/// one of them has finished with it. None is left behind when something panics, for they point to the flag.
fn withdraw_all(arms: &[Entry<'_>]) -> FirstPanic {
    let mut panics = FirstPanic::default();
    for Entry(arm) in arms {
        panics.catch(|| arm.as_ref().withdraw());
    }
    panics
}
