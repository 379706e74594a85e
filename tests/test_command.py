"""The command's tests, a file each, with kernels as plain Python: most know of no machine code."""

from pathlib import Path

import pytest
from processes import as_plain_python
from strategies import COMPILED_FILES

FOLDER = Path(__file__).parent / "cli"
FILES = [path.stem.removeprefix("test_pool_") for path in sorted(FOLDER.glob("test_pool_*.py"))]


@pytest.mark.parametrize("name", [name for name in FILES if name not in COMPILED_FILES])
def test_file(name):
    as_plain_python(FOLDER / f"test_pool_{name}.py")
