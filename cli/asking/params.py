"""The types of the options."""

import re
from typing import TYPE_CHECKING, Any

import click

from ..codecs import WRITTEN
from ..job import Numbers, OutputSize
from ..operators import PADDING_MODES, SEQUENCES

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    Choice = click.Choice[str]
    ParamType = click.ParamType[Any, Any]
else:
    Choice = click.Choice
    ParamType = click.ParamType

_PAIR = re.compile(r"([0-9]{1,18})(?:[x×]([0-9]{1,18}))?")
_NUMBERS = re.compile(r"[0-9]{1,18}([x×][0-9]{1,18}){0,2}")
_CHUNKS = re.compile(r"[0-9]{1,18}([x×][0-9]{1,18}){0,31}")
_BYTES = re.compile(r"([0-9]{1,18})([KMGT]?)B?")
_PERCENT = re.compile(r"([0-9]{1,3})(?:\.([0-9]))?%")


class PairType(ParamType):
    """``2`` or ``2x3``, height x width: for sizes and shapes."""

    name = "pair"
    most = 2
    """How many numbers it takes."""

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder for the help."""
        return "K|HxW"

    def __init__(self, what: str, least: int = 1, words: tuple[str, ...] = ()) -> None:
        self.what = what
        self.least = least
        self.words = words

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Numbers | str:
        """Return the text as a whole number, several of them, or one of the words."""
        text = str(value).strip().lower()
        if text in self.words:
            return text
        known = _NUMBERS.fullmatch(text)
        numbers = tuple(map(int, re.split("[x×]", text))) if known else ()
        if not numbers or min(numbers) < self.least or len(numbers) > self.most:
            words = "".join(f", or {word!r}" for word in self.words)
            deep = ", or depth x height x width, as 2x2x2" if self.most == 3 else ""
            self.fail(
                f"{text!r} is not a {self.what}: give a whole number from {self.least} on, as 2, "
                f"or height x width, as 2x3{deep}{words}.",
                param,
                ctx,
            )
        return numbers[0] if len(numbers) == 1 else numbers


class NumbersType(PairType):
    """``2``, ``2x3`` or ``2x3x3``: for windows, strides, dilations and paddings."""

    most = 3

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder for the help."""
        return "K|HxW|DxHxW"


class ChunksType(ParamType):
    """``128``, or ``64x128x128``: a size for each axis of an array in a store."""

    name = "chunks"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder for the help."""
        return "N|NxNx..."

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> Numbers:
        """Return the text as a whole number, or as several of them."""
        if isinstance(value, int | tuple):
            return value
        text = str(value).strip().lower()
        known = _CHUNKS.fullmatch(text)
        numbers = tuple(map(int, re.split("[x×]", text))) if known else ()
        if not all(numbers) or not numbers:
            self.fail(
                f"{text!r} is no size of chunks: give a whole number from 1 on, as 128, or one "
                "for each axis, as 64x128x128.",
                param,
                ctx,
            )
        return numbers[0] if len(numbers) == 1 else numbers


class SizeType(ParamType):
    """``1600x1200``, width x height as for pictures; ``25%``; or ``1600``, for both sides."""

    name = "size"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder for the help."""
        return "N|WxH" if self.square else "WxH"

    def __init__(self, percent: bool = False, square: bool = False) -> None:
        self.percent = percent
        self.square = square

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> OutputSize:
        """Return the text as an output size."""
        if isinstance(value, OutputSize):
            return value
        text = str(value).strip().lower()
        match = _PAIR.fullmatch(text)
        sides = [int(side) for side in match.groups() if side] if match else []
        if all(sides) and len(sides) > (not self.square):
            return OutputSize(width=sides[0], height=sides[-1])
        share = _PERCENT.fullmatch(text)
        if self.percent and share:
            permille = int(share[1]) * 10 + int(share[2] or 0)
            if 0 < permille <= 1000:
                return OutputSize(permille=permille)
        also = ", or a share of each side up to 100%, as 25%" if self.percent else ""
        also += ", or the longest side, as 1600" if self.square else ""
        self.fail(f"{text!r} is not a size: give width x height, as 1600x1200{also}.", param, ctx)


