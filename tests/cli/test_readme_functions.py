"""README.md's table of functions lists all that the library offers."""

import re
from pathlib import Path

import numbapool

README = Path(__file__).parents[2] / "README.md"


def test_every_function_is_listed():
    listed = re.findall(r"`(\w+)…?`", README.read_text(encoding="utf-8"))
    stems = {re.sub(r"[123]d$", "", name) for name in listed}
    assert {
        name for name in numbapool.__all__ if re.sub(r"[123]d$", "", name) not in stems
    } == set()
