"""The keys of a rank in neighbouring windows, found in cumulative counters.

This is the inner loop of :mod:`numbapool.loops.cumulative`, written as LLVM's text: the sums stay
in registers from window to window, which Numba's code would store and load.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from numbapool.loops.pointers import call_written

NAME = "numbapool_row_keys"
"""The function's name."""

MOST = 64
"""The most keys that are found at once."""

KEYS = 32
"""Where keys stand, behind the columns that sums hold."""


@intrinsic
def row_keys(typing, counts, plane, sums, held, place, breadth, count, total, rank):
    """Find the keys of up to `count` windows, the first at a place; return how many were found.

    It ends at a window that has another number of elements than `total`. The sums of upper halves
    hold the first window; afterwards all sums that were moved hold the last one that was looked at.
    """
    number = types.int64

    def codegen(context, builder, signature, args):
        return call_written(builder, NAME, ir.IntType(64), args)

    return number(counts, number, sums, held, *[number] * 5), codegen


def written(counter_bytes: int) -> str:
    """Return the function as LLVM's text; a sum has twice as many bytes as a counter."""
    words: dict[str, Any] = {
        "name": NAME, "keys": KEYS, "c": f"i{8 * counter_bytes}", "s": f"i{16 * counter_bytes}",
        "cs": f"<16 x i{8 * counter_bytes}>", "ss": f"<16 x i{16 * counter_bytes}>",
        "near": counter_bytes, "far": 2 * counter_bytes,
    }  # fmt: skip
    return TEXT.format(**words)


