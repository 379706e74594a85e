"""Every parameter of every pooling inside compiled code: what Python gives for the same call."""

import textwrap
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import strategies as draws
from agreement import assert_equal
from numba import njit, prange
from processes import kernels_of_this_process, python

import numbapool as nbp
from numbapool.jit import overloads

# Calls of one kind make one function: Numba starts anew for each. Of an argument that is given
# by its name in the caller, compiled code learns at run time; the others stand in the code.


def maxima(x, k, s, p, pads, d, ceil, v):
    return (
        nbp.max_pool2d(x, k, s, p, d, ceil),
        nbp.max_pool2d(x, k, stride=s, padding="same", dilation=d, nodata=v),
        nbp.max_pool2d(x, k, s, pads, d, ceil, True, data_format="NHWC"),
        nbp.max_pool2d(x, k, s, "same_lower", return_indices=True, nan="skip", ceil_mode=ceil),
        nbp.max_pool1d(x, k[0], s[0], p[0], d[0], ceil, return_indices=True),
        nbp.max_pool3d(x, (1, *k), None, "valid", data_format="NCDHW", ceil_mode=ceil),
    )


def minima(x, k, s, p, pads, d, ceil, v):
    return (
        nbp.min_pool2d(x, k, s, p, d, ceil, True),
        nbp.min_pool1d(x, k[0], s[0], p[0], d[0], ceil, return_indices=True),
        nbp.min_pool3d(x, (1, *k), None, "valid", data_format="NCDHW", ceil_mode=ceil),
    )


def means(x, k, s, p, pads, d, ceil, v):
    return (
        nbp.avg_pool2d(x, k, s, p, ceil, False, dilation=1),
        nbp.avg_pool2d(x, k, s, p, ceil, ceil, dilation=d, rounding="half_even"),
        nbp.avg_pool2d(x, k, s, pads, ceil, rounding="floor", nan="skip"),
        nbp.avg_pool2d(x, k, s, "same", nodata=v, data_format="NHWC"),
        nbp.avg_pool2d(x, k, s, "same_lower", divisor_override=k[0] + 3),
        nbp.avg_pool1d(x, k[0], s[0], p[0], ceil, count_include_pad=True),
        nbp.avg_pool3d(x, (1, *k), None, (0, *p), ceil, data_format="NCDHW"),
    )


def means_without_nan(x, k, s, p, pads, d, ceil, v):
    return (nbp.avg_pool2d(x, k, s, pads, ceil, rounding="floor", nan="skip"),)


def sums(x, k, s, p, pads, d, ceil, v):
    return (
        nbp.sum_pool2d(x, k, s, p, ceil, dilation=d),
        nbp.sum_pool2d(x, k, s, "same", nodata=v, data_format="NHWC"),
        nbp.sum_pool1d(x, k[0], s[0], p[0], ceil),
        nbp.sum_pool3d(x, (1, *k), None, (0, *p), ceil),
    )


def norms(x, k, s, p, pads, d, ceil, v):
    return (
        nbp.lp_pool2d(x, 2, k, s, ceil, padding=p, dilation=d),
        nbp.lp_pool2d(x, k[0] + 0.5, k, s, ceil, padding=pads),
        nbp.lp_pool2d(x, np.inf, k, s, padding="same", nodata=v, data_format="NHWC"),
        nbp.lp_pool1d(x, 2, k[0], s[0], ceil),
        nbp.lp_pool3d(x, 2.0, (1, *k), None, ceil),
    )


def medians(x, k, s, p, pads, d, ceil, v):
    return (
        nbp.median_pool2d(x, k, s, p, dilation=d, ceil_mode=ceil),
        nbp.median_pool2d(x, k, s, pads, nan="skip", data_format="NHWC"),
        nbp.median_pool1d(x, k[0], s[0], p[0]),
        nbp.median_pool3d(x, (1, *k), None, (0, *p)),
    )


def modes(x, k, s, p, pads, d, ceil, v):
    return (
        nbp.mode_pool2d(x, k, s, pads, nodata=v, dilation=d, data_format="NHWC"),
        nbp.mode_pool1d(x, k[0], s[0], p[0]),
        nbp.mode_pool3d(x, (1, *k), None, (0, *p)),
    )


