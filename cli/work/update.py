"""``--update``: make outputs again if their source or the options have changed."""

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from numbapool.records import dataclass

from ..exits import FileError
from ..files.manifest import Manifest, Record, note, options_of, stamp_of, way
from ..files.open import opened
from ..files.write import exists
from ..job import JOURNAL, MANIFEST, Job, Outcome, Stamp
from ..telling.names import shown
from ..telling.reasons import failed, reason
from .pooled import pool_file
from .preview import preview_file

_UP_TO_DATE = "it is up to date"


@dataclass(frozen=True)
class UpdateJob(Job):
    """A job whose output may be up to date.

    Attributes
    ----------
    known
        The source's hash when the output was made.
    stamp
        The source's stamp, once it is known.
    """

    known: str = ""
    stamp: Stamp | None = None

    def note(self, written: Stamp) -> None:
        """Note an output that is complete, before it gets its name."""
        if self.stamp is None:
            return
        try:
            note(self, self.stamp, written)
        except OSError as error:
            lost = f"{JOURNAL} beside the output could not be written"
            raise FileError(f"{lost}: {reason(error)}") from error


def updated(
    jobs: Iterable[Job],
    run: Callable[[Sequence[UpdateJob]], Iterator[Outcome]],
    dry_run: bool,
) -> Iterator[Outcome]:
    """Yield the outcomes of jobs; `run` does the jobs whose outputs are not up to date.

    A dry run notes nothing. An output that no run with --update has written, or that has changed
    since, is left alone, unless the job says that what exists is overwritten.
    """
    book = _Book()
    left: list[UpdateJob] = []
    for job in jobs:
        record = book.record(job)
        if record is None and job.writing.on_exists != "overwrite" and exists(job.target):
            yield failed(job, FileError(book.foreign(job)))
        elif record and _stands_for(record, job):
            yield Outcome(job.source, job.target, "skipped", reason=_UP_TO_DATE)
        else:
            same = record is not None and record.options == options_of(job)
            known = record.stamp.sha256 if record and same else ""
            again = replace(job.writing, on_exists="overwrite")
            left.append(UpdateJob(**{**vars(job), "writing": again}, known=known))
    try:
        if left:
            yield from run(left)
    finally:
        if not dry_run:
            book.save()


def pool_changed(job: UpdateJob) -> Outcome:
    """Pool a file unless its content is known, and note how the output was made.

    The stamp is from before the source is read for pooling. If the source changes later, it
    differs from the stamp, and the next run pools it again.
    """
    passed = unchanged(job)
    job = replace(job, stamp=passed.stamp)
    if passed.status == "done":
        return pool_file(job)
    written = stamp_of(job.target)
    if passed.status == "skipped" and written:
        try:
            job.note(written)  # the source's new time
        except FileError as error:
            return failed(job, error)
    return passed


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

    def record(self, job: Job) -> Record | None:
        """Return the record of a job's output, if the output is as it was written."""
        return self._manifest(job).get(Path(job.target).name)

    def foreign(self, job: Job) -> str:
        """Return why an output that is there is left alone."""
        noted = Path(job.target).name in self._manifest(job)
        what = f"has changed since {MANIFEST} noted it" if noted else f"is not noted in {MANIFEST}"
        return (
            f"{shown(job.target)} {what}, so it was left alone: --on-exists overwrite makes it "
            "again"
        )

    def save(self) -> None:
        """Write all manifests."""
        for manifest in self._manifests.values():
            manifest.save()

    def _manifest(self, job: Job) -> Manifest:
        folder = Path(job.target).parent
        if folder not in self._manifests:
            self._manifests[folder] = Manifest(folder)
        return self._manifests[folder]


def _stands_for(record: Record, job: Job) -> bool:
    """Return whether a record fits the options, and the source by its size and time."""
    now = stamp_of(job.source)
    return (
        now is not None
        and record.options == options_of(job)
        and now == replace(record.stamp, sha256="")
        and record.source == way(job.source, Path(job.target).parent)
    )


def _stamp(job: Job) -> Stamp:
    import hashlib

    with opened(job.source, job.reading) as file:
        status = os.fstat(file.fileno())
        digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
    return Stamp(status.st_size, status.st_mtime_ns, digest)
