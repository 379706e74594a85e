"""Files cut short and damaged: a reason in plain words, and a library's own only with -v."""

import io
import random
import re
import shutil
import struct
import subprocess
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from pictures import picture
from PIL import Image

PLAIN = re.compile(
    r"(frame [0-9]+ of [0-9]+: |array '.*': )?("
    r"the file is empty"
    r"|it is cut short: a part of its data is missing"
    r"|it is damaged: its data cannot be decoded"
    r"|it is of a type that pool does not read, or damaged"
    r"|it is not a picture or array format that pool can read"
    r"|it is not a \.np[yz] file"
    r"|it is empty"
    r"|its list of arrays cannot be read: it is cut short or damaged"
    r"|its header says shape .* the file is cut short or damaged"
    r"|its .* pixels are past the limit of .*"
    r"|.* holds .* bits per channel in a form that pool does not read: .*"
    r"|a part of its pixels is missing: the file is cut short or damaged"
    r"|array '.*' (is cut short|is encrypted, which is not read)"
    r"|.* and which are height and width is not guessed: .*"
    r")"
)

COMPILING = "pool: compiling kernels for first use (kept for next time)…\n"


def made(name: str) -> bytes:
    file = io.BytesIO()
    rgb = picture("RGB", *((60, 50) if name.endswith(("jp2", "tif")) else (32, 26)))
    array = np.arange(1200, dtype=np.uint16).reshape(30, 40)
    if name.endswith(".npy"):
        np.save(file, array)
    elif name.endswith(".npz"):
        np.savez_compressed(file, x=array, y=array.T)
    elif name.startswith("frames"):
        first, *more = [picture("RGB", 24, 20, seed) for seed in range(4)]
        first.save(file, name.partition(".")[2], save_all=True, append_images=more)
    else:
        rgb.save(file, {"jpg": "jpeg", "jp2": "jpeg2000", "tif": "tiff"}.get(name[2:], name[2:]))
    return file.getvalue()


NAMES = ["a.jpg", "a.png", "a.tif", "a.webp", "a.bmp", "a.ppm", "a.jp2", "a.tga", "a.sgi", "a.pcx"]
NAMES += ["a.npy", "a.npz", "frames.gif", "frames.png", "frames.webp", "frames.tiff"]


@pytest.mark.parametrize("name", NAMES)
def test_reasons_are_plain(pool, name):
    draw = random.Random(name)
    whole = made(name)
    reasons = set()
    for number in range(24):
        data = bytearray(whole)
        if number % 2:
            del data[draw.randrange(len(data)) :]
        else:
            for _ in range(draw.randint(1, 6)):
                data[draw.randrange(min(len(data), 300))] = draw.randrange(256)
        Path(name).write_bytes(data)
        for command in (
            ["max", "--on-exists", "overwrite", "-o", f"out{Path(name).suffix}"],
            ["info"],
        ):
            said = pool(*command, name, code=None).stderr.replace(COMPILING, "")
            if said:
                prefix, _, reason = said.rstrip("\n").partition(f"pool: {name}: ")
                assert not prefix, said
                reasons.add(reason)
    assert reasons
    assert [reason for reason in reasons if not PLAIN.fullmatch(reason)] == []


def test_what_the_library_said_is_told_on_request(pool):
    whole = made("a.png")
    Path("a.png").write_bytes(whole[:-40])
    Path("b.png").write_bytes(b"no picture")
    plain = "pool: a.png: it is cut short: a part of its data is missing"
    assert pool("avg", "a.png", code=1).stderr == f"{plain}\n"
    assert pool("avg", "a.png", "-v", code=1).stderr.startswith(f"{plain} (OSError: ")
    assert "(UnidentifiedImageError: " in pool("avg", "a.png", "b.png", "-v", code=1).stderr
    assert "Traceback" in pool("avg", "a.png", "--debug", code=1).stderr


def test_an_encrypted_archive(pool):
    with zipfile.ZipFile("a.npz", "w") as archive:
        archive.writestr("x.npy", made("a.npy"))
    data = bytearray(Path("a.npz").read_bytes())
    for magic, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        data[data.index(magic) + flags] |= 1
    Path("a.npz").write_bytes(data)
    for command in ("avg", "info"):
        said = pool(command, "a.npz", code=1).stderr
        assert said == "pool: a.npz: array 'x' is encrypted, which is not read\n"


def png_of(rows: int, color: int, interlaced: int = 0, more: bytes = b"") -> bytes:
    """Write a PNG of 16 x 16 by hand whose data end after some rows."""

    def chunk(name: bytes, body: bytes) -> bytes:
        check = zlib.crc32(name + body)
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", check)

    channels = {0: 1, 2: 3, 6: 4}[color]
    data = zlib.compress((b"\0" + b"\x7b" * 16 * channels) * rows)
    header = struct.pack(">IIBBBBB", 16, 16, 8, color, 0, 0, interlaced)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + more
        + chunk(b"IDAT", data)
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("color", [0, 2, 6])
@pytest.mark.parametrize("rows", [1, 8, 15])
def test_a_png_whose_last_rows_are_missing(pool, rows, color):
    Path("a.png").write_bytes(png_of(rows, color))
    said = pool("min", "a.png", "-o", "out.png", code=1).stderr
    assert "cut short" in said
    Path("b.png").write_bytes(png_of(16, color))
    pool("min", "b.png", "-o", "out.png")
    assert np.unique(np.asarray(Image.open("out.png"))).tolist() == [0x7B]


def test_black_rows_that_are_there(pool):
    for mode in ("1", "L", "RGB", "RGBA", "I;16", "P"):
        Image.new(mode, (15, 15)).save("a.png")
        pool("max", "a.png", "-o", "out.png", "--on-exists", "overwrite")


@pytest.mark.parametrize("size", [(15, 16), (16, 15), (1, 1), (3, 2), (9, 9)])
def test_interlaced_pictures_are_whole(pool, size):
    whole = imagemagick(size)
    Path("a.png").write_bytes(whole)
    pool("max", "a.png", "-k", "1", "-o", "out.png")
    assert np.array_equal(np.asarray(Image.open("out.png")), np.asarray(Image.open("a.png")))


def imagemagick(size: tuple[int, int]) -> bytes:
    if shutil.which("convert") is None or b"ImageMagick" not in convert("-version").stdout:
        pytest.skip("ImageMagick's convert is not installed")
    made = convert("-size", "{}x{}".format(*size), "xc:black", "-interlace", "PNG", "png:-")
    assert made.returncode == 0, made.stderr
    return made.stdout


def convert(*words: str) -> subprocess.CompletedProcess:
    return subprocess.run(["convert", *words], capture_output=True)


def test_more_pixels_than_the_data_could_hold(pool):
    """Of 167 million pixels in a kilobyte nothing is decoded."""
    whole = bytearray(png_of(16, 2))
    whole[16:24] = struct.pack(">II", 10, 16_777_223)
    whole[29:33] = struct.pack(">I", zlib.crc32(whole[12:29]))
    Path("a.png").write_bytes(whole)
    assert "cut short" in pool("max", "a.png", "-o", "out.png", code=1).stderr


def test_only_formats_that_are_named_are_opened(pool):
    """Pillow hands an EPS to Ghostscript, whatever its name is."""
    text = "%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 8 8\n%%EndComments\nshowpage\n"
    Path("a.png").write_text(text)
    said = pool("max", "a.png", "-o", "out.png", code=1).stderr
    assert "not a picture or array format that pool can read" in said
