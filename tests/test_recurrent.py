"""LSTM and GRU pooling: worked vectors, the definition, torch's layers, and what is refused."""

import sys
from itertools import product

import naive_recurrent as naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from processes import python

import numbapool as nbp

POOLS = {"lstm": nbp.lstm_pool, "gru": nbp.gru_pool}
GATES = {"lstm": 4, "gru": 3}
PICKS = ("last", "mean", "max", "sum")

X = np.array([[[1, -1], [0.5, 2], [0, 1]], [[2, 0], [-1, 1], [9, 9]]], np.float32)
"""The second row's last step is padding."""


def shapes_of(kind, channels, size, layers=1, both=False, bias=True):
    """Return the shape of each of torch's parameters by its name."""
    rows, shapes = GATES[kind] * size, {}
    for layer, suffix in product(range(layers), ["", "_reverse"][: 1 + both]):
        columns = channels if layer == 0 else size * (1 + both)
        shapes[f"weight_ih_l{layer}{suffix}"] = (rows, columns)
        shapes[f"weight_hh_l{layer}{suffix}"] = (rows, size)
        if bias:
            shapes[f"bias_ih_l{layer}{suffix}"] = shapes[f"bias_hh_l{layer}{suffix}"] = (rows,)
    return shapes


def worked(kind):
    """Return the weights of the worked vectors: 2 channels to states of 2, both directions."""

    def numbers(name, shape):
        count = np.arange(np.prod(shape)).reshape(shape)
        shift = 3 * ("reverse" in name) + ("bias" in name)
        return (((count * 5 + shift) % 7 - 3) / 4).astype(np.float32)

    shapes = shapes_of(kind, 2, 2, both=True)
    return {name: numbers(name, shape) for name, shape in shapes.items()}


VECTORS = [
    ("lstm", "last", [-0.2426802, 0.2875076, -0.2582361, -0.5363165]),
    ("lstm", "last", [-0.1921479, 0.3476533, -0.1900681, -0.2932383]),
    ("lstm", "mean", [-0.1485395, 0.1618212, 0.0917074, -0.3286786]),
    ("lstm", "mean", [-0.1069798, 0.1738266, 0.0931432, -0.2063028]),
    ("lstm", "max", [-0.0451222, 0.2875076, 0.2706796, -0.1776072]),
    ("lstm", "max", [-0.0218116, 0.3476533, 0.3763544, -0.1193673]),
    ("gru", "last", [-0.4049866, 0.9479220, -0.4638668, -0.2845802]),
    ("gru", "last", [-0.4533725, 0.6813338, -0.6826522, -0.2968558]),
    ("gru", "mean", [-0.2338066, 0.5432076, 0.2975135, -0.2639954]),
    ("gru", "mean", [-0.2153178, 0.3074181, 0.0322568, -0.3018121]),
    ("gru", "max", [-0.0836068, 0.9479220, 0.7818196, -0.2012289]),
    ("gru", "max", [0.0227369, 0.6813338, 0.7471657, -0.2968558]),
]
"""Of row 0 and of row 1 in turn."""


@pytest.mark.parametrize("n", range(0, len(VECTORS), 2))
@pytest.mark.parametrize("padding", [9, np.nan, np.inf])
def test_worked_vectors(n, padding):
    kind, pick, first = VECTORS[n]
    x = X.copy()
    x[1, 2] = padding
    want = np.array([first, VECTORS[n + 1][2]])
    got = POOLS[kind](x, worked(kind), pick=pick, lengths=[3, 2])
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-7)
    assert got.dtype == np.float32
    mask = [[1, 1, 1], [1, 1, 0]]
    again = POOLS[kind](x.transpose(0, 2, 1), worked(kind), pick=pick, mask=mask, data_format="nct")
    np.testing.assert_array_equal(again, got)


