"""Boxes in pictures and features, each pooled to one size."""

import json
from pathlib import Path

import numpy as np
import pytest
from pictures import picture, read
from PIL import Image

import numbapool as nbp

LAYOUTS = ["HW", "CHW", "HWC", "NCHW", "NHWC"]


def saved(shape, dtype=np.float32):
    array = np.arange(np.prod(shape)).reshape(shape).astype(dtype)
    np.save("in.npy", array)
    return array


@pytest.mark.parametrize(
    ("shape", "box", "options", "wanted"),
    [
        ((5, 5), "0 0 2 2", "--size 2", [[3, 4], [8, 9]]),
        ((5, 5), "0 0 2 2", "--size 2 --aligned", [[0, 1], [5, 6]]),
        (
            (5, 5),
            "0 0 2 2",
            "--size 2 --aligned --sampling-ratio 2",
            [[0.75, 1.625], [5.125, 6]],
        ),
        ((8, 6), "0 0 3 3", "--size 2", [[5.25, 6.75], [14.25, 15.75]]),
        (
            (8, 6),
            "1 1 9 7",
            "--size 2x3 --scale 0.5 --sampling-ratio 2 --aligned",
            [[5.166667, 6.5, 7.833333], [14.166666, 15.5, 16.833332]],
        ),
        ((8, 6), "-4 -4 2 2", "--size 2 --sampling-ratio 2 --aligned", [[0, 0], [0, 2.625]]),
        ((8, 6), "0 0 3 3", "--size 2 --kind pool", [[7, 9], [19, 21]]),
        ((8, 6), "1.5 .5 2.5 2.4", "--size 2 --kind pool", [[8, 9], [14, 15]]),
    ],
)
def test_by_hand(pool, shape, box, options, wanted):
    saved((1, 1, *shape))
    Path("boxes.txt").write_text(f"# x y x y\n\n0 {box}\n")
    pool("roi", "in.npy", "--boxes", "boxes.txt", *options.split(), "-o", "out.npy")
    np.testing.assert_allclose(np.load("out.npy")[0, 0], wanted, rtol=1e-6)


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("kind", ["align", "pool"])
def test_every_layout(pool, random, layout, kind):
    sizes = {"N": 2, "C": 3, "H": 7, "W": 6}
    array = random.integers(0, 200, [sizes[letter] for letter in layout]).astype(np.uint8)
    np.save("in.npy", array)
    boxes = np.array([[0, 1, 1, 5, 4], [0, 0, 0, 2, 6.5], [0, -3, 2, 9, 9]])
    boxes[1, 0] = "N" in layout
    np.save("boxes.npy", boxes)
    asked = ("roi", "in.npy", "--boxes", "boxes.npy", "--size", "3x2", "--kind", kind)
    asked = (*asked, "--data-format", layout, "-o", "out.npy")
    planned = json.loads(pool(*asked, "--dry-run", "--json").stdout.splitlines()[0])
    pool(*asked)
    out = np.load("out.npy")
    function = nbp.roi_align if kind == "align" else nbp.roi_pool
    wanted = function(array, boxes, (3, 2), data_format=layout)
    assert out.dtype == wanted.dtype
    assert np.array_equal(out, wanted)
    assert (planned["dtype"], planned["after"]) == (out.dtype.name, [list(out.shape)])


WRITTEN = {
    "plain.csv": "x1,y1,x2,y2\n0,0,2,2\n1,1,4,4\n",
    "semicolons.txt": "\ufeff0;0; 2;2\n\n1; 1;4;4 # the second\n",
    "tabs.txt": "0\t0\t0\t2\t2\r\n0\t1\t1\t4\t4\r\n",
    "flat.json": "[[0, 0, 2, 2], [1, 1, 4, 4.0]]",
    "nested.json": "[[[0, 0, 2, 2], [1, 1, 4, 4]]]",
}


@pytest.mark.parametrize("name", [*WRITTEN, "four.npy", "five.npy"])
def test_every_file_of_boxes(pool, name):
    array = saved((1, 2, 5, 5))
    four = np.array([[0, 0, 2, 2], [1, 1, 4, 4]])
    np.save("four.npy", four)
    np.save("five.npy", np.insert(four, 0, 0, axis=1).astype(np.float32))
    for each, text in WRITTEN.items():
        Path(each).write_text(text, encoding="utf-8")
    pool("roi", "in.npy", "--boxes", name, "--size", 2, "-o", "out.npy")
    assert np.array_equal(np.load("out.npy"), nbp.roi_align(array, [four], 2))


