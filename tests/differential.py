"""Compare the compiled kernels with the slow definitions on random calls of every operator.

    python tests/differential.py --cases 20000 --seed 1 --processes 2

It prints how many calls were compared per operator and per kind of what is left out, then each
disagreement with its call. The exit code is 1 if there is one. ``--case N`` repeats call N alone.

A seed draws one dtype or a few per operator, so that some hundred kernels are compiled, and many
calls of each. 64-bit integers are always among them, with values at their ends and at 2**53, where
float64 begins to leave integers out. The oracle (`naive`) computes in Python's integers and
fractions. Results must be equal, floats as near as `agreement` says.
"""

from __future__ import annotations

import argparse
import math
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any, NamedTuple

import naive
import numpy as np
import strategies as draws
from agreement import answer, assert_close, assert_equal, both_refuse, finite_mass, spread_scale

EDGE = 2**53
ENDS = {
    "int64": [-(2**63), -(2**63) + 1, -EDGE - 1, -EDGE, -1, 0, 1, EDGE, EDGE + 1, 2**63 - 1],
    "uint64": [0, 1, EDGE - 1, EDGE, EDGE + 1, 2**63 - 1, 2**63, 2**63 + 1, 2**64 - 2, 2**64 - 1],
}
"""Values whose neighbours float64 cannot tell apart, or that another sign would change."""

ODD_NODATA = [2**64, -(2**63) - 1, 0.5, 2.0**53, 2.0**63, math.nan, math.inf, 1e39, 10**400, -9999]
"""Numbers of no data that many dtypes cannot hold."""

LAYOUTS = ["C", "C", "Fortran", "sliced", "negative strides", "swapped bytes", "read-only"]

NORMS = {"lp 1": 1, "lp 2": 2, "lp 2.5": 2.5, "lp inf": math.inf}
OPERATORS = ["max", "max places", "min", "min places", "avg", "sum", *NORMS]
OPERATORS += ["median", "mode", "percentile", "var", "std"]

ONLY_SLIDING = {"percentile", "var", "std"}
BLOCK_NAMES = {name: name for name in ("max", "min", "sum", "median", "mode", "var", "std")}
BLOCK_NAMES["avg"] = "mean"


class Recipe(NamedTuple):
    """What is drawn once per run: together with a kind of window it decides the kernel."""

    operator: str
    dtype: str
    left_out: str

    @property
    def family(self) -> str:
        """The operator's name in its functions' names."""
        return self.operator.split()[0]


class Call(NamedTuple):
    """A call of the library, and the oracle's function for it."""

    function: str
    oracle: str
    ndim: tuple[int, ...]
    """What the oracle takes after the array: the number of pooled axes, except of all axes."""
    x: np.ndarray
    layout: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any]

    def __str__(self) -> str:
        array = f"np.array({self.x.tolist()}, {self.x.dtype.name!r}).reshape({self.x.shape})"
        arguments = [array, *map(repr, self.arguments)]
        arguments += [f"{name}={value!r}" for name, value in self.keywords.items()]
        return f"{self.function}({', '.join(arguments)}) laid out as {self.layout}"


def recipes(seed: int) -> list[Recipe]:
    """Return every operator with everything that may be left out, on dtypes that the seed draws."""
    rng = random.Random(seed)
    found = []
    for operator in OPERATORS:
        menu = {
            "nothing": [rng.choice(list(ENDS)), rng.choice(draws.DTYPES)],
            "NaN": [rng.choice(draws.FLOATS)],
            "nodata": [*ENDS, rng.choice(draws.DTYPES)],
            "NaN and nodata": [rng.choice(draws.FLOATS)],
        }
        found += [
            Recipe(operator, dtype, left_out)
            for left_out, dtypes in menu.items()
            for dtype in dict.fromkeys(dtypes)
        ]
    return found


# A call.


