"""Draw what the command shows: a terminal's text as pictures, and the pictures that it makes.

``python sample_images/screens/draw.py`` runs `pool` on copies of the sample images and writes
pictures beside this script. It needs a system with pseudo-terminals (not Windows).
"""

import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

HERE = Path(__file__).parent
SAMPLES = HERE.parent
INK, PAPER = (230, 230, 230), (24, 26, 31)
CELL = (6, 13)
MARGIN = 8
SCALE = 2
COLUMNS = 100
PHOTOS = 240


def shown(command: list[str], folder: Path) -> str:
    """Run a command on a pseudo-terminal and return all that it wrote there."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "COLUMNS": str(COLUMNS), "TERM": "xterm", "NO_COLOR": "1"}
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


def settled(text: str) -> list[str]:
    """Return the lines that stay: what was written over, or cleared, is gone."""
    lines = []
    for line in text.rstrip("\n").split("\n"):
        parts = [part for part in re.split(r"\r|\x1b\[\d*K", line) if part.strip()]
        lines.append(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", parts[-1]) if parts else "")
    return lines


def in_flight(text: str) -> str:
    """Return the progress line as it stood half-way."""
    states = [part.strip() for part in re.split(r"\r|\n|\x1b\[\d*K", text) if "left" in part]
    done = [int(re.findall(r"(\d+)/\d+", state)[0]) for state in states]
    return min(zip(done, states, strict=True), key=lambda pair: abs(2 * pair[0] - PHOTOS))[1]


def draw(lines: list[str], name: str) -> None:
    """Write lines of text as a picture of a terminal."""
    font = ImageFont.load_default_imagefont()
    width = max(map(len, lines)) * CELL[0] + 2 * MARGIN
    height = len(lines) * CELL[1] + 2 * MARGIN
    image = Image.new("RGB", (width, height), PAPER)
    pen = ImageDraw.Draw(image)
    for n, line in enumerate(lines):
        text = line.replace("…", "...").encode("latin-1", "replace").decode("latin-1")
        pen.text((MARGIN, MARGIN + n * CELL[1]), text, INK, font)
    large = image.resize((SCALE * width, SCALE * height), Image.Resampling.NEAREST)
    large.quantize(16).save(HERE / f"{name}.png", optimize=True)


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
        typed = "pool avg photos -k 4 -o small"
        text = shown([pool, *typed.split()[1:]], folder)
        draw([f"$ {typed}", in_flight(text)], "progress")
        (photos / "cut.jpg").write_bytes(scene[: len(scene) // 2])
        (photos / "empty.png").touch()
        (photos / "words.png").write_text("not a picture")
        for path in sorted(photos.glob("photo*.jpg"))[6:]:
            path.unlink()
        typed = "pool avg photos -k 4 -o smaller"
        text = shown([pool, *typed.split()[1:]], folder)
        draw([f"$ {typed}", *settled(text)], "failures")
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
        typed = "pool diff avg.png max.png -o heat.png"
        text = shown([pool, *typed.split()[1:]], folder)
        draw([f"$ {typed}", *settled(text)], "diff")
        Image.open(folder / "heat.png").quantize(64).save(HERE / "heat.png", optimize=True)
        text = shown([pool, "doctor"], folder)
        lines = [line.replace(str(Path.home()), "~") for line in settled(text)]
        lines = [line for line in lines if not line.startswith(("  system", "  peers"))]
        draw(["$ pool doctor", *lines], "doctor")


if __name__ == "__main__":
    main()
