"""Pictures of 16 bits per channel and of floats: read, pooled and written as they are."""

import io
import json
import struct
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from pictures import mean, naive
from PIL import Image

tifffile = pytest.importorskip("tifffile", reason="the extra 'deep' is not installed")
imagecodecs = pytest.importorskip("imagecodecs", reason="the extra 'deep' is not installed")

CHANNELS = {"LA": 2, "RGB": 3, "RGBA": 4}
COLOUR_TYPE = {"L": 0, "RGB": 2, "LA": 4, "RGBA": 6}
KEEP = {
    "max": lambda window: window.max((0, 1)),
    "min": lambda window: window.min((0, 1)),
    "avg": mean,
    "median": lambda window: np.sort(window.reshape(-1, window.shape[-1]), 0)[
        (window.shape[0] * window.shape[1] - 1) // 2
    ],
}
PROFILE = b"\0" * 36 + b"acsp" + bytes(100)


def noise(random, mode, height=23, width=17):
    return random.integers(0, 65536, (height, width, CHANNELS[mode]), np.uint16)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def write_png(name: str, array, mode: str, before: bytes = b"", after: bytes = b"") -> None:
    """Write a 16-bit PNG by hand."""
    height, width = array.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in array)
    header = struct.pack(">IIBBBBB", width, height, 16, COLOUR_TYPE[mode], 0, 0, 0)
    pixels = chunk(b"IDAT", zlib.compress(rows))
    data = chunk(b"IHDR", header) + before + pixels + after + chunk(b"IEND", b"")
    Path(name).write_bytes(b"\x89PNG\r\n\x1a\n" + data)


def write_tiff(name: str, array, mode: str, **extra) -> None:
    options = {"photometric": "rgb" if "RGB" in mode else "minisblack", "planarconfig": "contig"}
    if mode.endswith("A"):
        options["extrasamples"] = ["unassalpha"]
    tifffile.imwrite(name, array, metadata=None, software=False, **(options | extra))


def write(name, array, mode, **extra):
    (write_png if name.endswith("png") else write_tiff)(name, array, mode, **extra)


def read(name: str):
    if name.endswith("png"):
        return imagecodecs.png_decode(Path(name).read_bytes())
    return tifffile.imread(name)


