"""Padding modes against SciPy's filters and OpenCV's median, which have names of their own."""

import numpy as np
import pytest
from peers_table import SCIPYS

import numbapool as nbp

FILTERS = {
    "maximum_filter": "max",
    "minimum_filter": "min",
    "uniform_filter": "avg",
    "median_filter": "median",
}


@pytest.mark.parametrize("mode", SCIPYS)
@pytest.mark.parametrize("name", FILTERS)
def test_filters_of_scipy(name, mode):
    filters = pytest.importorskip("scipy.ndimage")
    x = np.random.default_rng(0).integers(0, 99, (9, 150)).astype(np.float32)
    for size, k in ((9, 3), (150, 3), (9, 7)):
        part = x[:, :size]
        want = getattr(filters, name)(part, k, mode=mode, cval=7)
        got = nbp.pool2d(part, FILTERS[name], k, 1, k // 2, padding_mode=SCIPYS[mode])
        np.testing.assert_allclose(got, want, 1e-5)


@pytest.mark.parametrize("k", [3, 5, 31])
def test_medians_of_opencv(k):
    cv2 = pytest.importorskip("cv2")
    x = np.random.default_rng(1).integers(0, 256, (150, 151), np.uint8)
    got = nbp.median_pool2d(x, k, 1, k // 2, padding_mode="replicate")
    np.testing.assert_array_equal(got, cv2.medianBlur(x, k))


@pytest.mark.parametrize(
    ("border", "mode"),
    [
        ("CONSTANT", 0),
        ("REFLECT_101", "reflect"),
        ("REFLECT", "symmetric"),
        ("REPLICATE", "replicate"),
        ("WRAP", "circular"),
    ],
)
def test_borders_of_opencv(border, mode):
    cv2 = pytest.importorskip("cv2")
    x = np.random.default_rng(2).integers(0, 256, (9, 8), np.uint8)
    padded = cv2.copyMakeBorder(x, 4, 4, 4, 4, getattr(cv2, f"BORDER_{border}"), value=0)
    got = nbp.sum_pool2d(x, 5, 1, 4, padding_mode=mode)
    np.testing.assert_array_equal(got, nbp.sum_pool2d(padded, 5, 1))
