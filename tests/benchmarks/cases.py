"""What is measured: arrays, our call on them, and the peers that do the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import peers
from peers import Array, Factory

import numbapool
from numbapool.operators import OPERATORS, SAMPLES

FEATURES = (32, 64, 112, 112)
VOLUMES = (4, 16, 32, 112, 112)
SIGNALS = (32, 64, 12544)
PLANES = (1, 8, 512, 512)
PHOTO = (4000, 6000)
SQUARE = (1024, 1024)
LABEL_SIDE = 37
"""The side of a label's square: odd, so that borders cross windows at all places."""


@dataclass(frozen=True)
class Case:
    """One pooling: `name` says which, `function` of numbapool is called as in `ours`."""

    name: str
    make: Callable[[], Array]
    function: str
    arguments: tuple[Any, ...]
    options: Mapping[str, Any] = field(default_factory=dict)
    peers: Mapping[str, Factory] = field(default_factory=dict)
    tolerance: float | None = 1e-4
    """How far a peer's values may lie from ours; None where they differ by design."""
    source: str = ""
    """The library whose tests have the case, if it is not ours."""

    @property
    def exists(self) -> bool:
        """Whether numbapool has the function."""
        return hasattr(numbapool, self.function)

    def ours(self, x: Array, **more: Any) -> Any:
        """Pool an array with numbapool."""
        return getattr(numbapool, self.function)(x, *self.arguments, **self.options, **more)


def normal(*shape: int) -> Callable[[], Array]:
    """Return a maker of float32 arrays of normal numbers."""
    return lambda: np.random.default_rng(0).standard_normal(shape, dtype=np.float32)


def noise(dtype: str, *shape: int) -> Callable[[], Array]:
    """Return a maker of arrays of random whole numbers, of all that the dtype holds."""
    top = int(np.iinfo(dtype).max)
    return lambda: np.random.default_rng(0).integers(0, top, shape, dtype, endpoint=True)


def labels(height: int, width: int) -> Array:
    """Return uint32 labels in squares, as of a segmentation."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(
        0, 2**32, (height // LABEL_SIDE + 1, width // LABEL_SIDE + 1), dtype=np.uint32
    )
    fine = coarse.repeat(LABEL_SIDE, axis=0).repeat(LABEL_SIDE, axis=1)
    return np.ascontiguousarray(fine[:height, :width])


def few_labels() -> Array:
    """Return labels of which some are equal in most windows."""
    return np.random.default_rng(0).integers(0, 8, SQUARE, np.uint8)


def window(axes: int, k: int, s: int, p: int, **more: Any) -> dict[str, Any]:
    """Return a window as ONNX's attributes say it."""
    shape = {"kernel_shape": [k] * axes, "strides": [s] * axes, "pads": [p] * (2 * axes)}
    return {**shape, **more}


def features() -> list[Case]:
    """Feature maps, small windows, channels first and last."""
    cases = []
    for nhwc in (False, True):
        n, c, h, w = FEATURES
        shape = (n, h, w, c) if nhwc else FEATURES
        layout = "NHWC" if nhwc else "NCHW"
        for op in ("max", "mean"):
            for k, s, p in ((2, 2, 0), (3, 2, 1)):
                name = "max_pool2d" if op == "max" else "avg_pool2d"

                def pool(functional: Any, t: Any, name: str = name, at: Any = (k, s, p)) -> Any:
                    return getattr(functional, name)(t, *at)

                more = {} if op == "max" else {"count_include_pad": 1}
                attributes = window(2, k, s, p, **more)
                operator = "MaxPool" if op == "max" else "AveragePool"
                if nhwc:
                    rivals = {
                        "torch channels-last": peers.torch_nhwc(pool),
                        "OpenVINO": peers.openvino(operator, nhwc=True, **attributes),
                    }
                else:
                    rivals = peers.torch_forms(pool) | peers.onnx_forms(operator, **attributes)
                cases.append(
                    Case(
                        f"{op} {k}x{k} s{s}{f' p{p}' if p else ''} {layout}",
                        normal(*shape),
                        name,
                        (k, s, p),
                        {"data_format": layout},
                        rivals,
                    )
                )
    return cases


