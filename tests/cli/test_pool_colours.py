"""Colours that are converted (--convert srgb), and floats that are rounded (--clip)."""

import io
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pictures import picture, read
from PIL import Image, ImageCms
from profiles import ADOBE, ADOBE_RGB, GAMMA, GREY, SRGB

CMYK = Path("/usr/share/color/icc/ghostscript/default_cmyk.icc")


def srgb(light: np.ndarray) -> np.ndarray:
    light = light.clip(0, 1)
    return np.where(light <= 0.0031308, light * 12.92, 1.055 * light ** (1 / 2.4) - 0.055)


def from_adobe(colours: np.ndarray, most: int) -> np.ndarray:
    """Convert by the definition, in float64."""
    light = (colours / most) ** GAMMA
    return srgb(light @ (np.linalg.inv(SRGB) @ ADOBE).T) * most


def apart(found: np.ndarray, right: np.ndarray) -> float:
    return float(np.abs(found.astype(float) - right).max())


# ---------------------------------------------------------------------------- profiles


@pytest.mark.parametrize("suffix", ["png", "tif", "webp"])
def test_rgb_through_its_profile(pool, suffix):
    image = picture("RGB", 24, 16)
    exif = Image.Exif()
    exif[0x010F] = "Maker"
    exif.get_ifd(0x8769)[0xA001] = 65535  # not sRGB
    image.save("a.png", icc_profile=ADOBE_RGB, exif=exif)
    lossless = ["--lossless"] if suffix == "webp" else []
    pool("max", "a.png", "-k", 1, "--convert", "srgb", *lossless, "-o", f"b.{suffix}")
    result = read(f"b.{suffix}")
    assert apart(np.asarray(result), from_adobe(np.asarray(image), 255)) <= 1
    if suffix == "png":
        assert result.getexif().get_ifd(0x8769)[0xA001] == 1
        assert result.getexif()[0x010F] == "Maker"
    made = ImageCms.ImageCmsProfile(io.BytesIO(result.info["icc_profile"]))
    assert "sRGB" in ImageCms.getProfileDescription(made)
    pool("max", f"b.{suffix}", "-k", 1, "--convert", "srgb", "-o", "c.png")  # it is already
    assert np.array_equal(np.asarray(read("c.png")), np.asarray(result))


def test_a_picture_that_fits_is_converted_too(pool):
    image = picture("RGB", 24, 16)
    image.save("a.png", icc_profile=ADOBE_RGB)
    pool("avg", "a.png", "--fit", "99x99", "--convert", "srgb", "-o", "b.png")
    assert apart(np.asarray(read("b.png")), from_adobe(np.asarray(image), 255)) <= 1


def test_a_second_program_reads_the_same_colours(pool):
    if shutil.which("vips") is None:
        pytest.skip("vips is not installed")
    picture("RGB", 24, 16).save("a.png", icc_profile=ADOBE_RGB)
    pool("max", "a.png", "-k", 1, "--convert", "srgb", "-o", "b.png")
    subprocess.run(["vips", "icc_transform", "a.png", "c.png", "srgb"], check=True, timeout=60)
    assert apart(np.asarray(read("b.png")), np.asarray(read("c.png").convert("RGB"))) <= 2


def test_outputs_are_the_same_each_time(pool):
    picture("RGB", 8, 8).save("a.png", icc_profile=ADOBE_RGB)
    for name in ("b.png", "c.png"):
        pool("avg", "a.png", "--convert", "srgb", "-o", name)
    assert Path("b.png").read_bytes() == Path("c.png").read_bytes()


def test_alpha_is_kept_and_colours_are_converted(pool):
    image = picture("RGBA", 24, 16)
    image.save("a.png", icc_profile=ADOBE_RGB)
    pool("max", "a.png", "-k", 1, "--convert", "srgb", "-o", "b.png")
    found, before = np.asarray(read("b.png")), np.asarray(image)
    assert np.array_equal(found[..., 3], before[..., 3])
    assert apart(found[..., :3], from_adobe(before[..., :3], 255)) <= 1


@pytest.mark.parametrize("mode", ["L", "LA"])
@pytest.mark.parametrize("icc", [GREY, ADOBE_RGB])
def test_grey_stays_grey(pool, mode, icc):
    image = picture(mode, 24, 16)
    image.save("a.png", icc_profile=icc)
    pool("max", "a.png", "-k", 1, "--convert", "srgb", "-o", "b.png")
    assert read("b.png").mode == mode
    found, before = (np.asarray(each).reshape(16, 24, -1) for each in (read("b.png"), image))
    assert apart(found[..., 0], srgb((before[..., 0] / 255) ** GAMMA) * 255) < 1.5
    assert np.array_equal(found[..., 1:], before[..., 1:])


