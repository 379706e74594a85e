"""Where the windows of an input lie, tap by tap, for a drawing of them."""

from collections.abc import Sequence
from math import prod

from numbapool.records import dataclass

from ..job import Pair, Window, pair_of
from ..windows import Arguments, size_of, window_arguments


@dataclass(frozen=True)
class Along:
    """The windows along one axis."""

    name: str
    size: int
    taps: tuple[tuple[int, ...], ...]
    """The places of each window's taps. Places outside [0, size) are padding, or nothing."""
    padding: tuple[int, int]
    """How many places of padding lie before the input, and after it."""
    formula: str
    """How the number of windows is computed."""

    @property
    def out(self) -> int:
        """How many windows there are."""
        return len(self.taps)

    @property
    def places(self) -> range:
        """The places to draw: the input, its padding, and any further place that windows reach."""
        first = min(0, -self.padding[0])
        last = max(self.size + self.padding[1], max(taps[-1] for taps in self.taps) + 1)
        return range(first, last)

    def is_padding(self, place: int) -> bool:
        """Say whether a place belongs to the padding."""
        return -self.padding[0] <= place < self.size + self.padding[1] and not self.is_input(place)

    def is_input(self, place: int) -> bool:
        """Say whether a place belongs to the input."""
        return 0 <= place < self.size

    @property
    def read(self) -> list[int]:
        """How many windows read each place of the input."""
        counts = [0] * self.size
        for taps in self.taps:
            for place in taps:
                if self.is_input(place):
                    counts[place] += 1
        return counts


@dataclass(frozen=True)
class Explained:
    """A pooling of one plane."""

    title: str
    axes: tuple[Along, Along]
    notes: tuple[str, ...]

    @property
    def alike(self) -> bool:
        """Whether the windows along both axes are the same."""
        height, width = self.axes
        return (height.size, height.taps, height.padding) == (
            width.size,
            width.taps,
            width.padding,
        )


def explained(window: Window, shape: tuple[int, int], picture: bool) -> Explained:
    """Return where windows lie on a plane of this (height, width).

    Raises
    ------
    PoolError
        If the windows do not fit.
    """
    arguments = window_arguments(window, shape, picture)
    axes = _axes(arguments, shape)
    height, width = axes
    results = f"{height.out} x {width.out}"
    if size_of(arguments):
        title = f"Windows that cover {shape[0]} x {shape[1]}: {results} results."
    else:
        title = _title(arguments, shape, results)
    filled = arguments.get("padding_mode") is not None
    notes = _notes(axes, filled)
    if "fitted_size" in arguments and any(axis.size % axis.out for axis in axes):
        notes.append(_PARTS)
    return Explained(title, axes, tuple(notes))


_PARTS = "A mean counts what two windows hold in both, by the part of it that lies in each."


def _title(arguments: Arguments, shape: tuple[int, int], results: str) -> str:
    size, stride = pair_of(arguments["kernel_size"]), arguments["stride"]
    step = size if stride is None else pair_of(stride)
    dilation, padding = arguments["dilation"], arguments["padding"]
    shaped = arguments["footprint"] or "window"
    parts = [f"A {shaped} of {size[0]} x {size[1]}"]
    if pair_of(dilation) != (1, 1):
        parts.append(f", its taps {_short(dilation)} apart")
    parts.append(f", moved by {_short(step)}, over {shape[0]} x {shape[1]}")
    if isinstance(padding, str):
        parts.append(f" with {padding!r} padding")
    elif pair_of(padding) != (0, 0):
        parts.append(f" padded by {_short(padding)}")
    if arguments["padding_mode"] is not None:
        parts.append(f" ({arguments['padding_mode']})")
    return f"{''.join(parts)}: {results} results."


def _short(value: Pair) -> str:
    high, wide = pair_of(value)
    return str(high) if high == wide else f"{high} x {wide}"


