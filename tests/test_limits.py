"""Divisors, limits and addresses past what the fast ways are proved for."""

import numpy as np
import pytest
from processes import python

import numbapool as nbp

MOST = 2**31 - 1


def test_means_saturate_at_their_own_limits():
    bright = np.full((2, 2), 200, np.uint8)
    assert nbp.avg_pool2d(bright, 2, divisor_override=3) == 255
    assert nbp.avg_pool2d(bright, 2, divisor_override=3, nodata=0) == 255
    assert nbp.avg_pool2d(bright.astype(np.int8) // 2, 2, divisor_override=-1, nodata=1) == 112
    assert nbp.avg_pool2d(np.full((2, 2), MOST, np.int32), 2, divisor_override=3, nodata=0) == MOST
    long = np.full((1024, 1024), MOST, np.int32)
    assert nbp.avg_pool2d(long, 1024, divisor_override=3) == MOST
    assert nbp.avg_pool2d(-long, 1024, divisor_override=3) == -MOST - 1
    assert nbp.avg_pool2d(long, 1024, divisor_override=2**20 - 1) == MOST
    assert nbp.avg_pool2d(np.full((2, 2), 2**63, np.uint64), 2, divisor_override=1) == 2**64 - 1


def test_padding_counts_in_the_divisor():
    x = np.zeros((8, 16), np.uint8)
    x.flat[:91], x.flat[91] = 254, 90
    assert nbp.avg_pool2d(x, (210, 221), 1, (105, 110)).max() == 0
    assert not nbp.avg_pool2d(np.full((8, 16), 255, np.uint8), 70000, 1, 35000).any()
    with pytest.raises(ValueError, match="divisor"):
        nbp.avg_pool2d(np.full((4, 4), 2**62), 60000, 1, 30000)


def test_an_override_past_64_bits_is_refused():
    with pytest.raises(ValueError, match="64 bits"):
        nbp.avg_pool2d(np.ones((2, 2)), 2, divisor_override=2**70)


def test_a_huge_stride_takes_no_memory():
    assert nbp.max_pool1d(np.arange(8.0), 2, 2**47, [(0, 2**40)]).tolist()[0] == 1


@pytest.mark.parametrize("window", [[1, np.nan], [np.nan, 1], [1, np.nan, 1]])
def test_windows_of_nan_and_nodata_alone(window):
    options = {"nan": "skip", "nodata": 1}
    column = np.repeat(np.array(window, np.float32)[:, np.newaxis], 32, 1)
    values = nbp.max_pool2d(column, (len(window), 1), **options)
    other, place = nbp.max_pool1d(window, len(window), return_indices=True, **options)
    assert np.isnan(values).all()
    assert np.isnan(other)
    assert np.isnan(window[place[0]])


def test_outs_that_overlap():
    both = np.zeros((4, 2, 2))
    nbp.max_pool2d(both[..., :1].repeat(2, -1), 2, out=np.empty((4, 1, 1)))
    interleaved = np.arange(32.0).reshape(4, 4, 2)
    out = np.zeros((2, 2, 2))
    nbp.max_pool2d(interleaved[..., 0], 2, out=out[..., 1])
    assert out[..., 1].tolist() == [[10, 14], [26, 30]]
    x = np.arange(8).reshape(2, 4)
    same = np.empty((1, 2), np.int64)
    with pytest.raises(ValueError, match="overlap"):
        nbp.max_pool2d(x, 2, return_indices=True, out=(same, same))


def test_threads_that_cannot_start():
    """The caller then does all the work, and nothing is left to be done later."""
    code = """
        import threading
        import numpy as np
        import numbapool as nbp
        x = np.random.default_rng(0).standard_normal((64, 256, 256))
        want = x.reshape(64, 128, 2, 128, 2).max((2, 4))
        start = threading.Thread.start
        def refuse(thread):
            raise RuntimeError("can't start new thread")
        threading.Thread.start = refuse
        got = nbp.max_pool2d(x, 2)
        threading.Thread.start = start
        kept = got.copy()
        nbp.max_pool2d(x + 1, 2)
        assert np.array_equal(got, want) and np.array_equal(got, kept)
    """
    python(code)
