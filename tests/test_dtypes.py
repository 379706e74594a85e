"""Every operation on every dtype in every layout; and the guide's table of them."""

import naive
import naive_operators
import numpy as np
import pytest
import readme_dtypes
import strategies as draws
from agreement import assert_close, assert_equal


def wanted(row, x):
    """Return the oracle's result for a row of the table."""
    if row == "max's indices":
        return naive.max_pool(x, 2, 2, return_indices=True)[1]
    return naive_operators.sliding(row, x, 2, 2, **naive_operators.SAMPLES.get(row, {}))


COMPILED = ["max", "avg", "sum", "median", "var"]
"""Operators by which machine code has ways of its own for integers; plain Python has all.

What operators do to floats, `test_operators.py` has compiled.
"""

ROWS = [row for row in readme_dtypes.CALLS if draws.ALL or row in COMPILED]


@pytest.mark.parametrize("dtype", draws.CELLS)
@pytest.mark.parametrize("row", ROWS)
def test_every_cell(row, dtype):
    x = draws.fill((2, 2, 5, 6 if draws.PLAIN else 32), dtype, "plain", 17)
    want = wanted(row, x)
    for layout in draws.LAYOUTS:
        laid = draws.lay_out(x, layout)
        got = readme_dtypes.call(row, laid)
        expected = wanted(row, np.array(laid)) if layout == "broadcast" else want
        if want.dtype.kind == "f" and row not in ("max", "min", "mode"):
            assert_close(got, expected, np.abs(np.float64(expected)) + 1)
        else:
            assert_equal(got, expected)


@pytest.mark.skipif(not draws.PLAIN, reason="run below, as plain Python: it makes all calls")
def test_the_table_in_the_guide_is_true():
    text = readme_dtypes.README.read_text(encoding="utf-8")
    shown = text.split(readme_dtypes.START)[1].split(readme_dtypes.END)[0]
    assert shown.strip() == readme_dtypes.table().strip()
