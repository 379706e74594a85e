"""Random poolings by parts, each against the whole: `python tests/region_cases.py --many 5000`.

As plain Python (`NUMBA_DISABLE_JIT=1`) it takes every dtype; compiled, it takes those it is given.
"""

import argparse
from collections import Counter
from random import Random

import numpy as np
from strategies import DTYPES, FORMATS, VALUES, fill

import numbapool as nbp
from numbapool.errors import PoolError
from numbapool.operators import OPERATORS
from numbapool.stores.regions import decided, regions

MODES = ("zeros", "reflect", "symmetric", "replicate", "circular", 3)

FORMS = ("sliding",) * 6 + ("adaptive", "global", "blur", "area")

TILED = ("var", "std")
"""Operators that count distances from an element of a tile, so that floats depend on the tile."""

TOLERANCE = {"float16": 2e-3, "float32": 2e-7, "float64": 1e-13}
"""By how much these may differ, of the largest magnitude."""


def sizes_of(random, ndim):
    """Return sizes of spatial axes: most are short, and some are long enough for other loops."""
    longest = {1: 300, 2: 40, 3: 12}[ndim]
    sizes = [random.randint(2, longest if random.random() < 0.4 else 12) for _ in range(ndim)]
    if ndim > 1 and random.random() < 0.2:
        sizes[-1] = random.randint(64, 150)
    return sizes


def sliding(random, sizes, op):
    """Return the arguments of windows that slide."""
    given = {}
    tall = random.random() < 0.3
    kernel = [random.randint(1, min(size, size if tall else 4)) for size in sizes]
    given["kernel_size"] = tuple(kernel)
    if random.random() < 0.7:
        given["stride"] = tuple(random.choice([1, 1, 2, 3, 5]) for _ in sizes)
    if random.random() < 0.25:
        given["dilation"] = tuple(random.randint(1, 3) for _ in sizes)
    pads = [(random.randint(0, k), random.randint(0, k)) for k in kernel]
    choice = random.random()
    if choice < 0.3:
        given["padding"] = tuple(pads)
    elif choice < 0.5:
        given["padding"] = random.choice(["same", "same_lower"])
    if random.random() < 0.3:
        given["ceil_mode"] = True
    if "padding" in given and random.random() < 0.5:
        given["padding_mode"] = random.choice(MODES)
    if random.random() < 0.15:
        marks = np.array([random.random() < 0.7 for _ in range(int(np.prod(kernel)))])
        marks[random.randrange(len(marks))] = True
        given["footprint"] = marks.reshape(kernel)
    if op == "avg" and random.random() < 0.4:
        given["count_include_pad"] = random.random() < 0.5
    if op == "avg" and random.random() < 0.1:
        given["divisor_override"] = 7
    return given


def own_of(random, op):
    """Return the operator's own parameters."""
    own = {"percentile": {"q": random.choice([0, 30, 50, 77.7])}, "lp": {"norm_type": 2.5}}
    own |= {"stochastic": {"mode": "expected"}}
    given = dict(own.get(op, {}))
    if op in ("max", "min") and random.random() < 0.5:
        given["return_indices"] = True
    return given


def left_out(random):
    """Return which elements are left out."""
    given = {}
    if random.random() < 0.25:
        given["nan"] = "skip"
    if random.random() < 0.25:
        given["nodata"] = random.choice([0, 1])
    if given and random.random() < 0.4:
        given["min_count"] = random.choice([1, 2, 0.5])
    return given


def pooling(random, sizes, dtype):
    """Return a pooling: its operator and the pooling itself."""
    ndim = len(sizes)
    form = random.choice(FORMS)
    if form in ("blur", "area") and ndim != 2:
        form = "sliding"
    op = random.choice([*OPERATORS] + ["avg", "sum", "max", "median", "var"] * 3)
    data_format = random.choice(FORMATS[ndim])
    common = {"data_format": data_format}
    if form == "blur":
        taps, step = random.randint(1, 6), random.randint(1, 4)
        mode = random.choice(MODES[:5])
        return "blur", nbp.Pool.blur(taps, step, mode, **common)
    outs = tuple(random.randint(1, size + 2) for size in sizes)
    if form == "area":
        return "avg", nbp.Pool.area(outs, **common, **left_out(random))
    own = own_of(random, op)
    common |= left_out(random)
    if own.get("return_indices"):
        common.pop("min_count", None)
    if form == "adaptive":
        return op, nbp.Pool.adaptive(op, outs, **common, **own)
    if form == "global":
        own.pop("return_indices", None)
        return op, nbp.Pool.over_all(op, **common, keepdims=random.random() < 0.5, **own)
    return op, nbp.Pool(op, **sliding(random, sizes, op), **common, **own)


