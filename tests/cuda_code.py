"""The machine code of kernels for GPUs, compiled without one: registers, stack, spills, loads.

    python tests/cuda_code.py [--capability 9.0] [--some] [--only medians]

It compiles the kernels that are written out for frequent windows, and prints a table of static
figures: nothing has run. It needs the extra `cuda12` or `cuda13`, and no GPU. One process serves
one capability; without one named, a process is started for each.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

CAPABILITIES = ("7.5", "8.0", "9.0", "10.0", "12.0")

DTYPES = ("uint8", "uint16", "int32", "float16", "float32", "float64")

MOST_REGISTERS = 64

WINDOWS: dict[str, tuple[dict[str, Any], tuple[int, ...]]] = {
    "channels 2x2": ({"kernel_size": 2, "data_format": "NHWC"}, (4, 8, 8, 64)),
    "channels 3x3": (
        {"kernel_size": 3, "stride": 2, "padding": 1, "data_format": "NHWC"},
        (4, 8, 8, 64),
    ),
    "tiles 2x2": ({"kernel_size": 2}, (4, 4, 8, 64)),
    "tiles 3x2": ({"kernel_size": (3, 2), "stride": 2, "padding": (1, 0)}, (4, 4, 8, 64)),
    "chunks 3x3/2": ({"kernel_size": 3, "stride": 2, "padding": 1}, (4, 4, 16, 64)),
    "chunks 3x3/2 ceil": ({"kernel_size": 3, "stride": 2, "ceil_mode": True}, (4, 4, 16, 64)),
    "chunks 3x3/1": ({"kernel_size": 3, "stride": 1, "padding": 1}, (4, 4, 16, 64)),
    "chunks 2x2/1": ({"kernel_size": 2, "stride": 1}, (4, 4, 16, 64)),
    "chunks 3x3/3": ({"kernel_size": 3}, (4, 4, 16, 64)),
    "chunks 3x2/2": ({"kernel_size": (3, 2), "stride": 2, "padding": 1}, (4, 4, 16, 64)),
    "together 16x16": ({"kernel_size": 16}, (4, 64, 64)),
    "together global": ({"kernel_size": (48, 64)}, (2048, 48, 64)),
    "in_pieces global": ({"kernel_size": (256, 256)}, (2, 256, 256)),
    "slides 3x3/2": ({"kernel_size": 3, "stride": 2, "padding": 1}, (4, 4, 17, 19)),
    "slides 3x3/1": ({"kernel_size": 3, "stride": 1, "padding": 1}, (4, 4, 17, 19)),
    "slides 2x2/2": ({"kernel_size": 2}, (4, 4, 17, 19)),
    **{
        f"medians {rows}x{columns}/1": (
            {"kernel_size": (rows, columns), "stride": 1, "padding": (rows // 2, columns // 2)},
            (4, 17, 19),
        )
        for rows, columns in [(1, 3), (3, 1), (1, 5), (5, 1), (2, 2), (3, 3), (4, 4), (5, 5)]
    },
    "medians 3x3/3": ({"kernel_size": 3}, (4, 17, 19)),
    "medians 4x4 NHWC": ({"kernel_size": 4, "stride": 1, "data_format": "NHWC"}, (4, 17, 19, 3)),
    "medians 5x5 NHWC": ({"kernel_size": 5, "stride": 1, "data_format": "NHWC"}, (4, 17, 19, 3)),
}
"""Frequent windows, by the kernels that are written out for them, and shapes that get these."""


class Code(NamedTuple):
    """Static figures of a kernel."""

    label: str
    registers: int
    stack: int
    spills: int
    local: int
    """Loads and stores of local memory."""
    loads: dict[int, int]
    """How many loads of the array there are, by their bytes."""

    def faults(self) -> list[str]:
        """Return what is amiss."""
        found = []
        if self.stack or self.spills or self.local:
            found.append(f"stack {self.stack}, spills {self.spills}, local memory {self.local}")
        if self.registers > MOST_REGISTERS:
            found.append(f"{self.registers} registers")
        elements = self.label.startswith(("slides", "medians", "then"))  # read one by one
        if not elements and 16 not in self.loads:
            found.append(f"loads of {sorted(self.loads)} bytes")
        return [f"{self.label}: {each}" for each in found]


def compile_for(capability: tuple[int, int]) -> Any:
    """Return what compiles a kernel for a capability: numba-cuda would ask the current device."""
    import numba.cuda.dispatcher as dispatcher

    device = type("Device", (), {"compute_capability": capability})
    dispatcher.get_current_device = lambda: device

    from cuda.core import Linker, LinkerOptions, ObjectCode

    from numbapool.cuda.target import cuda, types_of

    def compiled(kernel: Any, kinds: tuple[Any, ...]) -> tuple[str, str]:
        given = kernel.py_func, types_of().void(*kinds)
        how = {"cc": capability, "device": False, "abi": "numba"}
        (text, *_), _ = cuda.compile_all(*given, output="ptx", **how)
        codes, _ = cuda.compile_all(*given, output="ltoir", **how)
        parts = [ObjectCode.from_ltoir(each) if isinstance(each, bytes) else each for each in codes]
        options = LinkerOptions(
            arch="sm_{}{}".format(*capability), link_time_optimization=True, ptxas_options=["-v"]
        )
        linker = Linker(*parts, options=options)
        linker.link("cubin")
        return text if isinstance(text, str) else text.decode(), str(linker.get_info_log())

    return compiled


OWN: dict[str, dict[str, Any]] = {"percentile": {"q": 30}}
"""Operators' own parameters."""


