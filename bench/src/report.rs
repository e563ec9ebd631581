//! The results as text: a line per cell while it runs, and `docs/BENCHMARKS.md`.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::left_out::LEFT_OUT;
use crate::results::{CellResult, Entry, Footprint, Results};
use crate::summary;

/// What is written by hand ends here.
const MARK: &str = "<!-- What follows is written by `cargo run --release` in `bench`. -->\n";

pub fn line(cell: &CellResult) -> String {
    let mut line = format!("{:<48}", cell.name);
    let mut entries = cell.entries.iter().collect::<Vec<_>>();
    let time = |entry: &Entry| entry.median().unwrap_or(f64::INFINITY);
    entries.sort_by(|a, b| time(a).total_cmp(&time(b)));
    for entry in entries {
        match (entry.median(), &entry.failure) {
            (Some(median), _) => write!(line, " {} {median:.1}", entry.kind).unwrap(),
            (None, Some(failure)) => write!(line, " {} ({failure})", entry.kind).unwrap(),
            (None, None) => {}
        }
    }
    if let Some(ratio) = cell.ratio() {
        write!(line, "  ratio {ratio:.2}").unwrap();
    }
    line
}

/// Who the ratios are against.
pub fn peers(results: &Results) -> String {
    let peers = || results.cells.iter().map(CellResult::peers);
    let (least, most) = (peers().min().unwrap_or(0), peers().max().unwrap_or(0));
    format!("the best of the {least} to {most} peers that have such a channel")
}

/// Writes the page, with what is written by hand in `template`.
pub fn write(results: &Results, template: &Path, path: &Path) {
    let before = fs::read_to_string(template).unwrap_or_default();
    let by_hand = before.split(MARK).next().unwrap_or_default();
    let mut text = format!("{by_hand}{MARK}\n## The run\n\n");
    for (what, value) in &results.machine {
        writeln!(text, "- {what}: {value}").unwrap();
    }
    let plan = &results.plan;
    writeln!(
        text,
        "- turns: {} processes of {} rounds each per cell, in an order that follows from the seed {}",
        plan.processes, plan.rounds, plan.seed
    )
    .unwrap();
    text += &format!("\n## In short\n\nRatios are to {}.\n\n", peers(results));
    text += &summary::table(results);
    text += "\n### Geometric means by place\n\n";
    text += &summary::places(results);
    text += "\n## The cells that are lost, worst first\n\n";
    text += &summary::lost(results);
    text += "\n## Nanoseconds per message\n\n\
             Of each crate the best kind of channel that fits. Where there is a second figure, it is the 99.9th \
             percentile of one hand-over, in microseconds. A dash: there is no such channel.\n";
    for group in summary::groups(results) {
        text += &group_table(results, group);
    }
    text += "\n## Bytes\n\n";
    text += &memory_table(&results.memory);
    text += "\n## Who failed\n\n";
    text += &failures(results);
    text += "\n## What is left out\n\n";
    for (what, why) in LEFT_OUT {
        writeln!(text, "- {what}: {why}.").unwrap();
    }
    fs::write(path, text).expect("the document can be written");
}

fn group_table(results: &Results, group: &str) -> String {
    let cells = || results.cells.iter().filter(|cell| cell.group == group);
    let names = summary::names(cells());
    let mut text = format!("\n### {group}\n\n| | {} | ratio |\n|---|", names.join(" | "));
    text += &"---|".repeat(names.len() + 1);
    text.push('\n');
    for cell in cells() {
        let name = cell.name.strip_prefix(group).unwrap_or(&cell.name).trim_start();
        write!(text, "| {name} |").unwrap();
        for contender in &names {
            write!(text, " {} |", cell.entry(contender).map_or("–".into(), shown)).unwrap();
        }
        writeln!(text, " {} |", cell.ratio().map_or("–".into(), |ratio| format!("{ratio:.2}")))
            .unwrap();
    }
    text
}

fn shown(entry: &Entry) -> String {
    let Some(median) = entry.median() else {
        let hung = entry.failure.as_deref() == Some("hung");
        return if hung { "hung".into() } else { "failed".into() };
    };
    let median = if median < 100.0 { format!("{median:.1}") } else { format!("{median:.0}") };
    match entry.hand_over {
        Some([_, most]) => format!("{median} / {:.1}", most as f64 / 1000.0),
        None => median,
    }
}

fn memory_table(footprints: &[Footprint]) -> String {
    let mut text = String::from(
        "Of an idle channel of `u64` with both halves; of the futures of a put and a get, by the crate's own calls; \
         and on the heap beside a put or a get that waits: the first of its channel, and one of 256.\n\n\
         | | capacity 0 | 64 | unbounded | put | get | waiting put | of 256 | waiting get | of 256 |\n\
         |---|---|---|---|---|---|---|---|---|---|\n",
    );
    for footprint in footprints {
        if let Some(failure) = &footprint.failure {
            writeln!(text, "| {} | {failure} | | | | | | | | |", footprint.kind).unwrap();
            continue;
        }
        let whole = |bytes: Option<usize>| bytes.map(|bytes| bytes as f64);
        let mut figures = footprint.idle.map(whole).to_vec();
        figures.extend([0, 1].map(|which| whole(footprint.futures.map(|both| both[which]))));
        figures.extend(footprint.waiting_put.iter().chain(&footprint.waiting_get));
        write!(text, "| {} |", footprint.kind).unwrap();
        for figure in figures {
            match figure {
                Some(bytes) if bytes.fract() == 0.0 => write!(text, " {bytes:.0} |").unwrap(),
                Some(bytes) => write!(text, " {bytes:.1} |").unwrap(),
                None => text += " – |",
            }
        }
        text.push('\n');
    }
    text
}

/// With the last thing that each of them said.
fn failures(results: &Results) -> String {
    let mut text = String::new();
    for cell in &results.cells {
        for entry in &cell.entries {
            if let Some(failure) = &entry.failure {
                writeln!(text, "- {}, {}: {failure}", cell.name, entry.kind).unwrap();
            }
        }
    }
    if text.is_empty() { "Nobody.\n".into() } else { text }
}
