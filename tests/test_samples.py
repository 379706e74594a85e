"""The sample images: drawn again they are the same, and they are what their table says."""

import importlib.util
import io
import re
import sys
from pathlib import Path

import numpy as np
import pytest
from numbapool_cli.operators import OPERATORS
from PIL import Image, ImageCms, ImageOps, ImageSequence

FOLDER = Path(__file__).resolve().parent.parent / "sample_images"

IMAGES = {
    "scene.jpg": ("RGB", (603, 403)),
    "labels.png": ("P", (603, 403)),
    "speckled.png": ("L", (250, 200)),
    "zone_plate.png": ("L", (512, 512)),
    "ramp16.png": ("I;16", (256, 256)),
    "sprite.png": ("RGBA", (128, 128)),
    "mask1.png": ("1", (160, 120)),
    "cmyk.tif": ("CMYK", (160, 120)),
    "spinner.gif": ("P", (64, 64)),
    "sideways.jpg": ("RGB", (240, 160)),
}
ARRAYS = {
    "features.npy": (np.float32, (1, 16, 56, 56)),
    "heights.npy": (np.int16, (96, 128)),
}
# JPEG's decoders differ by a few levels from one libjpeg to another. What shows the scene leans
# on Pillow's polygons and on the machine's exp and sin as well, so its edges may move a little.
CLOSE = {"scene.jpg", "sideways.jpg", "speckled.png"}


