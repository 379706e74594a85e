"""Notes on sizes that a user may not expect: other shapes, larger pictures, windows too large."""

from ..codecs.raster import Form
from ..job import RunNote, Window, per_axis
from ..operators import Operator


def notes_on(form: Form, operator: Operator, window: Window) -> tuple[RunNote, ...]:
    """Return what to say of the size of an operator's result, if anything."""
    if operator.windows != "sliding" or window.fit:
        return ()
    if window.size and window.size.permille:
        return ()
    if window.size:
        height, width = form.spatial
        size, (high, wide) = window.size, window.size.of(height, width)
        if high > height or wide > width:
            return (RunNote(f"--size {size} enlarged inputs; --fit {size} never does"),)
        if not _alike((height, width), (high, wide)):
            return (RunNote(f"--size {size} changed the shape of inputs; --fit {size} keeps it"),)
        return ()
    if window.fit_window:
        return ()
    lengths = form.lengths
    kernel, dilation = (
        per_axis(numbers, len(lengths)) for numbers in (window.kernel_size, window.dilation)
    )
    reaches = [step * (taps - 1) + 1 for taps, step in zip(kernel, dilation, strict=True)]
    if any(reach > side for reach, side in zip(reaches, lengths, strict=True)):
        return (RunNote(f"-k {window.label} is larger than some inputs: it took what they have"),)
    return ()


def _alike(old: tuple[int, int], new: tuple[int, int]) -> bool:
    """Say whether one scale, with sides rounded to the nearest pixel, gives the new size."""
    (height, width), (high, wide) = old, new
    taller = (2 * high - 1) * width > (2 * wide + 1) * height
    wider = (2 * wide - 1) * height > (2 * high + 1) * width
    return not (taller or wider)
