"""Draw what the command shows: a terminal's text as pictures, and the pictures that it makes.

``python sample_images/screens/draw.py`` runs `pool` on copies of the sample images and writes
pictures beside this script. It needs a system with pseudo-terminals (not Windows), and matplotlib,
for its font.
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
from PIL import Image, ImageDraw, ImageFont
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


def shown(command: list[str], folder: Path) -> str:
    """Run a command on a pseudo-terminal and return all that it wrote there."""
    leader, follower = pty.openpty()
    fcntl.ioctl(follower, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
    environment = {**os.environ, "TERM": "xterm-256color"}
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


def draw(lines: list[Text], name: str) -> None:
    """Write lines of text as a picture of a terminal."""
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
    image.quantize(64).save(HERE / f"{name}.png", optimize=True)


def typed(words: str) -> Text:
    """Return a command as it stands after the prompt."""
    return Text.assemble(("$ ", "bold green"), words)


def main() -> None:
    """Make all the pictures."""
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
        draw([typed(words), in_flight(text)], "progress")
        (photos / "cut.jpg").write_bytes(scene[: len(scene) // 2])
        (photos / "empty.png").touch()
        (photos / "words.png").write_text("not a picture")
        for path in sorted(photos.glob("photo*.jpg"))[6:]:
            path.unlink()
        words = "pool avg photos -k 4 -o smaller"
        text = shown([pool, *words.split()[1:]], folder)
        draw([typed(words), *settled(text)], "failures")
        for name in ("scene.jpg", "sprite.png"):
            shutil.copy(SAMPLES / name, folder)
        files = sorted(path.name for path in folder.glob("*.*") if path.is_file())
        subprocess.run(
            [pool, "sheet", *files, "-k", "8", "-o", "sheet.png"], cwd=folder, check=True
        )
        Image.open(folder / "sheet.png").quantize(128).save(HERE / "sheet.png", optimize=True)
        for k in ("avg", "max"):
            command = [pool, k, "scene.jpg", "-k", "2", "-o", f"{k}.png"]
            subprocess.run(command, cwd=folder, check=True, capture_output=True)
        words = "pool diff avg.png max.png -o heat.png"
        text = shown([pool, *words.split()[1:]], folder)
        draw([typed(words), *settled(text)], "diff")
        Image.open(folder / "heat.png").quantize(64).save(HERE / "heat.png", optimize=True)
        text = shown([pool, "doctor"], folder)
        lines = [
            line
            for line in settled(text.replace(str(Path.home()), "~"))
            if not line.plain.startswith(("  system", "  peers"))
        ]
        draw([typed("pool doctor"), *lines], "doctor")


if __name__ == "__main__":
    main()
