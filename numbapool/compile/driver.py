"""Run a kernel's blocks at once, on Numba's threads.

Numba's parallel layer takes a loop in the form of NumPy's generalised ufuncs: arguments, the
number of rounds, the arguments' steps, and some data. Two short functions, written as LLVM's text,
stand around that. Each process makes machine code of them in some milliseconds, less than Numba's
own cached driver took to load. So no file is kept that somebody could have changed.
"""

from __future__ import annotations

import llvmlite.binding as llvm

from numbapool.compile.contract import ENTRY
from numbapool.compile.engine import target_machine
from numbapool.compile.linked import Kernel
from numbapool.compile.numba_seams import launch_threads

TEXT = """
declare i32 @get_num_threads()
declare void @numba_parallel_for(ptr, ptr, ptr, ptr, ptr, i64, i64, i32)

define internal void @share(ptr %args, ptr %counts, ptr %steps, ptr %data) {{
start:
  ; The only argument begins at 0 and takes steps of 1: it is the number of the first block.
  %first = load i64, ptr %args
  %count = load i64, ptr %counts
  %most = add i64 %first, %count
  %kernel = load ptr, ptr %data
  %call.at = getelementptr i64, ptr %data, i64 1
  %call = load i64, ptr %call.at
  %pieces.at = getelementptr i64, ptr %data, i64 2
  %pieces = load i64, ptr %pieces.at
  %blocks.at = getelementptr i64, ptr %data, i64 3
  %blocks = load i64, ptr %blocks.at
  %fewer = icmp slt i64 %most, %blocks
  %end = select i1 %fewer, i64 %most, i64 %blocks
  br label %next
next:
  %block = phi i64 [ %first, %start ], [ %after, %run ]
  %more = icmp slt i64 %block, %end
  br i1 %more, label %run, label %done
run:
  %after = add i64 %block, 1
  %from.all = mul i64 %pieces, %block
  %from = sdiv i64 %from.all, %blocks
  %to.all = mul i64 %pieces, %after
  %to = sdiv i64 %to.all, %blocks
  call void %kernel(i64 %call, i64 %block, i64 %from, i64 %to)
  br label %next
done:
  ret void
}}

define void @{entry}(i64 %kernel, i64 %call, i64 %pieces, i64 %blocks) {{
  %threads = call i32 @get_num_threads()
  %wide = sext i32 %threads to i64
  ; The layer called workqueue gives each thread as many rounds: fewer than threads, and one
  ; would do all of them.
  %more = icmp sgt i64 %blocks, %wide
  %rounds = select i1 %more, i64 %blocks, i64 %wide
  %args = alloca i64
  store i64 0, ptr %args
  %counts = alloca i64
  store i64 %rounds, ptr %counts
  %steps = alloca i64
  store i64 1, ptr %steps
  %data = alloca [4 x i64]
  store i64 %kernel, ptr %data
  %call.at = getelementptr i64, ptr %data, i64 1
  store i64 %call, ptr %call.at
  %pieces.at = getelementptr i64, ptr %data, i64 2
  store i64 %pieces, ptr %pieces.at
  %blocks.at = getelementptr i64, ptr %data, i64 3
  store i64 %blocks, ptr %blocks.at
  call void @numba_parallel_for(ptr @share, ptr %args, ptr %counts, ptr %steps, ptr %data,
                                i64 0, i64 1, i32 %threads)
  ret void
}}
"""

TOGETHER = """
define void @{entry}(i64 %list, i64 %block, i64 %begin, i64 %end) {{
start:
  %at = inttoptr i64 %list to ptr
  %count = load i64, ptr %at
  %bands.at = getelementptr i64, ptr %at, i64 1
  %bands = load i64, ptr %bands.at
  %blocks.at = getelementptr i64, ptr %at, i64 2
  %blocks = load i64, ptr %blocks.at
  %parts = mul i64 %bands, %blocks
  %first = mul i64 %block, %bands
  %last = add i64 %first, %bands
  br label %band
band:
  %part = phi i64 [ %first, %start ], [ %after, %banded ]
  %after = add i64 %part, 1
  %more = icmp slt i64 %part, %last
  br i1 %more, label %run, label %done
run:
  %number = phi i64 [ 0, %band ], [ %next, %ran ]
  %some = icmp slt i64 %number, %count
  br i1 %some, label %one, label %banded
one:
  %three = mul i64 %number, 3
  %kernel.slot = add i64 %three, 3
  %kernel.at = getelementptr i64, ptr %at, i64 %kernel.slot
  %kernel = load ptr, ptr %kernel.at
  %call.at = getelementptr i64, ptr %kernel.at, i64 1
  %call = load i64, ptr %call.at
  %pieces.at = getelementptr i64, ptr %kernel.at, i64 2
  %pieces = load i64, ptr %pieces.at
  %from.all = mul i64 %pieces, %part
  %from = sdiv i64 %from.all, %parts
  %to.all = mul i64 %pieces, %after
  %to = sdiv i64 %to.all, %parts
  %any = icmp slt i64 %from, %to
  br i1 %any, label %do, label %ran
do:
  call void %kernel(i64 %call, i64 %block, i64 %from, i64 %to)
  br label %ran
ran:
  %next = add i64 %number, 1
  br label %run
banded:
  br label %band
done:
  ret void
}}
"""
"""A kernel of kernels. Its arguments are their number, the bands per block, the blocks, and for
each kernel its address, that of its arguments, and its pieces. In a band all kernels run in turn.
"""

NEEDED = ("get_num_threads", "numba_parallel_for")
"""The functions that LLVM knows once Numba has started its threads."""


def made() -> Kernel | None:
    """Return the driver in machine code; None if this Numba has no such parallel layer.

    It is called like a kernel, with other numbers: a kernel's address, the address of its
    arguments, the number of pieces, and the number of blocks to cut them into.
    """
    if not launch_threads() or not all(map(llvm.address_of_symbol, NEEDED)):
        return None
    return assembled(TEXT)


def together() -> Kernel:
    """Return the kernel that runs several kernels band by band, in machine code."""
    return assembled(TOGETHER)


def assembled(text: str) -> Kernel:
    """Return a function's machine code from LLVM's text."""
    machine = target_machine()
    module = llvm.parse_assembly(text.format(entry=ENTRY))
    module.triple, module.data_layout = machine.triple, str(machine.target_data)
    return Kernel(machine.emit_object(module))
