"""Groups of a store that hold an image's levels: found, made, and what is written in them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from numbapool.errors import PoolValueError, shown
from numbapool.stores.ngff import GUESSED, VERSIONS, Dict, Image, image_of, plain_image
from numbapool.stores.opened import Layout, Source, is_zarr, opened, zarr_module

HALF_MADE = ".numbapool-levels"
"""Where parts of levels lie until a whole chunk of them is known."""


class Found(NamedTuple):
    """An image to make levels of."""

    group: Any
    """The group that holds it; None for an array in no group."""
    image: Image
    base: Source
    """Level 0."""


def found_image(given: Any, axes: Sequence[str] | None) -> Found:
    """Return the image of a group, or of an array that lies in a group, or alone.

    Raises
    ------
    PoolValueError
        For a group of several arrays of which none is known to be level 0, and for an array that
        is a level other than 0.
    """
    group = group_at(given)
    if group is not None:
        image = image_of(group.attrs)
        if image is None:
            arrays = sorted(name for name, _ in group.arrays())
            if len(arrays) != 1:
                opened(given)  # says what is there
            return named(group, Source(group[arrays[0]]), arrays[0], axes)
        if axes is not None:
            raise PoolValueError("the image names its axes itself: leave out axes")
        if image.path not in group:
            raise PoolValueError(f"level 0 of {shown(given)} is missing: it has no {image.path}")
        return Found(group, image, Source(group[image.path]))
    base = Source(given)
    parent, path = parent_of(base.array)
    if parent is None:
        return named(None, base, "0", axes)
    image = image_of(parent.attrs)
    if image is None:
        return named(parent, base, path, axes)
    if image.path != path:
        raise PoolValueError(f"{path} is not level 0 of its image, which is {image.path}")
    return Found(parent, image, base)


def named(group: Any, base: Source, path: str, axes: Sequence[str] | None) -> Found:
    """Return the image of an array that no metadata describe."""
    count = len(base.shape)
    metadata = getattr(base.array, "metadata", None)
    names = axes or getattr(metadata, "dimension_names", None)
    if names is None or (axes is None and not set(names) <= set("tczyx")):
        names = GUESSED.get(count, "")
    if len(names) != count:
        raise PoolValueError(
            f"the array has {count} axes, so axes must name as many, as 'zyx', not {shown(names)}"
        )
    version = "0.4" if getattr(metadata, "zarr_format", 3) == 2 else "0.5"
    holder = base.name if group is None else str(group.store_path)
    place = "" if holder.startswith("memory:") else holder.partition("://")[2] or holder
    name = place.rstrip("/").rpartition("/")[2].partition(".")[0]
    return Found(group, plain_image(version, path, names, name or "image"), base)


def group_at(given: Any) -> Any:
    """Return the group that is given, or that lies at a path or in a store; None for an array."""
    if isinstance(given, np.ndarray) or hasattr(given, "shape"):
        return None
    if is_zarr(given) and hasattr(given, "arrays"):
        return reopened(given)
    if isinstance(given, str | Path) and str(given).lower().endswith(".npy"):
        return None
    zarr = zarr_module()
    with suppress(FileNotFoundError, TypeError, ValueError):
        return reopened(zarr.open_group(given, mode="r"))
    return None


def reopened(group: Any) -> Any:
    """Return a group by what its members say, not by what was gathered of them."""
    mode = "r" if group.store.read_only else "r+"
    return zarr_module().open_group(group.store, path=group.path, mode=mode, use_consolidated=False)


def parent_of(array: Any) -> tuple[Any, str]:
    """Return the group that an array lies in, and the array's name in it."""
    if not is_zarr(array):
        return None, ""
    zarr = zarr_module()
    above, _, name = str(array.path).rpartition("/")
    root = getattr(array.store, "root", None)
    with suppress(FileNotFoundError, TypeError, ValueError):
        if name:
            group = zarr.open_group(array.store, path=above, mode="r", use_consolidated=False)
            return group, name
        if isinstance(root, Path):
            group = zarr.open_group(root.parent, mode="r", use_consolidated=False)
            return group, root.name
    return None, ""


def writable(group: Any) -> Any:
    """Return a group to write to.

    Raises
    ------
    PoolValueError
        If its store is opened for reading only.
    """
    zarr = zarr_module()
    store = group.store
    if store.read_only:
        try:
            store = store.with_read_only(False)
        except (AttributeError, NotImplementedError, ValueError) as error:
            raise PoolValueError(f"{shown(store)} is opened for reading only: {error}") from None
    return zarr.open_group(store, path=group.path, mode="r+", use_consolidated=False)


def made_group(place: Any, version: str, overwrite: bool, resume: bool) -> Any:
    """Return a new group, or the one of an earlier run.

    Raises
    ------
    PoolValueError
        If there is something at the place already.
    """
    zarr = zarr_module()
    if resume:
        with suppress(FileNotFoundError):
            return writable(zarr.open_group(place, mode="r+", use_consolidated=False))
    try:
        return zarr.create_group(place, zarr_format=VERSIONS[version], overwrite=overwrite)
    except (zarr.errors.ContainsArrayError, zarr.errors.ContainsGroupError):
        raise PoolValueError(
            f"there is something at {shown(place)} already: remove it, give resume=True if it is "
            "half made, or overwrite=True"
        ) from None


def made_level(group: Any, path: str, level: Any, like: Any, layout: Layout, more: Dict) -> Any:
    """Return a new array in a group, of a level's shape and dtype, stored as another array is."""
    version = group.metadata.zarr_format
    given: Dict = {"chunks": layout.chunks, "shards": layout.shards, **more}
    if version == 2:
        given["chunk_key_encoding"] = {"name": "v2", "separator": "/"}
        given.pop("dimension_names", None)
    if is_zarr(like) and like.metadata.zarr_format == version:
        given["compressors"] = like.compressors
    return group.create_array(path, shape=level.shape, dtype=level.dtype, **given)


def removed(group: Any, path: str) -> None:
    """Remove all that lies below a path of a group."""
    from zarr.core.sync import sync

    sync(group.store.delete_dir(f"{group.path}/{path}".lstrip("/")))


def is_gathered(group: Any) -> bool:
    """Say whether a copy of all members' metadata is kept with a group."""
    plain = zarr_module().open_group(group.store, path=group.path, mode="r")
    return plain.metadata.consolidated_metadata is not None


def put_attributes(group: Any, attributes: Dict, gathered: bool) -> None:
    """Write all attributes of a group, and the copy of all members' metadata if it has one."""
    zarr = zarr_module()
    group.attrs.put(attributes)
    if gathered:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that version 3 does not know of such copies yet
            zarr.consolidate_metadata(group.store, path=group.path or None)
