"""Outputs of a size: --fit by exact areas, files that fit already, and sizes that surprise."""

import json

import naive_kinds
import numpy as np
import pytest
from numbapool_cli.job import OutputSize
from numbapool_cli.windows import fitted
from pictures import picture, read
from PIL import Image

import numbapool as nbp

UNCHANGED = "note: what fits already was copied unchanged"


def areas(array, size):
    """Return the mean over exact areas of a picture's pixels, in float64."""
    planes = np.moveaxis(array, -1, 0) if array.ndim == 3 else array
    means = naive_kinds.area_means(planes, size)
    return np.moveaxis(means, 0, -1) if array.ndim == 3 else means


@pytest.mark.parametrize(
    ("size", "box", "want"),
    [
        ((1601, 1067), (1600, 1600), (1600, 1066)),  # 1066.33
        ((6000, 4000), (1600, 1600), (1600, 1067)),  # 1066.67
        ((4000, 6000), (1600, 1200), (800, 1200)),
        ((3, 2), (2, 2), (2, 1)),  # 1.33
        ((6, 5), (3, 9), (3, 3)),  # 2.5 is rounded half up
        ((1000, 1), (10, 10), (10, 1)),  # 0.01
        ((30, 20), (30, 20), (30, 20)),
        ((30, 20), (300, 200), (30, 20)),
        ((30, 20), (300, 10), (15, 10)),
    ],
)
def test_the_size_that_fits(size, box, want):
    assert fitted(*size[::-1], OutputSize(*box)) == want[::-1]


def test_the_size_that_fits_is_the_largest_of_the_shape():
    random = np.random.default_rng(3)
    for _ in range(200):
        height, width, high, wide = map(int, random.integers(1, 50, 4))
        got = fitted(height, width, OutputSize(wide, high))
        scale = min(high / height, wide / width, 1)
        want = [max(1, int(np.floor(side * scale + 0.5 + 1e-12))) for side in (height, width)]
        assert list(got) == want
        assert got[0] <= high
        assert got[1] <= wide


@pytest.mark.parametrize("mode", ["L", "RGB", "I;16"])
def test_means_are_of_exact_areas(pool, mode):
    photo = picture(mode, 41, 31)
    photo.save("in.png")
    pool("avg", "in.png", "--fit", 16, "-o", "out.png")
    got, want = np.asarray(read("out.png")), areas(np.asarray(photo), (12, 16))
    assert got.shape == want.shape
    assert np.abs(got - want).max() <= 0.5


def test_50_random_sizes(pool):
    random = np.random.default_rng(4)
    boxes = random.integers(1, 40, (50, 2)).tolist()
    for n, (wide, high) in enumerate(boxes):
        shape = tuple(random.integers(2, 30, 2))
        np.save(f"{n}.npy", random.integers(0, 256, shape, np.uint8))
        pool("avg", f"{n}.npy", "--fit", f"{wide}x{high}", "-o", f"out{n}.npy")
        size = fitted(*shape, OutputSize(wide, high))
        assert np.abs(np.load(f"out{n}.npy") - areas(np.load(f"{n}.npy"), size)).max() <= 0.5


def test_other_operators_have_windows_that_cover(pool):
    photo = picture("L", 41, 31)
    photo.save("in.png")
    for name in ("max", "median"):
        pool(name, "in.png", "--fit", "16x16", "-o", f"{name}.png")
        want = nbp.Pool.adaptive(name, (12, 16))(np.asarray(photo))
        assert np.array_equal(read(f"{name}.png"), want)


def test_a_box_is_for_the_picture_as_it_is_shown(pool):
    exif = Image.Exif()
    exif[0x0112] = 6  # it is stored lying on its side
    picture("L", 40, 30).save("in.jpg", exif=exif)
    pool("avg", "in.jpg", "--fit", "15x40", "-o", "out.png")
    assert read("out.png").size == (15, 20)


def test_colours_are_weighed_by_area_and_alpha(pool):
    photo = np.asarray(picture("RGBA", 13, 11))
    photo = np.where(np.arange(13)[:, None] % 4 == 0, photo * (1, 1, 1, 0), photo).astype(np.uint8)
    Image.fromarray(photo).save("in.png")
    pool("avg", "in.png", "--fit", 5, "-o", "out.png")
    got = np.asarray(read("out.png")).astype(float)
    alpha = photo[..., 3:].astype(float)
    seen = areas(alpha, (4, 5))
    colour = areas(photo[..., :3] * alpha, (4, 5)) / np.where(seen == 0, 1, seen)
    assert np.abs(got[..., 3:] - seen).max() <= 0.5
    assert np.abs(got[..., :3] - colour)[seen[..., 0] > 0].max() <= 0.5 + 1e-9


