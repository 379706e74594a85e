"""What a device has of its own: places in 64 bits, launches in parts, windows shared by threads."""

from typing import NamedTuple

import numpy as np
import pytest
from on_device import assert_alike, assert_equal, on_device, run
from strategies import DTYPES, fill

import numbapool as nbp
from numbapool import Pool
from numbapool.functional.faces import pool_of


class Spread(NamedTuple):
    """A user's reducer of two numbers, with a field."""

    factor: float

    accumulates = (np.float64, np.int64)

    def neutral(self):
        return 0.0, 0

    def lift(self, value, row):
        return value * self.factor, 1

    def combine(self, a, b):
        return a[0] + b[0], a[1] + b[1]

    def prepare(self, weight):
        return weight

    def finish(self, acc, scale):
        return acc[0] / scale + acc[1]


class Product(NamedTuple):
    """A user's reducer without fields."""

    accumulates = np.int32
    gives = np.int32

    def neutral(self):
        return 1

    def combine(self, a, b):
        return a * b


@pytest.mark.parametrize("dtype", DTYPES)
def test_users_reducers(dtype):
    x = fill((2, 6, 5), dtype, "ties", 0)
    for op in (Spread(0.5), Product()) if dtype != "float16" else ():
        assert_alike(Pool(op, 3, 2, 1), x)
        assert_alike(Pool.adaptive(op, 2), x)
        assert_alike(Pool.over_all(op, data_format="NCHW"), x)


POOLS = [
    ("max", {"return_indices": True}),
    ("avg", {}),
    ("median", {}),
    ("stochastic", {}),
]


@pytest.mark.parametrize(("name", "own"), POOLS)
def test_places_in_64_bits(name, own, monkeypatch):
    from numbapool.cuda import device_plan

    monkeypatch.setattr(device_plan, "SMALL_INDEX", 0)
    x = fill((2, 5, 6, 2), "int16", "plain", 1)
    pool = Pool(name, 3, 2, 1, data_format="NHWC", **own)
    assert on_device(pool, x)[0].plan.index is np.int64
    assert_alike(pool, x)


@pytest.mark.parametrize(("name", "own"), POOLS)
def test_launches_in_parts(name, own, monkeypatch):
    from numbapool.cuda import call

    monkeypatch.setattr(call, "MOST_ROWS", 2)
    monkeypatch.setattr(call, "SCRATCH_BYTES", 1)
    x = fill((5, 9, 6), "float32", "few", 1)
    assert_alike(Pool(name, 3, 1, 1, **own), x)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "uint64", "float16", "float32"])
def test_windows_that_threads_share(dtype):
    kernels = set()
    for n, name in enumerate(("max", "avg", "sum", "range", "soft", "gem", "lp", "min")):
        own = {"norm_type": 2} if name == "lp" else {}
        places = {"return_indices": True} if name in ("max", "min") else {}
        skip = {"nodata": 1} if n % 2 else {}
        x = fill((1, 2, 20, 21), dtype, ("plain", "ties")[n % 2], n)
        assert_alike(Pool.over_all(name, data_format="NCHW", **own, **skip), x, kernels)
        assert_alike(Pool(name, (20, 20), 1, 1, **own, **places), x[:, :1], kernels)
        x = fill((1, 20, 28, 2), dtype, "ties", n)
        assert_alike(Pool.adaptive(name, (1, 2), data_format="NHWC", **own), x, kernels)
    assert "shares" in kernels


@pytest.mark.parametrize("dtype", ["uint8", "float16"])
def test_windows_that_threads_sort_together(dtype, monkeypatch):
    from numbapool.cuda import call, plan

    monkeypatch.setattr(plan, "TAPS_TOGETHER", 4)
    monkeypatch.setattr(call, "SCRATCH_BYTES", 1)  # a few windows per launch
    kernels = set()
    needs = {"percentile": {"q": 30}}
    for n, name in enumerate(("median", "mode", "percentile", "stochastic")):
        own = needs.get(name, {})
        for skip in ({}, {"nodata": 1, "nan": "skip"}):
            x = fill((1, 3, 5, 2), dtype, ("few", "ties")[n % 2], n)
            pool = Pool(name, 3, 2, 1, data_format="NHWC", **own, **skip)
            assert_alike(pool, x, kernels)
            assert_alike(Pool.over_all(name, data_format="NHWC", **own, **skip), x, kernels)
    assert kernels == {"selections_together"}


@pytest.mark.parametrize("dtype", DTYPES)
def test_blurs(dtype):
    for size, stride, mode in ((3, 2, "reflect"), ((2, 5), (1, 2), "zeros"), (4, 1, "replicate")):
        for shape, form in (((2, 6, 7), "NCHW"), ((1, 6, 5, 2), "NHWC")):
            x = fill(shape, dtype, "plain", 2)
            assert_alike(Pool.blur(size, stride, mode, data_format=form), x)


@pytest.mark.parametrize("dtype", DTYPES)
def test_areas(dtype):
    for size, more in (((4, 3), {}), ((5, 2), {"nodata": 1}), ((6, 9), {"rounding": "half_even"})):
        for shape, form in (((2, 6, 7), "NCHW"), ((1, 6, 5, 2), "NHWC")):
            x = fill(shape, dtype, "plain", 2)
            assert_alike(Pool.area(size, data_format=form, **more), x)


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float16", "float32"])
def test_fractional(dtype):
    from numbapool.cuda import call

    for ndim, shape, form in ((2, (2, 7, 8), None), (3, (1, 5, 6, 5, 2), "NDHWC")):
        x = fill(shape, dtype, "few", 3)
        key = (2, (3,) * ndim, None, True, None, 5)
        decided = call.fractional(x.shape, x.dtype, ndim, form, *key)
        function = getattr(nbp, f"fractional_max_pool{ndim}d")
        want = function(
            x, 2, output_size=(3,) * ndim, return_indices=True, seed=5, data_format=form
        )
        for got, other in zip(run(decided, x), want, strict=True):
            assert_equal(got, other)


def test_a_call_is_decided_once_and_keeps_its_tables():
    from numbapool.cuda import call

    pool = pool_of(nbp.max_pool2d, 2)
    first, again = (call.decide(pool.form, (4, 4), np.dtype("u1"), pool._key) for _ in range(2))
    assert first is again
    launch, other = (each.launches(each.plan)[0].args for each in (first, again))
    assert launch[4] is other[4]


def test_no_results():
    x = np.zeros((0, 4, 4), np.float32)
    call, got = on_device(Pool("max", 2), x)
    assert call.shape == got[0].shape == (0, 2, 2)


def test_a_least_count_is_for_the_cpu():
    pool = Pool("avg", 2, nan="skip", min_count=2)
    with pytest.raises(nbp.PoolTypeError, match="min_count is for the CPU"):
        on_device(pool, np.ones((4, 4), np.float32))


def test_footprints_are_for_the_cpu():
    x = np.ones((5, 5), np.float32)
    with pytest.raises(nbp.PoolTypeError, match="footprint is for the CPU"):
        on_device(Pool("max", 3, footprint="cross"), x)
    with pytest.raises(nbp.PoolTypeError, match="a footprint is for the CPU"):
        nbp.cuda.reducer("max", "float32", 3, footprint="cross")
