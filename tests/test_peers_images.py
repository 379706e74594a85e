"""Against what pools images: Pillow, SciPy, scikit-image, tinybrain, and TensorFlow's rules."""

import math

import numpy as np
import pytest
import strategies as draws
from hypothesis import given
from hypothesis import strategies as st

import numbapool as nbp

# ------------------------------------------------------------------------------------ Pillow


def photo(height, width, channels, seed=0):
    """Return random bytes, among them runs of the extremes."""
    shape = (height, width, channels) if channels > 1 else (height, width)
    return draws.fill(shape, "uint8", "extremes" if seed % 2 else "plain", seed)


def pillow_reduce(pixels, factor):
    image = pytest.importorskip("PIL.Image")
    return np.asarray(image.fromarray(pixels).reduce(factor))


def mean_of_pixels(pixels, factor, **arguments):
    if pixels.ndim == 3:
        arguments["data_format"] = "NHWC"
    return nbp.avg_pool2d(pixels, factor, **arguments)


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("factor", [2, 4, (2, 4), (4, 2)])
@pytest.mark.parametrize("seed", range(4))
def test_means_by_two_and_four_are_pillows(channels, factor, seed):
    pixels = photo(120, 168, channels, seed)
    height, width = (factor, factor) if isinstance(factor, int) else factor
    want = pillow_reduce(pixels, (width, height))
    if channels == 4:  # Pillow weighs colours by their alpha; where it is whole, it does not
        pixels[..., 3] = 255
        want = pillow_reduce(pixels, (width, height))
    np.testing.assert_array_equal(mean_of_pixels(pixels, factor), want)


