"""An array of sequences, and what lies beside its rows: from the input, or from other files."""

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from numbapool.records import dataclass

from ..codecs import NAMED
from ..codecs.named import Named, read
from ..exits import FileError
from ..files.open import opened
from ..job import Keeping, Reading
from ..telling.names import shown
from ..telling.reasons import reason

Array = NDArray[Any]

_FORMATS = {"NTC": 3, "NCT": 3, "TC": 2, "CT": 2}
_OF_ROWS = ("lengths", "mask", "weights", "scores")


@dataclass(frozen=True, eq=False)
class Given:
    """An array of sequences, and what lies beside its rows.

    Attributes
    ----------
    x
        (B, T, C), or (B, C, T) if `channels_first`; without the axis B if offsets cut it.
    name
        The array's name in its archive.
    single
        Whether the file holds one sequence, without an axis B. `x` and what lies beside it
        have that axis.
    trained
        A layer's parameters by their names.
    """

    x: Array
    name: str = ""
    channels_first: bool = False
    single: bool = False
    lengths: Array | None = None
    mask: Array | None = None
    offsets: Array | None = None
    weights: Array | None = None
    scores: Array | None = None
    query: Array | None = None
    trained: Mapping[str, Array] | None = None

    @property
    def count(self) -> int:
        """How many sequences there are."""
        return len(self.x) if self.offsets is None else len(self.offsets) - 1

    @property
    def steps_axis(self) -> int:
        """The axis of the rows."""
        return self.x.ndim - (1 if self.channels_first else 2)

    @property
    def shape(self) -> tuple[int, ...]:
        """The array's shape, as the file has it."""
        return self.x.shape[1:] if self.single else self.x.shape

    def part(self, first: int, last: int) -> "Given":
        """Return the sequences from `first` until `last`."""
        cut, query = slice(first, last), self.query
        if query is not None and query.ndim == 3 and len(query) == self.count != 1:
            query = query[cut]
        if self.offsets is None:
            sides: dict[str, Any] = {n: _cut(getattr(self, n), cut) for n in _OF_ROWS}
            return replace(self, x=self.x[cut], query=query, **sides)
        begin, end = int(self.offsets[first]), int(self.offsets[last])
        rows = slice(begin, end)
        return replace(
            self,
            x=self.x[:, rows] if self.channels_first else self.x[rows],
            offsets=self.offsets[first : last + 1] - self.offsets[first],
            weights=_cut(self.weights, rows),
            scores=self._cut_scores(rows),
        )

    def _cut_scores(self, rows: slice) -> Array | None:
        if self.scores is not None and self.scores.ndim == 2 and self.channels_first:
            return self.scores[:, rows]
        return _cut(self.scores, rows)

    def rows(self) -> NDArray[np.int64]:
        """Return how many rows of each sequence count."""
        if self.offsets is not None:
            offsets = self.offsets.astype(np.int64)
            return np.asarray(offsets[1:] - offsets[:-1])
        if self.lengths is not None:
            return self.lengths.astype(np.int64)
        if self.mask is not None:
            mask = self.mask.reshape(self.count, self.x.shape[self.steps_axis])
            return np.asarray(np.count_nonzero(mask, axis=1), np.int64)
        return np.full(self.count, self.x.shape[self.steps_axis], np.int64)


def _cut(array: Array | None, rows: slice) -> Array | None:
    return None if array is None else array[rows]


def given_of(file: BinaryIO, source: str, reading: Reading, keeping: Keeping, look: bool) -> Given:
    """Return the array of sequences of a file, and what the options name beside it.

    With `look` the file's own values are not read, where its header is enough.
    """
    with read(file, source, reading) as named:
        within = {
            option: name
            for option, name in keeping.beside.items()
            if not (is_file(name) or (option == "weights" and keeping.trained))
        }
        for option, name in within.items():
            if name not in named.entries:
                raise FileError(_missing(option, name, named))
        name = _chosen(named, reading.array, set(within.values()))
        x = named.like(name) if look else named.array(name)
        sides: dict[str, Any] = {}
        for option, value in keeping.beside.items():
            if option == "weights" and keeping.trained:
                sides["trained"] = _layer_of(value, reading)
                continue
            side = named.array(value) if option in within else _array_of(option, value, reading)
            if side.dtype.kind not in "biuf":
                raise FileError(f"--{option} {shown(value)} is of {side.dtype}, not of numbers")
            sides[option] = side
    return _arranged(Given(x, name, **sides), reading.data_format)


