"""Mutants of files in every format, through the command's own code: ``python tests/fuzz.py``.

Each mutant is read, pooled and written in a child process, in which a crash, a hang and the memory
that it takes are seen. A mutant may be pooled, or refused in words; all else is a fault, and its
file is kept. Not a part of the tests: 20,000 mutants take a while.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from multiprocessing import get_context
from multiprocessing.connection import wait
from pathlib import Path

from fuzz_files import FILES, mutant

MOST_SECONDS = 10
MOST_BYTES = 1 << 30
LEAST_SHARE = 0.2  # of a format's mutants that are to be pooled: else nothing is tested
LEAST_MUTANTS = 500
OPERATORS = ("avg", "max")

Verdict = tuple[str, str]
"""Pooled, refused or a kind of fault, and the reason."""


def tried(name: str, number: int, seed: int, pixels: int | None, folder: Path) -> Verdict:
    """Pool one mutant, of at most so many pixels."""
    from numbapool_cli.codecs import by_name
    from numbapool_cli.job import Job, Reading, Writing
    from numbapool_cli.work.pooled import pool_file

    source = folder / f"in{FILES[name][0]}"
    source.write_bytes(mutant(name, number, seed))
    known = by_name(source)
    assert known is not None
    format = known.name if known.written else "PNG"
    writing = Writing(format, on_exists="overwrite")
    operator = OPERATORS[number % len(OPERATORS)]
    Path("/proc/self/clear_refs").write_text("5")  # from here the most memory is counted anew
    reading = Reading(max_pixels=pixels)
    job = Job(str(source), str(folder / "out"), operator, reading=reading, writing=writing)
    outcome = pool_file(job)
    if outcome.status == "failed" and outcome.reason.startswith("unexpected"):
        return "unexpected", f"{outcome.reason}\n{outcome.details}"
    if most_memory() > MOST_BYTES:
        return "memory", f"{most_memory():,} bytes; {outcome.reason}"
    return ("pooled", "") if outcome.status == "done" else ("refused", outcome.reason)


def most_memory() -> int:
    """Give the most memory that this process has had since it was last asked to count."""
    line = next(
        line for line in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in line
    )
    return int(line.split()[1]) << 10


def work(pipe, seed: int, pixels: int | None, folder: Path) -> None:
    import resource
    import warnings

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.environ["NUMBA_NUM_THREADS"] = "1"
    warnings.simplefilter("ignore")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (8 * MOST_BYTES, 8 * MOST_BYTES))
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)  # what C libraries say of damaged files
    while (task := pipe.recv()) is not None:
        try:
            pipe.send(tried(*task, seed, pixels, folder))
        except BaseException as error:
            pipe.send(("raised", f"{type(error).__name__}: {error}"))


class Worker:
    """A child process, made anew when it has died or been ended."""

    def __init__(self, folder: Path, *given: int | None) -> None:
        self.folder, self.given = folder, given
        folder.mkdir()
        self.task: tuple[str, int] | None = None
        self.start()

    def start(self) -> None:
        context = get_context("fork")
        self.pipe, theirs = context.Pipe()
        self.process = context.Process(
            target=work, args=(theirs, *self.given, self.folder), daemon=True
        )
        self.process.start()
        theirs.close()

    def give(self, task: tuple[str, int], patience: float) -> None:
        self.task, self.until = task, time.monotonic() + patience
        self.pipe.send(task)

    def heard(self) -> Verdict | None:
        """Give the verdict on the task, or None while there is none."""
        if self.pipe.poll():
            try:
                return self.pipe.recv()
            except (EOFError, OSError):
                self.process.join()
                verdict = "crash", f"exit code {self.process.exitcode}"
        elif time.monotonic() > self.until:
            self.process.kill()
            self.process.join()
            verdict = "hang", f"over {MOST_SECONDS} s"
        else:
            return None
        self.pipe.close()
        self.start()
        return verdict


def verdicts(
    tasks: Iterator[tuple[str, int]], workers: list[Worker], patience: float
) -> Iterator[tuple[str, int, str, str]]:
    while True:
        for worker in workers:
            if worker.task is None and (task := next(tasks, None)):
                worker.give(task, patience)
        busy = [worker for worker in workers if worker.task]
        if not busy:
            return
        wait([worker.pipe for worker in busy], 0.5)
        for worker in busy:
            verdict = worker.heard()
            if verdict and worker.task:
                yield *worker.task, *verdict
                worker.task = None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mutants", type=int, default=20_000, help="of all formats together")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--formats", help="some of them, with commas between", default=None)
    parser.add_argument("--max-pixels", type=int, help="as the command's: what is more is refused")
    parser.add_argument("--only", type=int, help="this mutant alone")
    parser.add_argument("--keep", type=Path, default=Path("fuzz-faults"), help="where faults go")
    given = parser.parse_args()
    names = [n for n in FILES if not given.formats or n.lower() in given.formats.lower().split(",")]
    each = -(-given.mutants // len(names))
    numbers = [given.only] if given.only is not None else range(each)
    found: dict[str, Counter[str]] = {name: Counter() for name in names}
    faults = 0
    with tempfile.TemporaryDirectory() as folder:
        workers = [
            Worker(Path(folder, str(number)), given.seed, given.max_pixels)
            for number in range(given.processes)
        ]
        # First without hurry: kernels are compiled, and later are there.
        warm = ((name, number) for name in names for number in range(min(each, 60)))
        for _ in verdicts(warm, workers, patience=300):
            pass
        tasks = ((name, number) for number in numbers for name in names)
        for name, number, kind, reason in verdicts(tasks, workers, MOST_SECONDS):
            found[name][kind] += 1
            if kind not in ("pooled", "refused"):
                faults += 1
                kept = given.keep / f"{name}-{given.seed}-{number}-{kind}{FILES[name][0]}"
                kept.parent.mkdir(parents=True, exist_ok=True)
                kept.write_bytes(mutant(name, number, given.seed))
                print(f"{kept}: {kind}: {reason}", flush=True)
    print(f"{'format':20}{'mutants':>9}{'pooled':>9}{'share':>7}{'refused':>9}  faults")
    few = 0
    for name, counts in found.items():
        total, pooled, refused = counts.total(), counts["pooled"], counts["refused"]
        bad = {kind: n for kind, n in counts.items() if kind not in ("pooled", "refused")}
        few += pooled < LEAST_SHARE * total
        print(f"{name:20}{total:9,}{pooled:9,}{pooled / total:7.0%}{refused:9,}  {bad or ''}")
    total = sum(found.values(), Counter()).total()
    print(f"{total:,} mutants, at least {each:,} per format, {faults} faults")
    if few:
        print(f"{few} formats have fewer pooled than {LEAST_SHARE:.0%}")
    if each < LEAST_MUTANTS:
        print(f"fewer than {LEAST_MUTANTS} per format")
    return 1 if faults or few else 0


if __name__ == "__main__":
    sys.exit(main())
