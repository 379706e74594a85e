"""Write the README's table of result dtypes: every operation on every dtype.

``python tests/readme_dtypes.py`` puts it in its place. Each cell is tested on every layout.
"""

from pathlib import Path

import numpy as np

import numbapool as nbp

DTYPES = ["bool", *(f"{kind}{bits}" for kind in ("int", "uint") for bits in (8, 16, 32, 64))]
DTYPES += ["float16", "float32", "float64"]

CALLS = {
    "max": ("max_pool2d", (2,), {}),
    "min": ("min_pool2d", (2,), {}),
    "max's indices": ("max_pool2d", (2,), {"return_indices": True}),
    "mean": ("avg_pool2d", (2,), {}),
    "sum": ("sum_pool2d", (2,), {}),
    "Lp": ("lp_pool2d", (2, 2), {}),
    "median": ("median_pool2d", (2,), {}),
    "mode": ("mode_pool2d", (2,), {}),
    "percentile": ("percentile_pool2d", (25, 2), {}),
    "variance": ("var_pool2d", (2,), {}),
    "standard deviation": ("std_pool2d", (2,), {}),
    "adaptive max": ("adaptive_max_pool2d", (2,), {}),
    "adaptive mean": ("adaptive_avg_pool2d", (2,), {}),
    "global mean": ("global_avg_pool", (), {}),
}
"""Each row: a function, and its arguments after the array."""

START, END = "<!-- dtypes -->\n", "<!-- end of dtypes -->\n"

README = Path(__file__).parent.parent / "README.md"


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
