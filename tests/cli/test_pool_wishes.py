"""The wishes of the command's README: each row is run, and its result checked by its own test."""

import json
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from pictures import naive, read, windows
from PIL import Image, ImageCms, ImageOps
from wishes import arrays, desk, files, run, times, wishes

WISHES = wishes()
CHECKS: dict[str, Callable[..., None]] = {}
"""What to check of each row, by what is wanted; each gets the result, and a way to run it again."""


def wish(want: str) -> Callable:
    """Say of which row a function checks the result."""

    def keep(check: Callable[..., None]) -> Callable[..., None]:
        assert want not in CHECKS
        CHECKS[want] = check
        return check

    return keep


def test_there_are_forty_and_each_is_checked():
    assert len(WISHES) == 40
    assert [row.want for row in WISHES] == list(CHECKS)


@pytest.mark.parametrize("row", WISHES, ids=lambda row: row.name)
def test_a_wish_comes_true(pool, row):
    desk(Path.cwd())
    CHECKS[row.want](run(pool, row.command), lambda: run(pool, row.command))


# ---------------------------------------------------------------------------- photos


def near(path: str, right: Image.Image) -> None:
    """Check a picture that JPEG holds: its size, its pixels, and how bright it is on the whole."""
    found = np.asarray(read(path), float)
    assert found.shape == np.asarray(right).shape
    apart = found - np.asarray(right)
    assert np.abs(apart).mean() < 4
    assert abs(apart.mean()) < 0.5


def same(path: str, right: Image.Image | np.ndarray) -> None:
    (found,) = arrays(Path(path))
    assert np.array_equal(found, np.asarray(right))


def upright() -> Image.Image:
    return ImageOps.exif_transpose(read("phone.jpg"))


@wish("half the size")
def _(result, again):
    same("half.png", read("photo.png").reduce(2))


@wish("a quarter of each side")
def _(result, again):
    same("quarter.png", read("photo.png").reduce(4))


@wish("the longest side at 1600, smaller photos as they are")
def _(result, again):
    near("fit.jpg", read("photo.jpg").resize((1600, 2), Image.Resampling.BOX))
    small = Path("phone.jpg").rename("photo.jpg").read_bytes()
    Path("fit.jpg").unlink()
    again()
    assert Path("fit.jpg").read_bytes() == small


@wish("a phone's photo upright, EXIF and colour profile kept")
def _(result, again):
    near("upright.jpg", upright().reduce(2))
    exif, before = read("upright.jpg").getexif(), read("phone.jpg").getexif()
    assert exif.get(0x0112, 1) == 1
    assert exif[0x0110] == before[0x0110]
    assert exif.get_ifd(0x8825) == before.get_ifd(0x8825)
    assert read("upright.jpg").info["icc_profile"] == read("phone.jpg").info["icc_profile"]


@wish("no place and no camera in the file, but its colour profile")
def _(result, again):
    near("public.jpg", upright().reduce(2))
    assert not read("public.jpg").getexif()
    assert b"Phone" not in Path("public.jpg").read_bytes()
    assert read("public.jpg").info["icc_profile"] == read("phone.jpg").info["icc_profile"]


@wish("colours that look right anywhere: sRGB")
def _(result, again):
    own = ImageCms.ImageCmsProfile(BytesIO(read("phone.jpg").info["icc_profile"]))
    right = ImageCms.profileToProfile(upright().reduce(2), own, ImageCms.createProfile("sRGB"))
    near("srgb.jpg", right)
    assert np.abs(np.asarray(right, float) - np.asarray(upright().reduce(2))).mean() > 8


@wish("an animation smaller, each frame as long as before")
def _(result, again):
    before = arrays(Path("clip.gif"), "RGB")
    for frame, small in zip(before, arrays(Path("small.gif"), "RGB"), strict=True):
        assert np.array_equal(small, Image.fromarray(frame).reduce(2))
    assert times("small.gif") == [100, 40, 250]


@wish("a logo without dark fringes")
def _(result, again):
    logo = np.asarray(read("logo.png"), float).reshape(8, 2, 8, 2, 4)
    alpha = logo[..., 3:]
    weight = np.maximum(alpha.sum((1, 3)), 1)
    seen = np.floor((logo[..., :3] * alpha).sum((1, 3)) / weight + 0.5)
    (found,) = arrays(Path("logo2.png"))
    assert np.array_equal(found[..., 3], np.floor(alpha.mean((1, 3)) + 0.5)[..., 0])
    assert np.array_equal(found[found[..., 3] > 0][:, :3], seen[found[..., 3] > 0])


@wish("a transparent logo on white, as JPEG")
def _(result, again):
    white = Image.new("RGBA", (16, 16), "white")
    white.alpha_composite(read("logo.png"))
    assert read("logo.jpg").mode == "RGB"
    near("logo.jpg", white.convert("RGB").reduce(2))
    assert np.asarray(read("logo.jpg"))[:3, :3].min() > 240  # where nothing is


# ---------------------------------------------------------------------------- folders


