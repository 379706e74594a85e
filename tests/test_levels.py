"""Levels of images in stores: the library's own pyramid, and what OME-NGFF says of them."""

import copy
import re
from pathlib import Path
from unittest import mock

import numpy as np
import pytest
from strategies import PLAIN

import numbapool as nbp
from numbapool.stores.ladder import ladder
from numbapool.stores.ngff import attributes_of, image_of, moved
from numbapool.stores.opened import Source

zarr = pytest.importorskip("zarr")
from stored_images import SPACE, image, scaled, small  # noqa: E402

pytestmark = pytest.mark.skipif(not PLAIN, reason="stores know of no machine code")


def levels_of(store):
    """Return the levels that the metadata name, after level 0."""
    group = zarr.open_group(store, mode="r")
    datasets = image_of(group.attrs).multiscale["datasets"]
    return [group[each["path"]][...] for each in datasets[1:]]


def places_of(store):
    """Return the scale and the translation of each level after level 0."""
    datasets = image_of(zarr.open_group(store, mode="r").attrs).multiscale["datasets"]
    return [
        tuple(list(each.values())[1] for each in level["coordinateTransformations"])
        for level in datasets[1:]
    ]


def test_one_block_for_all_levels(tmp_path):
    """Level 0 is read once; no key of it changes; metadata come last and nothing is left over."""
    x = small()
    store, read = image(x), []
    before = {key: value.to_bytes() for key, value in store.items() if key.startswith("0/")}
    real = Source.read
    with mock.patch.object(Source, "read", lambda s, part: read.append(part) or real(s, part)):
        made = nbp.pyramid_into(store, levels=3)
    assert len(read) == made.steps == 1 and made.paths == ("1", "2", "3")
    assert made.factors == ((2,) * 3, (4,) * 3, (8,) * 3) and made.shapes[-1] == (2, 3, 3)
    for got, want in zip(levels_of(store), nbp.pool_pyramid(x, "avg", 3, (2, 2, 2)), strict=True):
        np.testing.assert_array_equal(got, want)
        assert got.dtype == want.dtype
    assert {key: value.to_bytes() for key, value in store.items() if key.startswith("0/")} == before
    assert not [key for key in store if ".numbapool" in key]


@pytest.mark.parametrize(
    ("op", "dtype"),
    [
        ("avg", "uint8"),
        ("avg", "float32"),
        ("sum", "uint16"),
        ("mode", "uint8"),
        ("std", "float32"),
        (["max", "avg"], "float32"),
    ],
)
def test_steps_and_chunks_never_matter(op, dtype):
    """Blocks so small that several make a chunk, which waits for its parts."""
    x = small((7, 13, 10), dtype)
    want = nbp.pool_pyramid(x, op, 2, (2, 2, 2))
    for chunks, bytes_ in (((3, 5, 6), 1), ((8, 8, 4), 200)):
        store = image(x, chunks)
        with mock.patch("numbapool.stores.chunked.SLAB_BYTES", bytes_):
            made = nbp.pyramid_into(store, op, 2, workers=2)
        assert made.steps > 8
        for got, level in zip(levels_of(store), want, strict=True):
            assert got.dtype == level.dtype
            if op == "std":
                np.testing.assert_allclose(got, level, 1e-6)
            else:
                np.testing.assert_array_equal(got, level)
        assert not [key for key in store if ".numbapool" in key]


def test_blocks_make_whole_chunks_of_level_1():
    """Blocks of 32 MB of level 0: what they make of level 1 waits for nothing."""
    store = {}
    zarr.create_group(store).create_array("0", shape=(512,) * 3, dtype="u2", chunks=(128,) * 3)
    assert nbp.pyramid_into(store, levels=2, dry_run=True).steps == 8 + 1


def test_trimmed_levels_and_a_copy_of_level_0():
    x = small((2, 3, 9, 7), "uint16")
    for chunks, bytes_ in (((1, 1, 4, 4), 1), ((1, 3, 5, 2), 500)):
        store, other = image(x, chunks), {}
        with mock.patch("numbapool.stores.chunked.SLAB_BYTES", bytes_):
            nbp.pyramid_into(store, "max", 2, (1, 2, 2), target=other, ceil_mode=False)
        group = zarr.open_group(other, mode="r")
        np.testing.assert_array_equal(group["0"][...], x)
        want = nbp.pool_pyramid(x, "max", 2, 2, ceil_mode=False)
        for got, level in zip(levels_of(other), want, strict=True):
            np.testing.assert_array_equal(got, level)
        assert len(levels_of(store)) == 0


