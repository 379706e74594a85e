"""Large windows: rows are folded first, or many threads share a window."""

import pytest
from on_device import assert_alike
from strategies import fill

import numbapool as nbp

OPERATORS = [
    ("max", {}),
    ("max", {"return_indices": True}),
    ("avg", {}),
    ("avg", {"nan": "skip"}),
    ("sum", {}),
]


@pytest.mark.parametrize("dtype", ["uint8", "int64", "float32"])
@pytest.mark.parametrize(("op", "own"), OPERATORS)
@pytest.mark.parametrize(
    ("shape", "window"),
    [
        ((2, 11, 12), {"kernel_size": 7, "stride": 1, "padding": 3}),
        ((1, 14, 13, 2), {"kernel_size": (5, 6), "stride": 1, "data_format": "NHWC"}),
        ((1, 6, 7, 8), {"kernel_size": 4, "stride": 1, "data_format": "NCDHW"}),
    ],
)
def test_rows_first(op, own, shape, window, dtype):
    kernels = set()
    assert_alike(nbp.Pool(op, **window, **own), fill(shape, dtype, "few", 0), kernels)
    assert kernels == {"across"}


@pytest.mark.parametrize("planes", [1, 2, 3])
def test_planes_that_fit_into_the_scratch_are_done_at_once(planes, monkeypatch):
    from numbapool.cuda import plan

    x = fill((3, 12, 14), "float32", "few", 0)
    pool = nbp.Pool("max", 7, 1)
    monkeypatch.setattr(plan, "SCRATCH_BYTES", planes * 12 * 8 * 4)
    kernels = set()
    assert_alike(pool, x, kernels)
    assert kernels == {"across"}


@pytest.mark.parametrize("op", ["max", "avg"])
def test_few_windows_are_shared(op):
    kernels, x = set(), fill((1, 40, 41, 2), "float32", "few", 0)
    assert_alike(nbp.Pool.over_all(op, data_format="NHWC"), x, kernels)
    assert_alike(nbp.Pool.adaptive(op, (1, 2), data_format="NHWC"), x, kernels)
    assert kernels == {"shares"}
