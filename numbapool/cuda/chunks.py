"""The kernel for windows that slide along rows of whole chunks of 16 bytes, channels first.

A row is cut into groups: the fewest chunks that hold a whole number of strides. A thread makes one
result per stride of a group, and `height` such rows of results below each other. So it reads a row
once for all its windows that the row is in.

The stride and the padding before a row are part of the kernel's text: each tap stands at a known
place of a known chunk. A chunk is inside the array or outside as a whole, and only chunks and rows
that may be outside cost an instruction. In their place the nearest one inside is read, and its
taps are left out. Arguments are those of :mod:`numbapool.cuda.fast`.
"""

from __future__ import annotations

from functools import lru_cache
from math import lcm
from typing import Any, NamedTuple

from numbapool.cuda.fast import PLACE, indented, stores, written
from numbapool.cuda.vector import BYTES


class Along(NamedTuple):
    """Windows along an axis: window i begins at ``i * step - before``."""

    taps: int
    step: int
    before: int
    after: int
    """The most taps of a window after the axis."""


class Form(NamedTuple):
    """The windows that a kernel is written out for. Columns count from a group's first."""

    h: Along
    w: Along
    height: int
    """The results below each other that a thread makes."""
    itemsize: int
    inside: int
    """The chunks from a group's first column on that are inside, in every group.

    It is negative if the last group's first column lies more than a chunk past the row."""
    piece: int
    """The neighbouring results that are stored at once."""
    even: bool
    """Whether all windows have the same divisor."""
    places: bool

    @property
    def name(self) -> str:
        """The kernel's name, of its own for each form: machine code is kept by it."""
        return "_".join(["chunks", *map(named, (*self.h, *self.w, *self[2:]))])

    @property
    def per_chunk(self) -> int:
        """The elements of a chunk."""
        return BYTES // self.itemsize

    @property
    def group(self) -> int:
        """The columns of a group."""
        return lcm(self.per_chunk, self.w.step)

    @property
    def made(self) -> int:
        """The results of a group, side by side."""
        return self.group // self.w.step

    @property
    def rows(self) -> int:
        """The rows that a thread reads."""
        return (self.height - 1) * self.h.step + self.h.taps

    def columns(self, k: int) -> range:
        """Return the columns of the taps of result k of a group."""
        begin = k * self.w.step - self.w.before
        return range(begin, begin + self.w.taps)

    def chunk(self, column: int) -> int:
        """Return the number of the chunk that a column is in: it may be negative."""
        return column // self.per_chunk

    @property
    def chunks(self) -> dict[int, list[int]]:
        """The columns of all taps of a group's results, by their chunks."""
        found: dict[int, list[int]] = {}
        for column in sorted({each for k in range(self.made) for each in self.columns(k)}):
            found.setdefault(self.chunk(column), []).append(column)
        return found

    def alone(self, q: int) -> bool:
        """Say whether one element of a neighbouring group's chunk is read, and not the chunk.

        A chunk takes four registers.
        """
        return len(self.chunks[q]) == 1 and not 0 <= q * self.per_chunk < self.group

    @property
    def registers(self) -> int:
        """The registers that the elements of a thread's rows take."""
        one = max(self.itemsize // 4, 1)
        return self.rows * sum(one if self.alone(q) else BYTES // 4 for q in self.chunks)

    def bordering(self, k: int) -> bool:
        """Say whether result k of a group may have taps beside its row."""
        return any(not 0 <= self.chunk(column) < self.inside for column in self.columns(k))


def named(number: int) -> str:
    """Return a number as a part of a name."""
    return str(int(number)).replace("-", "m")


def beginnings(form: Form) -> list[str]:
    """Return lines that say where a thread's results, rows and chunks begin."""
    lines = [
        "n = quotient(line, bands)",
        f"i = like(first, like(first, line - n * bands) * {form.height})",
        f"j = like(first, t * {form.made})",
        f"top = like(first, i * {form.h.step} - {form.h.before})",
        f"begin = like(first, t * {form.group})",
        "plane = like(first, like(first, n * size_h) * size_w)",
        "last_row = like(first, size_h - 1)",
        f"last_chunk = like(first, size_w - {form.per_chunk})",
    ]
    for q in form.chunks:
        name = named(q)
        lines.append(f"c{name} = like(first, begin + {q * form.per_chunk})")
        if q < 0:
            lines.append(f"after_left_{name} = c{name} >= 0")
        if q >= form.inside:
            lines.append(f"before_right_{name} = c{name} < size_w")
        lines.append(f"c{name} = min(max(c{name}, like(first, 0)), last_chunk)")
    return lines


def loads(form: Form) -> list[str]:
    """Return lines that read a thread's rows, and say which of them are inside."""
    lines = []
    for r in range(form.rows):
        lines.append(f"h{r} = like(first, top + {r})")
        if r < form.h.before:
            lines.append(f"below_top_{r} = h{r} >= 0")
        if form.h.after:
            lines.append(f"above_bottom_{r} = h{r} < size_h")
        lines += [
            f"at = like(first, min(max(h{r}, like(first, 0)), last_row) * size_w)",
            "at = like(first, plane + at)",
        ]
        for q, columns in form.chunks.items():
            begin, values = q * form.per_chunk, [f"v{r}_{named(column)}" for column in columns]
            if form.alone(q):
                place = f"at + c{named(q)} + {columns[0] - begin}"
                lines.append(f"{values[0]} = x[from_start(like(first, {place}))]")
                continue
            lines.append(f"chunk = load16(x, like(first, at + c{named(q)}))")
            for value, column in zip(values, columns, strict=True):
                lines.append(f"{value} = chunk[{column - begin}]")
    return lines


def fold_rows(form: Form, k: int) -> list[str]:
    """Return lines that fold the taps of result k of a group in each row, in their order."""
    lines = []
    for r in range(form.rows):
        before = None
        for column in form.columns(k):
            q = form.chunk(column)
            place = f"like(first, h{r} * size_w + begin + {column})" if form.places else "0"
            lines.append(f"one = element(op, lanes, v{r}_{named(column)}, {place})")
            both = "one" if before is None else f"joined(op, lanes, part{r}, one)"
            if before is not None and before < 0 and before != q:
                both = f"({both} if after_left_{named(before)} else one)"
            if before is not None and q >= form.inside:
                both = f"{both} if before_right_{named(q)} else part{r}"
            lines.append(f"part{r} = {both}")
            before = q
    return lines


def fold_windows(form: Form, k: int) -> list[str]:
    """Return lines that join the rows of the windows of result k of a group, and finish them."""
    lines, h = [], form.h
    for n in range(form.height):
        top = n * h.step
        lines.append(f"acc = part{top}")
        for a in range(1, h.taps):
            r = top + a
            both = f"joined(op, lanes, acc, part{r})"
            if r <= h.before:
                both = f"({both} if below_top_{r - 1} else part{r})"
            if a >= h.taps - h.after:
                both = f"{both} if above_bottom_{r} else acc"
            lines.append(f"acc = {both}")
        scale = f"scale{n}"
        if form.bordering(k) and not form.even:
            last = "like(first, out_w - 1)"
            lines += [
                f"w, wn, ww = window_at(table, out_h, min(like(first, j + {k}), {last}))",
                f"own_scale = prepare(op, np.int64(hw{n}) * np.int64(ww))",
            ]
            scale = "own_scale"
        lines.append(f"result{n}_{k} = finish(op, acc, {scale})")
    return lines


def scales(form: Form) -> list[str]:
    """Return lines that prepare the scales of windows that are inside along their row."""
    lines = []
    for n in range(form.height):
        if n and form.even:
            lines.append(f"scale{n} = scale0")
            continue
        lines += [
            f"i{n} = min(like(first, i + {n}), like(first, out_h - 1))",
            f"h, hn, hw{n} = window_at(table, 0, i{n})",
            f"scale{n} = prepare(op, np.int64(hw{n}) * np.int64(weight))",
        ]
    return lines


def stored(form: Form) -> list[str]:
    """Return lines that store the results, piece by piece: those that exist."""
    lines = []
    for n in range(form.height):
        lines.append(f"to = like(first, like(first, n * out_h + i + {n}) * out_w + j)")
        for k in range(0, form.made, form.piece):
            made = [f"result{n}_{each}" for each in range(k, k + form.piece)]
            lines.append(f"if (i + {n} < out_h) & (j + {k} < out_w):")
            lines += [f"    {each}" for each in stores(made, f"to + {k}", form.places)]
    return lines


@lru_cache(maxsize=64)
def chunks(form: Form) -> Any:
    """Return the kernel that is written out for some windows."""
    lines = [*beginnings(form), *loads(form), *scales(form)]
    for k in range(form.made):
        lines += [*fold_rows(form, k), *fold_windows(form, k)]
    text = (
        f"def {form.name}(op, lanes, x, outs, table, geometry, first):\n"
        "    lines, width, out_h, out_w, size_h, size_w, bands, weight = geometry\n"
        f"{PLACE}{indented(lines + stored(form))}"
    )
    return written(form.name, text)
