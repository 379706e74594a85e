"""--weights: what each value weighs in means and sums, from a file or from the input's archive."""

import json
from pathlib import Path

import numpy as np
import pytest
from numbapool_cli.job import MANIFEST
from pictures import picture
from PIL import Image

X = np.array([[10, 20, 0, 200], [30, 40, 100, 255]], np.uint8)
W = np.array([[1, 0, 2, 1], [0, 3, 1, 0]], np.uint8)
MEANS = [[33, 75]]  # (10 + 120) / 4 = 32.5, (0 + 200 + 100) / 4
SUMS = [[130, 300]]


@pytest.fixture
def files(pool):
    """Save an array and its weights in the kinds of files that hold them."""
    Image.fromarray(X).save("in.png")
    np.save("in.npy", X)
    np.save("w.npy", W)
    np.savez("w.npz", only=W)
    np.savez("both.npz", x=X, w=W)
    Image.fromarray(W).save("w.png")
    return pool


def test_weights_come_from_a_file(files):
    for weights in ("w.npy", "w.npz", "w.png"):
        files("avg", "in.png", "--weights", weights, "-o", f"{weights}.png")
        np.testing.assert_array_equal(np.asarray(Image.open(f"{weights}.png")), MEANS)
        files("avg,sum", "in.npy", "--weights", weights, "-o", f"out-{weights}/")
        np.testing.assert_array_equal(np.load(f"out-{weights}/in.avg2.npy"), MEANS)
        np.testing.assert_array_equal(np.load(f"out-{weights}/in.sum2.npy"), SUMS)


def test_weights_come_from_the_inputs_archive_and_are_no_input(files):
    files("avg,max", "both.npz", "--weights", "w", "-o", "out/")
    with np.load("out/both.avg2.npz") as means, np.load("out/both.max2.npz") as largest:
        assert means.files == largest.files == ["x"]
        np.testing.assert_array_equal(means["x"], MEANS)
        np.testing.assert_array_equal(largest["x"], [[40, 255]])
    content = Path("both.npz").read_bytes()
    said = files(
        "sum", "-", "--weights", "w", "-o", "out.npz", "--dry-run", "--json", input=content
    )
    assert json.loads(said.stdout.splitlines()[0])["after"] == [[1, 2]]
    files("sum", "-", "--weights", "w", "-o", "out.npz", input=content)
    with np.load("out.npz") as sums:
        np.testing.assert_array_equal(sums["x"], SUMS)


def test_black_and_white_weights_say_what_counts(files):
    Image.fromarray(W > 0).save("mask.png")
    files("avg", "in.npy", "--weights", "mask.png", "-o", "out.npy")
    np.testing.assert_array_equal(np.load("out.npy"), [[25, 100]])


@pytest.mark.parametrize(
    ("weights", "want"),
    [
        ([0.5, 0.5, 1, 3], [[25, 183]]),  # 50 / 2, (100 + 3 * 455) / 8
        ([[1], [3]], [[30, 158]]),  # (30 + 3 * 70) / 8, (200 + 3 * 355) / 8
    ],
)
def test_weights_broadcast(files, weights, want):
    np.save("row.npy", weights)
    files("avg", "in.npy", "--weights", "row.npy", "-o", "out.npy")
    np.testing.assert_array_equal(np.load("out.npy"), want)


def test_colours_and_planes_share_the_weights_of_their_pixels(files):
    colours = np.stack([X, X.T.reshape(X.shape), 255 - X], axis=-1)
    Image.fromarray(colours).save("rgb.png")
    files("avg", "rgb.png", "--weights", "w.png", "-o", "out.png")
    out = np.asarray(Image.open("out.png"))
    for channel in range(3):
        np.save("one.npy", np.ascontiguousarray(colours[..., channel]))
        files("avg", "one.npy", "--weights", "w.npy", "-o", f"{channel}.npy")
        np.testing.assert_array_equal(out[..., channel], np.load(f"{channel}.npy"))
    np.save("planes.npy", np.moveaxis(colours, -1, 0))
    files("avg", "planes.npy", "--weights", "w.npy", "--data-format", "chw", "-o", "planes.out.npy")
    np.testing.assert_array_equal(np.load("planes.out.npy"), np.moveaxis(out, -1, 0))


