"""The methods of reducers, called by their owner's type.

A reducer is a ``NamedTuple`` class whose methods are plain Python. Inside compiled code the
functions `lift`, `combine`, `prepare` and `finish` of this module pick the method by the
reducer's type (:mod:`numbapool.loops.faces`), so no branch is left at run time. Without the JIT
they call the method.

- ``lift(value, row)`` turns an element into an accumulator: one number, or a tuple of up to three
  (or ``lift(value)``);
- ``combine(a, b)`` joins two accumulators, in any order and grouping;
- ``neutral()`` returns the accumulator that changes nothing when combined;
- ``prepare(weight)`` computes once the scale that `finish` needs for windows of one divisor;
- ``finish(accumulator, scale)`` returns a window's result.

The defaults at the end replace the methods that a class leaves out: an element is its own
accumulator, and an accumulator is its own result.
"""

from __future__ import annotations

import numpy as np

# The functions that call the methods, for compiled code and plain Python alike. Each takes the
# method of the reducer's class, or the default.


def _lift(self, value, row):
    return value


def _locate(self, lanes, at, columns, first, inner, pitch):
    pass


def _prepare(self, weight):
    return 0


def _finish(self, acc, scale):
    return acc


def missing(self, value):
    return type(self).missing(self, value)


def beats(self, b, a):
    return type(self).beats(self, b, a)


def neutral(self):
    return type(self).neutral(self)


def lift(self, value, row):
    return lift_of(type(self))(self, value, row)


def lift_alone(self, value):
    return type(self).lift(self, value)


def _lift_alone(self, value, row):
    return lift_alone(self, value)


def lift_of(kind):
    """Return the function that lifts elements: a class's own, which may leave out the row."""
    found = getattr(kind, "lift", _lift)
    return _lift_alone if found.__code__.co_argcount == 2 else found


def locate(self, lanes, at, columns, first, inner, pitch):
    return getattr(type(self), "locate", _locate)(self, lanes, at, columns, first, inner, pitch)


def combine(self, a, b):
    return type(self).combine(self, a, b)


def prepare(self, weight):
    return getattr(type(self), "prepare", _prepare)(self, weight)


def finish(self, acc, scale):
    return getattr(type(self), "finish", _finish)(self, acc, scale)


# NumPy's functions that methods call: each target has its own.


def root(number):
    return np.sqrt(number)


def below(number):
    return np.floor(number)


def close_root(number):
    """Return the root of 0 or of a float64 that float32 holds too, but for its last digits.

    A root of float64 takes twice as long as this: float32's root, and two of Newton's steps, the
    second of which is right to the last place.
    """
    start = np.sqrt(np.float32(number))
    half = np.float64(np.float32(0.5) / max(start, np.float32(1e-30)))
    near = np.float64(start)
    near += (number - near * near) * half
    return near + (number - near * near) * half
