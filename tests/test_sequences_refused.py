"""What sequences refuse: in one line, with what was wrong and what to do."""

import numpy as np
import pytest

import numbapool as nbp

X = np.zeros((2, 4, 3), np.float32)
FLAT = np.zeros((4, 3), np.float32)

REFUSED = {
    "lengths past T": (dict(lengths=[5, 0]), "lengths must lie between 0 and T, 4: number 0 is 5"),
    "lengths below 0": (dict(lengths=[1, -1]), "number 1 is -1"),
    "too few lengths": (dict(lengths=[1]), r"lengths have shape \(1,\).*must have shape \(2,\)"),
    "two lengths": (dict(lengths=[1, 2], mask=np.ones((2, 4))), "not both lengths and mask"),
    "mask of another shape": (dict(mask=np.ones((2, 3))), r"mask has shape \(2, 3\).*\(2, 4, 1\)"),
    "mask of parts": (dict(mask=np.full((2, 4), 0.5)), "mask has 0.5.*weights="),
    "mask of NaN": (dict(mask=np.full((2, 4), np.nan)), "mask has nan.*weights="),
    "mask of twos": (dict(mask=np.full((2, 4), 2)), "mask has 2.*weights="),
    "added mask": (dict(mask=[[0, 0, -np.inf, -np.inf]] * 2), "mask has -inf.*added to scores"),
    "least mask": (
        dict(mask=np.array([[0, 0, 0, np.finfo("f4").min]] * 2, "f4")),
        "added to scores: pass mask == 0",
    ),
    "unknown op": (dict(op="middle"), "op must be one of mean, max.*not 'middle'"),
    "windows' op": (dict(op="median"), "op must be one of mean, max.*not 'median'"),
    "no op": (dict(op=()), "op must be an operator, or several in a tuple, not an empty tuple"),
    "format": (dict(data_format="NLC"), "data_format must be 'NTC' or 'NCT', not 'NLC'"),
    "nan": (dict(nan="omit"), "nan must be 'propagate' or 'skip', not 'omit'"),
    "first of numbers": (dict(op="first", nan="skip"), "'first' takes a row as it is"),
    "weights of max": (dict(op="max", weights=np.ones((2, 4))), "weights go with sum, mean"),
    "weights' shape": (dict(weights=np.ones(4)), r"weights have shape \(4,\): they must have"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name):
    arguments, text = REFUSED[name]
    with pytest.raises(nbp.PoolValueError, match=text) as caught:
        nbp.sequence_pool(X, **arguments)
    assert "\n" not in str(caught.value)


OF_OTHER_TYPES = {
    "parts of T": (dict(lengths=[0.5, 1.0]), r"np.round\(lengths \* T\)"),
    "bool lengths": (dict(lengths=[True, False]), "was mask= meant"),
    "words": (dict(lengths="ab"), "lengths must be numbers, not 'ab'"),
    "ragged mask": (dict(mask=[[1, 0], [1]]), "masks must be numbers"),
    "an op that is none": (dict(op=3), "op must be the name of an operator"),
    "complex rows": (dict(x=X.astype(complex)), "arrays of dtype complex128 are not pooled"),
}


@pytest.mark.parametrize("name", OF_OTHER_TYPES)
def test_refused_types(name):
    arguments, text = OF_OTHER_TYPES[name]
    with pytest.raises(nbp.PoolTypeError, match=text):
        nbp.sequence_pool(**{"x": X, **arguments})


OFFSETS = {
    "decreasing": ([0, 3, 2, 4], "must not decrease: number 2 is 2, after 3"),
    "past the end": ([0, 5], "offsets must end at the number of rows, 4, not at 5"),
    "torch's": ([0, 2], "offsets must end at the number of rows, 4, not at 2.*n \\+ 1 numbers"),
    "late": ([1, 4], "offsets must begin at 0, not at 1"),
    "below 0": ([0, -1, 4], "must not decrease"),
    # As int64 these differ by numbers from 0 on, and add up to the rows.
    "past int64": (
        np.array([0, 2**63 - 1, 2**63, 2**64 - 1, 4], np.uint64),
        f"must not decrease: number 4 is 4, after {2**64 - 1}",
    ),
    "none": (np.empty(0, int), "n \\+ 1 numbers"),
    "of two axes": ([[0, 4]], "n \\+ 1 numbers"),
}


@pytest.mark.parametrize("name", OFFSETS)
def test_refused_offsets(name):
    offsets, text = OFFSETS[name]
    with pytest.raises(nbp.PoolValueError, match=text):
        nbp.sequence_pool(FLAT, offsets=offsets)


def test_refused_arrays():
    with pytest.raises(nbp.PoolTypeError, match="offsets must be whole numbers"):
        nbp.sequence_pool(FLAT, offsets=[0.0, 4.0])
    with pytest.raises(nbp.PoolValueError, match=r"one sequence is x\[np.newaxis\]"):
        nbp.sequence_pool(FLAT)
    with pytest.raises(nbp.PoolValueError, match="offsets cut an array of 2 axes, TC"):
        nbp.sequence_pool(X, offsets=[0, 4])
    with pytest.raises(nbp.PoolValueError, match="empty=nan is no number that int16 holds"):
        nbp.sequence_pool(X.astype(np.int16), empty=np.nan)
    with pytest.raises(nbp.PoolValueError, match="empty=300 is no number that uint8 holds"):
        nbp.sequence_pool(X.astype(np.uint8), "max", empty=300)


SCORES = {
    "heads": (np.zeros((2, 4, 2)), r"scores have shape \(2, 4, 2\).*heads must divide 3 channels"),
    "time": (np.zeros((2, 3)), r"scores have shape \(2, 3\): they must have shape \(2, 4\) or"),
    "none": (np.zeros((2, 4, 0)), "heads must divide"),
    "batch": (np.zeros((1, 4)), r"scores have shape \(1, 4\)"),
}


@pytest.mark.parametrize("name", SCORES)
def test_refused_scores(name):
    scores, text = SCORES[name]
    with pytest.raises(nbp.PoolValueError, match=text):
        nbp.attention_pool(X, scores)


def test_refused_attention():
    with pytest.raises(nbp.PoolValueError, match="op must be one of mean, std, stats, not 'max'"):
        nbp.attention_pool(X, np.zeros((2, 4)), "max")
