"""Inputs found, outputs named, and nothing lost."""

import json
import os
import sys
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


def test_output_stands_beside_input(pool):
    make("a.png")
    result = pool("avg", "a.png")
    assert result.stdout == "a.png -> a.avg2.png (8×6 -> 4×3)\n"
    pool("avg", "a.png", "-k", "2x3")
    assert files() == ["a.avg2.png", "a.avg2x3.png", "a.png"]


def test_folder_mirrors(pool):
    make("photos/a.png", "photos/deep/b.JPG", "photos/deep/er/c.png")
    Path("photos/notes.txt").write_text("no picture")
    Path("photos/x.jpg").mkdir()
    result = pool("avg", "photos", "-o", "out")
    assert files("out") == ["a.png"]
    assert "1 file of other types" in result.stderr
    pool("avg", "photos", "-r", "-o", "out", "--skip-existing")
    assert files("out") == ["a.png", "deep/b.JPG", "deep/er/c.png"]


def test_former_outputs_are_no_inputs(pool):
    make("photos/a.png")
    pool("avg", "photos", "-r", "-o", "photos/small")
    pool("avg", "photos", "-r", "-o", "photos/small", "--on-exists", "overwrite")
    assert files("photos") == ["a.png", "small/a.png"]
    make("beside/a.png")
    pool("avg", "beside")
    pool("avg", "beside", "--on-exists", "overwrite")
    assert files("beside") == ["a.avg2.png", "a.png"]


def test_pattern(pool):
    make("in/a.png", "in/b.png", "in/c.jpg", "in/sub/d.png")
    pool("max", "in/*.png", "-o", "out")
    assert files("out") == ["a.png", "b.png"]
    pool("max", "in/**/*.png", "-o", "all")
    assert files("all") == ["a.png", "b.png", "sub/d.png"]


def test_files_from(pool):
    make("in/a.png", "in/sub/b.png", "in/odd\nname.png")
    Path("list").write_text("in/a.png\nin/sub/b.png\n")
    pool("max", "--files-from", "list", "-o", "out")
    assert files("out") == ["in/a.png", "in/sub/b.png"]
    whole = f"{Path('in/a.png').absolute()}\0{Path('in/odd').absolute()}\nname.png\0"
    pool("max", "--files-from", "-", "-0", "-o", "null", input=whole)
    assert files("null") == ["a.png", "odd\nname.png"]


def test_no_input(pool):
    Path("empty").mkdir()
    Path("empty/notes.txt").touch()
    result = pool("avg", "empty", "-o", "out", code=3)
    assert "Skipped 1 file of other types: .txt (1)." in result.stderr
    assert "no input" in pool("avg", "*.png", code=3).stderr
    assert "INPUT" in pool("avg", code=2).stderr


