"""The table of operators: what each keeps of a window, and its own parameters.

All code that lists operators reads it: the planners, the functions, compiled code, blocks.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from types import MappingProxyType
from typing import Any

import numpy as np

from numbapool.errors import PoolTypeError, PoolValueError, shown
from numbapool.records import dataclass
from numbapool.reducers.case import Case, Reduction
from numbapool.reducers.dtypes import real_number, whole_number
from numbapool.reducers.means import ROUNDINGS
from numbapool.reducers.users import ByUser, described, is_reducer

NEEDED: Any = object()
"""The default of a parameter that must be given."""

SLIDING, ADAPTIVE, GLOBAL = FORMS = ("sliding", "adaptive", "global")
"""The forms of pooling, by how their windows are made."""

BLURRING = "blurring"
"""The form of windows whose taps have weights."""

AREA = "area"
"""The form of windows that hold parts of elements; only means and sums take it."""

FRACTIONAL = "fractional"
"""The form of windows at random steps; only max takes it, and it has planners of its own."""


@dataclass(frozen=True)
class Parameter:
    """A parameter that some operators have besides those of the windows."""

    name: str
    checked: Callable[[Any], Any]
    """Returns the value in the form that the reduction takes, or raises an error."""
    default: Any = NEEDED
    forms: tuple[str, ...] = FORMS


@dataclass(frozen=True)
class Operator:
    """A row of the table."""

    name: str
    noun: str
    """An error's name for the result."""
    reduce: Callable[..., Reduction]
    """Returns the reduction for a case and the operator's own parameters."""
    aliases: tuple[str, ...] = ()
    parameters: tuple[Parameter, ...] = ()
    of_nothing: int | None = None
    """The result of a window of padding alone; None if that is an error."""
    leaves_out: bool = True
    """Whether the operator can leave out NaN and a value."""
    nests: bool = False
    """Whether each level of a pyramid pools level 0, by windows that grow, not the level before."""

    def own(self, form: str) -> tuple[Parameter, ...]:
        """Return the parameters that the operator takes in a form of pooling."""
        return tuple(each for each in self.parameters if form in each.forms)

    def in_order(self, form: str, given: dict[str, Any]) -> tuple[Any, ...]:
        """Return the values of all own parameters in a form, given or default.

        None stands for the default.

        Raises
        ------
        PoolTypeError
            If the operator does not take a given parameter, or lacks a parameter that it needs.
        """
        parameters = self.own(form)
        names = [each.name for each in parameters]
        given = {name: value for name, value in given.items() if value is not None}
        for name in given:
            if name not in names:
                takes = f"it takes {', '.join(names)}" if names else "it has none of its own"
                raise PoolTypeError(f"{form} {self.name} pooling has no {name!r}: {takes}")
        values = tuple(given.get(each.name, each.default) for each in parameters)
        for name, value in zip(names, values, strict=True):
            if value is NEEDED:
                raise PoolTypeError(f"{self.name} pooling needs {name}")
        return values


def q_of(value: Any) -> float:
    """Return a percentile's place, from 0 to 100."""
    q = real_number(value, "q")
    if not 0 <= q <= 100:
        raise PoolValueError(f"q must lie between 0 and 100, not {q!r}")
    return q


def norm_of(value: Any) -> float:
    """Return the p of a p-norm."""
    p = real_number(value, "norm_type")
    if not p > 0:
        raise PoolValueError(f"norm_type must be positive, not {p!r}")
    return p


def divisor_of(value: Any) -> int | None:
    """Return a divisor, or None for the window's own divisor."""
    return None if value is None else whole_number(value, "divisor_override")


def rounding_of(value: Any) -> str:
    """Return a rounding if it is known."""
    if not isinstance(value, str) or value not in ROUNDINGS:
        names = ", ".join(ROUNDINGS)
        raise PoolValueError(f"rounding must be one of {names}, not {shown(value)}")
    return value


def correction_of(value: Any) -> float:
    """Return the number to subtract from a variance's divisor."""
    return real_number(value, "correction")


