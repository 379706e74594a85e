"""The command line itself: help, versions, mistakes, sizes, what info says."""

import json
import subprocess
import sys

import click
import numpy as np
import pytest
from numbapool_cli.app import cli
from numbapool_cli.codecs import BY_SUFFIX
from numbapool_cli.windows import fitting
from pictures import mean, naive, picture, read
from PIL import Image

from numbapool import functional

COMMANDS = cli.list_commands(click.Context(cli))


@pytest.mark.parametrize("argument", ["--help", "--version"])
def test_starts_light(argument):
    code = (
        "import sys\n"
        "from numbapool_cli import main\n"
        f"sys.argv = ['pool', {argument!r}]\n"
        "try:\n    main()\nexcept SystemExit as end:\n    assert not end.code\n"
        "heavy = {'numba', 'numpy', 'PIL', 'llvmlite'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "pool" in done.stdout.lower()


@pytest.mark.parametrize("command", COMMANDS)
def test_help_shows_an_example(pool, command):
    result = pool(command, "--help")
    assert f"\n  pool {command} " in result.stdout
    parameters = cli.get_command(click.Context(cli), command).params
    assert all(option.help for option in parameters if isinstance(option, click.Option))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("agv", "avg"),
        ("mean", "avg"),
        ("maxx", "max"),
        ("inf", "info"),
        ("mean,mx,std", "avg,max,std"),
        ("resize", "avg"),
        ("thumbnail", "avg"),
        ("dilate", "max"),
        ("erode", "min"),
        ("compare", "diff"),
        ("identify", "info"),
        ("montage", "sheet"),
    ],
)
def test_did_you_mean(pool, typed, meant):
    result = pool(typed, "a.png", code=2)
    assert f"Did you mean '{meant}'?" in result.stderr


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("--resize", "--fit or --size"),
        ("--width", "--fit"),
        ("--strip", "--metadata none"),
        ("--force", "--on-exists overwrite"),
        ("--overwrite", "--on-exists overwrite"),
        ("--threads", "--jobs"),
    ],
)
def test_options_of_other_programs(pool, typed, meant):
    said = pool("avg", "a.png", typed, code=2).stderr
    assert f"there is no option {typed}. Did you mean {meant}?" in " ".join(said.split())


def test_an_option_that_a_command_lacks_is_not_meant(pool):
    assert "--fit" not in pool("seq", "mean", "a.npy", "--resize", code=2).stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["-k", "0"],
        ["-k", "two"],
        ["-k", "2x"],
        ["-k", "2x3x4x5"],
        ["-k", "-2"],
        ["-k", "2.5"],
        ["-k", "٣"],
        ["-k", "9" * 19],
        ["-s", "0"],
        ["-p", "-1"],
        ["-p", "2", "-k", "2"],
        ["--size", "10"],
        ["--size", "0x5"],
        ["--size", "0%"],
        ["--size", "101%"],
        ["--size", "10x10", "-k", "2"],
        ["--size", "10x10", "--fit", "3x3"],
        ["--fit", "25%"],
        ["--ceil", "--edge", "trim"],
    ],
)
def test_usage_errors(pool, arguments):
    picture("L", 8, 8).save("a.png")
    result = pool("avg", "a.png", "-o", "out.png", *arguments, code=2)
    assert "Error" in result.stderr
    assert "Traceback" not in result.output


def test_a_window_too_large(pool):
    np.save("in.npy", np.zeros((4, 9)))
    result = pool("avg", "in.npy", "-k", 5, "-o", "out.npy", code=1)
    assert "4" in result.stderr
    assert "5" in result.stderr


