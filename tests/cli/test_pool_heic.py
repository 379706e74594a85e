"""HEIC pictures of phones: read with the extra 'heif', and told of without it."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from numbapool_cli.codecs import extra, heif
from pictures import picture, read
from PIL import Image, ImageCms

pillow_heif = pytest.importorskip("pillow_heif", reason="the extra 'heif' is not installed")
pillow_heif.register_heif_opener()

RAMP = np.add.outer(np.arange(0, 96, 2), np.arange(0, 128, 2)).astype(np.uint8)
PROFILE = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def save(path: str, image: Image.Image, **options: object) -> None:
    """Write a HEIC without loss: exactly for grey, off by a level or two for colour."""
    image.save(path, format="HEIF", quality=-1, chroma=444, **options)


def exif(orientation: int) -> bytes:
    tags = Image.Exif()
    tags[0x0112], tags[0x010F] = orientation, "Maker"
    return tags.tobytes()


@pytest.fixture
def without(monkeypatch):
    """Let the extra be missing."""
    monkeypatch.setattr(heif, "reads_heif", lambda: False)
    monkeypatch.setattr(extra, "reads_heif", lambda: False)
    heif.let_pillow_open.cache_clear()
    yield
    heif.let_pillow_open.cache_clear()


@pytest.mark.parametrize("suffix", ["HEIC", "hif"])
def test_a_heic_is_read_as_any_picture(pool, suffix):
    save(f"a.{suffix}", Image.fromarray(RAMP))
    pool("max", f"a.{suffix}", "-o", "a.png")
    assert np.array_equal(np.asarray(read("a.png")), RAMP[1::2, 1::2])
    pool("max", f"a.{suffix}", "--format", "tif")
    assert np.array_equal(np.asarray(read("a.max2.tif")), RAMP[1::2, 1::2])
    said = pool("info", f"a.{suffix}").stdout
    assert "HEIF" in said
    assert "64×48 (width × height)" in said


@pytest.mark.parametrize("orientation", [2, 6, 7])
def test_it_is_upright(pool, orientation):
    """libheif writes how the picture is turned, and EXIF says it again: it is turned once."""
    save("a.heic", Image.fromarray(RAMP), exif=exif(orientation))
    pool("max", "a.heic", "-k", 1, "-o", "a.png")
    pool("max", "a.heic", "-k", 1, "-o", "a.tif")
    Image.fromarray(RAMP).save("b.tif", exif=exif(orientation))
    pool("max", "b.tif", "-k", 1, "-o", "b.png")  # as Pillow's own formats are turned
    assert np.array_equal(np.asarray(read("a.png")), np.asarray(read("b.png")))
    assert read("a.png").getexif().get(0x0112, 1) == 1
    assert read("a.png").getexif()[0x010F] == "Maker"
    size = "48×64" if orientation >= 5 else "64×48"
    assert size in pool("info", "a.heic").stdout
    if shutil.which("exiftool"):
        said = subprocess.run(
            ["exiftool", "-n", "-s3", "-Orientation", "a.png"], capture_output=True, text=True
        )
        assert said.stdout.strip() in ("", "1")


def test_its_profile_and_its_transparency_are_kept(pool):
    colours = picture("RGBA", 16, 16)
    save("a.heic", colours, icc_profile=PROFILE)
    pool("avg", "a.heic", "-o", "a.png")
    result = read("a.png")
    assert result.mode == "RGBA"
    assert result.info["icc_profile"] == PROFILE
    pool("avg", "a.heic", "-o", "a.jpg", "--background", "white")
    assert read("a.jpg").info["icc_profile"] == PROFILE


def test_primaries_without_a_profile_are_told_of():
    assert heif.notes_of({"nclx_profile": {"color_primaries": 1}}) == []
    assert heif.notes_of({"nclx_profile": {"color_primaries": 12}, "icc_profile": b"x"}) == []
    (note,) = heif.notes_of({"nclx_profile": {"color_primaries": 12}})
    assert "Display P3" in note


def test_more_than_8_bits_are_refused_or_accepted(pool):
    numbers = np.full((16, 16, 3), 40_000, np.uint16)
    pillow_heif.from_bytes("RGB;16", (16, 16), numbers.tobytes()).save("a.heic", quality=-1)
    said = pool("avg", "a.heic", "-o", "a.png", code=1).stderr
    assert "10 bits per channel" in said
    assert "--accept-8bit" in said
    pool("avg", "a.heic", "-o", "a.png", "--accept-8bit")
    assert abs(int(read("a.png").getpixel((0, 0))[0]) - 40_000 // 257) <= 2


def test_of_several_pictures_the_main_one_is_pooled(pool):
    first, second = (Image.fromarray(array) for array in (RAMP, RAMP[::-1].copy()))
    save("a.heic", first, save_all=True, append_images=[second], primary_index=1)
    said = pool("max", "a.heic", "-k", 1, "-o", "a.png", "-v").stderr
    assert "of its 2 pictures the main one was pooled" in said
    assert np.array_equal(np.asarray(read("a.png")), RAMP[::-1])


def test_a_broken_one_fails_in_one_line(pool):
    save("whole.heic", Image.fromarray(RAMP))
    whole = Path("whole.heic").read_bytes()
    for number, length in enumerate((40, len(whole) // 2, len(whole) - 9)):
        Path("a.heic").write_bytes(whole[:length])
        said = pool("avg", "a.heic", "-o", f"{number}.png", code=1).stderr
        assert said.startswith("pool: a.heic: it is ")
        assert said.count("\n") == 1


def test_brands():
    def head(major: bytes, *compatible: bytes) -> bytes:
        size = (16 + 4 * len(compatible)).to_bytes(4, "big")
        return size + b"ftyp" + major + bytes(4) + b"".join(compatible) + b"meta" + b"heic"

    assert heif.is_heif(head(b"heic", b"mif1"))
    assert heif.is_heif(head(b"mif1", b"miaf", b"heix"))
    assert not heif.is_heif(head(b"mif1", b"avif"))
    assert not heif.is_heif(head(b"avif", b"mif1"))
    assert not heif.is_heif(b"\x89PNG\r\n\x1a\n")
    assert not heif.is_heif(b"")


def test_a_folder_with_the_extra_reads_them(pool):
    Path("in").mkdir()
    save("in/a.HEIC", Image.fromarray(RAMP))
    for name in ("b.CR2", "c.cr2", "d.nef"):
        Path("in", name).touch()
    said = pool("avg", "in", "-o", "out").stderr
    assert said.startswith("1 done. ")
    assert said.endswith(" Skipped 3 files of other types: .cr2 (2), .nef (1).\n")
    assert read("out/a.jpg").size == (32, 24)
    assert read("out/a.jpg").format == "JPEG"
    picture("L", 8, 6).save("in/a.jpg")  # a phone's copy for others
    pool("avg", "in", "-o", "both")
    assert sorted(path.name for path in Path("both").iterdir()) == ["a.HEIC.jpg", "a.jpg"]
    pool("avg", "in/a.HEIC")
    assert Path("in/a.avg2.jpg").exists()


def test_a_folder_without_the_extra_counts_them(pool, without):
    Path("in").mkdir()
    for name in ("a.HEIC", "b.heic", "c.cr2"):
        Path("in", name).touch()
    told = (
        "Skipped 3 files of other types: .heic (2), .cr2 (1). "
        "HEIC is read with an extra: pip install 'numbapool[heif]'."
    )
    assert told in pool("avg", "in", "-o", "out", code=3).stderr
    picture("L", 8, 6).save("in/d.png")
    assert pool("avg", "in", "-o", "out").stderr.endswith(f" {told}\n")
    said = json.loads(pool("max", "in", "-o", "max", "--json").stdout.splitlines()[-1])
    assert said["summary"]["other_types"] == {".heic": 2, ".cr2": 1}


def test_one_that_is_named_without_the_extra(pool, without):
    save("a.heic", Image.fromarray(RAMP))
    for arguments in (["avg", "-o", "a.png"], ["avg"], ["info"]):
        said = pool(arguments[0], "a.heic", *arguments[1:], code=1).stderr
        assert "numbapool[heif]" in said
