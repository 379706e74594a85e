"""Users' reducers of the same code share a kernel; those that could differ do not."""

import math
from types import ModuleType
from typing import NamedTuple

import numpy as np
import pytest
from numba import njit, types
from numba.extending import overload

import numbapool as nbp
from numbapool.compile import compiled, numba_seams
from numbapool.compile.alike import content, is_as_numba_has_it, is_fresh, likeness, note

factor = 2.0


@njit
def twice(value):
    return value * factor


@njit
def itself(value):
    return value if value < 1 else itself(value - 1)


@njit(cache=True)
def kept(a, b):
    return a


def forged(a, b):
    return a


forged.__module__ = "numpy"


def scaled(by, offset=0.0, kind="sum"):
    """Make a reducer's class: the sum of a window, scaled."""

    class Scaled(NamedTuple):
        accumulates = np.float64

        def neutral(self):
            return 0.0

        def lift(self, value, row):
            return value * by

        def combine(self, a, b):
            return a + b

        def finish(self, acc, scale):
            return acc + offset

    class Helped(NamedTuple):
        exponent: float

        def neutral(self, none=offset):
            return none

        def lift(self, value, row):
            return np.abs(twice(value)) ** self.exponent

        def combine(self, a, b):
            return max(a, b)

    class Other(NamedTuple):
        def neutral(self):
            return 0.0

        def combine(self, a, b):
            return by(a, b)

    return {"sum": Scaled, "helped": Helped, "other": Other}[kind]


def test_one_kernel_for_classes_of_one_code():
    compilations = []

    def count():
        compilations.append(1)

    x = np.arange(6.0)
    compiled.on_compile.append(count)
    try:
        for n in range(6):
            assert nbp.reduce_pool1d(x, scaled(2.0)(), 3 if n % 2 else 2).tolist() == (
                [6.0, 24.0] if n % 2 else [2.0, 10.0, 18.0]
            )
        assert sum(compilations) == 1
        # As in a notebook: the class that is there counts, not the first of its name.
        assert nbp.reduce_pool1d(x, scaled(3.0)(), 3).tolist() == [9.0, 36.0]
        assert sum(compilations) == 2
        two, three = scaled(2.0)(), scaled(3.0)()
        call = njit(lambda x: (nbp.reduce_pool1d(x, two, 3), nbp.reduce_pool1d(x, three, 3)))
        assert [got.tolist() for got in call(x)] == [[6.0, 24.0], [9.0, 36.0]]
        assert sum(compilations) == 2
        assert nbp.reduce_pool1d(x, scaled(2.0)(), 3).tolist() == [6.0, 24.0]
        assert sum(compilations) == 2
    finally:
        compiled.on_compile.remove(count)


@pytest.mark.parametrize("kind", ["sum", "helped"])
@pytest.mark.parametrize(
    "values",
    [
        *[(2.0, 0.0), (2, True), (np.float32(2), None), ("a", b"b"), ((1, (2.0,)), 1j)],
        *[(np.arange(3), itself), (np, types.int64), (np.mean, np.dtype("f4")), (max, ...)],
    ],
)
def test_alike(kind, values):
    one, other = scaled(*values, kind), scaled(*values, kind)
    assert one is not other
    assert likeness(one) == likeness(other)
    assert hash(likeness(one)) == hash(likeness(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ((2.0, 0.0), (3.0, 0.0)),
        ((2.0, 0.0), (2.0, -0.0)),
        ((2.0, 0.0), (2, 0.0)),
        ((1, 0.0), (True, 0.0)),
        ((np.float32(2), 0.0), (np.float64(2), 0.0)),
        (((1,), 0.0), ((1.0,), 0.0)),
        ((2.0, 0.0, "helped"), (2.0, 1.0, "helped")),  # a default
        ((max, 0.0, "other"), (min, 0.0, "other")),
        ((np.maximum, 0.0, "other"), (np.minimum, 0.0, "other")),
        ((twice, 0.0, "other"), (itself, 0.0, "other")),
        ((njit(itself.py_func), 0.0, "other"), (njit(fastmath=True)(itself.py_func), 0.0, "other")),
        ((njit(twice.py_func), 0.0, "other"), (njit("f8(f8)")(twice.py_func), 0.0, "other")),
        ((np.ones(2), 0.0, "other"), (np.zeros(2), 0.0, "other")),
        ((np.ones((2, 3)), 0.0, "other"), (np.ones((3, 2)), 0.0, "other")),
        ((types.float32, 0.0, "other"), (types.float64, 0.0, "other")),
    ],
)
def test_not_alike(one, other):
    assert likeness(scaled(*one)) != likeness(scaled(*other))


