"""Arrays in stores of Zarr, and .npy larger than --memory, by the command."""

import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from processes import ended

import numbapool as nbp

zarr = pytest.importorskip("zarr")

GUIDE = Path(__file__).parents[2] / "cli" / "README.md"

SMALL = (9, 12, 10)


def numbers(shape=SMALL, dtype="uint16"):
    return np.random.default_rng(3).integers(1, 200, shape).astype(dtype)


def store(path, x=None, chunks=(4, 4, 4), **more):
    """Write an array into a store, and return it."""
    x = numbers() if x is None else x
    made = zarr.create_array(path, shape=x.shape, dtype=x.dtype, chunks=chunks, **more)
    made[...] = x
    return x


def held(path):
    made = zarr.open_array(path, mode="r")
    return made, made[...]


@contextmanager
def by_chunks():
    """Let each step make one chunk."""
    with mock.patch("numbapool.stores.chunked.SLAB_BYTES", 1):
        yield


def half(x, op="avg"):
    return nbp.Pool(op, 2, data_format="NCDHW")(x)


def names(folder="."):
    return sorted(path.name for path in Path(folder).iterdir())


@pytest.mark.parametrize("kind", ["v2", "v3", "sharded"])
def test_a_store_becomes_a_store(pool, kind):
    more = {"v2": {"zarr_format": 2}, "v3": {}, "sharded": {"shards": (8, 8, 8)}}[kind]
    x = store("in.zarr", **more)
    said = pool("avg", "in.zarr", "-k", "2x2x2", "-o", "out.zarr")
    assert said.stdout == "in.zarr -> out.zarr (9x12x10 -> 4x6x5)\n" and not said.stderr
    made, got = held("out.zarr")
    np.testing.assert_array_equal(got, half(x))
    assert made.metadata.zarr_format == (2 if kind == "v2" else 3)
    assert made.chunks == (4, 4, 4) and bool(made.shards) == (kind == "sharded")
    assert names() == ["in.zarr", "out.zarr"] and not list(Path("out.zarr").glob(".*numbapool*"))


def test_chunks_of_ones_own_and_a_name_beside(pool):
    x = store("in.zarr")
    given = ["-k", "2x2x2", "--chunks", "2", "--shards", "4x4x2"]
    said = json.loads(pool("max", "in.zarr", *given, "--json").stdout.splitlines()[0])
    made, got = held("in.max2x2x2.zarr")
    assert (made.chunks, made.shards) == ((2, 2, 2), (4, 4, 2))
    np.testing.assert_array_equal(got, half(x, "max"))
    files = [path for path in Path("in.max2x2x2.zarr").rglob("*") if path.is_file()]
    assert said["bytes_after"] == sum(path.stat().st_size for path in files)
    assert (said["before"], said["after"]) == ([list(SMALL)], [[4, 6, 5]])
    assert (said["status"], said["dtype"]) == ("done", "uint16")


def test_no_shard_is_lost(pool):
    """Chunks in shards, and four steps at once: each shard is one step's."""
    x = store("in.zarr", numbers((16, 16, 16), "uint8"))
    with by_chunks():
        pool(*"first in.zarr -k 1x1x1 -o out.zarr --chunks 4 --shards 8 -j 4".split())
    np.testing.assert_array_equal(held("out.zarr")[1], x)


def test_empty_chunks_are_neither_read_nor_written(pool):
    made = zarr.create_array("in.zarr", shape=(16, 16), dtype="f4", chunks=(4, 4), fill_value=0)
    made[:4, :4] = 1
    with by_chunks():
        said = pool("avg", "in.zarr", "-k", "2", "-o", "out.zarr", "--chunks", "2", "-v").stderr
    assert "note: in 16 steps" in said and "15 of them hold nothing but zeros" in said
    assert [path.name for path in Path("out.zarr/c").rglob("*") if path.is_file()] == ["0"]


@pytest.mark.parametrize(
    "words",
    [
        "median -k 3x3x3 -s 1 -p same",
        "percentile -k 2x3x2 --q 30 --data-format DHW",
        "min -k 3x3x3 -s 2 -p 1 --padding-mode reflect",
        "sum -k 2 --data-format HWC",
        "avg --size 5x7 --data-format CHW",
        "avg --fit 5 --data-format CHW",
        "blur -s 2 --data-format CHW",
        "stochastic -k 2x2x2 --mode expected",
        "max -k 3 --data-format NCL",
    ],
)
def test_each_is_what_an_array_gives(pool, words):
    x = store("in.zarr", chunks=(4, 5, 3))
    np.save("in.npy", x)
    name, *options = words.split()
    pool(name, "in.npy", *options, "-o", "whole.npy")
    with by_chunks():
        pool(name, "in.zarr", *options, "-o", "out.npy")
    whole = np.load("whole.npy")
    got = np.load("out.npy")
    assert got.dtype == whole.dtype
    np.testing.assert_array_equal(got, whole)


