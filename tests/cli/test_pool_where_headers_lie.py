"""Headers that lie where they are not looked for at once; numbers that only they explain."""

import shutil
import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from pictures import naive
from PIL import Image, features

JPEG2000 = pytest.mark.skipif(not features.check("jpg_2000"), reason="Pillow has no JPEG 2000 here")
OPJ = pytest.mark.skipif(shutil.which("opj_compress") is None, reason="opj_compress is missing")
Image.init()
AVIF = pytest.mark.skipif("AVIF" not in Image.SAVE, reason="Pillow has no AVIF here")


def largest(window):
    return window.max((0, 1))


def box(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body) + 8) + name + body


def opj(source: str, target: str, *options: str) -> None:
    command = ["opj_compress", "-i", source, "-o", target, *options]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def with_box(name: str, words: bytes) -> None:
    """Put a box of other words before a JPEG 2000's codestream."""
    data = Path(name).read_bytes()
    at = data.index(b"jp2c") - 4
    Path(name).write_bytes(data[:at] + box(b"uuid", bytes(16) + words) + data[at:])


# One is longer than any buffer; one holds what a codestream's size begins with.
WORDS = [bytes(100_000), b"\xff\x4f\xff\x51" + b"\7" * 60]


@OPJ
@JPEG2000
@pytest.mark.parametrize("words", WORDS, ids=["long", "misleading"])
def test_the_depth_of_a_jpeg_2000(pool, random, words):
    array = random.integers(0, 1024, (32, 48))
    Path("in.pgm").write_bytes(b"P5\n48 32\n1023\n" + array.astype(">u2").tobytes())
    opj("in.pgm", "in.jp2")
    with_box("in.jp2", words)
    pool("max", "in.jp2", "-o", "out.npy")
    assert np.array_equal(np.load("out.npy"), naive(array, 2, largest))
    colour = random.integers(0, 1024, (32, 48, 3))
    Path("in.ppm").write_bytes(b"P6\n48 32\n1023\n" + colour.astype(">u2").tobytes())
    opj("in.ppm", "rgb.jp2")
    with_box("rgb.jp2", words)
    assert "10 bits per channel" in pool("max", "rgb.jp2", "-o", "no.npy", code=1).stderr
    assert "10 bits per channel" in pool("max", "rgb.jp2", "--dry-run", code=1).stderr


@JPEG2000
def test_a_lossless_jpeg_2000_stays_so_behind_a_long_box(pool):
    Image.new("RGB", (32, 32), "red").save("in.jp2")
    with_box("in.jp2", WORDS[0])
    pool("max", "in.jp2", "-o", "out.jp2")
    data = Path("out.jp2").read_bytes()
    assert data[data.index(b"\xff\x52") + 13] == 1


@OPJ
@JPEG2000
@pytest.mark.parametrize("count", [2, 4])
def test_an_alpha_that_is_not_named(pool, random, count):
    bands = random.integers(0, 256, (count, 32, 48), np.uint8)
    Path("in.raw").write_bytes(bands.tobytes())
    opj("in.raw", "in.jp2", "-F", f"48,32,{count},8,u", "-n", "3")
    assert "--alpha straight" in pool("avg", "in.jp2", "-o", "out.npy").stderr
    pool("avg", "in.jp2", "-o", "straight.npy", "--alpha", "straight")
    wanted = np.floor(np.moveaxis(bands, 0, -1).reshape(16, 2, 24, 2, count).mean((1, 3)) + 0.5)
    assert np.array_equal(np.load("straight.npy"), wanted)
    Image.new("RGBA", (8, 8)).save("named.jp2")
    assert "--alpha straight" not in pool("avg", "named.jp2", "-o", "named.npy").stderr


@AVIF
def test_the_depth_of_an_avif(pool):
    imagecodecs = pytest.importorskip("imagecodecs", reason="the extra 'deep' is not installed")
    data = imagecodecs.avif_encode(np.zeros((8, 8, 3), np.uint16), bitspersample=10)
    at = data.index(b"meta") - 4
    # The first box says what the file is; of what follows, the places in the file are moved.
    more = box(b"free", bytes(10_000))
    place = data.index(b"iloc") + 4
    moved = bytearray(data[:at] + more + data[at:])
    for n in range(len(more) + place, len(more) + place + 40):
        if int.from_bytes(moved[n : n + 4], "big") == data.index(b"mdat") + 4:
            moved[n : n + 4] = struct.pack(">I", data.index(b"mdat") + 4 + len(more))
            break
    Path("in.avif").write_bytes(moved)
    for more_options in ([], ["--dry-run"]):
        said = pool("max", "in.avif", "-o", "out.npy", *more_options, code=1).stderr
        assert "10 bits per channel" in said


