"""Padding modes by compiled kernels, and in compiled code, where Python pools."""

import numpy as np
import pytest
import strategies as draws
from numba import njit
from numba.core.errors import TypingError

import numbapool as nbp

pytestmark = pytest.mark.skipif(draws.PLAIN, reason="these are of machine code")

X = np.random.default_rng(0).integers(0, 9, (5, 6)).astype(np.float32)


@njit
def calls(x, mode, number, out):
    values, places = nbp.max_pool2d(x, 3, 1, 1, padding_mode="reflect", return_indices=True)
    return (
        values,
        places,
        nbp.pool2d(x, "max", 3, 1, (2, 2), padding_mode=mode),
        nbp.max_pool2d(x.T, 3, 1, 1, padding_mode=number, out=out),
        nbp.max_pool2d(x, 3, 1, 1, padding_mode=None),
    )


def test_calls():
    out = np.empty((6, 5), np.float32)
    got = calls(X, "edge", 9, out)
    want = calls.py_func(X, "edge", 9, np.empty_like(out))
    for one, other in zip(got, want, strict=True):
        assert one.dtype == other.dtype
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(out, got[3])
    with pytest.raises(nbp.PoolValueError, match="padding_mode must be one of"):
        calls(X, "constant", 9, out)


def test_an_out_of_another_dtype_is_refused():
    @njit
    def call(x, out):
        return nbp.max_pool2d(x, 3, 1, 1, padding_mode="reflect", out=out)

    with pytest.raises(TypingError, match="out must be"):
        call(X, np.empty(X.shape))


@pytest.mark.parametrize("mode", ["circular", 7])
def test_a_large_array_by_boxes(mode):
    x = np.random.default_rng(1).integers(0, 9, (2, 96, 97)).astype(np.float32)
    every = (0, 0), (2, 2), (2, 2)
    held = np.pad(x, every, "wrap") if mode == "circular" else np.pad(x, every, constant_values=7)
    for data_format in ("NCHW", "NHWC"):
        given, wanted = (x, held) if data_format == "NCHW" else (x[..., None], held[..., None])
        got = nbp.max_pool2d(given, 5, 2, 2, padding_mode=mode, data_format=data_format)
        np.testing.assert_array_equal(got, nbp.max_pool2d(wanted, 5, 2, data_format=data_format))
