"""Sequences by machine code: vectors, pointers, threads, memory that may not be touched.

What no machine code bears on is tested with kernels as plain Python.
"""

import sys

import naive_sequences
import numpy as np
import pytest
import strategies as draws
from numba import njit
from processes import python

import numbapool as nbp

pytestmark = pytest.mark.skipif(draws.PLAIN, reason="these are of machine code")


def rows(dtype="float32", batch=3, steps=77, channels=70):
    """Return sequences with NaN where they are padded, if it can be, and their mask."""
    rng = np.random.default_rng(steps)
    x = rng.normal(3, 40, (batch, steps, channels)).astype(dtype)
    mask = rng.random((batch, steps)) < 0.8
    mask[1] = np.arange(steps) >= 9
    if x.dtype.kind == "f":
        x[~mask] = np.nan
    return x, mask


CASES = [
    ("mean", "float32"),
    ("max", "float32"),
    ("stats", "float32"),
    ("max", "float16"),
    ("mean", "uint8"),
    ("weighted_mean", "float32"),
]


@pytest.mark.parametrize(("op", "dtype"), CASES)
def test_whole_vectors_and_their_rests(op, dtype):
    x, mask = rows(dtype)
    want = naive_sequences.sequence_pool(x, op, mask=mask)
    turned = np.ascontiguousarray(x.transpose(0, 2, 1))
    tolerance = 1e-3 if dtype == "float16" else 3e-6
    for y, name in (
        (x, "NTC"),
        (np.asfortranarray(x), "NTC"),
        *([(turned, "NCT")] if op in ("mean", "stats") else []),
        (x[:, ::-1].copy()[:, ::-1], "NTC"),
    ):
        got = nbp.sequence_pool(y, op, mask=mask, data_format=name)
        np.testing.assert_allclose(got, want, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("op", ["mean", "stats"])
@pytest.mark.parametrize("heads", [1, 7, 70])
def test_attention(op, heads):
    x, mask = rows()
    scores = np.random.default_rng(1).normal(0, 4, (3, 77, heads)).astype(np.float32)
    scores[~mask] = np.nan
    given = scores[..., 0] if heads == 1 else scores
    want = naive_sequences.attention_pool(x, given, op, mask=mask)
    got = nbp.attention_pool(x, given, op, mask=mask)
    np.testing.assert_allclose(got, want, rtol=1e-5, atol=2e-5)
    if heads == 7 and op == "mean":
        y, turned = (np.ascontiguousarray(part.transpose(0, 2, 1)) for part in (x, scores))
        got = nbp.attention_pool(y, turned, op, mask=mask, data_format="NCT")
        np.testing.assert_allclose(got, want, rtol=1e-5, atol=2e-5)


BY_THREADS = """
import hashlib
import numpy as np
import numbapool as nbp

rng = np.random.default_rng(5)
found = hashlib.sha256()
for batch, steps, channels in ((1, 3000, 300), (40, 120, 64), (3, 900, 129)):
    x = rng.standard_normal((batch, steps, channels)).astype(np.float32)
    lengths = rng.integers(0, steps + 1, batch)
    for op in ("mean", "max", "stats"):
        found.update(nbp.sequence_pool(x, op, lengths=lengths).tobytes())
    scores = rng.standard_normal((batch, steps)).astype(np.float32)
    found.update(nbp.attention_pool(x, scores, lengths=lengths).tobytes())
    found.update(nbp.sequence_pool(x.transpose(0, 2, 1).copy(), data_format="NCT").tobytes())
print(found.hexdigest())
"""


def test_the_same_bits_by_any_number_of_threads():
    assert python(BY_THREADS, NUMBA_NUM_THREADS=1) == python(BY_THREADS, NUMBA_NUM_THREADS=2)


GUARDED = """
import ctypes, mmap
import numpy as np
import numbapool as nbp

libc = ctypes.CDLL(None, use_errno=True)
PAGE = mmap.PAGESIZE
held = []

def close(whole, first, last):
    address = int(whole.ctypes.data + first)
    assert libc.mprotect(ctypes.c_void_p(address), int(last - first), 0) == 0, ctypes.get_errno()

def between_pages(shape, dtype="float32"):
    '''An array that ends at a page which cannot be touched; and the page before it.'''
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    pages = -(-size // PAGE) + 2
    held.append(mmap.mmap(-1, pages * PAGE))
    whole = np.frombuffer(held[-1], np.uint8)
    end = (pages - 1) * PAGE
    close(whole, end, end + PAGE)
    close(whole, 0, PAGE)
    return whole[end - size : end].view(dtype).reshape(shape)

count = 0
for channels in (1, 3, 16, 65, 130):
    for steps in (1, 7, 64):
        for name, shape in (("NTC", (2, steps, channels)), ("NCT", (2, channels, steps))):
            x, scores = between_pages(shape), between_pages((2, steps))
            x[...] = np.random.default_rng(1).standard_normal(shape)
            scores[...] = 1
            for op in ("mean", "max", "stats"):
                out = between_pages((2, channels * (1 + (op == "stats"))))
                want = nbp.sequence_pool(x.copy(), op, data_format=name)
                nbp.sequence_pool(x, op, data_format=name, out=out)
                assert np.array_equal(out, want)
                count += 1
            nbp.attention_pool(x, scores, data_format=name)

# Rows of a page each: what is masked cannot be read.
row = PAGE // 4
held.append(mmap.mmap(-1, 8 * PAGE))
whole = np.frombuffer(held[-1], np.uint8)
x = whole.view("float32").reshape(2, 4, row)
x[...] = 1
mask = np.array([[1, 0, 1, 0], [0, 1, 1, 0]], bool)
for n in np.flatnonzero(~mask):
    close(whole, n * PAGE, (n + 1) * PAGE)
for op in ("mean", "max", "sum", "first", "last", "weighted_mean", "stats", "mean_sqrt_len"):
    want = {"sum": 2, "mean_sqrt_len": np.sqrt(np.float32(2))}.get(op, 1)
    found = nbp.sequence_pool(x, op, mask=mask)
    assert (found[:, :row] == want).all(), (op, found)
    count += 1
assert (nbp.attention_pool(x, np.zeros((2, 4)), mask=mask) == 1).all()
print(count)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="calls mprotect as Linux has it")
def test_neither_what_is_masked_nor_what_lies_outside_is_touched():
    assert int(python(GUARDED)) == 98


@njit
def by_lengths(x, lengths, out):
    return nbp.sequence_pool(x, "mean", lengths=lengths, empty=-1, out=out)


@njit
def by_mask(x, mask):
    return nbp.sequence_pool(x, "stats", mask=mask, correction=0)


@njit
def by_offsets(x, offsets, weights):
    return nbp.sequence_pool(x, "sum", offsets=offsets, weights=weights)


@njit
def edges(x, mask):
    first = nbp.sequence_pool(x, "cls", mask=mask, empty=9)
    return first, nbp.sequence_pool(x, "lasttoken", mask=mask)


@njit
def attended(x, scores, mask):
    return nbp.attention_pool(x, scores, "stats", mask=mask, data_format="NCT")


@njit
def normalized(x, wanted):
    return nbp.sequence_pool(x, "max", normalize=wanted)


def test_inside_compiled_code():
    x, mask = rows()
    mask[2] = False
    lengths = np.array([5, 0, 77])
    y = np.nan_to_num(x)
    out = np.empty((3, 70), np.float32)
    assert by_lengths(y, lengths, out)[1, 0] == -1
    want = nbp.sequence_pool(y, "mean", lengths=lengths, empty=-1)
    np.testing.assert_array_equal(out, want)
    for given in (np.asfortranarray(x), x[:, ::-1].copy()[:, ::-1]):
        got = by_mask(given, mask)
        want = nbp.sequence_pool(given, "stats", mask=mask, correction=0)
        np.testing.assert_array_equal(got, want)
    flat, offsets = y.reshape(-1, 70), np.array([0, 30, 30, 231])
    weights = np.linspace(0, 1, 231)
    want = nbp.sequence_pool(flat, "sum", offsets=offsets, weights=weights)
    np.testing.assert_array_equal(by_offsets(flat, offsets, weights), want)
    first, last = edges(x, mask.astype(np.int64)[:, np.newaxis])
    np.testing.assert_array_equal(first[:2], nbp.sequence_pool(x, "first", mask=mask)[:2])
    assert (first[2] == 9).all()
    assert (last[2] == 0).all()
    turned = np.ascontiguousarray(x.transpose(0, 2, 1))
    scores = np.random.default_rng(2).standard_normal((3, 7, 77))
    want = nbp.attention_pool(turned, scores, "stats", mask=mask, data_format="NCT")
    np.testing.assert_array_equal(attended(turned, scores, mask), want)
    for wanted in (True, False):
        want = nbp.sequence_pool(y, "max", normalize=wanted)
        np.testing.assert_allclose(normalized(y, wanted), want, rtol=1e-6)


def test_errors_inside_compiled_code():
    x = np.zeros((2, 4, 3), np.float32)
    out = np.zeros((2, 3), np.float32)
    with pytest.raises(nbp.PoolValueError, match="lengths must lie between 0 and T"):
        by_lengths(x, np.array([1, 5]), out)
    with pytest.raises(nbp.PoolValueError, match="out must have the shape"):
        by_lengths(x, np.array([1, 4]), out[:1])
    with pytest.raises(nbp.PoolValueError, match="out overlaps the input"):
        by_lengths(x, np.array([1, 4]), x.reshape(-1)[:6].reshape(2, 3))
    with pytest.raises(nbp.PoolValueError, match="mask must be bool or 0 and 1"):
        edges(x, np.full((2, 1, 4), 2))
    with pytest.raises(nbp.PoolValueError, match="offsets must not decrease"):
        by_offsets(x[0], np.array([0, 3, 2, 4]), np.zeros(4))
    with pytest.raises(nbp.PoolValueError, match="heads must divide"):
        attended(x.transpose(0, 2, 1).copy(), np.zeros((2, 2, 4)), np.ones((2, 4), bool))
