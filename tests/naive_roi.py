"""Boxes of one plane pooled from the definitions, a sample and an element at a time.

Places are reckoned in float32, in torch's order.
"""

import math

import numpy as np

F = np.float32


def round_half_away(number):
    """Return the nearest whole number, as C's ``round``."""
    return math.floor(abs(number) + 0.5) * (1 if number >= 0 else -1)


def bins_of_elements(low, high, out, size):
    """Return the elements of each bin of a box along one axis."""
    first, last = round_half_away(low), round_half_away(high)
    step = F(max(last - first + 1, 1)) / F(out)
    bins = []
    for p in range(out):
        start = math.floor(F(p) * step) + first
        stop = math.ceil(F(p + 1) * step) + first
        bins.append([n for n in range(max(start, 0), min(stop, size))])
    return bins


def roi_pool(plane, box, out, scale=1.0):
    """Return the largest element of each bin and its place; the last NaN is the largest."""
    height, width = plane.shape
    x0, y0, x1, y1 = (F(n) * F(scale) for n in box)
    rows = bins_of_elements(y0, y1, out[0], height)
    columns = bins_of_elements(x0, x1, out[1], width)
    values, places = np.zeros(out, plane.dtype), np.full(out, -1)
    for p, q in np.ndindex(*out):
        found = [(plane[r, c], r * width + c) for r in rows[p] for c in columns[q]]
        missing = [each for each in found if each[0] != each[0]]
        if missing:
            values[p, q], places[p, q] = missing[-1]
        elif found:
            largest = max(value for value, _ in found)
            values[p, q], places[p, q] = next(each for each in found if each[0] == largest)
    return values, places


def bins_of_samples(low, high, out, size, ratio, aligned):
    """Return the places of each bin's samples along one axis; None for one that lies outside."""
    length = high - low if aligned else max(high - low, F(1))
    step = length / F(out)
    count = ratio if ratio > 0 else math.ceil(step)
    bins = []
    for p in range(out):
        places = [low + F(p) * step + F(n + F(0.5)) * step / F(count) for n in range(count)]
        bins.append([place if -1 <= place <= size else None for place in places])
    return bins


def parts(place, size):
    """Return the elements that a place lies between, and the part of each."""
    place = max(place, F(0))
    low = int(place)
    if low >= size - 1:
        return [(size - 1, 1.0)]
    share = float(place - F(low))
    return [(low, 1 - share), (low + 1, share)] if share else [(low, 1.0)]


def sample(plane, y, x):
    """Return what lies between elements at a place."""
    if y is None or x is None:
        return 0.0
    height, width = plane.shape
    return sum(float(plane[r, c]) * a * b for r, a in parts(y, height) for c, b in parts(x, width))


def roi_align(plane, box, out, scale=1.0, ratio=-1, aligned=False, mode="mean"):
    """Return the mean or the largest of each bin's samples; NaN is the largest."""
    height, width = plane.shape
    moved = F(0.5 if aligned else 0)
    x0, y0, x1, y1 = (F(n) * F(scale) - moved for n in box)
    rows = bins_of_samples(y0, y1, out[0], height, ratio, aligned)
    columns = bins_of_samples(x0, x1, out[1], width, ratio, aligned)
    result = np.zeros(out)
    for p, q in np.ndindex(*out):
        found = [sample(plane, y, x) for y in rows[p] for x in columns[q]]
        if found and mode == "max":
            result[p, q] = max(found) if not np.isnan(found).any() else np.nan
        elif found:
            result[p, q] = sum(found) / len(found)
    return result
