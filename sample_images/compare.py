"""Draw the README's picture: a part of the scene, and what four ways of shrinking leave of it.

``python sample_images/compare.py [FILE]``, with numbapool installed.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

import numbapool as nbp

HERE = Path(__file__).parent
K = 4
SHOWN = 300
"""Pixels of the scene's width and height that are shown; each result is enlarged back to that."""


def main(target: Path) -> None:
    """Write the picture."""
    scene = np.asarray(Image.open(HERE / "scene.jpg"))
    scene = scene[scene.shape[0] - SHOWN :, 150 : 150 + SHOWN]
    ways = {
        "original": scene,
        f"every {K}th pixel": scene[::K, ::K],
        f"pool avg -k {K}": nbp.avg_pool2d(scene, K, data_format="NHWC"),
        f"pool max -k {K}": nbp.max_pool2d(scene, K, data_format="NHWC"),
        f"pool min -k {K}": nbp.min_pool2d(scene, K, data_format="NHWC"),
    }
    gap, title = 8, 22
    sheet = Image.new("RGB", ((SHOWN + gap) * len(ways) - gap, SHOWN + title), "white")
    pen = ImageDraw.Draw(sheet)
    for n, (name, pixels) in enumerate(ways.items()):
        left = n * (SHOWN + gap)
        pen.text((left, 4), name, fill="black", font_size=14)
        shown = Image.fromarray(pixels).resize((SHOWN, SHOWN), Image.Resampling.NEAREST)
        sheet.paste(shown, (left, title))
    sheet.quantize(128).save(target, optimize=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "before_after.png")
