"""Medians, percentiles and modes of windows whose elements are counted, not sorted one by one."""

import sys

import naive
import numpy as np
import pytest
from guarded_pages import GUARDED
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from processes import python
from strategies import ALL, DTYPES, PLAIN, only_plain

import numbapool as nbp
from numbapool.loops import tile_modes
from numbapool.plan import histograms, networks, selections, tiles
from numbapool.run import threads

BYTES = ["uint8", "int8", "bool"]
COUNTED = DTYPES if ALL else ["int8", "uint16", "float32", "int64"]
FORMATS = {1: ("NCL", "NLC"), 2: ("NCHW", "NHWC"), 3: ("NCDHW", "NDHWC")}
LONGEST = {1: 12, 2: 7, 3: 4}


@pytest.fixture
def everywhere(monkeypatch, forget_plans):
    """Let the loops of large windows serve all windows in three blocks, in this test alone."""
    monkeypatch.setattr(networks, "LEAST_ELEMENTS", 1 << 60)
    for module in (histograms, tiles):
        for name in vars(module):
            if name.startswith("LEAST_"):
                monkeypatch.setattr(module, name, 1)
    monkeypatch.setattr(selections, "STRIP_COLUMNS", 9)
    monkeypatch.setattr(tile_modes, "MOST_BYTES", 9)
    monkeypatch.setattr(tiles, "SMALL_TILE", (4, 5))

    def in_blocks(kernel, slots, pieces, blocks):
        for block in range(blocks):
            kernel.call(slots, block, pieces * block // blocks, pieces * (block + 1) // blocks)

    monkeypatch.setattr(threads, "block_count", lambda pieces, work: min(3, pieces))
    monkeypatch.setattr(threads, "run_kernel", in_blocks)
    forget_plans()


def drawn(draw, dtype, shape):
    """Return an array of a dtype: few values or many, in floats NaN and infinities too."""
    rng = np.random.default_rng(draw(st.integers(0, 1000)))
    few = draw(st.booleans())
    if dtype == "bool":
        return rng.random(shape) < 0.5
    if np.dtype(dtype).kind in "iu":
        limits = np.iinfo(dtype)
        return rng.integers(*((0, 4) if few else (limits.min, limits.max)), shape, dtype, True)
    x = np.round(rng.normal(size=shape) * 3, 0 if few else 3).astype(dtype)
    for value in draw(st.lists(st.sampled_from([np.nan, np.inf, -np.inf, -0.0]), max_size=3)):
        x[rng.random(shape) < 0.05] = value
    return x


@st.composite
def cases(draw, dtype):
    """Draw an array, a window, and what else a call is given."""
    ndim = draw(st.sampled_from([1, 2, 2, 2, 3]))
    kernel = tuple(draw(st.integers(1, LONGEST[ndim])) for _ in range(ndim))
    stride = tuple(draw(st.sampled_from([1, 1, 2, 5])) for _ in range(ndim))
    padding = tuple((draw(st.integers(0, k // 2)), draw(st.integers(0, k // 2))) for k in kernel)
    sizes = [draw(st.integers(k, k + 12)) for k in kernel]
    last = draw(st.booleans())
    shape = (2, *sizes, 3) if last else (2, 2, *sizes)
    given_ = {"data_format": FORMATS[ndim][last], "ceil_mode": draw(st.booleans())}
    return drawn(draw, dtype, shape), (kernel, stride, padding), given_


@only_plain
@pytest.mark.parametrize("dtype", COUNTED)
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_window_is_right(everywhere, dtype, data):
    x, window, given_ = data.draw(cases(dtype))
    if data.draw(st.booleans()):
        given_["nodata"] = x.reshape(-1)[0].item()
    if np.dtype(dtype).kind == "f" and data.draw(st.booleans()):
        given_["nan"] = "skip"
    ndim = len(window[0])
    q = data.draw(st.sampled_from([None, "mode", "mode", 0, 10, 50, 87.5, 100]))
    kind = "mode" if q == "mode" else "percentile" if q is not None else "median"
    own = {"q": q} if kind == "percentile" else {}
    decided = nbp.Pool(kind, *window, **given_, **own).decide(x.shape, x.dtype)
    assert decided[0].kernel in ("histograms", "modes", "tiles", "mode tiles")
    got = getattr(nbp, f"{kind}_pool{ndim}d")(x, *own.values(), *window, **given_)
    want = getattr(naive, f"{kind}_pool")(x, ndim, *own.values(), *window, **given_)
    assert got.dtype == want.dtype
    near = {"float16": 2e-3, "float32": 1e-6}.get(dtype, 1e-12)
    np.testing.assert_allclose(got, want, near, near)


@only_plain
@pytest.mark.parametrize("dtype", ["int8", "float32"])
@given(data=st.data())
@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_windows_that_cover_an_input_are_right(everywhere, dtype, data):
    sizes = data.draw(st.tuples(st.integers(1, 20), st.integers(1, 20)))
    out = tuple(data.draw(st.integers(1, size + 2)) for size in sizes)
    x = drawn(data.draw, dtype, (2, *sizes))
    for kind in ("median", "mode"):
        got = getattr(nbp, f"adaptive_{kind}_pool2d")(x, out, nodata=1)
        want = getattr(naive, f"adaptive_{kind}_pool")(x, 2, out, nodata=1)
        np.testing.assert_array_equal(got, want)


@only_plain
def test_windows_with_more_elements_than_a_byte_counts():
    rng = np.random.default_rng(1)
    x = rng.integers(0, 3, (290, 12)).astype(np.uint8)
    for kind, kernel in (("median", "histograms"), ("mode", "modes")):
        for rows, wanted in ((255, kernel), (256, f"large {kernel}")):
            pooling = nbp.Pool(kind, (rows, 9), 1)
            assert pooling.decide(x.shape, x.dtype)[0].kernel == wanted
            want = getattr(naive, f"{kind}_pool")(x, 2, (rows, 9), 1)
            np.testing.assert_array_equal(pooling(x), want)
    for sizes, kernel in (
        ((255, 257), "histograms"),
        ((255, 258), "large histograms"),
        ((65_535, 9), "large histograms"),
        ((65_536, 9), "selection"),
    ):
        decided = nbp.Pool("median", sizes, 1).decide((70_000, 300), "uint8")[0]
        assert decided.kernel == kernel
        assert decided.room > sizes[0] * sizes[1]  # for the plain loop, which gathers windows


COMPILED = """
def windows(x, k, s, p, nodata):
    out_h, out_w = ((n + 2 * p - k) // s + 1 for n in x.shape)
    for i, j in itertools.product(range(out_h), range(out_w)):
        top, left = i * s - p, j * s - p
        part = x[max(top, 0) : top + k, max(left, 0) : left + k].ravel()
        yield np.sort(part if nodata is None else part[part != nodata])

def median(part, nodata):
    if np.isnan(part).any():
        return np.nan
    if not part.size:
        return nodata
    low, high = part[(part.size - 1) // 2], part[part.size // 2]
    return (np.float64(low) + high) / 2 if part.dtype.kind == "f" else low

def mode(part, nodata):
    values, counts = np.unique(part, return_counts=True)
    return values[counts.argmax()] if part.size else nodata

rng = np.random.default_rng(0)
count = 0
for dtype, nodata, kinds in (
    ("uint8", None, "median mode"),
    ("int8", 3, "median mode"),
    ("float32", None, "median"),
    ("int64", 3, "median"),
):
    for kind, (k, s, p), shape in itertools.product(
        kinds.split(), ((16, 1, 8), (17, 3, 0)), ((41, 50), (20, 700))
    ):
        x = before_the_end(shape, dtype)
        x[...] = rng.integers(0, 120, shape)
        x[:, :20] = 3
        if dtype == "float32":
            x[rng.random(shape) < 0.001] = np.nan
        want = [globals()[kind](part, nodata) for part in windows(x, k, s, p, nodata)]
        pooling = nbp.Pool(kind, k, s, p, nodata=nodata)
        plan = pooling.decide(x.shape, x.dtype)[0]
        assert plan.kernel in ("histograms", "modes", "tiles")
        out = before_the_end(plan.shape, dtype)
        pooling(x, out=out)
        right = np.array_equal(out.ravel(), want, equal_nan=dtype == "float32")
        assert right, (dtype, kind, k, s, p, shape)
        count += 1
print(count)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="calls mprotect as Linux has it")
@pytest.mark.skipif(PLAIN, reason="tells what machine code does")
def test_compiled_loops_are_right_up_to_the_last_byte():
    """The page behind the input, and behind the result, cannot be read or written."""
    assert python(GUARDED + COMPILED) == "24"
