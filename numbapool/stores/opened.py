"""Arrays on a disk or in a store: zarr arrays, and NumPy's files, opened, made and marked.

A mark is a small file beside an array that is being made: its plan, or a step that is finished.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from numbapool.errors import PoolImportError, PoolTypeError, PoolValueError, shown
from numbapool.inputs import Array
from numbapool.stores.regions import Slices

MARKS = ".numbapool"
"""The folder of marks."""


def zarr_module() -> Any:
    """Return zarr.

    Raises
    ------
    PoolImportError
        If it is not installed.
    """
    try:
        import zarr
    except ImportError:
        raise PoolImportError(
            "zarr is not installed: pip install 'numbapool[zarr]' installs it"
        ) from None
    return zarr


def is_zarr(x: Any) -> bool:
    """Say whether an object is one of zarr's, without importing zarr."""
    return type(x).__module__.partition(".")[0] == "zarr"


def is_npy(place: Any) -> bool:
    """Say whether a path names a file of NumPy."""
    return isinstance(place, str | Path) and str(place).lower().endswith(".npy")


class Source:
    """An array to read from."""

    def __init__(self, given: Any) -> None:
        self.array = opened(given)
        self.shape = tuple(map(int, self.array.shape))
        self.dtype = np.dtype(self.array.dtype)
        stored = is_zarr(self.array)
        self.name = str(self.array.store_path if stored else getattr(self.array, "filename", ""))

    def read(self, part: Slices) -> Array:
        """Return a part of the array; of a part that holds no chunk, the fill value."""
        if self.is_empty(part):
            sizes = [each.stop - each.start for each in part]
            fill = self.array.fill_value
            return np.full(sizes, 0 if fill is None else fill, self.dtype)
        return np.asarray(self.array[part])

    def is_empty(self, part: Slices) -> bool:
        """Say whether a store holds no chunk of a part: zarr reads its fill value."""
        if not is_zarr(self.array):
            return False
        return not any_held(self.array, places_of(part, unit_of(self.array)))

    def broken(self, part: Slices) -> str:
        """Return the key of the first chunk of a part that cannot be read, or ""."""
        if not is_zarr(self.array):
            return ""
        unit = unit_of(self.array)
        for place in places_of(part, unit):
            chunk = (slice(n * size, (n + 1) * size) for n, size in zip(place, unit, strict=True))
            try:
                self.array[tuple(chunk)]
            except Exception:
                return str(self.array.metadata.encode_chunk_key(place))
        return ""


def opened(given: Any) -> Any:
    """Return the array that is given, or that lies at a path or in a store.

    Raises
    ------
    PoolTypeError, PoolValueError
        For what is no array, a group of arrays, and a path with nothing there.
    """
    if isinstance(given, np.ndarray):
        return given
    if is_npy(given):
        try:
            return np.load(given, mmap_mode="r")
        except FileNotFoundError:
            raise PoolValueError(f"there is no file {given}") from None
    found = given
    if not (is_zarr(given) and hasattr(given, "shape")) and not hasattr(given, "arrays"):
        zarr = zarr_module()
        try:
            found = zarr.open(given, mode="r")
        except FileNotFoundError:
            raise PoolValueError(f"there is no zarr array at {shown(given)}") from None
        except (TypeError, ValueError) as error:
            raise PoolTypeError(
                f"the source must be a zarr array, a NumPy array or a path to one, not "
                f"{shown(given)}: {error}"
            ) from None
    if hasattr(found, "arrays"):
        names = ", ".join(sorted(name for name, _ in found.arrays())) or "none of its own"
        raise PoolValueError(f"{shown(given)} is a group of arrays: give one of {names}")
    return found


def unit_of(array: Any) -> tuple[int, ...]:
    """Return the sizes of what a store keeps under one key: of chunks, or of shards."""
    return tuple(map(int, array.shards or array.chunks))


