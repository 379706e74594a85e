"""Write the library guide's table of result dtypes: every operator on every dtype.

``python tests/readme_dtypes.py`` puts it in its place. Each cell is tested on every layout.
"""

from pathlib import Path

import numpy as np
from naive_operators import SAMPLES

import numbapool as nbp
from numbapool.operators import TABLE

DTYPES = ["bool", *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64))]
DTYPES += ["float16", "float32", "float64"]

CALLS = {
    row.name: (f"{row.name}_pool2d", (*SAMPLES.get(row.name, {}).values(), 2), {}) for row in TABLE
} | {"max's indices": ("max_pool2d", (2,), {"return_indices": True})}
"""Each row: a function, and its arguments after the array."""

START, END = "<!-- dtypes -->\n", "<!-- end of dtypes -->\n"

README = Path(__file__).parents[1] / "numbapool" / "README.md"


def call(row, x):
    """Return a row's result: of a pair, what the row is about."""
    name, arguments, keywords = CALLS[row]
    result = getattr(nbp, name)(x, *arguments, **keywords)
    return result[1] if isinstance(result, tuple) else result


def short(dtype):
    """Return a dtype's name as the table has it: i8 for int8, in bits."""
    dtype = np.dtype(dtype)
    return "bool" if dtype.kind == "b" else f"{dtype.kind}{8 * dtype.itemsize}"


def table():
    """Return the table, made by calling every function on every dtype."""
    lines = ["| | " + " | ".join(map(short, DTYPES)) + " |", "|---" * (len(DTYPES) + 1) + "|"]
    for row in CALLS:
        kinds = [short(call(row, np.ones((1, 1, 4, 4), dtype)).dtype) for dtype in DTYPES]
        lines.append(f"| {row} | " + " | ".join(kinds) + " |")
    return "\n".join(lines) + "\n"


def main():
    text = README.read_text(encoding="utf-8")
    before, rest = text.split(START)
    after = rest.split(END)[1]
    README.write_text(before + START + "\n" + table() + "\n" + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
