"""Networks that pick ranks out of windows: which minima and maxima to take, in which order.

A network serves windows of one size whatever the elements are. It is made of steps, each of which
is a number: an element that is loaded, or the lesser or the greater of two earlier steps. Nothing
branches, so the same steps serve a vector of neighbouring windows, or a GPU's thread.

It sorts the columns of a window, merges sorted columns two by two, and drops on the way what can no
longer be one of the ranks. Two things are shared:

- Windows below each other (`down` of them) have rows in common. What the columns of all windows
  have in common is sorted first; then the windows are split in two halves, and each half merges
  the rows that only its own windows have in common, until each has a single window.
- Windows beside each other have columns in common. Widths in `keeps` are made by stages of their
  own, which store the sorted columns for every window that needs them. Without any, all is one
  stage, and nothing is stored.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any, Literal, NamedTuple


class Step(NamedTuple):
    """A number of a stage, and the two numbers that say which it is."""

    kind: Literal["load", "recall", "lesser", "greater"]
    first: int
    second: int
    """`load`: the element of a row and a column, from the first window's first element on; of
    windows of several planes, row ``row * planes + plane``.
    `recall`: what an earlier stage stored under a number, and how many columns further on.
    `lesser`, `greater`: of two steps, by their places in the stage."""

    @property
    def compares(self) -> bool:
        """Whether it is made of two other steps."""
        return self.kind in ("lesser", "greater")


class Stage(NamedTuple):
    """Steps for one column; later steps name earlier ones by their place."""

    steps: tuple[Step, ...]
    stores: dict[int, int]
    """The step that is stored under each number, for later stages."""
    results: dict[tuple[int, int], int]
    """The step that is the result of a window, by its place from the top, and of a rank."""

    @property
    def operations(self) -> int:
        """The minima and maxima."""
        return sum(step.compares for step in self.steps)


class Network(NamedTuple):
    """The stages that pick ranks of `down` windows below each other."""

    stages: tuple[Stage, ...]

    @property
    def operations(self) -> int:
        """The minima and maxima of all stages, for one column."""
        return sum(stage.operations for stage in self.stages)

    @property
    def further(self) -> tuple[int, ...]:
        """How many columns further on than the last one each stage is asked to make."""
        needed: dict[int, int] = {}
        found = []
        for stage in reversed(self.stages):
            own = max([needed.get(number, 0) for number in stage.stores], default=0)
            found.append(own)
            for kind, number, column in stage.steps:
                if kind == "recall":
                    needed[number] = max(needed.get(number, 0), own + column)
        return tuple(reversed(found))

    @property
    def stored(self) -> int:
        """The rows that the stages store."""
        return 1 + max([number for stage in self.stages for number in stage.stores], default=-1)


class Sorted(NamedTuple):
    """Steps in ascending order; so many elements below and above them cannot be a rank."""

    steps: tuple[int, ...]
    below: int = 0
    above: int = 0


@lru_cache(maxsize=128)
def network(
    rows: int,
    columns: int,
    ranks: tuple[int, ...],
    down: int = 1,
    stride: int = 1,
    keeps: tuple[int, ...] = (),
    planes: int = 1,
) -> Network:
    """Return the network for windows of `rows` × `columns` elements, or `planes` times as many.

    Parameters
    ----------
    rows, columns : int
        A window's size.
    ranks : tuple of int
        What to pick: 0 is the least element of a window. Ranks far apart leave little to drop.
    down, stride : int
        How many windows below each other are picked from at once, and how many rows apart they are.
    keeps : tuple of int
        The widths, powers of two, of the sorted columns that stages store, in ascending order.
    planes : int
        How many planes a window has: a row of it is then one row of each.

    Examples
    --------
    >>> for step in network(1, 3, (1,)).stages[0].steps:
    ...     print(*step)
    load 0 0
    load 0 1
    lesser 0 1
    greater 0 1
    load 0 2
    greater 2 4
    lesser 3 5
    """
    if (down - 1) * stride >= rows:
        raise ValueError(f"{down} windows of {rows} rows, {stride} apart, have no row in common")
    maker = _Maker((planes, rows, columns), ranks, stride, keeps)
    maker.split(maker.block(len(keeps), ((down - 1) * stride, rows)), 0, down)
    return Network(_needed(maker.sheets))


class _Sheet:
    """The steps of a stage while it is made; a step that is there already is not added again."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.numbers: dict[Step, int] = {}
        self.stores: dict[int, int] = {}
        self.results: dict[tuple[int, int], int] = {}

    def add(self, kind: Any, first: int, second: int) -> int:
        """Return the place of a step."""
        step = Step(kind, first, second)
        if step not in self.numbers:
            self.numbers[step] = len(self.steps)
            self.steps.append(step)
        return self.numbers[step]

    def lesser(self, a: int, b: int) -> int:
        """Return the lesser of two steps."""
        return a if a == b else self.add("lesser", min(a, b), max(a, b))

    def greater(self, a: int, b: int) -> int:
        """Return the greater of two steps."""
        return a if a == b else self.add("greater", min(a, b), max(a, b))

    def before(self, ends: Iterable[int]) -> list[int]:
        """Return the steps that some steps are made of, themselves among them, in their order."""
        found: set[int] = set()
        open_ends = list(ends)
        while open_ends:
            number = open_ends.pop()
            if number not in found:
                found.add(number)
                step = self.steps[number]
                if step.compares:
                    open_ends += step[1:]
        return sorted(found)

    def sorting(self, steps: Sequence[int]) -> Sequence[int]:
        """Return steps in ascending order."""
        if len(steps) < 2:
            return steps
        half = len(steps) // 2
        return self.merging(self.sorting(steps[:half]), self.sorting(steps[half:]))

    def merging(self, a: Sequence[int], b: Sequence[int]) -> Sequence[int]:
        """Return two sorted lists merged, by Batcher's odd-even network for any two lengths."""
        if not a or not b:
            return [*a, *b]
        if len(a) == len(b) == 1:
            return [self.lesser(a[0], b[0]), self.greater(a[0], b[0])]
        even, odd = self.merging(a[::2], b[::2]), self.merging(a[1::2], b[1::2])
        merged = [even[0]]
        for one, other in zip(odd, even[1:], strict=False):
            merged += [self.lesser(one, other), self.greater(one, other)]
        paired = min(len(odd), len(even) - 1)
        return [*merged, *odd[paired:], *even[1 + paired :]]

    def rank(self, a: Sequence[int], b: Sequence[int], rank: int) -> int:
        """Return one rank of two sorted lists together.

        Some i elements of `a` and the rest of `b` are the least rank + 1: whichever i it is, it
        gives the least of the greatest elements that they may have.
        """
        count = rank + 1
        tops = []
        for i in range(max(0, count - len(b)), min(len(a), count) + 1):
            parts = [a[i - 1]] * (i > 0) + [b[count - i - 1]] * (i < count)
            tops.append(self.greater(parts[0], parts[-1]))
        best = tops[0]
        for top in tops[1:]:
            best = self.lesser(best, top)
        return best


