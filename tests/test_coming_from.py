"""The command's guide, "Coming from": each row gives the same in the words of both packages."""

import json
import shlex
import shutil
from importlib.util import find_spec
from pathlib import Path

import coming_from
import numpy as np
import pytest
from click.testing import CliRunner
from coming_from import ARRAYS, PACKAGES, Row, evaluated, pages
from naive_frameworks import FORMULAS
from numbapool_cli.app import cli
from PIL import Image
from strategies import PLAIN

import numbapool as nbp

pytestmark = pytest.mark.skipif(not PLAIN, reason="run as plain Python by test_random_cases.py")

TABLES = coming_from.tables()

INSTALLED = [name for name in PACKAGES if name != "TensorFlow" or find_spec("tensorflow")]
"""TensorFlow is too large for the extra `peers`: what it gave is kept in a file."""


def of(*packages: str) -> list:
    return [
        pytest.param(row, id=f"{package}-{number}")
        for package in packages
        for number, row in enumerate(TABLES[package], 1)
    ]


def agree(got: tuple, want: tuple) -> None:
    """Check dtypes, shapes, and values, those of floats but for the last digits."""
    assert len(got) == len(want)
    for a, b in zip(got, want, strict=True):
        a, b = np.asarray(a), np.asarray(b)
        assert (a.dtype, a.shape) == (b.dtype, b.shape)
        close = {"rtol": 1e-5, "atol": 1e-5} if a.dtype.kind == "f" else {"rtol": 0}
        np.testing.assert_allclose(a, b, **close)


def names_of(package: str) -> dict:
    try:
        return PACKAGES[package]()
    except ImportError as error:
        pytest.skip(f"{package} is not installed: {error}")


def test_each_package_has_its_table():
    assert list(TABLES) == list(ARRAYS)
    assert all(4 <= len(rows) <= 10 for rows in TABLES.values())


@pytest.mark.parametrize("row", of(*INSTALLED))
def test_the_package_gives_the_same(row: Row):
    names = names_of(row.package)
    ours = {name: value for name, value in names.items() if name in ARRAYS[row.package]}
    got = evaluated(row.ours, row.package, ours)
    want = evaluated(row.theirs, row.package, names)
    if row.mind == "halves go up or down there, up here":
        (exact,) = evaluated(row.ours, row.package, {"u": ARRAYS[row.package]["u"].astype(float)})
        halves = np.isclose(exact % 1, 0.5)
        assert (got[0][halves] == np.ceil(exact[halves])).all()
        assert 0 < (want[0][halves] < exact[halves]).mean() < 1
        got, want = (got[0][~halves],), (want[0][~halves],)
    agree(got, want)
    if row.package == "xarray":
        assert got[0].coords.equals(want[0].coords) == (row.mind != "other coordinates")


@pytest.mark.parametrize("row", of(*FORMULAS))
def test_what_the_package_documents_is_the_same(row: Row):
    want = evaluated(row.theirs, row.package, FORMULAS[row.package])
    agree(evaluated(row.ours, row.package, {}), want)


def test_tensorflow_gave_the_same():
    """What TensorFlow itself gave, of the version that the file names."""
    said = json.loads(coming_from.OF_TENSORFLOW.read_text("utf-8"))
    assert said.pop("version")
    assert list(said) == [row.theirs for row in TABLES["TensorFlow"]]
    for row in TABLES["TensorFlow"]:
        (got,) = evaluated(row.ours, row.package, {})
        np.testing.assert_allclose(got, said[row.theirs], rtol=1e-5, atol=1e-5)


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Write the package's inputs into an empty folder, and go there."""
    monkeypatch.chdir(tmp_path)

    def write(package: str) -> None:
        coming_from.write_inputs(package, tmp_path)

    return write


def commanded(command: str) -> list[Path]:
    """Return the files that a command writes."""
    before = set(Path().rglob("*"))
    program, *words = shlex.split(command)
    assert program == "pool"
    result = CliRunner().invoke(cli, words)
    assert result.exit_code == 0, result.output
    return sorted(path for path in set(Path().rglob("*")) - before if path.is_file())


@pytest.mark.parametrize("row", [each for each in of(*TABLES) if each.values[0].command])
def test_the_command_gives_the_same(row: Row, files):
    files(row.package)
    written = [page for path in commanded(row.command) for page in pages(path)]
    agree(tuple(written), evaluated(row.ours, row.package, {}))


# ---------------------------------------------------------------------------------------- GDAL

only_gdal = pytest.mark.skipif(not shutil.which("gdalwarp"), reason="GDAL is not installed")


def place(path: Path) -> tuple:
    """Return the size of a pixel, and which pixel lies where on the ground."""
    with Image.open(path) as image:
        return image.tag_v2[33550], image.tag_v2[33922]


@only_gdal
@pytest.mark.parametrize("row", of("GDAL"))
def test_gdal_gives_the_same(row: Row, files):
    files("GDAL")
    agree(evaluated(row.ours, "GDAL", {}), coming_from.of_gdal(row.theirs, Path()))


@only_gdal
def test_gdals_pixels_lie_where_ours_do(files):
    files("GDAL")
    row = TABLES["GDAL"][0]
    coming_from.of_gdal(row.theirs, Path())
    (written,) = commanded(row.command)
    assert place(written) == place(Path("out.tif"))


@only_gdal
def test_difference_gdals_levels_are_made_of_levels(files, monkeypatch):
    """Next to nodata a mean of means is not the raster's own."""
    dem = ARRAYS["GDAL"]["dem"].copy()
    dem[9, 9] = coming_from.NODATA
    monkeypatch.setitem(ARRAYS, "GDAL", {"dem": dem})
    files("GDAL")
    first, second = coming_from.of_gdal("gdaladdo -r average dem.tif 2 4", Path())
    again = nbp.avg_pool2d(first, 2, nodata=coming_from.NODATA)
    np.testing.assert_allclose(second, again, rtol=1e-6)
    assert second[2, 2] != pytest.approx(nbp.avg_pool2d(dem, 4, nodata=coming_from.NODATA)[2, 2])


# --------------------------------------------------------------------------- what to mind


def test_difference_odd_powers():
    """torch adds up powers with their signs, here the sizes' powers are added."""
    torch = pytest.importorskip("torch")
    theirs = torch.nn.functional.lp_pool2d(torch.tensor([[[-2.0]]]), 1, 1)
    assert (theirs.item(), nbp.lp_pool2d([[[-2.0]]], 1, 1).item()) == (-2, 2)
