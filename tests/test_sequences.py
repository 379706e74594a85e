"""Sequences: worked values, and the rules that people miss elsewhere."""

from typing import NamedTuple

import numpy as np
import pytest
import strategies as draws

import numbapool as nbp

pytestmark = pytest.mark.skipif(not draws.PLAIN, reason="run as plain Python by tests/quick.py")

nan, inf = np.nan, np.inf

X = np.array(
    [
        [[1, -1], [2, 4], [6, 0], [9, 9]],
        [[9, 9], [1, 2], [3, -4], [8, 6]],
        [[5, 5], [5, 5], [5, 5], [5, 5]],
    ],
    np.float32,
)
PADDED = [[1, 1, 1, 0], [0, 1, 1, 1], [0, 0, 0, 0]]
HOLES = [[1, 0, 1, 0], [0, 1, 0, 1], [0, 0, 0, 1]]

WORKED = {
    "mean": [[3, 1], [4, 1.3333334], [0, 0]],
    "max": [[6, 4], [8, 6], [0, 0]],
    "min": [[1, -1], [1, -4], [0, 0]],
    "sum": [[9, 3], [12, 4], [0, 0]],
    "range": [[5, 5], [7, 10], [0, 0]],
    "mean_sqrt_len": [[5.196153, 1.732051], [6.928203, 2.309401], [0, 0]],
    "weighted_mean": [[3.8333333, 1.1666667], [5.1666667, 2], [0, 0]],
    "first": [[1, -1], [1, 2], [0, 0]],
    "last": [[6, 0], [8, 6], [0, 0]],
    "std": [[2.6457513, 2.6457513], [3.6055513, 5.0332230], [0, 0]],
    "stats": [
        [3, 1, 2.6457513, 2.6457513],
        [4, 1.3333334, 3.6055513, 5.0332230],
        [0, 0, 0, 0],
    ],
}

WITH_HOLES = {
    "mean": [[3.5, -0.5], [4.5, 4], [5, 5]],
    "max": [[6, 0], [8, 6], [5, 5]],
    "mean_sqrt_len": [[4.949747, -0.707107], [6.363961, 5.656854], [5, 5]],
    "weighted_mean": [[4.75, -0.25], [6.25, 5], [5, 5]],
    "first": [[1, -1], [1, 2], [5, 5]],
    "last": [[6, 0], [8, 6], [5, 5]],
}


def close(got, want, **tolerance):
    np.testing.assert_allclose(got, want, **({"rtol": 1e-6, "atol": 1e-6} | tolerance))


@pytest.mark.parametrize("op", WORKED)
def test_worked_values(op):
    close(nbp.sequence_pool(X, op, mask=PADDED), WORKED[op])


@pytest.mark.parametrize("op", WITH_HOLES)
def test_holes(op):
    close(nbp.sequence_pool(X, op, mask=HOLES), WITH_HOLES[op])


def test_channels_before_time():
    y = np.ascontiguousarray(X.transpose(0, 2, 1))
    for op in ("mean", "max", "weighted_mean", "stats"):
        close(nbp.sequence_pool(y, op, mask=PADDED, data_format="NCT"), WORKED[op])


def test_divided_by_the_count():
    std = nbp.sequence_pool(X[:1], "std", lengths=[3], correction=0)
    close(std, [[2.1602469, 2.1602469]])


RAGGED = np.array([[1, 5], [2, 4], [3, 3], [-1, -2]], np.float32)
OFFSETS = [0, 2, 2, 4]


def test_offsets():
    assert nbp.sequence_pool(RAGGED, "sum", offsets=OFFSETS).tolist() == [[3, 9], [0, 0], [2, 1]]
    found = nbp.sequence_pool(RAGGED, "max", offsets=OFFSETS, empty=-7)
    assert found.tolist() == [[2, 5], [-7, -7], [3, 3]]
    found = nbp.sequence_pool(RAGGED, "mean", offsets=OFFSETS)
    assert found.tolist() == [[1.5, 4.5], [0, 0], [1, 0.5]]
    found = nbp.sequence_pool(RAGGED, "sum", offsets=OFFSETS, weights=[0.5, 2, 1, 3])
    assert found.tolist() == [[4.5, 10.5], [0, 0], [0, -3]]
    found = nbp.sequence_pool(RAGGED.T, "sum", offsets=OFFSETS, data_format="NCT")
    assert found.tolist() == [[3, 9], [0, 0], [2, 1]]


