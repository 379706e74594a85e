"""Sixteen bytes at a time: loads and stores of neighbouring elements by one instruction.

The compiler never merges loads of neighbours by itself. Addresses must be multiples of what is
moved; in the simulator an element is moved at a time.
"""

from __future__ import annotations

from typing import Any

from numbapool.cuda.target import SIMULATED, intrinsic

BYTES = 16
"""The widest load and store."""


def load16(x: Any, at: Any) -> Any:
    """Return the elements of 16 bytes from element `at` on, as a tuple."""
    return tuple(x[at + k] for k in range(BYTES // x.dtype.itemsize))


def store(out: Any, at: Any, values: Any) -> None:
    """Set elements from `at` on to a tuple of 4, 8 or 16 bytes."""
    for k, value in enumerate(values):
        out[at + k] = value


def _address(context: Any, builder: Any, kind: Any, array: Any, at: Any) -> Any:
    """Return the address of an element of an array, or of memory behind a bare pointer."""
    from llvmlite import ir

    data = (
        context.make_array(kind)(context, builder, array).data if hasattr(kind, "ndim") else array
    )
    return builder.ptrtoint(builder.gep(data, [at]), ir.IntType(64))


def _load16(typing: Any, x: Any, at: Any) -> Any:
    from llvmlite import ir
    from numba.cuda import types

    bits = x.dtype.bitwidth
    word, count = (ir.IntType(32), 4) if bits <= 32 else (ir.IntType(64), 2)
    result = types.UniTuple(x.dtype, 8 * BYTES // bits)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _address(context, builder, signature.args[0], *args)
        kind = ir.FunctionType(ir.LiteralStructType([word] * count), [ir.IntType(64)])
        names = ", ".join(f"${n}" for n in range(count))
        text = f"ld.global.nc.v{count}.b{word.width} {{{names}}}, [${count}];"
        letter = "r" if word.width == 32 else "l"
        words = builder.asm(kind, text, ",".join([f"={letter}"] * count + ["l"]), [address], False)
        element = context.get_data_type(x.dtype)
        elements = []
        for n in range(count):
            whole = builder.extract_value(words, n)
            for shift in range(0, word.width, bits):
                part = builder.lshr(whole, ir.Constant(word, shift)) if shift else whole
                part = builder.trunc(part, ir.IntType(bits)) if bits < word.width else part
                elements.append(builder.bitcast(part, element) if part.type != element else part)
        return context.make_tuple(builder, signature.return_type, elements)

    return result(x, types.intp), codegen


def _store(typing: Any, out: Any, at: Any, values: Any) -> Any:
    from llvmlite import ir
    from numba.cuda import types

    bits = out.dtype.bitwidth
    total = bits * len(values)
    width = min(total, 32 if bits <= 32 else 64)
    word, count, each = ir.IntType(width), total // width, width // bits

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        address = _address(context, builder, signature.args[0], args[0], args[1])
        words = []
        for n in range(count):
            whole = None
            for k in range(each):
                part = builder.extract_value(args[2], n * each + k)
                if not isinstance(part.type, ir.IntType):
                    part = builder.bitcast(part, ir.IntType(bits))
                if bits < width:
                    part = builder.shl(builder.zext(part, word), ir.Constant(word, k * bits))
                whole = part if whole is None else builder.or_(whole, part)
            words.append(whole)
        names = ", ".join(f"${n + 1}" for n in range(count))
        many = f".v{count}" if count > 1 else ""
        text = f"st.global{many}.b{width} [$0], {{{names}}};"
        kind = ir.FunctionType(ir.VoidType(), [ir.IntType(64)] + [word] * count)
        letter = {16: "h", 32: "r", 64: "l"}[width]
        builder.asm(kind, text, ",".join(["l"] + [letter] * count), [address, *words], True)
        return context.get_dummy_value()

    return types.void(out, types.intp, values), codegen


if not SIMULATED:
    load16, store = intrinsic(_load16), intrinsic(_store)
