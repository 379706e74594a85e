"""Median, mode and the norms; every operator to a given size."""

import json
from pathlib import Path

import click
import naive_operators
import numpy as np
import pytest
from numbapool_cli.app import cli
from numbapool_cli.operators import OPERATORS
from pictures import mean, naive, picture, read
from PIL import Image

from numbapool import operators as library

SLIDING = [row.name for row in OPERATORS.values() if row.windows == "sliding"]


def lower_middle(window):
    flat = np.sort(window.reshape(window.shape[0] * window.shape[1], -1), 0)
    return flat[(len(flat) - 1) // 2].reshape(window.shape[2:])


def most_frequent(window):
    """Keep the colour, or label, that most pixels have; of several the smallest."""
    pixels = window.reshape(window.shape[0] * window.shape[1], -1)
    labels, counts = np.unique(pixels, axis=0, return_counts=True)
    return labels[counts.argmax()].reshape(window.shape[2:])


def expected(window):
    sizes = np.maximum(window, 0).astype(np.float64)
    total = sizes.sum((0, 1))
    return np.square(sizes).sum((0, 1)) / np.where(total > 0, total, 1)


class Kept(dict):
    """What each operator keeps of a window, as NumPy has it; the oracle's, if NumPy has it not."""

    def __missing__(self, op):
        def keep(window):
            taps = window.reshape(window.shape[0] * window.shape[1], -1).T
            return naive_operators.sliding(op, taps, 1, taps.shape[1]).reshape(window.shape[2:])

        return keep


KEEP = Kept(
    {
        "max": lambda window: window.max((0, 1)),
        "min": lambda window: window.min((0, 1)),
        "avg": mean,
        "sum": lambda window: window.sum((0, 1), np.int64),
        "lp": lambda window: np.sqrt(np.square(window, dtype=np.float64).sum((0, 1))),
        "median": lower_middle,
        "mode": most_frequent,
        "percentile": lambda window: np.percentile(window, 90, (0, 1)),
        "var": lambda window: window.var((0, 1)),
        "std": lambda window: window.std((0, 1)),
        "stochastic": expected,
    }
)
NEEDED = {
    "percentile": ("--q", "90"),
    "stochastic": ("--mode", "expected"),
    "fractional": ("--ratio", "0.34"),
}


def few(mode, width=23, height=17):
    """Make a picture of few shades, so that windows hold some of them twice."""
    return Image.fromarray(np.asarray(picture(mode, width, height)) // 90 * 90)


# ----------------------------------------------------------------------------------- median


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "I;16", "1", "CMYK"])
def test_median_of_each_channel(pool, mode):
    source = picture(mode, 23, 17)
    source.save("in.tif")
    pool("median", "in.tif", "-o", "out.tif")
    assert read("out.tif").mode == mode
    assert np.array_equal(read("out.tif"), naive(np.asarray(source), 2, lower_middle))


def test_median_takes_no_speckles_along(pool):
    array = np.full((9, 9, 3), (10, 20, 30), np.uint8)
    array[::3, ::3] = 255
    Image.fromarray(array).save("in.png")
    pool("median", "in.png", "-k", 3, "-o", "out.png")
    assert (np.asarray(read("out.png")) == (10, 20, 30)).all()


# ------------------------------------------------------------------------------------- mode


@pytest.mark.parametrize("suffix", ["png", "gif", "tif", "bmp"])
def test_mode_keeps_palette_and_indices(pool, suffix):
    """A label map stays one: its classes' numbers and colours are those that were there."""
    random = np.random.default_rng(3)
    labels = random.integers(0, 9, (31, 22), np.uint8)
    colours = random.integers(0, 256, (9, 3), np.uint8)
    image = Image.fromarray(labels)
    image.putpalette(colours.tobytes())
    assert image.mode == "P"
    image.save(f"in.{suffix}", **({"optimize": False} if suffix == "gif" else {}))
    pool("mode", f"in.{suffix}", "-k", 3, "-o", f"out.{suffix}")
    out = read(f"out.{suffix}")
    assert out.mode == "P"
    wanted = naive(labels, 3, most_frequent)
    assert np.array_equal(out.convert("RGB"), colours[wanted])
    if suffix != "gif":  # Pillow gives a GIF's colours new numbers
        assert np.array_equal(out, wanted)
    pool("mode", f"in.{suffix}", "-k", 3, "-o", "out.npy")
    assert np.array_equal(np.load("out.npy"), wanted)


