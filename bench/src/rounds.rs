//! In a process of its own: the contenders of a cell take turns.

use std::panic;
use std::path::Path;
use std::process;

use serde::{Deserialize, Serialize};

use crate::cells::Cell;
use crate::contender::Contender;
use crate::contenders;
use crate::dice::Dice;
use crate::results::Entry;
use crate::runtimes;

/// How long the median contender should take for a turn, in nanoseconds.
const TURN: f64 = 12e6;
/// How long the slowest may take.
const LONGEST: f64 = 100e6;
/// How many messages are sent to find out how many that are, and at least.
const TRIAL: u64 = 1_000;
const MOST: u64 = 1_000_000;
/// Messages of which each one's way is timed.
const HAND_OVERS: u64 = 2_000;

#[derive(clap::Args, Clone, Default)]
pub struct Options {
    #[arg(long)]
    pub rounds: usize,
    #[arg(long)]
    pub seed: u64,
    /// How many messages there are in a turn; else they are counted.
    #[arg(long)]
    pub messages: Option<u64>,
    #[arg(long)]
    pub without: Vec<String>,
    /// Only this one.
    #[arg(long)]
    pub alone: Option<String>,
}

/// What the process prints at its end; before, it prints who runs.
#[derive(Serialize, Deserialize)]
pub struct Outcome {
    pub messages: u64,
    pub entries: Vec<Entry>,
}

pub fn run(cell: Cell, options: &Options) {
    end_at_panics();
    runtimes::force();
    let mut contenders = contenders::of(cell);
    contenders.retain(|contender| match &options.alone {
        Some(alone) => *alone == contender.kind,
        None => !options.without.contains(&contender.kind),
    });
    let counted = count(&contenders);
    let messages = options.messages.unwrap_or(counted);
    let mut entries = contenders
        .iter()
        .map(|contender| Entry::new(&contender.name, &contender.kind))
        .collect::<Vec<_>>();
    let mut dice = Dice::new(options.seed);
    let mut order = (0..contenders.len()).collect::<Vec<_>>();
    for _ in 0..options.rounds {
        dice.shuffle(&mut order);
        for index in &order {
            let (contender, entry) = (&contenders[*index], &mut entries[*index]);
            entry.times.push(turn(contender, messages));
            entry.hand_overs.extend(hand_over(contender));
        }
    }
    println!("{}", serde_json::to_string(&Outcome { messages, entries }).unwrap());
}

/// How many messages there should be: everyone has a first turn for warming up, and the second counts.
fn count(contenders: &[Contender]) -> u64 {
    let mut times = Vec::new();
    for contender in contenders {
        turn(contender, TRIAL);
        times.push(turn(contender, TRIAL));
    }
    times.sort_by(f64::total_cmp);
    let (Some(median), Some(slowest)) = (times.get(times.len() / 2), times.last()) else {
        return TRIAL;
    };
    ((TURN / median).min(LONGEST / slowest) as u64).clamp(TRIAL, MOST)
}

/// Nanoseconds per message.
fn turn(contender: &Contender, messages: u64) -> f64 {
    println!("{}", contender.kind);
    let time = (contender.run)(messages).as_nanos() as f64 / messages as f64;
    // More digits say nothing.
    (time * 100.0).round() / 100.0
}

/// The median and the 99.9th percentile of a hand-over.
fn hand_over(contender: &Contender) -> Option<[u64; 2]> {
    let mut took = contender.hand_over.as_ref()?(HAND_OVERS);
    took.sort_unstable();
    Some([took[took.len() / 2], took[took.len() * 999 / 1000]])
}

/// The first panic, in whatever thread, is the last that is heard of the process.
fn end_at_panics() {
    panic::set_hook(Box::new(|info| {
        let file = info.location().and_then(|place| Path::new(place.file()).file_name());
        let file = file.unwrap_or_default().to_string_lossy();
        let message = info.payload_as_str().unwrap_or("a panic");
        eprintln!("{} ({file})", message.replace('\n', " "));
        process::exit(101);
    }));
}
