"""The types, by the checkers that are installed."""

import importlib.util
import os
import shutil
import subprocess
import sys

import pytest

HERE = os.path.dirname(os.path.abspath(__file__))


def check(*command):
    done = subprocess.run(command, cwd=HERE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=300)
    assert done.returncode == 0, done.stdout


@pytest.mark.timeout(300)
@pytest.mark.skipif(not importlib.util.find_spec("mypy"), reason="mypy is not installed")
def test_mypy_accepts_the_api():
    check(sys.executable, "-m", "mypy", "--strict", "--no-error-summary", "--warn-unused-ignores", "typed.py")


@pytest.mark.timeout(300)
@pytest.mark.skipif(not shutil.which("pyright"), reason="pyright is not installed")
def test_pyright_accepts_the_api():
    check("pyright", "--pythonpath", sys.executable, "typed.py")