@pytest.mark.parametrize("kind", POOLS)
def test_files_of_weights(kind, tmp_path):
    weights = worked(kind)
    want = POOLS[kind](X, weights)
    np.savez(tmp_path / "w.npz", **weights)
    np.testing.assert_array_equal(POOLS[kind](X, tmp_path / "w.npz"), want)
    with np.load(tmp_path / "w.npz") as file:
        np.testing.assert_array_equal(POOLS[kind](X, file), want)
    written = pytest.importorskip("safetensors.numpy")
    written.save_file(weights, tmp_path / "w.safetensors")
    np.testing.assert_array_equal(POOLS[kind](X, str(tmp_path / "w.safetensors")), want)


def random_weights(rng, dtype, *shape, **more):
    shapes = shapes_of(*shape, **more)
    return {name: rng.normal(0, 0.7, size).astype(dtype) for name, size in shapes.items()}


@st.composite
def layers(draw):
    """Draw a kind of layer, its sizes, an array, and which steps count."""
    kind, pick = draw(st.sampled_from(sorted(POOLS))), draw(st.sampled_from(PICKS))
    dtype = draw(st.sampled_from(["float32", "float64"]))
    batch, time = draw(st.integers(0, 12)), draw(st.integers(0, 6))
    channels, size = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shape = kind, channels, size, draw(st.integers(1, 3)), draw(st.booleans())
    weights = random_weights(rng, dtype, *shape, bias=draw(st.booleans()))
    x = rng.normal(0, 2, (batch, time, channels)).astype(dtype)
    which = draw(st.sampled_from(["all", "lengths", "mask", "left"]))
    mask = np.ones((batch, time), bool)
    if which == "mask":
        mask = rng.random((batch, time)) < 0.6
    elif which != "all":
        mask = np.arange(time) < rng.integers(0, time + 1, batch)[:, np.newaxis]
        mask = mask[:, ::-1] if which == "left" else mask
    said = {"all": {}, "lengths": {"lengths": mask.sum(1)}}.get(which, {"mask": mask})
    return kind, pick, weights, x, mask, said


@given(layers())
def test_the_definition(case):
    kind, pick, weights, x, mask, said = case
    plain = {name: array.tolist() for name, array in weights.items()}
    rows = zip(x.tolist(), mask, strict=True)
    want = [
        naive.recurrent_pool(
            kind, [row[t] for t in naive.steps_that_count(len(row), mask=kept)], plain, pick
        )
        for row, kept in rows
    ]
    x = np.where(mask[..., np.newaxis], x, np.nan)
    got = POOLS[kind](x, weights, pick=pick, **said)
    assert got.dtype == x.dtype
    if len(x):
        places = {"rtol": 1e-5, "atol": 2e-6} if x.dtype == np.float32 else {"rtol": 1e-12}
        np.testing.assert_allclose(got, want, **places)


@pytest.mark.parametrize("kind", POOLS)
@pytest.mark.parametrize(
    ("batch", "time", "channels", "size", "layers", "both"),
    [
        (5, 7, 3, 4, 1, False),
        pytest.param(19, 40, 6, 24, 2, True, marks=pytest.mark.large),
        (1, 30, 8, 16, 3, False),
        (33, 9, 4, 8, 1, 1),
    ],
)
def test_torch_gives_the_same(kind, batch, time, channels, size, layers, both):
    torch = pytest.importorskip("torch")
    rnn = torch.nn.utils.rnn
    torch.manual_seed(batch)
    made = {"lstm": torch.nn.LSTM, "gru": torch.nn.GRU}[kind]
    layer = made(channels, size, layers, batch_first=True, bidirectional=bool(both)).eval()
    x, lengths = torch.randn(batch, time, channels), torch.randint(1, time + 1, (batch,))
    with torch.no_grad():
        packed = rnn.pack_padded_sequence(x, lengths, batch_first=True, enforce_sorted=False)
        out, last = layer(packed)
        last = last[0] if kind == "lstm" else last
        out, _ = rnn.pad_packed_sequence(out, batch_first=True, total_length=time)
    out = out.numpy()
    rows = [row[:length] for row, length in zip(out, lengths.tolist(), strict=True)]
    wanted = {
        "last": torch.cat(list(last[-1 - bool(both) :]), -1).numpy(),
        "sum": out.sum(1),
        "mean": np.stack([row.mean(0) for row in rows]),
        "max": np.stack([row.max(0) for row in rows]),
    }
    for pick, want in wanted.items():
        got = POOLS[kind](x, layer.state_dict(), pick=pick, lengths=lengths)
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6 * (1 if pick != "sum" else time))