def weighed(window):
    """Average colours as far as they are opaque, in whole numbers without end."""
    colour, alpha = window[..., :-1].astype(object), window[..., -1:].astype(object)
    total = alpha.sum()
    if total == 0:
        return mean(window)
    mixed = (2 * (colour * alpha).sum((0, 1)) + total) // (2 * total)
    return np.array([*mixed, *mean(window[..., -1:])], np.int64)


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("mode", CHANNELS)
@pytest.mark.parametrize("operator", ["max", "min", "median", "avg"])
def test_channels_stay_sixteen_bits(pool, random, operator, mode, suffix):
    array = noise(random, mode)
    write(f"in.{suffix}", array, mode)
    straight = ["--alpha", "straight"] if operator == "avg" else []
    pool(operator, f"in.{suffix}", "-k", 3, "-o", f"out.{suffix}", *straight)
    out = read(f"out.{suffix}")
    assert out.dtype == np.uint16
    assert np.array_equal(out, naive(array, 3, KEEP[operator]))


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_alpha_weighs_colour(pool, random, mode, suffix):
    array = noise(random, mode)
    array[:6, :6, -1] = 0
    array[6:12, 6:12] = 65535  # the largest products
    write(f"in.{suffix}", array, mode)
    pool("avg", f"in.{suffix}", "-k", 3, "-o", f"out.{suffix}")
    assert np.array_equal(read(f"out.{suffix}"), naive(array, 3, weighed))
    pool("avg", f"in.{suffix}", "--size", "8x11", "-o", f"size.{suffix}")
    edges = [(n * 17 // 8, -(-(n + 1) * 17 // 8)) for n in range(8)]
    rows = [(n * 23 // 11, -(-(n + 1) * 23 // 11)) for n in range(11)]
    wanted = np.array([[weighed(array[a:b, c:d]) for c, d in edges] for a, b in rows])
    assert np.array_equal(read(f"size.{suffix}"), wanted)


@pytest.mark.parametrize(
    "extra",
    [
        {"byteorder": ">"},
        {"byteorder": ">", "compression": "lzw", "predictor": True},
        {"bigtiff": True},
        {"bigtiff": True, "byteorder": ">"},
        {"compression": "zlib", "predictor": True, "rowsperstrip": 5},
        {"tile": (16, 16), "compression": "zlib"},
        {"compression": "packbits"},
        {"compression": "zstd"},
    ],
)
def test_every_form_of_tiff(pool, random, extra):
    array = noise(random, "RGB")
    write_tiff("in.tif", array, "RGB", **extra)
    pool("avg", "in.tif", "-k", "2x5", "-o", "out.tif")
    assert np.array_equal(read("out.tif"), naive(array, (2, 5), mean))
    with tifffile.TiffFile("in.tif") as before, tifffile.TiffFile("out.tif") as after:
        assert before.pages[0].compression == after.pages[0].compression


def test_planes_apart(pool, random):
    array = noise(random, "RGB")
    planes = np.ascontiguousarray(np.moveaxis(array, -1, 0))
    tifffile.imwrite("in.tif", planes, photometric="rgb", planarconfig="separate")
    pool("max", "in.tif", "-o", "out.tif")
    assert np.array_equal(read("out.tif"), naive(array, 2, KEEP["max"]))


def test_interlaced_png(pool, random):
    array = noise(random, "RGB", 8, 8)
    passes = [(0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2)]
    passes.append((1, 0, 2, 1))
    rows = b""
    for y, x, down, across in passes:
        part = array[y::down, x::across].astype(">u2")
        rows += b"".join(b"\0" + row.tobytes() for row in part)
    header = struct.pack(">IIBBBBB", 8, 8, 16, 2, 0, 0, 1)
    data = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    Path("in.png").write_bytes(b"\x89PNG\r\n\x1a\n" + data)
    pool("avg", "in.png", "-o", "out.png")
    assert np.array_equal(read("out.png"), naive(array, 2, mean))


@pytest.mark.parametrize("byteorder", ["<", ">"])
def test_every_page(pool, random, byteorder):
    pages = [noise(random, "RGB"), noise(random, "RGBA", 9, 30), noise(random, "RGB", 5, 5)]
    pages.append(random.integers(0, 256, (7, 9), np.uint8))  # 8 bits beside 16
    pages.append(random.integers(0, 65536, (7, 9), np.uint16))
    with tifffile.TiffWriter("in.tif", byteorder=byteorder) as tiff:
        for page in pages:
            colour = page.ndim == 3
            tiff.write(page, photometric="rgb" if colour else "minisblack", metadata=None)
    result = pool("max", "in.tif", "-o", "out.tif")
    assert "5 frames" in result.stdout
    assert "5" in pool("info", "in.tif").stdout
    with tifffile.TiffFile("out.tif") as tiff:
        for page, before in zip(tiff.pages, pages, strict=True):
            assert page.dtype == before.dtype
            assert np.array_equal(page.asarray(), naive(before, 2, KEEP["max"]))
    assert "holds one" in pool("max", "in.tif", "-o", "out.png", code=1).stderr


def test_a_deep_page_after_others_is_found(pool, random):
    with tifffile.TiffWriter("in.tif") as tiff:
        tiff.write(np.zeros((4, 4, 3), np.uint8), photometric="rgb", metadata=None)
        deep = random.integers(0, 65536, (4, 4, 3), np.uint16)
        tiff.write(deep, photometric="rgb", metadata=None)
    pool("max", "in.tif", "-o", "out.tif")
    with tifffile.TiffFile("out.tif") as tiff:
        assert np.array_equal(tiff.pages[1].asarray(), naive(deep, 2, KEEP["max"]))


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA"])
def test_floats(pool, random, dtype, mode):
    array = random.random((9, 12, CHANNELS[mode])).astype(dtype)
    write_tiff("in.tif", array, mode, compression="zlib")
    pool("max", "in.tif", "-o", "max.tif")
    pool("avg", "in.tif", "-o", "avg.tif")
    assert read("max.tif").dtype == read("avg.tif").dtype == dtype
    assert np.array_equal(read("max.tif"), naive(array, 2, KEEP["max"]))
    wide = array.astype(np.float64)

    def mix(window):
        if mode == "RGB":
            return window.mean((0, 1))
        colour, alpha = window[..., :-1], window[..., -1:]
        return [*((colour * alpha).sum((0, 1)) / alpha.sum((0, 1))), alpha.mean()]

    near = {"float16": 1e-3, "float32": 1e-6, "float64": 1e-14}[dtype]
    np.testing.assert_allclose(read("avg.tif"), naive(wide, 2, mix), rtol=near)
    assert ".npy or .tif" in pool("avg", "in.tif", "-o", "out.png", code=1).stderr


def test_associated_alpha_is_pooled_as_it_is(pool, random):
    """It is colour already weighed: its plain mean is the weighed one."""
    array = noise(random, "RGBA")
    write_tiff("in.tif", array, "RGBA", extrasamples=["assocalpha"])
    pool("avg", "in.tif", "-o", "out.tif")
    assert np.array_equal(read("out.tif"), naive(array, 2, mean))
    with tifffile.TiffFile("out.tif") as tiff:
        assert [extra.name for extra in tiff.pages[0].extrasamples] == ["ASSOCALPHA"]
    assert "16-bit RGBa" in pool("avg", "in.tif", "-o", "out.png", code=1).stderr


def test_cmyk(pool, random):
    array = noise(random, "RGBA")
    tifffile.imwrite("in.tif", array, photometric="separated")
    pool("avg", "in.tif", "-o", "out.tif")
    assert np.array_equal(read("out.tif"), naive(array, 2, mean))
    with tifffile.TiffFile("out.tif") as tiff:
        assert tiff.pages[0].photometric.name == "SEPARATED"


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_transparent_colour_becomes_alpha(pool, random, mode):
    array = random.integers(0, 65536, (4, 6, len(mode)), np.uint16)
    array[2, 3] = array[0, 0]
    write_png("in.png", array, mode, chunk(b"tRNS", array[0, 0].astype(">u2").tobytes()))
    result = pool("max", "in.png", "-k", 1, "-v", "-o", "out.png")
    assert "alpha" in result.stderr
    out = read("out.png")
    assert np.array_equal(out[..., :-1], array)
    clear = (array == array[0, 0]).all(-1)
    assert np.array_equal(out[..., -1], np.where(clear, 0, 65535))


def test_linear_light(pool, random):
    array = noise(random, "RGB", 8, 8)
    write_png("in.png", array, "RGB")
    pool("avg", "in.png", "--linear", "-o", "out.png")
    shade = array / 65535
    light = np.where(shade <= 0.04045, shade / 12.92, ((shade + 0.055) / 1.055) ** 2.4)
    mixed = naive(light, 2, lambda window: window.mean((0, 1)))
    back = np.where(mixed <= 0.0031308, mixed * 12.92, 1.055 * mixed ** (1 / 2.4) - 0.055)
    assert np.abs(read("out.png") - np.floor(back * 65535 + 0.5)).max() <= 1
    pool("avg", "in.png", "--linear", "--size", "50%", "-o", "size.png")
    assert np.array_equal(read("size.png"), read("out.png"))


def exif_of(orientation: int) -> bytes:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "a maker"
    exif[0x8769] = {0x829A: 0.5, 0xA002: 17, 0xA003: 23}
    return exif.tobytes().removeprefix(b"Exif\0\0")


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("where", ["before", "after"])
def test_words_of_a_png(pool, random, orientation, where):
    """Orientation is applied and reset; profile, resolution and EXIF are kept."""
    array = noise(random, "RGB")
    words = chunk(b"pHYs", struct.pack(">IIB", 3937, 7874, 1))
    words += chunk(b"iCCP", b"x\0\0" + zlib.compress(PROFILE))
    words += chunk(b"eXIf", exif_of(orientation))
    write_png("in.png", array, "RGB", **{where: words})
    write_png("plain.png", array, "RGB")
    pool("avg", "in.png", "-o", "out.png")
    assert np.array_equal(read("out.png"), naive(upright(array, orientation), 2, mean))
    with Image.open("out.png") as out:
        out.load()
        assert out.info["icc_profile"] == PROFILE
        wanted = (100, 200) if orientation < 5 else (200, 100)
        assert out.info["dpi"] == pytest.approx(wanted, abs=0.1)
        exif = out.getexif()
        assert exif.get(0x0112, 1) == 1
        assert exif[0x010F] == "a maker"
        assert exif.get_ifd(0x8769) == {0x829A: 0.5}
    row = json.loads(pool("info", "in.png", "--json").stdout)
    assert tuple(row["parts"][0]["pooled"]) == read("out.png").shape
    pool("avg", "in.png", "-o", "bare.png", "--metadata", "none")
    with Image.open("bare.png") as bare:
        bare.load()
        assert not {"icc_profile", "dpi", "exif"} & set(bare.info)


def upright(array, orientation):
    """Turn an array as Pillow turns a picture of the places of its pixels."""
    from PIL import ImageOps

    places = np.arange(array.shape[0] * array.shape[1], dtype=np.int32)
    image = Image.fromarray(places.reshape(array.shape[:2]))
    image.getexif()[0x0112] = orientation
    turned = np.asarray(ImageOps.exif_transpose(image))
    return array.reshape(-1, array.shape[2])[turned]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_words_of_a_tiff(pool, random, orientation):
    array = noise(random, "RGB")
    tags = [(274, "H", 1, orientation, True), (271, "s", 0, "a maker", True)]
    extra = {"resolution": (100, 200), "resolutionunit": "INCH", "iccprofile": PROFILE}
    write_tiff("in.tif", array, "RGB", extratags=tags, **extra)
    pool("avg", "in.tif", "-o", "out.tif")
    assert np.array_equal(read("out.tif"), naive(upright(array, orientation), 2, mean))
    with tifffile.TiffFile("out.tif") as tiff:
        tags = tiff.pages[0].tags
        assert tags[34675].value == PROFILE
        assert tags[271].value == "a maker"
        assert 274 not in tags
        assert 305 not in tags  # no name of a program that was not there
        wanted = (100, 200) if orientation < 5 else (200, 100)
        assert [tags[tag].value[0] / tags[tag].value[1] for tag in (282, 283)] == list(wanted)


def test_camera_tags_that_a_tiff_loses_are_told(pool, random):
    write_png("in.png", noise(random, "RGB"), "RGB", chunk(b"eXIf", exif_of(1)))
    result = pool("avg", "in.png", "-v", "-o", "out.tif")
    assert "EXIF was left out" in result.stderr
    with tifffile.TiffFile("out.tif") as tiff:
        assert tiff.pages[0].tags[271].value == "a maker"


def test_between_formats(pool, random):
    array = noise(random, "RGBA")
    write_png("in.png", array, "RGBA")
    pool("max", "in.png", "-o", "out.tif")
    pool("max", "in.png", "-o", "out.npy")
    pool("max", "out.npy", "--data-format", "HWC", "-k", 1, "-o", "back.png")
    assert np.array_equal(read("out.tif"), np.load("out.npy"))
    assert np.array_equal(read("back.png"), np.load("out.npy"))
    for suffix in ("jpg", "webp", "bmp"):
        result = pool("max", "in.png", "-o", f"out.{suffix}", code=1)
        assert "no 16-bit RGBA" in result.stderr
        assert ".png or .tif" in result.stderr
        assert "--accept-8bit" in result.stderr
    pool("max", "in.png", "-o", "out.webp", "--accept-8bit")


def test_standard_streams(pool, random):
    array = noise(random, "RGB")
    write_png("in.png", array, "RGB")
    data = Path("in.png").read_bytes()
    result = pool("max", "-", "-o", "-", "--format", "png", input=data)
    assert np.array_equal(imagecodecs.png_decode(result.stdout_bytes), naive(array, 2, KEEP["max"]))
    result = pool("max", "-", "-o", "-", "--format", "tiff", input=data)
    assert tifffile.imread(io.BytesIO(result.stdout_bytes)).dtype == np.uint16


def test_sums_and_norms(pool, random):
    array = noise(random, "RGB")
    write_png("in.png", array, "RGB")
    assert "--clip" in pool("sum", "in.png", "-o", "sum.tif", code=1).stderr
    total = naive(array, 2, lambda window: window.sum((0, 1), np.int64))
    pool("sum", "in.png", "-o", "sum.png", "--clip")
    assert np.array_equal(read("sum.png"), np.minimum(total, 65535))
    assert ".npy or .tif" in pool("lp", "in.png", "-o", "lp.png", code=1).stderr
    pool("lp", "in.png", "-o", "lp.tif")
    pool("lp", "in.png", "-o", "lp.npy")
    assert read("lp.tif").dtype == np.float64
    assert np.array_equal(read("lp.tif"), np.load("lp.npy"))


@pytest.mark.parametrize("gone", ["tifffile", "imagecodecs"])
def test_without_the_extra(pool, random, monkeypatch, gone):
    monkeypatch.setitem(sys.modules, gone, None)
    write_png("in.png", noise(random, "RGB"), "RGB")
    result = pool("avg", "in.png", "-o", "out.png", code=1)
    assert "pip install 'numbapool[deep]'" in result.stderr
    assert "--accept-8bit" in result.stderr
    assert result.stderr.count("\n") == 1
    assert "numbapool[deep]" in pool("info", "in.png").stdout
    assert "numbapool[deep]" in pool("avg", "in.png", "-o", "x.png", "--dry-run", code=1).stderr
    pool("avg", "in.png", "-o", "eight.png", "--accept-8bit")
    with Image.open("eight.png") as eight:
        assert eight.mode == "RGB"
    assert "8" in pool("info", "in.png", "--accept-8bit").stdout
    np.save("in.npy", noise(random, "RGB"))
    result = pool("avg", "in.npy", "--data-format", "HWC", "-o", "array.png", code=1)
    assert "numbapool[deep]" in result.stderr


def test_what_only_the_extra_reads_is_named(pool, random, monkeypatch):
    write_tiff("in.tif", random.random((4, 4, 3)).astype(np.float32), "RGB")
    monkeypatch.setitem(sys.modules, "tifffile", None)
    result = pool("avg", "in.tif", "-o", "out.tif", code=1)
    assert "32 bits" in result.stderr
    assert "numbapool[deep]" in result.stderr
    assert "--accept-8bit" not in result.stderr


def test_forms_that_are_not_read_are_refused(pool, random):
    tifffile.imwrite("lab.tif", noise(random, "RGB"), photometric="cielab")
    assert "not read" in pool("avg", "lab.tif", "-o", "out.tif", code=1).stderr
    complex_numbers = random.normal(size=(6, 6)).astype(np.complex64)
    tifffile.imwrite("complex.tif", complex_numbers)
    assert "not read" in pool("avg", "complex.tif", "-o", "out.tif", code=1).stderr
    assert "not read" in pool("info", "complex.tif").stdout


def test_an_animation_keeps_its_frames_or_is_refused(pool, random):
    control = chunk(b"acTL", struct.pack(">II", 2, 0))
    control += chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 17, 23, 0, 0, 1, 10, 0, 0))
    write_png("in.png", noise(random, "RGB"), "RGB", control)
    result = pool("avg", "in.png", "-o", "out.png", code=1)
    assert "animation" in result.stderr
    assert "--accept-8bit" in result.stderr


def test_the_pixel_limit(pool, random):
    write_png("in.png", noise(random, "RGB", 20, 20), "RGB")
    write_tiff("in.tif", noise(random, "RGB", 20, 20), "RGB")
    for name in ("in.png", "in.tif"):
        result = pool("avg", name, "--max-pixels", 399, "-o", f"out-{name}", code=1)
        assert "--max-pixels 400" in result.stderr
        assert "--max-pixels 400" in pool("info", name, "--max-pixels", 399, code=1).stderr
        pool("avg", name, "--max-pixels", 400, "-o", f"out-{name}")


@pytest.mark.parametrize("suffix", ["png", "tif"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
@pytest.mark.parametrize("how", ["cut", "spoilt"])
def test_damaged_files(pool, random, suffix, share, how):
    extra = {"compression": "zlib", "rowsperstrip": 4} if suffix == "tif" else {}
    write(f"in.{suffix}", noise(random, "RGB", 40, 40), "RGB", **extra)
    data = bytearray(Path(f"in.{suffix}").read_bytes())
    at = int(len(data) * share)
    if how == "cut":
        del data[at:]
    else:
        data[at : at + 40] = b"\xff" * 40
    Path(f"in.{suffix}").write_bytes(data)
    result = pool("avg", f"in.{suffix}", "-o", f"out.{suffix}", code=1)
    assert result.stderr.startswith(f"pool: in.{suffix}: ")
    assert result.stderr.count("\n") == 1
    assert "unexpected" not in result.stderr
    assert not Path(f"out.{suffix}").exists()


def test_missing_strips_are_no_black(pool, random):
    write_tiff("in.tif", noise(random, "RGB"), "RGB", rowsperstrip=5)
    with tifffile.TiffFile("in.tif") as tiff:
        counts = tiff.pages[0].tags[279]
        at, size = counts.valueoffset, {3: 2, 4: 4}[int(counts.dtype)]
    data = bytearray(Path("in.tif").read_bytes())
    data[at + size : at + 2 * size] = bytes(size)
    Path("in.tif").write_bytes(data)
    assert "missing" in pool("avg", "in.tif", "-o", "out.tif", code=1).stderr


def test_info(pool, random):
    extra = {"resolution": (300, 300), "resolutionunit": "INCH", "iccprofile": PROFILE}
    write_tiff("in.tif", noise(random, "RGBA"), "RGBA", **extra)
    out = pool("info", "in.tif", "-k", 3).stdout
    for said in ("TIFF", "RGBA, 16 bits", "17×23", "300 x 300", "ICC", "-k 3: 6×8"):
        assert said in out
    row = json.loads(pool("info", "in.tif", "--json").stdout)
    assert row["dtype"] == "uint16"
    planned = pool("avg", "in.tif", "-o", "out.tif", "--dry-run").stdout
    assert "uint16" in planned
