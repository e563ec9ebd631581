//! aiochan against its peers: same work, same run, taking turns, checked results.
//!
//! `cargo run --release` runs every cell and writes `results.json`, `docs/BENCHMARKS.md` and its plot;
//! `cargo run --release -- pipelines` runs whole pipelines and selects.

mod cells;
mod child;
mod contenders;
mod machine;
mod message;
mod peers;
mod pipelines;
mod plot;
mod report;
mod results;
mod selects;
mod work;

use std::path::{Path, PathBuf};

use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use results::Results;

#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// Only cells whose name contains this; the documents are not written then.
    #[arg(default_value = "")]
    filter: String,
    /// Rounds, in which the contenders take turns.
    #[arg(long, default_value_t = 7)]
    rounds: usize,
    /// A few cells and three rounds, in less than two minutes; the documents are not written.
    #[arg(long)]
    quick: bool,
    /// Where the results go.
    #[arg(long, default_value = "results.json")]
    json: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Operators, pipes, selects and one source for several readers, beside their peers.
    Pipelines(pipelines::Options),
    /// Writes the documents again from the results of a run.
    Report { json: PathBuf },
    /// One cell, in this process.
    #[command(hide = true)]
    Cell {
        name: String,
        #[arg(long)]
        rounds: usize,
        #[arg(long)]
        without: Vec<String>,
    },
}

fn main() {
    let options = Options::parse();
    match &options.command {
        Some(Command::Pipelines(options)) => pipelines::main(options),
        Some(Command::Report { json }) => {
            let text = std::fs::read_to_string(json).expect("the results can be read");
            publish(&serde_json::from_str(&text).expect("they are results"));
        }
        Some(Command::Cell { name, rounds, without }) => {
            let cell = cells::all().into_iter().find(|cell| cell.to_string() == *name);
            child::run(cell.expect("there is such a cell"), *rounds, without);
        }
        None => run(&options),
    }
}

fn run(options: &Options) {
    let chosen = cells::all().into_iter().filter(|cell| {
        cell.to_string().contains(&options.filter) && (!options.quick || cell.is_quick())
    });
    let chosen = chosen.collect::<Vec<_>>();
    let rounds = if options.quick { 3 } else { options.rounds };
    let style = ProgressStyle::with_template("{pos}/{len} {msg} {wide_bar} {eta}").unwrap();
    let progress = ProgressBar::new(chosen.len() as u64).with_style(style);
    let mut results = Results { machine: machine::describe(), cells: Vec::new() };
    for cell in chosen {
        progress.set_message(cell.to_string());
        let result = child::measure(cell, rounds);
        progress.suspend(|| println!("{}", report::line(&result)));
        results.cells.push(result);
        progress.inc(1);
    }
    progress.finish_and_clear();
    let text = serde_json::to_string_pretty(&results).unwrap();
    std::fs::write(&options.json, text).expect("the results can be written");
    println!("{}", report::summary(&results));
    if options.filter.is_empty() && !options.quick {
        publish(&results);
    }
}

/// Writes the documents.
fn publish(results: &Results) {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs");
    plot::draw(results, &docs.join("benchmarks.svg"));
    report::write(results, &docs.join("BENCHMARKS.md"));
}
