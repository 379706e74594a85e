"""Trained weights: from a mapping or a file to the matrices of layers and directions."""

from __future__ import annotations

import os
import re
import zipfile
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np

from numbapool.errors import PoolError, PoolImportError, PoolTypeError, PoolValueError, shown
from numbapool.inputs import Array, as_array

Weights: TypeAlias = Mapping[str, Any] | str | os.PathLike[str]

PARAMETER = re.compile(r"(?:weight|bias)_(?:ih|hh)_l(0|[1-9]\d{0,5})(_reverse)?")
"""torch's names of a recurrent layer's parameters."""

NAMES_SHOWN = 6
"""The most names that an error lists."""


class Trained(NamedTuple):
    """Arrays by their names."""

    arrays: Mapping[str, Array]

    def get(self, name: str, shape: tuple[int, ...]) -> Array:
        """Return an array of a shape.

        Raises
        ------
        PoolValueError
            If the array is missing or has another shape.
        """
        if name not in self.arrays:
            raise PoolValueError(f"weights has no {name!r}: it has {listed(self.arrays)}")
        found = self.arrays[name]
        if found.shape != shape:
            raise PoolValueError(f"{name} has shape {found.shape}, not {shape}")
        return found

    def dtype(self, *others: Array) -> np.dtype[Any]:
        """Return the dtype to compute in: float64 if any array is float64, else float32."""
        dtypes = {array.dtype for array in (*self.arrays.values(), *others)}
        return np.dtype(np.float64 if np.dtype(np.float64) in dtypes else np.float32)


def listed(names: Any) -> str:
    """Return a text of the first names, and how many more there are."""
    found = [str(name) for name in names]
    more = f" and {len(found) - NAMES_SHOWN} more" if len(found) > NAMES_SHOWN else ""
    return (", ".join(found[:NAMES_SHOWN]) or "nothing") + more


def read(weights: Weights) -> Trained:
    """Return the arrays of a mapping or of a file: see :func:`mapping_of`."""
    found = mapping_of(weights)
    return Trained({name: array_of(found[name], name) for name in found})


def mapping_of(weights: Weights) -> dict[str, Any]:
    """Return what a mapping, or a file .npz or .safetensors, has by its names.

    Raises
    ------
    PoolTypeError, PoolValueError
        For any other object, and for a file that cannot be read.
    PoolImportError
        If the package that reads .safetensors is not installed.
    """
    if isinstance(weights, str | os.PathLike):
        weights = read_file(Path(weights))
    if not isinstance(weights, Mapping):
        raise PoolTypeError(
            "weights must be a mapping of names to arrays, or the path of an .npz or .safetensors "
            f"file, not {shown(weights)}"
        )
    return {str(name): weights[name] for name in weights}


def array_of(value: Any, name: str) -> Array:
    """Return a parameter as an array; an error names it."""
    try:
        return as_array(value)
    except PoolError as error:
        raise type(error)(f"{name}: {error}") from error


def read_file(path: Path) -> Mapping[str, Array]:
    """Return the arrays of a file."""
    suffix = path.suffix.lower()
    try:
        if suffix == ".npz":
            with np.load(path, allow_pickle=False) as file:
                return {name: file[name] for name in file.files}
        if suffix == ".safetensors":
            found: Mapping[str, Array] = safetensors().load_file(path)
            return found
    except (OSError, PoolImportError):
        raise
    except (ValueError, zipfile.BadZipFile, EOFError) as error:
        raise PoolValueError(f"{shown(str(path))} cannot be read: {told(error)}") from error
    except Exception as error:  # the errors of safetensors have no common class
        if suffix != ".safetensors":
            raise
        raise PoolValueError(f"{shown(str(path))} cannot be read: {told(error)}") from error
    raise PoolValueError(
        f"weights must come from .npz or .safetensors, not from {shown(path.name)}"
    )


def told(error: Exception) -> str:
    """Return an error's text in one line."""
    return " ".join(str(error).split())


