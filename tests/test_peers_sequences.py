"""Sequences beside torch's ways to the same: bags, segments, scatters, masked softmax."""

import numpy as np
import pytest

import numbapool as nbp

torch = pytest.importorskip("torch")


def close(got, want):
    np.testing.assert_allclose(got, want.numpy(), rtol=1e-5, atol=1e-6)


@pytest.fixture(params=range(3), scope="module")
def ragged(request):
    """Give rows, offsets of sequences of which some are empty, and a weight for each row."""
    rng = np.random.default_rng(request.param)
    rows = rng.integers(0, 40, 9) * (rng.random(9) < 0.8)
    offsets = np.concatenate([[0], np.cumsum(rows)])
    x = rng.standard_normal((offsets[-1], 37)).astype(np.float32)
    return x, offsets, rng.random(offsets[-1]).astype(np.float32)


@pytest.mark.parametrize("op", ["mean", "sum", "max"])
def test_bags(ragged, op):
    x, offsets, weights = map(torch.from_numpy, ragged)
    table = torch.arange(len(x))
    given = {"mode": op, "include_last_offset": True}
    bag = torch.nn.functional.embedding_bag(table, x, offsets, **given)
    close(nbp.sequence_pool(x, op, offsets=offsets), bag)
    if op == "sum":
        bag = torch.nn.functional.embedding_bag(
            table, x, offsets, per_sample_weights=weights, **given
        )
        close(nbp.sequence_pool(x, op, offsets=offsets, weights=weights), bag)


@pytest.mark.parametrize("op", ["mean", "sum", "max", "min"])
def test_segments(ragged, op):
    x, offsets, _ = map(torch.from_numpy, ragged)
    initial = {"sum": 0.0, "mean": 0.0, "max": -torch.inf, "min": torch.inf}[op]
    want = torch.segment_reduce(x, op, offsets=offsets, axis=0, initial=initial)
    empty = initial if op in ("max", "min") else 0.0
    want = torch.nan_to_num(want, nan=0.0, posinf=torch.inf, neginf=-torch.inf)
    close(nbp.sequence_pool(x, op, offsets=offsets, empty=empty), want)


def test_index_add_and_scatter_reduce(ragged):
    x, offsets, _ = map(torch.from_numpy, ragged)
    counts = offsets.diff()
    which = torch.repeat_interleave(torch.arange(len(counts)), counts)
    total = torch.zeros(len(counts), x.shape[1]).index_add(0, which, x)
    close(nbp.sequence_pool(x, "sum", offsets=offsets), total)
    wide = which[:, None].expand(-1, x.shape[1])
    for op, name in (("mean", "mean"), ("max", "amax"), ("min", "amin")):
        blank = torch.zeros(len(counts), x.shape[1])
        want = blank.scatter_reduce(0, wide, x, name, include_self=False)
        close(nbp.sequence_pool(x, op, offsets=offsets), want)


@pytest.mark.parametrize("data_format", ["NTC", "NCT"])
def test_masked_ways(data_format):
    rng = np.random.default_rng(8)
    x = torch.from_numpy(rng.standard_normal((4, 50, 24)).astype(np.float32))
    mask = torch.from_numpy(rng.random((4, 50)) < 0.6)
    scores = torch.from_numpy(rng.standard_normal((4, 50, 3)).astype(np.float32))
    kept = mask[..., None].float()
    n = kept.sum(1)
    mean = (x * kept).sum(1) / n
    deviation = (((x - mean[:, None]) ** 2 * kept).sum(1) / (n - 1)).sqrt()
    softmax = scores.masked_fill(~mask[..., None], -torch.inf).softmax(1)
    attended = torch.einsum("bth,bthc->bhc", softmax, x.reshape(4, 50, 3, 8)).reshape(4, 24)
    given, given_scores = x, scores
    if data_format == "NCT":
        given, given_scores = x.transpose(1, 2).contiguous(), scores.transpose(1, 2).contiguous()
    arguments = {"mask": mask, "data_format": data_format}
    close(nbp.sequence_pool(given, "stats", **arguments), torch.cat([mean, deviation], 1))
    want = x.masked_fill(~mask[..., None], -torch.inf).amax(1)
    close(nbp.sequence_pool(given, "max", **arguments), want)
    close(nbp.attention_pool(given, given_scores, **arguments), attended)
