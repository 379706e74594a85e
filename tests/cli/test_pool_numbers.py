"""A file's numbers are what its tags say: of every type, sign, order of bytes and photometric."""

import json
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pictures import mean, naive
from PIL import Image

tifffile = pytest.importorskip("tifffile", reason="the extra 'deep' is not installed")

GREYS = ("u1", "i1", "u2", "i2", "u4", "i4", "f4")
DEEP_GREYS = ("f2", "f8", "u8", "i8")
ORDERS = [("<", None), (">", None), ("<", "zlib"), (">", "zlib")]


def noise(random, dtype: str, height: int = 7, width: int = 5):
    """Give numbers from the whole range of a type; some 64-bit ones would be too long to pool."""
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return random.normal(size=(height, width)).astype(dtype)
    info = np.iinfo(dtype)
    return random.integers(info.min, info.max, (height, width), dtype, endpoint=True)


def light(array):
    """Give lightness of numbers whose least is white."""
    return -array if array.dtype.kind == "f" else np.bitwise_not(array)


def tags_of(name: str) -> dict[str, object]:
    with tifffile.TiffFile(name) as file:
        return {tag.name: tag.value for tag in file.pages[0].tags}


def core_only(monkeypatch) -> None:
    for name in ("tifffile", "imagecodecs"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
@pytest.mark.parametrize("dtype", GREYS)
def test_grey_keeps_type_and_numbers_with_the_core_alone(
    pool, random, monkeypatch, dtype, photometric
):
    arrays = {}
    for number, (order, compression) in enumerate(ORDERS):
        arrays[number] = array = noise(random, dtype)
        options = {"byteorder": order, "compression": compression, "tile": None}
        if number == 2:
            options["tile"] = (16, 16)
        tifffile.imwrite(f"{number}.tif", array, photometric=photometric, metadata=None, **options)
    with monkeypatch.context() as patched:
        core_only(patched)
        for number in arrays:
            pool("max", f"{number}.tif", "-o", f"out{number}.tif")
            pool("max", f"{number}.tif", "-o", f"out{number}.npy", code=None)
    white = photometric == "miniswhite"
    for number, array in arrays.items():
        lightest = naive(light(array) if white else array, 2, lambda window: window.max((0, 1)))
        out = tifffile.imread(f"out{number}.tif")
        assert out.dtype == array.dtype
        assert np.array_equal(light(out) if white else out, lightest)
        assert tags_of(f"out{number}.tif")["PhotometricInterpretation"] == (0 if white else 1)
        if white and array.dtype.kind == "f":
            assert not Path(f"out{number}.npy").exists()  # an array cannot say which is white
        else:
            assert np.array_equal(np.load(f"out{number}.npy"), lightest)


@pytest.mark.parametrize("photometric", ["minisblack", "miniswhite"])
@pytest.mark.parametrize("dtype", DEEP_GREYS)
def test_grey_that_pillow_has_no_room_for(pool, random, monkeypatch, dtype, photometric):
    array = noise(random, dtype)
    tifffile.imwrite("in.tif", array, photometric=photometric, metadata=None)
    with monkeypatch.context() as patched:
        core_only(patched)
        assert "deep" in pool("min", "in.tif", "-o", "out.tif", code=1).stderr
    pool("min", "in.tif", "-o", "out.tif")
    white = photometric == "miniswhite"
    darkest = naive(light(array) if white else array, 2, lambda window: window.min((0, 1)))
    out = tifffile.imread("out.tif")
    assert out.dtype == array.dtype
    assert np.array_equal(light(out) if white else out, darkest)
    assert tags_of("out.tif")["PhotometricInterpretation"] == (0 if white else 1)


def test_the_numbers_that_were_wrong(pool):
    tifffile.imwrite("u4.tif", np.array([[4000000000, 4000000000], [7, 7]], np.uint32))
    pool("max", "u4.tif", "-o", "max.tif")
    assert tifffile.imread("max.tif").tolist() == [[4000000000]]
    tifffile.imwrite("i1.tif", np.array([[-1, 1], [1, -1]], np.int8))
    pool("avg", "i1.tif", "-o", "avg.tif")
    out = tifffile.imread("avg.tif")
    assert (out.tolist(), out.dtype) == ([[0]], np.int8)
    swapped = np.array([[-1, 2], [3, 100]], np.int16)
    tifffile.imwrite("swapped.tif", swapped, byteorder=">", compression="zlib")
    pool("max", "swapped.tif", "-o", "swapped_max.tif")
    assert tifffile.imread("swapped_max.tif").tolist() == [[100]]


def test_a_dry_run_and_info_tell_the_type_that_is_written(pool, random):
    for dtype in (*GREYS, "f8"):
        tifffile.imwrite("in.tif", noise(random, dtype), photometric="miniswhite")
        planned = pool("max", "in.tif", "-o", "out.tif", "--dry-run").stdout
        assert f" {np.dtype(dtype).name}, " in planned
        assert f"{8 * np.dtype(dtype).itemsize} bits per channel" in pool("info", "in.tif").stdout


def test_every_page_has_its_own_type(pool, random):
    pages = [noise(random, dtype) for dtype in ("u4", "i1", "f4", "i2")]
    with tifffile.TiffWriter("in.tif") as file:
        for n, page in enumerate(pages):
            file.write(page, photometric="miniswhite" if n == 1 else "minisblack")
    pool("max", "in.tif", "-o", "out.tif")
    with tifffile.TiffFile("out.tif") as file:
        assert [page.photometric.name for page in file.pages] == [
            "MINISBLACK",
            "MINISWHITE",
            "MINISBLACK",
            "MINISBLACK",
        ]
        for n, (before, after) in enumerate(zip(pages, file.pages, strict=True)):
            keep = (lambda window: window.min((0, 1))) if n == 1 else lambda w: w.max((0, 1))
            out = after.asarray()
            assert out.dtype == before.dtype
            assert np.array_equal(out, naive(before, 2, keep))


BANDS = {
    "rgb and near infrared": ("rgb", 4, ["unspecified"]),
    "five of rgb": ("rgb", 5, ["unspecified"] * 2),
    "seven of grey": ("minisblack", 7, ["unspecified"] * 6),
    "grey and one more": ("minisblack", 2, ["unspecified"]),
    "cmyk and a spot": ("separated", 5, ["unspecified"]),
}


@pytest.mark.parametrize("planar", ["contig", "separate"])
@pytest.mark.parametrize("dtype", ["u1", "i2", "f4"])
@pytest.mark.parametrize("kind", BANDS)
def test_more_bands(pool, random, monkeypatch, kind, dtype, planar):
    photometric, count, extra = BANDS[kind]
    array = np.stack([noise(random, dtype) for _ in range(count)], -1)
    tifffile.imwrite(
        "in.tif",
        array if planar == "contig" else np.moveaxis(array, -1, 0),
        photometric=photometric,
        planarconfig=planar,
        extrasamples=extra,
        metadata=None,
    )
    with monkeypatch.context() as patched:
        core_only(patched)
        refused = pool("max", "in.tif", "-o", "out.tif", "--accept-8bit", code=1).stderr
        assert "numbapool[deep]" in refused
        assert not Path("out.tif").exists()
    pool("max", "in.tif", "-o", "out.tif")
    out = tifffile.imread("out.tif")
    assert out.dtype == array.dtype
    assert np.array_equal(out, naive(array, 2, lambda window: window.max((0, 1))))
    tags = tags_of("out.tif")
    assert tags["ExtraSamples"] == (0,) * len(extra)
    assert (
        tags["PhotometricInterpretation"]
        == {"rgb": 2, "minisblack": 1, "separated": 5}[photometric]
    )


def test_an_alpha_before_another_band_weighs(pool):
    array = np.zeros((2, 2, 5), np.uint8)
    array[0, 0] = (200, 100, 50, 255, 40)
    array[1, 1] = (10, 10, 10, 0, 90)
    extra = ["unassalpha", "unspecified"]
    tifffile.imwrite(
        "in.tif", array, photometric="rgb", extrasamples=extra, planarconfig="contig", metadata=None
    )
    pool("avg", "in.tif", "-o", "out.tif")
    assert tifffile.imread("out.tif").tolist() == [[[200, 100, 50, 64, 40]]]


@pytest.mark.parametrize(
    "options",
    [
        {"bigtiff": True, "byteorder": ">"},
        {"compression": "webp", "compressionargs": {"level": 100, "lossless": True}},
    ],
    ids=["big-endian BigTIFF", "WebP-compressed"],
)
def test_what_only_the_extra_opens(pool, random, monkeypatch, options):
    array = random.integers(0, 256, (6, 8, 3), np.uint8)
    tifffile.imwrite("in.tif", array, photometric="rgb", metadata=None, **options)
    with monkeypatch.context() as patched:
        core_only(patched)
        assert "numbapool[deep]" in pool("max", "in.tif", "-o", "out.tif", code=1).stderr
    pool("max", "in.tif", "-o", "out.tif")
    out = tifffile.imread("out.tif")
    assert np.array_equal(out, naive(array, 2, lambda window: window.max((0, 1))))


def test_colour_pfm(pool, random, monkeypatch):
    array = random.normal(size=(4, 6, 3)).astype(np.float32)
    for order, scale in (("<", b"-1.0"), (">", b"1.0")):
        pixels = array[::-1].astype(f"{order}f4").tobytes()  # a PFM's rows go upward
        Path("in.pfm").write_bytes(b"PF\n6 4\n" + scale + b"\n" + pixels)
        with monkeypatch.context() as patched:
            core_only(patched)
            assert "numbapool[deep]" in pool("max", "in.pfm", "-o", "no.npy", code=1).stderr
        pool("max", "in.pfm", "-o", "out.npy", "--on-exists", "overwrite")
        wanted = naive(array, 2, lambda window: window.max((0, 1)))
        assert np.array_equal(np.load("out.npy"), wanted)
        Path("in.pfm").write_bytes(Path("in.pfm").read_bytes()[:-1])
        assert "cut short" in pool("max", "in.pfm", "-o", "no.npy", code=1).stderr


@pytest.mark.parametrize("maximum", [15, 1023])
@pytest.mark.parametrize("kind", [b"P5", b"P2"])
def test_a_pgm_keeps_its_numbers_and_its_maximum(pool, random, kind, maximum):
    array = random.integers(0, maximum, (4, 6), endpoint=True)
    array[0, 0] = maximum
    binary = array.astype(">u2" if maximum > 255 else "u1").tobytes()
    plain = b"\n".join(b" ".join(b"%d" % number for number in row) for row in array.tolist())
    pixels = binary if kind == b"P5" else plain + b"\n"
    Path("in.pgm").write_bytes(b"%b\n6 4\n%d\n" % (kind, maximum) + pixels)
    wanted = naive(array, 2, mean)
    pool("avg", "in.pgm", "-o", "out.pgm")
    head, size, most, pixels = Path("out.pgm").read_bytes().split(b"\n", 3)
    assert (head, size, int(most)) == (b"P5", b"3 2", maximum)
    out = np.frombuffer(pixels, ">u2" if maximum > 255 else "u1").reshape(2, 3)
    assert np.array_equal(out, wanted)
    pool("avg", "in.pgm", "-o", "out.npy")
    assert np.array_equal(np.load("out.npy"), wanted)
    pool("avg", "in.pgm", "-o", "out.tif")
    assert np.array_equal(tifffile.imread("out.tif"), wanted)
    assert tags_of("out.tif")["MaxSampleValue"] in (maximum, (maximum,))
    # A PNG's white is its type's largest number: it holds the same shades.
    said = pool("avg", "in.pgm", "-o", "out.png", "-v").stderr
    full = 65535 if maximum > 255 else 255
    assert f"numbers up to {maximum} became numbers up to {full}" in said
    shades = (2 * wanted * full + maximum) // (2 * maximum)
    assert np.array_equal(np.asarray(Image.open("out.png")), shades)


def test_a_ppm_keeps_its_maximum(pool, random):
    array = random.integers(0, 15, (4, 6, 3), np.uint8, endpoint=True)
    Path("in.ppm").write_bytes(b"P6\n6 4\n15\n" + array.tobytes())
    pool("max", "in.ppm", "-o", "out.ppm")
    wanted = naive(array, 2, lambda window: window.max((0, 1)))
    assert Path("out.ppm").read_bytes() == b"P6\n3 2\n15\n" + wanted.astype(np.uint8).tobytes()


def fits(array, bits: int, *more: str) -> bytes:
    cards = [
        "SIMPLE  =                    T",
        f"BITPIX  = {bits:20}",
        "NAXIS   =                    2",
    ]
    cards += [f"NAXIS{n + 1}  = {length:20}" for n, length in enumerate(array.shape[::-1])]
    header = "".join(card.ljust(80) for card in (*cards, *more, "END")).ljust(2880)
    data = array[::-1].tobytes()
    return header.encode() + data.ljust(-(-len(data) // 2880) * 2880, b"\0")


@pytest.mark.parametrize(("bits", "dtype"), [(32, ">i4"), (-32, ">f4")])
def test_fits_of_32_bits(pool, bits, dtype):
    array = np.array([[-5, -7], [-6, -20000]], dtype)
    Path("in.fits").write_bytes(fits(array, bits))
    pool("max", "in.fits", "-o", "out.npy")
    assert np.load("out.npy").tolist() == [[-5]]


def test_fits_has_signs(pool):
    array = np.array([[-5, -7], [-6, -20000]], ">i2")
    Path("in.fits").write_bytes(fits(array, 16))
    pool("max", "in.fits", "-o", "out.tif")
    out = tifffile.imread("out.tif")
    assert (out.tolist(), out.dtype) == ([[-5]], np.int16)
    assert " int16, " in pool("max", "in.fits", "-o", "dry.tif", "--dry-run").stdout


@pytest.mark.parametrize(
    ("bits", "dtype", "more", "said"),
    [
        (-64, ">f8", (), "64-bit floats"),
        (16, ">i2", ("BZERO   =                32768",), "BZERO"),
        (16, ">i2", ("BSCALE  =                  0.5",), "BSCALE"),
    ],
)
def test_fits_that_would_be_read_wrong_is_refused(pool, bits, dtype, more, said):
    Path("in.fits").write_bytes(fits(np.ones((2, 2), dtype), bits, *more))
    assert said in pool("max", "in.fits", "-o", "out.npy", code=1).stderr
    assert said in pool("max", "in.fits", "-o", "out.npy", "--dry-run", code=1).stderr


@pytest.mark.parametrize("text", ["shape", "ome", "imagej"])
@pytest.mark.parametrize("deep", [False, True])
def test_texts_about_the_old_shape_are_corrected_or_left_out(pool, monkeypatch, text, deep):
    """They are corrected with the extra that writes them."""
    array = np.zeros((4, 6, 6), np.float64 if deep else np.uint8)
    options = {"shape": {}, "ome": {"ome": True}, "imagej": {"imagej": True}}[text]
    if text == "imagej":
        array = array.astype(np.float32 if deep else np.uint8)
    tifffile.imwrite("in.tif", array, photometric="minisblack", **options)
    assert not pool("max", "in.tif", "-o", "out.tif").stderr
    with tifffile.TiffFile("out.tif") as file:
        assert file.series[0].shape == (4, 3, 3)
        assert file.series[0].kind == {"shape": "shaped"}.get(text, text)
    if array.dtype != np.float64:
        monkeypatch.setattr("numbapool_cli.codecs.pillow_save.installed", lambda: False)
        said = pool("max", "in.tif", "-o", "plain.tif").stderr
        assert said.count("was left out") == 1
        assert "ImageDescription" not in tags_of("plain.tif")


def test_other_descriptions_stay(pool):
    tifffile.imwrite(
        "in.tif", np.zeros((4, 4), np.uint8), description="the river at dusk", metadata=None
    )
    assert "left out" not in pool("max", "in.tif", "-o", "out.tif").stderr
    assert tags_of("out.tif")["ImageDescription"] == "the river at dusk"


OPJ = pytest.mark.skipif(shutil.which("opj_compress") is None, reason="opj_compress is missing")


@OPJ
@pytest.mark.parametrize("maximum", [1023, 4095])
def test_jpeg_2000_of_few_bits(pool, random, maximum):
    array = random.integers(0, maximum, (32, 48), endpoint=True)
    pixels = array.astype(">u2" if maximum > 255 else "u1").tobytes()
    Path("in.pgm").write_bytes(b"P5\n48 32\n%d\n" % maximum + pixels)
    subprocess.run(
        ["opj_compress", "-i", "in.pgm", "-o", "in.jp2"], check=True, stdout=subprocess.DEVNULL
    )
    pool("max", "in.jp2", "-o", "out.npy")
    wanted = naive(array, 2, lambda window: window.max((0, 1)))
    assert np.array_equal(np.load("out.npy"), wanted)
    pool("max", "in.jp2", "-o", "out.pgm")
    assert Path("out.pgm").read_bytes().startswith(b"P5\n24 16\n%d\n" % maximum)
    assert "became numbers up to" in pool("max", "in.jp2", "-o", "out.jp2", "-v").stderr


@OPJ
def test_signed_jpeg_2000_is_refused(pool):
    Path("in.raw").write_bytes(np.array([[-5, -7], [-6, -1]], ">i2").tobytes())
    command = ["opj_compress", "-i", "in.raw", "-o", "in.jp2", "-F", "2,2,1,16,s", "-n", "1"]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    for more in ([], ["--dry-run"]):
        said = pool("max", "in.jp2", "-o", "out.npy", *more, code=1).stderr
        assert "signed numbers of 16 bits" in said


def test_a_sheet_of_more_bands(pool, random):
    for photometric, count in (("rgb", 4), ("minisblack", 7)):
        array = random.integers(0, 256, (8, 8, count), np.uint8)
        extra = ["unspecified"] * (count - (3 if photometric == "rgb" else 1))
        tifffile.imwrite("in.tif", array, photometric=photometric, extrasamples=extra)
        pool("sheet", "in.tif", "-o", "sheet.png", "--on-exists", "overwrite")


def test_info_tells_of_a_raster(pool):
    tags = [(42113, "s", 0, "-9999", True), (33550, "d", 3, (1.0, 1.0, 0.0), True)]
    for dtype in (np.float32, np.float64):
        tifffile.imwrite("in.tif", np.ones((4, 4), dtype), extratags=tags, photometric=0)
        said = pool("info", "in.tif").stdout
        assert "-9999 is left out" in said
        assert "a pixel's corner" in said
        assert "lightness is pooled" in said


def tiff_of_bits(array, bits: int, photometric: int) -> bytes:
    """Write a TIFF of one strip by hand, of 1, 2 or 4 bits a pixel."""
    height, width = array.shape
    bools = (array[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    strip = np.packbits(bools.reshape(height, width * bits).astype(np.uint8), axis=1).tobytes()
    tags = [(256, width), (257, height), (258, bits), (259, 1), (262, photometric)]
    tags += [(273, 8 + 2 + 9 * 12 + 4), (277, 1), (278, height), (279, len(strip))]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    return b"II*\0" + struct.pack("<IH", 8, len(tags)) + entries + bytes(4) + strip


@pytest.mark.parametrize("photometric", [0, 1])
@pytest.mark.parametrize("bits", [1, 2, 4])
def test_grey_of_few_bits(pool, random, bits, photometric):
    array = random.integers(0, 1 << bits, (6, 10), np.uint8)
    Path("in.tif").write_bytes(tiff_of_bits(array, bits, photometric))
    said = pool("max", "in.tif", "-o", "out.tif", "-v").stderr
    assert ("bits a pixel became 8" in said) == (bits > 1)
    full = (1 << bits) - 1
    light = array if photometric else full - array
    lightest = naive(light, 2, lambda window: window.max((0, 1)))
    out = tifffile.imread("out.tif")
    assert np.array_equal(out, lightest if photometric else full - lightest)
    tags = tags_of("out.tif")
    assert tags["PhotometricInterpretation"] == photometric
    assert bits == 1 or tags["MaxSampleValue"] in (full, (full,))
    pool("max", "in.tif", "-o", "out.npy")
    assert np.array_equal(np.load("out.npy"), lightest)
    pool("max", "in.tif", "-o", "out.png")
    shades = lightest * (255 // full if full > 1 else 1)
    assert np.array_equal(np.asarray(Image.open("out.png")), shades)


@pytest.mark.parametrize("suffix", ["png", "tif", "pbm"])
def test_a_sum_of_bits_is_a_count(pool, suffix):
    bits = np.array([[True, True, False, False], [True, False, False, False]])
    Image.fromarray(bits).save(f"in.{suffix}")
    pool("sum", f"in.{suffix}", "-o", "out.npy")
    assert np.load("out.npy").tolist() == [[3, 0]]
    pool("sum", f"in.{suffix}", "-o", "one.npy", "--nodata", "1")
    assert np.load("one.npy").tolist() == [[0, 0]]


@pytest.mark.parametrize("mode", ["RGBA", "LA"])
def test_a_bmp_loses_no_transparency(pool, mode):
    Image.new(mode, (4, 4)).save("clear.png")
    assert "no transparency" in pool("max", "clear.png", "-o", "out.bmp", code=1).stderr
    pool("max", "clear.png", "-o", "laid.bmp", "--background", "white")
    assert Image.open("laid.bmp").convert("RGB").getpixel((0, 0)) == (255, 255, 255)
    Image.new("RGBA", (4, 4), "red").save("full.png")
    pool("max", "full.png", "-o", "out.bmp")
    assert Image.open("out.bmp").getpixel((0, 0)) == (255, 0, 0)


def test_the_types_of_all_arrays_are_told(pool):
    np.savez("in.npz", a=np.ones((4, 4), np.uint8), b=np.ones((4, 4), np.float32))
    for more in (["--dry-run"], []):
        told = pool("max", "in.npz", "-o", "out.npz", "--json", *more).stdout.splitlines()[0]
        assert json.loads(told)["dtype"] == "uint8 float32"


@pytest.mark.parametrize("tag", [256, 257, 258, 262, 277])
@pytest.mark.parametrize("kind", [1, 2, 7, 11])  # BYTE, ASCII, UNDEFINED, FLOAT
def test_a_tag_of_another_type(pool, tag, kind):
    data = bytearray(tiff_of_bits(np.ones((6, 10), np.uint8), 4, 1))
    for at in range(10, 10 + 9 * 12, 12):
        if struct.unpack_from("<H", data, at) == (tag,):
            struct.pack_into("<H", data, at + 2, kind)
    Path("in.tif").write_bytes(data)
    for more in ([], ["--dry-run"]):
        said = pool("max", "in.tif", "-o", "out.tif", *more, code=None).stderr
        assert "unexpected" not in said
    assert "unexpected" not in pool("info", "in.tif", code=None).stderr


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
def test_exiftool_reads_what_the_numbers_are(pool):
    array = np.array([[4000000000, 7], [7, 7]], np.uint32)
    tifffile.imwrite("in.tif", array, description="the river at dusk", metadata=None)
    pool("max", "in.tif", "-o", "out.tif")
    names = ["-SampleFormat", "-BitsPerSample", "-PhotometricInterpretation", "-ImageDescription"]
    told = subprocess.run(
        ["exiftool", "-s3", *names, "out.tif"], capture_output=True, text=True, check=True
    )
    assert told.stdout.splitlines() == ["Unsigned", "32", "BlackIsZero", "the river at dusk"]
