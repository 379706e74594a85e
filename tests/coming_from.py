"""The command's guide, "Coming from": its rows, what their calls name, and what each gives.

Run as a script where TensorFlow is installed, it writes what TensorFlow gives of each of its rows.
"""

import json
import os
import re
import shlex
import subprocess
import tempfile
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image, TiffImagePlugin, TiffTags

import numbapool as nbp

GUIDE = Path(__file__).parents[1] / "cli" / "README.md"
OF_TENSORFLOW = Path(__file__).with_name("of_tensorflow.json")


class Row(NamedTuple):
    """A row of a table: the same, in the words of three."""

    package: str
    theirs: str
    ours: str
    command: str
    """Empty where there is none."""
    mind: str
    """What differs; mostly empty."""


def tables() -> dict[str, list[Row]]:
    """Return the rows of each package; what is no row of code is an error."""
    section = GUIDE.read_text("utf-8").partition("\n## Coming from\n")[2].partition("\n## ")[0]
    found = {}
    for part in section.split("\n### ")[1:]:
        package = part.partition("\n")[0]
        lines = [line for line in part.splitlines() if line.startswith("|")][2:]
        head = re.findall(r"^\| (.+) \|$", part, re.MULTILINE)[0].split(" | ")
        found[package] = [row(package, head[2:], line) for line in lines]
    return found


def row(package: str, columns: list[str], line: str) -> Row:
    theirs, ours, *more = [cell.strip() for cell in line.strip("|").split("|")]
    cells = dict(zip(columns, more, strict=True))
    command, mind = cells.get("as a command", ""), cells.get("mind", "")
    for code in filter(None, (theirs, ours, command)):
        assert re.fullmatch("`[^`]+`", code), line
    return Row(package, theirs.strip("`"), ours.strip("`"), command.strip("`"), mind)


# ----------------------------------------------------------------------------- what is pooled

RNG = np.random.default_rng(2)
NORMAL = RNG.normal(size=(2, 3, 9, 8)).astype(np.float32)
WHOLE = RNG.integers(-20, 20, (2, 6, 5, 2)).astype(np.float32)
PLANE = RNG.normal(size=(12, 12))
HOLES = np.where(RNG.random((6, 4, 6)) < 0.1, np.nan, RNG.normal(size=(6, 4, 6)))
NODATA = -9999


def heights() -> np.ndarray:
    """Return a raster with nodata in blocks of 2 x 2, as GDAL's levels are made of levels.

    A window of 3 x 3 has one value twice, and no even number of values.
    """
    dem = RNG.permutation(144).reshape(12, 12).astype(np.float32)
    dem[2::3, 2::3] = dem[1::3, 2::3]
    dem[:6, :6] = dem[6:8, 6:8] = NODATA
    return dem


CHANNELS_LAST = {"x": WHOLE}
TOKENS = {"tokens": NORMAL[0], "mask": np.arange(9) < [[9], [4], [7]]}
CROSS = np.array([[0, 1, 0], [1, 1, 0], [0, 0, 1]], bool)

ARRAYS: dict[str, dict[str, Any]] = {
    "torch": {"x": NORMAL},
    "TensorFlow": CHANNELS_LAST,
    "Keras": {**CHANNELS_LAST, **TOKENS},
    "ONNX": {"x": NORMAL},
    "JAX": CHANNELS_LAST,
    "scikit-image": {"x": PLANE, "u": RNG.integers(0, 30, (12, 12), np.uint8)},
    "SciPy": {"x": PLANE, "m": PLANE > 1, "shape": CROSS},
    "OpenCV": {"u": RNG.integers(0, 256, (12, 16, 3), np.uint8)},
    "xarray": {"a": HOLES, "w": RNG.random((4, 6))},
    "GDAL": {"dem": heights()},
}
"""What the calls of a package pool, by name."""

# ------------------------------------------------------------------------ what their calls name


def of_torch() -> dict[str, Any]:
    import torch

    return {"torch": torch, "F": torch.nn.functional, "x": torch.from_numpy(NORMAL)}


def of_tensorflow() -> dict[str, Any]:
    import tensorflow

    return {"tf": tensorflow}


def of_keras() -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:  # not the user's settings, nor new ones there
        os.environ.update(KERAS_BACKEND="jax", KERAS_HOME=folder)
        from keras import layers

    return {"layers": layers}


def of_jax() -> dict[str, Any]:
    from flax import linen
    from jax import lax, numpy

    return {"lax": lax, "jnp": numpy, "nn": linen}


