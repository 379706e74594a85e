"""Tensors of torch in the CPU's memory: pooled where they lie, and given back as tensors.

torch is found in `sys.modules`, where whoever made the tensor has put it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from typing import Any

from numbapool.arrays import Origin
from numbapool.errors import PoolTypeError
from numbapool.inputs import Array, viewed


class Tensors:
    """Tensors in the CPU's memory."""

    def adopt(self, x: Any) -> Array:
        """Return a tensor's elements, which are not copied.

        Raises
        ------
        PoolTypeError
            If the tensor requires grad where torch records gradients, or if NumPy cannot hold its
            numbers.
        """
        try:
            return viewed(x)
        except RuntimeError as error:  # such as numbers that are still to be negated
            raise PoolTypeError(
                f"a {type(x).__name__} cannot be read as an array: {error}"
            ) from error

    def target(self, out: Any) -> Array:
        """Return the memory of a tensor to write a result to."""
        return self.adopt(out)

    def give_back(self, made: Array, x: Any, origins: Callable[[], Sequence[Origin]]) -> Any:
        """Return a result as a tensor that holds the same memory.

        Raises
        ------
        PoolTypeError
            If this torch has no such dtype: before 2.3 it had no unsigned integers but bytes.
        """
        torch = sys.modules["torch"]
        try:
            return torch.from_numpy(made)
        except TypeError as error:
            raise PoolTypeError(
                f"the result is of {made.dtype}, which torch {torch.__version__} does not know: "
                "pass x.numpy(), and an array of NumPy comes back"
            ) from error


KIND = Tensors()
