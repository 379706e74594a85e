"""Animations and many pages: every frame, and how long it is shown."""

import numpy as np
import pytest
from pictures import mean, naive, picture
from PIL import Image, ImageSequence


def frames(path: str) -> list[tuple[np.ndarray, float | None]]:
    """Give each frame's pixels, as RGBA, and its duration."""
    with open(path, "rb") as file, Image.open(file) as image:  # noqa: PTH123
        found = []
        for frame in ImageSequence.Iterator(image):
            pixels = np.asarray(frame.convert("RGBA"))
            found.append((pixels, frame.info.get("duration")))
        return found


def blocks(seed: int, colours: int = 6) -> Image.Image:
    """Make a picture of 2x2 blocks of few colours, which pooling by 2 leaves as they are."""
    random = np.random.default_rng(seed)
    palette = random.integers(0, 256, (colours, 3), np.uint8)
    small = palette[random.integers(0, colours, (6, 8))]
    return Image.fromarray(small.repeat(2, 0).repeat(2, 1))


@pytest.mark.parametrize("suffix", ["gif", "png", "webp"])
def test_frames_and_timing_are_kept(pool, suffix):
    pictures = [blocks(seed) for seed in range(4)]
    options = {"lossless": True} if suffix == "webp" else {}
    pictures[0].save(
        f"in.{suffix}",
        save_all=True,
        append_images=pictures[1:],
        duration=[100, 40, 250, 90],
        loop=3,
        **options,
    )
    pool("avg", f"in.{suffix}", "-o", f"out.{suffix}", "--quality", 100)
    after = frames(f"out.{suffix}")
    assert [duration for _, duration in after] == [100, 40, 250, 90]
    with open(f"out.{suffix}", "rb") as file, Image.open(file) as out:  # noqa: PTH123
        assert out.info["loop"] == 3
        assert out.size == (8, 6)
    for before, (pixels, _) in zip(pictures, after, strict=True):
        if suffix == "webp":  # lossy; so is its colour
            continue
        assert np.array_equal(pixels[..., :3], np.asarray(before)[::2, ::2])


def test_gif_keeps_what_is_seen_through(pool):
    pictures = []
    for seed in range(3):
        array = np.array(blocks(seed).convert("RGBA"))
        array[:, 4 * seed : 4 * seed + 4, 3] = 0
        pictures.append(Image.fromarray(array))
    pictures[0].save("in.gif", save_all=True, append_images=pictures[1:], duration=50, disposal=2)
    pool("max", "in.gif", "-o", "out.gif")
    after = frames("out.gif")
    assert len(after) == 3
    for number, (pixels, _) in enumerate(after):
        clear = np.zeros((6, 8), bool)
        clear[:, 2 * number : 2 * number + 2] = True
        assert np.array_equal(pixels[..., 3] == 0, clear)
        opaque = np.asarray(pictures[number])[::2, ::2, :3]
        assert np.array_equal(pixels[~clear][:, :3], opaque[~clear])


def test_apng_poster_is_no_frame(pool):
    poster, *shown = (blocks(seed) for seed in range(3))
    poster.save(
        "in.png", save_all=True, append_images=shown, default_image=True, duration=[70, 80], loop=0
    )
    pool("avg", "in.png", "-o", "out.png")
    with open("out.png", "rb") as file, Image.open(file) as out:  # noqa: PTH123
        assert out.default_image
        assert np.array_equal(out.convert("RGB"), np.asarray(poster)[::2, ::2])
        out.seek(1)
        assert out.info["duration"] == 70
        assert np.array_equal(out.convert("RGB"), np.asarray(shown[0])[::2, ::2])


def test_pages_may_differ(pool):
    pages = [picture("L", 8, 6), picture("RGB", 5, 7), picture("I;16", 3, 3)]
    pages[0].save("in.tif", save_all=True, append_images=pages[1:])
    result = pool("avg", "in.tif", "-o", "out.tif", "-k", 3)
    assert "3 frames" in result.stdout
    with open("out.tif", "rb") as file, Image.open(file) as out:  # noqa: PTH123
        for number, page in enumerate(pages):
            out.seek(number)
            assert out.mode == page.mode
            assert np.array_equal(out, naive(np.asarray(page), 3, mean))
    assert ".npz" in pool("avg", "in.tif", "-o", "out.npy", code=1).stderr
    pool("avg", "in.tif", "-o", "out.npz", "-k", 3)
    with np.load("out.npz") as arrays:
        assert [arrays[name].shape for name in arrays.files] == [(2, 3), (3, 2, 3), (1, 1)]


def test_animation_as_one_array(pool):
    pictures = [blocks(seed) for seed in range(3)]
    pictures[0].save("in.gif", save_all=True, append_images=pictures[1:])
    pool("avg", "in.gif", "-o", "out.npy")
    assert np.load("out.npy").shape == (3, 6, 8, 3)


def test_many_frames_in_a_format_of_one(pool):
    pictures = [blocks(seed) for seed in range(3)]
    pictures[0].save("in.gif", save_all=True, append_images=pictures[1:])
    result = pool("avg", "in.gif", "-o", "out.jpg", code=1)
    assert "3 frames" in result.stderr
    assert ".webp" in result.stderr


def test_frames_that_are_alike_once_they_are_pooled(pool):
    frames = [Image.new("RGB", (8, 8), "white") for _ in range(3)]
    for number, frame in enumerate(frames):
        frame.putpixel((number, 0), (0, 0, 0))
    frames[0].save("a.gif", save_all=True, append_images=frames[1:], duration=[40, 80, 120])
    pool("max", "a.gif", "-k", "8", "-o", "b.gif")
    with Image.open("b.gif") as out:
        assert out.convert("RGB").getpixel((0, 0)) == (255, 255, 255)
        assert out.info["duration"] == 240


@pytest.mark.parametrize("suffix", ["gif", "webp"])
def test_a_poster_is_no_frame(pool, suffix):
    frames = [Image.new("RGB", (4, 4), colour) for colour in ("black", "red", "lime", "blue")]
    frames[0].save(
        "in.png",
        save_all=True,
        append_images=frames[1:],
        default_image=True,
        duration=[30, 40, 50],
    )
    assert "was left out" in pool("max", "in.png", "-o", f"out.{suffix}", "-v").stderr
    with Image.open(f"out.{suffix}") as out:
        assert out.n_frames == 3
        out.load()
        assert out.info["duration"] == 30
        assert out.convert("RGB").getpixel((0, 0))[0] > 250
    pool("max", "in.png", "-o", "out.png")
    with Image.open("out.png") as out:
        assert out.n_frames == 4