def variances(x, k, s, p, pads, d, ceil, v):
    return (
        nbp.var_pool2d(x, k, s, p, dilation=d, ceil_mode=ceil, correction=0),
        nbp.var_pool2d(x, k, s, pads, correction=p[0], nan="skip", data_format="NHWC"),
        nbp.var_pool1d(x, k[0], s[0], p[0]),
        nbp.var_pool3d(x, (1, *k), None, (0, *p), correction=1),
        nbp.std_pool2d(x, k, s, "same", nan="skip"),
        nbp.std_pool1d(x, k[0], s[0], p[0], correction=1),
        nbp.std_pool3d(x, (1, *k), None, (0, *p)),
    )


def percentiles(x, k, s, p, pads, d, ceil, v):
    return (
        nbp.percentile_pool2d(x, 100 / k[0], k, s, p, dilation=d, ceil_mode=ceil),
        nbp.percentile_pool2d(x, 0, k, s, pads, nan="skip", data_format="NHWC"),
        nbp.percentile_pool2d(x, 99.5, k, s, "same", nodata=v),
    )


def to_a_size(x, k, s, p, pads, d, ceil, v):
    return (
        nbp.adaptive_max_pool2d(x, k),
        nbp.adaptive_max_pool2d(x, (None, s[0]), True, nan="skip"),
        nbp.adaptive_max_pool1d(x, k[0], nodata=v),
        nbp.adaptive_max_pool3d(x, (1, *k), data_format="NCDHW"),
        nbp.adaptive_min_pool2d(x, k, return_indices=True, data_format="NHWC"),
        nbp.adaptive_min_pool1d(x, 2),
        nbp.adaptive_min_pool3d(x, 2),
        nbp.adaptive_avg_pool2d(x, k, rounding="half_even"),
        nbp.adaptive_avg_pool1d(x, k[0], nan="skip"),
        nbp.adaptive_avg_pool3d(x, (None, None, 2), nodata=v),
        nbp.adaptive_sum_pool2d(x, (s[0], None), data_format="NHWC"),
        nbp.adaptive_sum_pool1d(x, 2, nodata=v),
        nbp.adaptive_sum_pool3d(x, 2),
        nbp.adaptive_lp_pool2d(x, 2, k),
        nbp.adaptive_lp_pool1d(x, 1.5, 2),
        nbp.adaptive_lp_pool3d(x, np.inf, 2, nodata=v),
        nbp.global_max_pool(x),
        nbp.global_avg_pool(x, data_format="NHWC", keepdims=False),
    )


def selections_to_a_size(x, k, s, p, pads, d, ceil, v):
    return (
        nbp.adaptive_median_pool2d(x, k, nan="skip"),
        nbp.adaptive_median_pool1d(x, k[0], nodata=v),
        nbp.adaptive_median_pool3d(x, (1, None, 2)),
        nbp.adaptive_mode_pool2d(x, k, data_format="NHWC"),
        nbp.adaptive_mode_pool1d(x, 2),
        nbp.adaptive_mode_pool3d(x, 2),
    )


GROUPS = [
    maxima,
    minima,
    means,
    sums,
    norms,
    medians,
    modes,
    variances,
    percentiles,
    to_a_size,
    selections_to_a_size,
]

WINDOWS = [
    # kernel, stride, padding, pads of each side, dilation, ceil_mode, nodata
    ((2, 2), (2, 2), (0, 0), ((0, 0), (0, 0)), (1, 1), False, 0),
    ((3, 2), (2, 1), (1, 1), ((0, 2), (1, 0)), (1, 2), True, 1),
    ((1, 4), (3, 2), (0, 2), ((0, 0), (3, 1)), (2, 1), True, 3),
    ((4, 1), (1, 1), (2, 0), ((3, 3), (0, 0)), (1, 3), False, 255),
]


SHAPE = 2, 9, 7, 5
"""Rows too short for the kernels of two pairs at a time: calls from Python have tests of these."""


def flat(results):
    """Give all arrays in tuples of tuples."""
    for result in results:
        yield from flat(result) if isinstance(result, tuple) else [result]


