//! The Python package: built and tested in a virtual environment for each interpreter that is found.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::{Outcome, skipped, succeeds};

/// The versions of CPython that the package is for.
const VERSIONS: [&str; 4] = ["3.10", "3.11", "3.12", "3.13"];
/// What the tests need. The original's own tests need the old versions.
const TEST_TOOLS: [&str; 4] =
    ["pytest<8", "pytest-asyncio==0.21.2", "pytest-timeout", "typing_extensions"];
/// What checks the types, with one of the interpreters.
const TYPE_TOOLS: [&str; 2] = ["mypy", "pyright"];
/// What uses them in every way.
const TYPED: &str = "python/tests/typed.py";

/// Whether the package builds and passes its tests with each interpreter that there is.
pub(crate) fn check() -> Outcome {
    let found = interpreters();
    if found.is_empty() {
        eprintln!("FAILED: no CPython {} was found, on PATH or under pyenv", VERSIONS.join(", "));
        return Outcome::Failed;
    }
    let names: Vec<_> = found.iter().map(|(version, _)| *version).collect();
    let absent: Vec<_> = VERSIONS.into_iter().filter(|version| !names.contains(version)).collect();
    eprintln!("with CPython {}; not found: {}", names.join(", "), or_none(&absent));
    let mut passed = true;
    for (version, python) in &found {
        eprintln!("-- CPython {version}");
        passed &= Environment::new(version, python).is_some_and(|it| it.test());
    }
    eprintln!("-- types");
    let (version, python) = found.last().expect("there is one");
    if passed && Environment::new(version, python).is_some_and(|it| it.check_types()) {
        return Outcome::Passed;
    }
    eprintln!("FAILED: the Python package");
    Outcome::Failed
}

/// Whether pyright, too, takes the types as they are meant, after [`check`].
pub(crate) fn check_with_pyright() -> Outcome {
    let found = interpreters();
    let environment = found.last().and_then(|(version, python)| Environment::new(version, python));
    // It fetches its own program from another registry, which may be out of reach.
    match environment.filter(|it| it.run(["-m", "pyright", "--version"])) {
        None => skipped("pyright could not be set up"),
        Some(it) if it.check_types_with_pyright() => Outcome::Passed,
        Some(_) => {
            eprintln!("FAILED: pyright");
            Outcome::Failed
        }
    }
}

fn or_none(names: &[&str]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}

/// Each version that is found, with its interpreter.
fn interpreters() -> Vec<(&'static str, PathBuf)> {
    let mut candidates: Vec<PathBuf> =
        VERSIONS.iter().map(|version| format!("python{version}").into()).collect();
    candidates.push("python3".into());
    let pyenv = env::var_os("PYENV_ROOT").map(PathBuf::from);
    let pyenv = pyenv.or_else(|| env::home_dir().map(|home| home.join(".pyenv")));
    let installed = pyenv.and_then(|root| fs::read_dir(root.join("versions")).ok());
    let directories = installed.into_iter().flatten().flatten().map(|entry| entry.path());
    candidates.extend(directories.map(|directory| directory.join("bin/python")));
    let with_versions: Vec<_> =
        candidates.into_iter().filter_map(|python| Some((version_of(&python)?, python))).collect();
    let first_of = |version: &'static str| {
        let (_, python) = with_versions.iter().find(|(other, _)| other == version)?;
        Some((version, python.clone()))
    };
    VERSIONS.into_iter().filter_map(first_of).collect()
}

/// `3.11`, if this is a CPython that runs. The free-threaded build is not for this package yet.
fn version_of(python: &Path) -> Option<String> {
    let script = "import sys, sysconfig\n\
                  assert sys.implementation.name == 'cpython'\n\
                  assert not sysconfig.get_config_var('Py_GIL_DISABLED')\n\
                  print('%d.%d' % sys.version_info[:2])";
    let output = Command::new(python).args(["-c", script]).output().ok()?;
    let version = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| version.trim().to_owned())
}

/// A virtual environment under `target/python`.
struct Environment {
    python: PathBuf,
    /// Where cargo builds for this version, since each has an interface of its own.
    target: PathBuf,
}

impl Environment {
    fn new(version: &str, python: &Path) -> Option<Self> {
        let root = env::current_dir().ok()?.join("target/python").join(version);
        let environment = root.join("environment");
        let bin = if cfg!(windows) { "Scripts/python.exe" } else { "bin/python" };
        let this = Self { python: environment.join(bin), target: root.join("build") };
        let made = this.python.exists()
            || succeeds(Command::new(python).args(["-m", "venv"]).arg(&environment));
        made.then_some(this)
    }

    fn run(&self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> bool {
        succeeds(
            Command::new(&self.python)
                .args(args)
                .env("CARGO_TARGET_DIR", &self.target)
                .env("PIP_DISABLE_PIP_VERSION_CHECK", "1"),
        )
    }

    fn install(&self, options: &[&str], what: &[&str]) -> bool {
        self.run(["-m", "pip", "install", "--quiet"].iter().chain(options).chain(what))
    }

    fn test(&self) -> bool {
        self.install(&[], &TEST_TOOLS)
            && self.install(&["--force-reinstall", "--no-deps"], &["./python"])
            && self.run(["python/tests/conformance.py"])
            && self.run(["-m", "pytest", "-q", "--timeout=120", "python/tests"])
    }

    fn check_types(&self) -> bool {
        self.install(&[], &TYPE_TOOLS)
            && self.run(["-m", "mypy", "--strict", TYPED])
            && self.run([
                "-m",
                "mypy.stubtest",
                "aiochan",
                "--allowlist",
                "python/tests/stubtest.txt",
            ])
    }

    fn check_types_with_pyright(&self) -> bool {
        let args = ["-m", "pyright", "--pythonpath"].map(OsStr::new);
        self.run(args.into_iter().chain([self.python.as_os_str(), OsStr::new(TYPED)]))
    }
}
