"""Arrays as people hold them: every kind that NumPy can read, and clear words on the others."""

import array

import numpy as np
import pytest
from agreement import assert_equal

import numbapool as nbp

X = np.arange(32, dtype=np.float32).reshape(4, 8)[::-1]
WANT = X.reshape(2, 2, 4, 2).max((1, 3))


class Wrapped:
    """An array that is known by one protocol alone."""

    def __init__(self, x):
        self.x = x


class ByArray(Wrapped):
    def __array__(self, dtype=None, copy=None):
        return self.x


class ByInterface(Wrapped):
    @property
    def __array_interface__(self):
        return self.x.__array_interface__


class ByStruct(Wrapped):
    @property
    def __array_struct__(self):
        return self.x.__array_struct__


class ByDLPack(Wrapped):
    device = (1, 0)

    def __dlpack__(self, **options):
        return self.x.__dlpack__(**options)

    def __dlpack_device__(self):
        return self.device

    def __len__(self):
        raise AssertionError("this is no list")

    def __getitem__(self, n):
        raise AssertionError("this is no list")


class OldDLPack(ByDLPack):
    def __dlpack__(self, *, stream=None):
        return self.x.__dlpack__(stream=stream)


class OnCuda(ByDLPack):
    device = (2, 1)


class OnSomethingNew(ByDLPack):
    device = (99, 0)


class ByCudaInterface(Wrapped):
    @property
    def __cuda_array_interface__(self):
        return self.x.__array_interface__


class Unwilling(OnCuda):
    """As CuPy's arrays and torch's tensors are."""

    def __array__(self, dtype=None, copy=None):
        raise TypeError("not by itself")


PROTOCOLS = [ByArray, ByInterface, ByStruct, ByDLPack, OldDLPack]


@pytest.mark.parametrize("kind", PROTOCOLS)
def test_every_protocol(kind):
    assert_equal(nbp.max_pool2d(kind(X), 2), WANT)


def test_buffers_and_lists():
    for x in (X.tolist(), tuple(X.tolist()), [*X], memoryview(X)):
        assert nbp.max_pool2d(x, 2).tolist() == WANT.tolist()
    for x in (array.array("h", [1, 5, 2, 3] * 4), bytearray([1, 5, 2, 3] * 8), range(4)):
        assert nbp.max_pool1d(x, 2).tolist()[:2] == [max(x[:2]), max(x[2:4])]


def test_subclasses_come_back_plain():
    class Named(np.ndarray):
        pass

    assert_equal(nbp.max_pool2d(X.view(Named), 2), WANT)
    assert type(nbp.max_pool2d(X.view(Named), 2)) is np.ndarray


@pytest.mark.parametrize("kind", PROTOCOLS)
def test_functions_that_put_together(kind):
    x = np.ascontiguousarray(X)
    values, places = nbp.max_pool2d(x, 2, return_indices=True)
    assert_equal(
        nbp.max_unpool2d(kind(values), kind(places), 2), nbp.max_unpool2d(values, places, 2)
    )
    assert_equal(nbp.block_reduce(kind(x), 2, "sum"), nbp.block_reduce(x, 2, "sum"))
    assert_equal(nbp.global_max_pool(kind(x[None, None])), nbp.global_max_pool(x[None, None]))
    places = places[None, None]
    assert_equal(nbp.to_onnx_indices(kind(places), (1, 1, 4, 8)), places)
    assert_equal(nbp.to_tf_indices(kind(places), (1, 1, 2, 4)), places * 4 + np.arange(4))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (OnSomethingNew(X), "lies on a device of DLPack's kind 99"),
        (ByDLPack(X.astype(np.longdouble)), "longdouble|float128|DLPack"),
        (np.ma.masked_less(X, 3), "masked"),
        ([np.ma.masked_less(X, 3)], "masked"),
        ([[1, 2], [3, np.ma.masked]], "masked"),
        (X.astype(complex), "complex128"),
        (X.astype(np.longdouble), str(np.dtype(np.longdouble))),
        (X.astype("M8[s]"), r"datetime64\[s\]"),
        (X.astype("m8[s]"), r"timedelta64\[s\]"),
        (X.astype(object), "object"),
        (X.astype(str), "<U"),
        (b"bytes", "|S5"),
        (None, "object"),
        (object(), "object"),
        ({"x": 1}, "object"),
    ],
)
def test_what_is_refused(x, message):
    with pytest.raises(nbp.PoolTypeError, match=message):
        nbp.max_pool2d(x, 2)
    with pytest.raises(nbp.PoolTypeError, match=message):
        nbp.block_reduce(x, 2, "mean")


@pytest.mark.parametrize("kind", [OnCuda, Unwilling, ByCudaInterface])
def test_a_device_is_told_with_what_to_do(kind):
    message = rf"a {kind.__name__} lies on a CUDA device.* x\.cpu\(\) or x\.get\(\)"
    with pytest.raises(nbp.PoolTypeError, match=message):
        nbp.to_onnx_indices(kind(X), (4, 6))


def test_a_ragged_list():
    with pytest.raises(nbp.PoolValueError, match="inhomogeneous"):
        nbp.max_pool2d([[1, 2], [3]], 1)


def test_errors_of_an_array_s_own_are_its_own():
    class Lazy:
        def __array__(self, dtype=None, copy=None):
            raise RuntimeError("the file is gone")

    with pytest.raises(RuntimeError, match="the file is gone"):
        nbp.max_pool2d(Lazy(), 2)


