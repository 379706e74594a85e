"""GeoTIFF: what stands for no value is left out, and pixels stay where they lie on the ground."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

tifffile = pytest.importorskip("tifffile", reason="the extra 'deep' is not installed")

GDAL = pytest.mark.skipif(shutil.which("gdalinfo") is None, reason="gdalinfo is not installed")
AREA, POINT = 1, 2
SCALE, WEST, NORTH = 30.0, 440000.0, 5000000.0


def keys(raster_type: int) -> tuple[int, ...]:
    return (1, 1, 0, 3, 1024, 0, 1, 1, 1025, 0, 1, raster_type, 3072, 0, 1, 32633)


def geotiff(name: str, array, nodata: str = "", kind: int = AREA, matrix=None, **options) -> None:
    tags = [(34735, "H", 16, keys(kind), True), (34737, "s", 0, "WGS 84 / UTM zone 33N|", True)]
    if matrix is None:
        tags.append((33550, "d", 3, (SCALE, SCALE, 0.0), True))
        tags.append((33922, "d", 6, (0.0, 0.0, 0.0, WEST, NORTH, 0.0), True))
    else:
        tags.append((34264, "d", 16, matrix, True))
    if nodata:
        tags.append((42113, "s", 0, nodata, True))
    tifffile.imwrite(name, array, extratags=tags, metadata=None, **options)


def ground(name: str) -> tuple[float, float, float, float]:
    """Give what the tags say: the pixels' size, and where raster coordinate (0, 0) lies."""
    with tifffile.TiffFile(name) as file:
        tags = {tag.code: tag.value for tag in file.pages[0].tags}
    (across, down, _), (i, j, _, x, y, _) = tags[33550], tags[33922]
    return across, down, x - i * across, y + j * down


def gdal(name: str) -> dict:
    told = subprocess.run(["gdalinfo", "-json", name], capture_output=True, check=True)
    return json.loads(told.stdout)


@pytest.mark.parametrize("dtype", ["f4", "f8", "i2"])  # of which float64 takes tifffile
def test_nodata_is_left_out(pool, dtype):
    geotiff("in.tif", np.array([[-9999, 1], [2, 3]], dtype), "-9999")
    said = pool("avg", "in.tif", "-o", "out.tif").stderr
    assert said.count("note:") == 1
    assert tifffile.imread("out.tif").tolist() == [[2]]
    pool("avg", "in.tif", "-o", "all.tif", "--nodata", "none")
    assert tifffile.imread("all.tif")[0, 0] == (-2498.25 if dtype[0] == "f" else -2498)
    pool("avg", "in.tif", "-o", "one.tif", "--nodata", "1")
    assert tifffile.imread("one.tif")[0, 0] == np.dtype(dtype).type((-9999 + 2 + 3) / 3)


@GDAL
@pytest.mark.parametrize("dtype", ["f4", "f8", "u2"])
def test_gdal_reads_the_nodata_that_is_left(pool, dtype):
    array = np.full((4, 4), 7, dtype)
    array[:2, :2] = 65535
    geotiff("in.tif", array, "65535")
    pool("avg", "in.tif", "-o", "out.tif")
    assert tifffile.imread("out.tif").tolist() == [[65535, 7], [7, 7]]
    assert gdal("out.tif")["bands"][0]["noDataValue"] == 65535


@pytest.mark.parametrize(
    ("operator", "tagged"), [("max", True), ("var", True), ("range", True), ("sum", False)]
)
def test_the_tag_stays_where_windows_of_nodata_give_it(pool, operator, tagged):
    array = np.full((4, 4), 7, np.uint16)
    array[:2, :2] = 9
    geotiff("in.tif", array, "9")
    pool(operator, "in.tif", "-o", "out.tif")
    assert tifffile.imread("out.tif")[0, 0] == (9 if tagged else 0)
    with tifffile.TiffFile("out.tif") as file:
        assert (42113 in file.pages[0].tags) == tagged


