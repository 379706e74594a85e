"""Pooling of boxes: worked vectors, the definitions, torchvision, and what is refused."""

import sys

import naive_roi as naive
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numba import njit
from processes import python
from strategies import FEW, FLOATS

import numbapool as nbp
from numbapool import roi_align, roi_pool

SQUARE = np.arange(25, dtype=np.float32).reshape(1, 1, 5, 5)
TALL = np.arange(48, dtype=np.float32).reshape(1, 1, 8, 6)

ALIGNED = [
    (SQUARE, (0, 0, 2, 2), 2, {}, [[3, 4], [8, 9]]),
    (SQUARE, (0, 0, 2, 2), 2, {"sampling_ratio": 2}, [[3, 4], [8, 9]]),
    (SQUARE, (0, 0, 2, 2), 2, {"aligned": True}, [[0, 1], [5, 6]]),
    (
        SQUARE,
        (0, 0, 2, 2),
        2,
        {"aligned": True, "sampling_ratio": 2},
        [[0.75, 1.625], [5.125, 6]],
    ),
    (TALL, (0, 0, 3, 3), 2, {}, [[5.25, 6.75], [14.25, 15.75]]),
    (TALL, (0, 0, 3, 3), 2, {"aligned": True}, [[2.1875, 3.625], [10.8125, 12.25]]),
    (
        TALL,
        (1, 1, 9, 7),
        (2, 3),
        {"spatial_scale": 0.5, "sampling_ratio": 2, "aligned": True},
        [[5.166667, 6.5, 7.833333], [14.166666, 15.5, 16.833332]],
    ),
    (
        TALL,
        (-4, -4, 2, 2),
        2,
        {"sampling_ratio": 2, "aligned": True},
        [[0, 0], [0, 2.625]],
    ),
    (TALL, (3, 3, 1, 1), 2, {"sampling_ratio": 2, "aligned": True}, [[14, 13], [8, 7]]),
    (TALL, (3, 3, 1, 1), 2, {"sampling_ratio": 2}, [[22.75, 23.25], [25.75, 26.25]]),
    (TALL, (2, 2, 2, 2), 2, {"aligned": True}, [[0, 0], [0, 0]]),
]


@pytest.mark.parametrize(("x", "box", "size", "options", "want"), ALIGNED)
def test_worked_vectors_of_samples(x, box, size, options, want):
    got = roi_align(x, [[0, *box]], size, **options)
    np.testing.assert_allclose(got[0, 0], want, rtol=1e-6)
    assert got.dtype == np.float32


def test_worked_vectors_of_elements():
    for box, want in (
        ((0, 0, 3, 3), [[7, 9], [19, 21]]),
        ((1.5, 0.5, 2.5, 2.4), [[8, 9], [14, 15]]),
    ):
        got, places = roi_pool(TALL, [[0, *box]], 2, return_indices=True)
        assert got[0, 0].tolist() == places[0, 0].tolist() == want  # an element is its place
    got, places = roi_pool(TALL, [[0, 10, 10, 12, 12]], 2, return_indices=True)
    assert got.tolist() == [[[[0, 0], [0, 0]]]]
    assert places.tolist() == [[[[-1, -1], [-1, -1]]]]


def test_the_largest_sample():
    got = roi_align(TALL, [[0, 0, 0, 3, 3]], 2, aligned=True, mode="max")
    np.testing.assert_allclose(
        got[0, 0], naive.roi_align(TALL[0, 0], (0, 0, 3, 3), (2, 2), aligned=True, mode="max")
    )
    inside = roi_align(-TALL - 1, [[0, 1, 1, 4, 4]], 2, mode="max")
    assert (inside < 0).all()
    assert (roi_align(-TALL - 1, [[0, -9, -9, 40, 40]], 1, mode="max") == 0).all()


