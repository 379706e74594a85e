"""``--footprint``: windows that are no rectangles."""

import numpy as np
import pytest
from numbapool_cli.operators import FOOTPRINTS
from pictures import picture, read

import numbapool as nbp
from numbapool.windows.footprints import NAMES

WINDOW = ("-k", 5, "-s", 1, "-p", 2)


def test_the_names_are_the_librarys():
    assert FOOTPRINTS == NAMES


@pytest.mark.parametrize("name", FOOTPRINTS)
def test_arrays_and_pictures(pool, name):
    source = picture("RGB", 9, 7)
    source.save("in.png")
    np.save("in.npy", np.asarray(source)[..., 0])
    for operator in ("max", "median"):
        pool(operator, "in.png", *WINDOW, "--footprint", name, "-o", f"{operator}.png")
        pool(operator, "in.npy", *WINDOW, "--footprint", name, "-o", f"{operator}.npy")
        array = np.asarray(source)
        want = nbp.pool2d(array, operator, 5, 1, 2, footprint=name, data_format="HWC")
        assert np.array_equal(np.asarray(read(f"{operator}.png")), want)
        assert np.array_equal(np.load(f"{operator}.npy"), want[..., 0])


def test_transparent_pixels_weigh_nothing_in_a_disk_either(pool):
    source = picture("RGBA", 9, 7)
    source.save("in.png")
    pool(
        "avg", "in.png", "-k", 5, "-s", 1, "--footprint", "disk", "--edge", "trim", "-o", "out.png"
    )
    array = np.asarray(source)
    marks = np.array(nbp.Pool("max", 5, footprint="disk").window.footprint).reshape(5, 5)
    held = np.lib.stride_tricks.sliding_window_view(array, (5, 5), (0, 1))[..., marks].astype(int)
    alpha = held[:, :, 3:]
    total, weight = (held[:, :, :3] * alpha).sum(-1), alpha.sum(-1)
    assert weight.all()
    out = np.asarray(read("out.png"))
    assert np.array_equal(out[..., :3], (2 * total + weight) // (2 * weight))


def test_the_shape_is_explained(pool):
    told = pool("explain", *WINDOW, "--footprint", "disk").stdout
    assert "A disk of 5 x 5, moved by 1" in told


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (("-k", 4, "--footprint", "disk"), 2, "a disk has a centre: its kernel_size is odd"),
        (("--size", "2x2", "--footprint", "disk"), 2, "leave out --footprint"),
        (("--fit", "2x2", "--footprint", "disk"), 2, "leave out --footprint"),
        (("-k", 3, "--footprint", "star"), 2, "'star' is not one of"),
    ],
)
def test_what_is_refused(pool, arguments, code, message):
    picture("L", 8, 8).save("in.png")
    said = pool("max", "in.png", *arguments, "-o", "out.png", code=code).stderr
    assert message in " ".join(said.split())
