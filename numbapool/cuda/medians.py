"""The kernel for medians and percentiles of small windows, whose elements stand in registers.

It is written out for one size of window and one rank, as the kernels of
:mod:`numbapool.cuda.fast` are; a network of minima and maxima picks the rank. A thread makes
results below each other, whose windows share rows. At an edge of the array, or with a NaN among
their elements, it makes them one by one: the taps outside are filled with so many of the least and
of the greatest number that the same network picks the right rank.

Its arguments are those of :mod:`numbapool.cuda.kernels`, and:

- `ends` are the least and the greatest number of the elements' type;
- `weights` has, by a window's number of taps, the share of the way from the rank to the next one;
- `table` lists, behind the windows of two axes, how many fillings are the least number, by a
  window's number of taps.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from numbapool.cuda.faces import from_start, like
from numbapool.cuda.fast import PLACE, SCOPE, indented, written
from numbapool.cuda.target import SIMULATED, intrinsic, is_float, overload
from numbapool.reducers.networks import Stage, network
from numbapool.reducers.selectors import between


def lesser(a: Any, b: Any) -> Any:
    """Return the lesser of two numbers, without a branch."""
    return a if a <= b else b


def greater(a: Any, b: Any) -> Any:
    """Return the greater of two numbers; of equal ones, what `lesser` leaves."""
    return b if a <= b else a


def _exchange(kind: Any, swapped: bool) -> Any:
    """Return the type and the code of one side of an exchange."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if is_float(kind):
            ordered = builder.fcmp_ordered("<=", *args)
        elif kind.signed:
            ordered = builder.icmp_signed("<=", *args)
        else:
            ordered = builder.icmp_unsigned("<=", *args)
        return builder.select(ordered, *(reversed(args) if swapped else args))

    return kind(kind, kind), codegen


if not SIMULATED:
    lesser = intrinsic(lambda typing, a, b: _exchange(a, False))
    greater = intrinsic(lambda typing, a, b: _exchange(a, True))


def tap_or_end(lanes, x, at, inside, number, state, ends):
    """Return a tap by its place and its number in the window, or an end for one outside.

    The state is the last NaN so far, its number, and how many taps are still to be the least end.
    """
    odd, last, least = state
    if not inside:
        return ends[0] if least > 0 else ends[1], (odd, last, least - 1)
    value = like(lanes[0], x[from_start(at)])
    if (value != value) & (number > last):
        return value, (value, number, least)
    return value, (odd, last, least)


overload(tap_or_end)(lambda lanes, x, at, inside, number, state, ends: tap_or_end)

OWN: dict[str, Any] = {each.__name__: each for each in (between, from_start, tap_or_end)}
OWN |= {"lesser": lesser, "greater": greater}


def steps_of(stage: Stage, prefix: str, load: Callable[[str, int, int], str]) -> list[str]:
    """Return lines that set `prefix` and a step's place to each step.

    `load` returns the line that sets a name to the element of a row and a column.
    """
    lines = []
    for place, (kind, first, second) in enumerate(stage.steps):
        name = f"{prefix}{place}"
        compared = f"{name} = {kind}({prefix}{first}, {prefix}{second})"
        lines.append(load(name, first, second) if kind == "load" else compared)
    return lines


def result_of(stage: Stage, prefix: str, k: int, ranks: tuple[int, ...], weight: str) -> str:
    """Return the text of result k: the rank, or a number between it and the next one."""
    picked = [f"{prefix}{stage.results[k, rank]}" for rank in ranks]
    return picked[0] if len(picked) == 1 else f"between({', '.join(picked)}, {weight})"


