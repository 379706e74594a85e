"""Arrays of one, two and three pooled axes, channels before or after them."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest

AXES = ["L", "HW", "DHW"]
FORMATS = [
    name for axes in AXES for name in (axes, f"C{axes}", f"{axes}C", f"NC{axes}", f"N{axes}C")
]
SIZES = {"N": 2, "C": 3, "L": 9, "D": 5, "H": 6, "W": 7}


def made(data_format: str) -> np.ndarray:
    """Write numbers with these axes."""
    shape = tuple(SIZES[letter] for letter in data_format)
    array = np.random.default_rng(len(shape)).integers(0, 99, shape).astype(np.float32)
    np.save("in.npy", array)
    return array


def naive(array: np.ndarray, data_format: str, k: tuple[int, ...], keep) -> np.ndarray:
    """Pool windows side by side in the slow and obvious way; what is over is dropped."""
    pooled = [n for n, letter in enumerate(data_format) if letter in "LDHW"]
    windows = dict(zip(pooled, k, strict=True))
    shape = [size // windows.get(n, 1) for n, size in enumerate(array.shape)]
    result = np.empty(shape, array.dtype)
    for place in itertools.product(*map(range, shape)):
        taps = tuple(
            slice(at * windows.get(n, 1), (at + 1) * windows.get(n, 1))
            for n, at in enumerate(place)
        )
        result[place] = keep(array[taps])
    return result


@pytest.mark.parametrize("data_format", FORMATS)
def test_every_order_of_axes(pool, data_format):
    array = made(data_format)
    axes = len(data_format.strip("NC"))
    pool("max", "in.npy", "-o", "out.npy", "--data-format", data_format.lower())
    assert np.array_equal(np.load("out.npy"), naive(array, data_format, (2,) * axes, np.max))
    size = (2, 3, 2)[:axes]
    text = "x".join(map(str, size))
    told = pool(
        *("avg", "in.npy", "-o", "avg.npy", "-k", text, "--data-format", data_format, "--json"),
        *("--dry-run",),
    )
    pool("avg", "in.npy", "-o", "avg.npy", "-k", text, "--data-format", data_format)
    right = naive(array, data_format, size, np.mean)
    assert np.allclose(np.load("avg.npy"), right, rtol=1e-6)
    assert json.loads(told.stdout.splitlines()[0])["after"] == [list(right.shape)]


@pytest.mark.parametrize(
    ("axes", "k", "as_if"),
    [
        ("L", "2", "L"),
        ("HW", "2x3", "HW"),
        ("DHW", "2x2x2", "DHW"),
        ("NCHW", "2", "NCHW"),
        ("NCDHW", "2", "NCDHW"),
        ("NCDHW", "2x2x2", "NCDHW"),
    ],
)
def test_axes_that_need_not_be_said(pool, axes, k, as_if):
    array = made(axes)
    size = tuple(map(int, k.split("x")))
    count = len(as_if.strip("NC"))
    size = size if len(size) == count else size * count
    pool("max", "in.npy", "-k", k, "-o", "out.npy")
    assert np.array_equal(np.load("out.npy"), naive(array, as_if, size, np.max))


@pytest.mark.parametrize(
    ("axes", "arguments", "words"),
    [
        ("CHW", [], "say so with --data-format, one of NCL, NLC, CHW, HWC, DHW"),
        ("CHW", ["-k", "2x2"], "one of NCL, NLC, CHW, HWC, DHW"),
        ("NCHW", ["-k", "2x2x2"], "windows have height and width, and -k, -s, -p or -d gives 3"),
        ("L", ["-k", "2x2"], "windows have one axis, and -k, -s, -p or -d gives 2 numbers"),
        ("DHW", ["-k", "2x2", "--data-format", "DHW"], "windows have depth, height and width"),
        ("DHW", ["--size", "2x2", "--data-format", "DHW"], "--size and --fit are of height and"),
        ("CHW", ["--data-format", "NCDHW"], "names 5: give NCL or NLC or CHW or HWC or DHW"),
    ],
)
def test_axes_that_do_not_suit(pool, axes, arguments, words):
    made(axes)
    for dry in ([], ["--dry-run"]):
        assert words in pool("max", "in.npy", "-o", "out.npy", *arguments, *dry, code=1).stderr


def test_six_axes(pool):
    np.save("in.npy", np.ones((1,) * 6))
    assert "arrays of 1 to 5 axes are pooled" in pool("max", "in.npy", "-o", "o.npy", code=1).stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-k", "2x2x2x2"], "or depth x height x width, as 2x2x2"),
        (["-k", "2x2x2", "-s", "2x2"], "different counts of numbers"),
        (["-k", "2x2x2", "-p", "5x0x0"], "padding"),
    ],
)
def test_numbers_that_contradict(pool, arguments, words):
    made("DHW")
    assert words in pool("max", "in.npy", *arguments, "-o", "out.npy", code=2).stderr
    assert "2x3" in pool("explain", "--shape", "2x2x2", code=2).stderr
    assert "give two numbers" in pool("explain", "-k", "2x2x2", code=2).stderr


def test_strides_paddings_and_what_is_left_out(pool):
    """As torch.nn.AvgPool3d(3, 2, 1, count_include_pad=False) has it, and NaN skipped."""
    array = made("DHW")
    array[1, 2, 3] = np.nan
    np.save("in.npy", array)
    options = ["-k", "3x3x3", "-s", "2x2x2", "-p", "1x1x1", "--nan", "skip", "--count-exclude-pad"]
    pool("avg", "in.npy", *options, "-o", "out.npy")
    out = np.load("out.npy")
    assert out.shape == (3, 3, 4)
    for place in np.ndindex(out.shape):
        taps = tuple(slice(max(0, 2 * at - 1), 2 * at + 2) for at in place)
        assert out[place] == pytest.approx(np.nanmean(array[taps]), rel=1e-6)


def test_names_and_former_outputs(pool):
    made("DHW")
    assert "in.npy -> in.max2x2x2.npy" in pool("max", "in.npy", "-k", "2x2x2").stdout
    said = pool("max", ".", "-k", "2x2x2", "--skip-existing").stderr
    assert "Skipped 1 file from an earlier run" in said


@pytest.mark.parametrize("axes", ["L", "DHW"])
def test_other_operators(pool, axes):
    array = made(axes)
    size = "x".join("2" * len(axes))
    for operator, keep in (("median", np.median), ("std", np.std)):
        pool(operator, "in.npy", "-k", size, "--data-format", axes, "-o", f"{operator}.npy")
        right = naive(array, axes, (2,) * len(axes), keep)
        assert np.allclose(np.load(f"{operator}.npy"), right, rtol=1e-5)
    for operator, flag in (("blur", "-s"), ("max-blur", "-k")):
        said = pool(operator, "in.npy", flag, 2, "--data-format", axes, "-o", "b.npy", code=1)
        assert "height and width alone" in said.stderr


def test_fractional_volumes(pool):
    made("NCDHW")
    pool("fractional", "in.npy", "-k", "2", "--ratio", "0.6", "-o", "out.npy")
    assert np.load("out.npy").shape == (2, 3, 3, 3, 4)
    made("L")
    fractional = ["fractional", "in.npy", "--ratio", "0.6", "-o", "l.npy"]
    assert "height and width" in pool(*fractional, code=1).stderr


def test_large_volumes_are_mapped(pool, monkeypatch):
    monkeypatch.setattr("numbapool_cli.work.pooled._MAPPED", 0)
    for data_format in ("CDHW", "DHWC", "NLC"):
        array = made(data_format)
        np.save("in.npy", np.asfortranarray(array))
        pool("max", "in.npy", "--data-format", data_format, "-o", f"{data_format}.npy")
        axes = len(data_format.strip("NC"))
        right = naive(array, data_format, (2,) * axes, np.max)
        assert np.array_equal(np.load(f"{data_format}.npy"), right)


def test_weights_of_volumes(pool):
    array = made("DHWC")
    weights = np.random.default_rng(0).integers(0, 3, array.shape[:3]).astype(np.float32)
    weights[:2, :2, :2] = 1
    np.save("w.npy", weights)
    pool("sum", "in.npy", "--weights", "w.npy", "--data-format", "DHWC", "-o", "out.npy")
    weighed = (array * weights[..., None]).astype(np.float32)
    right = naive(weighed, "DHWC", (2, 2, 2), np.sum)
    assert np.allclose(np.load("out.npy"), right)


def test_vectors_of_volumes(pool):
    array = made("NCDHW")
    pool("spp", "in.npy", "--levels", "1,2", "-o", "out.npy")
    out = np.load("out.npy")
    assert out.shape == (2, 3 * (1 + 8))
    assert np.array_equal(out[:, :3], array.max((2, 3, 4)))
    array = made("NLC")
    pool("spp", "in.npy", "--levels", "1,3", "--data-format", "NLC", "-o", "l.npy")
    assert np.load("l.npy").shape == (2, 3 * (1 + 3))
    assert np.array_equal(np.load("l.npy")[:, :3], array.max(1))


def test_what_shows_pictures_refuses_other_axes(pool):
    made("L")
    assert "height and width" in pool("sheet", "in.npy", "-o", "s.png", code=1).stderr
    assert "not a picture" in pool("max", "in.npy", "-o", "s.png", code=1).stderr
    made("DHW")
    Path("b.csv").write_text("0,0,2,2\n")
    roi = ["roi", "in.npy", "--boxes", "b.csv", "--size", 2, "--data-format", "DHW", "-o", "r.npy"]
    assert "height and width alone" in pool(*roi, code=1).stderr
    pool("sheet", "in.npy", "--data-format", "DHW", "-o", "s.png")
    assert "shape (2, 3, 3)" in pool("info", "in.npy", "-k", "2x2x2").stdout


# --------------------------------------------------------------------------- pyramids


def test_a_pyramid_of_volumes(pool):
    array = made("DHW")
    pool("pyramid", "in.npy", "--levels", 2, "-k", "2x2x2", "--operator", "max")
    assert np.array_equal(np.load("in.max2x2x2.l1.npy"), naive(array, "DHW", (2, 2, 2), np.max))
    assert np.array_equal(np.load("in.max2x2x2.l2.npy"), naive(array, "DHW", (4, 4, 4), np.max))
    array = made("L")
    pool("pyramid", "in.npy", "--levels", 3, "-o", "l")
    assert np.allclose(np.load("l/in.l3.npy"), [array[:8].mean()])
    said = pool("pyramid", "in.npy", "--levels", 2, "-k", "2x2", "-o", "no", code=1).stderr
    assert "windows have one axis" in said


def every():
    from numbapool_cli.operators import OPERATORS

    return OPERATORS.values()


@pytest.mark.parametrize("operator", every(), ids=lambda row: row.name)
def test_a_pyramid_of_every_operator(pool, operator):
    """Level 2 is the operator's own over windows of 4, or over those of 2 of level 1."""
    array = np.random.default_rng(1).integers(0, 9, (16, 16)).astype(np.uint8)
    np.save("in.npy", array)
    own = {"percentile": ["--q", "75"], "fractional": ["--ratio", "0.5"]}
    q = own.get(operator.name, [])
    pool("pyramid", "in.npy", "--levels", 2, "--operator", operator.name, "-o", "l", *q)
    flag = "-s" if operator.windows == "blur" else "-k"
    pool(operator.name, "in.npy", flag, 2, "-o", "one.npy", *q)
    assert np.array_equal(np.load("l/in.l1.npy"), np.load("one.npy"), equal_nan=True)
    nests = "max min avg sum range rms first count any all".split()
    if operator.name in nests:
        pool(operator.name, "in.npy", flag, 4, "-o", "two.npy", *q)
    else:
        pool(operator.name, "one.npy", flag, 2, "-o", "two.npy", *q)
    assert np.array_equal(np.load("l/in.l2.npy"), np.load("two.npy"), equal_nan=True)