def halves(folder: str, name: str) -> None:
    """Check that a folder mirrors the photos, each at half its size."""
    names = {Path("photos/a.png"): "a", Path("photos/deep/b.png"): "deep/b"}
    for photo, stem in names.items():
        same(f"{folder}/{name.format(stem)}", read(photo).reduce(2))


@wish("a folder and those below it, mirrored")
def _(result, again):
    halves("small", "{}.png")
    assert files(Path("small")) == {Path("a.png"), Path("deep/b.png")}


@wish("all as WebP of quality 80")
def _(result, again):
    for name in ("a", "deep/b"):
        data = BytesIO()
        read(f"photos/{name}.png").reduce(2).save(data, "webp", quality=80)
        same(f"web/{name}.webp", Image.open(data))


@wish("mean and maximum of each, from one reading")
def _(result, again):
    halves("both", "{}.avg2.png")
    for name in ("a", "deep/b"):
        photo = np.asarray(read(f"photos/{name}.png"))
        same(f"both/{name}.max2.png", naive(photo, 2, lambda window: window.max((0, 1))))


@wish("names of my own")
def _(result, again):
    halves("named", "{}@2.png")


@wish("only what is new or changed")
def _(result, again):
    halves("copies", "{}.png")
    assert "2 skipped" in again().output
    Image.fromarray(np.asarray(read("photos/a.png"))[::-1]).save("photos/a.png")
    said = again().output
    assert "1 done" in said
    assert "1 skipped" in said
    halves("copies", "{}.png")


@wish("a picture through a pipe")
def _(result, again):
    same("piped.png", read("photo.png").reduce(2))


# ---------------------------------------------------------------------------- rasters


def cells(name: str) -> np.ma.MaskedArray:
    """Give the heights, without what was not measured, by 2×2 cells."""
    return np.ma.masked_equal(np.load(name).astype(float), -9999).reshape(4, 2, 4, 2)


@wish("a GeoTIFF at half its resolution: nodata left out, on the same ground")
def _(result, again):
    (found,) = arrays(Path("heights2.tif"))
    assert np.allclose(found, cells("heights.npy").mean((1, 3)).filled(-9999))
    assert found[0, 0] == -9999
    tags, before = read("heights2.tif").tag_v2, read("heights.tif").tag_v2
    assert tags[33550] == (60, 60, 0)
    assert (tags[33922], tags[34735]) == (before[33922], before[34735])
    assert tags[42113].strip("\0") == "-9999"


@wish("a mean only where half of a cell was measured")
def _(result, again):
    means, counts = cells("heights.npy").mean((1, 3)), cells("heights.npy").count((1, 3))
    assert {0, 1, 2, 4} <= set(counts.ravel().tolist())
    right = np.where(counts >= 2, means.filled(0), -9999)
    assert np.allclose(np.load("sure.npy"), right)


def slid(name: str, keep: Callable) -> np.ndarray:
    """Keep a number of each 3×3 of a picture whose outermost pixels are repeated."""
    pixels = np.asarray(read(name))
    padded = np.pad(pixels, [(1, 1), (1, 1), (0, 0)][: pixels.ndim], mode="edge")
    views = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (0, 1))
    return keep(views, (-2, -1))


@wish("specks gone: a median of 3×3")
def _(result, again):
    same("calm.png", slid("photo.png", np.median))


@wish("specks gone from 16 bits")
def _(result, again):
    same("calm16.png", slid("scan.png", np.median))
    assert read("calm16.png").mode == "I;16"


@wish("how rough each 4×4 is: the standard deviation")
def _(result, again):
    scan = np.asarray(read("scan.png"))
    assert np.allclose(np.load("rough.npy"), naive(scan, 4, np.std))


@wish("the brightest of each 4×4 without outliers: a percentile")
def _(result, again):
    scan = np.asarray(read("scan.png"))
    right = naive(scan, 4, lambda window: np.percentile(window, 90))
    assert np.allclose(np.load("bright.npy"), right)


def mean(pixels: np.ndarray) -> np.ndarray:
    """Give the mean of some pixels, rounded half up."""
    return np.floor(pixels.mean(0) + 0.5)


@wish("a mean of what a mask shows")
def _(result, again):
    shown = np.asarray(read("mask.png")) == 255
    photo = np.asarray(read("photo.png"))
    right = [
        [mean(p[m]) if m.any() else np.zeros(3) for p, m in zip(*row, strict=True)]
        for row in zip(windows(photo, (2, 2)), windows(shown, (2, 2)), strict=True)
    ]
    same("masked.png", np.array(right))


# ---------------------------------------------------------------------------- labels


def commonest(window: np.ndarray) -> int:
    """Give the most frequent value, of several the smallest."""
    counted = Counter(window.ravel().tolist())
    return min(counted, key=lambda value: (-counted[value], value))


@wish("labels that stay labels")
def _(result, again):
    same("labels2.png", naive(np.asarray(read("labels.png")), 2, commonest))


@wish("a pyramid of labels")
def _(result, again):
    first = naive(np.asarray(read("labels.png")), 2, commonest)
    same("levels/labels.l1.png", first)
    same("levels/labels.l2.png", naive(first, 2, commonest))


