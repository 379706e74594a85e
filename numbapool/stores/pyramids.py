"""Make the levels of an image in a store, beside it or in a new group, with OME-NGFF's metadata."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from numbapool.errors import PoolTypeError, PoolValueError
from numbapool.operators import find
from numbapool.pooling.pool import Pool
from numbapool.reducers.dtypes import NaN
from numbapool.stores import groups, ngff
from numbapool.stores.chunked import grain_of, workers_for
from numbapool.stores.climb import Climb, Floor, Sizes, block_for
from numbapool.stores.home import Home
from numbapool.stores.ladder import Factors, ladder, products
from numbapool.stores.ngff import VERSIONS
from numbapool.stores.opened import Layout, Marks, Source, refuse_uneven, within
from numbapool.stores.regions import decided
from numbapool.windows.numbers import Ints, per_axis

__all__ = ["pyramid_into"]

KEEPS_LABELS = ("mode", "max", "min", "first")
"""The operators whose result is one of a window's elements."""

FORMATS = {1: "NCL", 2: "NCHW", 3: "NCDHW"}
"""The data formats whose last axes are those in space, by how many these are."""

LARGEST = 1 << 62
"""The most elements of a window along an axis: no axis has as many."""


class Levels(NamedTuple):
    """What a run made."""

    paths: tuple[str, ...]
    """Where the levels lie in the group, without level 0."""
    shapes: tuple[Sizes, ...]
    dtypes: tuple[Any, ...]
    factors: tuple[Sizes, ...]
    """By how much each level is smaller than level 0."""
    source: Sizes
    """The shape of level 0."""
    steps: int
    """Steps of the whole."""
    before: int
    """Steps that an earlier run had finished."""
    empty: int
    """Steps whose results a store gives without being written."""


def pyramid_into(
    source: Any,
    op: Any = "avg",
    levels: Any = "auto",
    factors: Factors = 2,
    *,
    target: Any = None,
    axes: Sequence[str] | None = None,
    ngff: str | None = None,
    ceil_mode: bool = True,
    nan: NaN = "propagate",
    nodata: float | None = None,
    min_count: float | None = None,
    chunks: Ints | None = None,
    shards: Ints | None = None,
    workers: int | None = None,
    memory: int | None = None,
    force: bool = False,
    overwrite: bool = False,
    resume: bool = False,
    dry_run: bool = False,
    progress: Callable[[int, int], Any] | None = None,
    **own: Any,
) -> Levels:
    """Make smaller levels of an image in a zarr group, which need not fit into memory.

    The levels are those of :func:`pool_pyramid`, to the bit, but for its axes: those in space are
    pooled, and each channel and time by itself. They are put beside level 0, which is only read,
    and then the group's OME-NGFF metadata say where they are. All other attributes stay.

    Parameters
    ----------
    source : zarr.Group, zarr.Array, numpy.memmap, path or store
        The image: a group with OME-NGFF metadata, or an array. An array that lies in no group needs
        a `target`.
    op : str, NumPy function or reducer, or a list of them
        As in :func:`pool_pyramid`. An image of labels takes mode, max, min and first.
    levels : int or "auto"
        How many levels to make; "auto" makes them until one chunk holds the last.
    factors : int, tuple of int, or list of these
        How many times smaller each level is than the one before. A number is for the axes in space
        whose elements lie closer than those of the others, until all are alike; a tuple has one
        number for each axis in space. A list has one of these for each level, and its last is for
        all further levels.
    target : path or store, optional
        Where a new group is made, with a copy of level 0; otherwise the image's own is added to.
    axes : str, optional
        The names of an array's axes, such as "cyx", if it does not have any.
    ngff : "0.4" or "0.5", optional
        The version of a new group; 0.4 is for zarr's format 2. By default that of the source.
    ceil_mode, nan, nodata, min_count, **own
        As in :func:`pool_pyramid`.
    chunks, shards : int or tuple of int, optional
        The sizes of chunks and shards, for each axis; by default those of level 0.
    workers, memory, resume, dry_run, progress
        As in :func:`pool_into`.
    force : bool
        Whether an image of labels may be pooled by an operator that makes numbers of its own.
    overwrite : bool
        Whether levels that are there already are made anew.

    Returns
    -------
    Levels
        The new levels' paths, shapes and factors.

    Raises
    ------
    PoolStepsError, PoolValueError
        As :func:`pool_into`, and if there are levels already, or the source is in no group.

    Examples
    --------
    >>> import tempfile, numpy as np, numbapool as nbp
    >>> folder = tempfile.TemporaryDirectory()
    >>> made = nbp.pyramid_into(np.zeros((64, 64)), levels=2, target=f"{folder.name}/a.zarr")
    >>> made.paths, made.shapes
    (('1', '2'), ((32, 32), (16, 16)))
    >>> folder.cleanup()
    """
    found = groups.found_image(source, axes)
    layout = layout_of(found.base, chunks, shards)
    refuse_blends(found.image, op, force)
    home = Home(found, target, ngff, overwrite, resume)
    totals, steps = rungs_of(found, (op, levels, factors), layout, ceil_mode)
    more = {"nan": nan, "nodata": nodata, "min_count": min_count, **own}
    pools = pools_of(op, totals, steps, {"ceil_mode": ceil_mode, **more})
    floors = floors_of(found.base, home, pools, totals, layout)
    block, count = block_for(floors, chunks_read(found.base), workers_for(workers), memory)
    home.look(floors)
    if dry_run:
        return made_of(floors, Climb(Marks(None), found.base, floors, block, None))
    home.open(floors)
    plan = [*map(repr, pools), found.base.name, found.base.shape, str(found.base.dtype)]
    plan += [totals, layout, home.version]
    digest = hashlib.sha256(repr(plan).encode()).hexdigest()[:32]
    block = (grain_of(home.marks, digest) if resume else None) or block
    climb = Climb(home.marks, found.base, floors, block, progress)
    climb.begin(f"{digest}-{'x'.join(map(str, block))}", resume)
    home.make(floors, block)
    climb.climb(count, memory)
    home.finish(floors, *told(op, more))
    return made_of(floors, climb)


