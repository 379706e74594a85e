"""The axes of arrays: what --data-format means, and what is known without it."""

from ..exits import FileError
from ..job import Reading

LAYOUTS = {
    name: (f"N{axes}C" if name.endswith("C") else f"NC{axes}", len(name))
    for axes in ("L", "HW", "DHW")
    for name in (axes, f"C{axes}", f"{axes}C", f"NC{axes}", f"N{axes}C")
}
"""Each --data-format: the library's name for its axes, and their number."""

_KNOWN = {1: "L", 2: "HW", 4: "NCHW", 5: "NCDHW"}


def data_format(shape: tuple[int, ...], reading: Reading, what: str = "it has") -> str:
    """Return the library's data format: that asked for, else by the number of axes."""
    axes = len(shape)
    known = "DHW" if axes == 3 and reading.volumes else _KNOWN.get(axes)
    asked = reading.data_format or known
    if asked is None:
        if reading.any_axes:
            return ""
        raise FileError(unknown(shape, what))
    layout, wanted = LAYOUTS[asked]
    if axes != wanted:
        fits = _with(axes)
        hint = f": give {' or '.join(fits)}" if fits else ""
        raise FileError(
            f"{what} {axes} axes, {shape}, but --data-format {asked} names {wanted}{hint}"
        )
    return layout


def unknown(shape: tuple[int, ...], what: str = "it has") -> str:
    """Return why the axes of an array are not known."""
    axes, fits = len(shape), _with(len(shape))
    if not fits:
        return f"{what} {axes} axes, {shape}, and arrays of 1 to 5 axes are pooled"
    return (
        f"{what} {axes} axes, {shape}, and which are height and width is not guessed: say so with "
        f"--data-format, one of {', '.join(fits)}"
    )


def _with(axes: int) -> list[str]:
    """Return the formats of so many axes."""
    return [name for name, (_, count) in LAYOUTS.items() if count == axes]
