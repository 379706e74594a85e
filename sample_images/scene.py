"""The scene: a lake at evening, drawn from noise and polygons, and the class of each pixel.

Random numbers come from a seeded PCG64, whose raw stream numpy keeps fixed.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]
Colour = tuple[int, int, int]
Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT = 603, 403
FINE = 3
"""The scene is drawn this many times as large each way, then averaged."""
HORIZON = 214.0
SUN_X, SUN_Y = 404.0, 168.0
CLASSES: dict[str, Colour] = {
    "sky": (120, 180, 235),
    "mountain": (145, 125, 165),
    "forest": (35, 110, 60),
    "water": (35, 75, 165),
    "building": (225, 60, 55),
    "boat": (250, 205, 55),
    "pole": (30, 30, 35),
    "grass": (130, 185, 65),
}
"""What can be told apart, with a colour for each; poles are fence posts and wires too."""
LABEL = {name: number for number, name in enumerate(CLASSES)}


# Noise and mixing


def uniform(seed: int, *shape: int) -> Floats:
    """Give random numbers in [0, 1) that no version of numpy changes."""
    raw = np.random.PCG64(seed).random_raw(int(np.prod(shape)))
    return (raw >> np.uint64(11)).astype(np.float64).reshape(shape) * 2.0**-53


def smoothstep(low: float, high: float, value: Floats) -> Floats:
    """Rise from 0 at `low` to 1 at `high` without a corner."""
    t: Floats = np.clip((value - low) / (high - low), 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float64)


def mix(one: Floats, other: Floats | Colour, share: Floats | float) -> Floats:
    """Go from colours `one` to `other` by a `share` in [0, 1] of each pixel."""
    weight: Floats = np.asarray(share, float)[..., None]
    return one + (np.asarray(other, float) - one) * weight


def noise(seed: int, rows: float, columns: float, octaves: int, size: tuple[int, int]) -> Floats:
    """Give fractal value noise about 0.5, `rows` by `columns` bumps in its first octave."""
    total, weight = np.zeros(size), 0.0
    for octave in range(octaves):
        scale = 2.0**octave
        y, x = (np.linspace(0, n * scale, k) for n, k in zip((rows, columns), size, strict=True))
        top, left = y.astype(int), x.astype(int)
        lattice = uniform(seed + octave, int(top[-1]) + 2, int(left[-1]) + 2)
        down, right = smoothstep(0, 1, y - top)[:, None], smoothstep(0, 1, x - left)
        upper = lattice[top][:, left] * (1 - right) + lattice[top][:, left + 1] * right
        lower = lattice[top + 1][:, left] * (1 - right) + lattice[top + 1][:, left + 1] * right
        total += (upper * (1 - down) + lower * down) / scale
        weight += 1 / scale
    return total / weight


def to_bytes(values: Floats) -> Bytes:
    """Round to the nearest of 0 to 255."""
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def shrink(values: Floats, factor: int) -> Floats:
    """Average blocks of `factor` by `factor` pixels."""
    height, width, *rest = values.shape
    blocks = values.reshape(height // factor, factor, width // factor, factor, *rest)
    return np.asarray(blocks.mean(axis=(1, 3)), np.float64)


# Drawing finely


class Layer:
    """Shapes on a transparent sheet, in the finished picture's pixels."""

    def __init__(self, width: int, height: int) -> None:
        self.image = Image.new("RGBA", (width * FINE, height * FINE))
        self._draw = ImageDraw.Draw(self.image)

    def polygon(self, points: Points, colour: Colour) -> None:
        """Fill a polygon."""
        self._draw.polygon([(x * FINE, y * FINE) for x, y in points], fill=colour)

    def box(self, left: float, top: float, right: float, bottom: float, colour: Colour) -> None:
        """Fill an upright rectangle."""
        self.polygon([(left, top), (right, top), (right, bottom), (left, bottom)], colour)

    def line(self, points: Points, width: float, colour: Colour) -> None:
        """Draw a line through points, no thinner than a fine pixel."""
        thick = max(1, round(width * FINE))
        self._draw.line([(x * FINE, y * FINE) for x, y in points], fill=colour, width=thick)

    def disc(self, x: float, y: float, radius: float, colour: Colour) -> None:
        """Fill a circle."""
        self._draw.circle((x * FINE, y * FINE), radius * FINE, fill=colour)

    def values(self, top: int, bottom: int) -> Floats:
        """Give the colours and the cover of the fine rows from `top` up to `bottom`."""
        return np.asarray(self.image.crop((0, top, self.image.width, bottom)), float)


