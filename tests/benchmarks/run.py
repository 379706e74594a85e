"""Measure numbapool beside its peers and the memory's own speed.

    python tests/benchmarks/run.py [-k TEXT] [--json FILE] [--plot FILE]

Peers that are not installed are left out by name; `pip install -e ".[peers]"` brings them all.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import Any

import machine
import numba
import report
from compiling import compile_results, compile_table
from contest import hold
from elsewhere import all_cases, selected
from memory import memory_results, memory_table
from one_thread import one_thread_results, one_thread_table
from peers import PACKAGES
from plot import save_plot
from sequences import NAMES, sequence_results, sequence_table
from sizes import save_size_plot, size_results, size_table
from startup import startup_result, startup_table


def parse() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(
        description="Measure numbapool beside its peers and the memory's own speed."
    )
    parser.add_argument("-k", dest="part", default="", metavar="TEXT", help="only cases named so")
    parser.add_argument("-n", "--rounds", type=int, default=15, help="runs of each (default: 15)")
    parser.add_argument(
        "--threads",
        type=int,
        default=numba.config.NUMBA_NUM_THREADS,
        help="threads for everyone (default: %(default)s, the cores)",
    )
    parser.add_argument(
        "--no-plain",
        dest="plain",
        action="store_false",
        help="leave out the plain kernels: compiling them takes longer than all else",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="save the results")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the ratios as bars")
    mode = parser.add_mutually_exclusive_group()
    mode.add_argument("--list", action="store_true", help="name the cases and end")
    mode.add_argument("--memory", action="store_true", help="peak memory instead of time")
    mode.add_argument("--compile", action="store_true", help="first calls instead")
    mode.add_argument("--sizes", action="store_true", help="calls on 8 x 8 to 4096 x 4096 instead")
    mode.add_argument("--one-thread", action="store_true", help="trained layers and boxes instead")
    mode.add_argument("--startup", action="store_true", help="the command's start instead")
    options = parser.parse_args()
    if options.rounds < 1:
        parser.error("--rounds must be at least 1")
    if not 1 <= options.threads <= numba.config.NUMBA_NUM_THREADS:
        parser.error(f"--threads must be 1 to {numba.config.NUMBA_NUM_THREADS}")
    if options.plot and (
        options.memory or options.compile or options.one_thread or options.startup
    ):
        parser.error("--plot goes with times alone")
    return options


def progress(name: str) -> None:
    """Say on stderr what is being measured."""
    print(f"… {name}", file=sys.stderr, flush=True)


def times(options: argparse.Namespace, facts: dict[str, object]) -> list[Any]:
    """Measure, print and draw the cases."""
    numba.set_num_threads(options.threads)
    absent: set[str] = set()
    results = []
    for case in selected(options.part):
        progress(case.name)
        results.append(hold(case, options.rounds, options.threads, absent, options.plain))
    if results:
        print(report.summary(results))
        print(f"\nEvery peer (times ours):\n{report.every_peer(results)}")
        print(f"\n{report.standing(results)}")
    sequenced = list(sequence_results(options.part, options.rounds))
    if sequenced:
        print(f"\nSequences, one thread, processor time:\n{sequence_table(sequenced)}")
    if notes := report.notes(results):
        print(f"\nNotes:\n{notes}")
    if absent:
        print(f"\nLeft out: {', '.join(sorted(absent))}")
    if options.plot:
        try:
            save_plot(options.plot, facts, results)
        except ModuleNotFoundError as error:
            print(f"\nNo plot: {error.name} is not installed")
    return [*(result.as_json() for result in results), *(each._asdict() for each in sequenced)]


def sizes(options: argparse.Namespace, facts: dict[str, object]) -> list[Any]:
    """Measure, print and draw calls by the array's size."""
    numba.set_num_threads(options.threads)
    absent: set[str] = set()
    results = list(size_results(options.part, options.rounds, options.threads, absent))
    print(size_table(results))
    if options.plot:
        save_size_plot(options.plot, facts, results)
    return [result.as_json() for result in results]


def main() -> None:
    """Do what the command line says."""
    options = parse()
    if options.list:
        print("\n".join([*(case.name for case in all_cases()), *NAMES]))
        return
    facts = machine.describe(PACKAGES)
    facts |= {"threads": options.threads, "rounds": options.rounds}
    print(machine.heading(facts))
    which = "" if options.sizes else "the least of "
    rounds = "" if options.memory else f", {which}{options.rounds} rounds"
    print(f"{options.threads} threads{rounds}\n", flush=True)
    results: list[Any]
    if options.memory:
        results = list(memory_results(options.part, options.threads))
        print(memory_table(results))
    elif options.compile:
        results = list(compile_results(options.part, options.rounds))
        print(compile_table(results))
    elif options.one_thread:
        results = one_thread_results(options.part, options.rounds)
        print(one_thread_table(results))
    elif options.startup:
        results = [startup_result(options.rounds)]
        print(startup_table(results[0]))
    elif options.sizes:
        results = sizes(options, facts)
    else:
        results = times(options, facts)
    if options.json:
        report.save_json(options.json, facts, results)


if __name__ == "__main__":
    main()
