"""The command's tests, a file each, with kernels as plain Python: most know of no machine code."""

from pathlib import Path

import pytest
from processes import ended
from strategies import COMPILED_FILES

FOLDER = Path(__file__).parent / "cli"
NOTHING_RAN = 5  # pytest's exit code: what the file needs is not installed
FILES = [path.stem.removeprefix("test_pool_") for path in sorted(FOLDER.glob("test_pool_*.py"))]


@pytest.mark.parametrize("name", [name for name in FILES if name not in COMPILED_FILES])
def test_file(name):
    words = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", FOLDER / f"test_pool_{name}.py"]
    done = ended(None, *words, options=["-m", "pytest"], cwd=FOLDER.parents[1], NUMBA_DISABLE_JIT=1)
    if done.code == NOTHING_RAN:
        pytest.skip(done.output.strip().splitlines()[-2])
    assert done.code == 0, done.output + done.errors
