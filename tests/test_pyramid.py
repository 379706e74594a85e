"""Spatial pyramid pooling, beside adaptive pooling to each of its levels."""

import numpy as np
import pytest

import numbapool as nbp
from numbapool import spatial_pyramid_pool


def test_worked_vectors():
    x = np.arange(1, 17, dtype=np.float32).reshape(1, 1, 4, 4)
    assert spatial_pyramid_pool(x, (1, 2)).tolist() == [[16, 6, 8, 14, 16]]
    assert spatial_pyramid_pool(x, 2, "mean").tolist() == [[3.5, 5.5, 11.5, 13.5]]


@pytest.mark.parametrize("op", ["max", "mean"])
def test_levels_lie_channel_by_channel(op):
    x = np.random.default_rng(0).normal(size=(2, 3, 5, 7)).astype(np.float32)
    levels = (1, 2, 4, 6)
    parts = [nbp.Pool.adaptive(op, (n, n))(x).reshape(2, -1) for n in levels]
    want = np.concatenate(parts, axis=1)
    np.testing.assert_array_equal(spatial_pyramid_pool(x, levels, op), want)
    last = np.ascontiguousarray(np.moveaxis(x, 1, -1))
    got = spatial_pyramid_pool(last, levels, op, data_format="NHWC")
    np.testing.assert_allclose(got, want, rtol=1e-6)
    np.testing.assert_array_equal(
        spatial_pyramid_pool(x[0], levels, op, data_format="CHW"), want[0]
    )
    one = spatial_pyramid_pool(x[0, 0], levels, op, data_format="HW")
    np.testing.assert_array_equal(one, spatial_pyramid_pool(x[:1, :1], levels, op)[0])


def test_other_axes_and_parameters():
    x = np.random.default_rng(1).normal(size=(2, 3, 4, 5, 6)).astype(np.float32)
    assert spatial_pyramid_pool(x, (1, 2), data_format="NCDHW").shape == (2, 3 * 9)
    assert spatial_pyramid_pool(x[0, 0], (1, 2), data_format="NCL").shape == (4, 5 * 3)
    assert spatial_pyramid_pool(x, (1, 2)).shape == (2, 3, 4 * 5)
    x[0, 0] = np.nan
    assert np.isfinite(spatial_pyramid_pool(x[0, :2], nan="skip", data_format="CDHW")).sum() == 73
    assert spatial_pyramid_pool(np.zeros((0, 2, 3, 3), np.float32)).shape == (0, 2 * 21)


def test_what_is_refused():
    x = np.zeros((1, 1, 4, 4), np.float32)
    for levels in ((), 0, (1, -1), (1.5,), None, "12"):
        with pytest.raises(nbp.PoolError, match="levels"):
            spatial_pyramid_pool(x, levels)
    with pytest.raises(nbp.PoolError, match="return_indices"):
        spatial_pyramid_pool(x, op="max", return_indices=True)
    with pytest.raises(nbp.PoolError, match="percentile pooling needs q"):
        spatial_pyramid_pool(x, op="percentile")
    with pytest.raises(nbp.PoolError, match="'avgg'"):
        spatial_pyramid_pool(x, op="avgg")