def feature_extras() -> list[Case]:
    """Feature maps: indices, adaptive and global windows."""
    return [
        Case(
            "max 2x2 s2 with indices NCHW",
            normal(*FEATURES),
            "max_pool2d",
            (2, 2),
            {"return_indices": True},
            {
                "torch": peers.torch_dense(lambda F, t: F.max_pool2d(t, 2, 2, return_indices=True)),
                "ONNX Runtime": peers.onnxruntime("MaxPool", **window(2, 2, 2, 0, indices=True)),
            },
        ),
        Case(
            "adaptive mean to 7x7 NCHW",
            normal(*FEATURES),
            "adaptive_avg_pool2d",
            (7,),
            {},
            peers.torch_forms(lambda F, t: F.adaptive_avg_pool2d(t, 7))
            | peers.onnx_forms("AveragePool", **window(2, 16, 16, 0)),
        ),
        Case(
            "global mean NCHW",
            normal(*FEATURES),
            "global_avg_pool",
            (),
            {},
            peers.torch_forms(lambda F, t: F.adaptive_avg_pool2d(t, 1))
            | {
                "torch mean": peers.torch_dense(lambda F, t: t.mean((2, 3))),
                "NumPy": peers.numpy_array(lambda x: x.mean((2, 3))),
            }
            | peers.onnx_forms("GlobalAveragePool"),
        ),
    ]


def soft_mean(functional: Any, t: Any) -> Any:
    """Return the mean weighted by exponentials, of two means."""
    weights = t.exp()
    return functional.avg_pool2d(t * weights, 2) / functional.avg_pool2d(weights, 2)


def binomial(functional: Any, t: Any) -> Any:
    """Return the blur of three taps along each axis, as a convolution of each channel."""
    taps = t.new_tensor([1.0, 2.0, 1.0]) / 4
    weights = (taps[:, None] * taps).expand(t.shape[1], 1, 3, 3)
    padded = functional.pad(t, (1, 1, 1, 1), mode="reflect")
    return functional.conv2d(padded, weights, stride=2, groups=t.shape[1])


def weighted_means() -> list[Case]:
    """Feature maps, means by weights: the peers are put together of several calls."""

    def power_mean(functional: Any, t: Any) -> Any:
        return functional.avg_pool2d(t.clamp(min=1e-6).pow(3), 2).pow(1 / 3)

    def log_mean(functional: Any, t: Any) -> Any:
        return functional.avg_pool2d(t.exp(), 2).log()

    rows: list[tuple[str, str, tuple[Any, ...], Callable[[Any, Any], Any]]] = [
        ("soft 2x2 s2", "soft_pool2d", (2,), soft_mean),
        ("gem 2x2 s2", "gem_pool2d", (2,), power_mean),
        ("logavgexp 2x2 s2", "logavgexp_pool2d", (2,), log_mean),
        ("blur 3x3 s2", "blur_pool2d", (), binomial),
    ]
    return [
        Case(
            f"{name} NCHW",
            normal(*FEATURES),
            function,
            given,
            {},
            {"torch": peers.torch_dense(call)},
        )
        for name, function, given, call in rows
    ]


def other_ranks() -> list[Case]:
    """Volumes and signals."""
    return [
        Case(
            "max 3-D 2x2x2 s2",
            normal(*VOLUMES),
            "max_pool3d",
            (2, 2),
            {},
            peers.torch_forms(lambda F, t: F.max_pool3d(t, 2, 2), nchw=False)
            | peers.onnx_forms("MaxPool", **window(3, 2, 2, 0)),
        ),
        Case(
            "mean 3-D 3x3x3 s2 p1",
            normal(*VOLUMES),
            "avg_pool3d",
            (3, 2, 1),
            {},
            peers.torch_forms(lambda F, t: F.avg_pool3d(t, 3, 2, 1), nchw=False)
            | peers.onnx_forms("AveragePool", **window(3, 3, 2, 1, count_include_pad=1)),
        ),
        Case(
            "max 1-D by 4",
            normal(*SIGNALS),
            "max_pool1d",
            (4,),
            {},
            {"torch": peers.torch_dense(lambda F, t: F.max_pool1d(t, 4))}
            | peers.onnx_forms("MaxPool", **window(1, 4, 4, 0)),
        ),
    ]