def launches(windows: str, op: str, dtype: str) -> Iterator[tuple[str, Any, tuple[Any, ...]]]:
    """Yield a pooling's kernels: their names, the kernels, the types of their arguments."""
    import numbapool as nbp
    from numbapool.cuda import call, cubins

    given, shape = WINDOWS[windows]
    pool = nbp.Pool(op, **given, **OWN.get(op, {}))
    decided = call.decided(shape, np.dtype(dtype), pool.window, pool.request)
    kinds_of_arrays = [dtype, *decided.outs, *(kind for _, kind in decided.needed(decided.plan))]
    arrays = [np.empty(0, kind) for kind in kinds_of_arrays]
    for launch in decided.launches(decided.plan):
        kinds = tuple(cubins.typed(arg, tuple(arrays)) for arg in launch.args)
        yield decided.plan.kernel, launch.kernel, kinds


def accesses_of(text: str) -> tuple[int, dict[int, int]]:
    """Return how often local memory is read or written, and the loads by their bytes, from PTX."""
    local = len(re.findall(r"\b(?:ld|st)\.local\b", text))
    loads: dict[int, int] = {}
    for count, bits in re.findall(r"\bld\.global(?:\.nc)?(?:\.v(\d))?\.[a-z](\d+)", text):
        size = int(count or 1) * int(bits) // 8
        loads[size] = loads.get(size, 0) + 1
    return local, loads


def without_device() -> None:
    """Let calls be decided where there is no device to copy tables to."""
    from numbapool.cuda import call

    call.on_device = lambda kept, name, table: table
    call.current_device = lambda: 0


def kernels(some: bool, only: str) -> Iterator[tuple[str, str, str]]:
    """Yield the windows, the operators and the dtypes to compile: all, or some, of one name."""
    for windows in WINDOWS:
        picks = windows.startswith("medians")
        for op in ("median", "percentile") if picks else ("max", "avg"):
            for dtype in DTYPES:
                wide = dtype == "float64" and windows.startswith(("medians 4x4", "medians 5x5"))
                named = windows.startswith(only) and not wide
                if named and (not some or (windows, op, dtype) in SOME):
                    yield windows, op, dtype


def codes(capability: str, some: bool, only: str) -> Iterator[Code]:
    """Yield the figures of all kernels for a capability, or of some."""
    major, minor = map(int, capability.split("."))
    compiled = compile_for((major, minor))
    without_device()
    for windows, op, dtype in kernels(some, only):
        for number, (kernel, function, kinds) in enumerate(launches(windows, op, dtype)):
            summed = (op, dtype) == ("avg", "int32")  # in 64 bits: too many for chunks
            expected = windows.startswith((kernel, "chunks" if summed else kernel))
            assert expected, f"{windows} went to {kernel}"
            text, told = compiled(function, kinds)
            stack, *spills = map(int, re.findall(r"(\d+) bytes (?:stack|spill)", told))
            found = re.search(r"Used (\d+) registers", told)
            local, loads = accesses_of(text)
            label = f"{kernel} {windows.partition(' ')[2]} {op} {dtype}"
            label = f"then {label}" if number else label
            registers = int(found[1]) if found else 0
            yield Code(label, registers, stack, sum(spills), local, loads)


SOME = (
    *(
        (windows, op, dtype)
        for windows in (
            "channels 3x3",
            "tiles 2x2",
            "chunks 3x3/2",
            "together 16x16",
            "slides 3x3/2",
        )
        for op, dtype in (("max", "uint8"), ("max", "float32"), ("avg", "float32"))
    ),
    ("medians 3x3/1", "median", "float32"),
    ("medians 5x5/1", "median", "uint8"),
)
"""The kernels of a quick look."""


def main() -> int:
    """Compile, print, and say whether all is well."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--capability", choices=CAPABILITIES)
    parser.add_argument("--some", action="store_true", help="a few kernels")
    parser.add_argument("--only", default="", help="kernels whose name begins so")
    given = parser.parse_args()
    if given.capability is None:
        rest = sys.argv[1:]
        runs = [
            subprocess.run([sys.executable, __file__, *rest, "--capability", each], check=False)
            for each in CAPABILITIES
        ]
        return max(run.returncode for run in runs)
    print(f"static figures for capability {given.capability}: compiled, not run")
    print(f"{'kernel':32s} {'registers':>9s} {'stack':>6s} {'spills':>6s} {'local':>6s}  loads")
    faults = []
    for code in codes(given.capability, given.some, given.only):
        loads = ", ".join(f"{count} of {size} bytes" for size, count in sorted(code.loads.items()))
        print(
            f"{code.label:32s} {code.registers:9d} {code.stack:6d} {code.spills:6d} "
            f"{code.local:6d}  {loads}",
            flush=True,
        )
        faults += code.faults()
    for fault in faults:
        print("fault:", fault)
    return bool(faults)


if __name__ == "__main__":
    raise SystemExit(main())