@pytest.mark.parametrize("kind", POOLS)
def test_a_row_of_nan_stays_alone(kind):
    weights = random_weights(np.random.default_rng(0), np.float32, kind, 2, 3)
    x = np.random.default_rng(1).normal(size=(9, 5, 2)).astype(np.float32)
    want = POOLS[kind](x, weights)
    for bad in (np.nan, np.inf):
        x[4, 2, 0] = bad
        got = POOLS[kind](x, weights)
        np.testing.assert_array_equal(np.delete(got, 4, 0), np.delete(want, 4, 0))
        assert np.isnan(got[4]).all() == bool(np.isnan(bad))


@pytest.mark.parametrize("kind", POOLS)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_huge_numbers_reach_the_gates_limits(kind, dtype):
    weights = {
        "weight_ih_l0": np.ones((GATES[kind], 1), dtype),
        "weight_hh_l0": np.ones((GATES[kind], 1), dtype),
    }
    x = np.array([[[1e30]], [[-1e30]], [[-100]], [[0]]], dtype)
    got = POOLS[kind](x, weights)[:, 0]
    assert got.dtype == dtype
    want = {"lstm": [np.tanh(1), 0, 0, 0], "gru": [0, -1, -1, 0]}[kind]
    np.testing.assert_allclose(got, want, atol=1e-7)


@pytest.mark.parametrize("kind", POOLS)
def test_without_steps(kind):
    weights = worked(kind)
    for pick in PICKS:
        empty = POOLS[kind](X, weights, pick=pick, lengths=[0, 0])
        np.testing.assert_array_equal(empty, np.zeros((2, 4), np.float32))
        one = POOLS[kind](X, weights, pick=pick, lengths=[0, 3])
        np.testing.assert_array_equal(one[0], np.zeros(4, np.float32))
        np.testing.assert_array_equal(one[1], POOLS[kind](X[1:], weights, pick=pick)[0])
    assert POOLS[kind](X[:, :0], weights).tolist() == [[0] * 4] * 2
    assert POOLS[kind](X[:0], weights).shape == (0, 4)


def test_masks_of_all_shapes_and_with_holes():
    weights = worked("lstm")
    mask = np.array([[1, 0, 1], [0, 1, 0]])
    got = nbp.lstm_pool(X, weights, mask=mask)
    np.testing.assert_allclose(got[0], nbp.lstm_pool(X[:1, ::2], weights)[0], rtol=1e-6)
    np.testing.assert_allclose(got[1], nbp.lstm_pool(X[1:, 1:2], weights)[0], rtol=1e-6)
    for other in (mask > 0, mask[:, :, None], mask[:, None], mask.astype(np.float16)):
        np.testing.assert_array_equal(nbp.lstm_pool(X, weights, mask=other), got)


def test_dtypes():
    weights = worked("lstm")
    halves = {name: array.astype(np.float16) for name, array in weights.items()}
    doubles = {name: array.astype(np.float64) for name, array in weights.items()}
    single = nbp.lstm_pool(X, weights)
    for x, given_weights in (
        (X.astype(np.float16), halves),
        (X, halves),
        (X.astype(">f4"), weights),
    ):
        got = nbp.lstm_pool(x, given_weights)
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, single, rtol=1e-6)
    for x, given_weights in ((X.astype(np.float64), weights), (X, doubles)):
        got = nbp.lstm_pool(x, given_weights)
        assert got.dtype == np.float64
        np.testing.assert_allclose(got, single, rtol=1e-5)
    np.testing.assert_array_equal(nbp.lstm_pool(X[:, ::-1][:, ::-1], weights), single)
    np.testing.assert_array_equal(nbp.lstm_pool(np.asfortranarray(X), weights), single)


