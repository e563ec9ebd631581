//! Each cell runs in processes of its own, so that a contender that hangs or loses messages ends nothing but
//! its own part in the cell.

use std::env;
use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use serde::de::DeserializeOwned;

use crate::cells::Cell;
use crate::contender::OURS;
use crate::dice::Dice;
use crate::results::{CellResult, Entry, Plan};
use crate::rounds::{Options, Outcome};

/// How long one turn of a contender may take.
const LIMIT: Duration = Duration::from_secs(20);

/// Who ran when a process ended early, and what it said.
pub struct Failure {
    pub kind: String,
    pub why: String,
}

/// Runs a cell in several processes, again without those that fail.
pub fn measure(cell: Cell, plan: &Plan, seed: u64) -> CellResult {
    let name = cell.to_string();
    let mut dice = Dice::new(seed);
    let mut result =
        CellResult { name, group: cell.group().to_string(), messages: 0, entries: Vec::new() };
    let mut options = Options { rounds: plan.rounds, ..Options::default() };
    let (mut suspects, mut failed) = (Vec::new(), Vec::new());
    let mut done = 0;
    while done < plan.processes {
        options.seed = dice.throw();
        match attempt(cell, &options) {
            Ok(outcome) => {
                options.messages = Some(outcome.messages);
                result.messages = outcome.messages;
                add(&mut result.entries, outcome.entries);
                done += 1;
            }
            Err(failure) => {
                // Once may be chance: it is blamed if it fails alone too, or beside others again.
                let alone = Options { alone: Some(failure.kind.clone()), ..options.clone() };
                if suspects.contains(&failure.kind) || attempt(cell, &alone).is_err() {
                    assert!(!options.without.contains(&failure.kind), "{cell}: {}", failure.why);
                    result.entries.retain(|entry| entry.kind != failure.kind);
                    let contender = failure.kind.split([':', ' ']).next().unwrap_or(OURS);
                    failed.push(Entry::failed(contender, &failure.kind, failure.why));
                    options.without.push(failure.kind);
                } else {
                    suspects.push(failure.kind);
                }
            }
        }
    }
    result.entries.extend(failed);
    result.entries.iter_mut().for_each(Entry::finish);
    result
}

/// Puts the turns of one process to those of others.
fn add(entries: &mut Vec<Entry>, more: Vec<Entry>) {
    for entry in more {
        match entries.iter_mut().find(|other| other.kind == entry.kind) {
            Some(other) => {
                other.times.extend(entry.times);
                other.hand_overs.extend(entry.hand_overs);
            }
            None => entries.push(entry),
        }
    }
}

fn attempt(cell: Cell, options: &Options) -> Result<Outcome, Failure> {
    let mut arguments = vec!["cell".to_string(), cell.to_string()];
    arguments.push(format!("--rounds={}", options.rounds));
    arguments.push(format!("--seed={}", options.seed));
    arguments.extend(options.messages.map(|messages| format!("--messages={messages}")));
    arguments.extend(options.without.iter().map(|kind| format!("--without={kind}")));
    arguments.extend(options.alone.iter().map(|kind| format!("--alone={kind}")));
    process(&arguments)
}

/// What a process of this program prints at its end, or who ran last in it.
pub fn process<R: DeserializeOwned>(arguments: &[String]) -> Result<R, Failure> {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let (lines, heard) = channel();
    let out = BufReader::new(child.stdout.take().unwrap());
    thread::spawn(move || out.lines().map_while(Result::ok).try_for_each(|line| lines.send(line)));
    let errors = BufReader::new(child.stderr.take().unwrap());
    let last_error = thread::spawn(move || errors.lines().map_while(Result::ok).last());
    let mut kind = OURS.to_string();
    loop {
        match heard.recv_timeout(LIMIT) {
            Ok(line) if line.starts_with('{') => {
                let _ = child.wait();
                return Ok(serde_json::from_str(&line).unwrap());
            }
            Ok(line) => kind = line,
            Err(ended) => {
                let hung = ended == RecvTimeoutError::Timeout;
                let _ = child.kill();
                let status = child.wait().unwrap();
                let said = last_error.join().unwrap();
                let why = if hung { "hung".into() } else { said.unwrap_or(status.to_string()) };
                return Err(Failure { kind, why });
            }
        }
    }
}
