"""Images in stores, of one level, as OME-NGFF describes them."""

import numpy as np

SPACE = [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"]


def small(shape=(13, 22, 19), dtype="uint8"):
    return np.random.default_rng(0).integers(0, 256, shape).astype(dtype)


def scaled(path, scale, translation=None):
    """Return what multiscales say of a level."""
    made = [{"type": "scale", "scale": list(scale)}]
    if translation is not None:
        made.append({"type": "translation", "translation": list(translation)})
    return {"path": path, "coordinateTransformations": made}


def image(x, chunks=4, place=None, *, scale=None, translation=None, version="0.5", **more):
    """Return the store of an image of one level."""
    import zarr  # here, since the suite looks for doctests in all files

    store = {} if place is None else place
    axes = SPACE[-x.ndim :]
    if x.ndim > 3:
        axes = [{"name": "t", "type": "time"}, {"name": "c", "type": "channel"}, *SPACE][-x.ndim :]
    base = scaled("0", scale or (1.0,) * x.ndim, translation)
    first = {"name": "cells", "axes": axes, "datasets": [base]}
    old = version == "0.4"
    attributes = {"multiscales": [{"version": "0.4", **first}]}
    if not old:
        attributes = {"ome": {"version": version, "multiscales": [first]}}
    group = zarr.create_group(store, zarr_format=2 if old else 3, attributes=attributes)
    if old:
        more["chunk_key_encoding"] = {"name": "v2", "separator": "/"}
    sizes = (chunks,) * x.ndim if isinstance(chunks, int) else chunks
    made = group.create_array("0", shape=x.shape, dtype=x.dtype, chunks=sizes, **more)
    made[...] = x
    return store