def beta_of(value: Any) -> float:
    """Return the sharpness of a soft mean."""
    beta = real_number(value, "beta")
    if beta == 0 or beta - beta != 0:
        raise PoolValueError(f"beta must be finite and not zero, which is the mean, not {beta!r}")
    return beta


def p_of(value: Any) -> float:
    """Return the power of a generalised mean."""
    p = real_number(value, "p")
    if not 0 < p < np.inf:
        raise PoolValueError(f"p must lie above 0 and below inf, which is the maximum, not {p!r}")
    return p


def r_of(value: Any) -> float:
    """Return the sharpness of a log-mean-exp."""
    r = real_number(value, "r")
    if r == 0 or r - r != 0:
        raise PoolValueError(f"r must be finite and not zero, which is the mean, not {r!r}")
    return r


def share_of(value: Any) -> float:
    """Return the share of the largest element in a mixed mean."""
    alpha = real_number(value, "alpha")
    if not 0 <= alpha <= 1:
        raise PoolValueError(f"alpha must lie between 0 and 1, not {alpha!r}")
    return alpha


def seed_of(value: Any) -> int:
    """Return the seed of random draws."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise PoolTypeError(f"seed must be a whole number, not {shown(value)}")
    if not 0 <= value < 1 << 64:
        raise PoolValueError(f"seed must lie between 0 and 2**64 - 1, not {shown(value)}")
    return int(value)


def drawing_of(value: Any) -> str:
    """Return a mode of stochastic pooling if it is known."""
    if value not in ("sample", "expected"):
        raise PoolValueError(f"mode must be 'sample' or 'expected', not {shown(value)}")
    return str(value)


def weight_of(name: str) -> Callable[[Any], float]:
    """Return a function that checks a number that goes into a weight."""

    def checked(value: Any) -> float:
        number = real_number(value, name)
        if not 0 <= number < np.inf:
            raise PoolValueError(f"{name} must be a number from 0 on, not {number!r}")
        return number

    return checked


def of(file: str, name: str) -> Callable[..., Reduction]:
    """Return a function of the reducers; its file is imported when it is first called.

    A process needs few of the reducers, and making all of them takes longer than a small picture.
    """

    def reduce(case: Case, *own: Any, **named: Any) -> Reduction:
        made: Reduction = getattr(import_module(f"numbapool.reducers.{file}"), name)(
            case, *own, **named
        )
        return made

    return reduce


INDICES = Parameter("return_indices", bool, False, (SLIDING, ADAPTIVE))
COUNT_PAD = Parameter("count_include_pad", bool, True, (SLIDING,))
DIVISOR = Parameter("divisor_override", divisor_of, None, (SLIDING,))
ROUNDING = Parameter("rounding", rounding_of, "half_up", (*FORMS, AREA))
CORRECTION = Parameter("correction", correction_of, 0)
BETA = Parameter("beta", beta_of, 1.0)
EPS = Parameter("eps", weight_of("eps"), 1e-6)
NORM = Parameter("norm_type", norm_of)
P = Parameter("p", p_of, 3.0)
Q = Parameter("q", q_of)
R = Parameter("r", r_of, 1.0)
SHARE = Parameter("alpha", share_of, 0.5)
DRAWING = Parameter("seed", seed_of, 0), Parameter("mode", drawing_of, "sample")
DETAIL = (
    Parameter("alpha", weight_of("alpha"), 0.0),
    Parameter("lam", weight_of("lam"), 1.0),
    Parameter("asymmetric", bool, False),
)

TABLE = (
    Operator(
        "max", "a maximum", of("extremes", "maximum"), ("maximum", "amax"), (INDICES,), nests=True
    ),
    Operator(
        "min", "a minimum", of("extremes", "minimum"), ("minimum", "amin"), (INDICES,), nests=True
    ),
    Operator(
        "avg",
        "a mean without padding",
        of("means", "mean"),
        ("mean", "average"),
        (COUNT_PAD, DIVISOR, ROUNDING),
        nests=True,
    ),
    Operator("sum", "a sum", of("sums", "total"), of_nothing=0, nests=True),
    Operator("lp", "a norm", of("sums", "norm"), ("norm",), (NORM,), of_nothing=0),
    Operator("median", "a median", of("selectors", "median")),
    Operator("mode", "a mode", of("selectors", "mode")),
    Operator("percentile", "a percentile", of("selectors", "percentile"), (), (Q,)),
    Operator("var", "a variance", of("moments", "variance"), ("variance",), (CORRECTION,)),
    Operator("std", "a standard deviation", of("moments", "deviation"), (), (CORRECTION,)),
    Operator("range", "a range", of("extremes", "span"), ("ptp",), nests=True),
    Operator(
        "rms",
        "a root mean square",
        of("sums", "root_mean_square"),
        ("root_mean_square", "quadratic_mean"),
        nests=True,
    ),
    Operator("first", "a first element", of("extremes", "first"), nests=True),
    Operator("count", "a count", of("counts", "count"), of_nothing=0, nests=True),
    Operator("any", "an answer", of("counts", "any_true"), of_nothing=0, nests=True),
    Operator("all", "an answer", of("counts", "all_true"), of_nothing=1, nests=True),
    Operator("soft", "a soft mean", of("exponentials", "soft"), (), (BETA,)),
    Operator("gem", "a generalised mean", of("exponentials", "gem"), ("power_mean",), (P, EPS)),
    Operator("logavgexp", "a log-mean-exp", of("exponentials", "logavgexp"), ("lae",), (R,)),
    Operator("mixed", "a mixed mean", of("mixtures", "mixed"), (), (SHARE,)),
    Operator("stochastic", "a stochastic element", of("mixtures", "stochastic"), (), DRAWING),
    Operator(
        "detail_preserving", "a mean that keeps detail", of("mixtures", "detail"), ("dpp",), DETAIL
    ),
)

BLUR = Operator("blur", "a blur", of("blends", "blend"), leaves_out=False)
"""The operator of windows of binomial weights; it has no other windows."""

OPERATORS = MappingProxyType({row.name: row for row in TABLE})

PARAMETERS = MappingProxyType({each.name: each for row in TABLE for each in row.parameters})
"""All own parameters of operators."""

SAMPLES = {each.name: 1 for each in PARAMETERS.values() if each.default is NEEDED}
"""A value for each parameter without a default: a result's type does not depend on it."""

