"""The guide's examples by field run as they are written, and give what the whole gives."""

import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from processes import ended
from strategies import only_plain

import numbapool as nbp

zarr = pytest.importorskip("zarr")
xarray = pytest.importorskip("xarray")
pytest.importorskip("dask.array")

pytestmark = only_plain

ROOT = Path(__file__).parents[1]
GUIDE = (ROOT / "numbapool" / "README.md").read_text("utf-8")
FIELDS = GUIDE.partition("### By field\n")[2].partition("\n## ")[0]
EXAMPLES = dict(re.findall(r"\*\*([\w ]+)\.\*\*.*?```\w+\n(.*?)```", FIELDS, re.DOTALL))


def ran(field, monkeypatch, folder):
    """Run the example of a field in a folder; return its names."""
    monkeypatch.chdir(folder)
    names = {}
    exec(EXAMPLES[field], names)
    return names


def stored(x, path, chunks, **more):
    made = zarr.create_array(path, shape=x.shape, chunks=chunks, dtype=x.dtype, **more)
    made[...] = x
    return x


def test_there_are_four():
    assert list(EXAMPLES) == ["Microscopy", "Climate", "Rasters", "Pictures on a cluster"]


def test_microscopy(tmp_path, monkeypatch):
    from stored_images import image

    rng = np.random.default_rng(0)
    cells = rng.integers(0, 900, (8, 24, 24)).astype(np.uint16)
    nuclei = rng.choice(np.array([0, 7, 70_000], np.uint32), (8, 24, 24))
    image(cells, (4, 8, 8), tmp_path / "cells.zarr")
    image(nuclei, (4, 8, 8), tmp_path / "cells.zarr" / "labels" / "nuclei")
    ran("Microscopy", monkeypatch, tmp_path)
    for path, x, op in (("cells.zarr", cells, "avg"), ("cells.zarr/labels/nuclei", nuclei, "mode")):
        found = zarr.open_group(tmp_path / path, mode="r")
        np.testing.assert_array_equal(found["1"][...], nbp.pool3d(x, op, 2, data_format="DHW"))


@pytest.mark.filterwarnings("ignore::zarr.errors.ZarrUserWarning")  # of how xarray writes
def test_climate(tmp_path, monkeypatch):
    air = np.random.default_rng(0).normal(280, 9, (30, 8, 12)).astype(np.float32)
    air[:, :2, :2] = np.nan
    places = {"lat": np.arange(8.0), "lon": np.arange(12.0)}
    data = xarray.DataArray(air, places, ("time", "lat", "lon"), "air", {"units": "K"})
    data.chunk({"time": 7, "lat": 5}).to_dataset().to_zarr(tmp_path / "climate.zarr")
    names = ran("Climate", monkeypatch, tmp_path)
    assert names["coarse"].chunks, "it is lazy"
    found = xarray.open_zarr(tmp_path / "coarse.zarr")
    want = nbp.avg_pool2d(air, 2, nan="skip", min_count=0.5)
    np.testing.assert_array_equal(found["air"], want)
    assert np.isnan(want[:, 0, 0]).all() and found["air"].attrs["units"] == "K"
    assert found["lat"].values.tolist() == [0.5, 2.5, 4.5, 6.5]
    want = nbp.max_pool1d(np.moveaxis(air, 0, -1), 10, nan="skip")
    highest = xarray.open_zarr(tmp_path / "highest.zarr")["highest"]
    np.testing.assert_array_equal(highest, want)
    assert highest.dims == ("lat", "lon", "time")


def test_rasters(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    cover = stored(rng.integers(0, 6, (33, 47)).astype(np.uint8), tmp_path / "cover.zarr", (8, 8))
    heights = rng.normal(500, 90, (33, 47)).astype(np.float32)
    heights[:15, :15] = -9999
    stored(heights, tmp_path / "heights.zarr", (16, 16))
    ran("Rasters", monkeypatch, tmp_path)
    for name, x, op, nodata in (("cover", cover, "mode", 0), ("heights", heights, "avg", -9999)):
        want = nbp.pool2d(x, op, 10, ceil_mode=True, nodata=nodata)
        found = zarr.open_array(tmp_path / f"{name}10.zarr", mode="r")[...]
        np.testing.assert_array_equal(found, want)


def test_pictures_on_a_cluster(tmp_path):
    pytest.importorskip("distributed")
    (tmp_path / "photos" / "below").mkdir(parents=True)
    for name in ("one.jpg", "below/two.jpg"):
        shutil.copy(ROOT / "sample_images" / "scene.jpg", tmp_path / "photos" / name)
    pool, *words = EXAMPLES["Pictures on a cluster"].split()
    assert pool == "pool"
    process = ended(None, *words, options=["-m", "numbapool"], cwd=tmp_path)
    assert process.code == 0, process.errors
    small = [path.relative_to(tmp_path / "small") for path in (tmp_path / "small").rglob("*.jpg")]
    assert sorted(map(str, small)) == ["below/two.jpg", "one.jpg"]
    with Image.open(tmp_path / "small" / "one.jpg") as picture:
        assert picture.size == (603, 403)
