"""Multi-head attention pooling: worked vectors, the definition, torch's layer, what is refused."""

import naive_recurrent as naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import numbapool as nbp
from numbapool import multihead_attention_pool

WORKED = {
    "in_proj_weight": ((np.arange(48) * 7 % 11 - 5) / 10).reshape(12, 4),
    "in_proj_bias": (np.arange(12) * 3 % 5 - 2) / 10,
    "out_proj.weight": ((np.arange(16) * 5 % 7 - 3) / 10).reshape(4, 4),
    "out_proj.bias": np.array([0.1, -0.1, 0.2, 0]),
}
QUERY = np.array([1, 0, -1, 0.5])
X = np.array([[[1, 2, 3, 4], [0, 1, 0, -1], [2, 0, 1, 1]]], np.float64)


@pytest.mark.parametrize(
    ("mask", "want"),
    [
        ([[1, 1, 1]], [0.3703764, -0.1777131, 0.2188621, -0.0084725]),
        ([[1, 1, 0]], [0.2990903, -0.4132399, 0.3873969, 0.1604913]),
        ([[0, 0, 0]], [0.1, -0.1, 0.2, 0]),
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_worked_vectors(mask, want, dtype):
    x = np.where(np.array(mask)[..., np.newaxis] == 1, X, np.nan).astype(dtype)
    weights = {name: array.astype(dtype) for name, array in WORKED.items()}
    got = multihead_attention_pool(x, QUERY.astype(dtype), weights, 2, mask=mask)
    np.testing.assert_allclose(got, [want], rtol=1e-5, atol=1e-7)
    assert got.dtype == dtype


@st.composite
def layers(draw):
    """Draw weights, an array, queries, heads, and which steps count."""
    heads, depth, count = (draw(st.integers(1, 3)) for _ in range(3))
    size, apart = heads * depth, draw(st.booleans())
    channels = draw(st.integers(1, 4)) if apart else size
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    shapes = {"out_proj.weight": (size, size)}
    if apart:
        shapes |= {"q_proj_weight": (size, size)}
        shapes |= {f"{part}_proj_weight": (size, channels) for part in "kv"}
    else:
        shapes |= {"in_proj_weight": (3 * size, size)}
    if draw(st.booleans()):
        shapes |= {"in_proj_bias": (3 * size,), "out_proj.bias": (size,)}
    weights = {name: rng.normal(size=shape) for name, shape in shapes.items()}
    x = rng.normal(size=(draw(st.integers(0, 3)), draw(st.integers(0, 5)), channels))
    shape = draw(st.sampled_from([(size,), (count, size), (len(x), count, size)]))
    mask = rng.random(x.shape[:2]) < draw(st.sampled_from([0, 0.5, 1]))
    return weights, x, rng.normal(size=shape), heads, mask


@given(layers())
def test_the_definition(case):
    weights, x, query, heads, mask = case
    hidden = np.where(mask[..., np.newaxis], x, np.inf)
    got = multihead_attention_pool(hidden, query, weights, heads, mask=mask)
    size = query.shape[-1]
    queries = np.broadcast_to(query, (len(x), *(query.shape[-2:] if query.ndim > 1 else (1, size))))
    want = [
        [naive.attention_pool(list(row[kept]), one, weights, heads) for one in asked]
        for row, asked, kept in zip(x, queries, mask, strict=True)
    ]
    want = np.array(want).reshape(queries.shape)
    np.testing.assert_allclose(got, want[:, 0] if query.ndim == 1 else want, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    ("size", "heads", "channels", "count", "batch", "time", "bias"),
    [
        (4, 2, 4, 1, 3, 5, True),
        (48, 6, 48, 2, 9, 30, True),
        (8, 4, 6, 3, 2, 7, True),
        (8, 1, 8, 1, 5, 3, 0),
    ],
)
def test_torch_gives_the_same(size, heads, channels, count, batch, time, bias):
    torch = pytest.importorskip("torch")
    torch.manual_seed(size)
    layer = torch.nn.MultiheadAttention(
        size, heads, bias=bool(bias), kdim=channels, vdim=channels, batch_first=True
    ).eval()
    if bias:
        torch.nn.init.normal_(layer.in_proj_bias)
        torch.nn.init.normal_(layer.out_proj.bias)
    x, query = torch.randn(batch, time, channels), torch.randn(batch, count, size)
    mask = torch.rand(batch, time) < 0.6
    mask[:, 0] = True
    with torch.no_grad():
        want, _ = layer(query, x, x, key_padding_mask=~mask)  # torch's is True where none counts
    x[~mask] = float("nan")
    got = multihead_attention_pool(x, query, layer.state_dict(), heads, mask=mask)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)


def test_lengths_formats_and_files(tmp_path):
    x = np.concatenate([X, X[:, ::-1]]).astype(np.float32)
    want = multihead_attention_pool(x, QUERY, WORKED, 2, mask=[[1, 1, 0], [1, 0, 0]])
    np.savez(tmp_path / "w.npz", **WORKED)
    got = multihead_attention_pool(
        x.transpose(0, 2, 1), QUERY, tmp_path / "w.npz", 2, lengths=[2, 1], data_format="NCT"
    )
    np.testing.assert_allclose(got, want, rtol=1e-12)
    assert multihead_attention_pool(x[:0], QUERY, WORKED, 2).shape == (0, 4)
    assert multihead_attention_pool(x[:, :0], [QUERY] * 3, WORKED, 2).shape == (2, 3, 4)


def test_large_scores_and_nan():
    eye = {"in_proj_weight": np.tile(np.eye(1), (3, 1)), "out_proj.weight": np.eye(1)}
    x = np.array([[[1000.0], [1001.0]]], np.float32)
    share = np.exp(-1) / (1 + np.exp(-1))
    got = multihead_attention_pool(x, [1.0], eye, 1)
    np.testing.assert_allclose(got, [[1001 - share]], rtol=1e-6)
    x[0, 0] = np.nan
    assert np.isnan(multihead_attention_pool(x, [1.0], eye, 1)).all()


WRONG = [
    ({"in_proj_weight": None}, "weights has no 'in_proj_weight': it has in_proj_bias, "),
    ({"out_proj.weight": None}, "weights has no 'out_proj.weight'"),
    ({"out_proj.weight": np.zeros((4, 3))}, r"out_proj.weight has shape \(4, 3\), not \(E, E\)"),
    ({"in_proj_weight": np.zeros((4, 4))}, r"in_proj_weight has shape \(4, 4\), not \(12, 4\)"),
    ({"in_proj_bias": np.zeros(4)}, r"in_proj_bias has shape \(4,\), not \(12,\)"),
    ({"bias_k": np.zeros((1, 1, 4))}, "bias_k: an extra key"),
    ({"attn.in_proj_weight": np.zeros(4)}, "'attn.in_proj_weight' is none of in_proj_weight"),
    ({"q_proj_weight": np.zeros((4, 4))}, "'q_proj_weight' is none of in_proj_weight"),
]


@pytest.mark.parametrize(("changes", "message"), WRONG)
def test_wrong_weights_are_named(changes, message):
    weights = {name: value for name, value in {**WORKED, **changes}.items() if value is not None}
    with pytest.raises(nbp.PoolError, match=message):
        multihead_attention_pool(X, QUERY, weights, 2)


def test_wrong_arguments_are_refused():
    with pytest.raises(nbp.PoolValueError, match="num_heads must divide 4"):
        multihead_attention_pool(X, QUERY, WORKED, 3)
    with pytest.raises(nbp.PoolValueError, match="num_heads must be at least 1"):
        multihead_attention_pool(X, QUERY, WORKED, 0)
    for query in (QUERY[:3], np.zeros((2, 1, 4)), np.zeros((1, 1, 1, 4))):
        with pytest.raises(nbp.PoolValueError, match=r"query has shape .*, not \(4,\)"):
            multihead_attention_pool(X, query, WORKED, 2)
    with pytest.raises(nbp.PoolValueError, match=r"x has 3 channels, and out_proj\.weight has 4"):
        multihead_attention_pool(X[..., :3], QUERY, WORKED, 2)