_NAMED = {name: row for row in TABLE for name in (row.name, *row.aliases)}


def find(op: Any) -> Operator:
    """Return the row of a name, an alias, a NumPy function or a user's reducer.

    Raises
    ------
    PoolValueError
        For an unknown name.
    PoolTypeError
        For anything else.

    >>> find("mean").name, find(np.max).name
    ('avg', 'max')
    """
    if is_reducer(op):
        return Operator(type(op).__name__, "a reducer's result", ByUser(op), leaves_out=False)
    name = getattr(op, "__name__", "") if callable(op) else op
    if callable(op) and getattr(np, name, None) is not op:
        name = None
    if not isinstance(name, str):
        raise PoolTypeError(
            f"op must be the name of an operator ({', '.join(OPERATORS)}), or a reducer: an "
            f"instance of a NamedTuple class; not {described(op)}"
        )
    if name not in _NAMED:
        raise PoolValueError(f"op must be one of {', '.join(OPERATORS)}, not {shown(op)}")
    return _NAMED[name]


def own_of_each(ops: tuple[Any, ...], form: str, given: dict[str, Any]) -> list[tuple[Any, ...]]:
    """Return the values of all own parameters of several operators; each gets what it takes.

    Raises
    ------
    PoolTypeError
        If none of them takes a given parameter, or one lacks a parameter that it needs.
    """
    if not ops:
        raise PoolTypeError("op names no operator: give one, or a tuple of some")
    rows = [find(op) for op in ops]
    takes = [[each.name for each in row.own(form) if each is not INDICES] for row in rows]
    for name, value in given.items():
        if value is not None and not any(name in names for names in takes):
            together = ", ".join(row.name for row in rows)
            raise PoolTypeError(f"{form} pooling by {together} together has no {name!r}")
    return [
        row.in_order(form, {name: given[name] for name in given if name in names})
        for row, names in zip(rows, takes, strict=True)
    ]
