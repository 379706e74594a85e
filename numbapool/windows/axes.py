"""Where windows lie: from sizes, kernels, strides and padding to each axis's windows.

Everything here is whole numbers about one axis at a time. An :class:`Axis` lists the windows of
one axis. Regular, adaptive and global pooling differ only in how they make windows, so the kernels
need not know which it was.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

import numpy as np

from numbapool.errors import PoolValueError
from numbapool.records import dataclass

LONGEST_AXIS = 1 << 48
"""The longest axis, padding included: within it 64-bit products stay far from overflow."""

MOST_LISTED = 1 << 26
"""The most windows that an axis's table may list: to make such a table takes gigabytes."""


@dataclass(frozen=True, eq=False)
class Axis:
    """The windows of one axis.

    Output ``i`` of ``[lo, hi)`` has ``taps`` taps, ``dilation`` apart, from ``i * step - before``
    on, all inside the input. The other windows stand in `borders`, one row per window of
    (start, count, extent): the first tap inside the input, the number of taps inside the input, and
    the number of taps inside the padded input.
    """

    size: int
    out: int
    taps: int
    step: int
    dilation: int
    before: int
    lo: int
    hi: int
    borders: np.ndarray

    @property
    def regular(self) -> bool:
        """Whether window i spans `taps` from ``i * step - before``, even outside the input."""
        return self.step > 0

    @property
    def whole(self) -> bool:
        """Whether one window holds the whole axis and nothing else."""
        return self.out == self.hi - self.lo == 1 and self.taps == self.size and self.dilation == 1

    @property
    def trivial(self) -> bool:
        """Whether each output is its input."""
        return self.taps == 1 and self.hi - self.lo == self.out == self.size

    @property
    def longest(self) -> int:
        """The most taps that a window of this axis has inside the input."""
        inner = self.taps if self.hi > self.lo else 0
        return max(inner, int(self.borders[:, 1].max(initial=0)))

    @property
    def spans(self) -> tuple[np.ndarray, np.ndarray]:
        """The first tap inside the input, and the number of these taps, of each window."""
        first = np.arange(self.out, dtype=np.int64) * self.step - self.before
        count = np.full(self.out, self.taps, np.int64)
        other = np.r_[: self.lo, self.hi : self.out]
        first[other], count[other] = self.borders[:, 0], self.borders[:, 1]
        return first, count

    @property
    def empty_window(self) -> int | None:
        """The first output whose window holds no input at all, if there is one."""
        empty = np.flatnonzero(self.borders[:, 1] == 0)
        if not empty.size:
            return None
        at = int(empty[0])
        return at if at < self.lo else at + self.hi - self.lo


def output_size(
    size: int,
    kernel: int,
    stride: int,
    padding: tuple[int, int] = (0, 0),
    dilation: int = 1,
    ceil_mode: bool = False,
) -> int:
    """Return how many windows an axis gets; zero or less if none fits.

    ``floor((size + before + after - dilation * (kernel - 1) - 1) / stride) + 1``, as in torch.
    With `ceil_mode` the division rounds up, and a last window that would start past the input
    and the padding before it is dropped.

    >>> output_size(603, 2, 2), output_size(603, 2, 2, ceil_mode=True)
    (301, 302)
    """
    before, after = padding
    room = size + before + after - dilation * (kernel - 1) - 1
    out = (room + (stride - 1 if ceil_mode else 0)) // stride + 1
    if ceil_mode and out > 0 and (out - 1) * stride >= size + before:
        out -= 1
    return out


def same_padding(
    size: int, kernel: int, stride: int, dilation: int, lower: bool
) -> tuple[int, int]:
    """Return the padding that makes ``ceil(size / stride)`` windows; an odd element goes after.

    With `lower` the odd element goes before (ONNX's SAME_LOWER).
    """
    out = -(-size // stride)
    total = max((out - 1) * stride + dilation * (kernel - 1) + 1 - size, 0)
    small, large = total // 2, total - total // 2
    return (large, small) if lower else (small, large)


@lru_cache(maxsize=1024)
def sliding(
    size: int,
    kernel: int,
    stride: int,
    padding: tuple[int, int] | Literal["same", "same_lower"] = (0, 0),
    dilation: int = 1,
    ceil_mode: bool = False,
    name: str = "the axis",
) -> Axis:
    """Return the windows of an axis over which a kernel slides."""
    if size == 0:
        raise PoolValueError(f"{name} has size 0: there is nothing to pool along it")
    if isinstance(padding, str):
        padding = same_padding(size, kernel, stride, dilation, padding == "same_lower")
    before, after = padding
    padded = size + before + after
    if padded > LONGEST_AXIS:
        raise PoolValueError(f"{name} has size {padded} with its padding: more than {LONGEST_AXIS}")
    out = output_size(size, kernel, stride, padding, dilation, ceil_mode)
    if out < 1:
        reach = dilation * (kernel - 1) + 1
        spread = f" (dilation {dilation}: {reach})" if dilation > 1 else ""
        pads = f" and its padding {before} + {after}" if before or after else ""
        raise PoolValueError(
            f"a window of {kernel}{spread} is larger than {name}, which has size {size}{pads}; "
            "use a smaller kernel_size, or more padding"
        )
    # Nothing past the padding changes a window, so huge numbers can shrink to small ones.
    stride = min(stride, padded)
    dilation = min(dilation, padded) if kernel > 1 else 1
    kernel = min(kernel, (padded - 1) // dilation + 1)
    reach = dilation * (kernel - 1)
    lo = min(-(-before // stride), out)
    hi = max(min((size - 1 - reach + before) // stride + 1, out), lo)
    refuse_too_many(lo + out - hi, out, name)
    step = stride
    if hi == lo:  # no inner window: all are borders, listed in order
        lo = hi = out
        step = 0
    at = np.concatenate([np.arange(lo), np.arange(hi, out)]).astype(np.int64)
    start = at * stride - before
    skipped = np.maximum(-(start // dilation), 0)
    stop = np.minimum((size - 1 - start) // dilation + 1, kernel)
    count = np.maximum(stop - skipped, 0)
    extent = np.minimum((size + after - 1 - start) // dilation + 1, kernel)
    inside = np.where(count > 0, start + skipped * dilation, 0)
    borders = np.stack([inside, count, extent], axis=1)
    borders.flags.writeable = False
    return Axis(size, out, kernel, step, dilation, before, lo, hi, borders)


@lru_cache(maxsize=1024)
def adaptive(size: int, out: int, name: str = "the axis") -> Axis:
    """Return `out` windows that cover an axis: ``floor(i*L/O)`` to ``ceil((i+1)*L/O)``."""
    if size == 0:
        raise PoolValueError(f"{name} has size 0: there is nothing to pool along it")
    if size % out == 0:
        return sliding(size, size // out, size // out, name=name)
    refuse_too_many(out, out, name)
    at = np.arange(out, dtype=np.int64)
    whole, rest = divmod(size, out)  # keeps products within 64 bits
    start = at * whole + at * rest // out
    count = (at + 1) * whole - (at + 1) * -rest // out - start
    borders = np.stack([start, count, count], axis=1)
    borders.flags.writeable = False
    return Axis(size, out, 0, 0, 1, 0, out, out, borders)


def refuse_too_many(listed: int, out: int, name: str) -> None:
    """Raise if an axis has more windows than a kernel's table can list."""
    if listed > MOST_LISTED:
        raise PoolValueError(
            f"the result is too large: {out} windows along {name}, "
            f"of which {listed} are not alike; at most {MOST_LISTED} are allowed"
        )
