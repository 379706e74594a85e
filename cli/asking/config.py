"""``--config``: defaults for options, from a TOML file.

Keys are the long names of options. A key at the top holds for every command with that option. A
key in a table holds for the command of that name.
"""

from collections.abc import Iterable, Iterator, Mapping
from functools import wraps
from pathlib import Path
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from ..telling.names import shown
from .params import complete_path

_EXAMPLE = '4 or "2x3"'
_ASIDE = ("help", "version", "config")

_SOURCES: dict[ParameterSource | None, int] = {
    ParameterSource.DEFAULT_MAP: 1,
    ParameterSource.ENVIRONMENT: 2,
    ParameterSource.COMMANDLINE: 3,
}

_SIZES = ("size", "fit", "fit_window")
_WINDOWS = ("kernel_size", "stride", "padding", "padding_mode", "dilation")

# Each option, and the options that contradict it.
_RIVALS: dict[str, tuple[str, ...]] = {
    **{name: (*_WINDOWS, *(each for each in _SIZES if each != name)) for name in _SIZES},
    **dict.fromkeys(_WINDOWS, _SIZES),
    "ceil": ("edge", "fit"),
    "edge": ("ceil", "fit"),
    "divisor_override": ("fit",),
    "on_exists": ("skip_existing", "update"),
    "skip_existing": ("on_exists", "update"),
    "update": ("on_exists", "skip_existing"),
}


def load(ctx: click.Context, param: click.Parameter, value: str | None) -> None:
    """Use the values of the file as defaults of the commands' options."""
    if value is None or ctx.resilient_parsing:
        return
    root = ctx.find_root()
    group = root.command
    assert isinstance(group, click.Group)
    file = f"--config {shown(value)}"
    commands = {}
    for name in group.list_commands(root):
        command = group.get_command(root, name)
        if command:
            commands[name] = _Keys(command)
    defaults: dict[str, dict[str, Any]] = {name: {} for name in commands}
    tables = {}
    for key, given in _read(value, file).items():
        if isinstance(given, dict):
            key = key.replace("-", "_")
            if key not in commands:
                _unknown(f"{file}: there is no command {key!r}", key, commands)
            tables[key] = given
            continue
        holders = [name for name, keys in commands.items() if key in keys]
        if not holders:
            known = {known for keys in commands.values() for known in keys.known}
            _unknown(f"{file}: there is no option {key!r}", key, known)
        for name in holders:
            defaults[name] |= commands[name].default(key, given, f"{file}: {key}")
    for name, table in tables.items():
        for key, given in table.items():
            if key not in commands[name]:
                _unknown(f"{file}: {name} has no option {key!r}", key, commands[name].known)
            defaults[name] |= commands[name].default(key, given, f"{file}: [{name}] {key}")
    if ctx is root:
        ctx.default_map = defaults
    else:
        ctx.default_map = {**(ctx.default_map or {}), **defaults[str(ctx.command.name)]}


OPTION = click.option(
    "--config",
    metavar="FILE",
    shell_complete=complete_path,
    is_eager=True,
    expose_value=False,
    callback=load,
    help="Take defaults for options from a TOML file.",
)


def attach(command: click.Command) -> None:
    """Add --config to a command, and settle contradictions before it runs; once per command."""
    callback = command.callback
    if callback is None or any(param.name == "config" for param in command.params):
        return
    OPTION(command)
    command.callback = wraps(callback)(lambda **given: callback(**settled(given)))


class _Keys:
    """The options of a command, by their long names."""

    def __init__(self, command: click.Command) -> None:
        self._command = command
        self.known = dict(_names(command))

    def __contains__(self, key: str) -> bool:
        return key.replace("_", "-") in self.known

    def default(self, key: str, given: Any, where: str) -> dict[str, Any]:
        """Return the option's parameter name and its value; refuse a value of the wrong type."""
        option, on = self.known[key.replace("_", "-")]
        if option.is_flag != isinstance(given, bool):
            takes = "true or false" if option.is_flag else "a value, not true or false"
            raise click.UsageError(f"{where} takes {takes}.")
        several = option.multiple and isinstance(given, list)
        for one in given if several else [given]:
            if not isinstance(one, bool | int | float | str):
                raise click.UsageError(f"{where} takes a number or a string, as {_EXAMPLE}.")
        value: Any = str(given)
        if option.is_flag:
            value = given if on else not given
        elif option.multiple:
            value = [str(one) for one in given] if several else [str(given)]
        try:
            option.type_cast_value(click.Context(self._command), value)
        except click.BadParameter as error:
            raise click.UsageError(f"{where}: {error.message}") from error
        return {str(option.name): value}


def _names(command: click.Command) -> Iterator[tuple[str, tuple[click.Option, bool]]]:
    """Yield each long name with its option and whether the name turns a flag on."""
    for option in command.params:
        if isinstance(option, click.Option):
            for on, names in ((True, option.opts), (False, option.secondary_opts)):
                for name in names:
                    if name.startswith("--") and name[2:] not in _ASIDE:
                        yield name[2:], (option, on)


def _read(path: str, file: str) -> dict[str, Any]:
    import tomllib

    try:
        with Path(path).open("rb") as stream:
            return tomllib.load(stream)
    except OSError as error:
        raise click.UsageError(f"{file}: {error.strerror}.") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise click.UsageError(f"{file} is not TOML: {error}.") from error


def _unknown(what: str, key: str, known: Iterable[str]) -> NoReturn:
    from difflib import get_close_matches

    near = get_close_matches(key.replace("_", "-"), list(known), 1)
    raise click.UsageError(f"{what}. Did you mean {near[0]!r}?" if near else f"{what}.")


def settled(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options, without those that a stronger source contradicts.

    The command line is stronger than the environment, which is stronger than the file.
    """
    ctx = click.get_current_context()
    said = {name: _SOURCES.get(ctx.get_parameter_source(name), 0) for name in _RIVALS}
    options = {option.name: option for option in ctx.command.params}
    settled = dict(given)
    for name, rivals in _RIVALS.items():
        if given.get("on_exists") == "overwrite" and name in ("on_exists", "update"):
            rivals = ("skip_existing",)  # --update makes anew what it finds, too
        if 0 < said[name] < max(said[rival] for rival in rivals):
            default = getattr(options[name], "default", None)
            if not isinstance(default, str | bool):
                default = None  # Click marks a missing default with a value of its own
            settled[name] = options[name].type_cast_value(ctx, default)
    return settled
