"""``--padding-mode``: what stands outside a picture or an array."""

from pathlib import Path

import numpy as np
import pytest
from numbapool_cli.asking.params import PaddingModeType
from numbapool_cli.operators import PADDING_MODES
from pictures import picture, read
from PIL import Image

import numbapool as nbp
from numbapool.windows.borders import ALIASES, MODES

WINDOW = ("-k", 3, "-s", 1, "-p", 1)


def test_the_names_are_the_librarys():
    assert PADDING_MODES == MODES
    for alias, name in ALIASES.items():
        assert PaddingModeType().convert(alias.upper(), None, None) == name


@pytest.mark.parametrize("mode", [*PADDING_MODES, "9"])
def test_arrays_and_pictures(pool, mode):
    source = picture("RGB", 9, 7)
    source.save("in.png")
    np.save("in.npy", np.asarray(source)[..., 0])
    for operator in ("max", "avg"):
        pool(operator, "in.png", *WINDOW, "--padding-mode", mode, "-o", f"{operator}.png")
        pool(operator, "in.npy", *WINDOW, "--padding-mode", mode, "-o", f"{operator}.npy")
        array = np.asarray(source)
        outside = int(mode) if mode.isdigit() else mode
        want = nbp.pool2d(array, operator, 3, 1, 1, padding_mode=outside, data_format="HWC")
        assert np.array_equal(np.asarray(read(f"{operator}.png")), want)
        assert np.array_equal(np.load(f"{operator}.npy"), want[..., 0])


def test_medians_of_opencv(pool):
    cv2 = pytest.importorskip("cv2")
    source = picture("L", 40, 30)
    source.save("in.png")
    pool("median", "in.png", *WINDOW, "--padding-mode", "replicate", "-o", "out.png")
    assert np.array_equal(np.asarray(read("out.png")), cv2.medianBlur(np.asarray(source), 3))


def test_transparent_pixels_outside_weigh_nothing(pool):
    array = np.full((3, 3, 4), 200, np.uint8)
    Image.fromarray(array).save("in.png")
    pool("avg", "in.png", *WINDOW, "--padding-mode", "zeros", "-o", "out.png")
    corner = np.asarray(read("out.png"))[0, 0]
    assert corner.tolist() == [200, 200, 200, 89]  # 4 of 9 pixels are 200 opaque, the others 0


def test_a_number_beside_black_and_white(pool):
    Image.new("1", (3, 3), 1).save("in.png")
    pool("avg", "in.png", *WINDOW, "--padding-mode", 1, "-o", "out.png")
    assert np.asarray(read("out.png")).tolist() == [[255] * 3] * 3


@pytest.mark.parametrize(
    ("mode", "more", "message"),
    [
        ("nearest", (), "'nearest' is not a padding mode: give zeros, reflect, symmetric"),
        ("zeros", ("--count-exclude-pad",), "--count-exclude-pad leaves it out: give one"),
        ("zeros", ("-p", "0"), "there is none: give -p, as -p 1"),
    ],
)
def test_what_cannot_be_meant(pool, mode, more, message):
    Image.new("L", (5, 5)).save("in.png")
    told = pool("avg", "in.png", *WINDOW, "--padding-mode", mode, *more, code=2).stderr
    assert message in " ".join(told.split())


def test_a_size_has_no_padding(pool):
    Image.new("L", (5, 5)).save("in.png")
    told = pool("avg", "in.png", "--size", "2x2", "--padding-mode", "zeros", code=2).stderr
    assert "--size makes windows without padding: leave out --padding-mode" in told


@pytest.mark.parametrize("before", [(), ("--dry-run",)])
@pytest.mark.parametrize(
    ("operator", "mode", "more", "message"),
    [
        ("max", "300", (), "--padding-mode 300 does not fit into uint8"),
        ("avg", "9", (), "colours are weighed by alpha, which it lacks: give --alpha straight"),
        ("avg", "9", ("--alpha", "straight", "--linear"), "it is a shade: leave out --linear"),
        ("mode", "9", (), "whole colours are kept, and it is none: give zeros"),
        ("max", "reflect", ("-p", 5), "too short to be padded by 5 with padding_mode 'reflect'"),
    ],
)
def test_what_does_not_suit_a_picture(pool, operator, mode, more, message, before):
    Image.new("RGBA", (5, 5)).save("in.png")
    told = pool(operator, "in.png", *WINDOW, "--padding-mode", mode, *more, *before, code=1).stderr
    assert message in " ".join(told.split())


def test_a_mode_from_a_file_of_options_waits_for_padding(pool):
    Path("pool.toml").write_text('padding-mode = "reflect"\n')
    picture("L", 6, 6).save("in.png")
    pool("--config", "pool.toml", "max", "in.png", "-k", 2, "-o", "out.png")
    assert read("out.png").size == (3, 3)
    pool("--config", "pool.toml", "max", "in.png", "--size", "2x2", "-o", "sized.png")


def test_explain_names_the_mode(pool):
    told = pool("explain", *WINDOW, "--padding-mode", "reflect", "--shape", 4).stdout
    assert "over 4 x 4 padded by 1 (reflect): 4 x 4 results" in told
    alone = "-k", 1, "-p", 1, "--padding-mode", "reflect", "--shape", 4
    assert "padding alone" not in pool("explain", *alone).stdout
