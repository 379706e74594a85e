"""A pooling on the device, and beside it the same on the CPU."""

from math import prod

import numpy as np

LOOSE = {"float16": 2e-3, "float32": 2e-6, "float64": 1e-13}
"""How far floats may differ, of the largest number, if they are added up in another order."""

UNORDERED = ("shares", "together", "in_pieces", "blurred")
"""The kernels that join the taps of a window in another order than the CPU."""


def run(call, x, *more):
    """Return the results of a device's call, for an array or several."""
    from numbapool.cuda.target import SIMULATED, cuda

    def there(array):
        return array if SIMULATED else cuda.to_device(array)

    def here(array):
        return array if SIMULATED else array.copy_to_host()

    given = tuple(there(np.ascontiguousarray(each).reshape(-1)) for each in (x, *more))
    size = prod(call.shape)
    outs = tuple(there(np.full(max(size, 1), 77, dtype)[:size]) for dtype in call.outs)
    call.into(given if more else given[0], outs)
    return tuple(here(out).reshape(call.shape) for out in outs)


def adds_alike():
    """Say whether floats come out the same to the bit, if they are added in the same order."""
    from numbapool.cuda.target import SIMULATED

    return bool(SIMULATED)


def on_device(pool, x):
    """Return the device's call of a `Pool`, and its results."""
    from numbapool.cuda import call

    decided = call.decided(x.shape, x.dtype, pool.window, pool.request)
    return decided, run(decided, x)


def assert_alike(pool, x, kernels=None):
    """Check that the device gives what the CPU gives: floats too, if they are added alike."""
    from numbapool.pooling.call import decided

    device, got = on_device(pool, x)
    call = decided(x.shape, x.dtype, pool.window, pool.request)
    want = call.fresh(x)
    assert device.shape == call.shape
    assert device.outs == call.outs
    ordered = call.plan.group == 1 and device.plan.kernel not in UNORDERED
    for one, other in zip(got, want, strict=True):
        assert_equal(one, other, ordered)
    if kernels is not None:
        kernels.add(device.plan.kernel)


def assert_equal(got, want, ordered=True):
    assert got.dtype == want.dtype
    ordered = ordered and adds_alike()
    if want.dtype.kind != "f" or (ordered and want.dtype != np.float16):
        np.testing.assert_array_equal(got, want)
        return
    loose = LOOSE[want.dtype.name]
    finite = np.isfinite(want)
    largest = np.abs(want[finite].astype(np.float64)).max(initial=0.0)
    np.testing.assert_allclose(
        got.astype(np.float64), want.astype(np.float64), rtol=loose, atol=loose * min(largest, 1)
    )
