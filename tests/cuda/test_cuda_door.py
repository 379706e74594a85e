"""The way in and out, in the simulator: arrays of devices and of the host, by every function."""

import numpy as np
import pytest

import numbapool as nbp


class OnDevice:
    """An array of a device, as the simulator has them: in the host's memory."""

    def __init__(self, x):
        self.x = np.asarray(x)

    @property
    def __cuda_array_interface__(self):
        return {**self.x.__array_interface__, "stream": 1}


X = np.random.default_rng(1).random((2, 3, 8, 9), np.float32)
WEIGHTS = np.random.default_rng(2).random((2, 8), np.float32)
MASK = np.arange(8) < [[8], [3]]
VALUES, PLACES = nbp.max_pool2d(X, 2, return_indices=True)

CALLS = {
    "max": lambda of, **how: nbp.max_pool2d(of(X), 3, 2, padding=1, return_indices=True, **how),
    "avg": lambda of, **how: nbp.avg_pool2d(of(X), [2, 2], data_format="nhwc", **how),
    "median": lambda of, **how: nbp.median_pool2d(of(X), 3, **how),
    "stochastic": lambda of, **how: nbp.stochastic_pool2d(of(X), 2, seed=3, **how),
    "adaptive": lambda of, **how: nbp.adaptive_avg_pool2d(of(X), (3, None), **how),
    "global": lambda of, **how: nbp.global_max_pool(of(X), **how),
    "layer": lambda of, **how: nbp.Pool("sum", 2)(of(X), **how),
    "blur": lambda of, **how: nbp.max_blur_pool2d(of(X), **how),
    "fractional": lambda of, **how: nbp.fractional_max_pool2d(of(X), 2, 3, seed=1, **how),
    "blocks": lambda of, **how: nbp.block_reduce(of(X), (2, 1, 3, 2), "max", **how),
    "pyramid": lambda of, **how: nbp.pool_pyramid(of(X), "median", 2, **how),
    "unpool": lambda of, **how: nbp.max_unpool2d(
        of(VALUES), of(PLACES), 2, output_size=(8, 9), **how
    ),
    "sequences": lambda of, **how: nbp.sequence_pool(
        of(X[:, 0]), ("mean", "std"), mask=of(MASK), **how
    ),
    "weighted": lambda of, **how: nbp.sequence_pool(of(X[:, 0]), weights=of(WEIGHTS), **how),
    "attention": lambda of, **how: nbp.attention_pool(of(X[:, 0]), of(WEIGHTS), **how),
}


def assert_alike(got, want):
    assert type(got) is type(want)
    if isinstance(want, tuple):
        for one, other in zip(got, want, strict=True):
            assert_alike(one, other)
        return
    assert (got.shape, got.dtype) == (want.shape, want.dtype)
    np.testing.assert_allclose(got, want, rtol=1e-6)


@pytest.mark.parametrize("name", CALLS)
def test_where_the_array_lies(name):
    assert_alike(CALLS[name](OnDevice), CALLS[name](np.asarray))


@pytest.mark.parametrize("name", CALLS)
def test_there_and_back(name):
    assert_alike(CALLS[name](np.asarray, device="cuda"), CALLS[name](np.asarray))


@pytest.mark.parametrize("name", ["max", "avg", "adaptive", "global", "stochastic"])
def test_there_and_back_in_chunks(name, monkeypatch):
    from numbapool.cuda import host

    monkeypatch.setattr(host, "CHUNK_BYTES", 2 * X[0, 0].nbytes)
    assert_alike(CALLS[name](np.asarray, device="cuda"), CALLS[name](np.asarray))


def test_pinned_memory_is_kept():
    from numbapool.cuda.memory import MOST_KEPT, PINNED

    nbp.avg_pool2d(X, 2, device="cuda")
    kept = {id(each) for each in PINNED._kept}
    nbp.avg_pool2d(X, 2, device="cuda")
    assert {id(each) for each in PINNED._kept} == kept
    PINNED.give([np.empty(MOST_KEPT + 1, np.uint8)])
    assert {id(each) for each in PINNED._kept} == kept


@pytest.mark.parametrize("cut", [np.s_[:, :, ::2], np.s_[..., 1:], np.s_[:, :, ::-1, 8:2:-1]])
def test_views(cut):
    want = nbp.max_pool2d(X[cut], 2)
    assert_alike(nbp.max_pool2d(OnDevice(X[cut]), 2), want)
    assert_alike(nbp.max_pool2d(X[cut], 2, device="cuda"), want)


def test_out_of_both():
    want = nbp.avg_pool2d(X, 2)
    for of, how in ((OnDevice, {}), (np.asarray, {"device": "cuda"})):
        out = np.zeros(want.shape, want.dtype)
        given = of(out)
        assert nbp.avg_pool2d(of(X), 2, out=given, **how) is given
        assert_alike(out, want)
    spread = np.zeros((*want.shape, 2), want.dtype)[..., 0]
    nbp.avg_pool2d(X, 2, out=spread, device="cuda")
    assert_alike(spread, want)
    with pytest.raises(nbp.PoolValueError, match="out overlaps the input"):
        nbp.max_pool2d(OnDevice(X), 2, out=OnDevice(X[:, :, :4, :4]))


def test_costly_poolings_go_to_a_gpu_by_themselves(monkeypatch):
    from numbapool.cuda import host

    sent = []
    monkeypatch.setattr(host, "send", lambda *given: sent.append(given))
    monkeypatch.setattr(host, "COSTLY", X.size)
    nbp.median_pool2d(X, 3, 1, device="auto")
    assert len(sent) == 1
    nbp.max_pool2d(X, 3, 1, device="auto")
    nbp.median_pool2d(X, 1, device="cpu")
    assert len(sent) == 1


def test_errors_are_the_cpu_s():
    for of, how in ((OnDevice, {}), (np.asarray, {"device": "cuda"})):
        with pytest.raises(nbp.PoolValueError, match="larger than"):
            nbp.max_pool2d(of(X), 20, **how)
        with pytest.raises(nbp.PoolValueError, match="points outside an output plane"):
            nbp.max_unpool2d(of(VALUES), of(PLACES), 2, **how)
        with pytest.raises(nbp.PoolTypeError, match="indices must be whole numbers"):
            nbp.max_unpool2d(of(VALUES), of(VALUES), 2, **how)
        with pytest.raises(nbp.PoolTypeError, match="complex128"):
            nbp.max_pool2d(of(X.astype(complex)), 2, **how)
    with pytest.raises(nbp.PoolTypeError, match="the ndarray beside it must lie there too"):
        nbp.max_unpool2d(OnDevice(VALUES), PLACES, 2)


def test_padding_modes_are_for_the_cpu():
    for device in (None, "cuda"):
        x = X if device else OnDevice(X)
        with pytest.raises(nbp.PoolTypeError, match=r"padding_mode 'reflect' .*functional\.pad"):
            nbp.max_pool2d(x, 3, 1, 1, padding_mode="reflect", device=device)
    auto = nbp.max_pool2d(X, 3, 1, 1, padding_mode="reflect", device="auto")
    np.testing.assert_array_equal(auto, nbp.max_pool2d(X, 3, 1, 1, padding_mode="reflect"))
