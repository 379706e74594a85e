"""Kernels for GPUs, compiled without one: no stack, no spills, few registers, wide loads."""

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from processes import python

SCRIPT = Path(__file__).with_name("cuda_code.py")


pytestmark = pytest.mark.skipif(
    find_spec("numba_cuda") is None or find_spec("cuda") is None,
    reason="numba-cuda and cuda-core are not installed: they are the extra cuda12 or cuda13",
)


def test_what_the_cpu_compiled_before_changes_nothing(tmp_path):
    """numba-cuda takes functions that Numba knows for the CPU: a root there is NumPy's."""
    script = """
        import numpy as np
        import numbapool as nbp
        nbp.std_pool2d(np.ones((4, 4)), 2)
        nbp.avg_pool2d(np.ones((80, 80), np.uint8), 60)
        import cuda_code
        compiled = cuda_code.compile_for((8, 0))
        cuda_code.without_device()
        for op, dtype in (("std", "float32"), ("avg", "uint8")):
            for _, function, kinds in cuda_code.launches("slides 2x2/2", op, dtype):
                print("sqrt" in compiled(function, kinds)[0])
    """
    assert python(script, PYTHONPATH=SCRIPT.parent, NUMBA_CACHE_DIR=tmp_path) == "True\nFalse"


def test_boxes_and_products():
    """The compiler refuses what the simulator lets pass; neither kernel spills."""
    script = """
        import re
        import cuda_code
        import numpy as np
        compiled = cuda_code.compile_for((9, 0))
        from numbapool.cuda import boxes, cubins, products
        from numbapool.roi.pool import Bins, Grid

        class Launch:
            def __init__(self, kernel, grid, block, args):
                self.kernel, self.args = kernel, args

            def __call__(self, given, stream):
                kinds = tuple(cubins.typed(arg, given) for arg in self.args)
                _, told = compiled(self.kernel, kinds)
                print(*re.findall(r"(\\d+) bytes (?:stack|spill)", told))

        boxes.Launch = products.Launch = Launch
        boxes.sent = lambda table, *rest: table
        x, bins = np.ones((1, 2, 4, 4), "f4"), Bins(2, 1.0, "NCHW")
        call = boxes.samples_call(x.shape, x.dtype, [[0, 0, 0, 3, 3]], bins, Grid(2, True, "mean"))
        call.into(x, (x,))
        square = products.Product(1, 1, (4, 4, 4), (0, 0, 4), (0, 0, 1, 4), (0, 0, 4))
        square(np.float32(0), (x, x, x), None, x)
    """
    assert python(script, PYTHONPATH=SCRIPT.parent) == "0 0 0\n0 0 0"


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_layers(dtype):
    script = f"""
        import re
        import cuda_code
        import numpy as np
        compiled = cuda_code.compile_for((7, 5))
        from numbapool.cuda import cubins, recurrent

        class Launch:
            def __init__(self, kernel, grid, block, args):
                self.kernel, self.args = kernel, args

            def __call__(self, given, stream):
                if self.kernel.py_func.__name__.endswith(("step", "returned")):
                    kinds = tuple(cubins.typed(arg, given) for arg in self.args)
                    _, told = compiled(self.kernel, kinds)
                    print(*re.findall(r"(\\d+) bytes (?:stack|spill)", told))

        recurrent.Launch = Launch
        recurrent.sent = lambda table, *rest: table
        recurrent.product_of = recurrent.copy_steps = lambda *given: None
        recurrent.scratch = lambda needed, *rest: [np.empty(1, kind) for _, kind in needed]
        x, form = np.ones((1, 1, 2), {dtype!r}), recurrent.Form
        for kind, rows in (("lstm", 8), ("gru", 6)):
            shapes = {{"weight_ih_l0": (rows, 2), "weight_hh_l0": (rows, 2)}}
            weights = {{name: form(shape, x.dtype) for name, shape in shapes.items()}}
            given = form(x.shape, x.dtype), kind, weights, "mean", {{}}, "NTC"
            recurrent.recurrent_call(*given).into((x, x, x), (x,))
    """
    assert python(script, PYTHONPATH=SCRIPT.parent) == "\n".join(["0 0 0"] * 4)


def test_a_kernel_without_a_reducer_is_kept(tmp_path):
    script = """
        import cuda_code
        import numpy as np
        cuda_code.compile_for((9, 0))
        from numbapool.cuda import cubins, moves

        kinds = tuple(map(cubins.typed, (*[np.empty(0, "f4")] * 2, np.empty(0, "i4"),
                                         (np.int32(1),) * 4, np.float32(0))))
        code = cubins.code_of(moves.copied, kinds, (9, 0))
        cubins.compiled = None
        print(cubins.code_of(moves.copied, kinds, (9, 0)) == code)
    """
    assert python(script, PYTHONPATH=SCRIPT.parent, NUMBA_CACHE_DIR=tmp_path) == "True"


@pytest.mark.parametrize("capability", ["7.5", "10.0"])
def test_machine_code(capability):
    run = subprocess.run(
        [sys.executable, str(SCRIPT), "--some", "--capability", capability],
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    # A title, a head, five kernels of three kinds, two medians.
    assert run.stdout.count("\n") == 19
