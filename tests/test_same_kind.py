"""Tensors of torch and arrays of xarray, in the CPU's memory: results come back as that kind."""

import re
import sys
from pathlib import Path

import numpy as np
import pytest
from agreement import assert_equal
from processes import python

import numbapool as nbp

TESTS = Path(__file__).parent
X = np.arange(48.0).reshape(2, 4, 6)


@pytest.fixture
def torch():
    return pytest.importorskip("torch")


@pytest.fixture
def field():
    """Return a field with coordinates of several kinds."""
    xarray = pytest.importorskip("xarray")
    days = np.array(["2020-01-01", "2020-01-02", "2020-01-05", "NaT"], "M8[ns]")
    return xarray.DataArray(
        X,
        dims=("channel", "y", "x"),
        coords={
            "channel": ["red", "green"],
            "y": ("y", np.float32([40, 30, 20, 10]), {"units": "m"}),
            "x": np.arange(6),
            "day": ("y", days),
            "label": ("y", list("abcd")),
            "height": (("y", "x"), X[0] ** 2),
            "run": 7,
        },
        name="temperature",
        attrs={"units": "K"},
    )


@pytest.mark.parametrize(("kind", "dtype"), [("torch", "uint8"), ("xarray", "float32")])
def test_every_function(kind, dtype):
    pytest.importorskip(kind)
    script = "import every_kind as e, sys; print(e.main(sys.argv[1], sys.argv[2:]))"
    variables = {"NUMBA_DISABLE_JIT": 1, "PYTHONPATH": TESTS}
    assert int(python(script, kind, dtype, **variables)) > 500


# torch


def test_tensors(torch):
    x = torch.from_numpy(X)
    want = nbp.max_pool2d(X, 2)
    for given in (x, torch.nn.Buffer(x)):
        result = nbp.max_pool2d(given, 2)
        assert type(result) is torch.Tensor
        assert_equal(result.numpy(), want)
    assert_equal(nbp.max_pool2d(x.mT, 2).numpy(), want.swapaxes(1, 2))
    fixed = torch.nn.Parameter(x, requires_grad=False)
    assert type(nbp.max_pool2d(fixed, 2)) is torch.Tensor
    values, places = nbp.max_pool2d(x, 2, return_indices=True)
    wanted, there = torch.nn.functional.max_pool2d(x, 2, return_indices=True)
    assert torch.equal(values, wanted) and torch.equal(places, there)
    assert torch.equal(
        nbp.max_unpool2d(values, places, 2), torch.nn.functional.max_unpool2d(values, places, 2)
    )
    assert type(nbp.max_pool2d([*x], 2)) is np.ndarray, "a list is no tensor"


def test_layers_and_several_operators(torch):
    x = torch.from_numpy(X)
    for result in (nbp.Pool("max", 2)(x), *nbp.Pool(("max", "min"), 2)(x)):
        assert type(result) is torch.Tensor
    assert [level.shape[1:] for level in nbp.pool_pyramid(x, "max", 2)] == [(2, 3), (1, 2)]


def test_results_are_written_into_tensors(torch):
    x, want = torch.from_numpy(X), nbp.max_pool2d(X, 2)
    out = torch.empty(2, 2, 3, dtype=torch.float64)
    assert nbp.max_pool2d(x, 2, out=out) is out
    assert_equal(out.numpy(), want)
    turned = torch.empty(3, 2, 2, dtype=torch.float64).permute(2, 1, 0)
    assert nbp.Pool("max", 2)(x, turned) is turned
    assert_equal(turned.numpy(), want)
    pair = out, torch.empty(2, 2, 3, dtype=torch.int64)
    results = nbp.max_pool2d(x, 2, return_indices=True, out=pair)
    assert [a is b for a, b in zip(results, pair, strict=True)] == [True, True]
    array = np.empty((2, 2, 3))
    assert nbp.max_pool2d(x, 2, out=array) is array
    weighed = nbp.avg_pool2d(x, 2, weights=torch.ones(4, 6), out=out)
    assert weighed is out
    both = nbp.pool2d(x, ("max", "max"), 2, out=(out, turned))
    assert both[0] is out and both[1] is turned
    row = torch.empty(2, 6, dtype=torch.float64)
    assert nbp.sequence_pool(x, "max", out=row) is row