def test_bad_files_do_not_stop_the_rest(pool):
    make("in/a.png", "in/z.png")
    whole = Path("in/a.png").read_bytes()
    Path("in/cut.png").write_bytes(whole[: len(whole) // 2])
    Path("in/empty.png").touch()
    Path("in/text.png").write_text("no picture")
    Path("in/dangling.png").symlink_to("nowhere")
    result = pool("avg", "in", "gone.png", "-o", "out", code=1)
    assert files("out") == ["a.png", "z.png"]
    table = result.stderr.splitlines()
    assert table[0] == "5 of 7 failed:"
    assert [line.split()[0] for line in table[1:6]] == [
        "in/cut.png",
        "in/dangling.png",
        "in/empty.png",
        "in/text.png",
        "gone.png",
    ]
    assert "no such file" in table[5]
    assert not list(Path("out").glob(".pool*"))


def test_fail_fast(pool):
    make("in/b.png", "in/c.png")
    Path("in/a.png").touch()
    pool("avg", "in", "-o", "out", "--fail-fast", "-j", 1, code=1)
    assert not Path("out").exists() or files("out") == []


def test_nothing_is_overwritten_unasked(pool):
    make("a.png", "out.png")
    before = Path("out.png").read_bytes()
    assert "--on-exists" in pool("avg", "a.png", "-o", "out.png", code=1).stderr
    pool("avg", "a.png", "-o", "out.png", "--skip-existing")
    assert Path("out.png").read_bytes() == before
    pool("avg", "a.png", "-o", "out.png", "--on-exists", "rename")
    pool("avg", "a.png", "-o", "out.png", "--on-exists", "rename")
    assert Path("out.png").read_bytes() == before
    assert Path("out-1.png").read_bytes() == Path("out-2.png").read_bytes()
    pool("avg", "a.png", "-o", "out.png", "--on-exists", "overwrite")
    assert Path("out.png").read_bytes() == Path("out-1.png").read_bytes()


@pytest.mark.parametrize("links", [True, False])
def test_a_name_taken_meanwhile_is_not_replaced(tmp_path, monkeypatch, links):
    if not links:

        def no_links(self, target):
            raise OSError(95, "Operation not supported")

        monkeypatch.setattr(Path, "hardlink_to", no_links)
    path = tmp_path / "out.bin"
    with write.writing(str(path), "error") as output:
        output.file.write(b"whole")
    assert path.read_bytes() == b"whole"
    second = tmp_path / "second.bin"
    with pytest.raises(write.FileError, match="exists"):
        with write.writing(str(second), "error") as output:
            output.file.write(b"ours")
            second.write_bytes(b"theirs")
    assert second.read_bytes() == b"theirs"
    assert files(str(tmp_path)) == ["out.bin", "second.bin"]


def test_half_written_files_of_the_dead_are_cleared(pool):
    make("a.png")
    host = write._prefix()
    Path(f"{host}999999999-0.tmp").touch()
    Path(f"{host}1-0.tmp").touch()
    Path(".pool-elsewhere-999999999-0.tmp").touch()
    write._cleared.clear()
    pool("avg", "a.png")
    left = sorted(path.name for path in Path().glob(".pool*"))
    wanted = [".pool-elsewhere-999999999-0.tmp"]
    assert left == (wanted if os.name == "nt" else sorted([*wanted, f"{host}1-0.tmp"]))


@pytest.mark.parametrize("policy", ["error", "overwrite", "skip", "rename"])
def test_an_input_is_never_written_to(pool, policy):
    make("a.png")
    before = Path("a.png").read_bytes()
    result = pool("avg", "a.png", "-o", "./a.png", "--on-exists", policy, code=2)
    assert "input" in result.stderr
    os.link("a.png", "same.png")
    pool("avg", "a.png", "-o", "same.png", "--on-exists", policy, code=2)
    assert Path("a.png").read_bytes() == before


def test_collisions_are_found_first(pool):
    make("x/a.png", "y/a.png")
    result = pool("avg", "x/a.png", "y/a.png", "-o", "out", code=2)
    assert "both" in result.stderr
    assert not Path("out").exists()
    pool("avg", "x", "y", "-o", "out", "--name", "same{ext}", code=2)


def test_suffixes_that_format_makes_one_are_kept(pool):
    make("in/a.gif", "in/a.png", "in/b.png")
    pool("avg", "in", "-o", "out", "--format", "png")
    assert files("out") == ["a.gif.png", "a.png.png", "b.png"]


def test_name_template(pool):
    make("in/sub/a.png")
    pool("avg", "in", "-r", "-o", "out", "-k", 3, "--name", "{dir}/{stem}@{k}-{op}{ext}")
    assert files("out") == ["sub/a@3-avg.png"]
    pool("avg", "in/sub/a.png", "--name", "{dir}/{stem}@{k}{ext}")
    assert files("in") == ["sub/a.png", "sub/a@2.png"]
    assert "{stem}" in pool("avg", "in", "-r", "--name", "{what}", code=2).stderr
    pool("avg", "in", "-r", "--name", "{", code=2)


def test_many_inputs_and_one_file(pool):
    make("a.png", "b.png")
    assert "folder" in pool("avg", "a.png", "b.png", "-o", "out.png", code=2).stderr


def test_unknown_suffix(pool):
    make("a.png")
    Path("a.png").rename("bare")
    assert "--format" in pool("avg", "bare", code=1).stderr
    pool("avg", "bare", "-o", "out.png")
    pool("avg", "bare", "--format", "png")
    assert files() == ["bare.avg2.png", "out.png"]


def test_dry_run_writes_nothing(pool):
    make("in/a.png", "in/sub/b.png")
    result = pool("avg", "in", "-r", "-o", "out", "--dry-run", "-k", 4)
    wanted = "in/sub/b.png -> out/sub/b.png (8×6 -> 2×2) uint8, 4 bytes before encoding"
    assert result.stdout.splitlines()[1] == wanted
    assert not Path("out").exists()


def test_json(pool):
    make("in/a.png")
    Path("in/b.png").touch()
    result = pool("avg", "in", "-o", "out", "--json", code=1)
    first, second, summary = map(json.loads, result.stdout.splitlines())
    assert (first["status"], first["after"]) == ("done", [[3, 4]])
    assert (second["status"], second["source"]) == ("failed", "in/b.png")
    assert summary["summary"]["done"] == summary["summary"]["failed"] == 1
    assert result.stderr == ""


def test_quiet(pool):
    make("a.png", "b.png")
    result = pool("avg", "a.png", "b.png", "-o", "out", "-q")
    assert result.output == ""


@pytest.mark.skipif(sys.platform != "linux", reason="names that are no text")
def test_odd_names(pool):
    names = [b"\xff\xfe.png", b"new\nline.png", b" .png", b"-k.png", b"x" * 246 + b".png"]
    Path("in").mkdir()
    for name in names:
        picture("L", 4, 4).save(Path("in") / os.fsdecode(name))
    result = pool("avg", "in", "-o", "out", "-v")
    assert sorted(os.fsencode(path.name) for path in Path("out").iterdir()) == sorted(names)
    assert len(result.stdout.splitlines()) == len(names)
    pool("avg", "in", "-o", "out2", "--json")


def test_several_workers_do_the_same(pool):
    make(*[f"in/{number:02}.png" for number in range(20)])
    pool("avg", "in", "-o", "one", "-j", 1)
    result = pool("avg", "in", "-o", "four", "-j", 4, "-v")
    assert len(result.stdout.splitlines()) == 20
    assert result.stdout.splitlines() == sorted(result.stdout.splitlines())
    for name in files("one"):
        assert np.array_equal(read(f"one/{name}"), read(f"four/{name}"))


@pytest.mark.parametrize("operator", ["max", "avg", "sum"])
@pytest.mark.parametrize("name", ["grey.png", "bit.png", "array.npy", "bool.npy"])
def test_a_dry_run_foretells(pool, operator, name):
    picture("L", 9, 7).save("grey.png")
    picture("1", 9, 7).save("bit.png")
    np.save("array.npy", np.zeros((9, 7), np.int16))
    np.save("bool.npy", np.zeros((9, 7), bool))
    options = (operator, name, "-o", "out.npy", "--json")
    told = [
        json.loads(pool(*options, *more).stdout.splitlines()[0]) for more in (["--dry-run"], [])
    ]
    for key in ("before", "after", "dtype", "target"):
        assert told[0][key] == told[1][key]


def test_a_folder_into_a_file(pool):
    make("in/a.png")
    assert "name a folder" in pool("avg", "in", "-o", "out.png", code=2).stderr


@pytest.mark.skipif(os.name == "nt", reason="links need a privilege there")
def test_a_looping_link_hides_no_file(pool):
    make("in/b.png")
    Path("in/a.png").symlink_to("a.png")
    said = pool("avg", "in", "-o", "out", code=1)
    assert Path("out/b.png").is_file()
    assert "in/a.png" in said.stderr
    assert "1 done, 1 failed" in said.stderr
