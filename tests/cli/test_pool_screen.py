"""What a terminal shows: the bar, the failures, the summary, at several widths."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from numbapool_cli.rasters import uncompiled
from numbapool_cli.telling.compiling import Compiling
from numbapool_cli.telling.progress import Progress
from PIL import Image

from numbapool.compile import compiled

pty = pytest.importorskip("pty", reason="this system has no pseudo-terminals")

ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def on_terminal(folder, columns, *words, **variables):
    """Run the command on a terminal of some columns; return what it wrote there, and its code."""
    import fcntl
    import struct
    import termios

    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    unset = {"NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES"}
    env = {key: value for key, value in os.environ.items() if key not in unset}
    process = subprocess.Popen(
        [sys.executable, "-m", "numbapool", *map(str, words)],
        cwd=folder,
        env={**env, "TERM": "xterm-256color", **variables},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 1 << 16)
        except OSError:  # Linux says so at the end
            break
        if not part:
            break
        seen += part
    os.close(ours)
    return seen.decode(), process.wait(60)


def pictures(folder, count=6):
    """Write pictures, one of them broken."""
    names = [f"a picture with a rather long name {n}.png" for n in range(count)]
    for name in names:
        Image.fromarray(np.full((40, 60), 7, np.uint8)).save(folder / name)
    (folder / names[2]).write_bytes(b"no picture at all")
    return names


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_a_bar_fits_and_failures_wrap_between_words(tmp_path, columns):
    pictures(tmp_path)
    text, code = on_terminal(tmp_path, columns, "avg", ".", "-o", "small")
    assert code == 1
    assert "━" in text  # the bar
    assert "0/6" in text
    lines = ESCAPES.sub("", text).replace("\r", "\n").splitlines()
    assert max(map(len, lines)) <= columns
    end = ESCAPES.sub("", text[text.rindex("━") :])
    assert "1 of 6 failed:" in end
    words = " ".join(end.split())
    assert "5 done, 1 failed." in words
    assert re.search(r"bytes -> \d+ bytes in \d+\.\d+ s\.", words)
    whole = {"picture", "rather", "long", "name"}
    assert whole <= set(words.split())  # no word is cut in two


def test_the_bar_is_cleared_and_the_cursor_is_shown_again(tmp_path):
    pictures(tmp_path)
    text, _ = on_terminal(tmp_path, 80, "avg", ".", "-o", "small")
    assert text.count("\x1b[?25l") == text.count("\x1b[?25h") > 0
    after = text[text.rindex("\x1b[?25h") :]
    assert "━" not in after


def test_lines_of_each_file_come_with_verbose(tmp_path):
    names = pictures(tmp_path)
    text, _ = on_terminal(tmp_path, 200, "avg", ".", "-o", "small", "-v")
    assert sum(f"{name} ->" in text for name in names) == 5
    text, _ = on_terminal(tmp_path, 200, "avg", ".", "-o", "again")
    assert not any(f"{name} ->" in text for name in names)


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"TERM": "dumb"}])
def test_no_colour_where_none_is_wanted(tmp_path, variables):
    pictures(tmp_path)
    text, _ = on_terminal(tmp_path, 80, "avg", ".", "-o", "small", **variables)
    assert not re.search(r"\x1b\[(\d+;)*3\dm", text)
    assert "1 of 6 failed:" in text


def test_one_picture_needs_no_bar(tmp_path):
    names = pictures(tmp_path)
    text, code = on_terminal(tmp_path, 80, "avg", names[0], "-o", "small.png")
    assert code == 0
    assert "\x1b" not in text
    assert "small.png" in text


def written_lines(text):
    return [line.strip() for line in ESCAPES.sub("\n", text).replace("\r", "\n").splitlines()]


@pytest.mark.parametrize("columns", [40, 80, 120, 200])
def test_the_bar_says_at_once_what_is_compiled(monkeypatch, columns):
    """And of how many kernels: those begun, and one of each operator that has pooled nothing."""
    screen = io.StringIO()
    screen.isatty = lambda: True
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm-256color")
    bar = Progress(9, True)
    try:
        compiling = Compiling(["avg", "max", "median"])
        compiling("avg uint16")
        compiling("max uint16")
        compiling.done("median")  # its kernel was there
        compiling("max uint8")
    finally:
        bar.close()
    text = written_lines(screen.getvalue())
    for said in ("avg uint16 (1 of 3)", "max uint16 (2 of 3)", "max uint8 (3 of 3)"):
        lines = [line for line in text if line.startswith(f"compiling {said}")]
        assert lines
        assert max(map(len, lines)) <= columns
    assert any("━" in line for line in text)


@pytest.mark.parametrize("columns", [40, 80])
def test_a_line_beside_the_bar_is_not_erased(monkeypatch, columns):
    screen = io.StringIO()
    monkeypatch.setattr("sys.stderr", screen)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("FORCE_COLOR", "1")
    bar = Progress(9, True)
    try:
        bar.begun("a.png")
        with bar.aside():
            screen.write("a line\n")
    finally:
        bar.close()
    before, _, after = screen.getvalue().partition("a line\n")
    assert "━" in before
    assert "━" in after
    assert "\x1b[1A" not in after.partition("━")[0]


def test_a_run_compiles_for_what_it_pools(pool, monkeypatch):
    heard = []
    monkeypatch.setattr(Compiling, "__call__", lambda self, what: heard.append(what))

    def kernel(spec, made=compiled.kernel):
        for tell in compiled.on_compile:
            tell()
        return made(spec)

    monkeypatch.setattr(compiled, "kernel", kernel)
    monkeypatch.setattr(uncompiled, "LITTLE", 0)
    Image.fromarray(np.full((10, 222), 7, np.uint16)).save("a.png")  # of a shape not yet pooled
    pool("avg", "a.png", "-o", "out.png")
    assert heard == ["avg uint16"]


def test_sizes_are_width_by_height_of_pictures_and_shapes_of_arrays(pool):
    Image.new("RGB", (60, 40)).save("a.png")
    Image.new("L", (60, 40)).save("b.png")
    np.save("a.npy", np.zeros((2, 4, 40, 60), np.uint8))
    assert "(60×40 -> 30×20)" in pool("avg", "a.png", "-o", "c.png").stdout
    assert "(60×40 -> 30×20)" in pool("avg", "a.png", "-o", "d.png", "--dry-run").stdout
    assert "2 planned." in pool("avg", "a.png", "b.png", "-o", "d", "--dry-run").stderr
    for more in ((), ("--dry-run",)):
        assert "(60×40 -> 20x30x3)" in pool("avg", "a.png", "-o", f"p{len(more)}.npy", *more).stdout
        said = pool("avg", "a.npy", "-o", f"a{len(more)}.npy", *more).stdout
        assert "(2x4x40x60 -> 2x4x20x30)" in said
    assert "(60×40 -> 60×40)" in pool("avg", "a.png", "--fit", 99, "-o", "e.png").stdout
    assert "a.png is 60×40 uint8 (RGB)" in pool("diff", "a.png", "b.png", code=1).stderr


def test_json_carries_bytes_and_counts_equal_frames(pool, tmp_path):
    frames = [Image.new("RGB", (60, 40), (n, 0, 0)) for n in range(0, 250, 25)]
    frames[0].save("many.gif", save_all=True, append_images=frames[1:])
    pages = [Image.new("L", size) for size in ((60, 40), (60, 40), (20, 10))]
    pages[0].save("pages.tif", save_all=True, append_images=pages[1:])
    names = ["many.gif", "pages.tif"]
    planned = pool("avg", *names, "-o", "out", "--json", "--dry-run").stdout.splitlines()
    done = pool("avg", *names, "-o", "out", "--json").stdout.splitlines()
    sizes = {True: 0, False: 0}
    for before, after in zip(
        map(json.loads, planned[:-1]), map(json.loads, done[:-1]), strict=True
    ):
        for key in ("before", "after", "frames", "bytes_before"):
            assert before[key] == after[key]
        assert before["bytes_after"] is None
        for read, key, name in ((True, "before", "source"), (False, "after", "target")):
            assert after[f"bytes_{key}"] == Path(after[name]).stat().st_size
            sizes[read] += after[f"bytes_{key}"]
    many, paged, summary = map(json.loads, done)
    assert (many["before"], many["after"]) == ([[40, 60, 3]], [[20, 30, 3]])
    assert many["frames"] == [10]
    assert (paged["before"], paged["frames"]) == ([[40, 60], [10, 20]], [2, 1])
    summary = summary["summary"]
    assert (summary["bytes_before"], summary["bytes_after"]) == (sizes[True], sizes[False])
    assert summary["seconds"] > 0


def test_one_output_of_many_inputs_is_counted_once(pool):
    for name in "ab":
        np.save(f"{name}.npy", np.ones((5, 3), np.float32))
    said = pool("seq", "mean", "a.npy", "b.npy", "-o", "all.npy", "--json").stdout
    summary = json.loads(said.splitlines()[-1])["summary"]
    assert summary["bytes_after"] == Path("all.npy").stat().st_size
    assert summary["bytes_before"] == 2 * Path("a.npy").stat().st_size


def test_help_fits_a_narrow_terminal(tmp_path):
    text, code = on_terminal(tmp_path, 40, "--help")
    assert code == 0
    lines = [line for line in text.splitlines() if not line.startswith("  pool ")]  # examples
    assert max(map(len, lines)) <= 40
