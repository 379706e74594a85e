"""The pooling functions inside compiled code: the same results and errors as outside."""

import gc
import textwrap
from typing import NamedTuple

import naive
import numpy as np
import pytest
import strategies as draws
from agreement import assert_equal
from hypothesis import given
from hypothesis import strategies as st
from numba import njit, prange
from numba.core.errors import TypingError
from processes import kernels_of_this_process, python

import numbapool as nbp
from numbapool import kernels
from numbapool.jit import callbacks, overloads, sequences
from numbapool.pooling.call import sliding

JITTABLE = ["uint8", "float32"]
"""Dtypes that most tests compile for; `test_jit_nodata.py` has integers of 64 bits."""

some_dtypes = pytest.mark.parametrize("dtype", JITTABLE)


def same(function, call, *arguments):
    """Compare a call in compiled code with the function's own, results or errors."""
    try:
        want = function(*arguments)
    except ValueError as error:
        with pytest.raises(type(error)) as caught:
            call(*arguments)
        assert str(caught.value) == str(error)
        return
    got = call(*arguments)
    assert isinstance(got, tuple) == isinstance(want, tuple)
    pairs = zip(got, want, strict=True) if isinstance(want, tuple) else [(got, want)]
    for one, other in pairs:
        assert_equal(one, other)


def extremes(x, kernel, stride, padding, dilation, ceil):
    return (
        nbp.max_pool2d(x, kernel, stride, padding, dilation, ceil),
        nbp.min_pool2d(x, kernel, stride=stride, padding=padding, dilation=dilation),
    )


def means_and_sums(x, kernel, stride, padding, dilation, ceil):
    return (
        nbp.avg_pool2d(x, kernel, stride, padding, ceil, dilation=dilation),
        nbp.sum_pool2d(x, kernel, stride, padding, ceil, dilation=dilation),
    )


def places(x, kernel, stride, padding, dilation, ceil):
    return nbp.max_pool2d(x, kernel, stride, padding, dilation, ceil, return_indices=True)


def selections(x, kernel, stride, padding, dilation, ceil):
    return (
        nbp.median_pool2d(x, kernel, stride, padding, dilation=dilation, ceil_mode=ceil),
        nbp.mode_pool2d(x, kernel, stride, padding, dilation=dilation),
    )


def other_axes(x, kernel, stride, padding, dilation, ceil):
    return (
        nbp.max_pool1d(x, kernel[0], stride[0], padding[0], dilation[0], ceil),
        nbp.avg_pool2d(x, kernel, stride, padding, ceil, data_format="NHWC"),
        nbp.max_pool3d(x, (1, *kernel), (1, *stride), (0, *padding), 1, ceil),
    )


GROUPS = [extremes, means_and_sums, places, selections, other_axes]
COMPILED = {group.__name__: njit(group) for group in GROUPS}

pairs = st.tuples(st.integers(1, 4), st.integers(1, 4))
pads = st.tuples(st.integers(0, 2), st.integers(0, 2))


CASES = [(group, "float32") for group in GROUPS]
CASES += [(means_and_sums, "uint8")]  # which round


@pytest.mark.parametrize(("group", "dtype"), CASES)
@draws.fewer(4)
@given(data=st.data())
def test_windows(group, dtype, data):
    shape = data.draw(st.tuples(*(st.integers(1, size) for size in (2, 3, 9, 9))))
    x = data.draw(draws.arrays(shape, dtype, layouts=["C"]))
    arguments = [data.draw(pairs), data.draw(pairs), data.draw(pads), data.draw(pairs)]
    same(group, COMPILED[group.__name__], x, *arguments, data.draw(st.booleans()))


