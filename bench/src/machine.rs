//! What a run ran on, and with.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;
use std::thread;

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
    machine
}

/// The peers' versions, as they are locked.
fn versions() -> Vec<String> {
    let peers = [
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
    ];
    let lines = include_str!("../Cargo.lock").lines().collect::<Vec<_>>();
    let version = |peer: &str| {
        let name = lines.iter().position(|line| *line == format!("name = \"{peer}\""))?;
        lines[name + 1].strip_prefix("version = \"")?.strip_suffix('"')
    };
    peers.iter().map(|peer| format!("{peer} {}", version(peer).unwrap_or("?"))).collect()
}