def test_indices_are_whole_numbers():
    for indices in (np.zeros((1, 1, 1, 1)), np.ma.zeros((1, 1, 1, 1), int)):
        for call in (
            lambda: nbp.max_unpool2d(np.zeros((1, 1, 1, 1)), indices, 2),  # noqa: B023
            lambda: nbp.to_onnx_indices(indices, (1, 1, 2, 2)),  # noqa: B023
            lambda: nbp.to_tf_indices(indices, (1, 2, 2, 1)),  # noqa: B023
        ):
            with pytest.raises(nbp.PoolTypeError):
                call()


@pytest.mark.parametrize("kind", [np.asarray, *PROTOCOLS])
def test_out_that_overlaps_what_is_wrapped(kind):
    for x in (np.arange(16.0).reshape(4, 4), np.arange(32.0).reshape(4, 8)[:, ::2]):
        with pytest.raises(nbp.PoolValueError, match="overlaps"):
            nbp.max_pool2d(kind(x), 2, out=x[:2, :2])


# torch


def test_torch():
    torch = pytest.importorskip("torch")
    x = torch.arange(32.0).reshape(4, 8)
    want = nbp.max_pool2d(x.numpy(), 2)
    assert_equal(nbp.max_pool2d(x.t(), 2).numpy(), want.T)
    assert_equal(nbp.avg_pool2d(x.half(), 2).numpy(), nbp.avg_pool2d(x.half().numpy(), 2))
    assert_equal(nbp.max_pool2d(list(x), 2), want)
    assert_equal(nbp.max_pool2d(torch.nn.Parameter(x).detach(), 2).numpy(), want)
    values, places = torch.nn.functional.max_pool2d(x[None], 2, return_indices=True)
    got = nbp.max_unpool2d(values, places, 2)
    assert_equal(got.numpy(), torch.nn.functional.max_unpool2d(values, places, 2).numpy())
    sizes = nbp.max_unpool2d(values, places, 2, output_size=torch.Size([4, 8]))
    assert torch.equal(sizes, got)


def test_torch_is_refused_with_what_to_do():
    torch = pytest.importorskip("torch")
    x = torch.arange(32.0).reshape(4, 8)
    for wrong, message in (
        (x.clone().requires_grad_(), r"\.detach\(\)"),
        (torch.nn.Parameter(x), r"\.detach\(\)"),
        ([x.clone().requires_grad_()], r"\.detach\(\)"),
        (x.bfloat16(), r"torch\.bfloat16.*x\.float\(\)"),
        (x.bfloat16().requires_grad_(), r"x\.float\(\)|\.detach\(\)"),
        (x.to(torch.float8_e4m3fn), r"torch\.float8_e4m3fn.*x\.float\(\)"),
        (x.to("meta"), "lies on the device meta"),
        (x.to_sparse(), "to_dense"),
        (torch.complex(x, x), "complex64"),
    ):
        with pytest.raises(nbp.PoolTypeError, match=message):
            nbp.max_pool2d(wrong, 2)


# pandas and xarray


def test_pandas():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcdefgh"))
    assert_equal(nbp.max_pool2d(frame, 2), WANT)
    assert_equal(nbp.max_pool1d(frame["b"], 2), nbp.max_pool1d(X[:, 1], 2))
    assert_equal(nbp.max_pool1d(pandas.Index([3, 1, 2, 5]), 2), np.array([3, 5]))
    mixed = pandas.DataFrame({"a": [1, 2], "b": [0.5, 2]})
    assert_equal(nbp.sum_pool2d(mixed, 2), np.array([[5.5]]))
    gap = pandas.Series([1, None, 3, 4], dtype="Int64")
    assert_equal(nbp.max_pool1d(gap.to_numpy(float, na_value=np.nan), 2), np.array([np.nan, 4]))


def test_pandas_is_refused_with_its_dtypes():
    pandas = pytest.importorskip("pandas")
    for wrong, message in (
        (
            pandas.DataFrame({"a": [1, 2], "b": ["x", "y"]}),
            r"DataFrame of int64, (str|object).*to_numpy",
        ),
        (pandas.DataFrame({"a": [True], "b": [1.5]}), "DataFrame of bool, float64"),
        (pandas.DataFrame([[1, 2], [3, 4]], dtype="Int64"), "DataFrame of Int64"),
        (pandas.DataFrame({"a": pandas.to_datetime(["2020-02-02"])}), "datetime64"),
        (pandas.DataFrame([[1, 2j]]), "complex128"),
    ):
        with pytest.raises(nbp.PoolTypeError, match=message):
            nbp.max_pool2d(wrong, 1)
    with pytest.raises(nbp.PoolTypeError, match="Series of category"):
        nbp.max_pool1d(pandas.Series(["a", "b"], dtype="category"), 1)


def test_xarray():
    xarray = pytest.importorskip("xarray")
    x = xarray.DataArray(X, dims=("y", "x"), coords={"y": [4, 3, 2, 1]})
    assert_equal(nbp.max_pool2d(x, 2).values, WANT)
    assert_equal(nbp.max_pool2d(x.T, 2).values, WANT.T)
    with pytest.raises(nbp.PoolTypeError, match="DataArray"):
        nbp.max_pool2d(x.to_dataset(name="x"), 2)
    with pytest.raises(nbp.PoolTypeError, match="datetime64"):
        nbp.max_pool2d(x.astype("datetime64[ns]"), 2)


def test_dask():
    dask_array = pytest.importorskip("dask.array")
    lazy = nbp.max_pool2d(dask_array.from_array(X, chunks=2), 2)
    assert type(lazy) is dask_array.Array
    assert_equal(lazy.compute(), WANT)
