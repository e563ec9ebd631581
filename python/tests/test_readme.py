"""The README's Python runs, without a complaint."""

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_python_of_the_readme_runs():
    (snippet,) = re.findall(r"```python\n(.*?)```", README.read_text(), re.DOTALL)
    done = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", snippet], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["page 0", "page 1", "page 2"]
    # The one line that it must write: the exception of the stage that fails on purpose.
    assert done.stderr.count("Traceback") <= 1 and "ZeroDivisionError" in done.stderr