class Scene:
    """The lake at evening: its fine pixels and the class that each shows."""

    def __init__(self) -> None:
        self.size = HEIGHT * FINE, WIDTH * FINE
        self.y = (np.arange(self.size[0])[:, None] + 0.5) / FINE
        self.x = (np.arange(self.size[1])[None, :] + 0.5) / FINE
        self.pixels: Floats = np.zeros((*self.size, 3))
        self.labels: Bytes = np.zeros(self.size, np.uint8)
        self.sky()
        self.mountains()
        self.forest()
        self.lighthouse()
        self.water()
        self.boat()
        self.bank()
        self.birds()
        self.poles()
        self.fence()
        self.grass()

    def cover(self, where: Floats, colours: Floats | Colour, label: str | None, top: int) -> None:
        """Lay colours over the rows from `top` on, as far as `where` reaches."""
        rows = slice(top, top + where.shape[0])
        self.pixels[rows] = mix(self.pixels[rows], colours, where)
        if label is not None:
            self.labels[rows][where > 0.5] = LABEL[label]

    def add(self, layer: Layer, label: str | None) -> None:
        """Lay a layer over the scene as pixels of one class, or leave their class."""
        _, top, _, bottom = layer.image.getbbox() or (0, 0, 0, 0)
        values = layer.values(top, bottom)
        self.cover(values[..., 3] / 255, values[..., :3], label, top)

    def band(self, top: float, bottom: float) -> tuple[int, Floats, tuple[int, int]]:
        """Give a band's first fine row, its rows' heights as a column, and its size."""
        first = int(top * FINE)
        y = self.y[first : int(bottom * FINE)]
        return first, y, (y.size, self.x.size)

    def sky(self) -> None:
        """Draw the sky from its colours, the sun's glow and clouds bent by noise."""
        top, y, size = self.band(0, HORIZON)
        red = [40, 84, 164, 244, 255]
        green = [80, 130, 176, 192, 174]
        blue = [146, 188, 200, 156, 112]
        stops = [0, 70, 130, 180, HORIZON]
        shades = [np.interp(y[:, 0], stops, ink) for ink in (red, green, blue)]
        colours = np.broadcast_to(np.stack(shades, axis=-1)[:, None], (*size, 3))
        away = np.hypot(self.x - SUN_X, y - SUN_Y)
        colours = mix(colours, (255, 214, 140), 0.75 * np.exp(-away / 95))
        swirl = noise(16, 12, 12, 4, size) - 0.5, noise(21, 12, 12, 4, size) - 0.5
        row = np.clip(y * FINE + swirl[0] * 40 * FINE, 0, size[0] - 1).astype(int)
        column = np.clip(self.x * FINE + swirl[1] * 130 * FINE, 0, size[1] - 1).astype(int)
        puffs = noise(11, 9, 5, 6, size)[row, column]
        lit = puffs - np.roll(puffs, -5 * FINE, axis=0)  # bright where it thickens towards the sun
        thick = smoothstep(0.50, 0.68, puffs) * smoothstep(200, 120, y)
        shade = mix(np.asarray([134.0, 136, 172]), (255, 228, 206), smoothstep(-0.10, 0.10, -lit))
        shade = mix(shade, (255, 206, 150), 0.6 * np.exp(-away / 190))
        colours = mix(colours, shade, 0.9 * thick)
        colours = mix(colours, (255, 240, 200), 0.7 * np.exp(-((away / 34) ** 2)))
        colours = mix(colours, (255, 251, 232), smoothstep(17.5, 16.5, away))
        self.cover(np.ones(size), colours, "sky", top)

    def mountains(self) -> None:
        """Draw three ranges, the farthest with snow, lower before the sun."""
        top, y, size = self.band(60, HORIZON)
        ranges: list[tuple[int, float, float, float, Colour, float]] = [
            (33, 202, 128, 6.0, (122, 132, 172), 0.45),
            (40, 210, 72, 8.0, (92, 108, 142), 0.26),
            (50, 213, 38, 6.0, (62, 84, 100), 0.12),
        ]
        for seed, foot, rise, bumps, colour, haze in ranges:
            outline = noise(seed, 0, bumps, 7, (1, size[1]))
            opening = 1 - 0.88 * np.exp(-(((self.x - SUN_X) / 74) ** 2))
            crest = foot - rise * np.clip(1.9 * outline - 0.42, 0.05, None) * opening
            # Rock runs down the slope: the noise is sheared by the height.
            rock = noise(seed + 7, 22, 90, 5, size)
            shear = (self.x * FINE + (rock - 0.5) * 24 * FINE + (y - crest) * 1.1 * FINE).astype(
                int
            )
            rock = rock[np.arange(size[0])[:, None], shear % size[1]]
            lit = rock - np.roll(rock, -3 * FINE, axis=1)
            body = np.asarray(colour) * (1 + 0.8 * lit + 0.15 * (rock - 0.5))[..., None]
            if foot == 202:  # the farthest
                snow = smoothstep(-4, 8, crest + 20 + 46 * (rock - 0.5) - y)
                body = mix(body, (240, 228, 232), 0.85 * snow * smoothstep(-0.22, 0.10, lit))
            depth = np.clip((y - crest) / (HORIZON - crest), 0, 1)
            body = mix(body, (250, 190, 150), np.clip(haze * (0.25 + depth), 0, 1))
            self.cover((y > crest).astype(float), body, "mountain", top)

    def forest(self) -> None:
        """Draw spruces along the far shore."""
        layer = Layer(WIDTH, HEIGHT)
        rolls = uniform(60, 330, 4)
        ground = noise(61, 0, 6, 3, (1, WIDTH))[0]
        for place, tall, tint, lean in rolls[np.argsort(rolls[:, 2])]:
            x = place * WIDTH
            # No trees before the sun, where the far shore opens.
            height = (7 + 17 * tall) * (0.35 + 1.3 * ground[int(x)])
            height *= 0.35 + 0.65 * min(1.0, abs(x - SUN_X + 10) / 110)
            dark = 0.75 + 0.5 * tint
            colour = int(30 * dark), int(54 * dark), int(48 * dark)
            for tier in range(4):  # a spruce: skirts, each narrower
                top = HORIZON - height * (0.1 + 0.9 * (4 - tier) / 4)
                bottom = HORIZON - height * 0.9 * (3 - tier) / 4 + 1
                half = height * (0.07 + 0.05 * tier)
                tip = x + lean - 0.5
                layer.polygon([(tip, top), (x + half, bottom), (x - half, bottom)], colour)
        layer.box(0, HORIZON - 2.5, WIDTH, HORIZON, (38, 58, 50))
        self.add(layer, "forest")

    def lighthouse(self) -> None:
        """Draw the lighthouse, the keeper's house and the rocks under both."""
        rocks = Layer(WIDTH, HEIGHT)
        rolls = uniform(70, 120, 3)
        for across, size, tint in rolls:
            x = 40 + 112 * across
            tall = (2 + 9 * size) * (1 - abs(across - 0.45))
            tone = int(46 + 44 * tint)
            sides = [(x - 6, HORIZON), (x - 3, HORIZON - tall), (x + 2, HORIZON - tall * 0.9)]
            rocks.polygon([*sides, (x + 7, HORIZON)], (tone, tone - 6, tone - 8))
        self.add(rocks, "mountain")
        tower = Layer(WIDTH, HEIGHT)
        x, foot, top = 88.0, HORIZON - 5, HORIZON - 96
        bands = 7
        for band in range(bands):
            low, high = (foot + (top - foot) * (band + k) / bands for k in (0, 1))
            wide, narrow = (9.5 - 4.0 * (band + k) / bands for k in (0, 1))
            red = (196, 48, 44) if band % 2 == 0 else (240, 232, 222)
            for slice_ in range(12):  # round: lit from the right, where the sun is
                a, b = slice_ / 6 - 1, (slice_ + 1) / 6 - 1
                light = 0.52 + 0.5 * (slice_ / 11) ** 0.7
                shade = int(red[0] * light), int(red[1] * light), int(red[2] * light)
                corners = [(x + a * wide, low), (x + b * wide, low)]
                tower.polygon([*corners, (x + b * narrow, high), (x + a * narrow, high)], shade)
        tower.box(x - 8, top - 2, x + 8, top, (52, 48, 52))
        for post in range(-7, 8, 2):
            tower.line([(x + post, top - 2), (x + post, top - 6)], 0.34, (60, 54, 56))
        tower.line([(x - 8, top - 6), (x + 8, top - 6)], 0.67, (60, 54, 56))
        tower.box(x - 4, top - 13, x + 4, top - 2, (255, 232, 150))
        for pane in range(-4, 5, 2):
            tower.line([(x + pane, top - 13), (x + pane, top - 2)], 0.34, (70, 50, 44))
        tower.polygon([(x - 5.5, top - 13), (x, top - 21), (x + 5.5, top - 13)], (150, 34, 34))
        tower.line([(x, top - 20), (x, top - 29)], 0.67, (60, 54, 56))
        for window in (0.2, 0.48, 0.76):
            y = foot + (top - foot) * window
            tower.box(x - 1.4, y - 5, x + 1.4, y, (44, 40, 52))
        tower.box(x + 8, HORIZON - 17, x + 36, HORIZON - 5, (226, 214, 200))
        for board in range(6):
            y = HORIZON - 16 + board * 2
            tower.line([(x + 8, y), (x + 36, y)], 0.34, (170, 150, 140))
        roof = [(x + 6, HORIZON - 17), (x + 12, HORIZON - 26), (x + 32, HORIZON - 26)]
        tower.polygon([*roof, (x + 38, HORIZON - 17)], (122, 52, 46))
        for left in (13, 21, 29):
            tower.box(x + left, HORIZON - 14, x + left + 3.6, HORIZON - 9, (255, 214, 120))
            tower.line(
                [(x + left + 1.8, HORIZON - 14), (x + left + 1.8, HORIZON - 9)], 0.34, (80, 60, 50)
            )
        self.add(tower, "building")

    def waves(self, y: Floats) -> Floats:
        """Give the water's slope: sines over a plane seen in perspective, gone where too fine."""
        depth = y - HORIZON
        across, along = (self.x - SUN_X) / (depth + 3), 1 / (depth + 3)
        slope = np.zeros((y.size, self.x.size))
        for step, angle, phase in uniform(80, 40, 3):
            pace = 55 * 40.0**step
            turn = (angle - 0.5) * 1.3
            period = (depth + 3) ** 2 / (pace * 34)  # pixels a wave, down the picture
            strength = smoothstep(0.25, 1.3, period) / (0.8 + step)
            swing = pace * (34 * np.cos(turn) * along + 0.55 * np.sin(turn) * across)
            slope += strength * np.sin(swing + 6.283185 * phase)
        return slope / 4.0

    def water(self) -> None:
        """Mirror all that is drawn so far, broken by the waves, with the sun's path."""
        top, y, size = self.band(HORIZON, 358)
        slope, depth = self.waves(y), y - HORIZON
        seen = HORIZON - depth * 0.92 - 1
        seen = seen - np.abs(slope) * (1.5 + 0.14 * depth) - 0.09 * depth * slope
        row = np.clip(seen * FINE, 0, HORIZON * FINE - 1).astype(int)
        sideways = self.x * FINE + slope * FINE * (1 + 0.045 * depth)
        mirrored = self.pixels[row, np.clip(sideways, 0, size[1] - 1).astype(int)]
        blue = np.clip(0.20 + 0.0022 * depth - 0.19 * slope, 0, 0.85)
        colours = mix(mirrored * 0.93, (20, 56, 92), blue)
        path = np.exp(-(((self.x - SUN_X) / (9 + 0.42 * depth)) ** 2))
        sparkle = smoothstep(0.05, 0.55, slope + 0.75 * path - 0.35) * path
        colours = mix(colours, (255, 226, 160), 0.9 * sparkle)
        crest = smoothstep(0.75, 1.1, slope) * smoothstep(0, 60, depth)
        colours = mix(colours, (255, 236, 214), 0.40 * crest)
        self.cover(np.ones(size), colours, "water", top)

    def boat(self) -> None:
        """Draw the boat and its mirror image."""
        layer = Layer(WIDTH, HEIGHT)
        x, keel = 236.0, 262.0
        hull = [(x - 40, keel - 11), (x + 44, keel - 13), (x + 31, keel), (x - 31, keel)]
        layer.polygon(hull, (118, 44, 36))
        layer.polygon(
            [(x - 40, keel - 11), (x + 44, keel - 13), (x + 42, keel - 10), (x - 38, keel - 8)],
            (240, 226, 206),
        )
        layer.box(x - 20, keel - 17, x + 8, keel - 11, (226, 208, 180))
        for port in range(4):
            layer.disc(x - 16 + port * 6.6, keel - 14, 1.1, (50, 46, 60))
        mast, head = x + 6, keel - 106
        main = [(mast - 1.5, head + 4), (mast - 1.5, keel - 22), (x - 40, keel - 22)]
        layer.polygon(main, (246, 236, 218))
        for stripe in range(0, 12):  # cloth panels, from leech to luff
            y = keel - 24 - stripe * 6.5
            share = (keel - 22 - y) / (keel - 26 - head)
            left = x - 40 + (mast - 1.5 - x + 40) * share
            layer.line([(left, y), (mast - 2, y)], 0.34, (176, 150, 130))
            if stripe in (4, 5, 6):
                after = x - 40 + (mast - 1.5 - x + 40) * (share + 6.5 / (keel - 26 - head))
                layer.polygon(
                    [(left, y), (mast - 2, y), (mast - 2, y - 6.5), (after, y - 6.5)], (214, 92, 44)
                )
        jib = [(mast + 2, head + 14), (x + 43, keel - 15), (mast + 2, keel - 20)]
        layer.polygon(jib, (255, 246, 230))
        layer.line([(mast, keel - 12), (mast, head)], 1.4, (72, 50, 40))
        layer.line([(x - 41, keel - 21.5), (mast, keel - 21.5)], 1.0, (84, 58, 44))
        for foot in (x + 44.0, x - 39.0, x - 22.0):
            layer.line([(mast, head), (foot, keel - 12)], 0.34, (50, 44, 48))
        for rail in range(13):
            left = x - 38 + rail * 6.4
            layer.line([(left, keel - 11), (left, keel - 16)], 0.34, (70, 60, 60))
        layer.line([(x - 38, keel - 16), (x + 42, keel - 17)], 0.34, (70, 60, 60))
        layer.polygon([(mast, head), (mast - 13, head + 3), (mast, head + 6)], (40, 84, 150))
        first, below, size = self.band(keel, 358)
        slope, below = self.waves(below), below - keel
        values = layer.values(0, first)
        row = np.clip((keel - below * 1.1 - slope * (1 + 0.08 * below)) * FINE, 0, first - 1)
        column = np.clip((self.x + slope * (1.2 + 0.05 * below)) * FINE, 0, size[1] - 1)
        mirrored = values[row.astype(int), column.astype(int)]
        faint = mirrored[..., 3] / 255 * 0.8 * smoothstep(112, 10, below)
        self.cover(faint, mirrored[..., :3] * 0.84, None, first)
        self.add(layer, "boat")

    def shore(self) -> Floats:
        """Give the height of the near shore in each column."""
        x: Floats = self.x[0]
        rise: Floats = noise(90, 0, 5, 3, (1, self.size[1]))[0]
        return 352 - 24 * smoothstep(330, 620, x) - 14 * smoothstep(170, 0, x) - 12 * rise

    def bank(self) -> None:
        """Draw the near bank's turf."""
        top, y, size = self.band(310, HEIGHT)
        inland = y - self.shore()
        turf = noise(91, 24, 130, 4, size)
        light = 0.62 + 0.95 * (turf - 0.4) - 0.0035 * (y - 340)
        colours = np.asarray([92.0, 104, 48]) * light[..., None]
        near = np.exp(-(((self.x - SUN_X) / 150) ** 2))
        colours = mix(colours, (206, 164, 74), 0.30 * near * smoothstep(60, 0, inland))
        colours = mix(colours, (70, 56, 44), 0.8 * smoothstep(6, 1, inland))
        self.cover((inland > 0).astype(float), colours, "grass", top)

    def poles(self) -> None:
        """Draw the power line, its wires thinner than a pixel."""
        layer = Layer(WIDTH, HEIGHT)
        x, top = 556.0, 44.0
        dark = (44, 36, 36)
        layer.polygon([(x - 2.6, 400), (x - 1.7, top), (x + 1.7, top), (x + 2.6, 400)], dark)
        layer.line([(x + 1.6, top), (x + 2.4, 400)], 0.67, (168, 112, 70))
        for arm, half in ((54.0, 27.0), (72.0, 21.0)):
            layer.box(x - half, arm, x + half, arm + 2.6, dark)
            layer.line([(x - half * 0.6, arm + 2), (x, arm + 13)], 0.67, dark)
            layer.line([(x + half * 0.6, arm + 2), (x, arm + 13)], 0.67, dark)
            for side in (-1.0, -0.55, 0.55, 1.0):
                pin = x + side * (half - 2)
                layer.box(pin - 1.1, arm - 5, pin + 1.1, arm, (196, 206, 206))
                sag = np.linspace(0, 1, 80)
                for far, drop, dip in ((-60.0, -30.0, 34.0), (760.0, -40.0, 12.0)):
                    xs = pin + (far + side * 14 - pin) * sag
                    ys = arm - 5 + drop * sag + dip * 4 * sag * (1 - sag) + side * 10 * sag
                    layer.line(list(zip(xs.tolist(), ys.tolist(), strict=True)), 0.67, (40, 38, 46))
        layer.line([(x, 80), (x + 60, 392)], 0.34, (56, 50, 50))
        self.add(layer, "pole")

    def birds(self) -> None:
        """Draw a flock over the far peaks."""
        layer = Layer(WIDTH, HEIGHT)
        for number, (across, up, span) in enumerate(uniform(100, 9, 3)):
            x, y = 270 + 150 * across, 70 + 40 * up + 3 * (number % 3)
            wing = 3 + 3 * span
            left = [(x - wing, y - wing * 0.5), (x - wing * 0.4, y - wing * 0.6), (x, y)]
            right = [(x + wing * 0.5, y - wing * 0.7), (x + wing, y - wing * 0.4)]
            layer.line(left + right, 0.5, (48, 46, 60))
        self.add(layer, None)

    def fence(self) -> None:
        """Draw posts, barbed wire and stretches of netting."""
        netting, layer = Layer(WIDTH, HEIGHT), Layer(WIDTH, HEIGHT)
        edge = self.shore()
        feet = [
            (x, float(edge[min(int(max(x, 0) * FINE), edge.size - 1)]) + 24)
            for x in range(-20, 700, 52)
        ]
        for number, ((x, y), (after, lower)) in enumerate(pairwise(feet)):
            if number in (2, 3, 4, 9, 10):  # netting, as fine as the pixels
                cells = 21
                for cell in range(cells + 9):
                    for way in (-1, 1):
                        run = np.array([cell - 9, cell]) / cells
                        xs = np.clip(run, 0, 1)
                        ups = (xs - run[0]) / (run[1] - run[0])
                        ys = y + (lower - y) * xs - (ups if way > 0 else 1 - ups) * 34 - 1
                        ends = list(zip((x + 52 * xs).tolist(), ys.tolist(), strict=True))
                        netting.line(ends, 0.34, (196, 190, 176))
            for height in (35.0, 27.0, 18.0, 9.0):
                layer.line([(x, y - height), (after, lower - height)], 0.67, (214, 200, 176))
                for barb in range(1, 8):
                    bx, by = x + (after - x) * barb / 8, y + (lower - y) * barb / 8 - height
                    layer.line([(bx - 1, by - 1.3), (bx + 1, by + 1.3)], 0.34, (230, 216, 190))
        for x, y in feet:
            layer.box(x - 2.7, y - 40, x + 2.7, y + 16, (70, 50, 38))
            layer.box(x + 1.0, y - 40, x + 2.7, y + 16, (150, 104, 66))
            layer.line([(x - 1, y - 38), (x - 1, y + 14)], 0.34, (48, 34, 28))
            layer.polygon([(x - 3.2, y - 40), (x, y - 43), (x + 3.2, y - 40)], (164, 122, 82))
        self.add(netting, None)
        self.add(layer, "pole")

    def grass(self) -> None:
        """Draw blades of grass, far to near, and flowers."""
        layer = Layer(WIDTH, HEIGHT)
        edge = self.shore()
        blades = uniform(110, 5200, 6)
        for across, down, tall, bend, tint, warm in blades[np.argsort(blades[:, 1])]:
            x = across * (WIDTH + 20) - 10
            bank = float(edge[min(int(max(x, 0) * FINE), edge.size - 1)])
            y = bank + 5 + (HEIGHT + 24 - bank) * down
            length = (5 + 17 * tall) * (0.45 + 0.75 * down)
            tip = x + (bend - 0.42) * length * 0.9
            base = (0.45 + 0.75 * tint) * (1.05 - 0.25 * down)
            gold = warm**3
            colour = (
                int((74 + 130 * gold) * base),
                int((106 + 62 * gold) * base),
                int((40 + 30 * gold) * base),
            )
            half = 0.35 + 0.65 * down
            knee = x + (tip - x) * 0.35, y - length * 0.6
            layer.polygon(
                [(x - half, y), knee, (tip, y - length), (knee[0] + half, knee[1]), (x + half, y)],
                colour,
            )
        petals: list[Colour] = [(224, 44, 34), (250, 244, 232), (250, 196, 40), (150, 96, 190)]
        for across, down, size, kind in uniform(120, 130, 4):
            x = across * WIDTH
            bank = float(edge[int(x * FINE)])
            y = bank + 16 + (HEIGHT - bank - 12) * down
            radius = (0.7 + 0.9 * size) * (0.7 + 0.7 * down)
            layer.line([(x, y), (x - 0.5, y + 9)], 0.34, (60, 92, 36))
            for turn in range(5):
                angle = 1.2566 * turn + size * 6
                petal = x + radius * float(np.cos(angle)), y + radius * float(np.sin(angle)) * 0.8
                layer.disc(*petal, radius * 0.75, petals[int(kind * 4)])
            layer.disc(x, y, radius * 0.5, (70, 40, 30))
        self.add(layer, "grass")

    def finished(self) -> Bytes:
        """Give the picture at its own size, its corners a little darker."""
        small = shrink(self.pixels, FINE)
        y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
        corner = ((x / WIDTH - 0.5) ** 2 + (y / HEIGHT - 0.5) ** 2)[..., None]
        return to_bytes(small * (1.03 - 0.30 * corner))

    def classes(self) -> Bytes:
        """Give each pixel's class: its middle's, but a pole's where any part of it is one."""
        blocks = self.labels.reshape(HEIGHT, FINE, WIDTH, FINE)
        pole = LABEL["pole"]
        return np.where((blocks == pole).any(axis=(1, 3)), pole, blocks[:, FINE // 2, :, FINE // 2])