def test_what_others_round_or_wrap_or_invent():
    store = image(np.array([[0, 255, 255, 7], [255, 255, 255, 9]], "u1"))
    nbp.pyramid_into(store, "mean", 1)
    assert levels_of(store)[0].tolist() == [[191, 132]]
    nbp.pyramid_into(store, "sum", 2, overwrite=True)
    assert [level.tolist() for level in levels_of(store)] == [[[765, 526]], [[1291]]]
    x = np.arange(25, dtype="u1").reshape(5, 5)
    for chunks in (1, 2, 5):
        store = image(x, chunks)
        nbp.pyramid_into(store, levels=1)
        assert levels_of(store)[0].tolist() == [[3, 5, 7], [13, 15, 17], [21, 23, 24]]
    x = np.array([[0.5, 1.0], [2.5, -10000.0]])
    store = image(x, 1)
    nbp.pyramid_into(store, levels=1, nodata=-10000)
    np.testing.assert_allclose(levels_of(store)[0], [[4 / 3]])
    x = np.array([[1.0, np.nan, np.nan, np.nan]])
    for nan, want in (("propagate", [np.nan, np.nan]), ("skip", [1.0, np.nan])):
        store = image(x, 1)
        nbp.pyramid_into(store, levels=1, factors=(1, 2), nan=nan)
        np.testing.assert_array_equal(levels_of(store)[0][0], want)


def test_means_do_not_drift():
    x = small((256, 256))
    store = image(x, 64)
    nbp.pyramid_into(store, levels=5)
    assert abs(levels_of(store)[-1].mean() - x.mean()) < 0.1


def test_labels():
    x = np.random.default_rng(1).choice(np.array([3, 70, 9000], "u4"), (13, 11))
    store = image(x)
    group = zarr.open_group(store)
    group.attrs["ome"] = {**group.attrs["ome"], "image-label": {"colors": []}}
    with pytest.raises(nbp.PoolValueError, match=r"holds labels, and avg.*op='mode'.*force=True"):
        nbp.pyramid_into(store)
    nbp.pyramid_into(store, "mode")
    for got, want in zip(levels_of(store), nbp.pool_pyramid(x, "mode", 2), strict=True):
        np.testing.assert_array_equal(got, want)
        assert set(np.unique(got)) <= {3, 70, 9000}
    nbp.pyramid_into(store, levels=1, force=True, overwrite=True)
    assert len(levels_of(store)) == 1
    assert zarr.open_group(store).attrs["ome"]["image-label"] == {"colors": []}


def test_where_levels_lie():
    """Each level lies at the middle of what it pools: exact, and by strides, not by shapes."""
    store = image(np.zeros((7, 8), "u1"), scale=(0.5, 0.5))
    nbp.pyramid_into(store, levels=2)
    assert places_of(store) == [([1.0] * 2, [0.25] * 2), ([2.0] * 2, [0.75] * 2)]
    assert [level.shape for level in levels_of(store)] == [(4, 4), (2, 2)]
    store = image(np.zeros((7, 8), "u1"), scale=(0.5, 0.5))
    nbp.pyramid_into(store, "first", levels=2)
    assert places_of(store) == [([1.0] * 2, [0.0] * 2), ([2.0] * 2, [0.0] * 2)]
    origin, scale = (0.0, 0.0, -10.0, -20.0, -30.0), (1.0, 1.0, 2.0, 0.35, 0.35)
    store = image(small((2, 2, 4, 8, 8)), scale=scale, translation=origin)
    made = nbp.pyramid_into(store, levels=3)
    assert made.factors == ((1, 1, 1, 2, 2), (1, 1, 1, 4, 4), (1, 1, 2, 8, 8))
    (steps, places), _, (last, _) = places_of(store)
    assert steps == [1, 1, 2, 0.7, 0.7] and places == [0, 0, -10, -19.825, -29.825]
    assert last == [1, 1, 4, 2.8, 2.8]
    window = {"kernel": (3,), "stride": (2,), "dilation": (2,), "before": (1,)}
    assert moved((0.5,), (10.0,), **window) == ((1.0,), (10.5,))


