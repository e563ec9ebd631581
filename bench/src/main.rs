//! aiochan against its peers: same work, same run, taking turns, checked results.
//!
//! `cargo run --release -- [FILTER]` prints nanoseconds per message, the median of the rounds, for
//! each cell whose name contains the filter. `cargo run --release -- pipelines` runs whole pipelines.

mod cells;
mod peers;
mod pipelines;

use clap::{Parser, Subcommand};

use peers::{Aiochan, Crossbeam, Crossfire, CrossfireBlocking, Kanal, Peer};

#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// Only cells whose name contains this.
    #[arg(default_value = "")]
    filter: String,
    /// Rounds, in which the contenders take turns.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// Messages of one run.
    #[arg(long, default_value_t = 100_000)]
    messages: u64,
}

#[derive(Subcommand)]
enum Command {
    /// Operators, pipes and their peers.
    Pipelines(pipelines::Options),
}

/// Runs one cell once: nanoseconds per message, or nothing if the peer does not take part.
type Run = Box<dyn Fn(u64) -> Option<f64>>;

fn contenders(cell: &cells::Cell) -> Vec<(&'static str, Run)> {
    fn one<P: Peer>(cell: &cells::Cell) -> (&'static str, Run) {
        let cell = *cell;
        (P::NAME, Box::new(move |messages| cells::run::<P>(cell, messages)))
    }
    vec![
        one::<Aiochan>(cell),
        one::<Kanal>(cell),
        one::<Crossfire>(cell),
        one::<CrossfireBlocking>(cell),
        one::<Crossbeam>(cell),
    ]
}

fn main() {
    let options = Options::parse();
    if let Some(Command::Pipelines(options)) = &options.command {
        return pipelines::main(options);
    }
    for cell in cells::all() {
        let name = cell.to_string();
        if !name.contains(&options.filter) {
            continue;
        }
        let mut times: Vec<(&str, Run, Vec<f64>)> =
            contenders(&cell).into_iter().map(|(name, run)| (name, run, Vec::new())).collect();
        for _ in 0..options.rounds {
            for (_, run, times) in &mut times {
                times.extend(run(options.messages));
            }
        }
        print!("{name:<40}");
        let medians: Vec<(&str, f64)> = times
            .into_iter()
            .filter(|(_, _, times)| !times.is_empty())
            .map(|(name, _, mut times)| {
                times.sort_by(f64::total_cmp);
                (name, times[times.len() / 2])
            })
            .collect();
        let best_peer = medians[1..].iter().map(|(_, ns)| *ns).fold(f64::INFINITY, f64::min);
        for (name, ns) in &medians {
            print!("  {name} {ns:7.1}");
        }
        println!("  ratio {:.2}", medians[0].1 / best_peer);
    }
}
