"""Several files to one array, a row per file: all of them, or nothing is written."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

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
    """Do the jobs by `run` and yield their outcomes; write one array if all have a row.

    The jobs have one target. Beside it lies a list of the names, one per line. In a dry run the
    outcomes are no rows, and nothing is written.
    """
    first = jobs[0]
    target = _free(first.target, first.writing.on_exists)
    pooled: list[Outcome] = []
    failures = 0
    for outcome in run(jobs):
        unlike = pooled and _unlike(outcome, pooled[0])
        if outcome.status == "failed" or unlike:
            failures += 1
            yield unlike or outcome
        else:
            pooled.append(outcome)
    rows = [outcome for outcome in pooled if isinstance(outcome, Row)]
    reason = f"{shown(first.target)} is not written, because other files failed" * bool(failures)
    if rows and not reason:
        try:
            _write(rows, names, target, first)
        except Exception as error:
            yield replace(failed(first, error), source=first.target)
            reason = f"{shown(first.target)} could not be written"
    for outcome in pooled:
        plain = {name: getattr(outcome, name) for name in Outcome.__dataclass_fields__}
        told = Outcome(**plain | {"target": target})
        yield replace(told, status="skipped", reason=reason, notes=()) if reason else told


def passed_whole(job: Job) -> Outcome | None:
    """Return the outcome if the array or the list of names exists already, and is to stay."""
    try:
        return passed_over(job) or passed_over(replace(job, target=_beside(job.target)))
    except Exception as error:
        return failed(job, error)


def _unlike(outcome: Outcome, first: Outcome) -> Outcome | None:
    """Return the failure of a file whose result does not stack with the first file's."""
    if outcome.status == "failed" or outcome.after == first.after:
        return None
    own, theirs = outcome.after[0], first.after[0]
    reason = (
        f"its result has shape {own}, and that of {shown(first.source)} has {theirs}: "
        "the files of one result have as many channels"
    )
    return Outcome(outcome.source, outcome.target, "failed", reason=reason)


def _beside(path: str) -> str:
    """Return the path of the list of names."""
    return str(Path(path).with_name(f"{Path(path).stem}.names.txt"))


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
