//! The `digest` example as a user runs it, against `sha256sum`.
#![cfg(unix)]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::sync::LazyLock;

use tempfile::TempDir;

/// The example, built by the first test that asks: `cargo test --test digest` alone does not.
fn digest() -> Command {
    static EXAMPLE: LazyLock<PathBuf> = LazyLock::new(|| {
        let profile: &[&str] = if cfg!(debug_assertions) { &[] } else { &["--release"] };
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--example", "digest"])
            .args(profile)
            .status()
            .unwrap();
        assert!(built.success(), "the example does not build");
        let test = std::env::current_exe().unwrap();
        test.parent().unwrap().parent().unwrap().join("examples/digest")
    });
    Command::new(&*EXAMPLE)
}

fn run(dir: &Path, args: &[&str]) -> Output {
    digest().args(args).current_dir(dir).output().unwrap()
}

/// Nested directories, empty files, and names that need care.
fn tree() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join("b/c")).unwrap();
    let names: [&[u8]; 8] = [
        b"a",
        b"b/empty",
        b"b/c/deep",
        b"sp ace",
        b"back\\slash",
        b"new\nline",
        b"cr\rcr",
        b"\xff\xfe",
    ];
    for (size, name) in names.iter().enumerate() {
        let content =
            if *name == b"b/empty" { vec![] } else { vec![size as u8; 100_000 * size + 1] };
        fs::write(dir.path().join(OsStr::from_bytes(name)), content).unwrap();
    }
    for n in 0..500 {
        fs::write(dir.path().join(format!("b/small-{n:03}")), n.to_string()).unwrap();
    }
    dir
}

fn has_sha256sum() -> bool {
    let found = Command::new("sha256sum").arg("--version").output().is_ok();
    if !found {
        println!("skipped: there is no sha256sum here");
    }
    found
}

#[test]
fn prints_what_sha256sum_prints_in_path_order() {
    if !has_sha256sum() {
        return;
    }
    let dir = tree();
    let mut paths = Vec::new();
    for entry in walkdir::WalkDir::new(dir.path()).sort_by_file_name() {
        let entry = entry.unwrap();
        if entry.file_type().is_file() {
            paths.push(PathBuf::from(".").join(entry.path().strip_prefix(dir.path()).unwrap()));
        }
    }
    let expected = Command::new("sha256sum").args(&paths).current_dir(dir.path()).output().unwrap();
    for jobs in ["1", "2", "8"] {
        let output = run(dir.path(), &[".", "--jobs", jobs]);
        assert!(output.status.success());
        assert!(output.stdout == expected.stdout, "not the same with {jobs} jobs");
    }
}

#[test]
fn sha256sum_accepts_the_output() {
    if !has_sha256sum() {
        return;
    }
    let dir = tree();
    let sums = dir.path().join("sums");
    fs::write(&sums, run(dir.path(), &["a", "b", "new\nline", "back\\slash"]).stdout).unwrap();
    let check =
        Command::new("sha256sum").arg("-c").arg(&sums).current_dir(dir.path()).output().unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
}

#[test]
fn tells_the_figures_of_its_channels() {
    let dir = tree();
    let output = run(dir.path(), &["."]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    for word in ["files", "order", "508", "bottleneck: "] {
        assert!(stderr.contains(word), "no {word:?} in {stderr}");
    }
}

#[test]
fn a_path_that_does_not_exist_is_told_and_the_rest_goes_on() {
    let dir = tree();
    let output = run(dir.path(), &["missing", "a"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.ends_with(b"  a\n"));
    let stderr = String::from_utf8(output.stderr).unwrap();
    let lines: Vec<_> = stderr.lines().filter(|line| line.starts_with("digest: ")).collect();
    assert_eq!(lines.len(), 1, "{stderr}");
    assert!(lines[0].contains("missing: No such file"), "{stderr}");
}

#[test]
fn an_unreadable_file_is_told_and_the_rest_goes_on() {
    // A process's memory cannot be read from its beginning, not even by root.
    if !Path::new("/proc/self/mem").exists() {
        return println!("skipped: there is no file here that root cannot read");
    }
    let dir = tree();
    let output = run(dir.path(), &["/proc/self/mem", "a"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.ends_with(b"  a\n"));
    assert!(String::from_utf8(output.stderr).unwrap().contains("digest: /proc/self/mem: "));
}

#[test]
fn a_closed_pipe_is_no_error() {
    let dir = tempfile::tempdir().unwrap();
    // More lines than a pipe holds.
    for n in 0..2000 {
        File::create(dir.path().join(format!("{n:060}"))).unwrap();
    }
    let mut child = digest()
        .arg(".")
        .current_dir(dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::with_capacity(128, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{stderr}");
    assert!(!stderr.contains("panicked") && !stderr.contains("digest: "), "{stderr}");
}

#[test]
fn ctrl_c_stops_at_once_between_lines() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..50 {
        File::create(dir.path().join(format!("{n:02}"))).unwrap();
    }
    // Hashing this takes minutes, and no space on the disk.
    File::create(dir.path().join("huge")).unwrap().set_len(1 << 40).unwrap();
    let mut child = digest()
        .args([".", "--jobs", "1"])
        .current_dir(dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut text = String::new();
    stdout.read_line(&mut text).unwrap();
    let kill = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(kill.success());
    stdout.read_to_string(&mut text).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert!(text.lines().all(|line| line.len() == 64 + 2 + 4) && text.ends_with('\n'), "{text:?}");
}

#[test]
fn a_full_disk_is_told() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return println!("skipped: there is no /dev/full here");
    };
    let dir = tree();
    let output = digest().arg(".").current_dir(dir.path()).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("digest: standard output: "));
}

#[test]
fn no_jobs_are_refused() {
    let output = digest().args([".", "--jobs", "0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    std::io::stderr().write_all(&output.stderr).unwrap();
    assert!(String::from_utf8(output.stderr).unwrap().contains("--jobs"));
}
