"""TIFFs whose descriptions hold the array's shape: OME-XML, ImageJ's and tifffile's own."""

import numpy as np
import pytest
from PIL import Image

import numbapool as nbp

tifffile = pytest.importorskip("tifffile")
pytest.importorskip("imagecodecs")
from numbapool_cli.codecs.description import about_shape, described  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore")


def numbers(shape, dtype="uint16"):
    return np.random.default_rng(5).integers(0, 200, shape).astype(dtype)


OME = {
    "axes": "CZYX",
    "PhysicalSizeX": 0.325,
    "PhysicalSizeXUnit": "µm",
    "PhysicalSizeY": 0.65,
    "PhysicalSizeYUnit": "µm",
    "PhysicalSizeZ": 2.0,
    "Channel": {"Name": ["Färbung", "β"]},
    "SignificantBits": 12,
}


def halves(x, op="avg", k=2):
    flat = x.reshape(-1, *x.shape[-2:])
    return nbp.Pool(op, k, ceil_mode=True)(flat).reshape(*x.shape[:-2], -(-x.shape[-2] // 2), -1)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_ome(pool, dtype):
    """Sizes are the new ones; what a pixel measures grows by the stride, 7 -> 4 by 2 too."""
    x = numbers((2, 3, 14, 7), dtype)
    tifffile.imwrite("in.ome.tif", x, metadata=OME, photometric="minisblack")
    said = pool("avg", "in.ome.tif", "-o", "out.ome.tif", "-v")
    assert "left out" not in said.stdout + said.stderr
    with tifffile.TiffFile("out.ome.tif") as file:
        assert file.is_ome and len(file.pages) == 6
        (series,) = file.series
        assert (series.axes, series.shape) == ("CZYX", (2, 3, 7, 4))
        np.testing.assert_array_equal(series.asarray(), halves(x))
        found = tifffile.xml2dict(file.ome_metadata)["OME"]["Image"]["Pixels"]
    assert (found["SizeX"], found["SizeY"], found["SizeZ"], found["SizeC"]) == (4, 7, 3, 2)
    assert (found["PhysicalSizeX"], found["PhysicalSizeY"]) == (0.65, 1.3)
    assert found["PhysicalSizeZ"] == 2 and found["PhysicalSizeXUnit"] == "µm"
    assert [each["Name"] for each in found["Channel"]] == ["Färbung", "β"]
    assert found["Type"] == ("float" if dtype == "float32" else dtype)
    assert found["SignificantBits"] == 12


def test_ome_of_another_type(pool):
    x = numbers((3, 8, 6), "uint8")
    tifffile.imwrite("in.ome.tif", x, metadata={**OME, "axes": "ZYX", "Channel": {"Name": "β"}})
    pool("sum", "in.ome.tif", "-k", "2x3", "-o", "out.tif")
    with tifffile.TiffFile("out.tif") as file:
        found = tifffile.xml2dict(file.ome_metadata)["OME"]["Image"]["Pixels"]
        assert file.series[0].dtype == file.pages[0].dtype
        assert found["Type"] == str(file.pages[0].dtype) and "SignificantBits" not in found
        assert (found["PhysicalSizeX"], found["PhysicalSizeY"]) == (0.975, 1.3)


def test_imagej(pool):
    x = numbers((5, 2, 14, 7))
    options = {"axes": "ZCYX", "spacing": 2.5, "unit": "um", "min": 0.0, "max": 99.0}
    tifffile.imwrite("in.tif", x, imagej=True, metadata=options, resolution=(4.0, 2.0))
    said = pool("avg", "in.tif", "-o", "out.tif", "-v")
    assert "left out" not in said.stdout + said.stderr
    with tifffile.TiffFile("out.tif") as file:
        assert file.is_imagej
        found = file.imagej_metadata
        assert (found["images"], found["slices"], found["channels"]) == (10, 5, 2)
        assert (found["spacing"], found["unit"], found["max"]) == (2.5, "um", 99.0)
        (series,) = file.series
        assert (series.axes, series.shape) == ("ZCYX", (5, 2, 7, 4))
        np.testing.assert_array_equal(series.asarray(), halves(x))
        tags = file.pages[0].tags
        assert tags["XResolution"].value == (2, 1) and tags["YResolution"].value == (1, 1)
        assert tags["ResolutionUnit"].value == 1


@pytest.mark.parametrize("packed", [None, "zlib"])
@pytest.mark.parametrize("old", [False, True])
def test_the_shape_of_tifffile(pool, old, packed):
    x = numbers((2, 3, 14, 7), "uint8")
    more = {"description": "shape=(2, 3, 14, 7)", "metadata": None} if old else {}
    more = more or {"metadata": {"axes": "TZYX", "note": "µ"}}
    tifffile.imwrite("in.tif", x, photometric="minisblack", compression=packed, **more)
    pool("max", "in.tif", "-o", "out.tif")
    with tifffile.TiffFile("out.tif") as file:
        assert file.is_shaped
        np.testing.assert_array_equal(file.asarray(), halves(x, "max"))
        assert file.series[0].shape == (2, 3, 7, 4)
        assert file.shaped_metadata[0].get("note") == (None if old else "µ")


def test_what_cannot_be_corrected_is_left_out(pool):
    x = numbers((2, 8, 8), "uint8")
    tifffile.imwrite("in.ome.tif", x, metadata={"axes": "ZYX"}, photometric="minisblack")
    text = tifffile.TiffFile("in.ome.tif").ome_metadata
    roi = text.replace("</OME>", '<ROI ID="ROI:0"/></OME>')
    two = text.replace('SizeZ="2"', 'SizeZ="4"')
    for number, wrong in enumerate((roi, two, "ImageJ=1.54\nimages=3\n", "shape=(2, 9, 9)")):
        tifffile.imwrite(f"{number}.tif", x, description=wrong, metadata=None)
        said = pool("avg", f"{number}.tif", "-o", f"out{number}.tif").stderr
        assert (
            said == f"pool: note: {about_shape(wrong)} of the array before pooling was left out\n"
        )
        with tifffile.TiffFile(f"out{number}.tif") as file:
            assert not file.pages[0].description
    for out, more in (("a.npz", []), ("b.tif", ["--metadata", "none"])):
        said = pool("avg", "in.ome.tif", "-o", out, *more).stderr
        assert ("OME-XML of the array before pooling was left out" in said) == (out == "a.npz")
    assert described(text, None, True).fitted(2, (4, 4), x.dtype) == ""


def test_colours_and_pages_turned(pool):
    x = numbers((2, 8, 6, 3), "uint8")
    tifffile.imwrite("in.tif", x, photometric="rgb", metadata={"axes": "TYXS"})
    pool("avg", "in.tif", "-o", "out.tif")
    with tifffile.TiffFile("out.tif") as file:
        assert file.series[0].shape == (2, 4, 3, 3)
    assert Image.open("out.tif").n_frames == 2
