"""Any part of a result, from the part of the input that its windows read, the same to the bit.

A pooling is decided for the whole array: where all windows lie, what they keep, and which loop adds
up their elements. A region takes some of these windows and moves them to the slab that they read.
So paddings, divisors, sizes of windows and the order of additions are those of the whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import product
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from numbapool.errors import PoolTypeError
from numbapool.inputs import Array
from numbapool.pooling.bordered import Bordered
from numbapool.pooling.least import Chosens, call_for, chosen_for
from numbapool.pooling.planners import Chosen, Placed, Request, Windows, plan_of
from numbapool.pooling.pool import Pool, known_dtype
from numbapool.records import dataclass
from numbapool.windows.borders import Stretch, true_places
from numbapool.windows.numbers import whole_numbers
from numbapool.windows.weighted import WeightedAxis
from numbapool.windows.window import Whole, Window

Box: TypeAlias = tuple[tuple[int, int], ...]
"""The first along each axis, and one past the last."""

Slices: TypeAlias = tuple[slice, ...]

Read: TypeAlias = Callable[[Slices], Array]
"""A function that returns a part of the input."""

NEXT_ROWS = 3
"""How many rows past its windows a block is read, if there are so many: `running` joins four rows
at a time where four lie in the input."""

NO_PLACES = np.empty(0, np.int64)


def cut(axis: Any, first: int, stop: int, stride: int = 0) -> tuple[slice, Any]:
    """Return the elements that the windows [first, stop) read, and an axis of just these windows.

    `stride` is that of the windows if the axis has no inner window, and so does not tell it.

    >>> from numbapool.windows.axes import sliding
    >>> read, part = cut(sliding(10, 3, 2, (1, 1)), 2, 4)
    >>> read, part.size, part.out, part.before
    (slice(3, 8, None), 5, 2, 0)
    """
    if isinstance(axis, WeightedAxis):
        return cut_weighted(axis, first, stop)
    count, step = stop - first, axis.step or stride
    at = np.arange(first, stop)
    inner = (at >= axis.lo) & (at < axis.hi)
    table = np.empty((count, 3), np.int64)
    table[inner, 0] = at[inner] * step - axis.before
    table[inner, 1:] = axis.taps
    others = at[~inner]
    table[~inner] = axis.borders[np.where(others < axis.lo, others, others - axis.hi + axis.lo)]
    held = table[:, 1] > 0
    begin, end = 0, min(1, axis.size)
    if held.any():
        begin = int(table[held, 0].min())
        end = int((table[held, 0] + (table[held, 1] - 1) * axis.dilation).max()) + 1
    table[held, 0] -= begin
    lo, hi = (int(np.clip(edge - first, 0, count)) for edge in (axis.lo, axis.hi))
    if lo == hi:
        lo = hi = count
    before = axis.before + begin - first * step
    made = replace(
        axis, size=end - begin, out=count, before=before, lo=lo, hi=hi, borders=table[~inner]
    )
    return slice(begin, end), made


def cut_weighted(axis: WeightedAxis, first: int, stop: int) -> tuple[slice, WeightedAxis]:
    """Return the elements that some windows read, and an axis of just these windows."""
    here = slice(first, stop)
    start, count = axis.start[here], axis.count[here]
    held = count > 0
    begin = int(start[held].min()) if held.any() else 0
    end = int((start + count)[held].max()) if held.any() else min(1, axis.size)
    start = np.where(held, start - begin, 0)
    made = replace(axis, size=end - begin, start=start, count=count, weights=axis.weights[here])
    return slice(begin, end), made


class Field(NamedTuple):
    """Windows that one loop pools, and the array that they read: elements of the input."""

    box: Box
    """The windows among all, for which this field answers."""
    origin: tuple[int, ...]
    """The window that the axes count from."""
    stretches: tuple[Stretch, ...]
    """The elements of the input along each spatial axis of the array."""
    windows: Windows
    chosens: Chosens
    together: int
    """How many windows down the rows begin in steps of whole blocks."""

    @property
    def placed(self) -> Placed:
        """Where the windows lie."""
        return self.chosens[0].placed


class Piece(NamedTuple):
    """A part of a region that one loop pools."""

    box: Box
    """Which of the region's results these are, along the spatial axes."""
    stretches: tuple[Stretch, ...]
    """The elements of the input that are read along each spatial axis."""
    skipped: int
    """How many windows down the rows are pooled before the first that is wanted."""
    call: Any


