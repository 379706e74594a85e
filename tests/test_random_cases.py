"""Random cases that the quick loop leaves out, with kernels as plain Python.

`test_operators.py` has every operator in every form, compiled.
"""

from pathlib import Path

import pytest
import quick
from processes import as_plain_python
from strategies import PLAIN, PLAIN_FILES

FILES = [
    Path(__file__).with_name(f"test_{name}.py") for name in PLAIN_FILES if name not in quick.LIBRARY
]


@pytest.mark.skipif(PLAIN, reason="they are run by themselves")
def test_files():
    as_plain_python(*FILES, HYPOTHESIS_PROFILE="few")
