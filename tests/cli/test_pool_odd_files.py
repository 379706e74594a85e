"""Folders that cannot be read, pipes and sockets, odd names: told as what they are."""

import errno
import json
import os
import socket
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pictures import picture
from PIL import Image

COMMAND = [sys.executable, "-c", "from numbapool_cli import main; main()"]
no_pipes = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes")


@pytest.fixture
def locked(monkeypatch):
    """Make folders of that name unreadable, for root, too."""
    for name in ("scandir", "listdir"):
        real = getattr(os, name)

        def refusing(path=".", real=real):
            if Path(path).name == "locked":
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
            return real(path)

        monkeypatch.setattr(os, name, refusing)


def test_a_folder_that_cannot_be_read(pool, locked):
    Path("in/locked").mkdir(parents=True)
    picture("L", 8, 6).save("in/a.png")
    result = pool("avg", "in", "-r", "-o", "out", code=1)
    assert Path("out/a.png").exists()
    *failures, summary = result.stderr.splitlines()
    assert failures == ["1 of 2 failed:", "  in/locked  permission denied"]
    assert summary.startswith("1 done, 1 failed. ")
    alone = "pool: in/locked: permission denied\n"
    for command in ("avg", "info"):
        assert pool(command, "in/locked", code=1).stderr == alone
    assert alone == pool("avg", "in/locked", "-o", "out", "--format", "png", code=1).stderr
    assert "permission denied" in pool("sheet", "in/locked", "-o", "sheet.png", code=1).stderr
    assert "permission denied" in pool("pyramid", "in/locked", "--levels", 1, code=1).stderr
    pool("avg", "in", "-o", "other")


@no_pipes
def test_pipes_and_sockets_in_a_folder_are_counted_and_never_opened(pool):
    Path("in").mkdir()
    picture("L", 8, 6).save("in/a.png")
    os.mkfifo("in/pipe.png")
    os.mkfifo("in/pipe")
    Path("in/link.png").symlink_to("pipe.png")
    Path("in/null.png").symlink_to(os.devnull)
    Path("in/notes.txt").touch()
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("in/socket.png")
        result = pool("avg", "in", "-o", "out")
        told = "Skipped 1 file of other types: .txt (1). Skipped 5 that are not regular files."
        assert result.stderr.startswith("1 done. ")
        assert result.stderr.endswith(f" {told}\n")
        summary = json.loads(pool("max", "in", "--json").stdout.splitlines()[-1])["summary"]
        assert (summary["unknown_kind"], summary["irregular"]) == (1, 5)
        assert "5 that are not regular" in pool("pyramid", "in", "--levels", 1).stderr
        assert "5 that are not regular" in pool("sheet", "in", "-o", "sheet.png").stderr
        assert "5 that are not regular" in pool("avg", "in/*", "-o", "more").stderr
        assert pool("info", "in").stderr == ""
        for path in Path("in").glob("a.*"):
            path.unlink()
        result = pool("avg", "in", code=3)
    assert (
        "Skipped 1 file of other types: .txt (1). Skipped 5 that are not regular" in result.stderr
    )


@no_pipes
@pytest.mark.parametrize("name", ["pipe.png", "pipe", "pipe.npy"])
@pytest.mark.parametrize(
    "arguments",
    [["avg"], ["avg", "-o", "out.png"], ["info"], ["pyramid", "--levels", 1], ["avg", "--update"]],
)
def test_a_pipe_that_is_named(pool, name, arguments):
    os.mkfifo(name)
    said = pool(*arguments, name, code=1).stderr
    assert said == f"pool: {name}: it is a pipe, not a file: pipe its content in as -\n"
    picture("L", 8, 6).save("a.png")
    assert "it is a pipe" in pool("diff", "a.png", name, code=1).stderr


@pytest.mark.skipif(not Path("/dev/stdin").exists(), reason="there is no /dev/stdin")
def test_standard_input_by_its_path(tmp_path):
    picture("L", 8, 6).save(tmp_path / "a.png")
    command = [*COMMAND, "avg", "/dev/stdin", "-o", "b.png"]
    with (tmp_path / "a.png").open("rb") as file:
        done = subprocess.run(command, stdin=file, cwd=tmp_path, timeout=120)
    assert done.returncode == 0
    command = [*COMMAND, "avg", "/dev/stdin"]
    done = subprocess.run(command, input=b"x", cwd=tmp_path, capture_output=True, timeout=120)
    assert done.returncode == 1
    assert b"it is a pipe, not a file" in done.stderr


