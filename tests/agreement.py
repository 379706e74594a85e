"""How near a result must be to the oracle's, and the two asked side by side."""

import numpy as np

TOLERANCE = {"float16": 1e-6, "float32": 1e-6, "float64": 1e-13}
"""Of the mean of the window's magnitudes; in float16 a last place more or less may come too."""


def assert_form(got, want):
    assert isinstance(got, np.ndarray)
    assert got.shape == want.shape
    assert got.dtype == want.dtype
    assert got.dtype.isnative


def assert_equal(got, want):
    """Check that two results are the same to the bit, but for the sign of zero."""
    assert_form(got, want)
    np.testing.assert_array_equal(got, want)


def assert_close(got, want, magnitude, mass=None):
    """Check that floats are as near as rounding allows.

    Parameters
    ----------
    got, want
        The results.
    magnitude
        The scale of the errors: the mean of the window's magnitudes.
    mass
        The sum of the window's finite magnitudes: past the largest number that the sum is kept
        in, inf or NaN may come out.
    """
    assert_form(got, want)
    computed = np.float64 if got.dtype == np.float64 else np.float32
    free = np.zeros(got.shape, bool)
    if mass is not None:
        free = (mass > 0.99 * float(np.finfo(computed).max)) & ~np.isfinite(got)
    with np.errstate(invalid="ignore", over="ignore"):
        tiny = float(np.finfo(got.dtype).smallest_subnormal)
        near = np.abs(got.astype(np.float64) - want) <= TOLERANCE[got.dtype.name] * magnitude + tiny
    if got.dtype == np.float16:
        near |= np.abs(ordinal(got) - ordinal(want)) <= 1
    near &= np.isfinite(want) == np.isfinite(got)
    # Beside the largest number, rounding decides between it and inf.
    huge = 0.999 * float(np.finfo(got.dtype).max)
    edge = (np.minimum(got, want) > huge) | (np.maximum(got, want) < -huge)
    edge &= np.isinf(got) | np.isinf(want)
    same = (got == want) | (np.isnan(got) & np.isnan(want))
    bad = ~(near | same | edge)
    bad &= ~free
    if bad.any():
        first = np.unravel_index(np.argmax(bad), bad.shape)
        raise AssertionError(
            f"{np.count_nonzero(bad)} of {bad.size} differ; first at {tuple(map(int, first))}: "
            f"got {got[first]!r}, want {want[first]!r}"
        )


def ordinal(x):
    """Return where each float16 stands in their order."""
    bits = x.view(np.int16).astype(np.int64)
    return np.where(bits < 0, -(bits & 0x7FFF), bits)


def magnitudes(x, nan="propagate", nodata=None):
    """Return |x| in float64 with infinities as 0, and what does not count as NaN."""
    size = np.abs(x.astype(np.float64))
    size[np.isinf(size)] = 0.0
    if nodata is not None:
        size[x == nodata] = np.nan
    return size


def spread_scale(name, want, largest):
    """Return the scale of the errors of a "var" or "std", for elements up to `largest`.

    Each element, and the mean, is off by some of its last places in float64: `off` of them shift
    a deviation, so a variance by twice its root times that and by its square.
    """
    tolerance, want = TOLERANCE["float64"], np.abs(want)
    off = 8 * np.finfo(np.float64).eps * largest
    if name == "std":
        return want + off / tolerance
    return want + (2 * np.sqrt(want) * off + off * off) / tolerance


def finite_mass(x):
    """Return |x| in float64 with 0 for NaN and infinities."""
    return np.nan_to_num(magnitudes(x))


def mass_of_all(x, shape):
    """Return more than any window's sum of magnitudes."""
    with np.errstate(over="ignore"):
        return np.full(shape, finite_mass(x).sum())


def answer(function, *arguments, **keywords):
    """Return what a function returns, or the ValueError it raises."""
    try:
        return function(*arguments, **keywords)
    except ValueError as error:
        return error


def both_refuse(got, want):
    """Whether both are errors; only one of them being one is a failure."""
    if isinstance(got, Exception) != isinstance(want, Exception):
        error = got if isinstance(got, Exception) else want
        raise AssertionError(f"only one refuses: got {got!r}, want {want!r}") from error
    return isinstance(got, Exception)