@st.composite
def boxes_in_images(draw):
    """Draw images, boxes that may lie anywhere, and how they are pooled."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    images, channels, height, width = (draw(st.integers(1, most)) for most in (3, 3, 7, 7))
    kind = draw(st.sampled_from(["around", "inside", "reversed", "far", "halves"]))
    count = draw(st.integers(0, 4))
    corners = rng.uniform(-3, 10, (count, 4))
    if kind == "inside":
        corners = rng.uniform(0, min(height, width), (count, 4))
    elif kind == "far":
        corners = rng.uniform(-40, 40, (count, 4))
    elif kind == "halves":
        corners = np.round(corners * 2) / 2
    if kind != "reversed":
        corners = np.concatenate(
            [
                np.minimum(corners[:, :2], corners[:, 2:]),
                np.maximum(corners[:, :2], corners[:, 2:]),
            ],
            1,
        )
    boxes = np.concatenate([rng.integers(0, images, (count, 1)), corners], axis=1)
    size = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    scale = draw(st.sampled_from([1, 0.5, 0.3]))
    x = rng.normal(0, 50, (images, channels, height, width))
    if draw(st.booleans()):
        x[rng.random(x.shape) < 0.05] = draw(st.sampled_from([np.nan, np.inf, -np.inf]))
    return x, boxes, size, scale, draw(st.sampled_from(["NCHW", "NHWC"]))


def laid_out(x, data_format):
    return np.moveaxis(x, 1, -1) if data_format == "NHWC" else x


@given(boxes_in_images(), st.sampled_from(FEW))
def test_the_definition_of_elements(case, dtype):
    x, boxes, size, scale, data_format = case
    with np.errstate(all="ignore"):
        x = x.astype(dtype)
    got, places = roi_pool(
        laid_out(x, data_format), boxes, size, scale, return_indices=True, data_format=data_format
    )
    assert got.dtype == dtype and places.dtype == np.int64
    alone = roi_pool(laid_out(x, data_format), boxes, size, scale, data_format=data_format)
    np.testing.assert_array_equal(alone, got)
    for n, (image, *box) in enumerate(boxes):
        for c, plane in enumerate(x[int(image)]):
            want = naive.roi_pool(plane, box, size, scale)
            channel = (n, ..., c) if data_format == "NHWC" else (n, c)
            np.testing.assert_array_equal(got[channel], want[0])
            np.testing.assert_array_equal(places[channel], want[1])


@given(
    boxes_in_images(),
    st.sampled_from(["float32", "float64", "float16", "int16", "uint8"]),
    st.sampled_from([-1, 0, 1, 2, 3]),
    st.booleans(),
    st.sampled_from(["mean", "max"]),
)
def test_the_definition_of_samples(case, dtype, ratio, aligned, mode):
    x, boxes, size, scale, data_format = case
    with np.errstate(all="ignore"):
        x = x.astype(dtype)
    got = roi_align(
        laid_out(x, data_format), boxes, size, scale, ratio, aligned, mode, data_format=data_format
    )
    assert got.dtype == (dtype if dtype in FLOATS else "float64")
    places = {"float32": 1e-5, "float16": 2e-3}.get(dtype, 1e-9)
    for n, (image, *box) in enumerate(boxes):
        for c, plane in enumerate(x[int(image)]):
            with np.errstate(all="ignore"):
                want = naive.roi_align(plane, box, size, scale, ratio, aligned, mode)
            channel = (n, ..., c) if data_format == "NHWC" else (n, c)
            np.testing.assert_allclose(got[channel], want, rtol=places, atol=places * 100)


def test_torchvision_gives_the_same():
    torch = pytest.importorskip("torch")
    ops = pytest.importorskip("torchvision.ops")
    rng = np.random.default_rng(5)
    for trial in range(20):
        images, channels, height, width = rng.integers(1, [4, 5, 20, 20])
        x = rng.normal(size=(images, channels, height, width)).astype(np.float32)
        corners = rng.uniform(-9, 30, (5, 2, 2)).astype(np.float32)
        corners = np.sort(np.round(corners * 2) / 2 if trial % 2 else corners, axis=1)
        corners[:, 1] += 1  # of a box of no area torchvision refuses as many samples as fit
        boxes = np.concatenate([rng.integers(0, images, (5, 1)), corners.reshape(5, 4)], 1)
        scale, size = float(rng.choice([1, 0.25])), tuple(rng.integers(1, 5).tolist() for _ in "hw")
        tensors = torch.from_numpy(x), torch.from_numpy(boxes.astype(np.float32))
        for ratio, aligned in ((-1, False), (-1, True), (2, True), (3, False)):
            got = roi_align(x, boxes, size, scale, ratio, aligned)
            want = ops.roi_align(*tensors, size, scale, ratio, aligned).numpy()
            np.testing.assert_allclose(got, want, rtol=1e-5, atol=1e-6)
        want = ops.roi_pool(*tensors, size, scale).numpy()
        np.testing.assert_array_equal(roi_pool(x, boxes, size, scale), want)


def test_what_lies_between_samples_is_not_read():
    x = np.full((1, 1, 40, 40), np.nan, np.float32)
    # Two samples a bin at whole numbers: 10 and 30 along both axes.
    x[0, 0, 10::20, 10::20] = [[1, 2], [3, 6]]
    for mode, want in (("mean", 3), ("max", 6)):
        assert roi_align(x, [[0, 0, 0, 40, 40]], 1, 1.0, 2, False, mode).item() == want
    x[0, 0, 10, 30] = np.nan
    for mode in ("mean", "max"):
        assert np.isnan(roi_align(x, [[0, 0, 0, 40, 40]], 1, 1.0, 2, False, mode)).all()


def test_ways_to_give_boxes():
    x = np.concatenate([TALL, 2 * TALL])
    boxes = [[0, 0, 0, 3, 3], [1, 1, 1, 5, 5], [1, 0, 2, 2, 6]]
    want = roi_align(x, boxes, 2)
    rows = np.array(boxes)
    listed = [rows[:1, 1:], rows[1:, 1:].astype(np.float16)]
    for same in (rows.astype(np.uint8), np.asfortranarray(rows), listed, tuple(listed)):
        np.testing.assert_array_equal(roi_align(x, same, 2), want)
    np.testing.assert_array_equal(roi_align(x, [[], [boxes[1][1:]]], 2), want[1:2])
    np.testing.assert_array_equal(roi_align(x[1], rows[1:, 1:], 2, data_format="CHW"), want[1:])
    np.testing.assert_array_equal(
        roi_align(x[1, 0], rows[1:, 1:], 2, data_format="hw"), want[1:, 0]
    )
    single = rows[1:] - [1, 0, 0, 0, 0]
    np.testing.assert_array_equal(roi_align(x[1], single, 2, data_format="CHW"), want[1:])
    more = np.stack([x, x + 1], axis=2)  # of two more planes each
    np.testing.assert_array_equal(roi_align(more, boxes, 2)[:, :, 0], want)
    for nothing in ([], [[], []], np.empty((0, 5)), [np.empty((0, 4)), ()]):
        assert roi_align(x, nothing, 2).shape == roi_pool(x, nothing, 2).shape == (0, 1, 2, 2)
    assert roi_pool(x[:, :0], boxes, 2).shape == (3, 0, 2, 2)


def test_huge_boxes():
    """Nothing is counted that lies outside, so no box takes long."""
    x = TALL + 1
    for far in (1e6, 1e12, 3e37, 1e300):
        box = [[0, -far, -far, far, far]]
        assert roi_pool(x, box, 1).item() == 48
        assert roi_align(x, box, 1, mode="max").item() <= 48
        assert 0 <= roi_align(x, box, 1).item() < 1e-3
        outside = [[0, far, far, 1.1 * far, 1.1 * far]]
        assert roi_align(x, outside, (2, 2)).max() == roi_pool(x, outside, (2, 2)).max() == 0
        reverse = [[0, far, far, -far, -far]]
        assert roi_align(x, reverse, 2, sampling_ratio=2, aligned=True).shape == (1, 1, 2, 2)
        assert roi_align(x, reverse, 2, aligned=True).max() == 0
    np.testing.assert_array_equal(roi_pool(x, [[0, 0, 0, 1e38, 1]], 1, 1e30), [[[[48]]]])
    assert roi_align(x, [[0, 0, 0, 6, 8]], 2, sampling_ratio=100).shape == (1, 1, 2, 2)


WRONG = [
    ([[1, 0, 0, 2, 2]], {}, "box 0 lies in image 1, and images are 0 to 0"),
    ([[0, 0, 0, 2, 2], [-1, 0, 0, 2, 2]], {}, "box 1 lies in image -1"),
    ([[0.5, 0, 0, 2, 2]], {}, r"box 0 lies in image 0\.5"),
    ([[np.nan, 0, 0, 2, 2]], {}, "box 0 lies in image nan"),
    ([[0, 0, 0, 2, np.nan]], {}, "boxes must be finite: box 0 is"),
    ([[0, 0, 0, np.inf, 2]], {}, "boxes must be finite"),
    ([[0, 0, 2, 2]], {}, r"boxes has shape \(1, 4\), not \(K, 5\)"),
    ([np.zeros((1, 4))] * 2, {}, "boxes has lists for 2 images, and there are 1"),
    ([np.zeros((1, 5))], {}, r"boxes\[0\] has shape \(1, 5\), not \(L, 4\)"),
    (np.zeros((1, 5), bool), {}, "boxes takes numbers, not bool"),
    (np.zeros((1, 5), complex), {}, "complex"),
    ([[0, 0, 0, 2, 2]], {"output_size": 0}, "output_size must be at least 1"),
    ([[0, 0, 0, 2, 2]], {"output_size": (2, 2**40)}, "too large"),
    ([[0, 0, 0, 2, 2]], {"spatial_scale": 0}, "spatial_scale must be positive and finite"),
    ([[0, 0, 0, 2, 2]], {"spatial_scale": np.nan}, "spatial_scale must be positive and finite"),
    ([[0, 0, 0, 2, 2]], {"data_format": "NCL"}, "data_format must be one of"),
]


@pytest.mark.parametrize(("boxes", "options", "message"), WRONG)
def test_wrong_boxes_are_refused(boxes, options, message):
    for pool in (roi_pool, roi_align):
        with pytest.raises(nbp.PoolError, match=message):
            pool(TALL, boxes, **{"output_size": 2, **options})


def test_wrong_images_and_samples_are_refused():
    box = [[0, 0, 0, 2, 2]]
    with pytest.raises(nbp.PoolValueError, match="has 3 axes; NCHW needs 4: a single image is CHW"):
        roi_pool(TALL[0], box, 2)
    with pytest.raises(nbp.PoolValueError, match="size 0"):
        roi_pool(TALL[..., :0], box, 2)
    with pytest.raises(nbp.PoolValueError, match="there are no images"):
        roi_pool(TALL[:0], box, 2)
    with pytest.raises(nbp.PoolValueError, match="mode must be one of mean, max, not 'min'"):
        roi_align(TALL, box, 2, mode="min")
    with pytest.raises(nbp.PoolValueError, match="use a smaller sampling_ratio"):
        roi_align(TALL, box, 2, sampling_ratio=2**40)
    with pytest.raises(nbp.PoolTypeError, match="sampling_ratio"):
        roi_align(TALL, box, 2, sampling_ratio=1.5)


def test_many_boxes_on_threads():
    rng = np.random.default_rng(2)
    x = rng.normal(size=(2, 16, 40, 50)).astype(np.float32)
    corners = np.sort(rng.uniform(-5, 55, (70, 2, 2)), axis=1).reshape(70, 4)
    boxes = np.concatenate([rng.integers(0, 2, (70, 1)), corners], axis=1)
    for pool in (roi_pool, roi_align):
        whole = pool(x, boxes, 7)
        parts = np.concatenate([pool(x, boxes[n : n + 1], 7) for n in range(70)])
        np.testing.assert_array_equal(whole, parts)
        last = pool(np.moveaxis(x, 1, -1), boxes, 7, data_format="NHWC")
        np.testing.assert_allclose(np.moveaxis(last, -1, 1), whole, rtol=1e-5, atol=1e-6)


def test_in_compiled_code():
    @njit
    def pooled(x, boxes, n):
        one = roi_align(x, boxes, n), roi_align(x, boxes, (2, 3), 0.5, 2, True, "max")
        return one, roi_pool(x, boxes, (n, n)), nbp.spatial_pyramid_pool(x, (1, 2))

    @njit
    def of_one(x, boxes):
        return roi_pool(x, boxes, 2, data_format="HWC")

    boxes = np.array([[0, 0, 0, 3, 3.0]])
    (mean, largest), elements, pyramid = pooled(TALL, boxes, 2)
    np.testing.assert_array_equal(mean, roi_align(TALL, boxes, 2))
    np.testing.assert_array_equal(largest, roi_align(TALL, boxes, (2, 3), 0.5, 2, True, "max"))
    np.testing.assert_array_equal(elements, roi_pool(TALL, boxes, 2))
    np.testing.assert_array_equal(pyramid, nbp.spatial_pyramid_pool(TALL, (1, 2)))
    image = np.ascontiguousarray(TALL[0].transpose(1, 2, 0))
    got = of_one(image, boxes[:, 1:])
    np.testing.assert_array_equal(got[..., 0], elements[:, 0])
    with pytest.raises(nbp.PoolValueError, match="box 0 lies in image 7"):
        pooled(TALL, boxes + 7, 2)


GUARDED = """
import ctypes, mmap
import numpy as np
import numbapool as nbp

