"""--config and the environment: defaults that the command line overrides."""

from pathlib import Path

import numpy as np
import pytest
from pictures import picture, read


@pytest.fixture
def side(pool, monkeypatch):
    """Give a function that pools 24 pixels a side by a file's defaults, and says what is left."""
    picture("L", 24, 24).save("in.png")

    def side(text, *arguments, **variables):
        Path("pool.toml").write_text(text)
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        pool("avg", "in.png", "-o", "out.png", "--config", "pool.toml", *arguments)
        left = read("out.png").width
        Path("out.png").unlink()
        return left

    return side


@pytest.mark.parametrize(
    "text",
    [
        "kernel-size = 4",
        "kernel_size = 4",
        '[avg]\nkernel-size = "4x4"',
        "kernel-size = 2\n[avg]\nkernel-size = 4",
        "[avg]\nkernel-size = 4\n[max]\nkernel-size = 3",
        'size = "6x6"',
    ],
)
def test_defaults(side, text):
    assert side(text) == 6


def test_what_is_more_to_the_point_wins(side):
    file = "kernel-size = 4"
    assert side(file) == 6
    assert side(file, POOL_AVG_KERNEL_SIZE="3") == 8
    assert side(file, "-k", 2, POOL_AVG_KERNEL_SIZE="3") == 12


def test_what_contradicts_gives_way(side):
    assert side("kernel-size = 4\nstride = 4", "--size", "5x5") == 5
    assert side('size = "5x5"', "-k", 2) == 12
    assert side('fit = "5x5"', "--size", "7x7") == 7
    assert side('size = "5x5"', POOL_AVG_KERNEL_SIZE="4") == 6


def test_policies_give_way(pool):
    picture("L", 8, 8).save("in.png")
    Path("out.png").write_bytes(b"")
    Path("pool.toml").write_text("skip-existing = true")
    arguments = ("avg", "in.png", "-o", "out.png", "--config", "pool.toml")
    assert "1 skipped" in pool(*arguments).stderr
    pool(*arguments, "--on-exists", "overwrite")
    assert read("out.png").width == 4


def test_before_the_command_and_by_the_environment(pool, monkeypatch):
    picture("L", 24, 24).save("in.png")
    Path("pool.toml").write_text("kernel-size = 4\n[avg]\nquiet = true")
    assert pool("--config", "pool.toml", "avg", "in.png").output == ""
    assert read("in.avg4.png").width == 6
    monkeypatch.setenv("POOL_CONFIG", "pool.toml")
    pool("max", "in.png")
    assert read("in.max4.png").width == 6


def test_flags_and_their_opposites(pool):
    np.save("in.npy", np.ones((4, 4)))
    for text, corner in (("", 0.25), ("count-exclude-pad = true", 1), ("ceil = false", 0.25)):
        Path("pool.toml").write_text(text)
        pool("avg", "in.npy", "-p", 1, "--config", "pool.toml", "-o", "-", "--format", "npy")
        pool("avg", "in.npy", "-p", 1, "--config", "pool.toml", "-o", f"{corner}{len(text)}.npy")
        assert np.load(f"{corner}{len(text)}.npy")[0, 0] == corner


def test_options_that_repeat(pool):
    Path("pool.toml").write_text('[warmup]\ndtype = ["int9"]')
    said = pool("warmup", "--config", "pool.toml", code=2).stderr
    assert "[warmup] dtype: 'int9' is not one of" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("kernal-size = 3", "there is no option 'kernal-size'. Did you mean 'kernel-size'?"),
        ("zzz = 3", "there is no option 'zzz'."),
        ("[agv]", "there is no command 'agv'. Did you mean 'avg'?"),
        ("[max]\nrounding = 'floor'", "max has no option 'rounding'."),
        ("[avg]\nqualty = 3", "avg has no option 'qualty'. Did you mean 'quality'?"),
        ("[avg]\nk = 3", "avg has no option 'k'."),
        ("[avg]\nkernel-size = 'two'", "[avg] kernel-size: 'two' is not a window size"),
        (
            "[avg]\nkernel-size = [2, 3]",
            '[avg] kernel-size takes a number or a string, as 4 or "2x3"',
        ),
        ("[avg]\nceil = 'yes'", "[avg] ceil takes true or false"),
        ("quality = true", "quality takes a value, not true or false"),
        ("quality = 101", "quality: 101 is not in the range 1<=x<=100"),
        ("help = true", "there is no option 'help'."),
        ("config = 'a'", "there is no option 'config'."),
        ("kernel-size 3", "is no TOML: "),
        ("[avg.deep]\na = 1", "avg has no option 'deep'."),
    ],
)
def test_mistakes(pool, text, said):
    picture("L", 8, 8).save("in.png")
    Path("pool.toml").write_text(text)
    for arguments in (["--config", "pool.toml", "avg"], ["avg", "--config", "pool.toml"]):
        stderr = pool(*arguments, "in.png", code=2).stderr
        assert f"Error: --config pool.toml{'' if 'TOML' in said else ':'} {said}" in stderr
    assert not Path("in.avg2.png").exists()


def test_no_such_file(pool):
    said = pool("avg", "in.png", "--config", "gone.toml", code=2).stderr
    assert "Error: --config gone.toml: No such file or directory." in said
