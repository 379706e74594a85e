"""What pooling makes of each kind of picture."""

import sys

import numpy as np
import pytest
from pictures import mean, naive, picture, read
from PIL import Image, ImageOps

KEEP = {
    "max": lambda window: window.max((0, 1)),
    "min": lambda window: window.min((0, 1)),
    "avg": mean,
}


@pytest.mark.parametrize("mode", ["L", "RGB"])
@pytest.mark.parametrize("k", [2, 4])
def test_avg_is_pillows_reduce_where_k_divides(pool, mode, k):
    picture(mode, 24, 16).save("in.png")
    pool("avg", "in.png", "-k", k, "-o", "out.png")
    assert read("out.png").mode == mode
    assert np.array_equal(read("out.png"), read("in.png").reduce(k))


@pytest.mark.parametrize("mode", ["L", "RGB", "CMYK", "I;16", "LAB", "I"])
@pytest.mark.parametrize("operator", ["max", "min", "avg"])
@pytest.mark.parametrize("k", [3, (2, 5)])
def test_operators_keep_mode_and_border(pool, mode, operator, k):
    source = picture(mode, 23, 11)
    source.save("in.tif")
    option = f"{k[0]}x{k[1]}" if isinstance(k, tuple) else k
    pool(operator, "in.tif", "-k", option, "-o", "out.tif")
    out = read("out.tif")
    assert out.mode == mode
    before, after = np.asarray(source), np.asarray(out)
    if mode == "LAB":  # as NumPy sees them, a and b are signed
        offset = np.array([0, 128, 128], np.uint8)
        before, after = before ^ offset, after ^ offset
    assert np.array_equal(after, naive(before, k, KEEP[operator]))


def test_border_counts_what_it_holds(pool):
    picture("RGB", 63, 43).save("in.png")
    pool("avg", "in.png", "-o", "out.png")
    assert read("out.png").size == (32, 22)
    pool("avg", "in.png", "--edge", "trim", "-o", "trim.png")
    assert read("trim.png").size == (31, 21)


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_alpha_weighs_colour(pool, mode):
    source = picture(mode, 21, 14)
    array = np.array(source)
    array[:6, :6, -1] = 0
    array[6:10, 6:10, -1] = 255
    Image.fromarray(array).save("in.png")
    pool("avg", "in.png", "-k", 3, "-o", "out.png")

    def weighed(window):
        colour = window[..., :-1].astype(int)
        alpha = window[..., -1:].astype(int)
        total = alpha.sum()
        if total == 0:
            return mean(window)
        mixed = (2 * (colour * alpha).sum((0, 1)) + total) // (2 * total)
        return [*mixed, *mean(alpha)]

    assert np.array_equal(read("out.png"), naive(array, 3, weighed))
    pool("avg", "in.png", "-k", 3, "--alpha", "straight", "-o", "straight.png")
    assert np.array_equal(read("straight.png"), naive(array, 3, mean))


def test_no_dark_fringe(pool):
    sprite = np.zeros((4, 4, 4), np.uint8)
    sprite[:, 1] = (200, 100, 50, 255)  # beside it, black that nobody sees
    Image.fromarray(sprite).save("sprite.png")
    pool("avg", "sprite.png", "-o", "out.png")
    assert np.asarray(read("out.png"))[0, 0].tolist() == [200, 100, 50, 128]


def test_one_bit(pool):
    source = picture("1", 9, 7)
    source.save("in.png")
    bits = np.asarray(source)
    pool("max", "in.png", "-o", "max.png")
    pool("min", "in.png", "-o", "min.png")
    pool("avg", "in.png", "-o", "avg.png")
    assert read("max.png").mode == read("min.png").mode == "1"
    assert np.array_equal(read("max.png"), naive(bits, 2, lambda window: window.any()))
    assert np.array_equal(read("min.png"), naive(bits, 2, lambda window: window.all()))
    assert read("avg.png").mode == "L"
    assert np.array_equal(read("avg.png"), naive(bits * np.uint8(255), 2, mean))


@pytest.mark.parametrize("transparent", [False, True])
def test_palette_is_pooled_as_colours(pool, transparent):
    source = picture("RGB", 8, 8).quantize(16)
    extra = {"transparency": 3} if transparent else {}
    source.save("in.png", **extra)
    result = pool("max", "in.png", "-v", "-o", "out.png")
    assert "palette" in result.stderr
    colours = read("in.png").convert("RGBA" if transparent else "RGB")
    assert np.array_equal(read("out.png"), naive(np.asarray(colours), 2, KEEP["max"]))


