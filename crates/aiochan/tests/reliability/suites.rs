//! The tables of others' suites: the cases in their second columns are cases of that suite here.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// The names of the cases of each file of a suite.
type Files = BTreeMap<String, Vec<String>>;

#[test]
fn every_case_that_is_named_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let text = fs::read_to_string(root.join("docs/RELIABILITY.md")).expect("it is there");
    let (_, section) = text.split_once("\n## Others' suites\n").expect("there is the section");
    let section = section.split("\n## ").next().unwrap_or_default();
    let mut named = BTreeMap::new();
    for table in section.split("\n### ").skip(1) {
        let (_, at) = table.split_once("tests/suites/").expect("a table says where its tests are");
        let suite = at.split('/').next().unwrap_or_default();
        let files = files(&root.join("crates/aiochan/tests/suites").join(suite));
        let rows = table.lines().filter_map(|line| line.strip_prefix("| ")?.strip_suffix(" |"));
        for (case, here) in rows.filter_map(|row| row.split_once(" | ")) {
            *named.entry(suite).or_insert(0) += check(&files, case, here);
        }
    }
    let enough = [("core_async", 60), ("crossbeam", 120), ("go", 40)];
    for (suite, least) in enough {
        let named = named.get(suite).copied().unwrap_or(0);
        assert!(
            named >= least,
            "only {named} cases of {suite} are named: are the tables still so?"
        );
    }
}

/// Asserts that what one row names is there; how many cases that are.
fn check(files: &Files, case: &str, here: &str) -> usize {
    let (mut named, mut file) = (0, None);
    // Explanations may quote other things than tests.
    let here = without_parentheses(here);
    let clauses = here.split("; ");
    for clause in clauses.filter(|it| !it.contains("not apply") && !it.contains("` is ")) {
        let mut whole_files = Vec::new();
        for quoted in clause.split('`').skip(1).step_by(2) {
            let name = match quoted.split_once("::") {
                Some((in_file, name)) => {
                    file = Some(in_file);
                    name
                }
                None => quoted,
            };
            if name.is_empty() {
                whole_files.extend(file);
            } else if name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
            {
                assert!(has(files, file, name), "{quoted} is no case, in the row of {case}");
                named += 1;
            }
        }
        if clause.contains("the same names") {
            for name in without_parentheses(case).split(',').map(str::trim) {
                let is_there = whole_files.iter().any(|file| has(files, Some(file), name));
                assert!(is_there, "{name} is no case of {whole_files:?}");
                named += 1;
            }
        }
    }
    named
}

fn has(files: &Files, file: Option<&str>, name: &str) -> bool {
    let mut those = files.iter().filter(|(other, _)| file.is_none_or(|file| file == *other));
    those.any(|(_, cases)| cases.iter().any(|case| case == name))
}

/// `text` without what is in parentheses, but for those that are quoted.
fn without_parentheses(text: &str) -> String {
    let (mut depth, mut is_quoted) = (0, false);
    let mut rest = String::new();
    for c in text.chars() {
        match c {
            '`' => is_quoted = !is_quoted,
            '(' if !is_quoted => depth += 1,
            _ => {}
        }
        if depth == 0 {
            rest.push(c);
        }
        if c == ')' && !is_quoted {
            depth -= 1;
        }
    }
    rest
}

/// What the macros are given that make tests of cases, and tests that are none of these.
fn files(suite: &Path) -> Files {
    let mut files = Files::new();
    for entry in fs::read_dir(suite).unwrap_or_else(|error| panic!("{suite:?}: {error}")) {
        let path = entry.expect("it can be read").path();
        let code = fs::read_to_string(&path).expect("it can be read");
        let mut cases = Vec::new();
        for start in ["\ncases! {", "\nsuite! {"] {
            for block in code.split(start).skip(1) {
                let block = block.split("\n}").next().unwrap_or_default();
                let words = block.split(|c: char| !(c.is_alphanumeric() || c == '_'));
                cases.extend(words.filter(|word| !word.is_empty()).map(String::from));
            }
        }
        let alone = code.split("\n#[test]\nfn ").skip(1);
        cases.extend(alone.filter_map(|test| Some(test.split_once('(')?.0.to_owned())));
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        files.insert(name, cases);
    }
    files
}