@pytest.mark.parametrize("dtype", ["i1", "i2", "i4"])
def test_a_range_of_signed_numbers_is_unsigned(pool, dtype):
    least, most = np.iinfo(dtype).min, np.iinfo(dtype).max
    tifffile.imwrite("in.tif", np.array([[least, most], [0, 0]], dtype))
    pool("range", "in.tif", "-o", "out.tif")
    got = tifffile.imread("out.tif")
    assert (got.dtype, got.tolist()) == (np.dtype(dtype.replace("i", "u")), [[most - least]])


def test_one_note_a_run(pool):
    for number in range(3):
        geotiff(f"{number}.tif", np.array([[number, 1], [2, 3]], np.int16), str(number))
    said = pool("max", "0.tif", "1.tif", "2.tif", "-o", "out/").stderr
    assert said.count("note:") == 1
    assert pool("max", "0.tif", "-o", "q.tif", "-q").stderr == ""


@pytest.mark.parametrize(
    ("dtype", "nodata", "mean"),
    [
        ("u1", "-9999", 64),  # no uint8 is that: nothing is left out, and a note says so
        ("u1", "0.5", 64),
        ("u1", "nan", 64),
        ("f4", "nan", 85),
        ("f4", "0.1", 64),
        ("u1", "255", 0),
        ("u1", "255.0", 0),
        ("u1", "no number", 64),
    ],
)
def test_nodata_in_the_dtype(pool, dtype, nodata, mean):
    array = np.array([[0, 0], [0, 255]], dtype)
    if nodata == "nan" and dtype == "f4":
        array[0, 0] = np.nan
    geotiff("in.tif", array, nodata)
    said = pool("avg", "in.tif", "-o", "out.tif").stderr
    assert round(float(tifffile.imread("out.tif")[0, 0]) + 0.001) == mean
    assert ("ignored" in said) == (mean == 64 and dtype == "u1")


def test_float32_nodata_as_written_by_others(pool):
    lowest = np.finfo(np.float32).min
    geotiff("in.tif", np.array([[lowest, 1], [2, 3]], np.float32), "-3.40282346638529e+38")
    pool("avg", "in.tif", "-o", "out.tif")
    assert tifffile.imread("out.tif").tolist() == [[2]]


def test_nodata_of_lightness_is_a_number_of_the_file(pool):
    array = np.array([[0, 10], [20, 30]], np.uint16)
    geotiff("in.tif", array, "0", photometric="miniswhite")
    pool("max", "in.tif", "-o", "out.tif")  # the lightest that is there
    assert tifffile.imread("out.tif").tolist() == [[10]]
    pool("max", "in.tif", "-o", "by_hand.tif", "--nodata", "10")
    assert tifffile.imread("by_hand.tif").tolist() == [[0]]


def test_exact_nodata_by_hand(pool):
    np.save("in.npy", np.array([[2**53, 2**53 + 1]] * 2))
    pool("max", "in.npy", "-o", "out.npy", "--nodata", str(2**53 + 1))
    assert np.load("out.npy").tolist() == [[2**53]]
    assert "not a number" in pool("max", "in.npy", "--nodata", "many", code=2).stderr


def test_nodata_in_linear_light(pool):
    geotiff("in.tif", np.array([[255, 100], [100, 100]], np.uint8), "255")
    pool("avg", "in.tif", "-o", "out.tif", "--linear")
    assert tifffile.imread("out.tif").tolist() == [[100]]


CASES = [
    # kind, options, scale, west, north: each worked out by hand from old = s * new + off
    (AREA, ["-k", "2"], 60, WEST, NORTH),
    (POINT, ["-k", "2"], 60, WEST + 15, NORTH - 15),
    (AREA, ["-k", "3", "-s", "2", "-p", "1"], 60, WEST - 15, NORTH + 15),
    (POINT, ["-k", "3", "-s", "2", "-p", "1"], 60, WEST, NORTH),
    (AREA, ["-k", "3", "-s", "1", "-d", "2"], 30, WEST + 60, NORTH - 60),
    (POINT, ["-k", "3", "-s", "1", "-d", "2"], 30, WEST + 60, NORTH - 60),
    (AREA, ["-k", "5", "-s", "3"], 90, WEST + 30, NORTH - 30),
    (AREA, ["--size", "6x4"], 60, WEST, NORTH),
    (POINT, ["--size", "6x4"], 60, WEST + 15, NORTH - 15),
    (AREA, ["-k", "2", "-s", "1", "-p", "same"], 30, WEST + 15, NORTH - 15),
    (AREA, ["-k", "2", "-s", "1", "-p", "same_lower"], 30, WEST - 15, NORTH + 15),
]