@pytest.mark.parametrize("alpha", ["one", "many"])
def test_mode_keeps_transparency(pool, alpha):
    random = np.random.default_rng(4)
    labels = random.integers(0, 5, (12, 12), np.uint8)
    colours = random.integers(0, 256, (5, 4), np.uint8)
    colours[:, 3] = 255
    colours[2, 3] = 0
    if alpha == "many":
        colours[3, 3] = 100
    image = Image.fromarray(labels)
    image.putpalette(colours.tobytes(), "RGBA")
    image.save("in.png")
    pool("mode", "in.png", "-o", "out.png")
    out = read("out.png")
    assert out.mode == "P"
    wanted = colours[naive(labels, 2, most_frequent)]
    assert np.array_equal(out.convert("RGBA"), wanted)
    if alpha == "one":
        pool("mode", "in.png", "-o", "out.gif")
        clear = np.asarray(read("out.gif").convert("RGBA"))
        assert np.array_equal(clear[..., 3], wanted[..., 3])
        assert np.array_equal(clear[wanted[..., 3] > 0], wanted[wanted[..., 3] > 0])
    else:
        assert "transparent" in pool("mode", "in.png", "-o", "out.gif", code=1).stderr
    assert "transparent" in pool("mode", "in.png", "-o", "out.tif", code=1).stderr


def test_a_palette_that_a_format_lacks(pool):
    picture("RGB", 8, 8).quantize(8).save("in.png")
    result = pool("mode", "in.png", "-o", "out.jpg", code=1)
    assert "JPEG holds no palette" in result.stderr
    assert ".png" in result.stderr


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_mode_keeps_whole_colours(pool, mode):
    source = few(mode)
    source.save("in.png")
    pool("mode", "in.png", "-k", 4, "-o", "out.png")
    before, after = np.asarray(source), np.asarray(read("out.png"))
    assert np.array_equal(after, naive(before, 4, most_frequent))
    result = pool("mode", "in.png", "--nodata", 0, "-o", "no.png", code=1)
    assert "--nodata" in result.stderr


def test_mode_invents_no_colour(pool):
    array = np.array([[[1, 2, 3], [1, 9, 9], [8, 2, 9], [8, 9, 3], [8, 9, 3]]], np.uint8)
    Image.fromarray(array).save("in.png")
    pool("mode", "in.png", "-k", "1x5", "-o", "out.png")
    assert np.asarray(read("out.png")).tolist() == [[[8, 9, 3]]]
    pool("mode", "in.png", "-k", "1x3", "--edge", "trim", "-o", "three.png")
    assert np.asarray(read("three.png")).tolist() == [[[1, 2, 3]]]  # of several the smallest


@pytest.mark.parametrize("dtype", ["u1", "i2", "u2", "i4", "u4", "i8", "u8", ">i4"])
def test_labels_of_any_integers(pool, random, dtype):
    info = np.iinfo(dtype)
    labels = random.choice(np.array([info.min, 0, 1, info.max], dtype), (14, 12))
    np.save("in.npy", labels)
    pool("mode", "in.npy", "-k", 3, "--ceil", "-o", "out.npy")
    out = np.load("out.npy")
    assert out.dtype == labels.dtype.newbyteorder("=")
    assert np.array_equal(out, naive(labels, 3, most_frequent))


def test_labels_of_nothing_are_left_out(pool):
    np.save("in.npy", np.array([[0, 0, 0, 7], [0, 5, 5, 0]], np.int16))
    pool("mode", "in.npy", "--nodata", 0, "-o", "out.npy")
    assert np.load("out.npy").tolist() == [[5, 5]]


def test_mode_of_channels_of_an_array(pool, random):
    array = random.integers(0, 3, (9, 9, 4))
    np.save("in.npy", array)
    pool("mode", "in.npy", "--data-format", "HWC", "-k", 3, "-o", "out.npy")
    wanted = [naive(array[..., n], 3, most_frequent) for n in range(4)]
    assert np.array_equal(np.load("out.npy"), np.stack(wanted, -1))


