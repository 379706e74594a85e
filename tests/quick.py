"""The quick loop: a minute on two cores, from nothing compiled: ``python tests/quick.py``.

It runs the tests that most mistakes fail. Kernels are plain Python here, so nothing is compiled;
random tests draw few examples, on one dtype of each kind. Arguments are pytest's, as ``-k median``.
"""

import os
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent

LIBRARY = """
    windows operators every_operator sliding borders adaptive nodata single_rules exact_numbers
    dtypes rows_and_pixels house sequences sequences_random small_medians large_ranks moments
    min_count several_operators weights footprints windows_of_every_size area
""".split()

COMMAND = """
    operators arrays numbers told_before files command weights sizes slips colours axes heic help
    screen
""".split()


def main() -> int:
    os.environ["NUMBA_DISABLE_JIT"] = "1"  # before anything imports Numba
    os.environ.setdefault("HYPOTHESIS_PROFILE", "quick")
    files = [TESTS / f"test_{name}.py" for name in LIBRARY]
    files += [TESTS / "cli" / f"test_pool_{name}.py" for name in COMMAND]
    chosen = ["-q", "-n", "auto", "-m", "not large", *map(str, files)]
    return pytest.main([*chosen, *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
