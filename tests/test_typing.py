"""What a type checker makes of a user's calls: the types of results, and mistakes found."""

from pathlib import Path

import pytest
from processes import python

import numbapool as nbp

START = """
from typing import Any, TypeAlias, assert_type

import numpy as np

import numbapool as nbp
from numbapool import kernels

Array: TypeAlias = np.ndarray[Any, np.dtype[Any]]
Pair: TypeAlias = tuple[Array, Array]

x = np.zeros((1, 3, 8, 8), np.float32)
out = np.zeros((1, 3, 4, 4), np.float32)
places = np.zeros((1, 3, 4, 4), np.int64)
flag = bool(x.any())
"""

EXTREMES = """
assert_type(nbp.{name}(x, 2), Array)
assert_type(nbp.{name}(x, 2, return_indices=False), Array)
assert_type(nbp.{name}(x, 2, return_indices=True), Pair)
assert_type(nbp.{name}(x, 2, return_indices=flag), Array | Pair)
assert_type(nbp.{name}(x, {before}, False), Array)
assert_type(nbp.{name}(x, {before}, True), Pair)
assert_type(nbp.{name}(x, {before}, flag), Array | Pair)
assert_type(nbp.{name}(x, 2, out=out, device="auto", stream=None), Array)
assert_type(nbp.{name}(x, 2, out=(out, places), return_indices=True), Pair)
assert_type(nbp.{name}(x, 2, nan="skip", nodata=0, data_format="NHWC"), Array)
nbp.{name}(x, 2, nan="ignore")  # type: ignore[call-overload]
nbp.{name}(x)  # type: ignore[call-overload]
nbp.{name}(x, 2, out=(out, places))  # type: ignore[call-overload]
nbp.{name}(x, 2, return_indices=True, out=out)  # type: ignore[call-overload]
"""

REST = """
assert_type(nbp.max_pool2d(x, (2, 2), [2, 2], "same", 1, True), Array)
assert_type(nbp.max_pool2d(x, 2, padding=((0, 1), (1, 0))), Array)
assert_type(nbp.max_pool2d([[1, 2], [3, 4]], 2), Array)
assert_type(nbp.avg_pool2d(x, 2, rounding="floor", out=out), Array)
assert_type(nbp.percentile_pool2d(x, 25.0, 2), Array)
assert_type(nbp.adaptive_avg_pool2d(x, (3, None)), Array)
assert_type(nbp.global_max_pool(x, keepdims=False, out=out), Array)
assert_type(nbp.block_reduce(x, 2, "mean", edge="trim"), Array)
assert_type(nbp.max_unpool2d(out, places, 2), Array)
assert_type(nbp.pool2d_shape((4, 4), 2), tuple[int, ...])
assert_type(nbp.warmup().seconds, float)
nbp.avg_pool2d(x, 2, device="gpu")  # type: ignore[arg-type]
nbp.avg_pool2d(x, 2, rounding="up")  # type: ignore[arg-type]
nbp.max_pol2d(x, 2)  # type: ignore[attr-defined]
kernels.prepared  # type: ignore[attr-defined]

call = kernels.prepare(nbp.max_pool2d, x.shape, x.dtype, 2, return_indices=True)
assert_type(call.shape, tuple[int, ...])
assert_type(call.record, int)
made = tuple(np.empty(call.shape, dtype) for dtype in call.outs)
call.into(x, made)
kernels.run(call.record, x, made)

try:
    nbp.min_pool1d(x, 0)
except nbp.PoolValueError as error:
    assert_type(error, nbp.PoolValueError)
"""


def extremes():
    for name in nbp.__all__:
        if name.startswith(("max_pool", "min_pool")):
            yield EXTREMES.format(name=name, before="2, None, 0, 1, False")
        elif name.startswith(("adaptive_max", "adaptive_min")):
            yield EXTREMES.format(name=name, before="2")


def test_a_users_calls(tmp_path):
    pytest.importorskip("mypy")
    script = tmp_path / "user.py"
    script.write_text(START + "".join(extremes()) + REST)
    options = ["--strict", "--config-file=", "--follow-imports=silent"]
    kept = f"--cache-dir={tmp_path / 'cache'}"
    sources = Path(nbp.__file__).parents[1]
    python(None, *options, kept, script, options=["-m", "mypy"], MYPYPATH=sources)


def test_annotations_are_there():
    """Every public function says what each parameter is, and what it returns."""
    for name in nbp.__all__:
        thing = getattr(nbp, name)
        if not isinstance(thing, type):
            assert "return" in thing.__annotations__, name