ALIASES = {
    "cls": "first",
    "lasttoken": "last",
    "weightedmean": "weighted_mean",
    "mean_sqrt_len_tokens": "mean_sqrt_len",
    "avg": "mean",
    "maximum": "max",
    np.max: "max",
    np.mean: "mean",
    np.std: "std",
}


@pytest.mark.parametrize("alias", ALIASES, ids=lambda op: getattr(op, "__name__", op))
def test_aliases(alias):
    close(nbp.sequence_pool(X, alias, mask=PADDED), WORKED[ALIASES[alias]])


def test_operators_side_by_side():
    both = nbp.sequence_pool(X, ("mean", "stats", "last"), mask=PADDED)
    close(both, np.hstack([WORKED["mean"], WORKED["stats"], WORKED["last"]]))
    whole = nbp.sequence_pool(X.astype(np.int16), ["max", "std"], mask=PADDED)
    assert whole.dtype == np.float64
    close(whole, np.hstack([WORKED["max"], WORKED["std"]]))


class Power(NamedTuple):
    """A user's: the mean of a power."""

    p: float

    def neutral(self):
        return 0.0

    def lift(self, value, row):
        return value**self.p

    def combine(self, a, b):
        return a + b

    def prepare(self, weight):
        return weight

    def finish(self, acc, scale):
        return acc / scale


def test_a_reducer_of_a_users():
    found = nbp.sequence_pool(X, Power(2.0), mask=PADDED, empty=-1)
    close(found, [[41 / 3, 17 / 3], [74 / 3, 56 / 3], [-1, -1]])
    both = nbp.sequence_pool(X, (Power(1.0), "max"), mask=PADDED)
    close(both, np.hstack([WORKED["mean"], WORKED["max"]]))
    with pytest.raises(nbp.PoolTypeError, match="takes no nan='skip'"):
        nbp.sequence_pool(X, Power(1.0), nan="skip")


@pytest.mark.parametrize("op", WORKED)
@pytest.mark.parametrize("bad", [nan, inf])
def test_padding_never_leaks(op, bad):
    x = X.copy()
    x[np.array(PADDED) == 0] = bad
    close(nbp.sequence_pool(x, op, mask=PADDED), WORKED[op])
    y = np.ascontiguousarray(x.transpose(0, 2, 1))
    close(nbp.sequence_pool(y, op, mask=PADDED, data_format="NCT"), WORKED[op])


def test_an_inf_stays_in_its_sequence():
    x = np.array([[1.0], [inf], [2], [3]])
    found = nbp.sequence_pool(x, "mean", offsets=[0, 1, 2, 4])
    assert found.tolist() == [[1], [inf], [2.5]]


def test_halves_are_added_up_in_more():
    x = np.full((1, 512, 1), 200, np.float16)
    assert nbp.sequence_pool(x, "mean").tolist() == [[200]]
    assert nbp.sequence_pool(x, "mean_sqrt_len").tolist() == [[4524]]


def test_a_deviation_keeps_its_digits():
    x = np.array([[[1e6], [1e6 + 1], [1e6 + 2]]], np.float32)
    assert nbp.sequence_pool(x, "std").tolist() == [[1]]
    assert nbp.sequence_pool(x, "stats").tolist() == [[1e6 + 1, 1]]
    assert nbp.sequence_pool(x[:, :1], "std").tolist() == [[0]]  # of too few


@pytest.mark.parametrize("scale", [1e-30, 1e-3, 1, 1e25, 3e37])
@pytest.mark.parametrize("first", [0, 1, 1e6])
def test_a_deviation_of_any_size(scale, first):
    """A first row far from the others, and squares that float32 cannot hold."""
    rows = np.random.default_rng(3).random((1, 300, 4)).astype(np.float32)
    rows[0, 0] = first
    x = (rows.astype(np.float64) * (scale / max(first, 1))).astype(np.float32)
    for y, name in ((x, "NTC"), (np.ascontiguousarray(x.transpose(0, 2, 1)), "NCT")):
        found = nbp.sequence_pool(y, "stats", data_format=name)
        wide = x[0].astype(np.float64)
        want = np.hstack([wide.mean(0), wide.std(0, ddof=1)])
        close(found, want[np.newaxis], rtol=1e-5, atol=0)


