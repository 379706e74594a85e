"""``pool pyramid`` for images in stores of Zarr."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

import numbapool as nbp

zarr = pytest.importorskip("zarr")

GUIDE = Path(__file__).parents[2] / "cli" / "README.md"
from stored_images import image, small  # noqa: E402


def levels_of(path):
    """Return the levels that an image's metadata name, after level 0."""
    group = zarr.open_group(path, mode="r")
    attributes = dict(group.attrs)
    multiscale = attributes.get("ome", attributes)["multiscales"][0]
    return [group[each["path"]][...] for each in multiscale["datasets"][1:]]


def assert_levels(path, want):
    got = levels_of(path)
    assert len(got) == len(want)
    for level, each in zip(got, want, strict=True):
        assert level.dtype == each.dtype
        np.testing.assert_array_equal(level, each)


def files_of(path):
    return {str(each.relative_to(path)) for each in Path(path).rglob("*") if each.is_file()}


def test_levels_beside_an_image(pool):
    x = small()
    image(x, 8, "in.zarr")
    said = pool(*"pyramid in.zarr --levels auto --dry-run".split()).stdout
    assert said.splitlines()[0] == (
        "in.zarr -> in.zarr/1 (13x22x19 -> 7x11x10) uint8, 770 bytes before encoding"
    )
    assert files_of("in.zarr") == {"zarr.json", *files_of_0()}
    said = pool(*"pyramid in.zarr --levels auto".split())
    assert said.stdout.splitlines() == [
        "in.zarr -> in.zarr/1 (13x22x19 -> 7x11x10)",
        "in.zarr -> in.zarr/2 (13x22x19 -> 4x6x5)",
    ]
    assert said.stderr.startswith("2 done.")
    assert_levels("in.zarr", nbp.pool_pyramid(x, "avg", 2, (2, 2, 2)))
    assert not list(Path().rglob(".numbapool*"))
    said = pool(*"pyramid in.zarr --levels 1 --operator max".split(), code=1).stderr
    assert "there is a level 1, 2 already: give --on-exists overwrite" in said
    pool(*"pyramid in.zarr --levels 1 --operator max --on-exists overwrite".split())
    assert_levels("in.zarr", nbp.pool_pyramid(x, "max", 1, (2, 2, 2)))
    assert not Path("in.zarr/2").exists()


def files_of_0():
    return {f"0/{each}" for each in files_of("in.zarr/0")}


def test_a_new_store(pool):
    x = small((2, 8, 16, 16), "uint16")
    image(x, (1, 8, 8, 8), "in.zarr")
    before = files_of("in.zarr")
    words = "pyramid in.zarr --levels auto --factors 1x2x2,2x2x2 -o new.zarr --ngff 0.4 --json"
    first, second, last = map(json.loads, pool(*words.split()).stdout.splitlines())
    assert first["target"] == "new.zarr/1" and second["after"] == [[2, 4, 4, 4]]
    assert last["summary"]["done"] == 2
    made = zarr.open_group("new.zarr")
    assert made.metadata.zarr_format == 2 and made.attrs["multiscales"][0]["version"] == "0.4"
    np.testing.assert_array_equal(made["0"][...], x)
    want = [nbp.avg_pool3d(x, (1, 2, 2)), nbp.avg_pool3d(x, (2, 4, 4))]
    assert_levels("new.zarr", want)
    assert files_of("in.zarr") == before
    assert sorted(path.name for path in Path().iterdir()) == ["in.zarr", "new.zarr"]
    said = pool(*"pyramid in.zarr --levels 1 -o new.zarr".split(), code=1).stderr
    assert "exists" in said


