"""Run `smoke.py` where users are: other Pythons, the oldest packages allowed, any processor.

    python tests/smoke_versions.py [--wheel numbapool.whl]

Each gets a virtual environment and a cache of kernels of its own, in a temporary folder. A Python
that is not on this machine is skipped, by its name.
"""

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).parent
AT_ONCE = 2
"""How many run at a time: compiling, which takes most of it, is done by one core."""


class Case(NamedTuple):
    """A Python, what it is to have, and the processor that kernels are made for."""

    python: str
    oldest: bool = False
    processor: str = ""

    def __str__(self) -> str:
        packages = "the oldest packages" if self.oldest else "the newest packages"
        processor = f", NUMBA_CPU_NAME={self.processor}" if self.processor else ""
        return f"Python {self.python}, {packages}{processor}"


CASES = (
    Case("3.11", oldest=True),
    Case("3.12"),
    Case("3.13"),
    Case("3.14"),
    Case("3.11", processor="generic"),
)


def python(version: str) -> str | None:
    """Find an interpreter: this one, on the path, or among pyenv's."""
    if sys.version_info[:2] == tuple(map(int, version.split("."))):
        return sys.executable
    root = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    installed = sorted(root.glob(f"versions/{version}.*/bin/python"))
    for path in (shutil.which(f"python{version}"), *reversed(installed)):
        if path and _version(path) == version:  # pyenv puts stand-ins on the path
            return str(path)
    return None


def _version(path: str | Path) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    done = subprocess.run([path, "-c", code], capture_output=True, text=True, check=False)
    return done.stdout.strip()


def oldest() -> Iterator[str]:
    """Give the least version of each package that numbapool needs."""
    project = tomllib.loads(HERE.with_name("pyproject.toml").read_text(encoding="utf-8"))
    for need in project["project"]["dependencies"]:
        found = re.fullmatch(r"(\w+)>=([\d.]+)", need)
        assert found, f"{need} names no oldest version"
        yield f"{found[1]}=={found[2]}"


def pip(*arguments: str, python: Path | None = None) -> None:
    """Run this Python's pip, for another environment if one is given.

    Raises
    ------
    RuntimeError
        If it fails, with what it said.
    """
    of = [] if python is None else ["--python", str(python)]
    command = [sys.executable, "-m", "pip", "-qq", "--disable-pip-version-check", *of, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(done.stderr.strip())


def smoke(case: Case, wheel: Path, folder: Path) -> tuple[bool, str]:
    """Run one case; return whether it passed, and what to print of it."""
    interpreter = python(case.python)
    if interpreter is None:
        return True, f"skipped: Python {case.python} is not here"
    begin = time.monotonic()
    subprocess.run([interpreter, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    scripts = folder / "venv" / ("Scripts" if os.name == "nt" else "bin")
    own = scripts / "python"
    try:
        pins = oldest() if case.oldest else ()
        pip("install", "--only-binary", ":all:", str(wheel), *pins, python=own)
    except RuntimeError as error:
        return False, f"{case}: cannot be installed\n{error}"
    kept = {name: value for name, value in os.environ.items() if not name.startswith("NUMBA_")}
    variables = {"NUMBA_CACHE_DIR": str(folder / "cache"), "PYTHONPATH": ""}
    if case.processor:
        variables["NUMBA_CPU_NAME"] = case.processor
    shutil.copy(HERE / "smoke.py", folder)  # beside it no package is found but the one installed
    done = subprocess.run(
        [own, "smoke.py"],
        cwd=folder,
        env={**kept, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    head = f"{case} ({time.monotonic() - begin:.0f} s)"
    return done.returncode == 0, f"{head}\n{done.stdout.rstrip()}"


def main() -> int:
    parser = argparse.ArgumentParser(description="Run smoke.py on other Pythons and packages.")
    parser.add_argument("--wheel", type=Path, help="numbapool's; built if it is not given")
    wheel = parser.parse_args().wheel
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if wheel is None:
            pip("wheel", "--no-deps", "--wheel-dir", str(folder), str(HERE.parent))
            (wheel,) = folder.glob("*.whl")

        def run(numbered: tuple[int, Case]) -> tuple[bool, str]:
            number, case = numbered
            own = folder / str(number)
            own.mkdir()
            return smoke(case, wheel.resolve(), own)

        passed = True
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for right, text in pool.map(run, enumerate(CASES)):
                print(text, flush=True)
                passed &= right
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