def test_transparent_colour_becomes_alpha(pool):
    array = np.full((2, 4, 3), 9, np.uint8)
    array[:, 2:] = (200, 10, 30)
    Image.fromarray(array).save("in.png", transparency=(9, 9, 9))
    pool("avg", "in.png", "-k", "2x4", "-o", "out.png")
    assert np.asarray(read("out.png")).tolist() == [[[200, 10, 30, 128]]]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("suffix", ["jpg", "png", "tif"])
def test_orientation_is_applied_and_reset(pool, orientation, suffix):
    source = picture("L", 12, 8).resize((120, 80), Image.Resampling.NEAREST)
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "a maker"
    exif[0x8769] = {0x829A: 0.5, 0xA002: 120, 0xA003: 80}
    source.save(f"in.{suffix}", quality=100, exif=exif.tobytes(), dpi=(100, 200))
    pool("avg", f"in.{suffix}", "-o", f"out.{suffix}", "-k", 10, "--quality", 100)
    out = read(f"out.{suffix}")
    upright = ImageOps.exif_transpose(read(f"in.{suffix}"))
    difference = np.asarray(out).astype(int) - np.asarray(upright.reduce(10))
    assert np.abs(difference).max() <= (6 if suffix == "jpg" else 0)
    assert out.getexif().get(0x0112, 1) == 1
    assert out.getexif()[0x010F] == "a maker"
    photo = out.getexif().get_ifd(0x8769)
    assert photo[0x829A] == 0.5
    assert 0xA002 not in photo
    wanted = (100, 200) if orientation < 5 else (200, 100)
    assert out.info["dpi"] == pytest.approx(wanted, abs=0.1)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate"])
@pytest.mark.parametrize("camera", [{}, {0x829A: 0.5}])
def test_exif_in_tiffs(pool, compression, camera):
    """A compressed TIFF's EXIF, which Pillow alone fails to write."""
    exif = Image.Exif()
    exif[0x010F] = "a maker"
    if camera:
        exif[0x8769] = camera
        picture("RGB", 8, 8).save("in.jpg", exif=exif)
        pool("avg", "in.jpg", "-o", "out.tif")
    else:
        picture("RGB", 8, 8).save("in.tif", exif=exif.tobytes(), compression=compression)
        pool("avg", "in.tif", "-o", "out.tif")
        assert read("out.tif").info["compression"] == compression
    with open("out.tif", "rb") as file, Image.open(file) as out:  # noqa: PTH123
        assert out.getexif()[0x010F] == "a maker"
        assert out.getexif().get_ifd(0x8769) == camera
    picture("RGB", 8, 8).save("plain.tif", compression=compression, dpi=(300, 300))
    pool("avg", "plain.tif", "-o", "plain2.tif")
    assert read("plain2.tif").info["compression"] == compression


@pytest.mark.parametrize("suffix", ["jpg", "png", "tif", "webp"])
def test_profile_is_kept(pool, suffix):
    profile = b"\0" * 36 + b"acsp" + bytes(100)
    picture("RGB", 8, 8).save(f"in.{suffix}", icc_profile=profile)
    pool("max", f"in.{suffix}", "-o", f"out.{suffix}")
    assert read(f"out.{suffix}").info["icc_profile"] == profile
    pool("max", f"in.{suffix}", "-o", f"bare.{suffix}", "--metadata", "none")
    assert "icc_profile" not in read(f"bare.{suffix}").info


def test_jpeg_quality_and_subsampling(pool):
    from PIL.JpegImagePlugin import get_sampling

    picture("RGB", 64, 64).save("half.jpg", subsampling=2)
    picture("RGB", 64, 64).save("full.png")
    pool("avg", "half.jpg", "-o", "half2.jpg")
    pool("avg", "full.png", "-o", "full2.jpg")
    pool("avg", "full.png", "-o", "low.jpg", "--quality", 20)
    assert get_sampling(read("half2.jpg")) == 2
    assert get_sampling(read("full2.jpg")) == 0
    tables = [sum(read(name).quantization[0]) for name in ("full2.jpg", "low.jpg")]
    assert tables[0] < tables[1]


