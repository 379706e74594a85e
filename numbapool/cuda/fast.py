"""Kernels for frequent windows: many bytes per load, several results per thread.

Each is written out for one size of window, so no tuple is indexed by a variable and all loads
stand before the arithmetic. Their arguments are those of :mod:`numbapool.cuda.kernels`; the table
lists the windows of two axes, none of them empty. One array takes the results; with `places`, a
second takes where they lie in their plane.

- :func:`channels`: channels last; a thread makes the results of 16 bytes of channels.
- :func:`tiles`: channels first, windows side by side; a thread reads 16 bytes of each row.
- :mod:`numbapool.cuda.chunks`: channels first, windows that overlap, rows of whole 16 bytes.
- :func:`slides`: channels first, other windows that overlap, and memory that is not aligned; a
  thread reads an element at a time, and makes results below each other.

A tap outside the array is read as the window's last tap along that axis, and left out. So border
windows cost no branch.
"""

from __future__ import annotations

import linecache
from functools import lru_cache
from typing import Any

import numpy as np

from numbapool.cuda.faces import (
    element,
    from_start,
    held,
    joined,
    like,
    put,
    quotient,
    rounded,
)
from numbapool.cuda.kernels import window_at
from numbapool.cuda.target import cuda
from numbapool.cuda.vector import BYTES, load16, store
from numbapool.reducers.methods import finish, prepare

PLACE_BYTES = 8
"""Bytes of a result's place."""

SCOPE: dict[str, Any] = {
    each.__name__: each
    for each in (
        element,
        finish,
        from_start,
        held,
        joined,
        like,
        prepare,
        put,
        quotient,
        rounded,
        window_at,
    )
}
SCOPE |= {"np": np, "cuda": cuda, "load16": load16, "store": store}
"""What the text of a kernel calls."""

PLACE = """\
    t = like(first, cuda.blockIdx.x * cuda.blockDim.x + cuda.threadIdx.x)
    line = like(first, first + cuda.blockIdx.y * cuda.blockDim.y + cuda.threadIdx.y)
    if (t < width) & (line < lines):
"""


def written(name: str, text: str, scope: dict[str, Any] | None = None) -> Any:
    """Return the kernel that a text defines; tracebacks show its lines.

    It calls what is in a module's `scope`, or else what this module's kernels call.
    """
    file = f"<numbapool.cuda.fast.{name}>"
    linecache.cache[file] = len(text), None, text.splitlines(True), file
    made: dict[str, Any] = {}
    exec(compile(text, file, "exec"), {**SCOPE} if scope is None else scope, made)
    return cuda.jit(made[name])


def folds(taps: list[list[str]], into: str, corner: str = "") -> list[str]:
    """Return lines that fold a window: each row's taps, then the rows; both as on the CPU.

    Taps after a row's first, and rows after the first, count only if they are inside. `corner` is
    the place of the first tap; without it, places are not asked for.
    """
    lines = []
    for a, row in enumerate(taps):
        part = f"{into}_{a}" if a else into
        for b, tap in enumerate(row):
            place = f"like(first, {corner} + {a} * size_w + {b})" if corner else "0"
            one = f"element(op, lanes, {tap}, {place})"
            if b:
                one = f"joined(op, lanes, {part}, {one}) if {b} < wn else {part}"
            lines.append(f"{part} = {one}")
        if a:
            lines.append(f"{into} = joined(op, lanes, {into}, {part}) if {a} < hn else {into}")
    return lines


def indented(lines: list[str]) -> str:
    """Return the lines as the body of a condition."""
    return "".join(f"        {line}\n" for line in lines)


@lru_cache(maxsize=64)
def channels(rows: int, columns: int, itemsize: int, places: bool = False) -> Any:
    """Return the kernel for channels last: windows of `rows` × `columns` taps, any stride."""
    name, count = f"channels_{rows}x{columns}_{8 * itemsize}", BYTES // itemsize
    corner = "like(first, h * size_w + w)" if places else ""
    lines = [
        "i = quotient(t, groups)",
        "c = like(first, t - i * groups)",
        "n = quotient(line, out_h)",
        "h, hn, hw = window_at(table, 0, like(first, line - n * out_h))",
        "w, wn, ww = window_at(table, out_h, i)",
        f"pixel = like(first, groups * {count})",
        "pitch = like(first, size_w * pixel)",
        "at = like(first, like(first, n * size_h + h) * pitch)",
        f"at = like(first, at + like(first, w * pixel + c * {count}))",
    ]
    for a in range(rows):
        lines.append(f"r{a} = " + (f"like(first, at + min({a}, hn - 1) * pitch)" if a else "at"))
        for b in range(columns):
            shift = f" + min({b}, wn - 1) * pixel" if b else ""
            lines.append(f"v{a}_{b} = load16(x, r{a}{shift})")
    for k in range(count):
        taps = [[f"v{a}_{b}[{k}]" for b in range(columns)] for a in range(rows)]
        lines += folds(taps, f"acc{k}", corner)
    lines += results(count, f"like(first, line * width + t) * {count}", places)
    text = (
        f"def {name}(op, lanes, x, outs, table, geometry, first):\n"
        "    lines, width, out_h, size_h, size_w, groups = geometry\n"
        f"{PLACE}{indented(lines)}"
    )
    return written(name, text)