def imported(name):
    """Return a script of the folder as a module."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "path", [str(FOLDER), *sys.path])  # a script imports its neighbour
        patch.setattr(sys, "dont_write_bytecode", True)
        spec = importlib.util.spec_from_file_location(
            f"sample_images_{name}", FOLDER / f"{name}.py"
        )
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def draw():
    return imported("draw")


@pytest.fixture(scope="module")
def redrawn(draw, tmp_path_factory):
    folder = tmp_path_factory.mktemp("redrawn")
    assert draw.main([str(folder)]) == 0
    return folder


def pixels(path):
    """Return every frame's pixels; a GIF's as colours, since Pillow turns later frames to RGB."""
    with Image.open(path) as image:
        if path.suffix == ".gif":
            return np.stack([frame.convert("RGB") for frame in ImageSequence.Iterator(image)])
        return np.asarray(image)


def test_draws_what_is_listed_and_nothing_else(redrawn):
    assert {path.name for path in redrawn.iterdir()} == IMAGES.keys() | ARRAYS.keys()


def test_every_file_is_in_the_table():
    files = {path.name for path in FOLDER.iterdir() if path.is_file()}
    drawn = {"README.md", "draw.py", "scene.py", "compare.py", "before_after.png", "gallery.py"}
    assert files == IMAGES.keys() | ARRAYS.keys() | drawn
    text = (FOLDER / "README.md").read_text(encoding="utf-8")
    lines = text.partition("## Gallery")[0].splitlines()
    listed = [line.split("`")[1] for line in lines if line.startswith("| `")]
    assert sorted(listed) == sorted(IMAGES.keys() | ARRAYS.keys())


def test_total_size():
    assert sum(path.stat().st_size for path in FOLDER.iterdir() if path.is_file()) < 700_000


@pytest.mark.parametrize("name", sorted(IMAGES.keys() - CLOSE - {"labels.png"}))
def test_image_redrawn_is_equal(redrawn, name):
    np.testing.assert_array_equal(pixels(redrawn / name), pixels(FOLDER / name))


@pytest.mark.parametrize("name", sorted(CLOSE))
def test_image_redrawn_is_close(redrawn, name):
    difference = np.abs(pixels(redrawn / name).astype(int) - pixels(FOLDER / name))
    assert difference.mean() < 1
    assert np.quantile(difference, 0.99) <= 12


def test_labels_redrawn_are_close(redrawn):
    differ = pixels(redrawn / "labels.png") != pixels(FOLDER / "labels.png")
    assert differ.mean() < 0.002


def test_arrays_redrawn(redrawn):
    np.testing.assert_array_equal(np.load(redrawn / "heights.npy"), np.load(FOLDER / "heights.npy"))
    maps, again = np.load(FOLDER / "features.npy"), np.load(redrawn / "features.npy")
    assert np.abs(maps - again).mean() < 0.001 * np.ptp(maps)


def test_same_bytes_with_the_same_libraries(draw, redrawn, tmp_path):
    draw.main([str(tmp_path)])
    for path in redrawn.iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes(), path.name


def test_refuses_other_arguments(draw, capsys):
    assert draw.main(["--help"]) == 2
    assert draw.main(["here", "there"]) == 2
    assert "usage" in capsys.readouterr().err


@pytest.mark.parametrize("name", IMAGES)
def test_mode_and_size(name):
    with Image.open(FOLDER / name) as image:
        assert (image.mode, image.size) == IMAGES[name]


@pytest.mark.parametrize("name", ARRAYS)
def test_dtype_and_shape(name):
    array = np.load(FOLDER / name)
    assert (array.dtype, array.shape) == ARRAYS[name]


def test_zone_plate_uses_every_shade_and_mirrors():
    plate = pixels(FOLDER / "zone_plate.png")
    assert (plate.min(), plate.max()) == (0, 255)
    np.testing.assert_array_equal(plate, plate[::-1])
    np.testing.assert_array_equal(plate, plate.T)


def test_ramp_holds_every_value_once():
    np.testing.assert_array_equal(pixels(FOLDER / "ramp16.png").ravel(), np.arange(1 << 16))


def test_sprite_hides_a_glaring_colour(draw):
    sprite = pixels(FOLDER / "sprite.png")
    clear = sprite[..., 3] == 0
    assert set(np.unique(sprite[..., 3])) == {0, 255}
    assert (sprite[clear][:, :3] == draw.HIDDEN).all()
    assert not (sprite[~clear][:, :3] == draw.HIDDEN).all(axis=1).any()


def test_labels_name_every_class(draw):
    with Image.open(FOLDER / "labels.png") as image:
        palette = image.getpalette()
        assert set(np.unique(image)) == set(range(len(draw.CLASSES)))
    assert tuple(map(tuple, np.reshape(palette, (-1, 3))[:8])) == tuple(draw.CLASSES.values())


def test_spinner_timing(draw):
    with Image.open(FOLDER / "spinner.gif") as image:
        times = [frame.info["duration"] for frame in ImageSequence.Iterator(image)]
        assert image.info["loop"] == 0
    assert tuple(times) == draw.SPINNER_MILLISECONDS == (40, 60, 80, 100, 120, 160, 240, 400)


def test_sideways_stands_up(draw):
    with Image.open(FOLDER / "sideways.jpg") as image:
        assert image.getexif()[0x0112] == 6
        assert image.info["dpi"] == (300, 300)
        profile = image.info["icc_profile"]
        upright = np.asarray(ImageOps.exif_transpose(image), int)
    assert np.abs(upright - draw.upright()).mean() < 3
    made = ImageCms.ImageCmsProfile(io.BytesIO(profile))
    assert "sRGB" in ImageCms.getProfileDescription(made)


def test_heights_have_gaps_and_depths(draw):
    metres = np.load(FOLDER / "heights.npy")
    gaps = metres == draw.NODATA
    assert 0.05 < gaps.mean() < 0.3
    assert metres[~gaps].min() < 0 < metres.max()


def test_features_are_signed_and_unlike():
    maps = np.load(FOLDER / "features.npy")[0]
    assert (maps.min(axis=(1, 2)) < 0).all() and (maps.max(axis=(1, 2)) > 0).all()
    alike = np.corrcoef(maps.reshape(16, -1)) - np.eye(16)
    assert np.abs(alike).max() < 0.95


def test_the_gallerys_table_is_true(tmp_path, monkeypatch):
    """All operators are in it; some are measured again, where plain Python takes seconds."""
    gallery = imported("gallery")
    text = (FOLDER / "README.md").read_text("utf-8")
    rows = re.findall(r"^\| `(\w+)` \| (.*) \|$", text.partition(gallery.START)[2], re.MULTILINE)
    assert [operator for operator, _ in rows] == list(OPERATORS)
    assert all(f"**{operator}**" in text for operator in OPERATORS)
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    asked = [word for name in ("max", "avg") for word in ("--operator", name)]
    found = gallery.measured(tmp_path / "sheet.png", ("speckled.png",), *asked)
    for operator, measures in found.items():
        assert dict(rows)[operator].endswith(gallery.cells(measures["speckled.png"]))