def test_a_file_into_a_store_and_a_folder_of_both(pool):
    x = store("in.zarr")
    np.save("file.npy", x)
    pool("avg", "file.npy", "-k", "2x2x2", "-o", "out.zarr")
    np.testing.assert_array_equal(held("out.zarr")[1], half(x))
    Path("all").mkdir()
    store("all/a.zarr")
    np.save("all/b.npy", x)
    said = pool("max", "all", "-k", "2x2x2", "-o", "done").stderr
    assert "2 done" in said and names("done") == ["a.zarr", "b.npy"]
    np.testing.assert_array_equal(held("done/a.zarr")[1], np.load("done/b.npy"))
    pool("max,min", "all/*.zarr", "-k", "2x2x2", "-o", "done")
    assert names("done") == ["a.max2x2x2.zarr", "a.min2x2x2.zarr", "a.zarr", "b.npy"]


def test_files_larger_than_memory(pool, random):
    x = random.integers(0, 256, (40, 50, 30)).astype(np.uint8)
    np.save("in.npy", x)
    np.save("in_f.npy", np.asfortranarray(x))
    given = ["avg", "in.npy", "-k", "2x2x2", "-o", "out.npy"]
    pool(*given)
    whole = Path("out.npy").read_bytes()
    for source in ("in.npy", "in_f.npy"):
        again = [given[0], source, *given[2:], "--on-exists", "overwrite"]
        said = pool(*again, "--memory", "30K", "-v").stderr
        assert "note: in 21 steps" in said
        assert Path("out.npy").read_bytes() == whole
    assert "note" not in pool(*given, "--on-exists", "overwrite", "--memory", "1M", "-v").stderr
    assert names() == ["in.npy", "in_f.npy", "out.npy"]


def group():
    made = zarr.create_group("group.zarr")
    for name in ("0/volume", "1/volume"):
        made.create_array(name, shape=(4, 4, 4), chunks=(2, 2, 2), dtype="u1")[...] = len(name)
    return made


def test_an_array_of_a_group(pool):
    group()
    given = ["avg", "group.zarr", "-k", "2x2x2", "-o", "out.zarr"]
    said = pool(*given, code=2).stderr
    assert "give one with --component, of 0/volume, 1/volume" in said
    said = pool(*given, "--component", "0/none", code=2).stderr
    assert "no component '0/none'; it has 0/volume, 1/volume" in said
    assert not Path("out.zarr").exists()
    pool(*given, "--component", "0/volume")
    assert (held("out.zarr")[1] == 8).all()
    pool("max", "group.zarr/1/volume", "-k", "4x4x4", "-o", "out/")
    assert held("out/volume.zarr")[1].tolist() == [[[8]]]
    pool("max", "group.zarr", "--component", "1", "-k", "4x4x4", "-o", "only.zarr")
    for output in ("group.zarr/2.zarr", "group.zarr/1"):
        given = ["--component", "1/volume", "-k", "2x2x2", "-o", output]
        assert "lies in the input" in pool("max", "group.zarr", *given, code=2).stderr


def test_what_info_says(pool):
    store("in.zarr", shards=(8, 8, 8), dimension_names=("z", "y", "x"))
    said = pool("info", "in.zarr", "-k", "2x2x2", "--operator", "sum").stdout
    assert "Zarr version 3" in said and "shape (9, 12, 10), uint16, 2,160 bytes" in said
    assert "chunks of 4x4x4 in shards of 8x8x8, zstd" in said and "axes z, y, x" in said
    assert "pooled       -k 2x2x2: shape (4, 6, 5), uint64" in said
    group()
    said = json.loads(pool("info", "group.zarr", "--json", "-k", "2x2x2").stdout)
    assert [part["name"] for part in said["parts"]] == ["0/volume", "1/volume"]
    assert said["format"] == "ZARR" and said["parts"][0]["pooled"] == [2, 2, 2]
    said = pool("info", "group.zarr", "--component", "1/volume").stdout
    assert "shape (4, 4, 4)" in said and "0/volume" not in said


