"""Sequences on a device: every operator, with lengths, masks, offsets, weights and scores."""

import numpy as np
import pytest
from on_device import assert_equal, run
from strategies import DTYPES, fill

import numbapool as nbp
from numbapool.sequences.table import NAMES

CASES = [
    {},
    {"lengths": [5, 0, 3]},
    {"mask": [[1, 0, 1, 1, 0], [0, 0, 0, 0, 0], [0, 1, 1, 0, 1]]},
    {"offsets": [0, 4, 4, 9, 15]},
]
ROWS = {"lengths", "mask", "offsets"}


def pooled(x, op="mean", weights=None, scores=None, data_format="NTC", **options):
    """Return what the device gives, and whether it adds in the CPU's order."""
    from numbapool.cuda.sequences import Form, attention_call, sequence_call
    from numbapool.sequences.pooling import Wanted

    rows = {name: value for name, value in options.items() if name in ROWS}
    wanted = Wanted(op, **{name: value for name, value in options.items() if name not in ROWS})
    beside = weights if weights is not None else scores
    form = Form(x.shape, x.dtype)
    if scores is not None:
        call = attention_call(form, Form(scores.shape, scores.dtype), wanted, rows, data_format)
    else:
        more = None if weights is None else Form(weights.shape, weights.dtype)
        call = sequence_call(form, wanted, rows, data_format, more)
    return run(call, x, *(() if beside is None else (beside,)))[0]


def data(dtype, case, data_format="NTC", seed=0):
    shape = (15, 3) if "offsets" in case else (3, 5, 3)
    if data_format == "NCT":
        shape = (*shape[:-2], shape[-1], shape[-2])
    return fill(shape, dtype, ("few", "ties", "plain")[seed % 3], seed)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("op", NAMES)
def test_operator(op, dtype):
    for seed, case in enumerate(CASES):
        options = {**case, "empty": seed % 2}
        if seed % 2 and op not in ("first", "last"):
            options["nan"] = "skip"
        x = data(dtype, case, seed=seed)
        assert_equal(pooled(x, op, **options), nbp.sequence_pool(x, op, **options))


@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32", "float64"])
def test_channels_first(dtype):
    for case, op in zip(CASES, ("stats", "max", "sum", "last"), strict=True):
        x = data(dtype, case, "NCT", seed=2)
        want = nbp.sequence_pool(x, op, data_format="NCT", **case)
        assert_equal(pooled(x, op, data_format="NCT", **case), want, ordered=False)


@pytest.mark.parametrize("op", ["sum", "mean", "mean_sqrt_len", "weighted_mean"])
@pytest.mark.parametrize("dtype", ["int32", "float16", "float32", "float64"])
def test_weights(op, dtype):
    rng = np.random.default_rng(3)
    for seed, case in enumerate(CASES):
        options = {**case, "nan": ("propagate", "skip")[seed % 2]}
        x = data(dtype, case, seed=seed)
        weights = rng.integers(0, 3, x.shape[:-1]).astype("float64")
        want = nbp.sequence_pool(x, op, weights=weights, **options)
        assert_equal(pooled(x, op, weights=weights, **options), want)


@pytest.mark.parametrize("op", ["mean", "std", "stats"])
@pytest.mark.parametrize("dtype", ["int16", "float16", "float32", "float64"])
def test_scores(op, dtype):
    rng = np.random.default_rng(4)
    for case in CASES:
        for heads in ((), (1,), (3,)):
            x = data(dtype, case, seed=2)
            scores = rng.normal(size=(*x.shape[:-1], *heads)).astype("float32") * 3
            want = nbp.attention_pool(x, scores, op, **case)
            assert_equal(pooled(x, op, scores=scores, **case), want, ordered=False)
            turned, across = x.swapaxes(-1, -2).copy(), scores
            if heads:
                across = scores.swapaxes(-1, -2).copy()
            got = pooled(turned, op, scores=across, data_format="NCT", **case)
            assert_equal(got, want, ordered=False)


@pytest.mark.parametrize("most", [0, 16])
@pytest.mark.parametrize("dtype", ["uint8", "float16", "float32"])
def test_rows_that_threads_share(dtype, most, monkeypatch):
    """Threads of one block, or of many."""
    from numbapool.cuda import sequences

    monkeypatch.setattr(sequences, "MOST_TOGETHER", most)
    monkeypatch.setattr(sequences, "SHARED_ROWS", 2)
    monkeypatch.setattr(sequences, "SHARE", 2)
    rng = np.random.default_rng(6)
    for case in CASES:
        x = data(dtype, case, seed=2)
        weights = rng.integers(0, 3, x.shape[:-1]).astype("float32")
        for op in NAMES:
            assert_equal(pooled(x, op, **case), nbp.sequence_pool(x, op, **case), ordered=False)
        for op in ("sum", "mean"):
            want = nbp.sequence_pool(x, op, weights=weights, **case)
            assert_equal(pooled(x, op, weights=weights, **case), want, ordered=False)
        scores = rng.normal(size=(*x.shape[:-1], 3))
        want = nbp.attention_pool(x, scores, "stats", **case)
        assert_equal(pooled(x, "stats", scores=scores, **case), want, ordered=False)


def test_several_operators_stand_side_by_side():
    x = data("int16", {}, seed=2)
    ops = ("max", "stats", "first", "sum")
    assert_equal(pooled(x, ops), nbp.sequence_pool(x, ops))


def test_results_of_length_one():
    x = data("float32", {}, seed=2)
    options = {"lengths": [5, 0, 2], "normalize": True, "empty": 3}
    assert_equal(pooled(x, **options), nbp.sequence_pool(x, **options), ordered=False)


def test_a_sum_past_float32_and_rows_far_from_the_first():
    x = np.full((1, 60, 2), 3e38, np.float32)
    x[0, 1::2, 0] = -3e38
    assert_equal(pooled(x, "sum"), nbp.sequence_pool(x, "sum"))
    x = np.random.default_rng(5).normal(size=(1, 60, 2)).astype(np.float32) + 1e4
    x[0, 0] = 0
    assert_equal(pooled(x, "stats"), nbp.sequence_pool(x, "stats"))
