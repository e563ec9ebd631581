//! The loom models, explored as deeply as they say themselves, whatever is in the environment.

use std::env;
use std::path::Path;
use std::process::Command;

use crate::{Outcome, cargo, outcome};

/// Explores them; with a number each is interrupted so often instead of as it says.
pub(crate) fn explore(preemptions: Option<&str>) -> Outcome {
    let mut models = command();
    models.arg("--nocapture").envs(preemptions.map(|n| ("LOOM_MAX_PREEMPTIONS", n)));
    outcome(&mut models)
}

/// As a part of all checks.
pub(crate) fn check() -> Outcome {
    outcome(&mut command())
}

fn command() -> Command {
    let mut models = build(Path::new("target/models"));
    models.args(["--quiet", "--"]).args(ARGUMENTS);
    obey_themselves(&mut models);
    models
}

/// One after the other: together they take as long, and a model is to find its memory where it was.
pub(crate) const ARGUMENTS: &[&str] = &["--test-threads=1"];

/// Runs their tests unless it is told otherwise.
pub(crate) fn build(target: &Path) -> Command {
    let mut models = cargo();
    models
        .args(["test", "--package", "aiochan-models", "--profile", "models", "--test", "models"])
        .arg("--target-dir")
        .arg(target)
        .env("RUSTFLAGS", "--cfg aiochan_loom")
        // It would be taken instead, and there would be no models.
        .env_remove("CARGO_ENCODED_RUSTFLAGS");
    models
}

/// What loom would obey could end them early, or keep a checkpoint.
pub(crate) fn obey_themselves(models: &mut Command) {
    for (name, _) in env::vars_os() {
        if name.to_string_lossy().starts_with("LOOM_") {
            models.env_remove(name);
        }
    }
}
