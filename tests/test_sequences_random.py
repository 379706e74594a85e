"""Random sequences beside the oracle: shapes, dtypes, layouts, masks, weights.

Each operator has kernels of its own by dtype, so these are drawn with kernels as plain Python.
"""

import naive_sequences
import numpy as np
import pytest
import strategies as draws
from hypothesis import given
from hypothesis import strategies as st

import numbapool as nbp

pytestmark = pytest.mark.skipif(not draws.PLAIN, reason="run as plain Python by tests/quick.py")

OPS = "mean max min sum range mean_sqrt_len first last weighted_mean std stats".split()
SUMS = ("mean", "sum", "mean_sqrt_len", "weighted_mean")


@st.composite
def which_rows(draw, batch, steps):
    """Draw lengths, a mask or nothing."""
    form = draw(st.sampled_from(["none", "lengths", "mask", "padded left"]))
    if form == "none":
        return {}
    if form == "lengths":
        return {"lengths": [draw(st.integers(0, steps)) for _ in range(batch)]}
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    mask = rng.random((batch, steps)) < draw(st.sampled_from([0.2, 0.5, 0.9, 1.0]))
    if form == "padded left":
        mask = np.maximum.accumulate(mask, axis=1)
    shape = draw(st.sampled_from([(batch, steps), (batch, steps, 1), (batch, 1, steps)]))
    return {"mask": mask.astype(draw(st.sampled_from(["bool", "int64", "float32"]))).reshape(shape)}


@st.composite
def sequences(draw, dtypes=draws.DTYPES, values=("plain", "ties", "few")):
    """Draw an array of sequences, as either format has it, and which rows count."""
    batch, steps = draw(st.integers(0, 3)), draw(st.sampled_from([0, 1, 2, 5, 37, 70]))
    channels = draw(st.sampled_from([0, 1, 2, 3, 5]))
    data_format = draw(st.sampled_from(["NTC", "NCT"]))
    cut = draw(st.booleans())
    axes = {"N": batch, "T": steps, "C": channels}
    shape = tuple(axes[letter] for letter in (data_format[1:] if cut else data_format))
    dtype = draw(st.sampled_from(dtypes))
    x = draw(draws.arrays(shape, dtype, st.sampled_from(values)))
    arguments = {"data_format": data_format}
    if cut:
        edges = [draw(st.integers(0, steps)) for _ in range(draw(st.integers(0, 3)))]
        arguments["offsets"] = [0, *sorted(edges), steps]
    else:
        arguments |= draw(which_rows(batch, steps))
    return x, arguments


def largest(x):
    """Return the scale of the errors: the largest finite magnitude."""
    sizes = np.abs(np.nan_to_num(np.asarray(x, np.float64), posinf=0, neginf=0))
    return float(sizes.max(initial=0))


def assert_near(got, want, scale):
    assert got.shape == want.shape
    assert got.dtype == want.dtype
    if got.dtype.kind != "f":
        np.testing.assert_array_equal(got, want)
        return
    coarse = {"float16": 1e-3, "float32": 1e-6, "float64": 1e-12}[got.dtype.name]
    np.testing.assert_allclose(
        got.astype(np.float64), want.astype(np.float64), rtol=2 * coarse, atol=coarse * scale
    )


@given(sequences(), st.sampled_from(OPS), st.sampled_from(["propagate", "skip"]), st.data())
def test_any_operator(given_sequences, op, nan, data):
    x, arguments = given_sequences
    if op in ("first", "last"):
        nan = "propagate"
    if op in ("std", "stats"):
        arguments["correction"] = data.draw(st.sampled_from([0, 1, 1.5]))
    with np.errstate(all="ignore"):
        got = nbp.sequence_pool(x, op, nan=nan, **arguments)
        want = naive_sequences.sequence_pool(x, op, nan=nan, **arguments)
    assert_near(got, want, largest(x) * max(x.size, 1) ** (op in ("sum", "mean_sqrt_len")))


def beside(x, arguments):
    """Return the shape of rows' weights."""
    cut = "offsets" in arguments
    steps = x.shape[-2 if arguments["data_format"] == "NTC" else -1]
    return (steps,) if cut else (x.shape[0], steps)


@given(sequences(), st.sampled_from(SUMS), st.integers(0, 2**32 - 1))
def test_weights(given_sequences, op, seed):
    x, arguments = given_sequences
    weights = np.random.default_rng(seed).integers(0, 5, beside(x, arguments)) / 4
    with np.errstate(all="ignore"):
        got = nbp.sequence_pool(x, op, weights=weights, **arguments)
        want = naive_sequences.sequence_pool(x, op, weights=weights, **arguments)
    assert_near(got, want, largest(x) * max(x.size, 1))


@given(
    sequences([*draws.FLOATS, "int16"], ("plain", "ties")),
    st.sampled_from(["mean", "std", "stats"]),
    st.sampled_from(["one", "heads", "channels"]),
    st.integers(0, 2**32 - 1),
)
def test_attention(given_sequences, op, form, seed):
    x, arguments = given_sequences
    first_last = arguments["data_format"] == "NCT"
    channels = x.shape[-2 if first_last else -1]
    shape = beside(x, arguments)
    heads = {"one": 1, "heads": channels // 2 or 1, "channels": channels or 1}[form]
    heads = heads if channels % heads == 0 else 1
    if form != "one":
        shape = (*shape[:-1], heads, shape[-1]) if first_last else (*shape, heads)
    scores = np.random.default_rng(seed).normal(0, 3, shape).astype(np.float32)
    got = nbp.attention_pool(x, scores, op, **arguments)
    want = naive_sequences.attention_pool(x, scores, op, **arguments)
    assert_near(got, want, largest(x))


@given(sequences(["float64"], ("plain",)), st.sampled_from(OPS))
def test_a_row_does_not_depend_on_its_neighbours(given_sequences, op):
    x, arguments = given_sequences
    if "offsets" in arguments or "mask" in arguments or not len(x):
        return
    lengths = arguments.pop("lengths", None)
    both = nbp.sequence_pool(x, op, lengths=lengths, **arguments)
    for n in range(len(x)):
        own = None if lengths is None else lengths[n : n + 1]
        alone = nbp.sequence_pool(x[n : n + 1], op, lengths=own, **arguments)
        np.testing.assert_array_equal(alone[0], both[n])
