"""Single rules of numbers, by machine code: NaN, infinities, how means round, how sums wrap.

Each rule is compiled for the dtypes that machine code could get wrong: those with a reducer or with
an accumulator of their own. `test_random_cases.py` runs all dtypes as plain Python.
"""

import numpy as np
import pytest
import strategies as draws
from agreement import assert_equal

import numbapool as nbp

POOLS = ["max_pool2d", "min_pool2d", "avg_pool2d", "sum_pool2d"]

ALL = draws.ALL

SHORT_AND_WIDE = draws.EACH_MEAN if ALL else ["uint8", "int64", "uint64"]
"""Integers whose extremes are the nearest to those of what adds them up."""

MEANS_AND_SUMS = [
    (name, dtype)
    for name in ("avg_pool2d", "sum_pool2d")
    for dtype in draws.FLOATS
    if ALL or dtype == "float32" or (name, dtype) == ("avg_pool2d", "float16")
]


def row(*values, dtype="float32"):
    return np.array([values], dtype)


def column(*values, dtype="float32"):
    """Return the values one below the other, as often side by side as a short loop takes."""
    return np.repeat(np.array(values, dtype)[:, np.newaxis], 32, 1)


@pytest.mark.parametrize("name", ["max_pool2d", "min_pool2d"])
def test_nan_spoils_its_own_windows_only(name):
    x = np.zeros((1, 64), np.float32)
    x[0, 21] = np.nan
    got = getattr(nbp, name)(x, (1, 3), (1, 1))
    assert np.flatnonzero(np.isnan(got[0])).tolist() == [19, 20, 21]


@pytest.mark.parametrize(("name", "dtype"), MEANS_AND_SUMS)
@pytest.mark.parametrize("kernel", [2, 3, 31])
def test_inf_and_nan_do_not_reach_neighbours(name, dtype, kernel):
    x = np.ones((1, 200), dtype)
    x[0, 70], x[0, 140] = np.inf, np.nan
    got = getattr(nbp, name)(x, (1, kernel), 1)[0]
    assert np.flatnonzero(np.isnan(got)).tolist() == list(range(141 - kernel, 141))
    assert np.flatnonzero(np.isinf(got)).tolist() == list(range(71 - kernel, 71))
    rest = got[np.isfinite(got)]
    np.testing.assert_array_equal(rest, kernel if name == "sum_pool2d" else 1)


def test_opposite_infinities_make_nan():
    x = column(np.inf, -np.inf, np.inf, 1)
    assert np.isnan(nbp.avg_pool2d(x, (2, 1))[:, 0]).tolist() == [True, False]
    np.testing.assert_array_equal(nbp.max_pool2d(x, (2, 1)), column(np.inf, np.inf))
    np.testing.assert_array_equal(nbp.min_pool2d(x, (2, 1)), column(-np.inf, 1))


def test_skipping_nan():
    x = column(np.nan, 1, 3, np.nan, np.nan, np.nan)
    wants = {"max": (3, np.nan), "avg": (2, np.nan), "min": (1, np.nan), "sum": (4, 0)}
    for op in wants if ALL else ("max", "avg"):
        got = nbp.pool2d(x, op, (3, 1), nan="skip")
        np.testing.assert_array_equal(got, column(*wants[op]))


def test_skipping_nan_among_infinities():
    x = column(np.nan, -np.inf, np.nan, np.inf)
    for name in ("max_pool2d", "min_pool2d") if ALL else ("max_pool2d",):
        got = getattr(nbp, name)(x, (2, 1), nan="skip")
        np.testing.assert_array_equal(got, column(-np.inf, np.inf))


@pytest.mark.parametrize("dtype", draws.EACH_MEAN)
def test_means_of_integers_keep_their_type_and_round(dtype):
    x = column(0, 1, 1, 2, 1, 4, 2, 2, dtype=dtype)
    for rounding, want in {
        "half_up": [1, 2, 3, 2],
        "half_even": [0, 2, 2, 2],
        "floor": [0, 1, 2, 2],
    }.items():
        assert_equal(nbp.avg_pool2d(x, (2, 1), rounding=rounding), column(*want, dtype=dtype))


@pytest.mark.parametrize("dtype", [name for name in draws.EACH_MEAN if name in draws.SIGNED])
def test_half_up_is_towards_plus_infinity(dtype):
    x = column(-2, -1, -1, 0, -4, -1, dtype=dtype)
    wants = {"half_up": (-1, 0, -2), "half_even": (-2, 0, -2), "floor": (-2, -1, -3)}
    for rounding, want in wants.items():
        assert_equal(nbp.avg_pool2d(x, (2, 1), rounding=rounding), column(*want, dtype=dtype))


