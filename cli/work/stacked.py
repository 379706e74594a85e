"""Several files to one array, a row per file: all of them, or nothing is written."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from numbapool.records import dataclass

from ..codecs import npy
from ..codecs.raster import Raster
from ..files.write import exists, passed_over, writing
from ..job import Job, OnExists, Outcome
from ..telling.names import shown
from ..telling.reasons import failed

J = TypeVar("J", bound=Job)


@dataclass(frozen=True)
class Row(Outcome):
    """The outcome of a file, with the bytes of its result for an array of all files'."""

    data: bytes = b""


def stacked(
    jobs: Sequence[J], names: Sequence[str], run: Callable[[Sequence[J]], Iterator[Outcome]]
) -> Iterator[Outcome]:
    """Pool files by `run` and yield their outcomes; write one array if all are pooled.

    The jobs have one target. Beside it lies a list of the names, one per line.
    """
    first = jobs[0]
    target = _free(first.target, first.writing.on_exists)
    pooled: list[Outcome] = []
    for outcome in run(jobs):
        if outcome.status == "failed":
            yield outcome
        else:
            pooled.append(outcome)
    shapes = Counter(outcome.after for outcome in pooled)
    most = max(shapes, key=shapes.__getitem__, default=())
    alike = [outcome for outcome in pooled if outcome.after == most]
    for outcome in pooled:
        if outcome.after != most:
            yield _unlike(outcome, alike[0])
    pooled = alike
    if len(pooled) < len(jobs):
        yield from _left(pooled, f"{shown(target)} is not written, because other files failed")
        return
    rows = [outcome for outcome in pooled if isinstance(outcome, Row)]
    if rows:  # there are none in a dry run
        try:
            _write(rows, names, target, first)
        except Exception as error:
            yield replace(failed(first, error), source=target, target=target)
            yield from _left(pooled[1:], f"{shown(target)} could not be written")
            return
    for outcome in pooled:
        yield replace(outcome, target=target)


def _left(pooled: Sequence[Outcome], reason: str) -> Iterator[Outcome]:
    """Yield files as skipped: they can be pooled, but what they are for is not written."""
    for outcome in pooled:
        yield replace(outcome, status="skipped", reason=reason, notes=())


def _unlike(outcome: Outcome, usual: Outcome) -> Outcome:
    """Return the failure of a file whose result is of another shape than most have."""
    theirs, own = usual.after[0], outcome.after[0]
    return Outcome(
        outcome.source,
        outcome.target,
        "failed",
        reason=f"its result has shape {own}, and that of {shown(usual.source)} has {theirs}: "
        "the files of one result have as many channels",
    )


def _beside(path: str) -> str:
    """Return the path of the list of names."""
    return str(Path(path).with_name(f"{Path(path).stem}.names.txt"))


def passed_whole(job: Job) -> Outcome | None:
    """Return the outcome if the array or the list of names exists already, and is to stay."""
    try:
        beside = replace(job, target=_beside(job.target))
        return passed_over(job) or passed_over(beside)
    except Exception as error:
        return failed(job, error)


def _free(path: str, on_exists: OnExists) -> str:
    """Return where to write the array, and its names beside it."""
    place, number = path, 0
    while on_exists == "rename" and (exists(place) or exists(_beside(place))):
        number += 1
        place = str(Path(path).with_name(f"{Path(path).stem}-{number}{Path(path).suffix}"))
    return place


def _write(rows: Sequence[Row], names: Sequence[str], target: str, job: Job) -> None:
    """Write the array and the names; both are complete before either gets its name."""
    dtype = np.result_type(*{np.dtype(row.dtype) for row in rows})
    array: NDArray[Any] = np.empty((len(rows), *rows[0].after[0]), dtype)
    for n, row in enumerate(rows):
        array[n] = np.frombuffer(row.data, row.dtype).reshape(row.after[0])
    policy: OnExists = "overwrite" if job.writing.on_exists == "overwrite" else "error"
    with writing(_beside(target), policy) as beside:
        beside.file.write("".join(f"{name}\n" for name in names).encode())
        with writing(target, policy) as output:
            npy.save([Raster(array, "")], output.file, job.writing.format)
