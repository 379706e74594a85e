"""Runs that are stopped: whole files only, and a next run that finishes the rest."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from numbapool_cli.exits import ExitCode
from pictures import picture, read

pytestmark = pytest.mark.skipif(os.name == "nt", reason="signals are sent otherwise there")

FILES = 70
COMMAND = [sys.executable, "-c", "from numbapool_cli import main; main()"]


def start(*arguments: str) -> subprocess.Popen:
    return subprocess.Popen(
        [*COMMAND, "avg", "in", "-o", "out", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in").mkdir()
    noise = picture("RGB", 300, 300)
    for number in range(FILES):
        noise.rotate(number).save(tmp_path / "in" / f"{number:02}.png", compress_level=1)
    return tmp_path / "out"


def check_whole(out: Path) -> int:
    """Hold every output against what it must be, and count them."""
    found = sorted(out.glob("*.png"))
    for path in found:
        whole = read(str(Path("in") / path.name)).reduce(2)
        assert np.array_equal(read(str(path)), whole)
    return len(found)


@pytest.mark.parametrize("jobs", ["1", "3"])
@pytest.mark.parametrize("number", ["SIGINT", "SIGKILL"])
def test_stopped_and_resumed(folder, number, jobs):
    process = start("-j", jobs)
    deadline = time.monotonic() + 120
    while len(list(folder.glob("*.png"))) < 5 and time.monotonic() < deadline:
        time.sleep(0.002)
    process.send_signal(getattr(signal, number))
    _, said = process.communicate(timeout=60)
    done = check_whole(folder)
    assert 5 <= done < FILES, said
    if number == "SIGINT":
        assert process.returncode == ExitCode.INTERRUPTED
        assert "interrupted" in said
        assert "Traceback" not in said
        assert not list(folder.glob(".pool*"))
    process = start("--skip-existing", "-j", jobs)
    _, said = process.communicate(timeout=120)
    assert process.returncode == 0, said
    assert f"{FILES - done} done, {done} skipped" in said
    assert check_whole(folder) == FILES
    assert not list(folder.glob(".pool*"))


def test_two_runs_at_once(folder):
    runs = [start("-j", "2") for _ in range(2)]
    codes = [run.communicate(timeout=120) and run.returncode for run in runs]
    assert set(codes) <= {ExitCode.DONE, ExitCode.SOME_FAILED}
    assert check_whole(folder) == FILES
    assert not list(folder.glob(".pool*"))


def test_reader_gone(folder):
    process = start("-j", "1", "-v")
    process.stdout.readline()
    process.stdout.close()
    said = process.stderr.read()
    process.stderr.close()
    assert process.wait(60) in (ExitCode.DONE, ExitCode.SOME_FAILED)
    assert "Traceback" not in said
    assert "Exception" not in said


ABANDONED = """
import os
from numbapool_cli.files.write import abandon, writing

with writing("out/whole.png", "error") as output:
    output.file.write(b"half")
    abandon()
    os._exit(1)
"""


def test_a_worker_that_ends_takes_its_half_written_file_along(tmp_path):
    assert subprocess.run([sys.executable, "-c", ABANDONED], cwd=tmp_path).returncode == 1
    assert list((tmp_path / "out").iterdir()) == []
