"""Where and how it runs: no home, no compiler, no Numba, no docstrings, out of a zip file."""

import shutil
import zipfile
from pathlib import Path

import llvmlite
import numpy
from processes import ended, kernels_of_this_process

import numbapool as nbp

SOURCE = Path(nbp.__file__).parent
TESTS = str(Path(__file__).parent)

HOMES = ("HOME", "USERPROFILE", "XDG_CACHE_HOME", "LOCALAPPDATA", "NUMBA_CACHE_DIR")

POOL = """
import sys
import numpy as np
import numbapool as nbp

x = np.arange(1 << 18, dtype=np.float32).reshape(512, 512)
want = x[1::2, 1::2]
assert (nbp.max_pool2d(x, 2) == want).all()
"""

IN_COMPILED_CODE = """
from numba import njit

call = njit(lambda x: nbp.max_pool2d(x, 2))
assert (call(x) == want).all()
assert (nbp.max_pool2d(x, 2) == want).all()  # on Numba's threads
"""


def python(script, *arguments, options=(), without=(), **environment):
    """Run a script in a process of its own; return what it prints, and on stderr."""
    variables = {**dict.fromkeys(without), **environment}
    done = ended(script, *arguments, options=["-P", *options], **variables)
    assert done.code == 0, done.errors
    return done.output, done.errors


def copied(folder):
    """Copy the package alone, as it is in no checkout and under no installer."""
    shutil.copytree(SOURCE, folder / "numbapool", ignore=shutil.ignore_patterns("__pycache__"))
    return str(folder)


# No folder to write to


def test_nowhere_to_write(tmp_path):
    """It compiles, says once that it will do so again, and works."""
    site, file = copied(tmp_path), tmp_path / "file"
    file.touch()
    script = f"""
    {POOL}
    {IN_COMPILED_CODE}
    assert nbp.__file__.startswith({site!r})
    assert nbp.max_pool2d(x.astype("uint8"), 2)[0, 0] == 1
    """
    folders = {"NUMBA_CACHE_DIR": str(file), "XDG_CACHE_HOME": str(file)}
    _, errors = python(lines(script), without=HOMES, PYTHONPATH=site, **folders)
    assert errors.count("Warning") == 1, errors
    assert "NUMBA_CACHE_DIR" in errors


def test_without_a_home(tmp_path):
    folders = {"XDG_CACHE_HOME": str(tmp_path)}
    assert python(POOL, without=HOMES, **folders) == ("", "")
    assert list(tmp_path.glob("numbapool-kernels/*.o"))


def lines(script):
    """Undo the indentation of a test's text, into which other texts were put."""
    return "\n".join(line.removeprefix("    ") for line in script.splitlines())


# Numba's and Python's own switches


def test_every_function_without_the_compiler():
    script = "import every_function as e, sys; print(e.main(sys.argv[1:]))"
    dtypes = ["int64", "float16"]
    output, errors = python(script, *dtypes, NUMBA_DISABLE_JIT="1", PYTHONPATH=TESTS)
    assert (int(output) > 1000, errors) == (True, "")


def test_optimised(tmp_path):
    """Asserts and docstrings are gone, and nothing is warned of.

    The folder is new, so that kernels are compiled like this.
    """
    script = f"""
    {POOL}
    {IN_COMPILED_CODE}
    if nbp.max_pool2d.__doc__ is not None:
        raise RuntimeError
    """.replace("assert ", "if not ")
    script = "\n".join(
        line + ": raise RuntimeError" if line.strip().startswith("if not ") else line
        for line in lines(script).replace("  # on Numba's threads", "").splitlines()
    )
    python(script, options=["-OO", "-W", "error"], NUMBA_CACHE_DIR=str(tmp_path))


def test_every_function_without_docstrings():
    script = "import every_function as e, sys; print(e.main(sys.argv[1:]))"
    options = {"NUMBA_DISABLE_JIT": "1", "PYTHONPATH": TESTS}
    output, errors = python(script, "uint8", options=["-OO"], **options)
    assert (int(output) > 200, errors) == (True, "")


def test_no_warning(tmp_path):
    python(POOL + IN_COMPILED_CODE, options=["-W", "error"], NUMBA_CACHE_DIR=str(tmp_path))


def test_numbas_cache_may_tell_what_it_does(tmp_path):
    path = tmp_path / "user.py"
    path.write_text(POOL + IN_COMPILED_CODE.replace("njit(", "njit(cache=True)("))
    folders = {**kernels_of_this_process(), "PYTHONPATH": str(tmp_path)}
    outputs = [python("import user", NUMBA_DEBUG_CACHE="1", **folders)[0] for _ in range(2)]
    assert "data saved" in outputs[0]
    assert "data loaded" in outputs[1]


# Other places of the package


def test_out_of_a_zip_file(tmp_path):
    site = Path(copied(tmp_path / "site"))
    archive = tmp_path / "all.zip"
    with zipfile.ZipFile(archive, "w") as file:
        for path in site.rglob("*.py"):
            file.write(path, path.relative_to(site))
    shutil.rmtree(site)
    script = POOL + IN_COMPILED_CODE + "print(nbp.__file__, 'numba' in sys.modules)\n"
    folders = {"PYTHONPATH": str(archive), "NUMBA_CACHE_DIR": str(tmp_path)}
    output, errors = python(script, **folders)
    assert output.startswith(str(archive))
    assert errors == ""
    output, _ = python(POOL + "print('numba' in sys.modules)", **folders)
    assert output.strip() == "False"  # the kernel was found again, without compiling


def test_without_numba(tmp_path):
    """What needs none works; what does says so."""
    copied(tmp_path)
    for module in (numpy, llvmlite):
        home = Path(module.__file__).parent
        for path in (home, home.with_name(f"{home.name}.libs")):
            if path.exists():
                (tmp_path / path.name).symlink_to(path)
    script = f"""
    import sys
    sys.path.insert(0, {str(tmp_path)!r})
    import numpy as np
    import numbapool as nbp
    assert nbp.pool2d_shape((4, 4), 2) == (2, 2)
    try:
        nbp.max_pool2d(np.zeros((1, 0, 4, 4)), 2)
        nbp.max_pool2d(np.zeros((4, 4)), 2)
    except ImportError as error:
        print(error)
    """
    output, _ = python(script, options=["-I", "-S"], NUMBA_CACHE_DIR=str(tmp_path))
    assert "numbapool" in output
    assert "Numba" in output
    assert "pip install numba" in output


def test_with_a_numba_that_cannot_be_imported(tmp_path):
    """As where NumPy is newer than Numba knows."""
    broken = tmp_path / "numba"
    broken.mkdir()
    (broken / "__init__.py").write_text("raise ImportError('Numba needs NumPy 2.3 or less')")
    script = """
    import numbapool as nbp
    try:
        nbp.max_pool2d([[1.0, 2.0]], 1)
    except ImportError as error:
        print(error)
    """
    output, _ = python(script, PYTHONPATH=str(tmp_path), NUMBA_CACHE_DIR=str(tmp_path))
    assert "numbapool" in output
    assert "NumPy 2.3" in output