def test_factors_of_each_level():
    x = small((8, 16, 16))
    store = image(x)
    made = nbp.pyramid_into(store, "max", factors=[(1, 2, 2), (2, 2, 2)])
    assert made.factors == ((1, 2, 2), (2, 4, 4))
    assert levels_of(store)[1].shape == (4, 4, 4)
    np.testing.assert_array_equal(levels_of(store)[1], nbp.max_pool3d(x, (2, 4, 4)))


@pytest.mark.parametrize(
    ("levels", "factors", "scale", "want"),
    [
        ("auto", 2, (1, 1, 1), [(2, 2, 2)] * 3),
        ("auto", 2, (4, 1, 1), [(1, 2, 2), (1, 2, 2), (2, 2, 2)]),
        ("auto", 2, (0.325 * 2, 0.65 / 2, 0.325), [(1, 2, 2), (2, 2, 2), (2, 2, 2)]),
        ("auto", (1, 4, 4), (1, 1, 1), [(1, 4, 4), (1, 4, 4)]),
        (1, [(1, 2, 2)], (1, 1, 1), [(1, 2, 2)]),
        (3, [(1, 2, 2), 2], (1, 1, 1), [(1, 2, 2), (2, 2, 2), (2, 2, 2)]),
        (20, 2, (1, 1, 1), [(2, 2, 2)] * 5 + [(1, 2, 2)] * 4),
    ],
)
def test_ladders(levels, factors, scale, want):
    assert ladder(levels, factors, (32, 512, 512), scale, (32, 64, 64), True) == want


def test_planes_and_images_that_fit():
    assert ladder("auto", 2, (100, 4096, 4096), (1, 1, 1), (1, 1024, 1024), True) == [(2,) * 3] * 2
    store = image(small((3, 4)), 4)
    assert nbp.pyramid_into(store).paths == () and levels_of(store) == []


def test_versions_and_all_other_attributes():
    x = small((12, 12), "float32")
    for version in ("0.4", "0.5"):
        store, other = image(x, version=version), {}
        group = zarr.open_group(store)
        omero = {"channels": [{"color": "ff0000"}]}
        if version == "0.5":
            group.attrs["ome"] = {**group.attrs["ome"], "omero": omero}
        else:
            group.attrs["omero"] = omero
        group.attrs["lab"] = {"of": [1, 2]}
        old = copy.deepcopy(dict(group.attrs))
        newer = {"0.4": "0.5", "0.5": "0.4"}[version]
        nbp.pyramid_into(store, levels=1, target=other, ngff=newer)
        assert dict(zarr.open_group(store).attrs) == old
        nbp.pyramid_into(store, levels=1)
        for place, its in ((store, version), (other, newer)):
            made = zarr.open_group(place)
            assert made.metadata.zarr_format == (2 if its == "0.4" else 3)
            held = dict(made.attrs)
            assert held.pop("lab") == {"of": [1, 2]}
            held = held.pop("ome") if its == "0.5" else held
            assert held.pop("omero") == omero
            (first,) = held.pop("multiscales")
            assert (first if its == "0.4" else held).pop("version") == its and not held
            assert first["name"] == "cells" and first["type"] == "mean"
            assert first["metadata"]["kwargs"] == {"op": "avg", "nan": "propagate"}
            key = "1/0/0" if its == "0.4" else "1/c/0/0"
            assert key in place
            if its == "0.5":
                assert made["1"].metadata.dimension_names == ("y", "x")
            np.testing.assert_array_equal(made["1"][...], nbp.avg_pool2d(x, 2))


def test_a_copy_of_all_metadata_is_renewed():
    x = small((8, 8))
    for version in ("0.4", "0.5"):
        store = image(x, version=version)
        with pytest.warns() if version == "0.5" else mock.MagicMock():
            zarr.consolidate_metadata(store)
        nbp.pyramid_into(store, levels=1)
        group = zarr.open_consolidated(store)
        assert sorted(name for name, _ in group.arrays()) == ["0", "1"]
        assert len(image_of(group.attrs).multiscale["datasets"]) == 2


