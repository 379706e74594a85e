"""Every public function called with torch's tensors or xarray's arrays: results are of that kind.

Run as a script with a kind, it makes the calls of `every_function` and prints how many were right.
"""

import sys
from functools import wraps
from typing import Any

import every_function
import numpy as np

import numbapool as nbp

NO_ARRAYS = ("Pool", "pool2d_shape", "warmup")
"""Functions that take no array, by the beginning of their names."""


def tensor(x: np.ndarray) -> Any:
    import torch

    return torch.from_numpy(np.ascontiguousarray(x))


def labelled(x: np.ndarray) -> Any:
    import xarray

    coords = {f"d{n}": np.arange(size) for n, size in enumerate(x.shape)}
    return xarray.DataArray(x, coords, [*coords], "name", {"of": "the array"})


KINDS = {"torch": tensor, "xarray": labelled}


def plain(result: Any, kind: type) -> np.ndarray:
    """Return a result's elements; it must be of a kind."""
    if type(result) is not kind:
        raise RuntimeError(f"a {type(result).__name__} came back, no {kind.__name__}")
    if kind.__name__ == "DataArray":
        named = result.name == "name" and result.attrs == {"of": "the array"}
        whole = all(held.shape == (result.sizes[name],) for name, held in result.coords.items())
        if not (named and whole):
            raise RuntimeError(f"what belongs to it is lost: {result}")
    return np.asarray(result)


def of_kind(function: Any, made: Any) -> Any:
    """Return a function that is called with arrays of a kind in place of NumPy's."""

    @wraps(function)
    def called(x: Any, *given: Any, **named: Any) -> Any:
        array = made(np.asarray(x))
        given = tuple([made(each) if isinstance(each, np.ndarray) else each for each in given])
        result = function(array, *given, **named)
        if isinstance(result, tuple):
            return tuple([plain(each, type(array)) for each in result])
        return plain(result, type(array))

    return called


def main(kind: str, dtypes: list[str]) -> int:
    for name in nbp.__all__:
        function = getattr(nbp, name)
        if not (isinstance(function, type) or name.startswith(NO_ARRAYS)):
            setattr(nbp, name, of_kind(function, KINDS[kind]))
    return every_function.main(dtypes)


if __name__ == "__main__":
    print(main(sys.argv[1], sys.argv[2:]))
