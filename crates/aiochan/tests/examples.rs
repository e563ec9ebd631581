//! The examples as a newcomer runs them: each ends, and prints what it is meant to.
//!
//! `digest`, which is a program of its own, has its own tests in `digest.rs`.

use std::collections::HashMap;
use std::env;
use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::sync::LazyLock;

/// Runs an example; the lines that it prints.
fn run(name: &str, args: &[&str]) -> Vec<String> {
    /// Built by the first test that asks: `cargo test --test examples` alone does not.
    static EXAMPLES: LazyLock<PathBuf> = LazyLock::new(|| {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--quiet", "-p", env!("CARGO_PKG_NAME"), "--examples"]);
        if cfg!(feature = "tokio") {
            build.args(["--features", "tokio"]);
        }
        if !cfg!(debug_assertions) {
            build.arg("--release");
        }
        assert!(build.status().unwrap().success(), "the examples do not build");
        let test = env::current_exe().unwrap();
        test.parent().unwrap().parent().unwrap().join("examples")
    });
    let output = Command::new(EXAMPLES.join(name)).args(args).output().unwrap();
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().lines().map(str::to_string).collect()
}

#[test]
fn generator() {
    let expected = [
        "Joe says 1",
        "Ann says 1",
        "Joe says 2",
        "Ann says 2",
        "Joe says 3",
        "Ann says 3",
        "You are both boring, I am leaving.",
    ];
    assert_eq!(run("generator", &[]), expected);
}

#[test]
fn multiplexing() {
    let mut lines = run("multiplexing", &[]);
    assert_eq!(lines.pop().unwrap(), "You are both boring, I am leaving.");
    assert!(lines.len() >= 10);
    let mut last = HashMap::new();
    for line in &lines {
        let (name, n) = line.split_once(" says ").unwrap();
        let n: u64 = n.parse().unwrap();
        assert!(last.insert(name, n) < Some(n), "{lines:?}");
    }
    assert!(last.contains_key("Joe") && last.contains_key("Ann"), "{lines:?}");
}

#[test]
fn select_timeout() {
    let expected = ["Hello", "and", "er...", "You are too slow.", "You talk too much."];
    assert_eq!(run("select_timeout", &[]), expected);
}

#[test]
fn search_replicas() {
    let expected = [
        "gophers from image 1",
        "gophers from video 3",
        "gophers from web 2",
        "3 of 4 services in time",
    ];
    assert_eq!(run("search_replicas", &[]), expected);
}

#[test]
fn dining_philosophers() {
    let mut lines = run("dining_philosophers", &[]);
    lines.sort();
    let names = ["Aristotle", "Kant", "Marx", "Russell", "Spinoza"];
    assert_eq!(lines, names.map(|name| format!("{name} has eaten 100 times")));
}

#[test]
fn prime_sieve() {
    let primes = [
        2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83, 89,
        97,
    ];
    assert_eq!(run("prime_sieve", &[]), primes.map(|prime| prime.to_string()));
}

#[test]
fn rate_limiter() {
    let requests = (1..=5).map(|n| format!("request {n}"));
    let mut expected = vec!["smoothly".to_string()];
    expected.extend(requests.clone());
    expected.push("with a burst of 3".to_string());
    expected.extend(requests);
    assert_eq!(run("rate_limiter", &[]), expected);
}

#[test]
fn crawler() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = 0;
    for n in 0..30 {
        let below = dir.path().join(format!("{}/{}/{n}", n % 2, n % 5));
        fs::create_dir_all(&below).unwrap();
        fs::write(below.join("file"), vec![0; n]).unwrap();
        bytes += n;
    }
    let root = dir.path().to_str().unwrap();
    // The root, 2, 5 below each, and the 30.
    let expected = format!("{} directories, 30 files, {bytes} bytes", 1 + 2 + 10 + 30);
    assert_eq!(run("crawler", &[root]), [expected]);
    let empty = dir.path().join("0/0/0");
    fs::remove_file(empty.join("file")).unwrap();
    let expected = "1 directories, 0 files, 0 bytes";
    assert_eq!(run("crawler", &[empty.to_str().unwrap()]), [expected]);
}

#[test]
fn fan_out_fan_in() {
    let expected = ["of 9999 numbers 6171 takes longest, 261 steps"];
    assert_eq!(run("fan_out_fan_in", &[]), expected);
}

#[test]
fn hot_reload() {
    let expected = ["a job with version 1", "both at version 4 and 4"];
    assert_eq!(run("hot_reload", &[]), expected);
}

#[test]
fn chat() {
    let expected = [
        "Ann: 1 in rust, 2 in rust, 3 in rust",
        "Joe: 1 in go, 2 in go, 3 in go",
        "somebody away: 3 in rust",
    ];
    assert_eq!(run("chat", &[]), expected);
}

/// Each is short enough to be read at one go, says what there is to learn, and has a test here.
#[test]
fn every_example_is_short_and_tested() {
    let tests = include_str!("examples.rs");
    for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples")).unwrap() {
        let path = file.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if name == "digest" {
            continue;
        }
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.lines().count() < 80, "{name} is too long");
        assert!(
            text.starts_with("//! ") && text.contains("\n//! What to learn from it: "),
            "{name}"
        );
        assert!(tests.contains(&format!("run(\"{name}\"")), "{name} has no test");
    }
}
