"""The wishes of the command's README: each row is run, and its result compared."""

import re
import shlex
from pathlib import Path

import numpy as np
from PIL import Image

README = Path(__file__).parents[2] / "cli" / "README.md"


def pixels(path: str | Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_each_wish_comes_true(pool, random):
    section = README.read_text("utf-8").split("## Wishes\n")[1].split("\n## ")[0]
    commands = re.findall(r"\| `pool ([^`]+)` \|", section)
    photo = Image.fromarray(random.integers(0, 256, (24, 32, 3), np.uint8))
    photo.save("photo.png")
    Path("photos/deep").mkdir(parents=True)
    photo.save("photos/deep/a.png")
    labels = random.integers(0, 9, (4, 4), np.uint8).repeat(2, 0).repeat(2, 1)
    Image.fromarray(labels).save("labels.png")
    volume = random.random((4, 6, 8))
    np.save("volume.npy", volume)
    features = random.random((1, 2, 8, 8)).astype(np.float32)
    np.save("features.npy", features)
    for command in commands:
        pool(*shlex.split(command))
    assert np.array_equal(pixels("half.png"), photo.reduce(2))
    (mirrored,) = Path("small/deep").glob("*.png")
    assert np.array_equal(pixels(mirrored), photo.reduce(2))
    assert pixels("fit.png").shape == (12, 16, 3)
    assert pixels("quarter.png").shape == (6, 8, 3)
    assert np.array_equal(pixels("labels2.png"), labels[::2, ::2])
    means = volume.reshape(2, 2, 3, 2, 4, 2).mean((1, 3, 5))
    assert np.allclose(np.load("volume2.npy"), means)
    padded = np.pad(features, ((0, 0), (0, 0), (1, 1), (1, 1)), constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), (2, 3))[:, :, ::2, ::2]
    assert np.array_equal(np.load("pooled.npy"), windows.max((-2, -1)))
