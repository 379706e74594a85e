"""Trained layers on a device: attention of queries, LSTM and GRU, against the CPU."""

import numpy as np
import pytest
from on_device import run

import numbapool as nbp

ROWS = [
    {},
    {"lengths": [4, 0, 2]},
    {"mask": [[0, 1, 1, 0], [1, 0, 0, 1], [0, 0, 0, 0]]},
]


def close(got, want):
    assert (got.shape, got.dtype) == (want.shape, want.dtype)
    loose = {"float32": (1e-5, 1e-6), "float64": (1e-12, 1e-13)}[want.dtype.name]
    np.testing.assert_allclose(got, want, *loose)


def attention_weights(rng, channels, size, dtype="f4", bias=True):
    shapes = {"out_proj.weight": (size, size)}
    if channels == size:
        shapes["in_proj_weight"] = (3 * size, size)
    else:
        for name, columns in (("q", size), ("k", channels), ("v", channels)):
            shapes[f"{name}_proj_weight"] = (size, columns)
    if bias:
        shapes |= {"in_proj_bias": (3 * size,), "out_proj.bias": (size,)}
    return {name: rng.normal(size=shape).astype(dtype) for name, shape in shapes.items()}


@pytest.mark.parametrize(
    ("channels", "query", "dtype", "data_format"),
    [
        (6, (6,), "f4", "NTC"),
        (5, (2, 6), "f4", "NCT"),
        (6, (3, 2, 6), "f8", "NTC"),
        (5, (3, 1, 6), "f2", "NCT"),
    ],
)
def test_multihead_attention(channels, query, dtype, data_format):
    from numbapool.cuda.multihead import multihead_call
    from numbapool.cuda.sequences import Form

    rng = np.random.default_rng(channels)
    for n, rows in enumerate(ROWS):
        weights = attention_weights(rng, channels, 6, bias=n != 1)
        x = rng.normal(size=(3, 4, channels)).astype(dtype)
        if rows:
            x[2, 3] = np.nan  # is not read
        x = x.swapaxes(1, 2).copy() if data_format == "NCT" else x
        asked = rng.normal(size=query).astype("f4")
        want = nbp.multihead_attention_pool(x, asked, weights, 3, data_format=data_format, **rows)
        forms = {name: Form(each.shape, each.dtype) for name, each in weights.items()}
        call = multihead_call(
            Form(x.shape, x.dtype), Form(query, asked.dtype), forms, 3, rows, data_format
        )
        close(run(call, x, asked, *weights.values())[0], want)


def test_attention_there_and_back():
    rng = np.random.default_rng(1)
    x, weights = rng.normal(size=(2, 3, 4)).astype("f4"), attention_weights(rng, 4, 4)
    query = rng.normal(size=4).astype("f4")
    given = x, query, weights, 2
    close(nbp.multihead_attention_pool(*given, device="cuda"), nbp.multihead_attention_pool(*given))
    for device in (None, "cuda"):
        with pytest.raises(nbp.PoolValueError, match="num_heads must divide 4"):
            nbp.multihead_attention_pool(x, query, weights, 3, device=device)


def layer_weights(rng, gates, channels, size, layers=1, both=False, bias=True, dtype="f4"):
    weights = {}
    for layer in range(layers):
        for suffix in ["", "_reverse"][: 1 + both]:
            for part, columns in (("ih", channels), ("hh", size)):
                name = f"{part}_l{layer}{suffix}"
                weights[f"weight_{name}"] = rng.normal(size=(gates * size, columns)).astype(dtype)
                if bias:
                    weights[f"bias_{name}"] = rng.normal(size=gates * size).astype(dtype)
        channels = size * (1 + both)
    return weights


@pytest.mark.parametrize("kind", ["lstm", "gru"])
@pytest.mark.parametrize(
    ("pick", "dtype", "data_format", "deep"),
    [
        ("last", "f4", "NTC", {"both": True}),
        ("mean", "f2", "NCT", {"bias": False}),
        ("max", "f4", "NTC", {"layers": 2, "both": True}),
        ("sum", "f8", "NCT", {"layers": 2}),
    ],
)
def test_layers(kind, pick, dtype, data_format, deep):
    from numbapool.cuda.recurrent import recurrent_call
    from numbapool.cuda.sequences import Form

    rng = np.random.default_rng(len(pick))
    states = nbp.lstm_pool if kind == "lstm" else nbp.gru_pool
    weights = layer_weights(rng, {"lstm": 4, "gru": 3}[kind], 3, 2, **deep)
    for rows in ROWS[2:] if "layers" in deep else ROWS:
        x = rng.normal(size=(3, 4, 3)).astype(dtype)
        if rows:
            x[2, 3] = np.nan  # is not read
        x = x.swapaxes(1, 2).copy() if data_format == "NCT" else x
        want = states(x, weights, pick=pick, data_format=data_format, **rows)
        forms = {name: Form(each.shape, each.dtype) for name, each in weights.items()}
        call = recurrent_call(Form(x.shape, x.dtype), kind, forms, pick, rows, data_format)
        close(run(call, x, *weights.values())[0], want)


def test_nan_among_states():
    rng = np.random.default_rng(3)
    weights, x = layer_weights(rng, 3, 2, 3), rng.normal(size=(2, 4, 2)).astype("f4")
    x[1, 2, 0] = np.nan
    for pick in ("last", "mean", "max"):
        want = nbp.gru_pool(x, weights, pick=pick)
        assert np.isnan(want[1]).all()
        close(nbp.gru_pool(x, weights, pick=pick, device="cuda"), want)


def test_nothing_to_read():
    rng = np.random.default_rng(2)
    weights = layer_weights(rng, 4, 2, 3)
    for shape, lengths in (((0, 4, 2), None), ((2, 0, 2), None), ((2, 3, 2), [0, 0])):
        x = np.ones(shape, "f4")
        given = {"lengths": lengths}
        close(nbp.lstm_pool(x, weights, device="cuda", **given), nbp.lstm_pool(x, weights, **given))


def test_mistakes_are_told_alike():
    rng = np.random.default_rng(2)
    x, weights = np.ones((2, 3, 2), "f4"), layer_weights(rng, 4, 2, 3)
    for device in (None, "cuda"):
        with pytest.raises(nbp.PoolValueError, match="pick must be one of"):
            nbp.lstm_pool(x, weights, pick="first", device=device)
        with pytest.raises(nbp.PoolValueError, match="these are the weights of lstm_pool"):
            nbp.gru_pool(x, weights, device=device)
        with pytest.raises(nbp.PoolValueError, match="weight_ih_l0 has shape"):
            nbp.lstm_pool(x[..., :1], weights, device=device)