def constants(x):
    return (
        nbp.max_pool2d(x, 2),
        nbp.max_pool2d(x, kernel_size=(2, 3), stride=None, padding="same"),
        nbp.avg_pool2d(x, 3, 2, ((0, 1), (1, 0)), count_include_pad=False, rounding="half_even"),
        nbp.avg_pool2d(x, 2, divisor_override=3),
        nbp.lp_pool2d(x, 2.5, 2),
        nbp.adaptive_avg_pool2d(x, (3, None)),
        nbp.adaptive_max_pool2d(x, 2, return_indices=True),
        nbp.global_max_pool(x, keepdims=False),
        nbp.percentile_pool2d(x, 25.0, 3),
        nbp.std_pool2d(x, 3, nan="skip"),
    )


def test_constant_arguments():
    x = draws.fill((2, 3, 8, 9), "float32", "plain", 7)
    for got, want in zip(njit(constants)(x), constants(x), strict=True):
        for one, other in zip(
            *(a if isinstance(a, tuple) else (a,) for a in (got, want)), strict=True
        ):
            assert_equal(one, other)


def test_layouts():
    call = njit(lambda x: nbp.max_pool2d(x, 3, 2, 1))
    for layout in ("C", "Fortran", "sliced", "negative strides", "read-only"):
        x = draws.lay_out(draws.fill((3, 8, 9), "float32", "few", 3), layout)
        assert_equal(call(x), nbp.max_pool2d(x, 3, 2, 1))


def test_one_site_many_shapes():
    call = njit(lambda x, k: nbp.avg_pool1d(x, k))
    for size in (7, 9, 7, 30, 9):
        for k in (2, 3):
            x = np.arange(size, dtype=np.float32)
            assert_equal(call(x, k), nbp.avg_pool1d(x, k))


def test_an_empty_batch():
    assert njit(lambda x: nbp.max_pool2d(x, 2))(np.zeros((0, 4, 4))).shape == (0, 2, 2)


def test_prange():
    @njit(parallel=True)
    def largest(xs, k):
        out = np.empty(len(xs))
        for n in prange(len(xs)):
            out[n] = nbp.max_pool2d(xs[n], k).sum()
        return out

    xs = np.random.default_rng(5).random((500, 8, 8))
    np.testing.assert_allclose(largest(xs, 2), nbp.max_pool2d(xs, 2).sum((1, 2)), rtol=1e-12)


def test_out():
    call = njit(lambda x, out: nbp.max_pool2d(x, 2, out=out))
    x = np.arange(16.0).reshape(4, 4)
    out = np.zeros((2, 2))
    assert call(x, out) is not None
    assert_equal(out, nbp.max_pool2d(x, 2))
    with pytest.raises(nbp.PoolValueError, match="shape"):
        call(x, np.zeros((3, 2)))
    with pytest.raises(nbp.PoolValueError, match="overlaps"):
        call(x, x[:2].reshape(-1)[:4].reshape(2, 2))
    with pytest.raises(TypingError, match="out must be"):
        call(x, np.zeros((2, 2), np.float32))


@pytest.mark.parametrize(
    ("call", "arguments", "message"),
    [
        (lambda x, s: nbp.max_pool2d(x, 2, nan=s), ("skip",), "literal string"),
        (lambda x, b: nbp.max_pool2d(x, 2, return_indices=b), (True,), "must be a literal"),
        (lambda x, k: nbp.max_pool2d(x, k), ([2, 2],), "number, a tuple"),
        (lambda x, k: nbp.max_pool2d(x, k, device="cuda"), (2,), "device is for calls from Python"),
        (lambda x, k: nbp.max_pool2d(x, 2, stream=k), (2,), "stream is for calls from Python"),
        (lambda x, k: nbp.max_pool2d(k, 2), (3,), "pools arrays"),
        (lambda x, k: nbp.max_pool2d(k, 2), (np.zeros((2, 2), complex),), "pools arrays"),
        (lambda x, k: nbp.max_pool2d(k, 2), (np.zeros(3),), "needs at least"),
    ],
)
def test_wrong_types(call, arguments, message):
    with pytest.raises(TypingError, match=message):
        njit(call)(np.zeros((4, 4)), *arguments)


