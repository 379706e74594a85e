"""Pooling of any array, exact and at the memory's speed."""

from numbapool.functional import avg_pool2d, max_pool2d, min_pool2d, sum_pool2d
