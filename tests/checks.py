"""A call of one operator beside the oracle's: results as near, or refused by both."""

import naive
import numpy as np
from agreement import (
    answer,
    assert_close,
    assert_equal,
    both_refuse,
    finite_mass,
    magnitudes,
    spread_scale,
)

import numbapool as nbp


def check_extreme(name, ndim, x, window, **more):
    arguments = window.arguments | more
    got = answer(getattr(nbp, f"{name}_pool{ndim}d"), x, window.kernel_size, **arguments)
    want = answer(getattr(naive, f"{name}_pool"), x, ndim, window.kernel_size, **arguments)
    if both_refuse(got, want):
        return
    if more.get("return_indices"):
        assert_equal(got[1], want[1])
        got, want = got[0], want[0]
    assert_equal(got, want)


def check_mean(ndim, x, window, **more):
    arguments = window.arguments | more
    got = answer(getattr(nbp, f"avg_pool{ndim}d"), x, window.kernel_size, **arguments)
    want = answer(naive.avg_pool, x, ndim, window.kernel_size, **arguments)
    if both_refuse(got, want):
        return
    if want.dtype.kind != "f":
        assert_equal(got, want)
        return
    skipping = {"nan": arguments.pop("nan", "propagate"), "nodata": arguments.pop("nodata", None)}
    sizes = magnitudes(x, **skipping)
    if skipping["nodata"] is not None:
        skipping["nan"] = "skip"
    mass = naive.sum_pool(finite_mass(x), ndim, window.kernel_size, **of_sums(arguments))
    if "divisor_override" in arguments:
        arguments["divisor_override"] = abs(arguments["divisor_override"])
    scale = naive.avg_pool(sizes, ndim, window.kernel_size, nan=skipping["nan"], **arguments)
    assert_close(got, want, np.nan_to_num(scale), mass)


def check_sum(ndim, x, window, **more):
    arguments = window.arguments | more
    got = answer(getattr(nbp, f"sum_pool{ndim}d"), x, window.kernel_size, **arguments)
    want = answer(naive.sum_pool, x, ndim, window.kernel_size, **arguments)
    if both_refuse(got, want):
        return
    if want.dtype.kind != "f":
        assert_equal(got, want)
        return
    mass = naive.sum_pool(finite_mass(x), ndim, window.kernel_size, **of_sums(arguments))
    assert_close(got, want, mass, mass)


def of_sums(arguments):
    taken = ("stride", "padding", "dilation", "ceil_mode", "data_format")
    return {name: value for name, value in arguments.items() if name in taken}


def check_selection(name, ndim, x, window, **more):
    arguments = window.arguments | more
    got = answer(getattr(nbp, f"{name}_pool{ndim}d"), x, window.kernel_size, **arguments)
    want = answer(getattr(naive, f"{name}_pool"), x, ndim, window.kernel_size, **arguments)
    if both_refuse(got, want):
        return
    if want.dtype.kind == "f" and name == "median":
        assert_close(got, want, np.abs(np.nan_to_num(want.astype(np.float64), posinf=0, neginf=0)))
    else:
        assert_equal(got, want)


CHECKS = {
    "max": lambda *call: check_extreme("max", *call),
    "min": lambda *call: check_extreme("min", *call),
    "avg": check_mean,
    "sum": check_sum,
}


def check_exactness(name, got, want):
    """Compare results of whole numbers of 64 bits: to the last bit if an operator keeps them."""
    if name in ("var", "std"):
        assert_close(got, want, spread_scale(name, want, 2.0**64))
    elif name in ("lp", "percentile"):
        assert_close(got, want, np.abs(want))
    else:
        assert_equal(got, want)
