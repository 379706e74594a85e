"""The report of a run, for a person or as JSON."""

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import field, replace
from itertools import groupby

import click

from numbapool.records import dataclass

from ..exits import ExitCode, OutputLost
from ..job import STREAM, Outcome, RunNote
from .left_alone import LeftAlone
from .names import shown
from .progress import Progress, can_draw, say
from .size import bytes_at, in_bytes, in_shape, in_time


@dataclass(frozen=True)
class Telling:
    """How much to tell the user, and in which form."""

    quiet: bool = False
    verbose: bool = False
    as_json: bool = False
    debug: bool = False

    @property
    def silent(self) -> bool:
        """Whether progress and messages for a person are hidden."""
        return self.quiet or self.as_json


@dataclass
class Report:
    """Reports each outcome as it comes, and the failures at the end.

    Results go to standard output, everything else to standard error.
    """

    total: int
    telling: Telling = field(default_factory=Telling)
    left_alone: LeftAlone = field(default_factory=LeftAlone)
    done: int = 0
    planned: bool = False  # whether nothing is done, but planned alone
    skipped: int = 0
    updates: bool = False  # whether the command has --update
    failures: list[Outcome] = field(default_factory=list)
    each: bool = True
    """Whether each file gets a line, and not only with --verbose."""
    before: int = 0
    """Bytes of the files that were read."""
    after: int = 0
    """Bytes of the files that were written."""
    _begun: float = field(default_factory=time.monotonic)
    _weighed: set[str] = field(default_factory=set)
    _noted: set[str] = field(default_factory=set)

    def add(self, outcome: Outcome) -> None:
        """Count an outcome and report it."""
        if outcome.status == "failed":
            self.failures.append(outcome)
        elif outcome.status == "skipped":
            self.skipped += 1
        else:
            self.done += 1
            self.planned = outcome.status == "planned"
            self._weigh(outcome)
        if self.telling.as_json:
            say(_as_line(_as_dict(outcome)), err=False)
        elif outcome.status == "failed":
            if self.telling.debug and outcome.details:
                say(outcome.details.removesuffix("\n"))
        elif outcome.status == "skipped":
            if self.telling.verbose:
                say(f"{shown(outcome.source)}: skipped, {outcome.reason}")
        elif not self.telling.quiet:
            if self.each or self.telling.verbose or outcome.status == "planned":
                say(self._line(outcome), err=outcome.target == STREAM)
            self._note(outcome)

    def _weigh(self, outcome: Outcome) -> None:
        """Count the bytes of a file that was read, and of one that was written, once each."""
        if outcome.status == "done":
            self.before += self._new(outcome.source)  # levels of a pyramid have one source
            self.after += self._new(outcome.target)  # rows of one array have one target

    def _new(self, path: str | None) -> int:
        """Return a file's bytes the first time, then 0."""
        if not path or path in self._weighed:
            return 0
        self._weighed.add(path)
        return _size(path) or 0

    def _note(self, outcome: Outcome) -> None:
        """Print the notes of a file; without -v only notes that are shown once per run."""
        for note in outcome.notes:
            if self.telling.verbose:
                say(f"  note: {shown(note)}")
            elif isinstance(note, RunNote) and note not in self._noted:
                self._noted.add(note)
                say(f"pool: note: {shown(note)}")

    def _line(self, outcome: Outcome) -> str:
        target = "standard output" if outcome.target == STREAM else shown(outcome.target)
        line = f"{shown(outcome.source)} -> {target} ({shapes(outcome.before, outcome.after)})"
        if outcome.status == "planned":
            return f"{line} {outcome.dtype}, {outcome.nbytes:,} bytes before encoding"
        return f"{line} {outcome.seconds:.2f} s" if self.telling.verbose else line

    @contextmanager
    def told_beside(self, progress: Progress) -> Iterator[None]:
        """Print the summary at the end, whatever happens, after the bar is cleared."""
        try:
            yield
        except OutputLost:
            self.telling = replace(self.telling, quiet=True)  # nobody reads the summary
            raise
        finally:
            progress.close()
            self.finish()

    def finish(self) -> None:
        """Print the failures, and a summary if there are several files."""
        if self.telling.as_json:
            click.echo(_as_line({"summary": self._as_dict()}))
            return
        if len(self.failures) == 1 and self.total == 1:
            failure = self.failures[0]
            click.echo(f"pool: {shown(failure.source)}: {self._why(failure)}", err=True)
            return
        self._tell_failures()
        left_alone = list(self.left_alone.sentences())
        taken = sum(failure.trouble == "taken" for failure in self.failures)
        nothing = self.total in (1, taken) and not (self.skipped or left_alone)
        if self.telling.quiet or nothing:
            return
        parts = [f"{self.done} {'planned' if self.planned else 'done'}"]
        if self.skipped:
            parts.append(f"{self.skipped} skipped")
        if len(self.failures) > taken:
            parts.append(f"{len(self.failures) - taken} failed")
        if taken:
            parts.append(f"{taken} not written")
        if self.not_run:
            parts.append(f"{self.not_run} not run")
        sentences = [", ".join(parts) + "."]
        if self.after:
            seconds = time.monotonic() - self._begun
            sizes = f"{in_bytes(self.before)} -> {in_bytes(self.after)}"
            sentences.append(f"{sizes} in {in_time(seconds)}.")
        text = " ".join([*sentences, *left_alone])
        if self.total > 1 and can_draw():
            from .screen import print_text

            print_text(text)
        else:
            click.echo(text, err=True)

    def _as_dict(self) -> dict[str, object]:
        """Return what JSON tells of the run."""
        return {
            "done": 0 if self.planned else self.done,
            "planned": self.done if self.planned else 0,
            "skipped": self.skipped,
            "failed": len(self.failures),
            "not_run": self.not_run,
            "unknown_kind": self.left_alone.others.total() + self.left_alone.former,
            "other_types": dict(self.left_alone.others),
            "irregular": self.left_alone.irregular,
            "bytes_before": self.before,
            "bytes_after": self.after,
            "seconds": round(time.monotonic() - self._begun, 4),
        }

    def _tell_failures(self) -> None:
        """Print each file that failed; what several files share is told once."""
        troubles: dict[str, list[Outcome]] = {"": [], "taken": [], "folder": []}
        for failure in self.failures:
            own = self.telling.verbose or failure.trouble == "asked"
            troubles["" if own else failure.trouble].append(failure)
        alone = troubles[""]
        title = f"{len(alone)} of {self.total} failed:"
        if alone and can_draw():
            from .screen import print_failures

            print_failures(title, [(shown(each.source), self._why(each)) for each in alone])
        elif alone:
            click.secho(title, fg="red", err=True)
            width = min(48, max(len(shown(failure.source)) for failure in alone))
            for failure in alone:
                click.echo(f"  {shown(failure.source):{width}}  {self._why(failure)}", err=True)
        for why, count in Counter(map(self._why, troubles["folder"])).items():
            click.secho(f"{count} of {self.total} failed: {why}", fg="red", err=True)
        if troubles["taken"]:
            click.secho(self._taken(troubles["taken"]), fg="red", err=True)

    def _taken(self, failures: list[Outcome]) -> str:
        """Return what to do about outputs that exist."""
        only, count = shown(failures[0].target), len(failures)
        what = f"{only} exists" if count == 1 else f"{count} outputs exist"
        ways = ["--skip-existing passes over them", "--on-exists overwrite replaces them"]
        if self.updates:
            ways.append("--update replaces only what is not up to date")
        return f"{what} already and nothing was overwritten: {', '.join(ways)}."

    def _why(self, failure: Outcome) -> str:
        detail = f" ({failure.cause})" if self.telling.verbose and failure.cause else ""
        return shown(f"{failure.reason}{detail}")  # it may quote text from a file

    @property
    def not_run(self) -> int:
        """How many jobs were left when the run stopped."""
        return self.total - self.done - self.skipped - len(self.failures)

    @property
    def code(self) -> ExitCode:
        """The exit code of the process."""
        if not self.failures:
            return ExitCode.DONE
        asked = all(failure.trouble == "asked" for failure in self.failures)
        return ExitCode.USAGE if asked else ExitCode.SOME_FAILED


