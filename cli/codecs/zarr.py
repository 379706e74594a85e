"""Stores of Zarr: folders that hold an array in chunks, or groups of such arrays."""

import os
from importlib.util import find_spec
from typing import Any

from ..exits import AskedWrong, FileError
from ..job import Reading
from .axes import data_format
from .extra import ZARR
from .raster import Form

_SHOWN = 12  # names in a message


def refuse_no_zarr() -> None:
    """Refuse if the package that reads and writes stores is not installed."""
    if find_spec("zarr") is None:
        raise FileError(f"stores of Zarr are read and written with an extra: {ZARR}")


def open_array(path: str, component: str | None = None) -> Any:
    """Return the array of a store: the one that `component` names, or its only one."""
    found = opened(path, component)
    if not hasattr(found, "members"):
        return found
    arrays = arrays_of(found)
    if len(arrays) == 1:
        return next(iter(arrays.values()))
    if not arrays:
        raise FileError("it is a group without arrays")
    more = f" and {len(arrays) - _SHOWN} more" if len(arrays) > _SHOWN else ""
    prefix = f"{component}/" if component else ""
    names = ", ".join(f"{prefix}{name}" for name in list(arrays)[:_SHOWN])
    raise AskedWrong(f"it is a group of arrays: give one with --component, of {names}{more}")


def opened(path: str, component: str | None = None) -> Any:
    """Return the array or group of a store, or what `component` names in it."""
    refuse_no_zarr()
    import zarr

    try:
        return zarr.open(os.path.abspath(path), mode="r", path=component)  # noqa: PTH100
    except FileNotFoundError as error:
        if component is None:
            raise FileError("it is a folder without an array of Zarr") from error
        raise AskedWrong(_lacks(path, component)) from error
    except Exception as error:
        text = " ".join(str(error).split())
        raise FileError(f"its metadata cannot be read: {type(error).__name__}: {text}") from error


def _lacks(path: str, component: str) -> str:
    """Return that a store has no such component, and which it has."""
    whole = opened(path)
    names = arrays_of(whole) if hasattr(whole, "members") else ()
    has = f"; it has {', '.join(list(names)[:_SHOWN])}" if names else "; it is one array"
    return f"it has no component {component!r}{has}"


def arrays_of(group: Any) -> dict[str, Any]:
    """Return the arrays of a group and of the groups in it, by their paths."""
    members = group.members(max_depth=None)
    return {name: each for name, each in sorted(members) if not hasattr(each, "members")}


def form_of(array: Any, reading: Reading) -> Form:
    """Return an array's form, with its axes."""
    shape = tuple(map(int, array.shape))
    return Form(shape, array.dtype, data_format(shape, reading))