def test_a_dry_run_makes_nothing(pool):
    store("in.zarr")
    given = ["avg", "in.zarr", "-k", "2x2x2", "-o", "out.zarr", "--dry-run"]
    said = pool(*given, "-v")
    assert "(9x12x10 -> 4x6x5) uint16, 240 bytes before encoding" in said.stdout
    assert "in one step" in said.stderr
    pool(*given, "--chunks", "3", "--shards", "8", code=2)
    assert names() == ["in.zarr"]


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("--chunks 3 --shards 8", "chunks of (3, 3, 3) do not divide shards of (8, 8, 8)"),
        ("--chunks 3x3", "chunks"),
        ("--chunks 0", "'0' is no size of chunks"),
        ("--memory 900", "more than memory 900: give chunks of"),
        ("--linear", "--linear is for pictures"),
        ("--update", "--update compares files"),
        ("-o out.png", "become .zarr or .npy, not PNG"),
        ("-o -", "no stream"),
        ("-o in.zarr", "is the input"),
    ],
)
def test_refusals_that_begin_nothing(pool, words, error):
    store("in.zarr")
    given = ["-o", "out.zarr", *words.split()]
    assert error in pool("avg", "in.zarr", "-k", "2x2x2", *given, code=2).stderr
    assert names() == ["in.zarr"]


def test_other_refusals(pool):
    store("in.zarr")
    np.save("in.npy", numbers())
    for words, code, error in (
        ("stochastic in.zarr -k 2x2x2", 2, "give --mode expected"),
        ("max-blur in.zarr -k 2 --data-format CHW", 2, "not pooled in steps"),
        ("avg in.zarr -k 2x2x2 --weights in.npy", 2, "not in steps"),
        ("avg in.npy -k 2x2x2 --chunks 2", 2, "--chunks is for a .zarr that is written"),
        ("avg in.npy -k 2x2x2 --component a", 2, "--component is for a .zarr of an input"),
        ("avg in.zarr -k 2", 1, "--data-format"),
        ("roi in.zarr --boxes b.csv --size 2x2 -o o/", 1, "is a store of Zarr, which the operat"),
        ("avg none.zarr -k 2", 3, "there is no none.zarr"),
    ):
        said = pool(*words.split(), code=code).stderr
        assert error in said, words
    Path("empty.zarr").mkdir()
    assert "without an array of Zarr" in pool("avg", "empty.zarr", code=1).stderr
    with mock.patch("numbapool_cli.codecs.zarr.find_spec", lambda name: None):
        said = pool("avg", "in.zarr", "-k", "2x2x2", "-o", "out.zarr", code=1).stderr
    assert "pip install 'numbapool[zarr]'" in said


def test_outputs_that_exist(pool):
    x = store("in.zarr")
    given = ["in.zarr", "-k", "2x2x2", "-o", "out.zarr"]
    pool("avg", *given)
    assert "out.zarr exists" in pool("max", *given, code=1).stderr
    assert "skipped" in pool("max", *given, "--skip-existing", "-v").stderr
    np.testing.assert_array_equal(held("out.zarr")[1], half(x))
    pool("max", *given, "--on-exists", "rename")
    np.testing.assert_array_equal(held("out-1.zarr")[1], half(x, "max"))
    pool("min", *given, "--on-exists", "overwrite")
    np.testing.assert_array_equal(held("out.zarr")[1], half(x, "min"))
    assert names() == ["in.zarr", "out-1.zarr", "out.zarr"]
    Path("folder").mkdir()
    np.save("in.npy", x)
    Path("folder.npy").mkdir()
    given = ["in.npy", "-k", "2x2x2", "--resume", "--on-exists", "overwrite"]
    assert "is a folder" in pool("avg", *given, "--name", "folder.npy", code=2).stderr


def test_a_broken_chunk_and_what_follows(pool):
    """The step of a broken chunk fails with its key; once mended, the others are not done again."""
    x = store("in.zarr", numbers((16, 16)), (4, 4))
    chunk = Path("in.zarr/c/1/2")
    good = chunk.read_bytes()
    chunk.write_bytes(b"broken")
    given = ["avg", "in.zarr", "-k", "2", "-o", "out.zarr", "--chunks", "2"]
    with by_chunks():
        said = pool(*given, code=1).stderr
        assert "1 of 16 steps failed" in said and "(chunk c/1/2)" in said
        assert names() == [".numbapool-out.zarr", "in.zarr"]
        said = pool(*given, code=1).stderr
        assert "--resume goes on with it, --on-exists overwrite begins anew" in said
        assert "another plan" in pool("max", *given[1:], "--resume", code=2).stderr
        chunk.write_bytes(good)
        said = pool(*given, "--resume").stderr
    assert "went on after 15 of 16 steps" in said
    np.testing.assert_array_equal(held("out.zarr")[1], nbp.avg_pool2d(x, 2))
    assert names() == ["in.zarr", "out.zarr"]