def test_what_cannot_be_written_to(torch):
    x = torch.from_numpy(X)
    with pytest.raises(nbp.PoolTypeError, match="out must be an array of dtype float64"):
        nbp.max_pool2d(x, 2, out=torch.empty(2, 2, 3))
    with pytest.raises(nbp.PoolValueError, match="overlap"):
        nbp.max_pool2d(x, 2, out=x[:, :2, :3])
    with pytest.raises(nbp.PoolValueError, match="overlap"):
        out = torch.empty(2, 2, 3, dtype=torch.float64)
        nbp.pool2d(x, ("max", "min"), 2, out=(out, out))
    with pytest.raises(nbp.PoolTypeError, match="requires grad"):
        nbp.max_pool2d(x, 2, out=torch.empty(2, 2, 3, dtype=torch.float64, requires_grad=True))


CALLS = {
    "windows": lambda x: nbp.max_pool2d(x, 2),
    "layers": lambda x: nbp.Pool(("max", "min"), 2)(x),
    "weights": lambda x: nbp.avg_pool2d(X, 2, weights=x),
    "blocks": lambda x: nbp.block_reduce(x, 2, "max"),
    "sequences": nbp.sequence_pool,
    "scores": lambda x: nbp.attention_pool(X, x[:, :, 0]),
    "boxes": lambda x: nbp.roi_align(x, [[0, 0, 3, 3]], 2, data_format="CHW"),
    "levels": lambda x: nbp.spatial_pyramid_pool(x[None]),
    "layer": lambda x: nbp.gru_pool(x, {}),
}


@pytest.mark.parametrize("call", CALLS)
def test_tensors_that_require_grad(torch, call):
    for x in (
        torch.from_numpy(X.copy()).requires_grad_(),
        torch.nn.Parameter(torch.zeros(2, 4, 6)),
    ):
        with pytest.raises(nbp.PoolTypeError, match=r"x\.detach\(\).*numbapool\.torch"):
            CALLS[call](x)


def test_where_no_gradients_are_recorded(torch):
    x = torch.nn.Parameter(torch.from_numpy(X))
    with torch.no_grad():
        assert_equal(nbp.max_pool2d(x, 2).numpy(), nbp.max_pool2d(X, 2))


@pytest.mark.parametrize("call", CALLS)
def test_tensors_that_numpy_lacks(torch, call):
    with pytest.raises(nbp.PoolTypeError, match=r"torch\.bfloat16.*pass x\.float\(\)"):
        CALLS[call](torch.zeros(2, 4, 6, dtype=torch.bfloat16))


def test_tensors_that_are_no_numbers_in_memory(torch):
    x = torch.ones(4, 6)
    for wrong, what in (
        (torch._neg_view(x), "resolve_neg"),
        (x.to_sparse(), "to_dense"),
        (x.to("meta"), "lies on the device meta"),
    ):
        with pytest.raises(nbp.PoolTypeError, match=what):
            nbp.max_pool2d(wrong, 2)


def test_a_torch_that_lacks_a_dtype(torch, monkeypatch):
    def refuse(array):
        raise TypeError(array.dtype)

    monkeypatch.setattr(torch, "from_numpy", refuse)
    with pytest.raises(nbp.PoolTypeError, match=r"of uint64, which torch .* pass x\.numpy\(\)"):
        nbp.sum_pool2d(torch.ones(4, 6, dtype=torch.uint8), 2)


# xarray


