"""Where the parts of the scratch stand that histograms are kept in, and how much room they take."""

from __future__ import annotations

HELD, SUMS, COUNTS = 0, 768, 2944
"""Bytes of the scratch at which these stand: for each sum the columns that it holds, and keys that
were found; the sums, the first one of upper halves, each behind sixteen zeros; the counters."""

COLUMNS = 320
"""Counters from `COUNTS` on until those of the columns. Before them stand 17 rows of 16, which a
key's arrival adds: row v counts from v on, and the last one is for what is left out."""

NOTHING = 256
"""Where the row stands that counts nothing."""

LINE = 64
"""Bytes of a line of a cache, at whose beginning each block's scratch begins."""


def histograms_room(columns: int, counters: int, counter_bytes: int) -> int:
    """Return the bytes of a strip's histograms, in whole lines of a cache."""
    return -(-(COUNTS + counter_bytes * (COLUMNS + counters * columns)) // LINE) * LINE


def tile_places(columns: int, elements: int, counter_bytes: int) -> tuple[int, ...]:
    """Return the bytes of the scratch at which the parts of a tile stand, and where all end.

    They are: the elements' shares of the way through the sorted tile; two arrays to sort; keys;
    rows and columns in sorted order; where each share begins; the sorting's counters.
    """
    at = -(-(COUNTS + counter_bytes * (COLUMNS + 17 * 16 * columns)) // LINE) * LINE
    single = -(-elements // LINE) * LINE
    words = at + single
    others = words + 8 * single
    keys = others + 8 * single
    rows = keys + 8 * single
    across = rows + 2 * single + 2 * LINE
    starts = across + 2 * single + 2 * LINE
    digits = starts + 8 * 256
    return at, words, others, keys, rows, across, starts, digits, digits + 8 * 256
