"""Every operator of the table in every form, by every way to call it, against the oracle."""

import pickle
from typing import NamedTuple

import naive_operators as naive
import numpy as np
import pytest
import strategies as draws
from agreement import assert_form
from numba import njit

import numbapool as nbp
from numbapool.kernels import prepare
from numbapool.operators import OPERATORS, find

every_operator = pytest.mark.parametrize("op", OPERATORS)
few_dtypes = pytest.mark.parametrize("dtype", draws.FEW)

OF_EACH_LOOP = OPERATORS if draws.PLAIN else ["max", "avg", "median"]
"""Operators whose kernels of what is left out are compiled too; all are run as plain Python."""

OF_TWO_AXES = set() if draws.PLAIN else {*OPERATORS} - {*OF_EACH_LOOP}
"""Operators that are compiled for windows that slide over two axes, by one loop: the other loops
are others' too."""

OF_EVERY_PARAMETER = () if draws.PLAIN else ("min", "sum", "lp", "mode", "percentile", "var", "std")
"""Operators that `test_jit_parameters.py` calls in compiled code; that has one way to all."""

SIZES = {1: (2, 12), 2: (2, 6, 8) if draws.PLAIN else (2, 8, 16), 3: (1, 4, 5, 6)}

OF_LARGE_ACCUMULATORS = {"range", "var", "std", "soft", "logavgexp", "mixed"}
"""Operators that no loop of small windows takes without strips, which compile for long."""


def window_of(op):
    """Return a window, its step and its padding: of the loops that compile soonest, or of all."""
    if op in OF_TWO_AXES & OF_LARGE_ACCUMULATORS:
        return (8, 16), 1, 0
    return (2, 2, 0) if op in OF_TWO_AXES else (3, 2, 1)


def data(ndim, dtype, seed=0):
    """Return whole numbers: few, so that some are equal, and of which all sums are exact."""
    return np.random.default_rng(seed).integers(0, 9, SIZES[ndim]).astype(dtype)


def called(name, op, x, *rest, **named):
    """Call the function of a name with what its operator needs."""
    needs = naive.SAMPLES.get(op, {})
    return getattr(nbp, name)(x, *needs.values(), *rest, **named)


def agree(got, want):
    assert_form(got, want)
    tolerance = 0 if want.dtype.kind in "biu" else 1e-6 if want.dtype.itemsize == 4 else 1e-13
    np.testing.assert_allclose(got, want, tolerance)


class Total(NamedTuple):
    """A reducer of a user's."""

    def neutral(self):
        return 0.0

    def combine(self, a, b):
        return a + b


def test_the_oracle_has_every_operator():
    assert list(naive.KEEP) == list(OPERATORS)


@every_operator
@pytest.mark.parametrize("ndim", [1, 2, 3])
def test_windows_that_slide(op, ndim):
    if ndim != 2 and op in OF_TWO_AXES:
        pytest.skip("run as plain Python by tests/quick.py")
    x = data(ndim, "float32")
    needs = naive.SAMPLES.get(op, {})
    wide = 2 if ndim == 3 else 3  # of more than 16 elements a window takes another kernel
    windows = [window_of(op)] if op in OF_TWO_AXES else [(wide, 2, 1, 1, True), (2,)]
    for window in windows:
        pads = dict(
            zip(("kernel_size", "stride", "padding", "dilation", "ceil_mode"), window, strict=False)
        )
        want = naive.sliding(op, x, ndim, *window, **needs)
        agree(called(f"{op}_pool{ndim}d", op, x, **pads), want)
        agree(getattr(nbp, f"pool{ndim}d")(x, op, *window, **needs), want)


@pytest.mark.parametrize("op", OF_EACH_LOOP)
@few_dtypes
def test_what_is_left_out(op, dtype):
    x, needs = data(2, dtype), naive.SAMPLES.get(op, {})
    want = naive.sliding(op, x, 2, 2, nodata=3, **needs)
    agree(called(f"{op}_pool2d", op, x, 2, nodata=3), want)
    if draws.PLAIN:  # these are kernels of their own
        want = naive.over_all(op, x[None], nodata=3, **needs)
        agree(called(f"global_{op}_pool", op, x[None], nodata=3), want)
        want = naive.blocks(op, x, (1, 4, 2), nodata=3, **needs)
        agree(nbp.block_reduce(x, (1, 4, 2), op, nodata=3, **needs), want)
    if dtype == "float32" and draws.PLAIN:
        x[0, 0, :4] = np.nan
        for nan in ("skip", "propagate"):
            want = naive.adaptive(op, x, 2, 2, nan=nan, **needs)
            agree(called(f"adaptive_{op}_pool2d", op, x, 2, nan=nan), want)