def test_a_palette(pool):
    image = picture("RGB", 24, 16).quantize(16)
    image.save("a.png", icc_profile=ADOBE_RGB)
    right = from_adobe(np.asarray(image.convert("RGB")), 255)
    for operator, mode in (("max", "RGB"), ("mode", "P")):
        pool(operator, "a.png", "-k", 1, "--convert", "srgb", "-o", f"{operator}.png")
        assert read(f"{operator}.png").mode == mode
        assert apart(np.asarray(read(f"{operator}.png").convert("RGB")), right) <= 1


def test_16_bits(pool, random):
    tifffile = pytest.importorskip("tifffile", reason="the extra 'deep' is not installed")
    pytest.importorskip("imagecodecs", reason="the extra 'deep' is not installed")
    array = random.integers(2000, 65536, (16, 24, 3), np.uint16)
    tifffile.imwrite("a.tif", array, photometric="rgb", iccprofile=ADOBE_RGB)
    pool("max", "a.tif", "-k", 1, "--convert", "srgb", "-o", "b.tif")
    assert apart(tifffile.imread("b.tif"), from_adobe(array, 65535)) <= 256  # a level of 8 bits
    tifffile.imwrite("f.tif", array.astype("f4"), photometric="rgb", iccprofile=ADOBE_RGB)
    assert (
        "8 and 16 bits" in pool("max", "f.tif", "--convert", "srgb", "-o", "x.tif", code=1).stderr
    )


def test_cmyk_without_a_profile(pool):
    image = picture("CMYK", 24, 16)
    image.save("a.tif")
    said = pool("max", "a.tif", "-k", 1, "--convert", "srgb", "-o", "b.png").stderr
    assert "CMYK without a profile became RGB by plain arithmetic" in said
    assert np.array_equal(np.asarray(read("b.png")), np.asarray(image.convert("RGB")))
    assert "icc_profile" not in read("b.png").info
    told = pool("max", "a.tif", "--convert", "srgb", "-o", "c.png", "--dry-run", "--json").stdout
    assert json.loads(told.splitlines()[0])["after"] == [[8, 12, 3]]
    assert "PNG holds no CMYK" in pool("max", "a.tif", "-o", "c.png", code=1).stderr
    pool("avg", "a.tif", "--convert", "srgb", "--linear", "-o", "d.png")  # sRGB has light


@pytest.mark.skipif(not CMYK.exists(), reason="there is no profile of CMYK")
def test_cmyk_through_its_profile(pool):
    image = picture("CMYK", 24, 16)
    image.save("a.tif", icc_profile=CMYK.read_bytes())
    said = pool("max", "a.tif", "-k", 1, "--convert", "srgb", "-o", "b.png").stderr
    assert said == ""
    how = ImageCms.Intent.RELATIVE_COLORIMETRIC, ImageCms.Flags.BLACKPOINTCOMPENSATION
    right = ImageCms.profileToProfile(
        image, str(CMYK), ImageCms.createProfile("sRGB"), how[0], "RGB", flags=how[1]
    )
    assert apart(np.asarray(read("b.png")), np.asarray(right)) <= 1


def test_lab_and_ycbcr(pool):
    Image.frombytes("LAB", (2, 2), bytes([137, 0, 0] * 4), "raw", "LAB").save("a.tif")
    pool("max", "a.tif", "--convert", "srgb", "-o", "a.png")
    # L* of 137 / 2.55 = 53.7 is a light of 0.217, and 0.5034 of sRGB.
    assert apart(np.asarray(read("a.png")), np.full((1, 1, 3), 128.4)) <= 1
    image = picture("RGB", 8, 8).convert("YCbCr")
    image.save("y.tif")
    pool("max", "y.tif", "-k", 1, "--convert", "srgb", "-o", "y.png")
    assert np.array_equal(np.asarray(read("y.png")), np.asarray(image.convert("RGB")))


def test_what_has_no_profile_is_srgb_already(pool):
    picture("RGB", 8, 8).save("a.png")
    np.save("a.npy", np.ones((4, 4)))
    pool("avg", "a.png", "--convert", "sRGB", "-o", "b.png")
    pool("avg", "a.png", "-o", "c.png")
    assert Path("b.png").read_bytes() == Path("c.png").read_bytes()
    pool("avg", "a.npy", "--convert", "srgb", "-o", "b.npy")


