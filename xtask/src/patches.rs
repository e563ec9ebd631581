//! The faults on purpose: a patch file each in `soak/mutants`, whose first lines say what it breaks and which checks
//! find it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, io};

use crate::{Outcome, mutants, skipped, succeeds};

const PATCHES: &str = "soak/mutants";
/// Where the table of all faults is.
const TABLE: &str = "docs/RELIABILITY.md";

pub(crate) struct Patch {
    pub(crate) name: String,
    /// A sentence that says what is broken.
    pub(crate) fault: String,
    /// The checks that find it.
    pub(crate) found_by: Vec<String>,
    /// The file, wherever one stands.
    path: PathBuf,
}

impl Patch {
    fn read(path: &Path) -> io::Result<Self> {
        let path = fs::canonicalize(path)?;
        let text = fs::read_to_string(&path)?;
        let lines = || text.lines().take_while(|line| !line.starts_with("diff "));
        let fault = lines().next().unwrap_or_default().to_owned();
        let found_by = lines().find_map(|line| line.strip_prefix("found by: "));
        let found_by: Vec<_> =
            found_by.into_iter().flat_map(|names| names.split(", ")).map(String::from).collect();
        let are_known = found_by.iter().all(|name| mutants::CHECKS.contains(&name.as_str()));
        if fault.is_empty() || found_by.is_empty() || !are_known {
            return Err(io::Error::other(format!(
                "{path:?} has to begin with what is broken, and a line `found by: `, of {}",
                mutants::CHECKS.join(", ")
            )));
        }
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { name, fault, found_by, path })
    }

    /// Breaks the sources in this directory.
    pub(crate) fn apply(&self, sources: &Path) -> bool {
        succeeds(self.git_apply(sources).arg(&self.path))
    }

    fn git_apply(&self, sources: &Path) -> Command {
        let mut git = Command::new("git");
        git.arg("apply").current_dir(sources);
        // In a directory of somebody else's repository git would pass over what is to be changed, without a word.
        git.env_remove("GIT_DIR").env_remove("GIT_WORK_TREE");
        git.envs(sources.parent().map(|above| ("GIT_CEILING_DIRECTORIES", above)));
        git
    }

    /// Its line in the table.
    pub(crate) fn row(&self, is_found: impl Fn(&str) -> bool) -> String {
        let cells = mutants::CHECKS.map(|check| if is_found(check) { " found |" } else { " |" });
        format!("| {} |{}", self.fault, cells.concat())
    }
}

/// All of them, by name.
pub(crate) fn all() -> io::Result<Vec<Patch>> {
    let mut paths = Vec::new();
    for entry in fs::read_dir(PATCHES)? {
        paths.push(entry?.path());
    }
    paths.retain(|path| path.extension().is_some_and(|kind| kind == "patch"));
    paths.sort();
    paths.iter().map(|path| Patch::read(path)).collect()
}

pub(crate) fn there_is_git() -> bool {
    succeeds(Command::new("git").arg("--version").stdout(Stdio::null()).stderr(Stdio::null()))
}

/// Whether each still fits the sources, and the table says of it what it says.
pub(crate) fn still_apply() -> Outcome {
    if !there_is_git() {
        return skipped("there is no git");
    }
    match faulty() {
        Ok(faulty) if faulty.is_empty() => Outcome::Passed,
        Ok(faulty) => {
            faulty.iter().for_each(|what| eprintln!("FAILED: {what}"));
            Outcome::Failed
        }
        Err(error) => {
            eprintln!("FAILED: {error}");
            Outcome::Failed
        }
    }
}

fn faulty() -> io::Result<Vec<String>> {
    let (sources, table) = (fs::canonicalize(".")?, fs::read_to_string(TABLE)?);
    let mut faulty = Vec::new();
    let patches = all()?;
    if patches.is_empty() {
        faulty.push(format!("{PATCHES} has no patches"));
    }
    for patch in patches {
        if !succeeds(patch.git_apply(&sources).arg("--check").arg(&patch.path)) {
            faulty.push(format!("{} does not apply", patch.name));
        }
        let row = patch.row(|check| patch.found_by.iter().any(|name| name == check));
        if !table.lines().any(|line| line == row) {
            faulty.push(format!("{TABLE} does not have the line of {}: {row}", patch.name));
        }
    }
    Ok(faulty)
}
