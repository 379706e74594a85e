"""How long the commands of a first hour wait for compilers: python tests/benchmarks/waiting.py.

Each command is run from an empty cache, and again with all of its kernels compiled. What the first
takes longer is the wait. Cold and warm runs alternate, and the least of each is told.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image
from report import figure, table
from subprocesses import Spent, pool_command, spent

WIDE, HIGH = 4000, 3000
SHAPE = (8, 64, 224, 224)
"""A tensor of 100 MB in float32."""


def shades(channels: int) -> np.ndarray:
    """Return a picture of 12 megapixels that no codec finds hard: waves, and some noise."""
    down, across = np.ogrid[:HIGH, :WIDE]
    waves = [np.sin(down / (90 + 31 * n)) + np.cos(across / (70 + 17 * n)) for n in range(channels)]
    noise = np.random.default_rng(0).normal(0, 4, (HIGH, WIDE, 1))
    return np.clip(127 + 50 * np.stack(waves, -1) + noise, 0, 255).astype(np.uint8)


def save_frames(path: Path) -> None:
    """Save an animation: 12 frames of one megapixel."""
    frames = [
        Image.fromarray(np.roll(shades(1)[:1000, :1000, 0], 40 * n, 1)).convert("P")
        for n in range(12)
    ]
    frames[0].save(path, save_all=True, append_images=frames[1:], duration=50)


def save_tensor(path: Path) -> None:
    """Save a tensor of 100 MB."""
    np.save(path, np.random.default_rng(0).random(SHAPE, np.float32))


INPUTS: dict[str, Callable[[Path], object]] = {
    "photo.jpg": lambda path: Image.fromarray(shades(3)).save(path, quality=90),
    "alpha.png": lambda path: Image.fromarray(shades(4), "RGBA").save(path, compress_level=1),
    "grey16.png": lambda path: Image.fromarray(
        shades(1)[..., 0].astype(np.uint16) * np.uint16(257)
    ).save(path, compress_level=1),
    "frames.gif": save_frames,
    "labels.png": lambda path: Image.fromarray(shades(1)[..., 0] // 16).save(path),
    "tensor.npy": save_tensor,
}

COMMANDS = {
    "avg by 2": "avg photo.jpg -k 2 -o out.jpg",
    "avg by 4": "avg photo.jpg -k 4 -o out.jpg",
    "avg --fit": "avg photo.jpg --fit 1600x1200 -o out.jpg",
    "avg of RGBA": "avg alpha.png -k 2 -o out.png",
    "avg of 16-bit grey": "avg grey16.png -k 2 -o out.png",
    "avg of a GIF": "avg frames.gif -k 2 -o out.gif",
    "mode of labels": "mode labels.png -k 4 -o out.png",
    "max of a picture": "max photo.jpg -k 2 -o out.jpg",
    "max of a tensor": "max tensor.npy -k 2 -o out.npy",
    "avg of a tensor": "avg tensor.npy -k 2 -o out.npy",
    "median 3x3": "median photo.jpg -k 3 -s 1 -p same -o out.jpg",
    "pyramid": "pyramid photo.jpg --levels 3 -o levels",
}
"""The commands of a first hour."""


class Waited(NamedTuple):
    """What a command took at least, from an empty cache and with its kernels."""

    name: str
    kernels: int
    cold: Spent
    warm: Spent


def wait_of(name: str, folder: Path, rounds: int) -> Waited:
    """Run a command from an empty cache and again, some times."""
    words = COMMANDS[name].split()
    command = [*pool_command(), *words, "--on-exists", "overwrite"]
    cold, warm = [], []
    for _ in range(rounds):
        with tempfile.TemporaryDirectory() as cache:
            variables = {"NUMBA_CACHE_DIR": cache}
            cold.append(spent(command, folder, **variables))
            kernels = len(list(Path(cache).glob("numbapool-kernels/*.o")))
            for count in Path(cache).glob("numbapool-kernels/*.wanted"):
                count.write_bytes(b"." * 10_000)  # now the kernels are worth compiling
            spent(command, folder, **variables)
            warm += [spent(command, folder, **variables) for _ in range(2)]
    return Waited(name, kernels, least(cold), least(warm))


def least(times: list[Spent]) -> Spent:
    """Return the least wall time and the least processor time."""
    return Spent(*map(min, zip(*times, strict=True)))


def waits(part: str, rounds: int) -> Iterator[Waited]:
    """Measure the commands whose name holds a text, on inputs that are made first."""
    with tempfile.TemporaryDirectory() as folder:
        names = [name for name in COMMANDS if part.lower() in name.lower()]
        wanted = {word for name in names for word in COMMANDS[name].split()}
        for name, make in INPUTS.items():
            if name in wanted:
                make(Path(folder, name))
        for name in names:
            yield wait_of(name, Path(folder), rounds)


def main() -> None:
    """Measure, and print the table."""
    parser = argparse.ArgumentParser(description="How long first commands wait for compilers.")
    parser.add_argument(
        "-k", dest="part", default="", metavar="TEXT", help="only commands so named"
    )
    parser.add_argument("-n", "--rounds", type=int, default=3, help="cold runs of each (3)")
    options = parser.parse_args()
    rows = []
    for each in waits(options.part, options.rounds):
        print(f"… {each.name}", file=sys.stderr, flush=True)
        wait = [cold - warm for cold, warm in zip(each.cold, each.warm, strict=True)]
        times = [*each.cold, *each.warm, *wait]
        rows.append([each.name, str(each.kernels), *map(figure, times)])
    head = ["command", "kernels", "cold s", "CPU s", "warm s", "CPU s", "wait s", "CPU s"]
    print(table(head, rows))
    load = os.getloadavg()[0]
    print(f"\n{os.cpu_count()} processors, load {load:.1f}, the least of {options.rounds}")


if __name__ == "__main__":
    main()
