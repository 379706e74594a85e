"""Medians of bytes in long rows of windows, which compiled code finds many at a time."""

import numpy as np
import pytest

import numbapool as nbp


def medians(x, rows, columns, nodata=None):
    """Return the lower median of each window that counts its elements one by one."""
    high, wide = rows // 2, columns // 2
    found = np.empty_like(x)
    for i, j in np.ndindex(x.shape):
        window = x[max(i - high, 0) : i + high + 1, max(j - wide, 0) : j + wide + 1].ravel()
        kept = np.sort(window if nodata is None else window[window != nodata])
        found[i, j] = kept[(kept.size - 1) // 2] if kept.size else nodata
    return found


def pictures():
    """Return pictures: random, a ramp with steps, two halves by turns, and one number."""
    rng = np.random.default_rng(7)
    ramp = np.arange(230) + rng.integers(0, 9, (40, 230)) + 50 * (np.arange(40) > 20)[:, None]
    return [
        rng.integers(0, 256, (40, 230)).astype(np.uint8),
        np.minimum(ramp, 255).astype(np.uint8),
        np.where(rng.random((40, 230)) < 0.5, 15, 16).astype(np.uint8),
        np.full((40, 230), 255, np.uint8),
    ]


@pytest.mark.parametrize("nodata", [None, 15])
def test_long_rows_of_windows(nodata):
    for x in pictures():
        got = nbp.median_pool2d(x, (17, 23), 1, (8, 11), nodata=nodata)
        np.testing.assert_array_equal(got, medians(x, 17, 23, nodata))