def test_labelled_arrays(field):
    result = nbp.avg_pool2d(field, 2)
    assert_equal(result.values, nbp.avg_pool2d(X, 2))
    assert (result.name, result.attrs, result.dims) == ("temperature", {"units": "K"}, field.dims)
    assert result.channel.values.tolist() == ["red", "green"]
    assert_equal(result.y.values, np.float32([35, 15]))
    assert result.y.attrs == {"units": "m"}
    assert result.x.values.tolist() == [0.5, 2.5, 4.5]
    assert result.day.values.astype("M8[h]").astype(str).tolist() == ["2020-01-01T12", "NaT"]
    assert_equal(result.height.values, nbp.avg_pool2d(X[0] ** 2, 2))
    assert result.run == 7
    assert "label" not in result.coords
    across = nbp.avg_pool2d(field, (1, 2))
    assert across.label.equals(field.label) and across.y.equals(field.y)
    assert result.sel(channel="green", x=2.5, y=15).item() == result.values[1, 1, 1]


def test_coordinates_are_pooled_as_the_elements(field):
    """The mean of the coordinates is the mean of an array that holds them."""
    x, y = (each.values.astype(float) for each in (field.x, field.y))
    for window in (
        {"kernel_size": 3, "stride": 2, "padding": 1, "ceil_mode": True},
        {"kernel_size": 2, "stride": 1, "dilation": 2},
        {"kernel_size": (3, 4), "stride": 3, "padding": "same"},
        {"kernel_size": 3, "stride": 1, "footprint": "cross"},
    ):
        result = nbp.max_pool2d(field, **window)
        window.pop("footprint", None)
        window = {**window, "count_include_pad": False}
        across = nbp.avg_pool2d(np.tile(x, (4, 1)), **window)
        down = nbp.avg_pool2d(np.tile(y[:, None], (1, 6)), **window)
        np.testing.assert_allclose(result.x, across[0], rtol=1e-15)
        np.testing.assert_allclose(result.y, down[:, 0], rtol=1e-15)
    for size in (4, (3, 5)):
        result = nbp.adaptive_max_pool2d(field, size)
        across = nbp.adaptive_avg_pool2d(np.tile(x, (4, 1)), size)[0]
        np.testing.assert_allclose(result.x, across, rtol=1e-15)
    blurred = nbp.blur_pool2d(field)
    np.testing.assert_allclose(blurred.x, nbp.blur_pool2d(np.tile(x, (4, 1)))[0], rtol=1e-15)
    hours = blurred.day.values[0] - np.datetime64("2020-01-01")
    assert hours / np.timedelta64(1, "h") == 12, "half of the day before is mirrored"
    whole = nbp.sum_pool2d(field, 2, 4, ((3, 3), (3, 3)))  # the first window holds padding alone
    assert np.isnan(whole.y.values[0]) and np.isnat(whole.day.values[0])


def test_axes_that_go(field):
    whole = nbp.global_max_pool(field, data_format="CHW")
    assert whole.coords["x"].values.tolist() == [2.5] and whole.dims == field.dims
    gone = nbp.global_max_pool(field, data_format="CHW", keepdims=False)
    assert (gone.dims, sorted(gone.coords)) == (("channel",), ["channel", "run"])
    values, places = nbp.max_pool2d(field, 2, return_indices=True)
    assert places.dims == values.dims and places.x.equals(values.x)
    back = nbp.max_unpool2d(values, places, 2)
    assert (back.dims, sorted(back.coords)) == (field.dims, ["channel", "run"])


def test_blocks_and_levels(field):
    blocks = nbp.block_reduce(field, (2, 2, 4), "max")
    assert blocks.dims == field.dims
    assert nbp.block_reduce(field, (1, 2, 4), "max").channel.equals(field.channel)
    assert (blocks.x.values.tolist(), blocks.y.values.tolist()) == ([1.5, 4.5], [35, 15])
    assert "channel" not in blocks.coords
    trimmed = nbp.block_reduce(field, (1, 2, 4), "max", edge="trim")
    assert trimmed.x.values.tolist() == [1.5]
    levels = nbp.pool_pyramid(field, "max", 2)
    assert [level.x.values.tolist() for level in levels] == [[0.5, 2.5, 4.5], [1.5, 4.5]]
    cells = nbp.spatial_pyramid_pool(field, (1, 2))
    assert (cells.dims, cells.shape) == (("channel",), (10,))


