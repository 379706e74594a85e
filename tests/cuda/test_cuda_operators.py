"""Every row of the table, on every dtype, in windows of every form: as the CPU pools it."""

import numpy as np
import pytest
from naive_operators import SAMPLES
from on_device import assert_alike
from strategies import DTYPES, fill

from numbapool import Pool
from numbapool.operators import OPERATORS

OWN = {
    "max": [{"return_indices": True}],
    "min": [{"return_indices": True}],
    "avg": [
        {"count_include_pad": False, "rounding": "half_even"},
        {"divisor_override": -3, "rounding": "floor"},
    ],
    "lp": [{"norm_type": 1}, {"norm_type": 3.5}, {"norm_type": np.inf}],
    "percentile": [{"q": 100}],
    "var": [{"correction": 1}],
    "gem": [{"p": 2.5}],
    "soft": [{"beta": -2.0}],
    "stochastic": [{"mode": "expected"}, {"seed": 7}],
    "detail_preserving": [{"alpha": 0.5, "asymmetric": True}],
}

SKIPS = [{}, {"nodata": 1}, {"nan": "skip"}, {"nan": "skip", "nodata": 0}]

SLIDING = [
    ((2, 5, 6), "NCHW", {"kernel_size": (3, 2), "stride": 2, "padding": (1, 1)}),
    ((1, 4, 5, 3), "NHWC", {"kernel_size": 2}),
    ((1, 6, 7), "NCHW", {"kernel_size": 3, "stride": 2, "padding": 1, "dilation": 2}),
    ((1, 6, 5), "NCHW", {"kernel_size": 3, "stride": 2, "ceil_mode": True}),
    ((2, 9), "NCL", {"kernel_size": 4, "stride": 3, "padding": "same"}),
    ((1, 9, 2), "NLC", {"kernel_size": 4, "stride": 4}),
    ((1, 3, 4, 5), "NCDHW", {"kernel_size": 2, "stride": 2, "padding": 1}),
    ((1, 3, 4, 3, 2), "NDHWC", {"kernel_size": (2, 3, 1), "stride": (1, 2, 1)}),
]

TO_A_SIZE = [((2, 5, 4), "NCHW", (3, 2)), ((1, 4, 3, 2), "NHWC", (None, 2)), ((1, 7), "NCL", 3)]


def data(shape, dtype, seed):
    """Return numbers of all kinds: with ties, and with what is left out among them."""
    x = fill(shape, dtype, ("few", "ties", "plain")[seed % 3], seed)
    if seed % 2 and x.dtype.kind != "b":
        x.reshape(-1)[::3] = 1
    return x


def poolings(name):
    """Yield poolings of an operator with shapes: each form, with all that it can leave out."""
    needs = SAMPLES.get(name, {})
    own = [needs, *({**needs, **more} for more in OWN.get(name, []))]
    for n, (shape, form, window) in enumerate(SLIDING):
        yield shape, Pool(name, **window, data_format=form, **SKIPS[n % 4], **own[n % len(own)])
        more = own[(n + 1) % len(own)]
        yield shape, Pool(name, **window, data_format=form, **SKIPS[(n + 1) % 4], **more)
    for n, (shape, form, size) in enumerate(TO_A_SIZE):
        options = {**SKIPS[n], **({"q": 30} if name == "percentile" else needs)}
        yield shape, Pool.adaptive(name, size, data_format=form, **options)
    for n, (shape, form) in enumerate([((1, 2, 4, 5), "NCHW"), ((1, 3, 3, 2), "NHWC")]):
        yield shape, Pool.over_all(name, data_format=form, keepdims=n == 1, **SKIPS[n], **needs)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", OPERATORS)
def test_operator(name, dtype):
    for seed, (shape, pool) in enumerate(poolings(name)):
        try:
            pool.request.reduction(np.dtype(dtype))
        except ValueError:  # a value to leave out that the result cannot hold
            continue
        assert_alike(pool, data(shape, dtype, seed))
