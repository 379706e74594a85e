"""Data formats: every name in every case, wherever a function takes one."""

import naive
import numpy as np
import pytest
from agreement import assert_equal
from numba import njit
from numba.core.errors import TypingError

import numbapool as nbp

AXES = {"N": 2, "C": 3, "D": 4, "H": 6, "W": 8, "L": 10}

NAMES = {
    1: ["NCL", "NLC", "CL", "LC", "L"],
    2: ["NCHW", "NHWC", "CHW", "HWC", "HW"],
    3: ["NCDHW", "NDHWC", "CDHW", "DHWC", "DHW"],
}
EVERY = [(ndim, name) for ndim, names in NAMES.items() for name in names]
every_name = pytest.mark.parametrize(("ndim", "name"), EVERY)


def named(name):
    """Return an array with the axes of a format."""
    shape = [AXES[letter] for letter in name]
    return np.random.default_rng(3).integers(0, 99, shape).astype(np.float32)


def halved(name):
    return tuple(AXES[letter] // 2 if letter in "LDHW" else AXES[letter] for letter in name)


@every_name
def test_every_name_in_every_case(ndim, name):
    x = named(name)
    for data_format in (name, name.lower(), name.title()):
        got = getattr(nbp, f"max_pool{ndim}d")(x, 2, data_format=data_format)
        assert got.shape == halved(name)
        assert_equal(got, naive.max_pool(x, ndim, 2, data_format=name))


@every_name
def test_every_function_that_takes_one(ndim, name):
    x, form = named(name), {"data_format": name.lower()}
    values, places = getattr(nbp, f"max_pool{ndim}d")(x, 2, return_indices=True, **form)
    want = naive.max_unpool(values, ndim, places, 2, data_format=name)
    assert_equal(getattr(nbp, f"max_unpool{ndim}d")(values, places, 2, **form), want)
    got = getattr(nbp, f"adaptive_max_pool{ndim}d")(x, 2, **form)
    assert_equal(got, naive.adaptive_max_pool(x, ndim, 2, data_format=name))
    for keepdims in (True, False):
        got = nbp.global_max_pool(x, keepdims=keepdims, **form)
        assert_equal(got, naive.global_max_pool(x, keepdims=keepdims, data_format=name))
    if ndim == 2:
        assert nbp.pool2d_shape(x.shape, 2, **form) == halved(name)


def test_a_photo_keeps_its_colours():
    photo = np.zeros((403, 603, 3), np.uint8)
    assert nbp.avg_pool2d(photo, 2, data_format="HWC").shape == (201, 301, 3)
    assert nbp.avg_pool2d(photo, 2, data_format="nhwc").shape == (201, 301, 3)
    assert nbp.avg_pool2d(photo, 2).shape == (403, 301, 1)  # as torch reads it


@pytest.mark.parametrize(
    ("shape", "name", "message"),
    [
        ((4, 4, 4, 3), "HWC", r"has 4 axes; HWC names 3: NHWC takes any number"),
        ((4, 4, 4), "HW", r"has 3 axes; HW names 2: NCHW takes any number"),
        ((4, 4), "CHW", r"has 2 axes; CHW names 3"),
        ((4, 4), "NHWC", r"has 2 axes; NHWC needs at least 3"),
        ((4, 4), "NHW", "one of NCHW, NHWC, CHW, HWC, HW, not 'NHW'"),
        ((4, 4), "DHW", "not 'DHW'"),
        ((4, 4), "", "not ''"),
        ((4, 4), 5, "not 5"),
        ((4, 4), ["HW"], r"not [(\[]'HW'"),
        ((9, 1, 3), "CHW", "read as CHW: was data_format='HWC' meant"),
        ((1, 3, 9), "HWC", "read as HWC: was data_format='CHW' meant"),
        ((9, 1, 3), None, "read as NCHW: was data_format='NHWC' meant"),
    ],
)
def test_what_does_not_fit_is_told(shape, name, message):
    for call in (
        lambda: nbp.max_pool2d(np.zeros(shape), (3, 1), data_format=name),
        lambda: nbp.pool2d_shape(shape, (3, 1), data_format=name),
    ):
        with pytest.raises(nbp.PoolValueError, match=message):
            call()


def test_compiled_code():
    photo = named("HWC")
    got = njit(
        lambda x: (
            nbp.avg_pool2d(x, 2, data_format="hwc"),
            nbp.max_pool2d(x, 2, return_indices=True, data_format="Chw")[1],
            nbp.global_max_pool(x, keepdims=False, data_format="HWC"),
            nbp.adaptive_max_pool3d(x, 2, data_format="dhw"),
        )
    )(photo)
    want = (
        naive.avg_pool(photo, 2, 2, data_format="HWC"),
        naive.max_pool(photo, 2, 2, return_indices=True, data_format="CHW")[1],
        naive.global_max_pool(photo, keepdims=False, data_format="HWC"),
        naive.adaptive_max_pool(photo, 3, 2, data_format="DHW"),
    )
    for one, other in zip(got, want, strict=True):
        assert_equal(one, other)
    with pytest.raises(TypingError, match="HW names 2"):
        njit(lambda x: nbp.max_pool2d(x, 2, data_format="hw"))(photo)


def test_warmup_takes_them():
    assert nbp.warmup("max_pool2d", "uint8", data_format="hwc").seconds > 0
    assert nbp.warmup("max_pool1d", "uint8", data_format="L").seconds > 0
