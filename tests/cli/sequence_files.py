"""Files of sequences, for the tests of ``pool seq``."""

from pathlib import Path

import numpy as np


def listing(folder="."):
    """Return the names of a folder's files."""
    return sorted(path.name for path in Path(folder).iterdir())


def folder(random, count=5, channels=3):
    """Write files of one sequence each, and return what they hold."""
    Path("in").mkdir()
    arrays = [random.normal(size=(n + 1, channels)).astype(np.float32) for n in range(count)]
    for n, array in enumerate(arrays):
        np.save(f"in/{n}.npy", array)
    return arrays
