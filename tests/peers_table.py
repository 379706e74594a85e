"""Which peers keep the same of a window: every operator, at every border that the peer has.

Run as a script it prints the table that the library's guide has.
"""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

import numbapool as nbp
from numbapool.operators import OPERATORS

Pair = tuple[Any, Any]
"""A result here, and the peer's."""


class Cell(NamedTuple):
    """An operator and a peer."""

    borders: tuple[str, ...]
    """The borders, by the peer's names for them."""
    pair: Callable[[str], Pair]
    """Gives both results at a border."""
    rules: tuple[str, ...] = ()
    """The letters of rules that differ."""


class Rule(NamedTuple):
    """A rule that differs, with an example."""

    told: str
    pair: Callable[[Path], Pair]
    here: list[Any]
    there: list[Any]
    needs: str
    """The peer."""


RNG = np.random.default_rng(0)
FLOATS = RNG.normal(size=(9, 11))
BYTES = RNG.integers(0, 256, (9, 11), np.uint8)
LINE = np.where(RNG.random(60) < 0.2, np.nan, RNG.normal(size=60))
WINDOW: dict[str, Any] = {"kernel_size": 3, "stride": 1, "padding": 1}


# ------------------------------------------------------------------------------------- SciPy

SCIPYS = {
    "mirror": "reflect",
    "reflect": "symmetric",
    "nearest": "replicate",
    "wrap": "circular",
    "constant": 7,
}
"""The padding mode of each of SciPy's modes."""


def by_scipy(op: str, function: Any, *rules: str, x: Any = FLOATS, **own: Any) -> Cell:
    """Return the cell of a filter by name, or of a function that NumPy has of a window."""

    def pair(border: str) -> Pair:
        from scipy import ndimage

        said = {"mode": border, "cval": 7}
        if isinstance(function, str):
            percentile = {"percentile": own["q"]} if own else {}
            want = getattr(ndimage, f"{function}_filter")(x, size=3, **percentile, **said)
        else:
            want = ndimage.generic_filter(x, function, 3, **said)
        return nbp.pool2d(x, op, **WINDOW, padding_mode=SCIPYS[border], **own), want

    return Cell(tuple(SCIPYS), pair, rules)


SCIPY = {
    "max": by_scipy("max", "maximum"),
    "min": by_scipy("min", "minimum"),
    "avg": by_scipy("avg", "uniform", "a"),
    "sum": by_scipy("sum", np.sum),
    "lp": by_scipy("lp", np.linalg.norm, norm_type=2),
    "median": by_scipy("median", "median", "b"),
    "percentile": by_scipy("percentile", "percentile", "c", q=25),
    "var": by_scipy("var", np.var),
    "std": by_scipy("std", np.std),
    "range": by_scipy("range", np.ptp),
    "rms": by_scipy("rms", lambda values: np.sqrt(np.mean(values**2))),
    "first": by_scipy("first", lambda values: values[0]),
    "any": by_scipy("any", np.any, x=np.floor(FLOATS)),
    "all": by_scipy("all", np.all, x=np.floor(FLOATS)),
}

# ------------------------------------------------------------------------------------ OpenCV

OPENCVS = {
    "REFLECT_101": "reflect",
    "REFLECT": "symmetric",
    "REPLICATE": "replicate",
    "CONSTANT": "zeros",
}


def by_opencv(op: str, function: Any, *rules: str, left_out: bool = False, **own: Any) -> Cell:
    """Return a cell; with `left_out`, OpenCV's constant border counts as little as padding here."""

    def pair(border: str) -> Pair:
        import cv2

        mode = None if left_out and border == "CONSTANT" else OPENCVS[border]
        want = function(cv2, BYTES, getattr(cv2, f"BORDER_{border}"))
        return nbp.pool2d(BYTES, op, **WINDOW, padding_mode=mode, **own), want

    return Cell(tuple(OPENCVS), pair, rules)


KERNEL = np.ones((3, 3), np.uint8)


OPENCV = {
    "max": by_opencv("max", lambda cv2, x, b: cv2.dilate(x, KERNEL, borderType=b), left_out=True),
    "min": by_opencv("min", lambda cv2, x, b: cv2.erode(x, KERNEL, borderType=b), left_out=True),
    "range": by_opencv(
        "range",
        lambda cv2, x, b: cv2.morphologyEx(x, cv2.MORPH_GRADIENT, KERNEL, borderType=b),
        left_out=True,
    ),
    "avg": by_opencv(
        "avg",
        lambda cv2, x, b: cv2.blur(x, (3, 3), borderType=b),
        "d",
    ),
    "sum": by_opencv(
        "sum",
        lambda cv2, x, b: cv2.boxFilter(x, cv2.CV_64F, (3, 3), normalize=False, borderType=b),
    ),
    "rms": by_opencv(
        "rms",
        lambda cv2, x, b: np.sqrt(cv2.sqrBoxFilter(x, cv2.CV_64F, (3, 3), borderType=b)),
    ),
    "median": by_opencv("median", lambda cv2, x, b: cv2.medianBlur(x, 3))._replace(
        borders=("REPLICATE",)
    ),
}