@pytest.mark.parametrize("command", ["avg", "info"])
def test_a_name_that_is_not_there(pool, command):
    """That is the reason, whether or not the name says a format."""
    for name in ("gone", "gone.png"):
        said = pool(command, name, code=3).stderr
        assert said == f"pool: no input was found: there is no {name}.\n"
    long = "x" * 300
    assert pool(command, long, code=1).stderr == f"pool: {long}: file name too long\n"


def outputs(folder: str) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*.png"))


def test_links_in_circles(pool):
    Path("in/sub").mkdir(parents=True)
    picture("L", 8, 6).save("in/a.png")
    picture("L", 8, 6).save("in/sub/b.png")
    for name in ("one", "two", "sub/up"):
        Path("in", name).symlink_to(Path("in").absolute())
    pool("avg", "in", "-r", "-o", "walked")
    pool("avg", "in/**/*.png", "-o", "matched")
    pool("avg", "in/**/**", "-o", "all")
    for folder in ("walked", "matched", "all"):
        assert outputs(folder) == ["a.png", "sub/b.png"]


def test_a_pattern_leaves_former_outputs_out(pool):
    Path("in/sub").mkdir(parents=True)
    picture("L", 8, 6).save("in/sub/a.png")
    for _ in range(2):
        pool("avg", "in/**/*.png", "-o", "in/out", "--skip-existing")
        pool("avg", "in/*/*.png", "-o", "in/out", "--skip-existing")
    assert outputs("in") == ["out/sub/a.png", "sub/a.png"]
    pool("avg", "in/out/*/*.png", "-o", "in/out/more")
    assert outputs("in/out") == ["more/sub/a.png", "sub/a.png"]


def test_lists_as_they_come(pool):
    for name in ("a.png", "-"):
        picture("L", 8, 6).save(name, "PNG")
    Path("list").write_bytes(b"\xef\xbb\xbfa.png\r\n\r\n\ngone.png\r\n")
    result = pool("avg", "--files-from", "list", "-o", "out", code=1)
    assert "1 of 2 failed" in result.stderr
    assert outputs("out") == ["a.png"]
    Path("list").write_bytes(b"a.png\0b.png\0")
    assert "-0" in pool("avg", "--files-from", "list", "-o", "out", code=2).stderr
    assert "not a list" in pool("avg", "--files-from", "a.png", "-o", "out", code=2).stderr
    Path("list").write_bytes(b"-\n")
    pool("avg", "--files-from", "list", "-o", "dash", "--name", "{name}", "--format", "png")
    assert Path("dash/-").exists()
    Path("list").write_bytes(b"\n")
    result = pool("avg", "--files-from", "list", code=3)
    assert result.stderr == "pool: no input was found.\n"
    assert "--files-from gone:" in pool("avg", "--files-from", "gone", code=2).stderr


def test_standard_input_beside_files(pool):
    picture("L", 8, 6).save("a.png")
    said = pool("avg", "-", "a.png", "-o", "out", code=1, input=b"").stderr
    assert "standard input  its name gives no format: give one with --format" in said
    assert "file is empty" in pool("avg", "-", "-o", "b.png", code=1, input=b"").stderr
    whole = Path("a.png").read_bytes()
    pool("avg", "-", "a.png", "-o", "both", "--format", "png", input=whole)
    assert Path("both/stdin.png").read_bytes() == Path("both/a.png").read_bytes()


def test_a_file_that_vanishes(pool, monkeypatch):
    """It is listed, and gone when its turn comes."""
    from numbapool_cli.work import pooled

    for name in ("a.png", "b.png"):
        picture("L", 8, 6).save(name)
    real = pooled.passed_over

    def vanishing(job):
        Path("b.png").unlink(missing_ok=True)
        return real(job)

    monkeypatch.setattr(pooled, "passed_over", vanishing)
    result = pool("avg", ".", "-o", "out", "-j", 1, code=1)
    assert "  b.png  there is no such file\n" in result.stderr
    assert outputs("out") == ["a.png"]


def test_a_format_whose_file_pillow_closes(pool):
    pixels = bytes(range(4 * 2 * 3))
    head = struct.pack("<7I", 0x01000000, 4, 2, 1, 1, 1, 32)
    Path("a.ftc").write_bytes(b"FTEX" + head + struct.pack("<I", len(pixels)) + pixels)
    pool("max", "a.ftc", "-o", "b.png")
    assert np.asarray(Image.open("b.png")).tolist() == [[[15, 16, 17], [21, 22, 23]]]
    assert "2×1" in pool("info", "a.ftc").stdout