def test_dry_run_foretells_indices(pool):
    picture("RGB", 10, 8).quantize(8).save("in.png")
    assert "(10×8 -> 5×4) uint8" in pool("mode", "in.png", "-o", "out.png", "--dry-run").stdout
    assert "(10×8 -> 5×4)" in pool("max", "in.png", "-o", "out.png", "--dry-run").stdout


# -------------------------------------------------------------------------------------- lp


@pytest.mark.parametrize(
    ("dtype", "norm", "exponent"),
    [("f4", None, 2), ("f8", "1", 1), ("i2", None, 2), ("u1", "3", 3), ("u1", "2.5", 2.5)],
)
def test_norms(pool, random, dtype, norm, exponent):
    array = random.integers(0, 50, (8, 8)).astype(dtype)
    np.save("in.npy", array)
    pool("lp", "in.npy", *(["--norm", norm] if norm else []), "-o", "out.npy")
    out = np.load("out.npy")
    assert out.dtype == ("f4" if dtype == "f4" else "f8")
    wide = np.abs(array.astype(np.float64)) ** exponent
    wanted = naive(wide, 2, lambda window: window.sum()) ** (1 / exponent)
    np.testing.assert_allclose(out, wanted, rtol=1e-6 if dtype == "f4" else 1e-13)


def test_the_largest_size(pool):
    np.save("in.npy", np.array([[-3, 2], [1, 0]]))
    pool("lp", "in.npy", "--norm", "inf", "-o", "out.npy")
    assert np.load("out.npy").tolist() == [[3.0]]


@pytest.mark.parametrize("norm", ["0", "-1", "nan", "two", ""])
def test_norms_that_are_none(pool, norm):
    np.save("in.npy", np.ones((4, 4)))
    result = pool("lp", "in.npy", "--norm", norm, "-o", "out.npy", code=2)
    assert "is not a norm" in result.stderr


def test_norms_leave_out_nan(pool):
    np.save("in.npy", np.array([[3.0, np.nan, 4.0, np.nan]]))
    pool("lp", "in.npy", "-k", "1x4", "--nan", "skip", "-o", "out.npy")
    assert np.load("out.npy").tolist() == [[5.0]]


def test_norms_of_pictures_are_no_pictures(pool):
    picture("L", 8, 8).save("in.png")
    result = pool("lp", "in.png", "-o", "out.png", code=1)
    assert "float64" in result.stderr
    assert ".npy or .tif" in result.stderr
    assert not Path("out.png").exists()
    pool("lp", "in.png", "-o", "out.npy")
    assert np.load("out.npy").dtype == np.float64
    pool("lp", "in.png", "-o", "single.tif", "--clip")
    assert np.array_equal(read("single.tif"), np.load("out.npy").astype(np.float32))
    planned = pool("lp", "in.png", "-o", "new.npy", "--dry-run").stdout
    assert "float64" in planned


def test_norms_in_a_tiff_are_whole_or_refused(pool, monkeypatch):
    import sys

    picture("L", 8, 8).save("in.png")
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "tifffile", None)
        result = pool("lp", "in.png", "-o", "out.tif", code=1)
        assert "numbapool[deep]" in result.stderr
        assert "--clip" in result.stderr
    tifffile = pytest.importorskip("tifffile", reason="the extra 'deep' is not installed")
    pytest.importorskip("imagecodecs", reason="the extra 'deep' is not installed")
    pool("lp", "in.png", "-o", "out.tif")
    pool("lp", "in.png", "-o", "out.npy")
    assert np.array_equal(tifffile.imread("out.tif"), np.load("out.npy"))


# ----------------------------------------------------------------------------- a given size


