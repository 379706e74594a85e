"""Values of options that make no sense: refused before any file is read, with the reason."""

import json
from pathlib import Path

import numpy as np
import pytest
from pictures import picture


@pytest.fixture(autouse=True)
def inputs(pool):
    picture("RGB", 8, 6).save("a.png")
    np.save("a.npy", np.arange(48.0).reshape(6, 8))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["avg", "a.png", "-o", ""], "-o is an empty name"),
        (["pyramid", "a.png", "--levels", 1, "-o", ""], "-o is an empty name"),
        (["avg", ""], "INPUT is an empty name"),
        (["avg", "a.png", "--divisor", 10**30], "--divisor is past"),
        (["avg", "a.png", "--background", "nonsense"], "'nonsense' is not a colour"),
        (["diff", "a.png", "a.png", "--peak", "nan"], "--peak is not a finite number"),
        (["diff", "a.png", "a.png", "--peak", "inf"], "--peak is not a finite number"),
        (["avg", "a.png", "-o", "-", "--json"], "--json and -o - both write"),
        (["avg", "a.png", "-k", "-1"], "'-1' is not a window size"),
        (["avg", "a.png", "-k", "0x2"], "'0x2' is not a window size"),
        (["avg", "a.png", "-s", "1e9"], "'1e9' is not a stride"),
        (["avg", "a.png", "-p", "-1"], "'-1' is not a padding"),
        (["avg", "a.png", "-p", "9" * 17], "more than half of a window"),
        (["avg", "a.png", "-d", "9" * 17], "larger than axis 0"),
        (["avg", "a.png", "-k", "9" * 40], "is not a window size"),
        (["avg", "a.png", "--size", "0x0"], "'0x0' is not a size"),
        (["avg", "a.png", "--size", "101%"], "'101%' is not a size"),
        (["avg", "a.png", "--fit", "25%"], "'25%' is not a size"),
        (["avg", "a.png", "-j", "-1"], "-1 is not in the range"),
    ],
)
def test_refused(pool, arguments, words):
    assert words in pool(*arguments, code=2).stderr
    assert sorted(path.name for path in Path().iterdir()) == ["a.npy", "a.png"]


def test_a_name_without_a_format(pool):
    said = pool("avg", "a.png", "--name", "{stem}", code=1).stderr
    assert said == "pool: a.png: the output's name a gives no format: give one with --format\n"


@pytest.mark.parametrize("jobs", [1, 1000])
def test_absurd_and_harmless(pool, jobs):
    result = pool("max", "a.png", "-k", "9" * 10, "-j", jobs, "-o", "one.png", "--json")
    assert json.loads(result.stdout.splitlines()[0])["after"] == [[1, 1, 3]]
    pool("max", "a.png", "a.npy", "--fit", "9" * 10 + "x1", "-j", jobs, "-o", "out")
    for name in ("a.npy", "a.png"):
        said = pool("max", name, "--size", "9" * 9 + "x" + "9" * 9, "-o", "big.npy", code=1).stderr
        assert "would enlarge 8×6 past 134,217,728 pixels: give a smaller one" in said


def test_a_variable_is_named(pool, monkeypatch):
    monkeypatch.setenv("POOL_AVG_KERNEL_SIZE", "foo")
    said = pool("avg", "a.png", code=2).stderr
    assert "'foo' is not a window size" in said
    assert "It is from the environment's POOL_AVG_KERNEL_SIZE." in said
    assert "environment" not in pool("avg", "a.png", "-k", "bar", code=2).stderr