class FormatType(ParamType):
    """``jpeg`` or ``jpg``: a format by its name or its usual suffix."""

    name = "format"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder for the help."""
        return "FORMAT"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the format's name."""
        text = str(value).strip().lower()
        known = WRITTEN.get(text.removeprefix("."))
        if known is None:
            from difflib import get_close_matches

            near = get_close_matches(text.removeprefix("."), WRITTEN)
            meant = f"did you mean {' or '.join(near)}?" if near else f"give {', '.join(WRITTEN)}."
            self.fail(f"{text!r} is not a format that pool writes: {meant}", param, ctx)
        return known.name

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        """Let the shell complete a name."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in WRITTEN if name.startswith(incomplete.lower())]


class OperatorType(Choice):
    """The name of an operator, with dashes or underscores."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Return the operator's name."""
        return str(super().convert(str(value).replace("-", "_"), param, ctx))


class LevelsType(ParamType):
    """``1,2,4``: whole numbers, one per level."""

    name = "levels"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder for the help."""
        return "N[,N...]"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[int, ...]:
        """Return the text as numbers."""
        if isinstance(value, tuple):
            return value
        parts = str(value).split(",")
        if not all(re.fullmatch(r"\s*0*[1-9][0-9]{0,3}\s*", part) for part in parts):
            self.fail(
                f"{str(value)!r} is no list of levels: give numbers from 1 to 9999, as 1,2,4.",
                param,
                ctx,
            )
        return tuple(map(int, parts))


class CountType(ParamType):
    """``3``, or ``auto``: how many levels to make."""

    name = "count"
    most = 64  # after so many, a side of any length is 1

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder for the help."""
        return "N|auto"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the text as a whole number; 0 is for as many as suit."""
        text = str(value).strip().lower()
        if text == "auto":
            return 0
        if not re.fullmatch(r"[0-9]{1,9}", text) or not 1 <= int(text) <= self.most:
            self.fail(
                f"{text!r} is no number of levels: give 1 to {self.most}, or auto for a .zarr.",
                param,
                ctx,
            )
        return int(text)


class FactorsType(ParamType):
    """``2``, ``1x2x2``, or ``1x2x2,2x2x2`` for several levels."""

    name = "factors"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder for the help."""
        return "F[,F...]"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[Numbers, ...]:
        """Return the text as numbers, for each level."""
        if isinstance(value, tuple):
            return value
        found = []
        for part in str(value).split(","):
            numbers = [int(each) for each in re.findall(r"[0-9]{1,9}", part)]
            if not _CHUNKS.fullmatch(part.strip().lower()) or not all(numbers):
                self.fail(
                    f"{str(value)!r} are no factors: give a whole number, as 2, or one for each "
                    "axis in space, as 1x2x2; and for several levels such ones, as 1x2x2,2x2x2.",
                    param,
                    ctx,
                )
            found.append(numbers[0] if len(numbers) == 1 else tuple(numbers))
        return tuple(found)


class BytesType(ParamType):
    """``2000000``, ``500M`` or ``2G``: a number of bytes."""

    name = "bytes"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder for the help."""
        return "N"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int:
        """Return the text as a whole number."""
        match = _BYTES.fullmatch(str(value).strip().upper())
        number = int(match[1]) << 10 * " KMGT".index(match[2] or " ") if match else 0
        if number < 1:
            self.fail(
                f"{str(value)!r} is not a number of bytes: give a whole number above 0, or one of "
                "K, M, G or T, as 2G.",
                param,
                ctx,
            )
        return number


def complete_path(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> "list[CompletionItem]":
    """Let the shell complete the name of a file or folder."""
    from click.shell_completion import CompletionItem

    return [CompletionItem(incomplete, type="file")]


class Colour(ParamType):
    """``white`` or ``#ff8000``: a colour as Pillow knows it."""

    name = "colour"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the text if it is a colour."""
        from PIL import ImageColor

        text = str(value)
        try:
            ImageColor.getrgb(text)
        except ValueError:
            self.fail(f"{text!r} is not a colour: give a name, as white, or #ff8000.", param, ctx)
        return text


class NodataType(ParamType):
    """``-9999``, ``0.5``, ``nan`` or ``none``: the number that means "no value"."""

    name = "nodata"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder for the help."""
        return "V"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | float | str:
        """Return the text as a number, exact if it is whole, or ``none`` unchanged."""
        text = str(value).strip().lower()
        if text == "none":
            return text
        number = number_of(text)
        if number is None:
            self.fail(f"{str(value)!r} is not a number: give one, as -9999, or none.", param, ctx)
        return number


