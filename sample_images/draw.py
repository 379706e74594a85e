"""Draw the sample images, every one from numbers: ``python sample_images/draw.py [FOLDER]``.

Nothing here is copied from anywhere, so the pictures carry the project's own licence. The same
versions of numpy and Pillow give the same bytes: no file holds a date.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms
from scene import CLASSES, FINE, Bytes, Layer, Scene, mix, noise, shrink, to_bytes, uniform

FOLDER = Path(__file__).resolve().parent
SPINNER_MILLISECONDS = (40, 60, 80, 100, 120, 160, 240, 400)
"""How long each of the animation's frames stays."""
HIDDEN = (255, 0, 255)
"""The colour of the sprite's transparent pixels, which no reader should ever see."""
NODATA = -9999
"""Stands in ``heights.npy`` where nothing was measured."""


def zone_plate(size: int = 512) -> Bytes:
    """Give rings that narrow steadily to two pixels each where they meet the edges."""
    odd = 2 * np.arange(size) - size + 1  # twice the distance from the centre
    turn = (odd[:, None] ** 2 + odd**2) % (8 * size)
    # 64 shades, for the file's size. A quarter off the half keeps each from a tie in rounding.
    shades = np.rint(31.75 + 31.5 * np.cos(2 * np.pi * np.arange(8 * size) / (8 * size)))
    plate: Bytes = (shades * 255 // 63).astype(np.uint8)[turn]
    return plate


def ramp16() -> NDArray[np.uint16]:
    """Give each of 16 bits' 65,536 values once, in order: a row goes through the low byte."""
    return np.arange(1 << 16, dtype=np.uint16).reshape(256, 256)


def sprite(size: int = 128) -> Bytes:
    """Give a ringed planet, wholly opaque, on pixels that are wholly transparent."""
    y, x = np.mgrid[0:size, 0:size] - (size - 1) / 2
    across, down = (15 * x + 8 * y) / 17, (15 * y - 8 * x) / 17  # tilted by 8 : 15 : 17
    planet = np.hypot(x, y) < 36
    reach = np.hypot(across / 62, down / 17)
    ring = (reach > 0.70) & (reach < 1) & ~(planet & (down < 0))
    bands = np.array([(232, 190, 128), (206, 146, 88), (240, 214, 164), (184, 116, 70)], float)
    surface = bands[((down + across**2 / 260 + 64) // 7).astype(int) % 4]
    globe = np.sqrt(np.clip(36**2 - x**2 - y**2, 0, None)) / 36
    light = np.clip((6 * globe - 4 * x / 36 - 5 * y / 36) / 8, 0.12, 1)
    pixels = np.full((size, size, 4), (*HIDDEN, 0), np.uint8)
    pixels[planet] = to_bytes(np.dstack([surface * light[..., None], np.full_like(x, 255)]))[planet]
    grooves = np.where((reach > 0.80) & (reach < 0.84), 90.0, 190 + 150 * (reach - 0.85))
    metal = np.dstack([grooves, grooves * 0.95, grooves * 0.84, np.full_like(x, 255)])
    pixels[ring] = to_bytes(metal)[ring]
    return pixels


def spinner(size: int = 64) -> list[Image.Image]:
    """Give eight frames of eight dots, each brighter than the one it follows."""
    y, x = np.mgrid[0:size, 0:size] - (size - 1) / 2
    steps = np.linspace(0, 1, 33)[:, None]
    colours = to_bytes(mix(np.asarray([24.0, 28, 40]), (255, 176, 64), steps[:, 0]))
    half = 0.5**0.5
    ways = [(0, -1), (half, -half), (1, 0), (half, half)]
    ways += [(-across, -down) for across, down in ways]
    frames = []
    for turn in range(len(ways)):
        shades = np.zeros((size, size), np.uint8)
        for dot, (across, down) in enumerate(ways):
            level = 8 - (turn - dot) % 8
            cover = np.clip(6.3 - np.hypot(x - 22 * across, y - 22 * down), 0, 1)
            shades = np.maximum(shades, to_bytes(cover * 4 * level))
        frame = Image.frombytes("P", (size, size), shades.tobytes())
        frame.putpalette(colours.tobytes())
        frames.append(frame)
    return frames


def upright() -> Bytes:
    """Give a house under the sun and an arrow that points up, 160 wide and 240 high."""
    width, height = 160, 240
    y = np.linspace(0, 1, height * FINE)[:, None] * np.ones(width * FINE)
    pixels = mix(np.asarray([92.0, 164, 232]), (214, 236, 252), y)
    layer = Layer(width, height)
    layer.disc(34, 36, 17, (255, 214, 60))
    layer.box(0, 196, width, height, (104, 168, 76))
    layer.box(18, 132, 88, 206, (244, 226, 190))
    for course in range(9):
        layer.line([(18, 140 + 8 * course), (88, 140 + 8 * course)], 0.34, (206, 180, 140))
    layer.box(70, 92, 80, 120, (150, 70, 56))
    layer.polygon([(10, 134), (53, 90), (96, 134)], (186, 66, 52))
    layer.box(44, 168, 62, 206, (112, 70, 44))
    layer.disc(58, 188, 1.4, (240, 210, 90))
    for left in (24, 68):
        layer.box(left, 146, left + 14, 162, (120, 190, 232))
        layer.line([(left + 7, 146), (left + 7, 162)], 1, (250, 250, 250))
        layer.line([(left, 154), (left + 14, 154)], 1, (250, 250, 250))
    layer.polygon(
        [(112, 190), (112, 84), (98, 84), (124, 46), (150, 84), (136, 84), (136, 190)], (28, 44, 92)
    )
    values = layer.values(0, height * FINE)
    return to_bytes(shrink(mix(pixels, values[..., :3], values[..., 3] / 255), FINE))


def mask() -> NDArray[np.bool_]:
    """Give shapes of one bit: a disc, a ring, lines of 1 to 4 pixels, a chequerboard, dots."""
    y, x = np.mgrid[0:120, 0:160]
    shapes: NDArray[np.bool_] = (x - 32) ** 2 + (y - 34) ** 2 < 25**2
    away = (x - 90) ** 2 + (y - 34) ** 2
    shapes |= (away < 25**2) & (away >= 22**2)
    shapes |= (x > 124) & (x < 153) & (y > 8) & (y < 60) & ((x + y) % 2 == 0)
    for thick in range(1, 5):
        left = 4 + 18 * thick
        shapes |= (y > 68) & (y < 112) & (x >= left - 14) & (x < left - 14 + thick)
        shapes |= (y > 68) & (y < 112) & (abs(x - left + y // 4 - 14) * 2 < thick)
    shapes |= (x > 104) & (x < 153) & (y > 68) & (y < 112) & (x % 6 == 0) & (y % 6 == 0)
    return shapes


def inks() -> Bytes:
    """Give a printer's test card in cyan, magenta, yellow and black: 0 is no ink."""
    y, x = np.mgrid[0:120, 0:160]
    card = np.zeros((120, 160, 4), np.uint8)
    for ink, (across, down) in enumerate([(46, 34), (66, 34), (56, 52)]):
        card[(x - across) ** 2 + (y - down) ** 2 < 24**2, ink] = 255
    for ink in range(4):
        bar = (y >= 10 + 17 * ink) & (y < 24 + 17 * ink) & (x >= 100) & (x < 152)
        card[bar, ink] = (x[bar] - 100) * 5
    steps = (y >= 88) & (y < 112) & (x >= 8) & (x < 152)
    card[steps, 3] = (x[steps] - 8) // 12 * 23
    card[(y >= 104) & steps, :3] = 128
    card[(abs(x - 94) < 1) & (y > 4) & (y < 84)] = 255  # all inks: the register mark
    return card


def features(picture: Bytes) -> NDArray[np.float32]:
    """Give 16 maps of 56 by 56: Gabor filters of eight directions and two widths, stride 7."""
    grey = (picture @ np.array([0.299, 0.587, 0.114]))[5:397, 60:452]
    padded = np.pad(grey, 6, mode="edge")
    patches = np.lib.stride_tricks.sliding_window_view(padded, (13, 13))[::7, ::7] / 255
    y, x = np.mgrid[-6:7, -6:7]
    maps = []
    for width in (1.6, 3.0):
        for angle in np.arange(8) * np.pi / 8:
            along = x * np.cos(angle) + y * np.sin(angle)
            bell = np.exp(-(x**2 + y**2) / (2 * width**2))
            wave = np.sin(np.pi * along / (1.6 * width)) * bell
            maps.append((patches * (wave / np.abs(wave).sum())).sum(axis=(2, 3)))
    return np.stack(maps)[None].astype(np.float32)


def heights() -> NDArray[np.int16]:
    """Give a hilly map of metres, 96 by 128, with gaps that hold `NODATA`."""
    land = noise(200, 3, 4, 6, (96, 128))
    metres = np.rint(2400 * (land - 0.2)).astype(np.int16)
    y, x = np.mgrid[0:96, 0:128]
    cloud = noise(210, 4, 5, 4, (96, 128)) > 0.66
    metres[cloud | (abs(x - 3 * y // 8 - 70) < 2)] = NODATA
    return metres


def speckled(picture: Bytes) -> Bytes:
    """Give the lighthouse and the boat in grey, one pixel in twelve black or white."""
    grey: Bytes = np.asarray(Image.fromarray(picture[90:290, 50:300]).convert("L")).copy()
    roll = uniform(220, *grey.shape)
    grey[roll < 1 / 24] = 0
    grey[roll > 23 / 24] = 255
    return grey


def srgb() -> bytes:
    """Give the sRGB profile without the date that it was made."""
    profile = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    profile[24:36] = bytes([7, 208, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0])  # the first day of 2000
    return bytes(profile)


def save_all(folder: Path) -> None:
    """Draw every file into `folder`, over those that are there."""
    folder.mkdir(parents=True, exist_ok=True)
    scene = Scene()
    picture = scene.finished()
    Image.fromarray(picture).save(folder / "scene.jpg", quality=90)
    labels = Image.frombytes("P", picture.shape[1::-1], scene.classes().tobytes())
    labels.putpalette(bytes(shade for colour in CLASSES.values() for shade in colour))
    labels.save(folder / "labels.png", optimize=True)
    Image.fromarray(speckled(picture)).save(folder / "speckled.png", optimize=True)
    np.save(folder / "features.npy", features(picture))

    Image.fromarray(zone_plate()).save(folder / "zone_plate.png", optimize=True)
    Image.fromarray(ramp16()).save(folder / "ramp16.png", optimize=True)
    Image.fromarray(sprite()).save(folder / "sprite.png", optimize=True)
    Image.fromarray(mask()).save(folder / "mask1.png", optimize=True)
    np.save(folder / "heights.npy", heights())

    first, *others = spinner()
    timing = list(SPINNER_MILLISECONDS)
    first.save(folder / "spinner.gif", save_all=True, append_images=others, duration=timing, loop=0)
    exif = Image.Exif()
    exif[0x0112] = 6  # orientation: turn a quarter clockwise to see it upright
    Image.fromarray(np.rot90(upright())).save(
        folder / "sideways.jpg", quality=90, dpi=(300, 300), exif=exif, icc_profile=srgb()
    )
    card = Image.frombytes("CMYK", (160, 120), inks().tobytes())
    card.save(folder / "cmyk.tif", compression="tiff_adobe_deflate", dpi=(300, 300))


def main(arguments: Sequence[str]) -> int:
    """Draw into the folder that `arguments` name, or into this file's own."""
    if len(arguments) > 1 or any(argument.startswith("-") for argument in arguments):
        print("usage: python draw.py [FOLDER]", file=sys.stderr)
        return 2
    save_all(Path(arguments[0]) if arguments else FOLDER)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