def safetensors() -> Any:
    """Return the module that reads .safetensors into arrays."""
    try:
        return import_module("safetensors.numpy")
    except ImportError as error:
        raise PoolImportError(
            "weights in .safetensors are read by a package that is not installed: "
            "pip install 'numbapool[safetensors]'"
        ) from error


class Direction(NamedTuple):
    """The matrices of one direction of a layer, each with its bias as the last column."""

    of_input: Array
    of_state: Array


class Part(NamedTuple):
    """The names of a matrix and of its bias, and the matrix's shape."""

    matrix: str
    bias: str | None
    shape: tuple[int, int]


def layers_of(
    trained: Trained, kind: str, gates: dict[str, int], channels: int, dtype: np.dtype[Any]
) -> list[list[Direction]]:
    """Return the layers of an array's `channels`: see :func:`parts_of`."""

    def joined(part: Part) -> Array:
        rows, columns = part.shape
        matrix = np.zeros((rows, columns + 1), dtype)
        matrix[:, :columns] = trained.arrays[part.matrix]
        if part.bias is not None:
            matrix[:, columns] = trained.arrays[part.bias]
        return matrix

    parts = parts_of(trained, kind, gates, channels)
    return [[Direction(*map(joined, pair)) for pair in layer] for layer in parts]


def parts_of(
    trained: Trained, kind: str, gates: dict[str, int], channels: int
) -> list[list[tuple[Part, Part]]]:
    """Return the layers of an array's `channels`, each with its one or two directions.

    A direction has a matrix of its input and one of its state. `gates` says how many gates each
    kind of layer has. Only the arrays' shapes are looked at.

    Raises
    ------
    PoolValueError
        If names are missing or belong to another layer, layers have holes, or shapes do not fit.
    """
    layers, suffixes, has_bias = structure(trained.arrays)
    state = state_size(trained, kind, gates)
    rows = gates[kind] * state

    def part(name: str, columns: int) -> Part:
        found = Part(f"weight_{name}", f"bias_{name}" if has_bias else None, (rows, columns))
        trained.get(found.matrix, found.shape)
        if found.bias is not None:
            trained.get(found.bias, (rows,))
        return found

    found = []
    for layer in range(layers):
        names = [f"l{layer}{suffix}" for suffix in suffixes]
        found.append([(part(f"ih_{n}", channels), part(f"hh_{n}", state)) for n in names])
        channels = state * len(suffixes)
    return found


def structure(names: Mapping[str, Any]) -> tuple[int, list[str], bool]:
    """Return the number of layers, their directions' suffixes, and whether they have biases."""
    numbers, suffixes = set(), set()
    for name in names:
        if name.startswith("weight_hr_l"):
            raise PoolValueError(f"{name}: an LSTM with projections (proj_size) is not supported")
        parsed = PARAMETER.fullmatch(name)
        if parsed is None:
            raise PoolValueError(
                f"{shown(name)} is no parameter of a recurrent layer, such as weight_ih_l0 or "
                "bias_hh_l0_reverse: pass only these, without a larger model's prefix"
            )
        numbers.add(int(parsed[1]))
        suffixes.add(parsed[2] or "")
    layers = max(numbers, default=0) + 1
    holes = sorted(set(range(min(layers, len(numbers) + 1))) - numbers)
    if numbers and holes:
        raise PoolValueError(f"weights has layer {layers - 1} but no layer {holes[0]}")
    return layers, ["", *sorted(suffixes - {""})], any(name.startswith("bias") for name in names)


def state_size(trained: Trained, kind: str, gates: dict[str, int]) -> int:
    """Return the number of elements of a state."""
    name = "weight_hh_l0"
    if name not in trained.arrays:
        raise PoolValueError(f"weights has no {name!r}: it has {listed(trained.arrays)}")
    shape = trained.arrays[name].shape
    if len(shape) != 2 or not shape[1]:
        raise PoolValueError(f"{name} has shape {shape}, not ({gates[kind]} * n, n)")
    state = shape[1]
    for other, count in gates.items():
        if other != kind and shape[0] == count * state:
            raise PoolValueError(
                f"{name} has shape {shape}, not {(gates[kind] * state, state)}: "
                f"these are the weights of {other}_pool"
            )
    return int(state)