def values(recipe: Recipe, rng: random.Random, shape: tuple[int, ...]) -> np.ndarray:
    """Return an array of values that are hard for its dtype, or of few that are often equal."""
    kinds = ["plain", "ties", "few"]
    if recipe.family not in ("lp", "var", "std"):  # which overflow, as float64 does
        kinds += ["specials", "extremes"]
    seed = rng.randrange(2**32)
    x = np.asarray(draws.fill(shape, recipe.dtype, rng.choice(kinds), seed), recipe.dtype)
    if recipe.dtype in ENDS and rng.random() < 0.7:
        ends = np.array(rng.sample(ENDS[recipe.dtype], 4), recipe.dtype)
        x = np.random.default_rng(seed).choice(ends, shape)
    return x


def sliding_window(ndim: int, rng: random.Random) -> tuple[Any, tuple[int, ...], dict[str, Any]]:
    """Return a kernel, sizes, and the other arguments of a window."""
    kind = rng.choice(["small"] * 8 + ["tall", "wide"])
    if kind == "wide":  # one run of memory per window
        kernel = (*(1,) * (ndim - 1), rng.choice([64, 70]))
        return kernel, (*(2,) * (ndim - 1), rng.choice([70, 140, 150])), {}
    if kind == "tall" and ndim > 1:  # windows that share most of their rows
        kernel = (*(1,) * (ndim - 2), rng.randint(8, 10), rng.randint(1, 2))
        return kernel, (*(2,) * (ndim - 2), rng.randint(11, 24), rng.randint(2, 5)), {"stride": 1}
    longest = {1: 20, 2: 8, 3: 5}[ndim]
    kernel = tuple(rng.randint(1, 4) for _ in range(ndim))
    sizes = tuple(rng.randint(min(k, longest), longest) for k in kernel)
    more: dict[str, Any] = {}
    if rng.random() < 0.6:
        more["stride"] = tuple(rng.randint(1, 3) for _ in range(ndim))
    if rng.random() < 0.3:
        more["dilation"] = rng.randint(1, 2)
    if rng.random() < 0.5:
        more["ceil_mode"] = rng.random() < 0.7
    padding = rng.choice(["none", "none", "half", "pairs", "same", "same_lower", "valid"])
    if padding == "half":
        more["padding"] = tuple(k // 2 for k in kernel)
    elif padding == "pairs":
        more["padding"] = tuple((rng.randint(0, k), rng.randint(0, k)) for k in kernel)
    elif padding != "none":
        more["padding"] = padding
    return kernel, sizes, more


def in_format(
    ndim: int, sizes: tuple[int, ...], rng: random.Random, form: str
) -> tuple[tuple[int, ...], dict[str, Any]]:
    """Return a shape around the pooled sizes, and the data format that says so."""
    space = {1: "L", 2: "HW", 3: "DHW"}[ndim]
    names = [f"NC{space}", f"N{space}C", f"C{space}", f"{space}C", space]
    name = rng.choice([None, *names])
    channels = (rng.choice([1, 2, 3, 4, 33]),) if rng.random() < 0.2 else (rng.randint(1, 3),)
    if name is None:
        lead = (1, 2) if form == "global" else tuple(rng.choices([1, 2], k=rng.randint(0, 2)))
        return (*lead, *sizes), {}
    batch = (rng.randint(1, 2),) if "N" in name else ()
    if name.endswith("C"):
        shape = (*batch, *sizes, *channels)
    else:
        shape = (*batch, *(channels if "C" in name else ()), *sizes)
    return shape, {"data_format": "".join(rng.choice([c, c.lower()]) for c in name)}


def call_of(recipe: Recipe, rng: random.Random) -> Call:
    """Draw a call: of windows that slide, of windows to a size, of whole planes or of blocks."""
    forms = ["sliding"] * 3
    if recipe.family not in ONLY_SLIDING:
        forms.append("adaptive")
    if recipe.operator in ("max", "avg") and recipe.left_out == "nothing":
        forms.append("global")
    if recipe.operator in BLOCK_NAMES:
        forms.append("block")
    form = rng.choice(forms)
    draw = block_call if form == "block" else window_call
    call = draw(recipe, form, rng)
    if "NaN" in recipe.left_out:
        call.keywords["nan"] = "skip"
    if "nodata" in recipe.left_out:
        call.keywords["nodata"] = nodata_for(call.x, rng)
    return call


def block_call(recipe: Recipe, form: str, rng: random.Random) -> Call:
    """Draw a call of `block_reduce`, over all axes."""
    ndim = rng.randint(1, 5)
    x = values(recipe, rng, tuple(rng.randint(1, 12 // ndim + 1) for _ in range(ndim)))
    block = tuple(rng.randint(1, 3) for _ in range(ndim))
    keywords = own_keywords(recipe, form, rng)
    keywords["edge"] = rng.choice(["partial", "partial", "trim", "pad", "error"])
    arguments = (block, BLOCK_NAMES[recipe.operator])
    return Call("block_reduce", "block_reduce", (), x, rng.choice(LAYOUTS), arguments, keywords)


def window_call(recipe: Recipe, form: str, rng: random.Random) -> Call:
    """Draw a call over one to three axes of an array of some data format."""
    family = recipe.family
    ndim = 2 if family == "percentile" else rng.randint(1, 3)
    keywords = own_keywords(recipe, form, rng)
    arguments: tuple[Any, ...] = ()
    if recipe.operator in NORMS:
        arguments = (NORMS[recipe.operator],)
    elif family == "percentile":
        arguments = (rng.choice([0, 12.5, 25, 40, 50, 75, 99.5, 100]),)
    if form == "sliding":
        kernel, sizes, more = sliding_window(ndim, rng)
        arguments = (*arguments, kernel)
        keywords |= more
    else:
        sizes = tuple(rng.randint(1, {1: 20, 2: 8, 3: 5}[ndim]) for _ in range(ndim))
    if form == "adaptive":
        outs = tuple(rng.choice([None, rng.randint(1, n + 2)]) for n in sizes)
        arguments = (*arguments, outs)
    shape, named = in_format(ndim, sizes, rng, form)
    x = values(recipe, rng, shape)
    oracle = f"{family}_pool" if form == "sliding" else f"{form}_{family}_pool"
    function = oracle if form == "global" else f"{oracle}{ndim}d"
    axes: tuple[int, ...] = () if form == "global" else (ndim,)
    return Call(function, oracle, axes, x, rng.choice(LAYOUTS), arguments, keywords | named)


def own_keywords(recipe: Recipe, form: str, rng: random.Random) -> dict[str, Any]:
    """Draw what one operator or form takes and others do not."""
    keywords: dict[str, Any] = {}
    if "places" in recipe.operator:
        keywords["return_indices"] = True
    if recipe.family in ("var", "std"):
        keywords["correction"] = rng.choice([0, 0, 1, 2])
    if form == "global":
        keywords["keepdims"] = rng.random() < 0.5
    elif recipe.family == "avg":
        keywords["rounding"] = rng.choice(["half_up", "half_even", "floor"])
    if recipe.family == "avg" and form == "sliding":
        keywords["count_include_pad"] = rng.random() < 0.5
        if rng.random() < 0.2:
            keywords["divisor_override"] = rng.choice([1, 2, 3, 7, 1000, -1, -2, -5])
    return keywords


def nodata_for(x: np.ndarray, rng: random.Random) -> Any:
    """Draw a number of no data: most often one that `x` holds, or its neighbour."""
    if not x.size or rng.random() < 0.15:
        return rng.choice(ODD_NODATA)
    value = x.ravel()[rng.randrange(x.size)]
    kind = rng.random()
    if x.dtype.kind in "iu" and kind < 0.2:
        return int(value) + rng.choice([-1, 1])
    return value if kind < 0.4 else value.item()  # NumPy's number, or Python's


# A comparison.


def compare(recipe: Recipe, call: Call) -> bool:
    """Raise an AssertionError where both disagree; return whether there were results."""
    import numbapool

    laid = draws.lay_out(call.x, call.layout)
    function: Callable[..., Any] = getattr(numbapool, call.function)
    oracle: Callable[..., Any] = getattr(naive, call.oracle)
    with np.errstate(all="ignore"):
        got = answer(function, laid, *call.arguments, **call.keywords)
        want = answer(oracle, call.x, *call.ndim, *call.arguments, **call.keywords)
        if both_refuse(got, want):
            return False
        if isinstance(want, tuple):
            for one, other in zip(got, want, strict=True):
                assert_equal(one, other)
        elif want.dtype.kind != "f" or recipe.family in ("max", "min", "mode"):
            assert_equal(got, want)
        else:
            assert_close(got, want, *scales(recipe, call, want))
    return True


def scales(recipe: Recipe, call: Call, want: np.ndarray) -> tuple[np.ndarray, np.ndarray | None]:
    """Return the scale of rounding errors, and the sums past which floats overflow."""
    finite = np.where(np.isfinite(want), want, 0).astype(np.float64)
    sizes = finite_mass(call.x)
    if recipe.family in ("var", "std"):
        return spread_scale(recipe.family, finite, sizes.max(initial=0)), None
    if recipe.family == "percentile":
        return np.full(want.shape, 10 * sizes.max(initial=0)), None
    if recipe.family not in ("avg", "sum"):
        return 5 * np.abs(finite), None
    arguments = call.arguments
    keywords = {
        name: value
        for name, value in call.keywords.items()
        if name not in ("rounding", "nan", "nodata", "count_include_pad", "divisor_override")
    }
    oracle = call.oracle.replace("avg", "sum")
    if oracle == "block_reduce":
        arguments = (arguments[0], "sum")
    if oracle.startswith("global"):
        return np.full(want.shape, sizes.sum()), np.full(want.shape, sizes.sum())
    mass = getattr(naive, oracle)(sizes, *call.ndim, *arguments, **keywords)
    return mass, mass


class Report(NamedTuple):
    """What a process found."""

    counts: Counter[tuple[str, str]]
    refused: int
    wrong: list[str]
    kernels: int


def run(seed: int, numbers: list[int]) -> Report:
    """Make the calls of these numbers."""
    from numbapool.compile import compiled

    menu = recipes(seed)
    report = Report(Counter(), 0, [], 0)
    refused = 0
    for n in numbers:
        recipe = menu[n % len(menu)]
        call = call_of(recipe, random.Random(f"{seed} {n}"))
        try:
            refused += not compare(recipe, call)
        except Exception as error:
            told = str(error) or type(error).__name__
            report.wrong.append(f"--seed {seed} --case {n}: {call}\n    {told.strip()}")
        report.counts[recipe.operator, recipe.left_out] += 1
    return report._replace(refused=refused, kernels=compiled.loaded())


def told(counts: Counter[tuple[str, str]]) -> str:
    """Return the table of counts."""
    columns = list(dict.fromkeys(left_out for _, left_out in counts))
    rows = [["calls, leaving out", *columns]]
    for operator in dict.fromkeys(operator for operator, _ in counts):
        rows.append([operator, *(str(counts[operator, column]) for column in columns)])
    return "\n".join(f"{row[0]:20}" + "".join(f"{cell:>16}" for cell in row[1:]) for row in rows)


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--cases", type=int, default=20000, help="how many calls (%(default)s)")
    parser.add_argument("--seed", type=int, default=1, help="draws the calls (%(default)s)")
    parser.add_argument("--processes", type=int, default=os.cpu_count(), help="the cores' number")
    parser.add_argument("--case", type=int, metavar="N", help="make call N of the seed alone")
    options = parser.parse_args()
    start = time.perf_counter()
    if options.case is not None:
        reports = [run(options.seed, [options.case])]
    else:
        # Each process has operators of its own, so that no kernel is waited for.
        count, kinds = options.processes, len(recipes(options.seed))
        shares = [
            [n for n in range(options.cases) if n % kinds % count == part] for part in range(count)
        ]
        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
            reports = list(pool.map(run, [options.seed] * count, shares))
    counts: Counter[tuple[str, str]] = sum((report.counts for report in reports), Counter())
    wrong = [line for report in reports for line in report.wrong]
    refused = sum(report.refused for report in reports)
    kernels = sum(report.kernels for report in reports)
    print(told(counts))
    print(f"{counts.total()} calls by {kernels} kernels in {time.perf_counter() - start:.0f} s")
    print(f"{refused} refused by both, {len(wrong)} disagree", *wrong, sep="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
