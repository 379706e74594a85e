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