class Spread(NamedTuple):
    """The largest less the smallest, times a factor. Parameters may have any names."""

    factor: float
    accumulates = (np.float64, np.float64)

    def neutral(self):
        return np.inf, -np.inf

    def lift(self, x, at):
        return x, x

    def combine(self, one, other):
        return min(one[0], other[0]), max(one[1], other[1])

    def finish(self, ends, weight):
        return (ends[1] - ends[0]) * self.factor


def test_a_reducer_of_ones_own():
    x = draws.fill((2, 9, 9), "int16", "plain", 11)
    want = 2.0 * (naive.max_pool(x, 2, 3).astype(float) - naive.min_pool(x, 2, 3))
    np.testing.assert_allclose(nbp.reduce_pool2d(x, Spread(2.0), 3), want, rtol=1e-6)
    call = njit(lambda x, factor: nbp.reduce_pool2d(x, Spread(factor), 3))
    assert_equal(call(x, 2.0), nbp.reduce_pool2d(x, Spread(2.0), 3))


def test_a_reducer_of_too_many_fields():
    wide = NamedTuple("Wide", [(f"f{n}", float) for n in range(17)])
    wide.neutral, wide.combine = Spread.neutral, Spread.combine
    with pytest.raises(nbp.PoolValueError, match="17 fields"):
        nbp.reduce_pool1d(np.zeros(4), wide(*range(17)), 2)
    with pytest.raises(TypingError, match="17 fields"):
        njit(lambda x, reducer: nbp.reduce_pool1d(x, reducer, 2))(np.zeros(4), wide(*range(17)))


@pytest.mark.parametrize(("dtype", "gives"), [("float16", "float64"), ("float32", "float16")])
def test_a_reducer_to_or_from_float16_alone(dtype, gives):
    class Sum(NamedTuple):
        def neutral(self):
            return 0.0

        def combine(self, a, b):
            return a + b

    Sum.gives = gives
    with pytest.raises(nbp.PoolTypeError, match=f"Sum gives {gives} .* of {dtype}"):
        nbp.reduce_pool1d(np.arange(4, dtype=dtype), Sum(), 2)
    if dtype == "float16":
        Sum.gives = dtype
        assert nbp.reduce_pool1d(np.arange(4, dtype=dtype), Sum(), 2).tolist() == [1, 5]


@pytest.mark.parametrize("part", ["accumulates", "gives"])
@pytest.mark.parametrize("dtype", ["complex128", "longdouble", "object", "float16"])
def test_a_reducer_of_other_dtypes(part, dtype):
    class Sum(NamedTuple):
        def neutral(self):
            return 0.0

        def combine(self, a, b):
            return a + b

    setattr(Sum, part, dtype)
    with pytest.raises(nbp.PoolTypeError, match="gives"):
        nbp.reduce_pool1d(np.arange(4.0), Sum(), 2)


@pytest.mark.parametrize("wrong", [3, (1, 2), Spread])
def test_what_is_no_reducer(wrong):
    with pytest.raises(nbp.PoolTypeError):
        nbp.reduce_pool2d(np.zeros((4, 4)), wrong, 2)


def test_all_functions_are_there():
    others = {"Pool", "PoolError", "PoolTypeError", "PoolValueError", "pool2d_shape", "warmup"}
    others |= {"lstm_pool", "gru_pool", "multihead_attention_pool"}  # NumPy's products
    others |= {"pool_into", "pyramid_into"}  # files
    others.add("pool_pyramid")  # how many results it has is known at the call
    there = {*overloads.NAMES, *callbacks.SIGNATURES, *sequences.SIGNATURES}
    assert there == set(nbp.__all__) - others


def put_together(x):
    values, places = nbp.max_pool2d(x, 2, return_indices=True)
    return (
        nbp.max_unpool2d(values, places, 2),
        nbp.max_unpool2d(values, places, 2, output_size=(9, 8)),
        nbp.block_reduce(x, (1, 2, 3), "mean"),
        nbp.block_reduce(x, 2, "sum", edge="trim"),
        nbp.to_onnx_indices(places.reshape(1, 2, 4, 4), (1, 2, 8, 8)),
    )