def test_light_is_averaged_over_areas(pool):
    photo = picture("L", 13, 11)
    photo.save("in.png")
    pool("avg", "in.png", "--fit", 5, "--linear", "-o", "out.png")
    shade = np.asarray(photo) / 255
    light = areas(
        np.where(shade <= 0.04045, shade / 12.92, ((shade + 0.055) / 1.055) ** 2.4), (4, 5)
    )
    want = np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)
    assert np.abs(np.asarray(read("out.png")) - 255 * want).max() <= 0.5 + 1e-9


def test_what_does_not_count_leaves_its_area_out(pool):
    x = np.arange(1, 78, dtype=np.float32).reshape(7, 11)
    x[2:5, 3:6] = np.nan
    np.save("in.npy", x)
    pool("avg", "in.npy", "--fit", 4, "--nan", "skip", "-o", "out.npy")
    held = areas(~np.isnan(x), (3, 4))
    np.testing.assert_allclose(np.load("out.npy"), areas(np.nan_to_num(x), (3, 4)) / held, 1e-6)
    np.save("whole.npy", np.nan_to_num(x).astype(np.int16))
    pool("avg", "whole.npy", "--fit", 4, "--nodata", 0, "--min-count", "90%", "-o", "marked.npy")
    assert np.array_equal(np.load("marked.npy") == 0, held < 0.9)


# ------------------------------------------------------------------- what fits already


@pytest.mark.parametrize("name", ["in.jpg", "in.png", "in.gif", "in.tif", "in.npy"])
def test_what_fits_is_copied(pool, tmp_path, name):
    if name == "in.npy":
        np.save(name, np.asfortranarray(np.arange(12.0).reshape(3, 4)))
    else:
        picture("P" if name == "in.gif" else "RGB", 40, 30).save(name)
    dry = pool("avg", name, "--fit", "40x40", "-o", "out/", "--dry-run")
    said = pool("avg", name, "--fit", "40x40", "-o", "out/")
    assert UNCHANGED in said.stderr
    assert UNCHANGED in dry.stderr
    assert (tmp_path / "out" / name).read_bytes() == (tmp_path / name).read_bytes()


@pytest.mark.parametrize(
    "asked", [["--quality", "90"], ["--metadata", "none"], ["--format", "webp"], ["--lossless"]]
)
def test_an_option_for_the_output_writes_it_anew(pool, tmp_path, asked):
    picture("RGB", 40, 30).save("in.jpg", dpi=(72, 72))
    for name in ("in.jpg",) if "--lossless" not in asked else ("in.webp",):
        if name == "in.webp":
            read("in.jpg").save(name)
        said = pool("avg", name, "--fit", 50, "-o", "out/", *asked)
        (made,) = (tmp_path / "out").iterdir()
        assert made.read_bytes() != (tmp_path / name).read_bytes()
        assert read(str(made)).size == (40, 30)
        assert UNCHANGED not in said.stderr


def test_results_that_are_not_the_value_itself_are_not_copied(pool):
    picture("L", 4, 3).save("in.png")
    pool("range", "in.png", "--fit", 9, "-o", "out.png")
    assert not np.asarray(read("out.png")).any()
    np.save("in.npy", np.ones((3, 4), bool))
    pool("avg", "in.npy", "--fit", 9, "-o", "out.npy")
    assert np.load("out.npy").dtype == np.float32


