"""What a kernel is compiled for: a reducer, and the types that it reads and writes."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from numbapool.compile.target import vector_bytes
from numbapool.loops.forms import GROUPED, Half, networked
from numbapool.reducers.fields import numbers_of


class Spec(NamedTuple):
    """The name of a kernel and the types of its arguments."""

    kernel: str
    op: type
    fields: tuple[str, ...]
    form: type
    x: str
    outs: tuple[str, ...]
    lanes: tuple[str, ...]
    more: tuple[str, ...] = ()
    """The types of the arrays that go with the input."""

    def __str__(self) -> str:
        owner = f"{self.op.__module__}.{self.op.__qualname__}"
        parts = (self.kernel, owner, self.fields, self.form.__name__, *self[4:])
        return "|".join(map(str, parts))


def spec_of(
    kernel: str,
    op: Any,
    x: Any,
    outs: tuple[Any, ...],
    lanes: tuple[Any, ...],
    group: int = 1,
    more: tuple[Any, ...] = (),
    written: tuple[Any, ...] = (),
) -> Spec:
    """Return the spec for a reducer and the dtypes of input, results and lanes.

    `group` neighbours are read at a time; `more` are the dtypes of the arrays that go with the
    input. `written` is the network that the kernel is written out for.
    """

    def names(dtypes: tuple[Any, ...]) -> tuple[str, ...]:
        return tuple(stored(dtype).name for dtype in dtypes)

    fields = tuple(field.dtype.name for field in numbers_of(op))
    form: type = Half if np.float16 in (x, outs[0]) else GROUPED[group]
    if written:
        form = networked(written, vector_bytes())
    inputs = stored(x).name
    return Spec(kernel, type(op), fields, form, inputs, names(outs), names(lanes), names(more))


def stored(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the dtype that a kernel sees: float16 as its bits, bool as bytes."""
    if dtype == np.float16:
        return np.dtype(np.uint16)
    return np.dtype(np.uint8) if dtype == np.bool_ else dtype
