"""What the command's README says of other programs, beside each wish: it is run, and compared."""

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
from pictures import read
from PIL import Image, ImageFilter
from wishes import Wish, agree, desk, files, pairs, run, times, wishes

PYTHON = {"np": np, "Path": Path, "Image": Image, "ImageFilter": ImageFilter}
"""What the guide's lines of Python know."""


@pytest.mark.filterwarnings("ignore::ResourceWarning")  # the guide's lines close no files
@pytest.mark.parametrize("row", [row for row in wishes() if row.code], ids=lambda row: row.name)
def test_others_do_what_the_guide_says(pool, row, tmp_path_factory, capsys, monkeypatch):
    if row.program and not shutil.which(row.program):
        pytest.skip(f"{row.program} is not installed")
    ours, theirs = Path.cwd(), tmp_path_factory.mktemp("theirs")
    before = desk(ours) and desk(theirs)
    result = run(pool, row.command)
    monkeypatch.chdir(theirs)
    if row.program:
        by_shell(row.code)
    else:
        exec(row.code, dict(PYTHON))
    printed = capsys.readouterr().out.strip()
    assert bool(printed) != bool(files(theirs) - before)
    if printed and row.word:
        assert printed in result.stdout
    elif not printed:
        assert row.word
        for one, other in pairs(ours, theirs, before):
            agree(row.word, one, other)
            also(row, other)


def by_shell(line: str) -> None:
    subprocess.run(line, shell=True, check=True, capture_output=True, timeout=60)


def also(row: Wish, made: Path) -> None:
    """Check what the guide says or promises of others beside a word."""
    if "smaller photos as they are" in row.want:
        by_shell(row.code.replace("photo.jpg", "photo.png"))
        assert read(made).size == read("photo.png").size
    if "each beside its input" in row.need:
        assert made.with_name(f"{made.stem.partition('@')[0]}.png").exists()
    if "in one folder" in row.need:
        assert files(made.parent) == {Path("a.webp"), Path("b.webp")}
    if made.suffix == ".jpg" and "phone" in row.command:
        image = read(made)
        assert image.getexif().get(0x0112, 1) == 1
        assert image.getexif().get(0x0110) == (None if "no camera" in row.want else "Phone 1")
        kept = image.info["icc_profile"] == read("phone.jpg").info["icc_profile"]
        assert kept != ("sRGB" in row.want)
    if made.suffix == ".gif":
        assert times(made) == times("clip.gif")


def test_most_rows_say_how_it_is_done_elsewhere():
    rows = wishes()
    assert {row.program for row in rows} == {"", "vipsthumbnail", "mogrify", "gdal_translate"}
    without = [row.need for row in rows if not row.code]
    assert all(need.startswith(("by hand", "no way")) for need in without)
