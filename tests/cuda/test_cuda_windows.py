"""Users' own kernels: functions of the device, and reducers as arguments."""

import naive
import numpy as np
import pytest
from strategies import DTYPES, fill

from numbapool.errors import PoolTypeError

SHAPE = (4, 5)
WINDOW = {"kernel_size": 3, "stride": 1, "padding": 1}


def each_window(body, x, kind, *more):
    """Return what a function of the device gives for the window around each element."""
    global cuda  # the simulator swaps it in a kernel's globals alone
    from numbapool.cuda.target import cuda

    out = np.zeros(x.shape, kind)

    @cuda.jit
    def around(x, out):
        i, j = cuda.grid(2)
        if i < out.shape[0] and j < out.shape[1]:
            out[i, j] = body(*more, x, i - 1, j - 1, 3, 3)

    around[(2, 2), (4, 4)](x, out)
    return out


@pytest.mark.parametrize("dtype", DTYPES)
def test_functions(dtype):
    from numbapool.cuda import max_window, mean_window, sum_window

    x = fill(SHAPE, dtype, "ties", 1)
    np.testing.assert_array_equal(
        each_window(max_window, x, x.dtype), naive.max_pool(x, 2, **WINDOW)
    )
    sums = naive.sum_pool(x.astype("f8") if x.dtype.kind == "f" else x, 2, **WINDOW)
    np.testing.assert_array_equal(each_window(sum_window, x, sums.dtype), sums)
    means = naive.avg_pool(x.astype("f8"), 2, **WINDOW, count_include_pad=False)
    np.testing.assert_allclose(each_window(mean_window, x, "f8"), means, rtol=1e-15)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32"])
def test_reducers(dtype):
    from numbapool.cuda import reducer, window

    x = fill(SHAPE, dtype, "ties", 1)
    options = {"count_include_pad": False, "nodata": 1}
    want = naive.avg_pool(x, 2, **WINDOW, **options)
    np.testing.assert_array_equal(
        each_window(window, x, x.dtype, reducer("mean", dtype, 3, **options)), want
    )
    by = reducer("range", dtype, (3, 3))
    want = naive.max_pool(x, 2, **WINDOW) - naive.min_pool(x, 2, **WINDOW)
    np.testing.assert_array_equal(each_window(window, x, want.dtype, by), want)


def test_a_selector_is_refused():
    from numbapool.cuda import reducer

    with pytest.raises(PoolTypeError, match="median needs all elements"):
        reducer("median", "uint8", 3)