def large_windows() -> list[Case]:
    """Windows that overlap, up to large ones."""
    cases = []
    for k in (3, 31, 101):
        p = k // 2
        rivals = peers.opencv_planes(
            lambda cv2, image, out, k=k: cv2.dilate(image, np.ones((k, k), np.uint8), dst=out)
        )
        rivals["SciPy"] = peers.scipy_planes(
            lambda ndimage, plane, out, k=k: ndimage.maximum_filter(
                plane, k, output=out, mode="constant", cval=-np.inf
            )
        )
        if k < 101:  # a call of torch's takes many seconds there
            rivals |= peers.torch_forms(lambda F, t, k=k, p=p: F.max_pool2d(t, k, 1, p))
            rivals |= peers.onnx_forms("MaxPool", **window(2, k, 1, p))
        cases.append(Case(f"max {k}x{k} s1", normal(*PLANES), "max_pool2d", (k, 1, p), {}, rivals))
    for k in (31, 101):
        p = k // 2
        rivals = peers.opencv_planes(
            lambda cv2, image, out, k=k: cv2.blur(
                image, (k, k), dst=out, borderType=cv2.BORDER_CONSTANT
            )
        )
        rivals["SciPy"] = peers.scipy_planes(
            lambda ndimage, plane, out, k=k: ndimage.uniform_filter(plane, k, out, "constant", 0.0)
        )
        if k < 101:
            rivals |= peers.torch_forms(lambda F, t, k=k, p=p: F.avg_pool2d(t, k, 1, p))
            attributes = window(2, k, 1, p, count_include_pad=1)
            rivals |= peers.onnx_forms("AveragePool", **attributes)
        cases.append(Case(f"mean {k}x{k} s1", normal(*PLANES), "avg_pool2d", (k, 1, p), {}, rivals))
    return cases


