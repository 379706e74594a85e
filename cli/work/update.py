"""``--update``: make outputs again if their source or the options have changed."""

import hashlib
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from ..files.manifest import Manifest, Record, options_of, stamp_of
from ..files.open import opened
from ..job import Job, Outcome, Stamp
from ..telling.reasons import failed
from .pooled import pool_file
from .preview import preview_file

_SAVED_EVERY = 30.0  # seconds of work that may be lost if the process dies

_UP_TO_DATE = "it is up to date"


@dataclass(frozen=True)
class UpdateJob(Job):
    """A job whose output may be up to date: `known` is the source's hash when it was made."""

    known: str = ""


def updated(
    jobs: Iterable[Job], run: Callable[[Sequence[UpdateJob]], Iterator[Outcome]]
) -> Iterator[Outcome]:
    """Yield the outcomes of jobs; `run` does the jobs whose outputs are not up to date."""
    book = _Book()
    left: dict[str, UpdateJob] = {}
    for job in jobs:
        record = book.record(job)
        if record and _stands_for(record, job):
            yield Outcome(job.source, job.target, "skipped", reason=_UP_TO_DATE)
        else:
            known = record.stamp.sha256 if record else ""
            left[job.target] = UpdateJob(**vars(job), known=known)
    if not left:
        return
    try:
        with closing(run(list(left.values()))) as outcomes:  # type: ignore[type-var]
            for outcome in outcomes:
                if outcome.target in left:
                    book.note(left[outcome.target], outcome)
                yield outcome
    finally:
        book.save()


def pool_changed(job: UpdateJob) -> Outcome:
    """Pool a file unless its content is known; the outcome has the stamp of the source.

    The stamp is from before the source is read for pooling. If the source changes later, it
    differs from the stamp, and the next run pools it again.
    """
    passed = unchanged(job)
    if passed.status != "done":
        return passed
    return replace(pool_file(job), stamp=passed.stamp)


def preview_changed(job: UpdateJob) -> Outcome:
    """Return the outcome that `pool_changed` would have, without doing it."""
    passed = unchanged(job)
    return preview_file(job) if passed.status == "done" else replace(passed, stamp=None)


def unchanged(job: UpdateJob) -> Outcome:
    """Return an outcome with the source's stamp: skipped if unchanged, failed if unreadable."""
    try:
        stamp = _stamp(job)
    except Exception as error:
        return failed(job, error)
    if stamp.sha256 == job.known:
        return Outcome(job.source, job.target, "skipped", reason=_UP_TO_DATE, stamp=stamp)
    return Outcome(job.source, job.target, stamp=stamp)


class _Book:
    """The manifests of all output folders."""

    def __init__(self) -> None:
        self._manifests: dict[Path, Manifest] = {}
        self._saved = time.monotonic()

    def record(self, job: Job) -> Record | None:
        """Return the record of a job's output, if the output and the options are unchanged."""
        record = self._manifest(job).get(Path(job.target).name)
        if record is None or record.options != options_of(job):
            return None
        return record if stamp_of(job.target) == record.written else None

    def note(self, job: Job, outcome: Outcome) -> None:
        """Record how an output was made, or the new time of a source with unchanged content."""
        manifest, name = self._manifest(job), Path(job.target).name
        if outcome.stamp and outcome.status in ("done", "skipped"):
            old = manifest.get(name)
            written = outcome.written or (old.written if old else None)
            if written:
                source = _way(job.source, manifest.folder)
                manifest.put(name, Record(source, outcome.stamp, written, options_of(job)))
        if time.monotonic() - self._saved > _SAVED_EVERY:
            self.save()

    def save(self) -> None:
        """Write all manifests that have new records."""
        for manifest in self._manifests.values():
            manifest.save()
        self._saved = time.monotonic()

    def _manifest(self, job: Job) -> Manifest:
        folder = Path(job.target).parent
        if folder not in self._manifests:
            self._manifests[folder] = Manifest(folder)
        return self._manifests[folder]


def _stands_for(record: Record, job: Job) -> bool:
    """Return whether a record fits the source, by its size and time."""
    now = stamp_of(job.source)
    return (
        now is not None
        and now == replace(record.stamp, sha256="")
        and record.source == _way(job.source, Path(job.target).parent)
    )


def _stamp(job: Job) -> Stamp:
    with opened(job.source, job.reading) as file:
        status = os.fstat(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    return Stamp(status.st_size, status.st_mtime_ns, digest)


def _way(source: str, folder: Path) -> str:
    """Return the path from a folder to a source, spelt alike on all systems."""
    try:
        return Path(os.path.relpath(source, folder)).as_posix()
    except ValueError:  # it is on another drive
        return Path(source).absolute().as_posix()
