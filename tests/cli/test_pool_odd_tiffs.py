"""TIFFs with more than plain pages: smaller copies, masks, holes, few bits; told before as done."""

import shutil
import struct
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pictures import naive
from PIL import Image

tifffile = pytest.importorskip("tifffile", reason="the extra 'deep' is not installed")

GDAL = pytest.mark.skipif(
    shutil.which("gdal_translate") is None, reason="gdal_translate is not installed"
)
MASK, REDUCED = 4, 1


def translate(*arguments: str) -> None:
    subprocess.run(["gdal_translate", "-q", *arguments], check=True, capture_output=True)


def tag_values(name: str) -> dict[int, object]:
    with tifffile.TiffFile(name) as file:
        return {tag.code: tag.value for tag in file.pages[0].tags}


def largest(window):
    return window.max((0, 1))


@pytest.mark.parametrize("dtype", ["u1", "f8"])  # of which float64 takes tifffile
def test_overviews_are_no_frames(pool, random, dtype):
    array = random.integers(0, 99, (8, 12)).astype(dtype)
    with tifffile.TiffWriter("in.tif") as file:
        file.write(array, metadata=None)
        file.write(array[::2, ::2], subfiletype=REDUCED, metadata=None)
        file.write(array[::4, ::4], subfiletype=REDUCED, metadata=None)
    assert "frames" not in pool("max", "in.tif", "-o", "out.tif", "--dry-run").stdout
    assert "frames" not in pool("info", "in.tif").stdout
    assert "overviews" in pool("max", "in.tif", "-o", "out.tif").stderr
    with tifffile.TiffFile("out.tif") as file:
        (page,) = file.pages
        assert np.array_equal(page.asarray(), naive(array, 2, largest))
    pool("max", "in.tif", "-o", "out.png" if dtype == "u1" else "out.npy")  # holds one frame


@GDAL
def test_a_cog_is_one_picture(pool, random):
    array = random.integers(0, 99, (300, 260), np.uint8)
    tifffile.imwrite("in.tif", array, metadata=None)
    translate("-of", "COG", "-co", "BLOCKSIZE=128", "in.tif", "cog.tif")
    pool("max", "cog.tif", "-o", "out.tif")
    assert np.array_equal(tifffile.imread("out.tif"), naive(array, 2, largest))
    with tifffile.TiffFile("out.tif") as file:
        assert len(file.pages) == 1


@pytest.mark.parametrize("dtype", ["u1", "f8"])
def test_a_mask_is_not_ignored(pool, dtype):
    with tifffile.TiffWriter("in.tif") as file:
        file.write(np.ones((4, 4), dtype), metadata=None)
        mask = np.eye(4, dtype=bool)
        file.write(mask, subfiletype=MASK, photometric=MASK, metadata=None)
    for more in ([], ["--dry-run"]):
        said = pool("avg", "in.tif", "-o", "out.tif", *more, code=1).stderr
        assert "mask" in said


@pytest.mark.parametrize("dtype", ["u1", "f8"])
def test_holes_are_not_filled_with_other_bytes(pool, dtype):
    tifffile.imwrite("in.tif", np.ones((8, 8), dtype), rowsperstrip=4, metadata=None)
    data = bytearray(Path("in.tif").read_bytes())
    with tifffile.TiffFile("in.tif") as file:
        offsets = file.pages[0].tags["StripOffsets"]
        at, first = offsets.valueoffset, offsets.value[0]
    code = "<H" if offsets.dtype == 3 else "<I"
    assert struct.unpack_from(code, data, at)[0] == first
    struct.pack_into(code, data, at, 0)
    Path("in.tif").write_bytes(data)
    for more in ([], ["--dry-run"]):
        assert "sparse" in pool("max", "in.tif", "-o", "out.tif", *more, code=1).stderr


@GDAL
def test_a_sparse_file_of_gdal(pool):
    tifffile.imwrite("in.tif", np.zeros((600, 520), np.uint8), metadata=None)
    translate("-co", "SPARSE_OK=TRUE", "-co", "TILED=YES", "in.tif", "sparse.tif")
    assert "sparse" in pool("max", "sparse.tif", "-o", "out.tif", code=1).stderr


@GDAL
@pytest.mark.parametrize("bits", [1, 2, 4, 12])
@pytest.mark.parametrize("photometric", ["MINISBLACK", "MINISWHITE"])
def test_nodata_of_few_bits(pool, bits, photometric):
    none = (1 << bits) - 1
    array = np.array([[none, 0, none, none], [0, none, none, none]], np.uint16)
    tifffile.imwrite("in.tif", array, metadata=None)
    options = ["-co", f"NBITS={bits}", "-co", f"PHOTOMETRIC={photometric}", "-a_nodata", str(none)]
    translate("-ot", "UInt16" if bits > 8 else "Byte", *options, "in.tif", "bits.tif")
    code = 1 if (bits, photometric) == (12, "MINISWHITE") else 0  # which is refused
    pool("median", "bits.tif", "-o", "out.tif", code=code)
    if code:
        return
    assert tifffile.imread("out.tif").tolist() == [[0, none]]
    assert tag_values("out.tif")[42113] == str(none)
    if bits > 1:
        pool("avg", "bits.tif", "-o", "mean.tif")
        assert tifffile.imread("mean.tif").tolist() == [[0, none]]


