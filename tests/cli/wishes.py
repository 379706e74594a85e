"""The wishes of the command's README, the small files that they name, and results of others."""

import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from click.testing import Result
from PIL import Image, ImageSequence
from PIL.TiffImagePlugin import ImageFileDirectory_v2
from profiles import ADOBE_RGB

README = Path(__file__).parents[2] / "cli" / "README.md"
Pool = Callable[..., Result]
PROGRAMS = ("vipsthumbnail", "mogrify", "gdal_translate")
WORDS = ("the same", "nearly the same", "another filter")


@dataclass(frozen=True)
class Wish:
    """A row of the tables: what is wanted, our command, and what others need."""

    want: str
    command: str
    need: str

    @property
    def name(self) -> str:
        """A name of letters alone, for a test."""
        return "-".join(re.findall(r"\w+", self.want.lower()))

    @property
    def code(self) -> str:
        """What others need as something to run, or nothing."""
        found = re.findall("`([^`]+)`", self.need)
        return found[0] if found else ""

    @property
    def program(self) -> str:
        """The program that this is for; nothing for Python."""
        first = self.code.partition(" ")[0]
        return first if first in PROGRAMS else ""

    @property
    def word(self) -> str:
        """How near the guide says that others come."""
        said = self.need.partition("`: ")[2]
        return next((word for word in WORDS if said.startswith(word)), "")


