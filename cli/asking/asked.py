"""The options as plain data, made once from the values that Click passes."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import fields
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from numbapool.records import dataclass

from ..codecs import is_file
from ..exits import NoInput
from ..files.find import Found, find, read_list
from ..files.name import Naming, same_file
from ..job import STREAM, Device, OnExists, Reading, Steps, Values, Weights, Window, Writing
from ..operators import Operator
from ..telling.names import shown
from ..telling.reasons import reason
from ..telling.report import Report, Telling
from ..windows import refuse_impossible

Given = Mapping[str, Any]
"""A command's options as Click passes them to its callback: read in this module alone."""

D = TypeVar("D")

_MOST = (1 << 63) - 1  # the largest whole number in the kernels


@dataclass(frozen=True)
class Finding:
    """Where to look for inputs."""

    inputs: tuple[str, ...]
    files_from: str | None = None
    null: bool = False
    recursive: bool = False
    weights: str | None = None

    def found(
        self,
        leave_out: str | None = None,
        own_suffix: str | tuple[str, ...] = "",
        suffixes: Container[str] | None = None,
        aside: Iterable[str] = (),
        stores: bool = False,
    ) -> Found:
        """Find the inputs that the arguments and --files-from name.

        Files `aside`, and one of weights, are no inputs, unless they are named as such.
        """
        listed: list[str] = []
        if self.files_from is not None:
            listed = read_list(self.files_from, self.null)
        elif not self.inputs:
            raise click.UsageError("give an INPUT: a file, a folder, a quoted pattern, or -.")
        found = find(
            self.inputs,
            listed,
            recursive=self.recursive,
            leave_out=leave_out,
            own_suffix=own_suffix,
            suffixes=suffixes,
            stores=stores,
        )
        aside = [*aside, *([self.weights] if self.weights else [])]
        names = {Path(name).name for name in aside}
        found.sources = [
            source
            for source in found.sources
            if source.named
            or Path(source.path).name not in names
            or not any(same_file(source.path, name) for name in aside)
        ]
        if not found.sources:
            raise NoInput("no input was found.")
        return found


@dataclass(frozen=True)
class Placing:
    """Where outputs go, and how they are named."""

    output: str | None = None
    name: str | None = None
    output_format: str | None = None

    def naming(
        self, operator: Operator, window: Window, level: int = 0, several: bool = False
    ) -> Naming:
        """Return how an operator's outputs are named; `several` if others pool the inputs too."""
        format = self.output_format.upper() if self.output_format else None
        return Naming(operator.name, window.label, self.output, self.name, format, level, several)


@dataclass(frozen=True)
class Running:
    """How many files at once, and what a failure or a dry run changes."""

    jobs: int | None = None
    scheduler: str | None = None
    fail_fast: bool = False
    dry_run: bool = False
    update: bool = False
    device: Device = "cpu"


def _made(kind: type[D], given: Given, **others: Any) -> D:
    """Return a dataclass from the options with the same names as its fields."""
    names = [field.name for field in fields(kind) if field.name in given]  # type: ignore[arg-type]
    return kind(**{name: given[name] for name in names}, **others)


def finding_of(inputs: tuple[str, ...], given: Given) -> Finding:
    """Return where to look for inputs."""
    return _made(Finding, given, inputs=inputs)


def placing_of(given: Given) -> Placing:
    """Return where outputs go."""
    return _made(Placing, given)


def running_of(given: Given) -> Running:
    """Return how to run; say once if no GPU can be used where one might have been."""
    if given.get("scheduler") and given.get("jobs"):
        raise click.UsageError(
            "--scheduler says how many workers there are: leave --jobs out, or give local:N"
        )
    device = device_of(given)
    if device != given.get("device", device) and not given["quiet"]:
        click.echo(f"pool: on the CPU: {_amiss()}", err=True)
    return _made(Running, {**given, "device": device})


def device_of(given: Given) -> Device:
    """Return where to pool.

    The driver is asked, but not started: workers start it after their own start.
    """
    device: Device = given.get("device", "cpu")
    if device == "cpu" or not _amiss():
        return device
    if device == "cuda":
        raise click.ClickException(_amiss())
    return "cpu"


@cache
def _amiss() -> str:
    """Return what keeps a GPU from being used, as far as can be told before it is started."""
    from numbapool.cuda.doctor import amiss

    return amiss()


def steps_of(given: Given) -> Steps:
    """Return how arrays in stores are pooled."""
    return _made(Steps, given)


def telling_of(given: Given) -> Telling:
    """Return how much to tell."""
    return _made(Telling, given)


def report_of(total: int, telling: Telling, found: Found) -> Report:
    """Return the report of so many outputs, which counts what was left alone in folders too."""
    params = click.get_current_context().command.params
    updates = any(param.name == "update" for param in params)
    return Report(total, telling, left_alone=found.left_alone, updates=updates)


def refuse_one_stream(telling: Telling, output: str | None) -> None:
    """Refuse to write both results and JSON to standard output."""
    if telling.as_json and output == STREAM:
        raise click.UsageError("--json and -o - both write to standard output: give one.")


def values_of(given: Given, operator: Operator) -> Values:
    """Return the values that the operator takes."""
    names = [field.name for field in fields(Values)]
    taken = {name: given[name] for name in names if name in given and operator.takes(name)}
    own = {name: given[name] for name in sorted(operator.shared - {*names}) if name in given}
    own |= {each.name: given[each.key] for each in operator.own if each.key in given}
    if "q" in own and own["q"] is None:
        raise click.UsageError(f"{operator.name} needs --q, as --q 90.")
    if taken.get("weights") is not None:
        taken["weights"] = _weights_of(given)
    return Values(**taken, own=tuple(own.items()), device=device_of(given))