def places_of(part: Slices, unit: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Yield the places of the chunks, or shards, that a part touches."""
    ranges = (
        range(each.start // size, -(-each.stop // size))
        for each, size in zip(part, unit, strict=True)
    )
    return product(*ranges)


def any_held(array: Any, places: Any) -> bool:
    """Say whether a store holds a chunk, or a shard, at any of some places."""
    from zarr.core.sync import sync

    async def held() -> bool:
        for place in places:
            key = array.metadata.encode_chunk_key(place)
            if await array.store.exists(f"{array.path}/{key}".strip("/")):
                return True
        return False

    return bool(sync(held()))


def unmade(place: Any, shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    """Return what stands for a target that is not to be made: it has its shape and chunks."""
    if is_npy(place):
        return np.broadcast_to(np.empty((), dtype), shape)
    return place if is_zarr(place) else {}


class Layout(NamedTuple):
    """How a new array is stored."""

    chunks: tuple[int, ...] | None = None
    shards: tuple[int, ...] | None = None


def refuse_uneven(layout: Layout) -> None:
    """Raise if chunks do not divide shards."""
    if layout.chunks is None or layout.shards is None:
        return
    if any(shard % chunk for chunk, shard in zip(layout.chunks, layout.shards, strict=True)):
        raise PoolValueError(
            f"chunks of {layout.chunks} do not divide shards of {layout.shards}: a shard holds "
            "whole chunks"
        )


def within(
    chunks: tuple[int, ...] | None, shards: tuple[int, ...] | None, shape: tuple[int, ...]
) -> Layout:
    """Return chunks, and shards of whole chunks, that reach no further than an array does."""
    if chunks is None:
        return Layout(None, shards)
    sizes = [max(size, 1) for size in shape]
    least = tuple(map(min, chunks, sizes))
    if shards is None:
        return Layout(least)
    most = (-(-size // chunk) * chunk for chunk, size in zip(least, sizes, strict=True))
    return Layout(least, tuple(map(min, shards, most)))


def made_zarr(
    place: Any, shape: tuple[int, ...], dtype: np.dtype[Any], source: Any, layout: Layout
) -> Any:
    """Return a new zarr array, stored as the source is unless the layout says otherwise."""
    zarr = zarr_module()
    more: dict[str, Any] = {}
    chunks, shards = layout
    if is_zarr(source):
        more = {"zarr_format": source.metadata.zarr_format, "compressors": source.compressors}
        alike = len(source.shape) == len(shape)
        names = getattr(source.metadata, "dimension_names", None)
        if alike and names is not None:
            more["dimension_names"] = names
        if alike and chunks is None:
            chunks = source.chunks
            shards = source.shards if shards is None else shards
            refuse_uneven(Layout(chunks, shards))
    chunks, shards = within(chunks, shards, shape)
    kind = {"chunks": chunks or "auto", "shards": shards, "fill_value": 0}
    try:
        return zarr.create_array(place, shape=shape, dtype=dtype, **kind, **more)
    except zarr.errors.ContainsArrayError:
        raise PoolValueError(
            f"there is an array at {shown(place)} already: remove it, or give resume=True if it "
            "is half made"
        ) from None


class Marks:
    """The marks beside an array, as files in a folder or as keys of a store."""

    def __init__(self, place: Any) -> None:
        self.place = place

    def names(self) -> set[str]:
        """Return the names of all marks."""
        if isinstance(self.place, Path):
            return {path.name for path in self.place.glob("*.mark")}
        from zarr.core.sync import sync

        async def listed() -> set[str]:
            found = set()
            with suppress(FileNotFoundError):
                async for key in self.place.store.list_prefix(self._key("")):
                    found.add(key.rpartition("/")[2])
            return found

        return set(sync(listed()))

    def put(self, name: str) -> None:
        """Make a mark."""
        if isinstance(self.place, Path):
            self.place.mkdir(parents=True, exist_ok=True)
            (self.place / name).touch()
            return
        from zarr.core.buffer import default_buffer_prototype
        from zarr.core.sync import sync

        made = default_buffer_prototype().buffer.from_bytes(b"done")
        sync(self.place.store.set(self._key(name), made))

    def has(self, name: str) -> bool:
        """Say whether there is a mark."""
        if isinstance(self.place, Path):
            return (self.place / name).exists()
        from zarr.core.sync import sync

        return bool(sync(self.place.store.exists(self._key(name))))

    def clear(self) -> None:
        """Remove all marks."""
        if isinstance(self.place, Path):
            for path in self.place.glob("*.mark"):
                path.unlink()
            with suppress(OSError):  # a half-made file is there
                self.place.rmdir()
            return
        from zarr.core.sync import sync

        for name in self.names():
            sync(self.place.store.delete(self._key(name)))
        root = getattr(self.place.store, "root", None)
        if isinstance(root, Path):
            with suppress(OSError):
                (root / self.place.path / MARKS).rmdir()

    def _key(self, name: str) -> str:
        return f"{self.place.path}/{MARKS}/{name}".lstrip("/")


class Target:
    """An array to write to, in whole chunks or shards."""

    def __init__(
        self,
        place: Any,
        shape: tuple[int, ...],
        dtype: np.dtype[Any],
        source: Any,
        layout: Layout,
        resume: bool,
    ) -> None:
        self.final: Path | None = None
        if is_npy(place):
            self.final = Path(place)
            folder = self.final.with_name(f"{MARKS}-{self.final.name}")
            self.marks, half = Marks(folder), folder / "half.npy"
            if self.final.exists():
                raise PoolValueError(f"there is a file {place} already: remove it first")
            folder.mkdir(parents=True, exist_ok=True)
            if not resume:
                half.unlink(missing_ok=True)
            self.half = half
            if half.exists():
                self.array = np.load(half, mmap_mode="r+")
            else:
                self.array = np.lib.format.open_memmap(half, "w+", dtype, shape)
        elif is_zarr(place) and hasattr(place, "shape"):
            self.array, self.marks = place, Marks(place)
        elif isinstance(place, np.ndarray):
            self.array, self.marks = place, Marks(Path())
        else:
            self.array = self._reopened(place) if resume else None
            if self.array is None:
                self.array = made_zarr(place, shape, dtype, source, layout)
            self.marks = Marks(self.array)
        self._check(shape, dtype)

    def _reopened(self, place: Any) -> Any:
        """Return the array of an earlier run, if there is one."""
        try:
            return zarr_module().open_array(place, mode="r+")
        except FileNotFoundError:
            return None

    def _check(self, shape: tuple[int, ...], dtype: np.dtype[Any]) -> None:
        """Raise if the array cannot hold the results."""
        if self.array.dtype != dtype:
            raise PoolTypeError(f"the target has dtype {self.array.dtype}, the results {dtype}")
        if tuple(self.array.shape) != shape:
            raise PoolValueError(f"the target has shape {self.array.shape}, the results {shape}")

    @property
    def unit(self) -> tuple[int, ...]:
        """The least part that is written as a whole."""
        shape = tuple(map(int, self.array.shape))
        if not is_zarr(self.array):
            return tuple(1 if n < len(shape) - 1 else max(size, 1) for n, size in enumerate(shape))
        return unit_of(self.array)

    def write(self, part: Slices, results: Array) -> bool:
        """Write a part, unless a new array reads so without it; return whether it was written."""
        if is_zarr(self.array):
            fill = self.array.fill_value
            same = fill is not None and bool((results == fill).all())
            if same and not any_held(self.array, places_of(part, self.unit)):
                return False
        self.array[part] = results
        return True

    def finish(self) -> None:
        """Remove the marks, and put a file of NumPy where it belongs."""
        if self.final is not None:
            self.array.flush()
            del self.array
            self.half.replace(self.final)
        self.marks.clear()


def described(array: Any) -> Sequence[Any]:
    """Return what a plan says of an array."""
    if not is_zarr(array):
        return tuple(array.shape), str(array.dtype)
    return tuple(array.shape), str(array.dtype), array.chunks, array.shards
