"""Against torch on CPU, over the parameter space of its own OpInfo samples.

The last section holds the deliberate differences, one test each.
"""

import itertools

import numpy as np
import pytest
import strategies as draws
from hypothesis import assume, given
from hypothesis import strategies as st

import numbapool as nbp

torch = pytest.importorskip("torch", reason="torch is not installed")
functional = torch.nn.functional

every_ndim = pytest.mark.parametrize("ndim", [1, 2, 3])

SIGNALS = {1: [(3,), (6,)], 2: [(3, 6), (6, 6)], 3: [(3, 6, 5), (6, 6, 5)]}
LEADS = {1: [(1, 2), (2, 2), (2,)], 2: [(1, 2), (2, 2), (2,)], 3: [(1, 2), (2, 2), (2,)]}
MAX_SPACE = {
    1: {
        "kernel_size": [3, (3,)],
        "stride": [2, None, (2,)],
        "padding": [0, 1, (1,)],
        "dilation": [1, (1,)],
    },
    2: {
        "kernel_size": [3, (3, 2)],
        "stride": [2, None, (2, 1)],
        "padding": [0, 1, (1, 1)],
        "dilation": [1, (1, 2)],
    },
    3: {
        "kernel_size": [3, (3, 2, 3)],
        "stride": [2, None, (2, 1, 2)],
        "padding": [0, 1],
        "dilation": [1, (1, 2, 1)],
    },
}
MAX_DTYPES = ["uint8", "int8", "int16", "int32", "int64", "float16", "float32", "float64"]


def combinations(space):
    """Return every choice of one value an argument."""
    return [dict(zip(space, values, strict=True)) for values in itertools.product(*space.values())]


def normal(*shape, dtype="float32"):
    """Return the same random numbers for the same shape every time."""
    return draws.fill(shape, dtype, "plain", sum(shape))


def compare_max(name, x, *arguments, **keywords):
    """Check values and indices against those of torch's function of the same name."""
    theirs = getattr(functional, name)(
        torch.from_numpy(x), *arguments, return_indices=True, **keywords
    )
    ours = getattr(nbp, name)(x, *arguments, return_indices=True, **keywords)
    alone = getattr(nbp, name)(x, *arguments, **keywords)
    for got, want in zip((*ours, alone), (*theirs, theirs[0]), strict=True):
        assert got.dtype == want.numpy().dtype
        np.testing.assert_array_equal(got, want.numpy(), err_msg=f"{x.shape} {keywords}")


def compare_floats(name, x, *arguments, **keywords):
    """Check a float result against that of torch's function of the same name."""
    want = getattr(functional, name)(torch.from_numpy(x), *arguments, **keywords).numpy()
    got = getattr(nbp, name)(x, *arguments, **keywords)
    assert got.dtype == want.dtype
    near = {"float16": 2e-3, "float32": 2e-6, "float64": 1e-13}[got.dtype.name]
    message = f"{x.shape} {arguments} {keywords}"
    np.testing.assert_allclose(got, want, rtol=near, atol=near, err_msg=message)


# ------------------------------------------------------------------------------------ maxima


@every_ndim
def test_max(ndim):
    for lead, signal in itertools.product(LEADS[ndim], SIGNALS[ndim]):
        x = normal(*lead, *signal)
        for keywords in combinations(MAX_SPACE[ndim] | {"ceil_mode": [False, True]}):
            compare_max(f"max_pool{ndim}d", x, **keywords)


@every_ndim
@pytest.mark.parametrize("dtype", MAX_DTYPES)
@pytest.mark.parametrize("values", draws.VALUES)
def test_max_of_every_type_and_value(ndim, dtype, values):
    x = draws.fill((2, 3, *(9, 8, 7)[:ndim]), dtype, values, 4)
    compare_max(f"max_pool{ndim}d", x, 3, 2, 1)
    compare_max(f"max_pool{ndim}d", x, 2, 1, 0, 2, ceil_mode=True)


@pytest.mark.parametrize("dtype", ["uint8", "float32"])
def test_max_of_torchs_channels_last_memory(dtype):
    x = normal(2, 5, 9, 8, dtype=dtype)
    last = torch.from_numpy(x).contiguous(memory_format=torch.channels_last)
    values, indices = functional.max_pool2d(last, 3, 2, 1, return_indices=True)
    for got in (
        nbp.max_pool2d(last.numpy(), 3, 2, 1, return_indices=True),
        [
            np.moveaxis(array, -1, 1)
            for array in nbp.max_pool2d(
                np.moveaxis(x, 1, -1), 3, 2, 1, return_indices=True, data_format="NHWC"
            )
        ],
    ):
        np.testing.assert_array_equal(got[0], values.numpy())
        np.testing.assert_array_equal(got[1], indices.numpy())