@pytest.mark.parametrize("op", ["mean", "mean_sqrt_len", "weighted_mean"])
def test_a_sum_past_float32(op):
    x = np.full((1, 100, 2), 3e37, np.float32)
    wide = nbp.sequence_pool(x.astype(np.float64), op)
    close(nbp.sequence_pool(x, op), wide, rtol=1e-6)
    assert nbp.sequence_pool(x, "sum").tolist() == [[inf, inf]]


def test_deviations_of_what_is_no_number():
    x = np.array([[[1.0, 1, inf], [nan, inf, 1], [3, 2, 2]]])
    found = nbp.sequence_pool(x, "stats")
    assert np.array_equal(found, [[nan, inf, inf, nan, nan, nan]], equal_nan=True)
    found = nbp.sequence_pool(x, "stats", nan="skip")
    assert np.array_equal(found[:, [0, 3]], [[2, np.sqrt(2)]])
    late = np.array([[[nan], [1e6], [1e6 + 1], [1e6 + 2]]], np.float32)
    assert nbp.sequence_pool(late, "stats", nan="skip").tolist() == [[1e6 + 1, 1]]
    assert np.isnan(nbp.sequence_pool(late[:, :1], "stats", nan="skip")).all()


def test_integers_follow_the_windows():
    x = np.array([[[250, 3], [251, 4], [251, 4]]], np.uint8)
    mean = nbp.sequence_pool(x, lengths=[2])
    assert mean.dtype == np.uint8
    assert mean.tolist() == [[251, 4]]  # half up
    total = nbp.sequence_pool(x, "sum")
    assert total.dtype == np.uint64
    assert total.tolist() == [[752, 11]]
    big = np.full((1, 3, 1), np.iinfo(np.int64).max)
    assert nbp.sequence_pool(big).tolist() == [[np.iinfo(np.int64).max]]
    flags = np.array([[[True, False], [False, False]]])
    assert nbp.sequence_pool(flags, "max").tolist() == [[True, False]]
    assert nbp.sequence_pool(flags).dtype == np.float32


def test_normalized():
    found = nbp.sequence_pool(X, mask=PADDED, normalize=True)
    close((found[:2] ** 2).sum(1), [1, 1])
    assert found[2].tolist() == [0, 0]
    with pytest.raises(nbp.PoolTypeError, match="normalize makes floats, and the result is int8"):
        nbp.sequence_pool(X.astype(np.int8), normalize=True)


def test_out():
    out = np.full((3, 6), -1.0, np.float32)
    assert nbp.sequence_pool(X, "mean", mask=PADDED, out=out[:, ::3]).base is out
    close(out[:, ::3], WORKED["mean"])
    assert (out[:, 1::3] == -1).all()
    with pytest.raises(nbp.PoolValueError, match="out must have shape"):
        nbp.sequence_pool(X, "stats", out=out[:, :2])
    with pytest.raises(nbp.PoolValueError, match="out overlaps the input"):
        nbp.sequence_pool(X, "mean", out=X[:, 0])


def test_nothing_at_all():
    assert nbp.sequence_pool(np.zeros((0, 3, 4))).shape == (0, 4)
    assert nbp.sequence_pool(np.zeros((2, 3, 0)), "stats").shape == (2, 0)
    assert nbp.sequence_pool(np.zeros((2, 0, 3)), "max", empty=-inf).tolist() == [[-inf] * 3] * 2
    assert nbp.sequence_pool(np.zeros((0, 3)), offsets=[0]).shape == (0, 3)
    assert nbp.attention_pool(np.zeros((2, 0, 3)), np.zeros((2, 0)), empty=nan).shape == (2, 3)


ATTENDED = np.array([[[1, -1], [2, 4], [6, 0]]], np.float32)


def test_attention():
    pool = nbp.attention_pool
    close(pool(ATTENDED, [[1, 2, 0]]), [[2.1153936, 2.4162352]])
    close(pool(ATTENDED, [[1, 2, 0]], "std"), [[1.2930205, 2.2473073]])
    close(pool(ATTENDED, [[1, 2, 0]], "stats"), [[2.1153936, 2.4162352, 1.2930205, 2.2473073]])
    close(pool(ATTENDED, [[1, 2, 0]], mask=[[1, 1, 0]]), [[1.7310586, 2.6552930]])
    close(pool(ATTENDED, [[1000, 1001, 0]], lengths=[2]), [[1.7310586, 2.6552930]])
    close(pool(ATTENDED, [[[1, 0], [2, 0], [0, 0]]]), [[2.1153936, 1]])
    close(
        pool(ATTENDED[0], [1, 2, 0], offsets=[0, 2, 2, 3]), [[1.7310586, 2.655293], [0, 0], [6, 0]]
    )
    y = np.ascontiguousarray(ATTENDED.transpose(0, 2, 1))
    close(pool(y, [[[1, 2, 0], [0, 0, 0]]], data_format="NCT"), [[2.1153936, 1]])
    assert pool(ATTENDED, [[1, 2, 0]], mask=[[0, 0, 0]], empty=3).tolist() == [[3, 3]]


