//! The ledger: what became of each value of a round.

use std::cell::{Cell, RefCell};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::mem;
use std::ops::Range;
use std::process;
use std::sync::atomic::{AtomicU8, AtomicU32, AtomicU64, Ordering};
use std::thread;

/// How many values a round may have.
const PLACES: usize = 1 << 17;

static FATES: [AtomicU8; PLACES] = [const { AtomicU8::new(0) }; PLACES];
static BORN: AtomicU32 = AtomicU32::new(0);
static SEED: AtomicU64 = AtomicU64::new(0);

/// What can become of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Fate {
    /// Nobody has made it yet.
    Unborn,
    /// It is in a channel, or with an operation or an actor.
    Under,
    /// A getter has it.
    Got,
    /// Its putter has it back.
    Back,
    /// It was dropped with an operation that was given up before it took effect.
    Withdrawn,
    /// It was inside a channel that nobody could reach any more.
    Discarded,
    /// It was dropped by none of these, so by a buffer's policy: the channels must have counted it.
    Evicted,
    /// It was dropped where none may be: a promise is broken.
    Lost,
}

/// All fates, each at its number.
const ALL: [Fate; 8] = [
    Fate::Unborn,
    Fate::Under,
    Fate::Got,
    Fate::Back,
    Fate::Withdrawn,
    Fate::Discarded,
    Fate::Evicted,
    Fate::Lost,
];

/// What is sent through the channels.
#[derive(Debug)]
pub struct Value(u32);

thread_local! {
    /// What a value's being dropped means now, on this thread.
    static DROPPING: Cell<Option<Fate>> = const { Cell::new(None) };
    /// The same, in a panic.
    static UNWINDING: Cell<Fate> = const { Cell::new(Fate::Lost) };
    /// What has become of values on this thread, one after the other.
    static TRACE: RefCell<DefaultHasher> = RefCell::new(DefaultHasher::new());
    /// How many values were dropped on this thread.
    static DROPPED: Cell<u64> = const { Cell::new(0) };
}

impl Value {
    /// Who got it keeps it.
    pub fn got(self) {
        self.ends(Fate::Got);
    }

    /// It is with its putter again.
    pub fn back(self) {
        self.ends(Fate::Back);
    }

    /// Its number.
    pub fn number(&self) -> u32 {
        self.0
    }

    fn ends(self, fate: Fate) {
        settle(self.0, fate);
        mem::forget(self);
    }
}

impl Drop for Value {
    fn drop(&mut self) {
        DROPPED.set(DROPPED.get() + 1);
        let otherwise = if thread::panicking() { UNWINDING.get() } else { Fate::Evicted };
        settle(self.0, DROPPING.get().unwrap_or(otherwise));
    }
}

/// Runs `f`; values that are dropped by it on this thread come to this.
pub fn dropping<R>(fate: Fate, f: impl FnOnce() -> R) -> R {
    meaning(Some(fate), UNWINDING.get(), f)
}

/// Runs `f`, in which a panic may take values along: those that a select was to put.
pub fn unwinding<R>(f: impl FnOnce() -> R) -> R {
    meaning(DROPPING.get(), Fate::Withdrawn, f)
}

/// Runs `f`, which has nothing to do with what goes on on this thread.
pub fn afresh<R>(f: impl FnOnce() -> R) -> R {
    meaning(None, Fate::Lost, f)
}

/// As [`dropping`], and tells how many values those are.
pub fn counting(fate: Fate, f: impl FnOnce()) -> u64 {
    let before = DROPPED.get();
    dropping(fate, f);
    DROPPED.get() - before
}

fn meaning<R>(dropping: Option<Fate>, unwinding: Fate, f: impl FnOnce() -> R) -> R {
    /// Also when `f` panics; by then what it held is dropped.
    struct Restore(Option<Fate>, Fate);
    impl Drop for Restore {
        fn drop(&mut self) {
            DROPPING.set(self.0);
            UNWINDING.set(self.1);
        }
    }
    let _restore = Restore(DROPPING.replace(dropping), UNWINDING.replace(unwinding));
    f()
}

fn settle(number: u32, fate: Fate) {
    if fate == Fate::Lost {
        fault(&format!("value {number} was dropped where none may be"));
    }
    TRACE.with_borrow_mut(|trace| (number, fate as u8).hash(trace));
    let place = &FATES[number as usize];
    let was = place.swap(fate as u8, Ordering::AcqRel);
    if was != Fate::Under as u8 {
        fault(&format!("value {number} is {fate:?}, and was {:?} already", ALL[was as usize]));
    }
}

/// Begins a round: there are no values.
pub fn open(seed: u64) {
    SEED.store(seed, Ordering::Relaxed);
    BORN.store(0, Ordering::SeqCst);
    TRACE.set(DefaultHasher::new());
}

/// The numbers of so many new values, which are to be [`made`](make).
pub fn reserve(count: u32) -> Range<u32> {
    let first = BORN.fetch_add(count, Ordering::SeqCst);
    let numbers = first..first + count;
    assert!(numbers.end as usize <= PLACES, "a round has too many values");
    numbers.clone().for_each(|number| {
        FATES[number as usize].store(Fate::Unborn as u8, Ordering::Release);
    });
    numbers
}

/// Makes a value.
pub fn make(number: u32) -> Value {
    FATES[number as usize].store(Fate::Under as u8, Ordering::Release);
    Value(number)
}

/// How many values have had this fate.
pub fn count(fate: Fate) -> u64 {
    let born = BORN.load(Ordering::SeqCst) as usize;
    let has_it = |place: &&AtomicU8| place.load(Ordering::Acquire) == fate as u8;
    FATES[..born].iter().filter(has_it).count() as u64
}

/// How many values were made.
pub fn made() -> u64 {
    u64::from(BORN.load(Ordering::SeqCst)) - count(Fate::Unborn)
}

/// What became of each value, and in which order on this thread, in short.
pub fn digest() -> u64 {
    let born = BORN.load(Ordering::SeqCst) as usize;
    let mut hasher = TRACE.with_borrow(DefaultHasher::clone);
    FATES[..born].iter().for_each(|place| place.load(Ordering::Acquire).hash(&mut hasher));
    hasher.finish()
}

/// Ends everything: a promise is broken.
pub fn fault(what: &str) -> ! {
    eprintln!("FAULT in the round with seed {}: {what}", SEED.load(Ordering::Relaxed));
    process::exit(1);
}