@pytest.mark.parametrize("operator", ["sum", "lp"])
def test_a_sum_is_no_nodata(pool, operator):
    array = np.array([[255, 255, 200, 55], [255, 255, 0, 0]], np.uint8)
    tags = [(42113, "s", 0, "255", True), (42112, "s", 0, "<G><Item name='SCALE'>2</Item></G>", 1)]
    tifffile.imwrite("in.tif", array, extratags=tags, metadata=None)
    said = pool(operator, "in.tif", "-o", "out.tif").stderr
    assert "GDAL's metadata was left out" in said
    if operator == "sum":
        assert tifffile.imread("out.tif").tolist() == [[0, 255]]
    assert not {42112, 42113} & set(tag_values("out.tif"))


def test_nodata_is_of_the_numbers_and_always_kept(pool):
    tags = [(42113, "s", 0, "-9999", True)]
    tifffile.imwrite("in.tif", np.full((4, 4), -9999, np.int16), extratags=tags, metadata=None)
    for kept in ("icc", "none"):
        pool("avg", "in.tif", "-o", "out.tif", "--metadata", kept, "--on-exists", "overwrite")
        assert tag_values("out.tif")[42113] == "-9999"
    said = pool("avg", "in.tif", "-o", "out.npy").stderr
    assert "do not say which number is nodata" in said


def test_a_dry_run_tells_of_each_page(pool):
    with tifffile.TiffWriter("in.tif") as file:
        file.write(np.ones((8, 8), np.uint8), metadata=None)
        file.write(np.ones((4, 6), np.float32), metadata=None)
    planned = pool("max", "in.tif", "-o", "out.tif", "--dry-run").stdout
    assert "uint8 float32, 40 bytes" in planned


def test_a_dry_run_tells_of_a_palette(pool):
    image = Image.new("P", (8, 6))
    image.putpalette([0, 0, 0, 255, 0, 0])
    image.save("in.tif")
    assert "8×6 -> 4×3" in pool("max", "in.tif", "-o", "out.tif", "--dry-run").stdout
    assert "pooled as RGB" in pool("info", "in.tif").stdout


def test_a_dry_run_of_a_pyramid_tells_what_is_refused(pool):
    array = np.ones((4, 4, 3), np.uint16)
    Path("in.ppm").write_bytes(b"P6 4 4 65535\n" + array.tobytes())
    for more in ([], ["--dry-run"]):
        said = pool("pyramid", "in.ppm", "--levels", "1", "-o", "out/", *more, code=1).stderr
        assert "16 bits per channel" in said


def test_a_jpeg_of_12_bits_is_not_unpacked_twice(pool, random):
    array = random.integers(0, 200, (21, 35)).astype(np.uint16)
    tifffile.imwrite("in.tif", array, compression="jpeg", metadata=None)
    assert tag_values("in.tif")[258] == 12
    for more in ([], ["--accept-8bit"]):
        said = pool("max", "in.tif", "-o", "out.tif", *more, code=1).stderr
        assert "12 bits" in said
        assert "accept" not in said


def test_the_nodata_of_a_palette_is_an_index(pool):
    colours = np.zeros((3, 256), np.uint16)
    colours[:, 1], colours[:, 2] = (65535, 0, 0), (0, 0, 65535)
    array = np.array([[1, 1], [2, 0]], np.uint8)
    tags = [(42113, "s", 0, "0", True)]
    tifffile.imwrite(
        "in.tif", array, photometric="palette", colormap=colours, extratags=tags, metadata=None
    )
    said = pool("avg", "in.tif", "-o", "out.tif").stderr
    assert "ignored" in said
    assert tifffile.imread("out.tif").tolist() == [[[128, 0, 64]]]  # of red, red, blue, black
    assert 42113 not in tag_values("out.tif")
    pool("mode", "in.tif", "-o", "mode.tif")
    assert tifffile.imread("mode.tif").tolist() == [[1]]
    assert tag_values("mode.tif")[42113] == "0"


def test_a_nodata_beside_an_alpha(pool):
    array = np.full((2, 2, 4), 255, np.uint8)
    array[..., 0] = [[0, 50], [50, 50]]
    tags = [(42113, "s", 0, "0", True)]
    tifffile.imwrite(
        "in.tif", array, photometric="rgb", extrasamples=["unassalpha"], extratags=tags
    )
    assert "alpha says which" in pool("avg", "in.tif", "-o", "out.npy").stderr
    assert np.load("out.npy")[0, 0].tolist() == [38, 255, 255, 255]
    said = pool("avg", "in.tif", "-o", "straight.npy", "--alpha", "straight").stderr
    assert "were left out" in said
    assert np.load("straight.npy")[0, 0].tolist() == [50, 255, 255, 255]
    assert "whole colours" in pool("mode", "in.tif", "-o", "mode.npy").stderr


def test_rational_polynomials_are_not_dropped_in_silence(pool):
    tags = [(50844, "d", 92, (1.0,) * 92, True)]
    for dtype in ("u1", "f8"):
        tifffile.imwrite("in.tif", np.ones((4, 4), dtype), extratags=tags, metadata=None)
        said = pool("avg", "in.tif", "-o", "out.tif", "--on-exists", "overwrite").stderr
        assert "RPCs" in said
