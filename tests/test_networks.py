"""The networks that pick ranks out of windows, run on NumPy's rows, against sorting."""

import numpy as np
import pytest

from numbapool.reducers.networks import network


def picked(found, x):
    """Return each result of a network, for every column of `x` that it can start from."""
    stored = {}

    def read(step):
        source = x[step.first] if step.kind == "load" else stored[step.first]
        return source[step.second :]

    for stage in found.stages:
        columns = min(read(step).size for step in stage.steps if not step.compares)
        values = []
        for step in stage.steps:
            if step.compares:
                better = np.minimum if step.kind == "lesser" else np.maximum
                values.append(better(values[step.first], values[step.second]))
            else:
                values.append(read(step)[:columns])
        stored |= {number: values[place] for number, place in stage.stores.items()}
    return {which: values[place] for which, place in stage.results.items()}


def agrees(x, window, ranks, down=1, stride=1, keeps=()):
    """Check a network's results on an array: the ranks of all windows below each other."""
    rows, columns = window
    found = picked(network(rows, columns, ranks, down, stride, keeps), x)
    views = np.lib.stride_tricks.sliding_window_view(x, window)
    assert found.keys() == {(k, rank) for k in range(down) for rank in ranks}
    for (k, rank), got in found.items():
        ordered = np.sort(views[k * stride].reshape(-1, rows * columns), axis=1)
        np.testing.assert_array_equal(got, ordered[:, rank])


SIZES = [(rows, columns) for rows in range(1, 6) for columns in range(1, 6)] + [(7, 7), (2, 9)]


def middle(rows, columns):
    """Return the two middle ranks, or the one."""
    taps = rows * columns
    return tuple(sorted({(taps - 1) // 2, taps // 2}))


@pytest.mark.parametrize("window", SIZES)
def test_every_rank_of_random_numbers(window):
    rng = np.random.default_rng(5)
    taps = window[0] * window[1]
    x = rng.permutation(window[0] * 60).reshape(window[0], 60)
    for rank in range(taps):
        agrees(x, window, (rank,))
        agrees(x // 9, window, tuple(sorted({rank, min(rank + 1, taps - 1)})))


@pytest.mark.parametrize(
    "window",
    [size for size in SIZES if size[0] * size[1] <= 12],
    ids=lambda size: "x".join(map(str, size)),
)
def test_every_window_of_zeros_and_ones(window):
    """A network of minima and maxima that is right for these is right for all numbers."""
    rows, columns = window
    taps = rows * columns
    bits = np.arange(1 << taps)[:, None] >> np.arange(taps) & 1
    x = bits.reshape(-1, rows, columns).transpose(1, 0, 2).reshape(rows, -1)
    for rank in range(taps):
        found = picked(network(rows, columns, (rank,)), x)[0, rank][::columns]
        np.testing.assert_array_equal(found, np.sort(bits, axis=1)[:, rank])


@pytest.mark.parametrize("keeps", [(), (1,), (2,), (1, 2), (1, 2, 4)])
@pytest.mark.parametrize("window", [(3, 3), (4, 3), (5, 5), (4, 6), (7, 7), (5, 1), (1, 5)])
def test_windows_that_share_rows_and_columns(window, keeps):
    rng = np.random.default_rng(6)
    kept = tuple(width for width in keeps if width <= window[1])
    for stride in (1, 2, 3):
        for down in range(1, (window[0] - 1) // stride + 2):
            x = rng.integers(0, 50, ((down - 1) * stride + window[0], 40))
            agrees(x, window, middle(*window), down, stride, kept)


@pytest.mark.parametrize(("keeps", "down"), [((), 1), ((1,), 2), ((1, 2), 3)])
@pytest.mark.parametrize("window", [(3, 3, 3), (2, 3, 4), (3, 1, 1)])
def test_windows_of_several_planes(window, keeps, down):
    planes, rows, columns = window
    down = min(down, rows)
    kept = tuple(width for width in keeps if width <= columns)
    rng, taps = np.random.default_rng(7), planes * rows * columns
    x = rng.integers(0, 50, (planes, down - 1 + rows, 40))
    ranks = middle(planes * rows, columns)
    # Row by row, each plane's.
    found = picked(
        network(rows, columns, ranks, down, 1, kept, planes), np.moveaxis(x, 0, 1).reshape(-1, 40)
    )
    views = np.lib.stride_tricks.sliding_window_view(x, window)[0]
    for (k, rank), got in found.items():
        ordered = np.sort(views[k].reshape(-1, taps), axis=1)
        np.testing.assert_array_equal(got, ordered[:, rank])


def test_windows_with_no_row_in_common():
    with pytest.raises(ValueError, match="3 windows of 4 rows, 2 apart, have no row in common"):
        network(4, 4, (7,), down=3, stride=2)


@pytest.mark.parametrize(
    ("size", "down", "keeps", "most"),
    [
        (3, 2, (), 23),
        (3, 2, (1,), 21),
        (5, 2, (1,), 86),
        (5, 2, (1, 2), 75),
        (7, 2, (1, 2), 184),
        (7, 4, (1, 2, 4), 173),
    ],
)
def test_operations_per_result(size, down, keeps, most):
    found = network(size, size, middle(size, size), down, 1, keeps)
    assert found.operations <= most * down


def test_nothing_is_made_that_nothing_needs():
    for found in (network(5, 5, (12,), 2, 1, (1, 2)), network(4, 4, (0,)), network(3, 4, (11,))):
        for n, stage in enumerate(found.stages):
            later = found.stages[n + 1 :]
            asked = {s.first for each in later for s in each.steps if s.kind == "recall"}
            assert stage.stores.keys() <= asked
            used = {place for step in stage.steps if step.compares for place in step[1:]}
            used |= {*stage.stores.values(), *stage.results.values()}
            assert used == set(range(len(stage.steps)))
    assert network(4, 4, (0,)).operations == 15