@pytest.mark.parametrize("linear", [[], ["--linear"]])
def test_colours_count_by_opacity_and_by_weight(files, linear):
    image = np.zeros((2, 6, 4), np.uint8)
    image[..., 0], image[..., 3] = 90, 255
    image[0, 0] = 200, 0, 0, 128
    image[:, 2:4] = 60, 0, 0, 0  # transparent
    Image.fromarray(image).save("clear.png")
    np.save("w6.npy", np.array([[3, 1, 1, 1, 0, 0], [0, 1, 1, 5, 0, 0]]))
    files("avg", "clear.png", "--weights", "w6.npy", "-o", "out.png", *linear)
    out = np.asarray(Image.open("out.png"))
    light = (lambda v: ((v / 255 + 0.055) / 1.055) ** 2.4) if linear else (lambda v: v)
    shade = (lambda v: 255 * (1.055 * v ** (1 / 2.4) - 0.055)) if linear else (lambda v: v)
    heavy, rest = 3 * 128, 2 * 255
    mean = shade((light(200) * heavy + light(90) * rest) / (heavy + rest))
    assert out[0, 0, 0] == np.floor(mean + 0.5)
    assert out[0, 0, 3] == np.floor((heavy + rest) / 5 + 0.5)
    np.testing.assert_array_equal(out[0, 1], [60, 0, 0, 0])
    np.testing.assert_array_equal(out[0, 2], [0, 0, 0, 0])  # nothing has a weight
    straight = ["--alpha", "straight", *linear]
    files("avg", "clear.png", "--weights", "w6.npy", "-o", "straight.png", *straight)
    mean = shade((light(200) * 3 + light(90) * 2) / 5)
    assert np.asarray(Image.open("straight.png"))[0, 0, 0] == np.floor(mean + 0.5)


def test_nodata_and_no_weight_are_left_out_alike(files):
    files("avg", "in.npy", "--weights", "w.npy", "--nodata", 40, "-o", "out.npy")
    np.testing.assert_array_equal(np.load("out.npy"), [[10, 75]])
    np.save("none.npy", np.array([[0, 0, 1, 1]] * 2))
    files("avg", "in.npy", "--weights", "none.npy", "--nodata", 7, "-o", "none.out.npy")
    np.testing.assert_array_equal(np.load("none.out.npy"), [[7, 139]])
    np.save("floats.npy", np.where(W == 0, np.nan, X))
    few = ("--nan", "skip", "--min-count", 3)
    files("avg", "floats.npy", "--weights", "w.npy", *few, "-o", "few.npy")
    np.testing.assert_array_equal(np.load("few.npy"), [[np.nan, 75]])


def test_a_geotiffs_own_nodata(files):
    tifffile = pytest.importorskip("tifffile")
    nodata = [(42113, 2, 0, "9", True)]
    tifffile.imwrite("w.tif", np.where(W == 0, 9, W).astype(np.uint8), extratags=nodata)
    said = files("avg", "in.npy", "--weights", "w.tif", "-o", "out.npy").stderr
    np.testing.assert_array_equal(np.load("out.npy"), MEANS)
    assert "own nodata were taken as 0" in said
    tifffile.imwrite("in.tif", np.where(W == 0, 9, X).astype(np.uint8), extratags=nodata)
    files("avg", "in.tif", "--weights", "w.npy", "-o", "out.tif")
    np.testing.assert_array_equal(tifffile.imread("out.tif"), MEANS)


@pytest.mark.parametrize(
    ("options", "want"),
    [
        (("-k", 3, "-s", 2, "-p", 1), [[10, 33], [36, 75]]),
        (("-k", 3, "-s", 2, "-p", 1, "--padding-mode", "replicate"), None),
        (("--size", "1x2"), None),
        (("-k", 3, "-p", 1, "--footprint", "cross"), None),
    ],
)
def test_windows_of_all_kinds(files, options, want):
    """A mean by weights is the quotient of two sums, of products and of weights."""
    np.save("floats.npy", X.astype(np.float64))
    files("avg", "floats.npy", "--weights", "w.npy", *options, "-o", "out.npy")
    np.save("product.npy", X.astype(np.float64) * W)
    np.save("weights.npy", W.astype(np.float64))
    for name in ("product", "weights"):
        files("sum", f"{name}.npy", *options, "-o", f"{name}.out.npy")
    with np.errstate(invalid="ignore"):
        quotient = np.load("product.out.npy") / np.load("weights.out.npy")
    np.testing.assert_allclose(np.load("out.npy"), quotient, rtol=1e-12)