_PADDING_ALIASES = {"mirror": "reflect", "edge": "replicate", "wrap": "circular"}  # the library's


class PaddingModeType(ParamType):
    """``reflect`` or another name, or a number: what stands outside the input."""

    name = "padding_mode"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder for the help."""
        return "MODE|V"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | float | str:
        """Return the name, or the text as a number, exact if it is whole."""
        text = str(value).strip().lower()
        text = _PADDING_ALIASES.get(text, text)
        if text in PADDING_MODES:
            return text
        number = number_of(text)
        if number is None:
            self.fail(
                f"{str(value)!r} is not a padding mode: give {', '.join(PADDING_MODES)}, or a "
                "number, as 255.",
                param,
                ctx,
            )
        return number

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        """Let the shell complete a name."""
        from click.shell_completion import CompletionItem

        return [CompletionItem(name) for name in PADDING_MODES if name.startswith(incomplete)]


class MinCountType(ParamType):
    """``3``, ``0.5`` or ``50%``: how many values must count, or which share of a window's."""

    name = "min_count"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder for the help."""
        return "N|SHARE"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> int | float:
        """Return a whole number as it is, and a share as a float."""
        text = str(value).strip()
        number = number_of(text.removesuffix("%"))
        if number is not None and text.endswith("%"):
            number = float(number) / 100
        if number is None or not (number >= 0 if isinstance(number, int) else 0 < number <= 1):
            self.fail(f"{text!r} is no number of values and no share: give 3, or 50%.", param, ctx)
        return number


def number_of(text: str) -> int | float | None:
    """Return the text as a number, exact if it is whole; None if it is not a number."""
    for kind in (int, float):
        try:
            return kind(text)
        except (ValueError, OverflowError):
            continue
    return None


class NormType(ParamType):
    """``2``, ``1.5`` or ``inf``: the power of a norm."""

    name = "norm"

    def get_metavar(self, param: click.Parameter, ctx: click.Context | None = None) -> str:
        """Return the placeholder for the help."""
        return "P"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Return the text as a number above zero."""
        try:
            norm = float(str(value))
        except ValueError:
            norm = 0.0
        if not norm > 0:
            self.fail(
                f"{str(value)!r} is not a norm: give a number above 0, as 2, or inf.", param, ctx
            )
        return norm


class Scheduler(ParamType):
    """``tcp://host:8786``, ``local`` or ``local:4``: a cluster of Dask."""

    name = "scheduler"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> str:
        """Return the text if it names a cluster."""
        text = str(value)
        name, _, count = text.partition(":")
        local = name == "local" and (text == name or (count.isdecimal() and int(count) > 0))
        if not local and not text.startswith(("tcp://", "tls://")):
            self.fail(
                f"{text!r} is no cluster: give tcp://HOST:PORT, or local:N for N processes here.",
                param,
                ctx,
            )
        return text


class OpsType(ParamType):
    """``mean`` or ``mean,max``: operators of sequences, side by side."""

    name = "op"

    def convert(
        self, value: object, param: click.Parameter | None, ctx: click.Context | None
    ) -> tuple[str, ...]:
        """Return the operators' names, as the library has them."""
        aliases = {alias: row.name for row in SEQUENCES.values() for alias in row.aliases}
        names = []
        for typed in str(value).split(","):
            plain = typed.strip().lower().replace("-", "_")
            name = aliases.get(plain, plain)
            if name not in SEQUENCES:
                from difflib import get_close_matches

                near = get_close_matches(plain, [*SEQUENCES, *aliases], 1)
                hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(SEQUENCES)}"
                self.fail(f"there is no operator {typed!r} of sequences: {hint}", param, ctx)
            names.append(name)
        alone = [name for name in names if SEQUENCES[name].alone]
        if alone and len(names) > 1:
            self.fail(f"{alone[0]} stands alone: pool the others apart.", param, ctx)
        twice = [name for name in names if names.count(name) > 1]
        if twice:
            self.fail(f"{twice[0]} stands twice.", param, ctx)
        return tuple(names)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> "list[CompletionItem]":
        """Let the shell complete the last of the names."""
        from click.shell_completion import CompletionItem

        before, comma, last = incomplete.rpartition(",")
        names = [name for name in SEQUENCES if name.startswith(last)]
        return [CompletionItem(f"{before}{comma}{name}") for name in names]