@dataclass(frozen=True, eq=False)
class Region:
    """A part of a pooling's results, and what it reads."""

    of: Decided
    windows: Box
    """The results along each of their axes."""
    pieces: tuple[Piece, ...]

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of these results."""
        return tuple(stop - first for first, stop in self.windows)

    @property
    def reads(self) -> Slices:
        """The least slab of the input that holds all elements that are read."""
        spans = [span_of([piece.stretches[n] for piece in self.pieces]) for n in self.of.axes]
        return self.of.slices(self.windows, spans)

    @property
    def results(self) -> Slices:
        """Where these results lie among all."""
        return tuple(slice(*each) for each in self.windows)

    def pool(self, read: Read) -> tuple[Array, ...]:
        """Return the results; `read` returns a part of the input for a slice per axis."""
        outs: tuple[Array, ...] = ()
        for piece in self.pieces:
            slab = self.of.gathered(read, self.windows, piece.stretches)
            results = self.of.true(piece.call.fresh(slab), piece)
            if len(self.pieces) == 1:
                return results
            outs = outs or tuple(np.empty(self.shape, each.dtype) for each in results)
            for out, result in zip(outs, results, strict=True):
                out[self.of.at(piece.box)] = result
        return outs


@dataclass(frozen=True, eq=False)
class Decided:
    """A pooling of arrays of one shape and dtype, any part of which can be pooled by itself."""

    source: tuple[int, ...]
    """The input's shape."""
    shape: tuple[int, ...]
    """The results' shape."""
    dtype: np.dtype[Any]
    outs: tuple[np.dtype[Any], ...]
    request: Request
    fields: tuple[Field, ...]
    outside: Any = None
    """The number that stands outside the input, if one does."""

    @property
    def placed(self) -> Placed:
        """Where the windows of the first field lie; its layout's ends are those of the input."""
        return self.fields[0].placed

    @property
    def first(self) -> int:
        """The first spatial axis of the input and of the results."""
        return len(self.placed.layout.lead)

    @property
    def whole(self) -> bool:
        """Whether one window holds all spatial axes."""
        return isinstance(self.fields[0].windows, Whole)

    @property
    def axes(self) -> range:
        """The numbers of the spatial axes whose windows can be cut."""
        return range(0 if self.whole else len(self.placed.axes))

    def region(self, windows: Sequence[tuple[int, int]]) -> Region:
        """Return the region of some results: the first along each axis, and one past the last.

        Channels that follow the spatial axes are always taken whole, since loops take them side by
        side.
        """
        box = list(windows)
        for n in range(len(box) - len(self.placed.layout.channels), len(box)):
            box[n] = (0, self.shape[n])
        wanted = tuple(box[self.first : self.first + len(self.axes)])
        lead = tuple(stop - first for first, stop in box[: self.first])
        found = (self._piece(field, wanted, lead) for field in self.fields)
        return Region(self, tuple(box), tuple(each for each in found if each is not None))

    def _piece(self, field: Field, wanted: Box, lead: tuple[int, ...]) -> Piece | None:
        """Return the part of a region that a field has."""
        both = zip(wanted, field.box, strict=True)
        box = tuple((max(a, c), min(b, d)) for (a, b), (c, d) in both)
        if any(first >= stop for first, stop in box):
            return None
        skipped, axes, stretches = 0, [], []
        for n, (first, stop) in enumerate(box):
            more, read, part = self._cut(field, n, first, stop)
            skipped += more
            axes.append(part)
            stretches.append(part_of(field.stretches[n], read))
        local = tuple(
            (first - wanted[n][0], stop - wanted[n][0]) for n, (first, stop) in enumerate(box)
        )
        chosens = tuple(self._parted(chosen, lead, axes) for chosen in field.chosens)
        call = call_for(chosens, self.dtype, field.windows, self.request, field.placed.axes)
        return Piece(local, tuple(stretches), skipped, call)

    def _cut(self, field: Field, n: int, first: int, stop: int) -> tuple[int, slice, Any]:
        """Return what a field's windows [first, stop) of an axis read, and the axis of these.

        Before them comes how many windows are pooled before the first one.
        """
        axis, skipped = field.placed.axes[n], 0
        down = n == max(len(self.axes) - 2, 0)
        first, stop = first - field.origin[n], stop - field.origin[n]
        if down:
            skipped = first % field.together
            first -= skipped
        stride = field.windows.stride[n] if isinstance(field.windows, Window) else 0
        read, part = cut(axis, first, stop, stride)
        if down and field.together > 1:
            read = slice(read.start, min(read.stop + NEXT_ROWS, axis.size))
            part = replace(part, size=read.stop - read.start)
        return skipped, read, part

    def reads_along(self, n: int, first: int, stop: int) -> list[slice]:
        """Return parts of a spatial axis that hold all that the windows [first, stop) read."""
        parts = []
        for field in self.fields:
            start, end = max(first, field.box[n][0]), min(stop, field.box[n][1])
            if start < end:
                _, read, _ = self._cut(field, n, start, end)
                parts += parts_of(part_of(field.stretches[n], read))
        return parts

    def _parted(self, chosen: Chosen, lead: tuple[int, ...], axes: list[Any]) -> Chosen:
        """Return what is computed of a part: the whole's reduction along the part's axes."""
        layout, whole, shape = chosen.placed
        parts = tuple(axes) if axes else whole
        spatial = layout.spatial if not axes else tuple(axis.size for axis in parts)
        outs = tuple(axis.out for axis in axes) or shape[self.first : len(shape) - self.last]
        made = replace(layout, lead=lead, spatial=spatial)
        return chosen._replace(placed=Placed(made, parts, (*lead, *outs, *layout.channels)))

    @property
    def last(self) -> int:
        """The number of axes behind the spatial axes."""
        return len(self.placed.layout.channels)

    def at(self, box: Box) -> Slices:
        """Return where a box of spatial results lies in an array of results."""
        return (slice(None),) * self.first + tuple(slice(*each) for each in box)

    def slices(self, windows: Box, spans: Sequence[slice]) -> Slices:
        """Return a part of the input: the region's along the first axes, then some spans."""
        lead = tuple(slice(*each) for each in windows[: self.first])
        rest = self.source[self.first + len(spans) :]
        return (*lead, *spans, *(slice(0, size) for size in rest))

    def gathered(self, read: Read, windows: Box, stretches: tuple[Stretch, ...]) -> Array:
        """Return the elements of some stretches as an array."""
        parts = [parts_of(each) for each in stretches]
        if all(len(each) == 1 for each in parts):
            slab = read(self.slices(windows, [each[0] for each in parts]))
        else:
            slab = self._joined(read, windows, parts)
        for n, (each, held) in enumerate(zip(stretches, parts, strict=True)):
            if len(each.before) or len(each.after):
                axis = self.first + n
                elements = each.elements()
                known = np.concatenate([np.arange(part.start, part.stop) for part in held])
                slab = slab.take(np.searchsorted(known, np.maximum(elements, known[0])), axis)
                if self.outside is not None:
                    slab[(slice(None),) * axis + (elements < 0,)] = self.outside
        return np.ascontiguousarray(slab, self.dtype)

    def _joined(self, read: Read, windows: Box, parts: list[list[slice]]) -> Array:
        """Return several parts of the input side by side."""
        sizes = [[part.stop - part.start for part in each] for each in parts]
        shape = list(part.stop - part.start for part in self.slices(windows, [p[0] for p in parts]))
        shape[self.first : self.first + len(parts)] = [sum(each) for each in sizes]
        slab = np.empty(shape, self.dtype)
        for numbers in product(*(range(len(each)) for each in parts)):
            spans = [each[number] for each, number in zip(parts, numbers, strict=True)]
            begins = [sum(each[:number]) for each, number in zip(sizes, numbers, strict=True)]
            box = tuple(
                (begin, begin + each[number])
                for begin, each, number in zip(begins, sizes, numbers, strict=True)
            )
            slab[self.at(box)] = read(self.slices(windows, spans))
        return slab

    def true(self, results: tuple[Array, ...], piece: Piece) -> tuple[Array, ...]:
        """Return the wanted results of a piece, with places in the input's planes."""
        if piece.skipped:
            down = self.first + max(len(piece.box) - 2, 0)
            here = (slice(None),) * down + (slice(piece.skipped, None),)
            results = tuple(each[here] for each in results)
        if not dict(self.request.own).get("return_indices"):
            return results
        spatial = self.source[self.first : self.first + len(piece.stretches)]
        return results[0], true_places(results[1], piece.stretches, spatial)


