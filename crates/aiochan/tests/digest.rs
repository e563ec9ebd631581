//! The `digest` example as a user runs it, against `sha256sum`.
#![cfg(unix)]

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

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
        let example = test.parent().unwrap().parent().unwrap().join("examples/digest");
        assert!(
            example.exists(),
            "no {}: build it with `cargo build --example digest`, for the profile and target of \
             this test",
            example.display()
        );
        example
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
    for n in 0..300 {
        fs::write(dir.path().join(format!("b/small-{n:03}")), n.to_string()).unwrap();
    }
    dir
}

/// Empty files with names so long that their lines, of 64 + 2 + 242 + 1 bytes, do not all fit into a
/// pipe.
fn many_lines() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..300 {
        File::create(dir.path().join(format!("{n:0240}"))).unwrap();
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

/// The lines on stderr that are about paths.
fn complaints(output: &Output) -> Vec<String> {
    let stderr = String::from_utf8(output.stderr.clone()).unwrap();
    stderr.lines().filter(|line| line.starts_with("digest: ")).map(String::from).collect()
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
    let output = run(dir.path(), &["sp ace", ".", "b", "new\nline"]);
    let sums = dir.path().join("sums");
    fs::write(&sums, output.stdout).unwrap();
    let check = Command::new("sha256sum")
        .args(["--strict", "-c"])
        .arg(&sums)
        .current_dir(dir.path())
        .output()
        .unwrap();
    assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
    assert_eq!(check.stdout.split(|byte| *byte == b'\n').count() - 1, 1 + 308 + 302 + 1);
}

#[test]
fn tells_the_figures_of_its_channels() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..42 {
        File::create(dir.path().join(n.to_string())).unwrap();
    }
    let output = run(dir.path(), &["."]);
    let stderr = String::from_utf8(output.stderr).unwrap();
    for word in ["files", "order", "digests", "42", "bottleneck: "] {
        assert!(stderr.contains(word), "no {word:?} in {stderr}");
    }
    assert_eq!(stderr.lines().count(), 5, "only the table, without a progress bar: {stderr}");
}

#[test]
fn links_are_followed_where_they_are_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("dir")).unwrap();
    fs::write(dir.path().join("dir/file"), "").unwrap();
    symlink("file", dir.path().join("dir/met")).unwrap();
    symlink("dir", dir.path().join("to-dir")).unwrap();
    symlink("dir/file", dir.path().join("to-file")).unwrap();
    let output = run(dir.path(), &["to-dir", "to-file"]);
    assert!(output.status.success(), "{:?}", complaints(&output));
    let names = output.stdout.split(|byte| *byte == b'\n').map(|line| line.get(66..));
    assert!(names.eq([Some(&b"to-dir/file"[..]), Some(b"to-file"), None]), "{output:?}");
}

#[test]
fn what_cannot_be_hashed_is_told_and_the_rest_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a"), "").unwrap();
    fs::write(dir.path().join("new\nline"), "").unwrap();
    symlink("nowhere", dir.path().join("dangling")).unwrap();
    for (path, complaint) in [
        ("missing", "digest: missing: No such file or directory"),
        ("mis\nsing", "digest: mis\\nsing: No such file or directory"),
        ("dangling", "digest: dangling: No such file or directory"),
        ("/dev/null", "digest: /dev/null: not a regular file or a directory"),
        // A process's memory cannot be read from its beginning, not even by root.
        ("/proc/self/mem", "digest: /proc/self/mem: Input/output error"),
    ] {
        if path == "/proc/self/mem" && !Path::new(path).exists() {
            println!("skipped: there is no file here that root cannot read");
            continue;
        }
        let output = run(dir.path(), &["new\nline", path, "a"]);
        assert_eq!(output.status.code(), Some(1), "{path}");
        assert_eq!(output.stdout.iter().filter(|byte| **byte == b'\n').count(), 2, "{path}");
        assert!(output.stdout.ends_with(b"  a\n"), "{path}");
        let complaints = complaints(&output);
        assert_eq!(complaints.len(), 1, "{complaints:?}");
        assert!(complaints[0].starts_with(complaint), "{complaints:?}");
    }
}