def test_blurs_pyramids_and_vectors(files):
    picture("L", 8, 8).save("eight.png")
    np.save("ones.npy", np.full((8, 8), 3))
    for command in (
        ("blur",),
        ("pyramid", "--levels", 2),
        ("spp", "--levels", "1,2", "--operator", "avg"),
    ):
        files(*command, "eight.png", "--weights", "ones.npy", "-o", f"{command[0]}/")
        files(*command, "eight.png", "-o", f"plain-{command[0]}/")
        for path in Path(command[0]).iterdir():
            assert path.read_bytes() == Path(f"plain-{command[0]}", path.name).read_bytes()
    np.save("half.npy", np.arange(64).reshape(8, 8) % 2)
    files("pyramid", "--levels", 2, "eight.png", "--weights", "half.npy", "-o", "half/")
    odd = np.asarray(Image.open("eight.png"))[:, 1::2].astype(int)
    for level, size in ((1, 2), (2, 4)):
        got = np.asarray(Image.open(f"half/eight.l{level}.png"))
        parts = odd.reshape(8 // size, size, 8 // size, size // 2)
        np.testing.assert_array_equal(got, np.floor(parts.mean((1, 3)) + 0.5))


def test_a_dry_run_knows_the_type_and_what_does_not_fit(files):
    np.save("real.npy", W / 2)
    for weights, dtype in (("w.npy", "uint64"), ("real.npy", "float64")):
        said = files("sum", "in.npy", "--weights", weights, "-o", "o.npy", "--dry-run", "--json")
        assert json.loads(said.stdout.splitlines()[0])["dtype"] == dtype
        files("sum", "in.npy", "--weights", weights, "-o", f"out-{weights}")
        assert np.load(f"out-{weights}").dtype == dtype
    np.save("short.npy", W[:, :3])
    for how in ((), ("--dry-run",)):
        said = files("avg", "in.npy", "--weights", "short.npy", "-o", "no.npy", *how, code=1).stderr
        assert "its --weights have shape (2, 3), and it has (2, 4): give weights of its" in said


def test_one_file_of_weights_for_all_inputs_that_it_fits(files):
    Path("in").mkdir()
    for number in range(3):
        picture("L", 6, 4, number).save(f"in/{number}.png")
    picture("L", 6, 5).save("in/other.png")
    picture("L", 6, 4, 9).save("in/weights.png")
    said = files("avg", "in", "--weights", "in/weights.png", "-o", "out", "-j", 2, code=1)
    assert sorted(path.name for path in Path("out").iterdir()) == ["0.png", "1.png", "2.png"]
    assert "other.png" in said.stderr and "have shape (4, 6), and it has (5, 6)" in said.stderr


def test_mapped_arrays_in_planes(files, monkeypatch, random):
    from numbapool_cli.work import pooled

    monkeypatch.setattr(pooled, "_MAPPED", 1)
    x = random.integers(0, 255, (2, 3, 4, 6)).astype(np.uint8)
    weights = random.integers(0, 5, (3, 1, 6)).astype(np.uint16)
    np.save("x.npy", x)
    np.save("w3.npy", weights)
    files("sum", "x.npy", "--weights", "w3.npy", "-o", "out.npy")
    want = (x * weights.astype(int)).reshape(2, 3, 2, 2, 3, 2).sum((3, 5))
    np.testing.assert_array_equal(np.load("out.npy"), want)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ("gone.npy", "--weights gone.npy: there is no such file."),
        ("rgb.png", "--weights rgb.png: it has 3 channels (RGB), and weights are one number"),
        ("two.npz", "--weights two.npz: it holds 2 arrays, not one: save it as .npy."),
        ("two.tif", "--weights two.tif: it has several pictures, and weights are one"),
        ("text.npy", "--weights text.npy: it is of <U1, not of numbers."),
        ("bad.png", "--weights bad.png: "),
        ("folder.npy", "--weights folder.npy: it is a folder."),
    ],
)
def test_weights_that_no_input_can_have_are_a_wrong_command_line(files, weights, message):
    picture("RGB", 4, 2).save("rgb.png")
    np.savez("two.npz", a=W, b=W)
    picture("L", 4, 2).save("two.tif", save_all=True, append_images=[picture("L", 4, 2)])
    np.save("text.npy", [["a", "b"]])
    Path("bad.png").write_bytes(b"none")
    Path("folder.npy").mkdir()
    said = files("avg", "in.png", "--weights", weights, "-o", "out.png", code=2).stderr
    assert message in said and not Path("out.png").exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--divisor", 4), "divide by their sum: leave out --divisor"),
        (("-p", 1, "--padding-mode", 255), "--padding-mode 255 has no weight: give a mode by name"),
        (("-o", "w.npy", "--on-exists", "overwrite"), "the output w.npy is an input"),
    ],
)
def test_what_weights_do_not_go_with(files, arguments, message):
    end = () if "-o" in arguments else ("-o", "out.npy")
    assert message in files("avg", "in.npy", "--weights", "w.npy", *arguments, *end, code=2).stderr