@every_operator
def test_sizes_that_are_covered(op):
    needs = naive.SAMPLES.get(op, {})
    if op in OF_TWO_AXES:
        pytest.skip("run as plain Python by tests/quick.py")
    for ndim in (1, 2, 3):
        x = data(ndim, "float32")
        want = naive.adaptive(op, x, ndim, 3, **needs)
        agree(called(f"adaptive_{op}_pool{ndim}d", op, x, 3), want)
    if op in OF_EACH_LOOP:
        want = naive.over_all(op, x, data_format="NHWC", keepdims=False, **needs)
        agree(called(f"global_{op}_pool", op, x, data_format="NHWC", keepdims=False), want)


@pytest.mark.parametrize("op", naive.WORKED)
def test_what_was_worked_by_hand(op):
    for numbers, dtype, arguments, want in naive.WORKED[op]:
        others = {"nan", "nodata"} & {*arguments} or op in OF_TWO_AXES
        if (dtype not in draws.FEW or others) and not (draws.PLAIN or isinstance(want, str)):
            continue  # as plain Python all are
        x = np.array(numbers, dtype)
        if isinstance(want, str):
            with pytest.raises(nbp.PoolError, match=want):
                nbp.pool1d(x, op, 2, **arguments)
        else:
            got = nbp.pool1d(x, op, 2, **arguments)
            np.testing.assert_array_equal(got, np.array(want, got.dtype))
            assert not np.signbit(got[got == 0]).any()


@every_operator
@few_dtypes
def test_a_pool_says_what_it_gives(op, dtype):
    x, needs = data(2, dtype), naive.SAMPLES.get(op, {})
    window = window_of(op)
    pools = {
        nbp.Pool(op, *window, **needs): naive.sliding(op, x, 2, *window, **needs),
        nbp.Pool.adaptive(op, 2, **needs): naive.adaptive(op, x, 2, 2, **needs),
        nbp.Pool.over_all(op, data_format="HWC", **needs): naive.over_all(
            op, x, data_format="HWC", **needs
        ),
    }
    for pool, want in [*pools.items()][: 1 if op in OF_TWO_AXES else 3]:
        assert (pool.shape(x.shape), pool.dtype(x.dtype)) == (want.shape, want.dtype)
        assert pool.saves(x.shape, x.dtype).nbytes == x.nbytes - want.nbytes
        again = pickle.loads(pickle.dumps(pool))
        assert again == pool and hash(again) == hash(pool)
        assert eval(repr(pool), {"Pool": nbp.Pool}) == pool
        agree(again(x), want)
        call = prepare(pool, x.shape, x.dtype)
        out = np.empty(call.shape, call.outs[0])
        call.into(x, (out,))
        agree(out, want)
        with pytest.raises(AttributeError):
            pool.window = None


@every_operator
def test_compiled_code_calls_it(op):
    if op in OF_EVERY_PARAMETER:
        pytest.skip("run as plain Python by tests/quick.py")
    x, needs = data(2, "float32"), naive.SAMPLES.get(op, {})
    more = "".join(f", {name}={value}" for name, value in needs.items())
    first = "".join(f"{value}, " for value in needs.values())
    left_out = {"nodata": 3} if op in OF_EACH_LOOP else {}
    given = "".join(f"{name}={value}" for name, value in left_out.items())
    scope = {"nbp": nbp}
    window = kernel, stride, padding = window_of(op)
    text = f"""
def calls(x):
    return (
        nbp.pool2d(x, {op!r}, {kernel}, {stride}, {padding}{more}),
        nbp.{op}_pool2d(x, {first}{kernel}, {stride}, padding={padding}),
        nbp.adaptive_{op}_pool2d(x, {first}3),
        nbp.global_{op}_pool(x, {first}{given}),
        nbp.block_reduce(x, (1, 4, 2), {op!r}{more}),
    )
"""
    if op in OF_TWO_AXES:
        text = text[: text.index("        nbp.adaptive")] + "    )"
    exec(text, scope)
    got = njit(scope["calls"])(x)
    want = naive.sliding(op, x, 2, *window, **needs)
    agree(got[0], want)
    agree(got[1], want)
    if op in OF_TWO_AXES:
        return
    agree(got[2], naive.adaptive(op, x, 2, 3, **needs))
    agree(got[3], naive.over_all(op, x, **left_out, **needs))
    agree(got[4], naive.blocks(op, x, (1, 4, 2), **needs))


