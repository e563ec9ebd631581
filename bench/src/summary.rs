//! The results in short: against each peer, in each place, and what is lost.

use std::fmt::Write;

use crate::contender::OURS;
use crate::results::{CellResult, Results};

/// A cell is lost if ours takes more than this times the time of the best.
pub const LOST: f64 = 1.10;

/// The names of all contenders, ours first.
pub fn names<'a>(cells: impl Iterator<Item = &'a CellResult>) -> Vec<&'a str> {
    let mut names = vec![OURS];
    for entry in cells.flat_map(|cell| &cell.entries) {
        if !names.contains(&entry.contender.as_str()) {
            names.push(&entry.contender);
        }
    }
    names
}

/// Our time to theirs.
fn against(cell: &CellResult, peer: &str) -> Option<f64> {
    Some(cell.median(OURS)? / cell.median(peer)?)
}

fn geometric_mean(ratios: &[f64]) -> f64 {
    (ratios.iter().map(|ratio| ratio.ln()).sum::<f64>() / ratios.len() as f64).exp()
}

pub fn table(results: &Results) -> String {
    let mut text = String::from(
        "| against | geometric mean of our time to theirs | cells | of them won | median ratio | worst ratio |\n\
         |---|---|---|---|---|---|\n",
    );
    let mut row = |name: &str, ratio: &dyn Fn(&CellResult) -> Option<f64>| {
        let mut ratios = results
            .cells
            .iter()
            .filter_map(|cell| Some((ratio(cell)?, &cell.name)))
            .collect::<Vec<_>>();
        ratios.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        let Some((worst, cell)) = ratios.last() else {
            return;
        };
        let (median, _) = ratios[ratios.len() / 2];
        let won = ratios.iter().filter(|(ratio, _)| *ratio < 1.0).count();
        let all = ratios.iter().map(|(ratio, _)| *ratio).collect::<Vec<_>>();
        let (mean, count) = (geometric_mean(&all), all.len());
        writeln!(
            text,
            "| {name} | {mean:.2} | {count} | {won} | {median:.2} | {worst:.2}, {cell} |"
        )
        .unwrap();
    };
    row("the best peer of each cell", &CellResult::ratio);
    for name in names(results.cells.iter()).into_iter().skip(1) {
        row(name, &|cell| against(cell, name));
    }
    text + "\n" + &counts(results)
}

/// How many cells are lost and won, and how many of these differ by less than the runs do.
fn counts(results: &Results) -> String {
    let all = results.cells.iter().filter(|cell| cell.ratio().is_some()).collect::<Vec<_>>();
    let count = |which: &dyn Fn(f64) -> bool| {
        let chosen = all.iter().filter(|cell| cell.ratio().is_some_and(which)).collect::<Vec<_>>();
        (chosen.len(), chosen.iter().filter(|cell| cell.is_noise()).count())
    };
    let (lost, lost_noise) = count(&|ratio| ratio > LOST);
    let (won, won_noise) = count(&|ratio| ratio < 1.0);
    let failed = results.cells.iter().filter(|cell| cell.failure().is_some()).count();
    format!(
        "In {lost} of {} cells ours takes more than {LOST:.2} times as long as the best peer; in {lost_noise} of \
         these the quartiles overlap, so that it may be noise. In {won} it is faster than the best peer; in \
         {won_noise} of these they overlap as well. In {failed} more cells ours failed, which is lost too.\n",
        all.len(),
    )
}

/// Geometric means by place, against each peer.
pub fn places(results: &Results) -> String {
    let names = names(results.cells.iter());
    let mut text = format!("| | the best | {} |\n|---|", names[1..].join(" | "));
    text += &"---|".repeat(names.len());
    text.push('\n');
    for group in groups(results) {
        write!(text, "| {group} |").unwrap();
        let mut mean = |ratio: &dyn Fn(&CellResult) -> Option<f64>| {
            let cells = results.cells.iter().filter(|cell| cell.group == group);
            let ratios = cells.filter_map(ratio).collect::<Vec<_>>();
            match ratios.is_empty() {
                true => text += " – |",
                false => write!(text, " {:.2} |", geometric_mean(&ratios)).unwrap(),
            }
        };
        mean(&CellResult::ratio);
        names[1..].iter().for_each(|name| mean(&|cell| against(cell, name)));
        text.push('\n');
    }
    text
}

pub fn groups(results: &Results) -> Vec<&str> {
    let mut groups = results.cells.iter().map(|cell| cell.group.as_str()).collect::<Vec<_>>();
    groups.dedup();
    groups
}

/// The cells that are lost, the worst first.
pub fn lost(results: &Results) -> String {
    let mut text = String::from("| cell | aiochan | the best | ratio | |\n|---|---|---|---|---|\n");
    for cell in &results.cells {
        if let Some(failure) = cell.failure() {
            writeln!(text, "| {} | {failure} | | | |", cell.name).unwrap();
        }
    }
    let ratio = |cell: &CellResult| cell.ratio().filter(|ratio| *ratio > LOST);
    let mut lost =
        results.cells.iter().filter_map(|cell| Some((cell, ratio(cell)?))).collect::<Vec<_>>();
    lost.sort_by(|(_, a), (_, b)| b.total_cmp(a));
    for (cell, ratio) in lost {
        let (best, ours) = (cell.best_peer().unwrap(), cell.median(OURS).unwrap());
        let (kind, theirs) = (&best.kind, best.median().unwrap());
        let noise = if cell.is_noise() { "within noise" } else { "" };
        writeln!(text, "| {} | {ours:.0} | {theirs:.0} {kind} | {ratio:.2} | {noise} |", cell.name)
            .unwrap();
    }
    text
}
