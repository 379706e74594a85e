"""``pool warmup``: kernels compiled ahead of their first use."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from ..asking import options
from ..asking.headings import Command
from ..asking.params import OperatorType
from ..operators import OPERATORS
from ..telling.progress import Progress, can_draw
from . import SHORT_HELP

if TYPE_CHECKING:
    from numbapool.warm import Call

    from ..codecs.raster import Raster

_DEFAULT = ("max", "min", "avg", "sum")
_DTYPES = ("uint8", "uint16", "float32")
_KNOWN = (
    "bool",
    *(f"{sign}int{bits}" for sign in ("u", "") for bits in (8, 16, 32, 64)),
    *(f"float{bits}" for bits in (16, 32, 64)),
)

# Modes whose kernels a plain array does not compile: whole colours, weights by alpha.
_COLOURS = {
    "uint8": ("LA", "RGB", "RGBA"),
    "uint16": ("LA;16", "RGB;16", "RGBA;16"),
}
_SIDES = (96, 97, 98)  # lengths that windows divide or not: they may use other kernels
_KERNELS = (2, 3, 4)
_FITS = (40, 64)  # 96 to 64 is three to two, others are less simple: areas of other numbers


@click.command(
    "warmup",
    cls=Command,
    short_help=SHORT_HELP["warmup"],
    epilog="\b\nExamples:\n  pool warmup avg --dtype uint8\n  pool warmup\n",
)
@click.argument(
    "operators",
    nargs=-1,
    type=OperatorType(list(OPERATORS)),
    metavar="[OPERATOR]...",
)
@click.option(
    "--dtype",
    "dtypes",
    type=click.Choice(_KNOWN),
    metavar="DTYPE",
    multiple=True,
    default=_DTYPES,
    help="A type of number: bool, uint8 to uint64, int8 to int64, float16 to float64; repeat for "
    "several.  "
    f"[default: {', '.join(_DTYPES)}]",
)
@click.option("-q", "--quiet", is_flag=True, help="Report nothing.")
@options.DEBUG
def command(operators: tuple[str, ...], dtypes: tuple[str, ...], quiet: bool, debug: bool) -> None:
    """Compile what OPERATOR uses, so that no later run has to wait for it.

    Without OPERATOR: max, min, avg and sum. Most pictures hold uint8, deep ones uint16 or float32.
    This compiles kernels for -k 2, 3 and 4, and for --fit. Larger windows may need other kernels,
    and so do --nan skip and --nodata.
    """
    from numbapool.kernels import place
    from numbapool.warm import warm

    from ..rasters.uncompiled import ask_at_once
    from ..telling.compiling import announced_by

    announced_by(None)  # the progress line tells it
    ask_at_once()
    folder, trouble = place()
    if folder is None:
        raise click.ClickException(trouble)
    if trouble:
        click.echo(f"pool: {trouble}", err=True)
    chosen = list(dict.fromkeys(operators or _DEFAULT))
    calls = list(_calls(chosen, list(dict.fromkeys(dtypes))))
    bar = Progress(len(calls), not quiet and can_draw())
    begun = 0

    def progress(name: str) -> None:
        nonlocal begun
        if begun:
            bar.advance()
        begun += 1
        bar.begun(name)

    try:
        warmth = warm(calls, progress)
    finally:
        bar.close()
    if not quiet:
        click.echo(
            f"Kernels compiled: {warmth.compiled}, there already: {warmth.loaded} "
            f"({warmth.seconds:.1f} s)"
        )


def _calls(operators: list[str], dtypes: list[str]) -> Iterator["Call"]:
    """Yield calls that compile the kernels, for each kind of picture and for arrays."""
    from functools import partial
    from itertools import product

    from ..job import OutputSize, Values, Window
    from ..rasters.pooling import pool

    windows = [*(Window(k) for k in _KERNELS), *(Window(fit=OutputSize(n, n)) for n in _FITS)]
    values = Values(own=(("norm_type", 2.0), ("q", 50.0)))
    for dtype in dtypes:
        for raster in _rasters(dtype):
            for name, window in product(operators, windows):
                kind = f"{name} on {dtype} {raster.mode}".rstrip()
                yield kind, partial(pool, raster, OPERATORS[name], window, values)


def _rasters(dtype: str) -> Iterator["Raster"]:
    import numpy as np

    from ..codecs.raster import Raster

    for side in _SIDES:
        yield Raster(np.zeros((side, side), dtype), "NCHW")
        for mode in _COLOURS.get(dtype, ()):
            channels = len(mode.partition(";")[0])
            yield Raster(np.zeros((side, side, channels), dtype), "NHWC", mode)