@pytest.mark.parametrize(
    ("source", "weights", "message"),
    [
        ("in.png", "w", "--weights w: it is no file, which ends in .npy, .npz or a picture's"),
        ("both.npz", "v", "--weights v: it has no array 'v'; it has x, w"),
        ("w.npz", "only", "it holds no array beside 'only'"),
    ],
)
@pytest.mark.parametrize("how", [(), ("--dry-run",)])
def test_names_that_no_array_has(files, source, weights, message, how):
    output = "out.png" if source == "in.png" else "out.npz"
    said = files("avg", source, "--weights", weights, "-o", output, *how, code=1).stderr
    assert message in said


def test_weights_that_are_no_numbers_or_negative(files):
    np.save("nan.npy", np.where(W == 0, np.nan, W))
    said = files("avg", "in.npy", "--weights", "nan.npy", "-o", "out.npy", code=1).stderr
    assert "weights are NaN or infinite, and no mean of uint8 can be that: give 0" in said
    np.save("minus.npy", np.array([[2, -1, 0, 1]] * 2))
    files("avg", "in.npy", "--weights", "minus.npy", "-o", "out.npy")
    np.testing.assert_array_equal(np.load("out.npy"), [[10, 228]])


def test_only_means_and_sums_take_weights(files):
    assert "No such option" in files("max", "in.npy", "--weights", "w.npy", code=2).stderr
    said = files("spp", "in.npy", "--levels", 1, "--weights", "w.npy", "-o", "o.npy", code=2).stderr
    assert "max takes no --weights" in said


def test_an_update_knows_the_weights_by_their_content(files):
    Path("in").mkdir()
    for name in "ab":
        picture("L", 4, 2, ord(name)).save(f"in/{name}.png")

    def run(weights, *more):
        said = files("avg", "in", "--weights", weights, "-o", "out", "--update", "--json", *more)
        return [json.loads(line)["status"] for line in said.stdout.splitlines()[:-1]]

    assert run("w.npy") == ["done"] * 2
    assert run("w.npy") == ["skipped"] * 2
    Path("moved.npy").write_bytes(Path("w.npy").read_bytes())
    assert run("moved.npy") == ["skipped"] * 2
    np.save("w.npy", W[::-1])
    assert run("w.npy", "--dry-run") == ["planned"] * 2
    assert run("w.npy") == ["done"] * 2
    noted = json.loads(Path("out", MANIFEST).read_text())["outputs"]["a.png"]["options"]
    assert len(noted["weights"]) == 64
    assert (
        "there is no such file"
        in files("avg", "in", "--weights", "gone.npy", "-o", "out", "--update", code=2).stderr
    )


def test_defaults_of_a_file(files):
    Path("pool.toml").write_text('[avg]\nweights = "w.npy"\n')
    files("avg", "in.npy", "-o", "out.npy", "--config", "pool.toml")
    np.testing.assert_array_equal(np.load("out.npy"), MEANS)