def wishes() -> list[Wish]:
    """Read the rows of the tables."""
    section = README.read_text("utf-8").split("\n## Wishes\n")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (.+?) \| `(pool [^`]+)` \| (.+) \|$", section, re.MULTILINE)
    return [Wish(*row) for row in rows]


def run(pool: Pool, command: str) -> Result:
    """Run a command as a shell does, with standard input and output from and to files."""
    words = shlex.split(command.removeprefix("pool "))
    given, to = None, ""
    if "<" in words:
        at = words.index("<")
        given = Path(words[at + 1]).read_bytes()
        del words[at : at + 2]
    if ">" in words:
        at = words.index(">")
        to = words[at + 1]
        del words[at : at + 2]
    result = pool(*words, input=given)
    if to:
        Path(to).write_bytes(result.stdout_bytes)
    return result


# ---------------------------------------------------------------------------- files


def waves(height: int, width: int, shift: int = 0) -> Image.Image:
    """Make a smooth picture, which JPEG keeps."""
    y, x = np.mgrid[:height, :width]
    shades = [128 + 100 * np.sin(x / 19 + c + shift) * np.cos(y / 15 - c) for c in range(3)]
    return Image.fromarray(np.stack(shades, -1).round().astype(np.uint8))


@cache
def _contents() -> dict[Path, bytes]:
    """Make the files that the commands name, once."""
    random = np.random.default_rng(20)
    with TemporaryDirectory() as name:
        folder = Path(name)
        for below in ("photos/deep", "clips"):
            (folder / below).mkdir(parents=True)
        _photos(folder, random)
        _rasters(folder, random)
        _arrays(folder, random)
        (folder / "pool.toml").write_text("[avg]\nkernel-size = 4\n")
        return {path: (folder / path).read_bytes() for path in files(folder)}


def desk(folder: Path) -> set[Path]:
    """Put the files into a folder, with an empty folder `out`; return their names."""
    for path, content in _contents().items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    (folder / "out").mkdir()
    return set(_contents())


def _photos(folder: Path, random: np.random.Generator) -> None:
    photo = random.integers(0, 256, (24, 32, 3), np.uint8)
    Image.fromarray(photo).save(folder / "photo.png")
    Image.fromarray(photo ^ (photo < 40)).save(folder / "other.png")
    waves(2, 1640).save(folder / "photo.jpg", quality=95)
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned
    exif[0x0110] = "Phone 1"
    exif.get_ifd(0x8825).update({1: "N", 2: (48.0, 8.0, 0.0)})
    waves(24, 40).save(folder / "phone.jpg", exif=exif, icc_profile=ADOBE_RGB, quality=95)
    frames = [waves(24, 32, shift) for shift in range(3)]
    times = [100, 40, 250]
    frames[0].save(folder / "clip.gif", save_all=True, append_images=frames[1:], duration=times)
    logo = np.array(waves(16, 16).convert("RGBA"))
    logo[..., 3] = np.linspace(30, 250, 16)
    logo[:8, :8] = 0
    Image.fromarray(logo).save(folder / "logo.png")
    for name in ("a.png", "deep/b.png"):
        pixels = random.integers(0, 256, (24, 32, 3), np.uint8)
        Image.fromarray(pixels).save(folder / "photos" / name)


def _rasters(folder: Path, random: np.random.Generator) -> None:
    heights = random.uniform(1, 1000, (8, 8)).astype(np.float32)
    heights[:2, :2] = heights[4:6, 3] = heights[6, 6:] = heights[7, 6] = -9999
    np.save(folder / "heights.npy", heights)
    tags = ImageFileDirectory_v2()
    for code, kind, value in (
        (33550, 12, (30.0, 30.0, 0.0)),
        (33922, 12, (0.0, 0.0, 0.0, 440000.0, 5000000.0, 0.0)),
        (34735, 3, (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, 1, 3072, 0, 1, 32633)),
        (42113, 2, "-9999"),
    ):
        tags.tagtype[code] = kind
        tags[code] = value
    Image.fromarray(heights).save(folder / "heights.tif", tiffinfo=tags)
    scan = random.integers(0, 65536, (12, 16), np.uint16)
    Image.fromarray(scan).save(folder / "scan.png")
    labels = random.integers(1, 4, (8, 8), np.uint8)
    Image.fromarray(labels).save(folder / "labels.png")
    mask = random.random((24, 32)) > 0.9
    Image.fromarray(mask.astype(np.uint8) * 255).save(folder / "mask.png")


def _arrays(folder: Path, random: np.random.Generator) -> None:
    shapes = {
        "features": (1, 2, 8, 8),
        "volume": (4, 6, 8),
        "volumes": (1, 2, 3, 4, 4),
        "signal": (16,),
        "tokens": (3, 5, 2),
    }
    for name, shape in shapes.items():
        np.save(folder / f"{name}.npy", random.normal(size=shape))
    np.save(folder / "lengths.npy", np.array([5, 2, 3]))
    np.savez(folder / "arrays.npz", first=random.random((8, 8)), second=random.random((4, 6)))
    for number, length in enumerate((4, 7, 5)):
        np.save(folder / "clips" / f"{number}.npy", random.normal(size=(length, 2)))


# ---------------------------------------------------------------------------- results


def files(folder: Path) -> set[Path]:
    """Give the names of all files in and below a folder."""
    return {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}


def arrays(path: Path, mode: str = "") -> list[np.ndarray]:
    """Read a file's arrays, or its frames, as pictures of a mode, by NumPy and by Pillow."""
    if path.suffix == ".npy":
        return [np.load(path)]
    if path.suffix == ".npz":
        with np.load(path) as archive:
            return [archive[name] for name in sorted(archive)]
    with path.open("rb") as file, Image.open(file) as image:
        frames = list(ImageSequence.all_frames(image))
        return [np.asarray(frame.convert(mode) if mode else frame) for frame in frames]


def times(path: str | Path) -> list[int]:
    """Give how long each frame of an animation is shown."""
    with Path(path).open("rb") as file, Image.open(file) as image:
        return [image.seek(n) or image.info["duration"] for n in range(image.n_frames)]


def mode_of(path: Path) -> str:
    """Give a picture's mode, that of what it shows if it has a palette."""
    if path.suffix in (".npy", ".npz"):
        return ""
    with path.open("rb") as file, Image.open(file) as image:
        return "RGB" if image.mode == "P" else image.mode


def pairs(ours: Path, theirs: Path, before: set[Path]) -> list[tuple[Path, Path]]:
    """Pair the files that both made: one with the only other, else those of one name."""
    mine, found = files(ours) - before, files(theirs) - before
    if len(mine) == len(found) == 1:
        return [(ours / mine.pop(), theirs / found.pop())]
    by_name = {path.name: ours / path for path in mine}
    return [(by_name[path.name], theirs / path) for path in sorted(found)]


def seen(pixels: np.ndarray) -> np.ndarray:
    """Give colours as far as they are opaque: some keep none where nothing is seen."""
    return pixels[..., :3] * (pixels[..., 3:] / 255)


def agree(word: str, ours: Path, theirs: Path) -> None:
    """Hold two results against each other as the guide's word says."""
    mode = mode_of(ours)
    mine, found = arrays(ours, mode), arrays(theirs, mode)
    assert [array.shape for array in mine] == [array.shape for array in found]
    for one, other in zip(mine, found, strict=True):
        if word == "the same":
            whole = one.dtype.kind in "ui"
            assert np.allclose(one, other, rtol=0 if whole else 1e-6, atol=0 if whole else 1e-12)
            continue
        if mode == "RGBA":
            one, other = seen(one), seen(other)
        apart = np.abs(one.astype(float) - other).mean()
        assert apart < 5 if word == "nearly the same" else apart > 0
        assert abs(float(one.mean()) - float(other.mean())) < 12