@pytest.mark.parametrize("dtype", SHORT_AND_WIDE)
@pytest.mark.parametrize("kernel", [(1, 2), (2, 2), (3, 3), (5, 7)])
def test_means_of_a_types_extremes_are_themselves(dtype, kernel):
    for extreme in (np.iinfo(dtype).min, np.iinfo(dtype).max):
        x = np.full((10, 14), extreme, dtype)
        assert (nbp.avg_pool2d(x, kernel) == extreme).all()


@pytest.mark.parametrize("dtype", SHORT_AND_WIDE)
def test_every_small_sum_rounds_right(dtype):
    for taps in range(1, 14):
        x = np.zeros((1, 127 * taps), dtype)
        for n in range(127):
            x[0, n * taps : (n + 1) * taps] = n // taps
            x[0, n * taps : n * taps + n % taps] += 1
        want = (2 * np.arange(127) + taps) // (2 * taps)
        np.testing.assert_array_equal(nbp.avg_pool2d(x, (1, taps))[0], want)


def test_sums_past_two_to_the_53_stay_exact():
    x = column(2**62, 2**62 - 1, 2**62, 1, dtype="int64")
    wants = {"half_up": (2**62, 2**61 + 1), "floor": (2**62 - 1, 2**61)}
    for rounding, want in wants.items():
        got = nbp.avg_pool2d(x, (2, 1), rounding=rounding)
        assert_equal(got, column(*want, dtype="int64"))
    top = column(2**64 - 1, 2**64 - 2, 2**64 - 1, dtype="uint64")
    for rounding, want in {"half_up": 2**64 - 1, "floor": 2**64 - 2}.items():
        got = nbp.avg_pool2d(top, (3, 1), rounding=rounding)
        assert_equal(got, column(want, dtype="uint64"))


@pytest.mark.parametrize(
    ("dtype", "values", "want"),
    [
        ("uint64", (2**64 - 1, 3), 2),
        # Compiled, sums of other integers that have a sign have the same accumulator.
        *([("int64", (2**63 - 1, 1), -(2**63))] if ALL else []),
    ],
)
def test_sums_wrap_past_64_bits(dtype, values, want):
    assert nbp.sum_pool2d(column(*values, dtype=dtype), (2, 1)).tolist() == [[want] * 32]


@pytest.mark.parametrize(
    ("dtype", "value", "wants"),
    [
        ("int16", 30000, {1: 32767, -1: -32768, -4: -22500, 7: 12857}),
        *([("int8", 100, {1: 127, -1: -128, -4: -75, 7: 43})] if ALL else []),
    ],
)
def test_a_divisor_of_ones_own_saturates_integers(dtype, value, wants):
    x = column(value, value, value, dtype=dtype)
    for divisor, want in wants.items():
        assert (nbp.avg_pool2d(x, (3, 1), divisor_override=divisor) == want).all()


def test_a_divisor_of_ones_own_saturates_the_shortest_and_the_widest():
    x = column(100, 100, 100, dtype="uint8")
    assert not nbp.avg_pool2d(x, (3, 1), divisor_override=-3).any()
    x = column(2**63 - 1, 1, dtype="int64")
    assert (nbp.avg_pool2d(x, (2, 1), divisor_override=1) == 2**63 - 1).all()


@pytest.mark.large
def test_large_means_of_small_floats_do_not_drift():
    x = np.full((2048, 2048), 0.1, np.float32)
    assert abs(nbp.avg_pool2d(x, 2048).item() - np.float32(0.1)) <= 1e-8


def test_float16_does_not_overflow_in_between():
    x = np.full((8, 8), 60000, np.float16)
    assert (nbp.avg_pool2d(x, 8) == np.float16(60000)).all()
    assert np.isinf(nbp.sum_pool2d(x, 8)).all()


@pytest.mark.large
def test_every_float16_comes_through():
    bits = np.arange(2**16, dtype=np.uint16).view(np.float16).reshape(256, 256)
    for name in POOLS if ALL else ("max_pool2d", "avg_pool2d"):
        assert_equal(getattr(nbp, name)(bits, 1), bits)
    pairs = bits.reshape(1, -1)
    want = np.maximum(pairs[:, ::2], pairs[:, 1::2])
    assert_equal(nbp.max_pool2d(pairs, (1, 2)), want)