def changed(**changes):
    """Return the worked weights with some changed, or left out where None."""
    weights = {**worked("lstm"), **changes}
    return {name: value for name, value in weights.items() if value is not None}


WRONG_WEIGHTS = [
    ({"weight_hh_l0": None}, "weights has no 'weight_hh_l0': it has weight_ih_l0, "),
    ({"weight_ih_l0_reverse": None}, "weights has no 'weight_ih_l0_reverse'"),
    ({"bias_hh_l0": None}, "weights has no 'bias_hh_l0'"),
    ({"weight_ih_l0": np.zeros((8, 3))}, r"weight_ih_l0 has shape \(8, 3\), not \(8, 2\)"),
    ({"weight_hh_l0": np.zeros(3)}, r"weight_hh_l0 has shape \(3,\), not \(4 \* n, n\)"),
    ({"weight_hh_l0": np.zeros((8, 0))}, r"weight_hh_l0 has shape \(8, 0\)"),
    ({"bias_ih_l0": np.zeros((8, 1))}, r"bias_ih_l0 has shape \(8, 1\), not \(8,\)"),
    ({"weight_hh_l0": np.zeros((6, 2))}, r"not \(8, 2\): these are the weights of gru_pool"),
    ({"weight_hr_l0": np.zeros((1, 2))}, "weight_hr_l0: an LSTM with projections"),
    ({"weight_ih_l2": np.zeros((8, 4))}, "weights has layer 2 but no layer 1"),
    ({"weight_ih_l999999": np.zeros((8, 4))}, "weights has layer 999999 but no layer 1"),
    ({"lstm.weight_ih_l0": np.zeros((8, 2))}, "'lstm.weight_ih_l0' is no parameter of"),
    ({"weight_ih_l01": np.zeros((8, 2))}, "'weight_ih_l01' is no parameter of"),
    ({"bias_ih_l0": np.zeros(8, complex)}, "bias_ih_l0: arrays of dtype complex128"),
    ({"bias_ih_l0": 3}, "bias_ih_l0: a number has no axes"),
]


@pytest.mark.parametrize(("changes", "message"), WRONG_WEIGHTS)
def test_wrong_weights_are_named(changes, message):
    with pytest.raises(nbp.PoolError, match=message):
        nbp.lstm_pool(X, changed(**changes))


def test_what_is_no_weights(tmp_path):
    with pytest.raises(nbp.PoolTypeError, match="weights must be a mapping"):
        nbp.lstm_pool(X, 3)
    with pytest.raises(nbp.PoolValueError, match="weights has no 'weight_hh_l0': it has nothing"):
        nbp.lstm_pool(X, {})
    with pytest.raises(
        nbp.PoolValueError, match=r"come from .npz or .safetensors, not from 'w.pt'"
    ):
        nbp.lstm_pool(X, tmp_path / "w.pt")
    with pytest.raises(FileNotFoundError):
        nbp.lstm_pool(X, tmp_path / "w.npz")
    np.savez(tmp_path / "o.npz", weight_hh_l0=np.array([{}], object))
    for name in ("bad.npz", "bad.safetensors"):
        (tmp_path / name).write_bytes(b"\xff" * 100)
    for name in ("o.npz", "bad.npz"):
        with pytest.raises(nbp.PoolValueError, match="cannot be read"):
            nbp.lstm_pool(X, tmp_path / name)
    pytest.importorskip("safetensors")
    with pytest.raises(nbp.PoolValueError, match="cannot be read"):
        nbp.lstm_pool(X, tmp_path / "bad.safetensors")


