"""Spatial pyramids: inputs of any size to vectors of one length."""

import json
from pathlib import Path

import numpy as np
import pytest
from pictures import picture
from PIL import Image

import numbapool as nbp


def sixteen():
    np.save("in.npy", np.arange(1, 17).reshape(1, 1, 4, 4))


def test_by_hand(pool):
    sixteen()
    pool("spp", "in.npy", "--levels", "1,2")
    assert np.load("in.spp1-2.npy").tolist() == [[16, 6, 8, 14, 16]]
    pool("spp", "in.npy", "--levels", "2,1", "--operator", "min", "-o", "out.npy")
    assert np.load("out.npy").tolist() == [[1, 3, 9, 11, 1]]


@pytest.mark.parametrize("layout", ["HW", "CHW", "HWC", "NCHW", "NHWC"])
@pytest.mark.parametrize("operator", ["max", "avg"])
def test_features_as_the_library_has_them(pool, random, layout, operator):
    sizes = {"N": 2, "C": 3, "H": 7, "W": 6}
    array = random.integers(0, 200, [sizes[letter] for letter in layout]).astype(np.uint8)
    np.save("in.npy", array)
    asked = ("spp", "in.npy", "--data-format", layout, "--operator", operator, "-o", "out.npy")
    planned = json.loads(pool(*asked, "--dry-run", "--json").stdout.splitlines()[0])
    pool(*asked)
    out = np.load("out.npy")
    wanted = nbp.spatial_pyramid_pool(array, (1, 2, 4), operator, data_format=layout)
    assert out.dtype == wanted.dtype
    assert np.array_equal(out, wanted)
    assert (planned["dtype"], planned["after"]) == (out.dtype.name, [list(out.shape)])


def test_a_picture_counts_as_far_as_it_is_seen(pool):
    array = np.array(picture("RGBA", 9, 8))
    array[:4, :5, 3] = 0
    Image.fromarray(array).save("in.png")
    pool("spp", "in.png", "--levels", "1,2", "--operator", "avg", "-o", "out.npy")
    parts = []
    for level in (1, 2):
        pool("avg", "in.png", "--size", f"{level}x{level}", "-o", f"{level}.npy")
        parts.append(np.moveaxis(np.load(f"{level}.npy"), -1, 0).ravel())
    assert np.array_equal(np.load("out.npy"), np.concatenate(parts))


def test_several_files_become_one_array(pool):
    Path("in").mkdir()
    for name, size in (("b", (9, 8)), ("a", (5, 6)), ("c", (20, 30))):
        picture("RGB", *size).save(f"in/{name}.png")
    said = pool("spp", "in", "-o", "all.npy", "--dry-run").stdout
    assert "63" in said
    assert not Path("all.npy").exists()
    pool("spp", "in/c.png", "in/b.png", "in/a.png", "-o", "all.npy")
    assert Path("all.names.txt").read_text().splitlines() == ["a.png", "b.png", "c.png"]
    out = np.load("all.npy")
    assert out.shape == (3, 63)
    for n, name in enumerate("abc"):
        array = np.asarray(Image.open(f"in/{name}.png"))
        assert np.array_equal(out[n], nbp.spatial_pyramid_pool(array, data_format="HWC"))
    said = pool("spp", "in", "-o", "all.npy", code=1).stderr
    assert "all.npy exists" in said
    assert "3 skipped" in pool("spp", "in", "-o", "all.npy", "--skip-existing").stderr
    pool("spp", "in", "-o", "all.npy", "--on-exists", "rename")
    assert np.array_equal(np.load("all-1.npy"), out)
    assert Path("all-1.names.txt").exists()


def test_an_array_of_all_is_no_input_of_the_next(pool):
    Path("in").mkdir()
    for name in "ab":
        picture("L", 9, 8).save(f"in/{name}.png")
    for _ in range(2):
        pool("spp", "in", "-o", "in/all.npy", "--on-exists", "overwrite")
        assert np.load("in/all.npy").shape == (2, 21)


def test_one_that_does_not_fit_stops_the_array(pool):
    picture("RGB", 9, 8).save("a.png")
    picture("L", 9, 8).save("b.png")
    np.save("c.npy", np.zeros((2, 1, 4, 4)))
    Path("d.png").write_bytes(b"no picture")
    asked = ("spp", "a.png", "b.png", "c.npy", "d.png", "-o", "all.npy")
    for more in ((), ("--dry-run",)):
        said = pool(*asked, *more, code=1).stderr
        assert "its result has shape (21,), and that of a.png has (63,)" in said
        assert "it gives 2 vectors" in said
        assert "d.png" in said
        assert not list(Path().glob("all*"))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--levels", "0,1"), "'0,1' is no list of levels"),
        (("--levels", "1,,2"), "is no list of levels"),
        (("--levels", "1,10000"), "give numbers from 1 to 9999"),
        (("--levels", ""), "is no list of levels"),
        (("--operator", "blur"), "'blur' is not one of"),
        (("-o", "out.png"), "written as .npy"),
        (("--beta", "2"), "max takes no --beta"),
    ],
)
def test_what_is_refused(pool, options, said):
    sixteen()
    assert said in pool("spp", "in.npy", *options, code=2).stderr