@pytest.mark.parametrize("dtype", ["u2", "f8"])
@pytest.mark.parametrize(("kind", "options", "scale", "west", "north"), CASES)
def test_pixels_stay_where_they_lie(pool, kind, options, scale, west, north, dtype):
    geotiff("in.tif", np.arange(96).reshape(8, 12).astype(dtype), kind=kind)
    pool("max", "in.tif", "-o", "out.tif", *options)
    assert ground("out.tif") == pytest.approx((scale, scale, west, north))
    with tifffile.TiffFile("out.tif") as file:
        tags = {tag.code: tag.value for tag in file.pages[0].tags}
    assert tags[34735] == keys(kind)
    assert tags[34737] == "WGS 84 / UTM zone 33N|"


@pytest.mark.parametrize(
    ("asked", "kind", "west", "north"),
    [
        (("blur",), AREA, WEST - 15, NORTH + 15),
        (("blur",), POINT, WEST, NORTH),
        (("max-blur",), AREA, WEST, NORTH),
        (("fractional", "--size", "6x4"), AREA, WEST, NORTH),
    ],
)
def test_pixels_of_other_windows_stay_where_they_lie(pool, asked, kind, west, north):
    geotiff("in.tif", np.arange(96).reshape(8, 12).astype("u2"), kind=kind)
    pool(*asked, "in.tif", "-o", "out.tif")
    assert ground("out.tif") == pytest.approx((60, 60, west, north))


@pytest.mark.parametrize("operator", [("blur",), ("max-blur",), ("fractional", "--ratio", 0.7)])
def test_windows_that_leave_nothing_out_refuse_nodata(pool, operator):
    geotiff("in.tif", np.zeros((8, 12), "u1"), nodata="255")
    for more in ((), ("--dry-run",)):
        said = pool(*operator, "in.tif", "-o", "out.tif", *more, code=1).stderr
        assert "its nodata 255 would be mixed into what lies beside it" in said
    geotiff("beyond.tif", np.zeros((8, 12), "u1"), nodata="-9999")  # which no pixel holds
    pool(*operator, "beyond.tif", "-o", "out.tif")


def test_nodata_in_boxes_is_noted(pool):
    geotiff("in.tif", np.arange(96).reshape(8, 12).astype("u1"), nodata="3")
    Path("boxes.csv").write_text("0,0,4,4\n")
    asked = ("roi", "in.tif", "--boxes", "boxes.csv", "--size", 2)
    note = "in boxes of a GeoTIFF its own nodata, as 3, counts as any number"
    assert note in pool(*asked, "-o", "out.npy").stderr
    assert note in pool(*asked, "--format", "tiff", "-o", "out/").stderr
    with tifffile.TiffFile("out/in.box0.tif") as file:
        tags = {tag.code for tag in file.pages[0].tags}
    assert not {33550, 33922, 42113} & tags


@GDAL
@pytest.mark.parametrize("dtype", ["u1", "f8"])
def test_gdal_finds_the_pixels(pool, dtype):
    geotiff("in.tif", np.arange(96).reshape(8, 12).astype(dtype))
    pool("avg", "in.tif", "-o", "out.tif", "-k", "3", "-s", "2", "-p", "1")
    told = gdal("out.tif")
    assert told["geoTransform"] == [WEST - 15, 60, 0, NORTH + 15, 0, -60]
    assert "UTM zone 33N" in told["coordinateSystem"]["wkt"]