def _weights_of(given: Given) -> Weights:
    """Return what values weigh; refuse options that contradict it."""
    name = given["weights"]
    if given.get("divisor_override") is not None:
        raise click.UsageError("means by --weights divide by their sum: leave out --divisor.")
    mode = given.get("padding_mode")
    if isinstance(mode, int | float) and mode != 0:
        raise click.UsageError(
            f"{_MODE} {mode} has no weight: give a mode by name, whose values keep their weights."
        )
    if not (given.get("update") and is_file(name)):
        return Weights(name)
    import hashlib

    try:
        with Path(name).open("rb") as file:
            return Weights(name, hashlib.file_digest(file, "sha256").hexdigest())
    except OSError as error:
        raise click.UsageError(f"--weights {shown(name)}: {reason(error)}.") from error


def reading_of(given: Given, operator: Operator | None = None) -> Reading:
    """Return how inputs are read; an operator on labels reads palettes as indices."""
    indices = operator is not None and operator.keeps_labels
    weights = given.get("weights")
    aside = weights if weights is not None and not is_file(weights) else None
    kernel = given.get("kernel_size")
    volumes = isinstance(kernel, tuple) and len(kernel) == 3
    return _made(Reading, given, indices=indices, aside=aside, volumes=volumes)


def window_of(given: Given, operator: Operator | None = None) -> Window:
    """Return an operator's windows; refuse options that contradict each other."""
    if "kernel_size" not in given:  # windows of one size: the stride tells them apart
        given = {**given, "kernel_size": given["stride"], "stride": None}
    slides = "padding" in given
    if not slides:  # windows of another kind, whose padding mode is the operator's own
        given = {**given, "padding_mode": None}
    window = _made(Window, {**given, "kernel_size": given["kernel_size"] or 2})
    if not slides:
        if "ratio" in given and (window.size is None) == (given["ratio"] is None):
            raise click.UsageError("give --size or --ratio, one of them, as --ratio 0.7.")
        return window
    sizes = [flag for flag, name in _SIZES.items() if getattr(window, name)]
    fixed = sizes[0] if sizes else ""
    if len(sizes) > 1:
        names = " and ".join(sizes)
        raise click.UsageError(f"{names} each say how large the output is: give one.")
    if fixed:
        for name, flag in (("kernel_size", "-k"), ("stride", "-s")):
            if given[name] is not None:
                raise click.UsageError(f"{fixed} makes the windows: leave out {flag}.")
        if window.padding != 0 or window.dilation != 1:
            raise click.UsageError(f"{fixed} makes the windows: leave out -p and -d.")
        if window.padding_mode is not None:
            raise click.UsageError(f"{fixed} makes windows without padding: leave out {_MODE}.")
        if window.footprint is not None:
            raise click.UsageError(f"{fixed} makes windows of any size: leave out --footprint.")
    divisor: int | None = given.get("divisor_override")
    if (divisor or 0) > _MOST:
        raise click.UsageError(f"--divisor is past {_MOST}, the most that it can be.")
    if window.fit:
        _refuse_whole_windows(window, divisor, operator)
    if window.size and divisor is not None:
        raise click.UsageError("--size makes windows of several counts: leave out --divisor.")
    if window.ceil and window.edge == "trim":
        raise click.UsageError("--ceil keeps border windows and --edge trim drops them: give one.")
    if window.padding_mode is not None:
        _refuse_unfilled(window, given)
    if not fixed:
        refuse_impossible(window)
    return window


_MODE = "--padding-mode"
_SIZES = {"--size": "size", "--fit": "fit", "--fit-window": "fit_window"}


def _refuse_whole_windows(window: Window, divisor: int | None, operator: Operator | None) -> None:
    """Refuse what suits whole windows side by side, not the windows of --fit."""
    instead = f"--fit-window {window.fit} has whole windows."
    if operator is not None and operator.name == "sum":
        raise click.UsageError(f"--fit adds what two windows share to both sums: {instead}")
    options = {"--edge": window.edge, "--ceil": window.ceil, "--divisor": divisor is not None}
    for flag, given in options.items():
        if given:
            raise click.UsageError(f"--fit makes windows of parts: leave out {flag}, or {instead}")


def _refuse_unfilled(window: Window, given: Given) -> None:
    """Refuse a padding mode if there is no padding, or if the padding is to be left out."""
    source = click.get_current_context().get_parameter_source("padding_mode")
    if source == ParameterSource.COMMANDLINE and window.padding in (0, "valid"):
        raise click.UsageError(f"{_MODE} fills the padding, and there is none: give -p, as -p 1.")
    if given.get("count_include_pad") is False:
        raise click.UsageError(
            f"{_MODE} fills the padding and --count-exclude-pad leaves it out: give one."
        )


def on_exists_of(given: Given) -> OnExists:
    """Return what to do if an output exists."""
    policy: OnExists = "skip" if given["skip_existing"] else given["on_exists"]
    if given.get("update"):
        if policy in ("skip", "rename"):
            raise click.UsageError(
                "--update itself says which outputs are skipped and which written anew: leave out "
                "--on-exists and --skip-existing."
            )
    return policy


def writing_of(given: Given) -> Writing:
    """Return how outputs are written, without their format."""
    lossless: bool | None = given["lossless"]
    source = click.get_current_context().get_parameter_source
    typed = {name: source(name) == ParameterSource.COMMANDLINE for name in ("quality", "lossless")}
    if lossless and all(typed.values()):
        raise click.UsageError("--lossless keeps every pixel: leave out --quality.")
    if typed["quality"] and not typed["lossless"]:
        lossless = False  # a quality from the environment or a file is for lossy formats
    return _made(Writing, {**given, "lossless": lossless, "on_exists": on_exists_of(given)})
