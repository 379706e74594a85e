"""Slips of the hand: what a small mistake on the command line leads to."""

import json
import os
from pathlib import Path

import numpy as np
import pytest
from numbapool_cli.files import write
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
    made = [".half", ".half/a.png", "half.jepg", "half.jepg/a.max.png", "half.jepg/a.png"]
    assert files() == sorted([*made, "a.png"])


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


# ------------------------------------------------------------------------- a second run


def test_a_second_run_is_told_of_in_one_line(pool):
    names = [f"in/{number}.png" for number in range(7)]
    make(*names)
    pool("avg", "in", "-o", "out")
    assert files("out") == [Path(name).name for name in names]  # nothing but outputs
    again = pool("avg", "in", "-o", "out", code=1)
    assert again.output == (
        "7 outputs exist already and nothing was overwritten: --skip-existing passes over them, "
        "--on-exists overwrite replaces them, --update replaces only what is not up to date.\n"
    )
    make("in/new.png")
    again = pool("avg", "in", "-o", "out", code=1)
    assert again.stdout == ""
    exist, summary = again.stderr.splitlines()
    assert exist.startswith("7 outputs exist already")
    assert summary.startswith("1 done, 7 not written. ")
    rows = [
        json.loads(line)
        for line in pool("avg", "in", "-o", "out", "--json", code=1).stdout.splitlines()
    ]
    assert [row["status"] for row in rows[:-1]] == ["failed"] * 8
    assert rows[-1]["summary"]["failed"] == 8


def test_a_second_run_beside_other_failures(pool):
    make("in/a.png", "in/b.png")
    pool("avg", "in", "-o", "out")
    Path("in/c.png").touch()
    said = pool("avg", "in", "-o", "out", code=1).stderr.splitlines()
    assert said[:2] == ["1 of 3 failed:", "  in/c.png  the file is empty"]
    assert said[2].startswith("2 outputs exist already")
    assert said[3:] == ["0 done, 1 failed, 2 not written."]
    said = pool("avg", "in", "-o", "out", "-v", code=1).stderr
    assert "in/b.png  out/b.png exists: see --on-exists" in said


def test_a_second_pyramid_has_no_update(pool):
    make("in/a.png")
    pool("pyramid", "in", "--levels", 2, "-o", "out")
    said = pool("pyramid", "in", "--levels", 2, "-o", "out", code=1).stderr
    assert said.startswith("2 outputs exist already")
    assert "--update" not in said


# --------------------------------------------------------------------- no such input


@pytest.mark.parametrize("command", ["avg", "info", "spp", "pyramid --levels 1", "sheet -o s.png"])
def test_an_input_that_is_not_there(pool, command):
    command = command.split()
    assert pool(*command, "gone.png", code=3).stderr == (
        "pool: no input was found: there is no gone.png.\n"
    )
    assert "there is no a.png, b*.png, c/d.png." in (
        pool(*command, "a.png", "b*.png", "c/d.png", code=3).stderr
    )
    make("in.png")
    said = pool(*command, "gone.png", "in.png", "*.tif", code=1).stderr
    assert "gone.png" in said
    assert "*.tif" in said
    assert "there is no such file" in said
    if command == ["avg"]:
        assert Path("in.avg2.png").exists()
        assert "2 of 3 failed:" in said


def test_a_difference_of_what_is_not_there(pool):
    assert "there is no a.png, b.png." in pool("diff", "a.png", "b.png", code=3).stderr
    make("b.png")
    assert "a.png: there is no such file" in pool("diff", "a.png", "b.png", code=1).stderr


def test_a_list_of_names_that_are_not_there(pool):
    Path("list").write_text("a.png\nb.png\n")
    assert "a.png, b.png" in pool("avg", "--files-from", "list", "-o", "out", code=3).stderr
    make("b.png")
    pool("avg", "--files-from", "list", "-o", "out", code=1)
    assert files("out") == ["b.png"]


@pytest.mark.skipif(os.name == "nt", reason="links need rights there")
def test_an_input_that_is_there_and_cannot_be_read(pool):
    Path("link.png").symlink_to("nowhere.png")
    Path("empty.png").touch()
    Path("in").mkdir()
    Path("in/text.png").write_text("no picture")
    for name in ("link.png", "empty.png", "in", "in/*.png"):
        pool("avg", name, "-o", "out/", code=1)


# ------------------------------------------------------------------------------- names