@lru_cache(maxsize=64)
def medians(
    window: tuple[int, int],
    stride: int,
    down: int,
    ranks: tuple[int, ...],
    edge_ranks: tuple[int, ...],
    flat: bool,
) -> Any:
    """Return the kernel for windows of a size, `down` of them below each other.

    Of whole windows the `ranks` are picked, of those at an edge the `edge_ranks`; `flat` are arrays
    whose neighbours along a row stand side by side.
    """
    rows, columns = window
    place = "_".join(map(str, (stride, down, *ranks, len(edge_ranks))))
    name = f"medians_{rows}x{columns}_{place}{'_flat' if flat else ''}"
    lines = [
        "n = quotient(line, bands)",
        f"i = like(first, like(first, line - n * bands) * {down})",
        "j = t" if flat else "j = quotient(t, inner)",
        "w, wn, _ = window_at(table, out_h, j)",
        "pitch = size_w" if flat else "pitch = like(first, size_w * inner)",
        "plane = like(first, like(first, n * size_h) * pitch)",
        "column = w" if flat else "column = like(first, w * inner + like(first, t - j * inner))",
        "base = like(first, plane + column)",
        "to = like(first, like(first, n * out_h + i) * width + t)",
        *whole_windows(window, stride, down, ranks, flat),
        "if again:",
        f"    for k in range({down}):",
        "        if i + k < out_h:",
        *(f"            {line}" for line in one_window(window, edge_ranks, flat)),
    ]
    text = (
        f"def {name}(op, lanes, ends, x, outs, weights, table, geometry, first):\n"
        "    lines, width, out_h, size_h, size_w, bands, before, fillings, inner = geometry\n"
        f"{PLACE}{indented(lines)}"
    )
    return written(name, text, {**SCOPE, **OWN})


def beside(column: int, flat: bool) -> str:
    """Return the text of how far a column is from the first."""
    return f" + {column}" if flat else f" + {column} * inner"


def whole_windows(
    window: tuple[int, int], stride: int, down: int, ranks: tuple[int, ...], flat: bool
) -> list[str]:
    """Return lines that make the results if all windows are whole; they set `again` if not."""
    rows, columns = window
    count = (down - 1) * stride + rows
    (stage,) = network(rows, columns, ranks, down, stride).stages
    places = [place for place, step in enumerate(stage.steps) if step.kind == "load"]

    def load(name: str, row: int, column: int) -> str:
        at = f"r{row}{beside(column, flat)}"
        return f"{name} = like(lanes[0], x[{at if flat else f'from_start(like(first, {at}))'}])"

    lines = [f"r{r} = like(first, base + like(first, top + {r}) * pitch)" for r in range(count)]
    lines += steps_of(stage, "s", load)
    lines.append("again = " + " | ".join(f"(s{place} != s{place})" for place in places))
    lines.append("if not again:")
    for k in range(down):
        result = result_of(stage, "s", k, ranks, f"weights[{rows * columns}]")
        lines.append(f"    put(outs, like(first, to + {k} * width), {result})")
    return [
        f"top = like(first, i * {stride} - before)",
        f"last = like(first, top + {count})",
        "again = True",
        f"if (wn == {columns}) & (top >= 0) & (last <= size_h) & (i + {down} <= out_h):",
        *(f"    {line}" for line in lines),
    ]


def one_window(window: tuple[int, int], ranks: tuple[int, ...], flat: bool) -> list[str]:
    """Return lines that make result k of a thread, whatever its window holds."""
    rows, columns = window
    (stage,) = network(rows, columns, ranks).stages

    def load(name: str, a: int, b: int) -> str:
        at, inside = f"like(first, r{a}{beside(b, flat)})", f"({a} < hn) & ({b} < wn)"
        given = f"lanes, x, {at}, {inside}, {a * columns + b}, state, ends"
        return f"{name}, state = tap_or_end({given})"

    return [
        "h, hn, _ = window_at(table, 0, like(first, i + k))",
        "taps = like(first, hn * wn)",
        "least = table[from_start(like(first, fillings + taps))]",
        "state = lanes[0], -1, least",
        *(f"r{a} = like(first, base + like(first, h + {a}) * pitch)" for a in range(rows)),
        *steps_of(stage, "e", load),
        "odd = state[0]",
        "if odd != odd:",
        "    put(outs, like(first, to + k * width), odd)",
        "else:",
        f"    result = {result_of(stage, 'e', 0, ranks, 'weights[from_start(taps)]')}",
        "    put(outs, like(first, to + k * width), result)",
    ]