def test_sums_are_not_clipped(pool):
    picture("L", 8, 8).save("in.png")
    result = pool("sum", "in.png", "-o", "out.png", code=1)
    assert ".npy or .tif" in result.stderr
    assert not list_outputs()
    pool("sum", "in.png", "-o", "out.tif")
    pool("sum", "in.png", "-o", "out.npy")
    total = naive(np.asarray(read("in.png")), 2, lambda window: window.sum(dtype=int))
    assert np.array_equal(read("out.tif"), total)
    assert np.array_equal(np.load("out.npy"), total)
    pool("sum", "in.png", "-o", "clip.png", "--clip")
    assert np.array_equal(read("clip.png"), np.minimum(total, 255))


def test_alpha_in_jpeg(pool):
    picture("RGBA", 8, 8).save("in.png")
    result = pool("avg", "in.png", "-o", "out.jpg", code=1)
    assert "--background" in result.stderr
    assert ".png" in result.stderr
    pool("avg", "in.png", "-o", "out.jpg", "--background", "white")
    assert read("out.jpg").mode == "RGB"


def test_opaque_alpha_in_jpeg_is_nothing_lost(pool):
    source = picture("RGBA", 8, 8)
    source.putalpha(255)
    source.save("in.png")
    pool("avg", "in.png", "-o", "out.jpg")
    assert read("out.jpg").size == (4, 4)


def test_float_in_png_is_refused(pool):
    picture("F", 8, 8).save("in.tif")
    result = pool("avg", "in.tif", "-o", "out.png", code=1)
    assert ".npy, .tif" in result.stderr
    pool("avg", "in.tif", "-o", "out.tif")
    pool("avg", "in.tif", "-o", "out.npy")
    assert np.array_equal(read("out.tif"), np.load("out.npy"))
    assert np.load("out.npy").dtype == np.float32


def deep_png(width: int, height: int) -> bytes:
    """Write a 16-bit RGB PNG, which Pillow cannot."""
    import struct
    import zlib

    def chunk(name: bytes, data: bytes) -> bytes:
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    rows = (b"\0" + bytes(range(6 * width % 256)).ljust(6 * width, b"\7")) * height
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, 2, 0, 0, 0))
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def deep_tiff(width: int, height: int) -> bytes:
    """Write a 16-bit RGB TIFF, which Pillow cannot."""
    import struct

    tags = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, 134), (259, 3, 1, 1)]
    tags += [(262, 3, 1, 2), (273, 4, 1, 140), (277, 3, 1, 3), (278, 3, 1, height)]
    tags += [(279, 4, 1, width * height * 6), (339, 3, 1, 1)]
    directory = struct.pack("<H", len(tags))
    directory += b"".join(struct.pack("<HHII", *tag) for tag in tags) + bytes(4)
    head = b"II*\0" + struct.pack("<I", 8) + directory
    assert len(head) == 134
    return head + struct.pack("<3H", 16, 16, 16) + bytes(range(240)) * (width * height * 6 // 240)


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("in.png", deep_png(10, 8)),
        ("in.tif", deep_tiff(10, 8)),
        ("in.ppm", b"P6 10 8 65535\n" + bytes(480)),
    ],
)
def test_sixteen_bit_colour_is_not_halved_in_silence(pool, tmp_path, monkeypatch, name, data):
    monkeypatch.setitem(sys.modules, "tifffile", None)  # the extra that reads it is not there
    (tmp_path / name).write_bytes(data)
    result = pool("avg", name, "-o", "out.png", code=1)
    assert "16 bits" in result.stderr
    assert "--accept-8bit" in result.stderr
    assert ("numbapool[deep]" in result.stderr) == (name != "in.ppm")
    pool("avg", name, "-o", "out.png", "--accept-8bit")
    assert "16 bits" in pool("info", name).stdout


def test_linear_light(pool):
    Image.fromarray(np.array([[0, 255]], np.uint8)).save("in.png")
    pool("avg", "in.png", "-k", "1x2", "-o", "out.png", "--linear")
    assert np.asarray(read("out.png")).tolist() == [[188]]  # sRGB's shade of half the light


def list_outputs() -> list[str]:
    from pathlib import Path

    return sorted(path.name for path in Path().iterdir() if path.name.startswith(("out", ".pool")))
