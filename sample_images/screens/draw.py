"""Draw what the command shows: a terminal's text as pictures, and the pictures that it makes.

``python sample_images/screens/draw.py`` runs `pool` on copies of the sample images and writes
pictures beside this script; each holds its text, too. With ``--check`` it draws into a temporary
folder, and ends with an error if what is drawn there differs from the pictures here by more than
numbers. It needs a system with pseudo-terminals (not Windows), and matplotlib, for its font.
"""

import fcntl
import os
import pty
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import termios
from collections.abc import Iterator
from pathlib import Path

from matplotlib.font_manager import findfont
from PIL import Image, ImageChops, ImageDraw, ImageFont, ImageStat
from PIL.PngImagePlugin import PngInfo
from rich.console import Console
from rich.terminal_theme import DIMMED_MONOKAI
from rich.text import Text

HERE = Path(__file__).parent
SAMPLES = HERE.parent
INK, PAPER = (226, 228, 233), (24, 26, 31)
SIZE, MARGIN = 22, 24
ROWS, COLUMNS = 40, 100
PHOTOS = 240
THEME = DIMMED_MONOKAI
UNSET = ("NUMBA_CACHE_DIR", "XDG_CACHE_HOME", "NO_COLOR", "FORCE_COLOR", "COLUMNS", "LINES")
"""Variables that change what is shown, or where kernels are kept."""
TEXTS = ("progress", "failures", "diff", "doctor")
PICTURES = ("sheet", "heat")
MOST = 3
"""Levels by which drawn pictures may differ on average, by other versions of Pillow."""


def shown(command: list[str], folder: Path) -> str:
    """Run a command on a pseudo-terminal and return all that it wrote there."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    kept = {name: value for name, value in os.environ.items() if name not in UNSET}
    environment = {**kept, "TERM": "xterm-256color"}
    process = subprocess.Popen(
        command, cwd=folder, stdin=follower, stdout=follower, stderr=follower, env=environment
    )
    os.close(follower)
    written = b""
    while True:
        try:
            part = os.read(leader, 4096)
        except OSError:  # the last program has closed its end
            break
        if not part:
            break
        written += part
    process.wait()
    os.close(leader)
    return written.decode("utf-8", "replace").replace("\r\n", "\n")


def states(text: str) -> Iterator[list[str]]:
    """Yield the terminal's lines after each step: text, a new line, a line cleared, a line up."""
    lines, row = [""], 0
    for step in re.split(r"(\n|\r|\x1b\[\d*K|\x1b\[1A|\x1b\[\?25[lh])", text):
        if step == "\n":
            row += 1
            lines += [""] * (row == len(lines))
        elif step == "\x1b[1A":
            row -= 1
        elif step == "\r" or re.fullmatch(r"\x1b\[\d*K", step):
            lines[row] = ""
        elif not step.startswith("\x1b[?"):
            lines[row] += step
        yield lines


def settled(text: str) -> list[Text]:
    """Return the lines that stay."""
    *_, lines = states(text.rstrip("\n"))
    return [Text.from_ansi(line) for line in "\n".join(lines).strip("\n").split("\n")]


def in_flight(text: str) -> Text:
    """Return the bar as it stood half-way."""
    bars = {line for lines in states(text) for line in lines if "━" in line}
    told = {line: re.search(r"(\d+)/\d+", Text.from_ansi(line).plain) for line in bars}
    done = {line: int(found[1]) for line, found in told.items() if found}
    return Text.from_ansi(min(sorted(done), key=lambda line: abs(2 * done[line] - PHOTOS)))