def test_names_hold_no_per_cent(pool):
    make("photo.JPG", "deep.Tiff")
    pool("avg", "photo.JPG", "deep.Tiff", "--size", "25%")
    pool("avg", "photo.JPG", "--size", "12.5%", "--format", "jpeg")
    pool("avg", "photo.JPG", "--size", "25%", "--format", "png")
    pool("avg", "photo.JPG", "--size", "50%", "--name", "{dir}/{stem}@{k}{ext}")
    assert files() == [
        "deep.Tiff",
        "deep.avg25pc.Tiff",
        "photo.JPG",
        "photo.avg12.5pc.JPG",
        "photo.avg25pc.JPG",
        "photo.avg25pc.png",
        "photo@50pc.JPG",
    ]
    assert "Skipped 3 files from an earlier run" in pool("avg", ".", "--size", "25%", code=1).stderr


# ------------------------------------------------------------- told before, and told once


@pytest.fixture
def closed(monkeypatch):
    """Let the folder out, if it is there, take no files; root may write anywhere."""
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: str(path) != "out" and real(path, mode))


@pytest.mark.parametrize("arguments", [["avg"], ["avg", "--dry-run"], ["pyramid", "--levels", 2]])
def test_a_folder_that_cannot_be_written_is_told_once(pool, closed, monkeypatch, arguments):
    make(*(f"in/{number}.png" for number in range(4)))
    Path("out").mkdir()
    opened = []
    monkeypatch.setattr("numbapool_cli.work.pooled.opened", opened.append)
    monkeypatch.setattr("numbapool_cli.work.pyramid.opened", opened.append)
    said = pool(*arguments, "in", "-o", "out", code=1).stderr
    assert said.count("the output folder out may not be written to: change its permissions") == 1
    assert not opened
    assert not files("out")


def test_a_file_where_a_folder_should_be_is_told_once(pool):
    make("in/a.png", "in/b.png")
    Path("file").touch()
    said = pool("avg", "in", "-o", "file/", code=1).stderr
    assert said.splitlines() == [
        "2 of 2 failed: the output folder file is not a folder: name another with -o",
        "0 done, 2 failed.",
    ]


@pytest.mark.parametrize("command", ["avg", "sheet", "diff", "spp"])
def test_other_commands_look_at_the_folder_first(pool, closed, monkeypatch, command):
    make("a.png", "b.png")
    Path("out").mkdir()
    monkeypatch.setattr("numbapool_cli.files.open.unreadable", lambda path: "it was opened")
    output = "out/s.npy" if command == "spp" else "out/s.png"
    inputs = ["a.png", "b.png"] if command in ("diff", "spp") else ["a.png"]
    said = pool(command, *inputs, "-o", output, code=1).stderr
    assert said.count("the output folder out may not be written to") == 1


def test_a_name_that_is_too_long_or_a_folder_is_told_before(pool, monkeypatch):
    make("a.png")
    Path("out/a.png").mkdir(parents=True)
    monkeypatch.setattr("numbapool_cli.files.open.unreadable", lambda path: "it was opened")
    said = pool("avg", "a.png", "-o", "out/", "--on-exists", "overwrite", code=1).stderr
    assert "the output out/a.png is a folder" in said
    said = pool("avg", "a.png", "-o", "out", "--name", "x" * 300 + "{ext}", code=1).stderr
    assert "too long" in said


def test_a_disk_that_can_only_be_read(pool, closed, monkeypatch):
    make("a.png")
    Path("out").mkdir()

    class Flags:
        f_flag = os.ST_RDONLY

    monkeypatch.setattr(os, "statvfs", lambda path: Flags)
    said = pool("avg", "a.png", "-o", "out", code=1).stderr
    assert "the disk of the output folder out can only be read" in said
    pool("avg", "a.png", "-o", "deep/er/")
    write.refuse_closed("deep/er/and/deeper.png")


@pytest.mark.parametrize("command", ["avg", "pyramid --levels 1", "roi --boxes b.csv --size 2"])
def test_what_a_format_cannot_hold_is_told_before_pooling(pool, monkeypatch, command):
    """Kernels are compiled when something is pooled: nothing is."""
    np.save("a.npy", np.zeros((4, 4), np.int64))
    np.save("b.npy", np.zeros((4, 4)))
    Path("b.csv").write_text("0,0,2,2\n")
    command = command.split()
    pools = []
    for name in ("pooled.pool", "pyramid.pool", "roi._pooled"):
        monkeypatch.setattr(f"numbapool_cli.work.{name}", lambda *_: pools.append(1))
    said = pool(*command, "b.npy", "-o", "out/", "--format", "jpg", code=1).stderr
    assert "float64, which JPEG does not hold" in said
    assert not pools
    assert not Path("out").exists()


# ------------------------------------------------------------------------------ version


@pytest.mark.parametrize("command", ["avg", "max,min", "pyramid", "seq", "diff", "list", "warmup"])
def test_the_version_after_a_command(pool, command):
    assert pool(command, "--version").output == pool("--version").output
    assert pool(command, "gone.png", "--version").output == pool("--version").output
    assert "--version" not in pool(command, "--help").output