def test_a_pyramid_by_size(pool):
    array = np.random.default_rng(1).integers(0, 256, (60, 90)).astype(np.uint8)
    np.save("in.npy", array)
    pool("pyramid", "in.npy", "--levels", 3, "--size", "30x20", "-o", "out", "--operator", "max")
    shapes = [np.load(f"out/in.l{n}.npy").shape for n in (1, 2, 3)]
    assert shapes == [(20, 30), (7, 10), (2, 3)]
    assert np.array_equal(np.load("out/in.l1.npy"), array.reshape(20, 3, 30, 3).max((1, 3)))
    pool("pyramid", "in.npy", "--levels", 2, "--size", "50%")
    assert [np.load(f"in.avg50pc.l{n}.npy").shape for n in (1, 2)] == [(30, 45), (15, 23)]
    # Level 2 is the mean of the input, rounded once.
    pool("avg", "in.npy", "--size", "23x15", "-o", "two.npy")
    assert np.array_equal(np.load("in.avg50pc.l2.npy"), np.load("two.npy"))
    pool("pyramid", "in.npy", "--levels", 2, "--size", "50%", "--operator", "median", "-o", "m")
    pool("median", "m/in.l1.npy", "--size", "50%", "-o", "three.npy")
    assert np.array_equal(np.load("m/in.l2.npy"), np.load("three.npy"))


