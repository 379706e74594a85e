"""What a Dask scheduler can hand out, and what large inputs would take.

    python tests/benchmarks/scheduling.py

Steps of `pool_into` run on a cluster of this machine. At first they pool nothing: they wait, as for
a read and a write at the end of a network. The more threads wait, the more steps per second the
scheduler hands out, until it is at its limit. Then tiny chunks are pooled in a store that waits,
and a worker is killed meanwhile.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import os
import signal
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import zarr
from distributed import Client, LocalCluster
from PIL import Image
from report import figure, table
from zarr.storage import LocalStore

import numbapool as nbp
from numbapool.stores.cluster import Done, over

sys.path.append(str(Path(__file__).parent))  # so that workers find the store

PROCESSES = 2
THREADS = (1, 4, 16, 64)
LATENCIES = (5, 20, 50)
SECONDS = 3.0
"""About how long steps that wait are handed out for, at each latency and number of threads."""

CHUNKS = (24, 24)
"""How many chunks there are along each axis of an array that is pooled: so many steps."""

PETABYTE, STEP = 10**15, 2 * 512**3
"""Bytes of a volume of uint16, and of the slab that a step should read."""

PICTURES, BATCH = 5 * 10**9, 3.0
"""Pictures, and the seconds of a batch of them."""


class Distant(LocalStore):
    """A store in a folder that waits some seconds before it reads or writes a chunk."""

    latency = float(os.environ.get("LATENCY", "0"))

    async def get(self, key: str, *given: Any, **more: Any) -> Any:
        """Wait, then read."""
        await self._wait(key)
        return await super().get(key, *given, **more)

    async def set(self, key: str, *given: Any, **more: Any) -> None:
        """Wait, then write."""
        await self._wait(key)
        await super().set(key, *given, **more)

    async def _wait(self, key: str) -> None:
        if "c/" in key:
            await asyncio.sleep(self.latency)


def waiting(latency: float, mark: str, box: Any) -> Done:
    """Do what a step does, but pool: wait for a read and a write."""
    time.sleep(2 * latency)
    return Done(True)


def handed_out(client: Any, latency: float, threads: int) -> float:
    """Return how many steps that wait were done per second."""
    steps = int(SECONDS * min(threads / (2 * latency), 500))
    numbers = iter([(str(n), ()) for n in range(steps)])
    with mock.patch("numbapool.stores.cluster.step", waiting):
        begin = time.perf_counter()
        done = sum(1 for _ in over(client, latency, numbers, None))
    return done / (time.perf_counter() - begin)


def stored(folder: str, name: str) -> Any:
    """Return a new array of many tiny chunks."""
    shape = tuple(4 * count for count in CHUNKS)
    store = Distant(Path(folder, name))
    made = zarr.create_array(store, shape=shape, chunks=(4, 4), dtype="uint16", overwrite=True)
    made[...] = np.arange(made.size, dtype=np.uint16).reshape(shape)
    return made


def steps_per_second(client: Any, folder: str, kill: bool = False) -> float:
    """Pool tiny chunks on a cluster; return how many steps were done per second."""
    source = stored(folder, "in.zarr")
    target = zarr.create_array(
        Distant(Path(folder, "out.zarr")),
        shape=tuple(size // 2 for size in source.shape),
        chunks=(2, 2),
        dtype="uint16",
        overwrite=True,
    )
    begin = time.perf_counter()
    if kill:
        victim = next(iter(client.run(os.getpid).values()))
        threading.Timer(0.5, os.kill, (victim, signal.SIGKILL)).start()
    with mock.patch("numbapool.stores.chunked.SLAB_BYTES", 1):
        summary = nbp.pool_into(source, target, "avg", 2, client=client)
    took = time.perf_counter() - begin
    want = nbp.avg_pool2d(source[...], 2)
    if not np.array_equal(target[...], want):
        raise SystemExit("the results are not those of the whole")
    return summary.steps / took


def rates_of(threads: int, latencies: list[int]) -> list[float]:
    """Return the steps per second at each latency, on workers of so many threads together."""
    each = -(-threads // PROCESSES)
    with (
        LocalCluster(n_workers=PROCESSES, threads_per_worker=each, dashboard_address=None) as made,
        Client(made) as client,
    ):
        handed_out(client, 0.001, 1)  # imports
        return [handed_out(client, latency / 1000, PROCESSES * each) for latency in latencies]


def lost() -> float:
    """Return how many steps per second are done while a worker dies and comes back."""
    os.environ["LATENCY"] = "0.02"
    with (
        tempfile.TemporaryDirectory() as folder,
        LocalCluster(n_workers=PROCESSES, threads_per_worker=4, dashboard_address=None) as cluster,
        Client(cluster) as client,
    ):
        steps_per_second(client, folder)
        return steps_per_second(client, folder, kill=True)


def per_gigabyte() -> float:
    """Return the processor seconds of 10**9 bytes of a volume: read, pooled, and written."""
    with tempfile.TemporaryDirectory() as folder:
        source = zarr.create_array(
            str(Path(folder, "in.zarr")), shape=(512, 512, 512), chunks=(128,) * 3, dtype="uint16"
        )
        noise = np.random.default_rng(0).integers(0, 400, (128, 512, 512)).astype(np.uint16)
        for n in range(4):
            source[128 * n : 128 * (n + 1)] = noise
        begin = time.process_time()
        nbp.pool_into(source, str(Path(folder, "out.zarr")), "avg", 2, data_format="DHW")
        return 1e9 * (time.process_time() - begin) / source.nbytes


def per_picture() -> tuple[float, float]:
    """Return the processor seconds of a JPEG of 512 × 512, and the seconds to list one file."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "in.jpg")
        waves = np.sin(np.arange(512) / 9)[:, None, None] * np.ones((512, 512, 3)) * 99 + 128
        Image.fromarray(waves.astype(np.uint8)).save(path, quality=90)
        begin = time.process_time()
        for _ in range(50):
            small = nbp.avg_pool2d(np.asarray(Image.open(path)), 2, data_format="HWC")
            Image.fromarray(small).save(Path(folder, "out.jpg"), quality=90)
        each = (time.process_time() - begin) / 50
        for n in range(5000):
            Path(folder, str(n)).touch()
        begin = time.perf_counter()
        count = sum(entry.is_file() for entry in os.scandir(folder))
        return each, (time.perf_counter() - begin) / count


