"""Boxes of images on a device: every mode and layout, and boxes that lie anywhere."""

import numpy as np
import pytest
from on_device import assert_equal, run
from strategies import DTYPES, fill

import numbapool as nbp
from numbapool.roi.pool import Bins, Grid

SHAPES = {"NCHW": (2, 3, 7, 6), "NHWC": (2, 7, 6, 3), "HWC": (5, 8, 2), "HW": (6, 5)}


def boxes_for(data_format, kind, seed):
    """Return boxes inside, around and outside images, some turned, some without an area."""
    rng = np.random.default_rng(seed)
    low, high = {"inside": (0, 6), "around": (-4, 11), "far": (-40, 40)}[kind]
    boxes = rng.uniform(low, high, (6, 5))
    boxes[3, 1:] = np.round(boxes[3, 1:])
    boxes[4, 3:] = boxes[4, 1:3]
    boxes[:, 0] = rng.integers(0, 2 if data_format.startswith("N") else 1, 6)
    return boxes


def cases(dtype):
    """Yield images, boxes, and how they are pooled."""
    for n, (data_format, shape) in enumerate(SHAPES.items()):
        x = fill(shape, dtype, ("few", "ties", "plain")[n % 3], n)
        for kind in ("inside", "around", "far"):
            scale = (1, 0.5)[n % 2]
            yield x, boxes_for(data_format, kind, n), Bins((2, 3), scale, data_format)


@pytest.mark.parametrize("dtype", DTYPES)
def test_elements(dtype):
    from numbapool.cuda.boxes import elements_call

    for x, boxes, bins in cases(dtype):
        want = nbp.roi_pool(x, boxes, *bins[:2], return_indices=True, data_format=bins.data_format)
        for places in (False, True):
            call = elements_call(x.shape, x.dtype, boxes, bins, places)
            got = run(call, x)
            assert len(got) == 1 + places
            for one, other in zip(got, want, strict=False):
                assert_equal(one, other)


@pytest.mark.parametrize("mode", ["mean", "max"])
@pytest.mark.parametrize("dtype", ["bool", "int16", "uint64", "float16", "float32", "float64"])
def test_samples(dtype, mode):
    from numbapool.cuda.boxes import samples_call

    for n, (x, boxes, bins) in enumerate(cases(dtype)):
        ratio, aligned = (-1, 2, 3)[n % 3], n % 2 == 0
        more = {"data_format": bins.data_format, "mode": mode, "aligned": aligned}
        want = nbp.roi_align(x, boxes, *bins[:2], ratio, **more)
        call = samples_call(x.shape, x.dtype, boxes, bins, Grid(ratio, aligned, mode))
        (got,) = run(call, x)
        assert_equal(got, want)


def test_no_boxes():
    from numbapool.cuda.boxes import elements_call, samples_call

    x, bins = np.ones((1, 2, 4, 4), np.float32), Bins(2, 1.0, "NCHW")
    for call in (
        elements_call(x.shape, x.dtype, np.empty((0, 5)), bins, False),
        samples_call(x.shape, x.dtype, [[]], bins, Grid(2, True, "mean")),
    ):
        (got,) = run(call, x)
        assert got.shape == (0, 2, 2, 2)


def test_what_is_refused_as_on_the_cpu():
    x = np.ones((2, 1, 4, 4), np.float32)
    for boxes, message in [
        ([[2, 0, 0, 1, 1]], "box 0 lies in image 2, and images are 0 to 1"),
        ([[0, 0, 0, np.nan, 1]], "boxes must be finite"),
        (np.ones((3, 4)), r"boxes has shape \(3, 4\), not \(K, 5\)"),
    ]:
        for device in (None, "cuda"):
            with pytest.raises(nbp.PoolValueError, match=message):
                nbp.roi_align(x, boxes, 2, device=device)
            with pytest.raises(nbp.PoolValueError, match=message):
                nbp.roi_pool(x, boxes, 2, device=device)


def test_there_and_back():
    x = fill((2, 3, 7, 6), "float32", "ties", 1)
    boxes = boxes_for("NCHW", "around", 1)
    for got, want in [
        (nbp.roi_pool(x, boxes, 2, device="cuda"), nbp.roi_pool(x, boxes, 2)),
        (nbp.roi_align(x, boxes, 2, device="cuda"), nbp.roi_align(x, boxes, 2)),
    ]:
        assert_equal(got, want)
    pair = nbp.roi_pool(x, boxes, 2, return_indices=True, device="cuda")
    for one, other in zip(pair, nbp.roi_pool(x, boxes, 2, return_indices=True), strict=True):
        assert_equal(one, other)
