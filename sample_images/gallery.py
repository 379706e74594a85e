"""Draw the gallery, and write its table into README.md: three samples by every operator, measured.

``python sample_images/gallery.py [FILE]``, with numbapool installed.
"""

import json
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent
SAMPLES = ("zone_plate.png", "scene.jpg", "speckled.png")
LOOK = ["-k", "4", "--tile", "200", "--columns", "7", "--on-exists", "overwrite"]
START, END = "<!-- measures -->", "<!-- end of measures -->"


def measured(target: Path, samples: tuple[str, ...], *options: str) -> dict[str, dict[str, dict]]:
    """Draw a sheet; return what it measures, by operator and sample."""
    command = [sys.executable, "-m", "numbapool", "sheet", *samples, "-o", str(target), *LOOK]
    done = subprocess.run(
        [*command, "--measure", "--json", *options], cwd=HERE, check=True, stdout=subprocess.PIPE
    )
    found: dict[str, dict[str, dict]] = {}
    for line in done.stdout.splitlines():
        row = json.loads(line).get("measures")
        if row:
            found.setdefault(row["operator"], {})[row["source"]] = row
    return found


def cells(row: dict) -> str:
    """Return a sample's measures as cells of the table."""
    numbers = (row["psnr"], 1), (row["shift"], 2), (row["noise"], 2)
    return " | ".join("–" if value is None else f"{value:.{digits}f}" for value, digits in numbers)


def table(found: dict[str, dict[str, dict]]) -> str:
    """Return the table: a row per operator."""
    heads = [f"{Path(name).stem}: PSNR | shift | noise" for name in SAMPLES]
    lines = [f"| operator | {' | '.join(heads)} |", "|---" * (1 + 3 * len(SAMPLES)) + "|"]
    for operator, rows in found.items():
        lines.append(f"| `{operator}` | {' | '.join(cells(rows[name]) for name in SAMPLES)} |")
    return "\n".join(lines)


def main(target: Path) -> None:
    """Write the picture and the table."""
    text = table(measured(target, SAMPLES, "--operator", "every"))
    guide = HERE / "README.md"
    old = guide.read_text("utf-8")
    new = re.sub(f"{START}.*{END}", f"{START}\n\n{text}\n\n{END}", old, flags=re.DOTALL)
    guide.write_text(new, "utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "screens" / "gallery.webp")