def test_a_size_that_makes_nothing_smaller(pool):
    np.save("in.npy", np.ones((6, 8)))
    said = pool("pyramid", "in.npy", "--levels", 2, "--size", "8x6").stderr
    assert "left out levels 1 to 2: the input is 6x8, and --size 8x6 makes it no smaller" in said
    said = pool("pyramid", "in.npy", "--levels", 9, "--size", "50%").stderr
    assert "left out levels 4 to 9: level 3 is 1x1 already" in said
    both = ["--size", "50%", "-k", 2]
    assert "leave out -k" in pool("pyramid", "in.npy", "--levels", 2, *both, code=2).stderr


def test_a_sheet_leaves_out_nodata_and_nan(pool):
    """Left-out values are no shades: others span black to white, and these are see-through."""
    array = np.tile(np.array([[-9999, 4, 0, 2], [4, 4, 2, 2]], np.float32), (8, 4))
    array[:2, :2] = -9999
    np.save("nodata.npy", array)
    np.save("nan.npy", np.where(array == -9999, np.nan, array).astype("f4"))
    from PIL import Image

    # Each side is shown 320 wide: before, a number has 20 pixels, after 40.
    for name, options in (("nan", ["--nan", "skip"]), ("nodata", ["--nodata", "-9999"])):
        pool("sheet", f"{name}.npy", *options, "-o", f"{name}.png")
        sheet = np.asarray(Image.open(f"{name}.png"))
        left, top = 24, 24 + 25  # the first panel
        before = sheet[top : top + 320, left : left + 320]
        after = sheet[top : top + 320, left + 330 : left + 650]
        assert before[50, 30:71:20].tolist() == [[255] * 3, [0] * 3, [128] * 3]  # 4, 0 and 2
        assert {tuple(each) for each in before[1:39, 1:39].reshape(-1, 3).tolist()} <= CHECKS
        assert {tuple(each) for each in after[1:39, 1:39].reshape(-1, 3).tolist()} <= CHECKS
        assert after[60, 20].tolist() == [255] * 3  # the mean of what counts


CHECKS = {(220, 220, 220), (255, 255, 255)}