def made_of(floors: list[Floor], climb: Climb) -> Levels:
    """Return what a run made."""
    made = floors[1:]
    return Levels(
        tuple(floor.path for floor in made),
        tuple(floor.shape for floor in made),
        tuple(floor.dtype for floor in made),
        tuple(floor.total for floor in made),
        floors[0].shape,
        climb.steps,
        climb.before,
        climb.empty,
    )


def layout_of(base: Source, chunks: Ints | None, shards: Ints | None) -> Layout:
    """Return how new levels are stored."""
    count = len(base.shape)
    chunked_ = None if chunks is None else per_axis(chunks, count, "chunks", 1)
    sharded = None if shards is None else per_axis(shards, count, "shards", 1)
    if chunked_ is None:
        held = getattr(base.array, "chunks", None)
        chunked_ = held or tuple(min(size, 256) if n else 1 for n, size in enumerate(base.shape))
        sharded = sharded or getattr(base.array, "shards", None)
    made = Layout(tuple(max(1, size) for size in chunked_), sharded)
    refuse_uneven(made)
    return made


def refuse_blends(image: ngff.Image, op: Any, force: bool) -> None:
    """Raise if labels are to be blended."""
    ops = op if isinstance(op, list) else [op]
    names = [find(each).name for each in ops]
    wrong = [name for name in names if name not in KEEPS_LABELS]
    if image.label and wrong and not force:
        raise PoolValueError(
            f"the image holds labels, and {wrong[0]} makes numbers that are no labels: give "
            f"op='mode', or one of {', '.join(KEEPS_LABELS[1:])}, or force=True"
        )


def rungs_of(
    found: groups.Found, asked: tuple[Any, Any, Factors], layout: Layout, ceil_mode: bool
) -> tuple[list[Sizes], list[Sizes]]:
    """Return the factors between level 0 and each level, and between it and the level before."""
    op, levels, factors = asked
    image, base = found.image, found.base
    count, space = len(base.shape), image.space
    if not 1 <= len(space) <= 3 or space[-1] != count - 1 or space[0] != count - len(space):
        raise PoolValueError(
            f"the axes {', '.join(image.names)} must end with one to three in space, such as z, y, "
            "x: only those are pooled"
        )
    if isinstance(op, list):
        if levels not in ("auto", len(op)):
            raise PoolValueError(f"a chain of {len(op)} operators makes {len(op)} levels")
        levels = len(op)
    own, _ = ngff.place_of(image.multiscale["datasets"][0], count)
    common, _ = ngff.place_of({"path": "all", **image.multiscale}, count)
    scale = [a * b for a, b in zip(own, common, strict=True)]
    first = space[0]
    chunk = (layout.chunks or ())[first:]
    made = ladder(levels, factors, base.shape[first:], scale[first:], chunk, ceil_mode)
    return products(made, count), made


def pools_of(
    op: Any, totals: list[Sizes], steps: list[Sizes], more: dict[str, Any]
) -> list[tuple[Pool, bool]]:
    """Return each level's pooling, and whether it pools level 0 and not the level before."""
    made = []
    ops = op if isinstance(op, list) else [op] * len(steps)
    for each, total, step in zip(ops, totals, steps, strict=False):
        nested = not isinstance(op, list) and find(each).nests
        sizes = total[-len(step) :] if nested else step
        window = tuple(min(size, LARGEST) for size in sizes)
        made.append((Pool(each, window, data_format=FORMATS[len(step)], **more), nested))
    return made


def floors_of(
    base: Source, home: Home, pools: list[tuple[Pool, bool]], totals: list[Sizes], layout: Layout
) -> list[Floor]:
    """Return level 0 and all levels above."""
    paths = home.paths(len(pools))
    ones = (1,) * len(base.shape)
    chunks, shards = layout.chunks, layout.shards if VERSIONS[home.version] == 3 else None

    def stored(shape: Sizes) -> Layout:
        return within(chunks, shards, shape)

    first = Floor(paths[0], base.shape, base.dtype, ones, None, False, stored(base.shape))
    first.written = home.is_new
    floors = [first]
    for path, total, (pool, nested) in zip(paths[1:], totals, pools, strict=True):
        below = floors[0 if nested else -1]
        of = decided(pool, below.shape, below.dtype)
        if len(of.outs) != 1:
            raise PoolTypeError("a pyramid has no return_indices: its levels pool values")
        floors.append(Floor(path, of.shape, of.outs[0], total, of, nested, stored(of.shape)))
    return floors


def chunks_read(base: Source) -> Sizes:
    """Return the least part of level 0 that is read as a whole."""
    chunks = getattr(base.array, "chunks", None)
    return tuple(map(int, chunks)) if chunks else (1,) * len(base.shape)


def told(op: Any, more: dict[str, Any]) -> tuple[str, ngff.Dict]:
    """Return what the metadata say of how the levels were made."""
    ops = op if isinstance(op, list) else [op]
    names = [find(each).name for each in ops]
    said = {name: value for name, value in more.items() if isinstance(value, int | float | str)}
    method = {
        "method": "numbapool.pyramid_into",
        "version": str(sys.modules["numbapool"].__version__),
        "kwargs": {"op": names if isinstance(op, list) else names[0], **said},
    }
    return "-".join(names), method
