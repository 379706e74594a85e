"""Slips of the hand: what a small mistake on the command line leads to."""

from pathlib import Path

import pytest
from pictures import picture, read


def make(*names: str) -> None:
    for number, name in enumerate(names):
        Path(name).parent.mkdir(parents=True, exist_ok=True)
        picture("L", 8, 6, number).save(name)


def files(folder: str = ".") -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*.*"))


# ---------------------------------------------------------------------------- suffixes


@pytest.mark.parametrize(
    ("output", "words"),
    [
        ("half.jepg", "did you mean .jpg or .jpeg?"),
        ("half.TFI", "did you mean .tif?"),
        ("half.nyp", "did you mean .npz or .npy?"),
        ("half.docx", "give one of .png, .jpg, .tif,"),
    ],
)
def test_an_unknown_suffix_is_no_folder(pool, output, words):
    make("a.png")
    for arguments in (["avg"], ["avg", "--format", "png"], ["pyramid", "--levels", 1]):
        said = pool(*arguments, "a.png", "-o", output, code=2).stderr
        assert words in said
        assert f"A / at the end makes a folder: {output}/" in said
    assert files() == ["a.png"]


def test_a_slash_makes_a_folder_of_any_name(pool):
    make("a.png")
    pool("avg", "a.png", "-o", "half.jepg/")
    pool("max", "a.png", "-o", "half.jepg", "--name", "{stem}.max{ext}")  # it is there
    pool("avg", "a.png", "-o", ".half")
    assert files() == [".half", ".half/a.png", "a.png", "half.jepg", "half.jepg/a.max.png"] + [
        "half.jepg/a.png"
    ]


def test_a_format_that_is_only_read(pool):
    make("a.png")
    for output in ("half.psd", "half.HEIC"):
        assert "is read but not written" in pool("avg", "a.png", "-o", output, code=2).stderr
    assert files() == ["a.png"]


@pytest.mark.parametrize("command", ["sheet", "explain"])
def test_an_unknown_suffix_of_a_picture(pool, command):
    make("a.png")
    inputs = ["a.png"] if command == "sheet" else []
    assert "did you mean .jpg or .jpeg?" in pool(command, *inputs, "-o", "b.jepg", code=2).stderr
    assert "end it in .png" in pool(command, *inputs, "-o", "b.nyp", code=2).stderr


@pytest.mark.parametrize(
    ("name", "output"),
    [("jpg", "a.jpg"), ("JPEG", "a.jpg"), ("tif", "a.tif"), (".tiff", "a.tif"), ("jp2", "a.jp2")],
)
def test_formats_by_their_suffixes(pool, name, output):
    make("a.png")
    pool("avg", "a.png", "-o", "out", "--format", name)
    assert files("out") == [output]
    made = {".jpg": "JPEG", ".tif": "TIFF", ".jp2": "JPEG2000"}[Path(output).suffix]
    assert read(f"out/{output}").format == made


def test_a_format_that_is_unknown(pool):
    make("a.png")
    assert "did you mean jpg or jpeg?" in pool("avg", "a.png", "--format", "jepg", code=2).stderr
    assert "give png, jpeg" in pool("avg", "a.png", "--format", "heic", code=2).stderr