@GDAL
@pytest.mark.parametrize("dtype", ["u1", "f8"])
def test_a_turned_raster(pool, dtype):
    matrix = (24.0, 18.0, 0, WEST, 18.0, -24.0, 0, NORTH, 0, 0, 0, 0, 0, 0, 0, 1.0)
    geotiff("in.tif", np.arange(96).reshape(8, 12).astype(dtype), matrix=matrix)
    pool("max", "in.tif", "-o", "out.tif", "-k", "3", "-s", "2", "-p", "1")
    # Half a pixel up and to the left, along the turned axes.
    west, north = WEST - 0.5 * (24 + 18), NORTH - 0.5 * (18 - 24)
    assert gdal("out.tif")["geoTransform"] == [west, 48, 36, north, 36, -48]


def test_each_level_of_a_pyramid_lies_right(pool):
    geotiff("in.tif", np.arange(96).reshape(8, 12).astype(np.uint8), "0", POINT)
    pool("pyramid", "in.tif", "-o", "out/", "--levels", "2")
    assert ground("out/in.l1.tif") == pytest.approx((60, 60, WEST + 15, NORTH - 15))
    assert ground("out/in.l2.tif") == pytest.approx((120, 120, WEST + 45, NORTH - 45))


def test_what_a_format_cannot_say_is_noted(pool):
    geotiff("in.tif", np.arange(16, dtype=np.uint8).reshape(4, 4), "0")
    said = pool("max", "in.tif", "-o", "out.png").stderr
    assert "PNG holds no georeference" in said
    assert "PNG does not say which number is nodata" in said
    assert "no georeference" in pool("max", "in.tif", "-o", "out.npy").stderr


def test_a_raster_stored_sideways_loses_its_place(pool):
    tags = [
        (274, "H", 1, 6, True),
        (34735, "H", 16, keys(AREA), True),
        (33550, "d", 3, (SCALE, SCALE, 0.0), True),
        (33922, "d", 6, (0.0, 0.0, 0.0, WEST, NORTH, 0.0), True),
    ]
    tifffile.imwrite("in.tif", np.ones((4, 8), np.uint8), extratags=tags, metadata=None)
    assert "georeference was left out" in pool("max", "in.tif", "-o", "out.tif", "-v").stderr
    with tifffile.TiffFile("out.tif") as file:
        assert 33550 not in {tag.code for tag in file.pages[0].tags}


def test_gdal_metadata_without_what_was_of_the_pixels_before(pool):
    text = (
        '<GDALMetadata><Item name="STATISTICS_MEAN" sample="0">3</Item>'
        '<Item name="SCALE" sample="0" role="scale">0.01</Item></GDALMetadata>'
    )
    tags = [(42112, "s", 0, text, True)]
    tifffile.imwrite("in.tif", np.ones((4, 4), np.int16), extratags=tags, metadata=None)
    pool("max", "in.tif", "-o", "out.tif")
    with tifffile.TiffFile("out.tif") as file:
        kept = {tag.code: tag.value for tag in file.pages[0].tags}[42112]
    assert "STATISTICS" not in kept
    assert '<Item name="SCALE" sample="0" role="scale">0.01</Item>' in kept


@pytest.mark.parametrize("kind", [AREA, POINT])
def test_the_ground_stays_where_it_is_if_made_to_fit(pool, kind):
    geotiff("in.tif", np.arange(70, dtype=np.float32).reshape(7, 10), kind=kind)
    pool("avg", "in.tif", "--fit", 4, "-o", "out.tif")
    assert tifffile.imread("out.tif").shape == (3, 4)
    across, down, west, north = ground("out.tif")
    assert (across, down) == (pytest.approx(SCALE * 10 / 4), pytest.approx(SCALE * 7 / 3))
    moved = (across - SCALE) / 2, (down - SCALE) / 2
    assert west == pytest.approx(WEST + (moved[0] if kind == POINT else 0))
    assert north == pytest.approx(NORTH - (moved[1] if kind == POINT else 0))
