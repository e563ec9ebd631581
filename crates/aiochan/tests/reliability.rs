//! What `docs/RELIABILITY.md` says shows something, exists.

use std::fs;
use std::path::{Path, PathBuf};

#[path = "reliability/suites.rs"]
mod suites;

/// Every test that is named with its file, as `file::name`; `::name` alone is of the file named before.
#[test]
fn every_test_that_is_named_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join("docs/RELIABILITY.md")).expect("it is there");
    let mut named = 0;
    for line in text.lines() {
        let mut file = None;
        for quoted in line.split('`').skip(1).step_by(2) {
            let Some((path, name)) = quoted.split_once("::") else { continue };
            match path.rsplit_once('.').map(|(_, kind)| kind) {
                Some("rs") => file = Some(root.join("crates/aiochan/tests").join(path)),
                Some("py") => file = Some(root.join("python/tests").join(path)),
                // Not a test but a path of the library.
                _ if !path.is_empty() || file.is_none() => continue,
                _ => {}
            }
            let file: &PathBuf = file.as_ref().expect("it was just looked at");
            let code = fs::read_to_string(file).unwrap_or_else(|error| panic!("{file:?}: {error}"));
            // Its module is not looked at, nor which of its parameters are meant.
            let name = name.rsplit("::").next().unwrap_or(name);
            let name = name.split('[').next().unwrap_or(name);
            let is_there = [
                format!("fn {name}("),
                format!("fn {name}<"),
                format!("def {name}("),
                format!(" {name} "),
            ]
            .iter()
            .any(|form| code.contains(form));
            assert!(is_there, "{name} is not in {file:?}");
            named += 1;
        }
    }
    assert!(named > 100, "only {named} tests are named: does the table still look like this?");
}
