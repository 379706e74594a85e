"""Preview what a job would write."""

from collections.abc import Sequence
from dataclasses import replace

from ..codecs import ARRAYS
from ..codecs.raster import Form
from ..codecs.writable import refuse_unwritable
from ..exits import FileError
from ..files.open import opened
from ..files.write import passed_over
from ..job import Job, Outcome
from ..operators import OPERATORS
from ..rasters.plan import plan
from ..rasters.sizes import notes_on
from ..telling.reasons import failed
from .copied import UNCHANGED, is_copied
from .facts import Facts, inspected
from .weights import weighed_forms


def preview_file(job: Job) -> Outcome:
    """Return the outcome that a job would have, without doing it."""
    try:
        passed = passed_over(job)
        if passed:
            return passed
        facts, before = _looked_at(job)
        if is_copied(job, facts):
            return _planned(job, before, before, (UNCHANGED,))
        operator = OPERATORS[job.operator]
        plans = [plan(form, operator, job.window, job.values) for form in before]
        notes = [
            note
            for form, made in zip(before, plans, strict=True)
            for note in (*made.notes, *notes_on(form, operator, job.window))
        ]
        return replace(planned(job, before, [made.after for made in plans]), notes=tuple(notes))
    except Exception as error:
        return failed(job, error)


def forms_of(job: Job) -> list[Form]:
    """Return the forms of a source's frames or arrays; refuse a file that is not read."""
    return _looked_at(job)[1]


def _looked_at(job: Job) -> tuple[Facts, list[Form]]:
    """Return what a source's header says, and the forms of its frames or arrays."""
    with opened(job.source, job.reading) as file:
        facts = inspected(file, job.reading)
        if facts.refused:
            raise FileError(facts.refused)
        return facts, weighed_forms([part.form for part in facts.parts], job, file)


def form_after(form: Form, job: Job) -> Form:
    """Return the form of the job's result for a frame or array."""
    return plan(form, OPERATORS[job.operator], job.window, job.values).after


def planned(job: Job, before: Sequence[Form], after: Sequence[Form]) -> Outcome:
    """Return a job's outcome from the forms of its result; refuse forms that do not fit."""
    refuse_unwritable(after, job.writing)
    return _planned(job, before, after)


def _planned(
    job: Job, before: Sequence[Form], after: Sequence[Form], notes: tuple[str, ...] = ()
) -> Outcome:
    array = job.writing.format in ARRAYS
    return Outcome(
        job.source,
        job.target,
        "planned",
        before=tuple(form.told for form in before),
        after=tuple(form.shape if array else form.told for form in after),
        dtype=" ".join(dict.fromkeys(form.dtype.name for form in after)),
        notes=notes,
        nbytes=sum(form.nbytes for form in after),
    )
