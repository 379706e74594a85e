"""Describe the arrays of a store from their metadata alone."""

from typing import Any

from ..codecs.axes import data_format
from ..codecs.raster import Form
from ..codecs.zarr import arrays_of, opened
from ..exits import FileError
from ..job import Reading
from .facts import Facts, Part

_SHOWN = 40  # arrays of a group


def inspect_store(source: str, reading: Reading) -> Facts:
    """Read the metadata of a store."""
    found = opened(source, reading.component)
    group = hasattr(found, "members")
    arrays = arrays_of(found) if group else {"": found}
    kind = f"Zarr version {found.metadata.zarr_format}"
    rows = [("format", f"{kind}, a group of {len(arrays)} arrays" if group else kind)]
    parts = []
    for name, array in list(arrays.items())[:_SHOWN]:
        form = _form(array, reading)
        parts.append(Part(form, name))
        rows += _rows(name, array, form)
    if len(arrays) > _SHOWN:
        rows.append(("", f"and {len(arrays) - _SHOWN} more arrays"))
    dtypes = dict.fromkeys(part.form.dtype.name for part in parts)
    return Facts("ZARR", tuple(parts), " ".join(dtypes), "", tuple(rows))


def _form(array: Any, reading: Reading) -> Form:
    shape = tuple(map(int, array.shape))
    try:
        layout = data_format(shape, reading)
    except FileError:
        if reading.data_format:
            raise
        layout = ""
    return Form(shape, array.dtype, layout)


def _rows(name: str, array: Any, form: Form) -> list[tuple[str, str]]:
    told = f"shape {form.shape}, {form.dtype.name}, {form.nbytes:,} bytes"
    rows = [(name or "array", told + ("" if form.data_format else " (needs --data-format)"))]
    shards = f" in shards of {_sizes(array.shards)}" if array.shards else ""
    rows.append(("", f"chunks of {_sizes(array.chunks)}{shards}, {_compressed(array)}"))
    axes = getattr(array.metadata, "dimension_names", None)
    if axes and all(axes):
        rows.append(("", f"axes {', '.join(axes)}"))
    return rows


def _sizes(sizes: tuple[int, ...]) -> str:
    return "x".join(map(str, sizes))


def _compressed(array: Any) -> str:
    """Return by what chunks are compressed: the codecs' names."""
    names = []
    for codec in array.compressors:
        told = codec.get_config() if hasattr(codec, "get_config") else codec.to_dict()
        inner = told.get("configuration", {}) or {}
        names.append(str(inner.get("cname") or told.get("id") or told.get("name")))
    return " and ".join(names) if names else "not compressed"