def main() -> None:
    """Measure, and print what follows."""
    parser = argparse.ArgumentParser(description="What a Dask scheduler can hand out.")
    parser.add_argument("--latencies", type=int, nargs="+", default=LATENCIES, metavar="MS")
    options = parser.parse_args()
    logging.getLogger("distributed").setLevel(logging.CRITICAL)  # a worker dies, as is meant
    columns = [rates_of(PROCESSES * each, options.latencies) for each in THREADS]
    most = max(map(max, columns))
    names = [f"{latency} ms" for latency in options.latencies]
    rows = [[name, *map(figure, row)] for name, *row in zip(names, *columns, strict=True)]
    head = ["a read, a write", *(f"{PROCESSES} × {each}" for each in THREADS)]
    print("steps per second that wait, by the latency and by the cluster's threads\n")
    print(table(head, rows))
    print(f"\ntiny steps that pool, while one of {PROCESSES} workers dies: {lost():.0f} per second")
    gigabyte, (picture, listed) = per_gigabyte(), per_picture()
    tasks, hours = PETABYTE / STEP, 1 / 3600
    print(
        f"\nAt most {most:.0f} steps per second: steps of 5 s keep {5 * most:.0f} threads busy."
        f"\n1 PB of uint16, {figure(gigabyte)} s of a processor per GB: "
        f"{PETABYTE / 1e9 * gigabyte * hours:,.0f} core-hours in {tasks / 1e6:.1f} million steps, "
        f"which the scheduler hands out in {tasks / most * hours:.1f} hours."
    )
    batches = PICTURES * picture / BATCH
    print(
        f"5 · 10⁹ pictures of 512 × 512, {1e3 * picture:.1f} ms each: "
        f"{PICTURES * picture * hours:,.0f} core-hours in {batches / 1e6:.1f} million batches of "
        f"{BATCH:.0f} s, handed out in {batches / most * hours:.1f} hours; to list them takes "
        f"{PICTURES * listed * hours:.1f} hours, once, on a local disk."
    )


if __name__ == "__main__":
    main()
