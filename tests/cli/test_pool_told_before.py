"""A dry run refuses what the run would refuse, of each kind of number in each format."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

tifffile = pytest.importorskip("tifffile", reason="the extra 'deep' is not installed")

TYPES = ("u1", "i1", "u2", "i2", "u4", "f4", "f8", "i8")
FORMATS = ("png", "tif", "npy", "jpg", "gif", "jp2", "ppm", "bmp")


def same(pool, *arguments: str) -> None:
    """Check that a dry run ends as the run does, and tells the same of it."""
    told = pool(*arguments, "--dry-run", "--json", code=None)
    done = pool(*arguments, "--json", code=None)
    before, after = (json.loads(run.stdout.splitlines()[0]) for run in (told, done))
    assert (told.exit_code, before["reason"]) == (done.exit_code, after["reason"]), arguments
    if not done.exit_code:
        names = ("before", "after", "dtype")
        assert [before[name] for name in names] == [after[name] for name in names]


@pytest.mark.parametrize("format", FORMATS)
def test_each_type_of_number(pool, format):
    for photometric in ("minisblack", "miniswhite"):
        for dtype in TYPES:
            # Numbers that every format holds: which others it does not is seen as they come.
            number = np.array(-1 if photometric == "miniswhite" and dtype[0] == "i" else 1, dtype)
            array = np.full((4, 6), number)
            if photometric == "miniswhite" and dtype[0] == "u":
                array = ~array
            tifffile.imwrite("in.tif", array, photometric=photometric, compression="zlib")
            same(pool, "max", "in.tif", "-o", f"{photometric}{dtype}.{format}")
            if dtype in ("u1", "f4"):  # each operator on a type compiles a kernel
                same(pool, "sum", "in.tif", "-o", f"sum{photometric}{dtype}.{format}")
            if dtype == "u1":
                np.save("in.npy", array)
                same(pool, "lp", "in.npy", "-o", f"lp{photometric}.{format}")


@pytest.mark.parametrize("format", FORMATS)
def test_each_colour(pool, format):
    opaque = Image.new("RGBA", (6, 4), (9, 8, 7, 255))
    for mode in ("1", "L", "LA", "RGB", "RGBA", "P", "CMYK"):
        suffix = "tif" if mode == "CMYK" else "png"
        source = opaque.convert("RGB") if mode == "P" else opaque
        source.convert(mode).save(f"in.{suffix}")
        for operator in ("max", "mode"):
            same(pool, operator, f"in.{suffix}", "-o", f"{operator}{mode}.{format}")


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("alike", [True, False])
def test_several_frames(pool, format, alike):
    frames = np.zeros((3, 4, 6), np.uint8)
    if not alike:
        frames += np.arange(3, dtype=np.uint8)[:, None, None]
    tifffile.imwrite("in.tif", frames, photometric="minisblack", metadata=None)
    same(pool, "max", "in.tif", "-o", f"out.{format}")


@pytest.mark.parametrize("compression", ["zlib", "lzw", "zstd"])
@pytest.mark.parametrize("dtype", ["u8", "i8"])
def test_packed_numbers_of_64_bits(pool, dtype, compression):
    tifffile.imwrite("in.tif", np.full((4, 4), 1 << 60, dtype), compression=compression)
    pool("max", "in.tif", "-o", "out.tif")
    assert tifffile.imread("out.tif").tolist() == [[1 << 60] * 2] * 2


def test_a_gif_of_frames_that_are_all_alike(pool):
    times = [40, 80]
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("red", "lime")]
    # In each block of four one pixel differs, which the minimum leaves out.
    frames[1] = Image.new("RGB", (4, 4), "red")
    frames[1].putpixel((0, 0), (255, 9, 9))
    buffer = io.BytesIO()
    frames[0].save(buffer, "PNG", save_all=True, append_images=frames[1:], duration=times)
    Path("in.png").write_bytes(buffer.getvalue())
    pool("min", "in.png", "-o", "out.gif")
    with Image.open("out.gif") as out:
        assert out.info["duration"] == sum(times)
        assert np.array_equal(np.asarray(out.convert("RGB")), np.full((2, 2, 3), (255, 0, 0)))


@pytest.mark.parametrize("shape", [(8, 1), (1, 8), (1, 1)])
def test_an_opaque_line_of_pixels(pool, shape):
    Image.new("LA", shape, (9, 255)).save("in.png")
    pool("max", "in.png", "-o", "out.bmp", "-k", "1")
    assert np.asarray(Image.open("out.bmp")).tolist() == [[9] * shape[0]] * shape[1]


@pytest.mark.parametrize("dtype", ["u1", "f8"])
def test_a_tiff_that_is_stored_sideways(pool, dtype):
    turned = [(274, "H", 1, 6, True)]
    tifffile.imwrite("in.tif", np.ones((4, 8), dtype), extratags=turned, metadata=None)
    same(pool, "max", "in.tif", "-o", "out.tif")
    assert "4×8 (width × height)" in pool("info", "in.tif").stdout


@pytest.mark.parametrize(
    ("mode", "options"),
    [
        ("RGBA", ["avg", "--nodata", "0"]),
        ("RGBA", ["avg", "--nodata", "none"]),
        ("RGBA", ["avg", "--nodata", "0", "--alpha", "straight"]),
        ("RGB", ["mode", "--nodata", "0"]),
        ("L", ["mode", "--nodata", "0"]),
        ("1", ["avg", "--linear"]),
        ("F", ["avg", "--linear"]),
        ("I;16", ["avg", "--linear"]),
        ("CMYK", ["avg", "--linear"]),
    ],
)
def test_options_that_do_not_fit_the_numbers(pool, mode, options):
    Image.new(mode, (4, 4)).save("in.tif")
    same(pool, *options, "in.tif", "-o", "out.tif")


def test_info_tells_of_a_nodata_that_is_not_heeded(pool):
    tags = [(42113, "s", 0, "-9999", True)]
    for dtype, said in (("u1", "-9999 is ignored"), ("i2", "-9999 is left out")):
        tifffile.imwrite("in.tif", np.ones((4, 4), dtype), extratags=tags)
        assert said in pool("info", "in.tif").stdout