@some_dtypes
def test_what_is_put_together_in_python(dtype):
    x = draws.fill((2, 8, 8), dtype, "plain", 7)
    for got, want in zip(njit(put_together)(x), put_together(x), strict=True):
        assert_equal(got, want)


def test_an_index_outside():
    call = njit(lambda x, places: nbp.max_unpool1d(x, places, 2))
    with pytest.raises(nbp.PoolValueError, match="index 9 points outside"):
        call(np.ones(2), np.array([0, 9]))


def test_prepared_calls():
    x = draws.fill((3, 8, 9), "float32", "few", 3)
    call = kernels.prepare(nbp.max_pool2d, x.shape, x.dtype, 3, 2, return_indices=True)
    outs = tuple(np.empty(call.shape, dtype) for dtype in call.outs)
    njit(lambda record, x, outs: kernels.run(record, x, outs))(call.record, x, outs)
    for got, want in zip(outs, nbp.max_pool2d(x, 3, 2, return_indices=True), strict=True):
        assert_equal(got, want)


CACHED = textwrap.dedent("""
    import numpy as np
    from numba import njit
    from numbapool import max_pool2d

    @njit(cache=True, nogil=True)
    def pooled(x):
        return max_pool2d(x, 2)

    x = np.arange(16, dtype=np.float32).reshape(4, 4)
    assert pooled(x).tolist() == [[5, 7], [13, 15]]
    print(sum(pooled.stats.cache_hits.values()))
""")


def test_users_caches(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(CACHED)
    assert [python(script, **kernels_of_this_process()) for _ in range(2)] == ["0", "1"]


PLAIN = textwrap.dedent("""
    import numpy as np
    from numba import njit
    import numbapool as nbp

    @njit
    def pooled(x):
        return nbp.max_pool2d(x, 3, 2, 1), nbp.avg_pool2d(x, 2), nbp.median_pool2d(x, 2)

    for dtype in ("uint8", "float16", "float32"):
        x = np.arange(16).reshape(4, 4).astype(dtype)
        largest, mean, middle = pooled(x)
        assert largest.tolist() == [[5, 7], [13, 15]], largest
        exact = [[2.5, 4.5], [10.5, 12.5]]
        assert mean.tolist() == (exact if x.dtype.kind == "f" else [[3, 5], [11, 13]])
        assert nbp.max_pool2d(x, 4, 1, 2, return_indices=True)[1][0, 0] == 5
""")


def test_without_the_compiler():
    python(PLAIN, NUMBA_DISABLE_JIT=1)


def test_records_outlive_the_plans_that_are_kept():
    """Compiled code goes on with a call's numbers when Python has long forgotten the call."""
    call = njit(lambda x, k: nbp.avg_pool1d(x, k, 1, k // 2, count_include_pad=False))
    x = np.arange(300.0)
    want = call(x, 9)
    sliding.cache_clear()
    gc.collect()
    written_over = [np.full(size, -1) for size in range(1, 400)]
    assert_equal(call(x, 9), want)
    assert written_over


def test_compiled_code_refuses_absurd_numbers():
    @njit
    def pooled(x, size):
        return nbp.adaptive_avg_pool1d(x, size)

    @njit
    def strided(x, kernel, stride):
        return nbp.max_pool1d(x, kernel, stride)

    x = np.arange(5.0)
    for size in (2**62, 2**63 - 1, 2**27, 0, -1, -(2**63)):
        with pytest.raises(nbp.PoolValueError):
            pooled(x, size)
    assert strided(x, 2, 2**62).tolist() == [1]
    for kernel in (2**62, 0, -(2**63)):
        with pytest.raises(nbp.PoolValueError):
            strided(x, kernel, 1)
