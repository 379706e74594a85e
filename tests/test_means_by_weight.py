"""Soft, generalised, log-mean-exp, mixed, stochastic and detail-preserving pooling, at random."""

import naive_operators as naive
import numpy as np
import pytest
import strategies as draws
from agreement import answer, assert_close, both_refuse
from hypothesis import given
from hypothesis import strategies as st

import numbapool as nbp

FOUR = np.array([[0.0, 1.0], [2.0, 3.0]])
LARGE = np.array([[1000.0, 1001.0], [-1000.0, 0.0]])

PARAMETERS = {
    "soft": {"beta": [1, 0.5, -2, 30]},
    "gem": {"p": [3, 1, 2.5, 60], "eps": [1e-6, 0, 1]},
    "logavgexp": {"r": [1, 5, -0.5]},
    "mixed": {"alpha": [0, 0.25, 1]},
    "stochastic": {"seed": [0, 7, 2**64 - 1], "mode": ["sample", "expected"]},
    "detail_preserving": {"alpha": [0, 1], "lam": [1, 2, 0.5], "asymmetric": [False, True]},
}


@pytest.mark.parametrize(
    ("op", "own", "want"),
    [
        ("soft", {}, 2.4926527),
        ("soft", {"beta": 0.5}, 2.0845765),
        ("gem", {}, 2.0800838),
        ("logavgexp", {}, 2.0538953),
        ("logavgexp", {"r": 5}, 2.7240933),
        ("mixed", {"alpha": 0.25}, 1.875),
        ("detail_preserving", {}, 1.5),
        ("detail_preserving", {"asymmetric": True}, 2.7477519),
        ("detail_preserving", {"asymmetric": True, "alpha": 1}, 1.9161947),
        ("detail_preserving", {"asymmetric": True, "lam": 2}, 2.8999978),
        ("detail_preserving", {"asymmetric": True, "lam": 2, "alpha": 1}, 2.0384612),
    ],
)
def test_worked_examples(op, own, want):
    for dtype in draws.KINDS:
        if dtype != "bool":
            got = nbp.pool2d(FOUR.astype(dtype), op, 2, **own)
            np.testing.assert_allclose(got, [[want]], 1e-3 if got.dtype == np.float16 else 3e-7)


def test_large_numbers_do_not_overflow():
    np.testing.assert_allclose(nbp.soft_pool2d(LARGE, 2), [[1000.7310586]], 1e-10)
    np.testing.assert_allclose(nbp.soft_pool2d(LARGE.astype(np.float32), 2), [[1000.7310586]], 1e-7)
    np.testing.assert_allclose(nbp.gem_pool2d([[-8.0, 1.0], [2.0, 3.0]], 2), [[2.0800838]], 1e-7)
    for dtype in ("float32", "float64"):
        hundreds = np.full((2, 2), 100, dtype)
        np.testing.assert_allclose(nbp.gem_pool2d(hundreds, 2, p=30), [[100]], 1e-7)
        largest = np.full((2, 2), np.finfo(dtype).max / 4, dtype)
        for op in ("soft", "gem", "logavgexp", "mixed"):
            np.testing.assert_allclose(nbp.pool2d(largest, op, 2), largest[:1, :1], 1e-6)


def test_draws_are_as_likely_as_elements_are_large():
    window = np.array([[1.6, 0, 0], [0, 1.2, 0], [0, 0, -9]])
    x = np.tile(window, (60, 60))
    np.testing.assert_allclose(
        nbp.stochastic_pool2d(x, 3, mode="expected"), np.full((60, 60), 4 / 2.8)
    )
    drawn = nbp.stochastic_pool2d(x, 3, seed=1)
    assert abs((drawn == 1.6).mean() - 4 / 7) < 0.03
    assert set(np.unique(drawn)) == {1.2, 1.6}
    assert not np.array_equal(drawn, nbp.stochastic_pool2d(x, 3, seed=2))


@pytest.mark.parametrize("op", PARAMETERS)
@draws.fewer(2)
@given(st.data())
def test_the_definition(op, data):
    """Compiled, few dtypes: the rest is the same code, and drawn as plain Python."""
    draw = data.draw
    ndim = draw(st.integers(1, 3)) if draws.PLAIN else 2
    dtype = draw(st.sampled_from(draws.KINDS if draws.PLAIN else ["float32"]))
    values = st.sampled_from(["plain", "ties", "few", "specials"])
    window = draws.windows(ndim, longest=12 // ndim)
    x, window = draw(draws.calls(ndim, dtype, window, values))
    own = {name: draw(st.sampled_from(each)) for name, each in PARAMETERS[op].items()}
    if not draws.PLAIN:
        own |= {"p": 3} if op == "gem" else {"mode": "sample"} if op == "stochastic" else {}
    left_out = draw(st.sampled_from([{}, {"nan": "skip"}, {"nodata": 1}] if draws.PLAIN else [{}]))
    arguments = window.arguments | own | left_out
    got = answer(getattr(nbp, f"{op}_pool{ndim}d"), x, window.kernel_size, **arguments)
    want = answer(naive.sliding, op, x, ndim, window.kernel_size, **arguments)
    if both_refuse(got, want):
        return
    largest = np.abs(np.nan_to_num(x.astype(np.float64), posinf=0, neginf=0)).max(initial=0)
    scale = np.full(want.shape, 4 * max(largest, own.get("eps", 0)))
    assert_close(got, want, scale)


@pytest.mark.parametrize("kernel", [(2, 2), (3, 2)])
def test_torch(kernel):
    torch = pytest.importorskip("torch")
    functional = torch.nn.functional
    x = np.random.default_rng(0).standard_normal((2, 3, 12, 14), dtype=np.float32)
    tensor, near = torch.from_numpy(x), {"rtol": 1e-5, "atol": 1e-6}
    exponentials = tensor.exp()
    total = functional.avg_pool2d(exponentials, *kernel)
    soft = functional.avg_pool2d(tensor * exponentials, *kernel) / total
    np.testing.assert_allclose(nbp.soft_pool2d(x, *kernel), soft, **near)
    np.testing.assert_allclose(nbp.logavgexp_pool2d(x, *kernel), total.log(), **near)
    powers = functional.avg_pool2d(tensor.clamp(min=1e-6) ** 3, *kernel)
    np.testing.assert_allclose(nbp.gem_pool2d(x, *kernel), powers ** (1 / 3), **near)
    norm = functional.lp_pool2d(tensor, 2.0, *kernel)
    np.testing.assert_allclose(nbp.lp_pool2d(x, 2, *kernel), norm, **near)
