"""Name the outputs, and refuse names that two outputs would share."""

import os
import sys
from collections import Counter
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import click

from numbapool.records import dataclass

from ..codecs import ARRAYS, BY_SUFFIX, FORMATS, WRITTEN, by_name, is_store, suffixes_like
from ..job import STREAM
from ..telling.names import shown
from .find import Source
from .open import unreadable


@dataclass(frozen=True)
class Target:
    """The output path and format of a source, or the reason why there is none."""

    source: Source
    path: str = ""
    format: str = ""
    reason: str = ""


@dataclass(frozen=True)
class Naming:
    """How outputs are named: by `-o`, `--name` and `--format`."""

    operator: str
    label: str
    output: str | None = None
    template: str | None = None
    format: str | None = None
    level: int = 0  # of a pyramid; 0 for no pyramid
    several: bool = False  # whether the inputs are pooled by other operators too

    def plan(self, sources: list[Source]) -> list[Target]:
        """Return a target for each source; refuse a shared name, and the name of an input."""
        output = self.output
        if self.several and self.template and "{op" not in self.template:
            raise click.UsageError("several operators need {op} in --name, as '{stem}.{op}{ext}'.")
        if output == "":
            raise click.UsageError("-o is an empty name: was a variable not set?")
        single = (
            len(sources) == 1
            and sources[0].named
            and not (self.template or self.level or self.several)
        )
        folder = output is not None and is_folder(output)
        if output == STREAM:
            return [self._to_stream(sources)]
        if output is not None and not folder and by_name(output):
            refuse_unwritten(output)
            if single:
                return self._distinct([self._target(sources[0], Path(output))])
            raise click.UsageError(
                f"-o {shown(output)} names a file, which one named input can go to: for several, "
                "for a folder or pattern, for a pyramid, for several operators, or with --name, "
                "name a folder (a / at its end says so)."
            )
        if output is None and any(source.path == STREAM for source in sources):
            raise click.UsageError("standard input has no name: name the output with -o.")
        if output is not None and not folder and os.path.lexists(output):
            raise click.UsageError(
                f"-o {shown(output)} is a file of an unknown type (- is standard output)."
            )
        if output is not None and not folder:
            refuse_unknown(output)
        return self._distinct([self._target(source, None) for source in sources])

    def _to_stream(self, sources: list[Source]) -> Target:
        if len(sources) > 1 or self.level or self.several:
            raise click.UsageError("only one result can go to standard output.")
        known = by_name(sources[0].path)
        format = self.format or (known.name if known and known.written else None)
        if not format:
            raise click.UsageError("say with --format what to write to standard output.")
        return Target(sources[0], STREAM, format)

    def _target(self, source: Source, path: Path | None) -> Target:
        known = by_name(source.path)
        if known is None and is_store(source.path):
            known = FORMATS["ZARR"]  # an array inside of one
        if self.format:
            suffix = FORMATS[self.format].suffixes[0]
            if known and known.name == self.format:
                suffix = Path(source.path).suffix
        else:
            suffix = (known.instead if known else "") or Path(source.path).suffix
            if known is not None and known.name == "ZARR":
                suffix = FORMATS["ZARR"].suffixes[0]
        if path is None:
            path = self._path(source, suffix)
        kind = FORMATS.get(self.format or "") or by_name(path)
        if kind is None:
            whose = f"the output's name {shown(path)}" if self.template else "its name"
            no_format = f"{whose} gives no format: give one with --format"
            return Target(source, reason=unreadable(source.path) or no_format)
        if not kind.written:
            return Target(
                source, reason=f"{kind.name} is read but not written: give --format, as png"
            )
        return Target(source, str(path), kind.name)

    def _path(self, source: Source, suffix: str) -> Path:
        place = source.place if self.output is not None else Path(source.path)
        template = self.template
        if template is None:
            alone = self.output is not None and not self.several
            template = "{dir}/{stem}" if alone else "{dir}/{stem}.{op}{k}"
            template += ".l{level}{ext}" if self.level else "{ext}"
        fields = {
            "dir": str(place.parent),
            "stem": place.stem,
            "ext": suffix,
            "name": place.name,
            "op": self.operator,
            "k": self.label,
        }
        if self.level:
            fields["level"] = str(self.level)
        try:
            name = template.format_map(fields)
        except (KeyError, ValueError, IndexError, AttributeError, TypeError) as error:
            raise click.UsageError(
                f"--name {template!r} does not work ({error}): it can hold "
                + ", ".join(f"{{{field}}}" for field in fields)
                + ", as '{dir}/{stem}@{k}{ext}'."
            ) from error
        return Path(self.output or "", name)

    def _distinct(self, targets: list[Target]) -> list[Target]:
        targets = self._apart(targets)
        refuse_shared(targets)
        self._refuse_inputs(targets)
        return targets

    def _apart(self, targets: list[Target]) -> list[Target]:
        """Keep the old suffix in names that differed only by a suffix that was replaced."""
        if self.template:
            return targets
        keys = [_key(target.path) if target.path else "" for target in targets]
        twice = {key for key, count in Counter(keys).items() if key and count > 1}
        moved = []
        for target, key in zip(targets, keys, strict=True):
            replaced = self.format or Path(target.path).suffix != Path(target.source.path).suffix
            if key in twice and replaced:
                path = Path(target.path)
                own = Path(target.source.path).suffix
                target = Target(
                    target.source,
                    str(path.with_name(f"{path.stem}{own}{path.suffix}")),
                    target.format,
                )
            moved.append(target)
        return moved

    @staticmethod
    def _refuse_inputs(targets: list[Target]) -> None:
        identities = {identity: t.source for t in targets if (identity := _identity(t.source.path))}
        for target in targets:
            identity = _identity(target.path) if target.path else None
            source = identities.get(identity) if identity else None
            if source is not None:
                raise click.UsageError(
                    f"the output {shown(target.path)} is the input {shown(source.path)}, and an "
                    "input is never written to: name another output with -o."
                )
        stores = {
            identity: t.source
            for t in targets
            if is_store(t.source.path) and (identity := _identity(t.source.path))
        }
        for target in targets if stores else ():
            for parent in Path(target.path).absolute().parents:
                within = stores.get(_identity(str(parent)) or (0, 0))
                if target.path and within is not None:
                    raise click.UsageError(
                        f"the output {shown(target.path)} lies in the input {shown(within.path)}, "
                        "and an input is never written to: name another output with -o."
                    )


