"""Absurd numbers, and what is no number, in every parameter of every public function.

Run as a script it makes all calls, and prints how many were refused by a PoolError, and those that
ended otherwise. What is refused is decided in Python, so NUMBA_DISABLE_JIT saves compiling.
"""

import inspect
import sys
from itertools import cycle

import numpy as np

import numbapool as nbp

ABSURD = [
    0,
    -1,
    -(2**63),
    2**62,
    2**63,
    2**100,
    -(2**100),
    2**2000,
    2**20000,
    2.5,
    np.nan,
    np.inf,
    True,
    np.int64(2**62),
    np.uint64(2**64 - 1),
    np.float32(1.5),
    1j,
    "",
    "2",
    "HW\n" * 999,
    b"2",
    (),
    (2**62,),
    (2**62, 2**62),
    (2**62, 2**62, 2**62),
    (1, 2, 3, 4, 5),
    (None, 2**62),
    ((2**62, 2**62),) * 2,
    ((0, 2**40),) * 2,
    ((2**40, 0), (0, 2**27)),
    [2, "a"],
    {},
    {2},
    np.array(2**62),
    np.array([2.5, 2.5]),
    np.zeros((30, 30)),
    np.array([], int),
    object(),
    lambda: 2,
]

NOT_PARAMETERS = {"progress", "parameters", "arguments"}

CHOSEN = {
    "kernel_size": 2,
    "output_size": 2,
    "block_size": 2,
    "norm_type": 2,
    "q": 50,
    "op": "max",
    "reducer": None,
    "shape": (1, 2, 4, 4),
    "functions": "max_pool2d",
    "dtypes": "uint8",
    "boxes": [[0, 0, 0, 2, 2]],
    "query": np.ones(4),
    "num_heads": 2,
}
"""What stands in for the parameters that must be given."""

FUNCTIONS = [
    name for name in nbp.__all__ if not name.startswith(("Pool", "pool_into", "pyramid_into"))
]


def given(name):
    """Return what a function is called with where nothing is absurd."""
    function = getattr(nbp, name)
    parameters = inspect.signature(function).parameters
    arguments = {
        key: CHOSEN[key]
        for key, parameter in parameters.items()
        if key in CHOSEN and parameter.default is parameter.empty
    }
    if "x" in parameters:
        arguments["x"] = np.arange(16, dtype=np.uint8).reshape(1, 1, 4, 4)
    if name.endswith(("lstm_pool", "gru_pool", "attention_pool")) and "weights" in parameters:
        gates = {"lstm_pool": 4, "gru_pool": 3}.get(name)
        attention = {"in_proj_weight": np.ones((12, 4)), "out_proj.weight": np.eye(4)}
        parts = {
            f"weight_{part}_l0": np.ones((gates or 1, n)) for part, n in (("ih", 4), ("hh", 1))
        }
        arguments |= {"weights": parts if gates else attention, "x": np.ones((2, 4, 4), np.uint8)}
    if name in ("sequence_pool", "attention_pool"):
        arguments["x"] = np.ones((2, 4, 4), np.uint8)
    if "scores" in parameters:
        arguments["scores"] = np.ones((2, 4))
    if "indices" in parameters:
        arguments["indices"] = np.zeros((1, 2, 4, 4), int)
    if name == "to_tf_indices":
        arguments["shape"] = (1, 4, 4, 4)
    if name == "warmup":
        arguments |= {"functions": ("max_pool2d",), "dtypes": ("uint8",)}
    return function, arguments


def is_pooled_or_refused(function, arguments):
    """Call a function, which may do its work or raise a PoolError; return whether it did."""
    try:
        function(**arguments)
    except nbp.PoolError as error:
        told = str(error).partition("; a right one is\n\n")[0]  # a reducer's example has lines
        assert "\n" not in told
        assert len(told) < 600
        return False
    return True


def of_floats(arguments):
    """Return the arguments with an array of floats, whose divisors have other limits."""
    return {**arguments, "x": arguments["x"].astype(np.float32)} if "x" in arguments else arguments


def main():
    """Make all calls: by turns with an array of integers, and with one of floats."""
    refused, wrong = 0, []
    turns = cycle((lambda arguments: arguments, of_floats))
    for name in FUNCTIONS:
        function, arguments = given(name)
        before = refused
        for key in inspect.signature(function).parameters:
            if key in NOT_PARAMETERS:
                continue
            for value in ABSURD:
                others = next(turns)(arguments)
                try:
                    refused += not is_pooled_or_refused(function, {**others, key: value})
                except Exception as error:
                    wrong.append(f"{name}, {key}: {type(error).__name__}: {error}"[:300])
        if refused == before:
            wrong.append(f"{name} refuses nothing")
    print(refused, *wrong, sep="\n")
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