# -------------------------------------------------------------------------------- bottleneck


def by_bottleneck(op: str, name: str, **own: Any) -> Cell:
    """Return the cell of a moving window; its border is the fewest elements that must count."""

    def pair(border: str) -> Pair:
        import bottleneck

        least = int(border.split()[-1])
        ddof = {"ddof": own["correction"]} if "correction" in own else {}
        want = getattr(bottleneck, f"move_{name}")(LINE, 5, least, **ddof)
        said = {**own, "count_include_pad": False} if op == "avg" else own
        window = {"kernel_size": 5, "stride": 1, "padding": [(4, 0)], "data_format": "L"}
        got = nbp.Pool(op, **window, nan="skip", min_count=least, **said)(LINE)
        return got, want

    return Cell(("min_count 1", "min_count 3", "min_count 5"), pair)


BOTTLENECK = {
    "max": by_bottleneck("max", "max"),
    "min": by_bottleneck("min", "min"),
    "avg": by_bottleneck("avg", "mean"),
    "sum": by_bottleneck("sum", "sum"),
    "median": by_bottleneck("median", "median"),
    "var": by_bottleneck("var", "var", correction=0),
    "std": by_bottleneck("std", "std", correction=0),
}

# -------------------------------------------------------------------------------------- GDAL

NODATA = -9


def gdal(x: np.ndarray, how: str, folder: Path) -> np.ndarray:
    """Return what gdalwarp makes of blocks of 2 x 2, leaving out NODATA."""
    height, width = x.shape
    rows = "\n".join(" ".join(map(str, row)) for row in x.tolist())
    head = {"ncols": width, "nrows": height, "xllcorner": 0, "yllcorner": 0, "cellsize": 1}
    head["NODATA_value"] = NODATA
    lines = [f"{name} {value}" for name, value in head.items()]
    (folder / "a.asc").write_text("\n".join([*lines, rows, ""]))
    kind = {"float32": "Float32", "int16": "Int16"}[x.dtype.name]
    run = {"cwd": folder, "check": True, "capture_output": True}
    subprocess.run(["gdal_translate", "-ot", kind, "a.asc", "b.tif"], **run)
    subprocess.run(["gdalwarp", "-overwrite", "-tr", "2", "2", "-r", how, "b.tif", "c.tif"], **run)
    subprocess.run(["gdal_translate", "-of", "AAIGrid", "c.tif", "d.asc"], **run)
    lines = (folder / "d.asc").read_text().splitlines()
    return np.array([line.split() for line in lines if not line[:1].isalpha()], np.float64)


def blocks(dtype: str) -> np.ndarray:
    """Return blocks of 2 x 2 without ties, some of them with nodata, one of nothing else."""
    x = np.random.default_rng(1).permutation(64).reshape(8, 8).astype(dtype)
    x[:2, :2] = x[5, 3] = x[6, 6] = NODATA
    return x


def by_gdal(op: str, how: str, *rules: str, **own: Any) -> Cell:
    """Return the cell of a way of resampling; whole blocks have no border."""

    def pair(border: str) -> Pair:
        import tempfile

        x = blocks("int16" if op == "median" else "float32")
        if op == "mode":
            x = x // 6
            x[x < 0] = NODATA
        got = nbp.pool2d(x, op, 2, nodata=NODATA, **own)
        with tempfile.TemporaryDirectory() as folder:
            want = gdal(x, how, Path(folder))
        if op == "mode":  # where one element is most frequent
            held = x.reshape(4, 2, 4, 2).transpose(0, 2, 1, 3).reshape(4, 4, 4)
            most = [
                np.unique(block[block != NODATA], return_counts=True)[1]
                for block in held.reshape(16, 4)
            ]
            sure = np.array([(each == each.max(initial=0)).sum() <= 1 for each in most])
            return got.ravel()[sure], want.ravel()[sure]
        if op == "sum":
            got[0, 0] = NODATA  # see the rule
        return got, want

    return Cell(("whole blocks",), pair, rules)