def case(random, dtypes=DTYPES):
    """Return an operator's name, a pooling, an array, and a grain; None if there is no such one."""
    ndim = random.choice([1, 2, 2, 2, 3])
    sizes = sizes_of(random, ndim)
    dtype = random.choice(dtypes)
    try:
        op, pool = pooling(random, sizes, dtype)
    except PoolError:
        return None
    lead = [random.randint(1, 3) for _ in range(random.randint(0, 2))]
    last = pool.request.data_format == FORMATS[ndim][1]
    shape = (*lead, *sizes, random.choice([1, 2, 3, 4, 9])) if last else (*lead, *sizes)
    if type(pool.window).__name__ == "Whole" and not last and len(lead) < 2:
        shape = (2, 3, *sizes)
    x = fill(shape, dtype, random.choice(VALUES), random.randrange(1 << 32))
    try:
        with np.errstate(all="ignore"):
            want = pool(x)
    except PoolError:
        return None
    wants = want if isinstance(want, tuple) else (want,)
    grain = [random.randint(1, max(size, 1)) for size in wants[0].shape]
    return op, pool, np.ascontiguousarray(x), grain, wants


def by_parts(pool, x, grain):
    """Return the results of a pooling, part by part, each from what it says that it reads."""
    of = decided(pool, x.shape, x.dtype)
    outs = [np.full(of.shape, 77).astype(dtype) for dtype in of.outs]
    for region in regions(of, grain):
        bound = region.reads

        def read(part, bound=bound):
            for one, most in zip(part, bound, strict=True):
                assert most.start <= one.start < one.stop <= most.stop
            return x[part]

        for out, result in zip(outs, region.pool(read), strict=True):
            assert result.shape == region.shape and result.dtype == out.dtype
            out[region.results] = result
    return outs


def differ(op, x, got, want):
    """Say how results differ: "", or "sign" of zeros, "digits" of a variance, "values"."""
    if got.tobytes() == want.tobytes():
        return ""
    if np.array_equal(got, want, equal_nan=want.dtype.kind == "f"):
        return "sign"
    tiled = op in TILED and want.dtype.kind == "f" and x.dtype.kind in "fiu"
    if tiled:
        most = np.nanmax(np.abs(x.astype(np.float64)), where=np.isfinite(x), initial=0)
        power = 1 if op == "var" else 2
        each, near = TOLERANCE[str(want.dtype)], max(most * most, 1e-300)
        near = near if np.isfinite(near) else 0.0  # an infinite tolerance would prove nothing
        got, want = got.astype(np.float64) ** power, want.astype(np.float64) ** power
        if np.isclose(got, want, rtol=2 * each, atol=each * near, equal_nan=True).all():
            return "digits"
    return "values"


def kernel_of(pool, x):
    """Return the name of the loop that pools most of an array."""
    of = decided(pool, x.shape, x.dtype)
    return of.region([(0, size) for size in of.shape]).pieces[0].call.plan.kernel


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--many", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--dtypes", nargs="*", default=DTYPES)
    asked = parser.parse_args()
    found, kernels, wrong, seed = Counter(), Counter(), 0, asked.seed
    while sum(found.values()) < asked.many:
        made = case(Random(seed), asked.dtypes)
        seed += 1
        if made is None:
            continue
        op, pool, x, grain, wants = made
        with np.errstate(all="ignore"):
            got = by_parts(pool, x, grain)
        kernels[kernel_of(pool, x)] += 1
        how = max((differ(op, x, *pair) for pair in zip(got, wants, strict=True)), key=len)
        found[how or "alike"] += 1
        if how == "values":
            wrong += 1
            print(seed - 1, pool, x.shape, x.dtype, grain)
    print(dict(found), dict(kernels))
    return bool(wrong)


if __name__ == "__main__":
    raise SystemExit(main())