def _size(path: str | None) -> int | None:
    """Return a file's bytes; None for a stream, or if it cannot be told."""
    try:
        return bytes_at(path) if path and path != STREAM else None
    except (OSError, ValueError):
        return None


def shapes(before: tuple[tuple[int, ...], ...], after: tuple[tuple[int, ...], ...]) -> str:
    """Return the sizes before and after as short text; for many frames, of the first frame."""
    text = f"{in_shape(before[0])} -> {in_shape(after[0])}"
    return text if len(before) == 1 else f"{len(before)} frames, {text}"


def _as_line(told: dict[str, object]) -> str:
    import json

    return json.dumps(told)


def _as_dict(outcome: Outcome) -> dict[str, object]:
    """Return what JSON tells of a file; equal frames that follow each other are told once."""
    pairs = zip(outcome.before, outcome.after, strict=False)
    runs = [(pair, len([*frames])) for pair, frames in groupby(pairs)]
    done = outcome.status == "done"
    return {
        "source": outcome.source,
        "target": outcome.target,
        "status": outcome.status,
        "before": [before for (before, _), _ in runs],
        "after": [after for (_, after), _ in runs],
        "frames": [count for _, count in runs],
        "bytes_before": _size(outcome.source),
        "bytes_after": _size(outcome.target) if done else None,
        "dtype": outcome.dtype,
        "reason": outcome.reason,
        "notes": outcome.notes,
        "seconds": round(outcome.seconds, 4),
    }


def tell(
    outcomes: Iterator[Outcome], report: Report, files: int, levels: int = 1, steps: bool = False
) -> None:
    """Report the outcomes of `files` jobs with `levels` outputs each, and a summary.

    One file alone has a bar if it takes `steps`.
    """
    silent = report.telling.silent
    report.each = files == 1
    progress = Progress(files, (files > 1 or steps) and not silent and can_draw())
    with closing(outcomes), report.told_beside(progress):  # type: ignore[type-var]
        for outcome in outcomes:
            told = outcome.levels or (outcome,)
            report.total += len(told) - levels
            for level in told:
                report.add(level)
                left_out = level.status == "skipped" and not level.target
                if left_out and not (silent or report.telling.verbose):
                    say(f"{shown(level.source)}: left out {level.reason}")
            progress.add(outcome)
