"""Arrays and arguments to draw: every dtype, layout and kind of value; every form of padding."""

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest
from hypothesis import settings
from hypothesis import strategies as st

BOOL = ["bool"]
SIGNED = ["int8", "int16", "int32", "int64"]
UNSIGNED = ["uint8", "uint16", "uint32", "uint64"]
FLOATS = ["float16", "float32", "float64"]
INTEGERS = SIGNED + UNSIGNED
DTYPES = BOOL + INTEGERS + FLOATS

PLAIN = os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0")
"""Whether kernels are plain Python here, so that any number of them costs nothing."""

only_plain = pytest.mark.skipif(not PLAIN, reason="run as plain Python by tests/quick.py")
"""For tests that the quick loop runs; compiled, they would take too long."""

PROFILE = os.environ.get("HYPOTHESIS_PROFILE")

ALL = PROFILE == "long" or (PLAIN and PROFILE != "quick")

CELLS = DTYPES if ALL else ["int16"]
"""Dtypes for tests of each operator's kernels, beside float32."""

EACH_MEAN = INTEGERS if ALL else ["uint8", "int16", "uint32", "int64", "uint64"]
"""Integers of which means have reducers of their own."""

KINDS = DTYPES if ALL else ["uint8", "float32"]
"""Dtypes for most tests: to compile takes seconds per operator, loop and dtype.

All dtypes take the same tests as plain Python and in the long profile; compiled, they are in
`bits.py --all` and `differential.py`.
"""

FEW = DTYPES if ALL else ["float32"]
"""Dtypes for tests of many kernels per dtype: what is left out, and windows to a size."""

LEFT_OUT = [{}, {"nodata": 1}]
if PLAIN or ALL:
    LEFT_OUT += [{"nan": "skip"}, {"nodata": 0}]
"""What is left out by tests of many kernels: each way has kernels of its own."""

FLOATS_OF_KINDS = [dtype for dtype in KINDS if dtype in FLOATS]

PLAIN_FILES = (
    "adaptive borders every_operator nodata peers_borders pyramids means_by_weight fractional "
    "absurd single_rules peers_table area same_kind coming_from "
    "stores stores_over_dask regions lazy levels fields"
).split()
"""The library's tests of random cases on every dtype: `test_random_cases.py` runs them with kernels
as plain Python. `test_operators.py` has every operator and form compiled."""

LONGEST = "test_bits test_command test_random_cases test_windows_of_every_size".split()
"""Files of which a test takes half a minute."""

COMPILED_FILES = "warmup memory workers interrupted together doctor stopped streamed".split()
"""The command's tests of compiled kernels, many processes, large arrays. The others know of none
of these, and `test_command.py` runs them with kernels as plain Python."""

EDGE = 2**53
"""From here on float64 holds every second integer only."""

NEIGHBOURS = {
    "int64": [-(2**63), -(2**63) + 1, -EDGE - 1, -EDGE, EDGE, EDGE + 1, 2**63 - 2, 2**63 - 1],
    "uint64": [0, EDGE, EDGE + 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 2, 2**64 - 1],
}
"""Integers that float64 takes for each other."""

FORMATS = {1: ("NCL", "NLC"), 2: ("NCHW", "NHWC"), 3: ("NCDHW", "NDHWC")}

LAYOUTS = [
    "C",
    "Fortran",
    "negative strides",
    "sliced",
    "swapped bytes",
    "read-only",
    "broadcast",
    "unaligned",
]


