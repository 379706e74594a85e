"""Outputs that are made step by step, so that a run that was stopped can go on.

Such an output is made in a folder beside its final name, which it gets when it is complete.
"""

import shutil
from contextlib import suppress
from pathlib import Path

from ..codecs import by_name, is_store
from ..exits import AskedWrong, NameTaken
from ..job import STREAM, Job, Outcome, Steps, VolumeJob
from ..telling.names import shown
from ..telling.reasons import standing
from .write import commit, exists, refuse_closed, refuse_taken

PREFIX = ".numbapool-"


def is_volume(job: Job, steps: Steps) -> bool:
    """Return whether a job is done step by step: into a store, from one, or to bound its memory."""
    if job.writing.format == "ZARR" or is_store(job.source):
        return True
    known = by_name(job.source)
    if job.writing.format != "NPY" or known is None or known.name != "NPY":
        return False
    if STREAM in (job.source, job.target):
        return False
    most = steps.memory
    return steps.resume or (most is not None and _size(job.source) > most)


def _size(path: str) -> int:
    try:
        return Path(path).stat().st_size
    except OSError:
        return 0


def is_stage(name: str) -> bool:
    """Return whether a name is of a folder in which an output is being made.

    >>> is_stage(".numbapool-out.zarr"), is_stage("out.zarr")
    (True, False)
    """
    return name.startswith(PREFIX)


def stage_of(target: str) -> Path:
    """Return the folder in which an output is made."""
    path = Path(target)
    return path.with_name(f"{PREFIX}{path.name}")


def passed_over(job: VolumeJob) -> Outcome | None:
    """Return the outcome of a job whose output already exists; raise if that is a failure."""
    policy = job.writing.on_exists
    if policy == "error":
        refuse_taken(job.target)
    elif policy == "skip" and exists(job.target):
        return standing(job)
    elif policy == "overwrite" and not is_store(job.target):
        refuse_no_folder(job.target)
    refuse_closed(job.target)
    refuse_unfinished(job)
    return None


def refuse_unfinished(job: VolumeJob) -> None:
    """Refuse an output that another run began, unless it is to go on or to begin anew."""
    stage = stage_of(job.target)
    if stage.exists() and not (job.steps.resume or job.writing.on_exists == "overwrite"):
        raise NameTaken(
            f"{shown(job.target)} was begun by another run, which was stopped or is at work still "
            f"(in {shown(stage.name)}): --resume goes on with it, --on-exists overwrite begins anew"
        )


def begin(job: VolumeJob) -> tuple[Path, bool]:
    """Return where a job's output is made, and whether a run that was stopped goes on there."""
    stage = stage_of(job.target)
    if stage.exists() and not job.steps.resume:
        shutil.rmtree(stage)
    stage.parent.mkdir(parents=True, exist_ok=True)
    resumed = stage.exists()
    stage.mkdir(exist_ok=True)
    return stage / Path(job.target).name, resumed


def end(job: VolumeJob, made: Path) -> str:
    """Give an output that is complete its name, and return that."""
    path = commit(made, Path(job.target), job.writing.on_exists)
    abandon(job)
    return path


def abandon(job: VolumeJob) -> None:
    """Remove the folder in which an output was made."""
    with suppress(OSError):
        shutil.rmtree(stage_of(job.target))


def refuse_no_folder(path: str) -> None:
    """Refuse to replace a folder that is no store."""
    if Path(path).is_dir():
        raise AskedWrong(f"the output {shown(path)} is a folder: name another output with -o")