def test_the_extra_is_named(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(nbp.PoolError, match=r"pip install 'numbapool\[safetensors\]'"):
        nbp.lstm_pool(X, tmp_path / "w.safetensors")


WRONG_STEPS = [
    ({"lengths": [3, 2], "mask": np.ones((2, 3))}, "one of lengths, mask and offsets"),
    ({"lengths": [3, 4]}, "lengths must lie between 0 and T, 3: number 1 is 4"),
    ({"lengths": [-1, 3]}, "lengths must lie between 0 and T, 3: number 0 is -1"),
    ({"lengths": [1.0, 0.5]}, r"np.round\(lengths \* T\)"),
    ({"lengths": [3]}, r"lengths have shape \(1,\)"),
    ({"mask": np.ones((3, 2))}, r"mask has shape \(3, 2\)"),
    ({"mask": np.full((2, 3), 0.5)}, r"mask has 0\.5"),
    ({"mask": np.full((2, 3), np.nan)}, "mask has nan"),
    ({"mask": np.full((2, 3), 2, np.uint8)}, "mask has 2"),
    ({"mask": np.array([[0, 0, -np.inf]] * 2)}, "mask has -inf .* added to scores"),
    ({"mask": np.array([[0, 0, np.finfo("f4").min]] * 2)}, "added to scores"),
    ({"pick": "first"}, "pick must be one of last, mean, max, sum, not 'first'"),
    ({"data_format": "TNC"}, "data_format must be 'NTC' or 'NCT'"),
]


@pytest.mark.parametrize(("options", "message"), WRONG_STEPS)
def test_wrong_steps_are_refused(options, message):
    with pytest.raises(nbp.PoolError, match=message):
        nbp.gru_pool(X, worked("gru"), **options)


def test_wrong_arrays_are_refused():
    with pytest.raises(
        nbp.PoolValueError, match=r"x has shape \(3, 2\), and sequences are an array of 3 axes"
    ):
        nbp.lstm_pool(X[0], worked("lstm"))
    with pytest.raises(nbp.PoolTypeError, match="complex"):
        nbp.lstm_pool(X.astype(complex), worked("lstm"))
    with pytest.raises(nbp.PoolValueError, match=r"weight_ih_l0 has shape \(8, 2\), not \(8, 3\)"):
        nbp.lstm_pool(np.zeros((1, 2, 3)), worked("lstm"))


GUARDED = """
import ctypes, mmap
import numpy as np
import numbapool as nbp
from numbapool.run.loop import Loop, geometry_of

libc, PAGE = ctypes.CDLL(None), mmap.PAGESIZE

def forbid(array, start):
    assert libc.mprotect(ctypes.c_void_p(array.ctypes.data + start), PAGE, 0) == 0

def before_the_end(*shape):
    size = int(np.prod(shape)) * 4
    pages = -(-size // PAGE) + 1
    whole = np.frombuffer(mmap.mmap(-1, pages * PAGE), np.uint8)
    forbid(whole, (pages - 1) * PAGE)
    return whole[(pages - 1) * PAGE - size : (pages - 1) * PAGE].view("f4").reshape(shape)

single = np.dtype("f4")
for kind, gates in (("lstm", 4), ("gru", 3)):
    for size in range(1, 40):
        outs = [before_the_end(size) for _ in range(gates - 2)]
        x, y = before_the_end(gates, size), before_the_end(gates, size)
        loop = Loop(kind, single, (single,) * len(outs), (single,))
        head = {"inner": size, "total": size, "between": 0, "stretch": size}
        geometry = geometry_of(head)
        loop.set(x, outs, geometry, [y])
        loop.run(1)
    # The second half of each row of x lies in a page that may not be read.
    channels = PAGE // 8
    x = np.frombuffer(mmap.mmap(-1, 4 * PAGE), single).reshape(2, 4, channels)
    forbid(x, PAGE)
    forbid(x, 3 * PAGE)
    weights = {"weight_ih_l0": np.ones((gates, channels)), "weight_hh_l0": np.ones((gates, 1))}
    pool = {"lstm": nbp.lstm_pool, "gru": nbp.gru_pool}[kind]
    print(pool(x, weights, lengths=[2, 1]).tolist())
    print(pool(x, weights, mask=[[0, 1, 0, 0], [1, 0, 0, 0]]).tolist())
"""


@pytest.mark.skipif(sys.platform != "linux", reason="calls mprotect as Linux has it")
def test_nothing_past_the_end_is_touched_and_padding_is_not_read():
    assert python(GUARDED).split() == ["[[0.0],", "[0.0]]"] * 4