CASES = [(group, "uint8" if group is means else "float32") for group in GROUPS]  # means round
CASES += [(means_without_nan, "float32")]


@pytest.mark.parametrize(("group", "dtype"), CASES)
def test_every_parameter(group, dtype):
    call = njit(group)
    for values in ("ties", "few"):
        x = draws.fill(SHAPE, dtype, values, 3)
        for window in WINDOWS:
            with np.errstate(all="ignore"):
                pairs = zip(flat(call(x, *window)), flat(group(x, *window)), strict=True)
                for got, want in pairs:
                    assert_equal(got, want)


def test_all_functions_are_in_a_group():
    called = {name for group in GROUPS for name in group.__code__.co_names}
    reducers = {f"reduce_pool{ndim}d" for ndim in (1, 2, 3)}  # tested beside their classes
    tested = ("adaptive_percentile", "adaptive_var", "adaptive_std", "global", "percentile", "pool")
    in_all = "range soft gem logavgexp mixed stochastic detail_preserving".split()
    in_all += "rms first count any all".split()
    tested += tuple(form + op for op in in_all for form in ("adaptive_", ""))  # test_operators.py
    tested += ("blur", "area")  # in test_kinds.py and test_area.py
    elsewhere = {name for name in overloads.NAMES if name.startswith(tested)}
    assert called >= {*overloads.NAMES} - reducers - elsewhere


# Callers


def of_an_image(x):
    return (
        nbp.max_pool2d(x, 3, 2, 1)[0, 0]
        + nbp.avg_pool2d(x, 2, rounding="floor")[1, 1]
        + nbp.sum_pool2d(x, 2, nan="skip")[0, 1]
        + nbp.median_pool2d(x, 3, 1)[2, 0]
        + nbp.adaptive_min_pool2d(x, 2)[1, 0]
        + nbp.max_pool2d(x, 2, return_indices=True)[1][1, 1]
        + nbp.std_pool2d(x, 2)[0, 0]
    )


def test_callers_of_every_kind():
    one = njit(nogil=True)(of_an_image)

    def of_all(images):
        out = np.empty(len(images))
        for n in prange(len(images)):
            out[n] = one(images[n])
        return out

    images = np.random.default_rng(2).normal(size=(200, 8, 9)).astype(np.float32)
    want = [of_an_image(image) for image in images]
    assert of_all(images).tolist() == want
    assert njit(parallel=True)(of_all)(images).tolist() == want
    assert njit(nogil=True)(of_all)(images).tolist() == want
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(one, images)) == want


CACHED = textwrap.dedent("""
    import sys
    import numpy as np
    from numba import njit, prange
    import numbapool as nbp
    from numbapool import max_pool1d as renamed

    @njit(cache=True, nogil=True)
    def one(x, k, v):
        values, places = nbp.max_pool2d(x, k, return_indices=True)
        return (
            values.sum() + places.sum()
            + nbp.avg_pool2d(x, (k, 2), padding="same", nodata=v).sum() + renamed(x, 2).sum()
        )

    @njit(cache=True, parallel=True)
    def each(images, k, v):
        out = np.empty(len(images))
        for n in prange(len(images)):
            out[n] = one(images[n], k, v)
        return out

    images = (np.arange(50 * 72).reshape(50, 8, 9) % 101 / 4).astype(np.float32)
    for k in (2, 3):
        want = [one.py_func(image, k, 1.0) for image in images]
        near = {"rtol": 1e-5}  # Numba adds up in another order
        np.testing.assert_allclose([one(image, k, 1.0) for image in images], want, **near)
        np.testing.assert_allclose(each(images, k, 1.0), want, **near)
        turned = images[0].T.copy()
        np.testing.assert_allclose(one(turned, k, 2.0), one.py_func(turned, k, 2.0), **near)
    print(sum(sum(f.stats.cache_hits.values()) for f in (one, each)))
""")


def test_a_second_process_loads_what_the_first_compiled(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(CACHED)
    hits = []
    for _ in range(2):
        hits.append(python(script, **kernels_of_this_process()))
    assert hits == ["0", "2"]
