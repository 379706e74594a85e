"""Pool arrays that lie between pages that nobody may read or write, by windows of sizes 1 to 12.

    python tests/guarded_ranks.py --seconds 600 --processes 2 --seed 1

It goes through every operator that ranks, counts or sums, every dtype and every size, and draws
the rank, border, stride, layout and NaN anew each time. It prints how many cases ran, then each
that was wrong, and each that ended its process: that one read or wrote past an end. The exit code
is 1 if there is one. ``--case N`` runs case N alone. Some hundred kernels are compiled, so that
ten minutes are a beginning; kernels are kept, and another run goes on where ``--first`` says.
"""

from __future__ import annotations

import argparse
import ctypes
import mmap
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from windows_of_every_size import KEYS, Case, case_of, check

PAGE = mmap.PAGESIZE

ROTATION = (
    Case("max", "uint16", (1, 1), 2, (0, 0), None, (31, 150)),
    Case("median", "int16", (2, 2), 1, (1, 1), "symmetric", (31, 150), few=True),
    Case("median", "float32", (3, 3), 1, (1, 1), "replicate", (31, 150), nans="sprinkled"),
    Case("percentile", "uint8", (4, 4), 2, (2, 2), None, (31, 150), q=87.5),
    Case("median", "float64", (5, 5), 1, (2, 2), None, (31, 150), channels=3, nans="one"),
    Case("std", "int32", (6, 6), 1, (3, 3), "circular", (31, 150)),
    Case("mode", "uint8", (7, 7), 1, (3, 3), None, (31, 150), few=True),
    Case("avg", "float32", (8, 8), 1, (4, 4), "reflect", (31, 150), nans="a row"),
    Case("mode", "int64", (9, 9), 3, (0, 0), None, (31, 150), few=True),
    Case("var", "float32", (10, 10), 1, (5, 5), None, (31, 150), nans="sprinkled", skip=True),
    Case("median", "uint8", (11, 11), 1, (5, 5), 3, (31, 150), skip=True),
    Case("median", "int32", (12, 12), 1, (6, 6), None, (31, 150), few=True, skip=True),
)
"""A case per size, for the tests: each loop that these operators have, some dtypes and borders."""


def between_pages(shape: tuple[int, ...], dtype: Any, at_the_end: bool) -> np.ndarray:
    """Return an array that begins, or ends, at a page that cannot be read or written."""
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    pages = -(-size // PAGE)
    whole = np.frombuffer(mmap.mmap(-1, (pages + 2) * PAGE), np.uint8)
    for first in (0, (pages + 1) * PAGE):
        at = ctypes.c_void_p(whole.ctypes.data + first)
        if ctypes.CDLL(None, use_errno=True).mprotect(at, PAGE, 0):
            raise OSError(ctypes.get_errno(), "mprotect")
    first = (pages + 1) * PAGE - size if at_the_end else PAGE
    return whole[first : first + size].view(dtype).reshape(shape)


def rotate() -> None:
    """Run a case per size at both ends of its pages."""
    from numbapool.plan import networks

    networks.LEAST_ELEMENTS = 0
    for case in ROTATION:
        for at_the_end in (True, False):
            check(case._replace(at_the_end=at_the_end), between_pages)
    print(len(ROTATION))


def child(numbers: Iterator[int], seed: int) -> None:
    """Run cases, and tell each one's number before it runs."""
    from numbapool.plan import networks

    networks.LEAST_ELEMENTS = 0
    for number in numbers:
        print("case", number, flush=True)
        try:
            check(case_of(number, seed), between_pages)
        except Exception as error:
            print("wrong", number, " ".join(str(error).split())[:600], flush=True)


class Found:
    """What all processes found."""

    def __init__(self) -> None:
        self.cases = 0
        self.amiss: list[str] = []


def drive(first: int, asked: argparse.Namespace, found: Found, until: float) -> None:
    """Run children one after the other: the next begins behind the case that ended the last."""
    number = first
    while number < asked.first + asked.cases and time.monotonic() < until:
        command = [sys.executable, __file__, "--child", "--first", str(number)]
        command += ["--cases", str(asked.first + asked.cases - number)]
        command += ["--processes", str(asked.processes), "--seed", str(asked.seed)]
        running = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert running.stdout is not None
        for line in running.stdout:
            word, _, rest = line.partition(" ")
            if word == "case":
                number = int(rest)
                found.cases += 1
            else:
                found.amiss.append(line.strip())
            if time.monotonic() > until:
                running.terminate()
                break
        code = running.wait()
        if code and time.monotonic() < until:
            found.amiss.append(f"ended by {code}: {number} {case_of(number, asked.seed)}")
        number += asked.processes


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--cases", type=int, default=5 * len(KEYS))
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--seconds", type=float, default=1e9)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--case", type=int)
    parser.add_argument("--rotation", action="store_true", help="a case per size, for the tests")
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.rotation:
        rotate()
        return 0
    if asked.case is not None:
        print(case_of(asked.case, asked.seed))
        child(iter([asked.case]), asked.seed)
        return 0
    if asked.child:
        child(iter(range(asked.first, asked.first + asked.cases, asked.processes)), asked.seed)
        return 0
    found, until = Found(), time.monotonic() + asked.seconds
    workers = [
        threading.Thread(target=drive, args=(asked.first + n, asked, found, until))
        for n in range(asked.processes)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    print(f"{found.cases} cases, {len(found.amiss)} amiss", *found.amiss, sep="\n")
    return bool(found.amiss)


if __name__ == "__main__":
    sys.exit(main())
