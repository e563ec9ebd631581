//! Each cell runs in a process of its own, so that a contender that hangs or loses messages ends nothing but
//! its own part in the cell.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::cells::Cell;
use crate::contenders::{self, Run};
use crate::results::{CellResult, Entry};
use crate::work::Stamp;

/// How long one run of a contender may take.
const LIMIT: Duration = Duration::from_secs(20);
/// What the first contender should take for a round.
const ROUND: Duration = Duration::from_millis(10);
/// How many messages are sent to find out how many that are.
const TRIAL: u64 = 4_000;

/// Runs a cell in a child, again without those that fail.
pub fn measure(cell: Cell, rounds: usize) -> CellResult {
    let mut failed: Vec<Entry> = Vec::new();
    loop {
        let without = failed.iter().map(|entry| entry.contender.clone()).collect::<Vec<_>>();
        match attempt(cell, rounds, &without) {
            Ok(mut entries) => {
                entries.extend(failed);
                return CellResult {
                    name: cell.to_string(),
                    group: cell.group().to_string(),
                    entries,
                };
            }
            Err(entry) if without.contains(&entry.contender) => {
                panic!("{cell}: the process ends without {} as well", entry.contender)
            }
            Err(entry) => failed.push(entry),
        }
    }
}

/// The entries, or that of who has failed.
fn attempt(cell: Cell, rounds: usize, without: &[String]) -> Result<Vec<Entry>, Entry> {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["cell", &cell.to_string(), "--rounds", &rounds.to_string()]);
    command.args(without.iter().map(|name| format!("--without={name}")));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let (lines, heard) = channel();
    let out = BufReader::new(child.stdout.take().unwrap());
    thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));
    let mut running = "aiochan".to_string();
    let fail = |contender: String, why: &str| {
        let failure = Some(why.to_string());
        Entry { contender, times: Vec::new(), latency: None, failure }
    };
    loop {
        match heard.recv_timeout(LIMIT) {
            Ok(line) if line.starts_with('[') => {
                let _ = child.wait();
                return Ok(serde_json::from_str(&line).unwrap());
            }
            Ok(line) => running = line,
            Err(RecvTimeoutError::Timeout) => {
                let _ = child.kill();
                let _ = child.wait();
                return Err(fail(running, "hung"));
            }
            Err(RecvTimeoutError::Disconnected) => {
                let _ = child.wait();
                return Err(fail(running, "failed"));
            }
        }
    }
}

/// In the child: runs the cell, announces each contender, and prints the entries.
pub fn run(cell: Cell, rounds: usize, without: &[String]) {
    let mut contenders: Vec<(&str, Run, Entry)> = contenders::of(cell)
        .into_iter()
        .filter(|(name, _)| !without.iter().any(|other| other == name))
        .map(|(name, run)| {
            let contender = name.to_string();
            (name, run, Entry { contender, times: Vec::new(), latency: None, failure: None })
        })
        .collect();
    let mut messages = TRIAL;
    // The first round is for warming up and finding out who takes part; ours says how many messages there are.
    let mut taking_part = Vec::new();
    contenders.retain(|(name, run, _)| {
        if taking_part.contains(name) {
            // Of a crate's kinds of channel the first that fits.
            return false;
        }
        println!("{name}");
        let begin = Instant::now();
        let done = run(cell, TRIAL, Stamp::Number);
        if done.is_some() && messages == TRIAL {
            let more = ROUND.as_secs_f64() / begin.elapsed().as_secs_f64();
            messages = ((TRIAL as f64 * more) as u64).clamp(TRIAL, 400_000);
        }
        taking_part.extend(done.is_some().then_some(*name));
        done.is_some()
    });
    let mut took: Vec<Vec<u64>> = contenders.iter().map(|_| Vec::new()).collect();
    for round in 0..rounds {
        for turn in 0..contenders.len() {
            // A different one begins each time.
            let index = (turn + round) % contenders.len();
            let (name, run, entry) = &mut contenders[index];
            println!("{name}");
            entry.times.extend(run(cell, messages, Stamp::Number).map(|done| done.time));
            if cell.has_latency() {
                took[index].extend(run(cell, messages / 4, Stamp::Time).unwrap().took);
            }
        }
    }
    let entries = contenders.into_iter().zip(took).map(|((_, _, mut entry), mut took)| {
        took.sort_unstable();
        entry.latency = took.last().map(|_| (took[took.len() / 2], took[took.len() * 999 / 1000]));
        entry
    });
    println!("{}", serde_json::to_string(&entries.collect::<Vec<_>>()).unwrap());
}