def decided(pool: Pool, shape: Sequence[int], dtype: Any) -> Decided:
    """Decide a pooling for arrays of a shape and a dtype, so that any part can be pooled alone.

    Raises
    ------
    PoolTypeError
        For several operators, and for draws by chance.
    """
    pool.refuse_several("a pooling by parts")
    if dict(pool.request.own).get("mode") == "sample":
        raise PoolTypeError(
            "stochastic pooling draws by each window's number among all, so no part of it can be "
            "pooled alone: give mode='expected'"
        )
    source, kind = whole_numbers(shape, "shape", 0), known_dtype(dtype)
    windows, request = pool.window, pool.request
    if isinstance(windows, Window) and windows.padding_mode is not None:
        return bordered(source, kind, windows, request)
    chosens = chosen_for(source, kind, windows, request)
    layout, axes, result = chosens[0].placed
    box = () if isinstance(windows, Whole) else tuple((0, axis.out) for axis in axes)
    stretches = tuple(inside(slice(0, size)) for size in layout.spatial[: len(box)])
    made = field_of(box, (0,) * len(box), stretches, windows, chosens, kind)
    return Decided(source, result, kind, chosens[0].reduction.outs, request, (made,))


def field_of(
    box: Box,
    origin: tuple[int, ...],
    stretches: tuple[Stretch, ...],
    windows: Windows,
    chosens: Chosens,
    dtype: np.dtype[Any],
) -> Field:
    """Return a field of windows."""
    plan = plan_of(chosens[0], dtype, windows)
    floats = any(lane.kind == "f" for lane in chosens[0].reduction.lanes)
    together = plan.together if floats else 1
    return Field(box, origin, stretches, windows, chosens, together)


