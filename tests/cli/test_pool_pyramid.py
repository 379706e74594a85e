"""``pool pyramid``: levels that are what pooling the input by larger windows makes."""

import json
from pathlib import Path

import numpy as np
import pytest
from numbapool_cli.files import open as files_open
from numbapool_cli.work import pyramid
from pictures import picture, read
from PIL import Image, ImageSequence


def files(folder: str = ".") -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in Path(folder).rglob("*.*"))


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "RGBA", "I;16"])
@pytest.mark.parametrize(("operator", "k"), [("avg", 2), ("max", 3), ("min", "2x3")])
def test_levels_pool_the_input(pool, mode, operator, k):
    picture(mode, 43, 29).save("a.png")
    pool("pyramid", "a.png", "--levels", 3, "-k", k, "--operator", operator)
    for level in (1, 2, 3):
        window = f"{2**level}x{3**level}" if k == "2x3" else k**level
        pool(operator, "a.png", "-k", window, "-o", f"by_hand{level}.png")
        made, wanted = read(f"a.{operator}{k}.l{level}.png"), read(f"by_hand{level}.png")
        assert made.mode == wanted.mode
        assert np.array_equal(made, wanted)


@pytest.mark.parametrize("operator", ["median", "mode"])
def test_levels_of_selections_pool_the_level_before(pool, operator):
    picture("RGB", 43, 29).save("a.png")
    pool("pyramid", "a.png", "--levels", 2, "--operator", operator)
    pool(operator, "a.png", "-k", 2, "-o", "one.png")
    pool(operator, "one.png", "-k", 2, "-o", "two.png")
    assert np.array_equal(read(f"a.{operator}2.l2.png"), read("two.png"))


def test_rounding_does_not_add_up(pool, random):
    array = random.integers(0, 256, (160, 224), np.uint8)
    Image.fromarray(array).save("a.png")
    pool("pyramid", "a.png", "--levels", 5, "-o", "out")
    assert abs(np.mean(read("out/a.l5.png")) - array.mean()) < 0.1


def test_a_level_that_fails_leaves_those_before_it(pool, monkeypatch):
    real = pyramid.pool

    def failing(raster, operator, window, values):
        if window.kernel_size == (4, 4):
            raise MemoryError
        return real(raster, operator, window, values)

    monkeypatch.setattr(pyramid, "pool", failing)
    picture("L", 16, 16).save("a.png")
    done = pool("pyramid", "a.png", "--levels", 3, "-o", "out", code=1)
    assert "memory" in done.stderr
    assert files("out") == ["a.l1.png"]


def test_frames_that_are_too_many_to_hold(pool):
    np.savez("a.npz", *[np.zeros((64, 64), np.uint8)] * 5)
    arguments = ["pyramid", "a.npz", "--levels", 2, "-o", "out", "--max-pixels", 4096]
    assert "--max-pixels" in pool(*arguments, code=1).stderr


def test_levels_of_a_lossy_picture_are_pooled_before_it_is_encoded(pool):
    picture("RGB", 32, 32).save("a.jpg", quality=60)
    pool("pyramid", "a.jpg", "--levels", 2, "--format", "png", "-o", "out")
    pool("avg", "a.jpg", "-k", 4, "--format", "png", "-o", "two.png")
    assert np.array_equal(read("out/a.l2.png"), read("two.png"))


@pytest.mark.parametrize("shape", [(2, 3, 17, 21), (30, 40)])
def test_arrays(pool, random, shape):
    array = random.normal(size=shape).astype(np.float32)
    np.save("a.npy", array)
    pool("pyramid", "a.npy", "--levels", 2, "-o", "out")
    for level in (1, 2):
        high, wide = array.shape[-2] // 2, array.shape[-1] // 2
        cut = array[..., : 2 * high, : 2 * wide].reshape(*shape[:-2], high, 2, wide, 2)
        array = cut.mean((-3, -1))
        assert np.allclose(np.load(f"out/a.l{level}.npy"), array, atol=1e-6)


def test_archives_keep_their_names(pool, random):
    np.savez("a.npz", x=random.normal(size=(16, 8)), y=random.normal(size=(4, 32)))
    pool("pyramid", "a.npz", "--levels", 2, "--operator", "max")
    with np.load("a.max2.l2.npz") as archive:
        assert {name: archive[name].shape for name in archive} == {"x": (4, 2), "y": (1, 8)}


def test_frames_and_timing(pool):
    frames = [picture("RGB", 12, 8, seed) for seed in range(3)]
    frames[0].save("a.webp", save_all=True, append_images=frames[1:], duration=[40, 60, 90])
    pool("pyramid", "a.webp", "--levels", 2, "--format", "png", "-o", "out")
    with Image.open("out/a.l2.png") as image:
        shown = [(frame.size, frame.info["duration"]) for frame in ImageSequence.Iterator(image)]
    assert shown == [((3, 2), 40), ((3, 2), 60), ((3, 2), 90)]


def test_stops_at_one_pixel(pool):
    picture("L", 5, 3).save("a.png")
    result = pool("pyramid", "a.png", "--levels", 6, "-o", "out")
    assert files("out") == ["a.l1.png", "a.l2.png", "a.l3.png"]
    assert "a.png: left out levels 4 to 6: level 3 is 1×1 already\n" in result.stderr
    assert result.stdout.splitlines() == [
        "a.png -> out/a.l1.png (5×3 -> 3×2)",
        "a.png -> out/a.l2.png (5×3 -> 2×1)",
        "a.png -> out/a.l3.png (5×3 -> 1×1)",
    ]
    picture("L", 1, 1).save("dot.png")
    result = pool("pyramid", "dot.png", "--levels", 1, "-o", "out")
    assert "level 1: the input is 1×1 already" in result.stderr
    assert "dot.l1.png" not in files("out")


