"""Every kind of kernel and every way to call one, once, against known values; needs no pytest.

Each is told by its name. The exit code is 1 if one fails. `smoke_versions.py` runs this on other
versions of Python and of the packages that numbapool needs.
"""

import os
import subprocess
import sys
import tempfile
import textwrap
import traceback
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

import numbapool as nbp
from numbapool.kernels import prepare

RAMP = np.arange(64 * 64).reshape(64, 64)
SMALL = (RAMP % 251).astype(np.uint8)
COLOURS = np.stack([SMALL, SMALL // 2, 255 - SMALL], axis=-1)[None]


def blocks(x: Any) -> Any:
    """Return the blocks of 2 by 2 of the axes 1 and 2."""
    return x.reshape(x.shape[0], x.shape[1] // 2, 2, x.shape[2] // 2, 2, -1).astype(np.int64)


def windows(x: Any, size: int) -> Any:
    """Return all windows of an array of two axes."""
    return np.lib.stride_tricks.sliding_window_view(x, (size, size))


def same(got: Any, want: Any) -> None:
    np.testing.assert_array_equal(got, want)


HALVED = blocks(SMALL[None]).max((2, 4))[0, :, :, 0]
THINNED = (blocks(COLOURS).sum((2, 4)) * 2 + 4) // 8  # half up


def kernel(kind: str, function: Any, x: Any, want: Any, *arguments: Any, **named: Any) -> None:
    call = prepare(function, x.shape, x.dtype, *arguments, **named)
    assert call.plan.kernel == kind, f"this is of the kind {call.plan.kernel}"
    same(function(x, *arguments, **named), want)


def direct() -> None:
    kernel("direct", nbp.max_pool2d, SMALL, HALVED, 2)


def thinned() -> None:
    kernel("thinned", nbp.avg_pool2d, COLOURS, THINNED, 2, data_format="NHWC")


def rows() -> None:
    x = RAMP.astype(np.int32) - 2000
    kernel("rows", nbp.sum_pool2d, x, windows(x, 5)[::2, ::2].sum((2, 3)), 5, 2)


def running() -> None:
    x = (RAMP * 7919 % 4093).astype(np.float32)
    kernel("running", nbp.max_pool2d, x, windows(x, 15).max((2, 3)), 15, 1)


def runs() -> None:
    x = np.arange(1024, dtype=np.int16)
    kernel("runs", nbp.max_pool1d, x, [255, 511, 767, 1023], 256)


def moments() -> None:
    x = RAMP.astype(np.float32) * 4
    kernel("moments", nbp.var_pool2d, x, np.full((63, 32), 16388, np.float32), 2, (1, 2))


def selection() -> None:
    x = SMALL[:40, :40]
    want = np.median(windows(x, 3), (2, 3))
    kernel("selection", nbp.median_pool2d, np.ascontiguousarray(x), want, 3, 1)


def networks() -> None:
    want = np.median(windows(SMALL, 3), (2, 3))
    kernel("networks", nbp.median_pool2d, SMALL, want, 3, 1)


def histograms() -> None:
    want = np.median(windows(SMALL, 17), (2, 3))
    kernel("histograms", nbp.median_pool2d, SMALL, want, 17, 1)


def tiles() -> None:
    x = SMALL.astype(np.int16)
    kernel("tiles", nbp.median_pool2d, x, np.median(windows(x, 17), (2, 3)), 17, 1)


def modes() -> None:
    x = SMALL % 7
    counts = (windows(x, 4)[..., None] == np.arange(7)).sum((2, 3))
    kernel("modes", nbp.mode_pool2d, x, counts.argmax(2), 4, 1)


class Spread(NamedTuple):
    """The largest less the smallest, times a factor."""

    factor: float
    accumulates = (np.float64, np.float64)

    def neutral(self):
        return np.inf, -np.inf

    def lift(self, value, row):
        return value, value

    def combine(self, a, b):
        return min(a[0], b[0]), max(a[1], b[1])

    def finish(self, acc, scale):
        return (acc[1] - acc[0]) * self.factor


def users_reducer() -> None:
    x = np.array([[1.0, 2.0, 5.0, 5.0], [4.0, 8.0, 5.0, 7.0]])
    same(nbp.reduce_pool2d(x, Spread(0.5), 2), [[3.5, 1.0]])


def compiled_serial() -> None:
    from numba import njit

    same(njit(lambda x, k: nbp.max_pool2d(x, k))(SMALL, 2), HALVED)


def compiled_parallel() -> None:
    from numba import njit, prange

    @njit(parallel=True)
    def largest(xs, k):
        out = np.empty(len(xs), np.int64)
        for n in prange(len(xs)):
            out[n] = nbp.max_pool2d(xs[n], k).astype(np.int64).sum()
        return out

    same(largest(np.stack([SMALL] * 8), 2), [HALVED.sum()] * 8)


CACHED = """
import sys
import numpy as np
from numba import njit
import numbapool as nbp

@njit(cache=True)
def halved(x, k):
    return nbp.max_pool2d(x, k)

x = (np.arange(64 * 64).reshape(64, 64) % 251).astype(np.uint8)
print(halved(x, 2).astype(np.int64).sum(), sum(halved.stats.cache_hits.values()))
"""


def compiled_cached() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "cached.py").write_text(textwrap.dedent(CACHED), encoding="utf-8")
        for hits in (0, 1):
            assert run("cached.py", folder=folder) == f"{HALVED.sum()} {hits}"


def threads() -> None:
    with ThreadPoolExecutor(4) as pool:
        large = np.tile(SMALL, (16, 1, 1))
        for got in pool.map(lambda _: nbp.max_pool2d(large, 2), range(64)):
            same(got, np.tile(HALVED, (16, 1, 1)))


def numbas_threads() -> None:
    import numba

    from numbapool.compile import compiled

    large = np.tile(SMALL, (64, 1, 1))
    same(nbp.max_pool2d(large, 2), np.tile(HALVED, (64, 1, 1)))
    assert numba.config.NUMBA_NUM_THREADS == 1 or compiled.driver() is not None


def command() -> None:
    with tempfile.TemporaryDirectory() as folder:
        Image.fromarray(COLOURS[0]).save(Path(folder, "in.png"))
        run("-m", "numbapool", "avg", "in.png", "-k", "2", "-o", "out.png", folder=folder)
        with Image.open(Path(folder, "out.png")) as made:
            same(np.asarray(made), THINNED[0])


SENT = """
import numpy as np
import numbapool as nbp

x = (np.arange(8 * 8).reshape(8, 8) % 251).astype(np.uint8)
for pool in (nbp.Pool("max", 2), nbp.Pool("avg", 3, 2, padding=1), nbp.Pool("median", 3)):
    print(np.array_equal(pool(x, device="cuda"), pool(x)))
"""


def simulated_gpu() -> None:
    variables = {"NUMBA_ENABLE_CUDASIM": "1", "NUMBA_DISABLE_JIT": "1"}
    with tempfile.TemporaryDirectory() as folder:
        said = run("-W", "ignore", "-c", SENT, folder=folder, variables=variables)
        assert said.split() == ["True"] * 3, said


def run(*arguments: str, folder: str, variables: dict[str, str] | None = None) -> str:
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env={**os.environ, **(variables or {})},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


KINDS: dict[str, Callable[[], None]] = {
    "kernel: direct": direct,
    "kernel: thinned": thinned,
    "kernel: rows": rows,
    "kernel: running": running,
    "kernel: runs": runs,
    "kernel: moments": moments,
    "kernel: selection": selection,
    "kernel: networks": networks,
    "kernel: histograms": histograms,
    "kernel: modes": modes,
    "kernel: tiles": tiles,
    "a user's reducer": users_reducer,
    "@njit, serial": compiled_serial,
    "@njit, parallel": compiled_parallel,
    "@njit, cached": compiled_cached,
    "Python's threads": threads,
    "Numba's threads": numbas_threads,
    "a simulated GPU": simulated_gpu,
    "the command": command,
}


def main() -> int:
    failed = 0
    for name, check in KINDS.items():
        try:
            check()
        except Exception:
            failed += 1
            print(f"  {name}: wrong")
            traceback.print_exc()
        else:
            print(f"  {name}: right", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    os.environ.setdefault("NUMBA_NUM_THREADS", "2")
    sys.exit(main())
