"""What values weigh: the numbers of one file for all inputs, or of each input's own archive."""

from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from ..codecs import NAMED, by_magic, is_file
from ..codecs.load import load
from ..codecs.raster import Form, Raster
from ..exits import FileError
from ..files.open import opened
from ..job import Job, Reading, RunNote, Values, Weights
from ..operators import OPERATORS
from ..rasters import nodata
from ..telling.names import shown
from ..telling.reasons import reason


def rasters_of(job: Job, file: BinaryIO) -> Iterator[Raster]:
    """Load the frames or arrays of a job's source, with the weights that the job names."""
    return weighed(load(file, job.source, job.reading), job, file)


def weighed(rasters: Iterator[Raster], job: Job, file: BinaryIO) -> Iterator[Raster]:
    """Yield the rasters of a job's source with the weights that the job names."""
    weights = job.values.weights
    if weights is None:
        yield from rasters
        return
    try:
        if is_file(weights.name):
            array, notes = _of_file(weights.name, _unchanged(weights.name), _plain(job.reading))
        else:
            array, notes = _of_archive(weights.name, file, job, look=False), ()
    except Exception as error:
        raise _named(weights, error) from error
    for raster in rasters:
        yield replace(raster, weights=array, notes=(*raster.notes, *notes))


def weighed_forms(forms: list[Form], job: Job, file: BinaryIO) -> list[Form]:
    """Return the forms of a job's source with those of the weights that the job names."""
    weights = job.values.weights
    if weights is None:
        return forms
    if is_file(weights.name):
        form = form_of(weights, job.reading)
    else:
        try:
            array = _of_archive(weights.name, file, job, look=True)
        except Exception as error:
            raise _named(weights, error) from error
        form = Form(array.shape, array.dtype, "")
    return [replace(each, weights=form) for each in forms]


def form_of(weights: Weights, reading: Reading) -> Form:
    """Return the form of a file's weights, from its header; refuse what weighs nothing.

    Raises
    ------
    FileError
        For a file that cannot be read, and for a picture that is not grey.
    """
    path = weights.name
    try:
        reading = _plain(reading)
        with opened(path, reading) as file:
            if _is_array(path):
                array = _alone(path, file, reading, look=True)
                return Form(array.shape, array.dtype, "")
            from .facts import inspected

            facts = inspected(file, reading)
            if facts.refused:
                raise FileError(facts.refused)
            forms = [part.form for part in facts.parts]
            _refuse_several(len(forms))
            return _grey(forms[0])
    except Exception as error:
        raise _named(weights, error) from error


def _named(weights: Weights, error: Exception) -> FileError:
    """Return the error of a file or an array, with the option that names it."""
    text = f"--weights {shown(weights.name)}: {reason(error)}"
    return FileError(text) if str(error) != text else FileError(str(error))


def _plain(reading: Reading) -> Reading:
    """Return how weights are read: as the input, but whatever their axes are."""
    return Reading(
        accept_8bit=reading.accept_8bit,
        max_pixels=reading.max_pixels,
        max_bytes=reading.max_bytes,
        any_axes=True,
    )


def _is_array(path: str) -> bool:
    return Path(path).suffix.lower() in NAMED


def _unchanged(path: str) -> tuple[int, ...]:
    """Return what tells a file's content from another's."""
    status = Path(path).stat()
    return status.st_size, status.st_mtime_ns, status.st_ino


@lru_cache(maxsize=2)
def _of_file(
    path: str, unchanged: tuple[int, ...], reading: Reading
) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return a file's weights, and notes; kept, since all inputs of a run have them in common."""
    with opened(path, reading) as file:
        if _is_array(path):
            return _alone(path, file, reading, look=False), ()
        rasters = [raster for raster, _ in zip(load(file, path, reading), range(2), strict=False)]
    _refuse_several(len(rasters))
    return _counting(rasters[0])


def _alone(path: str, file: BinaryIO, reading: Reading, look: bool) -> NDArray[Any]:
    """Return the only array of a file; with `look` one of its shape and type instead."""
    from ..codecs.named import read

    with read(file, path, reading) as named:
        if len(named.entries) != 1:
            raise FileError(f"it holds {len(named.entries)} arrays, not one: save it as .npy")
        (name,) = named.entries
        return _numbers(named.like(name) if look else named.array(name))


def _of_archive(name: str, file: BinaryIO, job: Job, look: bool) -> NDArray[Any]:
    """Return an array of the source's own archive; with `look` one of its shape and type."""
    file.seek(0)
    if by_magic(file.read(8)) != "NPZ":
        raise FileError(_NEITHER)
    from ..codecs.named import read

    file.seek(0)
    with read(file, job.source, job.reading) as named:
        return _numbers(named.like(name) if look else named.array(name))


_NEITHER = (
    "it is no file, which ends in .npy, .npz or a picture's suffix, nor an array of the input, "
    "which is no .npz"
)


def _numbers(array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind not in "biuf":
        raise FileError(f"it is of {array.dtype}, not of numbers")
    return array


def _refuse_several(count: int) -> None:
    if count != 1:
        raise FileError("it has several pictures, and weights are one: save one of them apart")


def _grey(form: Form) -> Form:
    """Return the form of a grey picture; refuse others."""
    if len(form.shape) != 2:
        raise FileError(
            f"it has {form.channels} channels ({form.mode.partition(';')[0]}), and weights are "
            "one number per pixel: save it as grey"
        )
    if form.metadata.white_is_zero and form.dtype.kind == "f":
        raise FileError("its floats grow darker (MinIsWhite): save it with black at zero")
    return form


def _counting(raster: Raster) -> tuple[NDArray[Any], tuple[str, ...]]:
    """Return a picture's numbers, with 0 for its own nodata."""
    form, array = _grey(raster.form), raster.array
    values, _ = nodata.settled(form, OPERATORS["sum"], Values())
    gone = array != array if values.nan == "skip" else array == values.nodata
    if (values.nodata is None and values.nan != "skip") or not gone.any():
        return array, ()
    note = RunNote("weights equal to their GeoTIFF's own nodata were taken as 0")
    return np.where(gone, array.dtype.type(0), array), (note,)
