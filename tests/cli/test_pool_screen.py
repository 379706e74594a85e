"""What a terminal shows: the bar, the failures, the summary, at several widths."""

import os
import re
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

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