@every_ndim
def test_an_empty_stride_is_the_kernel(ndim):
    x = normal(2, 3, *(6, 6, 6)[:ndim])
    for kernel in (2, (3,), (2,) * ndim):
        compare_max(f"max_pool{ndim}d", x, kernel, ())
        compare_floats(f"avg_pool{ndim}d", x, kernel, ())


@pytest.mark.parametrize("name", ["max_pool2d", "avg_pool2d"])
@given(st.data())
def test_windows_drawn_at_random(name, data):
    window = data.draw(draws.windows(2, dilated=name == "max_pool2d"))
    padding = window.arguments.get("padding", 0)
    assume(not isinstance(padding, str))
    assume(isinstance(padding, int) or not isinstance(padding[0], tuple))
    kernel, pads = (np.broadcast_to(value, 2) for value in (window.kernel_size, padding))
    assume((pads <= kernel // 2).all())
    dtype = data.draw(st.sampled_from(["float32", "float64"]))
    x = data.draw(draws.arrays((2, 3, *window.sizes), dtype, layouts=["C"]))
    arguments = window.arguments
    if name == "avg_pool2d":
        arguments.pop("dilation", None)
        x = normal(*x.shape, dtype=dtype)
    try:
        getattr(nbp, name)(x, window.kernel_size, **arguments)
    except ValueError as error:
        if "no input" not in str(error):
            with pytest.raises(RuntimeError):
                getattr(functional, name)(torch.from_numpy(x), window.kernel_size, **arguments)
        return
    compare = compare_max if name == "max_pool2d" else compare_floats
    compare(name, x, window.kernel_size, **arguments)


REFUSED = {
    "max_pool1d": [
        ((0, 1, 49), {"kernel_size": 2, "stride": 50, "padding": -1}),
        ((0, 1, 49), {"kernel_size": 2, "stride": 50, "padding": 4}),
        ((0, 1, 49), {"kernel_size": 3, "dilation": 2, "stride": 1, "padding": 3}),
        ((), {"kernel_size": 1}),
        ((1, 10, 0), {"kernel_size": 1}),
        ((3, 3, 3), {"kernel_size": 1, "stride": 0}),
        ((3, 3, 3), {"kernel_size": 1, "stride": 1, "padding": 0, "dilation": 0}),
        ((2, 2, 2), {"kernel_size": 5, "stride": 1, "padding": 0, "dilation": 1}),
        ((0, 1, 49), {"kernel_size": 0}),
    ],
    "max_pool2d": [
        ((0, 1, 49), {"kernel_size": 2, "stride": 50, "padding": -1}),
        ((0, 1, 49), {"kernel_size": (3, 2), "stride": 50, "padding": -1}),
        ((0, 1, 49), {"kernel_size": 2, "stride": 50, "padding": 4}),
        ((0, 1, 49), {"kernel_size": (3, 2), "stride": 50, "padding": 4}),
        ((1, 0, 10), {"kernel_size": 1}),
        ((2, 1, 10, 0), {"kernel_size": 1}),
        ((1, 1, 4), {"kernel_size": 2}),
    ],
    "max_pool3d": [
        ((0, 1, 49, 50), {"kernel_size": 2, "stride": 50, "padding": -1}),
        ((0, 1, 49, 50), {"kernel_size": (3, 2, 2), "stride": 50, "padding": 4}),
        ((2, 1, 0, 1, 2), {"kernel_size": 1}),
        ((1, 1, 1, 4, 4), {"kernel_size": 2}),
    ],
    "avg_pool1d": [
        ((0, 1, 49), {"kernel_size": 2, "stride": 50, "padding": -1}),
        ((0, 1, 49), {"kernel_size": 2, "stride": 50, "padding": 4}),
    ],
    "avg_pool2d": [
        ((0, 1, 49), {"kernel_size": (3, 2), "stride": 50, "padding": -1}),
        ((0, 1, 49), {"kernel_size": (3, 2), "stride": 50, "padding": 4}),
        ((3, 3, 3), {"kernel_size": (2, 2), "divisor_override": 0}),
    ],
    "avg_pool3d": [
        ((0, 1, 49, 50), {"kernel_size": (3, 2, 2), "stride": 50, "padding": -1}),
        ((0, 1, 49, 50), {"kernel_size": 2, "stride": 50, "padding": 4}),
        ((3, 3, 3, 3), {"kernel_size": (2, 2, 2), "divisor_override": 0}),
    ],
    "adaptive_avg_pool1d": [((1, 2, 3), {"output_size": ()}), ((1, 1, 1), {"output_size": (-1,)})],
    "adaptive_avg_pool2d": [((1, 2, 3, 4), {"output_size": ()})],
    "adaptive_max_pool2d": [((1, 2, 3, 4), {"output_size": ()})],
    "adaptive_avg_pool3d": [((1, 2, 3, 4), {"output_size": ()})],
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_torch_refuses_is_refused(name):
    for shape, keywords in REFUSED[name]:
        x = np.zeros(shape, np.float32)
        with pytest.raises((RuntimeError, ValueError)):
            getattr(functional, name)(torch.from_numpy(x), **keywords)
        with pytest.raises(ValueError):
            getattr(nbp, name)(x, **keywords)


# ------------------------------------------------------------------------------------- means

MEANS = {
    "avg_pool1d": [
        ((2, 3, 9), (3,), {}),
        ((1, 3, 9), 3, dict(stride=1, padding=1, ceil_mode=True, count_include_pad=False)),
        ((1, 3, 9), (6,), dict(stride=(3,), padding=(2,), ceil_mode=True, count_include_pad=True)),
        ((2, 3, 9), (3,), dict(stride=(1,), padding=(1,), ceil_mode=False)),
        ((0, 3, 9), (6,), dict(stride=(3,), padding=(2,), ceil_mode=False)),
        ((1, 2, 9), (7,), dict(stride=(3,), padding=(2,), ceil_mode=False)),
        ((1, 2, 9), (7,), dict(stride=(3,), padding=(3,), ceil_mode=True)),
        ((1, 2, 9), (7,), dict(stride=(3,), ceil_mode=False)),
        ((1, 2, 9), (7,), dict(stride=(3,), ceil_mode=True)),
    ],
    "avg_pool2d": [
        ((1, 3, 9, 9), 3, dict(stride=1, padding=1, ceil_mode=True, count_include_pad=False)),
        ((1, 3, 9, 9), (4, 4), dict(stride=(2, 3), padding=1, ceil_mode=True)),
        ((1, 3, 9, 9), (4, 4), dict(stride=(2, 3), padding=1, ceil_mode=True, divisor_override=2)),
        ((1, 3, 9, 9), (6, 6), dict(stride=(3, 3), padding=(2, 3), ceil_mode=True)),
        ((1, 3, 9, 9), (6, 6), dict(stride=(3, 3), padding=(2, 3), divisor_override=2)),
        ((2, 3, 9, 9), (3, 3), dict(stride=(1, 1), padding=(1,), count_include_pad=False)),
        ((1, 1, 4, 4), (2, 2), dict(stride=(), padding=(0,), divisor_override=-2)),
        ((1, 2, 6, 6), (4, 4), dict(stride=(2, 2), padding=(2,), ceil_mode=True)),
        ((1, 3, 9, 9), (3, 3), {}),
    ],
    "avg_pool3d": [
        ((2, 3, 3, 4, 4), (2, 2, 2), {}),
        ((1, 2, 4, 4, 4), 2, dict(stride=1, padding=1, ceil_mode=True, divisor_override=2)),
        (
            (1, 2, 5, 5, 5),
            (2, 3, 4),
            dict(stride=(1, 2, 2), padding=(0, 1, 2), ceil_mode=True, divisor_override=2),
        ),
        ((1, 2, 5, 5, 5), (2, 3, 4), dict(stride=(1, 2, 2), padding=(0, 1, 2))),
        (
            (1, 1, 7, 5, 7),
            (6, 3, 4),
            dict(stride=(2, 3, 2), padding=(3, 1, 0), count_include_pad=False),
        ),
        ((1, 1, 4, 5, 4), (2, 2, 3), dict(stride=(2, 2, 1), divisor_override=-2)),
        ((1, 1, 6, 5, 6), (4, 5, 6), dict(stride=(2, 3, 2), padding=2, ceil_mode=True)),
        ((0, 1, 4, 5, 4), (2, 3, 1), dict(stride=(2, 1, 2))),
    ],
}


@pytest.mark.parametrize("name", MEANS)
@pytest.mark.parametrize("dtype", draws.FLOATS)
def test_means(name, dtype):
    if (name, dtype) == ("avg_pool3d", "float16"):
        pytest.skip("torch averages no float16 over three axes")
    for shape, kernel_size, keywords in MEANS[name]:
        compare_floats(name, normal(*shape, dtype=dtype), kernel_size, **keywords)
        if shape[0]:
            compare_floats(name, normal(*shape[1:], dtype=dtype), kernel_size, **keywords)


# ---------------------------------------------------------------------------------- adaptive

ADAPTIVE = {
    1: [((3, 8, 8), 5), ((3, 8, 8), (5,)), ((3, 8, 8), 1), ((3, 4, 4), 3)],
    2: [
        ((1, 8, 8, 8), (5, 7)),
        ((2, 8, 8, 8), (None, 7)),
        ((1, 8, 4, 3), (5, None)),
        ((1, 8, 4, 3), (None, None)),
        ((1, 8, 4, 3), 5),
        ((1, 4, 4, 4), (2, 3)),
        ((2, 4, 4, 4), (1, 1)),
        ((1, 4, 14, 13), 7),
    ],
    3: [
        ((1, 8, 4, 3, 7), (None, None, None)),
        ((1, 8, 4, 3, 7), (1, 1, 1)),
        ((3, 3, 8, 8, 6), (5, 7, None)),
        ((1, 3, 8, 8, 6), (5, None, 2)),
        ((3, 3, 8, 8, 6), (None, 3, 2)),
    ],
}


@every_ndim
def test_adaptive(ndim):
    for shape, size in ADAPTIVE[ndim]:
        for x in (normal(*shape), normal(*shape[1:])):
            compare_max(f"adaptive_max_pool{ndim}d", x, size)
            compare_floats(f"adaptive_avg_pool{ndim}d", x, size)
        specials = draws.fill(shape, "float32", "specials", 2)
        compare_max(f"adaptive_max_pool{ndim}d", specials, size)


@every_ndim
def test_adaptive_means_of_an_empty_batch(ndim):
    compare_floats(f"adaptive_avg_pool{ndim}d", normal(0, 8, *(8, 8, 8)[:ndim]), 5)


@every_ndim
def test_global_pooling_is_adaptive_to_one(ndim):
    x = normal(2, 5, *(9, 8, 7)[:ndim])
    want = getattr(functional, f"adaptive_avg_pool{ndim}d")(torch.from_numpy(x), 1)
    np.testing.assert_allclose(nbp.global_avg_pool(x), want.numpy(), rtol=2e-6, atol=1e-6)
    want = getattr(functional, f"adaptive_max_pool{ndim}d")(torch.from_numpy(x), 1)
    np.testing.assert_array_equal(nbp.global_max_pool(x), want.numpy())


# ------------------------------------------------------------------------- norms, unpooling


@every_ndim
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_norms_of_positive_numbers(ndim, dtype):
    x = np.abs(normal(2, 3, *(9, 8, 7)[:ndim], dtype=dtype))
    for p, k, s in itertools.product([1, 2, 3, 0.5, 2.5], [2, 3], [None, 1, 2]):
        compare_floats(f"lp_pool{ndim}d", x, p, k, s)


@every_ndim
def test_the_norm_of_infinite_order_is_the_largest_magnitude(ndim):
    x = normal(2, 3, *(9, 8, 7)[:ndim])
    compare_floats(f"lp_pool{ndim}d", x, float("inf"), 2, 1)


@every_ndim
def test_unpooling(ndim):
    for lead, signal in itertools.product(LEADS[ndim][:2], SIGNALS[ndim]):
        x = normal(*lead, *signal)
        for keywords in combinations(MAX_SPACE[ndim] | {"ceil_mode": [False, True]}):
            if keywords.pop("dilation") != 1:
                continue
            values, indices = getattr(functional, f"max_pool{ndim}d")(
                torch.from_numpy(x), return_indices=True, **keywords
            )
            del keywords["ceil_mode"]
            for size in (x.shape, x.shape[2:]):
                try:
                    want = getattr(functional, f"max_unpool{ndim}d")(
                        values, indices, **keywords, output_size=size
                    )
                except ValueError as refused:
                    assert "output_size" in str(refused)
                    continue
                got = getattr(nbp, f"max_unpool{ndim}d")(
                    values.numpy(), indices.numpy(), **keywords, output_size=size
                )
                np.testing.assert_array_equal(got, want.numpy())


@every_ndim
def test_the_size_that_unpooling_takes_without_being_told(ndim):
    x = normal(2, 3, *(8, 6, 4)[:ndim])
    values, indices = getattr(functional, f"max_pool{ndim}d")(
        torch.from_numpy(x), 2, return_indices=True
    )
    want = getattr(functional, f"max_unpool{ndim}d")(values, indices, 2)
    got = getattr(nbp, f"max_unpool{ndim}d")(values.numpy(), indices.numpy(), 2)
    np.testing.assert_array_equal(got, want.numpy())


# -------------------------------------------------------------------- deliberate differences


def test_difference_norms_of_negative_numbers():
    """Lp takes |x|, as ONNX's does and as a norm is defined; torch raises x itself to p.

    Its odd powers cancel, and the root of what is negative then is 0.
    """
    x = np.array([[[-1.0, -1.0, 3.0, -3.0]]], np.float32)
    theirs = functional.lp_pool1d(torch.from_numpy(x), 3, 2).numpy()
    assert not np.allclose(theirs, [[[2 ** (1 / 3), 54 ** (1 / 3)]]], equal_nan=True)
    np.testing.assert_allclose(nbp.lp_pool1d(x, 3, 2), [[[2 ** (1 / 3), 54 ** (1 / 3)]]], rtol=1e-6)


def test_difference_norms_of_windows_that_hang_over():
    """A ceil window's norm is of the taps it has; torch scales it up to a whole window's."""
    x = np.ones((1, 1, 3), np.float32)
    theirs = functional.lp_pool1d(torch.from_numpy(x), 1, 2, ceil_mode=True).numpy()
    np.testing.assert_array_equal(theirs, [[[2, 2]]])
    np.testing.assert_array_equal(nbp.lp_pool1d(x, 1, 2, ceil_mode=True), [[[2, 1]]])


def test_difference_windows_without_input():
    """Nothing is the largest of nothing: torch gives -inf, and an index outside the plane."""
    x = np.ones((1, 1, 1, 1), np.float32)
    values, indices = functional.max_pool2d(torch.from_numpy(x), 2, 1, 1, 2, return_indices=True)
    assert values.item() == -np.inf
    assert indices.item() != 0
    with pytest.raises(ValueError, match="no input"):
        nbp.max_pool2d(x, 2, 1, 1, 2)


def test_difference_padding_of_dilated_windows():
    """Padding may be half of what a dilated window spans; torch's limit is half its taps."""
    x = np.array([[[1, 5, 2, 4, 3]]], np.float32)
    with pytest.raises(RuntimeError, match="half of kernel size"):
        functional.max_pool1d(torch.from_numpy(x), 3, 1, 2, 2)
    assert nbp.max_pool1d(x, 3, 1, 2, 2).tolist() == [[[2, 5, 3, 5, 3]]]


def test_difference_types():
    """Every numeric type is pooled; torch averages no uint8 and takes no maximum of bool."""
    x = np.ones((1, 1, 4, 4))
    for name, dtype in [("avg_pool2d", "uint8"), ("max_pool2d", "bool"), ("max_pool2d", "uint16")]:
        with pytest.raises(RuntimeError):
            getattr(functional, name)(torch.from_numpy(x.astype(dtype)), 2)
        assert (getattr(nbp, name)(x.astype(dtype), 2) == 1).all()


def test_difference_means_of_many_taps():
    """Means over large windows keep their digits; torch adds up float32 one after another."""
    x = np.full((1, 1, 4096, 4096), 0.1, np.float32)
    theirs = functional.avg_pool2d(torch.from_numpy(x), 4096).item()
    assert abs(theirs - 0.1) > 0.01
    assert abs(nbp.avg_pool2d(x, 4096).item() - 0.1) < 1e-8


def test_difference_no_channels():
    """An empty axis before the pooled ones gives an empty result; torch takes no C = 0."""
    x = np.zeros((2, 0, 4, 4), np.float32)
    with pytest.raises(RuntimeError):
        functional.max_pool2d(torch.from_numpy(x), 2)
    assert nbp.max_pool2d(x, 2).shape == (2, 0, 2, 2)


def test_difference_adaptive_to_nothing():
    """An output size of 0 is refused; torch gives an empty result."""
    x = np.zeros((1, 1, 4, 4), np.float32)
    assert functional.adaptive_avg_pool2d(torch.from_numpy(x), 0).shape == (1, 1, 0, 0)
    with pytest.raises(ValueError, match="output_size"):
        nbp.adaptive_avg_pool2d(x, 0)