def test_further_images_of_a_group_stay():
    other = {"name": "other", "axes": SPACE, "datasets": [scaled("b", (1, 1, 1))]}
    attributes = {"ome": {"version": "0.5", "multiscales": [{"name": "a"}, other]}}
    made = attributes_of(attributes, "0.4", [{"name": "new"}, other])
    assert made == {"multiscales": [{"version": "0.4", "name": "new"}, {"version": "0.4", **other}]}
    assert attributes["ome"]["multiscales"][0] == {"name": "a"}


def test_empty_blocks_are_neither_read_nor_written():
    store = image(np.full((16, 16), 7, "u1"), 4, fill_value=7, config={"write_empty_chunks": False})
    zarr.open_group(store)["0"][:4, :4] = 1
    with mock.patch("numbapool.stores.chunked.SLAB_BYTES", 1):
        made = nbp.pyramid_into(store, levels=2, chunks=2)
    assert (made.steps, made.empty) == (16 + 4, 15 + 3)
    keys = [key for key in store if key.startswith(("1/", "2/")) and "/c/" in key]
    assert sorted(keys) == ["1/c/0/0", "2/c/0/0"]
    assert zarr.open_group(store)["2"][...].min() == 1


def test_a_run_that_failed_goes_on(tmp_path):
    x = small((16, 16), "uint16")
    image(x, 4, str(tmp_path / "a.zarr"))
    chunk = tmp_path / "a.zarr" / "0" / "c" / "1" / "2"
    good = chunk.read_bytes()
    chunk.write_bytes(b"broken")
    given = (str(tmp_path / "a.zarr"), "avg", 2)
    with mock.patch("numbapool.stores.chunked.SLAB_BYTES", 1):
        error = r"1 of 20 steps failed, the first one with level 0's \[4:8, 8:12\]"
        with pytest.raises(nbp.PoolValueError, match=error):
            nbp.pyramid_into(*given, chunks=2)
        assert levels_of(given[0]) == []
        with pytest.raises(nbp.PoolValueError, match=r"level 1, 2 already.*resume=True"):
            nbp.pyramid_into(*given, chunks=2)
        chunk.write_bytes(good)
        with pytest.raises(nbp.PoolValueError, match="another plan"):
            nbp.pyramid_into(given[0], "max", 2, chunks=2, resume=True)
        seen = []
        made = nbp.pyramid_into(
            *given, chunks=2, resume=True, progress=lambda *counts: seen.append(counts)
        )
    assert (made.steps, made.before) == (20, 15) and seen[-1] == (20, 20)
    for got, want in zip(levels_of(given[0]), nbp.pool_pyramid(x, "avg", 2), strict=True):
        np.testing.assert_array_equal(got, want)
    assert not list(tmp_path.rglob(".numbapool*"))
    chunk.write_bytes(b"broken")
    with pytest.raises(nbp.errors.PoolStepsError):
        nbp.pyramid_into(*given, chunks=2, overwrite=True)
    chunk.write_bytes(good)
    assert nbp.pyramid_into(*given, chunks=2, overwrite=True).before == 0
    assert len(levels_of(given[0])) == 2


def test_a_run_on_a_plain_group_goes_on():
    """Beside half-made levels, level 0 is still found."""
    x, store = small((8, 8)), {}
    zarr.create_group(store).create_array("0", data=x, chunks=(4, 4))
    with mock.patch("numbapool.stores.climb.Climb.climb", side_effect=KeyboardInterrupt):
        with pytest.raises(KeyboardInterrupt):
            nbp.pyramid_into(store, levels=2, resume=True)
    assert levels_of(store) == []
    nbp.pyramid_into(store, levels=2, resume=True)
    for got, want in zip(levels_of(store), nbp.pool_pyramid(x, "avg", 2), strict=True):
        np.testing.assert_array_equal(got, want)


def test_a_dry_run_makes_nothing():
    store = image(small((16, 16)), 4)
    before = set(store)
    with mock.patch("numbapool.stores.chunked.SLAB_BYTES", 1):
        planned = nbp.pyramid_into(store, levels=2, dry_run=True)
        assert set(store) == before
        made = nbp.pyramid_into(store, levels=2)
    assert planned == made and planned.steps == 21 and planned.dtypes == (np.uint8, np.uint8)


