""".npy and .npz files: torch's rule, axes that are never guessed, headers that lie."""

import io
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from numbapool_cli.codecs import npy
from numbapool_cli.work import pooled
from pictures import naive, read


def save(name, array, **extra):
    np.save(name, array, **extra)
    return array


def trimmed(array):
    """Max-pool the last two axes by 2, dropping what is over."""
    height, width = array.shape[-2] // 2 * 2, array.shape[-1] // 2 * 2
    parts = [array[..., y:height:2, x:width:2] for y in (0, 1) for x in (0, 1)]
    return np.maximum.reduce(parts)


@pytest.mark.parametrize("shape", [(7, 9), (2, 3, 7, 9)])
@pytest.mark.parametrize("dtype", ["f4", "f8", "i2", "u8", ">f4", ">i4"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_arrays_trim(pool, random, shape, dtype, order):
    array = save("in.npy", (random.random(shape) * 99).astype(dtype, order=order))
    pool("max", "in.npy", "-o", "out.npy")
    out = np.load("out.npy")
    assert out.dtype == array.dtype.newbyteorder("=")
    assert np.array_equal(out, trimmed(array))


def test_ceil_keeps_the_border(pool, random):
    array = save("in.npy", random.integers(0, 99, (7, 9)))
    pool("max", "in.npy", "-o", "out.npy", "--ceil")
    pool("max", "in.npy", "-o", "edge.npy", "--edge", "partial")
    wanted = naive(array, 2, lambda window: window.max())
    assert np.array_equal(np.load("out.npy"), wanted)
    assert np.array_equal(np.load("edge.npy"), wanted)


def test_three_axes_are_not_guessed(pool, random):
    array = save("in.npy", random.random((4, 6, 8)))
    result = pool("max", "in.npy", "-o", "out.npy", code=1)
    assert "--data-format" in result.stderr
    pool("max", "in.npy", "-o", "chw.npy", "--data-format", "CHW")
    pool("max", "in.npy", "-o", "hwc.npy", "--data-format", "hwc")
    assert np.array_equal(np.load("chw.npy"), trimmed(array))
    assert np.load("hwc.npy").shape == (2, 3, 8)
    result = pool("max", "in.npy", "-o", "no.npy", "--data-format", "NCHW", code=1)
    assert "CHW or HWC" in result.stderr


class Bomb:
    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def test_nothing_is_unpickled(pool, tmp_path):
    np.save("in.npy", np.array([[Bomb(), 1]], object), allow_pickle=True)
    assert "pickled" in pool("max", "in.npy", "-o", "out.npy", code=1).stderr
    (tmp_path / "raw.npy").write_bytes(pickle.dumps(Bomb()))
    assert pool("max", "raw.npy", "-o", "out.npy", code=1).stderr.count("\n") == 1


def lying(shape, dtype="<f8", size=80):
    header = f"{{'descr': '{dtype}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header = header.ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + bytes(size)


@pytest.mark.parametrize(
    "data",
    [
        lying((1 << 20, 1 << 20)),
        lying((1 << 62, 1 << 62)),
        lying((-1, 5)),
        lying((4, 4))[:200],
        lying((4, 4), dtype="|O"),
        lying((4, 4), dtype="nonsense"),
        lying("(4, 4"),
        lying("(" * 60),
        b"\x93NUMPY\x01\x00\xff\xff{",
        b"\x93NUMPY\x09\x00\xff\xff{",
        b"",
        b"nothing of the kind",
    ],
)
@pytest.mark.parametrize("suffix", ["npy", "npz"])
def test_headers_that_lie(pool, tmp_path, data, suffix):
    name = f"in.{suffix}"
    if suffix == "npz" and data:
        with zipfile.ZipFile(name, "w") as archive:
            archive.writestr("x.npy", data)
    else:
        (tmp_path / name).write_bytes(data)
    result = pool("max", name, "-o", "out.npy", code=1)
    assert result.stderr.startswith(f"pool: {name}: ")
    assert result.stderr.count("\n") == 1
    assert "unexpected" not in result.stderr
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("dtype", ["c8", "M8[s]", "U3", "i4,f4"])
def test_other_types_are_named(pool, dtype):
    np.save("in.npy", np.zeros((4, 4), dtype))
    result = pool("max", "in.npy", "-o", "out.npy", code=1)
    assert "unexpected" not in result.stderr


def test_archive(pool, random):
    arrays = {"b": random.random((4, 6)), "a": random.integers(0, 9, (1, 2, 5, 5))}
    np.savez("in.npz", **arrays)
    pool("max", "in.npz", "-o", "out.npz")
    with np.load("out.npz") as out:
        assert out.files == ["b", "a"]
        for name, array in arrays.items():
            assert np.array_equal(out[name], trimmed(array))
    pool("max", "in.npz", "-o", "one.npy", "--array", "a")
    assert np.array_equal(np.load("one.npy"), trimmed(arrays["a"]))
    assert "it has b, a" in pool("max", "in.npz", "-o", "x.npz", "--array", "c", code=1).stderr


def test_standard_streams(pool, random, tmp_path):
    array = random.random((4, 4))
    data = io.BytesIO()
    np.save(data, array)
    result = pool("max", "-", "-o", "-", "--format", "npy", input=data.getvalue())
    assert np.array_equal(np.load(io.BytesIO(result.stdout_bytes)), trimmed(array))
    pool("max", "-", "-o", "out.npy", input=data.getvalue())
    assert np.array_equal(np.load("out.npy"), trimmed(array))
    result = pool("max", "-", "-o", "-", "--format", "npy", input=b"", code=1)
    assert result.stdout_bytes == b""
    assert "empty" in result.stderr


def test_array_to_picture(pool, random):

    grey = save("grey.npy", random.integers(0, 256, (8, 8), np.uint8))
    rgb = save("rgb.npy", random.integers(0, 256, (8, 8, 3), np.uint8))
    pool("max", "grey.npy", "-o", "grey.png")
    pool("max", "rgb.npy", "-o", "rgb.png", "--data-format", "HWC")
    assert np.array_equal(read("grey.png"), trimmed(grey))
    assert np.array_equal(read("rgb.png"), naive(rgb, 2, lambda w: w.max((0, 1))))
    np.save("four.npy", np.zeros((1, 1, 4, 4)))
    assert "no picture" in pool("max", "four.npy", "-o", "four.png", code=1).stderr


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", ["f4", ">i2"])
def test_large_arrays_are_mapped(pool, random, monkeypatch, order, dtype):
    """What is written through a memory map is what is written whole."""
    save("in.npy", (random.random((2, 3, 9, 11)) * 99).astype(dtype, order=order))
    options = ["in.npy", "-k", 3, "-s", 2, "-p", 1]
    pool("avg", *options, "-o", "whole.npy")
    monkeypatch.setattr(pooled, "_MAPPED", 1)
    monkeypatch.setattr(npy, "save", None)
    result = pool("avg", *options, "-o", "mapped.npy")
    assert result.stdout == "in.npy -> mapped.npy (2x3x9x11 -> 2x3x5x6)\n"
    assert Path("mapped.npy").read_bytes() == Path("whole.npy").read_bytes()
    pool("avg", "in.npy", "-k", 12, "-o", "bad.npy", code=1)
    assert not Path("bad.npy").exists()


HEADER = b"\x93NUMPY\x01\x00\x76\x00"


@pytest.mark.parametrize(
    ("shape", "words"),
    [
        ("(True, 3)", "the impossible shape (True, 3)"),
        ("(-1, -3)", "the impossible shape (-1, -3)"),
        ("(2.0, 3)", "it is damaged"),
    ],
)
def test_impossible_shapes(pool, shape, words):
    text = f"{{'descr': '<u1', 'fortran_order': False, 'shape': {shape}, }}"
    Path("in.npy").write_bytes(HEADER + text.ljust(117).encode() + b"\n" + bytes(100))
    for command in ("max", "info"):
        assert words in pool(command, "in.npy", code=1).stderr


@pytest.mark.parametrize("dtype", ["c16", "U3", "M8[s]", "V3", [("a", "i4"), ("b", "f8")]])
def test_what_is_not_pooled_is_foretold(pool, dtype):
    np.save("in.npy", np.zeros((4, 4), dtype))
    wanted = pool("max", "in.npy", code=1).stderr
    assert "are not pooled" in wanted
    assert pool("max", "in.npy", "--dry-run", code=1).stderr == wanted
    assert "-k 2: arrays of dtype" in pool("info", "in.npy").stdout


def test_odd_names_in_an_archive(pool):
    names = ["a/b", "../up", "/abs", "é", "x\ny", "\x1b[31mred"]
    array = np.arange(16).reshape(4, 4)
    with zipfile.ZipFile("in.npz", "w") as archive:
        for name in names:
            with archive.open(f"{name}.npy", "w") as member:
                np.lib.format.write_array(member, array)
    pool("max", "in.npz", "-o", "out/")
    with np.load("out/in.npz") as out:
        assert list(out) == names
        assert all(np.array_equal(out[name], [[5, 7], [13, 15]]) for name in names)
    assert sorted(path.name for path in Path().iterdir()) == ["in.npz", "out"]
    said = pool("info", "in.npz").stdout
    assert "x\\ny" in said
    assert "\x1b" not in said
    assert "\x1b" not in pool("max", "in.npz", "--array", "no", "-o", "no.npz", code=1).stderr
    pool("max", "in.npz", "--array", "../up", "-o", "up.npy")
    assert np.load("up.npy").shape == (2, 2)


def test_an_archive_of_which_one_array_is_no_picture(pool):
    np.savez("in.npz", a=np.zeros((4, 4)), number=np.array(5.0))
    assert "--array NAME" in pool("max", "in.npz", "-o", "out.npz", code=1).stderr
    pool("max", "in.npz", "--array", "a", "-o", "out.npz")
    said = pool("max", "in.npz", "--array", "number", "-o", "n.npz", code=1).stderr
    assert "--array NAME" not in said
