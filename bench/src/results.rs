//! What a run found out, as it is written to and read from a file.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::contender::OURS;

#[derive(Serialize, Deserialize)]
pub struct Results {
    /// What it ran on, and with.
    pub machine: BTreeMap<String, String>,
    /// How it ran.
    pub plan: Plan,
    pub cells: Vec<CellResult>,
    pub memory: Vec<Footprint>,
}

#[derive(Clone, Serialize, Deserialize)]
pub struct Plan {
    /// How many processes run a cell, one after the other.
    pub processes: usize,
    /// In each of which all contenders take so many turns.
    pub rounds: usize,
    /// From which the order of the turns follows.
    pub seed: u64,
}

#[derive(Serialize, Deserialize)]
pub struct CellResult {
    pub name: String,
    pub group: String,
    /// In each turn of each contender.
    pub messages: u64,
    pub entries: Vec<Entry>,
}

/// What one kind of channel did in a cell.
#[derive(Clone, Serialize, Deserialize)]
pub struct Entry {
    /// The crate, of which the best kind is shown.
    pub contender: String,
    pub kind: String,
    /// Nanoseconds per message, in each turn.
    pub times: Vec<f64>,
    /// A quarter, half and three quarters of the times are at most this.
    pub quartiles: Option<[f64; 3]>,
    /// Of each turn the median and the 99.9th percentile of a hand-over, in nanoseconds.
    pub hand_overs: Vec<[u64; 2]>,
    /// The medians of these.
    pub hand_over: Option<[u64; 2]>,
    /// Why there are no times.
    pub failure: Option<String>,
}

/// Bytes of a kind of channel. Nothing where it has no such thing.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Footprint {
    pub kind: String,
    /// Of an idle channel with capacity 0, 64 and none, for `u64`.
    pub idle: [Option<usize>; 3],
    /// Of the futures of a put and of a get.
    pub futures: Option<[usize; 2]>,
    /// On the heap beside a put that waits, the first and one of 256.
    pub waiting_put: [Option<f64>; 2],
    pub waiting_get: [Option<f64>; 2],
    pub failure: Option<String>,
}

impl Results {
    /// As JSON, with a line for each cell.
    pub fn text(&self) -> String {
        fn json(value: &impl Serialize) -> String {
            serde_json::to_string(value).expect("it can be written")
        }
        let cells = self.cells.iter().map(json).collect::<Vec<_>>();
        format!(
            "{{\"machine\": {},\n\"plan\": {},\n\"memory\": {},\n\"cells\": [\n{}\n]}}\n",
            json(&self.machine),
            json(&self.plan),
            json(&self.memory),
            cells.join(",\n")
        )
    }
}

impl Entry {
    pub fn new(contender: &str, kind: &str) -> Self {
        Self {
            contender: contender.to_string(),
            kind: kind.to_string(),
            times: Vec::new(),
            quartiles: None,
            hand_overs: Vec::new(),
            hand_over: None,
            failure: None,
        }
    }

    pub fn failed(contender: &str, kind: &str, why: String) -> Self {
        Self { failure: Some(why), ..Self::new(contender, kind) }
    }

    /// Sums up the turns.
    pub fn finish(&mut self) {
        let mut times = self.times.clone();
        times.sort_by(f64::total_cmp);
        let at = |part: usize| times[(times.len() - 1) * part / 4];
        self.quartiles = (!times.is_empty()).then(|| [1, 2, 3].map(at));
        let half = |which: usize| {
            let mut all = self.hand_overs.iter().map(|both| both[which]).collect::<Vec<_>>();
            all.sort_unstable();
            all[all.len() / 2]
        };
        self.hand_over = (!self.hand_overs.is_empty()).then(|| [0, 1].map(half));
    }

    pub fn median(&self) -> Option<f64> {
        self.quartiles.map(|[_, median, _]| median)
    }
}

impl CellResult {
    /// The best kind of a crate, or one that failed if all did.
    pub fn entry(&self, contender: &str) -> Option<&Entry> {
        let kinds = self.entries.iter().filter(|entry| entry.contender == contender);
        let time = |entry: &Entry| entry.median().unwrap_or(f64::INFINITY);
        kinds.min_by(|a, b| time(a).total_cmp(&time(b)))
    }

    pub fn median(&self, contender: &str) -> Option<f64> {
        self.entry(contender)?.median()
    }

    /// The best of the others.
    pub fn best_peer(&self) -> Option<&Entry> {
        let others = self.entries.iter().filter(|entry| entry.contender != OURS);
        let times = others.filter_map(|entry| Some((entry, entry.median()?)));
        times.min_by(|(_, a), (_, b)| a.total_cmp(b)).map(|(entry, _)| entry)
    }

    /// Our time to that of the best of the others.
    pub fn ratio(&self) -> Option<f64> {
        Some(self.median(OURS)? / self.best_peer()?.median()?)
    }

    /// Whether the quartiles of ours and of the best of the others overlap.
    pub fn is_noise(&self) -> bool {
        let quartiles = |entry: Option<&Entry>| entry.and_then(|entry| entry.quartiles);
        match (quartiles(self.entry(OURS)), quartiles(self.best_peer())) {
            (Some(ours), Some(best)) => ours[0] <= best[2] && best[0] <= ours[2],
            _ => false,
        }
    }

    /// Why ours has no time here.
    pub fn failure(&self) -> Option<&str> {
        self.entry(OURS)?.failure.as_deref()
    }

    /// The other crates that have such a channel.
    pub fn peers(&self) -> usize {
        let mut peers = self.entries.iter().map(|entry| &entry.contender).collect::<Vec<_>>();
        peers.sort_unstable();
        peers.dedup();
        peers.iter().filter(|peer| **peer != OURS).count()
    }
}