@pytest.mark.parametrize(("length", "most"), [(100, 30), (100, 25), (7, 7), (7, 100), (1, 1)])
@pytest.mark.parametrize("partial", [True, False])
def test_fit_window_is_the_least(length, most, partial):
    def size(k):
        return -(-length // k) if partial else length // k

    k = fitting(length, most, partial)
    assert size(k) <= most
    assert k == 1 or size(k - 1) > most


def test_the_pixel_limit(pool):
    picture("L", 20, 20).save("in.png")
    result = pool("avg", "in.png", "--max-pixels", 399, "-o", "out.png", code=1)
    assert "--max-pixels 400" in result.stderr
    pool("avg", "in.png", "--max-pixels", 400, "-o", "out.png")


def test_a_bomb(pool, tmp_path):
    picture("L", 20, 20).save("in.png")
    data = bytearray((tmp_path / "in.png").read_bytes())
    data[16:24] = (60_000).to_bytes(4, "big") * 2
    import zlib

    data[29:33] = zlib.crc32(data[12:29]).to_bytes(4, "big")
    (tmp_path / "in.png").write_bytes(data)
    assert "--max-pixels" in pool("avg", "in.png", "-o", "out.png", code=1).stderr
    assert "--max-pixels" in pool("info", "in.png", code=1).stderr


def test_info_of_a_picture(pool):
    exif = Image.Exif()
    exif[0x0112] = 6
    picture("RGB", 30, 20).save("in.jpg", exif=exif, dpi=(72, 72))
    out = pool("info", "in.jpg", "-k", 3).stdout
    for said in ("JPEG", "RGB, 8 bits", "20×30", "6", "72 x 72", "-k 3: 7×10"):
        assert said in out
    row = json.loads(pool("info", "in.jpg", "--json").stdout)
    assert row["parts"][0]["pooled"] == [15, 10, 3]


def test_info_says_what_pooling_makes(pool):
    """What info and a dry run foretell is what is then written."""
    for mode, name in (("P", "p.png"), ("LA", "la.png"), ("I;16", "deep.png"), ("1", "bit.png")):
        source = picture("RGB", 21, 13).quantize(8) if mode == "P" else picture(mode, 21, 13)
        source.save(name)
        row = json.loads(pool("info", name, "-k", 4, "--json").stdout)
        pool("max", name, "-k", 4, "-o", f"{name}.npy")
        array = np.load(f"{name}.npy")
        assert row["parts"][0]["pooled"] == list(array.shape)
        assert row["dtype"] == array.dtype.name


def test_info_of_an_array(pool):
    np.save("in.npy", np.zeros((1, 16, 9, 9), ">f4", order="F"))
    out = pool("info", "in.npy", "-k", 3, "-s", 2, "-p", 1).stdout
    for said in ("(1, 16, 9, 9)", "float32", "swapped", "Fortran", "5,184", "(1, 16, 5, 5)"):
        assert said in out
    np.save("three.npy", np.zeros((3, 4, 5)))
    assert "--data-format" in pool("info", "three.npy").stdout
    said = pool("info", "gone.npy", "three.npy", code=1).stderr
    assert said == "pool: gone.npy: there is no such file\n"


def test_environment(pool, monkeypatch):
    picture("L", 8, 8).save("in.png")
    monkeypatch.setenv("POOL_AVG_KERNEL_SIZE", "4")
    pool("avg", "in.png")
    assert read("in.avg4.png").size == (2, 2)


def test_every_suffix_of_pillows_is_known():
    """What Pillow reads by suffix is known here, but for what is not made of pixels."""
    Image.init()
    reads = {suffix for suffix, name in Image.registered_extensions().items() if name in Image.OPEN}
    no_pixels = {".bufr", ".grib", ".h5", ".hdf", ".mpg", ".mpeg", ".wmf", ".emf", ".ps", ".eps"}
    no_pixels |= {".gbr", ".iim"}
    assert reads - no_pixels <= set(BY_SUFFIX)
    for suffix, row in BY_SUFFIX.items():
        if row.written and row.name not in ("NPY", "NPZ") and suffix != ".mpo":
            assert Image.registered_extensions().get(suffix, row.name) in (row.name, "DIB")


def test_size(pool):
    if not hasattr(functional, "adaptive_avg_pool2d"):
        pytest.skip("the library does not pool to a size yet")
    picture("RGB", 30, 20).save("in.png")
    pool("avg", "in.png", "--size", "15x10", "-o", "size.png")
    pool("avg", "in.png", "--size", "50%", "-o", "share.png")
    array = np.asarray(read("in.png"))
    assert np.array_equal(read("size.png"), naive(array, 2, mean))
    assert np.array_equal(read("share.png"), read("size.png"))


def test_libraries_do_not_talk(tmp_path):
    """A damaged TIFF is told of in one line; libtiff's own is kept from the screen."""
    path = tmp_path / "in.tif"
    picture("RGB", 64, 64).save(path, compression="tiff_lzw")
    data = bytearray(path.read_bytes())
    data[200:5000] = b"\xff" * 4800
    path.write_bytes(data)
    code = "from numbapool_cli import main; main()"
    command = [sys.executable, "-c", code, "avg", str(path), "-o", str(tmp_path / "out.tif")]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"pool: {path}: ")
