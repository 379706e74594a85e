"""The cases of other libraries' own tests and benchmarks: their sizes, dtypes and windows.

torch's come from the samples that its tests call pooling with (OpInfo), OpenCV's from its
performance tests of blurs, morphology and resizing, bottleneck's and scikit-image's from their
benchmarks.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import peers
from cases import Case, area, noise, normal, own_cases
from peers import Array, Factory

ODD, QVGA, VGA, HD = (61, 127), (240, 320), (480, 640), (720, 1280)
"""Heights and widths that OpenCV's tests name."""


def torch_samples() -> list[Case]:
    """Small arrays, and all that windows can be told."""
    rows: list[tuple[str, tuple[int, ...], dict[str, Any]]] = [
        ("max_pool2d", (1, 2, 3, 6), {"kernel_size": 3, "stride": 2, "ceil_mode": True}),
        ("max_pool2d", (1, 2, 3, 6), {"kernel_size": 3, "stride": (2, 1), "padding": 1}),
        ("max_pool2d", (1, 2, 3, 6), {"kernel_size": 3, "padding": 1, "dilation": (1, 2)}),
        ("max_pool3d", (1, 2, 3, 6, 5), {"kernel_size": 3, "stride": 2, "ceil_mode": True}),
        ("max_pool3d", (1, 2, 3, 6, 5), {"kernel_size": (3, 2, 3), "stride": 2, "padding": 1}),
        ("max_pool3d", (1, 2, 3, 6, 5), {"kernel_size": 3, "stride": (2, 1, 2), "padding": 1}),
        ("avg_pool1d", (2, 3, 9), {"kernel_size": 3}),
        ("avg_pool1d", (1, 3, 9), {"kernel_size": 6, "stride": 3, "padding": 2, "ceil_mode": True}),
        ("avg_pool1d", (1, 2, 9), {"kernel_size": 7, "stride": 3, "padding": 3}),
        ("avg_pool2d", (1, 3, 9, 9), {"kernel_size": 3, "stride": 1, "padding": 1}),
        ("avg_pool2d", (1, 3, 9, 9), {"kernel_size": 4, "stride": (2, 3), "divisor_override": 2}),
        ("avg_pool2d", (1, 2, 6, 6), {"kernel_size": 4, "stride": 2, "padding": 2}),
        ("avg_pool3d", (2, 3, 3, 4, 4), {"kernel_size": 2}),
        ("avg_pool3d", (1, 2, 5, 5, 5), {"kernel_size": (2, 3, 4), "stride": (1, 2, 2)}),
        ("adaptive_avg_pool2d", (1, 4, 4, 4), {"output_size": (2, 3)}),
        ("adaptive_max_pool1d", (2, 3, 7), {"output_size": 4}),
        ("adaptive_max_pool2d", (1, 4, 4, 4), {"output_size": (2, 3)}),
        ("adaptive_max_pool3d", (3, 3, 4, 4, 6), {"output_size": (2, 3, None)}),
    ]
    found = []
    for number, (name, shape, options) in enumerate(rows):

        def call(functional: Any, t: Any, name: str = name, options: Any = options) -> Any:
            return getattr(functional, name)(t, **options)

        title = f"torch's sample {number + 1}: {name}"
        rivals = {"torch": peers.torch_dense(call)}
        found.append(Case(title, normal(*shape), name, (), options, rivals))
    return found


def many(dtype: str, *shape: int) -> Any:
    """Return a maker of arrays of a dtype's random numbers."""
    if np.dtype(dtype).kind == "f":
        return lambda: np.random.default_rng(0).random(shape, dtype)
    return noise(dtype, *shape)