GDAL = {
    "max": by_gdal("max", "max"),
    "min": by_gdal("min", "min"),
    "avg": by_gdal("avg", "average", "e"),
    "sum": by_gdal("sum", "sum", "f"),
    "rms": by_gdal("rms", "rms"),
    "median": by_gdal("median", "med", "g"),
    "mode": by_gdal("mode", "mode", "h"),
}

PEERS = {"SciPy": SCIPY, "OpenCV": OPENCV, "bottleneck": BOTTLENECK, "GDAL": GDAL}

MODULES = {"SciPy": "scipy", "OpenCV": "cv2", "bottleneck": "bottleneck", "GDAL": None}


def lacks(peer: str) -> str:
    """Return why a peer cannot be asked; empty if it can."""
    if peer == "GDAL":
        return "" if shutil.which("gdalwarp") else "gdalwarp is not installed"
    from importlib.util import find_spec

    return "" if find_spec(MODULES[peer]) else f"{peer} is not installed"


# ------------------------------------------------------------------------- rules that differ


def scipy_of(name: str, values: list[Any], **said: Any) -> Any:
    from scipy import ndimage

    return getattr(ndimage, f"{name}_filter")(np.array(values), mode="nearest", **said)


def of_block(op: str, how: str, values: list[float], dtype: str = "float32", **own: Any) -> Any:
    """Return a function of a folder that gives an operator's results of one block."""
    x = np.array(values, dtype).reshape(2, 2)
    return lambda folder: (nbp.pool2d(x, op, 2, nodata=NODATA, **own)[0], gdal(x, how, folder)[0])


SPOT = np.array([[0, 0], [0, 1]], np.uint8)


def opencv_mean() -> Any:
    import cv2

    return cv2.blur(SPOT, (2, 2), anchor=(0, 0))[0, :1]


RULES = {
    "a": Rule(
        "means of integers are cut off there, and rounded here",
        lambda _: (nbp.avg_pool1d([1, 2, 2], 3, 1), scipy_of("uniform", [1, 2, 2], size=3)[1:2]),
        [2],
        [1],
        "SciPy",
    ),
    "b": Rule(
        "of an even number it keeps the upper of the middle two; here it is their mean, of "
        "integers the lower one",
        lambda _: (nbp.median_pool1d([1.0, 4.0], 2, 1), scipy_of("median", [1.0, 4.0], size=2)[1:]),
        [2.5],
        [4],
        "SciPy",
    ),
    "c": Rule(
        "it keeps an element, where here two are interpolated, as in NumPy",
        lambda _: (
            nbp.percentile_pool1d([1.0, 2, 4], 90, 3, 1),
            scipy_of("percentile", [1.0, 2, 4], size=3, percentile=90)[1:2],
        ),
        [3.6],
        [4],
        "SciPy",
    ),
    "d": Rule(
        "means of bytes over an even number are rounded twice there, and may be off by 1",
        lambda _: (nbp.avg_pool2d(SPOT, 2)[0], opencv_mean()),
        [0],
        [1],
        "OpenCV",
    ),
    "e": Rule(
        "a mean of whole numbers that equals nodata is moved by 1 there",
        of_block("avg", "average", [-10, -8, -9, -9], "int16"),
        [-9],
        [-10],
        "GDAL",
    ),
    "f": Rule(
        "a sum of nothing is nodata there, and 0 here; `min_count=1` gives nodata",
        of_block("sum", "sum", [NODATA] * 4),
        [0],
        [NODATA],
        "GDAL",
    ),
    "g": Rule(
        "of an even number of floats it is the lower of the middle two, and the mean here; its "
        "quartiles too are elements, where percentiles here are interpolated",
        of_block("median", "med", [1, 2, 4, 9]),
        [3],
        [2],
        "GDAL",
    ),
    "h": Rule(
        "of elements as frequent it keeps the first, here the smallest",
        of_block("mode", "mode", [5, 1, 7, 3]),
        [1],
        [5],
        "GDAL",
    ),
}
"""The rules that differ, by their letters in the table."""


def table() -> str:
    """Return the table and the rules, as Markdown."""
    lines = ["| | " + " | ".join(PEERS) + " |", "|---" * (len(PEERS) + 1) + "|"]
    for op in OPERATORS:
        cells = [cells.get(op) for cells in PEERS.values()]
        if not any(cells):
            continue
        told = ["" if cell is None else ", ".join(["=", *cell.rules]) for cell in cells]
        lines.append(f"| `{op}` | {' | '.join(told)} |")
    lines += ["", *(f"- {letter}: {rule.told}." for letter, rule in RULES.items())]
    return "\n".join(lines)


if __name__ == "__main__":
    print(table())
