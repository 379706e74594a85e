"""``pool explain`` and ``pool list``: what they say is what the library does."""

import json

import numpy as np
import pytest
from click.testing import CliRunner
from numbapool_cli.app import cli
from numbapool_cli.operators import OPERATORS, SEQUENCES
from pictures import read

import numbapool as nbp

DRAWING = """\
A window of 3 x 3, moved by 2, over 8 x 8 padded by 1: 4 x 4 results.

height and width: floor((8 + 1 + 1 - 3) / 2) + 1 = 4
  input      · 0 1 2 3 4 5 6 7 ·
  window 0   □─■─■
  window 1       ■─■─■
  window 2           ■─■─■
  window 3               ■─■─■

How many windows read each number:
   · · · · · · · · · ·
   · 1 2 1 2 1 2 1 1 ·
   · 2 4 2 4 2 4 2 2 ·
   · 1 2 1 2 1 2 1 1 ·
   · 2 4 2 4 2 4 2 2 ·
   · 1 2 1 2 1 2 1 1 ·
   · 2 4 2 4 2 4 2 2 ·
   · 1 2 1 2 1 2 1 1 ·
   · 1 2 1 2 1 2 1 1 ·
   · · · · · · · · · ·

64 numbers become 16: 75% fewer.
"""

DILATED = """\
A window of 1 x 2, its taps 1 x 3 apart, moved by 1 x 2, over 1 x 12: 1 x 5 results.

height: floor((1 - 1) / 1) + 1 = 1
  input      0
  window 0   ■

width: floor((12 - 3 * (2 - 1) - 1) / 2) + 1 = 5
  input      0  1  2  3  4  5  6  7  8  9  10 11
  window 0   ■────────■
  window 1         ■────────■
  window 2               ■────────■
  window 3                     ■────────■
  window 4                           ■────────■

How many windows read each number:
   1 0 1 1 1 1 1 1 1 1 0 1

12 numbers become 5: 58% fewer.
No window reads columns 1 and 10.
"""


def test_the_drawing(pool):
    assert pool("explain", "-k", 3, "-s", 2, "-p", 1).stdout == DRAWING


def test_taps_apart(pool):
    arguments = ["-k", "1x2", "-s", "1x2", "-d", "1x3", "--shape", "1x12"]
    assert pool("explain", *arguments).stdout == DILATED


@pytest.mark.parametrize(
    ("arguments", "window"),
    [
        (["-k", 3], {"kernel_size": 3}),
        (["-k", "3x2", "-s", 1], {"kernel_size": (3, 2), "stride": 1}),
        (["-k", 3, "-s", 2, "-p", 1], {"kernel_size": 3, "stride": 2, "padding": 1}),
        (["-k", 3, "-s", 2, "--ceil"], {"kernel_size": 3, "stride": 2, "ceil_mode": True}),
        (["-k", 4, "-s", 3, "-p", "same"], {"kernel_size": 4, "stride": 3, "padding": "same"}),
        (["-k", 2, "-d", 3, "-p", "same_lower"],
         {"kernel_size": 2, "dilation": 3, "padding": "same_lower"}),
        (["-k", 3, "-d", "2x1"], {"kernel_size": 3, "dilation": (2, 1)}),
        (["-k", 9, "--ceil"], {"kernel_size": 9, "ceil_mode": True}),
        (["--size", "4x3"], {"output_size": (3, 4)}),
    ],
)  # fmt: skip
def test_windows_are_those_of_the_library(pool, arguments, window):
    """Pooling a plane that is 1 at one place, and 0 elsewhere, tells which windows read it."""
    told = json.loads(pool("explain", "--shape", "9x8", "--json", *arguments).stdout)
    make = nbp.Pool.adaptive if "output_size" in window else nbp.Pool
    layer = make("sum", **window)
    height, width = told["height"], told["width"]
    assert layer.shape((9, 8)) == (height["out"], width["out"])
    for y, x in np.ndindex(9, 8):
        plane = np.zeros((9, 8), np.int64)
        plane[y, x] = 1
        want = [[(y in rows) * (x in columns) for columns in width["windows"]]
                for rows in height["windows"]]  # fmt: skip
        np.testing.assert_array_equal(layer(plane), want)


def test_what_a_reader_may_not_expect(pool):
    assert "No window reads rows 2 and 5." in pool("explain", "-k", 2, "-s", 3).stdout
    assert "reaches past the end" in pool("explain", "-k", 3, "--ceil").stdout
    assert "more, since windows overlap" in pool("explain", "-k", 2, "-s", 1, "-p", 1).stdout
    said = pool("explain", "-k", 3, "-s", 2, "--shape", 224).stdout
    assert "window 110   220 to 222" in said
    assert "How many windows" not in said
    padding_alone = ["-k", 2, "-p", 1, "-d", 9, "--shape", 8]
    assert "padding alone" in pool("explain", *padding_alone).stdout


def test_a_terminal_without_boxes():
    arguments = ["explain", "-k", "2", "-p", "1", "--shape", "4"]
    assert "o-#" in CliRunner(charset="ascii").invoke(cli, arguments).stdout


def test_a_picture(pool):
    pool("explain", "-k", 3, "-s", 2, "-p", 1, "-o", "windows.png")
    image = read("windows.png")
    assert image.mode == "RGB"
    assert len(image.getcolors()) == 9  # paper, lines, padding, six windows
    assert "exists: see --on-exists" in pool("explain", "-o", "windows.png", code=1).stderr
    pool("explain", "-o", "windows.png", "--on-exists", "overwrite")
    assert "too large to be drawn" in pool("explain", "--shape", 99, "-o", "b.png", code=1).stderr
    pool("explain", "-o", "windows.npy", code=2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-k", 9], "a window of 9 is larger than axis 0 (height)"),
        (["--shape", "axb"], "'axb' is not a shape"),
        (["-k", 3, "-p", 2], "more than half of a window"),
        (["--size", "2x2", "-k", 2], "leave out -k"),
    ],
)
def test_usage_errors(pool, arguments, said):
    assert said in pool("explain", *arguments, code=2).stderr


@pytest.mark.parametrize("columns", ["40", "80", "200"])
def test_the_list_has_every_operator(pool, monkeypatch, columns):
    monkeypatch.setenv("COLUMNS", columns)
    said = pool("list").stdout
    assert max(map(len, said.splitlines())) <= int(columns)
    words = " ".join(said.split())
    table = [*OPERATORS.values(), *SEQUENCES.values()]
    for row in table:
        assert row.choose
        assert row.name in words
    rows = [json.loads(line) for line in pool("list", "--json").stdout.splitlines()]
    assert [row["operator"] for row in rows] == [row.name for row in table]
    assert [row["choose"] for row in rows] == [row.choose for row in table]
    assert [row["of"] for row in rows].count("sequences") == len(SEQUENCES)
