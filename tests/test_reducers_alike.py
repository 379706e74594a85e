"""Users' reducers of the same code share a kernel; those that could differ do not."""

from typing import NamedTuple

import numpy as np
import pytest
from numba import njit

import numbapool as nbp
from numbapool.compile import compiled
from numbapool.compile.alike import likeness

factor = 2.0


@njit
def twice(value):
    return value * factor


@njit
def itself(value):
    return value if value < 1 else itself(value - 1)


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
    "values", [(2.0, 0.0), (2, True), (np.float32(2), None), ("a", b"b"), ((1, (2.0,)), 1j)]
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
    ],
)
def test_not_alike(one, other):
    assert likeness(scaled(*one)) != likeness(scaled(*other))


@pytest.mark.parametrize(
    "value",
    [[1.0], np.ones(2), {}, lambda a, b: a, itself, pytest, object(), type("Own", (), {})],
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