def opencv_filters() -> list[Case]:
    """Images of four sizes: medians and means; the borders repeat the edge's element."""
    found = []
    edge = {"padding_mode": "replicate"}
    for (height, width), dtype in (
        *((size, "uint8") for size in (ODD, QVGA, VGA, HD)),
        (VGA, "uint16"),
        (VGA, "int16"),
        (VGA, "float32"),
        (HD, "uint16"),
        (HD, "float32"),
    ):
        at, make = f"{dtype} {width}x{height}", many(dtype, height, width)
        for k in (3, 5):
            rival: Factory = peers.opencv_image(lambda cv2, x, k=k: cv2.medianBlur(x, k))
            given = (k, 1, k // 2)
            found.append(
                Case(
                    f"OpenCV's test: median {k}x{k}, {at}",
                    make,
                    "median_pool2d",
                    given,
                    edge,
                    {"OpenCV": rival},
                )
            )
        for k in (3, 5, 16):
            rival = peers.opencv_image(
                lambda cv2, x, k=k: cv2.blur(x, (k, k), borderType=cv2.BORDER_REPLICATE)
            )
            sides = ((k // 2, (k - 1) // 2),) * 2
            found.append(
                Case(
                    f"OpenCV's test: mean {k}x{k}, {at}",
                    make,
                    "avg_pool2d",
                    (k, 1, sides),
                    edge,
                    {"OpenCV": rival},
                    tolerance=1e-4 if dtype == "float32" else 1,
                )
            )
    return found


def opencv_areas() -> list[Case]:
    """Images of OpenCV's sizes: maxima and minima, and means of two by two."""
    found = []
    for height, width in (ODD, QVGA, VGA, HD):
        make = noise("uint8", height, width)
        for name, function in (("max", "dilate"), ("min", "erode")):
            rival = peers.opencv_image(
                lambda cv2, x, function=function: getattr(cv2, function)(x, None)
            )
            found.append(
                Case(
                    f"OpenCV's test: {name} 3x3, uint8 {width}x{height}",
                    make,
                    f"{name}_pool2d",
                    (3, 1, 1),
                    {},
                    {"OpenCV": rival},
                )
            )
    for height, width in (VGA, (540, 960), HD, (1080, 1920)):
        for channels in (1, 4):
            shape = (height, width, 4)[: 2 + (channels > 1)]
            found.append(
                Case(
                    f"OpenCV's test: area by 2, uint8 {width}x{height}, {channels} channels",
                    noise("uint8", *shape),
                    "avg_pool2d",
                    (2,),
                    {"data_format": "HWC"} if channels > 1 else {},
                    {"OpenCV": peers.opencv_image(lambda cv2, x: area(cv2, x, 2))},
                    tolerance=1,
                )
            )
    return found


def moving(name: str, k: int, axis: int = -1) -> Factory:
    """Call a moving function of bottleneck's, and leave out where its windows are not whole."""

    def factory(x: Array, threads: int) -> Any:
        import bottleneck

        function = getattr(bottleneck, f"move_{name}")
        whole = (slice(None),) * (axis % x.ndim) + (slice(k - 1, None),)
        return lambda: function(x, k, axis=axis)[whole]

    return factory


MOVES = {
    "sum": "sum_pool",
    "mean": "avg_pool",
    "std": "std_pool",
    "var": "var_pool",
    "min": "min_pool",
    "max": "max_pool",
    "median": "median_pool",
}


def bottleneck_moves() -> list[Case]:
    """Windows of 10 along signals, and along both axes of a plane."""
    found = []
    for name, function in MOVES.items():
        for dtype, size in (
            ("float64", 10**3),
            ("float64", 10**5),
            ("float64", 10**7),
            ("float32", 10**5),
        ):
            rivals = {"bottleneck": moving(name, 10)}
            if name == "median" and size == 10**7:
                continue  # takes bottleneck a second a call
            found.append(
                Case(
                    f"bottleneck's move: {name} of {dtype} {size}",
                    many(dtype, size),
                    f"{function}1d",
                    (10, 1),
                    {},
                    rivals,
                    tolerance=1e-3,
                )
            )
        for axis in (0, 1):
            window = (10, 1) if axis == 0 else (1, 10)
            found.append(
                Case(
                    f"bottleneck's move: {name} of float64 1000x1000, axis {axis}",
                    many("float64", 1000, 1000),
                    f"{function}2d",
                    (window, 1),
                    {},
                    {"bottleneck": moving(name, 10, axis)},
                )
            )
    return found


def ranked(name: str) -> Factory:
    """Call a rank filter of scikit-image's, with the cross of five elements."""

    def factory(x: Array, threads: int) -> Any:
        from skimage.filters import rank
        from skimage.morphology import ball, disk

        footprint = disk(1) if x.ndim == 2 else ball(1)
        return lambda: getattr(rank, name)(x, footprint)

    return factory


RANKS = {
    "maximum": "max_pool",
    "minimum": "min_pool",
    "mean": "avg_pool",
    "median": "median_pool",
    "sum": "sum_pool",
}


def skimage_ranks() -> list[Case]:
    """Crosses of five elements in images, of seven in volumes."""
    found = []
    for name, function in RANKS.items():
        for side, axes in ((32, 2), (256, 2), (128, 3)):
            found.append(
                Case(
                    f"scikit-image's rank: {name} {'x'.join([str(side)] * axes)}",
                    noise("uint8", *[side] * axes),
                    f"{function}{axes}d",
                    (3, 1, 1),
                    {"footprint": "cross"},
                    {"scikit-image": ranked(name)},
                    tolerance=None if name in ("mean", "median", "sum") else 0,
                )
            )
    return found


def all_cases() -> list[Case]:
    """Return every case, ours first."""
    others = {
        "torch": torch_samples,
        "OpenCV": lambda: [*opencv_filters(), *opencv_areas()],
        "bottleneck": bottleneck_moves,
        "scikit-image": skimage_ranks,
    }
    found = own_cases()
    for source, cases in others.items():
        found += [replace(case, source=source) for case in cases()]
    return found


def selected(part: str) -> list[Case]:
    """Return the cases whose name holds a text."""
    return [case for case in all_cases() if part.lower() in case.name.lower()]
