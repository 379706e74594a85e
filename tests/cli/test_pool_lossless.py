"""What came lossless leaves lossless, and what is asked to be so is, or is refused."""

import io
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pictures import naive, picture
from PIL import Image, features

WEBP = pytest.mark.skipif(not features.check("webp"), reason="Pillow has no WebP here")
JPEG2000 = pytest.mark.skipif(not features.check("jpg_2000"), reason="Pillow has no JPEG 2000 here")
Image.init()
AVIF = pytest.mark.skipif("AVIF" not in Image.SAVE, reason="Pillow has no AVIF here")


def largest(window):
    return window.max((0, 1))


def webp_chunks(name: str) -> list[bytes]:
    """Give the names of a WebP's chunks, those inside of frames too."""
    data = Path(name).read_bytes()
    at, found = 12, []
    while at + 8 <= len(data):
        found.append(data[at : at + 4])
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        at += 8 + (16 if found[-1] == b"ANMF" else size + size % 2)
    return found


def transform(name: str) -> int:
    """Give a JPEG 2000's wavelet transform: 1 is reversible, 0 is not."""
    data = Path(name).read_bytes()
    return data[data.index(b"\xff\x52") + 13]


@WEBP
def test_two_colours_of_a_lossless_webp(pool):
    array = np.zeros((4, 4, 3), np.uint8)
    array[:2], array[2:] = (255, 0, 0), (0, 0, 255)
    Image.fromarray(array).save("in.webp", lossless=True)
    pool("mode", "in.webp", "-o", "out.webp")
    assert np.array_equal(np.asarray(Image.open("out.webp")), array[::2, ::2])


@WEBP
@pytest.mark.parametrize("mode", ["RGB", "RGBA"])
def test_webp_stays_as_it_came(pool, mode):
    image = picture(mode, 18, 12)
    image.save("in.webp", lossless=True, exact=True)
    pool("max", "in.webp", "-o", "out.webp")
    assert b"VP8L" in webp_chunks("out.webp")
    # Colours below a clear pixel, too.
    assert np.array_equal(np.asarray(Image.open("out.webp")), naive(np.asarray(image), 2, largest))
    for number, options in enumerate((["--quality", "80"], ["--lossy"])):
        pool("max", "in.webp", "-o", f"lossy{number}.webp", *options)
        assert b"VP8L" not in webp_chunks(f"lossy{number}.webp")
    image.save("lossy.webp", quality=80)
    pool("max", "lossy.webp", "-o", "out_lossy.webp")
    assert b"VP8L" not in webp_chunks("out_lossy.webp")
    pool("max", "lossy.webp", "-o", "asked.webp", "--lossless")
    assert b"VP8 " not in webp_chunks("asked.webp")
    image.save("in.png")
    pool("max", "in.png", "-o", "from_png.webp")
    assert b"VP8L" not in webp_chunks("from_png.webp")


@WEBP
def test_every_frame_of_a_webp(pool):
    frames = [picture("RGB", 18, 12, seed) for seed in range(3)]
    save = {"save_all": True, "append_images": frames[1:], "duration": 70}
    frames[0].save("in.webp", lossless=True, **save)
    pool("max", "in.webp", "-o", "out.webp")
    chunks = webp_chunks("out.webp")
    assert (chunks.count(b"VP8L"), chunks.count(b"VP8 ")) == (3, 0)
    with Image.open("out.webp") as out:
        for number, frame in enumerate(frames):
            out.seek(number)
            wanted = naive(np.asarray(frame), 2, largest)
            assert np.array_equal(np.asarray(out.convert("RGB")), wanted)
    frames[0].save("lossy.webp", quality=80, **save)
    pool("max", "lossy.webp", "-o", "out_lossy.webp")
    assert b"VP8L" not in webp_chunks("out_lossy.webp")


@JPEG2000
@pytest.mark.parametrize("suffix", ["jp2", "j2k"])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA", "I;16"])
def test_jpeg_2000_stays_as_it_came(pool, mode, suffix):
    image = picture(mode, 48, 40)
    image.save(f"in.{suffix}", irreversible=False)
    pool("max", f"in.{suffix}", "-o", f"out.{suffix}")
    assert transform(f"out.{suffix}") == 1
    out = np.asarray(Image.open(f"out.{suffix}"))
    assert np.array_equal(out, naive(np.asarray(image), 2, largest))
    for number, options in enumerate((["--quality", "40"], ["--lossy"])):
        pool("max", f"in.{suffix}", "-o", f"lossy{number}.{suffix}", *options)
        assert transform(f"lossy{number}.{suffix}") == 0
    assert Path(f"lossy0.{suffix}").stat().st_size < Path(f"out.{suffix}").stat().st_size


