"""Boxes in a picture or in features, each pooled to one size."""

import time
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from numbapool.records import dataclass

from ..codecs import npy
from ..codecs.load import load
from ..codecs.raster import Form, Metadata, Raster, alpha_of
from ..codecs.writable import refuse_unwritable
from ..exits import FileError, OutputLost
from ..files.open import opened
from ..files.write import passed_over
from ..job import Job, Outcome, Reading, RunNote
from ..rasters.nodata import holds
from ..telling.compiling import pooling
from ..telling.reasons import failed
from .pooled import written
from .preview import forms_of, planned
from .regions import Boxes, of_the_archive, read_boxes

Shape = tuple[int, ...]


@dataclass(frozen=True)
class RoiJob(Job):
    """A job for boxes in one picture or array; the options are the library's.

    Attributes
    ----------
    boxes
        The name of a file, or of an array in the source's own .npz.
    """

    boxes: str = ""
    size: tuple[int, int] = (1, 1)
    scale: float = 1.0
    kind: Literal["align", "pool"] = "align"
    mode: Literal["mean", "max"] = "mean"
    sampling_ratio: int = -1
    aligned: bool = False

    def picture(self, number: int) -> Job:
        """Return the plain job of a box that becomes a picture of its own."""
        path = Path(self.target)
        target = str(path.with_name(f"{path.stem}.box{number}{path.suffix}"))
        return Job(self.source, target, self.operator, reading=self.reading, writing=self.writing)


def pool_boxes(job: RoiJob) -> Outcome:
    """Pool the boxes of a file. An error is reported in the outcome, not raised."""
    start = time.perf_counter()
    try:
        passed = None if _apart(job) else passed_over(job)
        if passed:
            return passed
        with opened(job.source, job.reading) as file:
            rasters = list(islice(load(file, job.source, _reading(job)), 2))
            _refuse_several(len(rasters))
            raster = replace(rasters[0], notes=(*rasters[0].notes, *_notes(rasters[0].form)))
            if _apart(job):  # before kernels are compiled
                refuse_unwritable([_picture(raster.form, raster.array.shape)], job.writing)
            pooled = _pooled(raster, job)
        if not _apart(job):
            whole = Raster(pooled, "", metadata=_metadata(raster.form), notes=raster.notes)
            return written(job, [raster.form.told], [whole], start)
        each = (
            _written(job.picture(number), raster, one, start) for number, one in enumerate(pooled)
        )
        return _whole(job, list(each))
    except OutputLost:
        raise
    except Exception as error:
        return failed(job, error, time.perf_counter() - start)


def preview_boxes(job: RoiJob) -> Outcome:
    """Return the outcome that `pool_boxes` would have, without doing it."""
    try:
        passed = None if _apart(job) else passed_over(job)
        if passed:
            return passed
        forms = forms_of(replace(job, reading=_reading(job)))
        _refuse_several(len(forms))
        after = form_of(forms[0], job)
        if not _apart(job):
            return planned(job, forms, [after])
        one = _picture(forms[0], after.shape[1:])
        jobs = [job.picture(number) for number in range(after.shape[0])]
        return _whole(job, [_planned(each, forms[0], one) for each in jobs])
    except Exception as error:
        return failed(job, error)


def _apart(job: Job) -> bool:
    """Return whether each box becomes a picture of its own."""
    return job.writing.format != "NPY"


def form_of(form: Form, job: RoiJob) -> Form:
    """Return the form of all boxes' results, as the library tells it of no channels."""
    _ = form.spatial  # refuses other axes
    last = form.channels_last
    images, *sides = _batch(form.shape)
    height, width = sides[:2] if last else sides[1:]
    nothing = np.empty((images, 0, height, width), form.dtype)
    told = _called(nothing, _boxes(images, job), "NCHW", job)
    count, _, high, wide = told.shape
    channels = form.shape[-1:] if last else form.shape[-3:-2]
    shape = (count, high, wide, *channels) if last else (count, *channels, high, wide)
    return Form(shape, told.dtype, "")


def _pooled(raster: Raster, job: RoiJob) -> NDArray[Any]:
    """Return the results of all boxes of a picture or array."""
    array = raster.array
    _ = raster.spatial  # refuses other axes
    shape = _batch(array.shape)
    boxes = _boxes(shape[0], job)
    if job.kind == "align" and job.mode == "mean" and alpha_of(raster.mode) is not None:
        return _weighed(raster, boxes, job)
    pooled = _called(array.reshape(shape), boxes, raster.data_format, job)
    return pooled[:, 0] if array.ndim == 2 else pooled


