"""Images with levels, opened by other libraries that read OME-NGFF, and held against its rules."""

from importlib.util import find_spec

import numpy as np
import pytest
from strategies import PLAIN

import numbapool as nbp

pytest.importorskip("zarr")
from stored_images import image, small

pytestmark = pytest.mark.skipif(not PLAIN, reason="stores know of no machine code")

SCHEMAS = find_spec("jsonschema") is not None
"""Whether ngff-zarr can hold metadata against its schemas."""

PLACE = {"scale": (1.0, 1.0, 2.0, 0.5, 0.5), "translation": (0.0, 0.0, -10.0, -20.0, -30.0)}


@pytest.fixture(scope="module", params=["0.4", "0.5"])
def made(request, tmp_path_factory):
    """Return the path of an image of two levels above level 0, and all its levels."""
    version = request.param
    folder, x = tmp_path_factory.mktemp("images"), small((1, 2, 6, 24, 20), "uint16")
    image(x, (1, 1, 8, 8, 8), str(folder / "in.zarr"), version="0.5", **PLACE)
    path = folder / "cells.zarr"
    nbp.pyramid_into(folder / "in.zarr", levels=2, target=path, ngff=version)
    halves = nbp.pool_pyramid(x, "avg", 2, (1, 2, 2))
    return path, version, [x, *halves]


WANT = [
    ([1, 1, 2, 0.5, 0.5], [0, 0, -10, -20, -30]),
    ([1, 1, 2, 1, 1], [0, 0, -10, -19.75, -29.75]),
    ([1, 1, 2, 2, 2], [0, 0, -10, -19.25, -29.25]),
]


def test_models_find_no_fault(made):
    models = pytest.importorskip("ome_zarr_models")
    path, version, _ = made
    found = models.open_ome_zarr(str(path))
    assert found.ome_zarr_version == version and type(found).__name__ == "Image"
    multiscale = (found.attributes if version == "0.4" else found.ome_attributes).multiscales[0]
    assert [axis.name for axis in multiscale.axes] == list("tczyx")
    got = [each.coordinateTransformations for each in multiscale.datasets]
    assert [(scale.scale, move.translation) for scale, move in got] == WANT


def test_ngff_zarr_reads_all_levels(made):
    reader = pytest.importorskip("ngff_zarr")
    path, version, levels = made
    found = reader.from_ngff_zarr(str(path), validate=SCHEMAS, version=version)
    assert len(found.images) == len(levels)
    for image_, level, (scale, translation) in zip(found.images, levels, WANT, strict=True):
        np.testing.assert_array_equal(np.asarray(image_.data), level)
        assert image_.dims == tuple("tczyx")
        assert list(image_.scale.values()) == scale
        assert list(image_.translation.values()) == translation


def test_ome_zarr_py_reads_all_levels(made):
    pytest.importorskip("ome_zarr")
    from ome_zarr.io import parse_url
    from ome_zarr.reader import Reader

    path, _, levels = made
    (node,) = Reader(parse_url(str(path)))()
    assert [axis["name"] for axis in node.metadata["axes"]] == list("tczyx")
    for got, level in zip(node.data, levels, strict=True):
        np.testing.assert_array_equal(np.asarray(got), level)
    first = node.metadata["coordinateTransformations"][1]
    assert [list(each.values())[1] for each in first] == list(WANT[1])
