//! What a run ran on, and with.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::thread;

use crate::hand_over;

pub fn describe() -> BTreeMap<String, String> {
    let mut machine = BTreeMap::new();
    let cpus = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let processors = thread::available_parallelism().map_or(0, usize::from);
    machine.insert(
        "processor".into(),
        format!("{} × {}", processors, model.map_or("unknown", |(_, name)| name)),
    );
    for (what, command) in [
        ("system", &["uname", "-sr"][..]),
        ("compiler", &["rustc", "--version"]),
        ("day", &["date", "-u", "+%F"]),
    ] {
        let out = Command::new(command[0]).args(&command[1..]).output();
        let out = out.map(|out| String::from_utf8_lossy(&out.stdout).trim().to_string());
        machine.insert(what.into(), out.unwrap_or_default());
    }
    machine.insert("contenders".into(), versions().join(", "));
    machine.insert("clock".into(), format!("{} ns for a reading", hand_over::clock()));
    machine
}

/// The versions of all that takes part, as they are locked.
fn versions() -> Vec<String> {
    let crates = [
        "kanal",
        "crossfire",
        "crossbeam-channel",
        "flume",
        "loole",
        "fibre",
        "async-channel",
        "tokio",
        "thingbuf",
        "postage",
        "futures",
        "async-broadcast",
        "rayon",
        "smol",
    ];
    let lines = include_str!("../Cargo.lock").lines().collect::<Vec<_>>();
    let version = |name: &str| {
        let at = lines.iter().position(|line| *line == format!("name = \"{name}\""))?;
        lines[at + 1].strip_prefix("version = \"")?.strip_suffix('"')
    };
    crates.iter().map(|name| format!("{name} {}", version(name).unwrap_or("?"))).collect()
}