def test_sequences_boxes_and_layers(field):
    for op, coords in (("max", True), ("stats", False)):
        rows = nbp.sequence_pool(field, op)
        assert rows.dims == ("channel", "x") and ("x" in rows.coords) == coords
    assert nbp.sequence_pool(field, "max", data_format="NCT").dims == ("channel", "y")
    cut = nbp.sequence_pool(field[0], "max", offsets=[0, 1, 4])
    assert (cut.dims, cut.shape) == (("y", "x"), (2, 6))
    assert "y" not in cut.coords and "x" in cut.coords
    boxes = nbp.roi_align(field, [[0, 0, 3, 3]], 2, data_format="CHW")
    assert (boxes.dims, "x" in boxes.coords) == (("box", "channel", "y", "x"), False)
    query = np.zeros((3, 6))
    weights = {"in_proj_weight": np.tile(np.eye(6), (3, 1)), "out_proj.weight": np.eye(6)}
    attended = nbp.multihead_attention_pool(field, query, weights, 2)
    assert attended.dims == ("channel", "query", "x") and "x" not in attended.coords


def test_names_that_are_taken(field):
    boxes = nbp.roi_pool(field.rename(y="box"), [[0, 0, 3, 3]], 2, data_format="CHW")
    assert boxes.dims == ("box_", "channel", "box", "x")


def test_indexes_stay(field):
    held = field.expand_dims(t=[0, 1]).stack(sample=("t", "channel"))
    held = held.transpose("sample", "y", "x")
    result = nbp.max_pool2d(held, 2)
    assert result.unstack("sample").sizes == {"y": 2, "x": 3, "t": 2, "channel": 2}


def test_results_are_written_into_labelled_arrays(field):
    out = nbp.max_pool2d(field, 2) * 0
    assert nbp.max_pool2d(field, 2, out=out) is out
    assert_equal(out.values, nbp.max_pool2d(X, 2))
    dask = pytest.importorskip("dask.array")
    chunks = out.copy(data=dask.zeros(out.shape))
    with pytest.raises(nbp.PoolTypeError, match=r"pass out\.compute\(\)"):
        nbp.max_pool2d(field, 2, out=chunks)
    lazy = nbp.max_pool2d(field.chunk(2), 2)
    assert type(lazy.data) is dask.Array
    assert lazy.compute().identical(nbp.max_pool2d(field, 2))


# what the guide says


@pytest.mark.parametrize("library", ["torch", "xarray"])
def test_the_guide_s_example(library):
    pytest.importorskip(library)
    guide = (TESTS.parent / "numbapool" / "README.md").read_text("utf-8")
    example = guide.partition(f"```python\nimport {library}\n")[2].partition("```")[0]
    names = {"np": np, "nbp": nbp, library: sys.modules[library]}
    lines = re.findall(r"^([a-z].*)  # (.+)$", example, re.MULTILINE)
    exec(example, names)
    assert len(lines) >= 3
    for line, said in lines:
        assert str(eval(line, names)).split() == said.split()


# what it costs others


def test_neither_library_is_imported():
    script = """
        import sys
        import numpy as np
        import numbapool as nbp
        before = set(sys.modules)
        nbp.max_pool2d(np.ones((4, 4)), 2)
        nbp.Pool("max", 2)([[1, 2], [3, 4]])
        nbp.block_reduce(np.ones((4, 4)), 2, "max")
        names = "torch", "xarray", "numbapool.tensors", "numbapool.labelled"
        print([name for name in names if name in set(sys.modules) - before])
    """
    assert python(script, NUMBA_DISABLE_JIT=1) == "[]"