def area(cv2: Any, x: Array, k: int) -> Any:
    """Return OpenCV's mean of k × k blocks."""
    size = (x.shape[1] // k, x.shape[0] // k)
    return cv2.resize(x, size, interpolation=cv2.INTER_AREA)


def photos() -> list[Case]:
    """Images of 24 megapixels."""
    cases = []
    height, width = PHOTO
    for k in (2, 3, 4, 8):
        cases.append(
            Case(
                f"uint8 RGB mean by {k}",
                noise("uint8", height // k * k, width // k * k, 3),
                "avg_pool2d",
                (k,),
                {"data_format": "NHWC"},
                {
                    "OpenCV": peers.opencv_image(lambda cv2, x, k=k: area(cv2, x, k)),
                    "Pillow": peers.pillow_image(lambda image, k=k: image.reduce(k)),
                },
                tolerance=1,
            )
        )
    for dtype in ("uint8", "uint16"):
        rivals = {
            "OpenCV": peers.opencv_image(lambda cv2, x: area(cv2, x, 2)),
            "tinybrain": peers.tinybrain_by_two("downsample_with_averaging"),
        }
        if dtype == "uint8":
            rivals["Pillow"] = peers.pillow_image(lambda image: image.reduce(2))
        grey = noise(dtype, *PHOTO)
        cases.append(
            Case(f"{dtype} grey mean by 2", grey, "avg_pool2d", (2,), {}, rivals, tolerance=1)
        )
    for k in (3, 31):
        element = np.ones((k, k), np.uint8)
        rivals = {
            "OpenCV": peers.opencv_image(lambda cv2, x, e=element: cv2.dilate(x, e)),
            "SciPy": peers.scipy_planes(
                lambda ndimage, plane, out, k=k: ndimage.maximum_filter(
                    plane, k, output=out, mode="constant", cval=0
                )
            ),
        }
        if k == 3:
            rivals["torch"] = peers.torch_dense(lambda F, t: F.max_pool2d(t[None, None], 3, 1, 1))
        grey = noise("uint8", *PHOTO)
        cases.append(
            Case(f"uint8 grey max {k}x{k} s1", grey, "max_pool2d", (k, 1, k // 2), {}, rivals)
        )
    return cases


def gathered(x: Array, k: int) -> Array:
    """Return the k × k blocks of a plane, each in a row."""
    height, width = x.shape
    blocks = x.reshape(height // k, k, width // k, k).transpose(0, 2, 1, 3)
    return blocks.reshape(height // k, width // k, k * k)


def partitioned_median(x: Array, k: int) -> Array:
    """Return the medians of k × k blocks, for even k, by one partition of all."""
    middle = k * k // 2
    parts = np.partition(gathered(x, k), (middle - 1, middle), axis=-1)
    return (parts[..., middle - 1] + parts[..., middle]) / 2


def selections() -> list[Case]:
    """Windows of which one element is chosen."""
    return [
        Case(
            "uint32 labels mode by 2",
            lambda: labels(*PHOTO),
            "mode_pool2d",
            (2,),
            {},
            {"tinybrain": peers.tinybrain_by_two("downsample_segmentation")},
            tolerance=None,  # of labels equally frequent we keep the smallest, tinybrain another
        ),
        Case(
            "median 4x4 of 4 MP",
            normal(2048, 2048),
            "median_pool2d",
            (4,),
            {},
            {
                "NumPy median": peers.numpy_array(lambda x: np.median(gathered(x, 4), axis=-1)),
                "NumPy partition": peers.numpy_array(lambda x: partitioned_median(x, 4)),
                "scikit-image": peers.skimage_blocks((4, 4), np.median),
            },
        ),
    ]


def inner(image: Array, k: int) -> Array:
    """Return what windows of k × k give that lie within the image: peers fill borders otherwise."""
    p = k // 2
    return image[p : image.shape[0] - p, p : image.shape[1] - p]


def deviation(cv2: Any, x: Array, k: int) -> Array:
    """Return the standard deviation of each k × k window, by OpenCV's means of x and of x²."""
    mean = cv2.blur(x.astype(np.float64), (k, k))
    square = cv2.sqrBoxFilter(x, cv2.CV_64F, (k, k))
    return np.sqrt(np.maximum(square - mean * mean, 0)).astype(np.float32)


def overlapping_selections() -> list[Case]:
    """Windows at every element, of which one is chosen or all are measured."""
    cases = []
    for k in (3, 5, 7, 15, 31, 101):
        rival = peers.opencv_image(lambda cv2, x, k=k: inner(cv2.medianBlur(x, k), k))
        grey = noise("uint8", *SQUARE)
        cases.append(
            Case(f"uint8 median {k}x{k} s1", grey, "median_pool2d", (k, 1), {}, {"OpenCV": rival})
        )
    for k in (3, 5):
        rival = peers.opencv_image(lambda cv2, x, k=k: inner(cv2.medianBlur(x, k), k))
        cases.append(
            Case(
                f"median {k}x{k} s1",
                normal(*SQUARE),
                "median_pool2d",
                (k, 1),
                {},
                {"OpenCV": rival},
            )
        )
    for k in (3, 31, 101):
        rival = peers.opencv_image(lambda cv2, x, k=k: inner(deviation(cv2, x, k), k))
        cases.append(
            Case(f"std {k}x{k} s1", normal(*SQUARE), "std_pool2d", (k, 1), {}, {"OpenCV": rival})
        )
    for k in (5, 15, 101):
        cases.append(
            Case(
                f"uint8 mode {k}x{k} s1",
                few_labels,
                "mode_pool2d",
                (k, 1),
                {},
                {"scikit-image": peers.skimage_modal(k, inner)},
            )
        )
    return cases


def disk(k: int) -> Array:
    """Return the disk of a size, as an array of bool."""
    down, across = np.ogrid[-(k // 2) : k // 2 + 1, -(k // 2) : k // 2 + 1]
    return down * down + across * across <= (k // 2) ** 2


def footprints() -> list[Case]:
    """Disks at every element, where what lies outside is mirrored."""
    cases = []
    for op, name in (("max", "maximum"), ("median", "median")):
        for k in (5, 11):
            rivals = {
                "SciPy": peers.scipy_planes(
                    lambda ndimage, plane, out, name=f"{name}_filter", k=k: getattr(ndimage, name)(
                        plane, footprint=disk(k), output=out
                    )
                )
            }
            if op == "max":
                rivals["OpenCV"] = peers.opencv_image(
                    lambda cv2, x, k=k: cv2.dilate(
                        x, disk(k).astype(np.uint8), borderType=cv2.BORDER_REFLECT
                    )
                )
            how = {"padding_mode": "symmetric", "footprint": "disk"}
            given = k, 1, k // 2
            name_of = f"{op} disk {k} s1"
            cases.append(Case(name_of, normal(*SQUARE), f"{op}_pool2d", given, how, rivals))
    return cases


def every_operator() -> list[Case]:
    """Every operator of the table on one window, beside the memory's speed alone."""
    return [
        Case(
            f"any operator: {name} 3x3 s2",
            normal(1, 8, *SQUARE),
            "pool2d",
            (name, 3, 2),
            {each.name: SAMPLES[each.name] for each in row.parameters if each.name in SAMPLES},
        )
        for name, row in OPERATORS.items()
    ]


def own_cases() -> list[Case]:
    """Return the cases that are ours, in the table's order."""
    return [
        *features(),
        *feature_extras(),
        *weighted_means(),
        *other_ranks(),
        *large_windows(),
        *photos(),
        *selections(),
        *overlapping_selections(),
        *footprints(),
        *every_operator(),
    ]