def of_onnx() -> dict[str, Any]:
    import onnx
    import onnxruntime

    def run(kind: str, x: np.ndarray, **attributes: Any) -> np.ndarray:
        tensor = partial(onnx.helper.make_tensor_value_info, elem_type=onnx.TensorProto.FLOAT)
        node = onnx.helper.make_node(kind, ["x"], ["y"], **attributes)
        ends = [tensor("x", shape=x.shape)], [tensor("y", shape=None)]
        graph = onnx.helper.make_graph([node], kind, *ends)
        opset = onnx.helper.make_opsetid("", 22)
        model = onnx.helper.make_model(graph, opset_imports=[opset], ir_version=10)
        session = onnxruntime.InferenceSession(
            model.SerializeToString(), providers=["CPUExecutionProvider"]
        )
        return session.run(None, {"x": x})[0]

    kinds = ("MaxPool", "AveragePool", "LpPool", "GlobalAveragePool")
    return {kind: partial(run, kind) for kind in kinds}


def of_scikit_image() -> dict[str, Any]:
    from skimage import filters, measure, morphology, transform

    return {
        "filters": filters,
        "measure": measure,
        "morphology": morphology,
        "transform": transform,
        "disk": morphology.disk,
    }


def of_scipy() -> dict[str, Any]:
    from scipy import ndimage

    return {"ndimage": ndimage}


def of_opencv() -> dict[str, Any]:
    import cv2

    return {"cv2": cv2}


def of_xarray() -> dict[str, Any]:
    from xarray import DataArray

    places = {"time": np.arange(6.0), "y": np.arange(4.0) * 10, "x": np.arange(6.0) + 100}
    a = DataArray(HOLES, places, name="a")
    return {"a": a, "w": DataArray(ARRAYS["xarray"]["w"], dims=("y", "x"))}


PACKAGES = {
    "torch": of_torch,
    "TensorFlow": of_tensorflow,
    "Keras": of_keras,
    "ONNX": of_onnx,
    "JAX": of_jax,
    "scikit-image": of_scikit_image,
    "SciPy": of_scipy,
    "OpenCV": of_opencv,
    "xarray": of_xarray,
}
"""What the calls of a package name; an ImportError where it is not installed."""

# ------------------------------------------------------------------------------ what each gives


def evaluated(code: str, package: str, names: dict[str, Any]) -> tuple[Any, ...]:
    """Return the results of a call, theirs or ours, as a tuple."""
    result = eval(code, {"np": np, "nbp": nbp, **ARRAYS[package], **names})
    return tuple(result) if isinstance(result, list | tuple) else (result,)


def write_inputs(package: str, folder: Path) -> None:
    """Write what a command or a program pools: arrays, pictures, a raster of 10 m."""
    for name, x in ARRAYS[package].items():
        if name == "u":
            Image.fromarray(x).save(folder / "u.png")
        elif name == "dem":
            tags = TiffImagePlugin.ImageFileDirectory_v2()
            for tag, kind, value in (
                (33550, TiffTags.DOUBLE, (10.0, 10.0, 0.0)),
                (33922, TiffTags.DOUBLE, (0.0, 0.0, 0.0, 500000.0, 6000000.0, 0.0)),
                (42113, TiffTags.ASCII, str(NODATA)),
            ):
                tags.tagtype[tag] = kind
                tags[tag] = value
            Image.fromarray(x).save(folder / "dem.tif", tiffinfo=tags)
        else:
            np.save(folder / f"{name}.npy", x)


def pages(path: Path) -> list[np.ndarray]:
    """Return what a file holds: an array, or a picture with its overviews."""
    if path.suffix == ".npy":
        return [np.load(path)]
    with Image.open(path) as image:
        found = []
        for number in range(getattr(image, "n_frames", 1)):
            image.seek(number)
            found.append(np.asarray(image))
        return found


def of_gdal(command: str, folder: Path) -> tuple[np.ndarray, ...]:
    """Return what a program of GDAL's makes of `dem.tif`."""
    subprocess.run(shlex.split(command), cwd=folder, check=True, capture_output=True)
    out = folder / "out.tif"
    return tuple(pages(out) if out.exists() else pages(folder / "dem.tif")[1:])


if __name__ == "__main__":
    import tensorflow

    said: dict[str, Any] = {"version": tensorflow.__version__}
    for each in tables()["TensorFlow"]:
        (result,) = evaluated(each.theirs, "TensorFlow", of_tensorflow())
        said[each.theirs] = np.round(np.asarray(result, np.float64), 5).tolist()
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in said.items()]
    OF_TENSORFLOW.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
