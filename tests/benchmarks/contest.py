"""Measure all contenders of a case in turn, so that what else the machine does hits them alike."""

from __future__ import annotations

import gc
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Any
from unittest.mock import patch

import numpy as np
from cases import Case
from peers import Array, Call
from streaming import plain_loop, streaming_loop

from numbapool.pooling.call import DECIDERS
from numbapool.run import call as run

PAUSE = 0.03
"""Seconds before each turn: OpenMP's threads spin for up to 20 ms after their work, in the time
of whoever comes next."""
CALLS_A_TURN = 3
"""Calls in a row: the first finds cold caches and sleeping threads, which cost 0.1 ms."""
BUDGET = 6.0
"""Seconds after which a contender sits out the rest; it always has one call, and one before."""


@dataclass
class Contender:
    """A call and the seconds that its runs took."""

    call: Call
    times: list[float] = field(default_factory=list)

    def take_turn(self, calls: int = CALLS_A_TURN) -> None:
        """Call and note the times; the results are dropped outside them."""
        time.sleep(PAUSE)
        for _ in range(calls):
            if sum(self.times) > BUDGET:
                break
            begin = time.perf_counter()
            result = self.call()
            self.times.append(time.perf_counter() - begin)
            del result


@dataclass
class Result:
    """What a case gave: minimum and median milliseconds a contender, and what went wrong."""

    case: Case
    shape: tuple[int, ...]
    dtype: str
    minima: dict[str, float]
    medians: dict[str, float]
    notes: list[str]
    state: str = "measured"

    @property
    def best_peer(self) -> str | None:
        """The name of the fastest peer."""
        measured = [name for name in self.case.peers if name in self.minima]
        return min(measured, key=self.minima.__getitem__, default=None)

    @property
    def ahead(self) -> float | None:
        """How many times our time the best peer takes, each making a fresh result."""
        if self.best_peer is None or FRESH not in self.minima:
            return None
        return self.minima[self.best_peer] / self.minima[FRESH]

    @property
    def to_stream(self) -> float | None:
        """How many times the streaming loop's time we take, both writing to touched memory."""
        if INTO not in self.minima or STREAM not in self.minima:
            return None
        return self.minima[INTO] / self.minima[STREAM]

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "case": self.case.name,
            "state": self.state,
            "shape": self.shape,
            "dtype": self.dtype,
            "best_peer": self.best_peer,
            "ahead": self.ahead,
            "to_stream": self.to_stream,
            "minimum_ms": self.minima,
            "median_ms": self.medians,
            "notes": self.notes,
        }


FRESH, INTO, STREAM, PLAIN = "ours", "ours, out=", "streaming loop", "plain loop"
KERNELS = "plain kernels"
"""Ours by the kernels that stand in where the fast ones cannot be built, into a result given."""


def outputs(result: Any) -> tuple[Array, ...]:
    """Return our results as a tuple."""
    return result if isinstance(result, tuple) else (result,)


def values(result: Any) -> Array:
    """Return the values, as an array of NumPy's, of whatever a contender returned."""
    if isinstance(result, tuple | list):
        result = result[0]
    if getattr(result, "is_mkldnn", False):
        result = result.to_dense()
    return np.asarray(result.numpy() if hasattr(result, "numpy") else result)


def disagreement(theirs: Array, ours: Array, tolerance: float | None) -> str | None:
    """Say how a peer's result differs from ours, where it does."""
    if theirs.size != ours.size:
        return f"gives shape {theirs.shape}, not {ours.shape}"
    if tolerance is None:
        return None
    worst = float(np.abs(theirs.reshape(ours.shape) - ours.astype(np.float64)).max(initial=0))
    return f"differs by up to {worst:.3g}" if worst > tolerance else None


def plain_call(case: Case, x: Array) -> Call | None:
    """Return what runs a case by the plain kernels, or None if it needs no kernel."""
    seen: list[Any] = []
    real = run.Call.into

    def noted(self: Any, x: Array, outs: tuple[Array, ...]) -> None:
        seen.append((self, x, outs))
        real(self, x, outs)

    def forget() -> None:
        for decider in DECIDERS.values():
            if hasattr(decider, "cache_clear"):  # fractional pooling keeps no calls
                decider.cache_clear()

    forget()
    with patch.object(run.Call, "into", noted), patch.dict(os.environ, NUMBAPOOL_KERNELS="plain"):
        case.ours(x)
    forget()
    if not seen:
        return None
    call, array, outs = seen[-1]
    return lambda: real(call, array, outs)


def contenders_of(
    case: Case, x: Array, threads: int, notes: list[str], absent: set[str], plain: bool
) -> dict[str, Contender]:
    """Prepare ours and every peer's call, each run once: for warmth, and to compare results."""
    made = case.ours(x)
    outs = outputs(made)
    out = outs if len(outs) > 1 else outs[0]
    contenders = {
        FRESH: Contender(lambda: case.ours(x)),
        INTO: Contender(lambda: case.ours(x, out=out)),
        STREAM: Contender(streaming_loop(x, sum(array.nbytes for array in outs))),
        PLAIN: Contender(plain_loop(x, sum(array.nbytes for array in outs))),
    }
    if plain and (call := plain_call(case, x)):
        contenders[KERNELS] = Contender(call)
    expected = outs[0].copy()
    for contender in contenders.values():
        contender.call()
    for name, factory in case.peers.items():
        try:
            call = factory(x, threads)
            difference = disagreement(values(call()), expected, case.tolerance)
        except ModuleNotFoundError as error:
            absent.add(f"{name} ({error.name} is not installed)")
        except Exception as error:
            notes.append(f"{name} failed: {type(error).__name__}: {error}".splitlines()[0])
        else:
            contenders[name] = Contender(call)
            if difference:
                notes.append(f"{name} {difference}")
    return contenders


def hold(case: Case, rounds: int, threads: int, absent: set[str], plain: bool = True) -> Result:
    """Measure a case; `plain` kernels are compiled for it, which takes seconds."""
    x = case.make()
    notes: list[str] = []
    if not case.exists:
        return Result(case, x.shape, str(x.dtype), {}, {}, [], "not there yet")
    try:
        contenders = contenders_of(case, x, threads, notes, absent, plain)
    except Exception as error:
        note = f"{type(error).__name__}: {error}"
        return Result(case, x.shape, str(x.dtype), {}, {}, [note], "failed")
    gc.collect()
    gc.disable()
    try:
        for _ in range(rounds):
            for contender in contenders.values():
                contender.take_turn()
    finally:
        gc.enable()
    return Result(
        case,
        x.shape,
        str(x.dtype),
        milliseconds(contenders, min),
        milliseconds(contenders, median),
        notes,
    )


def milliseconds(contenders: Mapping[str, Contender], of: Any) -> dict[str, float]:
    """Return one figure a contender."""
    return {name: 1e3 * of(contender.times) for name, contender in contenders.items()}