@every_operator
def test_it_is_found_by_all_its_names(op):
    for name in (op, *OPERATORS[op].aliases):
        assert find(name) is OPERATORS[op]
        function = getattr(np, name, None)
        assert function is None or find(function) is OPERATORS[op]


@pytest.mark.parametrize(
    ("arguments", "named", "message"),
    [
        (("largest", 2), {}, "op must be one of max, min, avg"),
        ((np.sort, 2), {}, "op must be one of max, min, avg"),
        ((3, 2), {}, "op must be the name of an operator"),
        (("max", 2), {"q": 50}, "sliding max pooling has no 'q': it takes return_indices"),
        (("sum", 2), {"rounding": "floor"}, "sliding sum pooling has no 'rounding'"),
        (("percentile", 2), {}, "percentile pooling needs q"),
        (("percentile", 2), {"q": 101}, "q must lie between 0 and 100, not 101"),
        (
            ("avg", 2),
            {"rounding": "up"},
            "rounding must be one of half_up, half_even, floor, not 'up'",
        ),
        (("max", 0), {}, "kernel_size must be at least 1"),
        (("max", 2), {"data_format": "NXYC"}, "data_format must be one of"),
        (("max", 2), {"padding": "full"}, "padding must be a number"),
    ],
)
def test_what_a_pool_refuses(arguments, named, message):
    for make in (nbp.Pool, lambda *a, **k: nbp.pool2d(np.ones((4, 4)), *a, **k)):
        with pytest.raises(nbp.PoolError, match=message):
            make(*arguments, **named)


def test_how_many_axes_a_pool_takes():
    assert nbp.Pool("max", 2).shape((4, 4, 4)) == (4, 2, 2)
    assert nbp.Pool("max", 2, data_format="NCL").shape((4, 4, 4)) == (4, 4, 2)
    assert nbp.Pool("max", 2, data_format="ncdhw").shape((4, 4, 4)) == (2, 2, 2)
    assert nbp.Pool("max", (2, 2, 1)).shape((4, 4, 4)) == (2, 2, 4)
    assert nbp.Pool.adaptive("max", (1, 2, 3)).shape((4, 4, 4)) == (1, 2, 3)


def test_a_pool_of_pairs_writes_into_pairs():
    pool, x = nbp.Pool("max", 2, return_indices=True), data(2, "float32")
    out = tuple(np.empty(pool.shape(x.shape), dtype) for dtype in pool.dtypes(x.dtype))
    assert pool(x, out=out)[1] is out[1]
    np.testing.assert_array_equal(out[1], nbp.max_pool2d(x, 2, return_indices=True)[1])


def test_a_reducer_to_float16_says_its_shape():
    class Halved(Total):
        gives = np.float16

    assert nbp.Pool(Halved(), 2).shape((4, 4)) == (2, 2)
    assert nbp.Pool(Halved(), 2).dtype("float16") == np.float16


def test_a_reducer_leaves_out_nothing_by_itself():
    with pytest.raises(nbp.PoolTypeError, match="in its lift"):
        nbp.pool2d(np.ones((4, 4)), Total(), 2, nodata=3)


@pytest.mark.parametrize("function", [np.max, np.min, np.mean, np.sum, np.median, np.var, np.std])
def test_blocks_by_numpys_functions(function):
    x = np.arange(32, dtype=np.float32).reshape(4, 8)
    want = function(x.reshape(2, 2, 2, 4).swapaxes(1, 2).reshape(2, 2, 8), axis=-1)
    np.testing.assert_allclose(nbp.block_reduce(x, (2, 4), func=function), want)
    np.testing.assert_allclose(nbp.block_reduce(x, (2, 4), function), want)
    with pytest.raises(nbp.PoolTypeError, match="give either op or func"):
        nbp.block_reduce(x, 2)


def test_names_that_show():
    assert {"Pool", "max_pool2d", "kernels", "PoolError"} <= set(dir(nbp))
    assert not {"import_module", "TYPE_CHECKING", "sys", "Any"} & set(dir(nbp))
    assert all(hasattr(nbp, name) for name in dir(nbp))
    assert set(nbp.__all__) <= set(dir(nbp))
    with pytest.raises(AttributeError):
        nbp.max_pool4d  # noqa: B018