def results(count: int, place: str, places: bool) -> list[str]:
    """Return lines that store the results of `count` accumulators from a place on."""
    lines = ["scale = prepare(op, np.int64(hw) * np.int64(ww))", f"to = {place}"]
    lines += [f"result{k} = finish(op, acc{k}, scale)" for k in range(count)]
    return lines + stores([f"result{k}" for k in range(count)], "to", places)


def stores(made: list[str], to: str, places: bool) -> list[str]:
    """Return lines that store neighbouring results from a place on: those of 16 bytes at most."""
    if len(made) == 1:
        return [f"put(outs, {to}, {made[0]})"]
    part = "[0]" if places else ""
    values = [f"rounded(outs[0], {each}{part})" for each in made]
    lines = [f"store(outs[0], {to}, ({', '.join(values)},))"]
    pair = BYTES // PLACE_BYTES
    for k in range(0, len(made) if places else 0, pair):
        values = [f"rounded(outs[1], {each}[1])" for each in made[k : k + pair]]
        lines.append(f"store(outs[1], {to} + {k}, ({', '.join(values)},))")
    return lines


@lru_cache(maxsize=64)
def tiles(rows: int, columns: int, itemsize: int, places: bool = False) -> Any:
    """Return the kernel for channels first: windows of `columns` taps side by side in each row."""
    name, count = f"tiles_{rows}x{columns}_{8 * itemsize}", BYTES // itemsize
    made = count // columns
    lines = [
        "n = quotient(line, out_h)",
        "h, hn, hw = window_at(table, 0, like(first, line - n * out_h))",
        "w, wn, ww = window_at(table, out_h, like(first, 0))",
        f"size_w = like(first, width * {count})",
        "at = like(first, like(first, n * size_h + h) * size_w)",
        f"at = like(first, at + t * {count})",
    ]
    for a in range(rows):
        shift = f" + min({a}, hn - 1) * size_w" if a else ""
        lines.append(f"v{a} = load16(x, like(first, at{shift}))")
    for k in range(made):
        taps = [[f"v{a}[{k * columns + b}]" for b in range(columns)] for a in range(rows)]
        corner = f"like(first, h * size_w + t * {count} + {k * columns})" if places else ""
        lines += folds(taps, f"acc{k}", corner)
    lines += results(made, f"like(first, line * width + t) * {made}", places)
    text = (
        f"def {name}(op, lanes, x, outs, table, geometry, first):\n"
        "    lines, width, out_h, size_h = geometry\n"
        f"{PLACE}{indented(lines)}"
    )
    return written(name, text)


@lru_cache(maxsize=64)
def slides(rows: int, columns: int, step: int, height: int, places: bool = False) -> Any:
    """Return the kernel for channels first: `height` results of a column, `step` rows apart."""
    name = f"slides_{rows}x{columns}_{step}_{height}"
    count = (height - 1) * step + rows
    lines = [
        "n = quotient(line, bands)",
        f"i = like(first, like(first, line - n * bands) * {height})",
        f"top = like(first, i * {step} - before)",
        "w, wn, ww = window_at(table, out_h, t)",
        "at = like(first, like(first, n * size_h) * size_w + w)",
    ]
    for r in range(count):
        lines.append(f"h = min(max(like(first, top + {r}), like(first, 0)), size_h - 1)")
        lines.append(f"r{r} = like(first, at + like(first, h) * size_w)")
        for b in range(columns):
            shift = f" + min({b}, wn - 1)" if b else ""
            lines.append(f"v{r}_{b} = x[r{r}{shift}]")
    for r in range(count):
        for b in range(columns):
            place = f"like(first, (top + {r}) * size_w + w + {b})" if places else "0"
            one = f"element(op, lanes, v{r}_{b}, {place})"
            if b:
                one = f"joined(op, lanes, part{r}, {one}) if {b} < wn else part{r}"
            lines.append(f"part{r} = {one}")
    for k in range(height):
        lines += [
            f"if i + {k} < out_h:",
            f"    h, hn, hw = window_at(table, 0, like(first, i + {k}))",
        ]
        skipped = f"like(first, h - top - {k * step})"
        first, *others = range(k * step, k * step + rows)
        lines.append(f"    acc = part{first}")
        lines.append(f"    skipped = {skipped}")
        for a, r in enumerate(others, 1):
            # Rows above the array are skipped: the window's first row inside begins anew.
            lines.append(
                f"    more = joined(op, lanes, acc, part{r}) if {a} > skipped else part{r}"
            )
            lines.append(f"    acc = more if {a} < skipped + hn else acc")
        lines += [
            "    scale = prepare(op, np.int64(hw) * np.int64(ww))",
            f"    to = like(first, like(first, n * out_h + i + {k}) * width + t)",
            "    put(outs, to, finish(op, acc, scale))",
        ]
    text = (
        f"def {name}(op, lanes, x, outs, table, geometry, first):\n"
        "    lines, width, out_h, size_h, size_w, bands, before = geometry\n"
        f"{PLACE}{indented(lines)}"
    )
    return written(name, text)
