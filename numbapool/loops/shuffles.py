"""Thinning pixels of few channels, by shuffles of whole vectors."""

from __future__ import annotations

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from numbapool.loops.pointers import pointer_to

PIXELS = 16
"""Pixels that `thin` keeps at a time."""


def thinner(channels, step):
    """Return a function that keeps one of `step` pixels, as a shuffle of whole vectors."""

    @intrinsic
    def thin_lane(typingctx, pointer, at, other, to):
        def codegen(context, builder, signature, args):
            element = context.get_value_type(pointer.dtype)
            size = pointer.dtype.bitwidth // 8
            read = ir.VectorType(element, channels * PIXELS * step)
            written = ir.VectorType(element, channels * PIXELS)
            places = [channels * step * n + c for n in range(PIXELS) for c in range(channels)]
            mask = ir.Constant(ir.VectorType(ir.IntType(32), len(places)), places)
            source = builder.bitcast(builder.gep(args[0], [args[1]]), pointer_to(read))
            target = builder.bitcast(builder.gep(args[2], [args[3]]), pointer_to(written))
            pixels = builder.load(source, align=size)
            kept = builder.shuffle_vector(pixels, ir.Constant(read, ir.Undefined), mask)
            builder.store(kept, target, align=size)
            return context.get_dummy_value()

        return types.void(pointer, at, other, to), codegen

    return thin_lane


_rgb_by_2, _rgb_by_3 = thinner(3, 2), thinner(3, 3)
_rgba_by_2, _rgba_by_3 = thinner(4, 2), thinner(4, 3)


def thin(lanes, at, outs, to, channels, step):
    """Keep one of `step` pixels, PIXELS times; `channels` is 3 or 4 and `step` is 2 or 3."""
    (lane,), (out,) = lanes, outs
    for n in range(PIXELS):
        for c in range(channels):
            out[to + channels * n + c] = lane[at + channels * step * n + c]


@overload(thin)
def _thin(lanes, at, outs, to, channels, step):
    def thin(lanes, at, outs, to, channels, step):
        if channels == 3:
            if step == 2:
                _rgb_by_2(lanes[0], at, outs[0], to)
            else:
                _rgb_by_3(lanes[0], at, outs[0], to)
        elif step == 2:
            _rgba_by_2(lanes[0], at, outs[0], to)
        else:
            _rgba_by_3(lanes[0], at, outs[0], to)

    return thin