def test_lossless_is_refused_if_it_cannot_be(pool):
    picture("RGB", 40, 40).save("in.png")
    assert "never lossless" in pool("max", "in.png", "-o", "o.jpg", "--lossless", code=1).stderr
    assert "256 colours" in pool("max", "in.png", "-o", "o.gif", "--lossless", code=1).stderr
    assert not Path("o.jpg").exists()
    said = pool("max", "in.png", "-o", "o.webp", "--lossless", "--quality", "9", code=2).stderr
    assert "leave out --quality" in said
    for suffix in ("png", "tif", "bmp"):  # which lose nothing anyway
        pool("max", "in.png", "-o", f"o.{suffix}", "--lossless")


@AVIF
def test_avif_without_the_extra(pool, monkeypatch):
    picture("RGB", 18, 12).save("in.avif")
    said = pool("max", "in.avif", "-o", "out.avif").stderr
    assert "whether an AVIF came lossless is not looked for" in said
    for name in ("tifffile", "imagecodecs"):
        monkeypatch.setitem(sys.modules, name, None)
    said = pool("max", "in.avif", "-o", "lossless.avif", "--lossless", code=1).stderr
    assert "numbapool[deep]" in said


@AVIF
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "L"])
def test_lossless_avif(pool, mode):
    imagecodecs = pytest.importorskip("imagecodecs", reason="the extra 'deep' is not installed")
    image = picture(mode, 18, 12)
    image.save("in.png")
    pool("max", "in.png", "-o", "out.avif", "--lossless")
    wanted = naive(np.asarray(image), 2, largest)
    if mode == "L":
        wanted = np.stack([wanted] * 3, -1)
    assert np.array_equal(imagecodecs.avif_decode(Path("out.avif").read_bytes()), wanted)
    assert np.array_equal(np.asarray(Image.open("out.avif")), wanted)


@AVIF
def test_lossless_avif_of_an_alpha_that_hides_nothing(pool):
    imagecodecs = pytest.importorskip("imagecodecs", reason="the extra 'deep' is not installed")
    image = picture("RGB", 18, 12)
    image.convert("RGBA").save("in.png")
    pool("max", "in.png", "-o", "out.avif", "--lossless")
    found = imagecodecs.avif_decode(Path("out.avif").read_bytes())
    assert np.array_equal(found[..., :3], naive(np.asarray(image), 2, largest))


@WEBP
@pytest.mark.skipif(shutil.which("vips") is None, reason="vips is not installed")
def test_vips_reads_the_same(pool):
    image = picture("RGB", 18, 12)
    image.save("in.webp", lossless=True)
    pool("max", "in.webp", "-o", "out.webp")
    subprocess.run(["vips", "copy", "out.webp", "out.ppm"], check=True, capture_output=True)
    wanted = naive(np.asarray(image), 2, largest)
    assert np.array_equal(np.asarray(Image.open("out.ppm")), wanted)


def test_the_coding_style_is_found_where_it_stands():
    from numbapool_cli.codecs import lossless

    noise = b"\xff\x4f\xff\x51" + (4).to_bytes(2, "big") + b"ab"
    style = b"\xff\x52\x00\x0c\x00\x00\x00\x01\x01\x05\x04\x04\x00"
    assert lossless.format_of(io.BytesIO(noise + style + b"\x01")) == "JPEG2000"
    assert lossless.format_of(io.BytesIO(noise + style + b"\x00")) == ""
    assert lossless.format_of(io.BytesIO(noise + b"\xff\x90\x00\x0a")) == ""
    assert lossless.format_of(io.BytesIO(b"")) == ""


@WEBP
def test_what_is_typed_wins(pool, monkeypatch):
    picture("RGB", 18, 12).save("in.webp", lossless=True)
    Path("quality.toml").write_text("quality = 80\n")
    Path("lossless.toml").write_text("lossless = true\n")
    kept = {}
    for name, options in (
        ("file, typed lossless", ["--config", "quality.toml", "--lossless"]),
        ("file, typed quality", ["--config", "lossless.toml", "--quality", "80"]),
        ("file", ["--config", "quality.toml"]),
    ):
        pool("max", "in.webp", "-o", "out.webp", "--on-exists", "overwrite", *options)
        kept[name] = b"VP8L" in webp_chunks("out.webp")
    monkeypatch.setenv("POOL_MAX_QUALITY", "80")
    pool("max", "in.webp", "-o", "env.webp", "--lossless")
    kept["environment"] = b"VP8L" in webp_chunks("env.webp")
    assert kept == {
        "file, typed lossless": True,
        "file, typed quality": False,
        "file": True,  # what stands there is no quality by hand
        "environment": True,
    }
