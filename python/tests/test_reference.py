"""docs/REFERENCE.md tells the truth about Python: what it names exists, with those parameters."""

import inspect
import re
from pathlib import Path

import aiochan
import aiochan.buffers
import pytest

TABLE = Path(__file__).parents[2] / "docs" / "REFERENCE.md"


def rows():
    """Section, key and Python cell of each row."""
    section = ""
    for line in TABLE.read_text().splitlines():
        if line.startswith("## "):
            section = line[3:]
        elif line.startswith("| `"):
            # A `|` inside a cell would be a mistake that the unpacking finds.
            key, _rust, python = (cell.strip() for cell in line.strip("|").split("|"))
            yield section, key.strip("`"), python


def find(name):
    found = aiochan
    for part in name.split("."):
        found = getattr(found, part, None) or getattr(aiochan.buffers, part)
    return found


def parameters(name):
    return {p.lstrip("*") for p in inspect.signature(find(name)).parameters}


NAMES = sorted({name for _, _, python in rows() for name in re.findall(r"`([^`]+)`", python)})
GENERAL = sorted({(section, key) for section, key, _ in rows() if key.startswith("(")})


def test_there_are_rows():
    assert len(NAMES) > 100 and len(GENERAL) > 20


@pytest.mark.parametrize("name", [name for name in NAMES if not name.startswith("(")])
def test_name_exists_with_its_parameter(name):
    function, _, parameter = name.rstrip(")").partition("(")
    assert find(function) is not None
    if parameter:
        assert parameter in parameters(function)


@pytest.mark.parametrize("section, key", GENERAL)
def test_parameter_of_a_section_is_one_of_its_functions(section, key):
    functions = [key for other, key, _ in rows() if other == section and "(" not in key]
    having = [function for function in functions if callable(find(function))]
    assert any(key.strip("()") in parameters(function) for function in having)