def covering(length, count):
    """Give the windows, as many as asked, that cover a length."""
    return [slice(n * length // count, -(-(n + 1) * length // count)) for n in range(count)]


def to_size(array, height, width, keep):
    rows, columns = covering(array.shape[0], height), covering(array.shape[1], width)
    return np.array([[keep(array[row, column]) for column in columns] for row in rows])


@pytest.mark.parametrize("operator", SLIDING)
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_every_operator_pools_to_a_size(pool, operator, mode):
    source = few(mode)
    source.save("in.png")
    needed = NEEDED.get(operator, ())
    pool(operator, "in.png", *needed, "--size", "10x7", "-o", "out.npy")
    wanted = to_size(np.asarray(source), 7, 10, KEEP[operator])
    out = np.load("out.npy")
    if out.dtype.kind == "f":
        np.testing.assert_allclose(out, wanted, rtol=1e-14, atol=1e-12)
    else:
        assert np.array_equal(out, wanted)
    pool(operator, "in.png", *needed, "--size", "50%", "-o", "share.npy")
    assert np.load("share.npy").shape[:2] == (9, 12)


@pytest.mark.parametrize("operator", SLIDING)
def test_every_operator_pools_arrays_to_a_size(pool, random, operator):
    array = random.integers(-9, 9, (2, 3, 11, 13))
    np.save("in.npy", array)
    pool(operator, "in.npy", *NEEDED.get(operator, ()), "--size", "4x5", "-o", "out.npy")
    planes = array.reshape(6, 11, 13)
    wanted = np.array([to_size(plane, 5, 4, KEEP[operator]) for plane in planes])
    np.testing.assert_allclose(np.load("out.npy"), wanted.reshape(2, 3, 5, 4), rtol=1e-13)


def test_alpha_weighs_colour_at_a_size(pool):
    array = np.array(picture("RGBA", 23, 17))
    array[:8, :8, 3] = 0
    Image.fromarray(array).save("in.png")
    pool("avg", "in.png", "--size", "10x7", "-o", "out.png")

    def weighed(window):
        colour, alpha = window[..., :-1].astype(int), window[..., -1:].astype(int)
        total = alpha.sum()
        if total == 0:
            return mean(window)
        return [*((2 * (colour * alpha).sum((0, 1)) + total) // (2 * total)), *mean(alpha)]

    assert np.array_equal(read("out.png"), to_size(array, 7, 10, weighed))


@pytest.mark.parametrize("mode", ["L", "RGB", "LA", "RGBA"])
def test_linear_light_at_a_size(pool, mode):
    picture(mode, 24, 16).save("in.png")
    pool("avg", "in.png", "--linear", "--size", "12x8", "-o", "size.png")
    pool("avg", "in.png", "--linear", "-k", 2, "-o", "two.png")
    assert np.array_equal(read("size.png"), read("two.png"))


def test_linear_light_of_what_is_no_srgb_is_refused(pool):
    picture("CMYK", 8, 8).save("in.tif")
    assert "not CMYK" in pool("avg", "in.tif", "--linear", "-o", "out.tif", code=1).stderr
    np.save("in.npy", np.zeros((4, 4), np.uint8))
    assert "not arrays" in pool("avg", "in.npy", "--linear", "-o", "out.npy", code=1).stderr


def test_linear_light_of_deep_grey(pool):
    array = np.array([[0, 65535]], np.uint16)
    Image.fromarray(array).save("in.png")
    pool("avg", "in.png", "-k", "1x2", "--linear", "-o", "out.png")
    assert np.asarray(read("out.png")).tolist() == [[48192]]  # sRGB's shade of half the light


def test_what_is_left_out_at_a_size(pool):
    np.save("in.npy", np.array([[1, np.nan, 3, 9]], np.float32))
    for operator, kept in {"max": 3, "min": 1, "avg": 2, "sum": 4, "median": 2}.items():
        pool(operator, "in.npy", "--size", "1x1", "--nan", "skip", "--nodata", 9, "-o", "-",
             "--format", "npy", "--quiet")  # fmt: skip
        pool(operator, "in.npy", "--size", "1x1", "--nan", "skip", "--nodata", 9,
             "-o", f"{operator}.npy")  # fmt: skip
        assert np.load(f"{operator}.npy").tolist() == [[kept]]


def test_rounding_at_a_size(pool):
    np.save("in.npy", np.array([[0, 1]], np.uint8))
    for rounding, kept in {"half_up": 1, "half_even": 0, "floor": 0}.items():
        pool("avg", "in.npy", "--size", "1x1", "--rounding", rounding, "-o", f"{rounding}.npy")
        assert np.load(f"{rounding}.npy").tolist() == [[kept]]


def test_one_divisor_for_windows_of_several_counts_is_refused(pool):
    picture("L", 8, 8).save("in.png")
    result = pool("avg", "in.png", "--size", "3x3", "--divisor", 4, "-o", "out.png", code=2)
    assert "leave out --divisor" in result.stderr


# ------------------------------------------------------------------ percentiles and variances


@pytest.mark.parametrize("operator", ["percentile", "var", "std"])
def test_what_percentiles_and_variances_leave_out(pool, operator):
    np.save("in.npy", np.array([[1.0, np.nan, 2.0, 9.0, 6.0]]))
    pool(operator, "in.npy", *NEEDED.get(operator, ()), "-k", "1x5", "--nan", "skip",
         "--nodata", 9, "-o", "out.npy")  # fmt: skip
    wanted = KEEP[operator](np.array([[1.0, 2.0, 6.0]]))
    np.testing.assert_allclose(np.load("out.npy"), [[wanted]], rtol=1e-14)


def test_a_samples_variance(pool):
    np.save("in.npy", np.array([[1, 2], [3, 6]], np.uint8))
    pool("var", "in.npy", "--correction", 1, "-o", "out.npy")
    assert np.load("out.npy").tolist() == [[14 / 3]]
    pool("std", "in.npy", "-o", "out.npy", "--on-exists", "overwrite")
    assert np.load("out.npy").tolist() == [[3.5**0.5]]


def test_which_percentile_must_be_said(pool):
    picture("L", 8, 8).save("in.png")
    for arguments in (
        ("percentile", "in.png"),
        ("sheet", "in.png", "--operator", "percentile", "-o", "sheet.png"),
    ):
        assert "percentile needs --q, as --q 90" in pool(*arguments, code=2).stderr
    assert "--q" in pool("percentile", "in.png", "--q", 101, code=2).stderr


@pytest.mark.parametrize("operator", OPERATORS)
def test_the_kind_of_a_result_is_told_before(pool, operator):
    """A dry run, `pool info` and the run itself agree on the shape and the type."""
    np.save("in.npy", np.zeros((6, 9), np.uint8))
    flag = "-s" if operator == "blur" else "-k"
    arguments = (operator, "in.npy", *NEEDED.get(operator, ()), flag, 3, "-o", "out.npy")
    planned = json.loads(pool(*arguments, "--dry-run", "--json").stdout.splitlines()[0])
    info = json.loads(pool("info", "in.npy", "-k", 3, "--operator", operator, "--json").stdout)
    pool(*arguments)
    out = np.load("out.npy")
    assert (planned["dtype"], planned["after"]) == (out.dtype.name, [list(out.shape)])
    (part,) = info["parts"]
    assert (part["dtype"], part["pooled"]) == (out.dtype.name, list(out.shape))


# ------------------------------------------------------------------------------ the commands


def test_the_command_has_every_operator_of_the_library():
    for name, row in library.OPERATORS.items():
        own = {parameter.name for parameter in row.parameters} - {"return_indices"}
        assert OPERATORS[name].parameters == own
    assert set(SLIDING) == set(library.OPERATORS)


def test_options_that_an_operator_does_not_take(pool):
    picture("L", 8, 8).save("in.png")
    said = pool("sheet", "in.png", "-o", "out.png", "--operator", "max", "--linear", code=2).stderr
    assert "max takes no --linear: leave it out" in said
    said = pool("pyramid", "in.png", "--levels", 1, "--operator", "min", "--rounding", "floor",
                code=2).stderr  # fmt: skip
    assert "min takes no --rounding: leave it out" in said


@pytest.mark.parametrize(
    ("typed", "meant"), [("majority", "mode"), ("norm", "lp"), ("medain", "median")]
)
def test_did_you_mean(pool, typed, meant):
    assert f"Did you mean '{meant}'?" in pool(typed, "a.png", code=2).stderr


def test_operators_have_their_own_options():
    context = click.Context(cli)

    def options(name):
        return {option for row in cli.get_command(context, name).params for option in row.opts}

    assert "--norm" in options("lp")
    assert not {"--norm", "--linear", "--rounding"} & options("median")
    assert not {"--norm", "--linear", "--alpha"} & options("mode")
