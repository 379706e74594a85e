"""Runs of the command killed at random moments: ``python tests/kills.py --kills 200``.

Each time a worker, the parent or the whole group is sent a signal, and then it is checked that no
output is damaged, that a run whose worker alone died goes on to its end, that the next run does
the rest, and that nothing is left over: no half-written file, no process, no shared memory. Not a
part of the tests: 200 kills take some minutes.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

FILES = 32
COMMAND = [sys.executable, "-c", "from numbapool_cli import main; main()"]
KINDS = {
    "two processes": ["avg", "in", "-o", "out", "-r", "-j", "2"],
    "one process": ["avg", "in", "-o", "out", "-r", "-j", "1"],
    "pyramid": ["pyramid", "in", "-o", "out", "-r", "--levels", "3", "-j", "2"],
    "update": ["avg", "in", "-o", "out", "-r", "-j", "2", "--update"],
    "json": ["avg", "in", "-o", "out", "-r", "-j", "2", "--json"],
}
VICTIMS = ("worker", "worker", "parent", "group")
SIGNALS = (signal.SIGKILL, signal.SIGTERM, signal.SIGINT)


@dataclass
class Ended:
    """A run of which a part was killed: which part, and how it ended."""

    victim: str
    signal: str
    code: int
    said: str
    left: list[str]


def make_inputs(folder: Path) -> None:
    noise = np.random.default_rng(0)
    for number in range(FILES):
        place = folder / "in" / ("a", "b")[number % 2]
        place.mkdir(parents=True, exist_ok=True)
        pixels = noise.integers(0, 256, (400 + number, 600, 3), np.uint8)
        if number % 4 == 3:
            np.save(place / f"{number:02}.npy", pixels[..., 0])
        else:
            suffix = (".png", ".jpg", ".tif")[number % 3]
            Image.fromarray(pixels).save(place / f"{number:02}{suffix}")


def outputs(folder: Path) -> dict[str, bytes]:
    """Give what is in the output folder, the notes of --update aside, whose times differ."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".numbapool.")
    }


def shared(leader: int) -> set[Path]:
    """Give what a group's processes share in memory by a name that could be left over."""
    found = set()
    for pid in group(leader):
        try:
            lines = Path(f"/proc/{pid}/maps").read_text().splitlines()
        except OSError:
            continue  # it has ended
        paths = [line.partition("/dev/shm")[2] for line in lines if "/dev/shm/" in line]
        found |= {Path(f"/dev/shm{path}") for path in paths if not path.endswith("(deleted)")}
    return found


def group(leader: int) -> list[int]:
    """Give the living processes of a group."""
    found = []
    for path in Path("/proc").iterdir():
        try:
            fields = (path / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == leader and fields[0] != "Z":
            found.append(int(path.name))
    return found


def killed(arguments: list[str], by: random.Random, seconds: float) -> Ended:
    """Run the command and kill a part of it, if it is there yet, or still."""
    run = subprocess.Popen(
        [*COMMAND, *arguments],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    victim, number = by.choice(VICTIMS), by.choice(SIGNALS)
    if victim == "worker":
        while len(group(run.pid)) == 1 and "1" not in arguments:
            time.sleep(0.001)
        time.sleep(by.uniform(0, 0.6) * seconds)
    else:
        time.sleep(by.uniform(0.05, 1) * seconds)
    by_name = shared(run.pid)
    workers = [pid for pid in group(run.pid) if pid != run.pid]
    chosen = {
        "worker": by.sample(workers, by.randint(1, len(workers))) if workers else [],
        "parent": [run.pid],
        "group": [*workers, run.pid],
    }[victim]
    hit = 0
    for pid in chosen if run.poll() is None else []:
        try:
            os.kill(pid, number)
            hit += 1
        except ProcessLookupError:
            pass  # it had come to its end
    _, said = run.communicate(timeout=120)
    deadline = time.monotonic() + 10
    while group(run.pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    left = [f"process {pid} is left over" for pid in group(run.pid)]
    left += [f"{path} is left over" for path in by_name if path.exists()]
    return Ended(victim if hit else "none", number.name, run.returncode, said, left)


def wrong(folder: Path, whole: dict[str, bytes], arguments: list[str], ended: Ended) -> list[str]:
    """Say all that is wrong after a run that was disturbed, and after the one that follows."""
    said, code = ended.said, ended.code
    found = list(ended.left)
    after = outputs(folder / "out")
    done = {name: data for name, data in after.items() if not Path(name).name.startswith(".pool")}
    found += [f"damaged: {name}" for name, data in done.items() if whole.get(name) != data]
    if "Traceback" in said and "<frozen site>" not in said:  # Python's own start is not ours
        found.append(f"a traceback: {said[-1500:]}")
    if ended.victim in ("worker", "none"):
        failed = said.count(" died (")
        lines = [line for line in said.splitlines() if line.startswith("{")]
        missing = len(whole) - len(done)
        if code not in (0, 1) or (code == 0) != (missing == 0):
            found.append(f"exit code {code} with {missing} outputs missing: {said[-500:]} {lines}")
        if len(after) != len(done):
            found.append("half-written files were left by a run that went on")
        if failed > 2:
            found.append(f"{failed} files were reported for two workers")
    again = [*arguments] if "--update" in arguments else [*arguments, "--skip-existing"]
    next_run = subprocess.run(
        [*COMMAND, *again], capture_output=True, text=True, timeout=120, cwd=folder
    )
    if next_run.returncode:
        found.append(f"the next run ended by {next_run.returncode}: {next_run.stderr[-500:]}")
    if outputs(folder / "out") != whole:
        names = set(outputs(folder / "out")) ^ set(whole)
        found.append(f"after the next run these are missing, or too many: {sorted(names)}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    by = random.Random(given.seed)
    # A shell lets what it runs in the background ignore it, and all that is started there.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    counts: Counter[tuple[str, str, str]] = Counter()
    ends: Counter[tuple[str, int]] = Counter()
    faults = kills = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.chdir(folder)
        make_inputs(folder)
        whole, seconds = {}, {}
        for kind, arguments in KINDS.items():
            for _ in range(2):  # the first may compile
                subprocess.run(["rm", "-rf", "out"], check=True)
                start = time.monotonic()
                subprocess.run([*COMMAND, *arguments, "-q"], check=True, stdout=subprocess.DEVNULL)
                seconds[kind] = time.monotonic() - start
            whole[kind] = outputs(folder / "out")
        while kills < given.kills:
            kind = by.choice(list(KINDS))
            subprocess.run(["rm", "-rf", "out"], check=True)
            ended = killed(KINDS[kind], by, seconds[kind])
            found = wrong(folder, whole[kind], KINDS[kind], ended)
            if ended.victim != "none":
                kills += 1
                counts[kind, ended.victim, ended.signal] += 1
                ends[ended.victim, ended.code] += 1
            for fault in found:
                faults += 1
                print(f"{kind}, {ended.victim}, {ended.signal}, {ended.code}: {fault}", flush=True)
    for kind in KINDS:
        row = {f"{v} {s}": n for (k, v, s), n in sorted(counts.items()) if k == kind}
        print(f"{kind:14} {json.dumps(row)}")
    print("ends by victim and exit code:", dict(sorted(ends.items())))
    print(f"{kills} kills, {faults} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
