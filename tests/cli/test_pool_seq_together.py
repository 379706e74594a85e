"""``pool seq`` of many files to one array: all of them, with their names, or nothing."""

import json
from pathlib import Path

import numpy as np
import pytest
from sequence_files import folder, listing


@pytest.mark.parametrize("jobs", [1, 2])
def test_a_folder_to_one_array(pool, random, jobs):
    arrays = folder(random, 9)
    said = pool("seq", "mean,max", "in", "-o", "all.npy", "-j", jobs).stderr
    assert "9 done." in said
    wanted = [np.concatenate([array.mean(axis=0), array.max(axis=0)]) for array in arrays]
    np.testing.assert_allclose(np.load("all.npy"), wanted, rtol=1e-5)
    assert Path("all.names.txt").read_text() == "".join(f"{n}.npy\n" for n in range(9))


@pytest.mark.parametrize("broken", ["damaged", "other channels", "three axes"])
@pytest.mark.parametrize("bad", [0, 2])
def test_one_broken_file_leaves_no_gap(pool, random, broken, bad):
    folder(random)
    if broken == "damaged":
        Path(f"in/{bad}.npy").write_bytes(b"\x93NUMPY\1\0")
    else:
        np.save(
            f"in/{bad}.npy",
            np.zeros((2, 4) if broken == "other channels" else (1, 2, 3), np.float32),
        )
    said = pool("seq", "mean", "in", "-o", "all.npy", code=1).stderr
    assert "1 of 5 failed" in said
    assert f"in/{bad}.npy  it" in said
    assert "pool: all.npy was not written: it takes all 5 files" in said
    assert listing() == ["in"]
    rows = pool("seq", "mean", "in", "-o", "all.npy", "--json", code=1).stdout.splitlines()
    told = {row["source"]: row["status"] for row in map(json.loads, rows[:-1])}
    assert told == {f"in/{n}.npy": "failed" if n == bad else "skipped" for n in range(5)}


def test_one_array_and_its_names_are_never_overwritten(pool, random):
    folder(random)
    Path("all.names.txt").write_text("mine")
    said = pool("seq", "mean", "in", "-o", "all.npy", code=1).stderr
    assert said.startswith("pool: all.npy: all.names.txt exists: see --on-exists")
    assert not Path("all.npy").exists()
    pool("seq", "mean", "in", "-o", "all.npy", "--on-exists", "rename")
    assert Path("all-1.names.txt").read_text().splitlines()[0] == "0.npy"
    assert np.load("all-1.npy").shape == (5, 3)
    pool("seq", "mean", "in", "-o", "all.npy", "--on-exists", "skip")
    assert Path("all.names.txt").read_text() == "mine"
    pool("seq", "mean", "in", "-o", "all.npy", "--on-exists", "overwrite")
    assert Path("all.names.txt").read_text().splitlines()[4] == "4.npy"


def test_one_array_that_cannot_be_written_is_told(pool, random):
    folder(random)
    Path("file").write_text("")
    said = pool("seq", "mean", "in", "-o", "file/all.npy", code=1).stderr
    assert "file/all.npy: the output folder file is not a folder" in said


def test_one_array_in_the_folder_of_its_inputs_is_no_input(pool, random):
    folder(random)
    for _ in range(2):
        pool("seq", "mean", "in", "-o", "in/all.npy", "--on-exists", "overwrite")
        assert np.load("in/all.npy").shape == (5, 3)


def test_one_array_is_previewed(pool, random):
    folder(random)
    said = pool("seq", "stats", "in", "-o", "all.npy", "--dry-run").stdout
    assert "in/4.npy -> all.npy (5x3 -> 6) float32" in said
    assert listing() == ["in"]


def test_names_that_are_alike_are_told_by_their_paths(pool):
    for name in ("a", "b"):
        Path(name).mkdir()
        np.save(f"{name}/x.npy", np.ones((2, 3), np.float32))
    pool("seq", "mean", "a/x.npy", "b/x.npy", "-o", "all.npy")
    assert Path("all.names.txt").read_text() == "a/x.npy\nb/x.npy\n"