class _Maker:
    """What the stages of a network are made by."""

    def __init__(
        self,
        size: tuple[int, int, int],
        ranks: tuple[int, ...],
        stride: int,
        keeps: tuple[int, ...],
    ) -> None:
        self.planes, self.rows, self.columns = size
        self.stride, self.keeps = stride, keeps
        self.ranks = sorted(ranks)
        self.sheets = [_Sheet() for _ in range(len(keeps) + 1)]
        self.stored: dict[tuple[tuple[int, int], int], Sorted] = {}
        self.count = 0

    def pruned(self, part: Sorted) -> Sorted:
        """Return a part of a window without what cannot be one of the ranks.

        Element i of the part has at least i elements below it. At most, all that is outside of the
        part lies below it as well.
        """
        outside = self.planes * self.rows * self.columns - len(part.steps) - part.below - part.above
        least, most = self.ranks[0] - part.below, self.ranks[-1] - part.below
        begin, end = max(0, least - outside), min(len(part.steps), most + 1)
        rest = len(part.steps) - end
        return Sorted(part.steps[begin:end], part.below + begin, part.above + rest)

    def joined(self, sheet: _Sheet, a: Sorted, b: Sorted) -> Sorted:
        """Return two parts merged and pruned, in the way that takes fewer steps."""
        below, above = a.below + b.below, a.above + b.above
        part = self.pruned(Sorted(tuple(sheet.merging(a.steps, b.steps)), below, above))
        first = part.below - below
        places = range(first, first + len(part.steps))
        direct = tuple(sheet.rank(a.steps, b.steps, place) for place in places)
        fewer = len(sheet.before(direct)) < len(sheet.before(part.steps))
        return part._replace(steps=direct) if fewer else part

    def block(self, stage: int, span: tuple[int, int]) -> Sorted:
        """Return the rows of a span, sorted over the width of a window."""
        parts, at = [], 0
        while at < self.columns:
            width = 1 << (self.columns - at).bit_length() - 1
            parts.append(self.sorted_columns(stage, span, width, at))
            at += width
        while len(parts) > 1:
            one, other, *rest = sorted(parts, key=lambda part: len(part.steps))
            parts = [self.joined(self.sheets[stage], one, other), *rest]
        return self.pruned(parts[0])

    def sorted_columns(self, stage: int, span: tuple[int, int], width: int, at: int) -> Sorted:
        """Return the rows of a span, sorted over `width` columns from column `at` on."""
        sheet = self.sheets[stage]
        if self.made_before(stage, span, width):
            part = self.kept(span, width)
            return part._replace(steps=tuple(sheet.add("recall", n, at) for n in part.steps))
        if width == 1:
            begin, end = span
            rows = range(begin * self.planes, end * self.planes)
            loads = [sheet.add("load", row, at) for row in rows]
            return self.pruned(Sorted(tuple(sheet.sorting(loads))))
        half = width // 2
        left = self.sorted_columns(stage, span, half, at)
        return self.joined(sheet, left, self.sorted_columns(stage, span, half, at + half))

    def made_before(self, stage: int, span: tuple[int, int], width: int) -> bool:
        """Say whether an earlier stage stores columns of a width; single elements are the input."""
        single = width == 1 and (span[1] - span[0]) * self.planes == 1
        return width in self.keeps[:stage] and not single

    def kept(self, span: tuple[int, int], width: int) -> Sorted:
        """Return the numbers under which the stage of a width stores its columns."""
        if (span, width) not in self.stored:
            stage = self.keeps.index(width)
            part = self.sorted_columns(stage, span, width, 0)
            numbers = tuple(range(self.count, self.count + len(part.steps)))
            self.count += len(numbers)
            self.sheets[stage].stores.update(zip(numbers, part.steps, strict=True))
            self.stored[span, width] = part._replace(steps=numbers)
        return self.stored[span, width]

    def split(self, core: Sorted, begin: int, end: int) -> None:
        """Pick from windows [begin, end): `core` are the rows that they have in common."""
        last = len(self.keeps)
        sheet = self.sheets[last]
        if end - begin == 1:
            for rank in self.ranks:
                sheet.results[begin, rank] = core.steps[rank - core.below]
            return
        half = (begin + end) // 2
        above = self.block(last, ((half - 1) * self.stride, (end - 1) * self.stride))
        below = self.block(last, (begin * self.stride + self.rows, half * self.stride + self.rows))
        self.split(self.joined(sheet, core, above), begin, half)
        self.split(self.joined(sheet, core, below), half, end)


def _needed(sheets: list[_Sheet]) -> tuple[Stage, ...]:
    """Return the stages without steps and stores that nothing needs, from the last to the first."""
    asked: set[int] = set()
    stages: list[Stage] = []
    for sheet in reversed(sheets):
        stores = {number: step for number, step in sheet.stores.items() if number in asked}
        places = sheet.before([*stores.values(), *sheet.results.values()])
        if not places:
            continue
        moved = {place: new for new, place in enumerate(places)}
        steps = [sheet.steps[place] for place in places]
        asked |= {step.first for step in steps if step.kind == "recall"}
        stages.append(
            Stage(
                tuple(_renamed(step, moved) for step in steps),
                {number: moved[place] for number, place in stores.items()},
                {window: moved[place] for window, place in sheet.results.items()},
            )
        )
    return tuple(reversed(stages))


def _renamed(step: Step, moved: dict[int, int]) -> Step:
    """Return a step whose own steps have moved to other places."""
    return Step(step.kind, moved[step.first], moved[step.second]) if step.compares else step