def png_of_bits(array, bits: int, clear: int) -> bytes:
    """Write a grey PNG by hand, one of whose shades is transparent."""
    ones = (array[..., None] >> np.arange(bits - 1, -1, -1)) & 1
    rows = np.packbits(ones.reshape(len(array), -1).astype(np.uint8), axis=1)
    lines = b"".join(b"\0" + row.tobytes() for row in rows)
    chunks = [(b"IHDR", struct.pack(">IIBBBBB", *array.shape[::-1], bits, 0, 0, 0, 0))]
    chunks += [(b"tRNS", struct.pack(">H", clear)), (b"IDAT", zlib.compress(lines)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))
        for name, body in chunks
    )


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_the_transparent_grey_of_a_png(pool, bits):
    array = np.array([[0, 1, 1, 1]])
    Path("in.png").write_bytes(png_of_bits(array, bits, 1))
    pool("max", "in.png", "-o", "out.npy", "-k", "1")
    shade = 255 // ((1 << bits) - 1)
    assert np.load("out.npy").tolist() == [[[0, 255], *[[shade, 0]] * 3]]


@pytest.mark.parametrize("bits", ["1 0 1\n# a comment\n0 1 0\n", "101010\n"])
def test_plain_pbm(pool, bits):
    Path("in.pbm").write_text(f"P1\n3 2\n{bits}")
    pool("max", "in.pbm", "-o", "out.npy", "-k", "1")
    assert np.load("out.npy").tolist() == [[False, True, False], [True, False, True]]


@pytest.mark.parametrize("magic", ["P2", "P5"])
def test_a_dry_run_tells_the_type_of_a_pgm(pool, magic):
    pixels = b"1 256\n" if magic == "P2" else b"\0\1\1\0"
    Path("in.pgm").write_bytes(magic.encode() + b"\n2 1\n256\n" + pixels)
    assert " uint16, " in pool("max", "in.pgm", "-o", "out.npy", "--dry-run").stdout


def fits(array, bits: int, *more: str, kind: str = "SIMPLE  =                    T") -> bytes:
    cards = [kind, f"BITPIX  = {bits:20}", f"NAXIS   = {array.ndim if array.size else 0:20}"]
    if array.size:
        cards += [f"NAXIS{n + 1}  = {length:20}" for n, length in enumerate(array.shape[::-1])]
    header = "".join(card.ljust(80) for card in (*cards, *more, "END")).ljust(2880)
    data = array.tobytes()
    return header.encode() + data.ljust(-(-len(data) // 2880) * 2880, b"\0")


NONE = np.zeros(0, ">i2")
GREY = np.array([[-32768, 2], [3, 4]], ">i2")
IN_EXTENSION = "XTENSION= 'IMAGE   '"
ZERO = "BZERO   =                32768"


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (fits(np.arange(24, dtype=">i2").reshape(3, 4, 2), 16), "3 axes"),
        (fits(GREY, 16, "BLANK   =               -32768"), "BLANK"),
        (fits(NONE, 8) + fits(GREY, 16, ZERO, kind=IN_EXTENSION), "BZERO"),
    ],
    ids=["cube", "nodata", "extension"],
)
def test_fits_of_which_pillow_would_give_wrong_numbers(pool, data, said):
    Path("in.fits").write_bytes(data)
    for more in ([], ["--dry-run"]):
        assert said in pool("avg", "in.fits", "-o", "out.npy", *more, code=1).stderr


def test_fits_in_an_extension(pool):
    Path("in.fits").write_bytes(fits(NONE, 8) + fits(GREY[::-1], 16, kind=IN_EXTENSION))
    pool("max", "in.fits", "-o", "out.npy", "-k", "1")
    assert np.load("out.npy").tolist() == GREY.tolist()


def test_other_pictures_in_a_file_are_told(pool):
    frames = [Image.new("RGB", (8, 8), colour) for colour in ("red", "blue")]
    frames[0].save("in.mpo", save_all=True, append_images=frames[1:])
    assert "of its 2 pictures the first" in pool("max", "in.mpo", "-o", "out.png", "-v").stderr


@pytest.mark.parametrize(
    ("header", "pixels"),
    [("P4 9 2", 4), ("P5 9 2 255", 18), ("P5 9 2 15", 18), ("P5 9 2 1023", 36), ("P6 9 2 255", 54)],
)
def test_several_pictures_in_a_pnm(pool, header, pixels):
    one = header.encode() + b"\n" + bytes(pixels)
    for count, told in ((1, False), (2, True)):
        Path("in.pnm").write_bytes(one * count)
        said = pool("max", "in.pnm", "-o", "out.npy", "--on-exists", "overwrite").stderr
        assert ("of several pictures" in said) == told
