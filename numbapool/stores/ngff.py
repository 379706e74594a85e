"""OME-NGFF's multiscales, versions 0.4 and 0.5, read and written as plain dicts.

A multiscale lists the levels of an image: where each lies in its group, how far apart its elements
are (its scale), and where its first one lies (its translation).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from numbapool.errors import PoolValueError, shown

Dict: TypeAlias = dict[str, Any]
Numbers: TypeAlias = tuple[float, ...]

VERSIONS = {"0.4": 2, "0.5": 3}
"""The versions that are written, and the format of zarr that each is for."""

OF_NGFF = ("multiscales", "omero", "image-label", "labels", "plate", "well")
"""The attributes that version 0.5 keeps under `ome`, and version 0.4 beside all others."""

KINDS = {"t": "time", "c": "channel", "z": "space", "y": "space", "x": "space"}
"""The kinds of axes by their names."""

GUESSED = {1: "x", 2: "yx", 3: "zyx", 4: "czyx", 5: "tczyx"}
"""The axes of an array that names none, by how many it has."""


class Image(NamedTuple):
    """What a group's attributes say of its image."""

    version: str
    multiscale: Dict
    others: list[Dict]
    """Further multiscales, which stay as they are."""
    label: bool
    """Whether the image's numbers are labels."""

    @property
    def path(self) -> str:
        """Where level 0 lies in the group."""
        return str(self.multiscale["datasets"][0]["path"])

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the axes."""
        return tuple(str(each["name"]) for each in self.multiscale["axes"])

    @property
    def space(self) -> tuple[int, ...]:
        """The numbers of the axes in space."""
        axes = enumerate(self.multiscale["axes"])
        return tuple(n for n, each in axes if each.get("type", KINDS.get(each["name"])) == "space")


def image_of(attributes: Mapping[str, Any]) -> Image | None:
    """Return the image that a group's attributes describe, if they describe one.

    Raises
    ------
    PoolValueError
        If they are of a version that is not written here, or lack what a version must have.
    """
    ome = attributes.get("ome")
    held: Mapping[str, Any] = ome if isinstance(ome, Mapping) else attributes
    if not held.get("multiscales"):
        return None
    first, *others = held["multiscales"]
    version = str(held.get("version") if held is ome else first.get("version", "0.4"))
    if version not in VERSIONS:
        raise PoolValueError(
            f"its image is of OME-NGFF {version}: only {' and '.join(VERSIONS)} are known; "
            "ngff-zarr and ome-zarr-py convert others"
        )
    axes, datasets = first.get("axes"), first.get("datasets")
    if not axes or not datasets or not all(isinstance(each, Mapping) for each in axes):
        raise PoolValueError("its multiscales lack axes or datasets, so they are not valid")
    return Image(version, dict(first), list(others), "image-label" in held)


def axes_of(names: Sequence[str]) -> list[Dict]:
    """Return axes by their names.

    >>> axes_of("tx")
    [{'name': 't', 'type': 'time'}, {'name': 'x', 'type': 'space'}]
    """
    if len(set(names)) < len(names) or not all(name in KINDS for name in names):
        raise PoolValueError(
            f"axes must be different letters of tczyx, as 'zyx' or 'cyx', not {shown(names)}"
        )
    return [{"name": name, "type": KINDS[name]} for name in names]


def plain_image(version: str, path: str, names: Sequence[str], name: str) -> Image:
    """Return the image of an array of which nothing is known but its axes' names."""
    scale = {"type": "scale", "scale": [1.0] * len(names)}
    dataset = {"path": path, "coordinateTransformations": [scale]}
    made = {"name": name, "axes": axes_of(names), "datasets": [dataset]}
    return Image(version, made, [], False)


def place_of(dataset: Mapping[str, Any], count: int) -> tuple[Numbers, Numbers]:
    """Return the scale and the translation of a level along each of some axes.

    Raises
    ------
    PoolValueError
        If they are kept elsewhere, or not one for each axis.
    """
    scale, translation = (1.0,) * count, (0.0,) * count
    for each in dataset.get("coordinateTransformations", ()):
        kind = each.get("type")
        if kind == "identity":
            continue
        numbers = each.get(kind) if kind in ("scale", "translation") else None
        if not isinstance(numbers, Sequence) or len(numbers) != count:
            raise PoolValueError(
                f"level {dataset['path']} has the transformation {shown(dict(each))}: it must be a "
                f"scale or a translation of {count} numbers"
            )
        if kind == "scale":
            scale = tuple(map(float, numbers))
        else:
            translation = tuple(map(float, numbers))
    return scale, translation


def moved(
    scale: Sequence[float],
    translation: Sequence[float],
    kernel: Sequence[int],
    stride: Sequence[int],
    dilation: Sequence[int] | None = None,
    before: Sequence[int] | None = None,
) -> tuple[Numbers, Numbers]:
    """Return the scale and the translation of what windows keep: each lies at its window's middle.

    `before` is the padding in front of each axis.

    >>> moved((0.5,), (0.0,), (2,), (2,))
    ((1.0,), (0.25,))
    """
    gaps = dilation or (1,) * len(kernel)
    pads = before or (0,) * len(kernel)
    middles = (
        place + step * ((size - 1) * gap / 2 - pad)
        for place, step, size, gap, pad in zip(translation, scale, kernel, gaps, pads, strict=True)
    )
    return tuple(step * by for step, by in zip(scale, stride, strict=True)), tuple(middles)


def with_levels(
    image: Image, paths: Sequence[str], factors: Sequence[Sequence[int]], op: str, method: Dict
) -> Dict:
    """Return the multiscale of level 0 and of the levels that pool it.

    `factors` are those between level 0 and each level. An operator that keeps the first element of
    a window leaves the translation as it is.
    """
    count = len(image.names)
    base = image.multiscale["datasets"][0]
    scale, translation = place_of(base, count)
    datasets = [base]
    for path, by in zip(paths, factors, strict=True):
        sizes = (1,) * count if op == "first" else by
        steps, places = moved(scale, translation, sizes, by)
        transformations: list[Dict] = [
            {"type": "scale", "scale": list(steps)},
            {"type": "translation", "translation": list(places)},
        ]
        datasets.append({"path": path, "coordinateTransformations": transformations})
    kind = "mean" if op == "avg" else op
    return {**image.multiscale, "datasets": datasets, "type": kind, "metadata": method}


def attributes_of(attributes: Mapping[str, Any], version: str, multiscales: Sequence[Dict]) -> Dict:
    """Return a group's attributes with other multiscales, in a version: all others stay."""
    ome = attributes.get("ome")
    held = {key: value for key, value in attributes.items() if key in OF_NGFF}
    rest = {key: value for key, value in attributes.items() if key not in (*OF_NGFF, "ome")}
    if isinstance(ome, Mapping):
        held.update(ome)
    held["multiscales"] = [dict(each) for each in multiscales]
    if version == "0.5":
        for each in held["multiscales"]:
            each.pop("version", None)
        return {**rest, "ome": {**held, "version": version}}
    held.pop("version", None)
    held["multiscales"] = [{"version": version, **each} for each in held["multiscales"]]
    return {**rest, **held}
