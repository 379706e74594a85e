"""Outputs that cannot be written: the report names them, not the input, and says what to do."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numbapool_cli.exits import ExitCode
from numbapool_cli.files import write
from numbapool_cli.work import pooled
from pictures import picture

COMMAND = [sys.executable, "-c", "from numbapool_cli import main; main()"]
SAVE = pooled.save


def fails_with(number: int):
    def save(*_):
        raise OSError(number, os.strerror(number))

    return save


@pytest.mark.parametrize("policy", ["error", "overwrite", "rename"])
def test_a_folder_that_is_removed_meanwhile(pool, monkeypatch, policy):
    def removed(*arguments):
        notes = SAVE(*arguments)
        shutil.rmtree("out")
        return notes

    picture("L", 8, 6).save("a.png")
    pool("avg", "a.png", "-o", "first.png")  # compiled, where it was not: that is said once
    monkeypatch.setattr(pooled, "save", removed)
    said = pool("avg", "a.png", "-o", "out/", "--on-exists", policy, code=1).stderr
    assert said == (
        "pool: a.png: the output folder out was removed meanwhile: leave it there, and run again\n"
    )


@pytest.mark.skipif(os.name == "nt", reason="there, files in use are not removed")
def test_a_half_written_file_that_is_removed(pool, monkeypatch):
    def removed(*arguments):
        notes = SAVE(*arguments)
        for path in Path("out").iterdir():
            path.unlink()
        return notes

    picture("L", 8, 6).save("a.png")
    monkeypatch.setattr(pooled, "save", removed)
    said = pool("avg", "a.png", "-o", "out/", code=1).stderr
    assert "another program removed a half-written file in the output folder out" in said


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (errno.ENOSPC, "the disk of the output folder out is full"),
        (errno.EDQUOT, "the disk of the output folder out is full"),
        (errno.EROFS, "the disk of the output folder out can only be read"),
        (errno.EACCES, "the output folder out may not be written to"),
        (errno.EIO, "the output out/a.png could not be written: Input/output error"),
    ],
)
def test_a_disk_that_takes_nothing(pool, monkeypatch, number, words):
    picture("L", 8, 6).save("a.png")
    monkeypatch.setattr(pooled, "save", fails_with(number))
    assert words in pool("avg", "a.png", "-o", "out/", code=1).stderr
    assert words in pool("pyramid", "a.png", "--levels", 1, "-o", "out", code=1).stderr.replace(
        "a.l1.png", "a.png"
    )
    assert list(Path("out").iterdir()) == []


def test_a_name_that_is_taken_by_a_folder_or_too_long(pool):
    picture("L", 8, 6).save("a.png")
    Path("out/a.png").mkdir(parents=True)
    said = pool("avg", "a.png", "-o", "out/", "--on-exists", "overwrite", code=1).stderr
    assert "the output out/a.png is a folder" in said
    said = pool("avg", "a.png", "-o", "out", "--name", "x" * 300 + "{ext}", code=1).stderr
    assert "too long" in said
    assert "--name" in said
    Path("file").touch()
    said = pool("avg", "a.png", "-o", "file/deep/", code=1).stderr
    assert "the output folder file/deep is not a folder" in said


def test_a_manifest_that_cannot_be_written(pool, monkeypatch):
    writing = write.writing

    def refusing(path, on_exists):
        if path.endswith(".numbapool.json"):
            raise write.FileError("the disk of the output folder out is full")
        return writing(path, on_exists)

    picture("L", 8, 6).save("a.png")
    monkeypatch.setattr("numbapool_cli.files.manifest.writing", refusing)
    said = pool("avg", "a.png", "-o", "out", "--update").stderr
    assert "out/.numbapool.json: the disk of the output folder out is full: what" in said
    assert Path("out/a.png").exists()


LIMITED = """
import resource, sys
resource.setrlimit(resource.RLIMIT_FSIZE, (4000, resource.RLIM_INFINITY))
from numbapool_cli import main
main()
"""


@pytest.mark.skipif(os.name == "nt", reason="there, files have no such limit")
@pytest.mark.parametrize("suffix", [".jpg", ".bmp", ".tif", ".png", ".npy", ".deep.tif"])
def test_a_part_is_never_taken_for_the_whole(pool, suffix):
    """The system writes what it has room for, and that less was written is all that it says."""
    source = picture("RGB", 100, 100)
    if suffix == ".deep.tif":
        pytest.importorskip("tifffile")
        pytest.importorskip("imagecodecs")
        array = np.random.default_rng(0).random((100, 100, 3), np.float32)
        np.save("a.npy", array)
        arguments = ["a.npy", "--data-format", "HWC"]
    else:
        source.save("a.png")
        arguments = ["a.png", "--quality", "100"]
    command = [sys.executable, "-c", LIMITED, "max", *arguments, "-o", f"out{suffix}"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == ExitCode.SOME_FAILED, done.stderr
    assert "could not be written: File too large" in done.stderr
    assert not Path(f"out{suffix}").exists()


# -------------------------------------------------------------------------- standard output

COMPILED = {**os.environ, "NUMBA_DISABLE_JIT": "0"}
"""For processes that pool: to read a compiled kernel takes less than to import Numba."""

FULL = pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")


def run_into(output: int, *arguments: str) -> subprocess.CompletedProcess:
    """Run the command, with what it writes to standard output going to a descriptor."""
    return subprocess.run(
        [*COMMAND, *arguments],
        stdout=output,
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        env=COMPILED,
    )


@FULL
@pytest.mark.parametrize(
    "arguments",
    [
        ["info", "a.png"],
        ["info", "a.png", "--json"],
        ["avg", "a.png", "-o", "-"],
        ["avg", "a.png"],
        ["avg", "a.png", "--json"],
        ["avg", "a.png", "a.gif", "-o", "out", "--json"],
        ["avg", "a.png", "--dry-run"],
        ["pyramid", "a.png", "--levels", "2"],
        ["diff", "a.png", "a.png"],
        ["doctor"],
        ["avg", "--help"],
        ["--version"],
    ],
)
def test_a_full_standard_output(pool, arguments):
    picture("L", 8, 6).save("a.png")
    picture("L", 8, 6).save("a.gif")
    with Path("/dev/full").open("wb") as full:
        done = run_into(full.fileno(), *arguments)
    assert done.returncode == ExitCode.SOME_FAILED
    told = "pool: standard output could not be written: no space left on device\n"
    assert told in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception" not in done.stderr
    assert "unexpected" not in done.stderr


@pytest.mark.skipif(os.name == "nt", reason="pipes are closed otherwise there")
@pytest.mark.parametrize(
    "arguments",
    [
        ["info", "a.png"],
        ["avg", "a.png", "-o", "-"],
        ["avg", "a.png", "a.gif", "-o", "out", "-v"],
        ["avg", "a.png", "a.gif", "-o", "out", "--json"],
        ["pyramid", "a.png", "--levels", "2"],
        ["avg", "--help"],
    ],
)
def test_a_closed_pipe_ends_in_silence(pool, arguments):
    picture("L", 8, 6).save("a.png")
    picture("L", 8, 6).save("a.gif")
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = run_into(writing, *arguments)
    finally:
        os.close(writing)
    assert done.returncode == ExitCode.SOME_FAILED
    assert done.stderr == ""


@pytest.mark.skipif(os.name == "nt", reason="standard streams are closed otherwise there")
def test_closed_standard_streams(pool):
    """No file that is opened later takes the place of a stream that is not there."""
    picture("L", 64, 64).save("a.png")
    shell = '"$0" "$@" <&- >&- 2>&-'
    command = [sys.executable, *COMMAND[1:]]
    done = subprocess.run(
        ["sh", "-c", shell, *command, "avg", "a.png", "-o", "b.png"], timeout=120, env=COMPILED
    )
    assert done.returncode == 0
    pool("avg", "a.png", "-o", "c.png")
    assert Path("b.png").read_bytes() == Path("c.png").read_bytes()
    shell = '"$0" "$@" >&-'
    done = subprocess.run(
        ["sh", "-c", shell, *command, "avg", "a.png", "-o", "-"],
        stderr=subprocess.PIPE,
        text=True,
        timeout=120,
        env=COMPILED,
    )
    assert done.returncode == ExitCode.SOME_FAILED
    assert done.stderr == "pool: standard output could not be written: it is closed\n"
