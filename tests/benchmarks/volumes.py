"""Levels of a volume in a store: processor seconds of the whole process tree, each way by itself.

`python tests/benchmarks/volumes.py FOLDER` makes a volume of uint16 in FOLDER (2 GiB; --side N for
another), in chunks of 128, a quarter of them empty, and has each way make three levels of it.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from report import table

CHUNK, LEVELS, THREADS = 128, 3, 2
FACTORS = [2**level for level in range(1, LEVELS + 1)]


def made_volume(path: Path, side: int) -> None:
    """Write smooth blobs with the noise of light, and nothing at all in a quarter."""
    import zarr

    random = np.random.default_rng(0)
    group = zarr.create_group(path)
    packed = zarr.codecs.BloscCodec(cname="zstd", clevel=3, shuffle="shuffle")
    sizes = {"shape": (side,) * 3, "chunks": (CHUNK,) * 3}
    array = group.create_array("0", dtype="u2", compressors=packed, **sizes)
    coarse = random.random((side // 32 + 2,) * 3)
    places = np.arange(side) / 32
    first, share = places.astype(int), places % 1

    def along(x: Any, axis: int) -> Any:
        rest = np.expand_dims(share, tuple(range(1, x.ndim - axis)))
        return x.take(first, axis) * (1 - rest) + x.take(first + 1, axis) * rest

    for top in range(0, side, CHUNK):
        block = np.empty((CHUNK, side, side), "u2")
        for n in range(CHUNK):
            at, part = divmod((top + n) / 32, 1)
            plane = coarse[int(at)] * (1 - part) + coarse[int(at) + 1] * part
            light = 200 + 2500 * np.maximum(along(along(plane, 0), 1) - 0.35, 0)
            block[n] = light + np.sqrt(light) * random.standard_normal(light.shape, "f4")
        block[:, : side // 4] = 0
        array[top : top + CHUNK] = block


def numbapool_beside(path: Path, out: Path) -> Any:
    """Put levels beside level 0."""
    import numbapool as nbp

    nbp.pyramid_into(path, "avg", LEVELS, workers=THREADS, overwrite=True)
    return path


def numbapool_anew(path: Path, out: Path) -> Any:
    """Put levels and a copy of level 0 into a new group."""
    import numbapool as nbp

    nbp.pyramid_into(path, "avg", LEVELS, workers=THREADS, target=out)
    return out


def compressors_of(path: Path) -> Any:
    """Return how level 0 is compressed: so are all levels."""
    import zarr

    return zarr.open_group(path)["0"].compressors


def coarsened(path: Path, out: Path) -> Any:
    """Coarsen by Dask, each level from the one before, and write the levels alone."""
    import dask.array as da
    import zarr

    group = zarr.create_group(out)
    below = da.from_zarr(path / "0", chunks=(2 * CHUNK,) * 3)
    for level in range(1, LEVELS + 1):
        pooled = da.coarsen(np.mean, below, {0: 2, 1: 2, 2: 2}).astype(below.dtype)
        sizes = {"shape": pooled.shape, "chunks": (CHUNK,) * 3}
        array = group.create_array(
            str(level), dtype=pooled.dtype, compressors=compressors_of(path), **sizes
        )
        pooled.rechunk((CHUNK,) * 3).store(array, lock=False)
        below = da.from_zarr(out / str(level), chunks=(2 * CHUNK,) * 3)
    return out


def by_ome_zarr(path: Path, out: Path) -> Any:
    """Write an image by ome-zarr-py, by its mean."""
    import dask.array as da
    import zarr
    from ome_zarr.scale import Methods
    from ome_zarr.writer import write_image

    volume = da.from_zarr(path / "0", chunks=(2 * CHUNK,) * 3)
    options = {"chunks": (CHUNK,) * 3, "compressors": compressors_of(path)}
    factors = [dict.fromkeys("zyx", factor) for factor in FACTORS]
    write_image(
        volume, zarr.create_group(out), factors, method=Methods.LOCAL_MEAN, axes="zyx",
        storage_options=options,
    )  # fmt: skip
    group = zarr.open_group(out)
    multiscales = dict(group.attrs)["ome"]["multiscales"][0]
    return [group[each["path"]] for each in multiscales["datasets"]][LEVELS]


def by_ngff_zarr(path: Path, out: Path) -> Any:
    """Write an image by ngff-zarr, by its exact mean."""
    import dask.array as da
    import ngff_zarr as nz
    import zarr

    volume = nz.to_ngff_image(da.from_zarr(path / "0"), dims=("z", "y", "x"))
    levels = nz.to_multiscales(
        volume, FACTORS, method=nz.Methods.ITKWASM_BIN_SHRINK, chunks=CHUNK, cache=False
    )
    nz.to_ngff_zarr(str(out), levels, version="0.5")
    group = zarr.open_group(out)
    multiscales = dict(group.attrs)["ome"]["multiscales"][0]
    return [group[each["path"]] for each in multiscales["datasets"]][LEVELS]


WAYS: dict[str, Callable[[Path, Path], Any]] = {
    "numbapool": numbapool_beside,
    "numbapool, level 0 copied": numbapool_anew,
    "dask.array.coarsen": coarsened,
    "ome-zarr-py, level 0 copied": by_ome_zarr,
    "ngff-zarr, level 0 copied": by_ngff_zarr,
}


def spent() -> float:
    """Return the processor seconds of this process and of those that it started."""
    import psutil

    own = psutil.Process()
    total = 0.0
    for each in [own, *own.children(recursive=True)]:
        used = each.cpu_times()
        total += used.user + used.system
    return total


def measure(name: str, path: Path, out: Path) -> dict[str, Any]:
    """Run a way in this process; imports and kernels are there before."""
    import psutil
    import zarr

    import numbapool as nbp

    try:
        import dask

        dask.config.set(scheduler="threads", num_workers=THREADS)
    except ImportError:
        pass
    small = np.zeros((2 * CHUNK,) * 3, "u2")
    for k in FACTORS:
        nbp.avg_pool3d(small, k, ceil_mode=True)
    shutil.rmtree(out, ignore_errors=True)
    peak, ended, own = [0], threading.Event(), psutil.Process()

    def watch() -> None:
        while not ended.wait(0.05):
            peak[0] = max(peak[0], own.memory_info().rss)

    threading.Thread(target=watch, daemon=True).start()
    before, begin = spent(), time.perf_counter()
    found = WAYS[name](path, out)
    took, wall = spent() - before, time.perf_counter() - begin
    ended.set()
    if isinstance(found, Path):
        found = zarr.open_group(found)[str(LEVELS)]
    source = zarr.open_group(path)["0"]
    part, k = slice(128, 256), FACTORS[-1]
    want = source[part, 512:640, 512:640].reshape(-1, k, 128 // k, k, 128 // k, k).mean((1, 3, 5))
    low, high = 128 // k, 512 // k
    got = found[low : 2 * low, high : high + low, high : high + low]
    error = float((got.astype("f8") - want).mean())
    return {"way": name, "processor": took, "wall": wall, "peak": peak[0], "error": error}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--side", type=int, default=1024)
    parser.add_argument("--way", choices=list(WAYS))
    parser.add_argument("--only", nargs="*", default=list(WAYS))
    given = parser.parse_args()
    path, out = given.folder / "volume.zarr", given.folder / "out.zarr"
    if given.way:
        print(json.dumps(measure(given.way, path, out)))
        return
    given.folder.mkdir(parents=True, exist_ok=True)
    if not path.exists():
        made_volume(path, given.side)
    rows = []
    for name in given.only:
        command = [sys.executable, __file__, str(given.folder), "--way", name]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            print(f"{name}: {done.stderr.strip().splitlines()[-1]}", file=sys.stderr)
            continue
        found = json.loads(done.stdout.splitlines()[-1])
        rows.append(
            [
                name,
                f"{found['processor']:.1f}",
                f"{found['wall']:.1f}",
                f"{found['peak'] / 1e6:.0f}",
                f"{found['error']:+.3f}",
            ]
        )
        print(rows[-1], file=sys.stderr)
    heads = ["", "processor s", "s", "peak MB", "error of level 3"]
    print(table(heads, rows))


if __name__ == "__main__":
    main()
