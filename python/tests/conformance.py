"""Runs the tests of the original aiochan, unchanged, against the package that is installed here.

    python conformance.py [further arguments of pytest]

They are downloaded from PyPI into a temporary directory and copied out of the package there, for run in
place they would import the original. Needs pytest, pytest-asyncio==0.21.2 and pytest-timeout.
"""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

VERSION = "0.2.7"
EXPECTED = 71


def main(arguments):
    with tempfile.TemporaryDirectory() as directory:
        target = pathlib.Path(directory, "original")
        tests = pathlib.Path(directory, "tests")
        tests.mkdir()
        # From its archive whatever else is installed; nothing of it is ever imported.
        subprocess.run(
            [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps"]
            + ["--target", str(target), f"aiochan=={VERSION}"],
            check=True,
        )
        for source in sorted((target / "aiochan" / "test").glob("test_*.py")):
            shutil.copy(source, tests)
            print("from aiochan", VERSION, "unchanged:", source.name)
        shutil.rmtree(target)

        environment = {name: value for name, value in os.environ.items() if name != "PYTEST_ADDOPTS"}
        where = subprocess.run(
            [sys.executable, "-c", "import aiochan; print(aiochan.__file__); import aiochan._aiochan"],
            cwd=tests,
            env=environment,
            check=True,
            stdout=subprocess.PIPE,
            text=True,
        )
        print("against", where.stdout.strip(), "on Python", sys.version.split()[0], flush=True)
        report = pathlib.Path(directory, "report.xml")
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "--timeout=20", "-p", "no:cacheprovider"]
            + ["--rootdir", str(tests), "--junitxml", str(report), *arguments, str(tests)],
            cwd=tests,
            env=environment,
        )
        passed = count_passed(report)
        print(f"{passed} of {EXPECTED} tests of the original pass")
        return done.returncode or (0 if arguments or passed == EXPECTED else 1)


def count_passed(report):
    import xml.etree.ElementTree

    cases = xml.etree.ElementTree.parse(report).getroot().iter("testcase")
    return sum(not any(child.tag in ("failure", "error", "skipped") for child in case) for case in cases)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
