"""The examples in the guide and in most docstrings, with kernels as plain Python.

The other examples, those of compiled code, are collected as tests of their own.
"""

import re
from pathlib import Path

from processes import python

PLACES = (
    "README.md functional operators.py pooling recurrent reducers roi sequences windows".split()
)


def test_examples():
    words = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist"]
    words += [f"numbapool/{place}" for place in PLACES]
    options = [
        "-m",
        "pytest",
        "--override-ini",
        "addopts=--doctest-modules --doctest-glob=README.md",
    ]
    said = python(None, *words, options=options, cwd=Path(__file__).parents[1], NUMBA_DISABLE_JIT=1)
    assert int(re.search(r"(\d+) passed", said)[1]) > 90, said