def fewer(times):
    """Run a test on a fraction of the profile's examples."""
    return settings(max_examples=max(settings.default.max_examples // times, 1))


def lay_out(x, layout):
    """Return `x` (of "broadcast": its first row, again and again) as it may lie in memory."""
    if layout == "Fortran":
        return np.asfortranarray(x)
    if layout == "negative strides":
        back = (slice(None, None, -1),) * x.ndim
        return np.ascontiguousarray(x[back])[back]
    if layout == "sliced":
        wide = np.zeros([2 * size + 1 for size in x.shape], x.dtype)
        view = wide[tuple(slice(1, None, 2) for _ in x.shape)]
        view[...] = x
        return view
    if layout == "swapped bytes":
        return x.astype(x.dtype.newbyteorder())
    if layout == "read-only":
        x = x.copy()
        x.flags.writeable = False
        return x
    if layout == "broadcast":
        return np.broadcast_to(x[:1], x.shape)
    if layout == "unaligned":
        raw = np.zeros(x.nbytes + 1, np.uint8)[1:]
        view = raw.view(x.dtype).reshape(x.shape) if x.size else x
        view[...] = x
        return view
    return np.ascontiguousarray(x)


def fill(shape, dtype, values, seed):
    """Return an array of one kind of values."""
    rng = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    if dtype.kind == "b":
        return rng.random(shape) < {"few": 0.1, "ties": 0.5}.get(values, 0.9)
    if dtype.kind in "iu":
        limits = np.iinfo(dtype)
        low, high = int(limits.min), int(limits.max)
        if values == "ties":
            return rng.integers(0, 4, shape).astype(dtype)
        x = rng.integers(low, high, shape, dtype=dtype, endpoint=True)
        if values == "extremes":
            ends = np.array([low, low + 1, 0, high - 1, high], dtype)
            x = np.where(rng.random(shape) < 0.8, rng.choice(ends, shape), x)
        return x
    if values == "ties":
        return rng.integers(-2, 3, shape).astype(dtype) * dtype.type(0.5)
    x = rng.standard_normal(shape).astype(dtype)
    if values in ("few", "specials"):
        odd = np.array([np.nan, np.inf, -np.inf, -0.0, 0.0], dtype)
        x = np.where(
            rng.random(shape) < (0.1 if values == "few" else 0.7), rng.choice(odd, shape), x
        )
    if values == "extremes":
        limits = np.finfo(dtype)
        ends = np.array(
            [limits.max, limits.min, limits.tiny, limits.smallest_subnormal, -limits.tiny], dtype
        )
        x = np.where(rng.random(shape) < 0.5, rng.choice(ends, shape), x)
    return x


VALUES = ["plain", "ties", "few", "specials", "extremes"]

KIND_OF_VALUES = st.sampled_from(VALUES)


@st.composite
def arrays(draw, shape, dtype, values=KIND_OF_VALUES, layouts=LAYOUTS):
    """Draw an array of a given shape."""
    kind = draw(values)
    x = fill(shape, dtype, kind, draw(st.integers(0, 2**32 - 1)))
    return lay_out(np.asarray(x, dtype), draw(st.sampled_from(layouts)))


@dataclass
class Window:
    """What the arguments of a call say about windows."""

    ndim: int
    sizes: tuple[int, ...]
    kernel_size: Any
    arguments: dict[str, Any] = field(default_factory=dict)


def spelt(draw, numbers):
    """Spell one number an axis as an int or a one-element tuple where all are equal."""
    spellings = [tuple(numbers)]
    if len(set(numbers)) == 1:
        spellings += [numbers[0], (numbers[0],)]
    return draw(st.sampled_from(spellings))


@st.composite
def windows(draw, ndim, largest_kernel=4, longest=7, dilated=True, wide=False):
    """Draw sizes, and a kernel, stride, padding and dilation that fit them.

    Where `wide`, the last pooled axis is long enough for vector code and its remainders.
    """
    each = range(ndim)
    kernel = [draw(st.integers(1, largest_kernel)) for _ in each]
    dilation = [draw(st.sampled_from([1, 1, 1, 2, 3])) if dilated else 1 for _ in each]
    reach = [d * (k - 1) + 1 for k, d in zip(kernel, dilation, strict=True)]
    arguments = {}
    form = draw(st.sampled_from(["none", "ints", "pairs", "valid", "same", "same_lower"]))
    pads = [(0, 0)] * ndim
    if form == "ints":
        pads = [(pad, pad) for pad in (draw(st.integers(0, r // 2)) for r in reach)]
        arguments["padding"] = spelt(draw, [before for before, _ in pads])
    elif form == "pairs":
        pads = [(draw(st.integers(0, r)), draw(st.integers(0, r))) for r in reach]
        arguments["padding"] = tuple(pads)
    elif form != "none":
        arguments["padding"] = form
    sizes = []
    for axis in each:
        least = 1 if form.startswith("same") else max(reach[axis] - sum(pads[axis]), 1)
        if wide and axis == ndim - 1:
            sizes.append(draw(st.integers(max(least, 30), max(least, 30) + 100)))
        else:
            sizes.append(draw(st.integers(least, max(least, longest))))
    stride = draw(st.sampled_from(["none", "given", "()"]))
    if stride == "given":
        arguments["stride"] = spelt(draw, [draw(st.integers(1, k + 2)) for k in kernel])
    elif stride == "()":
        arguments["stride"] = ()
    if max(dilation) > 1 or draw(st.booleans()):
        arguments["dilation"] = spelt(draw, dilation)
    if draw(st.booleans()):
        arguments["ceil_mode"] = draw(st.booleans())
    if draw(st.integers(0, 19)) == 0:  # now and then a window that no input can hold
        kernel[draw(st.sampled_from(each))] += draw(st.integers(1, 12))
    return Window(ndim, tuple(sizes), spelt(draw, kernel), arguments)


@st.composite
def calls(draw, ndim, dtype, window=None, values=KIND_OF_VALUES, layouts=LAYOUTS, least_lead=0):
    """Draw an array and the windows' arguments: (x, window), its data format among them."""
    window = draw(windows(ndim) if window is None else window)
    names = FORMATS[ndim]
    data_format = draw(st.sampled_from([None, names[0], names[1], names[1]]))
    last = data_format == names[1]
    lead = draw(st.lists(st.integers(0, 3), min_size=max(least_lead, last), max_size=3))
    if lead and draw(st.integers(0, 3)):
        lead = [max(size, 1) for size in lead]
    if last:
        lead[-1] = draw(st.sampled_from([lead[-1], 3, 4, 5]))
        shape = (*lead[:-1], *window.sizes, lead[-1])
    else:
        shape = (*lead, *window.sizes)
    if data_format is not None:
        window.arguments["data_format"] = data_format
    return draw(arrays(shape, dtype, values, layouts)), window


@st.composite
def adaptive_calls(draw, ndim, dtype):
    """Draw an array, an output size, and the data format: (x, size, arguments)."""
    sizes = [draw(st.integers(1, {1: 60, 2: 14, 3: 7}[ndim])) for _ in range(ndim)]
    window = Window(ndim, tuple(sizes), None)
    x, window = draw(calls(ndim, dtype, st.just(window)))
    outs = [draw(st.one_of(st.none(), st.integers(1, size + 3))) for size in sizes]
    return x, spelt(draw, outs), window.arguments


@st.composite
def means(draw, ndim):
    """Draw the arguments that only means take."""
    arguments = {}
    if draw(st.booleans()):
        arguments["count_include_pad"] = draw(st.booleans())
    if draw(st.integers(0, 3)) == 0:
        arguments["divisor_override"] = draw(
            st.one_of(st.integers(1, 9), st.integers(-3, -1), st.just(1000))
        )
    if draw(st.booleans()):
        arguments["rounding"] = draw(st.sampled_from(["half_up", "half_even", "floor"]))
    return arguments