@pytest.mark.parametrize("text", ["[]", "[[], []]", ""])
def test_no_boxes(pool, text):
    saved((2, 3, 5, 5))
    name = "none.json" if text else "none.txt"
    Path(name).write_text(text)
    pool("roi", "in.npy", "--boxes", name, "--size", 2, "-o", "out.npy")
    assert np.load("out.npy").shape == (0, 3, 2, 2)


def test_lists_per_image(pool):
    array = saved((2, 1, 5, 5))
    boxes = [[[0, 0, 2, 2]], [[1, 1, 4, 4], [0, 1, 3, 2]]]
    Path("boxes.json").write_text(json.dumps(boxes))
    pool("roi", "in.npy", "--boxes", "boxes.json", "--size", 2, "-o", "out.npy")
    assert np.array_equal(np.load("out.npy"), nbp.roi_align(array, boxes, 2))


def test_boxes_in_the_archive_itself(pool):
    array = saved((1, 2, 5, 5))
    boxes = np.array([[0, 0, 0, 2, 2]])
    np.savez("in.npz", features=array, rois=boxes)
    np.savez("more.npz", features=array, other=array, rois=boxes)
    wanted = nbp.roi_align(array, boxes, 2)
    asked = ("--boxes", "rois", "--size", 2)
    pool("roi", "in.npz", *asked, "-o", "out.npy")
    assert np.array_equal(np.load("out.npy"), wanted)
    said = pool("roi", "more.npz", *asked, code=1).stderr
    assert "it holds features, other: say which to pool with --array" in said
    pool("roi", "more.npz", *asked, "--array", "features", "-o", "one.npy")
    assert np.array_equal(np.load("one.npy"), wanted)
    said = pool("roi", "in.npz", "--boxes", "boxes", "--size", 2, code=1).stderr
    assert "no array 'boxes'" in said or "it holds features, rois" in said


@pytest.mark.parametrize(
    ("shape", "text", "said"),
    [
        ((1, 1, 5, 5), "0 0 2\n", "box 0 (line 1) has 3 numbers, not 4 (x, y, x, y) or 5"),
        ((1, 1, 5, 5), "0 0 2 2\n0 0 0 2 2\n", "box 1 (line 2) has 5 numbers"),
        ((1, 1, 5, 5), "0 0 2 2\n0 0 a 2\n", "box 1 (line 2) holds 'a', not a number"),
        ((1, 1, 5, 5), "0 0 2 2\n0 0 nan 2\n", "box 1 is [0.0, 0.0, nan, 2.0]"),
        ((1, 1, 5, 5), "0 0 0 2 2\n1 0 0 2 2\n", "box 1 lies in image 1"),
        ((2, 1, 5, 5), "0 0 0 2 2\n2 0 0 2 2\n", "box 1 lies in image 2.0, and images are 0 to 1"),
        ((2, 1, 5, 5), "0 0 2 2\n", "box 0 has 4 numbers, and there are 2 images"),
        ((2, 1, 5, 5), "[[[0, 0, 2, 2]]]", "lists for 1 images, and there are 2"),
        ((1, 1, 5, 5), "[[0, 0, 2, true]]", "box 0 holds True, not a number"),
        ((1, 1, 5, 5), "[[0, 0, 2, 2], 3]", "box 1 is 3, not a list of numbers"),
        ((2, 1, 5, 5), "[[], [[0, 0, 2]]]", "box 0 of image 1 has 3 numbers"),
        ((1, 1, 5, 5), "[1", "it is not JSON"),
        ((1, 1, 5, 5), '{"boxes": 1}', "it is no list of boxes"),
    ],
)
def test_boxes_that_are_refused(pool, shape, text, said):
    saved(shape)
    name = "boxes.json" if text[0] in "[{" else "boxes.csv"
    Path(name).write_text(text)
    for more in ((), ("--dry-run",)):
        result = pool("roi", "in.npy", "--boxes", name, "--size", 2, *more, code=1)
        assert said in result.stderr
        assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("array", "said"),
    [
        (np.zeros((2, 3)), "box 0 has 3 numbers"),
        (np.zeros((2, 3, 4)), "it has shape (2, 3, 4), and boxes have two axes"),
        (np.array([[True, True, True, True]]), "its values are bool"),
        (np.array([["0", "0", "1", "1"]]), "boxes are numbers"),
        (np.array([[0, 0, 1, 1 + 1j]]), "boxes are numbers"),
    ],
)
def test_arrays_of_boxes_that_are_refused(pool, array, said):
    saved((1, 1, 5, 5))
    np.save("boxes.npy", array)
    result = pool("roi", "in.npy", "--boxes", "boxes.npy", "--size", 2, code=1)
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1


