"""The message that kernels are being compiled."""

from collections.abc import Callable

from .progress import begun, is_drawn, say

Claim = Callable[[], bool]
"""Returns whether this process is the one that prints the message."""

_claim: Claim | None = None


def announced_by(claim: Claim | None) -> None:
    """Print the message once, when a kernel is first compiled; never if `claim` is None."""
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
    """Print that kernels are being compiled."""
    from numbapool.kernels import place, told

    kept = "kept for next time" if place().path else "kept nowhere: see pool doctor"
    line = f"compiling kernels for first use ({kept})…"
    if is_drawn():
        begun(line)
    else:
        say(f"pool: {line}")
    for trouble in told:  # the library's warnings, which the command hides
        say(f"pool: {trouble}")
