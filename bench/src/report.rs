//! The results as text: a line per cell while it runs, and `docs/BENCHMARKS.md`.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::results::{CellResult, Results};

/// A cell is lost if ours takes more than this times the time of the best.
const LOST: f64 = 1.10;
/// What is written by hand ends here.
const MARK: &str = "<!-- What follows is written by `cargo run --release` in `bench`. -->\n";

pub fn line(cell: &CellResult) -> String {
    let mut line = format!("{:<48}", cell.name);
    let mut entries = cell.entries.iter().collect::<Vec<_>>();
    entries.sort_by(|a, b| order(a.median()).total_cmp(&order(b.median())));
    for entry in entries {
        match (entry.median(), &entry.failure) {
            (Some(median), _) => write!(line, " {} {median:.1}", entry.contender).unwrap(),
            (None, Some(failure)) => write!(line, " {} {failure}", entry.contender).unwrap(),
            (None, None) => {}
        }
    }
    if let Some(ratio) = cell.ratio() {
        write!(line, "  ratio {ratio:.2}").unwrap();
    }
    line
}

fn order(median: Option<f64>) -> f64 {
    median.unwrap_or(f64::INFINITY)
}

fn geometric_mean(ratios: &[f64]) -> f64 {
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp()
}

/// The names of all contenders, ours first.
fn names(results: &Results) -> Vec<&str> {
    let mut names = Vec::new();
    for entry in results.cells.iter().flat_map(|cell| &cell.entries) {
        if !names.contains(&entry.contender.as_str()) {
            names.push(&entry.contender);
        }
    }
    names
}

/// Geometric means of our time to theirs.
pub fn summary(results: &Results) -> String {
    let mut text =
        String::from("| against | geometric mean of our time to theirs | cells |\n|---|---|---|\n");
    let mut row = |name: &str, ratios: Vec<f64>| {
        if !ratios.is_empty() {
            let mean = geometric_mean(&ratios);
            writeln!(text, "| {name} | {mean:.2} | {} |", ratios.len()).unwrap();
        }
    };
    row("the best peer of each cell", results.cells.iter().filter_map(CellResult::ratio).collect());
    for name in names(results).into_iter().skip(1) {
        let ratio = |cell: &CellResult| Some(cell.median("aiochan")? / cell.median(name)?);
        row(name, results.cells.iter().filter_map(ratio).collect());
    }
    let lost = results.cells.iter().filter_map(CellResult::ratio).filter(|ratio| *ratio > LOST);
    let all = results.cells.iter().filter_map(CellResult::ratio).count();
    writeln!(
        text,
        "\nIn {} of {all} cells ours takes more than {LOST:.2} times as long as the best peer.",
        lost.count()
    )
    .unwrap();
    text
}

pub fn write(results: &Results, path: &Path) {
    let before = fs::read_to_string(path).unwrap_or_default();
    let by_hand = before.split(MARK).next().unwrap_or_default();
    let mut text = format!("{by_hand}{MARK}\n## The run\n\n");
    for (what, value) in &results.machine {
        writeln!(text, "- {what}: {value}").unwrap();
    }
    text += "\n## In short\n\n";
    text += &summary(results);
    text += "\n## The cells that are lost, worst first\n\n| cell | aiochan | best | ratio |\n|---|---|---|---|\n";
    let mut lost = results
        .cells
        .iter()
        .filter_map(|cell| Some((cell, cell.ratio()?)))
        .filter(|(_, ratio)| *ratio > LOST)
        .collect::<Vec<_>>();
    lost.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    for (cell, ratio) in lost {
        let ((peer, best), ours) = (cell.best_peer().unwrap(), cell.median("aiochan").unwrap());
        writeln!(text, "| {} | {ours:.0} | {best:.0} {peer} | {ratio:.2} |", cell.name).unwrap();
    }
    text += "\n## Nanoseconds per message\n";
    let names = names(results);
    let mut group = "";
    for cell in &results.cells {
        if cell.group != group {
            group = &cell.group;
            write!(text, "\n### {group}\n\n| | {} | ratio |\n|---|", names.join(" | ")).unwrap();
            text += &"---|".repeat(names.len() + 1);
            text.push('\n');
        }
        let name = cell.name.strip_prefix(group).unwrap_or(&cell.name).trim_start();
        write!(text, "| {name} |").unwrap();
        for contender in &names {
            let entry = cell.entries.iter().find(|entry| entry.contender == *contender);
            let shown = match entry.map(|entry| (entry.median(), &entry.failure)) {
                Some((Some(median), _)) if median < 100.0 => format!("{median:.1}"),
                Some((Some(median), _)) => format!("{median:.0}"),
                Some((None, Some(failure))) => failure.clone(),
                _ => "–".into(),
            };
            write!(text, " {shown} |").unwrap();
        }
        writeln!(text, " {} |", cell.ratio().map_or("–".into(), |ratio| format!("{ratio:.2}")))
            .unwrap();
    }
    text += "\n## How long messages take\n\nFrom before the put to after the get, in nanoseconds: the median, and what one \
             message in a thousand exceeds. Producers put as fast as they can, so what waits in the buffer counts.\n\n";
    write!(text, "| | {} |\n|---|{}\n", names.join(" | "), "---|".repeat(names.len())).unwrap();
    for cell in
        results.cells.iter().filter(|cell| cell.entries.iter().any(|entry| entry.latency.is_some()))
    {
        write!(text, "| {} |", cell.name).unwrap();
        for contender in &names {
            let entry = cell.entries.iter().find(|entry| entry.contender == *contender);
            let shown = entry.and_then(|entry| entry.latency);
            let shown = shown.map_or("–".into(), |(half, most)| format!("{half} / {most}"));
            write!(text, " {shown} |").unwrap();
        }
        text.push('\n');
    }
    fs::write(path, text).expect("the document can be written");
}