libc, PAGE = ctypes.CDLL(None), mmap.PAGESIZE

def between_pages(*shape):
    "Return an array that ends at a page that may not be read, and one that begins after such."
    size = int(np.prod(shape)) * 4
    pages = -(-size // PAGE) + 2
    whole = np.frombuffer(mmap.mmap(-1, pages * PAGE), np.uint8)
    for page in (0, pages - 1):
        assert libc.mprotect(ctypes.c_void_p(whole.ctypes.data + page * PAGE), PAGE, 0) == 0
    end = (pages - 1) * PAGE
    return [whole[a : a + size].view("f4").reshape(shape) for a in (PAGE, end - size)]

rng = np.random.default_rng(3)
count = 0
for shape in ((1, 1, 1, 1), (2, 3, 5, 7), (1, 2, 16, 33)):
    for layout in ("NCHW", "NHWC"):
        for x in between_pages(*shape):
            x[...] = rng.normal(size=shape)
            boxes = rng.uniform(-20, 50, (30, 5)).astype("f4")
            boxes[:10, 1:] *= rng.choice([1e2, 1e9, 1e36], (10, 1)).astype("f4")
            boxes[:, 0] = rng.integers(0, shape[0], 30)
            for ratio, aligned, mode in ((-1, False, "mean"), (2, True, "mean"), (2, True, "max")):
                options = 3, 1.0, ratio, aligned, mode
                got = nbp.roi_align(x, boxes, *options, data_format=layout)
                want = nbp.roi_align(x.copy(), boxes, *options, data_format=layout)
                assert np.array_equal(got, want)
            got = nbp.roi_pool(x, boxes, 3, data_format=layout)
            assert np.array_equal(got, nbp.roi_pool(x.copy(), boxes, 3, data_format=layout))
            count += 1
print(count)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="calls mprotect as Linux has it")
def test_nothing_outside_is_touched():
    assert int(python(GUARDED)) == 12