@pytest.mark.parametrize(
    "value",
    [[1.0], np.array([None]), {}, lambda a, b: a, object(), type("Own", (), {}), kept, forged],
    ids=lambda value: type(value).__name__,
)
def test_what_may_differ_is_like_nothing_else(value):
    one, other = scaled(value, kind="other"), scaled(value, kind="other")
    assert likeness(one) is one
    assert likeness(one) != likeness(other)


def test_globals_are_looked_at(monkeypatch):
    one = likeness(scaled(1.0, kind="helped"))
    assert one == likeness(scaled(1.0, kind="helped"))
    monkeypatch.setitem(globals(), "factor", 3.0)  # what the function sees that it calls
    assert one != likeness(scaled(1.0, kind="helped"))
    monkeypatch.setitem(globals(), "factor", [3.0])
    unlike = scaled(1.0, kind="helped")
    assert likeness(unlike) is unlike


def test_members_that_differ():
    def made(**members):
        plain = scaled(1.0)
        for name, value in members.items():
            setattr(plain, name, value)
        return plain

    assert likeness(made()) == likeness(made(accumulates=np.float64))
    assert likeness(made()) != likeness(made(accumulates=np.float32))
    assert likeness(made()) != likeness(made(gives=np.float32))
    assert likeness(made()) != likeness(made(combine=lambda self, a, b: a))
    assert likeness(made()) == likeness(made(__doc__="What it is for."))
    unlike = made(neutral=staticmethod(lambda: 0.0))
    assert likeness(unlike) is unlike
    assert likeness(scaled(1.0)) != likeness(scaled(1.0, kind="helped"))


def test_a_class_derived_from_another():
    class Least(scaled(1.0)):
        __slots__ = ()

        def combine(self, a, b):
            return min(a, b)

    assert likeness(Least) is not Least
    assert likeness(Least) != likeness(scaled(1.0))


def in_module(text, **names):
    """Return the class `Own` of a module's text."""
    names["__name__"] = "users"
    exec(compile(text, "users.py", "exec"), names)
    return names["Own"]


BODY = """
from typing import NamedTuple
class Own(NamedTuple):
    def neutral(self):
        return 0.0
    def combine(self, a, b):
        {}
"""


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("return a + b", "return a + b  # as before", True),
        ("return a + b", "\n\n        return a + b", True),
        ("return a + b", "return b + a", False),
        ("return a + 1", "return a + 2", False),
        ("return a in {1, 2}", "return a in {2, 1}", True),
        ("return [a + n for n in (1, 2)][0]", "return [a + n for n in (1, 3)][0]", False),
        ("return parts.by", "return parts.by", True),
        ("return [parts.by for n in (1,)][0]", "return [parts.by for n in (1,)][0]", True),
        ("import math; return a", "import math; return a", None),
        ("return unknown", "return unknown", None),
    ],
)
def test_what_code_does_counts_and_not_where_it_stands(one, other, same):
    parts = ModuleType("parts")
    parts.by = 2
    one, other = (content(in_module(BODY.format(body), parts=parts)) for body in (one, other))
    assert (one is None, one == other) == (same is None, same is not False)


def test_what_modules_of_users_hold_counts():
    parts, inner = ModuleType("parts"), ModuleType("inner")
    parts.inner, parts.other, inner.parts, inner.by = inner, [1], parts, 2
    text = BODY.format("return [a * parts.inner.by for n in (1,)][0]")
    before = content(in_module(text, parts=parts))
    parts.other = [2]  # which the code does not ask for
    assert before == content(in_module(text, parts=parts))
    inner.by = 3
    assert before != content(in_module(text, parts=parts)) is not None
    inner.by = [3]
    assert content(in_module(text, parts=parts)) is None


def test_functions_that_users_overload():
    """What stands for them is seen by Numba alone, so no kernel is kept."""
    overload(math.dist)(lambda a, b: lambda a, b: a - b)
    numba_seams.refresh()  # as compiling does
    assert is_as_numba_has_it(scaled(math.hypot, kind="other"))
    assert not is_as_numba_has_it(scaled(math.dist, kind="other"))
    assert is_as_numba_has_it(in_module(BODY.format("return math.hypot(a, b)"), math=math))
    assert not is_as_numba_has_it(in_module(BODY.format("return math.dist(a, b)"), math=math))


def test_functions_that_were_compiled_before_keep_what_they_read(monkeypatch):
    """Their old values stay in them, so no kernel of theirs is kept for the new ones."""
    helper = njit(twice.py_func)
    op = scaled(helper, kind="other")
    assert is_fresh(op)
    assert helper(1.0) == 2.0
    assert not is_fresh(op), "called by the user before"
    note(op)
    assert is_fresh(op), "compiled by a kernel"
    helper(np.float32(1))
    assert not is_fresh(op)
    note(op)
    monkeypatch.setitem(globals(), "factor", 3.0)
    assert not is_fresh(op)
    assert is_fresh(scaled(1.0))
