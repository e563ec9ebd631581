//! aiochan against its peers: same work, same run, taking turns, checked results.
//!
//! `cargo run --release` runs every cell and writes `docs/BENCHMARKS.md`, its plot and its figures.

mod allocator;
mod arrival;
mod cells;
mod child;
mod contender;
mod contenders;
mod dice;
mod dup;
mod halves;
mod hand_over;
mod hot;
mod left_out;
mod machine;
mod memory;
mod message;
mod pairs;
mod peers;
mod pipelines;
mod plot;
mod report;
mod results;
mod rounds;
mod runtimes;
mod selects;
mod summary;
mod traffic;

use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{env, fs};

use clap::{Parser, Subcommand};
use indicatif::{ProgressBar, ProgressStyle};

use cells::Cell;
use dice::Dice;
use results::{Plan, Results};

#[derive(Parser)]
#[command(args_conflicts_with_subcommands = true)]
struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// Only cells whose name or group contains this; the page is written into the target directory then.
    #[arg(default_value = "")]
    filter: String,
    /// Processes for each cell, one after the other.
    #[arg(long, default_value_t = 3)]
    processes: usize,
    /// Rounds of each process, in which the contenders take turns.
    #[arg(long, default_value_t = 3)]
    rounds: usize,
    /// From which the order of the turns follows; else by chance.
    #[arg(long)]
    seed: Option<u64>,
    /// A few cells, in less than two minutes; the page is written into the target directory.
    #[arg(long)]
    quick: bool,
}

#[derive(Subcommand)]
enum Command {
    /// Writes the page and the plot again from `docs/benchmarks.json`.
    Report,
    /// One cell, in this process.
    #[command(hide = true)]
    Cell {
        name: String,
        #[command(flatten)]
        options: rounds::Options,
    },
    /// What one kind of channel takes.
    #[command(hide = true)]
    Memory { index: usize },
}

fn main() {
    let options = Options::parse();
    match &options.command {
        Some(Command::Report) => {
            let text = fs::read_to_string(docs().join("benchmarks.json"));
            let results = serde_json::from_str(&text.expect("the results can be read"));
            publish(&results.expect("they are results"), &docs());
        }
        Some(Command::Cell { name, options }) => {
            let cell = cells::all().into_iter().find(|cell| cell.to_string() == *name);
            rounds::run(cell.expect("there is such a cell"), options);
        }
        Some(Command::Memory { index }) => memory::run(*index),
        None => run(&options),
    }
}

fn run(options: &Options) {
    let chosen = |cell: &Cell| {
        let named = cell.to_string().contains(&options.filter);
        (named || cell.group().contains(&options.filter)) && (!options.quick || cell.is_quick())
    };
    let chosen = cells::all().into_iter().filter(chosen).collect::<Vec<_>>();
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    let plan = Plan {
        processes: if options.quick { 1 } else { options.processes },
        rounds: options.rounds,
        seed: options.seed.unwrap_or(now),
    };
    let style = ProgressStyle::with_template("{pos}/{len} {msg} {wide_bar} {eta}").unwrap();
    let progress = ProgressBar::new(chosen.len() as u64).with_style(style);
    let mut dice = Dice::new(plan.seed);
    let (machine, memory) = (machine::describe(), memory::measure());
    let mut results = Results { machine, plan, cells: Vec::new(), memory };
    for cell in chosen {
        progress.set_message(cell.to_string());
        let result = child::measure(cell, &results.plan, dice.throw());
        progress.suspend(|| println!("{}", report::line(&result)));
        results.cells.push(result);
        progress.inc(1);
    }
    progress.finish_and_clear();
    println!("{}", summary::table(&results));
    let whole = options.filter.is_empty() && !options.quick;
    let place = if whole { docs() } else { target() };
    fs::write(place.join("benchmarks.json"), results.text()).expect("the results can be written");
    publish(&results, &place);
}

/// Writes the page and its plot.
fn publish(results: &Results, place: &Path) {
    plot::draw(results, &place.join("benchmarks.svg"));
    let page = place.join("BENCHMARKS.md");
    report::write(results, &docs().join("BENCHMARKS.md"), &page);
    println!("{}", page.display());
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

/// The directory of what is built, where parts of a run go.
fn target() -> PathBuf {
    let program = env::current_exe().expect("the program is somewhere");
    program.parent().and_then(Path::parent).expect("it is in the target directory").to_path_buf()
}