def test_where_an_image_may_lie(tmp_path):
    """In a group that no metadata describe, beside other arrays, or alone."""
    x = small((8, 8))
    group = zarr.create_group(tmp_path / "plain.zarr")
    group.create_array("raw", data=x, chunks=(4, 4))
    assert nbp.pyramid_into(tmp_path / "plain.zarr", "max").paths == ("raw-1",)
    found = image_of(zarr.open_group(tmp_path / "plain.zarr").attrs)
    assert (found.path, found.names, found.multiscale["name"]) == ("raw", ("y", "x"), "plain")
    group = zarr.create_group(tmp_path / "two.zarr")
    for name in "ab":
        group.create_array(name, data=x, chunks=(4, 4))
    with pytest.raises(nbp.PoolValueError, match="group of arrays: give one of a, b"):
        nbp.pyramid_into(tmp_path / "two.zarr")
    assert nbp.pyramid_into(tmp_path / "two.zarr" / "a").paths == ("a-1",)
    with pytest.raises(nbp.PoolValueError, match="b is not level 0 of its image, which is a"):
        nbp.pyramid_into(group["b"])
    with pytest.raises(nbp.PoolValueError, match="lies in no group"):
        nbp.pyramid_into(x)
    np.save(tmp_path / "x.npy", x)
    made = nbp.pyramid_into(tmp_path / "x.npy", levels=1, target=tmp_path / "x.zarr")
    assert made.shapes == ((4, 4),)
    np.testing.assert_array_equal(zarr.open_group(tmp_path / "x.zarr")["0"][...], x)


def test_shards():
    x = small((32, 32), "uint16")
    store = image(x, 4, shards=(8, 8))
    with mock.patch("numbapool.stores.chunked.SLAB_BYTES", 1):
        nbp.pyramid_into(store, levels=2, workers=4)
    made = zarr.open_group(store)["1"]
    assert (made.chunks, made.shards) == ((4, 4), (8, 8))
    for got, want in zip(levels_of(store), nbp.pool_pyramid(x, "avg", 2), strict=True):
        np.testing.assert_array_equal(got, want)


def test_the_guides_example(tmp_path, monkeypatch):
    guide = (Path(nbp.__file__).parent / "README.md").read_text("utf-8")
    (code,) = re.findall(r"### Levels of an image\n.*?```python\n(.*?)```", guide, re.DOTALL)
    monkeypatch.chdir(tmp_path)
    image(small((2, 8, 9)), 8, "cells.zarr")
    image(small((4, 8, 9)), 8, "cells.zarr/labels/nuclei")
    np.save("stack.npy", small((2, 2, 8, 8)))
    exec(code, {})
    assert levels_of("cells.zarr/labels/nuclei")[0].shape == (2, 4, 5)
    assert levels_of("new.zarr")[0].shape == (2, 4, 5)
    assert levels_of("stack.zarr") == []


@pytest.mark.parametrize(
    ("given", "more", "error"),
    [
        ({"levels": -1}, {}, "levels must lie between 1 and 1024, not -1"),
        ({"levels": "all"}, {}, "levels must be a number or 'auto', not 'all'"),
        ({"factors": 1}, {}, "factors must be at least 2"),
        ({"factors": (1, 1)}, {}, "make no level smaller"),
        ({"factors": [2, 2], "levels": 1}, {}, "factors are for 2 levels"),
        ({"op": ["max", "avg"], "levels": 3}, {}, "chain of 2 operators makes 2 levels"),
        ({"op": "max", "return_indices": True}, {}, "no return_indices"),
        ({"ngff": "0.3"}, {}, "ngff must be 0.4 or 0.5, not '0.3'"),
        ({"ngff": "0.4"}, {}, "for 0.4 give a target"),
        ({"axes": "yx"}, {}, "names its axes itself"),
        ({"memory": 10}, {}, "more than memory 10: make fewer levels"),
        ({"chunks": 3, "shards": 8}, {}, "do not divide shards"),
        ({}, {"version": "0.6"}, "OME-NGFF 0.6"),
    ],
)
def test_refusals(given, more, error):
    store = image(small((9, 9)), **more)
    with pytest.raises(nbp.PoolError, match=error):
        nbp.pyramid_into(store, **given)
    assert not [key for key in store if key.startswith("1/") or ".numbapool" in key]