def _axes(arguments: Arguments, shape: tuple[int, int]) -> tuple[Along, Along]:
    from numbapool import Pool

    size = size_of(arguments)
    if size:
        high, wide = Pool.adaptive("max", size).place(shape).axes
        return _covering("height", high.size, high.out), _covering("width", wide.size, wide.out)
    high, wide = Pool("sum", **arguments).place(shape).axes  # a sum may be of padding alone
    return (
        _sliding("height", _of_axis(arguments, 0), high.size, high.out, high.before),
        _sliding("width", _of_axis(arguments, 1), wide.size, wide.out, wide.before),
    )


def _covering(name: str, size: int, out: int) -> Along:
    taps = tuple(tuple(range(i * size // out, -(-(i + 1) * size // out))) for i in range(out))
    formula = f"window i holds places floor(i * {size} / {out}) to ceil((i + 1) * {size} / {out})"
    return Along(name, size, taps, (0, 0), f"{formula} - 1")


def _of_axis(arguments: Arguments, n: int) -> Arguments:
    """Return the arguments of one axis."""
    return {
        name: value[n] if isinstance(value, tuple) else value for name, value in arguments.items()
    }


def _sliding(name: str, given: Arguments, size: int, out: int, before: int) -> Along:
    kernel, dilation, padding = given["kernel_size"], given["dilation"], given["padding"]
    stride = given["stride"] or kernel
    reach = dilation * (kernel - 1) + 1
    taps = tuple(
        tuple(i * stride - before + dilation * tap for tap in range(kernel)) for i in range(out)
    )
    if isinstance(padding, str) and padding != "valid":
        after = max((out - 1) * stride + reach - size - before, 0)
        return Along(name, size, taps, (before, after), f"ceil({size} / {stride}) = {out}")
    span = f"{dilation} * ({kernel} - 1) - 1" if dilation > 1 else str(kernel)
    pads = f" + {before} + {before}" if before else ""
    rounded = "ceil" if given["ceil_mode"] else "floor"
    formula = f"{rounded}(({size}{pads} - {span}) / {stride}) + 1"
    dropped = -(-(size + 2 * before - reach) // stride) + 1 if given["ceil_mode"] else out
    if dropped != out:
        formula += ", less one that would begin past the input,"
    return Along(name, size, taps, (before, before), f"{formula} = {out}")


def _notes(axes: Sequence[Along], filled: bool) -> list[str]:
    """Return notes on what a reader may not expect; `filled` says if padding holds elements."""
    notes = []
    held = prod(axis.size for axis in axes)
    kept = prod(axis.out for axis in axes)
    if kept < held:
        notes.append(f"{held} numbers become {kept}: {100 * (1 - kept / held):.0f}% fewer.")
    elif kept > held:
        notes.append(f"{held} numbers become {kept}: more, since windows overlap so much.")
    for axis in axes:
        unread = [place for place, count in enumerate(axis.read) if count == 0]
        if unread:
            what = "row" if axis.name == "height" else "column"
            many = "s" if len(unread) > 1 else ""
            notes.append(f"No window reads {what}{many} {_listed(unread)}.")
        if not filled and any(not any(map(axis.is_input, taps)) for taps in axis.taps):
            notes.append(
                f"Along the {axis.name} a window holds padding alone: max, min and most others "
                "are undefined there, and refuse it."
            )
        past = [taps for taps in axis.taps if taps[-1] >= axis.size + axis.padding[1]]
        if past:
            notes.append(
                f"Along the {axis.name} the last window reaches past the end: it keeps what it "
                "holds, and a mean divides by the count of that."
            )
    return notes


def _listed(places: list[int], most: int = 8) -> str:
    if len(places) == 1:
        return str(places[0])
    first = ", ".join(map(str, places[:most]))
    if len(places) > most:
        return f"{first} and {len(places) - most} more"
    return f"{', '.join(map(str, places[:-1]))} and {places[-1]}"