def _arranged(given: Given, asked: str | None) -> Given:
    """Return the array with the axis of sequences, as --data-format or the axes say."""
    x, cut = given.x, given.offsets is not None
    layout = asked or {3: "NTC", 2: "TC"}.get(x.ndim, "")
    if not layout or _FORMATS[layout] != x.ndim:
        names = f"--data-format {asked} names {_FORMATS[asked]}" if asked else "sequences have 3"
        more = "" if asked else ", NTC, or one of them 2, TC"
        raise FileError(f"it has {_axes(x.ndim)}, {x.shape}, and {names}{more}")
    if cut and x.ndim != 2:
        raise FileError(
            f"--offsets cut one long array of 2 axes, TC or CT, and this has shape {x.shape}"
        )
    given = replace(given, channels_first=layout in ("NCT", "CT"))
    if cut or x.ndim == 3:
        return given
    sides = {"mask": given.mask, "weights": given.weights, "scores": given.scores}
    axed: dict[str, Any] = {
        name: None if side is None else side[np.newaxis] for name, side in sides.items()
    }
    lengths = None if given.lengths is None else given.lengths.reshape(-1)
    return replace(given, x=x[np.newaxis], single=True, lengths=lengths, **axed)


def _axes(count: int) -> str:
    return f"{count} ax{'i' if count == 1 else 'e'}s"


def is_file(value: str) -> bool:
    """Return whether an option's value names a file: its suffix says so."""
    return Path(value).suffix.lower() in NAMED


def _missing(option: str, name: str, named: Named) -> str:
    if named.archive:
        return f"--{option} {name}: it has no array of that name{named.listed()}"
    return (
        f"--{option} {shown(name)} is neither a file, which ends in .npy, .npz or .safetensors, "
        "nor an array of the input, which is a .npy"
    )


def _chosen(named: Named, wanted: str | None, others: set[str]) -> str:
    """Return the name of the array to pool: the one asked for, or the only one left."""
    if wanted is not None and named.archive:
        return wanted
    left = [name for name in named.entries if name not in others]
    if len(left) != 1:
        lack = "several arrays" if left else "no array"
        beside = " beside those that options name" if others else ""
        pick = ": name one with --array" if left else ""
        raise FileError(f"it holds {lack}{beside}{named.listed() if left else ''}{pick}")
    return left[0]


def _array_of(option: str, path: str, reading: Reading) -> Array:
    arrays = _arrays_of(option, path, reading)
    if len(arrays) != 1:
        raise FileError(
            f"--{option} {shown(path)} holds {len(arrays)} arrays, not one: save it as .npy"
        )
    return next(iter(arrays.values()))


def _layer_of(path: str, reading: Reading) -> Mapping[str, Array]:
    """Return the parameters of a trained layer."""
    if Path(path).suffix.lower() not in NAMED[1:]:
        raise FileError(
            f"--weights {shown(path)} is no file of a layer's parameters: they come by their "
            "names in a .npz or .safetensors"
        )
    return _arrays_of("weights", path, reading)


def _arrays_of(option: str, path: str, reading: Reading) -> Mapping[str, Array]:
    """Return all arrays of a file that an option names; an error names both."""
    try:
        status = Path(path).stat()
        unchanged = (status.st_size, status.st_mtime_ns, status.st_ino)
        return _kept(str(Path(path).absolute()), unchanged, replace(reading, array=None))
    except Exception as error:
        raise FileError(f"--{option} {shown(path)}: {reason(error)}") from error


@lru_cache(maxsize=6)
def _kept(path: str, unchanged: tuple[int, ...], reading: Reading) -> Mapping[str, Array]:
    """Return the arrays of a file; kept, since all inputs of a run have them in common."""
    with opened(path, reading) as file, read(file, path, reading) as named:
        return {name: named.array(name) for name in named.entries}
