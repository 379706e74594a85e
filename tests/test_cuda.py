"""A sample of the tests of kernels for NVIDIA's devices, in the simulator; `.ci/run` runs all."""

from pathlib import Path

from processes import as_plain_python, python


def test_a_file():
    variables = {"NUMBA_ENABLE_CUDASIM": 1, "NUMBAPOOL_KERNELS": "plain"}
    file = Path(__file__).with_name("cuda") / "test_cuda_places.py"
    as_plain_python(file, "-k", "float32 or not blocks", HYPOTHESIS_PROFILE="few", **variables)


def test_a_small_grid_is_no_warning():
    """Numba's own warning stays for other kernels."""
    said = python("""
        import warnings
        from numba import cuda
        from numbapool.cuda import kernels
        from numbapool.cuda.target import launcher

        warnings.simplefilter("error")
        launcher(kernels.windows, 1, 32, 0)
        try:
            cuda.jit(lambda x: None)[1, 32]
        except Warning as warning:
            print(type(warning).__name__)
    """)
    assert said == "NumbaPerformanceWarning"


def test_the_library_imports_nothing_of_it():
    found = python("""
        import sys
        import numba, numbapool
        numbapool.max_pool2d([[1, 2], [3, 4]], 2)
        names = ("numba.cuda", "numbapool.cuda", "numba_cuda", "cuda.core", "cuda.bindings")
        print(sorted(set(names) & set(sys.modules)))
    """)
    assert found == "[]"