def _weighed(raster: Raster, boxes: Boxes, job: RoiJob) -> NDArray[Any]:
    """Return means of a picture whose colours count as far as they are opaque.

    Where a bin is fully transparent, its colour is the plain mean.
    """
    alpha, array = alpha_of(raster.mode), raster.array
    assert alpha is not None
    colour, opacity = np.delete(array, alpha, axis=-1), array[..., alpha : alpha + 1]

    def mean(part: NDArray[Any]) -> NDArray[Any]:
        return _called(part[np.newaxis], boxes, "NHWC", job)

    plain, weights = mean(colour), mean(opacity.astype(np.float64))
    total = mean(colour * opacity.astype(np.float64))
    mixed = np.where(weights == 0, plain, total / np.where(weights == 0, 1, weights))
    return np.insert(mixed, [alpha], weights, axis=-1).astype(plain.dtype)


def _batch(shape: Shape) -> Shape:
    """Return the shape as of a batch of images with channels."""
    return (*(1,) * (4 - len(shape)), *shape)


def _called(array: NDArray[Any], boxes: Boxes, data_format: str, job: RoiJob) -> NDArray[Any]:
    import numbapool as nbp

    pooling(job.operator, array.dtype)
    if job.kind == "pool":
        return np.asarray(nbp.roi_pool(array, boxes, job.size, job.scale, data_format=data_format))
    return nbp.roi_align(
        array,
        boxes,
        job.size,
        job.scale,
        job.sampling_ratio,
        job.aligned,
        job.mode,
        data_format=data_format,
    )


def _boxes(images: int, job: RoiJob) -> Boxes:
    """Return the boxes, each with its image's number or in its image's list."""
    boxes = read_boxes(job.boxes, job.source, job.reading)
    if isinstance(boxes, list) or boxes.shape[1] == 5:
        return boxes
    if images != 1:
        raise FileError(
            f"--boxes {job.boxes}: box 0 has 4 numbers, and there are {images} images: put the "
            "image's number before x, y, x, y"
        )
    return np.concatenate([np.zeros((len(boxes), 1)), boxes], axis=1)


def _reading(job: RoiJob) -> Reading:
    """Return how the input is read: of a .npz the array that is not the boxes."""
    if job.reading.array is not None or not of_the_archive(job.boxes, job.source):
        return job.reading
    with opened(job.source, job.reading) as file:
        names = [name for name, _ in npy.headers(file, "NPZ", Reading()) if name != job.boxes]
    if len(names) != 1:
        held = ", ".join(names) or "no array beside the boxes"
        raise FileError(f"it holds {held}: say which to pool with --array")
    return replace(job.reading, array=names[0])


def _refuse_several(count: int) -> None:
    if count != 1:
        raise FileError(
            "boxes lie in one picture or array, and it has several: take its frames apart, or name "
            "an array with --array"
        )


def _notes(form: Form) -> tuple[str, ...]:
    text = form.metadata.nodata
    if not (text and holds(text, form.dtype)):
        return ()
    return (RunNote(f"in boxes of a GeoTIFF its own nodata, as {text}, counts as any number"),)


def _metadata(form: Form) -> Metadata:
    """Return the metadata without what is of the whole picture's pixels."""
    return replace(form.metadata, georeference=None, gdal="", nodata="")


def _picture(form: Form, shape: Shape) -> Form:
    """Return the form of a box's result as a picture like its source; of two shades it is grey."""
    plain = replace(form, shape=shape, metadata=_metadata(form))
    return replace(plain, dtype=np.dtype(np.uint8), mode="L") if form.dtype == np.bool_ else plain


def _written(job: Job, raster: Raster, pooled: NDArray[Any], start: float) -> Outcome:
    """Write a box's result as a picture like its source."""
    try:
        passed = passed_over(job)
        if passed:
            return passed
        form = _picture(raster.form, pooled.shape)
        if pooled.dtype != form.dtype:
            shades = pooled * (255 if raster.array.dtype == np.bool_ else 1)
            pooled = np.floor(shades + 0.5).astype(form.dtype)
        picture = replace(raster, array=pooled, mode=form.mode, metadata=form.metadata, frames=1)
        return written(job, [raster.form.told], [picture], start)
    except OutputLost:
        raise
    except Exception as error:
        return failed(job, error, time.perf_counter() - start)


def _planned(job: Job, before: Form, after: Form) -> Outcome:
    try:
        return passed_over(job) or planned(job, [before], [after])
    except Exception as error:
        return failed(job, error)


def _whole(job: Job, outcomes: list[Outcome]) -> Outcome:
    if not outcomes:
        raise FileError("there are no boxes: no picture to write")
    status: Literal["failed", "done"] = "done"
    if any(outcome.status == "failed" for outcome in outcomes):
        status = "failed"
    return Outcome(job.source, status=status, levels=tuple(outcomes))
