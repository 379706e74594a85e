"""A word to whoever waits while kernels are compiled."""

from collections.abc import Callable

import click

from .progress import can_draw

Claim = Callable[[], bool]
"""Says whether it is for this process to speak, of all that work on a run."""

_claim: Claim | None = None


def announced_by(claim: Claim | None) -> None:
    """Say it once, when a kernel is first compiled; with None, never."""
    from numbapool.kernels import on_compile

    global _claim
    _claim = claim
    if _tell not in on_compile:
        on_compile.append(_tell)


def _tell() -> None:
    global _claim
    claim, _claim = _claim, None
    if claim is not None and claim():
        tell_compiling()


def tell_compiling() -> None:
    """Say that kernels are being compiled."""
    from numbapool.kernels import place, told

    kept = "kept for next time" if place().path else "kept nowhere: see pool doctor"
    line = f"pool: compiling kernels for first use ({kept})…"
    click.echo(f"\r\x1b[K{line}" if can_draw() else line, err=True)
    for trouble in told:  # a warning, which the command silences
        click.echo(f"pool: {trouble}", err=True)
