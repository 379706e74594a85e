"""Where windows lie, against lists of taps."""

import itertools

import naive_windows
import pytest
from hypothesis import given
from hypothesis import strategies as st

from numbapool.windows import axes as windows

SMALL = list(
    itertools.product(
        [1, 2, 3, 5, 8, 13],  # size
        [1, 2, 3, 5],  # kernel
        [1, 2, 3, 7],  # stride
        [(0, 0), (1, 1), (2, 0), (0, 3), (4, 4)],
        [1, 2, 3],  # dilation
        [False, True],
    )
)


def listed(axis):
    """Return an axis's windows as (first tap, taps, taps inside the padding) lists."""
    borders = iter(axis.borders.tolist())
    found = []
    for i in range(axis.out):
        if axis.lo <= i < axis.hi:
            found.append((i * axis.step - axis.before, axis.taps, axis.taps))
        else:
            start, count, extent = next(borders)
            found.append((start if count else None, count, extent))
    assert next(borders, None) is None
    return found


def expected(axis_windows):
    return [
        (taps.inside[0] if taps.inside else None, len(taps.inside), taps.padded)
        for taps in axis_windows
    ]


@pytest.mark.parametrize("ceil_mode", [False, True])
def test_output_size_of_every_small_axis(ceil_mode):
    for size, kernel, stride, pads, dilation, _ in SMALL:
        got = windows.output_size(size, kernel, stride, pads, dilation, ceil_mode)
        want = naive_windows.out_size(size, kernel, stride, *pads, dilation, ceil_mode)
        assert max(got, 0) == want, (size, kernel, stride, pads, dilation)


def test_windows_of_every_small_axis():
    for size, kernel, stride, pads, dilation, ceil_mode in SMALL:
        want = naive_windows.sliding(size, kernel, stride, *pads, dilation, ceil_mode)
        if not want:
            with pytest.raises(ValueError, match="larger than the axis"):
                windows.sliding(size, kernel, stride, pads, dilation, ceil_mode)
            continue
        axis = windows.sliding(size, kernel, stride, pads, dilation, ceil_mode)
        assert axis.out == len(want)
        assert listed(axis) == expected(want), (size, kernel, stride, pads, dilation, ceil_mode)
        empty = [i for i, taps in enumerate(want) if not taps.inside]
        assert axis.empty_window == (empty[0] if empty else None)
        assert axis.longest == max(len(taps.inside) for taps in want)


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 12), st.integers(1, 5), st.booleans())
def test_same_padding(size, kernel, stride, dilation, lower):
    before, after = naive_windows.same_padding(size, kernel, stride, dilation, lower)
    name = "same_lower" if lower else "same"
    got = windows.sliding(size, kernel, stride, name, dilation)
    assert listed(got) == expected(
        naive_windows.sliding(size, kernel, stride, before, after, dilation)
    )
    assert got.out == -(-size // stride)
    assert 0 <= (before - after if lower else after - before) <= 1


@given(st.integers(1, 60), st.integers(1, 70))
def test_adaptive_windows_cover_the_axis(size, out):
    got = listed(windows.adaptive(size, out))
    assert got == expected(naive_windows.adaptive(size, out))
    assert got[0][0] == 0
    assert sum(got[-1][:2]) == size


@pytest.mark.parametrize(
    ("size", "kernel", "stride", "pads", "dilation", "out"),
    [
        (5, 2, 1, (0, 0), 1, 4),
        (5, 1, 10**15, (0, 0), 1, 1),
        (5, 2, 2**40, (0, 2**40), 2**40, 1),
        (10**12, 3, 10**11, (0, 0), 1, 10),
        (10, 10**9, 10**9, (10**9, 10**9), 1, 2),
        (7, 2**30, 3, (2**30, 2**30), 2**10, 0),
    ],
)
def test_huge_numbers_neither_overflow_nor_allocate(size, kernel, stride, pads, dilation, out):
    assert naive_windows.out_size(size, kernel, stride, *pads, dilation) == out
    assert max(windows.output_size(size, kernel, stride, pads, dilation), 0) == out
    if out:
        assert windows.sliding(size, kernel, stride, pads, dilation).out == out


def test_an_empty_axis_is_refused():
    with pytest.raises(ValueError, match="size 0"):
        windows.sliding(0, 1, 1, (1, 1))
    with pytest.raises(ValueError, match="size 0"):
        windows.adaptive(0, 3)