@pytest.mark.parametrize(
    ("icc", "words"),
    [
        (b"none", "its colour profile is damaged"),
        (ADOBE_RGB[:200], "its colour profile is damaged"),
        (GREY, "its colour profile is for GRAY, and it is RGB"),
    ],
)
def test_a_profile_that_does_not_serve(pool, icc, words):
    picture("RGB", 8, 8).save("a.png", icc_profile=icc)
    said = pool("avg", "a.png", "--convert", "srgb", "-o", "b.png", code=1).stderr
    assert f"{words}" in said
    assert "leave out --convert" in said


def test_an_update_knows_of_it(pool):
    picture("RGB", 8, 8).save("a.png", icc_profile=ADOBE_RGB)
    update = ["avg", "a.png", "-o", "out", "--update"]
    pool(*update)
    assert "skipped" not in pool(*update, "--convert", "srgb").output
    assert "1 skipped" in pool(*update, "--convert", "srgb").stderr


# --------------------------------------------------------------------- floats into whole numbers

FLOATS = [-np.inf, -7, -0.5, 0.49, 0.5, 1.5, 2.5, 254.49, 254.5, 255.4, 300, np.inf]
ROUNDED = [0, 0, 0, 0, 1, 2, 3, 254, 255, 255, 255, 255]


@pytest.mark.parametrize("dtype", ["f2", "f4", "f8"])
@pytest.mark.parametrize("suffix", ["png", "bmp", "webp"])
def test_floats_are_rounded_and_held(pool, dtype, suffix):
    # float16 holds 0.49 as 0.4900, and 254.49 as 254.5: the definition is of what it holds.
    array = np.array([FLOATS], dtype)
    right = np.array([ROUNDED], "u1")
    if dtype == "f2":
        right[0, 7] = 255
    np.save("a.npy", array)
    lossless = ["--lossless"] if suffix == "webp" else []
    where = ["-k", 1, "-o", f"a.{suffix}", *lossless]
    assert "or round them and hold them at 0 to 255 with --clip" in (
        pool("max", "a.npy", *where, code=1).stderr
    )
    pool("max", "a.npy", *where, "--clip")
    assert np.array_equal(np.asarray(read(f"a.{suffix}").convert("L")), right)


def test_nan_is_refused(pool):
    np.save("a.npy", np.array([[np.nan, 1], [2, 3]]))
    said = pool("avg", "a.npy", "-o", "a.png", "--clip", code=1).stderr
    assert "it has NaN, and PNG has no number for that: leave NaN out with --nan skip" in said
    assert not Path("a.png").exists()
    pool("avg", "a.npy", "-o", "a.png", "--clip", "--nan", "skip")
    assert read("a.png").getpixel((0, 0)) == 2


def test_colours_in_floats(pool, random):
    array = random.normal(128, 200, (6, 4, 3)).astype("f4")
    np.save("a.npy", array)
    pool("max", "a.npy", "--data-format", "HWC", "-k", 1, "-o", "a.png", "--clip")
    right = np.floor(array.astype(float).clip(0, 255) + 0.5)
    assert np.array_equal(np.asarray(read("a.png")), right)


def test_16_bits_stay_16_bits(pool):
    array = np.array([[0, 65535], [65535, 65535]], np.uint16)
    Image.fromarray(array).save("a.png")
    refused = pool("std", "a.png", "-o", "b.png", code=1).stderr
    assert "or round them and hold them at 0 to 65,535 with --clip" in refused
    pool("std", "a.png", "-o", "b.png", "--clip")
    assert read("b.png").mode.startswith("I")
    assert read("b.png").getpixel((0, 0)) == 28377  # 65535 √3 / 4 = 28377.5 less 0.1
    picture("L", 8, 8).save("c.png")
    pool("std", "c.png", "-o", "d.png", "--clip")
    assert read("d.png").mode == "L"


def test_formats_of_floats_keep_them(pool):
    np.save("a.npy", np.array([[-1.5, 2e9], [0, 0]]))
    pool("max", "a.npy", "-k", 1, "-o", "a.tif", "--clip")
    assert np.array_equal(np.asarray(read("a.tif")), np.array([[-1.5, 2e9], [0, 0]], "f4"))