@pytest.mark.parametrize("score", [nan, inf])
def test_scores_that_are_no_numbers(score):
    assert np.isnan(nbp.attention_pool(ATTENDED, [[1, score, 0]])).all()
    close(nbp.attention_pool(ATTENDED, [[1, 2, score]], lengths=[2]), [[1.7310586, 2.6552930]])


def test_a_score_of_no_weight():
    x = ATTENDED.copy()
    x[0, 2] = nan
    close(nbp.attention_pool(x, [[1, 2, -inf]]), [[1.7310586, 2.6552930]])
    scores = np.array([[[1, 1], [2, 2], [-inf, -inf]]])
    close(nbp.attention_pool(x, scores), [[1.7310586, 2.6552930]])
    close(nbp.sequence_pool(x, "mean", weights=[[1, 3, 0]]), [[1.75, 2.75]])


def test_the_exponential():
    """As exact as float32, over all that scores can be."""
    scores = np.linspace(-100, 0, 20_000, dtype=np.float32)
    pairs = np.stack([scores, np.zeros_like(scores)], 1)
    x = np.tile(np.array([[0], [1]], np.float32), (len(scores), 1, 1))
    found = nbp.attention_pool(x, pairs)
    want = 1 / (1 + np.exp(scores.astype(np.float64)))
    close(found[:, 0], want, rtol=4e-7, atol=0)


@pytest.mark.parametrize("rows", ["lengths", "mask", "offsets", None])
def test_further_calls_of_one_form_pool_their_own_arrays(rows):
    """A call is decided once for arrays of a form; their memory and elements are not part of it."""
    rng = np.random.default_rng(0)
    shape = (6, 3) if rows == "offsets" else (2, 4, 3)
    which = {
        "lengths": {"lengths": np.array([4, 1])},
        "mask": {"mask": np.array([[1, 0, 0, 1], [0, 1, 1, 0]])},
        "offsets": {"offsets": np.array([0, 2, 6])},
        None: {},
    }[rows]
    for _ in range(3):
        x = rng.normal(size=shape).astype(np.float32)
        for weights in (rng.random(shape[:-1]), rng.random(shape[:-1]).astype(np.float32)):
            for wide in (x, np.repeat(x, 2, -1)[..., ::2], x[..., ::-1], x.astype(">f4")):
                for named in ({"weights": weights}, {}):
                    want = nbp.sequence_pool(wide.tolist(), **named, **which).astype(np.float32)
                    close(nbp.sequence_pool(wide, **named, **which), want, rtol=2e-6, atol=1e-6)
                    out = np.empty((2, 6), np.float32)[:, ::2]
                    assert nbp.sequence_pool(wide, **named, **which, out=out) is out
                    close(out, want, rtol=2e-6, atol=1e-6)
                want = nbp.attention_pool(wide.tolist(), weights, **which)
                close(nbp.attention_pool(wide, weights, **which), want, rtol=2e-6, atol=1e-6)


def test_offsets_that_change_in_place_cut_anew():
    x, offsets = np.arange(12.0).reshape(6, 2), np.array([0, 2, 6])
    for _ in range(2):
        got = nbp.sequence_pool(x, "sum", offsets=offsets)
        np.testing.assert_array_equal(got, [[2, 4], [28, 32]])
    offsets[1] = 3
    got = nbp.sequence_pool(x, "sum", offsets=offsets)
    np.testing.assert_array_equal(got, [[6, 9], [24, 27]])
    narrow = nbp.sequence_pool(x[:, ::-1], "sum", offsets=offsets.astype(np.int8))
    np.testing.assert_array_equal(narrow, got[:, ::-1])
    offsets[1] = 7
    for _ in range(2):
        with pytest.raises(nbp.PoolValueError, match="number 2 is 6, after 7"):
            nbp.sequence_pool(x, "sum", offsets=offsets)