def is_folder(output: str) -> bool:
    """Return whether the name of an output is of a folder for outputs; a store is none."""
    known = by_name(output)
    if known is not None and known.name == "ZARR" and Path(output).is_dir():
        return False
    return output[-1:] in ("/", os.sep) or Path(output).is_dir()


def refuse_unknown(output: str) -> None:
    """Refuse the name of no folder that ends in a suffix: it was meant as a file."""
    suffix = Path(output).suffix
    if suffix.strip("."):
        raise click.UsageError(
            f"-o {shown(output)} ends in {shown(suffix)}, which is not the suffix of a format that "
            f"pool writes: {_meant(output)} (A / at the end makes a folder: {shown(output)}/)"
        )


def _meant(output: str) -> str:
    """Return a question or an advice on the suffix of an output."""
    near = suffixes_like(output)
    if near:
        return f"did you mean {' or '.join(near)}?"
    usual = dict.fromkeys(row.suffixes[0] for row in WRITTEN.values())
    return f"give one of {', '.join(usual)}."


def refuse_unwritten(output: str) -> None:
    """Refuse a file of a format that is only read."""
    known = by_name(output)
    if known is not None and not known.written:
        raise click.UsageError(
            f"-o {shown(output)}: {known.name} is read but not written: end it in .png, .jpg or "
            "another suffix that --help names under --format."
        )


def picture_format(output: str, inputs: Iterable[str]) -> str:
    """Return the format of a picture's name; refuse other names, and the name of an input."""
    known = by_name(output)
    if known is None or not known.written or known.name in ARRAYS:
        near = [name for name in suffixes_like(output) if BY_SUFFIX[name].name not in ARRAYS]
        meant = f"did you mean {' or '.join(near)}?" if near else "end it in .png, .jpg or .webp."
        raise click.UsageError(
            f"-o {shown(output)} is not the name of a picture that can be written: {meant}"
        )
    refuse_input(output, inputs)
    return known.name


def refuse_input(output: str, inputs: Iterable[str]) -> None:
    """Refuse an output that is one of the inputs."""
    if any(same_file(output, name) for name in inputs):
        raise click.UsageError(
            f"the output {shown(output)} is an input, and an input is never written to: name "
            "another output with -o."
        )


def file_of_several(output: str | None, sources: list[Source], format: str) -> bool:
    """Return whether -o names one file for several inputs; refuse a file of another format."""
    if output in (None, STREAM) or output[-1:] in ("/", os.sep) or Path(output).is_dir():
        return False
    known = by_name(output)
    if known is None:
        return False
    if known.name != format:
        suffix = FORMATS[format].suffixes[0]
        raise click.UsageError(
            f"-o {shown(output)}: results are written as {suffix}: name a {suffix} or a folder."
        )
    if len(sources) == 1 and sources[0].named:
        return False
    refuse_input(output, [source.path for source in sources])
    return True


def refuse_shared(targets: list[Target]) -> None:
    """Refuse one output file for two inputs."""
    by_key: dict[str, Source] = {}
    for target in targets:
        if target.reason:
            continue
        other = by_key.setdefault(_key(target.path), target.source)
        if other is not target.source:
            raise click.UsageError(
                f"{shown(other.path)} and {shown(target.source.path)} would both be written "
                f"to {shown(target.path)}: give names that differ with --name, or pool them "
                "apart."
            )


def _key(path: str) -> str:
    """Return a key that is equal for two names of one file on this system."""
    folder, name = _resolved(str(Path(path).parent)), Path(path).name
    key = os.path.normcase(str(Path(folder, name)))
    return key.casefold() if sys.platform == "darwin" else key


@lru_cache(maxsize=4096)
def _resolved(folder: str) -> str:
    return str(Path(folder).resolve())


def _identity(path: str) -> tuple[int, int] | None:
    if path == STREAM:
        return None
    try:
        status = Path(path).stat()
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino)


def same_file(path: str, other: str) -> bool:
    """Return whether two names are of the same existing file."""
    identity = _identity(path)
    return identity is not None and identity == _identity(other)