def draw(lines: list[Text], path: Path) -> None:
    """Write lines of text as a picture of a terminal, which holds the text, too."""
    font = ImageFont.truetype(findfont("DejaVu Sans Mono"), SIZE)
    across = font.getlength("━")
    down = round(1.25 * SIZE)
    width = round(max(len(line.plain) for line in lines) * across) + 2 * MARGIN
    image = Image.new("RGB", (width, len(lines) * down + 2 * MARGIN), PAPER)
    pen = ImageDraw.Draw(image)
    screen = Console(color_system="truecolor", force_terminal=True, width=1000)
    for row, line in enumerate(lines):
        column = 0
        for segment in line.render(screen, end=""):
            ink = INK
            if segment.style is not None and segment.style.color is not None:
                ink = segment.style.color.get_truecolor(THEME)
            if segment.style is not None and segment.style.dim:
                ink = tuple((one + other) // 2 for one, other in zip(ink, PAPER, strict=True))
            place = MARGIN + column * across, MARGIN + row * down
            pen.text(place, segment.text, ink, font)
            column += len(segment.text)
    held = PngInfo()
    held.add_itxt("screen", "\n".join(line.plain.rstrip() for line in lines), zip=True)
    image.quantize(64).save(path, optimize=True, pnginfo=held)


def typed(words: str) -> Text:
    """Return a command as it stands after the prompt."""
    return Text.assemble(("$ ", "bold green"), words)


def main() -> None:
    """Make all the pictures, or compare new ones with those here."""
    if sys.argv[1:] != ["--check"]:
        make(HERE)
        return
    with tempfile.TemporaryDirectory() as work:
        new = Path(work)
        make(new)
        wrong = [name for name in TEXTS if text_of(new, name) != text_of(HERE, name)]
        for name in wrong:
            print(f"{name}.png\n--- here\n{text_of(HERE, name)}\n--- now\n{text_of(new, name)}")
        wrong += [name for name in PICTURES if not alike(new / f"{name}.png", HERE / f"{name}.png")]
    if wrong:
        sys.exit(f"these screens have changed: {', '.join(wrong)}: run {Path(__file__).name}")


def text_of(folder: Path, name: str) -> str:
    """Return a screen's text without its numbers; of the doctor's lines the labels.

    What the doctor says of GPUs depends on the machine, and so does whether kernels are compiled.
    """
    with Image.open(folder / f"{name}.png") as image:
        text = str(image.text["screen"])
    if name == "doctor":
        text = re.sub(r"\n(gpu(\n  .*)*|pool: .*)", "", text)
        return "\n".join(line[:14].rstrip() for line in text.split("\n"))
    if name == "progress":
        text = re.sub("[━╸╺]+", "━", text)
    units = re.sub(r"\b(bytes?|[kMG]B|0\.0+ s)\b", "bytes", text)
    return re.sub(r" +", " ", re.sub(r"[\d.,:-]*\d[\d.,:]*|-+:-+", "N", units))


def alike(one: Path, other: Path) -> bool:
    """Return whether two pictures are of one size and nearly the same."""
    with Image.open(one) as a, Image.open(other) as b:
        if a.size != b.size:
            return False
        difference = ImageChops.difference(a.convert("RGB"), b.convert("RGB"))
    return max(ImageStat.Stat(difference).mean) < MOST


def make(to: Path) -> None:
    """Make all the pictures in a folder."""
    pool = str(Path(sys.executable).with_name("pool"))
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work)
        photos = folder / "photos"
        photos.mkdir()
        scene = (SAMPLES / "scene.jpg").read_bytes()
        for n in range(1, PHOTOS + 1):
            (photos / f"photo{n:03}.jpg").write_bytes(scene)
        words = "pool avg photos -k 4 -o small"
        text = shown([pool, *words.split()[1:]], folder)
        draw([typed(words), in_flight(text)], to / "progress.png")
        (photos / "cut.jpg").write_bytes(scene[: len(scene) // 2])
        (photos / "empty.png").touch()
        (photos / "words.png").write_text("not a picture")
        for path in sorted(photos.glob("photo*.jpg"))[6:]:
            path.unlink()
        words = "pool avg photos -k 4 -o smaller"
        text = shown([pool, *words.split()[1:]], folder)
        draw([typed(words), *settled(text)], to / "failures.png")
        for name in ("scene.jpg", "sprite.png"):
            shutil.copy(SAMPLES / name, folder)
        files = sorted(path.name for path in folder.glob("*.*") if path.is_file())
        subprocess.run(
            [pool, "sheet", *files, "-k", "8", "-o", "sheet.png"], cwd=folder, check=True
        )
        Image.open(folder / "sheet.png").quantize(128).save(to / "sheet.png", optimize=True)
        for k in ("avg", "max"):
            command = [pool, k, "scene.jpg", "-k", "2", "-o", f"{k}.png"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        words = "pool diff avg.png max.png -o heat.png"
        text = shown([pool, *words.split()[1:]], folder)
        draw([typed(words), *settled(text)], to / "diff.png")
        Image.open(folder / "heat.png").quantize(64).save(to / "heat.png", optimize=True)
        text = shown([pool, "doctor"], folder)
        lines = [
            line
            for line in settled(text.replace(str(Path.home()), "~"))
            if not line.plain.startswith(("  system", "  peers"))
        ]
        draw([typed("pool doctor"), *lines], to / "doctor.png")


if __name__ == "__main__":
    main()
