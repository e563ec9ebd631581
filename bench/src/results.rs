//! What a run found out, as it is written to and read from a file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
pub struct Results {
    /// What it ran on, and with.
    pub machine: BTreeMap<String, String>,
    pub cells: Vec<CellResult>,
}

#[derive(Serialize, Deserialize)]
pub struct CellResult {
    pub name: String,
    pub group: String,
    pub entries: Vec<Entry>,
}

/// What a contender did in a cell.
#[derive(Serialize, Deserialize)]
pub struct Entry {
    pub contender: String,
    /// Nanoseconds per message, in each round.
    pub times: Vec<f64>,
    /// How long messages took, in nanoseconds: half of them at most the first, all but one in a thousand at
    /// most the second.
    pub latency: Option<(u64, u64)>,
    /// Why there are no times.
    pub failure: Option<String>,
}

impl Entry {
    pub fn median(&self) -> Option<f64> {
        let mut times = self.times.clone();
        times.sort_by(f64::total_cmp);
        times.get(times.len() / 2).copied()
    }
}

impl CellResult {
    pub fn median(&self, contender: &str) -> Option<f64> {
        self.entries.iter().find(|entry| entry.contender == contender)?.median()
    }

    /// The best of the others.
    pub fn best_peer(&self) -> Option<(&str, f64)> {
        let others = self.entries.iter().filter(|entry| entry.contender != "aiochan");
        let medians = others.filter_map(|entry| Some((entry.contender.as_str(), entry.median()?)));
        medians.min_by(|(_, a), (_, b)| a.total_cmp(b))
    }

    /// Our time to that of the best of the others.
    pub fn ratio(&self) -> Option<f64> {
        Some(self.median("aiochan")? / self.best_peer()?.1)
    }
}