@pytest.mark.parametrize(
    ("options", "code", "said"),
    [
        (("--size", "2", "--kind", "pool", "--mode", "max"), 2, "--kind pool takes no --mode"),
        (("--size", "0"), 2, "'0' is not a size"),
        ((), 2, "Missing option '--size'"),
        (("--size", "2", "--scale", "0"), 2, "not in the range"),
        (("--size", "2", "--format", "npz"), 2, "all boxes go to one .npy"),
        (("--size", "2", "-o", "out.png"), 2, "results are written as .npy"),
        (("--size", "2", "--boxes", "none.csv"), 1, "--boxes none.csv: there is no such file"),
    ],
)
def test_what_is_refused(pool, options, code, said):
    saved((1, 1, 5, 5))
    Path("boxes.csv").write_text("0,0,2,2\n")
    assert said in pool("roi", "in.npy", "--boxes", "boxes.csv", *options, code=code).stderr


@pytest.mark.parametrize("mode", ["L", "RGB", "1", "I;16"])
def test_each_box_becomes_a_picture(pool, mode):
    source = picture(mode, 20, 15)
    source.save("photo.png")
    Path("boxes.csv").write_text("0,0,10,8\n3,2,9,14\n")
    asked = ("roi", "photo.png", "--boxes", "boxes.csv", "--size", "4x5", "--format", "png")
    said = pool(*asked, "-o", "boxes/", "--dry-run").stdout
    assert "boxes/photo.box1.png" in said
    assert not Path("boxes").exists()
    pool(*asked, "-o", "boxes/")
    array = np.asarray(source)
    array = array.astype(np.uint8) * 255 if mode == "1" else array
    axes = "HW" if array.ndim == 2 else "HWC"
    wanted = nbp.roi_align(array, [[0, 0, 10, 8], [3, 2, 9, 14]], (4, 5), data_format=axes)
    for n in range(2):
        out = read(f"boxes/photo.box{n}.png")
        assert out.mode == ("L" if mode == "1" else mode)
        assert np.array_equal(np.asarray(out), np.floor(wanted[n] + 0.5))
    said = pool(*asked, "-o", "boxes/", code=1).stderr
    assert "2 outputs exist already" in said
    pool(*asked, "-o", "boxes/", "--skip-existing")


def test_colour_counts_as_far_as_it_is_seen(pool):
    """Half of the picture is red and transparent: the mean is the green that is seen."""
    array = np.zeros((4, 8, 4), np.uint8)
    array[:, :4] = [200, 0, 0, 0]
    array[:, 4:] = [0, 100, 0, 255]
    Image.fromarray(array).save("in.png")
    Path("boxes.csv").write_text("2,0,6,4\n0,0,2,2\n")
    asked = ("roi", "in.png", "--boxes", "boxes.csv", "--size", 1, "--aligned", "-o", "out.npy")
    pool(*asked)
    out = np.load("out.npy")[:, 0, 0]
    np.testing.assert_allclose(out[0], [0, 100, 0, 127.5])
    np.testing.assert_allclose(out[1], [200, 0, 0, 0])


def test_boxes_lie_in_one_frame(pool):
    frames = [picture("L", 9, 8, seed) for seed in range(3)]
    frames[0].save("in.tif", save_all=True, append_images=frames[1:])
    Path("boxes.csv").write_text("0,0,4,4\n")
    for more in ((), ("--dry-run",)):
        said = pool("roi", "in.tif", "--boxes", "boxes.csv", "--size", 2, *more, "-o", "out.npy",
                    code=1).stderr  # fmt: skip
        assert "boxes lie in one picture or array, and it has several" in said


def test_the_boxes_in_a_folder_are_no_input(pool):
    Path("in").mkdir()
    np.save("in/boxes.npy", np.array([[0, 0, 2, 2]]))
    for name in "ab":
        np.save(f"in/{name}.npy", np.zeros((1, 1, 5, 5)))
    pool("roi", "in", "--boxes", "in/boxes.npy", "--size", 2, "-o", "out")
    assert sorted(path.name for path in Path("out").iterdir()) == ["a.npy", "b.npy"]
