"""Pooling of boxes in images: regions of interest.

`boxes` reads them, `places` says which elements or samples each bin of a box has, `pool` has the
functions.
"""
