"""The functions for pooling by the states of a recurrent layer."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

import numpy as np

from numbapool.arrays import Asked, Device, Origin, kept, on_engine
from numbapool.errors import PoolValueError, shown
from numbapool.inputs import Array, ArrayLike
from numbapool.recurrent.kept import steps_of
from numbapool.recurrent.layers import GATES, run_direction, run_layer
from numbapool.recurrent.packed import Packed
from numbapool.recurrent.weights import Direction, Weights, layers_of, read
from numbapool.sequences.layout import sequences_of

__all__ = ["gru_pool", "lstm_pool"]

Pick: TypeAlias = Literal["last", "mean", "max", "sum"]


def lstm_pool(
    x: ArrayLike,
    weights: Weights,
    *,
    pick: Pick = "last",
    lengths: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    data_format: str = "NTC",
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Pool each sequence to states of an LSTM that was trained elsewhere.

    Parameters
    ----------
    x : array_like
        Batch, time, channels. If `x` or a weight is float64, all is computed in float64, else in
        float32.
    weights : mapping or path
        torch's parameters by their names, as ``lstm.state_dict()`` gives them: weight_ih_l0,
        weight_hh_l0, bias_ih_l0, bias_hh_l0; the same for further layers, and with "_reverse" for
        the other direction. The names say how many layers and directions there are. The biases
        are optional. Or the path of an .npz or .safetensors file with these parameters.
    pick : {"last", "mean", "max", "sum"}
        What to keep of the last layer's states: each direction's state at its end (the reverse
        direction ends at the first step), or the mean, the maximum or the sum over all steps.
    lengths : array_like of int, optional
        The number of steps of each row that count, from the first on.
    mask : array_like, optional
        Which steps count: bool, or 0 and 1, of shape (B, T), (B, T, 1) or (B, 1, T). True keeps a
        step: torch's key_padding_mask is the inverse. Steps that do not count are not read, as if
        they were not there.
    data_format : {"NTC", "NCT"}
        The order of the axes.
    device, stream
        As in :func:`max_pool2d`. The weights may lie on x's GPU too, and are sent there if they do
        not; lengths and masks on a GPU are copied to the host, which waits.

    Returns
    -------
    ndarray of shape (B, H) or (B, 2 * H)
        Both directions stand side by side; a row without steps is 0. The dtype is float64 if any
        argument is float64, else float32.

    Raises
    ------
    PoolValueError, PoolTypeError
        For names that are missing or unknown, shapes that do not fit, projections (weight_hr_l0),
        and lengths or masks that are not valid.
    PoolImportError
        If safetensors is not installed and a file needs it.

    Examples
    --------
    >>> import numpy as np
    >>> weights = {"weight_ih_l0": np.ones((4, 1)), "weight_hh_l0": np.ones((4, 1))}
    >>> x = np.array([[[1.0], [2.0], [3.0]], [[1.0], [2.0], [9.0]]])
    >>> lstm_pool(x, weights, lengths=[3, 2]).round(3)
    array([[0.961],
           [0.811]])
    """
    rows = {"lengths": lengths, "mask": mask}
    return states(x, "lstm", weights, pick, rows, data_format, Asked(None, device, stream))


def gru_pool(
    x: ArrayLike,
    weights: Weights,
    *,
    pick: Pick = "last",
    lengths: ArrayLike | None = None,
    mask: ArrayLike | None = None,
    data_format: str = "NTC",
    device: Device = None,
    stream: Any = None,
) -> Array:
    """Pool each sequence to states of a GRU that was trained elsewhere.

    All is as in :func:`lstm_pool`. The new gate is as in torch: tanh(Wx + b + r * (Wh + b)).

    Examples
    --------
    >>> import numpy as np
    >>> weights = {"weight_ih_l0": np.eye(3, 1, -2), "weight_hh_l0": np.zeros((3, 1))}
    >>> gru_pool([[[1.0], [1.0]]], weights, pick="mean").round(4)
    array([[0.476]])
    """
    rows = {"lengths": lengths, "mask": mask}
    return states(x, "gru", weights, pick, rows, data_format, Asked(None, device, stream))


def origins(
    shape: tuple[int, ...], kind: str, weights: Any, pick: str, rows: Any, data_format: str
) -> tuple[Origin, ...]:
    """Return the origins of the axes of one state per sequence."""
    return *kept(0), Origin(1 if data_format.upper() == "NCT" else 2)


@on_engine("recurrent_pool", origins)
def states(
    x: ArrayLike,
    kind: str,
    weights: Weights,
    pick: str,
    rows: dict[str, Any],
    data_format: str,
    asked: Asked,
) -> Array:
    """Return the pick of the states of a kind of layer; `rows` says which steps count."""
    refuse_pick(pick)
    sequences = sequences_of(x, data_format, **rows)
    array, trained = sequences.x, read(weights)
    dtype = trained.dtype(array)
    layers = layers_of(trained, kind, GATES, sequences.channels, dtype)
    packed = Packed(steps_of(sequences.rows))
    size = layers[0][0].of_state.shape[1] - 1
    result = np.zeros((len(array), size * len(layers[-1])), dtype)
    if packed.steps:
        with np.errstate(all="ignore"):
            source = packed.gathered(array, dtype)
            for layer in layers[:-1]:
                source = run_layer(kind, layer, packed, source)
            for n, direction in enumerate(layers[-1]):
                steps = source if n == 0 else source[packed.reverse]
                picked = pooled(kind, direction, packed, steps, PICKS[pick](packed, size, dtype))
                result[packed.order, n * size : (n + 1) * size] = picked
    return result


def refuse_pick(pick: Any) -> None:
    """Raise if a pick is not known."""
    if not isinstance(pick, str) or pick not in PICKS:
        raise PoolValueError(f"pick must be one of {', '.join(PICKS)}, not {shown(pick)}")


def pooled(kind: str, direction: Direction, packed: Packed, steps: Array, pick: Last) -> Array:
    """Return the result of a pick for one direction, one row per sorted row."""
    run_direction(kind, direction, packed, steps, pick)
    return pick.result().T


class Last:
    """Each row's state after its last step."""

    start, wide = 0.0, False

    def __init__(self, packed: Packed, size: int, dtype: np.dtype[Any]) -> None:
        self.packed = packed
        self.kept = np.full(
            (size, len(packed.order)), self.start, np.float64 if self.wide else dtype
        )

    def __call__(self, step: int, states: Array) -> None:
        """Take the states after a step, one column per row."""
        rows = slice(self.packed.active[step + 1], self.packed.active[step])
        self.kept[:, rows] = states[:, rows]

    def result(self) -> Array:
        """Return the states that were kept."""
        return self.kept


class Sum(Last):
    """The sum of each row's states, in float64."""

    wide = True

    def __call__(self, step: int, states: Array) -> None:
        """Add the states after a step."""
        kept = self.kept[:, : self.packed.active[step]]
        np.add(kept, states[:, : kept.shape[1]], out=kept)


class Mean(Sum):
    """The mean of each row's states."""

    def result(self) -> Array:
        """Divide by each row's steps."""
        return self.kept / self.packed.counts


class Largest(Last):
    """The largest of each row's states; NaN is larger than any number."""

    start = -np.inf

    def __call__(self, step: int, states: Array) -> None:
        """Keep the states after a step that are larger."""
        kept = self.kept[:, : self.packed.active[step]]
        np.maximum(kept, states[:, : kept.shape[1]], out=kept)


PICKS: dict[str, type[Last]] = {"last": Last, "mean": Mean, "max": Largest, "sum": Sum}
