"""The reducers' and selectors' methods for compiled code, each picked by its owner's type."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from llvmlite import ir
from numba import types
from numba.core.target_extension import current_target
from numba.extending import intrinsic
from numba.extending import overload as numba_overload

from numbapool.loops.options import INLINED, LIFTED, METHODS
from numbapool.reducers import exponentials as e
from numbapool.reducers import means as m
from numbapool.reducers import methods as r
from numbapool.reducers import mixtures as x
from numbapool.reducers import moments as o
from numbapool.reducers import selectors as s
from numbapool.reducers import sequences as q

overload: Any = partial(numba_overload, target="cpu", strict=False)
"""Registers what stands for a function on the CPU; a GPU has its own (numbapool.cuda.faces). Users'
methods may name their parameters as they like."""


def on_cpu(found: Any) -> Any:
    """Return what was found if it is for the CPU: numba-cuda takes no notice of the target."""
    return found if current_target() == "cpu" else None


def method(of: Any, name: str, default: Callable[..., Any] | None = None) -> Any:
    return getattr(of.instance_class, name, default)


overload(r.missing, jit_options=METHODS)(lambda self, value: method(self, "missing"))
overload(r.beats, jit_options=METHODS)(lambda self, b, a: method(self, "beats"))
overload(r.neutral, jit_options=METHODS)(lambda self: method(self, "neutral"))
overload(r.lift, jit_options=LIFTED)(lambda self, value, row: r.lift_of(self.instance_class))
overload(r.lift_alone, jit_options=LIFTED)(lambda self, value: method(self, "lift"))
overload(r.locate, jit_options=METHODS)(
    lambda self, lanes, at, columns, first, inner, pitch: method(self, "locate", r._locate)
)
overload(r.combine, jit_options=METHODS)(lambda self, a, b: method(self, "combine"))
overload(r.prepare, jit_options=METHODS)(lambda self, weight: method(self, "prepare", r._prepare))
overload(r.finish, jit_options=METHODS)(lambda self, acc, scale: method(self, "finish", r._finish))
overload(s.empty, jit_options=METHODS)(lambda self: method(self, "empty"))
overload(s.sorts, jit_options=METHODS)(lambda self, taps: method(self, "sorts"))
overload(s.select, jit_options=METHODS)(
    lambda self, values, at, step, taps, number: method(self, "select")
)
overload(s.ranked, jit_options=METHODS)(lambda self, taps: method(self, "rank"))
overload(s.settled, jit_options=METHODS)(lambda self, low, high, weight: method(self, "settled"))

# Plain functions that methods call.
# In line before LLVM sees them, as if the methods named NumPy's functions themselves.
overload(r.root, inline="always")(lambda number: on_cpu(r.root))
overload(r.below, inline="always")(lambda number: on_cpu(r.below))
overload(r.close_root, jit_options=INLINED)(lambda number: on_cpu(r.close_root))
overload(e.exp, jit_options=INLINED)(lambda x: e.exp32 if x == types.float32 else e.exp64)
overload(e.sigmoid, jit_options=INLINED)(lambda v, one: e.sigmoid)
overload(e.tanh, jit_options=INLINED)(lambda v, one: e.tanh)
overload(e.log, jit_options=INLINED)(lambda x: e.log)
overload(e.cube_root, jit_options=INLINED)(lambda x: e.cube_root)
overload(e.power, jit_options=INLINED)(lambda x, p: e.power)
overload(e.faded, jit_options=INLINED)(lambda x, share: e.faded)
overload(o.about_mean, jit_options=METHODS)(lambda total, squares, count, share: o.about_mean)
overload(o.spread, jit_options=METHODS)(lambda squares, freedom, rooted: o.spread)
overload(m.tally, jit_options=METHODS)(lambda skipped: m.tally)
overload(m.wide_quotient, jit_options=METHODS)(
    lambda high, low, weight, rounding, limits: m.wide_quotient
)
overload(x.scattered, jit_options=METHODS)(lambda bits: x.scattered)
overload(x.uniform, jit_options=METHODS)(lambda seed, number: x.uniform)
overload(s.mode_of_four, jit_options=METHODS)(lambda a, b, c, d: s.mode_of_four)
overload(q.spread_of, jit_options=METHODS)(lambda first, second, count, correction: q.spread_of)
overload(s.between, jit_options=METHODS)(lambda low, high, weight: s.between)
overload(s.rank_at, jit_options=METHODS)(lambda share, taps: s.rank_at)


@intrinsic
def _short_quotient(typingctx, n, factor, shift):
    """Divide in 16 bits throughout: in Numba's 64 bits a vector would hold a quarter as many.

    For a shifted product of 32 bits, LLVM finds the instruction for the upper half too, but only
    for half a vector.
    """

    def codegen(context, builder, signature, args):
        short = ir.IntType(16)
        kind = ir.FunctionType(short, [short, short, ir.IntType(32)])
        upper = builder.module.declare_intrinsic("llvm.umul.fix", [short], kind)
        product = builder.call(upper, [args[0], args[1], ir.IntType(32)(16)])
        return builder.lshr(product, args[2])

    return types.uint16(types.uint16, types.uint16, types.uint16), codegen


overload(m.short_quotient)(
    lambda n, factor, shift: on_cpu(lambda n, factor, shift: _short_quotient(n, factor, shift))
)
