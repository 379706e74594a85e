"""What the guides promise: functions are listed, commands work, links lead somewhere."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from processes import ended

import numbapool
from numbapool.functional.faces import NAME
from numbapool.operators import OPERATORS

ROOT = Path(__file__).parents[1]
GUIDES = [
    ROOT / "README.md",
    *(ROOT / folder / "README.md" for folder in ("cli", "numbapool", "tests/benchmarks")),
    ROOT / ".github" / "CONTRIBUTING.md",
]
WISHES = re.findall(r"^\| .* \| `pool (.+)` \|$", GUIDES[0].read_text("utf-8"), re.MULTILINE)


def test_every_function_is_listed():
    listed = re.findall(r"`(\w+)`", (ROOT / "numbapool" / "README.md").read_text("utf-8"))
    stems = {re.sub(r"[123]d$", "", name) for name in listed}

    def is_listed(name):
        parsed = NAME.fullmatch(name)
        if parsed and parsed[2] in OPERATORS:
            return parsed[2] in listed
        return re.sub(r"[123]d$", "", name) in stems

    assert [name for name in numbapool.__all__ if not is_listed(name)] == []


@pytest.mark.parametrize("guide", GUIDES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_link_leads_somewhere(guide):
    links = re.findall(r"\]\(([^)#]+)\)", guide.read_text("utf-8"))
    assert not [link for link in links if "://" not in link and not (guide.parent / link).exists()]


@pytest.fixture(scope="module")
def desk(tmp_path_factory):
    """Give a folder with the files that the commands name."""
    folder = tmp_path_factory.mktemp("desk")
    samples = ROOT / "sample_images"
    (folder / "photos" / "below").mkdir(parents=True)
    for name in ("photo.jpg", "photos/one.jpg", "photos/below/two.jpg"):
        shutil.copy(samples / "scene.jpg", folder / name)
    for name in ("features.npy", "labels.png", "heights.npy"):
        shutil.copy(samples / name, folder / name)
    Image.fromarray(255 - np.asarray(Image.open(samples / "scene.jpg"))).save(folder / "other.jpg")
    return folder


def test_there_are_ten_wishes():
    assert len(WISHES) == 10


@pytest.mark.parametrize("command", WISHES)
def test_a_wish_comes_true(command, desk):
    process = ended(None, *command.split(), options=["-m", "numbapool"], cwd=desk)
    assert process.code == 0, process.errors


def test_the_first_guide_is_short():
    assert len(GUIDES[0].read_text("utf-8").splitlines()) <= 200