def bordered(
    source: tuple[int, ...], dtype: np.dtype[Any], window: Window, request: Request
) -> Decided:
    """Decide windows that read elements outside the input: the inner ones, and boxes of others."""
    whole = Bordered(source, dtype, window, request)
    spatial = whole.layout.spatial
    fields = []
    if whole.inside is not None:
        chosens = chosen_for(source, dtype, whole.bare, request)
        box = tuple((axis.lo, axis.hi) for axis in chosens[0].placed.axes)
        stretches = tuple(inside(slice(0, size)) for size in spatial)
        fields.append(field_of(box, (0,) * len(box), stretches, whole.bare, chosens, dtype))
    for part in whole.parts:
        shape = whole.layout.shape(tuple(each.length for each in part.stretches))
        chosens = chosen_for(shape, dtype, part.window, request)
        origin = tuple(first for first, _ in part.box)
        made = field_of(part.box, origin, part.stretches, part.window, chosens, dtype)
        fields.append(made)
    outside = whole.outside
    return Decided(source, whole.shape, dtype, whole.outs, request, tuple(fields), outside)


def regions(of: Decided, grain: Sequence[int]) -> Iterator[Region]:
    """Yield regions of `grain` results along each axis, which together are the whole result."""
    steps = [
        [(first, min(first + step, size)) for first in range(0, size, step)]
        for size, step in zip(of.shape, grain, strict=True)
    ]
    for box in product(*steps):
        yield of.region(box)


def inside(read: slice) -> Stretch:
    """Return a stretch of elements inside an axis."""
    return Stretch(NO_PLACES, read, NO_PLACES)


def part_of(whole: Stretch, read: slice) -> Stretch:
    """Return a part of a stretch."""
    begin = len(whole.before)
    end = begin + whole.inside.stop - whole.inside.start
    first, stop = (min(max(edge, begin), end) - begin for edge in (read.start, read.stop))
    held = slice(whole.inside.start + first, whole.inside.start + stop)
    before = whole.before[read.start : read.stop] if read.start < begin else NO_PLACES
    after = whole.after[max(read.start - end, 0) : max(read.stop - end, 0)]
    return Stretch(before, held, after)


def parts_of(each: Stretch) -> list[slice]:
    """Return the parts of an axis, in order, that hold all elements of a stretch."""
    if not len(each.before) and not len(each.after):
        return [each.inside]
    elements = np.unique(each.elements())
    elements = elements[elements >= 0]
    if not len(elements):  # numbers alone: the array still has a shape to take
        return [slice(0, 1)]
    edges = np.flatnonzero(np.diff(elements) > 1) + 1
    return [slice(int(run[0]), int(run[-1]) + 1) for run in np.split(elements, edges)]


def span_of(stretches: list[Stretch]) -> slice:
    """Return the elements from the first to the last that stretches hold."""
    parts = [part for each in stretches for part in parts_of(each)]
    return slice(min(part.start for part in parts), max(part.stop for part in parts))