@wish("a mask that loses no small thing")
def _(result, again):
    same("mask2.png", naive(np.asarray(read("mask.png")), 2, np.max))


@wish("a mask grown by a disk")
def _(result, again):
    mask = np.pad(np.asarray(read("mask.png")), 3)
    steps = range(-3, 4)
    disk = [(y, x) for y in steps for x in steps if y * y + x * x <= 9]
    moved = [mask[3 + y : 27 + y, 3 + x : 35 + x] for y, x in disk]
    same("grown.png", np.max(moved, 0))


# ---------------------------------------------------------------------------- arrays


@wish("torch's `MaxPool2d(3, 2, 1)`")
def _(result, again):
    starts = (0, 2, 4, 6)
    right = [
        [[c[max(y - 1, 0) : y + 2, max(x - 1, 0) : x + 2].max() for x in starts] for y in starts]
        for c in np.load("features.npy")[0]
    ]
    assert np.array_equal(np.load("pooled.npy"), [right])


@wish("a volume in three axes")
def _(result, again):
    means = np.load("volume.npy").reshape(2, 2, 3, 2, 4, 2).mean((1, 3, 5))
    assert np.allclose(np.load("volume2.npy"), means)


@wish("a batch of volumes (NCDHW), slices apart")
def _(result, again):
    slices = np.load("volumes.npy").reshape(6, 4, 4)
    right = [naive(each, 2, np.mean) for each in slices]
    assert np.allclose(np.load("volumes2.npy"), np.reshape(right, (1, 2, 3, 2, 2)))


@wish("a signal's maxima")
def _(result, again):
    signal = np.load("signal.npy")
    assert np.load("peaks.npy").tolist() == [max(signal[n : n + 4]) for n in (0, 4, 8, 12)]


@wish("the energy of each 2×2: a norm")
def _(result, again):
    right = [naive(c, 2, lambda w: np.sqrt((w * w).sum())) for c in np.load("features.npy")[0]]
    assert np.allclose(np.load("energy.npy"), [right])


@wish("every array of an archive")
def _(result, again):
    with np.load("arrays.npz") as before, np.load("arrays2.npz") as after:
        assert sorted(after) == sorted(before)
        for name in before:
            assert np.allclose(after[name], naive(before[name], 2, np.mean))


@wish("a vector of one length for each picture")
def _(result, again):
    right = []
    for name in ("photos/a.png", "photos/deep/b.png"):
        channels = np.moveaxis(np.asarray(read(name)), -1, 0)
        parts = [naive(c, (12, 16), np.max).ravel() for c in channels]
        right.append(np.concatenate([channels.max((1, 2)), *parts]))
    assert np.array_equal(np.load("all.npy"), right)
    assert Path("all.names.txt").read_text("utf-8").split() == ["a.png", "deep/b.png"]


# ---------------------------------------------------------------------------- sequences


@wish("texts' embeddings: the mean of the rows that count")
def _(result, again):
    tokens = np.load("tokens.npy")
    right = [tokens[0].mean(0), tokens[1, :2].mean(0), tokens[2, :3].mean(0)]
    assert np.allclose(np.load("texts.npy"), right)


@wish("a row for each audio file of a folder: mean and deviation")
def _(result, again):
    clips = [np.load(f"clips/{number}.npy") for number in range(3)]
    right = [[*clip.mean(0), *clip.std(0, ddof=1)] for clip in clips]
    assert np.allclose(np.load("all.npy"), right)
    assert Path("all.names.txt").read_text("utf-8").split() == ["0.npy", "1.npy", "2.npy"]


# ---------------------------------------------------------------------------- looking


@wish("what is in a file, and its size by 4")
def _(result, again):
    for said in ("JPEG", "RGB", "1640×2", "-k 4: 410×1"):
        assert said in result.output


@wish("what would be written, for a program to read")
def _(result, again):
    *rows, last = map(json.loads, result.stdout.splitlines())
    assert [row["target"] for row in rows] == ["tiny/a.png", "tiny/deep/b.png"]
    assert [row["after"] for row in rows] == [[[12, 16, 3]]] * 2
    assert (last["summary"]["planned"], last["summary"]["done"]) == (2, 0)
    assert not Path("tiny").exists()


@wish("a sheet of pictures beside their results")
def _(result, again):
    shown = {colour for _, colour in read("sheet.png").getcolors(1 << 24)}
    for name in ("photos/a.png", "photos/deep/b.png"):
        for picture in (read(name), read(name).reduce(2)):
            assert {colour for _, colour in picture.getcolors(1 << 10)} <= shown


@wish("how much two pictures differ, and where")
def _(result, again):
    one, other = (np.asarray(read(f"{name}.png"), float) for name in ("photo", "other"))
    assert f"{10 * np.log10(255**2 / np.square(one - other).mean()):.2f} dB" in result.output
    assert f"{(one != other).any(-1).sum()} of 768 pixels" in result.output
    heat = np.asarray(read("heat.png").convert("RGB"))
    assert heat.shape == one.shape
    assert len(np.unique(heat.reshape(-1, 3), axis=0)) > 1


@wish("my options in a file")
def _(result, again):
    same("set.png", read("photo.png").reduce(4))