#[test]
fn a_directory_that_cannot_be_listed_is_told_and_the_rest_goes_on() {
    // Root may list every directory; but none that is so deep that its path is too long.
    let dir = tempfile::tempdir().unwrap();
    let name = "d".repeat(255);
    let parent = (0..15).fold(dir.path().to_path_buf(), |path, _| path.join(&name));
    fs::create_dir_all(&parent).unwrap();
    let made = Command::new("mkdir").arg(&name).current_dir(&parent).status().unwrap();
    assert!(made.success());
    fs::write(dir.path().join("e"), "").unwrap();

    let output = run(dir.path(), &["."]);
    assert_eq!(output.status.code(), Some(1));
    assert!(output.stdout.ends_with(b"  ./e\n"));
    let complaints = complaints(&output);
    assert_eq!(complaints.len(), 1, "{complaints:?}");
    assert!(complaints[0].contains(&format!("{name}: File name too long")), "{complaints:?}");
}

#[test]
fn a_closed_pipe_is_no_error() {
    let dir = many_lines();
    let mut child = start(&dir, &["."]);
    let mut first = String::new();
    let stdout = child.stdout.take().unwrap();
    BufReader::with_capacity(128, stdout).read_line(&mut first).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "{}", output.status);
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
}

#[test]
fn a_closed_pipe_for_both_streams_is_no_panic() {
    let dir = many_lines();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut child = digest()
        .args(["missing", "."])
        .current_dir(dir.path())
        .stdout(writer.try_clone().unwrap())
        .stderr(writer)
        .spawn()
        .unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn ctrl_c_stops_at_once_between_lines() {
    let dir = tempfile::tempdir().unwrap();
    for n in 0..50 {
        File::create(dir.path().join(format!("{n:02}"))).unwrap();
    }
    // Hashing this takes a minute, and no space on the disk.
    File::create(dir.path().join("huge")).unwrap().set_len(1 << 36).unwrap();
    for signal in ["-INT", "-TERM"] {
        let mut child = start(&dir, &[".", "--jobs", "1"]);
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut text = String::new();
        stdout.read_line(&mut text).unwrap();
        kill(&child, signal);
        stdout.read_to_string(&mut text).unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(130));
        assert!(text.ends_with('\n') && text.lines().all(|line| line.len() == 64 + 2 + 4));
    }
}

#[test]
fn one_ctrl_c_stops_it_also_when_nobody_reads() {
    let dir = many_lines();
    let mut child = start(&dir, &["."]);
    // Wait until the pipe is full, or nearly so. If the system does not tell, or its pipes are smaller, the signal
    // comes earlier or later, which must make no difference.
    let io = PathBuf::from(format!("/proc/{}/io", child.id()));
    let deadline = Instant::now() + Duration::from_secs(2);
    while written(&io).is_some_and(|bytes| bytes < 32_000) && Instant::now() < deadline {
        std::thread::yield_now();
    }
    kill(&child, "-INT");
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let mut text = String::new();
    child.stdout.take().unwrap().read_to_string(&mut text).unwrap();
    assert!(text.lines().all(|line| line.len() == 64 + 2 + 242), "a line is torn");
    assert!(text.is_empty() || text.ends_with('\n'), "the last line is torn");
}

#[test]
fn a_full_disk_is_told() {
    let Ok(full) = File::options().write(true).open("/dev/full") else {
        return println!("skipped: there is no /dev/full here");
    };
    let dir = tempfile::tempdir().unwrap();
    File::create(dir.path().join("a")).unwrap();
    let output = digest().arg(".").current_dir(dir.path()).stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let complaints = complaints(&output);
    assert_eq!(complaints.len(), 1);
    assert!(complaints[0].starts_with("digest: standard output: No space left"), "{complaints:?}");
}

#[test]
fn no_jobs_are_refused() {
    let output = digest().args([".", "--jobs", "0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(stderr.contains("--jobs") && stderr.contains("0 is not in 1..=255"), "{stderr}");
}

fn start(dir: &TempDir, args: &[&str]) -> Child {
    digest()
        .args(args)
        .current_dir(dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// The process may have ended already, by the signal before.
fn kill(child: &Child, signal: &str) {
    Command::new("kill")
        .args([signal, &child.id().to_string()])
        .stderr(Stdio::null())
        .status()
        .unwrap();
}

/// How many bytes a process has written.
fn written(io: &Path) -> Option<u64> {
    let io = fs::read_to_string(io).ok()?;
    io.lines().find_map(|line| line.strip_prefix("wchar: "))?.parse().ok()
}