def test_a_run_begins_anew_or_goes_on_with_other_memory(pool):
    x = store("in.zarr", numbers((16, 16)), (4, 4))
    chunk = Path("in.zarr/c/1/2")
    good = chunk.read_bytes()
    chunk.write_bytes(b"broken")
    given = ["avg", "in.zarr", "-k", "2", "-o", "out.npy"]
    said = pool(*given, "--memory", "300", "-j", "1", code=1).stderr
    steps = int(said.split(" steps failed")[0].split()[-1])
    assert steps > 4 and names() == [".numbapool-out.npy", "in.zarr"]
    chunk.write_bytes(good)
    said = pool(*given, "--resume", "-j", "2").stderr
    assert f"of {steps} steps" in said
    np.testing.assert_array_equal(np.load("out.npy"), nbp.avg_pool2d(x, 2))
    chunk.write_bytes(b"broken")
    anew = [*given, "--on-exists", "overwrite"]
    pool(*anew, code=1)
    np.testing.assert_array_equal(np.load("out.npy"), nbp.avg_pool2d(x, 2))
    chunk.write_bytes(good)
    assert "went on" not in pool(*anew).stderr
    assert names() == ["in.zarr", "out.npy"]


def test_a_codec_that_is_missing(pool):
    store("in.zarr")
    path = Path("in.zarr/zarr.json")
    told = json.loads(path.read_text())
    told["codecs"][-1]["name"] = "of-another-program"
    path.write_text(json.dumps(told))
    said = pool("avg", "in.zarr", "-k", "2x2x2", "-o", "out.zarr", code=1).stderr
    assert "metadata cannot be read" in said and "of-another-program" in said
    assert names() == ["in.zarr"]


def test_the_guides_examples(pool):
    guide = GUIDE.read_text("utf-8")
    part = guide.partition("## Larger than memory\n")[2].partition("\n## ")[0]
    lines = re.findall(r"^    (pool .*)$", part, re.MULTILINE)
    x = store("volume.zarr", numbers((40, 40, 48)), (8, 8, 8))
    zarr.create_group("plate.zarr")
    plate = store("plate.zarr/well/2", numbers((30, 40)), (16, 16))
    for line in lines:
        pool(*line.partition("#")[0].split()[1:])
        if "half.zarr" in line:
            np.save("half.npy", held("half.zarr")[1])
    assert len(lines) == 5
    np.testing.assert_array_equal(held("half.zarr")[1], half(x))
    small, got = held("small.zarr")
    np.testing.assert_array_equal(got, nbp.Pool("max", 3, 2, 1, data_format="DHW")(x))
    assert small.chunks <= (64, 64, 64) and small.shards
    np.testing.assert_array_equal(np.load("smooth.npy"), nbp.median_pool2d(plate, 3, 1, "same"))
    np.testing.assert_array_equal(np.load("quarter.npy"), half(half(x)))


@pytest.mark.skipif(os.name == "nt", reason="no process is killed so there")
def test_a_killed_run_goes_on(tmp_path):
    """It shows nothing half made, and the next one gives what a whole run gives."""
    x = store(tmp_path / "in.zarr", numbers((24, 24, 24)), (4, 4, 4))
    words = "avg in.zarr -k 2x2x2 -o out.zarr --chunks 2 -j 1".split()
    script = (
        "import sys, time; from numbapool.stores import chunked, opened; chunked.SLAB_BYTES = 1\n"
        "real = opened.Source.read\n"
        "def slow(self, part):\n    time.sleep(0.005)\n    return real(self, part)\n"
        "opened.Source.read = slow\n"
        f"sys.argv[1:] = {words}\n__import__('numbapool_cli').main()"
    )
    marks = tmp_path / ".numbapool-out.zarr"
    process = subprocess.Popen([sys.executable, "-c", script], cwd=tmp_path)
    while process.poll() is None and len(list(marks.rglob("*.mark"))) < 5:
        time.sleep(0.01)
    process.kill()
    process.wait()
    assert not (tmp_path / "out.zarr").exists() and marks.exists()
    process = ended(None, *words, "--resume", options=["-m", "numbapool"], cwd=tmp_path)
    assert process.code == 0, process.errors
    np.testing.assert_array_equal(held(tmp_path / "out.zarr")[1], half(x))
    assert not marks.exists()
