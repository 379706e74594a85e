"""Several operators in one command: a file per operator, named by it."""

from pathlib import Path

import numpy as np
import pytest
from pictures import picture

import numbapool as nbp


def made(folder="."):
    return sorted(str(path) for path in Path(folder).rglob("*.npy") if path.name != "in.npy")


@pytest.fixture
def array():
    x = np.random.default_rng(0).integers(0, 99, (6, 8)).astype(np.float32)
    np.save("in.npy", x)
    return x


def test_each_writes_its_own_file(pool, array):
    said = pool("avg,max,percentile", "in.npy", "--q", 30, "--rounding", "floor", "-v").stdout
    assert made() == ["in.avg2.npy", "in.max2.npy", "in.percentile2.npy"]
    assert said.count("in.npy -> ") == 3
    np.testing.assert_array_equal(np.load("in.avg2.npy"), nbp.avg_pool2d(array, 2))
    np.testing.assert_array_equal(np.load("in.max2.npy"), nbp.max_pool2d(array, 2))
    want = nbp.percentile_pool2d(array, 30, 2)
    np.testing.assert_array_equal(np.load("in.percentile2.npy"), want)
    pool("avg,max,percentile", ".", "--q", 30, "--on-exists", "overwrite")
    assert len(made()) == 3  # its own outputs are no inputs


def test_in_a_folder_they_are_named_by_the_operator_too(pool, array):
    pool("detail-preserving,min", "in.npy", "-k", 3, "-o", "out/")
    assert made("out") == ["out/in.detail_preserving3.npy", "out/in.min3.npy"]
    pool("max,min", "in.npy", "-o", "other", "--name", "{op}-{stem}{ext}")
    assert made("other") == ["other/max-in.npy", "other/min-in.npy"]
    pool("max,min", "in.npy", "-o", "dry", "--dry-run")
    assert made("dry") == []


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("avg,max", "in.npy", "-o", "out.npy"), "for several operators, or with --name, name a"),
        (("avg,max", "in.npy", "-o", "-"), "only one result can go to standard output"),
        (("avg,max", "in.npy", "-o", "out", "--name", "{stem}{ext}"), "need {op} in --name"),
        (("avg,max,avg", "in.npy"), "avg is named twice"),
        (("avg,blur", "in.npy"), "blur has windows of its own"),
        (("avg,", "in.npy"), "there is no command 'avg,'"),
        (("avg,maxi", "in.npy"), "there is no command 'avg,maxi'"),
        (("max,percentile", "in.npy"), "percentile needs --q"),
        (("max,min", "in.npy", "--rounding", "floor"), "No such option"),
    ],
)
def test_what_several_refuse(pool, array, arguments, message):
    assert message in " ".join(pool(*arguments, code=2).stderr.split())
    assert made() == []


def test_pictures_and_failures(pool):
    picture("RGB", 8, 6).save("in.png")
    said = pool("max,std", "in.png", "-o", "out/", code=1).stderr
    assert "PNG does not hold" in said
    assert [path.name for path in Path("out").iterdir()] == ["in.max2.png"]


def test_update_leaves_what_is_done(pool, array):
    pool("max,min", "in.npy", "-o", "out/", "--update")
    said = pool("max,min", "in.npy", "-o", "out/", "--update").stdout
    assert "->" not in said
    np.save("in.npy", array + 1)
    pool("max,min", "in.npy", "-o", "out/", "--update")
    np.testing.assert_array_equal(np.load("out/in.min2.npy"), nbp.min_pool2d(array + 1, 2))


def test_help_names_all(pool):
    said = " ".join(pool("avg,max", "--help").stdout.split())
    assert "keep the mean and the largest value of each window" in said
    assert "pool avg,max photo.png -k 2 -o small/" in said