@pytest.mark.parametrize("factor", [2, 4])
def test_borders_that_a_factor_of_two_or_four_does_not_divide(factor):
    pixels = photo(403, 603, 3, 2)
    got = mean_of_pixels(pixels, factor, ceil_mode=True)
    assert got.shape == (math.ceil(403 / factor), math.ceil(603 / factor), 3)
    whole = pillow_reduce(pixels, factor)
    assert whole.shape == got.shape
    inside = slice(403 // factor), slice(603 // factor)
    np.testing.assert_array_equal(got[inside], whole[inside])


def exact_mean(pixels, factor):
    """Return each block's exact mean rounded half up, of what there is at the edges."""
    height, width = (math.ceil(size / factor) for size in pixels.shape[:2])
    out = np.empty((height, width, *pixels.shape[2:]), np.uint8)
    for i in range(height):
        for j in range(width):
            block = pixels[i * factor : (i + 1) * factor, j * factor : (j + 1) * factor]
            taps = block.shape[0] * block.shape[1]
            out[i, j] = (2 * block.sum((0, 1), dtype=np.int64) + taps) // (2 * taps)
    return out


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("factor", [2, 3, 4, 5, 6, 7])
def test_means_are_exact_in_the_middle_and_at_the_borders(channels, factor):
    pixels = photo(103, 122, channels, factor)
    got = mean_of_pixels(pixels, factor, ceil_mode=True)
    np.testing.assert_array_equal(got, exact_mean(pixels, factor))


@pytest.mark.parametrize("factor", [3, 5, 6, 7])
def test_difference_pillows_mean_is_one_low_on_some_sums(factor):
    """Pillow multiplies by a rounded reciprocal, and comes out one too low on some sums."""
    taps = factor * factor
    sums = np.arange(255 * taps + 1)
    pixels = np.zeros((factor, factor * len(sums)), np.uint8)
    for n in sums:
        block = np.full(taps, n // taps)
        block[: n % taps] += 1
        pixels[:, n * factor : (n + 1) * factor] = block.reshape(factor, factor)
    want = (2 * sums + taps) // (2 * taps)
    np.testing.assert_array_equal(mean_of_pixels(pixels, factor)[0], want)
    theirs = pillow_reduce(pixels, factor)[0].astype(int)
    off = theirs - want
    assert set(off.tolist()) == {0, -1}


# ------------------------------------------------------------------------------------- SciPy


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("size", [1, 2, 3, 4, (3, 5), 31])
def test_extremes_are_scipys(dtype, size):
    ndimage = pytest.importorskip("scipy.ndimage")
    x = draws.fill((40, 45), dtype, "plain", 7)
    # SciPy centres an even window as SAME_LOWER does.
    for ours, theirs in [
        (nbp.max_pool2d, ndimage.maximum_filter),
        (nbp.min_pool2d, ndimage.minimum_filter),
    ]:
        got = ours(x, size, 1, "same_lower")
        np.testing.assert_array_equal(got, theirs(x, size, mode="nearest"))


def inside(filtered, size):
    """Return a filter's results for the windows that lie inside the input."""
    before = size // 2
    after = size - 1 - before
    return filtered[before : filtered.shape[0] - after, before : filtered.shape[1] - after]


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int32", "float32"])
@pytest.mark.parametrize("size", [1, 3, 5, 9])
def test_medians_are_scipys(dtype, size):
    ndimage = pytest.importorskip("scipy.ndimage")
    x = draws.fill((30, 33), dtype, "plain", 8)
    want = inside(ndimage.median_filter(x, size), size)
    np.testing.assert_array_equal(nbp.median_pool2d(x, size, 1), want)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
@pytest.mark.parametrize("size", [17, 35])
def test_medians_of_large_windows_are_scipys(dtype, size):
    ndimage = pytest.importorskip("scipy.ndimage")
    x = draws.fill((70, 90), dtype, "plain", 8)
    got = nbp.median_pool2d(x, size, 1, size // 2, padding_mode="replicate")
    np.testing.assert_array_equal(got, ndimage.median_filter(x, size, mode="nearest"))


@pytest.mark.parametrize("q", [0, 12.5, 25, 50, 75, 100])
def test_percentiles_at_whole_ranks_are_scipys(q):
    ndimage = pytest.importorskip("scipy.ndimage")
    x = draws.fill((30, 33), "float64", "plain", 9)
    rank = int(q / 100 * 8)
    want = inside(ndimage.rank_filter(x, rank, size=3), 3)
    np.testing.assert_array_equal(nbp.percentile_pool2d(x, q, 3, 1), want)


@pytest.mark.parametrize("size", [2, 3, 7])
def test_means_are_scipys(size):
    ndimage = pytest.importorskip("scipy.ndimage")
    x = draws.fill((30, 33), "float64", "plain", 10)
    want = inside(ndimage.uniform_filter(x, size), size)
    np.testing.assert_allclose(nbp.avg_pool2d(x, size, 1), want, rtol=1e-12, atol=1e-14)


def test_difference_an_even_median():
    """A median of integers is the lower of two middles; SciPy's takes the upper."""
    ndimage = pytest.importorskip("scipy.ndimage")
    x = np.array([[1, 2], [3, 4]])
    assert inside(ndimage.median_filter(x, 2), 2).item() == 3
    assert nbp.median_pool2d(x, 2).item() == 2
    assert nbp.median_pool2d(x.astype(float), 2).item() == 2.5 == np.median(x)


# ------------------------------------------------------------------------------ scikit-image


@pytest.mark.parametrize("op", ["max", "min", "mean", "sum"])
@pytest.mark.parametrize(
    ("shape", "block"), [((12,), 3), ((12, 9), (4, 3)), ((13, 10), 4), ((7, 8, 9), (2, 3, 4))]
)
def test_blocks_are_scikit_images(op, shape, block):
    measure = pytest.importorskip("skimage.measure")
    x = draws.fill(shape, "float64", "plain", 11)
    want = measure.block_reduce(x, block, getattr(np, op))
    got = nbp.block_reduce(x, block, op, edge="pad")
    np.testing.assert_allclose(got, want, rtol=1e-12, atol=1e-14)


def test_difference_edges_of_blocks():
    """A border block holds what there is of it; scikit-image fills it up with zeros."""
    measure = pytest.importorskip("skimage.measure")
    x = np.arange(30.0).reshape(5, 6) + 10
    theirs = measure.block_reduce(x, (4, 4), np.mean)
    assert theirs[1, 1] == (x[4:, 4:].sum()) / 16
    assert nbp.block_reduce(x, (4, 4), "mean")[1, 1] == x[4:, 4:].mean() == 38.5
    below = -x
    assert measure.block_reduce(below, (4, 4), np.max)[1, 1] == 0
    assert nbp.block_reduce(below, (4, 4), "max")[1, 1] == -38


# --------------------------------------------------------------------------------- tinybrain


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "uint32", "uint64"])
def test_modes_are_tinybrains(dtype):
    tinybrain = pytest.importorskip("tinybrain")
    labels = np.random.default_rng(3).integers(0, 3, (40, 60)).astype(dtype)
    theirs = tinybrain.downsample_segmentation(np.asfortranarray(labels[:, :, None]), (2, 2, 1))
    blocks = labels.reshape(20, 2, 30, 2).swapaxes(1, 2).reshape(20, 30, 4)
    counts = (blocks[..., None] == np.arange(3, dtype=dtype)).sum(2)
    alone = (counts == counts.max(-1, keepdims=True)).sum(-1) == 1
    assert alone.sum() > 300
    got = nbp.mode_pool2d(labels, 2)
    np.testing.assert_array_equal(got[alone], theirs[0][:, :, 0][alone])
    assert (got <= theirs[0][:, :, 0]).all()  # tinybrain too picks one of those that tie


def test_difference_ties_of_a_mode():
    """Ties go to the smallest label, wherever it lies; tinybrain's go by the position."""
    tinybrain = pytest.importorskip("tinybrain")
    for labels in ([[1, 2], [3, 4]], [[4, 3], [2, 1]]):
        x = np.array(labels, np.uint32)
        theirs = tinybrain.downsample_segmentation(np.asfortranarray(x[:, :, None]), (2, 2, 1))
        assert theirs[0].item() == labels[1][1]
        assert nbp.mode_pool2d(x, 2).item() == 1


# -------------------------------------------------------------------------- TensorFlow's rules


def tensorflow_windows(size, kernel, stride, padding):
    """Return where windows start and how many there are, as tf.nn's documentation says."""
    if padding == "VALID":
        return 0, math.ceil((size - kernel + 1) / stride)
    pad = max(kernel - stride, 0) if size % stride == 0 else max(kernel - size % stride, 0)
    return -(pad // 2), math.ceil(size / stride)


@pytest.mark.parametrize("padding", ["SAME", "VALID"])
@given(st.integers(1, 24), st.integers(1, 7), st.integers(1, 7))
def test_tensorflows_padding(padding, size, kernel, stride):
    if padding == "VALID":
        size = max(size, kernel)
    x = draws.fill((1, size, 1, 3), "float32", "plain", size)
    first, count = tensorflow_windows(size, kernel, stride, padding)
    taps = [x[:, max(first + i * stride, 0) : first + i * stride + kernel] for i in range(count)]
    window = {
        "kernel_size": (kernel, 1),
        "stride": (stride, 1),
        "padding": padding.lower(),
        "data_format": "NHWC",
    }
    largest = np.concatenate([part.max(1, keepdims=True) for part in taps], 1)
    np.testing.assert_array_equal(nbp.max_pool2d(x, **window), largest)
    mean = np.concatenate([part.mean(1, keepdims=True) for part in taps], 1)
    np.testing.assert_allclose(nbp.avg_pool2d(x, **window), mean, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("include_batch", [False, True])
def test_tensorflows_argmax_numbering(include_batch):
    """``(y * width + x) * channels + channel``, after the batch where asked."""
    x = draws.fill((2, 6, 8, 3), "float32", "plain", 12)
    values, indices = nbp.max_pool2d(x, 2, return_indices=True, data_format="NHWC")
    got = nbp.to_tf_indices(indices, x.shape, include_batch_in_index=include_batch)
    for image in range(2):
        flat = x.ravel() if include_batch else x[image].ravel()
        np.testing.assert_array_equal(flat[got[image]], values[image])
