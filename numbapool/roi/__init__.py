"""Pooling of boxes in images: regions of interest.

`boxes` reads the boxes, `places` says which elements or samples each bin of a box has, `pool` holds
the functions.
"""