def test_a_broken_file_is_not_copied(pool, tmp_path):
    picture("RGB", 40, 30).save("in.png")
    whole = (tmp_path / "in.png").read_bytes()
    (tmp_path / "in.png").write_bytes(whole[: len(whole) // 2])
    assert "cut short" in pool("avg", "in.png", "--fit", 50, "-o", "out.png", code=1).stderr
    assert not (tmp_path / "out.png").exists()


def test_standard_input_that_fits(pool, tmp_path):
    picture("RGB", 40, 30).save("in.png")
    whole = (tmp_path / "in.png").read_bytes()
    said = pool("avg", "-", "--fit", 50, "-o", "-", "--format", "png", input=whole)
    assert said.stdout_bytes == whole


def test_frames_of_which_one_does_not_fit(pool):
    first, second = picture("L", 40, 30), picture("L", 20, 10)
    first.save("in.tif", save_all=True, append_images=[second])
    pool("avg", "in.tif", "--fit", 30, "-o", "out.tif")
    with Image.open("out.tif") as made:
        sizes = []
        for n in range(made.n_frames):
            made.seek(n)
            sizes.append(made.size)
    assert sizes == [(30, 23), (20, 10)]


# ------------------------------------------------------------------- mistakes and surprises


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("sum", "--fit", "8"), "--fit-window 8x8"),
        (("avg,sum", "--fit", "8"), "--fit-window 8x8"),
        (("avg", "--fit", "8", "--edge", "trim"), "leave out --edge, or --fit-window 8x8"),
        (("avg", "--fit", "8x6", "--ceil"), "leave out --ceil, or --fit-window 8x6"),
        (("avg", "--fit", "8", "--divisor", "2"), "leave out --divisor, or --fit-window"),
        (("avg", "--fit", "8", "--fit-window", "8"), "--fit and --fit-window each say"),
        (("avg", "--fit", "8", "-k", "2"), "leave out -k"),
        (("avg", "--fit", "0"), "or the longest side, as 1600"),
        (("avg", "--fit-window", "x8"), "or the longest side, as 1600"),
    ],
)
def test_what_does_not_go_together(pool, arguments, message):
    picture("L", 20, 10).save("in.png")
    operator, *rest = arguments
    said = pool(operator, "in.png", *rest, "-o", "out/", code=2).stderr
    assert message in " ".join(said.split())


def test_whole_windows_that_fit(pool):
    picture("L", 40, 30).save("in.png")
    for name, more in (("partial", []), ("trim", ["--edge", "trim"])):
        pool("sum", "in.png", "--fit-window", 16, *more, "-o", f"{name}.npy")
        pool("sum", "in.png", "-k", 3, *more, "-o", f"{name}3.npy")
        assert np.array_equal(np.load(f"{name}.npy"), np.load(f"{name}3.npy"))


@pytest.mark.parametrize(
    ("asked", "note"),
    [
        (["--size", "20x20"], "--size 20x20 changed the shape of inputs; --fit 20x20 keeps it"),
        (["--size", "60x20"], "--size 60x20 enlarged inputs; --fit 60x20 never does"),
        (["-k", "31"], "-k 31 is larger than some inputs: it took what they have"),
        (["-k", "3x45"], "-k 3x45 is larger than some inputs"),
        (["--size", "20x15"], ""),
        (["--size", "13x10"], ""),  # 9.75
        (["--size", "25%"], ""),
        (["-k", "30"], ""),
        (["--fit", "13"], ""),
    ],
)
def test_sizes_that_surprise(pool, asked, note):
    picture("L", 40, 30).save("a.png")
    picture("L", 40, 30, seed=1).save("b.png")
    for more in ([], ["--dry-run"]):
        said = pool(
            "max", "a.png", "b.png", *asked, *more, "-o", "out/", "--on-exists", "overwrite"
        )
        assert note in said.stderr
        assert said.stderr.count("note:") == bool(note)


def test_notes_as_json(pool):
    np.save("in.npy", np.zeros((6, 4)))
    said = pool("avg", "in.npy", "--size", "4x4", "-o", "out.npy", "--json").stdout
    assert "changed the shape" in json.loads(said.splitlines()[0])["notes"][0]


def test_info_says_the_size(pool):
    picture("RGB", 41, 31).save("in.png")
    assert "--fit 16x16: 16×12" in pool("info", "in.png", "--fit", 16).stdout
    assert "--fit 50x50: 41×31" in pool("info", "in.png", "--fit", 50).stdout
    assert "--fit-window 16x16: 14×11" in pool("info", "in.png", "--fit-window", 16).stdout
    assert "--fit-window" in pool("info", "in.png", "--operator", "sum", "--fit", 9, code=2).stderr


def test_explain_draws_the_parts(pool):
    said = pool("explain", "--fit", 5, "--shape", "8x8").stdout
    assert "floor(i * 8 / 5)" in said
    assert "by the part of it that lies in each" in said