def test_stops_where_no_window_fits(pool):
    np.save("a.npy", np.zeros((2, 9)))
    result = pool("pyramid", "a.npy", "--levels", 3, "-o", "out")
    assert "levels 2 to 3: level 1 is 1x4, too small for windows of 2" in result.stderr
    np.save("a.npy", np.zeros((1, 9)))
    assert "2" in pool("pyramid", "a.npy", "--levels", 3, "-o", "more", code=1).stderr
    pool("pyramid", "a.npy", "--levels", 3, "--edge", "partial", "-o", "more")
    assert np.load("more/a.l3.npy").shape == (1, 2)


def test_reads_once(pool, monkeypatch):
    opened = []
    real = files_open.opened
    monkeypatch.setattr(
        "numbapool_cli.work.pyramid.opened", lambda *a: (opened.append(a[0]), real(*a))[1]
    )
    picture("L", 16, 16).save("a.png")
    pool("pyramid", "a.png", "--levels", 4)
    assert opened == ["a.png"]
    pool("pyramid", "a.png", "--levels", 4, "--skip-existing")
    assert opened == ["a.png"]


def test_nothing_is_overwritten_unasked(pool):
    picture("L", 16, 16).save("a.png")
    Path("a.avg2.l2.png").write_bytes(b"mine")
    result = pool("pyramid", "a.png", "--levels", 3, code=1)
    assert "a.avg2.l2.png exists already and nothing was overwritten" in result.stderr
    assert "2 done, 1 not written." in result.stderr
    assert Path("a.avg2.l2.png").read_bytes() == b"mine"
    assert read("a.avg2.l3.png").size == (2, 2)
    pool("pyramid", "a.png", "--levels", 3, "--skip-existing")
    assert Path("a.avg2.l2.png").read_bytes() == b"mine"
    pool("pyramid", "a.png", "--levels", 3, "--on-exists", "overwrite")
    assert read("a.avg2.l2.png").size == (4, 4)
    assert not list(Path().glob(".pool*"))


def test_bad_files_do_not_stop_the_rest(pool):
    Path("in").mkdir()
    for number in range(3):
        picture("RGB", 8, 8, number).save(f"in/{number}.png")
    Path("in/1.png").write_bytes(Path("in/1.png").read_bytes()[:90])
    result = pool("pyramid", "in", "gone.png", "--levels", 2, "-o", "out", code=1)
    assert files("out") == ["0.l1.png", "0.l2.png", "2.l1.png", "2.l2.png"]
    assert "2 of 6 failed:" in result.stderr
    assert "there is no such file" in result.stderr


def test_former_levels_are_no_inputs(pool):
    Path("in").mkdir()
    picture("L", 16, 16).save("in/a.png")
    pool("pyramid", "in", "--levels", 4)
    pool("pyramid", "in", "--levels", 2, "--on-exists", "overwrite")
    assert files("in") == [*(f"a.avg2.l{level}.png" for level in (1, 2, 3, 4)), "a.png"]


def test_names(pool):
    picture("L", 16, 16).save("a.png")
    pool("pyramid", "a.png", "--levels", 2, "--name", "{level}/{stem}{ext}", "-o", "out")
    assert files("out") == ["1/a.png", "2/a.png"]
    assert "{level}" in pool("pyramid", "a.png", "--levels", 2, "--name", "{stem}", code=2).stderr
    for output in ("out.png", "-"):
        pool("pyramid", "a.png", "--levels", 2, "-o", output, code=2)
    picture("L", 16, 16).save("a1.png")
    crossed = ["--levels", 11, "--name", "{stem}{level}{ext}", "-o", "x"]
    assert "would both be" in pool("pyramid", "a.png", "a1.png", *crossed, code=2).stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--levels", "0"],
        ["--levels", "many"],
        ["--levels", "2", "-k", "1"],
        ["--levels", "2", "--operator", "every"],
        ["--levels", "2", "--operator", "max", "--linear"],
    ],
)
def test_usage_errors(pool, arguments):
    picture("L", 8, 8).save("a.png")
    assert "Error" in pool("pyramid", "a.png", "-o", "out", *arguments, code=2).stderr
    assert not Path("out").exists()


@pytest.mark.parametrize("name", ["a.png", "a.npy"])
def test_json_and_dry_run_agree(pool, name):
    picture("RGB", 9, 7).save("a.png")
    np.save("a.npy", np.zeros((2, 3, 9, 30), np.float32))
    arguments = ["pyramid", name, "--levels", 5, "-o", "out", "--json"]
    planned = pool(*arguments, "--dry-run").stdout.splitlines()
    assert not Path("out").exists()
    done = pool(*arguments).stdout.splitlines()
    for before, after in zip(planned[:-1], done[:-1], strict=True):
        before, after = json.loads(before), json.loads(after)
        for key in ("source", "target", "before", "after", "dtype", "reason"):
            assert before[key] == after[key], key
    planned, done = (json.loads(lines[-1])["summary"] for lines in (planned, done))
    for key in ("skipped", "failed", "not_run"):
        assert planned[key] == done[key]
    assert (planned["planned"], planned["done"]) == (done["done"], 0)
    assert done["skipped"] == 1