def test_labels(pool):
    x = np.random.default_rng(1).choice(np.array([3, 70, 9000], "u4"), (13, 11))
    image(x, 4, "in.zarr/labels/cells")
    group = zarr.open_group("in.zarr/labels/cells")
    group.attrs["ome"] = {**group.attrs["ome"], "image-label": {}}
    given = "pyramid in.zarr --component labels/cells --levels 2".split()
    said = pool(*given, code=2).stderr
    assert "avg makes numbers that are no labels: give --operator mode" in said
    assert "--blend-labels" in said
    pool(*given, "--operator", "mode")
    assert_levels("in.zarr/labels/cells", nbp.pool_pyramid(x, "mode", 2))
    pool(*given, "--blend-labels", "--on-exists", "overwrite", "--edge", "trim", "--nodata", "3")
    want = nbp.pool_pyramid(x, "avg", 2, nodata=3, ceil_mode=False)
    assert_levels("in.zarr/labels/cells", want)


def test_a_run_that_failed_goes_on(pool):
    x = small((16, 16), "uint16")
    image(x, 4, "in.zarr")
    chunk = Path("in.zarr/0/c/1/2")
    good = chunk.read_bytes()
    chunk.write_bytes(b"broken")
    for more, place in (["-o", "new.zarr"], "new.zarr"), ([], "in.zarr"):
        chunk.write_bytes(b"broken")
        given = ["pyramid", "in.zarr", "--levels", "2", *more]
        said = pool(*given, code=1).stderr
        assert "steps failed, the first one with level 0's [" in said
        assert not Path("new.zarr").exists() or not more
        assert levels_of("in.zarr") == []
        chunk.write_bytes(good)
        assert "--resume" in pool(*given, code=1).stderr
        pool(*given, "--resume")
        assert_levels(place, nbp.pool_pyramid(x, "avg", 2))


def test_the_guides_examples(pool):
    guide = GUIDE.read_text("utf-8")
    image(small((4, 10, 9)), 8, "cells.zarr")
    image(small((4, 10, 9)), 8, "cells.zarr/labels/nuclei")
    given = ["pool pyramid cells.zarr --levels 2 --on-exists overwrite"]
    lines = re.findall(r"^    (pool pyramid cells\.zarr .*)$", guide, re.MULTILINE)
    for line in [*lines, *given]:
        pool(*line.partition("#")[0].split()[1:])
    assert len(lines) == 3 and len(levels_of("cells.zarr")) == 2
    assert len(levels_of("cells.zarr/labels/nuclei")) == 3
    assert [level.shape for level in levels_of("new.zarr")] == [(4, 5, 5), (2, 3, 3)]


def test_pictures_and_stores_together(pool):
    x = small((16, 16))
    Path("all").mkdir()
    np.save("all/a.npy", x)
    image(x, 8, "all/b.zarr")
    said = pool(*"pyramid all --levels 2 -o out".split(), code=None)
    assert said.exit_code == 0, said.output
    np.testing.assert_array_equal(np.load("out/a.l2.npy"), nbp.pool_pyramid(x, "avg", 2)[1])
    assert_levels("out/b.zarr", nbp.pool_pyramid(x, "avg", 2))


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("a.npy --levels auto", "--levels auto is for a .zarr"),
        ("a.npy --levels 1 --ngff 0.4", "--ngff is for a .zarr: leave it out"),
        ("in.zarr --levels 0", "'0' is no number of levels: give 1 to 64, or auto"),
        ("in.zarr --levels auto --size 50%", "--size is for files: leave it out"),
        ("in.zarr --levels auto --factors 0x2", "'0x2' are no factors"),
        ("in.zarr --levels auto --factors 1", "factors must be at least 2"),
        ("in.zarr --levels auto --factors 2 -k 2", "leave out -k"),
        ("in.zarr --levels auto --ngff 0.4", "for 0.4 name a new .zarr with -o"),
        ("in.zarr --levels auto --on-exists rename", "--on-exists rename is for files"),
        ("in.zarr --levels auto --memory 10", "more than memory 10"),
        ("in.zarr/0 --levels 1 -o in.zarr/0/b.zarr", "lies in the input"),
    ],
)
def test_refusals(pool, words, error):
    np.save("a.npy", small((9, 9)))
    image(small((9, 9)), 4, "in.zarr")
    said = pool("pyramid", *words.split(), code=2).stderr
    assert error in " ".join(said.replace("│", " ").split())