TEXT = """
declare i16 @llvm.cttz.i16(i16, i1)

define i64 @{name}(ptr %counts, i64 %plane, ptr %sums, ptr %held, i64 %start.place, i64 %breadth,
                   i64 %count, i64 %total, i64 %rank) {{
start:
  %highs = getelementptr {s}, ptr %sums, i64 16
  %before = getelementptr {s}, ptr %sums, i64 15
  %lows = getelementptr {s}, ptr %sums, i64 48
  %keys = getelementptr i64, ptr %held, i64 {keys}
  %wanted.total = trunc i64 %total to {s}
  %wanted = trunc i64 %rank to {s}
  %wanted.one = insertelement {ss} poison, {s} %wanted, i32 0
  %wanted.all = shufflevector {ss} %wanted.one, {ss} poison, <16 x i32> zeroinitializer
  %high.first = load {ss}, ptr %highs, align {far}
  br label %window
window:
  %k = phi i64 [ 0, %start ], [ %after, %move ]
  %place = phi i64 [ %start.place, %start ], [ %place.next, %move ]
  %high = phi {ss} [ %high.first, %start ], [ %high.next, %move ]
  %low = phi {ss} [ zeroinitializer, %start ], [ %low.next, %move ]
  %last = phi i64 [ -1, %start ], [ %half, %move ]
  store {ss} %high, ptr %highs, align {far}
  %all = extractelement {ss} %high, i32 15
  %same = icmp eq {s} %all, %wanted.total
  br i1 %same, label %find, label %end
find:
  %high.above = icmp ugt {ss} %high, %wanted.all
  %high.bits = bitcast <16 x i1> %high.above to i16
  %high.lowest = call i16 @llvm.cttz.i16(i16 %high.bits, i1 true)
  %half = zext i16 %high.lowest to i64
  %below.at = getelementptr {s}, ptr %before, i64 %half
  %below = load {s}, ptr %below.at, align {far}
  %rest = sub {s} %wanted, %below
  %part = add i64 %half, 1
  %part.first = mul i64 %part, %plane
  %row = getelementptr {c}, ptr %counts, i64 %part.first
  %known = icmp eq i64 %half, %last
  br i1 %known, label %pick, label %change
change:
  %none = icmp slt i64 %last, 0
  br i1 %none, label %take, label %keep
keep:
  %keep.number = shl i64 %last, 5
  %keep.at = getelementptr {s}, ptr %lows, i64 %keep.number
  store {ss} %low, ptr %keep.at, align {far}
  %keep.held = getelementptr i64, ptr %held, i64 %last
  store i64 %place, ptr %keep.held, align 8
  br label %take
take:
  %take.held = getelementptr i64, ptr %held, i64 %half
  %from = load i64, ptr %take.held, align 8
  %away = sub i64 %place, %from
  %away.twice = shl i64 %away, 1
  %anew = icmp sgt i64 %away.twice, %breadth
  br i1 %anew, label %rebuild, label %found
rebuild:
  %rebuild.end = add i64 %place, %breadth
  br label %rebuild.column
rebuild.column:
  %rebuild.place = phi i64 [ %place, %rebuild ], [ %rebuild.next, %rebuild.column ]
  %rebuild.sum = phi {ss} [ zeroinitializer, %rebuild ], [ %rebuild.more, %rebuild.column ]
  %rebuild.at = getelementptr {c}, ptr %row, i64 %rebuild.place
  %rebuild.counts = load {cs}, ptr %rebuild.at, align {near}
  %rebuild.wide = zext {cs} %rebuild.counts to {ss}
  %rebuild.more = add {ss} %rebuild.sum, %rebuild.wide
  %rebuild.next = add i64 %rebuild.place, 16
  %rebuild.on = icmp slt i64 %rebuild.next, %rebuild.end
  br i1 %rebuild.on, label %rebuild.column, label %pick
found:
  %found.number = shl i64 %half, 5
  %found.at = getelementptr {s}, ptr %lows, i64 %found.number
  %found.sum = load {ss}, ptr %found.at, align {far}
  %behind = icmp slt i64 %from, %place
  br i1 %behind, label %follow, label %pick
follow:
  %follow.place = phi i64 [ %from, %found ], [ %follow.next, %follow ]
  %follow.sum = phi {ss} [ %found.sum, %found ], [ %follow.more, %follow ]
  %follow.new.place = add i64 %follow.place, %breadth
  %follow.new.at = getelementptr {c}, ptr %row, i64 %follow.new.place
  %follow.new = load {cs}, ptr %follow.new.at, align {near}
  %follow.new.wide = zext {cs} %follow.new to {ss}
  %follow.old.at = getelementptr {c}, ptr %row, i64 %follow.place
  %follow.old = load {cs}, ptr %follow.old.at, align {near}
  %follow.old.wide = zext {cs} %follow.old to {ss}
  %follow.with = add {ss} %follow.sum, %follow.new.wide
  %follow.more = sub {ss} %follow.with, %follow.old.wide
  %follow.next = add i64 %follow.place, 16
  %follow.on = icmp slt i64 %follow.next, %place
  br i1 %follow.on, label %follow, label %pick
pick:
  %sum = phi {ss} [ %low, %find ], [ %rebuild.more, %rebuild.column ], [ %found.sum, %found ],
                  [ %follow.more, %follow ]
  %rest.one = insertelement {ss} poison, {s} %rest, i32 0
  %rest.all = shufflevector {ss} %rest.one, {ss} poison, <16 x i32> zeroinitializer
  %low.above = icmp ugt {ss} %sum, %rest.all
  %low.bits = bitcast <16 x i1> %low.above to i16
  %low.lowest = call i16 @llvm.cttz.i16(i16 %low.bits, i1 true)
  %low.number = zext i16 %low.lowest to i64
  %half.first = shl i64 %half, 4
  %key = or i64 %half.first, %low.number
  %key.at = getelementptr i64, ptr %keys, i64 %k
  store i64 %key, ptr %key.at, align 8
  %after = add i64 %k, 1
  %more = icmp slt i64 %after, %count
  br i1 %more, label %move, label %end
move:
  %new.place = add i64 %place, %breadth
  %high.new.at = getelementptr {c}, ptr %counts, i64 %new.place
  %high.new = load {cs}, ptr %high.new.at, align {near}
  %high.new.wide = zext {cs} %high.new to {ss}
  %high.old.at = getelementptr {c}, ptr %counts, i64 %place
  %high.old = load {cs}, ptr %high.old.at, align {near}
  %high.old.wide = zext {cs} %high.old to {ss}
  %high.change = sub {ss} %high.new.wide, %high.old.wide
  %high.next = add {ss} %high, %high.change
  %low.new.at = getelementptr {c}, ptr %row, i64 %new.place
  %low.new = load {cs}, ptr %low.new.at, align {near}
  %low.new.wide = zext {cs} %low.new to {ss}
  %low.old.at = getelementptr {c}, ptr %row, i64 %place
  %low.old = load {cs}, ptr %low.old.at, align {near}
  %low.old.wide = zext {cs} %low.old to {ss}
  %low.change = sub {ss} %low.new.wide, %low.old.wide
  %low.next = add {ss} %sum, %low.change
  %place.next = add i64 %place, 16
  br label %window
end:
  %end.half = phi i64 [ %last, %window ], [ %half, %pick ]
  %end.sum = phi {ss} [ %low, %window ], [ %sum, %pick ]
  %done = phi i64 [ %k, %window ], [ %after, %pick ]
  %end.number = shl i64 %end.half, 5
  %end.at = getelementptr {s}, ptr %lows, i64 %end.number
  store {ss} %end.sum, ptr %end.at, align {far}
  %end.held = getelementptr i64, ptr %held, i64 %end.half
  store i64 %place, ptr %end.held, align 8
  %highs.held = getelementptr i64, ptr %held, i64 16
  store i64 %place, ptr %highs.held, align 8
  ret i64 %done
}}
"""
