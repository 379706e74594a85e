"""The command's tests that the quick loop leaves out, some files at a time.

Kernels are plain Python: most of these tests know no other.
"""

from pathlib import Path

import pytest
import quick
from processes import as_plain_python
from strategies import COMPILED_FILES

FOLDER = Path(__file__).parent / "cli"
FILES = [
    path
    for path in sorted(FOLDER.glob("test_pool_*.py"))
    if path.stem.removeprefix("test_pool_") not in (*COMPILED_FILES, *quick.COMMAND)
]
GROUPS = 4
"""How many processes share the files: each takes seconds to start."""


@pytest.mark.parametrize("group", range(GROUPS))
def test_files(group):
    as_plain_python(*FILES[group::GROUPS])
